"""How long a conversation stays marked: from before its ack until its head is written."""

from __future__ import annotations

import asyncio

from tests.opened import Embedded
from tests.process import process
from tests.server.test_positions import begun, stored_seq, took
from tests.written import CONV


async def test_what_moves_during_a_flush_stays_marked_until_the_next(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one)
        await took(one, 1)
        one.conversations.raising.hold()
        flushing = asyncio.create_task(one.positions.flush())
        await one.conversations.raising.reached()
        await took(one, 2)
        one.conversations.raising.release()
        await flushing
        assert await stored_seq(one) == 1
        assert await one.dirty.among([CONV]) == {CONV}
        await one.positions.flush()
        assert await stored_seq(one) == 2
        assert await one.dirty.among([CONV]) == set()


async def test_what_the_log_is_writing_during_a_flush_stays_marked(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one)
        await took(one, 1)
        await one.positions.mark([CONV])
        await one.positions.flush()
        assert await one.dirty.among([CONV]) == {CONV}


async def test_after_the_last_message_of_a_log_nothing_stays_marked(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await one.send("a")
        assert await one.dirty.among([CONV]) == {CONV}
        await one.log.drain()
        await one.positions.flush()
        assert await one.dirty.among([CONV]) == set()


async def test_a_marked_conversation_is_not_marked_twice(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await one.positions.mark([CONV])
        await one.positions.mark([CONV])
        assert one.dirty.marking.calls == 1
