"""Each socket has its turn once in a period, and those of a crowd are spread over it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from server import heartbeat
from server.heartbeat import STEPS, Heartbeat

PERIOD_SECONDS = 0.2


class Heart:
    def __init__(self) -> None:
        self.beats: list[float] = []
        self._beaten = asyncio.Event()

    def beat(self) -> None:
        self.beats.append(time.monotonic())
        self._beaten.set()

    async def beaten(self, times: int) -> None:
        while len(self.beats) < times:
            self._beaten.clear()
            await self._beaten.wait()


@pytest.fixture(autouse=True)
def period(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "HEARTBEAT_MS", PERIOD_SECONDS * 1000)


@asynccontextmanager
async def beating() -> AsyncIterator[Heartbeat]:
    beats = Heartbeat()
    task = asyncio.create_task(beats.run())
    yield beats
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_each_has_its_turn_once_a_period_and_a_crowd_is_spread_over_it() -> None:
    async with beating() as beats:
        hearts = [Heart() for _ in range(2 * STEPS)]
        steps = [beats.add(heart) for heart in hearts]
        await hearts[-1].beaten(3)
        counts = {len(heart.beats) for heart in hearts}
    assert all(steps.count(step) == 2 for step in range(STEPS))
    assert counts <= {2, 3, 4}


async def test_who_is_gone_has_no_more_turns() -> None:
    async with beating() as beats:
        gone, others = Heart(), [Heart() for _ in range(STEPS)]
        step = beats.add(gone)
        steps = [beats.add(other) for other in others]
        await gone.beaten(1)
        beats.remove(gone, step)
        beside = others[steps.index(step)]
        await beside.beaten(len(beside.beats) + 2)
    assert len(gone.beats) == 1


async def test_what_a_freeze_has_missed_is_not_made_up_for() -> None:
    async with beating() as beats:
        one = Heart()
        beats.add(one)
        await one.beaten(1)
        time.sleep(3 * PERIOD_SECONDS)
        await one.beaten(3)
    first, second, third = one.beats
    assert second - first > 3 * PERIOD_SECONDS
    assert third - second > PERIOD_SECONDS / 2
