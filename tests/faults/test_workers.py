"""Two workers at one address: whichever has a socket, and whatever dies, they are one server.

The figures are printed (`pytest -s`); each of them must be 0.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import httpx
import pytest

from server.process import SECOND_SIGNAL_SECONDS
from tests.faults.figures import Figures
from tests.faults.programs import READY_SECONDS, Server, frozen, gone, holder
from tests.faults.rest import call, refuses, rest_of, sign_in, sign_up
from tests.faults.storm import people, resend_all, settled, storm_until, together
from tests.faults.writer import ACKS, UNAVAILABLE, Writer

ONLINE, OFFLINE, PRESENCE, BLOCKED = 50004, 50005, 50011, 40003
SUPERSEDED, GOING_AWAY = 4001, 1001

PAIRS = 8
LANDINGS_MAX = 200
"""Connections until one is with the worker that it is to be with: the kernel chooses."""

STOP_SECONDS = 15.0
AT_ONCE_SECONDS = 3.0


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data", arguments=["--workers", "2"])
    try:
        yield server.start()
    finally:
        server.end()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("workers")
    server = Server(folder / "data", arguments=["--workers", "2"])
    try:
        yield server.start()
    finally:
        server.end()
    assert "Traceback" not in server.said()


async def land(writer: Writer, server: Server, worker: int) -> None:
    """Connect to that worker."""
    for _ in range(LANDINGS_MAX):
        await writer.connect(server.url)
        if holder(server.workers(), server.port, writer.port) == worker:
            return
        await writer.close()
    raise AssertionError(f"no connection came to {worker}")


async def replaced(server: Server, dead: int) -> None:
    """Wait until another worker serves in the place of a dead one; the log tells nobody."""
    async with asyncio.timeout(READY_SECONDS):
        while len(server.workers()) < 2 or dead in server.workers():
            await asyncio.sleep(0.02)


async def test_all_answer_and_nobody_else_gets_the_address_or_the_folder(
    shared: Server, tmp_path: Path
) -> None:
    assert len(shared.workers()) == 2
    async with rest_of(shared.url) as rest:
        assert (await rest.get("/readyz")).status_code == 200
    for name, taken, rule in (
        ("HTTPPORT", f":{shared.port}", f"127.0.0.1:{shared.port} cannot be listened on"),
        ("DATADIR", str(shared.data_dir), f"is in use by the process with pid {shared.pid}"),
    ):
        second = Server(
            tmp_path / name,
            arguments=["--workers", "2"],
            environ={f"TORNADO_IM_SERVICE_{name}": taken},
        )
        second.launch()
        assert await asyncio.to_thread(second.ended) == 1
        assert rule in second.said()


async def test_people_on_two_workers_chat_and_see_each_other(shared: Server) -> None:
    one, other = shared.workers()
    async with people([shared.url], 1) as (ann, bo):
        await land(ann, shared, one)
        assert (await ann.ask({"type": 8, "uids": [bo.uid]}))["online"] == []
        assert (await ann.write())["code"] == OFFLINE
        await land(bo, shared, other)
        pushed = await ann.next_other(PRESENCE)
        assert (pushed["uid"], pushed["online"]) == (bo.uid, True)
        for writer in (ann, bo, ann):
            assert (await writer.write())["code"] == ONLINE
        assert await settled([shared.url], [ann, bo]) == Figures()


async def test_a_login_with_one_worker_ends_the_socket_with_the_other(shared: Server) -> None:
    one, other = shared.workers()
    async with people([shared.url], 1) as olds:
        await land(olds[0], shared, one)
        await land(olds[1], shared, other)
        # One connection and so one worker for both logins, which is the other one for one of them.
        async with rest_of(shared.url) as rest:
            for old in olds:
                await sign_in(rest, old.name)
                await old.disconnected()
                assert old.close_code == SUPERSEDED
        for old in olds:
            assert await refuses(shared.url, old.name, old.token)


@asynccontextmanager
async def rest_with(server: Server, worker: int) -> AsyncIterator[httpx.AsyncClient]:
    """A connection that is kept with that worker."""
    for _ in range(LANDINGS_MAX):
        async with rest_of(server.url) as rest:
            answer = await rest.get("/healthz")
            _, port = answer.extensions["network_stream"].get_extra_info("client_addr")
            if holder(server.workers(), server.port, port) == worker:
                yield rest
                return
    raise AssertionError(f"no connection came to {worker}")


async def test_a_thawed_worker_takes_nothing_by_a_token_that_has_died_meanwhile(
    shared: Server,
) -> None:
    one, other = shared.workers()
    async with people([shared.url], 1) as (ann, bo), rest_with(shared, other) as rest:
        await land(ann, shared, one)
        await land(bo, shared, other)
        assert (await ann.write())["code"] == ONLINE
        with frozen(one):
            await sign_in(rest, ann.name)
            late = asyncio.create_task(ann.write())
            await asyncio.sleep(0)
        await ann.disconnected()
        assert ann.close_code == SUPERSEDED
        with pytest.raises(asyncio.CancelledError):
            await late
        # Behind whatever that worker may still write there.
        await bo.close()
        await land(bo, shared, one)
        assert (await bo.write())["code"] in ACKS
        await bo.sync()
        assert set(bo.known.values()) == {*ann.acked, *bo.acked}


async def test_a_block_that_was_answered_holds_with_a_thawed_worker(shared: Server) -> None:
    one, other = shared.workers()
    async with people([shared.url], 1) as (ann, bo), rest_with(shared, other) as rest:
        await land(ann, shared, one)
        assert (await ann.write())["code"] in ACKS
        headers = {"User-Agent": bo.name, "token": bo.token}
        with frozen(one):
            answer = await call(rest, "PUT", f"/api/user/{ann.uid}/block", **headers)
            assert answer.status_code == 200, answer.text
            late = asyncio.create_task(ann.write())
            await asyncio.sleep(0)
        assert (await late)["code"] in (UNAVAILABLE, BLOCKED)
        assert (await ann.write())["code"] == BLOCKED


@pytest.mark.timeout(90)
async def test_a_worker_killed_in_a_storm_is_replaced_and_nothing_is_lost(
    shared: Server, chance: Random
) -> None:
    dying, staying = shared.workers()
    async with people([shared.url], PAIRS) as writers:
        # Neighbours talk to each other, so every pair is on both workers.
        for number, writer in enumerate(writers):
            await land(writer, shared, (dying, staying)[number % 2])
        old, *victims = writers[::2]
        _, *witnesses = writers[1::2]
        async with rest_of(shared.url) as rest:
            await sign_in(rest, old.name)
        await old.disconnected()
        figures = Figures()

        async def strike() -> None:
            await victims[0].next_ack()
            os.kill(dying, signal.SIGKILL)
            for victim in victims:
                await victim.disconnected()
            await replaced(shared, dying)
            for witness in witnesses:
                await witness.next_ack()

        await storm_until([*victims, *witnesses], chance.uniform(0.3, 0.8), strike)
        assert {witness.close_code for witness in witnesses} == {None}
        figures.old_token_accepted += not await refuses(shared.url, old.name, old.token)
        await together(victims, [shared.url])
        await resend_all([*victims, *witnesses])
        figures += await settled([shared.url], [*victims, *witnesses])
        print(f"\n{sum(len(writer.acked) for writer in writers)} acknowledged: {figures}")
        assert figures == Figures()


@pytest.mark.timeout(90)
async def test_a_stop_in_a_storm_is_orderly_and_leaves_nobody(
    alone: Server, chance: Random
) -> None:
    async with people([alone.url], PAIRS) as writers:
        await together(writers, [alone.url])
        descent = alone.aim()
        code, seconds = None, 0.0

        async def strike() -> None:
            nonlocal code, seconds
            start = time.monotonic()
            code = await asyncio.to_thread(alone.stop)
            seconds = time.monotonic() - start

        await storm_until(writers, chance.uniform(0.3, 0.8), strike)
        for writer in writers:
            await writer.disconnected()
        print(f"stopped with {code} after {seconds:.2f} s")
        assert code == 0 and seconds < STOP_SECONDS
        assert {writer.close_code for writer in writers} == {GOING_AWAY}
        gone(descent)
        stored_unknown = {
            id for writer in writers for id in writer.open_ids if id not in writer.refused
        }
        await asyncio.to_thread(alone.start)
        await together(writers, [alone.url])
        await resend_all(writers)
        figures = await settled([alone.url], writers)
        silent = stored_unknown & {id for writer in writers for id in writer.repeated}
        print(f"{len(silent)} stored without an answer: {figures}")
        assert figures == Figures()
        assert silent == set()
        # The parent killed, with a worker that could not even run to see it.
        descent = alone.aim()
        with frozen(alone.workers()[0]):
            os.kill(alone.pid, signal.SIGKILL)
            gone(descent)
        alone.ended()


def test_a_second_signal_ends_all_at_once(alone: Server) -> None:
    descent = alone.aim()
    with frozen(alone.workers()[0]):
        os.kill(alone.pid, signal.SIGINT)
        while len(alone.workers()) > 1:
            time.sleep(0.01)
        time.sleep(SECOND_SIGNAL_SECONDS)  # One that comes sooner counts as the same.
        start = time.monotonic()
        os.kill(alone.pid, signal.SIGTERM)
        assert alone.process is not None and alone.process.stdout is not None
        assert alone.process.stdout.read() == "", "it says more than its address"
        assert alone.ended() == 1
        gone(descent)
        assert time.monotonic() - start < AT_ONCE_SECONDS


async def test_what_either_worker_acknowledged_both_find_in_the_one_index(alone: Server) -> None:
    async with rest_of(alone.url) as rest:
        uid, token = await sign_up(rest, "ann")
    headers = {"User-Agent": "ann", "token": token}

    async def find(worker: int, q: str) -> int:
        """How many are found by that worker, on a connection of its own."""
        async with rest_with(alone, worker) as rest:
            answer = await call(rest, "GET", f"/api/search?q={q}", **headers)
            assert answer.status_code == 200, answer.text
            return len(answer.json()["data"]["results"])

    async def found(q: str, count: int) -> None:
        for worker in alone.workers():
            async with asyncio.timeout(AT_ONCE_SECONDS):
                while await find(worker, q) != count:
                    await asyncio.sleep(0.05)

    for sent in range(1, 9):  # whichever of the two has each connection
        async with rest_of(alone.url) as rest:
            path = f"/api/conversations/{uid}:{uid}/messages"
            answer = await call(rest, "POST", path, {"content": f"tea {sent}"}, **headers)
            assert answer.status_code == 201, answer.text
    await found("tea", 8)
    # One of them feeds; whichever dies, the one that is left or comes new goes on.
    for worker in alone.workers():
        os.kill(worker, signal.SIGKILL)
        async with asyncio.timeout(STOP_SECONDS):
            while worker in alone.workers() or len(alone.workers()) < 2:
                await asyncio.sleep(0.05)
    async with rest_of(alone.url) as rest:
        answer = await call(rest, "POST", path, {"content": "tea again"}, **headers)
        assert answer.status_code == 201, answer.text
    await found("tea", 9)
