"""SIGKILL between a change of a group and its event: neither is ever without the other."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client import MESSAGE, Account
from tests.faults.proxy import Proxy
from tests.faults.test_link import Links, links
from tests.opened import Embedded
from tests.running import Site

SECONDS = 10.0

Step = Callable[[Proxy, bytes], Coroutine[Any, Any, Any]]
Act = Callable[[Account, str, Account], object]


async def before_the_event(mongo: Proxy, word: bytes) -> None:
    """The change is in SQL, and its event did not reach the log."""
    mongo.refuse()
    await mongo.cut_in_request(word)


async def before_the_row_goes(mongo: Proxy, word: bytes) -> None:
    """The event is in the log, and nobody knows; its row is still there."""
    mongo.refuse()
    await mongo.cut_answer(word)


def kick(owner: Account, group: str, member: Account) -> object:
    return owner.call("DELETE", f"{group}/members/{member.uid}")


def invite(owner: Account, group: str, member: Account) -> object:
    return owner.post(f"{group}/members", uids=[member.uid])


async def get(account: Account, path: str) -> Any:
    """The proxy runs in this loop, so a call must not stand in its way."""
    return (await asyncio.to_thread(account.get, path)).data


def rows(links: Links) -> int:
    """What the outbox holds."""
    with closing(sqlite3.connect(links.server.data_dir / "users.sqlite3")) as database:
        count: int = database.execute("SELECT count(*) FROM outbox").fetchone()[0]
    return count


async def killed(links: Links, word: str, step: Step, act: Callable[[], object]) -> None:
    """Act, and kill the server once it has come to the step; then start it again."""
    at_step = asyncio.create_task(step(links.mongo, word.encode()))
    await asyncio.sleep(0)  # The trap is set.
    acting = asyncio.create_task(asyncio.to_thread(act))
    async with asyncio.timeout(SECONDS):
        await at_step
    await asyncio.to_thread(links.server.kill)
    with pytest.raises(httpx.TransportError):
        await acting
    await links.mongo.listen()


@pytest.mark.parametrize(
    ("act", "event", "members", "step"),
    [(kick, "kicked", 2, before_the_event), (invite, "joined", 4, before_the_row_goes)],
)
async def test_a_change_and_its_event_are_never_without_each_other(
    embedded: Embedded, tmp_path: Path, act: Act, event: str, members: int, step: Step
) -> None:
    async with links(embedded, tmp_path) as there, AsyncExitStack() as stack:
        await asyncio.to_thread(there.server.start)
        site = Site(there.server.url)
        stack.callback(site.http.close)
        ann, bo, cy, di = [await asyncio.to_thread(Account.new, site) for _ in range(4)]
        uids = [bo.uid, cy.uid]
        made = (await asyncio.to_thread(ann.post, "/api/groups", name="We", members=uids)).data
        group, conv = f"/api/groups/{made['gid']}", made["conv"]
        member = bo if act is kick else di
        await killed(there, event, step, lambda: act(ann, group, member))
        assert rows(there) == 1
        await asyncio.to_thread(there.server.start)
        async with ann.chat() as hers:
            history = (await hers.ask(2, conv=conv))["messages"]
            if history[-1]["seq"] == 1:
                history.append(await hers.push(MESSAGE, conv=conv))
            assert [message["event"] for message in history] == ["created", event]
            # And the one whom it is about has it as his last one, or his first.
            mine = await get(member, f"/api/conversations/{conv}/messages")
            assert mine["messages"][-1]["event"] == event
            assert len((await get(ann, group))["members"]) == members
            assert (await hers.ask(1, conv=conv, content="on"))["seq"] == 3
        # The row goes behind the event: what comes through the outbox next finds it gone.
        await asyncio.to_thread(ann.call, "PATCH", group, json={"announcement": "x"})
        assert rows(there) == 0
        events = (await get(ann, f"/api/conversations/{conv}/messages"))["messages"]
        assert [message.get("event") for message in events] == ["created", event, None, "changed"]
