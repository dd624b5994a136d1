"""The database of people, groups and accounts: how it is opened, and its border.

SQLite in the data folder, or MySQL; the schema is brought up to date whenever it is opened.
"""

from __future__ import annotations

import asyncio
import sqlite3
import warnings
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any, Final

import aiomysql
from pymysql.err import MySQLError
from tortoise import Tortoise, connections
from tortoise.exceptions import DBConnectionError, OperationalError
from tortoise.migrations.api.migrate import migrate

from conf.settings import ConfigError, Mysql
from models.guard import Guard
from models.reasons import refused, words

SQL_SECONDS: Final = 2.0
SQLITE_BUSY_MS: Final = 1500
"""How long a write waits for another process's: below SQL_SECONDS, so that the thread is free
again when the guard gives up. A write takes some ms."""

MIGRATION_SECONDS: Final = 60.0
"""How long a start waits for another process that is migrating the same database."""


def sql_guard() -> Guard:
    return Guard(
        "sql",
        SQL_SECONDS,
        concurrent=64,
        outages=(DBConnectionError, OperationalError, OSError),
        probe=lambda: connections.get("default").execute_query("SELECT 1"),
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
                "models": [
                    "models.user",
                    "models.outbox",
                    "models.group",
                    "models.audit",
                    "models.report",
                    "models.figures",
                    "models.word",
                    "models.invite",
                    "models.deletion",
                ],
                "default_connection": "default",
                "migrations": "models.migrations",
            }
        },
    }


async def open_sql(
    mysql: Mysql | None, data_dir: Path, opened: AsyncExitStack, *, as_guest: bool = False
) -> None:
    """Connect, and bring the schema up to date; `opened` takes how it is closed.

    Args:
        as_guest: a server has the SQLite file open, and its schema is that one's business.

    Raises:
        ConfigError: it cannot be reached or refuses the account; names its section.
    """
    config = tortoise_config(mysql, data_dir)
    # Before anything is opened: a migration that fails leaves a connection, whose thread would keep
    # the process from ending.
    opened.push_async_callback(Tortoise.close_connections)
    try:
        if mysql is None:
            # Tortoise keeps the lock of a file that cannot be opened, and then waits for it.
            with closing(sqlite3.connect(data_dir / "users.sqlite3")) as connection:
                connection.execute("PRAGMA schema_version")
            if not as_guest:
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
