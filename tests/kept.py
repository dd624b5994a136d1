"""Where the tests of blobs keep them, and a process of its own that puts some there.

Run as a program it reads its task as a pickle from its input, does it, and prints what it found.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import pickle
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from conf.settings import Media, Mongo, Redis, load
from models.blobs import BUCKET, Blobs
from models.stores import Stores, open_stores
from tests.faults.programs import child_of
from tests.faults.proxy import Proxy, linked
from tests.opened import Embedded

KIB = 1024
KEY, SECRET = "of-the-test", "hush"

_buckets = itertools.count()


@dataclass(frozen=True)
class Where:
    """What `open_stores` is told, for another process as well."""

    mongo: Mongo
    redis: Redis
    folder: Path
    media: Media | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Stores]:
        stores = await open_stores(None, self.mongo, self.redis, self.folder, media=self.media)
        try:
            yield stores
        finally:
            await stores.close()

    @asynccontextmanager
    async def by_proxy(self) -> AsyncIterator[tuple[Where, Proxy]]:
        """The same, with a link to what keeps the blobs."""
        url = httpx.URL(f"mongo://{self.mongo.hosts}" if self.media is None else _endpoint(self))
        async with linked((url.host, url.port or 0)) as proxy:
            if self.media is None:
                yield replace(self, mongo=replace(self.mongo, hosts=proxy.address)), proxy
            else:
                media = replace(self.media, s3_endpoint=f"http://{proxy.address}")
                yield replace(self, media=media), proxy


def _endpoint(where: Where) -> str:
    return (where.media and where.media.s3_endpoint) or ""


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


@dataclass(frozen=True)
class S3Server:
    """moto's server: S3 over HTTP, as a process."""

    url: str
    pid: int

    def media(self, bucket: str, **others: str) -> Media:
        """Settings that keep blobs in that bucket, which need not be there."""
        keys = {"Store": "s3", "S3Endpoint": self.url, "S3Bucket": bucket}
        keys |= {"S3Key": KEY, "S3Secret": SECRET, **others}
        return load(None, {f"TORNADO_IM_MEDIA_{key.upper()}": keys[key] for key in keys}).media

    @contextmanager
    def asking_for_keys(self) -> Iterator[None]:
        """Meanwhile it refuses whom it does not know; else it takes all for good."""
        self._count_without_keys("0")
        try:
            yield
        finally:
            self._count_without_keys("inf")

    def _count_without_keys(self, count: str) -> None:
        httpx.post(f"{self.url}/moto-api/reset-auth", content=count).raise_for_status()


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Start one on a free port; what it says is in the folder."""
    log = folder / "s3.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-p", "0"], stdout=output, stderr=output
        )
    try:
        while not (found := re.search(r"Running on (http://[\d.:]+)", log.read_text())):
            assert process.poll() is None, log.read_text()
        yield S3Server(found[1], process.pid)
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def in_s3(server: S3Server, embedded: Embedded, folder: Path) -> AsyncIterator[Kept]:
    bucket = f"media-{next(_buckets)}"
    httpx.put(f"{server.url}/{bucket}").raise_for_status()
    children = embedded.children
    where = Where(children.mongo, children.redis, folder, server.media(bucket))

    async def remains() -> int:
        return httpx.get(f"{server.url}/{bucket}").text.count("<Key>")

    async with where.open() as stores:
        yield Kept(stores.blobs, where, server.pid, remains)


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


async def put(where: Where, key: str, path: Path) -> None:
    async with where.open() as stores:
        await stores.blobs.put(key, path)


async def put_at_once(where: Where, count: int, path: Path) -> None:
    """Print by how many bytes the process had grown at most."""
    async with where.open() as stores:
        await stores.blobs.put(fresh(), path)
        before = _kept_in_memory("VmRSS")
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(stores.blobs.put(fresh(), path))
        print(_kept_in_memory("VmHWM") - before)


def _kept_in_memory(name: str) -> int:
    # Not by getrusage, whose maximum is inherited.
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * KIB


TASKS = {each.__name__: each for each in (put, put_at_once)}


def main() -> None:
    name, *arguments = pickle.load(sys.stdin.buffer)
    asyncio.run(TASKS[name](*arguments))


if __name__ == "__main__":
    # What is pickled names its class by the module's own name.
    from tests import kept

    kept.main()
