"""Conversations that are there before anything is measured, written straight into the stores."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pymongo

from models.conversation import Conversations
from models.documents import Document
from models.head import Head
from models.message import Message, Stored, document, message_key
from tests.bench import store

BATCH = 2000
"""Messages of one insert."""

FILL_SECONDS = 60.0
SPAN_MS = 365 * 24 * 3600 * 1000 // 5
"""The oldest message of a conversation was sent so long ago."""


async def fill(
    data: Path, pairs: Sequence[tuple[int, int]], each: int, text: Callable[[], str]
) -> None:
    """A conversation of each of these pairs, with `each` messages that they wrote in turn.

    Args:
        data: the folder of a server that is stopped.
        pairs: uids, the lower one first.
    """
    async with store.opened(data) as stores:
        conversations = Conversations(stores)
        collection = stores.mongo_db.get_collection("messages", write_concern=stores.durable)
        some = max(1, BATCH // each)
        for start in range(0, len(pairs), some):
            documents: list[Document] = []
            heads: dict[str, Head] = {}
            batch = {f"{low}:{high}": (low, high) for low, high in pairs[start : start + some]}
            for conv, pair in batch.items():
                heads[conv] = Head()
                for stored in _log(conv, pair, each, text):
                    heads[conv].advance(stored)
                    documents.append(_document(stored))
            await conversations.create(batch, int(time.time() * 1000) - SPAN_MS)
            # Past the guard, as nobody waits for it: a busy machine may take its time.
            with pymongo.timeout(FILL_SECONDS):
                await collection.insert_many(documents)
            await conversations.raise_heads(heads.items())


def _log(conv: str, pair: tuple[int, int], each: int, text: Callable[[], str]) -> Iterator[Stored]:
    now = int(time.time() * 1000)
    for seq in range(1, each + 1):
        sent = now - SPAN_MS * (each - seq) // each + pair[1]
        sender = pair[seq % 2]
        yield Stored(Message(conv, seq, sender, "text", text(), sent, f"{conv}/{seq}"), seq, seq)


def _document(stored: Stored) -> Document:
    message = stored.message
    return document(message_key(message.conv, message.from_, message.id), stored)


@contextmanager
def unfed(data: Path) -> Iterator[None]:
    """Keep the server on this data folder from feeding its search index."""
    (data / "search").mkdir(parents=True, exist_ok=True)
    with (data / "search" / "feeder.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
