"""The three stores: how they are opened, probed and closed, and the border of their errors.

Rules kept here:
- every call to a store has a time limit, so that a frozen one gives `Unavailable` in at most 3 s;
- a driver's outage becomes `Unavailable` in `models.guard` and nowhere else;
- no driver retries anything by itself: whoever calls knows whether a call may be repeated.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import warnings
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypedDict

import aiomysql
import pymongo
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import WriteConcern
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
)
from pymysql.err import MySQLError
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from tortoise import Tortoise, connections
from tortoise.exceptions import DBConnectionError, OperationalError
from tortoise.migrations.api.migrate import migrate

from conf.settings import ConfigError, Mongo, Mysql, Redis
from models.blobs import Blobs, GridFS
from models.errors import Unavailable
from models.guard import Guard
from models.reasons import refused, words

logger = logging.getLogger("tornado_im.stores")

SQL_SECONDS: Final = 2.0
SQLITE_BUSY_MS: Final = 1500
"""How long a write waits for another process's: below SQL_SECONDS, so that the thread is free
again when the guard gives up. A write takes some ms."""

REDIS_SECONDS: Final = 1.0
MONGO_DRIVER_SECONDS: Final = 2.0
MONGO_SECONDS: Final = 2.5
"""Above the driver's own limit: a call also waits for one of Motor's threads."""

MONGO_CONCURRENT: Final = 6
"""Calls under way at once. Motor runs them in 5 threads a core, which the one writer shares;
with more readers than threads a frozen store made 100 of them wait 12 to 20 s."""

MONGO_CLOSE_SECONDS: Final = 0.5
"""What the goodbye to MongoDB may take; it forgets by itself what it was not told of."""

REDIS_CONNECTIONS: Final = 32
"""Connections at most; a command beyond them waits. A storm of logins must not open thousands."""

DUPLICATE_KEY: Final = 11000
"""MongoDB's error code for a unique index that refuses."""

PROOF: Final = "proof"
"""The document of `fences` that is written to see whether the store can write."""

MIGRATION_SECONDS: Final = 60.0
"""How long a start waits for another process that is migrating the same database."""

Document = dict[str, Any]
"""A MongoDB document, as the driver gives it; only `models/` sees one."""


State = Literal["up", "down"]


class States(TypedDict):
    """Whether each store answers."""

    sql: State
    redis: State
    mongo: State


@dataclass(frozen=True, slots=True)
class Stores:
    """Open clients of the three stores, each with its guard."""

    sql: Guard
    mongo_client: AsyncIOMotorClient[Document]
    mongo_db: AsyncIOMotorDatabase[Document]
    mongo: Guard
    durable: WriteConcern
    """For every write that a client is told of: journaled, by a majority of a replica set."""
    redis_client: aioredis.Redis
    redis: Guard
    blobs: Blobs
    """The bytes of uploads, in MongoDB."""

    async def probe(self) -> States:
        """Takes as long as the slowest guard."""

        async def state(guard: Guard) -> State:
            try:
                await guard.check()
            except Unavailable:
                return "down"
            return "up"

        sql, redis, mongo = await asyncio.gather(
            state(self.sql), state(self.redis), state(self.mongo)
        )
        return {"sql": sql, "redis": redis, "mongo": mongo}

    async def close(self) -> None:
        for guard in (self.sql, self.redis, self.mongo):
            await guard.close()
        # It says goodbye to its sessions first: for 5 s to a frozen store, and not in our loop.
        with pymongo.timeout(MONGO_CLOSE_SECONDS):
            await asyncio.to_thread(self.mongo_client.close)
        await self.redis_client.aclose()
        await Tortoise.close_connections()


def _is_duplicate(error: Exception) -> bool:
    if isinstance(error, BulkWriteError):
        errors = error.details.get("writeErrors") or [{}]
        return all(one.get("code") == DUPLICATE_KEY for one in errors)
    return isinstance(error, DuplicateKeyError)


def _refuses(error: Exception) -> bool:
    """Whether MongoDB answered and said no, rather than nothing in time."""
    return isinstance(error, OperationFailure) and not error.timeout


