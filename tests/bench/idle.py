"""Sockets on which nothing happens: their memory, and what the process does meanwhile.

Both are of the process that holds the sockets, without its stores. The CPU time is that of 5 s, and
of a whole heartbeat, in which every socket is pinged once.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

from server.heartbeat import HEARTBEAT_MS
from tests.bench import crowd, relay
from tests.bench.crowd import Way
from tests.bench.options import Options
from tests.bench.report import Figure
from tests.running import running

PEOPLE = 100
QUIET_SECONDS = 5.0
SETTLE_SECONDS = 1.0
"""After the last handshake, so that its work is not counted as idling."""


def _rss_kib(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _cpu_percent(process: int, seconds: float) -> float:
    start, used = time.perf_counter(), _cpu_seconds(process)
    await asyncio.sleep(seconds)
    return 100 * (_cpu_seconds(process) - used) / (time.perf_counter() - start)


async def _hold(
    port: int, process: int, ways: Sequence[Way], periods: Sequence[float]
) -> tuple[float, list[float]]:
    """KiB of each socket, and the percents of CPU in periods of so many seconds."""
    bare = _rss_kib(process)
    sockets = await crowd.sockets(port, ways)
    try:
        await asyncio.sleep(SETTLE_SECONDS)
        size = (_rss_kib(process) - bare) / len(sockets)
        percents = [await _cpu_percent(process, seconds) for seconds in periods]
        lost = sum(socket.lost.done() for socket in sockets)
        assert not lost, f"{lost} of {len(sockets)} sockets were closed"
        return size, percents
    finally:
        await crowd.cut(sockets)


async def measure(options: Options) -> list[Figure]:
    size = Figure("idle socket", "KiB", "wish", 1.0, "less", fixed=20)
    beside = Figure("idle socket", "KiB", "bare relay", None, "less")
    quiet = Figure("idle CPU, 5 s", "%", "wish", 1.0, "less", fixed=2)
    beat = Figure("idle CPU, a heartbeat", "%", "wish", 1.0, "less", fixed=2)
    with running(limits_socketsperuser=0, limits_socketstotal=0) as server:
        people = await crowd.people(server, PEOPLE)
        ways = [(people[turn % PEOPLE].headers, "/ws") for turn in range(options.sockets)]
        periods = [QUIET_SECONDS, HEARTBEAT_MS / 1000]
        ours, percents = await _hold(server.port, server.process.pid, ways, periods)
    async with relay.running() as (port, process):
        bare: list[Way] = [({}, f"/ws/{turn}/{turn}") for turn in range(options.sockets)]
        theirs, _ = await _hold(port, process, bare, [])
    size.add(ours)
    beside.add(ours, theirs)
    quiet.add(percents[0])
    beat.add(percents[1])
    return [size, beside, quiet, beat]
