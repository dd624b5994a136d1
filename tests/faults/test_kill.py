"""The power goes in the middle of a storm, for all of it or for one store: what is kept.

The figures are printed (`pytest -s`); each of them must be 0.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from tests.faults.figures import Figures
from tests.faults.programs import MONGO, VALKEY, Server
from tests.faults.rest import refuses, rest_of, sign_in, sign_up
from tests.faults.storm import Writer, people, resend_all, settled, storm_until, together

PAIRS = 10
ROUNDS = 3
UNSAFE_ROUNDS = 8


class PowerCuts:
    """Rounds of: storm, login, SIGKILL for everything, start again, sync, send again, compare."""

    def __init__(self, server: Server, writers: Sequence[Writer], token: str) -> None:
        self.server = server
        self.writers = writers
        self.token = token
        """The one that is valid for ann."""
        self.older = ""

    async def cut(self) -> None:
        self.older = self.token
        async with rest_of(self.server.url) as rest:
            self.token = await sign_in(rest, "ann")
        aim = self.server.aim()
        # What was acknowledged this very moment is what an unsafe store has not written.
        await self.writers[0].next_ack()
        self.server.kill(aim)

    async def round(self, seconds: float) -> Figures:
        url, writers, figures = self.server.url, self.writers, Figures()
        await together(writers, [url])
        await storm_until(writers, seconds, self.cut)
        for writer in writers:
            await writer.disconnected()
        await asyncio.to_thread(self.server.start)
        figures.old_token_accepted += not await refuses(url, "ann", self.older)
        assert not await refuses(url, "ann", self.token)
        unknown = sum(len(writer.open_ids) for writer in writers)
        await together(writers, [url])
        await resend_all(writers)
        figures += await settled([url], writers)
        acknowledged = sum(len(writer.acked) for writer in writers)
        print(f"{acknowledged} acknowledged, {unknown} sent again: {figures}")
        for writer in writers:
            await writer.close()
        return figures


async def power_cuts(
    server: Server, rounds: int, chance: Random, *, until_lost: bool = False
) -> Figures:
    """The sum of all rounds."""
    total = Figures()
    async with people([server.url], PAIRS) as writers:
        async with rest_of(server.url) as rest:
            _, token = await sign_up(rest, "ann")
        cuts = PowerCuts(server, writers, token)
        for _ in range(rounds):
            total += await cuts.round(chance.uniform(0.2, 1.2))
            if until_lost and total.acknowledged_and_lost:
                break
    print(f"in all: {total}")
    return total


@pytest.mark.timeout(120)
async def test_a_power_cut_in_a_storm_loses_nothing(own_server: Server, chance: Random) -> None:
    assert await power_cuts(own_server, ROUNDS, chance) == Figures()


@pytest.mark.timeout(120)
async def test_without_the_journal_the_same_storm_shows_a_loss(
    tmp_path: Path, chance: Random
) -> None:
    unsafe = Server(tmp_path / "data", environ={"TORNADO_IM_TEST_UNSAFE_JOURNAL": "1"})
    try:
        total = await power_cuts(unsafe.start(), UNSAFE_ROUNDS, chance, until_lost=True)
    finally:
        unsafe.end()
    assert total.acknowledged_and_lost > 0


@pytest.mark.parametrize("store", [MONGO, VALKEY])
async def test_a_store_dies_in_a_storm_and_is_started_again(
    own_server: Server, chance: Random, store: str
) -> None:
    async with people([own_server.url], PAIRS) as writers:
        await together(writers, [own_server.url])
        gone = own_server.child(store)

        async def strike() -> None:
            os.kill(gone, signal.SIGKILL)
            await asyncio.sleep(chance.uniform(1.0, 2.0))

        await storm_until(writers, chance.uniform(0.3, 1.0), strike)
        refused = sum(len(writer.refused) for writer in writers)
        await resend_all(writers)
        await asyncio.gather(*(writer.sync() for writer in writers))
        figures = await settled([own_server.url], writers)
        acknowledged = sum(len(writer.acked) for writer in writers)
        print(f"{store}: {acknowledged} acknowledged, {refused} refused first: {figures}")
        assert figures == Figures()
        assert [frame for writer in writers for frame in writer.others] == []
        assert own_server.child(store) != gone
