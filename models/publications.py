"""What is told to other processes, in pipelines to Redis: all of one turn of the loop in one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import Final

from redis import asyncio as aioredis

from models.errors import Unavailable
from models.guard import Guard

logger = logging.getLogger("tornado_im.bus")

QUEUE_MAX: Final = 50_000
"""Publications that wait for Redis; beyond, the oldest go and the log remains the truth."""

BATCH_MAX: Final = 500
"""Publications of one pipeline."""

RECONNECT_SECONDS: Final = 0.2


class Publications:
    """The queue to Redis; `run` empties it in the order in which it was filled."""

    def __init__(self, client: aioredis.Redis, guard: Guard) -> None:
        self._client = client
        self._guard = guard
        self._queue: deque[tuple[str, bytes]] = deque(maxlen=QUEUE_MAX)
        self._queued = asyncio.Event()
        self._sent = asyncio.Event()
        """Set while nothing waits for Redis."""
        self._sent.set()

    def put(self, channel: str, payload: bytes) -> None:
        """Publish in the next pipeline."""
        self._queue.append((channel, payload))
        self._queued.set()
        self._sent.clear()

    async def sent(self, *, seconds: float) -> None:
        """Wait until Redis has all that was put in, but no longer than that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._sent.wait()

    async def run(self) -> None:
        """Publish what waits, until cancelled."""
        while True:
            await self._queued.wait()
            self._queued.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(BATCH_MAX, len(self._queue)))]
                try:
                    await self._publish(batch)
                except Unavailable:
                    self._put_back(batch)
                    await asyncio.sleep(RECONNECT_SECONDS)
            self._sent.set()

    async def _publish(self, batch: list[tuple[str, bytes]]) -> None:
        async with self._guard():
            pipeline = self._client.pipeline(transaction=False)
            for channel, payload in batch:
                pipeline.publish(channel, payload)
            await pipeline.execute()

    def _put_back(self, batch: list[tuple[str, bytes]]) -> None:
        """Told late, perhaps twice, rather than never: where Redis was only frozen no reader's
        connection broke, and none would resynchronise."""
        lost = max(0, len(self._queue) + len(batch) - QUEUE_MAX)
        if lost:
            logger.warning("%d publications lost with the bus", lost)
        self._queue.extendleft(reversed(batch[lost:]))
