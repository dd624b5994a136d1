"""Single chats: what goes through, and how long one message takes."""

from __future__ import annotations

import statistics
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from tests.bench import chats, others, relay, store, xmpp
from tests.bench.options import Options
from tests.bench.report import Figure, p99
from tests.running import running

PAIRS = 20
RATE = 200
"""Messages per second where latency is measured."""

WARM_SECONDS = 1.0


class Beside:
    """What somebody would choose instead, with pairs of its own."""

    def __init__(self, name: str, pairs: list[xmpp.Pair]) -> None:
        prosody = name == "Prosody"
        self._pairs = pairs
        self.throughput = Figure("throughput", "messages/s", name, 1.8 if prosody else None)
        self.slowest = Figure("latency, p99", "ms", name, 1.25 if prosody else None, "less")

    async def round(self, stored: float, took: list[float], seconds: float) -> None:
        """Beside what a round of ours has shown."""
        self.throughput.add(stored, await chats.throughput(self._pairs, seconds))
        theirs = await chats.paced(self._pairs[0].once, RATE, seconds)
        self.slowest.add(1000 * p99(took), 1000 * p99(theirs))


async def measure(options: Options) -> list[Figure]:
    throughput = Figure("throughput", "messages/s", "store alone", 0.8)
    relayed = Figure("throughput", "messages/s", "bare relay", 0.1)
    median = Figure("latency, p50", "ms", "single insert", 2.5, "less")
    echoed = Figure("latency, p50", "ms", "echo", None, "less")
    slowest = Figure("latency, p99", "ms", "single insert", 3.0, "less")
    synced = Figure("latency, p99", "ms", "bare fsync", None, "less")
    seconds = options.seconds
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        alone = await stack.enter_async_context(store.alone(folder, PAIRS))
        disk = stack.enter_context(store.disk(folder))
        bare = await stack.enter_async_context(relay.pairs(PAIRS))
        echo = await stack.enter_async_context(relay.echo())
        besides = [
            Beside(name, await stack.enter_async_context(xmpp.pairs(port, PAIRS)))
            for name, port in await others.start(stack)
        ]
        server = stack.enter_context(running(chat_strangerlimit=0))
        ours = await stack.enter_async_context(chats.pairs(server, PAIRS))
        await chats.throughput(ours, WARM_SECONDS)
        for _ in range(options.rounds):
            stored = await chats.throughput(ours, seconds)
            throughput.add(stored, await alone.throughput(seconds))
            relayed.add(stored, await chats.throughput(bare, seconds))
            took = await chats.paced(ours[0].once, RATE, seconds)
            inserts = await chats.paced(alone.once, RATE, seconds)
            syncs = await chats.paced(disk.once, RATE, seconds)
            echoes = await chats.paced(echo, RATE, seconds)
            median.add(1000 * statistics.median(took), 1000 * statistics.median(inserts))
            echoed.add(1000 * statistics.median(took), 1000 * statistics.median(echoes))
            slowest.add(1000 * p99(took), 1000 * p99(inserts))
            synced.add(1000 * p99(took), 1000 * p99(syncs))
            for beside in besides:
                await beside.round(stored, took, seconds)
    figures = [throughput, relayed, *(one.throughput for one in besides)]
    return [*figures, median, echoed, slowest, synced, *(one.slowest for one in besides)]
