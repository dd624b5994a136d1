"""Figures for administrators: how things stand in all processes, and how they stood over time.

Each process writes a row a minute into SQL, which outlives it; what cannot be written waits. Rows
are kept for 30 days.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from typing import Annotated, Any, Final, TypedDict

import msgspec
from msgspec import Meta

from models.admin import AdminActs
from models.bus import Bus
from models.errors import InvalidField, Unavailable
from models.figures import MINUTE_MS, Minute
from models.figures import Figures as Store
from models.report import Reports
from models.units import Millis
from server.meter import Counts, Delay, Health, Meter, StoreName

logger = logging.getLogger("tornado_im.figures")

KEPT_MS: Final = 30 * 24 * 3600 * 1000
WAITING_MAX: Final = 24 * 60
"""Minutes that wait for SQL: a day's."""

FORGET_SECONDS: Final = 3600.0
ASK_SECONDS: Final = 1.0
"""How long other processes may take to tell what they count."""

POINTS_MAX: Final = 2000
POINTS: Final = 300
"""About as many points as a chart has use for."""

STEPS_MS: Final = tuple(minutes * MINUTE_MS for minutes in (1, 5, 15, 60, 360, 1440))
DAY_MS: Final = 24 * 3600 * 1000

Number = Annotated[int, Meta(description="In all processes.")]


class Stats(TypedDict):
    """How things stand, in all processes that answered."""

    processes: int
    people: Annotated[int, Meta(description="Accounts.")]
    online: Annotated[int, Meta(description="People with a socket; on two processes one is two.")]
    sockets: int
    messages: Annotated[int, Meta(description="Stored since the processes started.")]
    messages_day: Annotated[int, Meta(description="Stored in the last 24 hours.")]
    messages_per_minute: Annotated[int, Meta(description="In the last whole minute.")]
    pending: Annotated[int, Meta(description="Messages that wait for the store.")]
    conflicts: Annotated[
        int, Meta(description="Writes that came second, as another process was faster.")
    ]
    uploads: int
    errors: Annotated[int, Meta(description="Answers 5xx and frames 50000 and 50300.")]
    errors_day: int
    limited: Annotated[int, Meta(description="Answers that something was done too often.")]
    reports: Annotated[int, Meta(description="Open ones.")]
    ack_ms: Annotated[float, Meta(description="Mean time until a message was stored.")]
    lag_ms: Annotated[float, Meta(description="Mean lag of the loop.")]
    memory: Annotated[int, Meta(description="Bytes.")]
    sql: Annotated[int, Meta(description="1 where every process reaches it, else 0.")]
    redis: int
    mongo: int


class Point(TypedDict):
    """A stretch of time, which begins at `time`."""

    time: Millis
    online: Annotated[int, Meta(description="In the minute with most of them.")]
    messages: int
    errors: int
    stores: Health


class FiguresHistory(TypedDict):
    """Ascending; where nobody counted there is no point."""

    step: Annotated[int, Meta(description="From one point to the next, in ms.")]
    points: list[Point]


