"""A real store that does not answer, in a storm: refused in time, and back without a restart."""

import asyncio
import time

import pytest

from tests.faults.figures import Figures
from tests.faults.programs import Server, frozen
from tests.faults.rest import ANSWER_SECONDS, AT_ONCE_SECONDS, SLACK_SECONDS, call, rest_of, timed
from tests.faults.storm import insisting, people, resend_all, settled, together
from tests.stores.engines import Engines

CALLS = 12
FROZEN_SECONDS = {"sql": 10.0, "redis": 0.0, "mongo": 0.0}
"""At least; `tests/faults/test_freeze.py` has the other two for as long."""


@pytest.mark.parametrize("store", FROZEN_SECONDS)
async def test_a_frozen_store_refuses_in_time_and_comes_back(
    stores: Engines, two: tuple[Server, Server], store: str
) -> None:
    pid = {"sql": stores.sql_pid, "redis": stores.redis_pid, "mongo": stores.mongo_pid}[store]
    url = two[0].url
    async with people([url], 1) as writers, rest_of(url) as rest:
        await together(writers, [url])
        headers = {"User-Agent": writers[0].name, "token": writers[0].token}
        paths = {
            "sql": f"/api/user/search?q={writers[0].name}",
            "redis": "/api/user/me",
            # Pages that hold the newest messages come from memory.
            "mongo": f"/api/conversations/{writers[0].conv}/messages/1/reactions",
        }
        async with insisting(writers):
            await writers[0].next_ack()
            with frozen(pid):
                over = asyncio.create_task(asyncio.sleep(FROZEN_SECONDS[store]))
                for _ in range(CALLS):
                    answer, seconds = await timed(call(rest, "GET", paths[store], **headers))
                    assert answer.status_code == 503, answer.text
                    assert seconds < ANSWER_SECONDS + SLACK_SECONDS
                ready = await rest.get("/readyz")
                assert ready.status_code == 503
                assert [n for n, s in ready.json()["data"].items() if s == "down"] == [store]
                assert (await rest.get("/healthz")).status_code == 200
                await over
            start = time.monotonic()
            while (await call(rest, "GET", paths[store], **headers)).status_code != 200:
                assert time.monotonic() - start < AT_ONCE_SECONDS
            await asyncio.gather(*(writer.next_ack() for writer in writers))
            back = time.monotonic() - start
        await resend_all(writers)
        longest = max(writer.longest for writer in writers)
        figures = await settled([url], writers)
        print(f"\n{store}: back after {back:.2f} s, the longest wait {longest:.2f} s: {figures}")
        assert longest < ANSWER_SECONDS + SLACK_SECONDS
        assert figures == Figures()
        # Who writes to known people needs no SQL.
        assert store != "sql" or not any(writer.refused for writer in writers)
        assert (await rest.get("/readyz")).status_code == 200
