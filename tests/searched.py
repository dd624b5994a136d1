"""A process that searches, on top of `tests/served.py`, with an index in a folder of the test's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from models.extent import Extents
from models.stores import Stores
from server.following import Follower
from server.search import Found, Query, Search
from server.search_folder import SearchFolder
from tests.process import Frame, running
from tests.served import Served
from tests.written import CONV


class Searched(Served):
    """One process's objects up to `Search`."""

    def __init__(self, stores: Stores, name: str, data_dir: Path) -> None:
        super().__init__(stores, name)
        self.folder = SearchFolder(data_dir)
        self.is_busy = False
        self.follower = Follower(
            self.folder,
            self.messages,
            Extents(stores),
            self.dirty,
            tell=lambda seqs: self.bus.publish("all", {"event": "reached", "seqs": seqs}),
            is_busy=lambda: self.is_busy,
        )
        self.on_commit.append(self.follower.committed)
        self.search = Search(self.folder, self.follower, self.policy, self.positions, self.messages)

    def _hear(self, channel: str, event: Frame) -> None:
        super()._hear(channel, event)
        self.follower.hear(event)

    async def page(
        self, q: str, uid: int = 1, cursor: str | None = None, limit: int = 20, **more: Any
    ) -> Found:
        """What `uid` finds, once the index has all that this process knows of."""
        await self.follower.caught_up()
        return await self.search.page(uid, Query(q, **more), cursor, limit)

    async def found(self, q: str, uid: int = 1, **more: Any) -> list[tuple[str, int]]:
        """The places of what `uid` finds."""
        results = (await self.page(q, uid, **more))["results"]
        return [(one["message"].conv, one["message"].seq) for one in results]

    async def seqs(self, q: str, **more: Any) -> list[int]:
        """As `found`, where all is in one conversation."""
        found = await self.found(q, **more)
        assert {conv for conv, _ in found} <= {more.get("conv", CONV)}
        return [seq for _, seq in found]


@asynccontextmanager
async def searched(stores: Stores, data_dir: Path, name: str = "one") -> AsyncIterator[Searched]:
    """Such a process at work: its log, positions, bus and index."""
    one = Searched(stores, name, data_dir)
    await one.dirty.announce()
    work = one.log.loops() | one.positions.loops() | one.bus.loops()
    try:
        async with running(work):
            await one.bus.ready()
            async with running(one.follower.loops()):
                yield one
    finally:
        one.search.close()
