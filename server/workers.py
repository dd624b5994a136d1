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
        """Return when all serve.

        The first one alone: it brings the schema up to date, and a start that fails is told once.

        Raises:
            ConfigError: one of them cannot serve.
        """
        await self._add(1)
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(2, count + 1):
                    group.create_task(self._add(number))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

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
        worker = await self._started(number)
        self._keepers.append(asyncio.create_task(self._keep(worker), name=f"keep worker {number}"))

    async def _started(self, number: int) -> Worker:
        unable = self._estate.children.restart_mongo
        worker = await Worker.start(number, self._estate.inheritance, unable)
        self._serving[number] = worker
        return worker

    async def _keep(self, worker: Worker) -> None:
        """Start it again whenever it ends, until that helps no more."""
        number = worker.number
        while True:
            why = await worker.ended()
            del self._serving[number]
            # Who was asked to end has not died: so all can be replaced, one after another.
            if worker.was_asked:
                logger.info("worker %d has ended in order, and is started again", number)
            else:
                logger.error("worker %d %s", number, why)
                self._deaths.add()
            while number not in self._serving:
                if self._deaths.too_many:
                    times = f"{DEATHS} times within {DEATHS_SECONDS:g} s"
                    self._ending.fail(f"workers died {times}, at last worker {number}: it {why}")
                    return
                await asyncio.sleep(self._deaths.pause)
                try:
                    worker = await self._started(number)
                except ConfigError as error:
                    why = f"did not start: {error}"
                    logger.error("worker %d %s", number, why)
                    # As long as others serve, a store that is away for a while ends nothing.
                    if self._serving:
                        await asyncio.sleep(RETRY_SECONDS)
                    else:
                        self._deaths.add()
