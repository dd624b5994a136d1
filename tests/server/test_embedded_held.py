"""Whoever holds the storage of an embedded store: nobody else gets at it, and a start says so."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from conf.settings import ConfigError, Mongo
from server import embedded
from server.embedded import Children
from tests.server.test_embedded import (
    accepts,
    answers,
    await_true,
    mongo_client,
    nothing,
    pids,
    processes,
    run_with_children,
)

# Another server, as far as its children can tell: starts them, says so, waits to be killed.
PARENT = """
import asyncio, os, sys
from pathlib import Path
from conf.settings import load
from server import embedded
async def main():
    await embedded.start(load(Path(os.devnull), {}), Path(sys.argv[1]), on_fatal=print)
    print("started", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@contextmanager
def killed_parent(data_dir: Path) -> Iterator[None]:
    """The block runs while the parent and its children are up; then the parent is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(data_dir)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    ) as parent:
        try:
            assert parent.stdout is not None
            assert parent.stdout.readline() == b"started\n"
            yield
        finally:
            os.killpg(parent.pid, signal.SIGKILL)


def test_children_die_with_a_killed_parent_and_the_next_start_waits_for_that(
    tmp_path: Path,
) -> None:
    with killed_parent(tmp_path):
        before = pids(tmp_path)
        assert set(before) == {"valkey", "secantus"}

    async def scene(children: Children) -> None:
        assert not set(pids(tmp_path).values()) & set(before.values())
        assert answers(children.redis)
        assert accepts(children.mongo)

    run_with_children(tmp_path, scene)
    await_true(lambda: processes(tmp_path) == {})


def test_no_start_while_children_of_another_run_are_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "LEFTOVER_SECONDS", 0.2)
    with killed_parent(tmp_path):
        guards = [pid for pid, args in processes(tmp_path).items() if args.startswith("/bin/sh")]
        assert len(guards) == 2
        for pid in guards:
            os.kill(pid, signal.SIGSTOP)
    try:
        assert set(pids(tmp_path)) == {"valkey", "secantus"}
        with pytest.raises(ConfigError, match="in use by stores of an earlier run"):
            run_with_children(tmp_path, nothing)
    finally:
        for pid in guards:
            os.kill(pid, signal.SIGCONT)
    await_true(lambda: processes(tmp_path) == {})


def test_a_storage_that_somebody_elses_secantusdb_holds_is_refused_and_left_alone(
    tmp_path: Path,
) -> None:
    ours: list[Mongo] = []

    async def found(children: Children) -> None:
        ours.append(children.mongo)

    run_with_children(tmp_path, found)
    port, key = embedded._free_port(), tmp_path / "mongo.key"
    mongo = replace(ours[0], hosts=f"127.0.0.1:{port}")
    command = embedded._secantus_command(tmp_path / "mongo", tmp_path / "mongo.toml", port)
    with subprocess.Popen(command, start_new_session=True) as other:
        try:
            await_true(lambda: accepts(mongo))
            with pytest.raises(ConfigError) as caught:
                run_with_children(tmp_path, nothing)
            assert accepts(mongo)
            # The same for who would give it an account.
            key.rename(tmp_path / "key")
            with pytest.raises(ConfigError, match=re.escape(str(caught.value))):
                run_with_children(tmp_path, nothing)
            (tmp_path / "key").rename(key)
            assert accepts(mongo)
        finally:
            other.kill()
    assert str(caught.value) == f"[service] DataDir: {tmp_path} is in use by another SecantusDB"

    async def scene(children: Children) -> None:
        with mongo_client(children.mongo) as client:
            assert client[children.mongo.name].probe.count_documents({}) == 3

    run_with_children(tmp_path, scene)
