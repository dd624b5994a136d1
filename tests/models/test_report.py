"""Reports in SQL: of two at once one counts, and what was closed long ago goes."""

from __future__ import annotations

import asyncio
import time

from models.audit import Act, AuditTrail
from models.message import Message
from models.report import Reports, new_id
from tests.opened import Embedded

MESSAGE = Message(conv="1:2", seq=1, from_=1, kind="text", content="hello", time=1, id="a")


async def test_of_two_at_once_there_is_one(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        reports = Reports(stores.sql)
        ids = await asyncio.gather(*(reports.add(new_id(), 2, "rude", MESSAGE) for _ in range(2)))
        assert len(set(ids)) == 1
        assert await reports.open() == 1


async def test_of_two_who_close_it_at_once_one_does(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        reports = Reports(stores.sql)
        id = await reports.add(new_id(), 2, "rude", MESSAGE)
        closed = await asyncio.gather(
            *(
                reports.close(id, "dismissed", by, "", Act(by, "dismiss", f"report:{id}"))
                for by in (3, 4)
            )
        )
        assert sorted(closed) == [False, True]
        (entry,) = await AuditTrail(stores.sql).before(None, 10)
        found = await reports.get(id)
        assert found is not None and found.closed_by == entry.act.by


async def test_what_was_closed_long_ago_goes(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        reports = Reports(stores.sql)
        open, closed = [await reports.add(new_id(), by, "rude", MESSAGE) for by in (2, 3)]
        await reports.close(closed, "dismissed", 4, "")
        now = int(time.time() * 1000)
        assert await reports.forget(now - 60_000) == 0
        assert await reports.forget(now + 60_000) == 1
        assert await reports.get(closed) is None and await reports.get(open) is not None