async def open_stores(
    mysql: Mysql | None,
    mongo: Mongo,
    redis: Redis,
    data_dir: Path,
    *,
    journal: bool = True,
    on_mongo_unable: Callable[[str], None] = lambda _why: None,
) -> Stores:
    """Connect to the stores and bring the SQL schema up to date.

    Args:
        mysql: None for SQLite in `data_dir`.
        journal: False only where a test has to see a loss.
        on_mongo_unable: told why, when MongoDB answers but has not been able to write for a while.

    Raises:
        ConfigError: one of them cannot be reached or refuses the account; names its section.
    """
    async with AsyncExitStack() as opened:
        await _open_sql(mysql, data_dir, opened)
        mongo_client, replica_set = await _open_mongo(mongo, opened)
        redis_client = await _open_redis(redis, opened)
        opened.pop_all()
    mongo_db = mongo_client[mongo.name]
    durable = WriteConcern(w="majority" if replica_set else 1, j=journal)
    mongo_guard = _mongo_guard(mongo_db, durable, on_mongo_unable)
    return Stores(
        sql=Guard(
            "sql",
            SQL_SECONDS,
            concurrent=64,
            outages=(DBConnectionError, OperationalError, OSError),
            probe=lambda: connections.get("default").execute_query("SELECT 1"),
        ),
        mongo_client=mongo_client,
        mongo_db=mongo_db,
        durable=durable,
        mongo=mongo_guard,
        redis_client=redis_client,
        redis=Guard(
            "redis",
            REDIS_SECONDS,
            concurrent=512,
            outages=(RedisError, OSError),
            probe=redis_client.ping,
        ),
        blobs=GridFS(mongo_db, guard=mongo_guard, durable=durable),
    )


def _mongo_guard(
    mongo_db: AsyncIOMotorDatabase[Document],
    durable: WriteConcern,
    on_unable: Callable[[str], None],
) -> Guard:
    fences = mongo_db.get_collection("fences", write_concern=durable)
    return Guard(
        "mongo",
        MONGO_SECONDS,
        concurrent=MONGO_CONCURRENT,
        outages=(PyMongoError,),
        # A ping is answered by a store whose disk is full, too.
        probe=lambda: fences.find_one({"_id": PROOF}),
        prove=lambda: fences.update_one({"_id": PROOF}, {"$inc": {"writes": 1}}, upsert=True),
        answer=_is_duplicate,
        refuses=_refuses,
        on_unable=lambda error: on_unable(words(error)),
    )


def tortoise_config(mysql: Mysql | None, data_dir: Path) -> dict[str, Any]:
    """The value that Tortoise and its `tortoise` command take."""
    if mysql is None:
        connection: dict[str, Any] = {
            "engine": "models.sqlite",
            # FULL: a registered name is still there after a power cut, as a message is.
            "credentials": {
                "file_path": str(data_dir / "users.sqlite3"),
                "busy_timeout": SQLITE_BUSY_MS,
                "journal_mode": "WAL",
                "synchronous": "FULL",
            },
        }
    else:
        connection = {
            "engine": "tortoise.backends.mysql",
            "credentials": {
                "host": mysql.host,
                "port": mysql.port,
                "user": mysql.user,
                "password": mysql.password,
                "database": mysql.name,
                "charset": "utf8mb4",
                "minsize": 1,
                "maxsize": 10,
                "connect_timeout": SQL_SECONDS,
            },
        }
    return {
        "connections": {"default": connection},
        "apps": {
            "models": {
                "models": ["models.user", "models.outbox", "models.group"],
                "default_connection": "default",
                "migrations": "models.migrations",
            }
        },
    }


async def _open_sql(mysql: Mysql | None, data_dir: Path, opened: AsyncExitStack) -> None:
    config = tortoise_config(mysql, data_dir)
    # Before anything is opened: a migration that fails leaves a connection, whose thread would keep
    # the process from ending.
    opened.push_async_callback(Tortoise.close_connections)
    try:
        if mysql is None:
            # Tortoise keeps the lock of a file that cannot be opened, and then waits for it.
            with closing(sqlite3.connect(data_dir / "users.sqlite3")) as connection:
                connection.execute("PRAGMA schema_version")
            await migrate(config=config)
        else:
            await _migrate_mysql(mysql, config)
        await Tortoise.init(config=config)
    except (DBConnectionError, OperationalError, MySQLError, sqlite3.Error, OSError) as error:
        if mysql is None:
            where = f"{data_dir}: users.sqlite3"
            raise ConfigError(f"{where}: cannot be opened: {words(error)}") from error
        raise refused("mysql", "MysqlHost", f"{mysql.host}:{mysql.port}", error) from error


