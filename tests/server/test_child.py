"""A child program: awaited, started again, ended by degrees, and never left alone."""

import asyncio
import logging
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from conf.settings import ConfigError
from server import child, deaths, disk
from server.child import Child, ChildDied
from server.disk import Disk

IGNORES_TERM = """
import pathlib, signal, sys
heard = 0
def hear(number, frame):
    global heard
    heard += 1
    pathlib.Path(sys.argv[2]).write_text(str(heard))
    if heard == int(sys.argv[1]):
        sys.exit(0)
signal.signal(signal.SIGTERM, hear)
pathlib.Path(sys.argv[2]).write_text("0")
while True:
    signal.pause()
"""


SECONDS = 10.0
"""How long anything is awaited before the test fails."""


class Nest:
    """Makes children whose readiness is that a file is there, and collects their last words."""

    def __init__(self, folder: Path) -> None:
        self.disk = Disk(folder)
        self.log = folder / "child.log"
        self.sign = folder / "sign"
        self.fatal: list[str] = []
        self.told = asyncio.Event()

    def child(self, *argv: str, wake_to_stop: bool = False) -> Child:
        return Child(
            "the child",
            argv,
            log=self.log,
            disk=self.disk,
            answers=self.signed,
            on_fatal=self.hear,
            env=os.environ,
            wake_to_stop=wake_to_stop,
        )

    async def signed(self) -> bool:
        return self.sign.exists()

    @asynccontextmanager
    async def births(self) -> AsyncIterator[asyncio.StreamReader]:
        """A line for each child that says so to `sign`."""
        os.mkfifo(self.sign)
        pipe = os.fdopen(os.open(self.sign, os.O_RDWR | os.O_NONBLOCK), "rb", buffering=0)
        born = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(born), pipe
        )
        try:
            async with asyncio.timeout(SECONDS):
                yield born
        finally:
            transport.close()

    def hear(self, words: str) -> None:
        self.fatal.append(words)
        self.told.set()


@pytest.fixture
def nest(tmp_path: Path) -> Nest:
    return Nest(tmp_path)


def test_one_that_ends_before_it_is_ready(nest: Nest) -> None:
    async def scene() -> None:
        nest.log.write_text("of an earlier run\n")
        started = nest.child("/bin/sh", "-c", "echo one; echo; echo two >&2; exit 3")
        with pytest.raises(ChildDied) as caught:
            await started.start()
        assert str(caught.value) == "the child did not start: one / two"
        await started.stop()

    asyncio.run(scene())
    assert nest.log.read_text() == "of an earlier run\none\n\ntwo\n"


def test_its_last_words_are_no_warnings_of_its_start(nest: Nest) -> None:
    async def scene() -> None:
        script = "echo '7:M # WARNING Memory overcommit must be enabled'; echo $0; exit 1"
        with pytest.raises(ChildDied, match=r"did not start: why$"):
            await nest.child("/bin/sh", "-c", script, "why").start()
        with pytest.raises(ChildDied, match=r"did not start: it said nothing$"):
            await nest.child("/bin/sh", "-c", script, "").start()

    asyncio.run(scene())


def test_a_start_on_a_full_disk_blames_the_disk(nest: Nest) -> None:
    async def scene() -> None:
        script = "echo 'write: No space left on device'; seq 99999; exit 1"
        with pytest.raises(ConfigError) as caught:
            await nest.child("/bin/sh", "-c", script).start()
        # Somebody may have taken the port of one that died; this one is not worth another try.
        assert not isinstance(caught.value, ChildDied)
        assert str(caught.value) == f"{nest.disk.words}: the child did not start"

    asyncio.run(scene())


def test_a_program_that_is_not_there(nest: Nest) -> None:
    async def scene() -> None:
        with pytest.raises(ChildDied, match=r"^the child did not start: .*not found"):
            await nest.child("/no/such/program").start()

    asyncio.run(scene())


def test_one_that_is_never_ready(nest: Nest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "READY_SECONDS", 0.2)

    async def scene() -> None:
        started = nest.child("/bin/sleep", "60")
        with pytest.raises(ConfigError, match=r"not ready within 0\.2 s: it said nothing$"):
            await started.start()
        await started.stop()

    asyncio.run(scene())


def test_a_log_that_cannot_be_written(nest: Nest) -> None:
    nest.log.mkdir()

    async def scene() -> None:
        with pytest.raises(ConfigError, match=r"^the child cannot be started: Is a directory$"):
            await nest.child("/bin/sleep", "60").start()

    asyncio.run(scene())


@pytest.mark.parametrize(("needed", "heard"), [(1, "1"), (2, "2"), (9, "2")])
def test_stop_says_term_twice_and_then_kills(
    nest: Nest,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    needed: int,
    heard: str,
) -> None:
    monkeypatch.setattr(child, "TERM_SECONDS", 0.3)

    async def scene() -> float:
        started = nest.child(sys.executable, "-c", IGNORES_TERM, str(needed), str(nest.sign))
        await started.start()
        begun = time.monotonic()
        await started.stop()
        await started.stop()
        return time.monotonic() - begun

    took = asyncio.run(scene())
    assert nest.sign.read_text() == heard
    assert took < 0.3 * needed + 0.25
    assert ("the child is killed: no end 0.6 s after SIGTERM" in caplog.text) is (needed > 2)


