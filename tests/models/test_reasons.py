"""Why a store cannot be opened: one line, of the section and the key that are to blame."""

import re
import socket
from dataclasses import replace
from pathlib import Path

import pymysql.err
import pytest
import redis.exceptions
from pymongo.errors import ServerSelectionTimeoutError
from tortoise.exceptions import OperationalError

from conf.settings import ConfigError, Mysql, Redis
from models.reasons import refused, words
from models.stores import open_stores
from tests.opened import Embedded


async def said(embedded: Embedded, folder: Path, section: str, where: str) -> str:
    """What ends a start on stores of which one is at `where`."""
    mongo, redis_at, mysql = embedded.children.mongo, embedded.children.redis, None
    host, _, port = where.rpartition(":")
    if section == "mysql":
        mysql = Mysql(host, int(port), "root", "hush", "chat")
    elif section == "redis":
        redis_at = Redis(host, int(port), "hush", 0)
    else:
        mongo = replace(mongo, hosts=where)
    with pytest.raises(ConfigError) as caught:
        await open_stores(mysql, mongo, redis_at, folder)
    return str(caught.value)


KEYS = [("mysql", "MysqlHost"), ("redis", "RedisAddr"), ("mongo", "MangoHosts")]


@pytest.mark.parametrize(("section", "key"), KEYS)
async def test_where_nothing_listens(
    embedded: Embedded, tmp_path: Path, closed: str, section: str, key: str
) -> None:
    line = await said(embedded, tmp_path, section, closed)
    assert line == f"[{section}] {key}: {closed} cannot be reached: Connection refused"


@pytest.mark.parametrize(("section", "key"), KEYS)
async def test_where_nobody_answers(
    embedded: Embedded, tmp_path: Path, silent: str, section: str, key: str
) -> None:
    line = await said(embedded, tmp_path, section, silent)
    assert line.startswith(f"[{section}] {key}: {silent} cannot be reached: "), line
    assert re.search(r"(no answer|timed out)\Z", line), line


async def test_a_wrong_account_of_mongodb_is_no_matter_of_its_address(
    embedded: Embedded, tmp_path: Path
) -> None:
    stranger = replace(embedded.children.mongo, password="hush")
    with pytest.raises(ConfigError, match=r"^\[mongo\]: cannot be opened: [^\n{]+\Z") as caught:
        await open_stores(None, stranger, embedded.children.redis, tmp_path)
    assert "hush" not in str(caught.value)


def test_the_members_of_mongodb_are_told_together() -> None:
    members = (
        ("a:1", "[Errno 111] Refused"),
        ("b:1", "[Errno 111] Refused"),
        ("c:1", "[Errno -2] No"),
    )
    told = ",".join(f"{where}: {why} (configured timeouts: a: 1.0ms)" for where, why in members)
    error = ServerSelectionTimeoutError(f"{told}, Timeout: 2s, Topology Description: <[Errno 9] x>")
    line = str(refused("mongo", "MangoHosts", "a,b,c", error))
    assert line == "[mongo] MangoHosts: a,b,c cannot be reached: Refused, No"


def test_the_drivers_own_words_without_its_wrapping() -> None:
    denied = pymysql.err.OperationalError(1045, "Access denied for user 'root'")
    for error in (denied, OperationalError(denied)):
        line = str(refused("mysql", "MysqlHost", "db:3306", error))
        assert line == "[mysql]: cannot be opened: Access denied for user 'root'"
    wrong = redis.exceptions.AuthenticationError("WRONGPASS invalid password")
    line = str(refused("redis", "RedisAddr", "cache:6379", wrong))
    assert line == "[redis]: cannot be opened: WRONGPASS invalid password"
    assert words(ValueError()) == "ValueError"
    assert words(ValueError("one\ntwo")) == "one"


def test_a_name_that_does_not_resolve_is_told() -> None:
    error = redis.exceptions.ConnectionError("Error -2 connecting to nowhere:6379.")
    error.__cause__ = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    line = str(refused("redis", "RedisAddr", "nowhere:6379", error))
    assert line == "[redis] RedisAddr: nowhere:6379 cannot be reached: Name or service not known"
