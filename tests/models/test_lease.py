"""Leases in the real Redis: one at a time, each in its turn, and none for ever."""

import asyncio

from models.lease import Leases
from models.stores import Stores
from tests.opened import Embedded

CONV = "1:2"


def processes(stores: Stores, count: int) -> list[Leases]:
    return [Leases(stores.redis_client, stores.redis, f"p{number}") for number in range(count)]


async def lapses(stores: Stores, key: str) -> None:
    """Wait until a key has ended by itself."""
    async with asyncio.timeout(2):
        while await stores.redis_client.exists(key):
            pass


async def test_one_process_at_a_time_has_the_lease_of_a_conversation(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = processes(stores, 2)
        assert await one.take(CONV)
        assert not await two.take(CONV)
        assert await two.take("1:3")


async def test_who_has_it_prolongs_it(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = processes(stores, 2)
        assert await one.take(CONV, lease_ms=50)
        assert await one.take(CONV, lease_ms=60_000)
        assert await stores.redis_client.pttl(f"lease:{CONV}") > 50
        assert not await two.take(CONV)


async def test_given_back_it_is_free(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = processes(stores, 2)
        assert await one.take(CONV)
        await one.give_back([CONV])
        assert await two.take(CONV)


async def test_nobody_gives_back_the_lease_of_another(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two, three = processes(stores, 3)
        assert await one.take(CONV)
        await two.give_back([CONV])
        assert not await three.take(CONV)


async def test_who_gave_it_back_waits_for_the_one_who_is_next(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = processes(stores, 2)
        assert await one.take(CONV)
        assert not await two.take(CONV)
        await one.give_back([CONV])
        assert not await one.take(CONV)
        assert await two.take(CONV)
        # And then it is the first one's turn again.
        assert not await one.take(CONV)
        await two.give_back([CONV])
        assert not await two.take(CONV)
        assert await one.take(CONV)


async def test_the_first_to_ask_is_next(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two, three = processes(stores, 3)
        assert await one.take(CONV)
        assert not await two.take(CONV)
        assert not await three.take(CONV)
        await one.give_back([CONV])
        assert not await three.take(CONV)
        assert await two.take(CONV)


async def test_a_lease_of_a_process_that_died_ends_by_itself(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = processes(stores, 2)
        assert await one.take(CONV, lease_ms=30)
        await lapses(stores, f"lease:{CONV}")
        assert await two.take(CONV)


async def test_a_place_of_a_process_that_died_ends_by_itself(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, dead, two = processes(stores, 3)
        assert await one.take(CONV)
        assert not await dead.take(CONV)
        await one.give_back([CONV])
        await lapses(stores, f"next:{CONV}")
        assert await two.take(CONV)


async def test_several_are_taken_in_order_up_to_the_first_that_is_another_s(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        one, two, three = processes(stores, 3)
        assert await two.take("1:3")
        assert await one.take_in_order(["1:2", "1:3", "1:4"]) == 1
        assert not await three.take("1:2")
        assert await three.take("1:4")
        await three.give_back(["1:4"])
        await two.give_back(["1:3"])
        # And it was put next for the one that it did not get.
        assert not await three.take("1:3")
        assert await one.take_in_order(["1:2", "1:3", "1:4"]) == 3
        await one.give_back(["1:2", "1:3", "1:4"])
        assert await three.take("1:4")
