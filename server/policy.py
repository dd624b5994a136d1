"""Who may do what in a conversation.

The order of refusals is that of docs/protocol.md, section 3: banned, not a member, blocked, muted,
invalid by what is stored, rate, stranger limit, words.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from conf.settings import Chat
from models.conversation import Head
from models.errors import AwaitReply, ChatError, Forbidden, InvalidField, NotFound, RateLimited
from server.fields import INT_MAX
from server.people import People

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

    def others(self, uid: int) -> list[int]:
        """The members besides `uid`."""
        return [member for member in self.members if member != uid]


def pair(one: int, other: int) -> str:
    """The `conv` of two people, or of one and himself."""
    return f"{min(one, other)}:{max(one, other)}"


def pair_members(conv: str) -> tuple[int, ...]:
    """The people of a conversation of two, or of one and himself."""
    low, high = conv.split(":")
    return _members(int(low), int(high))


class Policy:
    """Decisions about conversations and messages."""

    def __init__(self, chat: Chat, people: People) -> None:
        self._chat = chat
        self._people = people
        self._full_at: dict[int, float] = {}
        """User -> when his bucket of messages is full again, seconds of the monotonic clock."""

    async def place(self, uid: int, conv: str) -> Place:
        """The conversation `conv`, for somebody in it.

        Raises:
            InvalidField: `conv`, pattern: it is no conversation's name.
            Forbidden: it is somebody else's.
            NotFound: there is no such user or group.
        """
        place = _place(uid, conv)
        for other in place.members:
            await self._people.get(other)
        return place

    async def addressed(
        self, uid: int, conv: str | None, to: int | None, default_to: int | None
    ) -> Place:
        """The conversation that a frame means by `conv`, by `to`, or by the handshake's `toUid`.

        Raises:
            InvalidField: `to`, required: by none of them; `conv`, conflict: they disagree.
        """
        return await self.place(uid, _conv(uid, conv, to, default_to))

    def at_hand(
        self, uid: int, conv: str | None, to: int | None, default_to: int | None
    ) -> Place | None:
        """As `addressed` and `may_send`, if nothing has to be asked for and nothing is refused."""
        try:
            place = _place(uid, _conv(uid, conv, to, default_to))
        except ChatError:
            return None
        for member in place.members:
            person, blocked = self._people.at_hand(member)
            if person is None or blocked is None or person.banned or uid in blocked:
                return None
        return place

    async def may_send(self, uid: int, place: Place) -> None:
        """Raises `Forbidden`: banned, or blocked by the other."""
        if (await self._people.get(uid)).banned:
            raise Forbidden("banned")
        for member in place.members:
            if uid in await self._people.blocks(member):
                raise Forbidden("blocked")

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

    def stranger_check(self, uid: int, place: Place) -> Callable[[Head], None]:
        """Decides by a conversation's head whether `uid` has to wait for an answer.

        The check raises `AwaitReply` after `StrangerLimit` messages to somebody who has never
        written here.
        """
        limit = self._chat.stranger_limit
        others = place.others(uid)
        if not limit or not others:
            return _anything

        def check(head: Head) -> None:
            if head.sent(uid) >= limit and not any(head.sent(other) for other in others):
                raise AwaitReply

        return check


def _anything(_head: Head) -> None:
    return None


def _conv(uid: int, conv: str | None, to: int | None, default_to: int | None) -> str:
    if conv is None:
        other = to if to is not None else default_to
        if other is None:
            raise InvalidField("to", "required")
        return pair(uid, other)
    if to is not None and conv != pair(uid, to):
        raise InvalidField("conv", "conflict")
    return conv


def _place(uid: int, conv: str) -> Place:
    match = _PAIR.match(conv)
    if match is None:
        if _GROUP.match(conv):
            raise NotFound
        raise InvalidField("conv", "pattern")
    low, high = int(match[1]), int(match[2])
    if low > high or high > INT_MAX:
        raise InvalidField("conv", "pattern")
    if uid not in (low, high):
        raise Forbidden
    return Place(conv, _members(low, high))


def _members(low: int, high: int) -> tuple[int, ...]:
    return (low,) if low == high else (low, high)
