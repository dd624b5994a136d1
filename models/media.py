"""Media in MongoDB: what was uploaded, and what carries it.

    media        one document each: who uploaded it, what it is, under which keys its bytes lie
    media_uses   one for each medium and what carries it: a message, a profile, a group

A use is written before the message that it names, so it may lead and never lags; whether the
message is there, and still carries the medium, is what the log says. A document that may have to go
has a `due`: from then on the sweep looks at it. Who finds it in use takes the `due` away, who finds
it in no use deletes it, each only if the `due` is still the one that it read, so that a send that
has pushed it back meanwhile is never overlooked.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from models.chunks import chunks
from models.documents import IN_MAX, Document, delete, due_by, pages, plain, scanning
from models.guard import Guard
from models.message import MediaMeta
from models.stores import Stores

MediaKind = Literal["image", "voice", "file"]

_SEPARATOR: Final = "|"
"""Between a medium's id and what carries it; no id holds one."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are kept."""

    digest: str
    """SHA-256, in hexadecimal: what is the same is kept once."""
    key: str
    """Under which `models.blobs` has them."""
    size: int
    mime: str


@dataclass(frozen=True, slots=True)
class Medium:
    """What somebody has uploaded."""

    id: str
    uid: int
    kind: MediaKind
    meta: MediaMeta
    blob: Blob
    thumb: Blob | None
    created_at: int
    """Milliseconds since the epoch."""
    carried: int = field(default=0, compare=False)
    """How many uses of it were noted, those included that are gone."""
    heir: str | None = field(default=None, compare=False)
    """The medium of the same bytes that is carried in its place, since it has so many."""
    heir_of: str | None = None
    """The medium that was uploaded, where this is carried in its place."""


@dataclass(frozen=True, slots=True)
class Use:
    """What carries a medium."""

    key: str
    """A message's `_id`, or `user_key` or `group_key`."""
    conv: str
    """The message's conversation, "" of a picture of somebody or of a group."""
    at: int
    """When it was written, ms."""


def user_key(uid: int) -> str:
    """The use of a medium as somebody's picture."""
    return f"user:{uid}"


def group_key(gid: int) -> str:
    """The use of a medium as a group's picture."""
    return f"group:{gid}"


