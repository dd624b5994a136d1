"""Invitations to open an account, in SQL: each use is counted in the transaction that needs it."""

from __future__ import annotations

import time
from typing import Any, Final

from tortoise import fields
from tortoise.expressions import F, Q
from tortoise.models import Model
from tortoise.transactions import in_transaction

from models import audit
from models.audit import Act
from models.guard import Guard
from models.user import KeyField, Person, add_person

CODE_MAX: Final = 32
"""Characters of a code; a longer one is none."""


class InviteRow(Model):
    code = KeyField(max_length=CODE_MAX, primary_key=True)
    by = fields.BigIntField()
    uses = fields.BigIntField()
    used = fields.BigIntField(default=0)
    until = fields.BigIntField()
    created_at = fields.BigIntField()

    class Meta:
        table = "invites"


class Invites:
    """Queries on invitations. Every call raises `Unavailable` when the database is down."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def add(self, code: str, uses: int, until: int, act: Act) -> None:
        """Store an invitation; 0 for `uses` or `until` (ms) is without end."""
        async with self._guard(), in_transaction() as connection:
            await InviteRow.create(
                code=code,
                by=act.by or 0,
                uses=uses,
                until=until,
                created_at=_now(),
                using_db=connection,
            )
            await audit.put(act, connection)

    async def is_live(self, code: str) -> bool:
        """Whether it is one that is neither used up nor late."""
        if len(code) > CODE_MAX:
            return False
        async with self._guard():
            return bool(await _live(code).exists())

    async def redeem(
        self, code: str, user_name: str, nickname: str, password_hash: str
    ) -> Person | None:
        """Store a new person, and that one more has come by an invitation; both or neither.

        Returns:
            None if the invitation has ended, which is decided here.

        Raises:
            Conflict: `user_exists`.
        """
        async with self._guard(), in_transaction() as connection:
            if not await _live(code).using_db(connection).update(used=F("used") + 1):
                return None
            return await add_person(user_name, nickname, password_hash, connection)


def _live(code: str) -> Any:
    rows = InviteRow.filter(code=code).filter(Q(uses=0) | Q(used__lt=F("uses")))
    return rows.filter(Q(until=0) | Q(until__gt=_now()))


def _now() -> int:
    return int(time.time() * 1000)
