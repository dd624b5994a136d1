"""What administrators do to accounts, each with its entry in the audit trail, in one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from models import audit
from models.audit import Act
from models.guard import Guard
from models.user import Person, User, alive, begins_like, person


@dataclass(frozen=True, slots=True)
class Account:
    """What administrators see besides of a person."""

    person: Person
    created_at: int


class AdminActs:
    """Changes of accounts. Every call raises `Unavailable` when the database is down."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def grant(self, uid: int, act: Act) -> None:
        """Make somebody an administrator."""
        await self._change(uid, act, admin=True)

    async def set_password_hash(self, uid: int, password_hash: str, act: Act) -> None:
        await self._change(uid, act, password_hash=password_hash)

    async def ban(self, uid: int, until: int, act: Act) -> bool:
        """Ban somebody until a moment (ms), 0 for no longer; False if he is an administrator."""
        return await self._change(uid, act, banned_until=until, only={"admin": False})

    async def _change(
        self, uid: int, act: Act, *, only: Mapping[str, Any] | None = None, **fields: Any
    ) -> bool:
        async with self._guard(), in_transaction() as connection:
            rows = User.filter(uid=uid, **(only or {})).using_db(connection)
            # Counted apart: MySQL says 0 of a row that is already as it shall be.
            found = await rows.exists()
            if found:
                await rows.update(**fields)
                await audit.put(act, connection)
        return found

    async def count(self) -> int:
        """How many accounts there are."""
        async with self._guard():
            return await alive().count()

    async def people(self, text: str | None, before: int | None, limit: int) -> list[Account]:
        """Accounts by the beginning of a name or nickname, or by the uid; the newest first.

        Args:
            before: only those older than this uid.
        """
        rows = alive() if text is None else alive().filter(_called(text))
        if before is not None:
            rows = rows.filter(uid__lt=before)
        async with self._guard():
            found = await rows.order_by("-uid").limit(limit)
        return [Account(person(row), row.created_at) for row in found]


def _called(text: str) -> Q:
    named = begins_like(text)
    uid = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    return named | Q(uid=uid) if uid else named
