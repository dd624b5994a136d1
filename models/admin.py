"""What administrators do to accounts, each with its entry in the audit trail, in one step."""

from __future__ import annotations

from typing import Any

from tortoise.transactions import in_transaction

from models import audit
from models.audit import Act
from models.guard import Guard
from models.user import User


class AdminActs:
    """Changes of accounts. Every call raises `Unavailable` when the database is down."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def grant(self, uid: int, act: Act) -> None:
        """Make somebody an administrator."""
        await self._change(uid, act, admin=True)

    async def set_password_hash(self, uid: int, password_hash: str, act: Act) -> None:
        await self._change(uid, act, password_hash=password_hash)

    async def _change(self, uid: int, act: Act, **fields: Any) -> None:
        async with self._guard(), in_transaction() as connection:
            await User.filter(uid=uid).using_db(connection).update(**fields)
            await audit.put(act, connection)
