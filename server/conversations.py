"""A person's conversations: the list, what he prefers about each, who has read how far."""

from __future__ import annotations

import asyncio
import base64
import binascii
import dataclasses
import time
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, TypedDict

import msgspec
from msgspec import Meta

from models.bus import Bus
from models.conversation import Cursor, Head
from models.errors import InvalidField
from models.message import RANGE_MAX, Message, Messages
from models.units import Conv, Millis, Seq, Uid
from server.fanout import Fanout
from server.peers import Peer
from server.people import People, Profile
from server.policy import Place, pair_members
from server.positions import Positions
from server.protocol import READ, STATE, TYPING
from server.reading import Reading, Standing, unread

_CURSOR_KIND: Final = "conversations"

TYPING_SECONDS: Final = 1.0
TYPED_MAX: Final = 100
"""Conversations whose last typing a socket remembers."""


class Row(TypedDict):
    """A conversation as it stands in the list."""

    conv: Conv
    type: Literal["single"]
    peer: Profile | None
    last_seq: Seq
    first_seq: Annotated[Seq, Meta(description="The first that is kept.")]
    read_seq: Annotated[Seq, Meta(description="How far I have read.")]
    peer_read_seq: Annotated[Seq, Meta(description="How far the other has read.")]
    unread: int
    mention_seq: Annotated[Seq, Meta(description="The newest unread one that mentions me, or 0.")]
    last_message: Message | None
    updated_at: Millis
    muted: bool
    pinned: bool


