"""How far a conversation has come (`Head`), what one person may read of it (`View`), and what he
keeps about it himself (`Cursor`).

A head follows from the log: each stored message moves it by `advance`, and nothing else does but
expiry, which raises the floors.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from models.conv import is_group
from models.message import Message, Stored, message_key


class Own(NamedTuple):
    """Of one person in one conversation: the newest message by him."""

    seq: int
    n: int
    """The conversation's `n` there."""
    sent: int
    """How many messages he has sent there, ever."""


class Span(NamedTuple):
    """What one person may read of a group: from his newest `joined` on, to the event he left by."""

    first_seq: int
    first_n: int
    """The conversation's `n` there: an event does not count, so also the one below it."""
    last_seq: int = 0
    """0 while he is a member, and the rest with it."""
    last_n: int = 0
    last_at: int = 0
    """When that event was sent, ms."""

    @property
    def open(self) -> bool:
        return not self.last_seq


@dataclass(frozen=True, slots=True)
class View:
    """A conversation as one person may read it."""

    first_seq: int
    n_before: int
    """`n` below `first_seq`."""
    last_seq: int
    n: int
    """`n` at `last_seq`."""
    shown_seq: int
    updated_at: int
    member: bool
    """False for who was in it once, to whom nothing but reading is left, and for strangers."""

    def shows(self, seq: int) -> bool:
        """Whether a message at `seq`, if it is kept, is one to be read."""
        return self.first_seq <= seq <= self.last_seq


NOTHING: Final = View(1, 0, 0, 0, 0, 0, member=False)
"""What somebody sees of a group that he has never been in."""


