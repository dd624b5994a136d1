"""Fairness: what a quiet pair feels of one client that sends as fast as it can."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from tests.bench import chats, pulse
from tests.bench.options import Options
from tests.bench.report import Figure, p99
from tests.client import Account
from tests.running import running

RATE = 50
"""Messages per second of the quiet pair."""

FLOOD_IN_FLIGHT = 64
"""Twice as many as the server lets one socket have on their way."""


async def measure(options: Options) -> list[Figure]:
    growth = Figure("beside a flood, p99 more", "ms", "wish", 1.0, "less", fixed=50)
    async with AsyncExitStack() as stack:
        server = stack.enter_context(running(chat_strangerlimit=0))
        (flood,) = await stack.enter_async_context(chats.pairs(server, 1))
        one, other = Account.new(server), Account.new(server)

        async def quiet(until: float) -> None:
            await asyncio.sleep(until - time.perf_counter())

        async def flooded(until: float) -> None:
            await flood.saturate(until, FLOOD_IN_FLIGHT)

        for _ in range(options.rounds):
            slowest = []
            for beside in (quiet, flooded):
                async with pulse.messages(
                    server.port, one.headers, other.headers, other.uid, RATE
                ) as took:
                    await beside(time.perf_counter() + options.seconds)
                slowest.append(1000 * p99(took))
            growth.add(slowest[1] - slowest[0])
            print(f"fairness: p99 {slowest[0]:.1f} ms alone, {slowest[1]:.1f} ms beside a flood")
    return [growth]
