"""What each process counted in each minute, in SQL: figures that outlive the process."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tortoise import connections, fields
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from models.guard import Guard

MINUTE_MS: Final = 60_000


class FigureRow(Model):
    id = fields.BigIntField(primary_key=True, generated=True)
    time = fields.BigIntField()
    process = fields.CharField(max_length=32)
    online = fields.BigIntField()
    sockets = fields.BigIntField()
    messages = fields.BigIntField()
    errors = fields.BigIntField()
    sql = fields.FloatField()
    redis = fields.FloatField()
    mongo = fields.FloatField()

    class Meta:
        table = "figures"
        unique_together = (("time", "process"),)


@dataclass(frozen=True, slots=True)
class Minute:
    """What one process counted in one minute."""

    time: int
    """When it began, ms."""
    online: int
    """People with a socket here, at its end."""
    sockets: int
    messages: int
    """Stored in it."""
    errors: int
    """Answers in it that a store was down, or that something went wrong."""
    sql: float
    """How much of it the store answered, 0 to 1; so the others."""
    redis: float
    mongo: float


@dataclass(frozen=True, slots=True)
class Span:
    """What all processes counted in a stretch of time."""

    time: int
    """When it began, ms."""
    online: int
    """People with a socket, in the minute with most of them; one on two processes counts twice."""
    messages: int
    errors: int
    sql: float
    """How much of it the store answered the process that heard least of it, 0 to 1."""
    redis: float
    mongo: float


class Figures:
    """Queries on figures. Every call raises `Unavailable` when the database is down."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def add(self, process: str, minutes: Sequence[Minute]) -> None:
        """Store what a process counted, in place of what it said of the same minutes before."""
        for each in minutes:
            async with self._guard():
                await _put(process, each)

    async def spans(self, since: int, until: int, step: int) -> list[Span]:
        """Stretches of `step` ms from `since` to before `until`, those in which somebody counted.

        Each begins at a multiple of `step`.
        """
        # Added up per minute first: of the people of two processes the sum counts, of two minutes
        # the larger.
        async with self._guard():
            rows = await connections.get("default").execute_query_dict(
                _SPANS.format(step=int(step), since=int(since), until=int(until))
            )
        return [
            Span(
                time=int(row["begun"]),
                online=int(row["online"]),
                messages=int(row["messages"]),
                errors=int(row["errors"]),
                sql=float(row["s"]),
                redis=float(row["r"]),
                mongo=float(row["m"]),
            )
            for row in rows
        ]

    async def forget(self, before: int) -> int:
        """Delete the minutes that began before a moment (ms); returns how many."""
        async with self._guard():
            return await FigureRow.filter(time__lt=before).delete()


async def _put(process: str, minute: Minute) -> None:
    counted = dataclasses.asdict(minute)
    time = counted.pop("time")
    # Tortoise's own way to do both at once is none that MariaDB knows; and in one transaction two
    # processes, which write at the same moment of each minute, lock each other's gap for good.
    if not await FigureRow.filter(time=time, process=process).update(**counted):
        with contextlib.suppress(IntegrityError):  # MySQL says 0 of a row that stays as it is.
            await FigureRow.create(time=time, process=process, **counted)


_SPANS: Final = """
SELECT minute - minute % {step} AS begun, MAX(online) AS online, SUM(messages) AS messages,
       SUM(errors) AS errors, AVG(s) AS s, AVG(r) AS r, AVG(m) AS m
FROM (
    SELECT time AS minute, SUM(online) AS online, SUM(messages) AS messages,
           SUM(errors) AS errors, MIN(`sql`) AS s, MIN(redis) AS r, MIN(mongo) AS m
    FROM figures WHERE time >= {since} AND time < {until} GROUP BY time
) AS minutes
GROUP BY minute - minute % {step} ORDER BY begun
"""
