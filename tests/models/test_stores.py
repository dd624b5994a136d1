"""All three stores: opened, probed and closed."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pymongo.errors import (
    AutoReconnect,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    WriteError,
)

from conf.settings import ConfigError
from models import stores
from models.errors import Unavailable
from models.stores import PROOF, Stores, open_stores
from models.user import Users
from tests.border import SECONDS
from tests.opened import Embedded


async def test_each_store_is_probed_for_itself(embedded: Embedded) -> None:
    async with embedded.open() as opened:
        assert await opened.probe() == {"sql": "up", "redis": "up", "mongo": "up"}
        with pytest.raises(Unavailable):
            async with opened.redis():
                raise ConnectionError
        assert await opened.probe() == {"sql": "up", "redis": "down", "mongo": "up"}


FAILURE = AutoReconnect("of the test")


async def up_again(opened: Stores) -> None:
    """Wait until MongoDB's guard lets calls through; it tells nobody."""
    async with asyncio.timeout(SECONDS):
        while (await opened.probe())["mongo"] == "down":
            await asyncio.sleep(0.005)


async def test_mongo_is_up_again_once_it_has_written(embedded: Embedded) -> None:
    async with embedded.open() as opened:
        assert await opened.mongo_db.fences.find_one({"_id": PROOF}) is None
        with pytest.raises(Unavailable):
            async with opened.mongo():
                raise FAILURE
        await up_again(opened)
        proof = await opened.mongo_db.fences.find_one({"_id": PROOF})
        assert proof is not None and proof["writes"] == 1


async def test_a_mongo_that_only_answers_a_ping_is_down(embedded: Embedded) -> None:
    async with embedded.open() as opened:
        failing = [{"$project": {"half": {"$divide": ["$writes", 0]}}}]
        await opened.mongo_db.proofs.insert_one({"_id": PROOF, "writes": 1})
        await opened.mongo_db.create_collection("fences", viewOn="proofs", pipeline=failing)
        await opened.mongo_db.command("ping")
        assert (await opened.probe())["mongo"] == "down"
        await opened.mongo_db.drop_collection("fences")
        await up_again(opened)


async def test_a_mongo_that_answers_but_cannot_write_is_down_and_reported(
    embedded: Embedded, tmp_path: Path
) -> None:
    told: list[str] = []
    reported = asyncio.Event()

    def tell(why: str) -> None:
        told.append(why)
        reported.set()

    children = embedded.children
    async with embedded.open():
        opened = await open_stores(
            None, children.mongo, children.redis, tmp_path, on_mongo_unable=tell
        )
        try:
            await opened.mongo_db.create_collection("fences", validator={"never": 1})
            with pytest.raises(Unavailable):
                async with opened.mongo():
                    raise FAILURE
            await asyncio.wait_for(reported.wait(), SECONDS)
            assert (await opened.probe())["mongo"] == "down"
            await opened.mongo_db.drop_collection("fences")
            await up_again(opened)
        finally:
            await opened.close()
    assert "validation" in told[0] and "\n" not in told[0]


@pytest.mark.parametrize(
    ("error", "refuses"),
    [
        (OperationFailure("WT_PANIC", 1), True),
        (WriteError("disk full", 14031), True),
        (ExecutionTimeout("slow", 50), False),
        (NetworkTimeout("frozen"), False),
        (AutoReconnect("gone"), False),
        (TimeoutError(), False),
    ],
)
def test_a_refusal_is_an_answer_and_no_time_out(error: Exception, refuses: bool) -> None:
    assert stores._refuses(error) is refuses


@pytest.mark.parametrize("damage", [Path.mkdir, lambda file: file.write_text("no database" * 99)])
async def test_a_database_file_that_cannot_be_opened_ends_the_start(
    embedded: Embedded, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    damage(tmp_path / "users.sqlite3")
    with pytest.raises(ConfigError, match=r"users\.sqlite3: cannot be opened: [^\n]+\Z"):
        async with asyncio.timeout(SECONDS):
            await open_stores(None, embedded.children.mongo, embedded.children.redis, tmp_path)


async def test_what_is_stored_is_there_when_the_stores_are_opened_again(
    embedded: Embedded, tmp_path: Path
) -> None:
    children = embedded.children
    for names in ([], ["ann"]):
        opened = await open_stores(None, children.mongo, children.redis, tmp_path)
        try:
            found = await Users(opened.sql).search("", 10)
            assert [person.user_name for person in found] == names
            if not names:
                await Users(opened.sql).add("ann", "Ann", "no hash")
        finally:
            await opened.close()
    assert os.path.exists(tmp_path / "users.sqlite3")
