"""Two workers beside one process: how much goes through."""

from __future__ import annotations

from contextlib import AsyncExitStack

from tests.bench import chats
from tests.bench.options import Options
from tests.bench.report import Figure
from tests.bench.singles import PAIRS, WARM_SECONDS
from tests.running import running


async def measure(options: Options) -> list[Figure]:
    throughput = Figure("two workers, throughput", "messages/s", "one process", None)
    async with AsyncExitStack() as stack:
        sides = []
        for count in (2, 1):
            server = stack.enter_context(running(workers=count, chat_strangerlimit=0))
            pairs = await stack.enter_async_context(chats.pairs(server, PAIRS))
            await chats.throughput(pairs, WARM_SECONDS)
            sides.append(pairs)
        for _ in range(options.rounds):
            two, one = [await chats.throughput(pairs, options.seconds) for pairs in sides]
            throughput.add(two, one)
    return [throughput]
