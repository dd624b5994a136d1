"""Groups as a whole: made, seen, changed and dissolved."""

from __future__ import annotations

import pytest

from tests.client import MESSAGE, SENT_OFFLINE, SENT_ONLINE, Account, is_refusal, seqs
from tests.grouped import Group, invalid, ok, refused

UNKNOWN = 2**53


def members(shape: dict) -> list[tuple[int, str, int]]:
    return [(one["uid"], one["role"], one["muted_until"]) for one in shape["members"]]


# Making


async def test_a_group_is_made_and_everybody_hears_all(
    ann: Account, bo: Account, cy: Account
) -> None:
    async with ann.chat() as hers, bo.chat() as his, cy.chat() as third:
        group = Group.of(ann, bo, cy)
        conv = group.conv
        for chat in (hers, his, third):
            event = await chat.push(MESSAGE, conv=conv, seq=1)
            assert (event["event"], event["from"], event["kind"]) == ("created", ann.uid, "system")
            data = {"by": ann.uid, "uids": [bo.uid, cy.uid], "name": "Lunch"}
            assert event["data"] == data and "Lunch" in event["content"]
            assert not event.get("silent")
        ack = await his.ask(1, conv=conv, content="hi all")
        assert (ack["code"], ack["seq"]) == (SENT_ONLINE, 2)
        for chat in (hers, third):
            assert (await chat.push(MESSAGE, conv=conv, seq=2))["content"] == "hi all"
        # Kicked: that event is the last one.
        ok(group.remove(ann, cy))
        for chat in (hers, his, third):
            event = await chat.push(MESSAGE, conv=conv, seq=3)
            assert (event["event"], event["data"]) == ("kicked", {"by": ann.uid, "uids": [cy.uid]})
        ack = await hers.ask(1, conv=conv, content="he is gone")
        assert (ack["code"], ack["seq"]) == (SENT_ONLINE, 4)
        await his.push(MESSAGE, conv=conv, seq=4)
        assert await third.rest_of(MESSAGE) == []
        is_refusal(await third.ask(1, conv=conv, content="still here?"), 40003, "forbidden")
        # Back in: from there on.
        ok(group.invite(bo, cy))
        for chat in (hers, his, third):
            assert (await chat.push(MESSAGE, conv=conv, seq=5))["event"] == "joined"
        assert (await third.ask(1, conv=conv, content="back"))["seq"] == 6
        ok(group.dissolve(ann))
        for chat in (hers, his, third):
            assert (await chat.push(MESSAGE, conv=conv, seq=7))["event"] == "dissolved"
        is_refusal(await his.ask(1, conv=conv, content="x"), 40003, "forbidden")
        assert seqs((await his.ask(2, conv=conv))["messages"])[-1] == 7


def test_a_new_group_has_the_shape_of_the_contract(ann: Account, bo: Account) -> None:
    # Whoever makes it is its owner, named or not, and nobody is in it twice.
    made = ann.post("/api/groups", name="Lunch", members=[bo.uid, ann.uid, bo.uid])
    assert made.status == 201
    shape = made.data
    assert {name: shape[name] for name in shape if name not in ("gid", "members")} == {
        "conv": f"g{shape['gid']}",
        "name": "Lunch",
        "announcement": "",
        "avatar": None,
        "owner": ann.uid,
        "speak": "all",
    }
    assert type(shape["gid"]) is int
    assert members(shape) == [(ann.uid, "owner", 0), (bo.uid, "member", 0)]
    assert shape["members"][1] == {
        "uid": bo.uid,
        "user_name": bo.name,
        "nickname": bo.name,
        "avatar": None,
        "role": "member",
        "muted_until": 0,
    }
    for reader in (ann, bo):
        assert ok(Group(shape).get(reader)).data == shape
    assert Group(shape).events(bo) == [
        ("created", {"by": ann.uid, "uids": [bo.uid], "name": "Lunch"})
    ]


async def test_alone_in_a_group(ann: Account) -> None:
    group = Group.of(ann)
    async with ann.chat() as hers, ann.on("phone/2").chat() as phone:
        # "Of another member": another socket of mine is none.
        assert (await hers.ask(1, conv=group.conv, content="x"))["code"] == SENT_OFFLINE
        assert (await phone.push(MESSAGE, conv=group.conv))["content"] == "x"


@pytest.mark.parametrize(
    ("fields", "field", "rule"),
    [
        ({"members": []}, "name", "required"),
        ({"name": None, "members": []}, "name", "type"),
        ({"name": 7, "members": []}, "name", "type"),
        ({"name": "", "members": []}, "name", "length"),
        ({"name": "x" * 65, "members": []}, "name", "length"),
        ({"name": "a\nb", "members": []}, "name", "control_characters"),
        ({"name": "a\x00b", "members": []}, "name", "control_characters"),
        ({"name": "a\u202eb", "members": []}, "name", "control_characters"),
        ({"name": "x"}, "members", "required"),
        ({"name": "x", "members": 7}, "members", "type"),
        ({"name": "x", "members": ["7"]}, "members", "type"),
        ({"name": "x", "members": [True]}, "members", "type"),
        ({"name": "x", "members": [1.0]}, "members", "type"),
        ({"name": "x", "members": [0]}, "members", "range"),
        ({"name": "x", "members": [2**63]}, "members", "range"),
    ],
)
def test_what_no_group_is_made_of(eve: Account, fields: dict, field: str, rule: str) -> None:
    invalid(eve.call("POST", "/api/groups", json=fields), field, rule)


