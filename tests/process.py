"""A process on open stores: the objects that `server/wiring.py` makes, without sockets or HTTP.

Two of them on the same stores are two processes to each other, in one loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from models.bus import Bus
from models.errors import ChatError
from models.lease import Leases
from models.message import Message, Stored, message_key
from models.stores import Stores
from server import protocol
from server.draft import Ack, Commit, Draft
from server.fanout import Fanout
from server.gate import Gate
from server.log import MessageLog
from server.peers import Peer, PeerMap
from server.positions import Positions
from server.presence import Presence
from server.recent import Recent
from server.stickers import Stickers
from server.text import LANGUAGES
from server.turns import Turns
from tests.border import SECONDS, BorderedConversations, BorderedDirty, BorderedMessages
from tests.written import CONV

Frame = dict[str, Any]

NO_STICKERS = Stickers({language: [] for language in LANGUAGES})


class Socket:
    """A ready socket and, in place of the network, its wire: what was written to it."""

    def __init__(self, uid: int, *, send_buffer: int = 0, journal: list[Any] | None = None) -> None:
        self.peer = Peer(uid, "a device", self, send_buffer=send_buffer)
        self.peer.ready = True
        self.reads = True
        """Whether the kernel takes what is written."""
        self.writes: list[bytes] = []
        self.unsent = 0
        self.closed: list[int | None] = []
        self._journal = journal
        self._frames: asyncio.Queue[Frame] = asyncio.Queue()

    def write_frames(self, data: bytes) -> None:
        self.writes.append(data)
        for frame in frames(data):
            self._frames.put_nowait(frame)
            if self._journal is not None:
                self._journal.append((self, frame))
        if not self.reads:
            self.unsent += len(data)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        self.closed.append(code)

    async def next(self) -> Frame:
        """The next frame that is written to it."""
        async with asyncio.timeout(SECONDS):
            return await self._frames.get()

    async def seqs(self, count: int) -> list[int]:
        """The seqs of the next frames."""
        return [(await self.next())["seq"] for _ in range(count)]

    def rest(self) -> list[Frame]:
        """What is written by now and has not been looked at."""
        return [self._frames.get_nowait() for _ in range(self._frames.qsize())]


def frames(data: bytes) -> list[Frame]:
    """The JSON of whole, unmasked text frames."""
    found: list[Frame] = []
    while data:
        size, start = data[1], 2
        if size > 125:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start], "big")
        found.append(msgspec.json.decode(data[start : start + size]))
        data = data[start + size :]
    return found


class Process:
    """One process's objects, by the names that `server/wiring.py` gives them."""

    def __init__(self, stores: Stores, name: str) -> None:
        client, guard = stores.redis_client, stores.redis
        self.name = name
        self.is_heard = True
        """Whether its bus is good to acknowledge by."""
        self.is_hopeless = False
        self.on_commit: list[Callable[[Sequence[Commit]], None]] = []
        """Who hears of commits behind the gate."""
        self.answers: list[tuple[str, Ack | ChatError]] = []
        """What was answered to drafts, by their ids, in this order."""
        self.heard: asyncio.Queue[tuple[str, Frame]] = asyncio.Queue()
        """What came on the bus, with the channel."""
        self.begun: list[str] = []
        """Groups whose line began with an event."""
        self.messages = BorderedMessages(stores)
        self.conversations = BorderedConversations(stores)
        self.dirty = BorderedDirty(client, guard, name)
        self.bus = Bus(client, guard, name, on_event=self._hear, on_interrupted=lambda: None)
        self.positions = Positions(
            self.conversations,
            self.messages,
            self.dirty,
            epoch=lambda: self.bus.epoch,
            is_alone=lambda: self.bus.alone,
        )
        self.peers = PeerMap()
        self.presence = Presence(self.peers, self.bus)
        self.fanout = Fanout(self.peers, self.bus, self.presence)
        self.recent = Recent()
        self.gate = Gate(
            self.peers,
            self.fanout,
            self.positions,
            self.messages,
            self.recent,
            is_pending=lambda number: number in self.log.pending,
            is_heard=lambda: self.is_heard,
            on_joined=self._joined,
            on_closed=self._closed,
        )
        self.turns = Turns(Leases(client, guard, name), self.bus)
        self.log = MessageLog(
            self.messages,
            self.positions,
            process=name,
            on_commit=self._commit,
            on_abandon=self.gate.abandon,
            turns=self.turns,
            is_hopeless=lambda: self.is_hopeless,
        )

    def _commit(self, commits: Sequence[Commit]) -> None:
        self.gate.commit(commits)
        for hear in self.on_commit:
            hear(commits)

    def _hear(self, channel: str, event: Frame) -> None:
        self.heard.put_nowait((channel, event))
        if event["process"] == self.name:
            return
        if event["event"] == "message":
            message = msgspec.convert(event["message"], type=Message)
            self.gate.hear(Stored(message, event["n"], event["draft"]))
        elif event["event"] == "contested":
            self.turns.hear(event["conv"])

    def _joined(self, conv: str) -> None:
        # Who hears the channels of groups is `Sockets`.
        self.begun.append(conv)

    def _closed(self, convs: Sequence[str]) -> None:
        self.positions.unfollow(convs)

    async def next_heard(self) -> tuple[str, Frame]:
        async with asyncio.timeout(SECONDS):
            return await self.heard.get()

    def socket(self, uid: int, **options: Any) -> Socket:
        """Somebody's ready socket here; lines are opened by the test."""
        socket = Socket(uid, **options)
        self.peers.add(socket.peer)
        return socket

    def send(
        self,
        id: str,
        *,
        from_: int = 1,
        conv: str = CONV,
        origin: Socket | None = None,
        **more: Any,
    ) -> asyncio.Future[Ack]:
        """Give a message to the log; the future ends with its ack or its refusal.

        Args:
            origin: its sender's socket, which is written the ack.
        """
        done: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()

        def answer(result: Ack | ChatError) -> None:
            self.answers.append((id, result))
            if isinstance(result, ChatError):
                done.set_exception(result)
                # Whoever does not look at one refusal has looked at `answers`.
                done.exception()
                return
            if origin is not None:
                origin.peer.write(protocol.encode(result.code, result.fields(), id))
            done.set_result(result)

        fields = {"kind": "text", "content": id, "check": lambda _head: None} | more
        self.log.append(
            Draft(
                key=message_key(conv, from_, id),
                conv=conv,
                from_=from_,
                id=id,
                answer=answer,
                origin=origin.peer if origin else None,
                **fields,
            )
        )
        return done


@asynccontextmanager
async def process(
    stores: Stores, name: str = "one", *, bus: bool = False
) -> AsyncIterator[Process]:
    """A process whose log writes, and whose bus runs if it is asked for."""
    one = Process(stores, name)
    await one.dirty.announce()
    async with running(one.log.loops() | (one.bus.loops() if bus else {})):
        if bus:
            await one.bus.ready()
        yield one


@asynccontextmanager
async def running(work: Mapping[str, Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run what runs for ever; what ends by itself fails the test."""
    tasks = {asyncio.create_task(one, name=name) for name, one in work.items()}
    try:
        yield
        for task in tasks:
            assert not task.done(), f"{task.get_name()} has ended"
    finally:
        left = tasks
        while left:
            for task in left:
                task.cancel()
            # A driver may take a cancellation for its own time-out and swallow it.
            _, left = await asyncio.wait(left, timeout=0.05)


async def all_of(*futures: asyncio.Future[Ack]) -> list[Ack]:
    """The acks of drafts, in the order of `futures`."""
    async with asyncio.timeout(SECONDS):
        return await asyncio.gather(*futures)
