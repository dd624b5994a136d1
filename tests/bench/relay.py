"""A bare Tornado relay: what a message costs where nothing is checked and nothing is stored.

Run as a program it serves until it is ended, and prints its port. A socket's path says who it is
and to whom it writes (`/ws/7/8`; `/ws/7/7` is an echo, `/ws/7/0` writes to everyone); the sender
is answered, the others are pushed to, each by Tornado's own `write_message`, as in its chat demo.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import ClassVar, Final

from tornado import httpserver, netutil, web, websocket

from tests.bench import wire
from tests.bench.chats import CONTENT, Pair

EVERYONE: Final = "0"


class Socket(websocket.WebSocketHandler):
    peers: ClassVar[dict[str, Socket]] = {}

    def open(self, *who: str) -> None:
        self.me, self.other = who
        self.seq = 0
        self.set_nodelay(True)
        self.peers[self.me] = self

    def get_compression_options(self) -> None:
        return None

    async def on_message(self, message: str | bytes) -> None:
        frame = json.loads(message)
        self.seq += 1
        ack = {"code": 50004, "conv": "1:2", "seq": self.seq, "time": 0}
        push = {"code": 50001, "seq": self.seq, "from": 1, "content": frame["content"]}
        self.write_message(json.dumps(ack, separators=(",", ":")))
        text = json.dumps(push, separators=(",", ":"))
        everyone = self.other == EVERYONE
        for peer in self.peers.values() if everyone else self._other():
            if peer is not self:
                peer.write_message(text)

    def _other(self) -> list[Socket]:
        return [self.peers[self.other]] if self.other in self.peers else []


async def serve() -> None:
    (listening,) = netutil.bind_sockets(0, "127.0.0.1")
    server = httpserver.HTTPServer(web.Application([(r"/ws/([0-9]+)/([0-9]+)", Socket)]))
    server.add_socket(listening)
    print(listening.getsockname()[1], flush=True)
    await asyncio.Event().wait()


@asynccontextmanager
async def running() -> AsyncIterator[tuple[int, int]]:
    """A relay in a process of its own: the port, and the process's id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.relay", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline()), process.pid
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def pairs(count: int) -> AsyncIterator[list[Pair]]:
    """Pairs on a relay of their own."""
    made: list[Pair] = []
    async with running() as (port, _):
        try:
            for one in range(1, 2 * count, 2):
                sender = await wire.connect("127.0.0.1", port, {}, f"/ws/{one}/{one + 1}")
                receiver = await wire.connect("127.0.0.1", port, {}, f"/ws/{one + 1}/{one}")
                made.append(Pair(sender, receiver, one + 1, CONTENT))
            yield made
        finally:
            for pair in made:
                await pair.sender.close()
                await pair.receiver.close()


@asynccontextmanager
async def echo() -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """What a round trip of one message takes, in seconds: the least that a socket costs."""
    async with running() as (port, _):
        socket = await wire.connect("127.0.0.1", port, {}, "/ws/1/1")
        frame = wire.frame({"type": 1, "content": CONTENT})

        async def once() -> float:
            answered = asyncio.get_running_loop().create_future()
            socket.on_frame = lambda _payload: answered.set_result(time.perf_counter())
            start = time.perf_counter()
            socket.send(frame)
            return float(await answered) - start

        try:
            yield once
        finally:
            await socket.close()


if __name__ == "__main__":
    asyncio.run(serve())
