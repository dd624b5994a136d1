"""All three stores: opened, probed and closed."""

import asyncio
import contextlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

import bson
import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import (
    AutoReconnect,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
    WriteError,
)

from conf.settings import ConfigError
from models import stores
from models.documents import Document
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
async def test_a_refusal_is_an_answer_and_no_time_out(
    error: Exception, refuses: bool, closed: str
) -> None:
    assert stores._refuses(AsyncIOMotorClient(closed), error) is refuses


OP_MSG = 2013
"""Messages of MongoDB's protocol, of which only these are sent today."""


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as MongoDB does that cannot do anything any more: by a refusal, whatever is asked."""
    said = bson.encode({"ok": 0, "code": 1, "errmsg": "WT_PANIC"})
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            length, request, _, _ = struct.unpack("<4i", await reader.readexactly(16))
            await reader.readexactly(length - 16)
            writer.write(struct.pack("<4iiB", 21 + len(said), 0, request, OP_MSG, 0, 0) + said)
    writer.close()


async def test_one_that_refuses_to_say_who_it_is_has_answered(closed: str) -> None:
    server = await asyncio.start_server(refuse, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    for where, refuses in ((f"127.0.0.1:{port}", True), (closed, False)):
        client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(where, timeoutMS=500)
        with pytest.raises(ServerSelectionTimeoutError) as caught:
            await client.admin.command("ping")
        assert stores._refuses(client, caught.value) is refuses
        client.close()
    server.close()


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
