"""Searching in 200,000 messages, and what following the log with the index costs those who send."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx

from tests.bench import chats, filled
from tests.bench.options import Options
from tests.bench.report import Figure
from tests.bench.texts import Texts
from tests.client import Account
from tests.running import Server, running

CONVERSATIONS = 500
MESSAGES = 200_000
QUERIES = 50
PAIRS = 20
WARM_SECONDS = 1.0


async def _indexed(server: Server) -> float:
    """Seconds until the server on this data folder has indexed all of it."""
    start = time.perf_counter()
    # The empty one of the first run was whole at once.
    while server.log.count("the search index is whole") < 2:
        await asyncio.sleep(0.1)
    return time.perf_counter() - start


def _ask(http: httpx.Client, who: Account, query: str) -> float:
    """Milliseconds until the first page is there."""
    start = time.perf_counter()
    answer = http.get("/api/search", params={"q": query}, headers=who.headers)
    assert answer.status_code == 200, answer.text
    return 1000 * (time.perf_counter() - start)


@asynccontextmanager
async def _chatting(
    stack: AsyncExitStack, content: str, *, fed: bool
) -> AsyncIterator[list[chats.Pair]]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    if not fed:
        stack.enter_context(filled.unfed(folder / "data"))
    server = stack.enter_context(running(folder, chat_strangerlimit=0))
    async with chats.pairs(server, PAIRS, content) as pairs:
        await chats.throughput(pairs, WARM_SECONDS)
        yield pairs


async def _searches(options: Options) -> list[Figure]:
    first = Figure("search, first page", "ms, median", "wish", 1.0, "less", fixed=150)
    slowest = Figure("search, slowest of 50", "ms", "wish", None, "less", fixed=150)
    texts = Texts()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running(folder) as server:
            who = Account.new(server)
        start = time.perf_counter()
        pairs = [(who.uid, other) for other in range(who.uid + 1, who.uid + 1 + CONVERSATIONS)]
        await filled.fill(folder / "data", pairs, MESSAGES // CONVERSATIONS, texts.message)
        print(f"search: {MESSAGES} messages written in {time.perf_counter() - start:.0f} s")
        with running(folder) as server:
            who.server = server
            who.login()
            print(f"search: indexed {await _indexed(server):.0f} s after the start")
            size = sum(file.stat().st_size for file in (folder / "data" / "search").iterdir())
            print(f"search: the index has {size / 1e6:.0f} MB")
            queries = texts.queries()
            for _ in range(options.rounds):
                asked = list(itertools.islice(queries, QUERIES))
                took = [await asyncio.to_thread(_ask, server.http, who, q) for q in asked]
                first.add(statistics.median(took))
                slowest.add(max(took))
    return [first, slowest]


async def _sends(options: Options) -> list[Figure]:
    kept = Figure("throughput, followed", "messages/s", "not followed", 0.9)
    content = "，".join(Texts(2).message() for _ in range(3))[:100]
    async with AsyncExitStack() as stack:
        fed = await stack.enter_async_context(_chatting(stack, content, fed=True))
        unfed = await stack.enter_async_context(_chatting(stack, content, fed=False))
        for _ in range(options.rounds):
            # In both orders, as the second one finds the machine warmer.
            one = await chats.throughput(fed, options.seconds)
            other = await chats.throughput(unfed, 2 * options.seconds)
            again = await chats.throughput(fed, options.seconds)
            kept.add((one + again) / 2, other)
    return [kept]


async def measure(options: Options) -> list[Figure]:
    return await _searches(options) + await _sends(options)
