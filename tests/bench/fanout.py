"""Fan-out: one who writes to a group of 200, all of whom have a socket here."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tests.bench import chats, crowd, relay, wire
from tests.bench.options import Options
from tests.bench.report import Figure
from tests.bench.wire import Wire
from tests.running import Server, running

MEMBERS = 200
RATE = 20
"""Messages per second where the sender's ack is timed."""

WARM_SECONDS = 1.0


class Room:
    """One who sends, and all who receive; `frame` is what he sends."""

    def __init__(self, sender: Wire, receivers: list[Wire], frame: bytes) -> None:
        self.sender = sender
        self.receivers = receivers
        self._frame = frame

    async def saturate(self, seconds: float) -> float:
        """Deliveries per second, with 8 messages on their way, until everyone has them all."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        start = time.perf_counter()
        sent, acked, received = chats.IN_FLIGHT, 0, 0

        def at_sender(_payload: bytes) -> None:
            nonlocal sent, acked
            acked += 1
            if time.perf_counter() < start + seconds:
                sent += 1
                self.sender.send(self._frame)
            check()

        def at_receiver(_payload: bytes) -> None:
            nonlocal received
            received += 1
            if received == sent * len(self.receivers):
                check()

        def check() -> None:
            if acked == sent and received == sent * len(self.receivers) and not done.done():
                done.set_result(None)

        self.sender.on_frame = at_sender
        for receiver in self.receivers:
            receiver.on_frame = at_receiver
        self.sender.send(self._frame * chats.IN_FLIGHT)
        await done
        return received / (time.perf_counter() - start)

    async def once(self) -> float:
        """Seconds from a send to its ack."""
        acked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sender.on_frame = lambda _payload: acked.set_result(None)
        for receiver in self.receivers:
            receiver.on_frame = lambda _payload: None
        start = time.perf_counter()
        self.sender.send(self._frame)
        await acked
        return time.perf_counter() - start


@asynccontextmanager
async def group(server: Server) -> AsyncIterator[tuple[Room, Room]]:
    """A group on the server, and a chat of two of its members."""
    people = await crowd.people(server, MEMBERS)
    sockets = await crowd.sockets(server.port, [(one.headers, "/ws") for one in people])
    for socket in sockets:
        await socket.next()
    uids = [one.uid for one in people[1:]]
    made = await asyncio.to_thread(people[0].post, "/api/groups", name="all", members=uids)
    for socket in sockets:
        await socket.next()
    text = {"type": 1, "content": chats.CONTENT}
    to_all = wire.frame({**text, "conv": made.data["conv"]})
    to_one = wire.frame({**text, "to": people[1].uid})
    try:
        yield Room(sockets[0], sockets[1:], to_all), Room(sockets[0], sockets[1:2], to_one)
    finally:
        await crowd.cut(sockets)


@asynccontextmanager
async def relayed() -> AsyncIterator[Room]:
    """The same on a bare Tornado relay, which stores nothing."""
    async with relay.running() as (port, _):
        ways = [({}, f"/ws/{n}/{relay.EVERYONE}") for n in range(1, MEMBERS + 1)]
        sockets = await crowd.sockets(port, ways)
        try:
            frame = wire.frame({"type": 1, "content": chats.CONTENT})
            yield Room(sockets[0], sockets[1:], frame)
        finally:
            await crowd.cut(sockets)


async def measure(options: Options) -> list[Figure]:
    deliveries = Figure("fan-out to 200", "deliveries/s", "bare relay", 2.0)
    acks = Figure("ack in a group, p50", "ms", "in a chat of two", 1.1, "less")
    async with AsyncExitStack() as stack:
        server = stack.enter_context(running(chat_strangerlimit=0))
        ours, two = await stack.enter_async_context(group(server))
        bare = await stack.enter_async_context(relayed())
        await ours.saturate(WARM_SECONDS)
        for _ in range(options.rounds):
            deliveries.add(
                await ours.saturate(options.seconds), await bare.saturate(options.seconds)
            )
            in_group = await chats.paced(ours.once, RATE, options.seconds)
            in_two = await chats.paced(two.once, RATE, options.seconds)
            acks.add(1000 * statistics.median(in_group), 1000 * statistics.median(in_two))
    return [deliveries, acks]
