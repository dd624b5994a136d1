"""Reads that are under way, so that those who want the same do not read it once more.

Many clients that come back at once want the same heads and the same newest messages. The first one
reads; the others wait until he has, and find it where he has put it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager

from models.errors import Unavailable


class Underway:
    """What is being read, by what names it."""

    def __init__(self) -> None:
        self._ends: dict[Hashable, asyncio.Future[Unavailable | None]] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._ends

    @contextmanager
    def reading(self, keys: Collection[Hashable]) -> Iterator[None]:
        """These are being read, until the end of the block."""
        end: asyncio.Future[Unavailable | None] = asyncio.get_running_loop().create_future()
        self._ends |= dict.fromkeys(keys, end)
        failure = None
        try:
            yield
        except Unavailable as error:
            failure = error
            raise
        finally:
            for key in keys:
                if self._ends.get(key) is end:
                    del self._ends[key]
            end.set_result(failure)

    async def ended(self, keys: Collection[Hashable]) -> None:
        """Wait until nobody reads these who does so now.

        Raises:
            Unavailable: it could not be read.
        """
        ends = {self._ends[key] for key in keys if key in self._ends}
        if ends:
            await asyncio.wait(ends)
        for end in ends:
            if (failure := end.result()) is not None:
                raise Unavailable(failure.store) from failure
