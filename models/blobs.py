"""Where the bytes of uploads are kept: each blob under a key of its own, written once.

Rules kept here:
- a blob is there once `put` has returned, and what a crash or an outage left of one is never read;
- memory stays flat: nobody holds more than one piece, and who waits for his turn holds none;
- each step has a time limit, so that a frozen store gives `Unavailable` in at most 3 s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from bson.int64 import Int64
from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING, IndexModel, WriteConcern

from models.errors import NotFound
from models.guard import Guard

PIECE_BYTES: Final = 255 * 1024
"""Of a piece that is read or written, and of a chunk document: GridFS's own default, which leaves
room for the rest of the document in 256 KiB. Smaller ones make more writes of the same file and
messages beside them are no faster."""

WRITERS: Final = 1
"""Chunks being written at once by this process. A second one brings no more bytes per second, and
the messages beside it wait longer."""

READERS: Final = 2
"""Chunks being read at once by this process: the guard's other turns are for messages."""

DELETED: Final = 8
"""Chunks of one delete. The embedded store takes 1 ms for each, and writes no message meanwhile."""

BUCKET: Final = "blobs"
"""The collections are `blobs.files` and `blobs.chunks`."""


class Blobs(Protocol):
    """Blobs by their keys. Every call raises `Unavailable` when the store does not answer."""

    async def put(self, key: str, path: Path) -> None:
        """Store what is in the file `path`; it is on disk when this returns.

        Args:
            key: 32 hexadecimal characters, fresh each time. To be noted before, so that `delete`
                can clean up behind a put that failed or was killed.
        """
        ...

    def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `stop`, which is not read, in pieces of at most 256 KiB.

        Nothing is held or fetched ahead between two pieces, however slowly they are taken.

        Raises:
            NotFound: there is no such blob, or it ends before `stop`. With the first piece, even
                where none is asked for; or later, when it is deleted meanwhile.
        """
        ...

    async def delete(self, key: str) -> None:
        """Delete a blob, or what there is of one; nothing there is no error."""
        ...

    async def probe(self) -> None:
        """Raises `Unavailable` unless the store answers."""
        ...

    async def close(self) -> None:
        """Let go of what only it has opened."""
        ...


def piece(path: Path, start: int) -> bytes:
    """At most PIECE_BYTES of a file; for a thread."""
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        return file.read(PIECE_BYTES)


class GridFS:
    """Blobs in MongoDB, as documents of GridFS.

    The library's own streams are not used: for writing it gathers 48 MB of chunks before it sends
    them, for reading it fetches 16 MB at once, and it knows neither the guard nor its time limit.
    """

    def __init__(
        self, database: AsyncIOMotorDatabase[dict[str, Any]], *, guard: Guard, durable: WriteConcern
    ) -> None:
        self._guard = guard
        self._files = database.get_collection(f"{BUCKET}.files", write_concern=durable)
        self._chunks = database.get_collection(f"{BUCKET}.chunks", write_concern=durable)
        self._indexed = False
        self._writing = asyncio.Semaphore(WRITERS)
        self._reading = asyncio.Semaphore(READERS)

    async def put(self, key: str, path: Path) -> None:
        await self._create_index()
        size = 0
        while length := await self._put_chunk(key, path, size):
            size += length
        # Last, and the first that a read asks for: without it there is no blob.
        await self._put_file(key, size)

    async def _create_index(self) -> None:
        # Before the first write, as GridFS has it: readers of other makes rely on it too.
        if not self._indexed:
            async with self._guard():
                order = [("files_id", ASCENDING), ("n", ASCENDING)]
                await self._chunks.create_indexes([IndexModel(order, unique=True)])
            self._indexed = True

    async def _put_chunk(self, key: str, path: Path, start: int) -> int:
        async with self._writing:
            data = await asyncio.to_thread(piece, path, start)
            if data:
                document = {"files_id": key, "n": start // PIECE_BYTES, "data": data}
                async with self._guard():
                    await self._chunks.insert_one(document)
            return len(data)

    async def _put_file(self, key: str, size: int) -> None:
        document = {
            "_id": key,
            "length": Int64(size),
            "chunkSize": PIECE_BYTES,
            "uploadDate": datetime.now(UTC),
        }
        async with self._guard():
            await self._files.insert_one(document)

    async def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        async with self._guard():
            file = await self._files.find_one({"_id": key})
        if file is None or stop > file["length"]:
            raise NotFound
        size = int(file["chunkSize"])
        while start < stop:
            end = min(stop, start - start % size + size)
            # Bound to no name, so that nothing is held here once it is taken.
            yield await self._part(key, size, start, end)
            start = end

    async def _part(self, key: str, size: int, start: int, stop: int) -> bytes:
        """Bytes of one chunk, by their places in the blob."""
        n, offset = divmod(start, size)
        async with self._reading, self._guard():
            chunk = await self._chunks.find_one({"files_id": key, "n": n}, {"_id": 0, "data": 1})
        if chunk is None:
            raise NotFound
        data: bytes = chunk["data"]
        return data[offset : offset + stop - start]

    async def delete(self, key: str) -> None:
        async with self._guard():
            await self._files.delete_one({"_id": key})
        # From the last one down, so that what a crash leaves is again the first so many: the next
        # delete finds its end, which no file tells.
        for first in range(await self._end(key) - DELETED, -1, -DELETED):
            async with self._writing, self._guard():
                n = {"$gte": first, "$lt": first + DELETED}
                await self._chunks.delete_many({"files_id": key, "n": n})

    async def _end(self, key: str) -> int:
        """A multiple of DELETED that is above every chunk there is.

        By asking for single ones: the embedded store reads all of a blob to find its last.
        """
        end = 0
        while True:
            async with self._reading, self._guard():
                found = await self._chunks.find_one({"files_id": key, "n": end}, {"_id": 1})
            if found is None:
                return end
            end = max(DELETED, 2 * end)

    async def probe(self) -> None:
        await self._guard.check()

    async def close(self) -> None:
        """Client and guard are those of the messages."""
