"""The data folder is made read-only under a server at work: what needs it is refused in time.

Nothing is lost, and all is back once it may be written.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.faults.programs import MONGO, VALKEY, Server
from tests.faults.rest import ANSWER_SECONDS, PASSWORD, call, rest_of, timed
from tests.faults.storm import people, resend_all, together
from tests.faults.test_full_disk import (
    BACK_SECONDS,
    FULL_SECONDS,
    PAIRS,
    check_history,
    check_refused,
    is_gone,
    states,
    until_no_valkey,
)
from tests.faults.writer import ACKS, UNAVAILABLE, Writer

UNPRIVILEGED = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""Has root bound by permissions, as anybody else is."""

WRITABLE = 0o222

ReadOnly = Callable[[Path], AbstractContextManager[None]]
Loss = Callable[[Server, list[Writer]], Awaitable[None]]


@contextmanager
def without_permission(folder: Path) -> Iterator[None]:
    """Nothing can be opened for writing; what is open already can be written."""
    modes = {path: path.lstat().st_mode for path in (folder, *folder.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & ~WRITABLE)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def is_kept(path: Path) -> bool:
    """Whether it is on the disk: no socket, and no memory."""
    return not (path.is_socket() or path.name.endswith("-shm"))


@contextmanager
def immutable(folder: Path) -> Iterator[None]:
    """Nothing can be written, through an open file neither: as when a kernel gives a disk up.

    But for what SQLite maps into memory: the kernel kills whoever writes there then (SIGBUS).
    """
    paths = [str(path) for path in (*folder.rglob("*"), folder) if is_kept(path)]
    made = subprocess.run(["chattr", "+i", *paths], capture_output=True, text=True)
    try:
        if made.returncode:
            pytest.skip(f"nothing can be made immutable here: {made.stderr.strip()}")
        yield
    finally:
        subprocess.run(["chattr", "-i", *paths], capture_output=True)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    under = UNPRIVILEGED if os.geteuid() == 0 else ()
    server = Server(tmp_path / "data", under=under)
    try:
        yield server.start()
    finally:
        server.end()
    assert "Traceback" not in server.said()


async def killed(server: Server, writers: list[Writer]) -> None:
    """All goes on in the files that are open, until the stores are killed."""
    for writer in writers:
        assert (await writer.write())["code"] in ACKS
    for store in (MONGO, VALKEY):
        os.kill(server.child(store), signal.SIGKILL)


async def dead_of_it(server: Server, writers: list[Writer]) -> None:
    """Each store dies, or is ended, at the first thing that it cannot write; SQL refuses it."""
    async with rest_of(server.url) as rest, asyncio.timeout(FULL_SECONDS):
        body = {"user_name": f"{writers[0].name}-late", "password": PASSWORD}
        answer = await call(rest, "POST", "/api/user/register", body)
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
        while not is_gone(server, MONGO):
            assert (await writers[0].write())["code"] == UNAVAILABLE
        await until_no_valkey(server, writers[0].name)


async def forbid(server: Server, writers: list[Writer], read_only: ReadOnly, loss: Loss) -> None:
    """Refused while nothing may be written, back afterwards, with a line for each step."""
    already = len(server.said())
    with read_only(server.data_dir):
        await loss(server, writers)
        # An outage of a second is waited out: the store may only have been started again.
        while (await writers[0].write())["code"] != UNAVAILABLE:
            pass
        await check_refused(server, writers)
    _, back = await timed(resend_all(writers))
    print(f"{read_only.__name__}: all is acknowledged {back:.2f} s after it")
    assert back < BACK_SECONDS
    assert set((await states(server.url)).values()) == {"up"}
    lines = server.said()[already:].splitlines()
    for name in ("SecantusDB", "Valkey"):
        (death,) = [line for line in lines if f"the embedded {name} died" in line]
        assert f"DataDir: {server.data_dir} cannot be written" in death
        assert len([line for line in lines if f"{name} is started again" in line]) == 1
    assert len([line for line in lines if "bus interrupted" in line]) == 1


async def test_a_read_only_folder_refuses_in_time_and_all_is_back_when_it_may_be_written(
    server: Server,
) -> None:
    async with people([server.url], PAIRS) as writers:
        await together(writers, [server.url])
        for writer in writers:
            assert (await writer.write())["code"] in ACKS
        await forbid(server, writers, without_permission, killed)
        await forbid(server, writers, immutable, dead_of_it)
        longest = max(writer.longest for writer in writers)
        print(f"the longest wait {longest:.2f} s")
        assert longest < ANSWER_SECONDS
        await asyncio.gather(*(writer.sync() for writer in writers))
        await asyncio.to_thread(server.kill)
        for writer in writers:
            await writer.disconnected()
        await asyncio.to_thread(server.start)
        await together(writers, [server.url])
        await check_history(server, writers)
    assert await asyncio.to_thread(server.stop) == 0
