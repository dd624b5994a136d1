"""Messages that people have reported to the administrators, in SQL.

A report keeps the message as it was when it was reported: its sender may take it back or edit it,
and is to be judged by what others have read.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.models import Model
from tortoise.transactions import in_transaction

from models import audit
from models.audit import Act
from models.guard import Guard
from models.message import Message
from models.user import KeyField

State = Literal["open", "dismissed", "recalled", "banned"]

ID_MAX: Final = 32
"""Characters of an id; a longer one, as a path may have, is none."""


_KEY: Final = "report:"


class ReportRow(Model):
    number = fields.BigIntField(primary_key=True, generated=True)
    id = KeyField(max_length=ID_MAX, unique=True)
    conv = fields.CharField(max_length=64)
    seq = fields.BigIntField()
    by = fields.BigIntField()
    reason = fields.TextField()
    message = fields.TextField()
    time = fields.BigIntField()
    state = fields.CharField(max_length=16, db_index=True)
    closed_by = fields.BigIntField(null=True)
    closed_at = fields.BigIntField(default=0)
    note = fields.TextField()

    class Meta:
        table = "reports"
        unique_together = (("conv", "seq", "by"),)


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody has reported, and what became of it."""

    number: int
    """Ascends with the time."""
    id: str
    by: int
    reason: str
    message: Message
    """As it was then."""
    time: int
    state: State
    closed_by: int | None
    closed_at: int
    """Milliseconds since the epoch; 0 while it is open."""
    note: str


def new_id() -> str:
    """One that cannot be guessed."""
    return secrets.token_urlsafe(12)


def report_key(id: str) -> str:
    """The use of a medium by a report."""
    return f"{_KEY}{id}"


def reported(key: str) -> str | None:
    """The report whose use of a medium this is; None for a use by something else."""
    return key.removeprefix(_KEY) if key.startswith(_KEY) else None


class Reports:
    """Queries on reports. Every call raises `Unavailable` when the database is down."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def add(self, id: str, by: int, reason: str, message: Message) -> str:
        """Store a report; returns its id, or that of his earlier one of the same message."""
        async with self._guard():
            try:
                await ReportRow.create(
                    id=id,
                    conv=message.conv,
                    seq=message.seq,
                    by=by,
                    reason=reason,
                    message=msgspec.json.encode(message).decode(),
                    time=_now(),
                    state="open",
                    note="",
                )
            except IntegrityError:
                row = await ReportRow.get(conv=message.conv, seq=message.seq, by=by)
                return row.id
        return id

    async def earlier(self, by: int, conv: str, seq: int) -> str | None:
        """The id of his report of this message, if there is one."""
        async with self._guard():
            row = await ReportRow.get_or_none(conv=conv, seq=seq, by=by)
        return row.id if row else None

    async def get(self, id: str) -> Report | None:
        if len(id) > ID_MAX:
            return None
        async with self._guard():
            row = await ReportRow.get_or_none(id=id)
        return _report(row) if row else None

    async def before(self, state: str | None, number: int | None, limit: int) -> list[Report]:
        """The newest reports, of one state or of all, or those before `number`."""
        rows = ReportRow.all() if state is None else ReportRow.filter(state=state)
        if number is not None:
            rows = rows.filter(number__lt=number)
        async with self._guard():
            found = await rows.order_by("-number").limit(limit)
        return [_report(row) for row in found]

    async def by(self, uid: int) -> list[Report]:
        """What somebody has reported, the oldest first."""
        async with self._guard():
            rows = await ReportRow.filter(by=uid).order_by("number")
        return [_report(row) for row in rows]

    async def open(self) -> int:
        """How many are open."""
        async with self._guard():
            return await ReportRow.filter(state="open").count()

    async def close(
        self, id: str, state: State, by: int, note: str, act: Act | None = None
    ) -> bool:
        """Close an open report, with its entry in the audit trail; False if it is open no more."""
        async with self._guard(), in_transaction() as connection:
            closed = (
                await ReportRow.filter(id=id, state="open")
                .using_db(connection)
                .update(state=state, closed_by=by, closed_at=_now(), note=note)
            )
            if closed and act is not None:
                await audit.put(act, connection)
        return bool(closed)

    async def forget(self, closed_before: int) -> int:
        """Delete what was closed before a moment (ms); returns how many."""
        async with self._guard():
            old = ReportRow.exclude(state="open").filter(closed_at__lt=closed_before)
            return await old.delete()


def _now() -> int:
    return int(time.time() * 1000)


def _report(row: ReportRow) -> Report:
    return Report(
        number=row.number,
        id=row.id,
        by=row.by,
        reason=row.reason,
        message=msgspec.json.decode(row.message, type=Message),
        time=row.time,
        state=row.state,  # type: ignore[arg-type]
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        note=row.note,
    )
