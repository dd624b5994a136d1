"""Recalls: message and event are never without each other, whatever dies between them."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from conf.settings import load
from models.errors import Forbidden, NotFound, Unavailable
from models.message import Stored
from models.stores import Stores
from server import outbox
from server.amendments import Amendments
from server.delivery import Delivery
from server.outbox import Changes
from server.policy import Place, Policy
from tests import media
from tests.border import BorderedOutbox
from tests.opened import Embedded
from tests.process import NO_STICKERS, Process, process, running
from tests.worded import words_of
from tests.written import CONV, NOW, message, write

PLACE = Place(CONV, (1, 2))


class Side:
    """The recalls of one process."""

    def __init__(self, one: Process, stores: Stores, *, seconds: int = 120) -> None:
        settings = load(Path(os.devnull), {"TORNADO_IM_CHAT_RECALLSECONDS": str(seconds)})
        self.process = one
        self.alone = False
        self.outbox = BorderedOutbox(stores)
        # Of people and groups it asks nothing here.
        policy = Policy(settings.chat, None, one.positions)  # type: ignore[arg-type]
        uploads = media.service(stores, one.messages, policy, None, None)  # type: ignore[arg-type]
        words = words_of(stores, one.bus)
        delivery = Delivery(
            policy, one.messages, one.positions, one.presence, uploads, NO_STICKERS, words, one.log
        )
        self.changes = Changes(self.outbox, one.messages, delivery, uploads, self.is_alone)
        self.amendments = Amendments(
            settings.chat, one.messages, policy, delivery, self.changes, NO_STICKERS, words
        )

    async def is_alone(self) -> bool:
        return self.alone

    async def stored(self) -> list[Stored]:
        return await self.process.messages.tail(CONV, 0)

    async def rows(self) -> int:
        return len(await self.outbox.of(CONV))


async def stored_long_ago(one: Process, *seqs: int) -> None:
    """Another process has stored these a minute ago and not written the head."""
    await write(one.messages, *(message(seq, time=NOW - 61_000) for seq in seqs))
    await one.dirty.mark([CONV])


async def test_a_recall_empties_the_message_and_tells_of_it_by_one_event(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        side, friend = Side(one, stores), one.socket(2)
        await one.send("a", content="a secret", mentions=[2])
        await one.send("b")
        assert await side.amendments.recall(1, PLACE, 1) == 3
        target, _, event = await side.stored()
        assert (target.message.kind, target.message.content) == ("recalled", "")
        assert target.message.mentions is None
        assert event.message.data == {"target": 1, "by": 1}
        assert (event.message.event, event.message.silent, event.n) == ("recalled", True, 2)
        pushed = [await friend.next() for _ in range(3)][2]
        assert (pushed["seq"], pushed["message"]["content"]) == (3, "")
        assert await side.rows() == 0


async def test_a_recall_done_again_gets_the_same_answer_and_no_second_event(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        side, other = Side(one, stores), Side(two, stores)
        await one.send("a")
        first = await side.amendments.recall(1, PLACE, 1)
        assert await side.amendments.recall(1, PLACE, 1) == first
        assert await other.amendments.recall(1, PLACE, 1) == first
        assert len(await side.stored()) == 2


async def test_two_recalls_at_once_make_one_event(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        side, other = Side(one, stores), Side(two, stores)
        await one.send("a")
        seqs = await asyncio.gather(
            side.amendments.recall(1, PLACE, 1),
            side.amendments.recall(1, PLACE, 1),
            other.amendments.recall(1, PLACE, 1),
        )
        assert seqs == [2, 2, 2]
        assert len(await side.stored()) == 2
        assert await side.rows() == 0


async def test_only_ones_own_message_can_be_recalled(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        side = Side(one, stores)
        await one.send("a")
        await side.amendments.recall(1, PLACE, 1)
        await one.send("b")
        with pytest.raises(Forbidden):
            await side.amendments.recall(2, PLACE, 3)
        # Its own event tells who it was; it is no message of that person.
        with pytest.raises(Forbidden):
            await side.amendments.recall(1, PLACE, 2)
        with pytest.raises(NotFound):
            await side.amendments.recall(1, PLACE, 9)
        assert (await side.stored())[2].message.content == "b"
        assert await side.rows() == 0


async def test_a_recall_has_its_time(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await stored_long_ago(one, 1, 2)
        with pytest.raises(Forbidden) as refusal:
            await Side(one, stores, seconds=60).amendments.recall(1, PLACE, 1)
        assert refusal.value.word == "too_late"
        assert await Side(one, stores, seconds=3600).amendments.recall(1, PLACE, 1) == 3
        assert await Side(one, stores, seconds=0).amendments.recall(1, PLACE, 2) == 4


async def test_what_was_recalled_in_time_is_answered_after_it_too(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await stored_long_ago(one, 1)
        event = await Side(one, stores, seconds=3600).amendments.recall(1, PLACE, 1)
        assert await Side(one, stores, seconds=60).amendments.recall(1, PLACE, 1) == event


def before_the_change(side: Side) -> None:
    side.process.messages.recalling.failures.append(Unavailable("mongo"))


def before_the_event(side: Side) -> None:
    side.process.is_hopeless = True


def before_the_end_of_the_row(side: Side) -> None:
    side.outbox.ending.failures.append(Unavailable("sql"))


@pytest.mark.parametrize("dies", [before_the_change, before_the_event, before_the_end_of_the_row])
async def test_what_a_dead_process_left_is_carried_out_once(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch, dies: Callable[[Side], None]
) -> None:
    monkeypatch.setattr(outbox, "LEFT_SECONDS", -1.0)
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        side, other = Side(one, stores), Side(two, stores)
        await one.send("a")
        two.gate.open(CONV, (await two.positions.heads([CONV]))[CONV])
        friend = two.socket(2)
        dies(side)
        with pytest.raises(Unavailable):
            await side.amendments.recall(1, PLACE, 1)
        assert await side.rows() == 1
        async with running({"sweep": other.changes.sweep()}):
            await other.outbox.ending.passed()
        # Made now or found in the log: it is told with its target.
        told = await friend.next()
        assert (told["seq"], told["message"]["kind"]) == (2, "recalled")
        target, event = await side.stored()
        assert (target.message.kind, target.message.content) == ("recalled", "")
        assert (event.message.seq, event.message.data) == (2, {"target": 1, "by": 1})
        assert await side.rows() == 0
        assert await other.amendments.recall(1, PLACE, 1) == 2


async def test_a_change_on_its_way_is_left_to_its_own_process(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "SWEEP_SECONDS", 0.01)
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        side, other = Side(one, stores), Side(two, stores)
        await one.send("a")
        before_the_change(side)
        with pytest.raises(Unavailable):
            await side.amendments.recall(1, PLACE, 1)
        async with running({"sweep": other.changes.sweep()}):
            # The second look comes when all that the first has found is done.
            await other.outbox.looking.passed()
            await other.outbox.looking.passed()
        assert [stored.message.kind for stored in await side.stored()] == ["text"]
        assert await side.rows() == 1


async def test_who_is_alone_carries_out_at_once_what_was_left(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        side, other = Side(one, stores), Side(two, stores)
        await one.send("a")
        before_the_change(side)
        with pytest.raises(Unavailable):
            await side.amendments.recall(1, PLACE, 1)
        other.alone = True
        async with running({"sweep": other.changes.sweep()}):
            await other.outbox.ending.passed()
        assert [stored.message.kind for stored in await side.stored()] == ["recalled", "system"]


async def test_a_sweep_lives_on_when_a_store_is_down(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "SWEEP_SECONDS", 0.01)
    async with embedded.open() as stores, process(stores) as one:
        side = Side(one, stores)
        side.outbox.looking.failures.append(Unavailable("sql"))
        async with running({"sweep": side.changes.sweep()}):
            await side.outbox.looking.passed()
