"""The embedded store alone: what bounds whoever stores before he acknowledges."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from conf.settings import load
from models.message import Message, Messages, Stored, document, message_key
from models.stores import Stores, open_stores
from server import embedded
from tests.bench.chats import CONTENT

BATCH = 200


class Store:
    """The collection of messages with its indexes, and documents as the server makes them."""

    def __init__(self, messages: Messages, conversations: int) -> None:
        self._messages = messages
        self._seqs = {f"{low}:{low + 1}": 0 for low in range(1, 2 * conversations, 2)}
        self._turns = itertools.cycle(self._seqs)

    async def insert(self, count: int) -> None:
        """One ordered, journaled insert of the next messages of all conversations in turn."""
        documents = []
        for conv in itertools.islice(self._turns, count):
            seq = self._seqs[conv] = self._seqs[conv] + 1
            sender, id = int(conv.split(":")[0]), f"{random.getrandbits(128):032x}"
            message = Message(conv, seq, sender, "text", CONTENT, int(time.time() * 1000), id)
            stored = Stored(message, seq, random.getrandbits(63))
            documents.append(document(message_key(conv, sender, id), stored))
        await self._messages.insert(documents)

    async def throughput(self, seconds: float) -> float:
        """Documents per second, in batches of BATCH."""
        start, done = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            await self.insert(BATCH)
            done += BATCH
        return done / (time.perf_counter() - start)

    async def once(self) -> float:
        """Seconds that a single insert takes."""
        start = time.perf_counter()
        await self.insert(1)
        return time.perf_counter() - start


class Disk:
    """A file that is written to and synchronised, with nothing else."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def once(self) -> float:
        """Seconds that the bytes of one message take to the disk."""
        start = time.perf_counter()
        os.write(self._descriptor, CONTENT.encode())
        os.fsync(self._descriptor)
        return time.perf_counter() - start


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """The disk that the store is on."""
    with open(folder / "synchronised", "ab", buffering=0) as file:
        yield Disk(file.fileno())


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Stores]:
    """Start the embedded stores without a server, in a data folder that nobody else uses."""
    settings = load(None, {"TORNADO_IM_SERVICE_DATADIR": str(folder)})
    children = await embedded.start(settings, folder, on_fatal=print)
    try:
        stores = await open_stores(None, children.mongo, children.redis, folder)
        try:
            await Messages(stores).create_indexes()
            yield stores
        finally:
            await stores.close()
    finally:
        await children.stop()


@asynccontextmanager
async def alone(folder: Path, conversations: int) -> AsyncIterator[Store]:
    """The embedded stores, to be written to as the server does."""
    async with opened(folder) as stores:
        yield Store(Messages(stores), conversations)
