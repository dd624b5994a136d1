"""The schema on SQLite: migrated from every older state to what the models say."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.migrations.api.migrate import migrate

from models.group import Groups
from models.outbox import Change, Outbox
from models.sql import tortoise_config
from models.stores import open_stores
from models.user import Blocks, Users
from tests.opened import Embedded

STATES = sorted(path.stem for path in (Path("models") / "migrations").glob("0*.py"))


async def migrated(folder: Path, target: str) -> None:
    """A database as the version that ended with `target` has left it."""
    await migrate(config=tortoise_config(None, folder), target=f"models.{target}")
    await Tortoise.close_connections()


def shape(file: Path) -> dict[str, Any]:
    """Tables with their columns (name, kind, not null, key) and their unique indexes."""
    with closing(sqlite3.connect(file)) as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        names = [name for (name,) in rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: (
                sorted((c[1], c[2], c[3], c[5]) for c in rows(f"PRAGMA table_info('{name}')")),
                sorted(
                    tuple(column for _, _, column in rows(f"PRAGMA index_info('{index[1]}')"))
                    for index in rows(f"PRAGMA index_list('{name}')")
                    if index[2]
                ),
            )
            for name in names
            if not name.startswith(("sqlite_", "tortoise_", "aerich"))
        }


async def test_the_migrations_make_what_the_models_say(tmp_path: Path) -> None:
    migrations, models = tmp_path / "migrations", tmp_path / "models"
    migrations.mkdir()
    models.mkdir()
    await migrated(migrations, STATES[-1])
    await Tortoise.init(config=tortoise_config(None, models))
    await Tortoise.generate_schemas()
    await Tortoise.close_connections()
    made = shape(migrations / "users.sqlite3")
    assert {"chat_groups", "chat_members", "chat_links", "outbox"} <= made.keys()
    assert made == shape(models / "users.sqlite3")


@pytest.mark.parametrize("state", STATES)
async def test_a_database_of_any_older_version_is_taken_on(
    embedded: Embedded, tmp_path: Path, state: str
) -> None:
    await migrated(tmp_path, state)
    with closing(sqlite3.connect(tmp_path / "users.sqlite3")) as connection, connection:
        connection.execute(
            "INSERT INTO users (user_name, name_key, nickname, nickname_key, password_hash,"
            " banned_until, created_at, admin) VALUES ('ann', 'ann', 'Ann', 'ann', 'x', 0, 0, 0)"
        )
    children = embedded.children
    opened = await open_stores(None, children.mongo, children.redis, tmp_path)
    try:
        (ann,) = await Users(opened.sql).search("ann", 10)
        bo = await Users(opened.sql).add("bo", "Bo", "x")
        await Blocks(opened.sql).add(ann.uid, bo.uid)
        group, change = await Groups(opened.sql).create(ann.uid, "Lunch", [bo.uid], "made")
        assert list(group.members) == [ann.uid, bo.uid]
        recall = Change.of_message(change.conv, "recalled", ann.uid, "gone", 1)
        await Outbox(opened.sql).put(recall)
        standing = await Outbox(opened.sql).of(change.conv)
        assert [each.event for each in standing] == ["created", "recalled"]
    finally:
        await opened.close()
