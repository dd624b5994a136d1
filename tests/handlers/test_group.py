"""Groups: made, seen, changed and dissolved."""

from __future__ import annotations

import pytest

from tests.client import MESSAGE, SENT_OFFLINE, SENT_ONLINE, Account, is_refusal, seqs
from tests.running import Server


def group_of(owner: Account, *members: Account, name: str = "Lunch") -> dict:
    made = owner.post("/api/groups", name=name, members=[one.uid for one in members])
    assert made.status == 201, made
    return made.data


@pytest.fixture
def cy(server: Server) -> Account:
    return Account.new(server)


async def test_a_group_is_made_and_everybody_hears_all(
    ann: Account, bo: Account, cy: Account
) -> None:
    async with ann.chat() as hers, bo.chat() as his, cy.chat() as third:
        made = group_of(ann, bo, cy)
        conv = made["conv"]
        assert (made["name"], made["announcement"], made["avatar"]) == ("Lunch", "", None)
        assert (made["owner"], made["speak"], conv) == (ann.uid, "all", f"g{made['gid']}")
        assert [(m["uid"], m["role"], m["muted_until"]) for m in made["members"]] == [
            (ann.uid, "owner", 0),
            (bo.uid, "member", 0),
            (cy.uid, "member", 0),
        ]
        for chat in (hers, his, third):
            event = await chat.push(MESSAGE, conv=conv, seq=1)
            assert (event["event"], event["from"], event["kind"]) == ("created", ann.uid, "system")
            data = {"by": ann.uid, "uids": [bo.uid, cy.uid], "name": "Lunch"}
            assert event["data"] == data
        ack = await his.ask(1, conv=conv, content="hi all")
        assert (ack["code"], ack["seq"]) == (SENT_ONLINE, 2)
        for chat in (hers, third):
            assert (await chat.push(MESSAGE, conv=conv, seq=2))["content"] == "hi all"
        # Kicked: that event is the last one.
        assert ann.call("DELETE", f"/api/groups/{made['gid']}/members/{cy.uid}").status == 200
        for chat in (hers, his, third):
            event = await chat.push(MESSAGE, conv=conv, seq=3)
            assert (event["event"], event["data"]) == ("kicked", {"by": ann.uid, "uids": [cy.uid]})
        ack = await hers.ask(1, conv=conv, content="he is gone")
        assert (ack["code"], ack["seq"]) == (SENT_ONLINE, 4)
        await his.push(MESSAGE, conv=conv, seq=4)
        assert await third.rest_of(MESSAGE) == []
        is_refusal(await third.ask(1, conv=conv, content="still here?"), 40003, "forbidden")
        page = await third.ask(2, conv=conv)
        assert seqs(page["messages"]) == [1, 2, 3] and page["end"]
        sync = await third.ask(7, cursors={})
        row = next(row for row in sync["conversations"] if row["conv"] == conv)
        assert (row["last_seq"], row["first_seq"], row["unread"]) == (3, 1, 1)
        # Back in: from there on.
        again = bo.post(f"/api/groups/{made['gid']}/members", uids=[cy.uid])
        assert again.status == 200, again
        for chat in (hers, his, third):
            assert (await chat.push(MESSAGE, conv=conv, seq=5))["event"] == "joined"
        ack = await third.ask(1, conv=conv, content="back", reply_to=2)
        is_refusal(ack, 40004, "not_found")
        ack = await third.ask(1, conv=conv, content="back", reply_to=5)
        assert ack["seq"] == 6
        assert seqs((await third.ask(2, conv=conv))["messages"]) == [5, 6]
        row = cy.get("/api/conversations").data["conversations"][0]
        assert (row["type"], row["first_seq"], row["last_seq"]) == ("group", 5, 6)
        assert row["group"] == {
            "gid": made["gid"],
            "name": "Lunch",
            "avatar": None,
            "owner": ann.uid,
            "role": "member",
            "members": 3,
        }
        assert ann.call("DELETE", f"/api/groups/{made['gid']}").status == 200
        for chat in (hers, his, third):
            assert (await chat.push(MESSAGE, conv=conv, seq=7))["event"] == "dissolved"
        assert bo.get(f"/api/groups/{made['gid']}").status == 404
        is_refusal(await his.ask(1, conv=conv, content="x"), 40003, "forbidden")
        assert seqs((await his.ask(2, conv=conv))["messages"])[-1] == 7


async def test_alone_in_a_group(ann: Account) -> None:
    made = group_of(ann)
    async with ann.chat() as hers:
        assert (await hers.ask(1, conv=made["conv"], content="x"))["code"] == SENT_OFFLINE
