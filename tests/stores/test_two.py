"""Two processes on the same stores behave as one server (promise 5 of docs/protocol.md)."""

import asyncio
import time

from tests.faults.programs import Server
from tests.faults.storm import (
    Figures,
    Writer,
    people,
    rest_of,
    settled,
    together,
)

SECONDS = 3.0
FULL_WINDOW = 64
"""As many as the server takes from one socket before it stops reading it."""

SHARE = 0.25
"""What each of two who saturate one conversation gets at least."""


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


async def test_two_writers_of_one_conversation_both_make_progress(
    two: tuple[Server, Server],
) -> None:
    urls = [server.url for server in two]
    async with people(urls, 1) as writers:
        for writer in writers:
            writer.window = FULL_WINDOW
        await together(writers, urls)
        start = time.monotonic()
        counts = await write_for(writers, SECONDS)
        print(f"\n{counts} in {time.monotonic() - start:.1f} s")
        refused = sum(len(writer.refused) for writer in writers)
        await asyncio.gather(*(writer.resend() for writer in writers))
        async with rest_of(urls[0]) as one, rest_of(urls[1]) as other:
            figures = await settled([one, other], writers)
        print(f"{sum(counts.values())} acknowledged, {refused} refused first: {figures}")
        assert figures == Figures()
        assert refused == 0
        assert min(counts.values()) > SHARE * sum(counts.values())
