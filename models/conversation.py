"""Conversations and what each person keeps about them, in MongoDB.

    conversations   one document each: how far the log has come (`Head`), and besides `first_at`,
                    before which nothing kept was sent (ms), and `purged_seq`, up to which what has
                    expired is deleted
    inbox           one for each person and conversation: what he did there himself (`Cursor`)

A head follows from the log and is written behind it: it may lag, never lead. Between a message's
acknowledgement and the write of its head the conversation is marked dirty in Redis, and whoever
needs the exact head of a dirty one reads the log from the stored head on. What a person does
himself, reading or pinning, is stored before it is answered.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.errors import BulkWriteError

from models.guard import Guard
from models.message import IN_MAX, Message, Stored, is_group
from models.stores import Document, Stores

WRITES_MAX: Final = 100
"""Documents of one bulk write: an update takes the embedded store 1 to 4 ms, and the call 2.5 s."""


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
            return
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


class Conversations:
    """Queries on heads and cursors; every call raises `Unavailable` when the store is down."""

    def __init__(self, stores: Stores) -> None:
        self._guard: Guard = stores.mongo
        db = stores.mongo_db
        self._heads = db.get_collection("conversations", write_concern=stores.durable)
        self._inbox = db.get_collection("inbox", write_concern=stores.durable)

    async def create_indexes(self) -> None:
        async with self._guard():
            await self._inbox.create_indexes([IndexModel([("uid", ASCENDING)])])
            await self._heads.create_indexes([IndexModel([("first_at", ASCENDING)])])

    async def create(self, members_of: dict[str, Collection[int]], now: int) -> None:
        """Write the documents of new conversations, `now` (ms), before their first message."""
        heads = [
            {"_id": conv, "first_at": now, "purged_seq": 0} | _head_document(Head())
            for conv in members_of
        ]
        cursors = [
            {"_id": f"{uid}/{conv}"} | _cursor_document(Cursor(uid, conv))
            for conv, members in members_of.items()
            for uid in members
        ]
        await self._insert_missing(self._heads, heads)
        await self._insert_missing(self._inbox, cursors)

    async def _insert_missing(self, collection: Any, documents: Sequence[Document]) -> None:
        # An insert that is refused costs the embedded store 0.2 ms, an upsert 1 to 4.
        for start in range(0, len(documents), WRITES_MAX):
            try:
                async with self._guard():
                    await collection.insert_many(
                        documents[start : start + WRITES_MAX], ordered=False
                    )
            except BulkWriteError:
                continue  # Those refused were there already; the guard lets no other error through.

    async def heads(self, convs: Collection[str]) -> dict[str, Head]:
        """The stored heads, of conversations that exist."""
        wanted = list(convs)
        found: dict[str, Head] = {}
        for start in range(0, len(wanted), IN_MAX):
            async with self._guard():
                rows = await self._heads.find(
                    {"_id": {"$in": wanted[start : start + IN_MAX]}}
                ).to_list(None)
            found.update((row["_id"], _head(row)) for row in rows)
        return found

    async def inbox(self, uid: int) -> list[Cursor]:
        """What `uid` keeps about each of his conversations."""
        async with self._guard():
            rows = await self._inbox.find({"uid": uid}).to_list(None)
        return [_cursor(row) for row in rows]

    async def cursors(self, pairs: Collection[tuple[int, str]]) -> dict[tuple[int, str], Cursor]:
        """The stored cursors of (uid, conv), those that exist."""
        wanted = [f"{uid}/{conv}" for uid, conv in pairs]
        found: dict[tuple[int, str], Cursor] = {}
        for start in range(0, len(wanted), IN_MAX):
            async with self._guard():
                rows = await self._inbox.find(
                    {"_id": {"$in": wanted[start : start + IN_MAX]}}
                ).to_list(None)
            found.update(((row["uid"], row["conv"]), _cursor(row)) for row in rows)
        return found

    async def raise_heads(self, heads: Iterable[tuple[str, Head]]) -> None:
        """Move stored heads forward, in bulk; one that is further already stays as it is."""
        updates = [
            UpdateOne({"_id": conv, "last_seq": {"$lte": head.last_seq}}, {"$set": _advanced(head)})
            for conv, head in heads
        ]
        await self._write(self._heads, updates)

    async def raise_cursors(self, cursors: Iterable[Cursor]) -> None:
        """Move stored cursors forward, in bulk; none moves back."""
        updates = [
            UpdateOne(
                {"_id": f"{cursor.uid}/{cursor.conv}"},
                {"$max": {"read_seq": cursor.read_seq, "read_n": cursor.read_n}},
            )
            for cursor in cursors
        ]
        await self._write(self._inbox, updates)

    async def _write(self, collection: Any, updates: Sequence[UpdateOne]) -> None:
        for start in range(0, len(updates), WRITES_MAX):
            async with self._guard():
                await collection.bulk_write(updates[start : start + WRITES_MAX], ordered=False)

    async def expired(self, before: int, limit: int) -> list[tuple[str, Head, int]]:
        """Conversations that may hold messages sent before a moment (ms), each with its head and
        the seq up to which what had expired is deleted."""
        async with self._guard():
            rows = (
                await self._heads.find({"first_at": {"$lt": before}})
                .sort("first_at", ASCENDING)
                .limit(limit)
                .to_list(None)
            )
        return [(row["_id"], _head(row), int(row["purged_seq"])) for row in rows]

    async def raise_floor(self, conv: str, floor_seq: int, floor_n: int) -> None:
        """What lies at or below `floor_seq` is no longer kept.

        `last_seq` is raised with it, so that an emptied conversation never uses a seq again.
        """
        numbers = {"floor_seq": floor_seq, "floor_n": floor_n, "last_seq": floor_seq, "n": floor_n}
        async with self._guard():
            await self._heads.update_one({"_id": conv}, {"$max": numbers})

    async def purged(self, conv: str, seq: int, first_at: int) -> None:
        """What has expired is deleted up to `seq`, and nothing left was sent before `first_at`."""
        async with self._guard():
            await self._heads.update_one(
                {"_id": conv}, {"$max": {"purged_seq": seq}, "$set": {"first_at": first_at}}
            )

    async def purged_seq(self, conv: str) -> int:
        """Up to which seq what has expired is deleted."""
        async with self._guard():
            found = await self._heads.find_one({"_id": conv}, {"purged_seq": 1})
        return int(found["purged_seq"]) if found else 0

    async def forget(self, uid: int) -> None:
        """Delete what somebody keeps about his conversations."""
        async with self._guard():
            await self._inbox.delete_many({"uid": uid})

    async def set_preferences(self, cursor: Cursor) -> None:
        """Store `muted`, `pinned` and `hidden_at`; the document is made if it is missing."""
        wanted = {
            "uid": cursor.uid,
            "conv": cursor.conv,
            "muted": cursor.muted,
            "pinned": cursor.pinned,
            "hidden_at": cursor.hidden_at,
        }
        rest = {
            name: value for name, value in _cursor_document(cursor).items() if name not in wanted
        }
        async with self._guard():
            await self._inbox.update_one(
                {"_id": f"{cursor.uid}/{cursor.conv}"},
                {"$set": wanted, "$setOnInsert": rest},
                upsert=True,
            )


_FLOORS: Final = ("floor_seq", "floor_n")


def _head_document(head: Head) -> Document:
    """The whole head; maps have strings for keys, as BSON wants."""
    return {
        "last_seq": head.last_seq,
        "n": head.n,
        "floor_seq": head.floor_seq,
        "floor_n": head.floor_n,
        "shown_seq": head.shown_seq,
        "updated_at": head.updated_at,
        "own": {str(uid): list(own) for uid, own in head.own.items()},
        "mentioned": {str(uid): seq for uid, seq in head.mentioned.items()},
        "mentioned_all": head.mentioned_all,
        "spans": {str(uid): list(span) for uid, span in head.spans.items()},
        "leaders": {str(uid): role for uid, role in head.leaders.items()},
        "muted": {str(uid): until for uid, until in head.muted.items()},
        "admins_only": head.admins_only,
    }


def _advanced(head: Head) -> Document:
    """What follows from the log; the floors are moved by expiry alone."""
    fields = _head_document(head)
    return {name: value for name, value in fields.items() if name not in _FLOORS}


# Large numbers come as bson's Int64, which is an int that JSON does not know.


def _head(row: Document) -> Head:
    return Head(
        last_seq=int(row["last_seq"]),
        n=int(row["n"]),
        floor_seq=int(row["floor_seq"]),
        floor_n=int(row["floor_n"]),
        shown_seq=int(row["shown_seq"]),
        updated_at=int(row["updated_at"]),
        own={int(uid): Own(*map(int, own)) for uid, own in row["own"].items()},
        mentioned={int(uid): int(seq) for uid, seq in row["mentioned"].items()},
        mentioned_all=int(row["mentioned_all"]),
        # Heads that were written before there were groups have none.
        spans={int(uid): Span(*map(int, span)) for uid, span in row.get("spans", {}).items()},
        leaders={int(uid): role for uid, role in row.get("leaders", {}).items()},
        muted={int(uid): int(until) for uid, until in row.get("muted", {}).items()},
        admins_only=row.get("admins_only", False),
    )


def _cursor_document(cursor: Cursor) -> Document:
    return dataclasses.asdict(cursor)


def _cursor(row: Document) -> Cursor:
    return Cursor(
        int(row["uid"]),
        row["conv"],
        read_seq=int(row["read_seq"]),
        read_n=int(row["read_n"]),
        muted=row["muted"],
        pinned=row["pinned"],
        hidden_at=int(row["hidden_at"]),
    )
