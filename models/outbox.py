"""Changes that touch two stores, in SQL until both have them.

A row holds an event with a fixed id. It is written first, in the transaction of what else changes
in SQL, then the messages are changed, then the event goes into the log, then the row goes; whatever
a crash leaves is carried out again, and carrying out twice changes nothing. The changes of one
conversation are carried out in the order of their rows.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from models.conv import group_conv
from models.guard import Guard
from models.message import event_key


class OutboxRow(Model):
    id = fields.BigIntField(primary_key=True, generated=True)
    event_id = fields.CharField(max_length=128, unique=True)
    conv = fields.CharField(max_length=64, db_index=True)
    event = fields.CharField(max_length=16)
    by = fields.BigIntField()
    body = fields.TextField()
    created_at = fields.BigIntField()

    class Meta:
        table = "outbox"


@dataclass(frozen=True, slots=True)
class Change:
    """A change and the event that tells of it, on their way."""

    conv: str
    event: str
    by: int
    """Whose doing it is."""
    id: str
    """Unique within the conversation's events; the same for each try of the same change."""
    content: str
    """The event as a sentence for people."""
    data: Mapping[str, Any]
    """What the event says to programs, besides `by`."""
    what: Mapping[str, Any] = field(default_factory=dict)
    """What becomes of the message `data["target"]`; no reader is told."""
    number: int = 0
    """The place of its row, once it has one."""

    @classmethod
    def of_group(
        cls, gid: int, event: str, by: int, content: str, data: Mapping[str, Any]
    ) -> Change:
        """A change of a group, which no other is the same as."""
        return cls(group_conv(gid), event, by, f"{event}/{uuid.uuid4().hex}", content, data)

    @classmethod
    def of_message(
        cls,
        conv: str,
        event: str,
        by: int,
        content: str,
        target: int,
        what: Mapping[str, Any] | None = None,
    ) -> Change:
        """A change of the message at `target`; with nothing to tell it from another it is once."""
        id = f"{event}/{target}" + (f"/{uuid.uuid4().hex}" if what else "")
        return cls(conv, event, by, id, content, {"target": target}, what or {})

    @property
    def key(self) -> str:
        """The `_id` of its event in the log."""
        return event_key(self.conv, self.id)


async def put(change: Change, connection: Any = None) -> None:
    """Write the row of a change, perhaps inside a transaction of its own."""
    await OutboxRow.create(
        event_id=change.key,
        conv=change.conv,
        event=change.event,
        by=change.by,
        body=json.dumps([change.id, change.content, dict(change.data), dict(change.what)]),
        created_at=int(time.time() * 1000),
        using_db=connection,
    )


class Outbox:
    """Queries on the outbox. Every call raises `Unavailable` when the database is down."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def put(self, change: Change) -> None:
        async with self._guard():
            try:
                await put(change)
            except IntegrityError:
                return  # It is on its way already.

    async def done(self, change: Change) -> None:
        async with self._guard():
            await OutboxRow.filter(event_id=change.key).delete()

    async def of(self, conv: str) -> list[Change]:
        """The changes of a conversation that are not done, in their order."""
        async with self._guard():
            rows = await OutboxRow.filter(conv=conv).order_by("id")
        return [_change(row) for row in rows]

    async def left(self, before: int) -> list[str]:
        """Conversations with changes put before a moment (ms) and not done."""
        async with self._guard():
            rows = await OutboxRow.filter(created_at__lt=before).order_by("id").limit(1000)
        return list(dict.fromkeys(row.conv for row in rows))


def _change(row: OutboxRow) -> Change:
    id, content, data, what = json.loads(row.body)
    return Change(row.conv, row.event, row.by, id, content, data, what, row.id)
