"""The disk fills up in a storm: all is refused in time, nothing is lost, space brings all back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.figures import Figures
from tests.faults.programs import MONGO, VALKEY, Server, SmallDisk
from tests.faults.rest import (
    ANSWER_SECONDS,
    AT_ONCE_SECONDS,
    PASSWORD,
    SLACK_SECONDS,
    call,
    rest_of,
    timed,
)
from tests.faults.storm import history, people, resend_all, settled, together
from tests.faults.writer import ACKS, UNAVAILABLE, Writer

SMALL_KIB = 8 << 10
"""Less than the file of SecantusDB's journal, whose end then finds no place on a full disk."""

LARGE_KIB = 128 << 10
"""More than the stores need to start again."""

TINY_KIB = (64, 128, 256)
"""Too little for SecantusDB, for its account's key, and for SQLite."""

PAIRS = 2
STORED = 300
"""Messages that there are before the disk is full."""

FULL_SECONDS = 20.0
"""In this long a storm has met the full disk, and a login the other store."""

BACK_SECONDS = 8.0
"""From the first free byte to the last acknowledgement; 2 s on an idle machine."""

LOOKS = 10


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "disk", SMALL_KIB) as disk:
        yield disk


@pytest.fixture
def server(disk: SmallDisk, tmp_path: Path) -> Iterator[Server]:
    server = Server(disk.folder / "data")
    server.log = tmp_path / "server.log"
    try:
        yield server.start()
    finally:
        server.end()
    assert "Traceback" not in server.said()


async def states(url: str) -> dict[str, str]:
    """What /readyz says of each store, in time; it is 503 when one is down."""
    async with rest_of(url) as rest:
        answer, seconds = await timed(rest.get("/readyz"))
    assert seconds < ANSWER_SECONDS + SLACK_SECONDS
    told: dict[str, str] = answer.json()["data"]
    assert answer.status_code == (503 if "down" in told.values() else 200)
    return told


def is_gone(server: Server, store: str) -> bool:
    try:
        server.child(store)
    except LookupError:
        return True
    return False


async def until_no_mongo(server: Server, writers: list[Writer], disk: SmallDisk) -> None:
    """Fill the disk in a storm, which goes on until SecantusDB has met that and been ended."""
    stop = asyncio.Event()
    async with asyncio.timeout(FULL_SECONDS), asyncio.TaskGroup() as group:
        for writer in writers:
            group.create_task(writer.storm(stop))
        while sum(len(writer.acked) for writer in writers) < STORED:
            await writers[0].next_ack()
        await asyncio.to_thread(disk.fill)
        while (await states(server.url))["mongo"] == "up" or not is_gone(server, MONGO):
            await asyncio.sleep(0.05)
        stop.set()


async def until_no_valkey(server: Server, name: str) -> None:
    """Log in, which writes to Valkey, until that has met the disk and ended itself."""
    body = {"user_name": name, "password": PASSWORD}
    async with rest_of(server.url) as rest, asyncio.timeout(FULL_SECONDS):
        while not is_gone(server, VALKEY):
            login = call(rest, "POST", "/api/user/login", body, **{"User-Agent": name * 20})
            answer, seconds = await timed(login)
            assert answer.status_code in (200, 503) and seconds < ANSWER_SECONDS + SLACK_SECONDS


async def check_refused(server: Server, writers: list[Writer]) -> None:
    """Both stores are down, and stay so; every send is refused at once; nobody starts a store."""
    for _ in range(LOOKS):
        told, *answers = await asyncio.gather(
            states(server.url), *(timed(writer.write()) for writer in writers)
        )
        assert told == {"sql": "up", "redis": "down", "mongo": "down"}
        assert {frame["code"] for frame, _ in answers} == {UNAVAILABLE}
        assert max(seconds for _, seconds in answers) < AT_ONCE_SECONDS
        assert is_gone(server, MONGO) and is_gone(server, VALKEY)


async def check_history(server: Server, writers: list[Writer]) -> None:
    """It is what was acknowledged, all of it, once, in order, and nothing else."""
    figures = await settled([server.url], writers)
    print(f"{sum(len(writer.acked) for writer in writers)} acknowledged: {figures}")
    assert figures == Figures()
    async with rest_of(server.url) as rest:
        for writer, peer in zip(writers[::2], writers[1::2], strict=True):
            stored = {message["id"] for message in await history(rest, writer)}
            assert stored == {*writer.acked, *peer.acked} == {*writer.sent, *peer.sent}


def check_log(server: Server) -> None:
    """One line for each step of each store, and the right cause."""
    lines = server.said().splitlines()
    for store in ("mongo", "redis"):
        assert len([line for line in lines if f"{store} does not answer" in line]) == 1
        assert len([line for line in lines if f"{store} answers again" in line]) == 1
    for name in ("SecantusDB", "Valkey"):
        (death,) = [line for line in lines if f"the embedded {name} died" in line]
        assert f"DataDir: {server.data_dir} has no space left" in death
        assert len([line for line in lines if f"{name} is started again" in line]) == 1
    assert len([line for line in lines if "bus interrupted" in line]) == 1
    (ended,) = [line for line in lines if "is ended, to be started again" in line]
    assert "SecantusDB" in ended


async def test_a_full_disk_refuses_in_time_and_space_brings_all_back(
    server: Server, disk: SmallDisk
) -> None:
    async with people([server.url], PAIRS) as writers:
        await together(writers, [server.url])
        for writer in writers:
            assert (await writer.write())["code"] in ACKS
        _, met = await timed(until_no_mongo(server, writers, disk))
        await until_no_valkey(server, writers[0].name)
        # An outage of a second is waited out, in the hope of a store that was only started again.
        while (await writers[0].write())["code"] != UNAVAILABLE:
            pass
        await check_refused(server, writers)
        disk.free(LARGE_KIB)
        _, back = await timed(resend_all(writers))
        print(f"the disk was met after {met:.2f} s, all is acknowledged {back:.2f} s after space")
        assert back < BACK_SECONDS
        assert set((await states(server.url)).values()) == {"up"}
        await asyncio.gather(*(writer.sync() for writer in writers))
        await check_history(server, writers)
        check_log(server)
        await asyncio.to_thread(server.kill)
        for writer in writers:
            await writer.disconnected()
        await asyncio.to_thread(server.start)
        await together(writers, [server.url])
        await check_history(server, writers)
    assert await asyncio.to_thread(server.stop) == 0


@pytest.mark.parametrize("kib", TINY_KIB)
def test_a_start_on_a_full_disk_is_one_clear_line(tmp_path: Path, kib: int) -> None:
    with SmallDisk(tmp_path / "disk", kib) as disk:
        server = Server(disk.folder / "data")
        server.log = tmp_path / "server.log"
        server.launch()
        try:
            assert server.ended() == 1
        finally:
            server.end()
        line = server.said().splitlines()[-1]
        print(line)
        assert line.startswith(f"[service] DataDir: {server.data_dir} ")
        assert "no space left" in line.lower()
    assert "Traceback" not in server.said()
