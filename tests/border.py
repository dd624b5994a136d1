"""Borders at which a test holds, cuts and counts the calls to the real stores."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Sequence

from models.conversation import Conversations
from models.dirty import ALIVE_SECONDS, Dirty
from models.documents import Document
from models.errors import Unavailable
from models.head import Cursor, Head
from models.message import Messages, Stored
from models.outbox import Change, Outbox
from models.stores import Stores

SECONDS = 8.0
"""How long anything is awaited before the test fails."""


class Step:
    """One kind of call: it can be held, and made to fail; `calls` counts it."""

    def __init__(self) -> None:
        self.calls = 0
        self.failures: deque[Exception] = deque()
        """What the next calls raise in place of reaching the store."""
        self._reached = asyncio.Event()
        self._passed = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()

    def hold(self) -> None:
        """Let no call through until `release`."""
        self._open.clear()
        self._reached.clear()

    async def reached(self) -> None:
        """Wait until a call is here."""
        async with asyncio.timeout(SECONDS):
            await self._reached.wait()

    def release(self) -> None:
        self._open.set()

    async def passed(self) -> None:
        """Wait until a call that began after this has come back."""
        self._passed.clear()
        async with asyncio.timeout(SECONDS):
            await self._passed.wait()

    async def __aenter__(self) -> None:
        self.calls += 1
        self._reached.set()
        await self._open.wait()
        if self.failures:
            raise self.failures.popleft()

    async def __aexit__(self, *_: object) -> None:
        self._passed.set()


class BorderedMessages(Messages):
    """The messages of the real store."""

    def __init__(self, stores: Stores) -> None:
        super().__init__(stores)
        self.inserting, self.fencing, self.ranging, self.recalling = Step(), Step(), Step(), Step()
        self.batches: list[list[str]] = []
        """The ids of each write."""
        self.cuts: deque[int] = deque()
        """Of the next writes so many are stored, then nobody knows how many were."""

    async def insert(self, documents: Sequence[Document]) -> None:
        self.batches.append([row["id"] for row in documents])
        async with self.inserting:
            if not self.cuts:
                await super().insert(documents)
                return
            stored = documents[: self.cuts.popleft()]
            if stored:
                await super().insert(stored)
            raise Unavailable("mongo")

    async def fence(self, process: str) -> None:
        async with self.fencing:
            await super().fence(process)

    async def range(self, conv: str, low: int, high: int) -> list[Stored]:
        async with self.ranging:
            return await super().range(conv, low, high)

    async def recall(self, conv: str, seq: int) -> None:
        async with self.recalling:
            await super().recall(conv, seq)


class BorderedConversations(Conversations):
    """The heads and cursors of the real store."""

    def __init__(self, stores: Stores) -> None:
        super().__init__(stores)
        self.reading, self.raising, self.moving = Step(), Step(), Step()

    async def heads(self, convs: Collection[str]) -> dict[str, Head]:
        async with self.reading:
            return await super().heads(convs)

    async def inbox(self, uid: int) -> list[Cursor]:
        async with self.reading:
            return await super().inbox(uid)

    async def raise_heads(self, heads: Iterable[tuple[str, Head]]) -> None:
        async with self.raising:
            await super().raise_heads(heads)

    async def raise_cursors(self, cursors: Iterable[Cursor]) -> None:
        async with self.moving:
            await super().raise_cursors(cursors)


class BorderedDirty(Dirty):
    """The marks in the real Redis."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.announcing, self.marking = Step(), Step()

    async def announce(self) -> None:
        async with self.announcing:
            await super().announce()

    async def mark(self, convs: Collection[str]) -> None:
        async with self.marking:
            await super().mark(convs)

    async def lapse(self) -> None:
        """As after a freeze: it has said nothing for so long."""
        self._announced_at -= ALIVE_SECONDS
        await self._client.delete(f"alive:{self._process}")


class BorderedOutbox(Outbox):
    """The outbox of the real database."""

    def __init__(self, stores: Stores) -> None:
        super().__init__(stores.sql)
        self.ending, self.looking = Step(), Step()

    async def done(self, change: Change) -> None:
        async with self.ending:
            await super().done(change)

    async def left(self, before: int) -> list[str]:
        async with self.looking:
            return await super().left(before)