def test_one_that_still_answers_is_told_again_before_its_time_is_up(nest: Nest) -> None:
    async def scene() -> float:
        started = nest.child(
            *(sys.executable, "-c", IGNORES_TERM, "2", str(nest.sign)), wake_to_stop=True
        )
        await started.start()
        begun = time.monotonic()
        await started.stop()
        return time.monotonic() - begun

    assert asyncio.run(scene()) < child.TERM_SECONDS - 1
    assert nest.sign.read_text() == "2"


def test_one_that_dies_is_started_again_and_five_deaths_are_the_end(nest: Nest) -> None:
    async def scene() -> float:
        begun = time.monotonic()
        script = f"date >> {nest.sign}; sleep 0.05; echo run $(wc -l < {nest.sign})"
        started = nest.child("/bin/sh", "-c", script)
        await started.start()
        await nest.told.wait()
        took = time.monotonic() - begun
        await started.stop()
        return took

    took = asyncio.run(scene())
    assert nest.fatal == ["the child died 5 times within 60 s: run 5"]
    assert 1.5 < took < 5  # 0.1 + 0.2 + 0.4 + 0.8 s of back-off, and five short lives


async def test_deaths_that_lie_far_apart_are_forgotten(
    nest: Nest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of lives this long at most three ends are that near to each other, however slow a machine.
    monkeypatch.setattr(deaths, "DEATHS_SECONDS", 0.1)
    monkeypatch.setattr(deaths, "BACKOFF_SECONDS", 0.01)
    async with nest.births() as born:
        started = nest.child("/bin/sh", "-c", f"echo > {nest.sign}; exec sleep 0.05")
        await started.start()
        for _ in range(7):
            await born.readline()
        await started.stop()
    assert nest.fatal == []


class Death(logging.Handler):
    """Wakes who waits for a line of the log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.told.set()


STARVING = "echo > {}; echo 'No space left on device'; exit 1"


async def test_deaths_of_a_full_disk_are_not_counted(
    nest: Nest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "ROOM_BYTES", 0)
    monkeypatch.setattr(deaths, "BACKOFF_SECONDS", 0.01)
    async with nest.births() as born:
        started = nest.child("/bin/sh", "-c", STARVING.format(nest.sign))
        await started.start()
        for _ in range(deaths.DEATHS + 2):
            await born.readline()
        await started.stop()
    assert nest.fatal == []


async def test_it_is_started_again_only_when_there_is_room(
    nest: Nest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(disk, "ROOM_BYTES", 1 << 62)
    monkeypatch.setattr(disk, "LOOK_SECONDS", 0.01)
    looks = 0

    class Watched(Disk):
        @property
        def free(self) -> int:
            nonlocal looks
            looks += 1
            return super().free

    nest.disk = Watched(nest.disk.folder)
    async with nest.births() as born:
        started = nest.child("/bin/sh", "-c", STARVING.format(nest.sign))
        await started.start()
        await born.readline()
        while looks < 20:
            await asyncio.sleep(0.01)
        assert caplog.text.count("has no space left") == 1
        assert "is not started again yet" not in caplog.text
        next_birth = asyncio.create_task(born.readline())
        await asyncio.sleep(0)
        assert not next_birth.done()
        monkeypatch.setattr(disk, "ROOM_BYTES", 0)
        await next_birth
        await started.stop()
    assert "there is space for it" in caplog.text


async def test_while_there_is_no_room_it_is_said_again_how_much_is_needed(
    nest: Nest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(disk, "ROOM_BYTES", 1 << 62)
    monkeypatch.setattr(child, "REMIND_SECONDS", 0.01)
    async with nest.births() as born:
        started = nest.child("/bin/sh", "-c", STARVING.format(nest.sign))
        await started.start()
        await born.readline()
        while caplog.text.count("is not started again yet") < 2:
            await asyncio.sleep(0.01)
        assert re.search(r"started again yet: .*\(\d+ MiB free, up to \d+ MiB needed", caplog.text)
        await started.stop()


async def test_one_that_is_ended_is_started_again(
    nest: Nest, caplog: pytest.LogCaptureFixture
) -> None:
    async with nest.births() as born:
        started = nest.child("/bin/sh", "-c", f"echo > {nest.sign}; exec sleep 60")
        await started.start()
        await born.readline()
        started.end("it cannot write")
        await born.readline()
        await started.stop()
        started.end("it is gone already")
    assert "the child is ended, to be started again: it cannot write" in caplog.text
    assert "gone already" not in caplog.text


async def test_a_stop_during_the_back_off_starts_nothing(
    nest: Nest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deaths, "BACKOFF_SECONDS", SECONDS)
    death = Death()
    child.logger.addHandler(death)
    try:
        started = nest.child("/bin/sh", "-c", f"touch {nest.sign}")
        await started.start()
        await asyncio.wait_for(death.told.wait(), SECONDS / 2)
        await started.stop()
    finally:
        child.logger.removeHandler(death)
    # Nobody is left who could start it again.
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_a_long_log_is_put_aside(nest: Nest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LOG_BYTES", 10)
    nest.log.write_text("more than ten bytes\n")

    async def scene() -> None:
        with pytest.raises(ChildDied):
            await nest.child("/bin/echo", "new").start()

    asyncio.run(scene())
    assert nest.log.read_text() == "new\n"
    assert nest.log.with_suffix(".log.old").read_text() == "more than ten bytes\n"
