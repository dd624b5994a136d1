"""The parent of workers: what they get from it, and what it does when they end.

The workers here are small programs: they take what they inherit, say what a worker says, and end.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest

from conf.settings import ConfigError, Mongo, Redis, load
from server import deaths, worker, workers
from server.embedded import Children
from server.estate import Estate
from server.process import Ending
from server.workers import Workers
from tests.running import ROOT

SECONDS = 20.0

PREFACE = f"""
import os, pathlib, signal, socket, sys, time
sys.path.insert(0, {str(ROOT)!r})
from server.inheritance import Parent
here = pathlib.Path(__file__).parent
parent = Parent(int(sys.argv[2]))

def born():
    with open(here / f"births-{{parent.number}}", "a") as births:
        births.write(f"{{os.getpid()}}\\n")

def serve():
    born()
    parent.ready()
"""

SERVES = "serve(); signal.pause()"
DIES = "serve(); sys.exit(3)"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN); serve(); time.sleep(60)"
ENDS_IN_ORDER = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
parent.ready()
born()  # a test asks it to end as soon as it is born
time.sleep(60)
"""
FAILS = "born(); parent.failed('there is no such thing'); sys.exit(1)"
UNABLE = "serve(); parent.unable('its disk is full'); signal.pause()"
FAILS_AGAIN = """
born()
if parent.number == 2 and len(open(here / "births-2").readlines()) > 1:
    parent.failed('the store is away')
    sys.exit(1)
parent.ready()
signal.pause()
"""
DIES_AT_ITS_START = """
if parent.number == 2 and not (here / "births-2").exists():
    born()
    os.kill(os.getpid(), signal.SIGKILL)
serve()
signal.pause()
"""
TELLS_WHAT_IT_GOT = """""
inheritance = parent.inheritance
with socket.socket(fileno=inheritance.listening[0]) as listening:
    serve()
    connection, _ = listening.accept()
    with connection:
        connection.sendall(f"{inheritance.mongo.password} {inheritance.key.decode()}".encode())
signal.pause()
"""


class Elsewhere(Children):
    """Stores that somebody else has started."""

    def __init__(self, mongo: Mongo) -> None:
        redis = Redis(host="127.0.0.1", port=1, password=None, db=0)
        super().__init__(redis, mongo, AsyncExitStack())
        self.restarts: asyncio.Queue[str] = asyncio.Queue()

    def restart_mongo(self, why: str) -> None:
        self.restarts.put_nowait(why)


