"""The cache of groups: fresh in every process, and never what was read while a change came."""

from __future__ import annotations

import asyncio

import pytest

from models.errors import NotFound, Unavailable
from models.user import Person
from server import rosters
from tests.opened import Embedded
from tests.served import Served, served, two_of_them


async def group_of(one: Served, owner: Person, *members: Person) -> int:
    shape = await one.groups.create(owner.uid, "Lunch", [person.uid for person in members])
    return shape["gid"]


async def test_a_group_is_asked_for_once(embedded: Embedded) -> None:
    async with two_of_them(embedded) as (one, _, (ann, bo, _carl)):
        gid = await group_of(one, ann, bo)
        assert one.rosters._cache.get(gid) is None
        for _ in range(3):
            assert list((await one.rosters.get(gid)).members) == [ann.uid, bo.uid]
            assert (await one.rosters.find([gid, 999])).keys() == {gid}
        assert one.rosters._cache.get(gid) == await one.rosters.get(gid)
        # The unknown one is asked for each time.
        assert one.group_store.answered.calls == 4
        with pytest.raises(NotFound):
            await one.rosters.get(999)


async def test_a_change_that_is_answered_holds_in_every_process(embedded: Embedded) -> None:
    async with two_of_them(embedded) as (one, other, (ann, bo, _carl)):
        gid = await group_of(one, ann, bo)
        for process in (one, other):
            assert (await process.rosters.get(gid)).name == "Lunch"
        await one.groups.change(ann.uid, gid, {"name": "Dinner"})
        for process in (one, other):
            assert process.rosters._cache.get(gid) is None
            assert (await process.rosters.get(gid)).name == "Dinner"


async def test_what_was_read_while_a_change_came_is_not_kept(embedded: Embedded) -> None:
    async with two_of_them(embedded) as (one, other, (ann, bo, _carl)):
        gid = await group_of(one, ann, bo)
        other.group_store.answered.hold()
        reading = asyncio.create_task(other.rosters.get(gid))
        await other.group_store.answered.reached()
        await one.groups.change(ann.uid, gid, {"name": "Dinner"})
        other.group_store.answered.release()
        assert (await reading).name == "Lunch"
        assert (await other.rosters.get(gid)).name == "Dinner"


async def test_after_an_interruption_of_the_bus_everything_is_asked_for_again(
    embedded: Embedded,
) -> None:
    async with two_of_them(embedded) as (one, _, (ann, bo, _carl)):
        gid = await group_of(one, ann, bo)
        await one.rosters.get(gid)
        one.sockets.recover()
        assert one.rosters._cache.get(gid) is None


async def test_a_full_cache_starts_anew_and_loses_nothing(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rosters, "CACHE_MAX", 2)
    async with two_of_them(embedded) as (one, _, (ann, *_others)):
        gids = [await group_of(one, ann) for _ in range(8)]
        for gid in gids:
            assert (await one.rosters.get(gid)).gid == gid
        assert sum(one.rosters._cache.get(gid) is not None for gid in gids) <= 3


async def test_a_database_that_is_down_is_no_empty_group(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann = await one.add("ann")
        gid = await group_of(one, ann)
        one.group_store.answered.failures.append(Unavailable("sql"))
        with pytest.raises(Unavailable):
            await one.rosters.get(gid)
        assert (await one.rosters.get(gid)).gid == gid


async def test_who_has_left_no_group_is_asked_nothing_for(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        monkeypatch.setattr(one.group_store, "glimpses", None)
        assert await one.rosters.glimpses(1, []) == {}
