"""Messages expire `MessageDays` after they were sent: once an hour what is past it is deleted.

Our own sweep rather than an index of the store, so that the floor of a conversation, its `last_seq`
and the counts below the floor are raised before anything goes: an emptied conversation never uses
a seq again, and unread stays a subtraction. A crash in between leaves the conversation to be found
again. One process sweeps at a time, under a lease in Redis.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from models.bus import Bus
from models.chunks import chunks
from models.conversation import Conversations
from models.errors import Unavailable
from models.head import Head
from models.lease import Leases
from models.message import RANGE_MAX, Messages
from server.media import Media
from server.positions import Positions

logger = logging.getLogger("tornado_im.expiry")

SWEEP_SECONDS: Final = 3600.0
FIRST_SWEEP_SECONDS: Final = 60.0
"""After the start: a server that is started every day must come to it too."""

DAY_MS: Final = 24 * 3600 * 1000
CONVERSATIONS_MAX: Final = 100
"""Conversations looked at between two breaths."""

BREATH_SECONDS: Final = 0.05
LEASE: Final = "expiry"
LEASE_MS: Final = 600_000
"""How long one process has the sweep to itself; a second one beside it would do no harm."""


class Expiry:
    """Deletes what is no longer kept."""

    def __init__(
        self,
        conversations: Conversations,
        messages: Messages,
        positions: Positions,
        media: Media,
        leases: Leases,
        bus: Bus,
        *,
        days: int,
        on_floor: Callable[[str, int], None],
    ) -> None:
        """`on_floor` hears of each conversation that keeps nothing at or below a seq any more."""
        self._conversations = conversations
        self._messages = messages
        self._positions = positions
        self._media = media
        self._leases = leases
        self._bus = bus
        self._days = days
        self._on_floor = on_floor

    async def run(self) -> None:
        """Sweep once an hour until cancelled."""
        await asyncio.sleep(FIRST_SWEEP_SECONDS)
        while True:
            try:
                if self._days and await self._leases.take(LEASE, lease_ms=LEASE_MS):
                    await self.sweep(int(time.time() * 1000))
            except Unavailable as error:
                logger.debug("what has expired goes later: %s is down", error.store)
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self, now: int) -> int:
        """Delete what was sent more than `MessageDays` before `now` (ms); returns how many.

        Raises:
            Unavailable: what is left goes with the next sweep.
        """
        before = now - self._days * DAY_MS
        deleted = 0
        for some in chunks(await self._conversations.expired(before), CONVERSATIONS_MAX):
            for conv, head in (await self._conversations.heads(some)).items():
                deleted += await self._expire(conv, head, before, now)
            await asyncio.sleep(BREATH_SECONDS)
        if deleted:
            logger.info("%d messages have expired", deleted)
        return deleted

    async def _expire(self, conv: str, head: Head, before: int, now: int) -> int:
        purged = await self._conversations.purged_seq(conv)
        floor_seq, floor_n, first_at = head.floor_seq, head.floor_n, now
        while page := await self._messages.range(conv, floor_seq + 1, floor_seq + 1 + RANGE_MAX):
            old = [stored for stored in page if stored.message.time < before]
            kept = next((stored for stored in page if stored.message.time >= before), None)
            if kept is not None:
                # Order is seq, whatever the clocks said: what stands behind a kept one stays.
                old = [stored for stored in old if stored.message.seq < kept.message.seq]
                first_at = kept.message.time
            if old:
                floor_seq, floor_n = old[-1].message.seq, old[-1].n
            if kept is not None:
                break
        if floor_seq > head.floor_seq:
            await self._raise_floor(conv, floor_seq, floor_n)
        await self._delete(conv, purged + 1, floor_seq + 1)
        await self._conversations.purged(conv, floor_seq, first_at)
        return floor_seq - purged

    async def empty(self, conv: str) -> None:
        """Delete all that is kept of a conversation now."""
        head = (await self._positions.heads([conv]))[conv]
        purged = await self._conversations.purged_seq(conv)
        if head.last_seq > head.floor_seq:
            await self._raise_floor(conv, head.last_seq, head.n)
        await self._delete(conv, purged + 1, head.last_seq + 1)
        await self._conversations.purged(conv, head.last_seq, int(time.time() * 1000))

    async def _raise_floor(self, conv: str, floor_seq: int, floor_n: int) -> None:
        await self._conversations.raise_floor(conv, floor_seq, floor_n)
        self._positions.forget([conv])
        self._on_floor(conv, floor_seq)
        self._bus.publish("all", {"event": "floor", "conv": conv, "seq": floor_seq})

    async def _delete(self, conv: str, low: int, high: int) -> None:
        """Delete the messages with `low <= seq < high`, and let go of what they carry."""
        for start in range(low, high, RANGE_MAX):
            stop = min(start + RANGE_MAX, high)
            page = await self._messages.range(conv, start, stop)
            await self._media.release((stored.message for stored in page), after_ms=0)
            await self._messages.delete(conv, start, stop)
