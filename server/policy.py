"""Who may do what in a conversation.

The order of refusals is that of docs/protocol.md, section 3: banned, not a member, blocked, muted,
invalid by what is stored, rate, stranger limit, words.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Literal

from conf.settings import Chat
from models.conv import group_conv, is_group, pair, pair_members
from models.errors import AwaitReply, ChatError, Forbidden, InvalidField, NotFound, RateLimited
from models.head import Head, View
from server.fields import INT_MAX
from server.people import People
from server.positions import Positions

_PAIR: Final = re.compile(r"([1-9][0-9]{0,18}):([1-9][0-9]{0,18})\Z")
_GROUP: Final = re.compile(r"g([1-9][0-9]{0,18})\Z")

BURST: Final = 3
"""A burst of messages is this many times the rate of a second."""

BUCKETS_MAX: Final = 10_000
"""Buckets kept before the full ones are dropped."""


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation that somebody may look into."""

    conv: str
    members: tuple[int, ...]
    former: bool = False
    """He was in the group once: nothing but reading is left to him."""
    leads: bool = False
    """He is its owner or an administrator."""
    silenced: bool = False
    """He may not write in it, as far as is known; when his message is numbered, the log decides."""

    @property
    def group(self) -> bool:
        """Whether it is a group's, and not of two people."""
        return is_group(self.conv)

    def others(self, uid: int) -> list[int]:
        """The members besides `uid`."""
        return [member for member in self.members if member != uid]


