"""Profiles and blocks: caches that no change slips past, and what others may see of somebody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from models.errors import NotFound
from models.user import Person
from server import people
from tests.border import SECONDS
from tests.opened import Embedded
from tests.served import Served, served, two_served


@asynccontextmanager
async def one_alone(embedded: Embedded) -> AsyncIterator[tuple[Served, Person, Person]]:
    async with embedded.open() as stores, served(stores) as one:
        yield one, await one.add("ann"), await one.add("bo")


@asynccontextmanager
async def two_of_them(embedded: Embedded) -> AsyncIterator[tuple[Served, Served, Person, Person]]:
    async with two_served(embedded) as (one, other):
        yield one, other, await one.add("ann"), await one.add("bo")


async def test_a_profile_that_changes_while_it_is_read_is_not_kept(embedded: Embedded) -> None:
    async with one_alone(embedded) as (one, ann, _):
        one.users.answered.hold()
        reading = asyncio.create_task(one.people.get(ann.uid))
        await one.users.answered.reached()
        await one.users.set_nickname(ann.uid, "newer")
        one.people.hear({"event": "person", "uid": ann.uid, "process": "two", "id": "1"})
        one.users.answered.release()
        assert (await reading).nickname == "ann"
        assert (await one.people.get(ann.uid)).nickname == "newer"


async def test_blocks_that_change_while_they_are_read_are_not_kept(embedded: Embedded) -> None:
    async with one_alone(embedded) as (one, ann, bo):
        one.blocks.answered.hold()
        reading = asyncio.create_task(one.people.blocks(ann.uid))
        await one.blocks.answered.reached()
        await one.blocks.add(ann.uid, bo.uid)
        one.people.hear({"event": "blocks", "uid": ann.uid, "process": "two", "id": "1"})
        one.blocks.answered.release()
        assert await reading == frozenset()
        assert await one.people.blocks(ann.uid) == {bo.uid}


@pytest.mark.parametrize("cache", ["persons", "blocks"])
async def test_what_is_read_across_an_interruption_is_not_kept(
    embedded: Embedded, cache: str
) -> None:
    async with one_alone(embedded) as (one, ann, bo):
        answered = one.users.answered if cache == "persons" else one.blocks.answered
        ask = one.people.get if cache == "persons" else one.people.blocks
        answered.hold()
        reading = asyncio.create_task(ask(ann.uid))
        await answered.reached()
        await one.users.set_nickname(ann.uid, "newer")
        await one.blocks.add(ann.uid, bo.uid)
        one.people.forget_all()
        answered.release()
        await reading
        assert (await one.people.get(ann.uid)).nickname == "newer"
        assert await one.people.blocks(ann.uid) == {bo.uid}


async def test_an_interruption_of_the_bus_empties_both_caches(embedded: Embedded) -> None:
    async with one_alone(embedded) as (one, ann, bo):
        await one.people.get(ann.uid)
        await one.people.blocks(ann.uid)
        await one.users.set_nickname(ann.uid, "newer")
        await one.blocks.add(ann.uid, bo.uid)
        one.people.forget_all()
        assert (await one.people.get(ann.uid)).nickname == "newer"
        assert await one.people.blocks(ann.uid) == {bo.uid}


async def test_what_is_known_is_not_asked_for_again(embedded: Embedded) -> None:
    async with one_alone(embedded) as (one, ann, bo):
        for _ in range(3):
            await one.people.find([ann.uid, bo.uid, 999])
            assert await one.people.apart_from(ann.uid) == set()
        # The unknown one is asked for each time: he may be registered meanwhile.
        assert one.users.answered.calls == 3
        assert one.blocks.answered.calls == 2
        with pytest.raises(NotFound):
            await one.people.get(999)


async def test_a_full_cache_starts_anew_and_loses_nothing(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "CACHE_MAX", 1)
    async with one_alone(embedded) as (one, ann, bo):
        for _ in range(2):
            for uid in (ann.uid, bo.uid):
                assert (await one.people.get(uid)).uid == uid
                assert await one.people.blocks(uid) == frozenset()
        # Both fitted before the bound was looked at.
        assert (one.users.answered.calls, one.blocks.answered.calls) == (2, 2)
        carl = await one.add("carl")
        await one.people.get(carl.uid)
        await one.people.blocks(carl.uid)
        await one.people.get(ann.uid)
        await one.people.blocks(ann.uid)
        assert (one.users.answered.calls, one.blocks.answered.calls) == (4, 4)


async def test_an_answered_change_holds_on_every_process(embedded: Embedded) -> None:
    async with two_of_them(embedded) as (one, other, ann, bo):
        for turn, blocked in enumerate((True, False, True)):
            assert (await other.people.get(ann.uid)).uid == ann.uid
            await other.people.blocks(ann.uid)
            assert await one.people.set_blocked(ann.uid, bo.uid, blocked)
            assert (await one.people.set_nickname(ann.uid, f"turn {turn}")).uid == ann.uid
            assert (bo.uid in await other.people.blocks(ann.uid)) is blocked
            assert (await other.people.get(ann.uid)).nickname == f"turn {turn}"


async def test_a_change_is_not_answered_before_the_other_process_has_let_go(
    embedded: Embedded,
) -> None:
    async with two_of_them(embedded) as (one, other, ann, bo):
        assert await other.people.blocks(ann.uid) == frozenset()
        held = asyncio.Event()
        hear = other.people.hear

        def later(event: dict[str, object]) -> None:
            held.set()
            asyncio.get_running_loop().call_soon(hear, event)

        other.people.hear = later  # type: ignore[method-assign]
        changing = asyncio.create_task(one.people.set_blocked(ann.uid, bo.uid, True))
        await asyncio.wait_for(held.wait(), SECONDS)
        assert not changing.done()
        await changing
        assert await other.people.blocks(ann.uid) == {bo.uid}


async def test_a_process_that_does_not_answer_holds_a_change_up_for_its_time_alone(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "TELL_SECONDS", 0.05)
    async with two_of_them(embedded) as (one, other, ann, bo):
        other.people.hear = lambda event: None  # type: ignore[method-assign]
        assert await one.people.set_blocked(ann.uid, bo.uid, True) is True
        assert await one.people.blocks(ann.uid) == {bo.uid}


async def test_a_block_that_stands_already_says_so_and_an_unknown_one_is_not_found(
    embedded: Embedded,
) -> None:
    async with one_alone(embedded) as (one, ann, bo):
        asked = [await one.people.set_blocked(ann.uid, bo.uid, b) for b in (False, True, True)]
        assert asked == [False, True, False]
        with pytest.raises(NotFound):
            await one.people.set_blocked(ann.uid, 999, True)


async def test_apart_is_whom_either_blocks(embedded: Embedded) -> None:
    async with one_alone(embedded) as (one, ann, bo):
        await one.people.set_blocked(ann.uid, bo.uid, True)
        assert await one.people.apart_from(ann.uid) == {bo.uid}
        assert await one.people.apart_from(bo.uid) == {ann.uid}
        await one.people.set_blocked(ann.uid, bo.uid, False)
        assert await one.people.apart_from(ann.uid) == await one.people.apart_from(bo.uid) == set()


async def test_who_blocks_the_reader_is_never_online_to_him_and_alone_to_him(
    embedded: Embedded,
) -> None:
    async with one_alone(embedded) as (one, ann, bo):
        one.socket(ann.uid)
        one.socket(bo.uid)
        await one.people.set_blocked(ann.uid, bo.uid, True)

        async def online(reader: int) -> list[bool]:
            return [who["online"] for who in await one.people.profiles(reader, [ann, bo])]

        assert await online(bo.uid) == [False, True]
        assert await online(ann.uid) == [True, True]
        assert await online(999) == [True, True]


async def test_the_list_of_the_blocked_has_the_newest_first(embedded: Embedded) -> None:
    async with one_alone(embedded) as (one, ann, bo):
        carl = await one.add("carl")
        for uid in (carl.uid, bo.uid, 999):
            await one.blocks.add(ann.uid, uid)  # 999 is somebody whose account is gone
        assert await one.people.blocked(ann.uid) == [bo, carl]
