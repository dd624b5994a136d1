"""SIGTERM in the middle of a storm: what was taken is finished and told, nothing is lost."""

import asyncio
import time

import pytest

from tests.faults.figures import Figures
from tests.faults.programs import Server
from tests.faults.storm import (
    people,
    rest_of,
    seeded,
    settled,
    storm_until,
    together,
)

PAIRS = 10
STOP_SECONDS = 15.0
GOING_AWAY = 1001


@pytest.mark.timeout(90)
async def test_a_stop_in_a_storm_finishes_what_was_taken(own_server: Server) -> None:
    url, chance = own_server.url, seeded()
    async with people([url], PAIRS) as writers:
        await together(writers, [url])
        code, seconds = None, 0.0

        async def strike() -> None:
            nonlocal code, seconds
            start = time.monotonic()
            code = await asyncio.to_thread(own_server.stop)
            seconds = time.monotonic() - start

        await storm_until(writers, chance.uniform(0.5, 1.5), strike)
        for writer in writers:
            await writer.disconnected()
        print(f"stopped with {code} after {seconds:.2f} s")
        assert code == 0 and seconds < STOP_SECONDS
        assert {writer.close_code for writer in writers} == {GOING_AWAY}
        stored_unknown = {
            id for writer in writers for id in writer.open_ids if id not in writer.refused
        }
        await asyncio.to_thread(own_server.start)
        await together(writers, [url])
        await asyncio.gather(*(writer.resend() for writer in writers))
        async with rest_of(url) as rest:
            figures = await settled([rest], writers)
        acknowledged = sum(len(writer.acked) for writer in writers)
        silent = stored_unknown & {id for writer in writers for id in writer.repeated}
        print(f"{acknowledged} acknowledged, {len(silent)} stored without an answer: {figures}")
        assert figures == Figures()
        assert silent == set()
