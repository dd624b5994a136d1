"""What is kept of each content, by its digest, in MongoDB: the same bytes are kept once.

    digests      one document each: the key under which these bytes lie, and `due` while it is not
                 sure that a medium has them
    media_puts   one for each put that has begun and is not known to have ended

A digest is claimed before the medium that needs it is written, which keeps it until `due`. What a
crash leaves between two steps is found by the sweep: a digest that no medium has, or a put whose
key no digest names. As with media, a digest goes only if its `due` is the one that was read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from models.documents import due_by, pages
from models.guard import Guard
from models.stores import Stores


class Put(NamedTuple):
    """Bytes under a key of their own that nobody may have heard of yet."""

    key: str
    digest: str


class Due(NamedTuple):
    """A digest that has to be looked at."""

    digest: str
    key: str
    due: int


class Digests:
    """Queries on what is kept. Every call raises `Unavailable` when the store does not answer.

    All times are milliseconds since the epoch.
    """

    def __init__(self, stores: Stores) -> None:
        self._guard: Guard = stores.mongo
        self._digests = stores.mongo_db.get_collection("digests", write_concern=stores.durable)
        self._puts = stores.mongo_db.get_collection("media_puts", write_concern=stores.durable)

    async def create_indexes(self) -> None:
        for collection in (self._digests, self._puts):
            async with self._guard():
                await collection.create_indexes([IndexModel([("due", ASCENDING)])])

    async def claim(self, digest: str, until: int) -> str | None:
        """The key of these bytes if they are kept; they are kept until `until` at least."""
        async with self._guard():
            found = await self._digests.find_one_and_update(
                {"_id": digest},
                {"$max": {"due": until}},
                return_document=ReturnDocument.AFTER,
            )
        return str(found["key"]) if found else None

    async def begin(self, put: Put, until: int) -> None:
        """Note a put before its first byte; the sweep looks at it after `until`."""
        async with self._guard():
            await self._puts.insert_one({"_id": put.key, "digest": put.digest, "due": until})

    async def adopt(self, put: Put, until: int) -> str:
        """The key of these bytes from now on: another one if somebody was faster."""
        try:
            async with self._guard():
                await self._digests.insert_one({"_id": put.digest, "key": put.key, "due": until})
        except DuplicateKeyError:
            # Gone again in between: whoever uploads it once more puts it anew.
            return await self.claim(put.digest, until) or await self.adopt(put, until)
        return put.key

    async def end(self, key: str) -> None:
        """The put under `key` is adopted, or its bytes are gone."""
        async with self._guard():
            await self._puts.delete_one({"_id": key})

    # For the sweep

    async def due(self, now: int, size: int) -> AsyncIterator[list[Due]]:
        """Digests that have to be looked at, `size` at a time."""
        async for page in pages(self._guard, self._digests.find({"due": due_by(now)}), size):
            yield [Due(row["_id"], row["key"], int(row["due"])) for row in page]

    async def let_go(self, digest: str, due: int) -> None:
        """Have the sweep look at it from `due` on."""
        async with self._guard():
            await self._digests.update_one({"_id": digest}, {"$max": {"due": due}})

    async def settle(self, one: Due) -> None:
        """It is in use: look no more, unless its `due` has changed."""
        async with self._guard():
            await self._digests.update_one(
                {"_id": one.digest, "due": one.due}, {"$unset": {"due": ""}}
            )

    async def remove(self, one: Due) -> bool:
        """Forget it unless its `due` has changed; returns whether it did."""
        async with self._guard():
            deleted = await self._digests.delete_one({"_id": one.digest, "due": one.due})
        return bool(deleted.deleted_count)

    async def left(self, now: int, size: int) -> AsyncIterator[list[Put]]:
        """Puts that were not ended in time, `size` at a time."""
        async for page in pages(self._guard, self._puts.find({"due": due_by(now)}), size):
            yield [Put(row["_id"], row["digest"]) for row in page]

    async def key(self, digest: str) -> str | None:
        """The key under which these bytes are kept."""
        async with self._guard():
            found = await self._digests.find_one({"_id": digest})
        return str(found["key"]) if found else None
