"""The embedded stores, with the real programs: reachable by us alone, durable, never orphaned."""

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from conf.settings import ConfigError, Mongo, Redis, Settings, load
from server import embedded
from server.embedded import Children

SETTINGS = load(Path(os.devnull), {})


def run_with_children(
    data_dir: Path,
    scene: Callable[[Children], Coroutine[Any, Any, None]],
    settings: Settings = SETTINGS,
    *,
    told: list[str] | None = None,
) -> list[str]:
    """Play the scene between start and stop; gives what on_fatal heard, in `told` at once."""
    fatal: list[str] = [] if told is None else told

    async def play() -> None:
        children = await embedded.start(settings, data_dir, on_fatal=fatal.append)
        try:
            await scene(children)
        finally:
            await children.stop()

    asyncio.run(play())
    return fatal


async def nothing(children: Children) -> None:
    pass


def redis_says(redis: Redis, *words: str) -> bytes:
    command = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(redis.unix_socket))
        client.sendall(f"*{len(words)}\r\n{command}".encode())
        return client.recv(4096)


@contextmanager
def mongo_client(mongo: Mongo, **options: Any) -> Iterator[MongoClient[dict[str, Any]]]:
    account = {
        "username": mongo.user,
        "password": mongo.password,
        "authMechanism": mongo.mechanism,
    }
    with MongoClient[dict[str, Any]](
        mongo.hosts, **({"serverSelectionTimeoutMS": 500} | account | options)
    ) as client:
        yield client


