"""What dead processes left is written down by the living, once and whoever does it."""

import asyncio

import pytest

from models.errors import Unavailable
from models.head import Head, Own
from models.stores import Stores
from server import orphans
from server.orphans import Orphans
from tests.opened import Embedded
from tests.process import Process, process, running
from tests.written import CONV, message, write


def of(one: Process, told: dict[str, int] | None = None) -> Orphans:
    """`told` takes how far it says that conversations have come."""
    return Orphans(
        one.conversations,
        one.messages,
        one.dirty,
        on_caught_up=({} if told is None else told).update,
    )


async def died(stores: Stores, *convs: str) -> Process:
    """A process that has marked conversations, stored messages in them, and is no more."""
    dead = Process(stores, "dead")
    await dead.dirty.announce()
    for conv in convs:
        await dead.conversations.create({conv: (1, 2)}, 0)
        await dead.dirty.mark([conv])
        await write(dead.messages, message(1, conv=conv), message(2, conv=conv, mentions=[2]))
        event = {"kind": "system", "event": "recalled", "silent": True}
        await write(dead.messages, message(3, conv=conv, n=2, **event))
    await stores.redis_client.delete("alive:dead")
    return dead


async def written(one: Process, conv: str = CONV) -> Head:
    """The stored head."""
    return (await one.conversations.heads([conv]))[conv]


async def test_the_heads_of_a_dead_process_are_written_down(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await died(stores, CONV, "1:3")
        told: dict[str, int] = {}
        await of(one, told).catch_up()
        assert told == {CONV: 3, "1:3": 3}
        head = await written(one)
        assert (head.last_seq, head.n, head.shown_seq) == (3, 2, 2)
        assert (head.own, head.mentioned) == ({1: Own(2, 2, 2)}, {2: 2})
        assert (await written(one, "1:3")).last_seq == 3
        assert await one.dirty.orphans() == {}
        assert await one.dirty.among([CONV, "1:3"]) == set()


async def test_what_a_living_process_has_marked_is_left_to_it(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        dead = await died(stores, CONV)
        await dead.dirty.announce()
        await of(one).catch_up()
        assert (await written(one)).last_seq == 0
        assert await one.dirty.among([CONV]) == {CONV}


async def test_what_was_written_before_does_not_go_back(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await died(stores, CONV)
        ahead = Head(last_seq=9, n=8, shown_seq=9, own={1: Own(9, 8, 8)}, mentioned={2: 4})
        await one.conversations.raise_heads([(CONV, ahead)])
        await of(one).catch_up()
        assert await written(one) == ahead


async def test_two_that_catch_up_at_once_write_the_same(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        await died(stores, CONV)
        await asyncio.gather(of(one).catch_up(), of(two).catch_up())
        head = await written(one)
        assert (head.last_seq, head.own) == (3, {1: Own(2, 2, 2)})


async def test_marks_stay_until_what_they_stand_for_is_written(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await died(stores, CONV)
        one.conversations.raising.failures.append(Unavailable("mongo"))
        with pytest.raises(Unavailable):
            await of(one).catch_up()
        assert await one.dirty.orphans() == {"dead": {CONV}}
        await of(one).catch_up()
        assert (await written(one)).last_seq == 3


@pytest.mark.parametrize("first", ["a message", "a word"])
async def test_who_was_taken_for_dead_marks_anew_what_it_goes_on_with(
    embedded: Embedded, first: str
) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        await one.send("a")
        await one.dirty.lapse()
        await of(two).catch_up()
        assert await two.dirty.among([CONV]) == set()
        if first == "a word":
            await one.dirty.announce()
        await one.send("b")
        assert await two.dirty.among([CONV]) == {CONV}
        # As one that is alive.
        await of(two).catch_up()
        assert await two.dirty.among([CONV]) == {CONV}


async def test_who_is_taken_for_dead_before_an_ack_marks_anew_before_it(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        one.messages.inserting.hold()
        ack = one.send("a")
        await one.messages.inserting.reached()
        while not await two.dirty.among([CONV]):
            pass
        await one.dirty.lapse()
        await of(two).catch_up()
        one.messages.inserting.release()
        await ack
        assert await two.dirty.among([CONV]) == {CONV}


async def test_a_living_process_says_so_and_catches_up_though_a_store_was_down(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "ORPHAN_SECONDS", 0.0)
    monkeypatch.setattr(orphans, "ALIVE_SECONDS", 0.03)
    async with embedded.open() as stores:
        one = Process(stores, "one")
        await died(stores, CONV)
        one.dirty.announcing.failures.append(Unavailable("redis"))
        async with running({"watch": of(one).watch()}):
            await one.conversations.raising.passed()
        assert (await written(one)).last_seq == 3
        assert await stores.redis_client.exists("alive:one")
