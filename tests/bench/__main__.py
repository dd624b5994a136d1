"""Measure the server beside what bounds it, in one run: see README.md beside this file."""

from __future__ import annotations

import argparse
import asyncio
import resource
from pathlib import Path

from tests.bench import (
    contest,
    fairness,
    fanout,
    growth,
    idle,
    login,
    report,
    search,
    singles,
    storm,
    words,
    workers,
)
from tests.bench.options import Options

PARTS = {
    "singles": singles.measure,
    "fan-out": fanout.measure,
    "workers": workers.measure,
    "contest": contest.measure,
    "fairness": fairness.measure,
    "login": login.measure,
    "idle": idle.measure,
    "storm": storm.measure,
    "search": search.measure,
    "growth": growth.measure,
    "words": words.measure,
}


async def measure(names: list[str], options: Options) -> list[report.Figure]:
    figures: list[report.Figure] = []
    for name in names:
        print(f"{name} ...", flush=True)
        figures += await PARTS[name](options)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--sockets", type=int, default=2000, help="that are idle")
    parser.add_argument("--clients", type=int, default=500, help="that reconnect at once")
    parser.add_argument("--write", type=Path, help="a folder for bench.json and bench.svg")
    arguments = parser.parse_args()
    # Thousands of sockets here; relay and server inherit it.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    options = Options(arguments.rounds, arguments.seconds, arguments.sockets, arguments.clients)
    figures = asyncio.run(measure(arguments.only, options))
    print(report.table(figures))
    if arguments.write:
        report.write(figures, arguments.write)


if __name__ == "__main__":
    main()
