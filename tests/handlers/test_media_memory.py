"""What uploads at once take of the server's memory."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.client import Account
from tests.media import upload
from tests.running import Server

MIB = 1024 * 1024
PEOPLE = 20
FILE_BYTES = 2 * MIB
MORE_BYTES = 8 * MIB

# The store takes 40 MiB, which a busy machine needs its time for.
PATIENCE_SECONDS = 45


def peak(server: Server) -> int:
    """The most that the process has had resident since `forget_peak`, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def forget_peak(server: Server) -> None:
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
def test_twenty_uploads_at_once_do_not_fill_the_memory(servers: Callable[..., Server]) -> None:
    server = servers()
    server.http.timeout = PATIENCE_SECONDS
    people = [Account.new(server) for _ in range(PEOPLE)]
    forget_peak(server)
    before = peak(server)

    def put(place: int) -> int:
        return upload(people[place], bytes([place]) * FILE_BYTES).status

    with ThreadPoolExecutor(PEOPLE) as pool:
        assert list(pool.map(put, range(PEOPLE))) == [201] * PEOPLE
    assert peak(server) - before < MORE_BYTES
