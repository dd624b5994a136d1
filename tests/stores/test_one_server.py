"""Whatever process a device is on, the contract is the same: what one does the other tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from server.positions import FLUSH_SECONDS
from tests.client import (
    MESSAGE,
    PRESENCE,
    READ,
    RECALLED,
    SENT_OFFLINE,
    SENT_ONLINE,
    STATE,
    TYPING,
    Account,
    pair,
    seqs,
)
from tests.faults.programs import Server
from tests.running import PASSWORD, Site


@pytest.fixture(scope="module")
def sites(two: tuple[Server, Server]) -> Iterator[tuple[Site, Site]]:
    here, there = Site(two[0].url.rstrip("/")), Site(two[1].url.rstrip("/"))
    yield here, there
    here.http.close()
    there.http.close()


@pytest.fixture
def ann(sites: tuple[Site, Site]) -> Account:
    return Account.new(sites[0])


@pytest.fixture
def bo(sites: tuple[Site, Site]) -> Account:
    """Somebody whose calls and sockets are on the other process."""
    return Account.new(sites[1])


async def test_what_one_does_the_sockets_on_the_other_process_are_told(
    ann: Account, bo: Account
) -> None:
    conv = pair(ann, bo)
    phone = ann.on("phone/2", bo.server)
    async with ann.chat() as hers, phone.chat() as hers_there, bo.chat() as his:
        assert (await hers.ask(1, to=bo.uid, content="one", id="one"))["code"] == SENT_ONLINE
        for chat in (hers_there, his):
            assert (await chat.push(MESSAGE))["content"] == "one"
        again = await hers_there.ask(1, to=bo.uid, content="x", id="one")
        assert (again["seq"], again["duplicate"]) == (1, True)

        await his.ask(5, to=ann.uid)
        for chat in (hers, hers_there):
            assert (await chat.push(TYPING))["uid"] == bo.uid

        assert (await his.ask(4, conv=conv, seq=1))["seq"] == 1
        for chat in (hers, hers_there):
            assert await chat.push(READ) == {"code": READ, "conv": conv, "uid": bo.uid, "seq": 1}

        answer = await hers.ask(6, conv=conv, seq=1)
        assert (answer["code"], answer["event_seq"]) == (RECALLED, 2)
        for chat in (hers, hers_there, his):
            event = await chat.push(MESSAGE, seq=2)
            assert event["message"]["kind"] == "recalled"
        assert (await hers_there.ask(6, conv=conv, seq=1))["event_seq"] == 2

        ann.call("PATCH", f"/api/conversations/{conv}", json={"pinned": True})
        assert (await hers_there.push(STATE, what="conversation"))["pinned"] is True
        ann.call("PATCH", "/api/user/me", json={"nickname": "Añil"})
        assert (await hers_there.push(STATE, what="me"))["nickname"] == "Añil"
        assert bo.get(f"/api/user/{ann.uid}").data["nickname"] == "Añil"
        assert await his.rest_of(STATE) == []


async def test_lists_and_pages_are_the_same_on_both(ann: Account, bo: Account) -> None:
    for number in range(3):
        ann.say(bo, str(number))
        bo.say(ann, str(number))
    there = ann.on(ann.device, bo.server)
    ann.token = there.token
    for path in (
        "/api/conversations",
        f"/api/conversations/{pair(ann, bo)}/messages",
        f"/api/conversations/{pair(ann, bo)}/reads",
        "/api/user/me",
    ):
        assert ann.get(path).data == there.get(path).data
    row = bo.get("/api/conversations").data["conversations"][0]
    assert (row["last_seq"], row["unread"], row["read_seq"]) == (6, 0, 6)
    ann.say(bo)
    assert bo.get("/api/conversations").data["conversations"][0]["unread"] == 1
    bo.post(f"/api/conversations/{pair(ann, bo)}/read", seq=7)
    reads = f"/api/conversations/{pair(ann, bo)}/reads"
    for who in (ann, there, bo):
        assert who.get(reads).data == {str(ann.uid): 7, str(bo.uid): 7}


def test_what_one_wrote_counts_as_read_by_him_on_both_at_any_moment(
    ann: Account, bo: Account
) -> None:
    reads = f"/api/conversations/{pair(ann, bo)}/reads"
    there = Account(bo.server, ann.name, ann.uid)
    there.token = ann.token
    # While heads are written behind what is said, and once more.
    until, number = time.monotonic() + FLUSH_SECONDS + 1, 0
    while time.monotonic() < until:
        number += 1
        mine = ann.say(bo)
        assert there.get(reads).data[str(ann.uid)] == mine, number
        his = bo.say(ann)
        for who in (ann, there, bo):
            assert who.get(reads).data == {str(ann.uid): mine, str(bo.uid): his}, number


async def test_both_write_at_once_and_every_socket_sees_one_order(
    ann: Account, bo: Account
) -> None:
    ann.say(bo)
    bo.say(ann)
    conv = pair(ann, bo)
    phone = ann.on("phone/2", bo.server)
    async with ann.chat() as hers, phone.chat() as hers_there, bo.chat() as his:
        for number in range(150):
            await hers.send(type=1, to=bo.uid, content="x", id=f"a{number}")
            await his.send(type=1, to=ann.uid, content="x", id=f"b{number}")
        for number in range(150):
            for chat, id in ((hers, f"a{number}"), (his, f"b{number}")):
                assert (await chat.answer(id))["code"] in (SENT_ONLINE, SENT_OFFLINE)
        for chat in (hers, hers_there, his):
            if 302 not in chat.seqs(conv):
                await chat.take(lambda frame: frame.get("seq") == 302, "the last message")
            assert chat.seqs(conv) == list(range(3, 303))
        page = await his.ask(2, conv=conv, after=202, limit=100)
        assert seqs(page["messages"]) == list(range(203, 303))


async def test_a_login_on_the_other_process_closes_first_and_answers_then(
    ann: Account, bo: Account
) -> None:
    for _ in range(5):
        old = ann.token
        async with ann.chat() as hers:
            there = await asyncio.to_thread(ann.on, ann.device, bo.server)
            for number in range(20):
                with suppress(ConnectionClosed):
                    await hers.send(type=1, to=bo.uid, content="too late", id=f"l{number}")
            assert await hers.closed() == 4001
            assert [frame["code"] for frame in hers.seen if "seq" in frame] == []
        assert ann.get("/api/user/me").refusal == (403, "token_superseded")
        assert ann.server.handshake(f"token: {old}").refusal == (403, "token_superseded")
        ann.token = there.token
        assert ann.get("/api/user/me").status == 200
    assert bo.get(f"/api/conversations/{pair(ann, bo)}/messages").data["messages"] == []


async def test_logout_kick_and_a_changed_password_reach_the_other_process(
    ann: Account, bo: Account
) -> None:
    phone, desk = ann.on("phone/2", bo.server), ann.on("desk/3", bo.server)
    async with phone.chat() as one:
        (sid,) = (
            session["id"]
            for session in ann.get("/api/user/sessions").data
            if session["device"] == "phone/2"
        )
        assert ann.call("DELETE", f"/api/user/sessions/{sid}").status == 200
        assert await one.closed() == 4003
    assert phone.get("/api/user/me").refusal == (403, "token_revoked")
    here = ann.on("here/4")
    async with desk.chat() as one, here.chat() as other:
        there = Account(bo.server, ann.name, ann.uid, here.device)
        there.token = here.token
        changed = there.post(
            "/api/user/password", old_password=PASSWORD, new_password="new " + PASSWORD
        )
        assert changed.status == 200
        assert await one.closed() == 4003
        # It is here's own device that changed it, on the other process: its sockets live on.
        await other.ask(9)
        here.token = changed.data["token"]
        assert here.post("/api/user/logout").status == 200
        assert await other.closed() == 4003
    assert there.get("/api/user/me").refusal == (403, "token_revoked")


async def test_a_refresh_on_the_other_process_keeps_the_sockets_here(
    ann: Account, bo: Account
) -> None:
    async with ann.chat() as hers:
        there = Account(bo.server, ann.name, ann.uid)
        there.token = ann.token
        answer = there.post("/api/user/refresh")
        assert answer.status == 200
        assert ann.get("/api/user/me").refusal == (403, "token_superseded")
        await hers.ask(9)
        ann.token = answer.data["token"]
        assert ann.get("/api/user/me").status == 200


async def test_a_block_holds_on_both(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        await hers.say(bo)
        await his.say(ann)
        assert (await hers.ask(8, uids=[bo.uid]))["online"] == [bo.uid]
        bo.call("PUT", f"/api/user/{ann.uid}/block")
        assert (await hers.ask(1, to=bo.uid, content="x"))["error"] == "blocked"
        assert (await hers.ask(8, uids=[bo.uid]))["online"] == []
        await hers.ask(5, to=bo.uid)
        assert await his.rest_of(TYPING, PRESENCE) == []
        assert ann.get(f"/api/user/{bo.uid}").data["online"] is False
        bo.call("DELETE", f"/api/user/{ann.uid}/block")
        await hers.say(bo)