class Listed(TypedDict):
    """A page of my conversations, newest first."""

    conversations: list[Row]
    next: Annotated[str | None, Meta(description="The next page's `cursor`; null at the end.")]


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
    """What one person sees and changes of his own conversations."""

    def __init__(
        self,
        positions: Positions,
        messages: Messages,
        people: People,
        reading: Reading,
        fanout: Fanout,
        bus: Bus,
    ) -> None:
        self._positions = positions
        self._messages = messages
        self._people = people
        self._reading = reading
        self._fanout = fanout
        self._bus = bus

    async def page(self, uid: int, cursor: str | None, limit: int) -> Listed:
        """A page, newest first.

        Raises:
            InvalidField: `cursor`, unknown_value: it is none that this list has given.
        """
        after = _decode_cursor(cursor) if cursor is not None else None
        inbox = await self._positions.inbox(uid)
        heads = await self._positions.heads(list(inbox))
        shown = [
            (-heads[conv].updated_at, conv)
            for conv, mine in inbox.items()
            if heads[conv].shown_seq > max(mine.hidden_at, 0)
        ]
        shown.sort()
        if after is not None:
            shown = [place for place in shown if place > after]
        page = [conv for _, conv in shown[:limit]]
        # Copies: what comes while the rest is read belongs to the next list.
        mine = [(heads[conv].copy(), dataclasses.replace(inbox[conv])) for conv in page]
        rows = await self._rows(uid, mine)
        more = len(shown) > limit
        return {
            "conversations": rows,
            "next": _encode_cursor(shown[limit - 1]) if more else None,
        }

    async def _rows(self, uid: int, mine: Sequence[tuple[Head, Cursor]]) -> list[Row]:
        others = {cursor.conv: _other(cursor.conv, uid) for _, cursor in mine}
        people = await self._people.find(set(others.values()))
        profiles = {
            profile["uid"]: profile for profile in await self._people.profiles(uid, people.values())
        }
        theirs = await self._positions.cursors([(other, conv) for conv, other in others.items()])
        last = await asyncio.gather(
            *(self._last(cursor.conv, head.shown_seq) for head, cursor in mine)
        )
        mentions = await asyncio.gather(*(self._mention(head, cursor) for head, cursor in mine))
        return [
            {
                "conv": cursor.conv,
                "type": "single",
                "peer": profiles.get(others[cursor.conv]),
                "last_seq": head.last_seq,
                "first_seq": head.floor_seq + 1,
                "read_seq": head.read_by(cursor)[0],
                "peer_read_seq": head.read_by(theirs[others[cursor.conv], cursor.conv])[0],
                "unread": unread(head, cursor),
                "mention_seq": mention_seq,
                "last_message": message,
                "updated_at": head.updated_at,
                "muted": cursor.muted,
                "pinned": cursor.pinned,
            }
            for (head, cursor), message, mention_seq in zip(mine, last, mentions, strict=True)
        ]

    async def _mention(self, head: Head, cursor: Cursor) -> int:
        """The newest unread message that mentions the reader, or 0.

        The head knows which one was the newest; since then it may have been recalled.
        """
        uid, high = cursor.uid, head.mentions(cursor.uid)
        read_seq, _ = head.read_by(cursor)
        while high > read_seq:
            low = max(read_seq + 1, high - RANGE_MAX + 1)
            for stored in reversed(await self._messages.range(cursor.conv, low, high + 1)):
                if stored.message.mentions_person(uid):
                    return stored.message.seq
            high = low - 1
        return 0

    async def _last(self, conv: str, seq: int) -> Message | None:
        found = await self._messages.at(conv, [seq])
        return found[seq].message if found else None

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
        head = (await self._positions.heads([place.conv]))[place.conv]
        before = await self._positions.cursor(uid, place.conv)
        cursor = dataclasses.replace(before)
        cursor.muted = cursor.muted if muted is None else muted
        cursor.pinned = cursor.pinned if pinned is None else pinned
        if hidden is not None:
            cursor.hidden_at = head.last_seq if hidden else -1
        state: Preferences = {
            "conv": place.conv,
            "muted": cursor.muted,
            "pinned": cursor.pinned,
            "hidden": head.shown_seq <= cursor.hidden_at,
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
            self.tell_read(place, standing, besides=besides)
        return {"conv": place.conv, "uid": uid, "seq": standing.seq}

    async def unread(
        self, uid: int, places: Sequence[Place] | None, *, besides: Peer | None = None
    ) -> dict[str, Any]:
        """Frame 3: what is unread, of `places` or of all; what it moved past is told as read."""
        answer, standings = await self._reading.unread(uid, places)
        for standing in standings:
            if standing.moved:
                place = Place(standing.conv, pair_members(standing.conv))
                self.tell_read(place, standing, besides=besides)
        return answer

    def tell_read(self, place: Place, standing: Standing, *, besides: Peer | None = None) -> None:
        """Tell the members, and the other processes' caches, how far somebody has read."""
        uid, seq = standing.uid, standing.seq
        self._bus.publish(
            f"u:{uid}",
            {"event": "read", "uid": uid, "conv": place.conv, "seq": seq, "n": standing.n},
        )
        fields = {"conv": place.conv, "uid": uid, "seq": seq}
        self._fanout.tell(place.members, READ, fields, besides=besides)

    async def type(self, peer: Peer, place: Place) -> None:
        """Tell the others that somebody is writing, at most once a second."""
        now = time.monotonic()
        if now - peer.typed_at.get(place.conv, -TYPING_SECONDS) < TYPING_SECONDS:
            return
        if len(peer.typed_at) > TYPED_MAX:
            peer.typed_at.clear()
        peer.typed_at[place.conv] = now
        for other in place.members:
            if other != peer.uid and not await self._people.apart(peer.uid, other):
                self._fanout.tell([other], TYPING, {"conv": place.conv, "uid": peer.uid})

    async def reads(self, place: Place) -> dict[str, int]:
        """`{"<uid>": read_seq}` of the members."""
        head = (await self._positions.heads([place.conv]))[place.conv]
        cursors = await self._positions.cursors([(uid, place.conv) for uid in place.members])
        return {str(uid): head.read_by(cursor)[0] for (uid, _), cursor in cursors.items()}


def _other(conv: str, uid: int) -> int:
    low, high = conv.split(":")
    return int(low) + int(high) - uid


def _encode_cursor(place: tuple[int, str]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([_CURSOR_KIND, *place])).decode()


def _decode_cursor(cursor: str) -> tuple[int, str]:
    try:
        kind, updated_at, conv = msgspec.json.decode(
            base64.urlsafe_b64decode(cursor.encode()), type=tuple[str, int, str]
        )
    except (msgspec.DecodeError, binascii.Error, ValueError):
        raise InvalidField("cursor", "unknown_value") from None
    if kind != _CURSOR_KIND:
        raise InvalidField("cursor", "unknown_value")
    return updated_at, conv
