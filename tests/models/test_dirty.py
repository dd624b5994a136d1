"""Marks in the real Redis: who is ahead of the stored heads, and what dead processes left."""

import pytest

from models import dirty
from models.dirty import Dirty
from models.stores import Stores
from tests.opened import Embedded


async def living(stores: Stores, name: str) -> Dirty:
    one = Dirty(stores.redis_client, stores.redis, name)
    await one.announce()
    return one


async def dies(stores: Stores, name: str) -> None:
    """As if it had said nothing for so long."""
    await stores.redis_client.delete(f"alive:{name}")


async def test_what_any_process_has_marked_is_seen_by_all(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = await living(stores, "one"), await living(stores, "two")
        await one.mark(["1:2", "1:3"])
        await two.mark(["1:3", "1:4"])
        for each in (one, two):
            assert await each.among(["1:2", "1:3", "1:4", "1:5"]) == {"1:2", "1:3", "1:4"}
            assert await each.among(["1:5"]) == set()
            assert await each.among([]) == set()


async def test_a_mark_is_taken_away_by_its_own_process_only(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = await living(stores, "one"), await living(stores, "two")
        for each in (one, two):
            await each.mark(["1:2"])
        await one.unmark(["1:2", "1:9"])
        assert await one.among(["1:2"]) == {"1:2"}
        await two.unmark(["1:2"])
        assert await one.among(["1:2"]) == set()


async def test_a_person_may_have_more_conversations_than_one_script_takes(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        one = await living(stores, "one")
        convs = [f"1:{uid}" for uid in range(2, 9002)]
        marked = {convs[0], convs[4500], convs[-1]}
        await one.mark(marked)
        assert await one.among(convs) == marked


async def test_marks_of_a_process_that_says_nothing_more_are_orphans(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = await living(stores, "one"), await living(stores, "two")
        await one.mark(["1:2"])
        await two.mark(["1:3"])
        assert await one.orphans() == {}
        await dies(stores, "two")
        assert await one.orphans() == {"two": {"1:3"}}
        # They count until somebody has carried them out.
        assert await one.among(["1:3"]) == {"1:3"}


async def test_a_process_that_speaks_again_is_no_orphan(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = await living(stores, "one"), await living(stores, "two")
        await two.mark(["1:3"])
        await dies(stores, "two")
        await two.announce()
        assert await one.orphans() == {}


async def test_what_a_process_says_of_itself_lapses(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        await living(stores, "one")
        assert 0 < await stores.redis_client.ttl("alive:one") <= 15


async def test_the_buried_are_forgotten_with_their_marks(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = await living(stores, "one"), await living(stores, "two")
        await two.mark(["1:3"])
        await dies(stores, "two")
        await one.bury("two")
        assert await one.orphans() == {}
        assert await one.among(["1:3"]) == set()


async def test_one_that_speaks_again_is_not_buried_any_more(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = await living(stores, "one"), await living(stores, "two")
        await two.mark(["1:3"])
        await dies(stores, "two")
        assert await one.orphans() == {"two": {"1:3"}}
        await two.announce()
        await one.bury("two")
        assert await one.among(["1:3"]) == {"1:3"}


async def test_a_life_begins_with_the_first_word_and_with_one_that_comes_late(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with embedded.open() as stores:
        one = Dirty(stores.redis_client, stores.redis, "one")
        assert one.lapsed
        await one.announce()
        await one.announce()
        assert (one.lapsed, one.life) == (False, 1)
        monkeypatch.setattr(dirty, "LAPSED_SECONDS", 0.0)
        assert one.lapsed
        await one.announce()
        assert one.life == 2


async def test_who_leaves_is_no_orphan_and_has_no_marks(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = await living(stores, "one"), await living(stores, "two")
        await two.mark(["1:3"])
        await two.leave()
        assert await one.orphans() == {}
        assert await one.among(["1:3"]) == set()
        assert await stores.redis_client.keys("*two*") == []


async def test_all_marks_are_told_those_of_dead_processes_too(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = await living(stores, "one"), await living(stores, "two")
        assert await one.all() == set()
        await one.mark(["1:2"])
        await two.mark(["1:2", "1:3"])
        await dies(stores, "two")
        assert await one.all() == {"1:2", "1:3"}