def test_a_lone_surrogate_is_no_name(eve: Account) -> None:
    body = b'{"name": "a\\ud800", "members": []}'
    headers = {"Content-Type": "application/json"}
    invalid(eve.call("POST", "/api/groups", content=body, headers=headers), "name", "surrogate")


def test_a_body_that_is_none(ann: Account) -> None:
    group = Group.of(ann)
    for path in ("/api/groups", f"{group.path}/members"):
        refused(ann.call("POST", path), 400, "bad_request")
    refused(ann.call("PATCH", group.path), 400, "bad_request")
    refused(ann.call("PUT", f"{group.path}/members/{ann.uid}"), 400, "bad_request")


@pytest.mark.parametrize("name", ["食", "e\u0301" * 64, "👩‍👩‍👧‍👦", "\U0001f34f" * 64, " a  b "])
def test_a_name_is_given_back_as_it_was_sent(ann: Account, name: str) -> None:
    group = Group.of(ann, name=name)
    assert group.shape["name"] == ok(group.get(ann)).data["name"] == name
    assert group.row(ann)["group"]["name"] == name
    assert group.events(ann)[0][1]["name"] == name


def test_with_somebody_unknown_nobody_is_in_a_group(ann: Account, bo: Account) -> None:
    refused(ann.post("/api/groups", name="x", members=[bo.uid, UNKNOWN]), 404, "not_found")
    for reader in (ann, bo):
        assert reader.get("/api/conversations").data["conversations"] == []


def test_who_blocks_me_cannot_be_dragged_in(ann: Account, bo: Account, cy: Account) -> None:
    ok(bo.call("PUT", f"/api/user/{ann.uid}/block"))
    refused(ann.post("/api/groups", name="x", members=[cy.uid, bo.uid]), 403, "blocked")
    for reader in (ann, bo, cy):
        assert reader.get("/api/conversations").data["conversations"] == []
    # I may drag in whom I block, and others him who blocks me.
    Group.of(bo, ann)
    group = Group.of(cy, ann)
    refused(group.invite(ann, bo), 403, "blocked")
    assert list(group.roles(ann)) == [cy.uid, ann.uid]
    ok(group.invite(cy, bo))
    assert list(group.roles(ann)) == [cy.uid, ann.uid, bo.uid]
    # The block is of single messages.
    assert group.said(ann) == group.said(bo) - 1


# Seeing


def test_who_may_see_a_group(ann: Account, bo: Account, eve: Account) -> None:
    group = Group.of(ann, bo)
    refused(group.get(eve), 403, "forbidden")
    for gid in (UNKNOWN, 0, -1, 2**64, "x", "01x"):
        refused(ann.get(f"/api/groups/{gid}"), 404, "not_found")
    ok(group.remove(ann, bo))
    refused(group.get(bo), 403, "forbidden")
    refused(ann.call("POST", group.path), 405, "method_not_allowed")


def test_whatever_is_asked_of_a_group_that_is_none(eve: Account) -> None:
    path = f"/api/groups/{UNKNOWN}"
    for reply in (
        eve.call("PATCH", path, json={"name": "x"}),
        eve.call("DELETE", path),
        eve.post(f"{path}/members", uids=[eve.uid]),
        eve.call("DELETE", f"{path}/members/{eve.uid}"),
        eve.call("PUT", f"{path}/members/{eve.uid}", json={"role": "admin"}),
        eve.post(f"{path}/links"),
        eve.call("DELETE", f"{path}/links/abc"),
        eve.get(f"/api/conversations/g{UNKNOWN}/messages"),
        eve.get(f"/api/conversations/g{UNKNOWN}/reads"),
        eve.post(f"/api/conversations/g{UNKNOWN}/messages", content="x"),
        eve.get("/api/conversations/g0/messages"),
        eve.get("/api/conversations/g01/messages"),
        eve.get(f"/api/conversations/g{2**63}/messages"),
    ):
        refused(reply, 404, "not_found")


def test_whatever_is_asked_of_a_group_that_i_am_not_in(ann: Account, eve: Account) -> None:
    group = Group.of(ann)
    code = group.link(ann)
    for reply in (
        group.change(eve, name="x"),
        group.dissolve(eve),
        group.invite(eve, eve),
        group.leave(eve),
        group.remove(eve, ann),
        group.put(eve, ann, role="admin"),
        group.put(eve, ann, muted_until=1),
        eve.post(f"{group.path}/links"),
        eve.call("DELETE", f"{group.path}/links/{code}"),
        group.at(eve, "/messages"),
        group.at(eve, "/reads"),
        group.say(eve),
        eve.post(f"/api/conversations/{group.conv}/read", seq=1),
        eve.call("PATCH", f"/api/conversations/{group.conv}", json={"hidden": True}),
        eve.call("DELETE", f"/api/conversations/{group.conv}/messages/1"),
    ):
        refused(reply, 403, "forbidden")
    assert [event for event, _ in group.events(ann)] == ["created"]


