"""Changes that touch two stores, in SQL until both have them.

A row holds an event with a fixed id. It is written first, then the change is made, then the event
goes into the log, then the row goes; whatever a crash leaves is carried out again, and carrying
out twice changes nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from models.guard import Guard


class OutboxRow(Model):
    id = fields.BigIntField(primary_key=True, generated=True)
    event_id = fields.CharField(max_length=128, unique=True)
    conv = fields.CharField(max_length=64)
    event = fields.CharField(max_length=16)
    by = fields.BigIntField()
    target = fields.BigIntField()
    created_at = fields.BigIntField()

    class Meta:
        table = "outbox"


@dataclass(frozen=True, slots=True)
class Change:
    """A change to a message, on its way: `by` whom, and to which `target`."""

    conv: str
    event: str
    by: int
    target: int

    @property
    def event_id(self) -> str:
        return f"{self.event}/{self.target}"


class Outbox:
    """Queries on the outbox. Every call raises `Unavailable` when the database is down."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def put(self, change: Change) -> None:
        async with self._guard():
            try:
                await OutboxRow.create(
                    event_id=f"{change.conv}!{change.event_id}",
                    conv=change.conv,
                    event=change.event,
                    by=change.by,
                    target=change.target,
                    created_at=int(time.time() * 1000),
                )
            except IntegrityError:
                return  # It is on its way already.

    async def done(self, change: Change) -> None:
        async with self._guard():
            await OutboxRow.filter(event_id=f"{change.conv}!{change.event_id}").delete()

    async def left(self, before: int) -> list[Change]:
        """Changes put before a moment (ms) and not done, the oldest first."""
        async with self._guard():
            rows = await OutboxRow.filter(created_at__lt=before).order_by("id").limit(1000)
        return [Change(row.conv, row.event, row.by, row.target) for row in rows]