class Media:
    """Queries on media. Every call raises `Unavailable` when the store does not answer."""

    def __init__(self, stores: Stores) -> None:
        self._guard: Guard = stores.mongo
        self._media = stores.mongo_db.get_collection("media", write_concern=stores.durable)
        self._uses = stores.mongo_db.get_collection("media_uses", write_concern=stores.durable)

    async def create_indexes(self) -> None:
        async with self._guard():
            await self._media.create_indexes(
                [
                    IndexModel([("due", ASCENDING)]),
                    IndexModel([("digests", ASCENDING)]),
                    IndexModel([("uid", ASCENDING)]),
                ]
            )
            await self._uses.create_indexes([IndexModel([("media", ASCENDING)])])

    async def add(self, medium: Medium, *, due: int) -> None:
        """One of that id that is there already stays as it is."""
        with contextlib.suppress(DuplicateKeyError):
            async with self._guard():
                await self._media.insert_one(_document(medium) | {"due": due})

    async def get(self, id: str) -> Medium | None:
        async with self._guard():
            found = await self._media.find_one({"_id": id})
        return _medium(found) if found else None

    async def of(self, uid: int, size: int) -> AsyncIterator[list[Medium]]:
        """What somebody has uploaded, `size` at a time, without what is carried in its place."""
        uploaded = self._media.find({"uid": uid, "heir_of": None})
        async for page in pages(self._guard, uploaded, size):
            yield [_medium(row) for row in page]

    async def hold(self, id: str, until: int, *, uses: int = 0) -> Medium | None:
        """As `get`, and it is not deleted before `until`, whatever carries it or not.

        Args:
            uses: so many more of it were noted.
        """
        count: Document = {"$inc": {"carried": uses}}
        due = {"_id": id, "due": {"$exists": True}}, count | {"$max": {"due": until}}
        for wanted, change in (due, ({"_id": id}, count)):
            async with self._guard():
                found = await self._media.find_one_and_update(
                    wanted, change, return_document=ReturnDocument.AFTER
                )
            if found:
                return _medium(found)
        return None

    async def set_heir(self, id: str, heir: str) -> None:
        async with self._guard():
            await self._media.update_one({"_id": id}, {"$set": {"heir": heir}})

    async def let_go(self, ids: Collection[str], due: int) -> None:
        """Have the sweep look at them from `due` on; a `due` that comes before that stays."""
        for some in chunks(ids, IN_MAX):
            async with self._guard():
                await self._media.update_many({"_id": {"$in": some}}, {"$min": {"due": due}})

    async def due(self, now: int, size: int) -> AsyncIterator[list[tuple[Medium, int]]]:
        """Media that have to be looked at, each with its `due`, `size` at a time."""
        async for page in pages(self._guard, self._media.find({"due": due_by(now)}), size):
            yield [(_medium(row), int(row["due"])) for row in page]

    async def postpone(self, id: str, due: int, until: int | None) -> None:
        """Look again from `until` on, with None not at all, unless the `due` has changed."""
        change: Document = {"$unset": {"due": ""}} if until is None else {"$set": {"due": until}}
        async with self._guard():
            await self._media.update_one({"_id": id, "due": due}, change)

    async def remove(self, id: str, due: int) -> bool:
        """Delete a medium and its uses unless the `due` has changed; returns whether it did."""
        async with self._guard():
            deleted = await self._media.delete_one({"_id": id, "due": due})
        if deleted.deleted_count:
            uses = [f"{id}{_SEPARATOR}{use.key}" for use in await self.uses(id)]
            await delete(self._guard, self._uses, uses)
        return bool(deleted.deleted_count)

    async def is_carried(self, digest: str) -> bool:
        """Whether any medium has these bytes."""
        async with scanning(self._guard):
            return await self._media.find_one({"digests": digest}, {"_id": 1}) is not None

    # Uses

    async def use(self, id: str, use: Use) -> bool:
        """Note what carries a medium, or is about to; again it is the same use.

        Returns:
            Whether it is new.
        """
        fields = {"media": id, "key": use.key, "conv": use.conv, "at": use.at}
        async with self._guard():
            noted = await self._uses.replace_one(
                {"_id": f"{id}{_SEPARATOR}{use.key}"}, fields, upsert=True
            )
        return noted.upserted_id is not None

    async def unuse(self, id: str, key: str) -> None:
        async with self._guard():
            await self._uses.delete_one({"_id": f"{id}{_SEPARATOR}{key}"})

    async def uses(self, id: str) -> list[Use]:
        """What carries a medium, as far as was noted, in no order."""
        async with scanning(self._guard):
            rows = await self._uses.find({"media": id}).to_list(None)
        return [Use(row["key"], row["conv"], int(row["at"])) for row in rows]


def _document(medium: Medium) -> Document:
    blobs = [blob for blob in (medium.blob, medium.thumb) if blob is not None]
    return {
        "_id": medium.id,
        "uid": medium.uid,
        "kind": medium.kind,
        "meta": msgspec.to_builtins(medium.meta),
        "blobs": [msgspec.to_builtins(blob) for blob in blobs],
        # For the index: an index on a field of an array's members is not every store's.
        "digests": [blob.digest for blob in blobs],
        "created_at": medium.created_at,
        "heir_of": medium.heir_of,
    }


def _medium(row: Document) -> Medium:
    fields: dict[str, Any] = plain(row)
    blobs = [Blob(**blob) for blob in fields["blobs"]]
    return Medium(
        id=fields["_id"],
        uid=fields["uid"],
        kind=fields["kind"],
        meta=msgspec.convert(fields["meta"], MediaMeta),
        blob=blobs[0],
        thumb=blobs[1] if len(blobs) > 1 else None,
        created_at=fields["created_at"],
        carried=fields.get("carried", 0),
        heir=fields.get("heir"),
        heir_of=fields.get("heir_of"),
    )
