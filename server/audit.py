"""The audit trail: what administrators did, written down beside the doing of it."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta

from models.audit import Act, AuditTrail
from models.errors import InvalidField
from models.units import Millis
from server.security import security


class AuditEntry(TypedDict):
    """Something that an administrator did."""

    time: Millis
    by: Annotated[int | None, Meta(description="Who; null for the server's command line.")]
    act: Annotated[str, Meta(description="What.", examples=["ban"])]
    target: Annotated[str, Meta(description="To what.", examples=["user:7"])]
    note: str


class AuditPage(TypedDict):
    """The newest entries first."""

    entries: list[AuditEntry]
    next: Annotated[str | None, Meta(description="The next page's `cursor`; null at the end.")]


class Audit:
    """Every call raises `Unavailable` when the database is down."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail

    async def record(self, act: Act) -> None:
        """Write down an act that changes nothing in SQL; what does goes with `models.audit.put`."""
        await self._trail.put(act)
        told(act)

    async def page(self, cursor: str | None, limit: int) -> AuditPage:
        """
        Raises:
            InvalidField: `cursor`, unknown_value: it is none that was given.
        """
        found = await self._trail.before(place(cursor), limit + 1)
        shown = found[:limit]
        return {
            "entries": [
                {
                    "time": entry.time,
                    "by": entry.act.by,
                    "act": entry.act.word,
                    "target": entry.act.target,
                    "note": entry.act.note,
                }
                for entry in shown
            ],
            "next": str(shown[-1].id) if len(found) > limit else None,
        }


def told(act: Act) -> None:
    """Have the security log say that an act was done."""
    who = "the command line" if act.by is None else f"user {act.by}"
    security.info("%s did %s to %s", who, act.word, act.target)


def place(cursor: str | None) -> int | None:
    """What a cursor of administrators' lists means: a number."""
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise InvalidField("cursor", "unknown_value")
    return int(cursor)
