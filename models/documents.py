"""Documents of MongoDB: how many are found, read and deleted without holding others up."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

import pymongo
from bson.int64 import Int64

from models.chunks import chunks
from models.errors import Unavailable
from models.guard import Guard

SCAN_SECONDS: Final = 60.0
"""What a question may take about all that there is of something: the embedded store reads whatever
matches before its first answer, 25 to 40 µs each, so that 80,000 conversations take longer than any
other call is waited for."""

IN_MAX: Final = 100
"""Values of one `$in`: 100 take 11 ms on the embedded store, 1,000 take 800."""

Document = dict[str, Any]
"""A MongoDB document, as the driver gives it; only `models/` sees one."""


def plain(value: Any) -> Any:
    """A value of a document without bson's Int64 in it."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return int(value) if isinstance(value, Int64) else value


def due_by(now: int) -> Document:
    """Matches a moment (ms) that has come.

    Without a lower end the embedded store reads every document that has no such moment, too: 250 ms
    for 6,000 of them.
    """
    return {"$gte": 0, "$lte": now}


@asynccontextmanager
async def scanning(guard: Guard) -> AsyncIterator[None]:
    """The border around a call to MongoDB that may take SCAN_SECONDS."""
    async with guard() as extend:
        extend(SCAN_SECONDS)
        with pymongo.timeout(SCAN_SECONDS):
            yield


async def pages(guard: Guard, cursor: Any, size: int) -> AsyncGenerator[list[Document], None]:
    """What a cursor of MongoDB finds, `size` documents at a time.

    One question for all of it, as the embedded store reads whatever matches before its first
    answer: with a limit, each page would cost as much as all of them.

    Raises:
        Unavailable: the store is down.
    """
    cursor = cursor.batch_size(size)
    try:
        async with scanning(guard):
            found = await cursor.to_list(size)
        while found:
            yield found
            if not cursor.alive:
                return
            async with guard():
                found = await cursor.to_list(size)
    finally:
        if cursor.alive:
            with contextlib.suppress(Unavailable):
                async with guard():
                    await cursor.close()


async def find(guard: Guard, collection: Any, ids: Iterable[str]) -> list[Document]:
    """Those documents of MongoDB that exist, by their `_id`. Raises `Unavailable`."""
    found: list[Document] = []
    for some in chunks(ids, IN_MAX):
        async with guard():
            found += await collection.find({"_id": {"$in": some}}).to_list(None)
    return found


async def delete(guard: Guard, collection: Any, ids: Iterable[str]) -> None:
    """Delete documents of MongoDB by their `_id`, a few at a time: others want to write, too."""
    for some in chunks(ids, IN_MAX):
        async with guard():
            await collection.delete_many({"_id": {"$in": some}})
