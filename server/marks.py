"""What this process has marked in Redis as ahead of its stored head (`models.dirty`).

A conversation is marked before a message in it is acknowledged, and unmarked once its head is
written and nothing of it is on its way. Who was frozen may have been taken for dead and have lost
his marks: they are made anew before anything else is acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from models.dirty import Dirty


class Marks:
    """Every call raises `Unavailable` when Redis does not answer; then it may be made again."""

    def __init__(self, dirty: Dirty) -> None:
        self._dirty = dirty
        self._marked: set[str] = set()
        self._life = 0
        """The life (`Dirty.life`) in which these were marked."""
        self._writing: set[str] = set()
        """Conversations that are marked for what is on its way through the log."""
        self._changing = asyncio.Lock()

    @property
    def standing(self) -> set[str]:
        """What is marked at this moment."""
        return set(self._marked)

    async def make(self, convs: Collection[str]) -> None:
        """Mark conversations; they stay marked at least until `written`."""
        self._writing.update(convs)
        if self._stand(convs) and not self._changing.locked():
            return
        async with self._changing:
            if self._dirty.lapsed:
                await self._dirty.announce()
            life = self._dirty.life
            lost = self._marked if self._life != life else set()
            if fresh := lost | (set(convs) - self._marked):
                await self._dirty.mark(fresh)
                self._marked |= fresh
            self._life = life

    def _stand(self, convs: Collection[str]) -> bool:
        still = self._life == self._dirty.life and not self._dirty.lapsed
        return still and self._marked.issuperset(convs)

    def written(self, convs: Collection[str]) -> None:
        """The log has done with these for now."""
        self._writing.difference_update(convs)

    async def clear(self, convs: Collection[str], besides: Callable[[], Collection[str]]) -> None:
        """Unmark conversations whose heads are written.

        Args:
            besides: those that have moved again by then, and stay.
        """
        if not convs:
            return
        async with self._changing:
            clean = set(convs).difference(besides(), self._writing)
            if clean:
                await self._dirty.unmark(clean)
                self._marked -= clean