class Family:
    """A parent whose workers run what a test says."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        monkeypatch.setattr(worker, "PROGRAM", folder / "program.py")
        mongo = Mongo("127.0.0.1:1", "name", "user", "its password", "SCRAM-SHA-256", 1.0, 1, 0)
        self.children = Elsewhere(mongo)
        self.listening = socket.create_server(("127.0.0.1", 0))

    @asynccontextmanager
    async def running(self, program: str, count: int) -> AsyncIterator[tuple[Workers, Ending]]:
        (self._folder / "program.py").write_text(PREFACE + program, encoding="utf-8")
        settings = load(Path(os.devnull), {})
        ending = Ending()
        parent = Workers(Estate(settings, [self.listening], self.children, b"the key", ""), ending)
        async with asyncio.timeout(SECONDS):
            try:
                await parent.start(count)
                yield parent, ending
            finally:
                await parent.stop()

    def births(self, number: int) -> list[int]:
        """The pids of all that were this worker."""
        path = self._folder / f"births-{number}"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    async def born(self, number: int, count: int) -> list[int]:
        """Wait until there have been so many; nothing tells of it."""
        async with asyncio.timeout(SECONDS):
            while len(self.births(number)) < count:
                await asyncio.sleep(0.01)
        return self.births(number)


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Family]:
    made = Family(tmp_path, monkeypatch)
    with closing(made.listening):
        yield made


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_worker_inherits_sockets_and_secrets_and_shows_neither(family: Family) -> None:
    async with family.running(TELLS_WHAT_IT_GOT, 1):
        reader, writer = await asyncio.open_connection(*family.listening.getsockname())
        assert await reader.read() == b"its password the key"
        writer.close()
        pid = family.births(1)[0]
        for file in ("cmdline", "environ"):
            shown = Path(f"/proc/{pid}/{file}").read_bytes()
            assert b"its password" not in shown and b"the key" not in shown


async def test_all_end_with_the_parent(family: Family) -> None:
    async with family.running(SERVES, 3):
        pids = [family.births(number)[0] for number in (1, 2, 3)]
        assert all(map(alive, pids))
    assert not any(map(alive, pids))


async def test_one_that_dies_is_replaced_and_the_others_stay(
    family: Family, caplog: pytest.LogCaptureFixture
) -> None:
    async with family.running(SERVES, 2):
        os.kill(family.births(1)[0], 9)
        first, second = await family.born(1, 2)
        assert first != second and alive(second)
        assert len(family.births(2)) == 1
    assert "worker 1 was killed by SIGKILL" in caplog.text


async def test_five_deaths_within_a_minute_are_the_end(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deaths, "BACKOFF_SECONDS", 0.01)
    async with family.running(DIES, 1) as (_, ending):
        await ending.begins()
    assert len(family.births(1)) == deaths.DEATHS
    with pytest.raises(ConfigError) as caught:
        ending.raise_failure()
    assert str(caught.value) == (
        "workers died 5 times within 60 s, at last worker 1: it ended with 3"
    )


async def test_who_is_asked_to_end_has_not_died(
    family: Family, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deaths, "BACKOFF_SECONDS", 0.01)
    caplog.set_level(logging.INFO)
    async with family.running(ENDS_IN_ORDER, 1) as (_, ending):
        for round in range(deaths.DEATHS + 1):
            pids = await family.born(1, round + 1)
            os.kill(pids[-1], 15)
        ending.raise_failure()
    assert caplog.text.count("worker 1 has ended in order, and is started again") >= deaths.DEATHS
    assert "ERROR" not in caplog.text


async def test_a_start_that_fails_is_told_once_and_leaves_nobody(family: Family) -> None:
    with pytest.raises(ConfigError, match=r"^there is no such thing$"):
        async with family.running(FAILS, 3):
            pass
    assert [len(family.births(number)) for number in (1, 2, 3)] == [1, 0, 0]
    assert not alive(family.births(1)[0])


async def test_one_that_does_not_get_ready_is_killed(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "READY_SECONDS", 0.5)
    with pytest.raises(ConfigError, match=r"^worker 1 did not serve within 0\.5 s$"):
        async with family.running("born(); signal.pause()", 1):
            pass
    assert not any(map(alive, family.births(1)))


async def test_one_that_cannot_be_started_ends_nothing_while_others_serve(
    family: Family, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(workers, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(deaths, "BACKOFF_SECONDS", 0.01)
    async with family.running(FAILS_AGAIN, 2) as (_, ending):
        os.kill(family.births(2)[0], 9)
        await family.born(2, deaths.DEATHS + 2)
        ending.raise_failure()
    assert "worker 2 did not start: the store is away" in caplog.text


async def test_one_that_is_killed_while_it_starts_ends_nothing(
    family: Family, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deaths, "BACKOFF_SECONDS", 0.01)
    async with family.running(DIES_AT_ITS_START, 3) as (_, ending):
        await family.born(2, 2)
        ending.raise_failure()
        assert [len(family.births(number)) for number in (1, 3)] == [1, 1]
        assert all(map(alive, family.births(1) + family.births(3) + family.births(2)[1:]))
    assert "worker 2 did not start: worker 2 was killed by SIGKILL" in caplog.text


async def test_a_deaf_one_is_killed(
    family: Family, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(workers, "STOP_SECONDS", 0.3)
    async with family.running(DEAF, 2):
        pids = family.births(1) + family.births(2)
    assert not any(map(alive, pids))
    assert "2 workers are killed: no end within 0.3 s" in caplog.text


async def test_a_store_that_refuses_a_worker_is_started_again(family: Family) -> None:
    async with family.running(UNABLE, 1):
        assert await family.children.restarts.get() == "its disk is full"
