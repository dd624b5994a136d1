"""Bytes that are kept once, whoever uploads them: by their content hash.

Each step leaves something that the sweep finds if the next one never comes: first the put is noted,
then the bytes are stored under a key of their own, then the digest names that key, then the put is
forgotten. Two who upload the same at once both store it; the digest names the first, the other one
deletes his.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from models.blobs import Blobs
from models.digests import Digests, Due, Put
from models.media import Blob

HELD_MS: Final = 3_600_000
"""How long bytes are kept that no medium has yet: far more than an upload takes from its last byte
to its answer."""


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return int(time.time() * 1000)


class Keeping:
    """Every call raises `Unavailable` when a store does not answer."""

    def __init__(self, digests: Digests, blobs: Blobs) -> None:
        self._digests = digests
        self._blobs = blobs

    async def keep(self, path: Path, mime: str) -> Blob:
        """Store a file's bytes, unless they are kept already. Raises `OSError`."""
        digest, size = await asyncio.to_thread(_digest, path)
        key = await self._digests.claim(digest, now_ms() + HELD_MS)
        return Blob(digest, key or await self._put(path, digest), size, mime)

    async def _put(self, path: Path, digest: str) -> str:
        put, until = Put(uuid.uuid4().hex, digest), now_ms() + HELD_MS
        await self._digests.begin(put, until)
        await self._blobs.put(put.key, path)
        key = await self._digests.adopt(put, until)
        if key != put.key:
            await self._blobs.delete(put.key)
        await self._digests.end(put.key)
        return key

    def read(self, blob: Blob, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `stop`, in pieces."""
        return self._blobs.read(blob.key, start, stop)

    # For the sweep

    async def let_go(self, blob: Blob) -> None:
        """A medium that had these bytes is gone."""
        await self._digests.let_go(blob.digest, now_ms())

    def due(self, size: int) -> AsyncIterator[list[Due]]:
        """Contents that perhaps no medium has any more, `size` at a time."""
        return self._digests.due(now_ms(), size)

    async def settle(self, one: Due) -> None:
        """A medium has it: look no more."""
        await self._digests.settle(one)

    async def remove(self, one: Due) -> None:
        """Delete what no medium has, unless somebody has claimed it meanwhile."""
        put = Put(one.key, one.digest)
        await self._digests.begin(put, now_ms())
        if await self._digests.remove(one):
            await self._blobs.delete(one.key)
        await self._digests.end(one.key)

    async def tidy(self, size: int) -> None:
        """Delete what was left by puts that never ended, `size` of them read at a time."""
        async for left in self._digests.left(now_ms(), size):
            for put in left:
                if await self._digests.key(put.digest) != put.key:
                    await self._blobs.delete(put.key)
                await self._digests.end(put.key)


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
