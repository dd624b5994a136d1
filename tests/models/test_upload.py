"""How far uploads have come, in a real store."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from models.blobs import DELETED
from models.documents import Document
from models.errors import Conflict, NotFound
from models.stores import Stores
from models.upload import Resumable, Resumables
from tests.opened import Embedded, flat

DUE, LATER = 1_000, 2_000


class Dying(Resumables):
    """Ends between the piece and the offset."""

    async def _move(self, one: Resumable, size: int, due: int, expected: Document) -> Resumable:
        raise asyncio.CancelledError


@dataclass(frozen=True)
class Kept:
    store: Resumables
    stores: Stores

    async def pieces(self) -> int:
        return await self.stores.mongo_db["media_uploads.pieces"].count_documents({})

    async def begin(self, length: int = 100, id: str = "one") -> Resumable:
        one = Resumable(id, uid=7, length=length, metadata="filename YQ==", due=DUE)
        await self.store.add(one)
        return one

    async def write(self, one: Resumable, *pieces: bytes) -> Resumable:
        for piece in pieces:
            one = await self.store.append(one, [piece], LATER)
        return one

    async def leave(self, one: Resumable, data: bytes) -> None:
        """As a writer that dies once its piece is stored."""
        with pytest.raises(asyncio.CancelledError):
            await Dying(self.stores).append(one, [data], LATER)

    async def read(self, id: str = "one") -> bytes:
        one = await self.store.get(id)
        assert one is not None
        return b"".join([piece async for piece in self.store.read(one)])


@asynccontextmanager
async def opened(embedded: Embedded) -> AsyncIterator[Kept]:
    async with embedded.open() as stores:
        yield Kept(Resumables(stores), stores)


async def test_what_has_come_is_known_and_read_in_its_order(embedded: Embedded) -> None:
    async with opened(embedded) as kept:
        begun = await kept.begin()
        assert await kept.store.get("one") == begun
        pieces = [random.randbytes(size) for size in (20, 1, 49)]
        written = await kept.write(begun, *pieces)
        assert written == replace(begun, offset=70, pieces=3, due=LATER)
        assert await kept.store.get("one") == written
        assert await kept.read() == b"".join(pieces)
        assert not written.complete
        assert (await kept.write(written, bytes(30))).complete
        assert await kept.store.get("another") is None


async def test_of_two_who_go_on_from_one_place_one_is_refused_and_mixes_nothing_in(
    embedded: Embedded,
) -> None:
    async with opened(embedded) as kept:
        begun = await kept.begin()
        tries = [kept.write(begun, bytes([n]) * (n + 1), bytes([n]) * 9) for n in range(6)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        (won,) = [result for result in results if isinstance(result, Resumable)]
        assert [type(result) for result in results].count(Conflict) == 5
        assert await kept.store.get("one") == won
        assert len(set(await kept.read())) == 1


async def test_a_piece_whose_writer_died_counts_and_is_not_written_again(
    embedded: Embedded,
) -> None:
    async with opened(embedded) as kept:
        one = await kept.write(await kept.begin(), b"first")
        await kept.leave(one, b"second")
        with pytest.raises(Conflict):
            await kept.write(one, b"instead")
        found = await kept.store.get("one")
        assert found is not None and found.offset == len(b"firstsecond")
        await kept.write(found, b"third")
        assert await kept.read() == b"firstsecondthird"


async def test_who_takes_it_over_is_in_nobodys_way_for_longer_than_a_piece(
    embedded: Embedded,
) -> None:
    async with opened(embedded) as kept:
        old = await kept.write(await kept.begin(), b"a")
        new = await kept.store.take("one", 7)
        assert new == replace(old, turn=1)
        with pytest.raises(Conflict):
            await kept.write(old, b"b")
        # What came is kept all the same.
        again = await kept.store.take("one", 7)
        assert again is not None and (again.offset, again.turn) == (2, 2)
        await kept.write(again, b"c")
        assert await kept.read() == b"abc"
        assert await kept.store.take("one", 8) is await kept.store.take("another", 7) is None
        found = await kept.store.get("one")
        assert found is not None and found.turn == 2


async def test_who_looks_while_one_writes_does_not_get_in_the_way(embedded: Embedded) -> None:
    async with opened(embedded) as kept:
        one = await kept.begin(length=40)

        async def look() -> None:
            while (found := await kept.store.get("one")) and not found.complete:
                pass

        looking = [asyncio.create_task(look()) for _ in range(3)]
        assert (await kept.write(one, *[bytes(1)] * 40)).complete
        await asyncio.gather(*looking)
        assert len(await kept.read()) == 40


@pytest.mark.parametrize("pieces", [0, 1, DELETED, 2 * DELETED + 1])
async def test_what_is_cleared_is_gone_with_what_its_writer_left_and_nothing_else(
    embedded: Embedded, pieces: int
) -> None:
    async with opened(embedded) as kept:
        await kept.write(await kept.begin(id="other"), b"other")
        one = await kept.write(await kept.begin(), *[b"x"] * pieces)
        await kept.leave(one, b"x")
        await kept.store.clear(one)
        assert await kept.pieces() == 1
        assert await kept.read("other") == b"other"
        await kept.store.clear(one)


async def test_what_is_ended_is_there_for_nobody_but_the_sweep(embedded: Embedded) -> None:
    async with opened(embedded) as kept:
        one = await kept.write(await kept.begin(), b"x")
        assert await kept.store.end(one, LATER)
        assert await kept.store.get("one") is None
        with pytest.raises(NotFound):
            await kept.write(one, b"y")
        (found,) = await flat(kept.store.due(LATER, 10))
        assert found.ended
        await kept.store.clear(found)
        await kept.store.remove(found)
        assert await kept.pieces() == 0
        assert await flat(kept.store.due(LATER, 10)) == []


async def test_the_sweep_does_not_end_what_has_gone_on_meanwhile(embedded: Embedded) -> None:
    async with opened(embedded) as kept:
        one = await kept.begin()
        assert await flat(kept.store.due(DUE - 1, 10)) == []
        (seen,) = await flat(kept.store.due(DUE, 10))
        assert seen == one
        await kept.write(one, b"x")
        assert not await kept.store.end(seen, LATER, unmoved=True)
        await kept.store.remove(seen)
        assert await kept.read() == b"x"
        (seen,) = await flat(kept.store.due(LATER, 10))
        assert await kept.store.end(seen, LATER, unmoved=True)


async def test_what_is_finished_says_so(embedded: Embedded) -> None:
    async with opened(embedded) as kept:
        one = await kept.write(await kept.begin(length=1), b"x")
        await kept.store.finish(one, 3_000)
        finished = replace(one, finished=True, due=3_000)
        assert await kept.store.get("one") == finished
        await kept.store.clear(one)
        with pytest.raises(Conflict):
            await kept.write(replace(one, offset=0, pieces=0), b"late")
        assert await kept.store.get("one") == finished
        await kept.store.clear(finished)
        assert await kept.pieces() == 0


async def test_what_is_cleared_meanwhile_is_not_read_as_if_it_were_whole(
    embedded: Embedded,
) -> None:
    async with opened(embedded) as kept:
        one = await kept.write(await kept.begin(), b"x", b"y")
        reading = kept.store.read(one)
        assert await anext(reading) == b"x"
        await kept.store.clear(one)
        with pytest.raises(NotFound):
            await anext(reading)
