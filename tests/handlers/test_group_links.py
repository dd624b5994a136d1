"""Links into groups: who makes them, how often they let somebody in, and when they end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.client import MESSAGE, Account
from tests.grouped import MINUTE_MS, Group, invalid, now_ms, ok, refused
from tests.running import Reply


def join(who: Account, code: str) -> Reply:
    return who.call("POST", f"/api/join/{code}")


def behind(who: Account, code: str) -> Reply:
    return who.get(f"/api/join/{code}")


def leads_nowhere(who: Account, code: str) -> None:
    refused(behind(who, code), 404, "not_found")
    refused(join(who, code), 404, "not_found")


async def test_a_link_lets_in_whoever_has_it(ann: Account, bo: Account, cy: Account) -> None:
    group = Group.of(ann, bo)
    made = ann.post(f"{group.path}/links")
    assert made.status == 201 and made.data.keys() >= {"code", "url"}
    code = made.data["code"]
    assert made.data["url"] == f"{ann.server.url}/join/{code}"
    # What group it is, and nothing of who is in it.
    assert ok(behind(cy, code)).data == {"name": "Lunch", "avatar": None, "members": 2}
    async with bo.chat() as his, cy.chat() as third:
        shape = ok(join(cy, code)).data
        assert [one["uid"] for one in shape["members"]] == [ann.uid, bo.uid, cy.uid]
        assert shape == ok(group.get(cy)).data
        for chat in (his, third):
            event = await chat.push(MESSAGE, conv=group.conv, seq=2)
            assert (event["event"], event["from"]) == ("joined", cy.uid)
            assert event["data"] == {"by": cy.uid, "uids": [cy.uid]}
    assert group.seqs(cy) == [2]
    other = group.link(ann)
    assert ann.call("DELETE", f"{group.path}/links/{other}").status == 200
    # They would let in whoever reads them.
    assert code not in ann.server.log and other not in ann.server.log
    assert ok(behind(ann, code)).data["members"] == 3


def test_a_member_who_follows_a_link_stays_one_without_an_event_or_a_use(
    ann: Account, bo: Account, cy: Account
) -> None:
    group = Group.of(ann, bo)
    code = group.link(ann, uses=1)
    for who in (ann, bo, bo):
        assert ok(join(who, code)).data["gid"] == group.gid
    assert group.seqs(ann) == [1]
    ok(join(cy, code))
    assert list(group.roles(ann)) == [ann.uid, bo.uid, cy.uid]


def test_a_link_that_is_used_up_leads_nowhere(
    ann: Account, bo: Account, cy: Account, di: Account
) -> None:
    group = Group.of(ann)
    code = group.link(ann, uses=2)
    ok(join(bo, code))
    ok(join(cy, code))
    leads_nowhere(di, code)
    # Neither for who is in it; but who came by it and asks again is a member already.
    refused(behind(ann, code), 404, "not_found")
    ok(join(bo, code))
    assert list(group.roles(ann)) == [ann.uid, bo.uid, cy.uid]


async def test_of_many_at_one_moment_a_link_lets_in_as_many_as_it_has_uses(
    ann: Account, bo: Account, cy: Account, di: Account
) -> None:
    group = Group.of(ann)
    code = group.link(ann, uses=2)
    replies = await asyncio.gather(*(asyncio.to_thread(join, who, code) for who in (bo, cy, di)))
    assert sorted(reply.status for reply in replies) == [200, 200, 404]
    assert len(group.roles(ann)) == 3
    assert group.seqs(ann) == [1, 2, 3]


async def test_one_who_follows_a_link_twice_at_one_moment_comes_once(
    ann: Account, bo: Account, cy: Account
) -> None:
    group = Group.of(ann)
    code = group.link(ann, uses=2)
    replies = await asyncio.gather(*(asyncio.to_thread(join, bo, code) for _ in range(4)))
    assert [reply.status for reply in replies] == [200] * 4
    assert group.seqs(ann) == [1, 2]
    ok(join(cy, code))


def test_a_link_ends_at_its_time(ann: Account, bo: Account, cy: Account) -> None:
    group = Group.of(ann)
    until = now_ms() + 1500
    code = group.link(ann, until=until)
    ok(join(bo, code))
    while (reply := behind(cy, code)).status == 200:
        assert now_ms() < until + 5000
    refused(reply, 404, "not_found")
    assert now_ms() >= until
    leads_nowhere(cy, code)


def test_a_link_is_ended_by_who_leads(ann: Account, bo: Account, cy: Account) -> None:
    group, elsewhere = Group.of(ann, bo), Group.of(ann)
    code, other = group.link(ann), group.link(ann)
    ended = f"{group.path}/links/{code}"
    refused(bo.call("DELETE", ended), 403, "forbidden")
    refused(ann.call("DELETE", f"{elsewhere.path}/links/{code}"), 404, "not_found")
    for none in ("no-such", "x" * 500, "%00", "食"):
        refused(ann.call("DELETE", f"{group.path}/links/{none}"), 404, "not_found")
    ok(behind(cy, code))
    ok(group.put(ann, bo, role="admin"))
    ok(bo.call("DELETE", ended))
    refused(bo.call("DELETE", ended), 404, "not_found")
    leads_nowhere(cy, code)
    ok(join(cy, other))


def test_who_makes_links(ann: Account, bo: Account, cy: Account) -> None:
    group = Group.of(ann, bo)
    refused(bo.post(f"{group.path}/links"), 403, "forbidden")
    ok(group.put(ann, bo, role="admin"))
    code = group.link(bo)
    # It outlives who made it.
    ok(group.remove(ann, bo))
    ok(join(cy, code))
    # And who was removed comes back by it as anybody would.
    ok(join(bo, code))
    assert group.roles(ann)[bo.uid] == "member"


def test_a_link_of_a_dissolved_group_leads_nowhere(ann: Account, bo: Account) -> None:
    group = Group.of(ann)
    code = group.link(ann)
    ok(group.leave(ann))
    leads_nowhere(bo, code)
    for none in ("no-such-code", "x" * 500, "%00", "食", "%F0%9F%8D%8F"):
        leads_nowhere(bo, none)


@pytest.mark.parametrize(
    ("fields", "field", "rule"),
    [
        ({"uses": 0}, "uses", "range"),
        ({"uses": -1}, "uses", "range"),
        ({"uses": "1"}, "uses", "type"),
        ({"uses": 1.5}, "uses", "type"),
        ({"until": "soon"}, "until", "type"),
        ({"until": 1}, "until", "range"),
        ({"until": 2**63}, "until", "range"),
    ],
)
def test_how_no_link_is_limited(
    ann: Account, fields: dict[str, Any], field: str, rule: str
) -> None:
    group = Group.of(ann)
    invalid(ann.post(f"{group.path}/links", **fields), field, rule)


def test_a_code_is_told_from_another_by_its_case(ann: Account, bo: Account) -> None:
    group = Group.of(ann)
    code = group.link(ann, uses=5, until=now_ms() + MINUTE_MS)
    if code.swapcase() != code:
        leads_nowhere(bo, code.swapcase())
    ok(join(bo, code))


def test_who_blocks_somebody_inside_may_come_and_be_let_in_by_a_link(
    ann: Account, bo: Account
) -> None:
    group = Group.of(ann)
    code = group.link(ann)
    ok(bo.call("PUT", f"/api/user/{ann.uid}/block"))
    ok(join(bo, code))
    assert bo.uid in group.roles(ann)
