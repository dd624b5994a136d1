"""The outbox in the real database: a change stands in it once, until it is done."""

import dataclasses
import time

import pytest
from tortoise.transactions import in_transaction

from models.outbox import Change, Outbox, put
from tests.opened import Embedded


def recall(target: int, conv: str = "1:2") -> Change:
    return Change.of_message(conv, "recalled", 1, "gone", target)


ONE, OTHER = recall(5), recall(6)


def soon() -> int:
    """A moment after everything so far, ms."""
    return int(time.time() * 1000) + 1000


async def standing(outbox: Outbox, conv: str = "1:2") -> list[Change]:
    """What stands there of a conversation, without the places of the rows."""
    return [dataclasses.replace(change, number=0) for change in await outbox.of(conv)]


async def test_a_change_is_left_until_it_is_done(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        outbox = Outbox(stores.sql)
        await outbox.put(ONE)
        assert await standing(outbox) == [ONE]
        assert await outbox.left(soon()) == ["1:2"]
        await outbox.done(ONE)
        await outbox.done(ONE)
        assert await standing(outbox) == [] and await outbox.left(soon()) == []


async def test_a_change_that_is_put_again_stands_there_once(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        outbox = Outbox(stores.sql)
        for _ in range(3):
            await outbox.put(ONE)
        assert await standing(outbox) == [ONE]


async def test_the_same_seq_of_two_conversations_is_two_changes(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        outbox = Outbox(stores.sql)
        elsewhere = recall(5, "1:3")
        await outbox.put(ONE)
        await outbox.put(elsewhere)
        await outbox.done(ONE)
        assert await standing(outbox) == []
        assert await standing(outbox, "1:3") == [elsewhere]


async def test_changes_of_one_conversation_stand_in_the_order_in_which_they_were_put(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        outbox = Outbox(stores.sql)
        for change in (OTHER, recall(5, "1:3"), ONE):
            await outbox.put(change)
        assert await standing(outbox) == [OTHER, ONE]
        first, second = await outbox.of("1:2")
        assert 0 < first.number < second.number


async def test_conversations_come_each_once_the_one_that_waits_longest_first(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        outbox = Outbox(stores.sql)
        for change in (recall(1, "2:3"), ONE, recall(2, "2:3"), recall(1, "1:9")):
            await outbox.put(change)
        assert await outbox.left(soon()) == ["2:3", "1:2", "1:9"]


async def test_only_what_was_put_before_the_moment_is_left(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        outbox = Outbox(stores.sql)
        await outbox.put(ONE)
        assert await outbox.left(int(time.time() * 1000) - 1000) == []


async def test_what_is_left_outlives_the_process(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        await Outbox(stores.sql).put(ONE)
        assert await Outbox(stores.sql).left(soon()) == ["1:2"]


async def test_what_an_event_says_is_kept_as_it_was_said(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        outbox = Outbox(stores.sql)
        data = {"uids": [7, 8], "name": "Obst 🍏 \u202e", "avatar": None}
        change = Change.of_group(4, "created", 6, "六 hat «Obst» gemacht", data)
        await outbox.put(change)
        assert await standing(outbox, "g4") == [change]


def test_the_same_change_of_a_message_has_one_key_and_each_of_a_group_its_own() -> None:
    assert recall(5).key == recall(5).key == "1:2!recalled/5"
    edits = [Change.of_message("1:2", "edited", 1, "x", 5, {"content": "y"}) for _ in range(3)]
    assert len({change.key for change in (recall(5), *edits)}) == 4
    keys = {Change.of_group(1, "changed", 2, "x", {"name": "x"}).key for _ in range(3)}
    assert len(keys) == 3


async def test_a_row_of_a_transaction_that_fails_is_not_there(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        with pytest.raises(LookupError):
            async with in_transaction() as connection:
                await put(ONE, connection)
                raise LookupError
        assert await standing(Outbox(stores.sql)) == []
