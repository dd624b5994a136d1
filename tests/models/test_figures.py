"""Figures of minutes, added up over processes and over time."""

from __future__ import annotations

import dataclasses

from models.figures import MINUTE_MS, Figures, Minute, Span
from tests.opened import Embedded

NOON = 1_795_600_800_000
HOUR = 60 * MINUTE_MS
QUIET = Minute(NOON, 0, 0, 0, 0, 1.0, 1.0, 1.0)


def minute(number: int, **fields: float) -> Minute:
    return dataclasses.replace(QUIET, time=NOON + number * MINUTE_MS, **fields)


async def test_processes_are_added_up_and_minutes_gathered(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        figures = Figures(stores.sql)
        await figures.add("one", [minute(0, online=3, messages=10), minute(1, online=1, errors=2)])
        await figures.add("two", [minute(0, online=4, messages=5, mongo=0.5)])
        assert await figures.spans(NOON, NOON + HOUR, MINUTE_MS) == [
            minute_span(0, online=7, messages=15, mongo=0.5),
            minute_span(1, online=1, errors=2),
        ]
        (both,) = await figures.spans(NOON, NOON + HOUR, HOUR)
        assert (both.time % HOUR, both.online, both.messages, both.errors) == (0, 7, 15, 2)
        assert both.mongo == 0.75
        assert await figures.spans(NOON + MINUTE_MS, NOON + MINUTE_MS, MINUTE_MS) == []


def minute_span(number: int, **fields: float) -> Span:
    return dataclasses.replace(
        Span(NOON + number * MINUTE_MS, 0, 0, 0, 1.0, 1.0, 1.0),
        **fields,  # type: ignore[arg-type]
    )


async def test_a_minute_that_is_told_again_counts_once(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        figures = Figures(stores.sql)
        for _ in range(2):
            await figures.add("one", [minute(0, messages=10)])
        (span,) = await figures.spans(NOON, NOON + HOUR, MINUTE_MS)
        assert span.messages == 10


async def test_old_minutes_are_forgotten(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        figures = Figures(stores.sql)
        await figures.add("one", [minute(0), minute(1)])
        assert await figures.forget(NOON + MINUTE_MS) == 1
        (left,) = await figures.spans(NOON, NOON + HOUR, MINUTE_MS)
        assert left.time == NOON + MINUTE_MS
