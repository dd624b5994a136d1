"""SIGTERM in the middle of a storm: what was taken is finished and told, nothing is lost."""

import asyncio
import time
from random import Random

import pytest

from tests.faults.figures import Figures
from tests.faults.programs import MONGO, VALKEY, Server, frozen
from tests.faults.rest import PASSWORD, call, refuses, rest_of, sign_in, sign_up
from tests.faults.storm import people, resend_all, settled, storm_until, together

PAIRS = 5
CHANGES = 12
NEW = "new " + PASSWORD
STOP_SECONDS = 15.0
FROZEN_STOP_SECONDS = 12.0
GOING_AWAY = 1001


@pytest.mark.timeout(90)
async def test_a_stop_in_a_storm_finishes_what_was_taken(
    own_server: Server, chance: Random
) -> None:
    url = own_server.url
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
        await resend_all(writers)
        figures = await settled([url], writers)
        acknowledged = sum(len(writer.acked) for writer in writers)
        silent = stored_unknown & {id for writer in writers for id in writer.repeated}
        print(f"{acknowledged} acknowledged, {len(silent)} stored without an answer: {figures}")
        assert figures == Figures()
        assert silent == set()


@pytest.mark.timeout(90)
async def test_a_stop_answers_the_requests_that_are_under_way(own_server: Server) -> None:
    """Passwords are being changed: each takes so long that a stop finds most of them half done."""
    names = [f"ann{number}" for number in range(CHANGES)]
    async with rest_of(own_server.url) as rest:
        others = [(await sign_up(rest, name))[1] for name in names]
        tokens = [await sign_in(rest, name, device=f"{name}'s") for name in names]
        change = {"old_password": PASSWORD, "new_password": NEW}
        changes = [
            asyncio.create_task(
                call(
                    rest,
                    "POST",
                    "/api/user/password",
                    change,
                    **{"User-Agent": f"{name}'s", "token": token},
                )
            )
            for name, token in zip(names, tokens, strict=True)
        ]
        await asyncio.wait(changes, return_when=asyncio.FIRST_COMPLETED)
        assert sum(change.done() for change in changes) < CHANGES // 2
        stopped = asyncio.create_task(asyncio.to_thread(own_server.stop))
        answers = await asyncio.gather(*changes)
        assert await stopped == 0
    assert [answer.status_code for answer in answers] == [200] * CHANGES
    # Whoever keeps his connection is told to take another one: his next request is not cut.
    assert answers[-1].headers["connection"] == "close"
    assert "Traceback" not in own_server.said()
    await asyncio.to_thread(own_server.start)
    for name, other in zip(names, others, strict=True):
        assert await refuses(own_server.url, name, other)


async def stop_frozen(server: Server, store: str, name: str) -> None:
    """With a frozen store, in a storm, and with somebody who does not answer the close."""
    await asyncio.to_thread(server.start)
    url = server.url
    async with people([url], PAIRS) as writers:
        await together(writers, [url])
        code, seconds = None, 0.0

        async def strike() -> None:
            nonlocal code, seconds
            # One who does not answer the close either costs the stop its time for goodbyes.
            with frozen(server.child(store)), writers[0].deaf():
                start = time.monotonic()
                code = await asyncio.to_thread(server.stop)
                seconds = time.monotonic() - start

        await storm_until(writers, 0.5, strike)
        print(f"{store} frozen: stopped with {code} after {seconds:.2f} s")
        assert code == 0 and seconds < FROZEN_STOP_SECONDS
        assert f"{name} is killed: no end 4 s after SIGTERM" in server.said()
        assert "messages without answer, 1 deaf sockets" in server.said()
        for writer in writers[1:]:
            await writer.disconnected()
            assert writer.close_code == GOING_AWAY
        await asyncio.to_thread(server.start)
        await together(writers, [url])
        await resend_all(writers)
        assert await settled([url], writers) == Figures()


@pytest.mark.timeout(90)
async def test_a_stop_with_a_frozen_store_is_orderly(own_servers: list[Server]) -> None:
    # Side by side: the most of it is waiting.
    await asyncio.gather(
        stop_frozen(own_servers[0], MONGO, "the embedded SecantusDB"),
        stop_frozen(own_servers[1], VALKEY, "the embedded Valkey"),
    )
