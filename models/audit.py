"""What administrators have done, in SQL: it is added to and read, and nothing here changes it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from tortoise import fields
from tortoise.models import Model

from models.guard import Guard

WORD_MAX: Final = 32
TARGET_MAX: Final = 128


class AuditRow(Model):
    id = fields.BigIntField(primary_key=True, generated=True)
    time = fields.BigIntField()
    by = fields.BigIntField(null=True)
    act = fields.CharField(max_length=WORD_MAX)
    target = fields.CharField(max_length=TARGET_MAX)
    note = fields.TextField()

    class Meta:
        table = "audit"


@dataclass(frozen=True, slots=True)
class Act:
    """Something that an administrator does."""

    by: int | None
    """None for the command line."""
    word: str
    """What is done, as `ban`; at most WORD_MAX characters."""
    target: str
    """To what, as `user:7`; at most TARGET_MAX characters, and of no secret."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An act that was done; `time` in ms, `id` ascends."""

    id: int
    time: int
    act: Act


async def put(act: Act, connection: Any = None) -> None:
    """Write down an act, perhaps inside the transaction of what it does in SQL."""
    await AuditRow.create(
        time=int(time.time() * 1000),
        by=act.by,
        act=act.word,
        target=act.target,
        note=act.note,
        using_db=connection,
    )


class AuditTrail:
    """Queries on what was done. Every call raises `Unavailable` when the database is down."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def put(self, act: Act) -> None:
        async with self._guard():
            await put(act)

    async def before(self, id: int | None, limit: int) -> list[Entry]:
        """The newest entries, or those before `id`, the newest first."""
        rows = AuditRow.all() if id is None else AuditRow.filter(id__lt=id)
        async with self._guard():
            found = await rows.order_by("-id").limit(limit)
        return [
            Entry(row.id, row.time, Act(row.by, row.act, row.target, row.note)) for row in found
        ]
