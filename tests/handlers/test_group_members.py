"""Members of groups: invited, removed, promoted and muted, and who comes after the owner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.client import FORBIDDEN, MESSAGE, SENT_OFFLINE, Account, is_refusal
from tests.grouped import MINUTE_MS, Group, invalid, now_ms, ok, refused
from tests.running import Server

UNKNOWN = 2**53


def told(group: Group, reader: Account, since: int) -> list[tuple[str, dict]]:
    """What has happened behind a seq."""
    return [(m["event"], m["data"]) for m in group.log(reader) if m["seq"] > since]


# Inviting


def test_whoever_is_in_it_may_let_others_in(
    ann: Account, bo: Account, cy: Account, di: Account
) -> None:
    group = Group.of(ann, bo)
    shape = ok(group.invite(bo, di, cy, di)).data
    assert shape == ok(group.get(ann)).data
    assert list(group.roles(ann)) == [ann.uid, bo.uid, di.uid, cy.uid]
    assert told(group, ann, 1) == [("joined", {"by": bo.uid, "uids": [di.uid, cy.uid]})]
    # Who is in it already is passed over, alone or beside others, himself too.
    ok(group.leave(cy))
    ok(group.invite(bo, ann, bo, di))
    assert told(group, ann, 3) == []
    ok(group.invite(bo, ann, cy, bo))
    assert told(group, ann, 3) == [("joined", {"by": bo.uid, "uids": [cy.uid]})]
    # Nobody gets a role by being let in again.
    assert group.roles(bo) == {
        ann.uid: "owner",
        bo.uid: "member",
        di.uid: "member",
        cy.uid: "member",
    }


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({}, "required"),
        ({"uids": 7}, "type"),
        ({"uids": "7"}, "type"),
        ({"uids": [7.0]}, "type"),
        ({"uids": [-1]}, "range"),
    ],
)
def test_whom_nobody_can_let_in(ann: Account, fields: dict, rule: str) -> None:
    group = Group.of(ann)
    invalid(ann.call("POST", f"{group.path}/members", json=fields), "uids", rule)


def test_with_one_who_cannot_be_let_in_nobody_is(ann: Account, bo: Account, cy: Account) -> None:
    group = Group.of(ann)
    refused(ann.post(f"{group.path}/members", uids=[bo.uid, UNKNOWN]), 404, "not_found")
    ok(cy.call("PUT", f"/api/user/{ann.uid}/block"))
    refused(group.invite(ann, bo, cy), 403, "blocked")
    assert list(group.roles(ann)) == [ann.uid]
    assert group.seqs(ann) == [1]


def test_a_member_who_blocks_me_is_passed_over_as_any_other(
    ann: Account, bo: Account, cy: Account
) -> None:
    group = Group.of(ann, bo)
    ok(bo.call("PUT", f"/api/user/{ann.uid}/block"))
    ok(group.invite(ann, bo, cy))
    assert told(group, ann, 1) == [("joined", {"by": ann.uid, "uids": [cy.uid]})]


def test_an_outsider_learns_nothing_by_inviting(ann: Account, bo: Account, cy: Account) -> None:
    group = Group.of(ann)
    ok(cy.call("PUT", f"/api/user/{bo.uid}/block"))
    refused(group.invite(bo, cy), 403, "forbidden")
    refused(bo.post(f"{group.path}/members", uids=[UNKNOWN]), 403, "forbidden")


def test_a_group_has_room_for_so_many(servers: Callable[..., Server]) -> None:
    server = servers(chat_groupmax=5)
    ann, bo, *others = [Account.new(server) for _ in range(7)]
    uids = [one.uid for one in (bo, *others)]
    refused(ann.post("/api/groups", name="x", members=uids[:5]), 409, "conflict")
    assert ann.post("/api/groups", name="x", members=uids[:4]).status == 201
    group = Group.of(ann, bo)
    refused(group.invite(ann, *others[:4]), 409, "conflict")
    assert list(group.roles(ann)) == [ann.uid, bo.uid]
    ok(group.invite(bo, *others[:3]))
    code = group.link(ann, uses=1)
    refused(group.invite(ann, others[4]), 409, "conflict")
    refused(others[4].call("POST", f"/api/join/{code}"), 409, "conflict")
    # Who is in it takes no more room, and who has gone none.
    ok(group.invite(ann, bo))
    ok(group.leave(bo))
    # The refused one has not used the link.
    ok(others[4].call("POST", f"/api/join/{code}"))
    assert len(group.roles(ann)) == 5


async def test_of_many_who_are_let_in_at_once_no_more_than_fit(
    servers: Callable[..., Server],
) -> None:
    server = servers(chat_groupmax=5)
    ann, *others = [Account.new(server) for _ in range(9)]
    group = Group.of(ann)
    replies = await asyncio.gather(
        *(asyncio.to_thread(group.invite, ann, other) for other in others)
    )
    assert sorted(reply.status for reply in replies) == [200] * 4 + [409] * 4
    assert len(group.roles(ann)) == 5
    assert group.seqs(ann) == [1, 2, 3, 4, 5]


# Going


def test_who_may_remove_whom(ann: Account, bo: Account, cy: Account, di: Account) -> None:
    group = Group.of(ann, bo, cy, di)
    for who in (bo, cy):
        ok(group.put(ann, who, role="admin"))
    refused(group.remove(di, bo), 403, "forbidden")
    refused(group.remove(di, ann), 403, "forbidden")
    refused(group.remove(bo, cy), 403, "forbidden")
    refused(group.remove(bo, ann), 403, "forbidden")
    since = group.seqs(ann)[-1]
    assert ok(group.remove(bo, di)).data is None
    refused(group.remove(bo, di), 404, "not_found")
    refused(ann.call("DELETE", f"{group.path}/members/{UNKNOWN}"), 404, "not_found")
    ok(group.remove(ann, cy))
    assert told(group, ann, since) == [
        ("kicked", {"by": bo.uid, "uids": [di.uid]}),
        ("kicked", {"by": ann.uid, "uids": [cy.uid]}),
    ]
    assert group.roles(bo) == {ann.uid: "owner", bo.uid: "admin"}


def test_who_leaves_is_gone_and_cannot_leave_again(ann: Account, bo: Account) -> None:
    group = Group.of(ann, bo)
    ok(group.leave(bo))
    refused(group.leave(bo), 403, "forbidden")
    assert told(group, ann, 1) == [("left", {"by": bo.uid, "uids": [bo.uid]})]
    assert list(group.roles(ann)) == [ann.uid]


def test_the_administrator_of_longest_standing_comes_after_the_owner(
    ann: Account, bo: Account, cy: Account, di: Account
) -> None:
    group = Group.of(ann, bo, cy, di)
    # Of longest standing in the group, though he was made administrator last.
    for who in (di, cy):
        ok(group.put(ann, who, role="admin"))
    since = group.seqs(ann)[-1]
    ok(group.leave(ann))
    assert told(group, bo, since) == [
        ("role", {"by": ann.uid, "uids": [cy.uid], "role": "owner"}),
        ("left", {"by": ann.uid, "uids": [ann.uid]}),
    ]
    assert group.roles(bo) == {bo.uid: "member", cy.uid: "owner", di.uid: "admin"}
    assert ok(group.get(bo)).data["owner"] == cy.uid == group.row(bo)["group"]["owner"]


def test_without_an_administrator_it_is_the_member_of_longest_standing(
    ann: Account, bo: Account, cy: Account
) -> None:
    group = Group.of(ann, bo, cy)
    # He came first and has gone since: his time begins anew.
    ok(group.leave(bo))
    ok(group.invite(ann, bo))
    ok(group.leave(ann))
    assert group.roles(bo) == {cy.uid: "owner", bo.uid: "member"}


def test_the_last_one_to_leave_dissolves_the_group(ann: Account, bo: Account) -> None:
    group = Group.of(ann, bo)
    ok(group.leave(bo))
    ok(group.leave(ann))
    assert told(group, ann, 1)[-1] == ("dissolved", {"by": ann.uid})
    refused(group.get(ann), 404, "not_found")
    # Who had left before has nothing of it.
    assert group.seqs(bo) == [1, 2]


# Roles


def test_only_the_owner_gives_roles(ann: Account, bo: Account, cy: Account) -> None:
    group = Group.of(ann, bo, cy)
    ok(group.put(ann, bo, role="admin"))
    for by in (bo, cy):
        for role in ("admin", "member", "owner"):
            refused(group.put(by, cy if by is bo else bo, role=role), 403, "forbidden")
    refused(
        ann.call("PUT", f"{group.path}/members/{UNKNOWN}", json={"role": "admin"}), 404, "not_found"
    )
    invalid(group.put(ann, bo, role="boss"), "role", "unknown_value")
    invalid(group.put(ann, bo, role=7), "role", "type")
    since = group.seqs(ann)[-1]
    # What he is already is no event.
    shape = ok(group.put(ann, bo, role="admin")).data
    assert shape == ok(group.get(bo)).data
    ok(group.put(ann, bo, role="member"))
    assert told(group, ann, since) == [
        ("role", {"by": ann.uid, "uids": [bo.uid], "role": "member"})
    ]
    assert set(group.roles(ann).values()) == {"owner", "member"}


def test_a_group_is_handed_over_by_an_event_for_each_of_the_two(
    ann: Account, bo: Account, cy: Account
) -> None:
    group = Group.of(ann, bo, cy)
    shape = ok(group.put(ann, cy, role="owner")).data
    assert shape["owner"] == cy.uid
    assert group.roles(bo) == {ann.uid: "admin", bo.uid: "member", cy.uid: "owner"}
    events = told(group, bo, 1)
    assert sorted(events, key=lambda event: event[1]["role"]) == [
        ("role", {"by": ann.uid, "uids": [ann.uid], "role": "admin"}),
        ("role", {"by": ann.uid, "uids": [cy.uid], "role": "owner"}),
    ]
    refused(group.put(ann, bo, role="admin"), 403, "forbidden")
    refused(group.dissolve(ann), 403, "forbidden")
    ok(group.remove(cy, ann))


async def test_of_two_owners_at_one_moment_there_is_one(
    ann: Account, bo: Account, cy: Account
) -> None:
    group = Group.of(ann, bo, cy)
    replies = await asyncio.gather(
        *(asyncio.to_thread(group.put, ann, who, role="owner") for who in (bo, cy))
    )
    assert sorted(reply.status for reply in replies) == [200, 403]
    assert sorted(group.roles(bo).values()) == ["admin", "member", "owner"]


async def test_of_two_administrators_who_remove_one_the_second_finds_nobody(
    ann: Account, bo: Account, cy: Account, di: Account
) -> None:
    group = Group.of(ann, bo, cy, di)
    for who in (bo, cy):
        ok(group.put(ann, who, role="admin"))
    since = group.seqs(ann)[-1]
    replies = await asyncio.gather(
        *(asyncio.to_thread(group.remove, who, di) for who in (ann, bo, cy))
    )
    assert sorted(reply.status for reply in replies) == [200, 404, 404]
    ((event, _),) = told(group, ann, since)
    assert event == "kicked"


async def test_two_administrators_change_one_after_the_other(ann: Account, bo: Account) -> None:
    group = Group.of(ann, bo)
    ok(group.put(ann, bo, role="admin"))
    since = group.seqs(ann)[-1]
    names = [f"name {n}" for n in range(10)]
    replies = await asyncio.gather(
        *(
            asyncio.to_thread(group.change, (ann, bo)[n % 2], name=name)
            for n, name in enumerate(names)
        )
    )
    assert [reply.status for reply in replies] == [200] * 10
    events = told(group, ann, since)
    # The log tells what was decided in the order in which it was: the last one stands.
    assert sorted(data["name"] for _, data in events) == names
    assert events[-1][1]["name"] == ok(group.get(bo)).data["name"]


async def test_an_invitation_at_the_moment_of_the_end_is_before_it_or_refused(
    ann: Account, bo: Account, cy: Account
) -> None:
    for _ in range(5):
        group = Group.of(ann, bo)
        invited, ended = await asyncio.gather(
            asyncio.to_thread(group.invite, bo, cy), asyncio.to_thread(group.dissolve, ann)
        )
        ok(ended)
        events = [event for event, _ in group.events(ann)]
        if invited.status == 200:
            assert events == ["created", "joined", "dissolved"]
            assert group.seqs(cy) == [2, 3]
        else:
            refused(invited, 404, "not_found")
            assert events == ["created", "dissolved"]
            refused(group.at(cy, "/messages"), 403, "forbidden")


# Mutes


async def test_who_is_muted_writes_nothing_and_reads_all(ann: Account, bo: Account) -> None:
    group = Group.of(ann, bo)
    first = group.said(bo, id="first")
    until = now_ms() + 60 * MINUTE_MS
    async with bo.chat() as his:
        shape = ok(group.put(ann, bo, muted_until=until)).data
        assert [one["muted_until"] for one in shape["members"]] == [0, until]
        event = await his.push(MESSAGE, event="muted")
        assert event["data"] == {"by": ann.uid, "uids": [bo.uid], "until": until}
        is_refusal(await his.ask(1, conv=group.conv, content="x"), FORBIDDEN, "muted")
        refused(group.say(bo), 403, "muted")
        # What repeats a message that is stored is answered as it was.
        again = await his.ask(1, conv=group.conv, content="x", id="first")
        assert (again["seq"], again["duplicate"]) == (first, True)
        group.said(ann, "can you hear me?")
        assert (await his.push(MESSAGE, content="can you hear me?"))["from"] == ann.uid
        ok(group.put(ann, bo, muted_until=0))
        event = await his.push(MESSAGE, event="muted")
        assert event["data"] == {"by": ann.uid, "uids": [bo.uid], "until": 0}
        assert (await his.ask(1, conv=group.conv, content="x"))["code"] == SENT_OFFLINE


def test_a_role_and_an_end_of_the_silence_in_one_call(ann: Account, bo: Account) -> None:
    group = Group.of(ann, bo)
    until = now_ms() + 60_000
    ok(group.put(ann, bo, muted_until=until))
    shape = ok(group.put(ann, bo, role="admin", muted_until=0)).data
    assert [(one["role"], one["muted_until"]) for one in shape["members"]] == [
        ("owner", 0),
        ("admin", 0),
    ]
    shape = ok(group.put(ann, bo, role="member", muted_until=until)).data
    assert [(one["role"], one["muted_until"]) for one in shape["members"]] == [
        ("owner", 0),
        ("member", until),
    ]
    refused(group.put(ann, bo, role="nobody", muted_until=0), 400, "invalid_field")


def test_a_mute_ends_by_itself(ann: Account, bo: Account) -> None:
    group = Group.of(ann, bo)
    ok(group.put(ann, bo, muted_until=now_ms() + 400))
    refused(group.say(bo), 403, "muted")
    while (reply := group.say(bo)).status != 201:
        refused(reply, 403, "muted")
    (muted,) = [m for m in group.log(ann) if m["event" if "event" in m else "kind"] == "muted"]
    assert group.log(ann)[-1]["time"] >= muted["data"]["until"]


def test_who_may_mute_whom(ann: Account, bo: Account, cy: Account, di: Account) -> None:
    group = Group.of(ann, bo, cy, di)
    for who in (bo, cy):
        ok(group.put(ann, who, role="admin"))
    until = now_ms() + MINUTE_MS
    since = group.seqs(ann)[-1]
    ok(group.put(bo, di, muted_until=until))
    ok(group.put(bo, di, muted_until=until))
    for by, who in ((di, di), (di, bo), (bo, cy), (bo, ann)):
        reply = group.put(by, who, muted_until=until)
        assert reply.status == 403 or (by is who and reply.status == 400), reply
    invalid(group.put(ann, di, muted_until=-1), "muted_until", "range")
    invalid(group.put(ann, di, muted_until="x"), "muted_until", "type")
    refused(
        ann.call("PUT", f"{group.path}/members/{UNKNOWN}", json={"muted_until": until}),
        404,
        "not_found",
    )
    assert told(group, ann, since) == [("muted", {"by": bo.uid, "uids": [di.uid], "until": until})]


def test_who_is_let_in_again_is_not_muted_any_more(ann: Account, bo: Account) -> None:
    group = Group.of(ann, bo)
    ok(group.put(ann, bo, muted_until=now_ms() + MINUTE_MS))
    ok(group.remove(ann, bo))
    refused(group.say(bo), 403, "forbidden")
    ok(group.invite(ann, bo))
    group.said(bo)
