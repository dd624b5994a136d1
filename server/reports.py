"""Reports: what people tell the administrators about messages, and what they do about it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final, Literal, TypedDict

from msgspec import Meta

from models.audit import Act
from models.errors import Conflict, Forbidden, InvalidField, NotFound, Unavailable
from models.lease import Leases
from models.message import Message, Messages
from models.rate import Rate, Rates
from models.report import Report, State, new_id, report_key
from models.report import Reports as Store
from models.units import Conv, Millis, Seq, Uid
from server.admins import Admins
from server.amendments import Amendments
from server.audit import Audit, told
from server.media import MEDIA_KINDS, Media
from server.policy import Place, Policy

logger = logging.getLogger("tornado_im.reports")

AROUND: Final = 5
"""Messages before and behind what was reported that an administrator is shown."""

PER_HOUR: Final = 60
"""Reports of one person: enough for who cleans up, too few to bury the others."""

KEPT_MS: Final = 90 * 24 * 3600 * 1000
"""How long a report, and its copy of the message, is kept once it is closed."""

SWEEP_SECONDS: Final = 3600.0

ACT_MS: Final = 30_000
"""How long an act keeps others from a report where its process has died: above what stores take."""

Action = Literal["dismiss", "recall", "ban"]

STATES: Final[dict[Action, State]] = {
    "dismiss": "dismissed",
    "recall": "recalled",
    "ban": "banned",
}

ReportId = Annotated[str, Meta(description="A report.")]


class ReportShape(TypedDict):
    """What somebody has reported."""

    id: ReportId
    conv: Conv
    seq: Seq
    reason: str
    by: Annotated[Uid, Meta(description="Who has reported it.")]
    time: Millis
    state: State
    message: Annotated[Message, Meta(description="As it was when it was reported.")]
    around: Annotated[
        list[Message],
        Meta(description="Up to five before it, itself, and five behind it, as they are now."),
    ]
    closed_by: Uid | None
    closed_at: Annotated[Millis, Meta(description="0 while it is open.")]
    note: str


class Reports:
    """Every call raises `Unavailable` when a store is down; it may be made again."""

    def __init__(
        self,
        store: Store,
        messages: Messages,
        policy: Policy,
        media: Media,
        amendments: Amendments,
        admins: Admins,
        audit: Audit,
        rates: Rates,
        leases: Leases,
    ) -> None:
        self._store = store
        self._messages = messages
        self._policy = policy
        self._media = media
        self._amendments = amendments
        self._admins = admins
        self._audit = audit
        self._rates = rates
        self._leases = leases
        self._acted_on: set[str] = set()
        """Reports that are acted on by this process: its lease is one for all its requests."""

    async def add(self, uid: int, place: Place, seq: int, reason: str) -> str:
        """Report a message; returns the report's id, which is the same when he does it again.

        Raises:
            NotFound: there is no such message, or not for him.
            Forbidden: it is his own, an event, or recalled.
            RateLimited: he has reported too much.
        """
        found = (await self._messages.at(place.conv, [seq])).get(seq)
        if found is None or not await self._policy.may_read(uid, place.conv, seq):
            raise NotFound
        message = found.message
        if message.from_ == uid or message.kind in ("system", "recalled"):
            raise Forbidden
        earlier = await self._store.earlier(uid, place.conv, seq)
        if earlier is not None:
            return earlier
        await self._rates.take([Rate(f"report:{uid}", PER_HOUR, 3600)])
        id = new_id()
        # Before there is a report: what carries a medium is noted first, and believed afterwards.
        await self._media.keep(message, id)
        return await self._store.add(id, uid, reason, message)

    async def page(self, state: State | None, before: str | None, limit: int) -> list[ReportShape]:
        """The newest reports first.

        Args:
            before: only those older than the report of this id.

        Raises:
            InvalidField: `before`, unknown_value: there is no such report.
        """
        last = await self._store.get(before) if before is not None else None
        if before is not None and last is None:
            raise InvalidField("before", "unknown_value")
        found = await self._store.before(state, last.number if last else None, limit)
        return list(await asyncio.gather(*map(self._shape, found)))

    async def act(
        self, by: int, id: str, action: Action, *, note: str = "", until: int | None = None
    ) -> ReportShape:
        """Close a report by what is done about it.

        Args:
            until: of a ban, ms; for ever if left out.

        Raises:
            NotFound: there is no such report.
            Conflict: it is closed already, or somebody else acts on it at this moment.
            Forbidden, InvalidField: as `Admins.ban` does.
        """
        async with self._alone(id):
            return await self._act(by, id, action, note, until)

    @asynccontextmanager
    async def _alone(self, id: str) -> AsyncIterator[None]:
        """Of two who act on a report at once, here or in another process, one does nothing."""
        lease = f"report:{id}"
        if id in self._acted_on:
            raise Conflict
        self._acted_on.add(id)
        try:
            if not await self._leases.take(lease, lease_ms=ACT_MS):
                raise Conflict
            try:
                yield
            finally:
                with contextlib.suppress(Unavailable):  # it ends by itself
                    await self._leases.give_back([lease])
        finally:
            self._acted_on.discard(id)

    async def _act(
        self, by: int, id: str, action: Action, note: str, until: int | None
    ) -> ReportShape:
        report = await self._store.get(id)
        if report is None:
            raise NotFound
        if report.state != "open":
            raise Conflict
        message = report.message
        # Written down by itself, and done, before the report says so: a crash in between leaves it
        # open, and done again it is the same.
        dismissal: Act | None = None
        if action == "recall":
            recall = Act(by, "recall", f"message:{message.conv}/{message.seq}", note)
            await self._audit.record(recall)
            await self._amendments.withdraw(by, message.conv, message.seq)
        elif action == "ban":
            await self._admins.ban(by, message.from_, until, note or report.reason)
        else:
            dismissal = Act(by, "dismiss", f"report:{id}", note)
        if not await self._store.close(id, STATES[action], by, note, dismissal):
            raise Conflict
        if dismissal is not None:
            told(dismissal)
        if message.kind in MEDIA_KINDS:
            await self._media.hide(message.content, report_key(id))
        closed = await self._store.get(id)
        return await self._shape(closed or report)

    async def _shape(self, report: Report) -> ReportShape:
        message = report.message
        around = await self._messages.range(
            message.conv, max(1, message.seq - AROUND), message.seq + AROUND + 1
        )
        return {
            "id": report.id,
            "conv": message.conv,
            "seq": message.seq,
            "reason": report.reason,
            "by": report.by,
            "time": report.time,
            "state": report.state,
            "message": message,
            "around": [stored.message for stored in around],
            "closed_by": report.closed_by,
            "closed_at": report.closed_at,
            "note": report.note,
        }

    async def sweep(self) -> None:
        """Forget what was closed long ago, once an hour, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self._store.forget(int(time.time() * 1000) - KEPT_MS)
            except Unavailable as error:
                logger.debug("old reports are forgotten later: %s is down", error.store)
