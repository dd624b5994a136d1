"""Several processes that serve at one address, and the parent that keeps them.

The parent serves nobody. It holds what there is one of (`server/estate.py`), starts the workers,
which inherit it, and starts one again that dies. They find each other through the stores, as
processes on several machines do.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from conf.settings import ConfigError, Settings
from server import logs
from server.deaths import DEATHS, DEATHS_SECONDS, Deaths
from server.estate import Estate, founded
from server.process import Ending
from server.worker import Worker

logger = logging.getLogger("tornado_im.workers")

STOP_SECONDS: Final = 9.0
"""What workers have for their stop: 3 s for messages, 2 s for goodbyes, 3 s for stores that do not
hear. With 4 s for the embedded stores all is over before the 15 s of the whole."""

RETRY_SECONDS: Final = 2.0
"""Between two tries to start one that cannot be started while others serve."""


async def serve(settings: Settings, count: int) -> None:
    """Serve by so many workers until a signal comes.

    Raises:
        ConfigError: the start failed, or the workers keep dying, in one line.
    """
    logs.configure(settings.service.log_level, settings.service.log_format)
    ending = Ending()
    async with founded(settings, ending.fail) as estate:
        workers = Workers(estate, ending)
        try:
            await workers.start(count)
            estate.announce()
            await ending.begins()
        finally:
            await workers.stop()
    ending.raise_failure()


class Workers:
    """The workers of one parent."""

    def __init__(self, estate: Estate, ending: Ending) -> None:
        self._estate = estate
        self._ending = ending
        self._serving: dict[int, Worker] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._deaths = Deaths()

    async def start(self, count: int) -> None:
        """Return when all serve, but for those that cannot: they are tried again.

        The first one alone: it brings the schema up to date, and a start that fails is told once.

        Raises:
            ConfigError: the first one cannot serve.
        """
        await self._started(1)
        self._keep_up(1, "")
        await asyncio.gather(*(self._add(number) for number in range(2, count + 1)))

    async def stop(self) -> None:
        """Ask all to end, and kill who has not after STOP_SECONDS."""
        for keeper in self._keepers:
            keeper.cancel()
        if self._keepers:
            await asyncio.wait(self._keepers)
        for worker in self._serving.values():
            worker.stop()
        ends = [asyncio.create_task(worker.ended()) for worker in self._serving.values()]
        if not ends:
            return
        _, late = await asyncio.wait(ends, timeout=STOP_SECONDS)
        if late:
            logger.warning("%d workers are killed: no end within %g s", len(late), STOP_SECONDS)
            for worker in self._serving.values():
                worker.kill()
            await asyncio.wait(late)

    async def _add(self, number: int) -> None:
        why = ""
        try:
            await self._started(number)
        except ConfigError as error:
            why = self._missed(number, error)
        self._keep_up(number, why)

    async def _started(self, number: int) -> None:
        unable = self._estate.children.restart_mongo
        self._serving[number] = await Worker.start(number, self._estate.inheritance, unable)

    def _missed(self, number: int, error: ConfigError) -> str:
        why = f"did not start: {error}"
        logger.error("worker %d %s", number, why)
        return why

    def _keep_up(self, number: int, why: str) -> None:
        keeping = self._keep(number, why)
        self._keepers.append(asyncio.create_task(keeping, name=f"keep worker {number}"))

    async def _keep(self, number: int, why: str) -> None:
        """Start it again whenever it does not serve, until that helps no more.

        Args:
            why: it does not serve now, where it does not.
        """
        while True:
            if number in self._serving:
                why = await self._ended(number)
            if self._deaths.too_many:
                times = f"{DEATHS} times within {DEATHS_SECONDS:g} s"
                self._ending.fail(f"workers died {times}, at last worker {number}: it {why}")
                return
            await asyncio.sleep(self._deaths.pause)
            try:
                await self._started(number)
            except ConfigError as error:
                why = self._missed(number, error)
                # As long as others serve, a store that is away for a while ends nothing.
                if self._serving:
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    self._deaths.add()

    async def _ended(self, number: int) -> str:
        """Wait until a worker that serves has ended; why."""
        worker = self._serving[number]
        why = await worker.ended()
        del self._serving[number]
        # Who was asked to end has not died: so all can be replaced, one after another.
        if worker.was_asked:
            logger.info("worker %d has ended in order, and is started again", number)
        else:
            logger.error("worker %d %s", number, why)
            self._deaths.add()
        return why
