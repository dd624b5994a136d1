"""Turns of processes that write to one conversation at once: real leases, over the real bus."""

import asyncio
from collections.abc import Iterable, Sequence

import pytest

from models.errors import Unavailable
from models.lease import Leases
from models.stores import Stores
from server import batching, turns
from server.turns import Turns
from tests.border import SECONDS, Step
from tests.opened import Embedded
from tests.process import Process, all_of, process, running
from tests.written import CONV


class BorderedLeases(Leases):
    """The real leases; a test sees who asks for one."""

    def __init__(self, stores: Stores, name: str) -> None:
        super().__init__(stores.redis_client, stores.redis, name)
        self.taking, self.returning = Step(), Step()

    async def take_in_order(self, convs: Sequence[str], *, lease_ms: int = 200) -> int:
        async with self.taking:
            return await super().take_in_order(convs, lease_ms=lease_ms)

    async def give_back(self, convs: Iterable[str]) -> None:
        async with self.returning:
            await super().give_back(convs)


class Side:
    """One process's turns, and its leases."""

    def __init__(self, stores: Stores, name: str) -> None:
        self.leases = BorderedLeases(stores, name)
        self.bus = Process(stores, name).bus
        self.turns = Turns(self.leases, self.bus)


async def test_where_nobody_meets_conflicts_no_lease_is_asked_for(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one = Side(stores, "one")
        assert await one.turns.take({CONV}) == set()
        one.turns.contest("1:3")
        assert await one.turns.take({CONV}) == set()
        assert one.leases.taking.calls == 0


async def test_in_a_contested_conversation_the_other_waits_for_its_turn(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        one, two = Side(stores, "one"), Side(stores, "two")
        for side in (one, two):
            side.turns.hear(CONV)
        assert await one.turns.take({CONV, "1:3"}) == {CONV}
        waiting = asyncio.create_task(two.turns.take({CONV}))
        await two.leases.taking.passed()
        assert not waiting.done()
        await one.turns.give_back({CONV})
        async with asyncio.timeout(SECONDS):
            assert await waiting == {CONV}


async def test_a_turn_is_given_back_once_the_others_can_have_heard_what_was_written(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TELL_SECONDS", SECONDS)
    async with embedded.open() as stores:
        one, two = Side(stores, "one"), Side(stores, "two")
        one.turns.hear(CONV)
        assert await one.turns.take({CONV}) == {CONV}
        one.bus.publish("all", {"event": "written"})
        giving = asyncio.create_task(one.turns.give_back({CONV}))
        # Many turns of the loop later.
        assert not await two.leases.take(CONV)
        assert one.leases.returning.calls == 0
        async with running(one.bus.loops()):
            await giving
        assert await two.leases.take(CONV)


async def test_a_turn_is_given_back_though_nobody_can_be_told(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TELL_SECONDS", 0.01)
    async with embedded.open() as stores:
        one, two = Side(stores, "one"), Side(stores, "two")
        one.turns.hear(CONV)
        assert await one.turns.take({CONV}) == {CONV}
        one.bus.publish("all", {"event": "written"})
        await one.turns.give_back({CONV})
        assert await two.leases.take(CONV)


async def test_who_has_a_turn_keeps_it_for_its_next_try(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one, two = Side(stores, "one"), Side(stores, "two")
        one.turns.hear(CONV)
        for _ in range(2):
            assert await one.turns.take({CONV}) == {CONV}
        assert one.leases.taking.calls == 2
        assert not await two.leases.take(CONV)


async def test_the_turn_of_a_process_that_died_is_waited_out(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with embedded.open() as stores:
        one, dead = Side(stores, "one"), Side(stores, "dead")
        assert await dead.leases.take(CONV, lease_ms=30)
        one.turns.hear(CONV)
        assert await one.turns.take({CONV}) == {CONV}
        assert not await dead.leases.take(CONV)


async def test_a_turn_that_does_not_come_is_waited_for_only_so_long(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.05)
    async with embedded.open() as stores:
        one, greedy = Side(stores, "one"), Side(stores, "greedy")
        assert await greedy.leases.take(CONV, lease_ms=60_000)
        one.turns.hear(CONV)
        async with asyncio.timeout(SECONDS):
            # The index is the fence: one writes anyway.
            assert await one.turns.take({CONV}) == {CONV}


async def test_without_redis_one_writes_anyway(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one = Side(stores, "one")
        one.turns.hear(CONV)
        one.leases.taking.failures.append(Unavailable("redis"))
        assert await one.turns.take({CONV}) == {CONV}


async def test_turns_end_some_time_after_the_last_conflict(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "CONTESTED_SECONDS", 0.0)
    async with embedded.open() as stores:
        one = Side(stores, "one")
        one.turns.hear(CONV)
        assert await one.turns.take({CONV}) == set()
        assert one.leases.taking.calls == 0


async def test_who_meets_conflicts_tells_the_other_processes(embedded: Embedded) -> None:
    async with (
        embedded.open() as stores,
        process(stores, bus=True) as one,
        process(stores, "two", bus=True) as two,
    ):
        one.turns.contest(CONV)
        channel, event = await two.next_heard()
        assert (channel, event["event"], event["conv"]) == ("all", "contested", CONV)


async def test_a_batch_that_meets_two_conflicts_makes_its_conversation_contested(
    embedded: Embedded,
) -> None:
    async with (
        embedded.open() as stores,
        process(stores, bus=True) as one,
        process(stores, "two", bus=True) as two,
    ):
        one.messages.inserting.hold()
        sent = one.send("c")
        for id in ("a", "b"):
            # Faster each time than the one that has just read what it missed.
            await one.messages.inserting.reached()
            await two.send(id)
            one.messages.inserting.release()
            await one.messages.inserting.passed()
            one.messages.inserting.hold()
        one.messages.inserting.release()
        assert (await sent).seq == 3
        await one.log.drain()
        other = Side(stores, "two").turns
        other.hear(CONV)
        # The turn was given back; a wait for it would end at the lease's own end.
        async with asyncio.timeout(0.15):
            assert await other.take({CONV}) == {CONV}
        _, event = await two.next_heard()
        assert (event["event"], event["conv"]) == ("contested", CONV)


async def test_of_two_saturated_writers_none_starves(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "BATCH_MAX", 20)
    async with (
        embedded.open() as stores,
        process(stores, bus=True) as one,
        process(stores, "two", bus=True) as two,
    ):
        busy = [one.send(f"1-{i}") for i in range(600)]
        first = await two.send("2-0", from_=2)
        assert first.seq < 600
        await all_of(*busy)
