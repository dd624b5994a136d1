"""Two processes whose people write into the same conversations as fast as they can."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import wire
from tests.bench.chats import CONTENT
from tests.bench.options import Options
from tests.bench.report import Figure, p99
from tests.bench.wire import Wire
from tests.client import Account
from tests.faults.programs import holder, workers_of
from tests.running import Server

CONVERSATIONS = 20
IN_FLIGHT = 1
"""Messages of one side on their way in each conversation: 20 of each process, always."""

WARM_SECONDS = 1.0
SHARE = 1 / 3
P99_MS = 250

_ACKED = (b'{"code":50004,', b'{"code":50005,')
_PUSHED = b'{"code":50001,'
_COUNTS = re.compile(r"(\d+) messages stored, (\d+) conflicts")


@dataclass
class Side:
    """One end of a conversation, and how long each of its messages waited for its ack."""

    socket: Wire
    to: int
    took: list[float] = field(default_factory=list)

    async def saturate(self, until: float) -> None:
        """Keep IN_FLIGHT on their way until a moment of `perf_counter`, and wait for the last."""
        data = wire.frame({"type": 1, "to": self.to, "content": CONTENT})
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sent: deque[float] = deque()

        def send() -> None:
            sent.append(time.perf_counter())
            self.socket.send(data)

        def receive(payload: bytes) -> None:
            if payload.startswith(_ACKED):
                self.took.append(time.perf_counter() - sent.popleft())
                if time.perf_counter() < until:
                    send()
                elif not sent:
                    done.set_result(None)
            elif not payload.startswith(_PUSHED) and not done.done():
                done.set_exception(RuntimeError(payload))

        self.socket.on_frame = receive
        for _ in range(IN_FLIGHT):
            send()
        await done


async def _socket_at(server: Server, worker: int, who: Account) -> Wire:
    """A socket of that worker; the kernel chooses, so it is tried until it is."""
    pids = workers_of(server.process.pid)
    while True:
        socket = await wire.connect("127.0.0.1", server.port, who.headers)
        await socket.next()
        if holder(pids, server.port, socket.port) == worker:
            return socket
        await socket.close()


async def _sides(server: Server) -> tuple[list[Side], list[Side]]:
    """Of each conversation one end with the first worker, the other with the second."""
    first, second = workers_of(server.process.pid)
    ours, theirs = [], []
    for _ in range(CONVERSATIONS):
        one, other = [await asyncio.to_thread(Account.new, server) for _ in range(2)]
        ours.append(Side(await _socket_at(server, first, one), other.uid))
        theirs.append(Side(await _socket_at(server, second, other), one.uid))
    return ours, theirs


async def _round(sides: tuple[list[Side], list[Side]], seconds: float) -> tuple[float, list[float]]:
    """The smaller side's share of the messages, and how long each took."""
    every = [side for group in sides for side in group]
    for side in every:
        side.took.clear()
    until = time.perf_counter() + seconds
    await asyncio.gather(*(side.saturate(until) for side in every))
    counts = [sum(len(side.took) for side in group) for group in sides]
    return min(counts) / sum(counts), [seconds for side in every for seconds in side.took]


async def measure(options: Options) -> list[Figure]:
    share = Figure("contest, smaller share", "of all", "wish", 1.0, fixed=SHARE)
    slowest = Figure("contest, p99 of an ack", "ms", "wish", 1.0, "less", fixed=P99_MS)
    with tempfile.TemporaryDirectory(prefix="tornado-im-") as folder:
        server = Server(Path(folder), {"chat_strangerlimit": 0}, workers=2)
        try:
            sides = await _sides(server)
            await _round(sides, WARM_SECONDS)
            for _ in range(options.rounds):
                smaller, took = await _round(sides, options.seconds)
                share.add(smaller)
                slowest.add(1000 * p99(took))
                print(
                    f"contest: {len(took) / options.seconds:.0f} messages/s, smaller share "
                    f"{smaller:.2f}, p99 {1000 * p99(took):.0f} ms",
                    flush=True,
                )
            for group in sides:
                for side in group:
                    await side.socket.close()
        finally:
            server.stop()
        counts = _COUNTS.findall(server.log)
    stored, conflicts = (sum(int(pair[place]) for pair in counts) for place in (0, 1))
    print(f"contest: {conflicts} conflicts, {conflicts / stored:.3f} a message", flush=True)
    return [share, slowest]
