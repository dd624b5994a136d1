"""Messages over REST: sending, recalling, and the limits of both."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.client import READ, SENT_OFFLINE, SENT_ONLINE, Account, page, pair, seqs, url
from tests.running import SECRET_TEXT, Server

FORBIDDEN, NOT_FOUND = (403, "forbidden"), (404, "not_found")


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


def test_what_a_message_by_rest_refers_to_must_be_there(ann: Account, bo: Account) -> None:
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
    read = bo.post(url(ann, bo, "/read"), seq=1)
    assert read.data == {"code": READ, "conv": pair(ann, bo), "uid": bo.uid, "seq": 1}
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
    ann: Account, bo: Account, eve: Account
) -> None:
    ann.say(bo)
    for conv in (pair(ann, bo), f"{ann.uid}:{ann.uid}", "999999998:999999999"):
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


def test_who_may_recall_what_by_rest(ann: Account, bo: Account) -> None:
    seq = ann.say(bo)
    base = url(ann, bo, "/messages")
    assert bo.call("DELETE", f"{base}/{seq}").refusal == FORBIDDEN
    for unknown in ("0", "-1", "99", "x", str(2**63)):
        assert ann.call("DELETE", f"{base}/{unknown}").refusal == NOT_FOUND
    event = ann.call("DELETE", f"{base}/{seq}").data["event_seq"]
    assert ann.call("DELETE", f"{base}/{event}").refusal == FORBIDDEN
    assert page(ann, bo).data["messages"][0]["kind"] == "recalled"


# Strangers, rates, time


def test_a_stranger_waits_by_rest_too_after_three_messages(ann: Account, bo: Account) -> None:
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
    ann = Account.new(strict, address="192.0.2.60")
    answers = [ann.post(url(ann, ann, "/messages"), content="x") for _ in range(12)]
    statuses = [answer.status for answer in answers]
    assert statuses[:6] == [201] * 6  # three times the two a second
    limited = answers[statuses.index(429)]
    assert limited.refusal == (429, "rate_limited")
    assert int(limited.headers["retry-after"]) == 1