async def _migrate_mysql(mysql: Mysql, config: dict[str, Any]) -> None:
    """Create the database if it is missing, and migrate under a lock of the server.

    Two processes that migrate at once collided on MariaDB, whose DDL has no transactions.
    """
    async with asyncio.timeout(SQL_SECONDS):  # the driver's own is for the network alone
        connection = await aiomysql.connect(
            host=mysql.host,
            port=mysql.port,
            user=mysql.user,
            password=mysql.password,
            charset="utf8mb4",
        )
    try:
        async with connection.cursor() as cursor:
            with warnings.catch_warnings():
                # "database exists" is a warning of the server, and what we hope for.
                warnings.simplefilter("ignore", aiomysql.Warning)
                name = mysql.name.replace("`", "``")
                await cursor.execute("SHOW DATABASES LIKE %s", (mysql.name,))
                if not await cursor.fetchall():
                    await cursor.execute(
                        f"CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4"
                    )
            lock = f"tornado_im {mysql.name}"[:64]
            await cursor.execute("SELECT GET_LOCK(%s, %s)", (lock, MIGRATION_SECONDS))
            if (await cursor.fetchone()) != (1,):
                raise ConfigError("[mysql]: another process has been migrating for a minute")
            await migrate(config=config)
    finally:
        connection.close()


async def _open_mongo(
    mongo: Mongo, opened: AsyncExitStack
) -> tuple[AsyncIOMotorClient[Document], bool]:
    """The client, and whether it speaks to a replica set."""
    options: dict[str, Any] = {
        "timeoutMS": int(MONGO_DRIVER_SECONDS * 1000),
        "connectTimeoutMS": int(mongo.connect_timeout_seconds * 1000),
        "maxPoolSize": mongo.max_pool,
        "minPoolSize": mongo.min_pool,
        "retryWrites": False,
        "retryReads": False,
        "tz_aware": True,
    }
    if mongo.user:
        options |= {
            "username": mongo.user,
            "password": mongo.password,
            "authMechanism": mongo.mechanism,
        }
    try:
        client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            [host.strip() for host in mongo.hosts.split(",")], **options
        )
        opened.callback(client.close)
        hello = await client.admin.command("hello")
        await client[mongo.name].command("ping")
    except (PyMongoError, ConfigurationError) as error:
        raise refused("mongo", "MangoHosts", mongo.hosts, error) from error
    return client, "setName" in hello


async def _open_redis(redis: Redis, opened: AsyncExitStack) -> aioredis.Redis:
    common: Mapping[str, Any] = {
        "db": redis.db,
        "password": redis.password,
        "decode_responses": True,
        "socket_timeout": REDIS_SECONDS,
        "socket_connect_timeout": REDIS_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        # In RESP3 a PONG among subscriptions is a bare string, which redis-py takes for an event.
        "protocol": 2,
        "max_connections": REDIS_CONNECTIONS,
        "timeout": REDIS_SECONDS,
    }
    pool: aioredis.BlockingConnectionPool
    if redis.unix_socket is not None:
        pool = aioredis.BlockingConnectionPool(
            connection_class=aioredis.UnixDomainSocketConnection,
            path=str(redis.unix_socket),
            **common,
        )
    else:
        pool = aioredis.BlockingConnectionPool(host=redis.host, port=redis.port, **common)
    client = aioredis.Redis.from_pool(pool)
    opened.push_async_callback(client.aclose)
    try:
        await client.ping()
        persistence = await client.info("persistence")
    except (RedisError, OSError) as error:
        where = str(redis.unix_socket or f"{redis.host}:{redis.port}")
        raise refused("redis", "RedisAddr", where, error) from error
    if not persistence.get("aof_enabled"):
        logger.warning(
            "[redis] runs with appendonly no: after its restart a token that was logged out"
            " may be good again"
        )
    return client
