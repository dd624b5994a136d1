"""How far every conversation reaches, page by page."""

import asyncio
import os
import signal

import pytest

from models import extent
from models.conversation import Conversations
from models.extent import Extent, Extents
from models.head import Head
from models.stores import MONGO_SECONDS
from tests.opened import Embedded
from tests.server.test_embedded import pids


async def test_every_conversation_once(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extent, "PAGE", 3)
    async with embedded.open() as stores:
        assert [page async for page in Extents(stores).pages()] == []
        conversations = Conversations(stores)
        convs = {f"1:{other}": (1, other) for other in range(2, 10)}
        await conversations.create(convs, 0)
        await conversations.raise_heads([("1:4", Head(last_seq=7, n=7, shown_seq=7))])
        await conversations.raise_floor("1:5", 3, 3)
        pages = [page async for page in Extents(stores).pages()]
        found = [one for page in pages for one in page]
        assert len(found) == 8 and {one.conv for one in found} == set(convs)
        assert Extent("1:4", 7, 0) in found and Extent("1:5", 3, 3) in found
        assert max(len(page) for page in pages) == 3


async def test_a_store_that_reads_long_for_it_is_waited_for(embedded: Embedded) -> None:
    pid = pids(embedded.folder)["secantus"]
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        await conversations.create({"1:2": (1, 2)}, 0)
        os.kill(pid, signal.SIGSTOP)
        later = asyncio.get_running_loop().call_later
        later(MONGO_SECONDS + 0.5, os.kill, pid, signal.SIGCONT)
        asked = asyncio.create_task(conversations.expired(1))
        pages = [page async for page in Extents(stores).pages()]
        assert pages == [[Extent("1:2", 0, 0)]]
        assert await asked == ["1:2"]
