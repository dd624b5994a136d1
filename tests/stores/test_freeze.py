"""A real store that no longer answers: refused in time, and back without a restart."""

import time

import pytest

from tests.faults.programs import Server, frozen
from tests.faults.rest import ANSWER_SECONDS, AT_ONCE_SECONDS, SLACK_SECONDS, call, rest_of, timed
from tests.faults.storm import ACKS, people, together
from tests.stores.engines import Engines

CALLS = 12
STORES = ["sql", "redis", "mongo"]


@pytest.mark.parametrize("store", STORES)
async def test_a_frozen_store_refuses_in_time_and_comes_back(
    stores: Engines, two: tuple[Server, Server], store: str
) -> None:
    pid = {"sql": stores.sql_pid, "redis": stores.redis_pid, "mongo": stores.mongo_pid}[store]
    url = two[0].url
    async with people([url], 1) as writers, rest_of(url) as rest:
        await together(writers, [url])
        assert (await writers[0].write())["code"] in ACKS
        headers = {"User-Agent": writers[0].name, "token": writers[0].token}
        paths = {
            "sql": f"/api/user/search?q={writers[0].name}",
            "redis": "/api/user/me",
            # Pages that hold the newest messages come from memory.
            "mongo": f"/api/conversations/{writers[0].conv}/messages/1/reactions",
        }
        with frozen(pid):
            for _ in range(CALLS):
                answer, seconds = await timed(call(rest, "GET", paths[store], **headers))
                assert answer.status_code == 503, answer.text
                assert seconds < ANSWER_SECONDS + SLACK_SECONDS
            ready = await rest.get("/readyz")
            assert ready.status_code == 503
            assert [n for n, s in ready.json()["data"].items() if s == "down"] == [store]
            assert (await rest.get("/healthz")).status_code == 200
        start = time.monotonic()
        while (await call(rest, "GET", paths[store], **headers)).status_code != 200:
            assert time.monotonic() - start < AT_ONCE_SECONDS
        await writers[0].resend()
        assert (await writers[0].write())["code"] in ACKS
        print(f"\n{store}: back after {time.monotonic() - start:.2f} s")
        assert (await rest.get("/readyz")).status_code == 200
