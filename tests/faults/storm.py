"""People who write to each other as fast as they can, and who remember all that they were told.

What the server has told is held against what its store has: each figure of `Figures` must be 0.
"""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx

from tests.faults.figures import Figures
from tests.faults.rest import call, rest_of, sign_up
from tests.faults.writer import Writer

PAGE = 100


async def history(rest: httpx.AsyncClient, writer: Writer) -> list[dict[str, Any]]:
    """The whole conversation, in pages."""
    messages: list[dict[str, Any]] = []
    while True:
        answer = await call(
            rest,
            "GET",
            f"/api/conversations/{writer.conv}/messages?after={len(messages)}&limit={PAGE}",
            **{"User-Agent": writer.name, "token": writer.token},
        )
        assert answer.status_code == 200, answer.text
        page = answer.json()["data"]
        messages += page["messages"]
        if page["end"]:
            return messages


async def resend_all(writers: Iterable[Writer]) -> None:
    await asyncio.gather(*(writer.resend() for writer in writers))


async def settled(urls: Sequence[str], writers: Iterable[Writer]) -> Figures:
    """What went wrong, held against the store as each of the servers reads it.

    The writers are connected, and have been since before the last send.
    """
    readers = [(writer, urls[number % len(urls)]) for number, writer in enumerate(writers)]
    # Neighbours have one conversation: of one server it is asked once.
    told = {(url, writer.conv): writer for writer, url in readers}
    pages = await asyncio.gather(*(_whole(url, writer) for (url, _), writer in told.items()))
    histories = dict(zip(told, pages, strict=True))
    figures = Figures()
    for writer, url in readers:
        messages = histories[url, writer.conv]
        with suppress(TimeoutError):
            await writer.knows(len(messages))
        figures += compare(writer, messages)
        figures += writer.figures
        writer.figures = Figures()
    return figures


async def _whole(url: str, writer: Writer) -> list[dict[str, Any]]:
    async with rest_of(url) as rest:
        return await history(rest, writer)


def compare(writer: Writer, messages: Sequence[dict[str, Any]]) -> Figures:
    figures = Figures()
    figures.out_of_order += sum(
        message["seq"] != place for place, message in enumerate(messages, 1)
    )
    places: dict[str, int] = {}
    for message in messages:
        if message["from"] == writer.uid:
            figures.delivered_twice += message["id"] in places
            places[message["id"]] = message["seq"]
    for id, seq in writer.acked.items():
        figures.acknowledged_and_lost += places.get(id) != seq
    mine = [places[id] for id in writer.sent if id in places and id not in writer.refused]
    figures.out_of_order += sum(later < earlier for earlier, later in itertools.pairwise(mine))
    for message in messages:
        if writer.known.get(message["seq"]) != message["id"]:
            figures.missed_after_sync += 1
    return figures


@asynccontextmanager
async def people(urls: Sequence[str], pairs: int) -> AsyncIterator[list[Writer]]:
    """Writers in pairs, registered, not connected yet; neighbours talk to each other."""
    tag = uuid.uuid4().hex[:8]
    async with rest_of(urls[0], seconds=60.0) as rest:
        accounts = await asyncio.gather(
            *(sign_up(rest, f"w{number}-{tag}") for number in range(2 * pairs))
        )
    writers = [
        Writer(f"w{number}-{tag}", uid, token, accounts[number ^ 1][0])
        for number, (uid, token) in enumerate(accounts)
    ]
    try:
        yield writers
    finally:
        for writer in writers:
            await writer.close()


async def storm_until(
    writers: Sequence[Writer], seconds: float, strike: Callable[[], Awaitable[None]]
) -> None:
    """Let all write; strike after `seconds`, in the middle of it."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for writer in writers:
            group.create_task(writer.storm(stop))
        await asyncio.sleep(seconds)
        await strike()
        stop.set()


async def together(writers: Iterable[Writer], urls: Sequence[str]) -> None:
    """Connect and sync all of them, spread over the servers."""
    await asyncio.gather(*(writer.connect(urls[n % len(urls)]) for n, writer in enumerate(writers)))


@asynccontextmanager
async def insisting(writers: Iterable[Writer]) -> AsyncIterator[None]:
    """All insist, as long as the block runs; then what was not acknowledged is sent again."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for writer in writers:
            group.create_task(writer.insist(stop))
        try:
            yield
        finally:
            stop.set()


async def write_for(writers: list[Writer], seconds: float) -> dict[str, int]:
    """All write as fast as they can; how many of each were acknowledged."""
    stop = asyncio.Event()
    before = {writer.name: len(writer.acked) for writer in writers}
    async with asyncio.TaskGroup() as group:
        for writer in writers:
            group.create_task(writer.storm(stop))
        await asyncio.sleep(seconds)
        counts = {w.name: len(w.acked) - before[w.name] for w in writers}
        stop.set()
    return counts
