"""Where the tests of blobs keep them, and a process of its own that puts some there.

Run as a program it reads its task as a pickle from its input, does it, and prints what it found.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import resource
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from conf.settings import Mongo, Redis
from models import blobs as module
from models.blobs import BUCKET, Blobs
from models.stores import Stores, open_stores
from tests.faults.programs import child_of
from tests.opened import Embedded

KIB = 1024


@dataclass(frozen=True)
class Where:
    """What `open_stores` is told, for another process as well."""

    mongo: Mongo
    redis: Redis
    folder: Path

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Stores]:
        stores = await open_stores(None, self.mongo, self.redis, self.folder)
        try:
            yield stores
        finally:
            await stores.close()


@dataclass(frozen=True)
class Kept:
    """Blobs in a real store."""

    blobs: Blobs
    where: Where
    pid: int
    """The store's process."""
    remains: Callable[[], Awaitable[int]]
    """How much is stored, of whole blobs and of others."""


@asynccontextmanager
async def in_gridfs(embedded: Embedded, folder: Path) -> AsyncIterator[Kept]:
    where = Where(embedded.children.mongo, embedded.children.redis, folder)
    async with embedded.open() as stores:
        database = stores.mongo_db

        async def remains() -> int:
            parts = [database[f"{BUCKET}.{part}"] for part in ("files", "chunks")]
            return sum([await part.count_documents({}) for part in parts])

        pid = child_of(os.getpid(), str(embedded.folder / "mongo"))
        yield Kept(stores.blobs, where, pid, remains)


def fresh() -> str:
    """A key."""
    return uuid4().hex


@asynccontextmanager
async def program(*task: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    """This module as a process that does `task`; it is killed in the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.kept"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(pickle.dumps(task))
    process.stdin.close()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def stop_half_way(where: Where, key: str, path: Path) -> None:
    """Say so when half of the file is stored, and never go on."""
    half = path.stat().st_size // 2
    read = module.piece

    def piece(path: Path, start: int) -> bytes:
        if start >= half:
            print("half", flush=True)
            threading.Event().wait()
        return read(path, start)

    module.piece = piece
    async with where.open() as stores:
        await stores.blobs.put(key, path)


async def put_at_once(where: Where, count: int, path: Path) -> None:
    """Print by how many bytes the process had grown at most."""
    async with where.open() as stores:
        await stores.blobs.put(fresh(), path)
        before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(stores.blobs.put(fresh(), path))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB - before)


TASKS = {each.__name__: each for each in (stop_half_way, put_at_once)}


def main() -> None:
    name, *arguments = pickle.load(sys.stdin.buffer)
    asyncio.run(TASKS[name](*arguments))


if __name__ == "__main__":
    # Pickled values name their classes by the module's own name.
    from tests import kept

    kept.main()
