"""Which groups there are and who is what in them: a cache that the bus keeps fresh.

A change is told on `all`; each process then drops its entry and says so, and only then the change
is answered. After an interruption of the bus everything is dropped.

Who may read and write at a place in the log is not decided here: the log itself says who is a
member there, who leads and who is muted (`models.conversation.Head`). Rosters are for lists.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from models.bus import Bus
from models.errors import NotFound
from models.group import Glimpse, Group, Groups

CACHE_MAX: Final = 2_000
"""Groups kept, about 150 bytes a member; at the bound the cache starts anew."""

TELL_SECONDS: Final = 1.0
"""How long a change waits for the other processes; one that is silent for 900 ms takes nothing."""


class Rosters:
    """Every call raises `Unavailable` when the database is down."""

    def __init__(self, groups: Groups, bus: Bus) -> None:
        self._groups = groups
        self._bus = bus
        self._cache: dict[int, Group] = {}
        self._changes = 0
        """How many were heard of: what was read while one came may be older, and is not kept."""

    async def get(self, gid: int) -> Group:
        """Raises `NotFound`: there never was such a group."""
        group = self._cache.get(gid) or (await self.find([gid])).get(gid)
        if group is None:
            raise NotFound
        return group

    async def find(self, gids: Collection[int]) -> dict[int, Group]:
        """Those of the groups that exist or did."""
        found = {gid: self._cache[gid] for gid in gids if gid in self._cache}
        missing = [gid for gid in gids if gid not in found]
        if missing:
            changes = self._changes
            read = await self._groups.by_ids(missing)
            if len(self._cache) > CACHE_MAX:
                self._cache.clear()
            if changes == self._changes:
                self._cache |= read
            found |= read
        return found

    async def glimpses(self, uid: int, gids: Collection[int]) -> dict[int, Glimpse]:
        """Groups as somebody who is no longer in them saw them last; of a dissolved one none."""
        return await self._groups.glimpses(uid, gids) if gids else {}

    async def changed(self, gid: int) -> None:
        """Have every process drop its entry; a change that is answered holds everywhere."""
        self._forget(gid)
        await self._bus.ask("all", {"event": "group", "gid": gid}, seconds=TELL_SECONDS)

    def hear(self, event: dict[str, Any]) -> None:
        """Some process, perhaps this one, has changed a group."""
        self._forget(event["gid"])
        self._bus.reply(event)

    def _forget(self, gid: int) -> None:
        self._changes += 1
        self._cache.pop(gid, None)

    def forget_all(self) -> None:
        """After an interruption of the bus."""
        self._changes += 1
        self._cache.clear()
