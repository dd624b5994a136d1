"""What a person does with his conversations besides writing: reading, preferring, typing."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import Annotated, Any, Final, TypedDict

from msgspec import Meta

from models.bus import Bus
from models.errors import Forbidden
from models.units import Conv, Seq, Uid
from server.fanout import Fanout
from server.peers import Peer
from server.people import People
from server.policy import Place
from server.positions import Positions
from server.protocol import READ, STATE, TYPING
from server.reading import Reading, Standing

TYPING_SECONDS: Final = 1.0
TYPED_MAX: Final = 100
"""Conversations whose last typing a socket remembers."""


class Preferences(TypedDict):
    """What I prefer about a conversation."""

    conv: Conv
    muted: bool
    pinned: bool
    hidden: Annotated[bool, Meta(description="Until its next message.")]


class HasRead(TypedDict):
    """How far somebody has read, as it now stands."""

    conv: Conv
    uid: Uid
    seq: Seq


class Conversations:
    """What one person does with his own conversations."""

    def __init__(
        self, positions: Positions, people: People, reading: Reading, fanout: Fanout, bus: Bus
    ) -> None:
        self._positions = positions
        self._people = people
        self._reading = reading
        self._fanout = fanout
        self._bus = bus

    async def prefer(
        self,
        uid: int,
        place: Place,
        *,
        muted: bool | None,
        pinned: bool | None,
        hidden: bool | None,
    ) -> Preferences:
        """Change what `uid` prefers about a conversation; what is None stays.

        Returns:
            What he now prefers; his sockets are told.
        """
        if place.former and not (muted is pinned is None):
            raise Forbidden
        view = (await self._positions.heads([place.conv]))[place.conv].view(uid)
        before = await self._positions.cursor(uid, place.conv)
        cursor = dataclasses.replace(before)
        cursor.muted = cursor.muted if muted is None else muted
        cursor.pinned = cursor.pinned if pinned is None else pinned
        if hidden is not None:
            cursor.hidden_at = view.last_seq if hidden else -1
        state: Preferences = {
            "conv": place.conv,
            "muted": cursor.muted,
            "pinned": cursor.pinned,
            "hidden": view.shown_seq <= cursor.hidden_at,
        }
        if cursor != before:
            await self._positions.prefer(cursor)
            event = {"event": "preferences", "cursor": dataclasses.asdict(cursor)}
            self._bus.publish(f"u:{uid}", event)
            self._fanout.tell([uid], STATE, {"what": "conversation", **state})
        return state

    async def read(
        self, uid: int, place: Place, seq: int, *, besides: Peer | None = None
    ) -> HasRead:
        """Move `uid`'s cursor. If it moved, all are told."""
        standing = await self._reading.mark(uid, place, seq)
        if standing.moved:
            self.tell_read(standing, besides=besides)
        return {"conv": place.conv, "uid": uid, "seq": standing.seq}

    async def unread(
        self, uid: int, places: Sequence[Place] | None, *, besides: Peer | None = None
    ) -> dict[str, Any]:
        """Frame 3: what is unread, of `places` or of all; what it moved past is told as read."""
        answer, standings = await self._reading.unread(uid, places)
        for standing in standings:
            if standing.moved:
                self.tell_read(standing, besides=besides)
        return answer

    def tell_read(self, standing: Standing, *, besides: Peer | None = None) -> None:
        """Tell the members, and the other processes' caches, how far somebody has read."""
        uid, conv, seq = standing.uid, standing.conv, standing.seq
        self._bus.publish(
            f"u:{uid}", {"event": "read", "uid": uid, "conv": conv, "seq": seq, "n": standing.n}
        )
        members = self._positions.members(conv)
        fields = {"conv": conv, "uid": uid, "seq": seq}
        if uid in members:
            self._fanout.tell_members(conv, members, READ, fields, besides=besides)
        else:
            self._fanout.tell([uid], READ, fields, besides=besides)

    async def type(self, peer: Peer, place: Place) -> None:
        """Tell the others that somebody is writing, at most once a second."""
        now = time.monotonic()
        if now - peer.typed_at.get(place.conv, -TYPING_SECONDS) < TYPING_SECONDS:
            return
        if len(peer.typed_at) > TYPED_MAX:
            peer.typed_at.clear()
        peer.typed_at[place.conv] = now
        apart = await self._people.apart_from(peer.uid)
        others = [other for other in place.others(peer.uid) if other not in apart]
        fields = {"conv": place.conv, "uid": peer.uid}
        self._fanout.tell_members(place.conv, others, TYPING, fields, not_to=apart | {peer.uid})

    async def reads(self, place: Place) -> dict[str, int]:
        """`{"<uid>": read_seq}` of the members."""
        head = (await self._positions.heads([place.conv]))[place.conv]
        cursors = await self._positions.cursors([(uid, place.conv) for uid in place.members])
        return {str(uid): head.read_by(cursor)[0] for (uid, _), cursor in cursors.items()}
