"""The embedded stores without a server, for tests of the rooms `models/` and `server/`."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pymongo

from conf.settings import load
from models.conversation import Conversations
from models.digests import Digests
from models.media import Media
from models.message import Messages
from models.stores import Stores, open_stores
from models.upload import Resumables
from server import embedded

DROP_SECONDS = 20.0
"""Far above the driver's own limit, which a busy machine makes a drop exceed."""

SCHEMA = "schema"
"""The folder of an empty database, which each test gets a copy of."""

_names = itertools.count()

T = TypeVar("T")


async def flat(pages: AsyncIterator[list[T]]) -> list[T]:
    """All that is on some pages."""
    return [one async for page in pages for one in page]


@dataclass(frozen=True)
class Embedded:
    """Running children; each `open` gives stores of their own in them, empty."""

    folder: Path
    children: embedded.Children

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Stores]:
        """Open clients in this test's loop, with the schema and the indexes made."""
        # With the schema in it: to make that for each test takes 30 ms.
        folder = shutil.copytree(self.folder / SCHEMA, self.folder / f"sql-{next(_names)}")
        stores = await open_stores(None, self.children.mongo, self.children.redis, folder)
        try:
            await stores.redis_client.flushdb()
            # The embedded store takes up to a second for the documents of some tests.
            with pymongo.timeout(DROP_SECONDS):
                for name in await stores.mongo_db.list_collection_names():
                    await stores.mongo_db.drop_collection(name)
            await Messages(stores).create_indexes()
            await Conversations(stores).create_indexes()
            await Media(stores).create_indexes()
            await Digests(stores).create_indexes()
            await Resumables(stores).create_indexes()
            yield stores
        finally:
            await stores.close()


async def _make_schema(folder: Path, children: embedded.Children) -> None:
    folder.mkdir()
    stores = await open_stores(None, children.mongo, children.redis, folder)
    await stores.close()


@contextmanager
def embedded_stores() -> Iterator[Embedded]:
    """Start the children, in a loop of their own that outlives each test's."""
    with tempfile.TemporaryDirectory(prefix="tornado-im-") as name:
        folder = Path(name)
        settings = load(None, {"TORNADO_IM_SERVICE_DATADIR": name})
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="embedded stores")
        thread.start()
        try:
            starting = embedded.start(settings, folder, on_fatal=print)
            children = asyncio.run_coroutine_threadsafe(starting, loop).result()
            try:
                asyncio.run(_make_schema(folder / SCHEMA, children))
                yield Embedded(folder, children)
            finally:
                asyncio.run_coroutine_threadsafe(children.stop(), loop).result()
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
