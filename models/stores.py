"""The three stores: how they are opened, probed and closed, and the border of their errors.

Rules kept here:
- every call to a store has a time limit, so that a frozen one gives `Unavailable` in at most 3 s;
- a driver's outage becomes `Unavailable` in `models.guard` and nowhere else;
- no driver retries anything by itself: whoever calls knows whether a call may be repeated.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypedDict

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import WriteConcern
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from tortoise import Tortoise

from conf.settings import Media, Mongo, Mysql, Redis
from models.blobs import Blobs, GridFS
from models.documents import Document
from models.errors import Unavailable
from models.guard import Guard
from models.reasons import refused, words
from models.sql import open_sql, sql_guard

logger = logging.getLogger("tornado_im.stores")

REDIS_SECONDS: Final = 1.0
MONGO_DRIVER_SECONDS: Final = 2.0
MONGO_SECONDS: Final = 2.5
"""Above the driver's own limit: a call also waits for one of Motor's threads."""

MONGO_CONCURRENT: Final = 6
"""Calls under way at once. Motor runs them in 5 threads a core, which the writers of the log share;
with more readers than threads a frozen store made 100 of them wait 12 to 20 s."""

MONGO_CLOSE_SECONDS: Final = 0.5
"""What the goodbye to MongoDB may take; it forgets by itself what it was not told of."""

REDIS_CONNECTIONS: Final = 32
"""Connections at most. A storm of logins must not open thousands."""

REDIS_CONCURRENT: Final = 24
"""Calls under way at once; one beyond them waits for its turn. The other connections are for the
bus, for proofs and for the log. With more calls than connections, 400 clients that came back at
once waited for a connection until Redis was taken to be down."""

DUPLICATE_KEY: Final = 11000
"""MongoDB's error code for a unique index that refuses."""

PROOF: Final = "proof"
"""The document of `fences` that is written to see whether the store can write."""

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
    """The bytes of uploads, in MongoDB or in a store of their own."""

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
        await self.blobs.close()
        for guard in (self.sql, self.redis, self.mongo):
            await guard.close()
        # It says goodbye to its sessions first: for 5 s to a frozen store, and not in our loop.
        with pymongo.timeout(MONGO_CLOSE_SECONDS):
            await asyncio.to_thread(self.mongo_client.close)
        await self.redis_client.aclose()
        await Tortoise.close_connections()


@dataclass(frozen=True, slots=True)
class Accounts:
    """What people and their tokens are in, for a program that is no server."""

    sql: Guard
    redis_client: aioredis.Redis
    redis: Guard


def _is_duplicate(error: Exception) -> bool:
    if isinstance(error, BulkWriteError):
        errors = error.details.get("writeErrors") or [{}]
        return all(one.get("code") == DUPLICATE_KEY for one in errors)
    return isinstance(error, DuplicateKeyError)


def _refuses(client: AsyncIOMotorClient[Document], error: Exception) -> bool:
    """Whether MongoDB answered and said no, rather than nothing in time."""
    if isinstance(error, ServerSelectionTimeoutError):
        # The driver asks it first who it is: one that cannot write may refuse to say even that.
        servers = client.delegate.topology_description.server_descriptions().values()
        return any(isinstance(server.error, OperationFailure) for server in servers)
    return isinstance(error, OperationFailure) and not error.timeout


async def open_stores(
    mysql: Mysql | None,
    mongo: Mongo,
    redis: Redis,
    data_dir: Path,
    *,
    media: Media | None = None,
    journal: bool = True,
    on_mongo_unable: Callable[[str], None] = lambda _why: None,
) -> Stores:
    """Connect to the stores and bring the SQL schema up to date.

    Args:
        mysql: None for SQLite in `data_dir`.
        media: says where blobs are kept; None: in MongoDB.
        journal: False only where a test has to see a loss.
        on_mongo_unable: told why, when MongoDB answers but has not been able to write for a while.

    Raises:
        ConfigError: one of them cannot be reached or refuses the account; names its section.
    """
    async with AsyncExitStack() as opened:
        await open_sql(mysql, data_dir, opened)
        mongo_client, replica_set = await _open_mongo(mongo, opened)
        redis_client = await _open_redis(redis, opened)
        mongo_db = mongo_client[mongo.name]
        durable = WriteConcern(w="majority" if replica_set else 1, j=journal)
        mongo_guard = _mongo_guard(mongo_db, durable, on_mongo_unable)
        blobs = await _open_s3(media) or GridFS(mongo_db, guard=mongo_guard, durable=durable)
        opened.pop_all()
    return Stores(
        sql=sql_guard(),
        mongo_client=mongo_client,
        mongo_db=mongo_db,
        durable=durable,
        mongo=mongo_guard,
        redis_client=redis_client,
        redis=_redis_guard(redis_client),
        blobs=blobs,
    )


@asynccontextmanager
async def open_accounts(
    mysql: Mysql | None, redis: Redis, data_dir: Path, *, as_guest: bool
) -> AsyncIterator[Accounts]:
    """Connect to the two stores of people and tokens alone.

    Args:
        as_guest: a server runs on the same data folder.

    Raises:
        ConfigError: as `open_stores` does.
    """
    async with AsyncExitStack() as opened:
        await open_sql(mysql, data_dir, opened, as_guest=as_guest)
        client = await _open_redis(redis, opened)
        accounts = Accounts(sql_guard(), client, _redis_guard(client))
        for guard in (accounts.sql, accounts.redis):
            opened.push_async_callback(guard.close)
        yield accounts


def _redis_guard(client: aioredis.Redis) -> Guard:
    return Guard(
        "redis",
        REDIS_SECONDS,
        concurrent=REDIS_CONCURRENT,
        outages=(RedisError, OSError),
        probe=client.ping,
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
        refuses=functools.partial(_refuses, mongo_db.client),
        on_unable=lambda error: on_unable(words(error)),
    )


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


async def _open_s3(media: Media | None) -> Blobs | None:
    """None where blobs are not kept in S3."""
    if media is None or media.store != "s3":
        return None
    # Here, because the client takes half a second and 36 MB, which few need.
    from models.s3 import open_s3

    return await open_s3(media)
