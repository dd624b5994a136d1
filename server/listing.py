"""The list of a person's conversations, newest first."""

from __future__ import annotations

import asyncio
import base64
import binascii
import dataclasses
from collections.abc import Sequence
from typing import Annotated, Final, Literal, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from models.conv import group_gid, is_group
from models.errors import InvalidField
from models.group import Role
from models.head import Cursor, Head
from models.message import RANGE_MAX, Message, Messages
from models.units import Conv, Gid, Millis, Seq, Uid
from server.pace import in_slices
from server.people import People, Profile
from server.positions import Positions
from server.reading import unread
from server.recent import Recent
from server.rosters import Rosters

_CURSOR_KIND: Final = "conversations"


class GroupRow(TypedDict):
    """A group as it stands in the list: as it is, or as who left it saw it last."""

    gid: Gid
    name: str
    avatar: Annotated[str | None, Meta(description="The id of a picture.")]
    owner: Uid
    role: Annotated[Role | None, Meta(description="What I am in it; null for who is not in it.")]
    members: Annotated[int, Meta(description="How many.")]


class About(TypedDict):
    """Whom a conversation is with."""

    type: Literal["single", "group"]
    peer: NotRequired[Profile | None]
    peer_read_seq: NotRequired[Annotated[Seq, Meta(description="How far the other has read.")]]
    group: NotRequired[GroupRow]


class Row(About):
    """A conversation as it stands in the list."""

    conv: Conv
    last_seq: Seq
    first_seq: Annotated[Seq, Meta(description="The first that I may read.")]
    read_seq: Annotated[Seq, Meta(description="How far I have read.")]
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


