"""Reads that are under way: who wants the same waits for their end, and reads nothing himself."""

import asyncio

from models.errors import Unavailable
from server.reading import Reading
from server.underway import Underway
from tests.opened import Embedded
from tests.process import process
from tests.server.test_positions import begun, follow
from tests.written import CONV

MANY = 20


async def test_who_waits_is_told_at_the_end_and_as_the_reader_is() -> None:
    underway, go_on = Underway(), asyncio.Event()

    async def read(*failures: Exception) -> None:
        with underway.reading(["a", "b"]):
            await go_on.wait()
            for failure in failures:
                raise failure

    await underway.ended(["a"])  # nobody reads it
    for failures, stores in (((), []), ((Unavailable("mongo"),), ["mongo", "mongo"])):
        reading = asyncio.create_task(read(*failures))
        await asyncio.sleep(0)
        assert "a" in underway and "c" not in underway
        waiting = asyncio.create_task(underway.ended(["b", "c"]))
        gone = asyncio.create_task(underway.ended(["a"]))
        await asyncio.sleep(0)
        gone.cancel()
        assert not waiting.done()
        go_on.set()
        told = await asyncio.gather(reading, waiting, return_exceptions=True)
        assert [each.store for each in told if isinstance(each, Unavailable)] == stores
        assert "a" not in underway
        go_on.clear()


async def test_a_reader_who_is_gone_leaves_it_to_who_waits() -> None:
    underway = Underway()

    async def read() -> None:
        with underway.reading([1]):
            await asyncio.Event().wait()

    reading = asyncio.create_task(read())
    await asyncio.sleep(0)
    waiting = asyncio.create_task(underway.ended([1]))
    await asyncio.sleep(0)
    reading.cancel()
    await waiting
    assert 1 not in underway


async def test_many_who_come_at_once_read_inbox_and_heads_once(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, 2, head=1)
        await one.dirty.mark([CONV])
        before = one.conversations.reading.calls
        found = await asyncio.gather(*(follow(one, 1) for _ in range(MANY)))
        assert found == [{CONV: 2}] * MANY
        assert one.conversations.reading.calls - before == 2
        assert one.messages.ranging.calls == 1


async def test_who_waited_for_a_head_that_moved_meanwhile_reads_it_himself(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, 2, 3, head=1)
        await follow(one, 1)
        one.positions.forget([CONV])
        one.conversations.reading.hold()
        reading = [asyncio.create_task(one.positions.heads([CONV])) for _ in range(2)]
        await one.conversations.reading.reached()
        one.positions.forget([CONV])
        await one.dirty.mark([CONV])
        one.conversations.reading.release()
        _, second = await asyncio.gather(*reading)
        assert second[CONV].last_seq == 3


async def test_many_who_missed_the_same_read_it_once(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, 2, 3, head=3)
        await follow(one, 1)
        reading = Reading(one.messages, one.positions, one.recent)
        synced = await asyncio.gather(*(reading.sync(1, {CONV: 1}) for _ in range(MANY)))
        for answer in synced:
            (entry,) = answer["conversations"]
            assert [message.seq for message in entry["messages"]] == [2, 3]
        assert one.messages.ranging.calls == 1


async def test_all_who_wait_for_a_store_that_fails_are_refused_at_once(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, head=1)
        one.conversations.reading.failures.append(Unavailable("mongo"))
        one.conversations.reading.hold()
        coming = [asyncio.create_task(follow(one, 1)) for _ in range(MANY)]
        await one.conversations.reading.reached()
        one.conversations.reading.release()
        refused = await asyncio.gather(*coming, return_exceptions=True)
        assert [type(each) for each in refused] == [Unavailable] * MANY
        assert await follow(one, 1) == {CONV: 1}
