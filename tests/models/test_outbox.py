"""The outbox in the real database: a change stands in it once, until it is done."""

import time

from models.outbox import Change, Outbox
from tests.opened import Embedded

ONE = Change("1:2", "recalled", 1, 5)
OTHER = Change("1:2", "recalled", 1, 6)


def soon() -> int:
    """A moment after everything so far, ms."""
    return int(time.time() * 1000) + 1000


async def test_a_change_is_left_until_it_is_done(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        outbox = Outbox(stores.sql)
        await outbox.put(ONE)
        assert await outbox.left(soon()) == [ONE]
        await outbox.done(ONE)
        await outbox.done(ONE)
        assert await outbox.left(soon()) == []


async def test_a_change_that_is_put_again_stands_there_once(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        outbox = Outbox(stores.sql)
        for _ in range(3):
            await outbox.put(ONE)
        assert await outbox.left(soon()) == [ONE]


async def test_the_same_seq_of_two_conversations_is_two_changes(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        outbox = Outbox(stores.sql)
        elsewhere = Change("1:3", "recalled", 1, 5)
        await outbox.put(ONE)
        await outbox.put(elsewhere)
        await outbox.done(ONE)
        assert await outbox.left(soon()) == [elsewhere]


async def test_what_is_left_comes_the_oldest_first(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        outbox = Outbox(stores.sql)
        await outbox.put(OTHER)
        await outbox.put(ONE)
        assert await outbox.left(soon()) == [OTHER, ONE]


async def test_only_what_was_put_before_the_moment_is_left(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        outbox = Outbox(stores.sql)
        await outbox.put(ONE)
        assert await outbox.left(int(time.time() * 1000) - 1000) == []


async def test_what_is_left_outlives_the_process(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        await Outbox(stores.sql).put(ONE)
        assert await Outbox(stores.sql).left(soon()) == [ONE]
