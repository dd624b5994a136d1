"""What is uploaded, taken in by the service alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from models.conv import pair
from models.errors import Forbidden, Unavailable
from server import media as module
from server.content import Content, Contents
from server.delivery import Outgoing
from server.uploads import Uploads
from tests.models.test_media import medium
from tests.opened import Embedded
from tests.served import served, two_of_them
from tests.written import NOW


async def test_a_disk_that_is_full_while_it_is_looked_at_is_a_store_that_is_down(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_self: Contents, _path: Path) -> Content:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Contents, "look", full)
    async with embedded.open() as stores, served(stores) as one:
        upload = Uploads(tmp_path, max_bytes=0).begin()
        await upload.end()
        with pytest.raises(Unavailable) as refusal:
            await one.media.accept(1, upload, "a.bin")
        upload.discard()
        assert refusal.value.store == "disk"


async def test_what_very_many_carry_is_carried_on_by_media_of_the_same_bytes(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All that carries a medium may have to be looked through for a reader.
    monkeypatch.setattr(module, "CARRIED_MAX", 2)
    async with two_of_them(embedded) as (one, _, (ann, bo, carl)):
        media = one.media._store
        mine = dataclasses.replace(medium("mine", thumb=None), uid=ann.uid)
        await media.add(mine, due=NOW)
        place = await one.policy.place(ann.uid, pair(ann.uid, bo.uid))
        await one.send("so that he is no stranger", conv=place.conv, from_=bo.uid)
        seqs = []
        for n in (1, 2, 2, 3, 4, 5):
            message = Outgoing("image", "mine", f"m{n}", None, None)
            seqs.append((await one.delivery.send(ann.uid, place, message)).seq)
        assert seqs == [2, 3, 3, 4, 5, 6]
        carried = [stored.message for stored in await one.messages.range(place.conv, 2, 7)]
        # A repeat counts with the one that has room.
        first, second = carried[2].content, carried[3].content
        assert [m.content for m in carried] == ["mine", "mine", first, second, second]
        assert len({"mine", first, second}) == 3
        assert all(message.meta == mine.meta for message in carried)
        for id in (first, second):
            assert (await one.media.find(bo.uid, id)).blob == mine.blob
            with pytest.raises(Forbidden):
                await one.media.find(carl.uid, id)
        # It is hers under whatever id, also when nobody else may see it, and one upload.
        await one.media.release(carried)
        assert (await one.media.find(ann.uid, second)).blob == mine.blob
        with pytest.raises(Forbidden):
            await one.media.find(bo.uid, second)
        assert [found.id async for found in one.media.of(ann.uid)] == ["mine"]