@dataclass(slots=True)
class Head:
    """How far the log of a conversation has come, and what follows from what it holds."""

    last_seq: int = 0
    n: int = 0
    """Messages up to `last_seq` that are not `system`."""
    floor_seq: int = 0
    """The highest seq that has expired; the first kept message is the next."""
    floor_n: int = 0
    shown_seq: int = 0
    """The newest message that is not silent: `last_message`."""
    shown_key: str = ""
    """The `_id` of that one, empty for an event: those of many conversations are found in one call
    by it, where their places in the order take a call each."""
    updated_at: int = 0
    """When that one was sent, ms."""
    own: dict[int, Own] = field(default_factory=dict)
    mentioned: dict[int, int] = field(default_factory=dict)
    """Person -> the newest message that mentions him by uid."""
    mentioned_all: int = 0
    """The newest message that mentions everyone."""
    spans: dict[int, Span] = field(default_factory=dict)
    """Of a group: everyone who is or was in it."""
    leaders: dict[int, str] = field(default_factory=dict)
    """Of a group: its owner and administrators, each with the word for it."""
    muted: dict[int, int] = field(default_factory=dict)
    """Of a group: who was muted, and until when, ms."""
    admins_only: bool = False
    """Of a group: nobody else may write."""
    _members: tuple[int, ...] | None = field(default=None, compare=False)
    """Made of `spans` when it is asked for: 500 of them take 20 microseconds."""

    def copy(self) -> Head:
        return dataclasses.replace(
            self,
            own=dict(self.own),
            mentioned=dict(self.mentioned),
            spans=dict(self.spans),
            leaders=dict(self.leaders),
            muted=dict(self.muted),
        )

    def advance(self, stored: Stored) -> None:
        """Take in the next message of the log; one already taken in changes nothing."""
        message = stored.message
        if message.seq <= self.last_seq:
            return
        self.last_seq = message.seq
        self.n = stored.n
        if message.silent:
            if isinstance(message.message, Message):
                self._mention(message.message)  # An edit may mention somebody else.
            return
        if message.event is not None and is_group(message.conv):
            self._pass(stored)
        self.shown_seq = message.seq
        self.updated_at = message.time
        if message.kind == "system":
            self.shown_key = ""
            return
        self.shown_key = message_key(message.conv, message.from_, message.id)
        sent = self.sent(message.from_) + 1
        self.own[message.from_] = Own(message.seq, stored.n, sent)
        self._mention(message)

    def _mention(self, message: Message) -> None:
        if message.mentions == "all":
            self.mentioned_all = max(self.mentioned_all, message.seq)
        else:
            for uid in message.mentions or ():
                self.mentioned[uid] = max(self.mentioned.get(uid, 0), message.seq)

    def _pass(self, stored: Stored) -> None:
        """Take in what an event of a group changes: who is in it, who leads, who may write."""
        message, data = stored.message, stored.message.data or {}
        for uid in message.arrivals():
            if not self.is_member(uid):
                self.spans[uid] = Span(message.seq, stored.n)
                self._members = None
        for uid in message.departures(self.members):
            if self.is_member(uid):
                self.spans[uid] = self.spans[uid]._replace(
                    last_seq=message.seq, last_n=stored.n, last_at=message.time
                )
                self._members = None
            self.leaders.pop(uid, None)
            self.muted.pop(uid, None)
        if message.event == "created":
            self.leaders[message.from_] = "owner"
        elif message.event == "changed" and "speak" in data:
            self.admins_only = data["speak"] == "admins"
        elif message.event == "role":
            roles = dict.fromkeys(data["uids"], data["role"])
            kept = {uid: role for uid, role in self.leaders.items() if uid not in roles}
            self.leaders = kept | {u: role for u, role in roles.items() if role != "member"}
        elif message.event == "muted":
            self.muted |= dict.fromkeys(data["uids"], data["until"])

    def silences(self, uid: int) -> bool:
        """Of a group: whether this member may not write at this moment."""
        if uid in self.leaders:
            return False
        return self.admins_only or self.muted.get(uid, 0) > time.time() * 1000

    @property
    def members(self) -> tuple[int, ...]:
        """Of a group: who is in it."""
        if self._members is None:
            self._members = tuple(uid for uid, span in self.spans.items() if span.open)
        return self._members

    def is_member(self, uid: int) -> bool:
        """Of a group: whether `uid` is in it."""
        span = self.spans.get(uid)
        return span is not None and span.open

    def view(self, uid: int) -> View:
        """What `uid` may read."""
        floor, n_floor = self.floor_seq, self.floor_n
        if not self.spans:
            return View(
                floor + 1, n_floor, self.last_seq, self.n, self.shown_seq, self.updated_at, True
            )
        span = self.spans.get(uid)
        if span is None:
            return NOTHING
        first, n_before = max(floor + 1, span.first_seq), max(n_floor, span.first_n)
        if span.open:
            return View(
                first, n_before, self.last_seq, self.n, self.shown_seq, self.updated_at, True
            )
        return View(first, n_before, span.last_seq, span.last_n, span.last_seq, span.last_at, False)

    def sent(self, uid: int) -> int:
        """How many messages `uid` has sent here, ever."""
        own = self.own.get(uid)
        return own.sent if own else 0

    def read_by(self, cursor: Cursor) -> tuple[int, int]:
        """How far the person of `cursor` has read, and `n` there: he has read what he wrote."""
        own = self.own.get(cursor.uid)
        if own is not None and own.seq > cursor.read_seq:
            return own.seq, own.n
        return cursor.read_seq, cursor.read_n

    def mentions(self, uid: int) -> int:
        """The newest message that may mention `uid`, or 0; it may have been recalled since."""
        return max(self.mentioned_all, self.mentioned.get(uid, 0))


@dataclass(slots=True)
class Cursor:
    """What one person keeps about one conversation."""

    uid: int
    conv: str
    read_seq: int = 0
    """Up to where he said that he has read; `Head.read_by` tells how far he has."""
    read_n: int = 0
    """The conversation's `n` at `read_seq`."""
    muted: bool = False
    pinned: bool = False
    hidden_at: int = -1
    """`last_seq` when it was hidden; a later message that is not silent brings it back."""

    def read_to(self, seq: int, n: int) -> bool:
        """Returns whether it moved; it never goes back."""
        if seq <= self.read_seq:
            return False
        self.read_seq, self.read_n = seq, n
        return True
