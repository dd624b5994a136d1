"""One person in one conversation, who remembers all that he was told."""

import asyncio
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.faults.figures import Figures

MESSAGE, CONNECTED, HISTORY, SYNC, RESYNC = 50001, 50002, 50007, 50013, 50015
ACKS = (50004, 50005)
UNAVAILABLE = 50300

WINDOW = 8
"""Sends of one socket in flight."""

BACKOFF_SECONDS = 0.05


@dataclass
class Writer:
    """One person in one conversation, on one socket at a time."""

    name: str
    uid: int
    token: str
    to: int
    sent: list[str] = field(default_factory=list)
    acked: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    """Answered 50300 at least once: their order is no longer promised."""
    repeated: set[str] = field(default_factory=set)
    """Acknowledged as stored before."""
    known: dict[int, str] = field(default_factory=dict)
    """seq -> id, of all that was pushed, acknowledged or synced."""
    figures: Figures = field(default_factory=Figures)
    cursor: int = 0
    others: list[dict[str, Any]] = field(default_factory=list)
    """Frames of other kinds than these tests live on."""
    close_code: int | None = None
    window: int = WINDOW
    longest: float = 0.0
    """Seconds that an answer was waited for, at most."""
    resyncs: int = 0
    """How often this one was told to resynchronise."""

    def __post_init__(self) -> None:
        self.conv = f"{min(self.uid, self.to)}:{max(self.uid, self.to)}"
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._flying: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._last: int | None = None
        self._heard = asyncio.Event()
        self._acked = asyncio.Event()

    # The socket

    async def connect(self, url: str, *, sync: bool = True) -> None:
        self._socket = await connect(
            f"{url.replace('http', 'ws', 1)}/ws?toUid={self.to}",
            additional_headers={"token": self.token},
            user_agent_header=self.name,
            proxy=None,
            max_queue=None,
            ping_interval=None,
        )
        first = json.loads(await self._socket.recv())
        assert first["code"] == CONNECTED, first
        self._last, self.close_code = None, None
        self._reader = asyncio.create_task(self._read(self._socket))
        if sync:
            await self.sync()

    @property
    def port(self) -> int:
        """Of this end of the connection."""
        assert self._socket is not None
        return int(self._socket.local_address[1])

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Read nothing, so that not even a close is answered."""
        assert self._socket is not None
        self._socket.transport.pause_reading()
        try:
            yield
        finally:
            self._socket.transport.resume_reading()

    async def disconnected(self) -> None:
        """Wait until the socket has ended, and all that it brought is taken."""
        if self._reader is not None:
            await self._reader

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
            await self.disconnected()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            while True:
                self._take(json.loads(await socket.recv()))
        except ConnectionClosed:
            self.close_code = socket.close_code
            for future in self._flying.values():
                if not future.done():
                    future.cancel()
            self._flying.clear()

    def _take(self, frame: dict[str, Any]) -> None:
        code, id = frame["code"], frame.get("id")
        if code == MESSAGE:
            self._in_line(frame["seq"], frame["id"])
        elif code == RESYNC:
            self._last = None
            self.resyncs += 1
        else:
            if code in ACKS:
                self._acknowledged(frame)
            elif code == UNAVAILABLE:
                self.refused.add(id)
            elif code != SYNC:
                self.others.append(frame)
            future = self._flying.pop(id, None)
            if future is not None and not future.done():
                future.set_result(frame)
        self._heard.set()

    def _acknowledged(self, frame: dict[str, Any]) -> None:
        id, seq = frame["id"], frame["seq"]
        self._acked.set()
        if self.acked.setdefault(id, seq) != seq:
            self.figures.delivered_twice += 1
        if frame.get("duplicate"):
            self.repeated.add(id)
        else:
            self._in_line(seq, id)

    def _in_line(self, seq: int, id: str) -> None:
        """A push, or the ack that stands in for one: the next of its conversation here."""
        if self._last is not None and seq != self._last + 1:
            if seq <= self._last and self.known.get(seq) == id:
                self.figures.delivered_twice += 1
            else:
                self.figures.out_of_order += 1
        self._last = seq
        self._know(seq, id)

    def _know(self, seq: int, id: str) -> None:
        if self.known.setdefault(seq, id) != id:
            self.figures.out_of_order += 1
        while self.cursor + 1 in self.known:
            self.cursor += 1

    # Asking

    async def ask(self, frame: dict[str, Any]) -> dict[str, Any]:
        """Send a frame and wait for its answer; cancelled when the socket ends."""
        assert self._socket is not None
        id = frame.setdefault("id", uuid.uuid4().hex)
        future = self._flying[id] = asyncio.get_running_loop().create_future()
        start = time.monotonic()
        try:
            await self._socket.send(json.dumps(frame))
        except ConnectionClosed:
            future.cancel()
        answer = await future
        self.longest = max(self.longest, time.monotonic() - start)
        return answer

    async def write(self) -> dict[str, Any]:
        """Send a new message; the answer."""
        id = self.new_id()
        return await self.ask({"type": 1, "content": f"{id} \U0001f642", "id": id})

    async def next_ack(self) -> None:
        self._acked.clear()
        await self._acked.wait()

    async def next_other(self, code: int, *, seconds: float = 10.0) -> dict[str, Any]:
        """The next frame of that code that is not an answer, and was not taken before."""
        async with asyncio.timeout(seconds):
            while True:
                for frame in self.others:
                    if frame["code"] == code and "id" not in frame:
                        self.others.remove(frame)
                        return frame
                self._heard.clear()
                await self._heard.wait()

    async def sync(self) -> None:
        """Frame 7 until nothing is left, by the highest seq without a gap."""
        more = True
        while more:
            answer = await self.ask({"type": 7, "cursors": {self.conv: self.cursor}})
            assert answer["code"] == SYNC, answer
            more = answer["more"]
            for entry in answer["conversations"]:
                if entry["conv"] == self.conv:
                    more = more or entry["more"]
                    for message in entry["messages"]:
                        self._know(message["seq"], message["id"])

    # Writing

    async def storm(self, stop: asyncio.Event) -> None:
        """Write, several sends in flight, until `stop` or the socket's end."""
        free = asyncio.Semaphore(self.window)
        async with asyncio.TaskGroup() as group:
            while not stop.is_set() and self.close_code is None:
                await free.acquire()
                group.create_task(self._send(self.new_id(), free))
                await asyncio.sleep(0)

    async def insist(self, stop: asyncio.Event) -> None:
        """Write one message after another, each again until it is acknowledged."""
        while not stop.is_set():
            id = self.new_id()
            while await self._send(id) not in ACKS and not stop.is_set():
                pass

    def new_id(self) -> str:
        """The id of a message that is sent next."""
        self.sent.append(uuid.uuid4().hex)
        return self.sent[-1]

    async def _send(self, id: str, free: asyncio.Semaphore | None = None) -> int | None:
        """The code of the answer; None where none came."""
        try:
            code = (await self.ask({"type": 1, "content": f"{id} \U0001f642", "id": id}))["code"]
            if code == UNAVAILABLE:
                await asyncio.sleep(BACKOFF_SECONDS)
            return code
        except asyncio.CancelledError:
            return None
        finally:
            if free is not None:
                free.release()

    @property
    def open_ids(self) -> list[str]:
        """Sent and never acknowledged, in the order of sending."""
        return [id for id in self.sent if id not in self.acked]

    async def resend(self, *, seconds: float = 30.0) -> None:
        """Send again what was not acknowledged, with the same ids, until it is."""
        async with asyncio.timeout(seconds):
            while ids := self.open_ids:
                for start in range(0, len(ids), WINDOW):
                    await asyncio.gather(*(self._send(id) for id in ids[start : start + WINDOW]))
                if self.open_ids:
                    await asyncio.sleep(BACKOFF_SECONDS)

    async def resynced(self, times: int, *, seconds: float = 10.0) -> None:
        """Wait until this one was told so often to resynchronise."""
        async with asyncio.timeout(seconds):
            while self.resyncs < times:
                self._heard.clear()
                await self._heard.wait()

    async def knows(self, seq: int, *, seconds: float = 10.0) -> None:
        """Wait until everything up to `seq` has come."""
        async with asyncio.timeout(seconds):
            while self.cursor < seq:
                self._heard.clear()
                await self._heard.wait()
