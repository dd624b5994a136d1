"""What a store that has grown costs: the same people on 10,000 messages and on 1,000,000.

Both servers have somebody with 101 conversations of 100 messages. On the large one 9,900 others
have a conversation each beside them. Neither feeds a search index, which has a part of its own.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench import chats, crowd, filled, wire
from tests.bench.chats import CONTENT, Pair
from tests.bench.options import Options
from tests.bench.report import Figure
from tests.bench.wire import Wire
from tests.client import REACTED, SYNC, Account, Frame, pair
from tests.running import running

OWN = 100
"""Conversations of the one who reads."""

EACH = 100
OTHERS = 9_900
PAIRS = 20
READS = 50
MISSED = 10
"""Messages of a conversation that a sync asks for, of ten conversations."""

SLOWER = 1 / 0.9
WARM_SECONDS = 1.0
STRANGERS = 1_000_000
"""Above these uids nobody is registered."""


@dataclass
class Side:
    """One of the two servers."""

    who: Account
    convs: list[str]
    lively: str
    """One more conversation, in which she reacts; the others stay as they are."""
    socket: Wire
    pairs: list[Pair]
    reached: int = EACH
    """The last seq of that one: each reaction adds an event."""

    async def _answer(self, code: int) -> Frame:
        """Her own events come to her as well."""
        while (got := await self.socket.next())["code"] != code:
            pass
        return got

    async def page(self) -> None:
        """Twenty messages from somewhere in one of the conversations."""
        before = random.randrange(21, EACH)
        path = f"/api/conversations/{random.choice(self.convs)}/messages"
        answer = await asyncio.to_thread(self.who.get, path, before=before, limit=20)
        assert len(answer.data["messages"]) == 20

    async def list(self) -> None:
        answer = await asyncio.to_thread(self.who.get, "/api/conversations", limit=100)
        assert len(answer.data["conversations"]) == 100

    async def sync(self) -> None:
        cursors = dict.fromkeys(self.convs, EACH)
        cursors |= dict.fromkeys(random.sample(self.convs, 10), EACH - MISSED)
        cursors[self.lively] = self.reached
        self.socket.send(wire.frame({"type": 7, "cursors": cursors}))
        got = await self._answer(SYNC)
        assert sum(len(one["messages"]) for one in got["conversations"]) == 10 * MISSED

    async def react(self) -> None:
        """To each message in turn, then back again: each time a stored one changes."""
        taken_back, place = divmod(self.reached - EACH, EACH)
        what = {"seq": 1 + place, "emoji": "👍", "on": taken_back % 2 == 0}
        self.socket.send(wire.frame({"type": 11, "conv": self.lively, **what}))
        self.reached = (await self._answer(REACTED))["event_seq"]


async def _took(call: Callable[[], Awaitable[None]]) -> float:
    """Milliseconds, the median."""
    took = []
    for _ in range(READS):
        start = time.perf_counter()
        await call()
        took.append(1000 * (time.perf_counter() - start))
    return statistics.median(took)


async def _side(stack: AsyncExitStack, others: int) -> Side:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    stack.enter_context(filled.unfed(folder / "data"))
    with running(folder) as server:
        who = await asyncio.to_thread(Account.new, server)
        friends = await crowd.people(server, OWN + 1)
    own = [(who.uid, friend.uid) for friend in friends]
    strangers = [(STRANGERS + 2 * n, STRANGERS + 2 * n + 1) for n in range(others)]
    start = time.perf_counter()
    await filled.fill(folder / "data", own + strangers, EACH, lambda: CONTENT)
    took = time.perf_counter() - start
    print(f"growth: {EACH * (OWN + others)} messages written in {took:.0f} s", flush=True)
    server = stack.enter_context(running(folder, chat_strangerlimit=0))
    who.server = server
    await asyncio.to_thread(who.login)
    socket = await chats.enter(server, who)
    pairs = await stack.enter_async_context(chats.pairs(server, PAIRS))
    await chats.throughput(pairs, WARM_SECONDS)
    *convs, lively = [pair(who, friend) for friend in friends]
    return Side(who, convs, lively, socket, pairs)


async def measure(options: Options) -> list[Figure]:
    kept = Figure("throughput, 1,000,000 stored", "messages/s", "10,000 stored", 0.9)
    reads = {
        name: Figure(f"{name}, 1,000,000 stored", "ms", "10,000 stored", SLOWER, "less")
        for name in ("page", "list", "sync", "react")
    }
    async with AsyncExitStack() as stack:
        large, small = await _side(stack, OTHERS), await _side(stack, 0)
        for _ in range(options.rounds):
            kept.add(
                await chats.throughput(large.pairs, options.seconds),
                await chats.throughput(small.pairs, options.seconds),
            )
            for name, figure in reads.items():
                figure.add(await _took(getattr(large, name)), await _took(getattr(small, name)))
        await large.socket.close()
        await small.socket.close()
    return [kept, *reads.values()]