# Changing


def test_a_change_tells_what_changed_and_nothing_else(ann: Account, bo: Account) -> None:
    group = Group.of(ann, bo)
    ok(group.put(ann, bo, role="admin"))
    changed = ok(group.change(bo, name="Dinner", speak="all")).data
    assert (changed["name"], changed["speak"]) == ("Dinner", "all")
    assert changed == ok(group.get(ann)).data
    ok(group.change(ann, announcement="At eight.\n\tBring wine.", speak="admins"))
    assert group.events(bo)[-2:] == [
        ("changed", {"by": bo.uid, "name": "Dinner"}),
        (
            "changed",
            {"by": ann.uid, "announcement": "At eight.\n\tBring wine.", "speak": "admins"},
        ),
    ]
    row = group.row(bo)
    assert (row["group"]["name"], row["last_message"]["event"]) == ("Dinner", "changed")
    before = group.seqs(ann)
    ok(group.change(ann, name="Dinner", announcement="At eight.\n\tBring wine."))
    assert group.seqs(ann) == before
    ok(group.change(ann, announcement=""))
    assert ok(group.get(bo)).data["announcement"] == ""


@pytest.mark.parametrize(
    ("fields", "field", "rule"),
    [
        ({"name": ""}, "name", "length"),
        ({"name": "x" * 65}, "name", "length"),
        ({"announcement": "x" * 2001}, "announcement", "length"),
        ({"announcement": "a\x00"}, "announcement", "control_characters"),
        ({"announcement": 7}, "announcement", "type"),
        ({"announcement": " \n "}, "announcement", "pattern"),
        ({"speak": "nobody"}, "speak", "unknown_value"),
        ({"avatar": 7}, "avatar", "type"),
    ],
)
def test_what_a_group_cannot_be_changed_to(
    ann: Account, fields: dict, field: str, rule: str
) -> None:
    group = Group.of(ann)
    invalid(group.change(ann, **({"name": "new"} | fields)), field, rule)
    assert ok(group.get(ann)).data == group.shape


def test_an_announcement_has_room_for_2000_characters(ann: Account) -> None:
    group = Group.of(ann)
    for text in ("x" * 2000, "e\u0301" * 2000, "字" * 2000):
        assert ok(group.change(ann, announcement=text)).data["announcement"] == text


def test_who_may_change_a_group(ann: Account, bo: Account, cy: Account) -> None:
    group = Group.of(ann, bo, cy)
    refused(group.change(bo, name="Mine"), 403, "forbidden")
    ok(group.put(ann, bo, role="admin"))
    assert ok(group.change(bo, name="Ours")).data["name"] == "Ours"
    refused(group.dissolve(bo), 403, "forbidden")
    refused(group.dissolve(cy), 403, "forbidden")
    refused(group.change(ann, avatar="no-such-medium"), 404, "not_found")


async def test_where_only_administrators_speak(ann: Account, bo: Account, cy: Account) -> None:
    group = Group.of(ann, bo, cy)
    ok(group.put(ann, bo, role="admin"))
    ok(group.change(ann, speak="admins"))
    refused(group.say(cy), 403, "muted")
    async with cy.chat() as third:
        is_refusal(await third.ask(1, conv=group.conv, content="x"), 40003, "muted")
        group.said(ann)
        group.said(bo)
        # He reads all the same.
        assert len(await third.rest_of(MESSAGE)) == 2
        ok(group.change(bo, speak="all"))
        assert (await third.ask(1, conv=group.conv, content="x"))["code"] == SENT_OFFLINE


# Dissolving


def test_what_is_left_of_a_dissolved_group(ann: Account, bo: Account, cy: Account) -> None:
    group = Group.of(ann, bo, cy)
    ok(group.put(ann, bo, role="admin"))
    code = group.link(ann)
    ok(group.remove(ann, cy))
    gone = group.seqs(cy)
    done = ok(group.dissolve(ann))
    assert done.data is None
    assert group.events(ann)[-1] == group.events(bo)[-1] == ("dissolved", {"by": ann.uid})
    for reply in (
        group.get(ann),
        group.get(bo),
        group.get(cy),
        group.change(ann, name="x"),
        group.dissolve(ann),
        group.invite(ann, cy),
        group.leave(bo),
        group.remove(ann, bo),
        group.put(ann, bo, role="member"),
        ann.post(f"{group.path}/links"),
        ann.call("DELETE", f"{group.path}/links/{code}"),
        cy.get(f"/api/join/{code}"),
        cy.call("POST", f"/api/join/{code}"),
    ):
        refused(reply, 404, "not_found")
    for who in (ann, bo, cy):
        refused(group.say(who), 403, "forbidden")
    # The history stays, to each as far as he was in it.
    assert group.seqs(ann) == group.seqs(bo) == list(range(1, 5))
    assert group.seqs(cy) == gone == [1, 2, 3]
