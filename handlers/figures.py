"""Figures: for administrators, and for Prometheus."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from handlers.admin import AdminMixin
from handlers.auth import SingleTokenMixin
from handlers.call import call, plain
from models.errors import InvalidField, Unauthorized
from server.fields import Integer, ruled
from server.figures import DAY_MS, FiguresHistory, Stats
from server.metrics import CONTENT_TYPE, exposition


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    since: int | None = ruled(Integer(), default=None, says="In ms; a day ago if left out.")
    step: int | None = ruled(
        Integer(60_000, DAY_MS), default=None, says="In ms; what suits a chart if left out."
    )


class StatsHandler(AdminMixin):
    @call()
    async def get(self) -> Stats:
        """How things stand, all processes together."""
        return await self.services.figures.stats()


class HistoryHandler(AdminMixin):
    @call(refuses=(InvalidField,))
    async def get(self, query: HistoryQuery) -> FiguresHistory:
        """How things stood over time, all processes together.

        It is kept by the minute and for 30 days, whatever is started again. A step that makes more
        than 2,000 points is refused.
        """
        return await self.services.figures.history(query.since, query.step)


class MetricsHandler(SingleTokenMixin):
    public = True

    @plain(CONTENT_TYPE, refuses=(Unauthorized("token_missing"), Unauthorized("token_invalid")))
    async def get(self) -> None:
        """The figures of this server, its workers each by itself, as Prometheus reads them.

        Where `[service] MetricsToken` is set it is asked for, as `Authorization: Bearer`.
        """
        self._check_token()
        own = await self.services.figures.family()
        self.set_header("Content-Type", CONTENT_TYPE)
        self.finish(exposition(own))

    def _check_token(self) -> None:
        token = self.services.settings.service.metrics_token
        if token is None:
            return
        given = self.header_token
        if not given:
            raise Unauthorized("token_missing")
        if not hmac.compare_digest(given.encode(), token.encode()):
            raise Unauthorized("token_invalid")
