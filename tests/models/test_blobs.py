"""Blobs in every store that may keep them: real ones, in processes of their own."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from models.blobs import DELETED, PIECE_BYTES, Blobs
from models.errors import NotFound, Unavailable
from tests import kept
from tests.border import SECONDS
from tests.faults.programs import frozen
from tests.kept import Kept, S3Server, fresh, program
from tests.opened import Embedded

FROZEN_SECONDS = 3.0

GROWTH_BYTES = 12 * 2**20
"""Above what threads and buffers take once, far below what is uploaded."""

Opened = Callable[[], AbstractAsyncContextManager[Kept]]


@pytest.fixture(params=["gridfs", "s3"])
def opened(request: pytest.FixtureRequest, embedded: Embedded, tmp_path: Path) -> Opened:
    if request.param == "gridfs":
        return lambda: kept.in_gridfs(embedded, tmp_path)
    server: S3Server = request.getfixturevalue("s3")
    return lambda: kept.in_s3(server, embedded, tmp_path)


async def put(blobs: Blobs, folder: Path, size: int) -> tuple[str, bytes]:
    """Store so many random bytes; their key and what they are."""
    key, data = fresh(), random.randbytes(size)
    path = folder / key
    path.write_bytes(data)
    await blobs.put(key, path)
    return key, data


async def whole(blobs: Blobs, key: str, start: int, stop: int) -> bytes:
    return b"".join([piece async for piece in blobs.read(key, start, stop)])


async def is_gone(blobs: Blobs, key: str) -> bool:
    try:
        await whole(blobs, key, 0, 0)
    except NotFound:
        return True
    return False


async def test_what_is_put_is_read_back_at_every_edge(opened: Opened, tmp_path: Path) -> None:
    async with opened() as one:
        key, data = await put(one.blobs, tmp_path, 2 * PIECE_BYTES + 7)
        edges = {0, len(data)}
        for edge in (0, PIECE_BYTES, 2 * PIECE_BYTES, len(data)):
            edges |= {edge + step for step in (-1, 0, 1)}
        places = sorted(edge for edge in edges if 0 <= edge <= len(data))
        for start, stop in itertools.combinations_with_replacement(places, 2):
            assert await whole(one.blobs, key, start, stop) == data[start:stop]


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1])
async def test_a_blob_of_any_size_comes_in_small_pieces(
    opened: Opened, tmp_path: Path, size: int
) -> None:
    async with opened() as one:
        key, data = await put(one.blobs, tmp_path, size)
        pieces = [piece async for piece in one.blobs.read(key, 0, size)]
        assert b"".join(pieces) == data
        assert all(0 < len(piece) <= 256 * 1024 for piece in pieces)


async def test_what_is_not_there_is_not_found(opened: Opened, tmp_path: Path) -> None:
    async with opened() as one:
        key, _ = await put(one.blobs, tmp_path, 9)
        for asked, start, stop in ((fresh(), 0, 1), (fresh(), 0, 0), (key, 0, 10), (key, 9, 10)):
            with pytest.raises(NotFound):
                await whole(one.blobs, asked, start, stop)


@pytest.mark.parametrize("pieces", [0, 1, DELETED, DELETED + 1, 2 * DELETED + 1])
async def test_what_is_deleted_is_gone_and_nothing_else(
    opened: Opened, tmp_path: Path, pieces: int
) -> None:
    async with opened() as one:
        other, data = await put(one.blobs, tmp_path, 9)
        before = await one.remains()
        key, _ = await put(one.blobs, tmp_path, pieces * PIECE_BYTES)
        for _ in range(2):
            await one.blobs.delete(key)
            assert await is_gone(one.blobs, key)
        assert await one.remains() == before
        assert await whole(one.blobs, other, 0, 9) == data


async def test_many_are_put_at_once_and_each_is_itself(opened: Opened, tmp_path: Path) -> None:
    async with opened() as one:
        sizes = [random.randrange(3 * PIECE_BYTES) for _ in range(8)]
        stored = await asyncio.gather(*(put(one.blobs, tmp_path, size) for size in sizes))
        for key, data in stored:
            assert await whole(one.blobs, key, 0, len(data)) == data


async def test_of_one_that_was_killed_half_way_nothing_is_read_and_nothing_stays(
    opened: Opened, tmp_path: Path
) -> None:
    path, key = tmp_path / "file", fresh()
    path.write_bytes(random.randbytes(16 * PIECE_BYTES))
    async with opened() as one, one.where.by_proxy() as (where, proxy):
        before = await one.remains()
        proxy.let_through(8 * PIECE_BYTES)
        async with program("put", where, key, path):
            await asyncio.wait_for(proxy.full.wait(), SECONDS)
        await proxy.close()
        assert await is_gone(one.blobs, key)
        await one.blobs.delete(key)
        assert await one.remains() == before


async def test_a_delete_that_was_cut_is_finished_by_the_next(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with kept.in_gridfs(embedded, tmp_path) as one, one.where.by_proxy() as (where, proxy):
        key, _ = await put(one.blobs, tmp_path, 2 * DELETED * PIECE_BYTES)
        async with where.open() as stores:
            cut = asyncio.create_task(proxy.cut_answer(b"$lt"))
            with pytest.raises(Unavailable):
                await stores.blobs.delete(key)
            await cut
        assert await is_gone(one.blobs, key)
        assert await one.remains() == DELETED
        await one.blobs.delete(key)
        assert await one.remains() == 0


async def test_a_store_that_is_frozen_is_unavailable_in_time(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened() as one:
        key, data = await put(one.blobs, tmp_path, 2 * PIECE_BYTES)
        reading = one.blobs.read(key, 0, len(data))
        await anext(reading)
        with frozen(one.pid):
            start = time.monotonic()
            outcomes = await asyncio.gather(
                *(put(one.blobs, tmp_path, 2 * PIECE_BYTES) for _ in range(4)),
                anext(reading),
                whole(one.blobs, key, 0, 1),
                one.blobs.delete(key),
                one.blobs.probe(),
                return_exceptions=True,
            )
            took = time.monotonic() - start
        assert [type(outcome) for outcome in outcomes] == [Unavailable] * 8
        assert took < FROZEN_SECONDS
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    return await one.blobs.probe()
                except Unavailable:
                    await asyncio.sleep(0.01)


async def test_twenty_at_once_take_little_memory(
    opened: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(random.randbytes(8 * PIECE_BYTES))
    async with opened() as one, program("put_at_once", one.where, 20, path) as process:
        assert process.stdout is not None
        grown = int(await process.stdout.readline())
    with capsys.disabled():
        print(f" [20 files of 2 MB at once: {grown / 2**20:.1f} MiB more]", end="")
    assert grown < GROWTH_BYTES
