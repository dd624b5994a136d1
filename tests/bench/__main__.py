"""Measure the server beside what bounds it, in one run: see README.md beside this file."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from tests.bench import chats, relay, report, store
from tests.bench.report import Figure
from tests.running import running

PAIRS = 20
RATE = 200
"""Messages per second where latency is measured."""

WARM_SECONDS = 1.0


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


async def singles(rounds: int, seconds: float) -> list[Figure]:
    """Single chats: what goes through, and how long one message takes."""
    throughput = Figure("throughput", "messages/s", "store alone", 0.8)
    relayed = Figure("throughput", "messages/s", "bare relay", 0.1)
    median = Figure("latency, p50", "ms", "single insert", 2.5, "less")
    slowest = Figure("latency, p99", "ms", "single insert", 3.0, "less")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        alone = await stack.enter_async_context(store.alone(folder, PAIRS))
        bare = await stack.enter_async_context(relay.pairs(PAIRS))
        server = stack.enter_context(running(chat_strangerlimit=0))
        ours = await stack.enter_async_context(chats.pairs(server, PAIRS))
        await chats.throughput(ours, WARM_SECONDS)
        for turn in range(rounds):
            stored = await chats.throughput(ours, seconds)
            throughput.add(stored, await alone.throughput(seconds))
            relayed.add(stored, await chats.throughput(bare, seconds))
            took = await chats.paced(ours[0].once, RATE, seconds)
            inserts = await chats.paced(alone.once, RATE, seconds)
            median.add(1000 * statistics.median(took), 1000 * statistics.median(inserts))
            slowest.add(1000 * p99(took), 1000 * p99(inserts))
            print(f"round {turn + 1} of {rounds}", flush=True)
    return [throughput, relayed, median, slowest]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--write", type=Path, help="a folder for bench.json and bench.svg")
    arguments = parser.parse_args()
    figures = asyncio.run(singles(arguments.rounds, arguments.seconds))
    print(report.table(figures))
    if arguments.write:
        report.write(figures, arguments.write)


if __name__ == "__main__":
    main()
