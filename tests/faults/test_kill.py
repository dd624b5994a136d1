"""SIGKILL in the middle of a storm, for one store, for the server or for all of it: what is kept.

The figures are printed (`pytest -s`); each of them must be 0. `TORNADO_IM_TEST_KILLS=200` kills the
embedded MongoDB as often as that.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from tests.faults.figures import Figures
from tests.faults.programs import MONGO, VALKEY, Server
from tests.faults.rest import ANSWER_SECONDS, SLACK_SECONDS, refuses, rest_of, sign_in, sign_up
from tests.faults.storm import people, resend_all, settled, storm_until, together
from tests.faults.writer import Writer

KILLS = int(os.environ.get("TORNADO_IM_TEST_KILLS") or 20)
"""Of the embedded MongoDB."""

ALONE = 4
"""Deaths of a store in one life of its server, which a fifth within a minute would end; then the
server is killed as well, and forgets them."""

PAIRS = 2
UNSAFE_LIVES = 8
BACK_SECONDS = 20.0
"""In this long a store that was killed is back, and everybody has his next answer."""

MOMENTS = (0.05, 0.3)
"""Between an answer and the next kill."""

UNCLEAN = ("corrupt", "salvage", "panic", "error")
"""What MongoDB says at a start that has not found all as it should be."""


class Row:
    """Lives of one server: a storm with deaths of its stores in it, which ends with its own."""

    def __init__(
        self, server: Server, writers: Sequence[Writer], token: str, chance: Random
    ) -> None:
        self.server = server
        self.writers = writers
        self.chance = chance
        self.kills = 0
        """Of MongoDB."""
        self.old_tokens = 0
        """That were accepted."""
        self._token = token
        """The one that is valid for ann."""

    async def live(self, deaths: Sequence[str], *, alone: bool) -> None:
        """A storm in which these stores die and then the server, `alone` or with all that it has.

        It is started again, and what nobody has acknowledged is sent again.
        """
        url, writers, older = self.server.url, self.writers, self._token

        async def strike() -> None:
            for store in deaths:
                await self._bereave(store)
                await asyncio.sleep(self.chance.uniform(*MOMENTS))
            await self._kill(alone)

        await storm_until(writers, self.chance.uniform(*MOMENTS), strike)
        for writer in writers:
            await writer.disconnected()
        await asyncio.to_thread(self.server.start)
        self.old_tokens += not await refuses(url, "ann", older)
        assert not await refuses(url, "ann", self._token)
        await together(writers, [url])
        unknown = sum(len(writer.open_ids) for writer in writers)
        await resend_all(writers)
        acknowledged = sum(len(writer.acked) for writer in writers)
        print(f"{self.kills} kills, {acknowledged} acknowledged, {unknown} of them sent again")

    async def _bereave(self, store: str) -> None:
        dead = self.server.child(store)
        os.kill(dead, signal.SIGKILL)
        self.kills += store == MONGO
        async with asyncio.timeout(BACK_SECONDS):
            while not self._has_another(store, dead):
                await asyncio.sleep(0.01)
            await asyncio.gather(*(writer.next_ack() for writer in self.writers))

    def _has_another(self, store: str, dead: int) -> bool:
        try:
            return self.server.child(store) != dead
        except LookupError:
            return False

    async def _kill(self, alone: bool) -> None:
        async with rest_of(self.server.url) as rest:
            self._token = await sign_in(rest, "ann")
        aim = [self.server.pid] if alone else self.server.aim()
        # What was acknowledged this very moment is what an unsafe store has not written.
        await self.writers[0].next_ack()
        self.server.kill(aim)
        self.kills += 1

    async def judged(self) -> Figures:
        figures = await settled([self.server.url], self.writers)
        figures.old_token_accepted += self.old_tokens
        longest = max(writer.longest for writer in self.writers)
        print(f"{self.kills} kills: {figures}; the longest wait {longest:.2f} s")
        assert longest < ANSWER_SECONDS + SLACK_SECONDS
        assert [frame for writer in self.writers for frame in writer.others] == []
        return figures


@asynccontextmanager
async def row(server: Server, chance: Random) -> AsyncIterator[Row]:
    """Started, and everybody connected."""
    await asyncio.to_thread(server.start)
    async with people([server.url], PAIRS) as writers:
        async with rest_of(server.url) as rest:
            _, token = await sign_up(rest, "ann")
        await together(writers, [server.url])
        yield Row(server, writers, token, chance)


@pytest.mark.timeout(60 + 3 * KILLS)
async def test_kills_in_a_row_lose_nothing_and_each_start_is_clean(
    own_servers: list[Server], chance: Random
) -> None:
    begun = time.monotonic()

    # A row on each, side by side: a start is mostly waiting.
    async def kill(server: Server) -> Figures:
        async with row(server, Random(chance.random())) as one:
            while one.kills < KILLS / len(own_servers):
                deaths = [MONGO] * ALONE
                if not one.kills:
                    deaths.insert(one.chance.randrange(ALONE), VALKEY)
                await one.live(deaths, alone=one.chance.random() < 0.5)
            return await one.judged()

    figures = await asyncio.gather(*map(kill, own_servers))
    print(f"in all {time.monotonic() - begun:.0f} s")
    assert figures == [Figures()] * len(own_servers)
    for server in own_servers:
        said = (server.data_dir / "mongo.log").read_text(encoding="utf-8").lower()
        assert [line for line in said.splitlines() if any(word in line for word in UNCLEAN)] == []


@pytest.mark.timeout(120)
async def test_without_the_journal_the_same_storm_shows_a_loss(
    tmp_path: Path, chance: Random
) -> None:
    unsafe = Server(tmp_path / "data", environ={"TORNADO_IM_TEST_UNSAFE_JOURNAL": "1"})
    lost = 0
    try:
        async with row(unsafe, chance) as one:
            while not lost and one.kills < UNSAFE_LIVES:
                await one.live([], alone=False)
                lost = (await one.judged()).acknowledged_and_lost
    finally:
        unsafe.end()
    assert lost > 0