class Policy:
    """Decisions about conversations and messages."""

    def __init__(self, chat: Chat, people: People, positions: Positions) -> None:
        self._chat = chat
        self._people = people
        self._positions = positions
        self._full_at: dict[int, float] = {}
        """User -> when his bucket of messages is full again, seconds of the monotonic clock."""

    async def place(self, uid: int, conv: str, *, to_read: bool = False) -> Place:
        """The conversation `conv`, for somebody in it.

        Args:
            to_read: also for somebody who was in the group once.

        Raises:
            InvalidField: `conv`, pattern: it is no conversation's name.
            Forbidden: it is somebody else's.
            NotFound: there is no such user or group.
        """
        if match := _GROUP.match(conv):
            return await self._group_place(uid, int(match[1]), to_read=to_read)
        place = _pair_place(uid, conv)
        for other in place.members:
            await self._people.get(other)
        return place

    async def _group_place(self, uid: int, gid: int, *, to_read: bool) -> Place:
        conv = group_conv(gid)
        head = (await self._positions.heads([conv]))[conv] if gid <= INT_MAX else Head()
        if not head.last_seq:
            raise NotFound
        view = head.view(uid)
        if not view.member and not (to_read and view.last_seq):
            raise Forbidden
        return _group_place(uid, conv, head)

    async def views(self, uid: int, convs: Collection[str]) -> dict[str, View]:
        """What `uid` may read of each: of groups and of his own pairs, nothing of others."""
        own = [conv for conv in convs if _concerns(uid, conv)]
        return {conv: head.view(uid) for conv, head in (await self._positions.heads(own)).items()}

    async def may_read(self, uid: int, conv: str, seq: int) -> bool:
        """Whether a message at `seq` is one that `uid` may read, if it is kept."""
        return _concerns(uid, conv) and (await self._positions.reach(conv, seq)).view(uid).shows(
            seq
        )

    async def addressed(
        self,
        uid: int,
        conv: str | None,
        to: int | None,
        default_to: int | None,
        *,
        to_read: bool = False,
    ) -> Place:
        """The conversation that a frame means by `conv`, by `to`, or by the handshake's `toUid`.

        Raises:
            InvalidField: `to`, required: by none of them; `conv`, conflict: they disagree.
        """
        return await self.place(uid, _conv(uid, conv, to, default_to), to_read=to_read)

    def at_hand(
        self, uid: int, conv: str | None, to: int | None, default_to: int | None
    ) -> Place | None:
        """As `addressed` and `may_send`, if nothing has to be asked for and nothing is refused."""
        if conv is not None and to is None and _GROUP.match(conv):
            return self._group_at_hand(uid, conv)
        try:
            place = _pair_place(uid, _conv(uid, conv, to, default_to))
        except ChatError:
            return None
        for member in place.members:
            person, blocked = self._people.at_hand(member)
            if person is None or blocked is None or uid in blocked:
                return None
            if person.banned or person.deleted:
                return None
        return place

    def _group_at_hand(self, uid: int, conv: str) -> Place | None:
        head, (person, _) = self._positions.head(conv), self._people.at_hand(uid)
        if head is None or person is None or person.banned or person.deleted:
            return None
        place = _group_place(uid, conv, head)
        return None if place.former or place.silenced else place

    async def may_send(self, uid: int, place: Place) -> None:
        """
        Raises:
            Forbidden: banned, no member, blocked by the other, or muted in the group.
            NotFound: the other's account is over.
        """
        if (await self._people.get(uid)).banned:
            raise Forbidden("banned")
        if place.former:
            raise Forbidden
        if place.silenced:
            raise Forbidden("muted")
        if place.group:
            return
        for member in place.members:
            await self._people.alive(member)
            if uid in await self._people.blocks(member):
                raise Forbidden("blocked")

    def mentions(
        self, uid: int, place: Place, wanted: list[int] | Literal["all"] | None
    ) -> list[int] | Literal["all"] | None:
        """The mentions that remain: of members, once each.

        Raises:
            Forbidden: "all" by somebody who does not lead the group.
        """
        if wanted is None:
            return None
        if wanted == "all":
            if not place.leads:
                raise Forbidden
            return "all"
        return [who for who in dict.fromkeys(wanted) if who in place.members] or None

    def take(self, uid: int) -> None:
        """Count a message against its sender's rate, which is kept by each process for itself.

        Raises:
            RateLimited: with the time until one is let through.
        """
        rate = self._chat.rate_per_second
        if not rate:
            return
        now = time.monotonic()
        full_at = max(self._full_at.get(uid, now), now) + 1 / rate
        wait = full_at - now - BURST
        if wait > 0:
            raise RateLimited(wait)
        self._full_at[uid] = full_at
        if len(self._full_at) > BUCKETS_MAX:
            self._full_at = {who: at for who, at in self._full_at.items() if at > now}

    def check(self, uid: int, place: Place) -> Callable[[Head], None]:
        """Decides by a conversation's head, when it is numbered, whether `uid` may send.

        The check raises `Forbidden` for who is not in the group there, or muted, and `AwaitReply`
        after `StrangerLimit` messages to somebody who has never written, between two people.
        """
        if place.group:
            return functools.partial(_member_check, uid)
        limit = self._chat.stranger_limit
        others = place.others(uid)
        if not limit or not others:
            return _anything

        def check(head: Head) -> None:
            if head.sent(uid) >= limit and not any(head.sent(other) for other in others):
                raise AwaitReply

        return check


def _member_check(uid: int, head: Head) -> None:
    if not head.is_member(uid):
        raise Forbidden
    if head.silences(uid):
        raise Forbidden("muted")


def _group_place(uid: int, conv: str, head: Head) -> Place:
    return Place(
        conv,
        head.members,
        former=not head.is_member(uid),
        leads=uid in head.leaders,
        silenced=head.silences(uid),
    )


def _anything(_head: Head) -> None:
    return None


def _concerns(uid: int, conv: str) -> bool:
    """Whether it may be his: of a group its head decides."""
    return is_group(conv) or uid in pair_members(conv)


def _conv(uid: int, conv: str | None, to: int | None, default_to: int | None) -> str:
    if conv is None:
        other = to if to is not None else default_to
        if other is None:
            raise InvalidField("to", "required")
        return pair(uid, other)
    if to is not None and conv != pair(uid, to):
        raise InvalidField("conv", "conflict")
    return conv


def _pair_place(uid: int, conv: str) -> Place:
    match = _PAIR.match(conv)
    if match is None:
        raise InvalidField("conv", "pattern")
    low, high = int(match[1]), int(match[2])
    if low > high or high > INT_MAX:
        raise InvalidField("conv", "pattern")
    if uid not in (low, high):
        raise Forbidden
    return Place(conv, (low,) if low == high else (low, high))
