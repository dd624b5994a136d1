"""How far every conversation reaches by its stored head, for who has to look at all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from models.documents import pages
from models.guard import Guard
from models.stores import Stores

PAGE: Final = 1000
"""Conversations of one answer of the store."""


class Extent(NamedTuple):
    conv: str
    last_seq: int
    floor_seq: int
    """The highest seq that has expired."""


class Extents:
    """Raises `Unavailable` when the store is down."""

    def __init__(self, stores: Stores) -> None:
        self._guard: Guard = stores.mongo
        self._heads = stores.mongo_db.get_collection("conversations")

    async def pages(self) -> AsyncIterator[list[Extent]]:
        """Every conversation that existed when this began, in no order.

        A stored head lags behind the log while its conversation is dirty (`models.dirty`).
        """
        cursor = self._heads.find({}, {"last_seq": 1, "floor_seq": 1})
        async for page in pages(self._guard, cursor, PAGE):
            yield [Extent(row["_id"], int(row["last_seq"]), int(row["floor_seq"])) for row in page]