class Figures:
    """Every call raises `Unavailable` when the database is down."""

    def __init__(
        self, store: Store, meter: Meter, accounts: AdminActs, reports: Reports, bus: Bus
    ) -> None:
        self._store = store
        self._meter = meter
        self._accounts = accounts
        self._reports = reports
        self._bus = bus
        self._minute = _minute_of(_now())
        self._before = meter.read()
        """As it stood when this minute began."""
        self._waiting: deque[Minute] = deque(maxlen=WAITING_MAX)

    # For administrators

    async def stats(self) -> Stats:
        each = await self.all_counts()
        day = await self._points(_now() - DAY_MS, DAY_MS)
        minutes = await self._points(self._minute - MINUTE_MS, MINUTE_MS)
        return {
            "processes": len(each),
            "people": await self._accounts.count(),
            "online": sum(one.people for one in each),
            "sockets": sum(one.sockets for one in each),
            "messages": sum(one.messages for one in each),
            "messages_day": sum(point["messages"] for point in day),
            "messages_per_minute": sum(
                point["messages"] for point in minutes if point["time"] < self._minute
            ),
            "pending": sum(one.pending for one in each),
            "conflicts": sum(one.conflicts for one in each),
            "uploads": sum(one.uploads for one in each),
            "errors": sum(one.errors for one in each),
            "errors_day": sum(point["errors"] for point in day),
            "limited": sum(one.limited for one in each),
            "reports": await self._reports.open(),
            "ack_ms": _mean_ms([one.acks for one in each]),
            "lag_ms": _mean_ms([one.lags for one in each]),
            "memory": sum(one.memory for one in each),
            "sql": _all_up(each, "sql"),
            "redis": _all_up(each, "redis"),
            "mongo": _all_up(each, "mongo"),
        }

    async def history(self, since: int | None, step: int | None) -> FiguresHistory:
        """
        Args:
            since: ms; a day ago if left out.
            step: ms; as many as make a chart if left out.

        Raises:
            InvalidField: `step`, range: it would be too many points.
        """
        begin = max(_now() - DAY_MS if since is None else since, _now() - KEPT_MS)
        length = max(0, _now() - begin)
        if step is None:
            fitting = [each for each in STEPS_MS if length / each <= POINTS]
            step = fitting[0] if fitting else STEPS_MS[-1]
        if length / step > POINTS_MAX:
            raise InvalidField("step", "range")
        return {"step": step, "points": await self._points(begin, step)}

    async def _points(self, since: int, step: int) -> list[Point]:
        await self.flush()
        return [
            {
                "time": span.time,
                "online": span.online,
                "messages": span.messages,
                "errors": span.errors,
                "stores": {"sql": span.sql, "redis": span.redis, "mongo": span.mongo},
            }
            for span in await self._store.spans(since, _now() + MINUTE_MS, step)
        ]

    # All processes

    async def all_counts(self) -> list[Counts]:
        """What each process counts, as far as they answer; this one does in any case."""
        try:
            replies, _ = await self._bus.ask("all", {"event": "figures"}, seconds=ASK_SECONDS)
        except Unavailable:
            return [self._meter.read()]
        told = [msgspec.convert(reply, Counts) for reply in replies if reply is not None]
        return sorted(told, key=lambda one: (one.family, one.worker)) or [self._meter.read()]

    async def family(self) -> list[Counts]:
        """What the workers of this one's parent count, in their order."""
        own = self._meter.read()
        others = [one for one in await self.all_counts() if one.family == own.family]
        return others or [own]

    def hear(self, event: dict[str, Any]) -> None:
        """A process, perhaps this one, asks what this one counts."""
        if event["event"] == "figures":
            self._bus.reply(event, msgspec.to_builtins(self._meter.read()))

    # Minutes

    async def run(self) -> None:
        """Write a row a minute until cancelled."""
        forget_at = 0.0
        while True:
            await asyncio.sleep((self._minute + MINUTE_MS - _now()) / 1000)
            self._close_minute()
            try:
                await self.flush()
                if time.monotonic() >= forget_at:
                    await self._store.forget(_now() - KEPT_MS)
                    forget_at = time.monotonic() + FORGET_SECONDS
            except Unavailable as error:
                logger.debug("figures are written later: %s is down", error.store)

    async def flush(self) -> None:
        """Write what waits, and the minute that is not over yet as far as it has come."""
        waiting = list(self._waiting)
        await self._store.add(self._bus.process, [*waiting, self._so_far()])
        for minute in waiting:
            if self._waiting and self._waiting[0] is minute:
                self._waiting.popleft()

    def _so_far(self) -> Minute:
        now, before, health = self._meter.read(), self._before, self._meter.health()
        return Minute(
            time=self._minute,
            online=now.people,
            sockets=now.sockets,
            messages=now.messages - before.messages,
            errors=now.errors - before.errors,
            sql=health["sql"],
            redis=health["redis"],
            mongo=health["mongo"],
        )

    def _close_minute(self) -> None:
        minute = _minute_of(_now())
        if minute == self._minute:
            return  # The sleep was a moment too short.
        self._waiting.append(self._so_far())
        self._minute, self._before = minute, self._meter.read()
        self._meter.begin_minute()


def _all_up(each: Sequence[Counts], store: StoreName) -> int:
    return int(all(one.stores[store] == "up" for one in each))


def _now() -> int:
    return int(time.time() * 1000)


def _minute_of(moment: int) -> int:
    return moment - moment % MINUTE_MS


def _mean_ms(each: Sequence[Delay]) -> float:
    times = sum(sum(one.counts) for one in each)
    return round(1000 * sum(one.seconds for one in each) / times, 2) if times else 0.0
