"""Conversations over REST: the list, pages of history, sending, reading, recalling."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.client import SENT_OFFLINE, SENT_ONLINE, STATE, Account, new_name, pair, seqs
from tests.running import PASSWORD, SECRET_TEXT, Reply, Server

FORBIDDEN, NOT_FOUND = (403, "forbidden"), (404, "not_found")


def url(one: Account, other: Account, rest: str = "") -> str:
    return f"/api/conversations/{pair(one, other)}{rest}"


def page(ann: Account, bo: Account, **query: object) -> Reply:
    return ann.get(url(ann, bo, "/messages"), **query)


@pytest.fixture(scope="module")
def thirty(server: Server) -> tuple[Account, Account]:
    """Two people with thirty messages, "1" to "30", in their conversation."""
    one, other = Account.new(server), Account.new(server)
    other.say(one, "1")
    for number in range(2, 31):
        one.say(other, str(number))
    return one, other


# Sending


def test_send_answers_201_with_what_frame_1_would(ann: Account, bo: Account) -> None:
    sent = ann.post(url(ann, bo, "/messages"), content=SECRET_TEXT)
    assert sent.status == 201
    assert set(sent.data) == {"code", "conv", "seq", "time"}
    assert (sent.data["code"], sent.data["conv"], sent.data["seq"]) == (
        SENT_OFFLINE,
        pair(ann, bo),
        1,
    )
    (message,) = page(bo, ann).data["messages"]
    assert message["id"]
    assert message == {
        "conv": pair(ann, bo),
        "seq": 1,
        "from": ann.uid,
        "kind": "text",
        "content": SECRET_TEXT,
        "time": sent.data["time"],
        "id": message["id"],
    }


async def test_send_pushes_to_every_socket_of_both(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        sent = ann.post(url(ann, bo, "/messages"), content="by REST", id="from-rest")
        assert (sent.status, sent.data["code"]) == (201, SENT_ONLINE)
        for chat in (hers, his):
            pushed = await chat.push(50001)
            assert (pushed["content"], pushed["id"]) == ("by REST", "from-rest")


def test_a_repeated_id_is_stored_once_and_answered_201_again(ann: Account, bo: Account) -> None:
    id = str(uuid.uuid4())
    first = ann.post(url(ann, bo, "/messages"), content="once", id=id)
    again = ann.post(url(ann, bo, "/messages"), content="another text", id=id)
    assert again.status == 201 and again.data["duplicate"] is True
    assert again.data["code"] in (SENT_ONLINE, SENT_OFFLINE)
    for name in ("conv", "seq", "time"):
        assert again.data[name] == first.data[name]
    assert [m["content"] for m in page(bo, ann).data["messages"]] == ["once"]
    # It is the sender's own id, in that conversation.
    assert bo.post(url(ann, bo, "/messages"), content="his", id=id).data["seq"] == 2
    assert "duplicate" not in ann.post(url(ann, ann, "/messages"), content="note", id=id).data


@pytest.mark.parametrize(
    ("fields", "broken"),
    [
        ({}, ("content", "required")),
        ({"content": None}, ("content", "type")),
        ({"content": 7}, ("content", "type")),
        ({"content": ""}, ("content", "length")),
        ({"content": "x" * 4001}, ("content", "length")),
        ({"content": " \n\t "}, ("content", "pattern")),
        ({"content": "\u3000"}, ("content", "pattern")),
        ({"content": "a\x00"}, ("content", "control_characters")),
        ({"content": "a\x1b[0m"}, ("content", "control_characters")),
        ({"content": "a\x7f"}, ("content", "control_characters")),
        ({"content": "a\x85"}, ("content", "control_characters")),
        ({"content": "\ud83d"}, ("content", "surrogate")),
        ({"content": "x", "kind": "system"}, ("kind", "unknown_value")),
        ({"content": "x", "kind": "recalled"}, ("kind", "unknown_value")),
        ({"content": "x", "kind": 1}, ("kind", "type")),
        ({"content": "none/such", "kind": "sticker"}, ("content", "unknown_value")),
        ({"content": "x", "id": ""}, ("id", "length")),
        ({"content": "x", "id": "x" * 65}, ("id", "length")),
        ({"content": "x", "id": "a b"}, ("id", "pattern")),
        ({"content": "x", "id": "ü"}, ("id", "pattern")),
        ({"content": "x", "id": 5}, ("id", "type")),
        ({"content": "x", "reply_to": "1"}, ("reply_to", "type")),
        ({"content": "x", "reply_to": -1}, ("reply_to", "range")),
        ({"content": "x", "reply_to": 2**63}, ("reply_to", "range")),
        ({"content": "x", "mentions": "everyone"}, ("mentions", "unknown_value")),
        ({"content": "x", "mentions": 5}, ("mentions", "type")),
        ({"content": "x", "mentions": ["1"]}, ("mentions", "type")),
        ({"content": "x", "mentions": [True]}, ("mentions", "type")),
    ],
)
def test_a_field_that_breaks_a_rule_is_named_with_the_rule(
    eve: Account, fields: dict[str, Any], broken: tuple[str, str]
) -> None:
    assert eve.post(url(eve, eve, "/messages"), **fields).broken == broken


def test_what_a_message_refers_to_must_be_there(ann: Account, bo: Account) -> None:
    messages = url(ann, bo, "/messages")
    assert ann.post(messages, content="x", reply_to=1).refusal == NOT_FOUND
    ann.say(bo)
    assert ann.say(bo, "an answer", reply_to=1) == 2
    assert page(ann, bo).data["messages"][1]["reply_to"] == 1
    assert ann.post(messages, content="no-such-medium", kind="image").refusal == NOT_FOUND
    assert ann.post(messages, content="x", mentions="all").refusal == FORBIDDEN


def test_mentions_keep_the_members_alone(ann: Account, bo: Account, eve: Account) -> None:
    ann.say(bo, "@bo", mentions=[bo.uid, eve.uid, bo.uid, 999_999_999])
    assert page(bo, ann).data["messages"][0]["mentions"] == [bo.uid]
    (row,) = bo.get("/api/conversations").data["conversations"]
    assert row["mention_seq"] == 1
    bo.post(url(ann, bo, "/read"), seq=1)
    (row,) = bo.get("/api/conversations").data["conversations"]
    assert row["mention_seq"] == 0


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇨🇳 ❤️ #️⃣",
        "中文、にほんご、한국어",
        "العربية \u202bمن اليمين\u202c",
        "हिन्दी ไทย ქართული አማርኛ",
        "é e\u0301 Å A\u030a \u1e9b\u0323",
        "line\nline\r\n\ttab",
        "  spaces at both ends \u00a0",
        "\u200d\ufe0f\u200b\u2066\u2069\u202e",
        "𠜎𠜱 𝔘𝔫𝔦 \U0010fffd \ue000 \uffff",
        "</script><b>&amp;\\u0041\\n\"'`${x}",
        "😀" * 4000,
        "e\u0301" * 4000,
    ],
)
def test_every_script_is_given_back_byte_for_byte(eve: Account, text: str) -> None:
    seq = eve.say(eve, text)
    read = eve.get(url(eve, eve, "/messages"), after=seq - 1)
    assert [m["content"] for m in read.data["messages"]] == [text]


def test_somebody_elses_conversation_is_forbidden_whether_there_is_one_or_not(
    thirty: tuple[Account, Account], eve: Account
) -> None:
    one, other = thirty
    for conv in (pair(one, other), f"{one.uid}:{one.uid}", "999999998:999999999"):
        base = f"/api/conversations/{conv}"
        for answer in (
            eve.get(f"{base}/messages"),
            eve.post(f"{base}/messages", content="x"),
            eve.post(f"{base}/read", seq=1),
            eve.get(f"{base}/reads"),
            eve.call("PATCH", base, json={"muted": True}),
            eve.call("DELETE", f"{base}/messages/1"),
        ):
            assert answer.refusal == FORBIDDEN


@pytest.mark.parametrize(
    "conv",
    "x 1 : 1: 0:1 -1:1 01:2 2:1 1:2:3 g g0 gx 1:x 1%3A2%00 １:２ 99999999999999999999:1".split(),
)
def test_a_malformed_conversation_is_not_found(eve: Account, conv: str) -> None:
    base = f"/api/conversations/{conv}"
    assert eve.get(f"{base}/messages").refusal == NOT_FOUND
    assert eve.post(f"{base}/messages", content="x").refusal == NOT_FOUND


def test_an_unknown_person_or_group_is_not_found(eve: Account) -> None:
    for conv in (f"{eve.uid}:999999999999", "g999999999"):
        assert eve.get(f"/api/conversations/{conv}/messages").refusal == NOT_FOUND
        assert eve.post(f"/api/conversations/{conv}/messages", content="x").refusal == NOT_FOUND


def test_my_own_pair_without_a_message_is_empty(ann: Account, bo: Account) -> None:
    assert page(ann, bo).data == {"messages": [], "end": True}
    assert page(ann, ann).data == {"messages": [], "end": True}
    assert ann.get(url(ann, bo, "/reads")).data == {str(ann.uid): 0, str(bo.uid): 0}
    assert ann.get(url(ann, ann, "/reads")).data == {str(ann.uid): 0}
    assert ann.post(url(ann, bo, "/read"), seq=5).data["seq"] == 0
    assert ann.get("/api/conversations").data == {"conversations": [], "next": None}


# Pages


@pytest.mark.parametrize(
    ("query", "first", "last", "end"),
    [
        ({}, 11, 30, False),
        ({"limit": 30}, 1, 30, True),
        ({"limit": 29}, 2, 30, False),
        ({"limit": 100}, 1, 30, True),
        ({"limit": 1}, 30, 30, False),
        ({"before": 11}, 1, 10, True),
        ({"before": 11, "limit": 10}, 1, 10, True),
        ({"before": 11, "limit": 9}, 2, 10, False),
        ({"before": 31, "limit": 1}, 30, 30, False),
        ({"before": 1000, "limit": 2}, 29, 30, False),
        ({"after": 0}, 1, 20, False),
        ({"after": 10}, 11, 30, True),
        ({"after": 10, "limit": 20}, 11, 30, True),
        ({"after": 10, "limit": 19}, 11, 29, False),
        ({"after": 29}, 30, 30, True),
        ({"after": 5, "before": 9}, 6, 8, True),
        ({"after": 5, "before": 9, "limit": 2}, 6, 7, False),
        ({"after": 5, "before": 9, "limit": 3}, 6, 8, True),
        ({"after": 28, "before": 99}, 29, 30, True),
        ({"around": 15, "limit": 5}, 13, 17, False),
        ({"around": 15, "limit": 4}, 13, 16, False),
        ({"around": 15, "limit": 1}, 15, 15, False),
        ({"around": 1, "limit": 5}, 1, 5, False),
        ({"around": 30, "limit": 5}, 26, 30, True),
        ({"around": 29, "limit": 5}, 26, 30, True),
        ({"around": 28, "limit": 5}, 26, 30, True),
        ({"around": 27, "limit": 5}, 25, 29, False),
        ({"around": 15}, 5, 24, False),
        ({"around": 15, "limit": 100}, 1, 30, True),
    ],
)
def test_pages_are_exact(
    thirty: tuple[Account, Account], query: dict[str, int], first: int, last: int, end: bool
) -> None:
    answer = page(*thirty, **query)
    assert answer.status == 200
    assert seqs(answer.data["messages"]) == list(range(first, last + 1))
    assert [m["content"] for m in answer.data["messages"]] == [
        str(seq) for seq in range(first, last + 1)
    ]
    assert answer.data["end"] is end


@pytest.mark.parametrize(
    "query", [{"before": 1}, {"after": 30}, {"after": 99}, {"after": 9, "before": 10}]
)
def test_a_page_with_nothing_in_it_is_the_end(
    thirty: tuple[Account, Account], query: dict[str, int]
) -> None:
    assert page(*thirty, **query).data == {"messages": [], "end": True}


@pytest.mark.parametrize(
    ("query", "broken"),
    [
        ({"limit": 0}, ("limit", "range")),
        ({"limit": 101}, ("limit", "range")),
        ({"limit": -1}, ("limit", "range")),
        ({"limit": "x"}, ("limit", "type")),
        ({"limit": ""}, ("limit", "type")),
        ({"limit": "1.0"}, ("limit", "type")),
        ({"before": "x"}, ("before", "type")),
        ({"before": -1}, ("before", "range")),
        ({"before": 2**63}, ("before", "range")),
        ({"after": -1}, ("after", "range")),
        ({"around": "x"}, ("around", "type")),
        ({"around": 5, "before": 9}, ("around", "conflict")),
        ({"around": 5, "after": 1}, ("around", "conflict")),
    ],
)
def test_numbers_out_of_their_range_are_refused_and_not_clamped(
    thirty: tuple[Account, Account], query: dict[str, object], broken: tuple[str, str]
) -> None:
    assert page(*thirty, **query).broken == broken


def test_a_page_is_cut_at_256_kib_and_never_to_nothing(ann: Account) -> None:
    for _ in range(20):
        ann.say(ann, "😀" * 4000)
    read: list[int] = []
    end = False
    while not end:
        answer = ann.server.http.get(
            url(ann, ann, "/messages"),
            params={"after": read[-1] if read else 0, "limit": 100},
            headers=ann.headers,
        )
        assert len(answer.content) <= 256 * 1024
        data = answer.json()["data"]
        assert data["messages"]
        read += seqs(data["messages"])
        end = data["end"]
    assert read == list(range(1, 21))
    # Backwards it is the older end that is cut.
    latest = ann.get(url(ann, ann, "/messages"), limit=100).data
    assert latest["end"] is False
    assert seqs(latest["messages"])[-1] == 20 and 1 < len(latest["messages"]) < 20


# Reading


async def test_read_moves_forward_alone_and_tells_when_it_moved(ann: Account, bo: Account) -> None:
    for _ in range(3):
        ann.say(bo)
    async with ann.chat() as hers, bo.chat() as his:
        read = bo.post(url(ann, bo, "/read"), seq=2)
        assert read.data == {"conv": pair(ann, bo), "uid": bo.uid, "seq": 2}
        for chat in (hers, his):
            assert (await chat.push(50009))["seq"] == 2
        assert bo.post(url(ann, bo, "/read"), seq=1).data["seq"] == 2
        assert bo.post(url(ann, bo, "/read"), seq=99).data["seq"] == 3
        assert (await hers.push(50009))["seq"] == 3
        assert await hers.rest_of(50009) == []
    assert ann.get(url(ann, bo, "/reads")).data == {str(ann.uid): 3, str(bo.uid): 3}


@pytest.mark.parametrize(
    ("fields", "rule"), [({}, "required"), ({"seq": "1"}, "type"), ({"seq": -1}, "range")]
)
def test_read_takes_a_seq(eve: Account, fields: dict[str, object], rule: str) -> None:
    assert eve.post(url(eve, eve, "/read"), **fields).broken == ("seq", rule)


# Recalling


def test_a_recall_takes_the_content_and_leaves_an_event(ann: Account, bo: Account) -> None:
    bo.say(ann, "before")
    seq = ann.say(bo, SECRET_TEXT, reply_to=1, mentions=[bo.uid])
    done = ann.call("DELETE", url(ann, bo, f"/messages/{seq}"))
    assert done.status == 200
    assert done.data == {"code": 50012, "conv": pair(ann, bo), "seq": 2, "event_seq": 3}
    again = ann.call("DELETE", url(ann, bo, f"/messages/{seq}"))
    assert again.data == done.data
    messages = page(bo, ann).data["messages"]
    assert seqs(messages) == [1, 2, 3]
    target, event = messages[1:]
    assert (target["kind"], target["content"]) == ("recalled", "")
    assert not {"meta", "mentions", "reply_to", "reactions"} & set(target)
    assert (event["kind"], event["event"], event["silent"]) == ("system", "recalled", True)
    assert event["from"] == ann.uid
    assert event["data"] == {"target": 2, "by": ann.uid}
    assert event["message"] == target
    (row,) = bo.get("/api/conversations").data["conversations"]
    assert row["last_seq"] == 3
    assert (row["last_message"]["seq"], row["last_message"]["kind"]) == (2, "recalled")
    assert row["updated_at"] == target["time"]
    # A repeat of what was sent still gets its first answer.
    assert ann.post(url(ann, bo, "/messages"), content="x", id=target["id"]).data["seq"] == 2


def test_who_may_recall_what(ann: Account, bo: Account) -> None:
    seq = ann.say(bo)
    base = url(ann, bo, "/messages")
    assert bo.call("DELETE", f"{base}/{seq}").refusal == FORBIDDEN
    for unknown in ("0", "-1", "99", "x", str(2**63)):
        assert ann.call("DELETE", f"{base}/{unknown}").refusal == NOT_FOUND
    event = ann.call("DELETE", f"{base}/{seq}").data["event_seq"]
    assert ann.call("DELETE", f"{base}/{event}").refusal == FORBIDDEN
    assert page(ann, bo).data["messages"][0]["kind"] == "recalled"


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


# Strangers, rates, time


def test_a_stranger_waits_for_an_answer_after_three_messages(ann: Account, bo: Account) -> None:
    messages = url(ann, bo, "/messages")
    for number in range(3):
        assert ann.post(messages, content="hello", id=f"s{number}").status == 201
    assert ann.post(messages, content="hello?").refusal == (429, "await_reply")
    again = ann.post(messages, content="hello", id="s1")
    assert again.status == 201 and again.data["duplicate"] is True
    assert [m["seq"] for m in page(ann, bo).data["messages"]] == [1, 2, 3]
    bo.say(ann, "yes?")
    for number in range(5):
        assert ann.say(bo) == 5 + number


def test_own_notes_have_no_stranger(ann: Account) -> None:
    assert [ann.say(ann) for _ in range(6)] == [1, 2, 3, 4, 5, 6]


def test_messages_are_limited_by_rate_with_a_true_retry_after(strict: Server) -> None:
    headers = {"X-Forwarded-For": "192.0.2.60"}
    body = {"user_name": new_name(), "password": PASSWORD}
    made = strict.call("POST", "/api/user/register", json=body, headers=headers)
    ann = Account(strict, str(body["user_name"]), made.data["uid"])
    login = strict.call("POST", "/api/user/login", json=body, headers=headers)
    ann.token = login.data["token"]
    answers = [ann.post(url(ann, ann, "/messages"), content="x") for _ in range(12)]
    statuses = [answer.status for answer in answers]
    assert statuses[:6] == [201] * 6  # three times the two a second
    limited = answers[statuses.index(429)]
    assert limited.refusal == (429, "rate_limited")
    assert int(limited.headers["retry-after"]) == 1


def test_around_keeps_what_was_asked_for_when_the_page_is_cut(ann: Account, bo: Account) -> None:
    bo.say(ann)
    for _ in range(40):
        ann.say(bo, "\U0001f600" * 4000)
    path = f"/api/conversations/{pair(ann, bo)}/messages"
    for seq in (1, 18, 30, 41):
        page = bo.get(path, around=seq, limit=40)
        seqs = [message["seq"] for message in page.data["messages"]]
        assert seq in seqs and seqs == list(range(seqs[0], seqs[-1] + 1))
        assert page.data["end"] == (seqs[-1] == 41)
        assert 12 <= len(seqs) <= 16


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
