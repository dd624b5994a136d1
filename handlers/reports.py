"""Reports of messages, for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from handlers.admin import AdminMixin
from handlers.call import call
from models.errors import Conflict, InvalidField
from models.report import State
from server.fields import Integer, OneOf, Opaque, Text, ruled
from server.reports import Action, ReportId, ReportShape


@dataclass(frozen=True, slots=True)
class ReportsQuery:
    state: State = ruled(OneOf(get_args(State)), default="open")
    before: str | None = ruled(
        Opaque(1, 64), default=None, says="The id of a report: only those before it."
    )
    limit: int = ruled(Integer(1, 100), default=50)


@dataclass(frozen=True, slots=True)
class ReportBody:
    action: Action = ruled(OneOf(get_args(Action)))
    note: str | None = ruled(Text(0, 500), default=None, says="For the other administrators.")
    until: int | None = ruled(
        Integer(1), default=None, says="When a ban ends, in ms; never if left out."
    )


class ReportsHandler(AdminMixin):
    @call()
    async def get(self, query: ReportsQuery) -> list[ReportShape]:
        """What was reported, the newest first.

        Each report has the message as it was then, whatever has become of it, and what stands
        around it as it is now. A medium in it can be loaded while the report is open.
        """
        return await self.services.reports.page(query.state, query.before, query.limit)


class ReportHandler(AdminMixin):
    @call(refuses=(Conflict, InvalidField))
    async def post(self, id: ReportId, body: ReportBody) -> ReportShape:
        """Close a report: dismiss it, recall the message, or ban who wrote it.

        One that is closed already is a `conflict`.
        """
        return await self.services.reports.act(
            self.who.uid, id, body.action, note=body.note or "", until=body.until
        )
