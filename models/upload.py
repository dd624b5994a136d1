"""Uploads that may break off and go on, in MongoDB: how far each has come, and what has come.

    media_uploads          one document each: whose it is, how long it will be, how far it has
                           come, `due`
    media_uploads.pieces   what has come, by its upload and its number

Rules kept here:
- a piece is written before the offset moves over it, and never again: of two who write one upload
  the index refuses one, whatever processes they are in, and nobody holds a lock that a dead one
  would leave;
- the newest writer has the turn: an older one, whose line is dead but not yet all read, ends with
  its next piece;
- at most one piece lies beyond the offset, left by a writer that died or was not answered; whoever
  reads how far the upload has come moves the offset over it;
- an upload that is ended stays until its `due`, without pieces: one that was on its way then is
  deleted with it.

All times are milliseconds since the epoch.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from bson.int64 import Int64
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from models.blobs import DELETED, WRITERS
from models.documents import Document, due_by, pages, plain, scanning
from models.errors import Conflict, NotFound
from models.guard import Guard
from models.stores import Stores

PIECE_BYTES: Final = 128 * 1024
"""The most that a piece has. Who uploads holds one in memory until it is his turn to write: with 20
of them the process grows by 6 MiB, with pieces as large as a blob's chunks by 11."""

_ABSENT: Final = {"$exists": False}


@dataclass(frozen=True, slots=True)
class Resumable:
    """An upload, as far as it has come."""

    id: str
    uid: int
    length: int
    """Bytes that it will have."""
    metadata: str
    """What its sender says of it, as he wrote it."""
    due: int
    """When the sweep looks at it."""
    offset: int = 0
    """Bytes that have come."""
    pieces: int = 0
    """In how many pieces they lie."""
    turn: int = 0
    """Who writes it: how many have begun to."""
    finished: bool = False
    """It is a medium."""
    ended: bool = False
    """It is one no more: only the sweep still sees it."""

    @property
    def complete(self) -> bool:
        return self.offset == self.length


