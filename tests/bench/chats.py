"""Pairs of people who chat on a server: how much it takes, and how soon the other has it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.bench import wire
from tests.bench.wire import Wire
from tests.client import Account
from tests.running import Site

IN_FLIGHT = 8
CONTENT = "x" * 100

_STORED = (b'{"code":50004,', b'{"code":50005,')
_PUSHED = b'{"code":50001,'


async def sign_in(site: Site) -> tuple[Wire, Account]:
    """A new person with a socket that has had its CONNECTED."""
    account = await asyncio.to_thread(Account.new, site)
    return await enter(site, account), account


async def enter(site: Site, account: Account) -> Wire:
    """A socket that has had its CONNECTED."""
    socket = await wire.connect("127.0.0.1", site.port, account.headers)
    await socket.next()
    return socket


class Pair:
    """One who sends, and one who receives."""

    def __init__(self, sender: Wire, receiver: Wire, to: int, content: str) -> None:
        self.sender = sender
        self.receiver = receiver
        self._frame = wire.frame({"type": 1, "to": to, "content": content})

    async def saturate(self, until: float, in_flight: int = IN_FLIGHT) -> int:
        """Keep so many on their way until a moment of `perf_counter`; how many were stored.

        Returns once the receiver has them all.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sent, stored, received = in_flight, 0, 0

        def at_sender(payload: bytes) -> None:
            nonlocal sent, stored
            if not payload.startswith(_STORED):
                if not done.done():
                    done.set_exception(RuntimeError(payload))
                return
            stored += 1
            if time.perf_counter() < until:
                sent += 1
                self.sender.send(self._frame)
            check()

        def at_receiver(payload: bytes) -> None:
            nonlocal received
            received += payload.startswith(_PUSHED)
            check()

        def check() -> None:
            if sent == stored == received and not done.done():
                done.set_result(None)

        self.sender.on_frame, self.receiver.on_frame = at_sender, at_receiver
        self.sender.send(self._frame * in_flight)
        await done
        return stored

    async def once(self) -> float:
        """Seconds from a send to the receiver's receipt; returns when the ack is there too."""
        loop = asyncio.get_running_loop()
        acked, received = loop.create_future(), loop.create_future()
        self.sender.on_frame = lambda _payload: acked.set_result(None)
        self.receiver.on_frame = lambda _payload: received.set_result(time.perf_counter())
        start = time.perf_counter()
        self.sender.send(self._frame)
        await acked
        return float(await received) - start


@asynccontextmanager
async def pairs(site: Site, count: int, content: str = CONTENT) -> AsyncIterator[list[Pair]]:
    """New people, two by two."""
    made: list[Pair] = []
    try:
        for _ in range(count):
            (sender, _), (receiver, other) = await sign_in(site), await sign_in(site)
            made.append(Pair(sender, receiver, other.uid, content))
        yield made
    finally:
        for pair in made:
            await pair.sender.close()
            await pair.receiver.close()


async def throughput(chats: list[Pair], seconds: float) -> float:
    """Messages stored, acknowledged and received per second."""
    start = time.perf_counter()
    counts = await asyncio.gather(*(pair.saturate(start + seconds) for pair in chats))
    return sum(counts) / (time.perf_counter() - start)


async def paced(once: Callable[[], Awaitable[float]], rate: int, seconds: float) -> list[float]:
    """What `once` measures, done `rate` times a second."""
    took: list[float] = []
    start = time.perf_counter()
    for turn in range(int(seconds * rate)):
        await asyncio.sleep(max(0.0, start + turn / rate - time.perf_counter()))
        took.append(await once())
    return took
