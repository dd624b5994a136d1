"""Bytes that are kept once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from models.blobs import Blobs
from models.digests import Digests
from models.errors import Unavailable
from models.stores import Stores
from server import keeping as module
from server.keeping import Keeping
from tests.opened import Embedded, flat


class Shelf:
    """What keeps files on open stores."""

    def __init__(self, stores: Stores, folder: Path) -> None:
        self._stores = stores
        self._folder = folder
        self.digests = Digests(stores)
        self.keeping = Keeping(self.digests, stores.blobs)

    def file(self, data: bytes, name: str = "file") -> Path:
        path = self._folder / name
        path.write_bytes(data)
        return path

    async def kept(self) -> int:
        """How many blobs there are, of whatever content."""
        return await self._stores.mongo_db["blobs.files"].count_documents({})

    async def read(self, data: bytes) -> bytes:
        """What comes back of what was kept."""
        blob = await self.keeping.keep(self.file(data), "text/plain")
        pieces = [piece async for piece in self.keeping.read(blob, 0, blob.size)]
        return b"".join(pieces)


@asynccontextmanager
async def shelf(embedded: Embedded, folder: Path) -> AsyncIterator[Shelf]:
    async with embedded.open() as stores:
        yield Shelf(stores, folder)


async def test_what_is_kept_comes_back(embedded: Embedded, tmp_path: Path) -> None:
    async with shelf(embedded, tmp_path) as here:
        for data in (b"", b"one", b"x" * 600_000):
            assert await here.read(data) == data


async def test_the_same_bytes_are_kept_once(embedded: Embedded, tmp_path: Path) -> None:
    async with shelf(embedded, tmp_path) as here:
        first = await here.keeping.keep(here.file(b"same", "a"), "text/plain")
        again = await here.keeping.keep(here.file(b"same", "b"), "text/html")
        assert (first.key, first.digest, first.size) == (again.key, again.digest, 4)
        assert (first.mime, again.mime) == ("text/plain", "text/html")
        assert await here.kept() == 1


async def test_of_many_who_keep_the_same_at_once_one_is_kept(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with shelf(embedded, tmp_path) as here:
        path = here.file(b"x" * 300_000)
        blobs = await asyncio.gather(*(here.keeping.keep(path, "text/plain") for _ in range(4)))
        assert len({blob.key for blob in blobs}) == 1
        assert await here.kept() == 1
        assert await flat(here.digests.left(10**15, 10)) == []


class Broken:
    """A shelf whose store ends in the middle of a put."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def put(self, key: str, path: Path) -> None:
        await self._blobs.put(key, path)
        raise Unavailable("mongo")


async def test_what_a_broken_put_leaves_is_tidied(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shelf(embedded, tmp_path) as here:
        whole = here.keeping._blobs
        monkeypatch.setattr(here.keeping, "_blobs", Broken(whole))
        with pytest.raises(Unavailable):
            await here.keeping.keep(here.file(b"broken"), "text/plain")
        monkeypatch.setattr(here.keeping, "_blobs", whole)
        await here.keeping.tidy(10)
        assert await here.kept() == 1
        monkeypatch.setattr(module, "now_ms", lambda: 10**15)
        await here.keeping.tidy(10)
        assert (await here.kept(), await flat(here.digests.left(10**15, 10))) == (0, [])
        assert await here.read(b"broken") == b"broken"


async def test_a_put_whose_end_was_lost_keeps_its_bytes(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shelf(embedded, tmp_path) as here:
        blob = await here.keeping.keep(here.file(b"kept"), "text/plain")
        await here.digests.begin(module.Put(blob.key, blob.digest), 0)
        await here.keeping.tidy(10)
        assert await flat(here.digests.left(10**15, 10)) == []
        assert await here.read(b"kept") == b"kept"
