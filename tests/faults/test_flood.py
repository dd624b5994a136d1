"""A socket that sends as fast as it can: it is told when it may go on, and others hardly feel it.

With the limits as they are shipped. What the others wait is printed (`pytest -s`).
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests.faults.flood import flooding
from tests.faults.programs import Server
from tests.faults.storm import people, together
from tests.faults.writer import ACKS, MESSAGE, Writer

LIMITED = 50006
RATE = 20
"""Messages of a second that `[chat] RatePerSecond` allows as it is shipped; three times as many in
a burst."""

BURST = 5 * RATE
ROUNDS = 5
ROUND_SECONDS = 0.6
PAUSE_SECONDS = 0.06
"""Between two messages of one of the others, who stays below that."""

PAIRS = 3
SLOWER = 1.2
"""What is wished; a machine that does something else is no finding, so that twice this fails."""


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[Server]:
    """A server with the limits as they are shipped."""
    server = Server(tmp_path / "data", limits={})
    try:
        yield server.start()
    finally:
        server.end()
    assert "Traceback" not in server.said()


async def measure(writers: list[Writer]) -> list[float]:
    """What each ack took, for as long as a round lasts."""
    took: list[float] = []

    async def chat(writer: Writer) -> None:
        until = time.monotonic() + ROUND_SECONDS
        while time.monotonic() < until:
            start = time.monotonic()
            assert (await writer.write())["code"] in ACKS
            took.append(time.monotonic() - start)
            await asyncio.sleep(PAUSE_SECONDS)

    await asyncio.gather(*map(chat, writers))
    return took


async def test_a_flood_is_limited_and_slows_nobody(shipped: Server) -> None:
    async with people([shipped.url], PAIRS) as writers:
        loud, other, *quiet = writers
        await together(writers, [shipped.url])
        for writer in writers:  # Nobody is a stranger then, and a first message takes longer.
            assert (await writer.write())["code"] in ACKS
        headers = {"User-Agent": loud.name, "token": loud.token}
        alone, beside, counts = list[float](), list[float](), Counter[str]()
        for _ in range(ROUNDS):
            alone += await measure(quiet)
            async with flooding(shipped.port, headers, other.uid) as counted:
                beside += await measure(quiet)
            counts += counted
        slower = median(beside) / median(alone)
        print(
            f"{dict(counts)}; an ack takes {1000 * median(alone):.1f} ms,"
            f" {1000 * median(beside):.1f} beside the flood: {slower:.2f} times"
        )
        assert set(counts) <= {"sent", str(LIMITED), str(MESSAGE), *map(str, ACKS)}
        assert counts[str(LIMITED)] > 0
        assert slower < 2 * SLOWER
        answers = await asyncio.gather(*(other.write() for _ in range(BURST)))
        assert LIMITED in {answer["code"] for answer in answers}
        # Behind the last of them one may have gone through, which took what had come back.
        while (answer := await other.write())["code"] in ACKS:
            pass
        assert answer["error"] == "rate_limited" and 0 < answer["retry_after"] <= 1000 / RATE
        await asyncio.sleep(answer["retry_after"] / 1000)
        assert (await other.write())["code"] in ACKS
