"""One SQLite file and several processes: who writes waits for the others, and loses nothing."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from tortoise import Tortoise, connections
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

from models import sql
from models.sql import tortoise_config
from tests.running import ROOT

SECONDS = 20.0
PROCESSES, TIMES = 3, 40

COUNTS = """
import asyncio, pathlib, sys
from tortoise import Tortoise
from tortoise.transactions import in_transaction
from models.sql import tortoise_config

async def main(folder, times):
    await Tortoise.init(config=tortoise_config(None, pathlib.Path(folder)))
    sys.stdin.readline()
    for _ in range(times):
        async with in_transaction() as connection:
            _, rows = await connection.execute_query("SELECT n FROM counter")
            await connection.execute_query("UPDATE counter SET n = ?", [rows[0]["n"] + 1])
    await Tortoise.close_connections()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[sqlite3.Connection]:
    """Our connection, as Tortoise's default, and one of another process, which never waits."""
    await Tortoise.init(config=tortoise_config(None, folder))
    try:
        ours = connections.get("default")
        await ours.execute_script("CREATE TABLE counter (n); INSERT INTO counter VALUES (0)")
        file = folder / "users.sqlite3"
        with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as theirs:
            yield theirs
    finally:
        await Tortoise.close_connections()


def count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT n FROM counter").fetchone()[0])


async def test_a_transaction_that_has_read_may_write(tmp_path: Path) -> None:
    async with opened(tmp_path) as theirs:
        async with in_transaction() as ours:
            _, rows = await ours.execute_query("SELECT n FROM counter")
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                theirs.execute("UPDATE counter SET n = 7")
            await ours.execute_query("UPDATE counter SET n = ?", [rows[0]["n"] + 1])
        assert count(theirs) == 1


async def test_one_that_cannot_begin_leaves_the_connection_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "SQLITE_BUSY_MS", 20)
    async with asyncio.timeout(SECONDS), opened(tmp_path) as theirs:
        theirs.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            async with in_transaction():
                raise AssertionError("it has begun")
        theirs.execute("ROLLBACK")
        async with in_transaction() as ours:
            await ours.execute_query("UPDATE counter SET n = 1")
        assert count(theirs) == 1


async def test_one_that_is_cancelled_as_it_begins_is_not_left_open(tmp_path: Path) -> None:
    async def write() -> None:
        async with in_transaction() as ours:
            await ours.execute_query("UPDATE counter SET n = 1")

    async with asyncio.timeout(SECONDS), opened(tmp_path) as theirs:
        theirs.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(write())
        await asyncio.wait([waiting], timeout=0.05)
        waiting.cancel()
        theirs.execute("ROLLBACK")
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        theirs.execute("UPDATE counter SET n = 2")
        await write()
        assert count(theirs) == 1


async def test_nothing_is_lost_between_processes_that_read_and_write(tmp_path: Path) -> None:
    async with opened(tmp_path) as theirs:
        programs = [
            subprocess.Popen(
                [sys.executable, "-c", COUNTS, str(tmp_path), str(TIMES)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                text=True,
            )
            for _ in range(PROCESSES)
        ]
        for program in programs:
            assert program.stdin is not None
            program.stdin.write("\n")
            program.stdin.close()
        assert [program.wait(SECONDS) for program in programs] == [0] * PROCESSES
        assert count(theirs) == PROCESSES * TIMES
