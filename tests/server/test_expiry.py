"""What has expired goes, its seqs do not come again, and unread stays right."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from models.conversation import Conversations
from models.head import Head
from models.lease import Leases
from models.message import Messages
from server.expiry import DAY_MS, Expiry
from tests import media
from tests.opened import Embedded
from tests.process import Process
from tests.written import CONV, NOW, message, write


class Log:
    """A conversation written straight into the real stores, at times of the test's choice."""

    def __init__(
        self,
        messages: Messages,
        conversations: Conversations,
        expiry: Expiry,
        floors: dict[str, int],
    ) -> None:
        self.messages = messages
        self.conversations = conversations
        self.expiry = expiry
        self.floors = floors
        """What was told of floors."""

    async def write(self, *days_ago: float) -> None:
        times = [NOW - round(days * DAY_MS) for days in days_ago]
        await self.conversations.create({CONV: (1, 2)}, times[0])
        head = Head()
        log = [message(seq, time=sent) for seq, sent in enumerate(times, 1)]
        await write(self.messages, *log)
        for stored in log:
            head.advance(stored)
        await self.conversations.raise_heads([(CONV, head)])

    async def seqs(self) -> list[int]:
        return [stored.message.seq for stored in await self.messages.tail(CONV, 0)]

    async def head(self) -> Head:
        return (await self.conversations.heads([CONV]))[CONV]


@asynccontextmanager
async def log(embedded: Embedded) -> AsyncIterator[Log]:
    async with embedded.open() as stores:
        one = Process(stores, "one")
        leases = Leases(stores.redis_client, stores.redis, "one")
        floors: dict[str, int] = {}
        expiry = Expiry(
            one.conversations,
            one.messages,
            one.positions,
            media.service(stores, one.messages, None, None, None),  # type: ignore[arg-type]
            leases,
            one.bus,
            days=90,
            on_floor=floors.__setitem__,
        )
        yield Log(one.messages, one.conversations, expiry, floors)


async def test_what_is_older_than_the_days_goes_and_the_rest_stays(embedded: Embedded) -> None:
    async with log(embedded) as chat:
        await chat.write(100, 91, 89, 1)
        assert await chat.expiry.sweep(NOW) == 2
        assert await chat.seqs() == [3, 4]
        head = await chat.head()
        assert (head.floor_seq, head.floor_n, head.last_seq, head.n) == (2, 2, 4, 4)
        assert chat.floors == {CONV: 2}
        assert await chat.expiry.sweep(NOW) == 0
        assert await chat.expiry.sweep(NOW + 2 * DAY_MS) == 1
        assert await chat.seqs() == [4]


async def test_an_emptied_conversation_keeps_its_last_seq(embedded: Embedded) -> None:
    async with log(embedded) as chat:
        await chat.write(*(100 for _ in range(450)))
        assert await chat.expiry.sweep(NOW) == 450
        head = await chat.head()
        assert await chat.seqs() == []
        assert (head.floor_seq, head.last_seq, head.n) == (450, 450, 450)


async def test_a_clock_that_jumped_back_does_not_tear_a_hole(embedded: Embedded) -> None:
    async with log(embedded) as chat:
        await chat.write(100, 1, 95, 1)
        assert await chat.expiry.sweep(NOW) == 1
        assert await chat.seqs() == [2, 3, 4]


async def test_a_sweep_that_died_before_deleting_is_done_by_the_next(embedded: Embedded) -> None:
    async with log(embedded) as chat:
        await chat.write(100, 95, 1)
        await chat.conversations.raise_floor(CONV, 2, 2)
        assert await chat.expiry.sweep(NOW) == 2
        assert await chat.seqs() == [3]
