"""What has expired goes, its seqs do not come again, and unread stays right."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from conf.settings import load
from models.bus import Bus
from models.conversation import Conversations, Head
from models.dirty import Dirty
from models.lease import Leases
from models.message import Message, Messages, Stored, document
from models.stores import open_stores
from server import embedded
from server.expiry import DAY_MS, Expiry
from server.positions import Positions

NOW = int(time.time() * 1000)
CONV = "1:2"


class Log:
    """A conversation written straight into the real stores, at times of the test's choice."""

    def __init__(self, messages: Messages, conversations: Conversations, expiry: Expiry) -> None:
        self.messages = messages
        self.conversations = conversations
        self.expiry = expiry

    async def write(self, *days_ago: float) -> None:
        times = [NOW - round(days * DAY_MS) for days in days_ago]
        await self.conversations.create({CONV: (1, 2)}, times[0])
        head = Head()
        for seq, sent in enumerate(times, 1):
            stored = Stored(Message(CONV, seq, 1, "text", "x", sent, str(seq)), seq, seq)
            await self.messages.insert([document(f"{CONV}/1/{seq}", stored)])
            head.advance(stored)
        await self.conversations.raise_positions([(CONV, head)], [])

    async def seqs(self) -> list[int]:
        return [stored.message.seq for stored in await self.messages.tail(CONV, 0)]

    async def head(self) -> Head:
        return (await self.conversations.heads([CONV]))[CONV]


@asynccontextmanager
async def log(folder: Path) -> AsyncIterator[Log]:
    settings = load(None, {"TORNADO_IM_SERVICE_DATADIR": str(folder)})
    children = await embedded.start(settings, folder, on_fatal=print)
    try:
        stores = await open_stores(None, children.mongo, children.redis, folder)
        messages, conversations = Messages(stores), Conversations(stores)
        await messages.create_indexes()
        await conversations.create_indexes()
        client, guard = stores.redis_client, stores.redis
        bus = Bus(client, guard, "p", on_event=lambda *_: None, on_interrupted=lambda: None)
        dirty = Dirty(client, guard, "p")
        positions = Positions(conversations, messages, dirty, epoch=lambda: 0)
        leases = Leases(client, guard, "p")
        yield Log(
            messages,
            conversations,
            Expiry(conversations, messages, positions, leases, bus, days=90),
        )
        await stores.close()
    finally:
        await children.stop()


async def test_what_is_older_than_the_days_goes_and_the_rest_stays(tmp_path: Path) -> None:
    async with log(tmp_path) as chat:
        await chat.write(100, 91, 89, 1)
        assert await chat.expiry.sweep(NOW) == 2
        assert await chat.seqs() == [3, 4]
        head = await chat.head()
        assert (head.floor_seq, head.floor_n, head.last_seq, head.n) == (2, 2, 4, 4)
        assert await chat.expiry.sweep(NOW) == 0
        assert await chat.expiry.sweep(NOW + 2 * DAY_MS) == 1
        assert await chat.seqs() == [4]


async def test_an_emptied_conversation_keeps_its_last_seq(tmp_path: Path) -> None:
    async with log(tmp_path) as chat:
        await chat.write(*(100 for _ in range(450)))
        assert await chat.expiry.sweep(NOW) == 450
        head = await chat.head()
        assert await chat.seqs() == []
        assert (head.floor_seq, head.last_seq, head.n) == (450, 450, 450)


async def test_a_clock_that_jumped_back_does_not_tear_a_hole(tmp_path: Path) -> None:
    async with log(tmp_path) as chat:
        await chat.write(100, 1, 95, 1)
        assert await chat.expiry.sweep(NOW) == 1
        assert await chat.seqs() == [2, 3, 4]


async def test_a_sweep_that_died_before_deleting_is_done_by_the_next(tmp_path: Path) -> None:
    async with log(tmp_path) as chat:
        await chat.write(100, 95, 1)
        await chat.conversations.raise_floor(CONV, 2, 2)
        assert await chat.expiry.sweep(NOW) == 2
        assert await chat.seqs() == [3]
