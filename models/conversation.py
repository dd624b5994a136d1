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
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.errors import BulkWriteError

from models.chunks import chunks
from models.documents import Document, delete, find, pages
from models.guard import Guard
from models.head import Cursor, Head, Own, Span
from models.stores import Stores

PAGE: Final = 1000
"""Conversations of one answer of the store."""

WRITES_MAX: Final = 100
"""Documents of one bulk write: an update takes the embedded store 1 to 4 ms, and the call 2.5 s."""


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
        for some in chunks(documents, WRITES_MAX):
            try:
                async with self._guard():
                    await collection.insert_many(some, ordered=False)
            except BulkWriteError:
                continue  # Those refused were there already; the guard lets no other error through.

    async def heads(self, convs: Collection[str]) -> dict[str, Head]:
        """The stored heads, of conversations that exist."""
        return {row["_id"]: _head(row) for row in await find(self._guard, self._heads, convs)}

    async def inbox(self, uid: int) -> list[Cursor]:
        """What `uid` keeps about each of his conversations."""
        cursor = self._inbox.find({"uid": uid})
        return [_cursor(row) async for page in pages(self._guard, cursor, PAGE) for row in page]

    async def cursors(self, pairs: Collection[tuple[int, str]]) -> dict[tuple[int, str], Cursor]:
        """The stored cursors of (uid, conv), those that exist."""
        rows = await find(self._guard, self._inbox, (f"{uid}/{conv}" for uid, conv in pairs))
        return {(row["uid"], row["conv"]): _cursor(row) for row in rows}

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
        for some in chunks(updates, WRITES_MAX):
            async with self._guard():
                await collection.bulk_write(some, ordered=False)

    async def expired(self, before: int) -> list[str]:
        """Conversations that may hold messages sent before a moment (ms)."""
        cursor = self._heads.find({"first_at": {"$lt": before}}, {"_id": 1})
        return [row["_id"] async for page in pages(self._guard, cursor, PAGE) for row in page]

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
        ids = [f"{uid}/{cursor.conv}" for cursor in await self.inbox(uid)]
        await delete(self._guard, self._inbox, ids)

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
        "shown_key": head.shown_key,
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
        shown_key=row.get("shown_key", ""),
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
