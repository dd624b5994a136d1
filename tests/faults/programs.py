"""The server as its users run it, its embedded children, and what the kernel says of them."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LIMITS_OFF = {
    "TORNADO_IM_LIMITS_LOGINPERMINUTE": "0",
    "TORNADO_IM_LIMITS_REGISTERPERHOUR": "0",
    "TORNADO_IM_CHAT_RATEPERSECOND": "0",
    "TORNADO_IM_CHAT_STRANGERLIMIT": "0",
}
READY = re.compile(r"is ready: http://[^:]+:(\d+)/")
READY_SECONDS = 30.0
GONE_SECONDS = 10.0
MONGO, VALKEY = "secantus", "valkey-server"
"""A word of the command line by which each embedded child is known."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Server:
    """One server process; it may be started again and again, on the same port and data."""

    def __init__(
        self,
        data_dir: Path,
        *,
        arguments: Iterable[str] = (),
        under: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
        limits: Mapping[str, str] = LIMITS_OFF,
        cwd: Path = ROOT,
    ) -> None:
        """
        Args:
            under: a program and its arguments that becomes the server.
            settings: in place of those that the other tests here run with.
            limits: the same for the limits alone.
        """
        self.data_dir = data_dir
        self._cwd = cwd
        self.port = free_port()
        self.log = data_dir.with_name(f"{data_dir.name}.log")
        self._command = [*under, sys.executable, str(ROOT / "run.py"), *arguments]
        self._environ = {
            name: text for name, text in os.environ.items() if not name.startswith("TORNADO_IM_")
        }
        if settings is None:
            settings = {
                "TORNADO_IM_SERVICE_DATADIR": str(data_dir),
                "TORNADO_IM_SERVICE_HTTPPORT": f":{self.port}",
                "TORNADO_IM_SERVICE_LOGLEVEL": "WARNING",
                **limits,
            }
        self._environ |= {**settings, **(environ or {})}
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def launch(self) -> None:
        """Start it; `ready` waits."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self._command,
                cwd=self._cwd,
                env=self._environ,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def ready(self) -> None:
        """Wait for the printed address."""
        assert self.process is not None and self.process.stdout is not None
        there, _, _ = select.select([self.process.stdout], [], [], READY_SECONDS)
        line = self.process.stdout.readline() if there else ""
        if not READY.search(line):
            self.kill()
            raise AssertionError(f"the server did not start: {line}{self.said()}")

    def start(self) -> "Server":
        self.launch()
        self.ready()
        return self

    def said(self) -> str:
        """What it has logged so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def child(self, word: str) -> int:
        """The pid of the embedded child whose command line has `word`."""
        return child_of(self.pid, word)

    def workers(self) -> list[int]:
        """The pids of the workers of `--workers N`."""
        return workers_of(self.pid)

    def aim(self) -> list[int]:
        """The pids of the server and of all that descends from it, which `kill` takes."""
        # The stores first: what they have not written yet gets no moment of grace.
        return [*_descendants(self.pid), self.pid]

    def kill(self, aim: list[int] | None = None) -> None:
        """SIGKILL for all of it; returns when it is gone."""
        pids = aim or self.aim()
        for pid in pids:
            _send(pid, signal.SIGKILL)
        assert self.process is not None
        self.process.wait()
        gone(pids)
        self._close()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Wait until it ends by itself; the exit code."""
        assert self.process is not None
        code = self.process.wait(timeout=30)
        self._close()
        return code

    def end(self) -> None:
        """At the end of a test, however that came."""
        if self.process is not None and self.process.poll() is None:
            for pid in _descendants(self.pid):
                _send(pid, signal.SIGCONT)
            self.kill()

    def resident_bytes(self) -> int:
        """What the server itself keeps in memory, without its children."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def _close(self) -> None:
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()


def child_of(parent: int, word: str) -> int:
    """The pid of the child whose command line has `word`."""
    for pid in _children_of(parent):
        program, *rest = _command_line(pid) or [""]
        if program != "/bin/sh" and any(word in part for part in (program, *rest)):
            return pid
    raise LookupError(word)


def gone(pids: list[int]) -> None:
    """Wait until none of them is left; nothing tells of those that are not our children."""
    deadline = time.monotonic() + GONE_SECONDS
    while left := [pid for pid in pids if _alive(pid)]:
        assert time.monotonic() < deadline, f"{left} live on"
        time.sleep(0.005)


def workers_of(parent: int) -> list[int]:
    """The pids of its workers, the one that was started first in front."""
    found = []
    for pid in _children_of(parent):
        line = _command_line(pid)
        if "--worker" in line and line[0] != "/bin/sh":
            found.append(pid)
    return sorted(found)


def holder(pids: Iterable[int], server_port: int, client_port: int) -> int | None:
    """Which of the processes has the server's end of a connection on this machine."""
    inode = _inode(server_port, client_port)
    for pid in pids:
        if f"socket:[{inode}]" in _open_files(pid):
            return pid
    return None


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """SIGSTOP, in force when this begins, and SIGCONT."""
    os.kill(pid, signal.SIGSTOP)
    try:
        while any(_stat(thread)[0] != "T" for thread in _threads(pid)):
            time.sleep(0.001)
        yield
    finally:
        _send(pid, signal.SIGCONT)


class SmallDisk:
    """A disk of its own, which can be filled up and made larger; only root may make one."""

    def __init__(self, folder: Path, kib: int) -> None:
        self.folder = folder
        self._kib = kib
        self._ballast = folder / "ballast"

    def __enter__(self) -> "SmallDisk":
        self.folder.mkdir()
        made = self._mount(f"size={self._kib}k")
        if made.returncode:
            pytest.skip(f"no disk can be mounted here: {made.stderr.strip()}")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)

    def fill(self) -> None:
        """Leave not a byte."""
        with open(self._ballast, "ab", buffering=0) as ballast, suppress(OSError):
            while ballast.write(bytes(1 << 12)):
                pass

    def free(self, kib: int) -> None:
        """Take away what fills it, and give it that size."""
        self._ballast.unlink()
        assert self._mount(f"remount,size={kib}k").returncode == 0

    def _mount(self, options: str) -> subprocess.CompletedProcess[str]:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        return subprocess.run(command, capture_output=True, text=True)


def _threads(pid: int) -> list[int]:
    return [int(folder.name) for folder in Path(f"/proc/{pid}/task").iterdir()]


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _stat(pid: int) -> tuple[str, int]:
    """State and parent; a dead process is a zombie "Z"."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "Z", 0
    state, parent = text.rpartition(")")[2].split()[:2]
    return state, int(parent)


def _alive(pid: int) -> bool:
    return _stat(pid)[0] not in "ZX"


def _children_of(parent: int) -> list[int]:
    pids = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    return [pid for pid in pids if _stat(pid)[1] == parent]


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for child in _children_of(pid):
        found += [child, *_descendants(child)]
    return found


def _command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def _inode(server_port: int, client_port: int) -> str:
    """Of the server's end of a connection on this machine."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        here, there, inode = (line.split()[place] for place in (1, 2, 9))
        ports = [int(end.rpartition(":")[2], 16) for end in (here, there)]
        if ports == [server_port, client_port]:
            return inode
    raise LookupError(client_port)


def _open_files(pid: int) -> set[str]:
    found = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.add(os.readlink(file))
    return found
