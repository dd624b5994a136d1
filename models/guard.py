"""The border to one store: a time for each call, and one answer for all that an outage is.

A driver's outage becomes `Unavailable` here and nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from models.errors import Unavailable

logger = logging.getLogger("tornado_im.stores")

PROBE_SECONDS: Final = 0.1
"""Between two looks whether a store that failed is back."""

GIVE_UP_SECONDS: Final = 1.0
"""How long an outage is waited out: a store that was only started again is back by then."""

REFUSALS: Final = 3
"""Proofs refused in a row that make a store unable; a single one may have met a conflict."""


class Guard:
    """The border to one store: `async with guard:` around each call.

    Limits the time of a call, how many there are at once and how long one waits for its turn, and
    turns the driver's outages into `Unavailable`.
    What `answer` knows as the store's proper answer (a unique index that refuses) goes through.
    After an outage every call is refused at once, until a proof of the guard's own succeeds:
    frames of one socket are taken one after another, and a dozen that each waited for a frozen
    store would answer the last after half a minute.

    Args:
        probe: a call that is answered while the store is up.
        prove: a call that succeeds only when the store can do all that is asked of it, where that
            is more than to answer the probe. One with a full disk answers and writes nothing.
        refuses: whether an outage is an answer of the store: it runs, but it cannot.
        on_unable: told why, each time that a store has answered REFUSALS proofs with a refusal.
            One that is frozen or slow answers nothing, so that nobody is told.
    """

    def __init__(
        self,
        store: str,
        seconds: float,
        *,
        concurrent: int,
        outages: tuple[type[Exception], ...],
        probe: Callable[[], Awaitable[object]],
        prove: Callable[[], Awaitable[object]] | None = None,
        answer: Callable[[Exception], bool] = lambda _error: False,
        refuses: Callable[[Exception], bool] = lambda _error: False,
        on_unable: Callable[[Exception], None] = lambda _error: None,
    ) -> None:
        self._store = store
        self._seconds = seconds
        self._free = asyncio.Semaphore(concurrent)
        self._outages: tuple[type[Exception], ...] = (TimeoutError, *outages)
        self._probe = probe
        self._prove = prove or probe
        self._answer = answer
        self._refuses = refuses
        self._on_unable = on_unable
        self._broken = False
        self._closed = False
        self._broken_at = 0.0
        self._prober: asyncio.Task[None] | None = None
        self._checking: asyncio.Future[None] | None = None

    @property
    def given_up(self) -> bool:
        """Down for so long that nobody should begin to wait for it."""
        return self._broken and time.monotonic() - self._broken_at > GIVE_UP_SECONDS

    @asynccontextmanager
    async def __call__(self, *, ahead: bool = False) -> AsyncIterator[Callable[[float], None]]:
        """A call to the store, once it is its turn.

        It is given what ends its time so many seconds from now, for a call of many steps.

        Args:
            ahead: it waits for no turn. For the writers of the log, who else would stand behind
                thousands of readers that came back at once.

        Raises:
            Unavailable: the store fails, is frozen, or was just seen to be; or too many others are
                before this call, which says nothing of the store.
        """
        async with contextlib.nullcontext() if ahead else self._turn():
            async with self._call() as extend:
                yield extend

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._broken:
            raise Unavailable(self._store)
        try:
            async with asyncio.timeout(self._seconds):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable(self._store) from None
        try:
            yield
        finally:
            self._free.release()

    @asynccontextmanager
    async def _call(self) -> AsyncIterator[Callable[[float], None]]:
        if self._broken:
            raise Unavailable(self._store)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._seconds) as limit:

                def extend(seconds: float) -> None:
                    if not limit.expired():
                        limit.reschedule(loop.time() + seconds)

                yield extend
        except Exception as error:
            if self._closed:
                raise Unavailable(self._store) from error
            if not isinstance(error, self._outages) or self._answer(error):
                raise
            if not self._broken:
                logger.warning("%s does not answer: %s", self._store, type(error).__name__)
                self._broken, self._broken_at = True, time.monotonic()
                name = f"probe of {self._store}"
                self._prober = asyncio.create_task(self._prove_until_able(), name=name)
            raise Unavailable(self._store) from error

    async def check(self) -> None:
        """Raises `Unavailable` unless the store answers.

        Who asks while another does has the same answer: anybody may ask whether a server is ready.
        """
        if self._checking is None:
            self._checking = asyncio.ensure_future(self._check())
            self._checking.add_done_callback(self._checked)
        await asyncio.shield(self._checking)

    async def _check(self) -> None:
        async with self():
            await self._probe()

    def _checked(self, checking: asyncio.Future[None]) -> None:
        self._checking = None
        if not checking.cancelled():
            checking.exception()  # whoever asked may have gone

    async def close(self) -> None:
        """From here on every call is refused, also one that is under way."""
        self._broken = self._closed = True
        left = [task for task in (self._prober, self._checking) if task is not None]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    async def _prove_until_able(self) -> None:
        refusals = 0
        while self._broken:
            try:
                async with asyncio.timeout(self._seconds):
                    await self._prove()
                self._broken = False
            except Exception as error:
                # Whatever it is, the next proof may succeed; without one the store stays refused.
                if not isinstance(error, self._outages):
                    logger.exception("the probe of %s failed", self._store)
                refusals = refusals + 1 if self._refuses(error) else 0
                if refusals == REFUSALS:
                    refusals = 0
                    self._on_unable(error)
                await asyncio.sleep(PROBE_SECONDS)
        logger.warning("%s answers again", self._store)
