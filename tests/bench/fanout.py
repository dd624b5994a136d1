"""Fan-out: one who writes to a group of 200, all of whom have a socket here."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.bench import chats, crowd, others, pulse, relay, wire, xmpp
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

    def rest(self) -> None:
        """Take what comes, and do nothing about it."""
        for socket in (self.sender, *self.receivers):
            socket.on_frame = lambda _payload: None

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


@dataclass(frozen=True)
class Ways:
    """One sender's frames, to the group and to one of its members."""

    sender: Mapping[str, str]
    to_all: Mapping[str, Any]
    to_one: Mapping[str, Any]


@asynccontextmanager
async def group(server: Server) -> AsyncIterator[tuple[Room, Ways]]:
    """A group on the server, and the two ways in which its sender's acks are timed."""
    people = await crowd.people(server, MEMBERS)
    sockets = await crowd.sockets(server.port, [(one.headers, "/ws") for one in people])
    for socket in sockets:
        await socket.next()
    uids = [one.uid for one in people[1:]]
    made = await asyncio.to_thread(people[0].post, "/api/groups", name="all", members=uids)
    for socket in sockets:
        await socket.next()
    text = {"type": 1, "content": chats.CONTENT}
    to_all = {**text, "conv": made.data["conv"]}
    to_one = {**text, "to": people[1].uid}
    try:
        room = Room(sockets[0], sockets[1:], wire.frame(to_all))
        yield room, Ways(people[0].headers, to_all, to_one)
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
        besides = [
            (
                Figure("fan-out to 200", "deliveries/s", name, 3.0 if name == "ejabberd" else None),
                await stack.enter_async_context(xmpp.room(port, MEMBERS)),
            )
            for name, port in await others.start(stack)
        ]
        server = stack.enter_context(running(chat_strangerlimit=0))
        ours, ways = await stack.enter_async_context(group(server))
        bare = await stack.enter_async_context(relayed())
        await ours.saturate(WARM_SECONDS)
        for number in range(options.rounds):
            delivered = await ours.saturate(options.seconds)
            deliveries.add(delivered, await bare.saturate(options.seconds))
            for figure, room in besides:
                figure.add(delivered, await room.saturate(options.seconds))
            medians = {}
            # In turn the first: behind a saturated round the others still write.
            for to_all in (number % 2 == 0, number % 2 == 1):
                fields = ways.to_all if to_all else ways.to_one
                ours.rest()
                async with pulse.acks(server.port, ways.sender, fields, RATE) as took:
                    await asyncio.sleep(options.seconds)
                medians[to_all] = 1000 * statistics.median(took)
            acks.add(medians[True], medians[False])
    return [deliveries, *(figure for figure, _ in besides), acks]
