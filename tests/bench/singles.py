"""Single chats: what goes through, and how long one message takes."""

from __future__ import annotations

import statistics
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from tests.bench import chats, relay, store
from tests.bench.options import Options
from tests.bench.report import Figure, p99
from tests.running import running

PAIRS = 20
RATE = 200
"""Messages per second where latency is measured."""

WARM_SECONDS = 1.0


async def measure(options: Options) -> list[Figure]:
    throughput = Figure("throughput", "messages/s", "store alone", 0.8)
    relayed = Figure("throughput", "messages/s", "bare relay", 0.1)
    median = Figure("latency, p50", "ms", "single insert", 2.5, "less")
    slowest = Figure("latency, p99", "ms", "single insert", 3.0, "less")
    seconds = options.seconds
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        alone = await stack.enter_async_context(store.alone(folder, PAIRS))
        bare = await stack.enter_async_context(relay.pairs(PAIRS))
        server = stack.enter_context(running(chat_strangerlimit=0))
        ours = await stack.enter_async_context(chats.pairs(server, PAIRS))
        await chats.throughput(ours, WARM_SECONDS)
        for _ in range(options.rounds):
            stored = await chats.throughput(ours, seconds)
            throughput.add(stored, await alone.throughput(seconds))
            relayed.add(stored, await chats.throughput(bare, seconds))
            took = await chats.paced(ours[0].once, RATE, seconds)
            inserts = await chats.paced(alone.once, RATE, seconds)
            median.add(1000 * statistics.median(took), 1000 * statistics.median(inserts))
            slowest.add(1000 * p99(took), 1000 * p99(inserts))
    return [throughput, relayed, median, slowest]