def processes(data_dir: Path) -> dict[int, str]:
    """Every process whose command line names the folder, the guards of the children included."""
    listing = subprocess.run(
        ["ps", "-axwwo", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    lines = [line.split(maxsplit=1) for line in listing.splitlines() if str(data_dir) in line]
    return {int(pid): args for pid, args in lines}


def pids(data_dir: Path) -> dict[str, int]:
    """Of the stores that run on this folder."""
    found = {}
    for pid, args in processes(data_dir).items():
        if not args.startswith("/bin/sh"):
            if "valkey-server" in args:
                found["valkey"] = pid
            elif "-m secantus" in args:
                found["secantus"] = pid
    return found


def await_true(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def answers(redis: Redis) -> bool:
    try:
        return redis_says(redis, "PING") == b"+PONG\r\n"
    except OSError:
        return False


def accepts(mongo: Mongo) -> bool:
    try:
        with mongo_client(mongo) as client:
            return bool(client[mongo.name].probe.insert_one({}).acknowledged)
    except PyMongoError:
        return False


def test_both_answer_and_ask_for_the_password(tmp_path: Path) -> None:
    async def scene(children: Children) -> None:
        assert redis_says(children.redis, "PING") == b"+PONG\r\n"
        for name, value in (("appendonly", "yes"), ("appendfsync", "always"), ("save", "")):
            assert value in redis_says(children.redis, "CONFIG", "GET", name).decode().split("\r\n")
        mongo = children.mongo
        assert accepts(mongo)
        with (
            MongoClient[dict[str, Any]](mongo.hosts, serverSelectionTimeoutMS=500) as client,
            pytest.raises(OperationFailure),
        ):
            client[mongo.name].probe.insert_one({})
        with (
            mongo_client(mongo, password="wrong") as client,
            pytest.raises(OperationFailure),
        ):
            client[mongo.name].probe.insert_one({})
        with mongo_client(mongo) as client, pytest.raises(OperationFailure):
            client["elsewhere"].probe.insert_one({})

    assert run_with_children(tmp_path, scene) == []
    await_true(lambda: processes(tmp_path) == {})
    for name in ("valkey", "mongo"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "mongo.key").stat().st_mode & 0o777 == 0o600


def test_data_outlives_a_restart_and_a_stop_is_quick(tmp_path: Path) -> None:
    stopped_at: list[float] = []

    async def write(children: Children) -> None:
        assert redis_says(children.redis, "SET", "key", "kept") == b"+OK\r\n"
        with mongo_client(children.mongo) as client:
            client[children.mongo.name].messages.insert_one({"_id": 1})
        stopped_at.append(time.monotonic())

    async def read(children: Children) -> None:
        assert redis_says(children.redis, "GET", "key") == b"$4\r\nkept\r\n"
        with mongo_client(children.mongo) as client:
            assert client[children.mongo.name].messages.count_documents({}) == 1

    run_with_children(tmp_path, write)
    assert time.monotonic() - stopped_at[0] < 1.5  # without the wake-up call it takes 2 s
    run_with_children(tmp_path, read)


def test_a_killed_child_comes_back_on_its_address_with_its_data(tmp_path: Path) -> None:
    async def scene(children: Children) -> None:
        redis_says(children.redis, "SET", "key", "kept")
        with mongo_client(children.mongo) as client:
            client[children.mongo.name].messages.insert_one({"_id": 1})
        before = pids(tmp_path)
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(await_true, lambda: answers(children.redis))
        await asyncio.to_thread(await_true, lambda: accepts(children.mongo))
        after = pids(tmp_path)
        assert set(after) == {"valkey", "secantus"}
        assert not set(after.values()) & set(before.values())
        assert redis_says(children.redis, "GET", "key") == b"$4\r\nkept\r\n"
        with mongo_client(children.mongo) as client:
            assert client[children.mongo.name].messages.count_documents({}) == 1

    assert run_with_children(tmp_path, scene) == []


def test_a_mongo_that_cannot_write_is_killed_and_comes_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(children: Children) -> None:
        before = pids(tmp_path)
        children.restart_mongo("WT_PANIC")
        await asyncio.to_thread(await_true, lambda: pids(tmp_path) != before)
        await asyncio.to_thread(await_true, lambda: accepts(children.mongo))
        after = pids(tmp_path)
        assert after["valkey"] == before["valkey"] and after["secantus"] != before["secantus"]

    assert run_with_children(tmp_path, scene) == []
    assert "SecantusDB is ended, to be started again: it cannot write (WT_PANIC)" in caplog.text


def test_a_child_that_keeps_dying_is_reported_once(tmp_path: Path) -> None:
    told: list[str] = []

    async def scene(children: Children) -> None:
        for _ in range(5):
            await asyncio.to_thread(await_true, lambda: "valkey" in pids(tmp_path))
            os.kill(pids(tmp_path)["valkey"], signal.SIGKILL)
            await asyncio.to_thread(await_true, lambda: "valkey" not in pids(tmp_path))
        await asyncio.to_thread(await_true, lambda: told != [])
        assert "valkey" not in pids(tmp_path)
        assert accepts(children.mongo)

    run_with_children(tmp_path, scene, told=told)
    (words,) = told
    assert words.startswith("the embedded Valkey died 5 times within 60 s: ")
    assert "\n" not in words


def test_configured_stores_have_no_child(tmp_path: Path) -> None:
    settings = load(
        Path(os.devnull),
        {"TORNADO_IM_REDIS_REDISADDR": "cache:1", "TORNADO_IM_MONGO_MANGOHOSTS": "docs:2"},
    )

    async def scene(children: Children) -> None:
        assert (children.redis, children.mongo) == (settings.redis, settings.mongo)
        children.restart_mongo("somebody else's is not ours to end")

    run_with_children(tmp_path, scene, settings)
    assert list(tmp_path.iterdir()) == []


def test_only_the_absent_one_has_a_child(tmp_path: Path) -> None:
    settings = load(Path(os.devnull), {"TORNADO_IM_MONGO_MANGOHOSTS": "docs:2"})

    async def scene(children: Children) -> None:
        assert children.mongo == settings.mongo
        assert answers(children.redis)
        assert set(pids(tmp_path)) == {"valkey"}

    run_with_children(tmp_path, scene, settings)


def test_a_long_path_puts_the_socket_elsewhere(tmp_path: Path) -> None:
    data_dir = tmp_path / ("long" * 30)
    data_dir.mkdir()
    folders: list[Path] = []

    async def scene(children: Children) -> None:
        assert answers(children.redis)
        assert children.redis.unix_socket is not None
        folders.append(children.redis.unix_socket.parent)
        assert folders[0].stat().st_mode & 0o777 == 0o700

    run_with_children(data_dir, scene)
    assert not folders[0].exists()


def test_a_port_that_was_taken_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ports = [taken.getsockname()[1], embedded._free_port()]
        monkeypatch.setattr(embedded, "_free_port", lambda: ports.pop(0))

        async def scene(children: Children) -> None:
            assert accepts(children.mongo)

        run_with_children(tmp_path, scene)
    assert ports == []


@pytest.mark.parametrize("loss", ["mongo.key", "mongo"])
def test_a_lost_key_or_a_lost_storage_gets_a_new_password(tmp_path: Path, loss: str) -> None:
    run_with_children(tmp_path, nothing)
    old = (tmp_path / "mongo.key").read_text()
    (tmp_path / loss).rename(tmp_path / "lost")

    async def scene(children: Children) -> None:
        assert accepts(children.mongo)

    run_with_children(tmp_path, scene)
    assert (tmp_path / "mongo.key").read_text() != old


def test_a_failed_start_is_one_line_and_leaves_nothing_running(tmp_path: Path) -> None:
    (tmp_path / "mongo").mkdir()
    (tmp_path / "mongo" / "WiredTiger").mkdir()  # where a storage has a file
    (tmp_path / "mongo.key").write_text("password\n")
    with pytest.raises(ConfigError) as caught:
        run_with_children(tmp_path, nothing)
    assert str(caught.value).startswith("the embedded SecantusDB did not start: ")
    assert "\n" not in str(caught.value)
    await_true(lambda: processes(tmp_path) == {})


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "valkey").touch()
    with pytest.raises(ConfigError, match=r"DataDir: .* cannot be written: File exists$"):
        run_with_children(tmp_path, nothing)
    await_true(lambda: processes(tmp_path) == {})


def test_a_start_that_is_cancelled_leaves_nothing_running(tmp_path: Path) -> None:
    async def scene() -> None:
        starting = asyncio.create_task(embedded.start(SETTINGS, tmp_path, on_fatal=print))
        while "secantus" not in pids(tmp_path):
            await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting

    asyncio.run(scene())
    await_true(lambda: processes(tmp_path) == {})


@pytest.mark.parametrize(("unsafe", "synced"), [("", True), ("0", True), ("1", False)])
def test_the_journal_is_synced_unless_a_fault_test_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, unsafe: str, synced: bool
) -> None:
    monkeypatch.setenv("TORNADO_IM_TEST_UNSAFE_JOURNAL", unsafe)
    command = embedded._secantus_command(Path("storage"), Path("config"), 1)
    assert ("--sync-on-commit" in command) is synced


def test_children_do_not_see_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORNADO_IM_SERVICE_SECRETKEY", "secret")
    monkeypatch.setenv("PATH_OF_OTHERS", "kept")
    environment = embedded._environment()
    assert "TORNADO_IM_SERVICE_SECRETKEY" not in environment
    assert environment["PATH_OF_OTHERS"] == "kept"
