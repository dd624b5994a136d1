"""Searching over HTTP: what a query may ask for, and what the answer looks like."""

from __future__ import annotations

import pytest

from tests.client import Account, pair, url
from tests.grouped import Group, ok
from tests.running import Reply, Server


def search(who: Account, q: str, **query: object) -> Reply:
    return who.get("/api/search", q=q, **query)


def found(who: Account, q: str, **query: object) -> list[tuple[str, int]]:
    answer = search(who, q, **query)
    assert answer.status == 200, answer
    assert set(answer.data) == {"results", "next"}
    return [(one["message"]["conv"], one["message"]["seq"]) for one in answer.data["results"]]


def test_messages_that_contain_it_newest_first(server: Server, ann: Account, bo: Account) -> None:
    carl = Account.new(server)
    ann.say(bo, "Dinner at 八点?")
    bo.say(ann, "ＤＩＮＮＥＲ, yes")
    ann.say(carl, "no dinner today")
    ann.say(ann, "八")
    assert found(ann, "dinner") == [(pair(ann, carl), 1), (pair(ann, bo), 2), (pair(ann, bo), 1)]
    assert found(ann, "八") == [(pair(ann, ann), 1), (pair(ann, bo), 1)]
    assert found(bo, "inne") == [(pair(ann, bo), 2), (pair(ann, bo), 1)]
    assert found(carl, "八") == []
    newest = search(bo, "dinner").data["results"][0]
    assert newest["highlight"] == [[0, 6]]
    assert newest["message"]["content"] == "ＤＩＮＮＥＲ, yes"
    listed = bo.get(url(ann, bo, "/messages")).data["messages"][-1]
    assert newest["message"] == listed


def test_several_words_are_one_text(ann: Account, bo: Account) -> None:
    ann.say(bo, "green tea and milk")
    assert found(ann, "tea and") and not found(ann, "green milk")


def test_recalled_is_not_found(ann: Account, bo: Account) -> None:
    seq = ann.say(bo, "secret plan")
    assert found(bo, "plan")
    ann.call("DELETE", url(ann, bo, f"/messages/{seq}"))
    assert found(bo, "plan") == [] and found(ann, "recalled") == [] and found(ann, "撤回") == []


def test_filters_and_pages(ann: Account, bo: Account) -> None:
    for n in range(5):
        (ann, bo)[n % 2].say((bo, ann)[n % 2], f"tea {n}")
    ann.say(ann, "tea for me")
    conv = pair(ann, bo)
    assert len(found(ann, "tea", conv=conv)) == 5
    assert found(ann, "tea", **{"from": bo.uid}) == [(conv, 4), (conv, 2)]
    assert len(found(ann, "tea", kind="text")) == 6 and found(ann, "tea", kind="image") == []
    first = search(ann, "tea", limit=4)
    assert len(first.data["results"]) == 4 and isinstance(first.data["next"], str)
    rest = search(ann, "tea", cursor=first.data["next"])
    assert [r["message"]["seq"] for r in rest.data["results"]] == [2, 1]
    assert rest.data["next"] is None


def test_whose_conversation_it_is(server: Server, ann: Account, bo: Account, eve: Account) -> None:
    ann.say(bo, "tea")
    assert search(eve, "tea", conv=pair(ann, bo)).refusal == (403, "forbidden")
    assert search(eve, "tea", conv="g999999").refusal == (404, "not_found")
    assert found(eve, "tea", conv=pair(eve, bo)) == []


def test_of_a_group_what_lies_between_coming_and_going(
    ann: Account, bo: Account, cy: Account
) -> None:
    group = Group.of(ann, bo)
    for text in ("tea before", "tea before too"):
        group.said(ann, text)
    ok(group.invite(ann, cy))
    group.said(bo, "tea meanwhile")
    ok(group.remove(ann, cy))
    group.said(ann, "tea after")
    conv = group.conv
    assert found(bo, "tea") == [(conv, 7), (conv, 5), (conv, 3), (conv, 2)]
    assert found(cy, "tea") == found(cy, "tea", conv=conv) == [(conv, 5)]
    assert found(cy, "before") == [] and found(cy, "after", limit=1) == []


def test_an_edit_is_found_by_what_it_says_now(ann: Account, bo: Account) -> None:
    seq = ann.say(bo, "tea at five")
    assert found(bo, "five")
    edited = ann.call("PATCH", url(ann, bo, f"/messages/{seq}"), json={"content": "tea at six"})
    assert edited.status == 200, edited
    assert found(bo, "five") == [] and found(bo, "six") == [(pair(ann, bo), seq)]


@pytest.mark.parametrize(
    ("query", "field", "rule"),
    [
        ({}, "q", "required"),
        ({"q": ""}, "q", "length"),
        ({"q": "x" * 101}, "q", "length"),
        ({"q": "  "}, "q", "pattern"),
        ({"q": "a\x00"}, "q", "control_characters"),
        ({"q": "a", "conv": ""}, "conv", "pattern"),
        ({"q": "a", "conv": "nonsense"}, "conv", "pattern"),
        ({"q": "a", "conv": "2:1"}, "conv", "pattern"),
        ({"q": "a", "conv": "1:2" * 100}, "conv", "pattern"),
        ({"q": "a", "from": "x"}, "from", "type"),
        ({"q": "a", "from": 0}, "from", "range"),
        ({"q": "a", "kind": "letter"}, "kind", "unknown_value"),
        ({"q": "a", "cursor": "nonsense"}, "cursor", "unknown_value"),
        ({"q": "a", "cursor": ""}, "cursor", "unknown_value"),
        ({"q": "a", "cursor": "W10="}, "cursor", "unknown_value"),
        ({"q": "a", "cursor": "é"}, "cursor", "unknown_value"),
        ({"q": "a", "limit": 0}, "limit", "range"),
        ({"q": "a", "limit": 101}, "limit", "range"),
        ({"q": "a", "limit": "ten"}, "limit", "type"),
    ],
)
def test_what_a_query_may_not_ask_for(
    eve: Account, query: dict[str, object], field: str, rule: str
) -> None:
    assert eve.get("/api/search", **query).broken == (field, rule)


def test_half_a_character(eve: Account) -> None:
    answer = eve.call("GET", "/api/search?q=%ED%A0%80")
    assert answer.broken == ("q", "surrogate")


def test_a_cursor_of_the_list_of_conversations(server: Server, ann: Account, bo: Account) -> None:
    ann.say(bo, "tea")
    ann.say(ann, "tea")
    foreign = ann.get("/api/conversations", limit=1).data["next"]
    assert foreign and search(ann, "tea", cursor=foreign).broken == ("cursor", "unknown_value")
    own = search(ann, "tea", limit=1).data["next"]
    assert ann.get("/api/conversations", cursor=own).broken == ("cursor", "unknown_value")
    assert search(ann, "te", cursor=own).broken == ("cursor", "unknown_value")


def test_a_hundred_characters_of_four_bytes(ann: Account) -> None:
    ann.say(ann, "𠀀" * 100)
    assert len(found(ann, "𠀀" * 100)) == 1


def test_it_takes_a_token(server: Server) -> None:
    assert server.call("GET", "/api/search?q=a").refusal == (401, "token_missing")