class Resumables:
    """Queries on such uploads. Every call raises `Unavailable` when the store does not answer."""

    def __init__(self, stores: Stores) -> None:
        self._guard: Guard = stores.mongo
        self._uploads = stores.mongo_db.get_collection(
            "media_uploads", write_concern=stores.durable
        )
        self._pieces = stores.mongo_db.get_collection(
            "media_uploads.pieces", write_concern=stores.durable
        )
        self._writing = asyncio.Semaphore(WRITERS)

    async def create_indexes(self) -> None:
        async with self._guard():
            await self._uploads.create_indexes(
                [IndexModel([("due", ASCENDING)]), IndexModel([("uid", ASCENDING)])]
            )
            order = [("upload", ASCENDING), ("n", ASCENDING)]
            await self._pieces.create_indexes([IndexModel(order, unique=True)])

    async def add(self, one: Resumable) -> None:
        """Begin an upload of which nothing has come."""
        async with self._guard():
            await self._uploads.insert_one(
                {
                    "_id": one.id,
                    "uid": one.uid,
                    "length": Int64(one.length),
                    "metadata": one.metadata,
                    "due": one.due,
                    "offset": Int64(0),
                    "pieces": 0,
                    "turn": 0,
                }
            )

    async def get(self, id: str) -> Resumable | None:
        """An upload, with all that has come of it; None where there is none, or it is ended."""
        async with self._guard():
            found = await self._uploads.find_one({"_id": id})
        return None if found is None else await self._take_in(_resumable(found))

    async def take(self, id: str, uid: int) -> Resumable | None:
        """As `get`, of an upload of `uid`; who has been writing it is refused from now on."""
        async with self._guard():
            found = await self._uploads.find_one_and_update(
                {"_id": id, "uid": uid},
                {"$inc": {"turn": 1}},
                return_document=ReturnDocument.AFTER,
            )
        return None if found is None else await self._take_in(_resumable(found))

    async def _take_in(self, one: Resumable) -> Resumable | None:
        """Move the offset over a piece whose writer has not come to it."""
        if one.ended:
            return None
        if one.complete:
            return one
        async with self._guard():
            left = await self._pieces.find_one({"upload": one.id, "n": one.pieces}, {"size": 1})
        if left is None:
            return one
        return await self._move(one, left["size"], one.due, {})

    async def append(self, one: Resumable, parts: list[bytes], due: int) -> Resumable:
        """Store `parts` as the next piece, at most PIECE_BYTES; the upload as it is then.

        Raises:
            Conflict: somebody else writes it now, or it is a medium.
            NotFound: it is ended.
        """
        async with self._writing:
            # Joined here, so that who waits for his turn holds them once.
            data = b"".join(parts)
            parts.clear()
            place = {"upload": one.id, "n": one.pieces}
            document = place | {"size": len(data), "data": data}
            try:
                async with self._guard():
                    await self._pieces.insert_one(document)
            except DuplicateKeyError:
                raise Conflict from None
        return await self._move(one, len(data), due, {"turn": one.turn})

    async def _move(self, one: Resumable, size: int, due: int, expected: Document) -> Resumable:
        """Move the offset over the piece behind it.

        It never goes back, and pieces stay: who else has moved it has moved it to the same place.
        """
        moved = dataclasses.replace(
            one, offset=one.offset + size, pieces=one.pieces + 1, due=max(one.due, due)
        )
        change = {"offset": Int64(moved.offset), "pieces": moved.pieces, "due": moved.due}
        async with self._guard():
            done = await self._uploads.update_one(
                {"_id": one.id, "finished": _ABSENT, "ended": _ABSENT} | expected,
                {"$max": change},
            )
        if not done.matched_count:
            # Of a medium the pieces are gone, so that the index had nothing to refuse with.
            raise NotFound if await self.get(one.id) is None else Conflict
        return moved

    async def read(self, one: Resumable) -> AsyncIterator[bytes]:
        """What has come, piece by piece. Raises `NotFound`: it is gone, or going."""
        for n in range(one.pieces):
            async with self._guard():
                found = await self._pieces.find_one({"upload": one.id, "n": n}, {"data": 1})
            if found is None:
                raise NotFound
            yield found["data"]

    async def finish(self, one: Resumable, due: int) -> None:
        """It is a medium."""
        async with self._guard():
            await self._uploads.update_one(
                {"_id": one.id}, {"$set": {"finished": True, "due": due}}
            )

    async def end(self, one: Resumable, due: int, *, unmoved: bool = False) -> bool:
        """It is one no more; with `unmoved` only if nothing has come meanwhile. Whether it is."""
        expected = {"due": one.due} if unmoved else {}
        async with self._guard():
            ended = await self._uploads.update_one(
                {"_id": one.id} | expected, {"$set": {"ended": True, "due": due}}
            )
        return bool(ended.matched_count)

    async def clear(self, one: Resumable) -> None:
        """Delete what has come."""
        # One more than are known: the one that may lie beyond the offset.
        for first in range(0, one.pieces + 1, DELETED):
            n = {"$gte": first, "$lt": first + DELETED}
            async with self._writing, self._guard():
                await self._pieces.delete_many({"upload": one.id, "n": n})

    async def let_go(self, uid: int, due: int) -> None:
        """Have the sweep look at all of somebody's from `due` on."""
        async with scanning(self._guard):
            await self._uploads.update_many({"uid": uid}, {"$min": {"due": due}})

    # For the sweep

    async def due(self, now: int, size: int) -> AsyncIterator[list[Resumable]]:
        """Uploads that have to be looked at, `size` at a time."""
        async for page in pages(self._guard, self._uploads.find({"due": due_by(now)}), size):
            yield [_resumable(row) for row in page]

    async def remove(self, one: Resumable) -> None:
        """Forget it, unless its `due` has changed."""
        async with self._guard():
            await self._uploads.delete_one({"_id": one.id, "due": one.due})


def _resumable(row: Document) -> Resumable:
    fields = plain(row)
    return Resumable(id=fields.pop("_id"), **fields)
