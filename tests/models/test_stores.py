"""All three stores: opened, probed and closed."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from conf.settings import ConfigError
from models.errors import Unavailable
from models.stores import open_stores
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
