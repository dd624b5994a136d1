"""What nothing carries any more goes: media, their bytes, and what broken uploads have left.

A medium is looked at when its `due` says so: a day after its upload, or after something that
carried it was taken away. Once an hour, by one process at a time, under a lease in Redis.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from models.errors import Unavailable
from models.lease import Leases
from models.media import Media as Store
from models.media import Medium
from server.keeping import HELD_MS, Keeping, now_ms
from server.media import Media
from server.tus import Tus
from server.uploads import Uploads

logger = logging.getLogger("tornado_im.media")

SWEEP_SECONDS: Final = 3600.0
FIRST_SWEEP_SECONDS: Final = 90.0
"""After the start, and after what has expired was found: its media go in the same hour."""

PAGE_MAX: Final = 100
"""Documents read at once."""

LEASE: Final = "media"
LEASE_MS: Final = 600_000
"""How long one process has the sweep to itself; a second one beside it would do no harm."""


class MediaSweep:
    """Deletes what nothing carries."""

    def __init__(
        self,
        store: Store,
        media: Media,
        keeping: Keeping,
        uploads: Uploads,
        tus: Tus,
        leases: Leases,
    ) -> None:
        self._store = store
        self._media = media
        self._keeping = keeping
        self._uploads = uploads
        self._tus = tus
        self._leases = leases

    async def run(self) -> None:
        """Sweep once an hour until cancelled."""
        await asyncio.sleep(FIRST_SWEEP_SECONDS)
        while True:
            try:
                await asyncio.to_thread(self._uploads.tidy)
                if await self._leases.take(LEASE, lease_ms=LEASE_MS):
                    await self.sweep()
            except Unavailable as error:
                logger.debug("what nothing carries goes later: %s is down", error.store)
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> int:
        """Look at all that is due; returns how many media were deleted.

        Raises:
            Unavailable: what is left goes with the next sweep.
        """
        deleted = 0
        async for found in self._store.due(now_ms(), PAGE_MAX):
            for medium, due in found:
                deleted += await self._look(medium, due)
        async for contents in self._keeping.due(PAGE_MAX):
            for one in contents:
                if await self._store.is_carried(one.digest):
                    await self._keeping.settle(one)
                else:
                    await self._keeping.remove(one)
        await self._keeping.tidy(PAGE_MAX)
        await self._tus.sweep()
        if deleted:
            logger.info("%d media were in no use and are gone", deleted)
        return deleted

    async def _look(self, medium: Medium, due: int) -> bool:
        """Whether it was deleted."""
        uses = await self._store.uses(medium.id)
        for use in uses:
            if await self._media.is_carried(medium.id, use):
                await self._store.postpone(medium.id, due, None)
                return False
        young = [use.at for use in uses if use.at + HELD_MS > now_ms()]
        if young:
            # What carries it is perhaps being stored at this moment.
            await self._store.postpone(medium.id, due, max(young) + HELD_MS)
            return False
        for blob in filter(None, (medium.blob, medium.thumb)):
            # Before the medium goes: what a crash leaves in between is looked at again.
            await self._keeping.let_go(blob)
        return await self._store.remove(medium.id, due)
