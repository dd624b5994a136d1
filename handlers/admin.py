"""Calls of administrators: the one-token rule, and then who is one."""

from __future__ import annotations

from handlers.auth import SingleTokenMixin
from models.errors import Forbidden


class AdminMixin(SingleTokenMixin):
    """Lets administrators through, and refuses everybody else with `forbidden`."""

    refuses = (Forbidden,)

    async def authorize(self) -> None:
        await super().authorize()
        await self.services.admins.check(self.who.uid)
