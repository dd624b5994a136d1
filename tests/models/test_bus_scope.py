"""A Redis that several systems share, each in a database of its own: none hears another."""

from __future__ import annotations

import dataclasses

from redis import asyncio as aioredis

from tests.opened import Embedded
from tests.process import Frame, Process, running


async def test_what_is_told_in_one_database_of_redis_is_not_heard_in_another(
    embedded: Embedded,
) -> None:
    store = embedded.children.redis
    async with (
        embedded.open() as stores,
        aioredis.Redis(
            unix_socket_path=str(store.unix_socket),
            password=store.password,
            db=store.db + 1,
            decode_responses=True,
            protocol=2,
        ) as client,
    ):
        one, two = Process(stores, "one"), Process(stores, "two")
        foreign = Process(dataclasses.replace(stores, redis_client=client), "foreign")
        async with running(one.bus.loops()), running(two.bus.loops()):
            async with running(foreign.bus.loops()):
                for process in (one, two, foreign):
                    await process.bus.ready()
                    await process.bus.subscribe("u:7")
                # Redis counts and carries channels without regard to databases.
                assert await one.bus.listeners(["u:7"]) == {"u:7": 2}
                assert await foreign.bus.listeners(["u:7"]) == {"u:7": 1}
                assert foreign.bus.alone and not two.bus.alone
                one.bus.publish("u:7", {"event": "message of one"})
                assert (await two.next_heard())[0] == "u:7"
                # What is asked there is answered by nobody here, and comes behind what one told.
                _, all_done = await foreign.bus.ask("u:7", {"event": "question"}, seconds=0.05)
                assert not all_done
                assert [event["event"] for _, event in waiting(foreign)] == ["question"]
                assert "question" not in [event["event"] for _, event in waiting(two)]


def waiting(process: Process) -> list[tuple[str, Frame]]:
    """What has come on the bus and nobody has looked at."""
    return [process.heard.get_nowait() for _ in range(process.heard.qsize())]
