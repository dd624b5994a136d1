"""Uploads that go on where they broke off: what becomes of them, whoever dies on the way."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from models.digests import Digests
from models.documents import Document
from models.errors import BadRequest, Conflict, NotFound, TooLarge
from models.lease import Leases
from models.media import Media as Store
from models.message import Messages
from models.stores import Stores
from models.upload import PIECE_BYTES, Resumable, Resumables
from server.keeping import Keeping
from server.media import Media
from server.media_sweep import MediaSweep
from server.tus import SPARE_PIECES, Tus, decode_metadata
from server.uploads import Uploads
from tests import media
from tests.border import Step
from tests.opened import Embedded

UID = 7
NAME = "filename w6QucGRm"
"""ä.pdf"""
PAST = 1_000
"""A `due` that has come."""


class BorderedResumables(Resumables):
    """Uploads in the real store."""

    def __init__(self, stores: Stores) -> None:
        super().__init__(stores)
        self.reading, self.finishing, self.clearing = Step(), Step(), Step()

    async def read(self, one: Resumable) -> AsyncIterator[bytes]:
        async for piece in super().read(one):
            yield piece
            async with self.reading:
                pass

    async def finish(self, one: Resumable, due: int) -> None:
        async with self.finishing:
            await super().finish(one, due)

    async def clear(self, one: Resumable) -> None:
        async with self.clearing:
            await super().clear(one)


class Process:
    """What a process has to do with uploads."""

    def __init__(self, stores: Stores, folder: Path, *, max_bytes: int = 0) -> None:
        self.stores = stores
        self.folder = folder
        self.store = BorderedResumables(stores)
        # Nobody else's media are looked at.
        self.media: Media = media.service(stores, Messages(stores), None, None, None)  # type: ignore[arg-type]
        self.uploads = Uploads(folder, max_bytes=max_bytes)
        self.tus = Tus(self.store, self.media, self.uploads)

    async def come(self, data: bytes, *, whole: bool = True) -> Resumable:
        """An upload that has come, and nobody has said what becomes of it."""
        arrival = await self.tus.begin(UID, len(data) + (not whole), NAME)
        await arrival.write(data)
        return await arrival.end()

    async def medium(self, id: str) -> bytes:
        found = await self.media.find(UID, id)
        assert found.meta.name == "ä.pdf"
        return b"".join([piece async for piece in self.media.read(found.blob, 0, found.blob.size)])

    async def count(self, collection: str) -> int:
        return await self.stores.mongo_db[collection].count_documents({})

    async def set(self, id: str, **fields: int) -> None:
        change: Document = {"$set": fields}
        await self.stores.mongo_db["media_uploads"].update_one({"_id": id}, change)

    async def sweep(self) -> None:
        """What media have to do with it is tried elsewhere."""
        sweep = MediaSweep(
            Store(self.stores),
            self.media,
            Keeping(Digests(self.stores), self.stores.blobs),
            self.uploads,
            self.tus,
            Leases(self.stores.redis_client, self.stores.redis, "one"),
        )
        await sweep.sweep()

    @property
    def left(self) -> list[Path]:
        return media.left_uploads(self.folder)


@asynccontextmanager
async def two(embedded: Embedded, folder: Path) -> AsyncIterator[tuple[Process, Process]]:
    async with embedded.open() as stores:
        yield Process(stores, folder / "one"), Process(stores, folder / "two")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()


async def test_what_has_come_whole_becomes_a_medium_and_leaves_nothing_else(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with two(embedded, tmp_path) as (one, _):
        data = random.randbytes(2 * PIECE_BYTES + 1)
        upload = await one.come(data)
        assert (upload.pieces, upload.complete) == (3, True)
        await one.tus.complete(upload)
        assert await one.medium(upload.id) == data
        assert await one.count("media_uploads.pieces") == 0
        assert one.left == []
        found = await one.tus.find(UID, upload.id)
        assert found.finished and found.offset == found.length == len(data)


async def test_two_processes_that_complete_it_at_once_make_one_medium(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with two(embedded, tmp_path) as both:
        data = random.randbytes(PIECE_BYTES)
        upload = await both[0].come(data)
        await asyncio.gather(*(each.tus.complete(upload) for each in both for _ in range(3)))
        for each in both:
            assert each.store.finishing.calls == 1  # who asks again waits for the same one
            assert await each.medium(upload.id) == data
            assert each.left == []
        assert await both[0].count("media") == 1


async def test_who_is_overtaken_while_it_reads_is_done_too(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with two(embedded, tmp_path) as (one, other):
        upload = await one.come(random.randbytes(PIECE_BYTES + 1))
        one.store.reading.hold()
        completing = asyncio.create_task(one.tus.complete(upload))
        await one.store.reading.reached()
        await other.tus.complete(upload)
        one.store.reading.release()
        await completing
        assert await one.count("media") == 1
        assert one.left == []


@pytest.mark.parametrize("step", ["reading", "finishing", "clearing"])
async def test_what_a_process_left_that_died_the_next_one_completes(
    embedded: Embedded, tmp_path: Path, step: str
) -> None:
    async with two(embedded, tmp_path) as (one, other):
        data = random.randbytes(PIECE_BYTES + 1)
        upload = await one.come(data)
        held: Step = getattr(one.store, step)
        held.hold()
        completing = asyncio.create_task(one.tus.complete(upload))
        await held.reached()
        completing.cancel()
        await one.tus.close()
        await other.tus.complete(await other.tus.find(UID, upload.id))
        assert await other.medium(upload.id) == data
        assert await other.count("media") == 1
        assert (await other.tus.find(UID, upload.id)).finished
        assert one.left == []


async def test_one_that_may_not_be_as_large_is_ended(embedded: Embedded, tmp_path: Path) -> None:
    async with embedded.open() as stores:
        one = Process(stores, tmp_path / "one")
        upload = await one.come(b"x" * 11)
        strict = Process(stores, tmp_path / "two", max_bytes=10)
        with pytest.raises(TooLarge):
            await strict.tus.begin(UID, 11, "")
        with pytest.raises(TooLarge):
            await strict.tus.complete(upload)
        with pytest.raises(NotFound):
            await one.tus.find(UID, upload.id)
        assert await one.count("media_uploads.pieces") == await one.count("media") == 0
        assert strict.left == []


async def test_what_came_before_the_line_broke_is_kept(embedded: Embedded, tmp_path: Path) -> None:
    async with two(embedded, tmp_path) as (one, other):
        data = random.randbytes(PIECE_BYTES + 100)
        arrival = await one.tus.begin(UID, PIECE_BYTES + 150, NAME)
        await arrival.write(data)
        assert arrival.upload.offset == PIECE_BYTES
        one.tus.rescue(arrival)
        await one.tus.close()
        rest = random.randbytes(50)
        again = await other.tus.resume(UID, arrival.upload.id, len(data))
        await again.write(rest)
        upload = await again.end()
        await other.tus.complete(upload)
        assert await other.medium(upload.id) == data + rest


async def test_a_rescue_that_comes_too_late_changes_nothing(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with two(embedded, tmp_path) as (one, other):
        late = await one.tus.begin(UID, 100, "")
        await late.write(b"late")
        arrival = await other.tus.resume(UID, late.upload.id, 0)
        await arrival.write(b"in time")
        await arrival.end()
        one.tus.rescue(late)
        await one.tus.close()
        assert (await one.tus.find(UID, late.upload.id)).offset == len(b"in time")


async def test_more_than_the_length_is_refused_and_not_stored(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with two(embedded, tmp_path) as (one, _):
        arrival = await one.tus.begin(UID, 10, "")
        await arrival.write(b"x" * 10)
        with pytest.raises(TooLarge):
            await arrival.write(b"y")
        one.tus.rescue(arrival)
        await one.tus.close()
        assert (await one.tus.find(UID, arrival.upload.id)).offset == 0


async def test_who_may_go_on_and_from_where(embedded: Embedded, tmp_path: Path) -> None:
    async with two(embedded, tmp_path) as (one, _):
        upload = await one.come(b"half", whole=False)
        for offset in (0, 3, 5):
            with pytest.raises(Conflict):
                await one.tus.resume(UID, upload.id, offset)
        for uid, id in ((UID + 1, upload.id), (UID, "another")):
            with pytest.raises(NotFound):
                await one.tus.resume(uid, id, 4)
            with pytest.raises(NotFound):
                await one.tus.drop(uid, id)
        await one.set(upload.id, pieces=SPARE_PIECES + 1)
        with pytest.raises(BadRequest):
            await one.tus.resume(UID, upload.id, 4)


async def test_what_does_not_go_on_is_found_no_more_and_swept_with_its_pieces(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with two(embedded, tmp_path) as (one, _):
        begun = time.time() * 1000
        upload = await one.come(b"half", whole=False)
        day = 24 * 3600 * 1000
        assert begun + day <= upload.due <= begun + day + 10_000
        await one.sweep()
        assert (await one.tus.find(UID, upload.id)).offset == 4
        await one.set(upload.id, due=PAST)
        with pytest.raises(NotFound):
            await one.tus.find(UID, upload.id)
        await one.sweep()
        assert await one.count("media_uploads.pieces") == 0
        # What a slow writer had on its way then goes with the document.
        await one.stores.mongo_db["media_uploads.pieces"].insert_one({"upload": upload.id, "n": 1})
        await one.sweep()
        assert await one.count("media_uploads") == 1
        await one.set(upload.id, due=PAST)
        await one.sweep()
        assert await one.count("media_uploads") == await one.count("media_uploads.pieces") == 0


async def test_a_medium_is_forgotten_as_an_upload_and_stays(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with two(embedded, tmp_path) as (one, _):
        upload = await one.come(b"whole")
        await one.tus.complete(upload)
        await one.sweep()
        assert (await one.tus.find(UID, upload.id)).finished
        await one.set(upload.id, due=PAST)
        await one.sweep()
        assert await one.count("media_uploads") == 0
        assert await one.medium(upload.id) == b"whole"


async def test_what_is_dropped_is_gone(embedded: Embedded, tmp_path: Path) -> None:
    async with two(embedded, tmp_path) as (one, other):
        upload = await one.come(b"half", whole=False)
        arrival = await other.tus.resume(UID, upload.id, 4)
        await one.tus.drop(UID, upload.id)
        assert await one.count("media_uploads.pieces") == 0
        await arrival.write(b"y")
        with pytest.raises(NotFound):
            await arrival.end()
        with pytest.raises(NotFound):
            await one.tus.drop(UID, upload.id)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("", {}),
        (
            "filename w6QucGRm,filetype dGV4dA==",
            {"filename": "ä.pdf".encode(), "filetype": b"text"},
        ),
        (
            "filename w6QucGRm, is_private ,empty",
            {"filename": "ä.pdf".encode()} | {"is_private": b"", "empty": b""},
        ),
    ],
)
def test_metadata(header: str, told: dict[str, bytes]) -> None:
    assert decode_metadata(header) == told


@pytest.mark.parametrize(
    "header",
    [
        ",",
        "a YQ==,",
        "a YQ==, ,b",
        "a YQ",
        "a Y Q==",
        "a  YQ==",
        "a YQ==,a YQ==",
        "ä YQ==",
        "a\tb YQ==",
        "a Y\u00aa==",
        "a _-==",
    ],
)
def test_metadata_that_is_none(header: str) -> None:
    with pytest.raises(BadRequest):
        decode_metadata(header)
