"""The document's own `config.ini`, on the stores that it names: kept, told apart, in UTF-8."""

import uuid
from typing import Any

import httpx
import pytest

from tests.faults.programs import Server
from tests.faults.rest import PASSWORD, call, rest_of, sign_in, sign_up
from tests.faults.storm import history
from tests.faults.writer import ACKS, Writer
from tests.stores.engines import Engines, Names

# Each pair is one and the same to one of MySQL's usual collations.
NAMES = [
    ("résumé", "resume"),
    ("はは", "ばば"),
    ("naïve", "naive"),
    ("日本", "日木"),
    ("ł-ł", "l-l"),
]
NICKNAMES = ["\U0001f642 ann", "\U0001f641 ann", "\U0001f600 ann"]
TEXTS = [
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "é e\u0301 E",
    "\U0001f642",
    "\U0001f641",
    "ﬁ ﷺ",
]


async def test_the_document_serves_and_keeps_what_it_was_told(stores: Engines) -> None:
    database = f"made_{uuid.uuid4().hex[:8]}"
    assert stores.sql(f"SHOW DATABASES LIKE '{database}'") == []
    server = stores.server("document", Names(database, 3, database), limits=True).start()
    try:
        async with rest_of(server.url) as rest:
            ready = await rest.get("/readyz")
            assert ready.json()["data"] == {"sql": "up", "redis": "up", "mongo": "up"}
            ann, old = await sign_up(rest, "ann")
            bo, token = await sign_up(rest, "bo")
            new = await sign_in(rest, "ann")
            assert await greeted(rest, old) == (403, "token_superseded")
            assert await greeted(rest, new) == (200, "")
        writer = Writer("bo", bo, token, ann)
        await writer.connect(server.url)
        for _ in range(3):
            assert (await writer.write())["code"] in ACKS
        assert server.stop() == 0
        server.start()
        async with rest_of(server.url) as rest:
            assert await greeted(rest, old) == (403, "token_superseded")
            assert await greeted(rest, new) == (200, "")
            assert [m["id"] for m in await history(rest, writer)] == writer.sent
    finally:
        server.end()
    assert "Traceback" not in server.said()
    for table, statement in created(stores, database).items():
        assert "CHARSET=utf8mb4" in statement, table
        assert "latin1" not in statement and "utf8mb3" not in statement, table
    assert created(stores, database)["users"].count("COLLATE utf8mb4_bin") == 2
    made = stores.sql(f"SHOW CREATE DATABASE {database}")[0][1]
    assert "utf8mb4" in str(made)


def created(stores: Engines, database: str) -> dict[str, str]:
    """What SHOW CREATE TABLE says of each table."""
    tables = [str(row[0]) for row in stores.sql("SHOW TABLES", database=database)]
    assert {"users", "blocks", "outbox"} <= set(tables)
    return {
        table: str(stores.sql(f"SHOW CREATE TABLE `{table}`", database=database)[0][1])
        for table in tables
    }


async def greeted(rest: httpx.AsyncClient, token: str) -> tuple[int, str]:
    answer = await call(rest, "GET", "/api/test/test", **{"User-Agent": "ann", "token": token})
    return answer.status_code, answer.json()["error"]


async def register(rest: httpx.AsyncClient, name: str, **fields: str) -> tuple[int, Any]:
    body = {"user_name": name, "password": PASSWORD, **fields}
    answer = await call(rest, "POST", "/api/user/register", body)
    return answer.status_code, answer.json()["data"]


@pytest.mark.parametrize(("one", "other"), NAMES)
async def test_names_that_a_collation_would_merge(
    two: tuple[Server, Server], one: str, other: str
) -> None:
    tag = uuid.uuid4().hex[:6]
    async with rest_of(two[0].url) as rest, rest_of(two[1].url) as elsewhere:
        status, made = await register(rest, f"{one}-{tag}")
        assert status == 201 and made["user_name"] == f"{one}-{tag}"
        assert (await register(elsewhere, f"{one}-{tag}".upper()))[0] == 409
        status, distinct = await register(elsewhere, f"{other}-{tag}")
        assert status == 201 and distinct["uid"] != made["uid"]


async def test_nicknames_and_texts_keep_every_byte(two: tuple[Server, Server]) -> None:
    tag = uuid.uuid4().hex[:6]
    async with rest_of(two[0].url) as rest, rest_of(two[1].url) as elsewhere:
        for number, nickname in enumerate(NICKNAMES):
            status, made = await register(rest, f"nick{number}-{tag}", nickname=f"{nickname} {tag}")
            assert status == 201 and made["nickname"] == f"{nickname} {tag}"
        uid, token = await sign_up(rest, f"reader-{tag}")
        headers = {"User-Agent": f"reader-{tag}", "token": token}
        for number, nickname in enumerate(NICKNAMES):
            found = await elsewhere.get(
                "/api/user/search", params={"q": f"{nickname} {tag}"}, headers=headers
            )
            assert [who["user_name"] for who in found.json()["data"]] == [f"nick{number}-{tag}"]
        conv = f"/api/conversations/{uid}:{uid}/messages"
        for text in TEXTS:
            sent = await call(rest, "POST", conv, {"content": text}, **headers)
            assert sent.status_code == 201
        page = (await elsewhere.get(conv, headers=headers)).json()["data"]
        assert [message["content"] for message in page["messages"]] == TEXTS
