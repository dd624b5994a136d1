"""Building the search index anew from the command line (`run.py --reindex`).

Where a server runs on the data folder, it is asked to do it and goes on answering from the old
index until the new one is whole. Where none does, the index is built here, on the same stores.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack
from typing import Final

from conf.settings import ConfigError, Settings
from models.dirty import Dirty
from models.extent import Extents
from models.message import Messages
from models.stores import open_stores
from server import datadir, disk, embedded, logs
from server.following import Follower
from server.process import running
from server.search_folder import SearchFolder

LOOK_SECONDS: Final = 0.1


async def reindex(settings: Settings) -> None:
    """Returns when searches are answered from the new index.

    Raises:
        ConfigError: a store cannot be reached, or the data folder cannot be written.
    """
    logs.configure(settings.service.log_level, settings.service.log_format)
    folder = SearchFolder(settings.service.data_dir)
    asked = False
    while not asked or folder.rebuild_pending():
        try:
            with datadir.held(settings.service.data_dir):
                await _build(settings, folder)
                return
        except datadir.DataDirInUse:
            if not asked:
                folder.ask_for_rebuild()
                asked = True
        await asyncio.sleep(LOOK_SECONDS)


async def _build(settings: Settings, folder: SearchFolder) -> None:
    data_dir = settings.service.data_dir
    async with AsyncExitStack() as stack:
        stack.enter_context(disk.blamed(data_dir))
        stop = asyncio.Event()
        failures: list[str] = []

        def fail(why: str) -> None:
            failures.append(why)
            stop.set()

        children = await embedded.start(settings, data_dir, on_fatal=fail)
        stack.push_async_callback(children.stop)
        stores = await open_stores(settings.mysql, children.mongo, children.redis, data_dir)
        stack.push_async_callback(stores.close)
        process = secrets.token_hex(8)
        dirty = Dirty(stores.redis_client, stores.redis, process)
        messages = Messages(stores)
        follower = Follower(
            folder,
            messages,
            Extents(stores),
            dirty,
            tell=lambda _seqs: None,
            is_busy=lambda: False,
            rests=0.0,
        )
        old = folder.current()
        if old is not None:
            folder.discard(old)
        await stack.enter_async_context(running(follower.loops(), fail))
        built = asyncio.create_task(follower.caught_up(), name="index")
        ended = asyncio.create_task(stop.wait(), name="failure")
        await asyncio.wait({built, ended}, return_when=asyncio.FIRST_COMPLETED)
        built.cancel()
        ended.cancel()
        if failures:
            raise ConfigError(failures[0])
