"""Accounts that end, in SQL: the account is over in one step, and a row says that the rest follows.

What stays of an account is its number, so that what it has said is still somebody's: a row without
a name, a password or anything else (`Person.deleted`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from tortoise import fields
from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.transactions import in_transaction

from models.guard import Guard
from models.user import Block, User


class DeletionRow(Model):
    uid = fields.BigIntField(primary_key=True)
    avatar = fields.CharField(max_length=64, null=True)
    begun_at = fields.BigIntField()

    class Meta:
        table = "deletions"


@dataclass(frozen=True, slots=True)
class Deletion:
    """An account that is over, and has left something behind."""

    uid: int
    avatar: str | None
    """The picture that it had."""


class Deletions:
    """Queries on accounts that end. Every call raises `Unavailable` when the database is down."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def begin(self, uid: int, password_hash: str) -> Deletion | None:
        """End an account, if that still is its password's hash; else nothing is done."""
        async with self._guard(), in_transaction() as connection:
            rows = User.filter(uid=uid, password_hash=password_hash).using_db(connection)
            row = await rows.first()
            if row is None or not await rows.update(
                user_name="",
                name_key=_no_name(uid),
                nickname="",
                nickname_key="",
                avatar=None,
                password_hash="",
                admin=False,
                banned_until=0,
                created_at=0,
            ):
                return None
            await DeletionRow.create(
                uid=uid, avatar=row.avatar, begun_at=_now(), using_db=connection
            )
        return Deletion(uid, row.avatar)

    async def forget_blocks(self, uid: int) -> None:
        """Nobody is blocked by him any more, nor is he."""
        async with self._guard():
            await Block.filter(Q(owner=uid) | Q(uid=uid)).delete()

    async def left(self, before: int) -> list[Deletion]:
        """Those that began before a moment (ms) and are not done."""
        async with self._guard():
            rows = await DeletionRow.filter(begun_at__lte=before).order_by("begun_at").limit(100)
        return [Deletion(row.uid, row.avatar) for row in rows]

    async def done(self, uid: int) -> None:
        """Nothing is left to do."""
        async with self._guard():
            await DeletionRow.filter(uid=uid).delete()


def _no_name(uid: int) -> str:
    """A key for who has no name any more: unlike that of any name, and of any other such."""
    return f"!{uid}"


def _now() -> int:
    return int(time.time() * 1000)
