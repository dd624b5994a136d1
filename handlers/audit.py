"""What administrators have done, for administrators."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.admin import AdminMixin
from handlers.call import call
from server.audit import AuditPage
from server.fields import Integer, Opaque, ruled


@dataclass(frozen=True, slots=True)
class AuditQuery:
    cursor: str | None = ruled(Opaque(1, 64), default=None)
    limit: int = ruled(Integer(1, 100), default=50)


class AuditHandler(AdminMixin):
    @call()
    async def get(self, query: AuditQuery) -> AuditPage:
        """Who did what to whom, the newest first.

        It is written by the acts themselves, from the command line too, and no call changes it.
        """
        return await self.services.audit.page(query.cursor, query.limit)
