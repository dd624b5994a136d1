"""The list of conversations, and what each person prefers about his."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import STATE, Account, page, pair, url
from tests.running import Server

# The list


def test_the_list_has_the_newest_first_with_all_that_a_row_needs(
    server: Server, ann: Account, bo: Account
) -> None:
    carl = Account.new(server)
    bo.say(ann, "one")
    bo.say(ann, "two")
    ann.say(carl, "three")
    answer = ann.get("/api/conversations")
    assert answer.status == 200 and set(answer.data) == {"conversations", "next"}
    newest, older = answer.data["conversations"]
    assert answer.data["next"] is None
    assert (newest["conv"], older["conv"]) == (pair(ann, carl), pair(ann, bo))
    last = older.pop("last_message")
    assert (last["seq"], last["content"], last["from"]) == (2, "two", bo.uid)
    assert older == {
        "conv": pair(ann, bo),
        "type": "single",
        "peer": {
            "uid": bo.uid,
            "user_name": bo.name,
            "nickname": bo.name,
            "avatar": None,
            "online": False,
        },
        "last_seq": 2,
        "first_seq": 1,
        "read_seq": 0,
        "peer_read_seq": 2,
        "unread": 2,
        "mention_seq": 0,
        "updated_at": last["time"],
        "muted": False,
        "pinned": False,
    }
    assert (newest["unread"], newest["read_seq"], newest["peer_read_seq"]) == (0, 1, 0)


def test_own_notes_are_a_conversation_with_oneself(ann: Account) -> None:
    ann.say(ann, "note")
    (row,) = ann.get("/api/conversations").data["conversations"]
    assert row["conv"] == f"{ann.uid}:{ann.uid}" and row["type"] == "single"
    assert row["peer"]["uid"] == ann.uid
    assert (row["unread"], row["read_seq"]) == (0, 1)


def test_the_list_comes_in_pages_by_a_cursor(server: Server, ann: Account) -> None:
    others = [Account.new(server) for _ in range(5)]
    for other in others:
        ann.say(other)
    newest_first = [pair(ann, other) for other in reversed(others)]
    found: list[str] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor is not None:
        query: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        data = ann.get("/api/conversations", **query).data
        found += [row["conv"] for row in data["conversations"]]
        cursor, pages = data["next"], pages + 1
    assert (found, pages) == (newest_first, 3)
    assert ann.get("/api/conversations", limit=5).data["next"] is None
    # What becomes newer meanwhile does not push the rest about.
    first = ann.get("/api/conversations", limit=2).data
    ann.say(others[0])
    second = ann.get("/api/conversations", limit=2, cursor=first["next"]).data
    assert [row["conv"] for row in second["conversations"]] == newest_first[2:4]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "bm9uZQ=="}, "cursor"),
        ({"cursor": "W10="}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "x"}, "limit"),
    ],
)
def test_a_cursor_that_the_list_never_gave_is_refused(
    eve: Account, query: dict[str, object], field: str
) -> None:
    assert eve.get("/api/conversations", **query).broken[0] == field


# What I prefer


async def test_preferences_are_mine_alone_and_told_to_my_sockets(ann: Account, bo: Account) -> None:
    ann.say(bo)
    async with ann.chat() as hers, bo.chat() as his:
        changed = ann.call("PATCH", url(ann, bo), json={"muted": True, "pinned": True})
        assert changed.status == 200
        assert changed.data["muted"] is True and changed.data["pinned"] is True
        told = await hers.push(STATE)
        assert told == {
            "code": STATE,
            "what": "conversation",
            "conv": pair(ann, bo),
            "muted": True,
            "pinned": True,
            "hidden": False,
        }
        assert await his.rest() == []
        (row,) = ann.get("/api/conversations").data["conversations"]
        assert (row["muted"], row["pinned"]) == (True, True)
        (row,) = bo.get("/api/conversations").data["conversations"]
        assert (row["muted"], row["pinned"]) == (False, False)
        ann.call("PATCH", url(ann, bo), json={"muted": False})
        (row,) = ann.get("/api/conversations").data["conversations"]
        assert (row["muted"], row["pinned"]) == (False, True)


def test_a_hidden_conversation_comes_back_with_its_next_message(ann: Account, bo: Account) -> None:
    def listed(who: Account) -> list[str]:
        return [row["conv"] for row in who.get("/api/conversations").data["conversations"]]

    seq = ann.say(bo)
    assert ann.call("PATCH", url(ann, bo), json={"hidden": True}).status == 200
    assert listed(ann) == [] and listed(bo) == [pair(ann, bo)]
    ann.call("DELETE", url(ann, bo, f"/messages/{seq}"))  # its event is silent
    assert listed(ann) == []
    bo.say(ann)
    assert listed(ann) == [pair(ann, bo)]
    ann.call("PATCH", url(ann, bo), json={"hidden": True})
    ann.call("PATCH", url(ann, bo), json={"hidden": False})
    assert listed(ann) == [pair(ann, bo)]
    ann.call("PATCH", url(ann, bo), json={"hidden": True})
    assert page(ann, bo).data["messages"][-1]["from"] == bo.uid  # hidden is not gone
    assert ann.say(bo) == 4
    assert listed(ann) == [pair(ann, bo)]


@pytest.mark.parametrize("name", ["muted", "pinned", "hidden"])
def test_a_preference_is_true_or_false(eve: Account, name: str) -> None:
    for value in (1, 0, "true", []):
        answer = eve.call("PATCH", url(eve, eve), json={name: value})
        assert answer.broken == (name, "type")


def test_mention_seq_is_the_newest_unread_mention_as_it_stands(ann: Account, bo: Account) -> None:
    conv = pair(ann, bo)

    def mention_seq() -> int:
        (row,) = bo.get("/api/conversations").data["conversations"]
        return int(row["mention_seq"])

    bo.say(ann)
    older = ann.say(bo, mentions=[bo.uid])
    newer = ann.say(bo, mentions=[bo.uid])
    assert mention_seq() == newer
    ann.call("DELETE", f"/api/conversations/{conv}/messages/{newer}")
    assert mention_seq() == older
    ann.call("DELETE", f"/api/conversations/{conv}/messages/{older}")
    assert mention_seq() == 0
    for _ in range(20):
        ann.say(bo)
        newest = ann.say(bo, mentions=[bo.uid])
        assert mention_seq() == newest
        bo.post(f"/api/conversations/{conv}/read", seq=newest)
        assert mention_seq() == 0


def test_preferences_that_do_not_change_are_answered_alike(ann: Account, bo: Account) -> None:
    ann.say(bo)
    path = f"/api/conversations/{pair(ann, bo)}"
    first = ann.call("PATCH", path, json={"muted": True})
    assert ann.call("PATCH", path, json={"muted": True}).data == first.data
