"""Media as they are stored, and what carries them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from models import documents
from models.digests import Digests
from models.media import Blob, Media, Medium, Use, group_key, user_key
from models.message import MediaMeta
from models.upload import Resumables
from tests.asked import Asked
from tests.opened import Embedded, flat

BLOB = Blob("d" * 64, "k" * 32, 70, "image/png")
THUMB = Blob("e" * 64, "l" * 32, 7, "image/webp")


def medium(id: str = "one", *, blob: Blob = BLOB, thumb: Blob | None = THUMB) -> Medium:
    meta = MediaMeta("image/png", 70, "a.png", width=2**33, height=4, thumb=True, waveform=[1, 2])
    return Medium(id, 7, "image", meta, blob, thumb, created_at=5)


async def test_what_is_stored_comes_back(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        media = Media(stores)
        for one in (medium(), medium("two", thumb=None)):
            await media.add(one, due=100)
            assert await media.get(one.id) == one
        assert await media.get("three") is None


async def test_bytes_are_carried_by_the_media_that_have_them(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        media = Media(stores)
        await media.add(medium(), due=100)
        assert await media.is_carried(BLOB.digest) and await media.is_carried(THUMB.digest)
        assert not await media.is_carried("f" * 64)
        await media.remove("one", 100)
        assert not await media.is_carried(THUMB.digest)


async def test_a_medium_is_due_when_it_says(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        media = Media(stores)
        for id, due in (("one", 200), ("two", 100), ("three", 300)):
            await media.add(medium(id), due=due)
        assert [(one.id, due) for one, due in await flat(media.due(200, 10))] == [
            ("two", 100),
            ("one", 200),
        ]
        assert [len(page) async for page in media.due(200, 1)] == [1, 1]


async def test_what_is_held_is_not_deleted_by_who_saw_it_before(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        media = Media(stores)
        await media.add(medium(), due=100)
        assert await media.hold("one", 500) == medium()
        assert await media.remove("one", 100) is False
        await media.hold("one", 400)
        assert await flat(media.due(499, 10)) == []
        await media.postpone("one", 100, None)
        assert len(await flat(media.due(500, 10))) == 1
        await media.postpone("one", 500, None)
        assert await flat(media.due(10**9, 10)) == []
        # In use for sure: nothing has to be held back.
        assert await media.hold("one", 900) == medium()
        assert await flat(media.due(10**9, 10)) == []
        assert await media.hold("nothing", 900) is None


async def test_what_is_let_go_is_looked_at_then_or_earlier(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        media = Media(stores)
        await media.add(medium("one"), due=100)
        await media.add(medium("two"), due=100)
        await media.postpone("two", 100, None)
        await media.let_go(["one", "two", "nothing"], 300)
        assert [(one.id, due) for one, due in await flat(media.due(300, 10))] == [
            ("one", 100),
            ("two", 300),
        ]


async def test_uses_are_counted_once_and_go_with_their_medium(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        media = Media(stores)
        await media.add(medium(), due=100)
        message = Use("1:2/1/x|y", "1:2", 10)
        picture = Use(user_key(3), "", 11)
        for use in (message, picture, dataclasses.replace(message, at=12)):
            await media.use("one", use)
        await media.use("other", Use(group_key(3), "", 13))
        assert sorted(await media.uses("one"), key=lambda use: use.at) == [
            picture,
            dataclasses.replace(message, at=12),
        ]
        await media.unuse("one", user_key(3))
        assert len(await media.uses("one")) == 1
        await media.remove("one", 100)
        assert await media.uses("one") == []
        assert len(await media.uses("other")) == 1


async def test_what_is_not_due_at_all_is_not_read(embedded: Embedded) -> None:
    """Without a lower end the embedded store reads each medium that is kept for good."""
    async with embedded.open() as stores:
        media, digests, uploads = Media(stores), Digests(stores), Resumables(stores)
        asked: list[Any] = [Asked(media._media), Asked(digests._digests), Asked(uploads._uploads)]
        media._media, digests._digests, uploads._uploads = asked
        for queries in (media, digests, uploads):
            assert await flat(queries.due(500, 10)) == []
        for collection in asked:
            assert collection.filters == [{"due": {"$gte": 0, "$lte": 500}}]


async def test_what_takes_many_pages_is_asked_for_once(embedded: Embedded) -> None:
    """The embedded store reads all that matches for each question, whatever limit it has."""
    async with embedded.open() as stores:
        media = Media(stores)
        for n in range(5):
            await media.add(medium(f"{n}"), due=n)
        asked: Any = Asked(media._media)
        media._media = asked
        assert [len(page) async for page in media.of(7, 2)] == [2, 2, 1]
        assert {one.id for one in await flat(media.of(7, 2))} == set("01234")
        assert {one.id for one, _ in await flat(media.due(4, 2))} == set("01234")
        assert await flat(media.of(8, 2)) == []
        assert asked.filters == [
            {"uid": 7, "heir_of": None},
            {"uid": 7, "heir_of": None},
            {"due": {"$gte": 0, "$lte": 4}},
            {"uid": 8, "heir_of": None},
        ]


async def test_all_uses_go_however_many_there_are(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "IN_MAX", 2)
    async with embedded.open() as stores:
        media = Media(stores)
        await media.add(medium(), due=100)
        for n in range(5):
            await media.use("one", Use(f"1:2/1/{n}", "1:2", n))
        await media.remove("one", 100)
        assert await media.uses("one") == []
