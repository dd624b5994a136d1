"""Conversations and what each person keeps about them, in MongoDB.

    conversations   one document each: how far the log has come (`Head`), and besides `first_at`,
                    before which nothing kept was sent (ms), and `purged_seq`, up to which what has
                    expired is deleted
    inbox           one for each person and conversation: how far he has read (`Cursor`)

Heads and cursors are written behind the log, with `$max`: they may lag, never lead. Between a
message's acknowledgement and the write of its head the conversation is marked dirty in Redis, and
whoever needs the exact head of a dirty one reads the log from the stored head on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from pymongo import ASCENDING, IndexModel, UpdateOne

from models.message import IN_MAX, Stored
from models.stores import Document, Guard, Stores


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
    sent: dict[int, int] = field(default_factory=dict)
    """How many messages each person has sent here, ever."""

    def copy(self) -> Head:
        return dataclasses.replace(self, sent=dict(self.sent))

    def advance(self, stored: Stored) -> None:
        """Take in the next message of the log; one already taken in changes nothing."""
        message = stored.message
        if message.seq <= self.last_seq:
            return
        self.last_seq = message.seq
        self.n = stored.n
        if not message.silent:
            self.shown_seq = message.seq
            self.updated_at = message.time
        if message.kind != "system":
            self.sent[message.from_] = self.sent.get(message.from_, 0) + 1


@dataclass(slots=True)
class Cursor:
    """What one person keeps about one conversation."""

    uid: int
    conv: str
    read_seq: int = 0
    read_n: int = 0
    """The conversation's `n` at `read_seq`."""
    mention_seq: int = 0
    """The newest message that mentions the person."""
    muted: bool = False
    pinned: bool = False
    hidden_at: int = -1
    """`last_seq` when it was hidden; a later message that is not silent brings it back."""

    def advance(self, stored: Stored) -> None:
        """Take in a message: its author has read so far, whom it mentions is mentioned."""
        message = stored.message
        if message.from_ == self.uid and not message.silent:
            self.read_to(message.seq, stored.n)
        if message.mentions_person(self.uid):
            self.mention_seq = max(self.mention_seq, message.seq)

    def read_to(self, seq: int, n: int) -> bool:
        """Returns whether it moved; it never goes back."""
        if seq <= self.read_seq:
            return False
        self.read_seq, self.read_n = seq, n
        return True


_HEAD_MAX: Final = ("last_seq", "n", "shown_seq", "updated_at")
_CURSOR_MAX: Final = ("read_seq", "read_n", "mention_seq")


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
        new = _head_document(Head()) | {"first_at": now, "purged_seq": 0}
        async with self._guard():
            await self._heads.bulk_write(
                [
                    UpdateOne({"_id": conv}, {"$setOnInsert": new}, upsert=True)
                    for conv in members_of
                ]
            )
            await self._inbox.bulk_write(
                [
                    UpdateOne(
                        {"_id": f"{uid}/{conv}"},
                        {"$setOnInsert": _cursor_document(Cursor(uid, conv))},
                        upsert=True,
                    )
                    for conv, members in members_of.items()
                    for uid in members
                ]
            )

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

    async def raise_positions(
        self, heads: Iterable[tuple[str, Head]], cursors: Iterable[Cursor]
    ) -> None:
        """Move stored heads and cursors forward, in bulk; nothing ever moves back.

        Cursors first: who reads the log from a head that lags applies its messages to cursors
        again, which changes nothing, while a head that led its cursors would hide them.
        """
        head_updates = [UpdateOne({"_id": conv}, _raise_head(head)) for conv, head in heads]
        cursor_updates = [
            UpdateOne(
                {"_id": f"{cursor.uid}/{cursor.conv}"},
                {"$max": {name: getattr(cursor, name) for name in _CURSOR_MAX}},
            )
            for cursor in cursors
        ]
        if cursor_updates:
            async with self._guard():
                await self._inbox.bulk_write(cursor_updates, ordered=False)
        if head_updates:
            async with self._guard():
                await self._heads.bulk_write(head_updates, ordered=False)

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


def _head_document(head: Head) -> Document:
    fields = dataclasses.asdict(head)
    fields["sent"] = {str(uid): count for uid, count in head.sent.items()}
    return fields


def _head(row: Document) -> Head:
    fields: dict[str, Any] = {name: int(row[name]) for name in Head.__slots__ if name != "sent"}
    return Head(**fields, sent={int(uid): int(count) for uid, count in row["sent"].items()})


def _raise_head(head: Head) -> Document:
    numbers: dict[str, int] = {name: getattr(head, name) for name in _HEAD_MAX}
    numbers |= {f"sent.{uid}": count for uid, count in head.sent.items()}
    return {"$max": numbers}


def _cursor_document(cursor: Cursor) -> Document:
    return dataclasses.asdict(cursor)


def _cursor(row: Document) -> Cursor:
    # Large numbers come as bson's Int64, which is an int that JSON does not know.
    numbers = {name: int(row[name]) for name in (*_CURSOR_MAX, "hidden_at")}
    return Cursor(int(row["uid"]), row["conv"], muted=row["muted"], pinned=row["pinned"], **numbers)
