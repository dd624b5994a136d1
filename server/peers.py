"""The sockets of this process, and what is written to them.

A `Peer` gathers the frames of one turn of the loop and gives them to its stream in one piece:
4.4 microseconds a frame, where one `write_message` each takes 16 to 25. It asks how much of it
the kernel has not taken yet; over the bound nothing more is queued and the socket is closed with
4009, so that a receiver who does not read costs neither memory nor anybody else's time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from server.protocol import CLOSE_TOO_SLOW

WINDOW: Final = 32
"""Sends of one socket that may wait for the store; a full window stops reading the socket. It is
what one flooding client can put before the message of anybody else, twice."""


class Wire(Protocol):
    """The transport of a peer: what `handlers.chat` gives and a test can stand in for."""

    @property
    def unsent(self) -> int:
        """Bytes that were written and that the kernel has not taken yet."""

    def write_frames(self, data: bytes) -> None:
        """Write whole frames; what is written to a connection that has ended is lost."""

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Send a close frame behind what is buffered; cut the connection after 5 s."""


class Peer:
    """One socket of one user on one device."""

    __slots__ = (
        "_buffer",
        "_buffered",
        "_loop",
        "_unsent",
        "_wire",
        "closed",
        "closed_with",
        "default_to",
        "device",
        "expires",
        "pending",
        "ready",
        "room",
        "send_buffer",
        "sid",
        "typed_at",
        "uid",
        "used",
        "watching",
    )

    def __init__(
        self, uid: int, device: str, wire: Wire, *, send_buffer: int, default_to: int | None = None
    ) -> None:
        self.uid = uid
        self.device = device
        self.default_to = default_to
        self.send_buffer = send_buffer
        self.sid = ""
        """The session it belongs to; known once its token is compared."""
        self.ready = False
        """Set with CONNECTED: only from then on is anything pushed."""
        self.closed = False
        self.closed_with: tuple[int, str] | None = None
        self.used = False
        """Whether a frame came since the last look."""
        self.watching: frozenset[int] = frozenset()
        self.typed_at: dict[str, float] = {}
        self.expires: asyncio.TimerHandle | None = None
        self.pending = 0
        """Sends that wait for the store."""
        self.room = asyncio.Event()
        self.room.set()
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._unsent = 0
        """As of the last flush: less may be left of it since."""

    def write(self, frame: bytes) -> None:
        """Queue a whole frame; it goes out at the end of this turn of the loop."""
        if self.closed:
            return
        if not self._buffer:
            self._loop.call_soon(self.flush)
        self._buffer.append(frame)
        self._buffered += len(frame)
        if self.send_buffer and self._unsent + self._buffered > self.send_buffer:
            self._unsent = self._wire.unsent
            if self._unsent + self._buffered > self.send_buffer:
                self.close(CLOSE_TOO_SLOW, "too slow to read")

    def close(self, code: int, reason: str) -> None:
        """Close behind what is queued; nothing more is written or acknowledged after it."""
        if self.closed:
            return
        self.flush()
        self.closed = True
        self.closed_with = (code, reason)
        self.room.set()
        self._wire.close(code, reason)

    def gone(self) -> None:
        """The connection is no more."""
        self.closed = True
        self.room.set()
        self._buffer.clear()
        if self.expires is not None:
            self.expires.cancel()

    def accept(self) -> None:
        """Count a send that waits for the store."""
        self.pending += 1
        if self.pending >= WINDOW:
            self.room.clear()

    def settle(self) -> None:
        """A send has its answer."""
        self.pending -= 1
        self.room.set()

    def flush(self) -> None:
        """Give to the kernel what waits for the end of this turn of the loop."""
        if not self._buffer:
            return
        data = self._buffer[0] if len(self._buffer) == 1 else b"".join(self._buffer)
        self._buffer.clear()
        self._buffered = 0
        if self.closed:
            return
        self._wire.write_frames(data)
        self._unsent = self._wire.unsent


class PeerMap:
    """The sockets of this process by user."""

    def __init__(self) -> None:
        self._by_uid: dict[int, set[Peer]] = {}
        self.count = 0

    def add(self, peer: Peer) -> bool:
        """Returns whether it is its user's first."""
        peers = self._by_uid.setdefault(peer.uid, set())
        peers.add(peer)
        self.count += 1
        return len(peers) == 1

    def remove(self, peer: Peer) -> bool:
        """Returns whether it was its user's last."""
        peers = self._by_uid.get(peer.uid)
        if peers is None or peer not in peers:
            return False
        peers.remove(peer)
        self.count -= 1
        if peers:
            return False
        del self._by_uid[peer.uid]
        return True

    @property
    def people(self) -> int:
        """How many of them there are."""
        return len(self._by_uid)

    def of(self, uid: int) -> tuple[Peer, ...]:
        """The sockets of a user, those included that are not ready yet."""
        return tuple(self._by_uid.get(uid, ()))

    def online(self, uid: int, *, besides: Peer | None = None) -> bool:
        """Whether a ready socket of the user is here, `besides` one."""
        return any(
            peer.ready and not peer.closed and peer is not besides
            for peer in self._by_uid.get(uid, ())
        )

    def __iter__(self) -> Iterator[Peer]:
        return iter([peer for peers in self._by_uid.values() for peer in peers])

    def push(self, uids: Iterable[int], frame: bytes, *, besides: Peer | None = None) -> bool:
        """Write `frame` to every ready socket of `uids`; returns whether there was one."""
        reached = False
        for uid in uids:
            for peer in self._by_uid.get(uid, ()):
                if peer.ready and not peer.closed and peer is not besides:
                    peer.write(frame)
                    reached = True
        return reached
