"""Uploads that go on where they broke off, on whichever process.

Rules kept here:
- what has come is in the store and not on a disk, so that any process can go on with it;
- when all has come it is made a medium under the upload's own id: who does it again, because the
  first one died or its answer was lost, finds it done, or is refused by the index;
- whoever is cut off has what he sent kept, up to its last byte.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import secrets
from typing import Final

from models.errors import BadRequest, ChatError, Conflict, NotFound, TooLarge, Unavailable
from models.upload import PIECE_BYTES, Resumable, Resumables
from server.keeping import HELD_MS, now_ms
from server.media import UNUSED_MS, Media
from server.uploads import Uploads

logger = logging.getLogger("tornado_im.media")

SPARE_PIECES: Final = 10_000
"""Pieces that an upload may have beyond those that its length needs. Each request leaves one that
is smaller; a file that came byte by byte would make millions of documents."""

GATHERED: Final = 1
"""Uploads that are gathered from their pieces at once: each holds a piece, and one for the disk."""

PAGE_MAX: Final = 100
"""Documents that the sweep reads at once."""


class Arrival:
    """What comes of an upload by one request: gathered to pieces, and each stored."""

    def __init__(self, store: Resumables, one: Resumable) -> None:
        self._store = store
        self._gathered: list[bytes] = []
        self._size = 0
        self._turn = asyncio.Lock()
        """A line may break while a piece is being stored."""
        self._left = one.length - one.offset
        self.upload = one
        """As far as it is stored."""

    async def write(self, data: bytes) -> None:
        """Nothing is kept of what was not stored when it raises.

        Raises:
            TooLarge: with this it is more than it should have been.
            Conflict: somebody else has gone on with it meanwhile.
            NotFound: it was ended meanwhile.
        """
        async with self._turn:
            self._left -= len(data)
            if self._left < 0:
                self._gathered.clear()
                raise TooLarge
            while data:
                room = PIECE_BYTES - self._size
                self._gathered.append(data[:room])
                self._size += len(self._gathered[-1])
                data = data[room:]
                if self._size == PIECE_BYTES:
                    await self._flush()

    async def end(self) -> Resumable:
        """Store the rest of it. Raises `Conflict` and `NotFound` as `write` does."""
        async with self._turn:
            await self._flush()
            return self.upload

    async def _flush(self) -> None:
        parts, self._gathered, self._size = self._gathered, [], 0
        if parts:
            self.upload = await self._store.append(self.upload, parts, now_ms() + UNUSED_MS)


class Tus:
    """Every call raises `Unavailable` when a store does not answer."""

    def __init__(self, store: Resumables, media: Media, uploads: Uploads) -> None:
        self._store = store
        self._media = media
        self._uploads = uploads
        self._gathering = asyncio.Semaphore(GATHERED)
        self._completing: dict[str, asyncio.Task[None]] = {}
        self._rescues: set[asyncio.Task[None]] = set()

    @property
    def max_bytes(self) -> int:
        """Of one file, 0 for no limit."""
        return self._uploads.max_bytes

    async def begin(self, uid: int, length: int, metadata: str) -> Arrival:
        """Begin an upload; it counts against its sender's limit.

        Args:
            metadata: as the header `Upload-Metadata` has it.

        Raises:
            TooLarge: it would be larger than a file may be.
            BadRequest: `metadata` is none.
            RateLimited: with the time until one is let through.
        """
        if self.max_bytes and length > self.max_bytes:
            raise TooLarge
        decode_metadata(metadata)
        await self._media.admit(uid)
        one = Resumable(secrets.token_urlsafe(16), uid, length, metadata, now_ms() + UNUSED_MS)
        await self._store.add(one)
        return Arrival(self._store, one)

    async def find(self, uid: int, id: str) -> Resumable:
        """How far an upload has come. Raises `NotFound`: there is none of that id and user."""
        return _alive(uid, await self._store.get(id))

    async def resume(self, uid: int, id: str, offset: int) -> Arrival:
        """Go on with an upload; whoever else has been writing it is refused from now on.

        Raises:
            NotFound: there is none of that id and user.
            Conflict: it has not come as far as `offset`, or further.
            BadRequest: it has come in so many pieces that it must be begun anew.
        """
        one = _alive(uid, await self._store.take(id, uid))
        if one.offset != offset:
            raise Conflict
        if one.pieces > one.length // PIECE_BYTES + SPARE_PIECES:
            raise BadRequest
        return Arrival(self._store, one)

    async def drop(self, uid: int, id: str) -> None:
        """End an upload; what has become a medium stays one. Raises `NotFound`, as `find` does."""
        await self._end(await self.find(uid, id))

    async def _end(self, one: Resumable) -> None:
        await self._store.end(one, now_ms() + HELD_MS)
        await self._clear(one)

    async def _clear(self, one: Resumable) -> None:
        # What is left of it goes with the sweep.
        with contextlib.suppress(Unavailable):
            await self._store.clear(one)

    # All has come

    async def complete(self, one: Resumable) -> None:
        """Make a medium of an upload that has come whole, under the same id; again is no error.

        Raises:
            TooLarge: a picture of too many bytes or pixels; the upload is ended.
            NotFound: it was ended meanwhile.
        """
        if one.finished:
            return
        task = self._completing.get(one.id)
        if task is None:
            task = asyncio.create_task(self._complete(one), name=f"completing {one.id}")
            self._completing[one.id] = task
            task.add_done_callback(lambda _task: self._completing.pop(one.id))
        # Who asks again while it is under way waits for the same one.
        await asyncio.shield(task)

    async def _complete(self, one: Resumable) -> None:
        try:
            await self._media.find(one.uid, one.id)
        except NotFound:
            await self._accept(one)
        await self._store.finish(one, now_ms() + UNUSED_MS)
        await self._clear(one)

    async def _accept(self, one: Resumable) -> None:
        upload = self._uploads.begin()
        try:
            async with self._gathering:
                async for piece in self._store.read(one):
                    await upload.write(piece)
                await upload.end()
            name = decode_metadata(one.metadata).get("filename", b"").decode("utf-8", "replace")
            await self._media.accept(one.uid, upload, name, id=one.id)
        except TooLarge:
            await self._end(one)
            raise
        except NotFound:
            # Another process was faster, and has deleted the pieces behind it.
            found = await self._store.get(one.id)
            if found is None or not found.finished:
                raise
        finally:
            upload.discard()

    # Broken off

    def rescue(self, arrival: Arrival) -> None:
        """Keep what has come by a request that nobody waits for any more."""
        task = asyncio.create_task(self._rescue(arrival), name=f"rescue of {arrival.upload.id}")
        self._rescues.add(task)
        task.add_done_callback(self._rescues.discard)

    async def _rescue(self, arrival: Arrival) -> None:
        try:
            await arrival.end()
        except ChatError as error:
            logger.debug("the end of upload %s is lost: %s", arrival.upload.id, error.word)

    async def close(self) -> None:
        """Wait for what is being rescued; who asks next completes what is being completed."""
        for task in self._completing.values():
            task.cancel()
        if tasks := [*self._rescues, *self._completing.values()]:
            await asyncio.wait(tasks)

    async def forget(self, uid: int) -> None:
        """Let go of all that somebody has begun to upload."""
        await self._store.let_go(uid, now_ms())

    async def sweep(self) -> None:
        """End what has not gone on for a day, and forget what was ended or is a medium."""
        async for found in self._store.due(now_ms(), PAGE_MAX):
            for one in found:
                if one.finished or one.ended:
                    await self._store.clear(one)
                    await self._store.remove(one)
                elif await self._store.end(one, now_ms() + HELD_MS, unmoved=True):
                    await self._store.clear(one)


def _alive(uid: int, one: Resumable | None) -> Resumable:
    if one is None or one.uid != uid or one.due <= now_ms():
        raise NotFound
    return one


def decode_metadata(header: str) -> dict[str, bytes]:
    """What `Upload-Metadata` says: keys, each with a value in base64 or none.

    Raises:
        BadRequest: it is malformed, or has a key twice.
    """
    found: dict[str, bytes] = {}
    for pair in header.split(",") if header else ():
        key, _, value = pair.strip().partition(" ")
        try:
            decoded = base64.b64decode(value, validate=True)
        except ValueError:
            raise BadRequest from None
        if not key.isascii() or not key.isprintable() or not key or key in found:
            raise BadRequest
        found[key] = decoded
    return found