class Listing:
    """What one person sees of his conversations."""

    def __init__(
        self,
        positions: Positions,
        messages: Messages,
        recent: Recent,
        people: People,
        rosters: Rosters,
    ) -> None:
        self._positions = positions
        self._messages = messages
        self._recent = recent
        self._people = people
        self._rosters = rosters

    async def page(self, uid: int, cursor: str | None, limit: int) -> Listed:
        """A page, newest first.

        Raises:
            InvalidField: `cursor`, unknown_value: it is none that this list has given.
        """
        after = _decode_cursor(cursor) if cursor is not None else None
        inbox = await self._positions.inbox(uid)
        heads = await self._positions.heads(list(inbox))
        shown: list[tuple[int, str]] = []
        # Those that were read: what begins meanwhile belongs to the next list.
        async for some in in_slices(list(heads)):
            shown += [
                (-view.updated_at, conv)
                for conv in some
                if (view := heads[conv].view(uid)).shown_seq > max(inbox[conv].hidden_at, 0)
            ]
        shown.sort()
        if after is not None:
            shown = [place for place in shown if place > after]
        page = [conv for _, conv in shown[:limit]]
        # Copies, for the same reason.
        mine = [(heads[conv].copy(), dataclasses.replace(inbox[conv])) for conv in page]
        rows = await self._rows(uid, mine)
        more = len(shown) > limit
        return {
            "conversations": rows,
            "next": _encode_cursor(shown[limit - 1]) if more else None,
        }

    async def _rows(self, uid: int, mine: Sequence[tuple[Head, Cursor]]) -> list[Row]:
        convs = [cursor.conv for _, cursor in mine]
        singles = await self._singles(uid, [conv for conv in convs if not is_group(conv)], mine)
        about = singles | await self._groups(uid, mine)
        views = [head.view(uid) for head, _ in mine]
        last = await self._last(mine)
        mentions = await asyncio.gather(*(self._mention(head, cursor) for head, cursor in mine))
        return [
            {
                "conv": cursor.conv,
                **about[cursor.conv],
                "last_seq": view.last_seq,
                "first_seq": view.first_seq,
                "read_seq": head.read_by(cursor)[0],
                "unread": unread(head, cursor),
                "mention_seq": mention_seq,
                "last_message": last[cursor.conv],
                "updated_at": view.updated_at,
                "muted": cursor.muted,
                "pinned": cursor.pinned,
            }
            for (head, cursor), view, mention_seq in zip(mine, views, mentions, strict=True)
        ]

    async def _singles(
        self, uid: int, convs: Sequence[str], mine: Sequence[tuple[Head, Cursor]]
    ) -> dict[str, About]:
        """What rows of two people say of the other one."""
        others = {conv: _other(conv, uid) for conv in convs}
        people = await self._people.find(set(others.values()))
        profiles = {
            profile["uid"]: profile for profile in await self._people.profiles(uid, people.values())
        }
        theirs = await self._positions.cursors([(other, conv) for conv, other in others.items()])
        heads = {cursor.conv: head for head, cursor in mine}
        return {
            conv: {
                "type": "single",
                "peer": profiles.get(other),
                "peer_read_seq": heads[conv].read_by(theirs[other, conv])[0],
            }
            for conv, other in others.items()
        }

    async def _groups(self, uid: int, mine: Sequence[tuple[Head, Cursor]]) -> dict[str, About]:
        """What rows of groups say of the group: as it is, or as who left it saw it last."""
        heads = {cursor.conv: head for head, cursor in mine if is_group(cursor.conv)}
        left = [conv for conv, head in heads.items() if not head.is_member(uid)]
        rosters = await self._rosters.find([group_gid(conv) for conv in heads])
        seen = await self._rosters.glimpses(uid, [group_gid(conv) for conv in left])
        rows: dict[str, About] = {}
        for conv in heads:
            roster = rosters[group_gid(conv)]
            glimpse = (seen.get(roster.gid) if conv in left else None) or roster.glimpse()
            role = None if conv in left else roster.role(uid)
            rows[conv] = {
                "type": "group",
                "group": {
                    "gid": glimpse.gid,
                    "name": glimpse.name,
                    "avatar": glimpse.avatar,
                    "owner": glimpse.owner,
                    "role": role,
                    "members": glimpse.members,
                },
            }
        return rows

    async def _mention(self, head: Head, cursor: Cursor) -> int:
        """The newest unread message that mentions the reader, or 0.

        The head knows which one was the newest; since then it may have been recalled.
        """
        uid, view = cursor.uid, head.view(cursor.uid)
        high = min(head.mentions(uid), view.last_seq)
        below = max(head.read_by(cursor)[0], view.first_seq - 1)
        while high > below:
            low = max(below + 1, high - RANGE_MAX + 1)
            for stored in reversed(await self._messages.range(cursor.conv, low, high + 1)):
                if stored.message.mentions_person(uid):
                    return stored.message.seq
            high = low - 1
        return 0

    async def _last(self, mine: Sequence[tuple[Head, Cursor]]) -> dict[str, Message | None]:
        """The newest message of each conversation: from memory, those of people in one call, and
        by a call each what else one may read as the last: an event, or where he left a group.
        """
        last: dict[str, Message | None] = {}
        wanted: dict[str, tuple[int, str]] = {}
        for head, cursor in mine:
            conv, seq = cursor.conv, head.view(cursor.uid).shown_seq
            recent = self._recent.range(conv, seq, seq + 1, head.last_seq)
            if recent:
                last[conv] = recent[0].message
            else:
                wanted[conv] = (seq, head.shown_key)
        found = await self._messages.by_keys([key for _, key in wanted.values() if key])
        placed = {}
        for conv, (seq, key) in wanted.items():
            # A process of an older version moves a head without its key.
            if key in found and found[key].message.seq == seq:
                last[conv] = found[key].message
            else:
                placed[conv] = seq
        calls = (self._messages.at(conv, [seq]) for conv, seq in placed.items())
        others = await asyncio.gather(*calls)
        for (conv, seq), other in zip(placed.items(), others, strict=True):
            last[conv] = other[seq].message if seq in other else None
        return last


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
