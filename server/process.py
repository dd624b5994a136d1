"""What a process asks of its system: descriptors, signals, the collector, lasting tasks."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import math
import os
import resource
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

from conf.settings import ConfigError

logger = logging.getLogger("tornado_im")

STOP_SECONDS: Final = 15.0

SECOND_SIGNAL_SECONDS: Final = 0.5
"""A signal this soon after the first is the same one: `make` passes its own on to us."""

CANCEL_SECONDS: Final = 1.0

GC_THRESHOLDS: Final = (5_000, 2, 1_000)
"""How many objects more there are before the newest are looked through; how often that until those
before them are as well, and how often this until all are. Few at a time: with 50,000 and 20 what
others felt of a storm was the collector (docs/performance.md). All seldom: it takes 0.3 s."""

ARENAS: Final = 2
_M_ARENA_MAX: Final = -8
"""As glibc's malloc.h has it."""

OTHER_DESCRIPTORS: Final = 500
"""What the stores, the logs and requests need besides the sockets."""


def allow_descriptors(sockets: int) -> None:
    """Raise the limit of open descriptors to what the sockets need, or say that it is too low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sockets + OTHER_DESCRIPTORS
    if sockets and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        if allowed < sockets:
            logger.warning(
                "[limits] SocketsTotal is %d, but this process may open %d descriptors",
                sockets,
                hard,
            )


def share_memory() -> None:
    """Have all threads allocate from two arenas, where the allocator is glibc's.

    It gives each thread one of its own, and each keeps what it once had: 20 uploads at once took
    9 to 11 MiB for good, and at most 3 with this.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS)


def spare_collections() -> None:
    """What the start has made stays; from here on the collector looks through few at a time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _limit_stop() -> None:
    """Whatever this process waits for, and be it its start, it is gone after STOP_SECONDS."""
    asyncio.get_running_loop().call_later(STOP_SECONDS, os._exit, 1)


def stop_signals() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT, with STOP_SECONDS from then on; a second one ends the
    process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    asked_at = math.inf

    def on_signal() -> None:
        nonlocal asked_at
        if loop.time() - asked_at > SECOND_SIGNAL_SECONDS:
            os._exit(1)
        asked_at = min(asked_at, loop.time())
        if not stop.is_set():
            _limit_stop()
            stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    return stop


class Ending:
    """How this process comes to its end: by a signal, or by a failure that is told in one line."""

    def __init__(self) -> None:
        self._asked = stop_signals()
        self._failure: str | None = None

    def fail(self, why: str) -> None:
        self._failure = self._failure or why
        if not self._asked.is_set():
            _limit_stop()
            self._asked.set()

    async def begins(self) -> None:
        """Wait for it; from then on the process has STOP_SECONDS."""
        await self._asked.wait()
        logger.info("stopping")

    def raise_failure(self) -> None:
        """Raises ConfigError with what has failed, if anything has."""
        if self._failure is not None:
            raise ConfigError(self._failure)


@asynccontextmanager
async def running(
    forever: dict[str, Coroutine[Any, Any, None]], fail: Callable[[str], None]
) -> AsyncIterator[None]:
    """Run what runs for ever; one that ends by itself ends the server."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            logger.critical("%s has ended", task.get_name(), exc_info=task.exception())
            fail(f"{task.get_name()} has ended: {task.exception()!r}")

    tasks = [asyncio.create_task(work, name=name) for name, work in forever.items()]
    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        left = set(tasks)
        while left:
            for task in left:
                task.cancel()
            # A driver may take a cancellation for its own time-out and swallow it.
            _, left = await asyncio.wait(left, timeout=CANCEL_SECONDS)
            for task in left:
                logger.warning("%s did not end when it was cancelled", task.get_name())
