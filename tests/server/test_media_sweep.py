"""What nothing carries goes, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from models.digests import Digests
from models.lease import Leases
from models.media import Media as Store
from models.media import Use, user_key
from models.stores import Stores
from models.upload import Resumables
from models.user import Person
from server import keeping, media, media_sweep
from server.delivery import Outgoing
from server.keeping import HELD_MS, Keeping
from server.media import UNUSED_MS, MediumShape
from server.media_sweep import MediaSweep
from server.policy import Place
from server.tus import Tus
from server.uploads import Uploads
from tests.media import png
from tests.opened import Embedded
from tests.served import Served, served

HOUR_MS = 3_600_000


class House:
    """A process, two people in it, and a clock that a test may turn."""

    def __init__(
        self,
        one: Served,
        stores: Stores,
        folder: Path,
        patch: pytest.MonkeyPatch,
        people: list[Person],
    ) -> None:
        self.one, self.stores, self.patch = one, stores, patch
        self.ann, self.bo = people
        self.place = Place(f"{self.ann.uid}:{self.bo.uid}", (self.ann.uid, self.bo.uid))
        self.store = Store(stores)
        self.uploads = Uploads(folder, max_bytes=0)
        self.sweep = MediaSweep(
            self.store,
            one.media,
            Keeping(Digests(stores), stores.blobs),
            self.uploads,
            Tus(Resumables(stores), one.media, self.uploads),
            Leases(stores.redis_client, stores.redis, "one"),
        )
        self._start = keeping.now_ms()

    def after(self, ms: int) -> None:
        """Let so much time have gone by since the start."""
        for module in (keeping, media, media_sweep):
            self.patch.setattr(module, "now_ms", lambda: self._start + ms)

    async def upload(self, data: bytes = b"a file") -> MediumShape:
        upload = self.uploads.begin()
        await upload.write(data)
        await upload.end()
        try:
            return await self.one.media.accept(self.ann.uid, upload, "a.bin")
        finally:
            upload.discard()

    async def send(self, medium: MediumShape, id: str = "one") -> int:
        message = Outgoing(medium["kind"], medium["id"], id, None, None)
        return (await self.one.delivery.send(self.ann.uid, self.place, message)).seq

    async def is_there(self, medium: MediumShape) -> bool:
        return await self.store.get(medium["id"]) is not None

    async def blobs(self) -> int:
        return await self.stores.mongo_db["blobs.files"].count_documents({})


@asynccontextmanager
async def house(
    embedded: Embedded, folder: Path, patch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    async with embedded.open() as stores, served(stores) as one:
        people = [await one.add(name) for name in ("ann", "bo")]
        yield House(one, stores, folder, patch, people)


async def test_what_nothing_carries_is_kept_a_day(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(embedded, tmp_path, monkeypatch) as here:
        medium = await here.upload(png(800, 600))
        assert await here.blobs() == 2
        here.after(UNUSED_MS - HOUR_MS)
        assert await here.sweep.sweep() == 0
        assert await here.is_there(medium)
        here.after(UNUSED_MS + HOUR_MS)
        assert await here.sweep.sweep() == 1
        assert not await here.is_there(medium)
        assert await here.blobs() == 0


async def test_what_a_message_carries_stays_until_the_message_goes(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(embedded, tmp_path, monkeypatch) as here:
        medium = await here.upload()
        seq = await here.send(medium)
        here.after(10 * UNUSED_MS)
        assert await here.sweep.sweep() == 0
        await here.one.amendments.recall(here.ann.uid, here.place, seq)
        assert await here.sweep.sweep() == 0
        here.after(11 * UNUSED_MS + 1)
        assert await here.sweep.sweep() == 1
        assert await here.blobs() == 0


async def test_what_expires_takes_its_media_along(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(embedded, tmp_path, monkeypatch) as here:
        medium = await here.upload()
        seq = await here.send(medium)
        stored = await here.one.messages.range(here.place.conv, seq, seq + 1)
        here.after(100 * UNUSED_MS)
        assert await here.sweep.sweep() == 0
        await here.one.media.release((one.message for one in stored), after_ms=0)
        await here.one.messages.delete(here.place.conv, seq, seq + 1)
        assert await here.sweep.sweep() == 1


async def test_a_picture_of_somebody_stays_while_it_is_one(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(embedded, tmp_path, monkeypatch) as here:
        first, second = await here.upload(png()), await here.upload(png(color="red"))
        await here.one.media.portray(here.ann.uid, first["id"])
        here.after(2 * UNUSED_MS)
        assert await here.sweep.sweep() == 1
        assert not await here.is_there(second)
        await here.one.media.portray(here.ann.uid, None)
        here.after(3 * UNUSED_MS + 1)
        assert await here.sweep.sweep() == 1


async def test_bytes_go_with_the_last_medium_that_has_them(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(embedded, tmp_path, monkeypatch) as here:
        sent, unused = await here.upload(), await here.upload()
        await here.send(sent)
        here.after(2 * UNUSED_MS)
        assert await here.sweep.sweep() == 1
        assert (await here.is_there(sent), await here.is_there(unused)) == (True, False)
        assert await here.blobs() == 1


async def test_a_medium_on_its_way_into_a_message_is_left(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(embedded, tmp_path, monkeypatch) as here:
        medium = await here.upload()
        here.after(2 * UNUSED_MS)
        use = Use("a message that is being stored", here.place.conv, keeping.now_ms())
        await here.store.use(medium["id"], use)
        assert await here.sweep.sweep() == 0
        here.after(2 * UNUSED_MS + HELD_MS + 1)
        # It was never stored.
        assert await here.sweep.sweep() == 1


async def test_a_send_between_the_look_and_the_end_is_not_overlooked(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(embedded, tmp_path, monkeypatch) as here:
        medium = await here.upload()
        here.after(2 * UNUSED_MS)
        remove = here.store.remove

        async def overtaken(id: str, due: int) -> bool:
            if not await here.one.messages.tail(here.place.conv, 0):
                await here.send(medium)
            return await remove(id, due)

        monkeypatch.setattr(here.store, "remove", overtaken)
        assert await here.sweep.sweep() == 0
        assert await here.is_there(medium)
        assert await here.blobs() == 1


async def test_a_use_that_is_no_more_is_nobodys_leave_to_look(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(embedded, tmp_path, monkeypatch) as here:
        medium = await here.upload(png())
        await here.store.use(medium["id"], Use(user_key(here.bo.uid), "", 1))
        found = (await here.store.get(medium["id"])) or pytest.fail("it is there")
        assert not await here.one.media._is_shown(here.bo.uid, found)
