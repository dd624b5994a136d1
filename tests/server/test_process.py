"""What a process asks of its system, in a process of a test's own where it would change ours."""

import asyncio
import os
import resource
import signal
import subprocess
import sys

import pytest

from server.process import running, stop_signals
from tests.running import ROOT

SECONDS = 8.0

TWO_SIGNALS = """
import asyncio, os, signal
from server import process

async def main():
    stop = process.stop_signals()
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
    await stop.wait()
    await asyncio.sleep(0)
    print("the two of one moment are one", flush=True)
    await asyncio.sleep(process.SECOND_SIGNAL_SECONDS)
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(60)

asyncio.run(main())
"""

A_START_THAT_WAITS = """
import asyncio, os, signal
from server import process

process.STOP_SECONDS = 0.2

async def main():
    process.Ending()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(60)

asyncio.run(main())
"""

DESCRIPTORS = """
import logging, resource
from server import process

logging.basicConfig(format="%(message)s")
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 1000))
process.allow_descriptors(200)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
process.allow_descriptors(5000)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def program(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS
    )


async def test_a_signal_asks_for_the_stop() -> None:
    stop = stop_signals()
    assert not stop.is_set()
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(SECONDS):
        await stop.wait()


def test_a_second_signal_ends_it_at_once_but_not_the_echo_of_the_first() -> None:
    done = program(TWO_SIGNALS)
    assert (done.returncode, done.stdout) == (1, "the two of one moment are one\n")


def test_a_start_that_waits_for_something_ends_in_time_too() -> None:
    assert program(A_START_THAT_WAITS).returncode == 1


def test_the_limit_of_descriptors_is_raised_as_far_as_allowed_and_too_low_a_one_is_told() -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= 1000
    done = program(DESCRIPTORS)
    assert done.stdout.split() == ["700", "1000"]
    assert done.stderr == (
        "[limits] SocketsTotal is 5000, but this process may open 1000 descriptors\n"
    )


async def test_what_runs_for_ever_is_cancelled_until_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cancelled = 0

    async def deaf() -> None:
        nonlocal cancelled
        while cancelled < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1

    failures: list[str] = []
    async with running({"deaf": deaf(), "prompt": asyncio.sleep(60)}, failures.append):
        await asyncio.sleep(0)
    assert cancelled == 2
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "deaf did not end when it was cancelled"
    ]


async def test_what_should_run_for_ever_and_ends_is_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failed = asyncio.Queue[str]()

    async def broken() -> None:
        raise KeyError("a fault")

    async with running({"the broken one": broken()}, failed.put_nowait):
        async with asyncio.timeout(SECONDS):
            assert await failed.get() == "the broken one has ended: KeyError('a fault')"
    assert "the broken one has ended" in caplog.text
