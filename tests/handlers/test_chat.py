"""The WebSocket: the handshake, frames 1 to 9 with every answer, and how a socket ends."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from server import __version__
from tests.client import (
    BAD_FRAME,
    CONNECTED,
    FORBIDDEN,
    HISTORY,
    HISTORY_END,
    INVALID_FIELD,
    LIMITED,
    MESSAGE,
    NOT_FOUND,
    PONG,
    PRESENCE,
    READ,
    RECALLED,
    SENT_OFFLINE,
    SENT_ONLINE,
    STATE,
    SYNC,
    TYPING,
    UNREAD,
    Account,
    Chat,
    Frame,
    new_name,
    pair,
    seqs,
)
from tests.running import KEY, PASSWORD, SECRET_TEXT, Server

FRAME_MAX = 64 * 1024
PAGE_MAX = 256 * 1024


def is_refusal(frame: Frame, code: int, error: str) -> None:
    assert (frame["code"], frame["error"]) == (code, error), frame
    assert isinstance(frame["msg"], str) and frame["msg"]


def is_invalid(frame: Frame, field: str, rule: str) -> None:
    is_refusal(frame, INVALID_FIELD, "invalid_field")
    assert (frame["field"], frame["rule"]) == (field, rule)


# The handshake


async def test_the_first_frame_says_who_is_connected(ann: Account) -> None:
    before = time.time() * 1000
    async with ann.chat() as chat:
        assert chat.seen[0] == chat.greeting
        time_of_server = chat.greeting.pop("server_time")
        assert before - 1000 < time_of_server < time.time() * 1000 + 1000
        assert chat.greeting == {
            "code": CONNECTED,
            "uid": ann.uid,
            "user_name": ann.name,
            "device": ann.device,
            "heartbeat": 25_000,
            "version": __version__,
        }
        assert chat.ws.response is not None
        assert "sec-websocket-extensions" not in chat.ws.response.headers


@pytest.mark.parametrize(
    "instead",
    [
        {"Upgrade": None},
        {"Upgrade": "h2c"},
        {"Connection": None},
        {"Connection": "keep-alive"},
        {"Sec_WebSocket_Key": None},
        {"Sec_WebSocket_Key": ""},
        {"Sec_WebSocket_Version": None},
        {"Sec_WebSocket_Version": "8"},
        {"Sec_WebSocket_Version": "14"},
        {"Sec_WebSocket_Version": "x"},
    ],
    ids=str,
)
def test_a_handshake_that_is_none_is_a_bad_request(
    eve: Account, instead: dict[str, str | None]
) -> None:
    answer = eve.server.handshake(f"token: {eve.token}", **instead)
    assert answer.refusal == (400, "bad_request")


def test_header_names_and_values_of_a_handshake_may_be_in_any_case(eve: Account) -> None:
    answer = eve.server.handshake(
        f"TOKEN: {eve.token}", Upgrade="WebSocket", Connection="keep-alive, UPGRADE"
    )
    assert answer.status == 101


@pytest.mark.parametrize("uid", ["x", "-1", "0", "1.0", "", "1%00", str(2**63), "٣", "%ff"])
def test_a_malformed_to_uid_is_refused_at_the_handshake(eve: Account, uid: str) -> None:
    answer = eve.server.handshake(f"token: {eve.token}", query=f"?toUid={uid}")
    assert answer.broken[0] == "toUid"


async def test_an_unknown_to_uid_is_not_found_on_use(eve: Account) -> None:
    async with eve.chat(query="?toUid=999999999999") as chat:
        for type in (1, 2, 3, 5):
            is_refusal(await chat.ask(type, content="x"), NOT_FOUND, "not_found")
        assert (await chat.ask(1, to=eve.uid, content="x"))["code"] == SENT_OFFLINE


async def test_a_uid_in_the_query_is_ignored(ann: Account, bo: Account) -> None:
    async with ann.chat(query=f"?uid={bo.uid}&toUid={bo.uid}") as chat:
        assert chat.greeting["uid"] == ann.uid
        assert (await chat.ask(1, content="x"))["conv"] == pair(ann, bo)


async def test_more_sockets_than_allowed_are_429(strict: Server) -> None:
    ann = Account(strict, new_name(), 0)
    headers = {"X-Forwarded-For": "192.0.2.70"}
    body = {"user_name": ann.name, "password": PASSWORD}
    assert strict.call("POST", "/api/user/register", json=body, headers=headers).status == 201
    ann.token = strict.call("POST", "/api/user/login", json=body, headers=headers).data["token"]
    async with ann.chat() as first:
        async with ann.chat():
            answer = strict.handshake(f"token: {ann.token}")
            assert answer.refusal == (429, "rate_limited")
            assert int(answer.headers["retry-after"]) >= 1
        await first.ask(9)
        async with ann.chat() as third:
            assert third.greeting["code"] == CONNECTED


# 1 send


async def test_a_message_reaches_every_other_socket_of_both(ann: Account, bo: Account) -> None:
    phone = ann.on("phone/2")
    async with ann.chat() as hers, phone.chat() as hers_too, bo.chat() as his:
        id = str(uuid.uuid4())
        ack = await hers.ask(1, to=bo.uid, content=SECRET_TEXT, id=id)
        moment = ack.pop("time")
        assert abs(moment - time.time() * 1000) < 5000
        assert ack == {"code": SENT_ONLINE, "id": id, "conv": pair(ann, bo), "seq": 1}
        for chat in (hers_too, his):
            assert await chat.push(MESSAGE) == {
                "code": MESSAGE,
                "conv": pair(ann, bo),
                "seq": 1,
                "from": ann.uid,
                "kind": "text",
                "content": SECRET_TEXT,
                "time": moment,
                "id": id,
            }
        # The ack stands in for the push, and no 50009 is pushed for one's own sending.
        for chat in (hers, hers_too, his):
            assert await chat.rest() == []


async def test_sent_offline_says_that_nobody_else_is_there(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers, ann.on("phone/2").chat():
        assert (await hers.ask(1, to=bo.uid, content="x"))["code"] == SENT_OFFLINE
        async with bo.chat():
            assert (await hers.ask(1, to=bo.uid, content="x"))["code"] == SENT_ONLINE


async def test_in_own_notes_another_own_socket_is_what_is_online(ann: Account) -> None:
    phone_of_hers = ann.on("phone/2")
    async with ann.chat() as hers:
        ack = await hers.ask(1, to=ann.uid, content="note")
        assert (ack["code"], ack["conv"], ack["seq"]) == (SENT_OFFLINE, f"{ann.uid}:{ann.uid}", 1)
        async with phone_of_hers.chat() as phone:
            assert (await hers.ask(1, to=ann.uid, content="note"))["code"] == SENT_ONLINE
            assert (await phone.push(MESSAGE))["seq"] == 2
        assert await hers.rest() == []


async def test_a_message_goes_by_to_by_conv_or_to_the_default(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers, bo.chat(query=f"?toUid={ann.uid}") as his:
        conv = pair(ann, bo)
        assert (await hers.ask(1, to=bo.uid, content="x"))["conv"] == conv
        assert (await hers.ask(1, conv=conv, content="x"))["conv"] == conv
        assert (await hers.ask(1, conv=conv, to=bo.uid, content="x"))["conv"] == conv
        assert (await his.ask(1, content="x"))["conv"] == conv
        assert (await his.ask(1, to=bo.uid, content="x"))["conv"] == f"{bo.uid}:{bo.uid}"
        for type in (1, 2, 5):
            is_invalid(await hers.ask(type, content="x"), "to", "required")
            answer = await hers.ask(type, conv=conv, to=ann.uid, content="x")
            is_invalid(answer, "conv", "conflict")


async def test_a_frame_without_an_id_is_answered_without_one(ann: Account) -> None:
    async with ann.chat() as hers:
        await hers.send(type=1, to=ann.uid, content="x")
        ack = await hers.push(SENT_OFFLINE)
        assert "id" not in ack
        await hers.send(type=9)
        assert "id" not in await hers.push(PONG)
        await hers.send(type=1, to=ann.uid, content="")
        assert "id" not in await hers.push(INVALID_FIELD)
        # The server made an id for what is stored.
        (message,) = (await hers.ask(2, to=ann.uid))["messages"]
        assert 1 <= len(message["id"]) <= 64


async def test_the_acks_of_a_storm_come_in_order_without_a_gap(ann: Account, bo: Account) -> None:
    bo.say(ann)
    ann.say(bo)
    phone = ann.on("phone/2")
    async with ann.chat() as hers, bo.chat() as his, phone.chat() as hers_too:
        for number in range(100):
            await hers.send(type=1, to=bo.uid, content=str(number), id=f"a{number}")
            await his.send(type=1, to=ann.uid, content=str(number), id=f"b{number}")
        for number in range(100):
            await hers.answer(f"a{number}")
            await his.answer(f"b{number}")
        for chat in (hers, his, hers_too):
            await chat.rest()
            assert chat.seqs(pair(ann, bo)) == list(range(3, 203))
        mine = [f["content"] for f in his.seen if f["code"] == MESSAGE]
        assert mine == [str(number) for number in range(100)]


async def test_a_repeated_id_is_stored_once_on_whatever_connection(
    ann: Account, bo: Account
) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        first = await hers.ask(1, to=bo.uid, content="once", id="same")
        again = await hers.ask(1, to=bo.uid, content="other text", id="same")
        assert again == first | {"duplicate": True}
        async with ann.on("phone/2").chat() as phone:
            assert (await phone.ask(1, to=bo.uid, content="x", id="same"))["duplicate"] is True
        assert [f["content"] for f in await his.rest_of(MESSAGE)] == ["once"]
        # In one burst, too.
        for _ in range(5):
            await hers.send(type=1, to=bo.uid, content="burst", id="burst")
        acks = [await hers.answer("burst") for _ in range(5)]
        assert [ack.get("duplicate", False) for ack in acks].count(False) == 1
        assert {ack["seq"] for ack in acks} == {2}
        assert [f["content"] for f in await his.rest_of(MESSAGE)] == ["burst"]
        # Its content must still be one.
        is_invalid(await hers.ask(1, to=bo.uid, content="", id="same"), "content", "length")
        # It is the sender's own, in that conversation.
        assert "duplicate" not in await his.ask(1, to=ann.uid, content="x", id="same")
        assert "duplicate" not in await hers.ask(1, to=ann.uid, content="x", id="same")


@pytest.mark.parametrize(
    ("fields", "field", "rule"),
    [
        ({}, "content", "required"),
        ({"content": None}, "content", "type"),
        ({"content": 1}, "content", "type"),
        ({"content": ["x"]}, "content", "type"),
        ({"content": ""}, "content", "length"),
        ({"content": "x" * 4001}, "content", "length"),
        ({"content": "e\u0301" * 4001}, "content", "length"),
        ({"content": "\u00a0\n\t"}, "content", "pattern"),
        ({"content": "a\x08"}, "content", "control_characters"),
        ({"content": "a\x9f"}, "content", "control_characters"),
        ({"content": "a\udc00"}, "content", "surrogate"),
        ({"content": "x", "kind": "txt"}, "kind", "unknown_value"),
        ({"content": "x", "kind": "system"}, "kind", "unknown_value"),
        ({"content": "x", "kind": []}, "kind", "type"),
        ({"content": "x/y", "kind": "sticker"}, "content", "unknown_value"),
        ({"content": "x", "to": "1"}, "to", "type"),
        ({"content": "x", "to": True}, "to", "type"),
        ({"content": "x", "to": 1.0}, "to", "type"),
        ({"content": "x", "to": 0}, "to", "range"),
        ({"content": "x", "to": -5}, "to", "range"),
        ({"content": "x", "to": 2**63}, "to", "range"),
        ({"content": "x", "to": 10**4000}, "to", "range"),
        ({"content": "x", "conv": 5}, "conv", "type"),
        ({"content": "x", "conv": "5"}, "conv", "pattern"),
        ({"content": "x", "conv": "2:1"}, "conv", "pattern"),
        ({"content": "x", "conv": "01:2"}, "conv", "pattern"),
        ({"content": "x", "conv": f"1:{2**63}"}, "conv", "pattern"),
        ({"content": "x", "reply_to": "1"}, "reply_to", "type"),
        ({"content": "x", "reply_to": -1}, "reply_to", "range"),
        ({"content": "x", "mentions": "some"}, "mentions", "unknown_value"),
        ({"content": "x", "mentions": {}}, "mentions", "type"),
        ({"content": "x", "mentions": [1.5]}, "mentions", "type"),
    ],
)
async def test_a_send_with_a_wrong_field_is_refused_with_field_and_rule(
    eve: Account, fields: dict[str, Any], field: str, rule: str
) -> None:
    async with eve.chat(query=f"?toUid={eve.uid}") as chat:
        is_invalid(await chat.ask(1, **fields), field, rule)


@pytest.mark.parametrize(
    ("type", "fields", "field", "rule"),
    [
        (2, {"limit": 0}, "limit", "range"),
        (2, {"limit": 101}, "limit", "range"),
        (2, {"limit": "1"}, "limit", "type"),
        (2, {"limit": 1.0}, "limit", "type"),
        (2, {"before": -1}, "before", "range"),
        (2, {"after": "0"}, "after", "type"),
        (2, {"after": True}, "after", "type"),
        (2, {"around": 2**63}, "around", "range"),
        (2, {"around": 1, "before": 2}, "around", "conflict"),
        (2, {"around": 1, "after": 2}, "around", "conflict"),
        (3, {"to": "x"}, "to", "type"),
        (3, {"conv": "x"}, "conv", "pattern"),
        (4, {"seq": 1}, "conv", "required"),
        (4, {"conv": "1:2"}, "seq", "required"),
        (4, {"conv": "nonsense", "seq": 1}, "conv", "pattern"),
        (4, {"conv": "1:2", "seq": "1"}, "seq", "type"),
        (4, {"conv": "1:2", "seq": -1}, "seq", "range"),
        (5, {"to": []}, "to", "type"),
        (6, {"seq": 1}, "conv", "required"),
        (6, {"conv": "1:2"}, "seq", "required"),
        (6, {"conv": "1:2", "seq": None}, "seq", "type"),
        (6, {"conv": "1:2", "seq": 2**63}, "seq", "range"),
        (7, {}, "cursors", "required"),
        (7, {"cursors": None}, "cursors", "type"),
        (7, {"cursors": []}, "cursors", "type"),
        (7, {"cursors": {"1:2": "1"}}, "cursors", "type"),
        (7, {"cursors": {"1:2": -1}}, "cursors", "range"),
        (8, {}, "uids", "required"),
        (8, {"uids": 1}, "uids", "type"),
        (8, {"uids": ["1"]}, "uids", "type"),
        (8, {"uids": [0]}, "uids", "range"),
        (8, {"uids": [1] * 201}, "uids", "too_many"),
    ],
)
async def test_any_frame_with_a_wrong_field_is_refused_with_field_and_rule(
    eve: Account, type: int, fields: dict[str, Any], field: str, rule: str
) -> None:
    async with eve.chat(query=f"?toUid={eve.uid}") as chat:
        is_invalid(await chat.ask(type, **fields), field, rule)


@pytest.mark.parametrize(
    ("id", "rule"),
    [("", "length"), ("x" * 65, "length"), ("a b", "pattern"), ("é", "pattern"), (7, "type")],
)
async def test_an_id_that_breaks_its_rule_is_named_and_not_echoed(
    eve: Account, id: object, rule: str
) -> None:
    async with eve.chat() as chat:
        for type in (1, 5, 9):
            await chat.send(type=type, id=id, to=eve.uid, content="x")
            answer = await chat.push(INVALID_FIELD)
            is_invalid(answer, "id", rule)
            assert "id" not in answer


async def test_ids_of_64_printable_characters_are_echoed_in_every_answer(eve: Account) -> None:
    id = "!~" * 32
    own = f"{eve.uid}:{eve.uid}"
    async with eve.chat() as chat:
        codes = [
            (await chat.ask(type, id=id, **fields))["code"]
            for type, fields in (
                (1, {"to": eve.uid, "content": "x"}),
                (2, {"to": eve.uid}),
                (3, {}),
                (4, {"conv": own, "seq": 1}),
                (5, {"to": eve.uid}),
                (7, {"cursors": {}}),
                (8, {"uids": []}),
                (9, {}),
                (99, {}),
                (4, {"conv": "999999998:999999999", "seq": 1}),
                (1, {"to": 999_999_999_999, "content": "x"}),
                (4, {"conv": own}),
            )
        ]
    assert codes[0] in (SENT_OFFLINE, SENT_ONLINE)
    assert codes[1:8] == [HISTORY, UNREAD, READ, TYPING, SYNC, PRESENCE, PONG]
    assert codes[8:] == [BAD_FRAME, FORBIDDEN, NOT_FOUND, INVALID_FIELD]


async def test_somebody_elses_conversation_is_forbidden_and_an_unknown_one_not_found(
    ann: Account, bo: Account, eve: Account
) -> None:
    ann.say(bo)
    async with eve.chat() as chat:
        for conv in (pair(ann, bo), f"{ann.uid}:{ann.uid}", "999999998:999999999"):
            for type in (1, 2, 3, 4, 5, 6):
                answer = await chat.ask(type, conv=conv, content="x", seq=1)
                is_refusal(answer, FORBIDDEN, "forbidden")
        for conv in (f"{eve.uid}:999999999999", "g999999999"):
            for type in (1, 2, 3, 4, 5, 6):
                answer = await chat.ask(type, conv=conv, content="x", seq=1)
                is_refusal(answer, NOT_FOUND, "not_found")


async def test_what_a_message_refers_to_must_be_there(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        answer = await hers.ask(1, to=bo.uid, content="x", reply_to=1)
        is_refusal(answer, NOT_FOUND, "not_found")
        answer = await hers.ask(1, to=bo.uid, content="none", kind="voice")
        is_refusal(answer, NOT_FOUND, "not_found")
        answer = await hers.ask(1, to=bo.uid, content="x", mentions="all")
        is_refusal(answer, FORBIDDEN, "forbidden")
        await hers.say(bo)
        await hers.say(bo, "@", reply_to=1, mentions=[bo.uid, 7_777_777])
        pushed = await his.push(MESSAGE, seq=2)
        assert (pushed["reply_to"], pushed["mentions"]) == (1, [bo.uid])


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇨🇳❤️",
        "𠜎 中文 العربية हिन्दी ไทย",
        "e\u0301 é",
        "a\r\n\tb ",
        "\u202e\u200d\ufeff\u2028\uffff",
        "😀" * 4000,
        "e\u0301" * 4000,
    ],
    ids=ascii,
)
async def test_every_script_is_pushed_and_read_byte_for_byte(eve: Account, text: str) -> None:
    async with eve.chat() as hers, eve.chat() as hers_too:
        raw = json.dumps({"type": 1, "to": eve.uid, "content": text}, ensure_ascii=False)
        await hers.ws.send(raw)
        pushed = await hers_too.push(MESSAGE)
        assert pushed["content"] == text
        page = await hers_too.ask(2, to=eve.uid, after=pushed["seq"] - 1)
        assert [m["content"] for m in page["messages"]] == [text]


async def test_a_stranger_waits_for_an_answer_after_three_messages(
    ann: Account, bo: Account
) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        for number in range(3):
            await hers.say(bo, id=f"s{number}")
        is_refusal(await hers.ask(1, to=bo.uid, content="?"), LIMITED, "await_reply")
        again = await hers.ask(1, to=bo.uid, content="?", id="s0")
        assert (again["seq"], again["duplicate"]) == (1, True)
        assert len(await his.rest_of(MESSAGE)) == 3
        assert await his.say(ann, "yes?") == 4
        for number in range(5, 12):
            assert await hers.say(bo) == number


async def test_a_burst_to_a_stranger_passes_three_and_no_more(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers:
        for number in range(10):
            await hers.send(type=1, to=bo.uid, content="x", id=f"s{number}")
        codes = [(await hers.answer(f"s{number}"))["code"] for number in range(10)]
        assert codes == [SENT_OFFLINE] * 3 + [LIMITED] * 7


async def test_over_the_rate_nothing_is_stored_and_retry_after_is_true(strict: Server) -> None:
    headers = {"X-Forwarded-For": "192.0.2.80"}
    body = {"user_name": new_name(), "password": PASSWORD}
    made = strict.call("POST", "/api/user/register", json=body, headers=headers)
    ann = Account(strict, str(body["user_name"]), made.data["uid"])
    ann.token = strict.call("POST", "/api/user/login", json=body, headers=headers).data["token"]
    async with ann.chat() as hers:
        for number in range(9):
            await hers.send(type=1, to=ann.uid, content="x", id=f"r{number}")
        answers = [await hers.answer(f"r{number}") for number in range(9)]
        assert [answer["code"] for answer in answers[:6]] == [SENT_OFFLINE] * 6
        is_refusal(answers[-1], LIMITED, "rate_limited")
        wait = answers[-1]["retry_after"]
        assert type(wait) is int and 1 <= wait <= 500
        await asyncio.sleep(wait / 1000)
        assert (await hers.ask(1, to=ann.uid, content="x"))["code"] == SENT_OFFLINE
        again = await hers.ask(1, to=ann.uid, content="x", id="r0")
        assert again["duplicate"] is True
        page = await hers.ask(2, to=ann.uid, limit=100)
        stored = sum(answer["code"] == SENT_OFFLINE for answer in answers) + 1
        assert seqs(page["messages"]) == list(range(1, stored + 1))


# 2 history


async def test_history_is_a_page_as_by_rest(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers:
        answer = await hers.ask(2, to=bo.uid)
        assert answer.pop("id") and answer == {"code": HISTORY_END, "conv": pair(ann, bo)}
        bo.say(ann)
        for _ in range(14):
            await hers.say(bo)
        answer = await hers.ask(2, to=bo.uid)
        assert set(answer) == {"code", "id", "conv", "messages", "end"}
        assert answer["code"] == HISTORY
        assert (seqs(answer["messages"]), answer["end"]) == (list(range(6, 16)), False)
        for asked, first, last, end in (
            ({"before": 6}, 1, 5, True),
            ({"after": 3, "limit": 2}, 4, 5, False),
            ({"after": 3, "before": 6}, 4, 5, True),
            ({"around": 8, "limit": 3}, 7, 9, False),
            ({"around": 15, "limit": 3}, 13, 15, True),
            ({"limit": 100}, 1, 15, True),
        ):
            answer = await hers.ask(2, conv=pair(ann, bo), **asked)
            assert seqs(answer["messages"]) == list(range(first, last + 1)), asked
            assert answer["end"] is end, asked
        for asked in ({"after": 15}, {"before": 1}, {"after": 3, "before": 4}):
            assert (await hers.ask(2, to=bo.uid, **asked))["code"] == HISTORY_END


# 3 unread and 4 read


async def test_unread_gives_the_oldest_first_and_marks_them_read(ann: Account, bo: Account) -> None:
    bo.say(ann, "1")
    recalled = bo.say(ann, "2")
    bo.call("DELETE", f"/api/conversations/{pair(ann, bo)}/messages/{recalled}")
    bo.say(ann, "4")
    phone_of_hers = ann.on("phone/2")
    async with ann.chat() as hers, phone_of_hers.chat() as phone, bo.chat() as his:
        answer = await hers.ask(3)
        assert set(answer) == {"code", "id", "conversations", "more"}
        assert (answer["code"], answer["more"]) == (UNREAD, False)
        (entry,) = answer["conversations"]
        assert set(entry) == {"conv", "unread", "messages", "more"}
        assert (entry["conv"], entry["unread"], entry["more"]) == (pair(ann, bo), 3, False)
        assert seqs(entry["messages"]) == [1, 2, 4]
        for chat in (phone, his):
            assert (await chat.push(READ))["seq"] == 4
        assert await hers.rest_of(READ) == []
        assert (await hers.ask(3))["conversations"] == []
        (entry,) = (await hers.ask(3, to=bo.uid))["conversations"]
        assert (entry["unread"], entry["messages"], entry["more"]) == (0, [], False)


async def test_unread_gives_at_most_a_hundred_of_a_conversation(ann: Account, bo: Account) -> None:
    ann.say(bo)
    async with bo.chat() as his, ann.chat() as hers:
        for number in range(130):
            await his.send(type=1, to=ann.uid, content="x", id=f"u{number}")
        await his.answer("u129")
        (entry,) = (await hers.ask(3, conv=pair(ann, bo)))["conversations"]
        assert (entry["unread"], entry["more"]) == (130, True)
        assert seqs(entry["messages"]) == list(range(2, 102))
        (entry,) = (await hers.ask(3))["conversations"]
        assert (entry["unread"], entry["more"]) == (30, False)
        assert seqs(entry["messages"]) == list(range(102, 132))


async def test_what_i_send_counts_as_read_by_me(ann: Account, bo: Account) -> None:
    for _ in range(2):
        bo.say(ann)
    assert ann.get("/api/conversations").data["conversations"][0]["unread"] == 2
    ann.say(bo)
    row = ann.get("/api/conversations").data["conversations"][0]
    assert (row["unread"], row["read_seq"]) == (0, 3)


async def test_read_tells_the_members_and_my_other_sockets_once(ann: Account, bo: Account) -> None:
    for _ in range(3):
        bo.say(ann)
    conv = pair(ann, bo)
    phone_of_hers = ann.on("phone/2")
    async with ann.chat() as hers, phone_of_hers.chat() as phone, bo.chat() as his:
        answer = await hers.ask(4, conv=conv, seq=2)
        assert answer.pop("id")
        assert answer == {"code": READ, "conv": conv, "uid": ann.uid, "seq": 2}
        for chat in (phone, his):
            assert await chat.push(READ) == answer
        assert (await hers.ask(4, conv=conv, seq=1))["seq"] == 2
        assert (await hers.ask(4, conv=conv, seq=0))["seq"] == 2
        assert (await hers.ask(4, conv=conv, seq=2**62))["seq"] == 3
        assert (await phone.push(READ))["seq"] == 3
        assert await hers.rest() == []
        assert await phone.rest() == []
        assert [frame["seq"] for frame in await his.rest()] == [3]
    assert ann.get("/api/conversations").data["conversations"][0]["unread"] == 0


# 5 typing


async def test_typing_is_told_to_the_others_at_most_once_a_second(
    ann: Account, bo: Account
) -> None:
    phone_of_hers = ann.on("phone/2")
    async with ann.chat() as hers, phone_of_hers.chat() as phone, bo.chat() as his:
        began = time.monotonic()
        for _ in range(5):
            answer = await hers.ask(5, to=bo.uid)
            assert answer.pop("id") and answer == {"code": TYPING, "conv": pair(ann, bo)}
        told = await his.push(TYPING)
        assert told == {"code": TYPING, "conv": pair(ann, bo), "uid": ann.uid}
        assert await his.rest_of(TYPING) == []
        assert await phone.rest() == []
        # Without an id there is no answer.
        await hers.send(type=5, to=bo.uid)
        assert await hers.rest() == []
        again = False
        while not again and time.monotonic() - began < 3:
            await hers.ask(5, to=bo.uid)
            again = bool(await his.rest_of(TYPING))
        assert again and time.monotonic() - began >= 0.95


async def test_typing_that_is_refused_is_answered_without_an_id_too(ann: Account) -> None:
    async with ann.chat() as hers:
        await hers.send(type=5, to=999_999_999_999)
        is_refusal(await hers.push(NOT_FOUND), NOT_FOUND, "not_found")
        await hers.send(type=5)
        is_invalid(await hers.push(INVALID_FIELD), "to", "required")


# 6 recall


async def test_a_recall_tells_everyone_and_then_answers(ann: Account, bo: Account) -> None:
    conv = pair(ann, bo)
    phone_of_hers = ann.on("phone/2")
    async with ann.chat() as hers, phone_of_hers.chat() as phone, bo.chat() as his:
        await hers.say(bo, "a slip")
        answer = await hers.ask(6, conv=conv, seq=1)
        assert answer.pop("id")
        assert answer == {"code": RECALLED, "conv": conv, "seq": 1, "event_seq": 2}
        for chat in (hers, phone, his):
            event = await chat.push(MESSAGE, seq=2)
            assert (event["kind"], event["event"], event["silent"]) == ("system", "recalled", True)
            assert (event["from"], event["data"]) == (ann.uid, {"target": 1, "by": ann.uid})
            assert (event["message"]["kind"], event["message"]["content"]) == ("recalled", "")
            assert event["content"]
        codes = [frame["code"] for frame in hers.seen if frame.get("event") or "event_seq" in frame]
        assert codes == [MESSAGE, RECALLED]
        again = await hers.ask(6, conv=conv, seq=1)
        assert (again["code"], again["event_seq"]) == (RECALLED, 2)
        assert seqs(await his.rest_of(MESSAGE)) == [1]
        page = await his.ask(2, conv=conv)
        assert [m["kind"] for m in page["messages"]] == ["recalled", "system"]
        assert "a slip" not in json.dumps(page)
        # The socket goes on without a gap.
        await his.say(ann, "next")
        assert (await hers.push(MESSAGE, seq=3))["content"] == "next"


async def test_who_may_recall_what(ann: Account, bo: Account) -> None:
    conv = pair(ann, bo)
    async with ann.chat() as hers, bo.chat() as his:
        await hers.say(bo)
        is_refusal(await his.ask(6, conv=conv, seq=1), FORBIDDEN, "forbidden")
        is_refusal(await hers.ask(6, conv=conv, seq=9), NOT_FOUND, "not_found")
        is_refusal(await hers.ask(6, conv=conv, seq=0), NOT_FOUND, "not_found")
        event = (await hers.ask(6, conv=conv, seq=1))["event_seq"]
        is_refusal(await hers.ask(6, conv=conv, seq=event), FORBIDDEN, "forbidden")


async def test_many_recalls_of_one_message_at_once_make_one_event(
    ann: Account, bo: Account
) -> None:
    conv = pair(ann, bo)
    phone_of_hers = ann.on("phone/2")
    async with ann.chat() as hers, phone_of_hers.chat() as phone:
        await hers.say(bo)
        for number in range(5):
            for chat in (hers, phone):
                await chat.send(type=6, conv=conv, seq=1, id=f"x{number}")
        answers = [await chat.answer(f"x{number}") for chat in (hers, phone) for number in range(5)]
        assert {(answer["code"], answer["event_seq"]) for answer in answers} == {(RECALLED, 2)}
        page = await hers.ask(2, conv=conv)
        assert seqs(page["messages"]) == [1, 2]


async def test_after_the_time_a_recall_is_too_late(strict: Server) -> None:
    headers = {"X-Forwarded-For": "192.0.2.90"}
    body = {"user_name": new_name(), "password": PASSWORD}
    made = strict.call("POST", "/api/user/register", json=body, headers=headers)
    ann = Account(strict, str(body["user_name"]), made.data["uid"])
    ann.token = strict.call("POST", "/api/user/login", json=body, headers=headers).data["token"]
    conv = pair(ann, ann)
    async with ann.chat() as hers:
        await hers.say(ann)
        second = await hers.ask(1, to=ann.uid, content="x")
        assert (await hers.ask(6, conv=conv, seq=1))["code"] == RECALLED
        await asyncio.sleep(1.1 + second["time"] / 1000 - time.time())
        is_refusal(await hers.ask(6, conv=conv, seq=2), FORBIDDEN, "too_late")
        answer = ann.call("DELETE", f"/api/conversations/{conv}/messages/2")
        assert answer.refusal == (403, "too_late")
        # What was recalled in time still gives its answer.
        assert (await hers.ask(6, conv=conv, seq=1))["event_seq"] == 3


# 7 sync


async def test_sync_gives_what_was_missed(ann: Account, bo: Account, server: Server) -> None:
    carl = Account.new(server)
    for other in (bo, carl):
        other.say(ann, "1")
        ann.say(other, "2")
    bo.say(ann, "3")
    async with ann.chat() as hers:
        answer = await hers.ask(7, cursors={})
        assert set(answer) == {"code", "id", "conversations", "more"}
        assert (answer["code"], answer["more"]) == (SYNC, False)
        newest, older = answer["conversations"]
        assert (newest["conv"], older["conv"]) == (pair(ann, bo), pair(ann, carl))
        messages = newest.pop("messages")
        assert seqs(messages) == [1, 2, 3]
        assert newest == {
            "conv": pair(ann, bo),
            "last_seq": 3,
            "first_seq": 1,
            "read_seq": 2,
            "unread": 1,
            "more": False,
        }
        cursors = {pair(ann, bo): 1, pair(ann, carl): 2, "1:999999999": 5, "nonsense": 1}
        (entry,) = (await hers.ask(7, cursors=cursors))["conversations"]
        assert (entry["conv"], seqs(entry["messages"])) == (pair(ann, bo), [2, 3])
        assert (await hers.ask(7, cursors={pair(ann, bo): 3, pair(ann, carl): 2}))[
            "conversations"
        ] == []
        # One above the last is answered with the truth and no messages.
        answer = await hers.ask(7, cursors={pair(ann, bo): 3, pair(ann, carl): 99})
        (entry,) = answer["conversations"]
        assert (entry["conv"], entry["last_seq"]) == (pair(ann, carl), 2)
        assert (entry["messages"], entry["more"]) == ([], False)


async def test_sync_gives_fifty_after_the_cursor_or_the_newest_fifty(ann: Account) -> None:
    async with ann.chat() as hers:
        for number in range(120):
            await hers.send(type=1, to=ann.uid, content=str(number), id=f"n{number}")
        await hers.answer("n119")
        conv = pair(ann, ann)
        (entry,) = (await hers.ask(7, cursors={}))["conversations"]
        assert (seqs(entry["messages"]), entry["more"]) == (list(range(71, 121)), False)
        cursor, read = 10, list[int]()
        pages = 0
        while entry["more"] or not pages:
            answer = await hers.ask(7, cursors={conv: cursor})
            (entry,) = answer["conversations"]
            read += seqs(entry["messages"])
            cursor, pages = read[-1], pages + 1
        assert read == list(range(11, 121)) and pages == 3


async def test_sync_tells_of_a_recall_as_of_any_message(ann: Account, bo: Account) -> None:
    ann.say(bo, "a slip")
    ann.call("DELETE", f"/api/conversations/{pair(ann, bo)}/messages/1")
    async with bo.chat() as his:
        (entry,) = (await his.ask(7, cursors={pair(ann, bo): 1}))["conversations"]
        (event,) = entry["messages"]
        assert (event["event"], event["data"]["target"]) == ("recalled", 1)
        assert event["message"]["kind"] == "recalled"


async def test_120_conversations_come_a_hundred_at_a_time_and_all_of_them(
    server: Server, ann: Account
) -> None:
    with ThreadPoolExecutor(4) as threads:
        others = list(threads.map(lambda _: Account.new(server), range(120)))
        list(threads.map(lambda other: other.say(ann), others))
    expected = {pair(ann, other) for other in others}

    listed: list[str] = []
    query: dict[str, Any] = {"limit": 50}
    while query.get("cursor", "") is not None:
        page = ann.get("/api/conversations", **query).data
        listed += [row["conv"] for row in page["conversations"]]
        query["cursor"] = page["next"]
    assert len(listed) == 120 and set(listed) == expected

    async with ann.chat() as hers:
        for ask in (
            lambda seen: hers.ask(7, cursors=dict.fromkeys(seen, 1)),
            lambda _seen: hers.ask(3),
        ):
            answer = await ask([])
            first = [entry["conv"] for entry in answer["conversations"]]
            assert answer["more"] is True and len(first) == 100
            answer = await ask(first)
            second = [entry["conv"] for entry in answer["conversations"]]
            assert answer["more"] is False and len(second) == 20
            assert {*first, *second} == expected
        assert (await hers.ask(3))["conversations"] == []


async def test_an_answer_with_pages_never_exceeds_256_kib_nor_is_cut_to_nothing(
    server: Server, ann: Account
) -> None:
    text = "😀" * 4000
    others = [Account.new(server) for _ in range(3)]
    for other in others:
        ann.say(other)
        for _ in range(20):
            other.say(ann, text)
    convs = {pair(ann, other) for other in others}
    async with ann.chat() as hers:

        async def sized(type: int, **fields: Any) -> Frame:
            answer = await hers.ask(type, **fields)
            size = len(json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode())
            assert size <= PAGE_MAX
            return answer

        # History.
        page = await sized(2, to=others[0].uid, after=0, limit=100)
        assert page["messages"] and page["end"] is False
        # Sync of a client that was away: each round goes on where the last one ended.
        cursors = dict.fromkeys(convs, 0)
        more = True
        while more:
            answer = await sized(7, cursors=cursors)
            assert answer["conversations"]
            for entry in answer["conversations"]:
                assert entry["messages"]
                assert seqs(entry["messages"])[0] == cursors[entry["conv"]] + 1
                cursors[entry["conv"]] = entry["messages"][-1]["seq"]
                assert entry["more"] is (cursors[entry["conv"]] < entry["last_seq"])
            more = answer["more"] or any(entry["more"] for entry in answer["conversations"])
        assert cursors == dict.fromkeys(convs, 21)
        # Of a new client: the older end is cut.
        answer = await sized(7, cursors={})
        assert answer["conversations"][0]["messages"][-1]["seq"] == 21
        assert answer["conversations"][0]["more"] is False
        # Unread.
        found: dict[str, list[int]] = {conv: [] for conv in convs}
        more = True
        while more:
            answer = await sized(3)
            for entry in answer["conversations"]:
                found[entry["conv"]] += seqs(entry["messages"])
            more = answer["more"] or any(entry["more"] for entry in answer["conversations"])
        assert found == {conv: list(range(2, 22)) for conv in convs}


async def test_what_is_acknowledged_meanwhile_is_neither_missed_nor_doubled_by_a_new_socket(
    ann: Account, bo: Account
) -> None:
    bo.say(ann)
    ann.say(bo)
    conv = pair(ann, bo)
    async with bo.chat() as his:
        sending = asyncio.create_task(_send_many(his, ann, 200))
        for _ in range(10):
            async with ann.chat() as hers:
                (entry, *_rest) = (await hers.ask(7, cursors={conv: 1}))["conversations"]
                pushed = [f["seq"] for f in hers.seen if f["code"] == MESSAGE]
                # Pushes have no gap, and begin no later than where the sync may end.
                assert pushed == list(range(pushed[0], pushed[0] + len(pushed))) if pushed else True
                assert not pushed or pushed[0] <= entry["last_seq"] + 1
        await sending


async def _send_many(his: Chat, ann: Account, count: int) -> None:
    for number in range(count):
        await his.send(type=1, to=ann.uid, content=str(number), id=f"m{number}")
    for number in range(count):
        assert (await his.answer(f"m{number}"))["code"] in (SENT_ONLINE, SENT_OFFLINE)


# 8 presence


async def test_presence_tells_who_is_online_and_then_each_change(
    ann: Account, bo: Account, server: Server
) -> None:
    carl = Account.new(server)
    async with ann.chat() as hers, bo.chat() as his:
        answer = await hers.ask(8, uids=[bo.uid, carl.uid, 999_999_999_999, bo.uid])
        assert answer.pop("id") and answer == {"code": PRESENCE, "online": [bo.uid]}
        async with carl.chat() as theirs:
            assert await hers.push(PRESENCE) == {
                "code": PRESENCE,
                "uid": carl.uid,
                "online": True,
            }
            async with carl.on("phone/2").chat() as another:
                await another.rest()
            await theirs.rest()
        change = await hers.push(PRESENCE)
        assert (change["uid"], change["online"]) == (carl.uid, False)
        # The next such frame replaces the first.
        assert (await hers.ask(8, uids=[bo.uid]))["online"] == [bo.uid]
        async with carl.chat() as theirs:
            await theirs.rest()
            assert await hers.rest_of(PRESENCE) == []
        assert (await hers.ask(8, uids=[]))["online"] == []
        await his.ws.close()
        assert await hers.rest_of(PRESENCE) == []


# Whatever comes

EDGES: list[Any] = [
    None,
    True,
    0,
    1,
    -1,
    2**63 - 1,
    2**63,
    1.5,
    "",
    "x",
    "1:2",
    "g1",
    "\ud800",
    "\x00",
    "x" * 5000,
    [],
    [1],
    ["x"],
    [2**63],
    {},
    {"1:2": 1},
    {"x": {}},
]


async def test_every_frame_is_answered_once_whatever_its_fields_hold(ann: Account) -> None:
    own = pair(ann, ann)
    usual: dict[int, dict[str, Any]] = {
        1: {"to": ann.uid, "content": "x", "kind": "text", "reply_to": None, "mentions": None},
        2: {"to": ann.uid, "before": None, "after": None, "around": None, "limit": 1},
        3: {"to": ann.uid},
        4: {"conv": own, "seq": 1},
        5: {"to": ann.uid},
        6: {"conv": own, "seq": 1},
        7: {"cursors": {}},
        8: {"uids": []},
        9: {},
        99: {"content": "x"},
    }
    sent: list[str] = []
    async with ann.chat() as chat:
        for type, fields in usual.items():
            for name in (*fields, "conv"):
                for edge in EDGES:
                    id = f"f{len(sent)}"
                    sent.append(id)
                    await chat.send(**(fields | {name: edge, "type": type, "id": id}))
                    if type == 99:
                        await chat.send(type=9)  # not too many of them in a row
        await chat.answer(sent[-1])
        answers = [f for f in chat.seen if f.get("id") in set(sent) and f["code"] != MESSAGE]
        assert sorted(frame["id"] for frame in answers) == sorted(sent)
        assert {frame["code"] for frame in answers} <= {
            *range(50003, 50015),
            BAD_FRAME,
            INVALID_FIELD,
            FORBIDDEN,
            NOT_FOUND,
        }


# What is no frame


BAD_FRAMES: list[str | bytes] = [
    "",
    "nonsense",
    "{",
    "[]",
    "null",
    "7",
    '"text"',
    "{}",
    '{"type": "1"}',
    '{"type": 1.0}',
    '{"type": true}',
    '{"type": null}',
    '{"type": 0}',
    '{"type": -1}',
    '{"type": 99}',
    '{"type": 9, "type": 9}',
    '{"type": 9, "x": {"a": 1, "a": 2}}',
    '{"type": 9, "x": NaN}',
    '{"type": 9, "x": -Infinity}',
    '{"type": 9} {"type": 9}',
    '{"type": 9, "x": ' + "[" * 10_000 + "]" * 10_000 + "}",
    "[" * 60_000,
    '{"type":' * 7_000,
    '{"type": ' + "9" * 50_000 + "}",
    b'{"type": 9}',
    b"",
    b"\x00\xff",
]


async def test_what_is_no_frame_is_answered_and_the_socket_stays(eve: Account) -> None:
    async with eve.chat() as chat:
        for raw in BAD_FRAMES:
            await chat.ws.send(raw)
            answer = await chat.push(BAD_FRAME)
            is_refusal(answer, BAD_FRAME, "bad_frame")
            assert (await chat.ask(9))["code"] == PONG, raw


async def test_twenty_bad_frames_in_a_row_are_answered_and_end_the_socket(eve: Account) -> None:
    async with eve.chat() as chat:
        for _ in range(19):
            await chat.ws.send("nonsense")
        await chat.ask(9)  # any other frame between begins anew
        for _ in range(19):
            await chat.ws.send(b"binary")
        await chat.ask(1, to=eve.uid, content="")  # a refused one, too
        for _ in range(20):
            await chat.send(type=99)
        assert await chat.closed() == 4008
        assert [frame["code"] for frame in chat.seen].count(BAD_FRAME) == 58
        assert [frame["code"] for frame in chat.seen[-20:]] == [BAD_FRAME] * 20


def text_of_size(size: int) -> str:
    head, tail = '{"type": 9, "pad": "', '"}'
    return head + "x" * (size - len(head) - len(tail)) + tail


async def test_a_frame_may_have_64_kib_and_more_ends_the_socket_with_1009(eve: Account) -> None:
    async with eve.chat() as chat:
        await chat.ws.send(text_of_size(FRAME_MAX))
        await chat.push(PONG)
        await chat.ws.send(text_of_size(FRAME_MAX + 1))
        assert await chat.closed() == 1009
    async with eve.chat() as chat:
        await chat.ws.send("é" * (FRAME_MAX // 2 + 1))  # bytes count, not characters
        assert await chat.closed() == 1009
    async with eve.chat() as chat:
        await chat.ws.send(text_of_size(2 * 1024 * 1024))
        assert await chat.closed() == 1009
    async with eve.chat() as chat:
        half = text_of_size(FRAME_MAX + 1)
        await chat.ws.send([half[:40_000], half[40_000:]])
        assert await chat.closed() == 1009


async def test_text_that_is_not_utf_8_ends_the_connection_without_a_close_frame(
    eve: Account,
) -> None:
    async with eve.chat() as chat:
        await chat.ws.send(b'{"type": 9, "x": "\xff"}', text=True)
        assert await chat.closed() == 1006


async def test_frames_are_refused_in_the_language_of_the_handshake(eve: Account) -> None:
    for language, chinese in (("zh-CN", True), ("en", False), ("fr", False)):
        async with eve.chat(language=language) as chat:
            await chat.ws.send("nonsense")
            msg = (await chat.push(BAD_FRAME))["msg"]
            assert any("\u4e00" <= letter <= "\u9fff" for letter in msg) is chinese


async def test_a_ping_of_the_protocol_is_answered(eve: Account) -> None:
    async with eve.chat() as chat:
        await asyncio.wait_for(await chat.ws.ping(), 5)


# The end of a socket


async def test_a_newer_login_closes_the_sockets_of_the_device_before_it_is_answered(
    ann: Account, bo: Account
) -> None:
    old = ann.token
    async with ann.chat() as first, ann.chat() as second, ann.on("phone/2").chat() as phone:
        # What the old sockets send from now on is not acknowledged.
        login = asyncio.to_thread(ann.login)
        await login
        assert await first.closed() == 4001 and await second.closed() == 4001
        await phone.ask(9)
        assert ann.server.handshake(f"token: {old}").refusal == (403, "token_superseded")
        async with ann.chat() as again:
            await again.ask(9)
            assert (await phone.push(STATE))["what"] == "sessions"


async def test_nothing_sent_behind_a_newer_login_is_acknowledged(ann: Account, bo: Account) -> None:
    bo.say(ann)
    async with ann.chat() as hers:

        async def pour() -> None:
            for number in range(10_000):
                await hers.send(type=1, to=bo.uid, content="x", id=f"p{number}")

        pouring = asyncio.create_task(pour())
        await hers.answer("p0")
        await asyncio.to_thread(ann.login)
        answered = time.time() * 1000
        assert await hers.closed() == 4001
        await asyncio.gather(pouring, return_exceptions=True)
        acked = [frame for frame in hers.seen if frame["code"] in (SENT_ONLINE, SENT_OFFLINE)]
        assert acked and max(frame["time"] for frame in acked) <= answered + 1


async def test_logout_kick_and_a_changed_password_close_with_4003(ann: Account) -> None:
    phone, desk = ann.on("phone/2"), ann.on("desk/3")
    async with ann.chat() as hers, phone.chat() as one, desk.chat() as two:
        phone.post("/api/user/logout")
        assert await one.closed() == 4003
        (sid,) = (
            session["id"]
            for session in ann.get("/api/user/sessions").data
            if session["device"] == "desk/3"
        )
        assert ann.call("DELETE", f"/api/user/sessions/{sid}").status == 200
        assert await two.closed() == 4003
        assert [f["what"] for f in await hers.rest_of(STATE)][-1] == "sessions"
        phone.login()
        async with phone.chat() as one:
            changed = ann.post(
                "/api/user/password", old_password=PASSWORD, new_password="new " + PASSWORD
            )
            assert changed.status == 200
            assert await one.closed() == 4003
        # The sockets of the device that changed it live on.
        assert await hers.ask(9)
        assert (await hers.ask(1, to=ann.uid, content="x"))["code"] == SENT_OFFLINE


async def test_an_eleventh_device_closes_the_sockets_of_the_one_it_pushed_out(
    ann: Account,
) -> None:
    async with ann.chat() as hers:
        for number in range(2, 12):
            ann.on(f"device/{number}")
        assert await hers.closed() == 4003


async def test_refresh_keeps_this_devices_sockets(ann: Account) -> None:
    async with ann.chat() as hers:
        answer = ann.post("/api/user/refresh")
        ann.token = answer.data["token"]
        assert (await hers.ask(1, to=ann.uid, content="x"))["code"] == SENT_OFFLINE
        # A login on this device ends them, refreshed or not.
        ann.login()
        assert await hers.closed() == 4001


async def test_an_expired_token_closes_with_4002_and_a_refresh_puts_that_off(
    brief: Server,
) -> None:
    ann = Account.new(brief)
    phone = ann.on("phone/2")
    async with ann.chat() as hers, phone.chat() as one:
        await asyncio.sleep(0.9)
        answer = ann.post("/api/user/refresh")
        assert answer.status == 200
        assert await one.closed() == 4002
        await hers.ask(9)
        assert await hers.closed() == 4002
        assert time.time() * 1000 >= answer.data["expires_at"] - 50


async def test_who_does_not_read_is_closed_with_4009_and_slows_nobody_down(
    ann: Account, bo: Account
) -> None:
    ann.say(bo)
    text = "😀" * 4000
    async with ann.chat() as hers, bo.chat() as his:
        slow = await _deaf_socket(ann)
        try:
            for number in range(250):
                await his.send(type=1, to=ann.uid, content=text, id=f"w{number}")
                if number % 50 == 49:
                    await his.answer(f"w{number}")
            for number in range(250):
                await hers.push(MESSAGE, seq=number + 2)
            # What was buffered comes, then the close frame, and then nothing any more.
            raw = await asyncio.to_thread(_read_all, slow)
        finally:
            slow.close()
        assert raw.endswith(b"\x88" + bytes([len(_close(raw))]) + _close(raw))
        assert _close(raw)[:2] == (4009).to_bytes(2, "big")
        assert len(raw) < 250 * 16_000
        assert (await hers.ask(9))["code"] == PONG


async def _deaf_socket(ann: Account) -> socket.socket:
    """A socket of hers that is let in, and reads nothing for now."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.settimeout(10)
    slow.connect(("127.0.0.1", ann.server.port))
    slow.sendall(
        (
            f"GET /ws HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {ann.device}\r\n"
            f"token: {ann.token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ).encode()
    )
    assert slow.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL) == b"HTTP/1.1 101"
    return slow


def _read_all(slow: socket.socket) -> bytes:
    parts = []
    while part := slow.recv(65536):
        parts.append(part)
    return b"".join(parts)


def _close(raw: bytes) -> bytes:
    """The payload of the close frame at the end."""
    start = raw.rindex((4009).to_bytes(2, "big"))
    return raw[start:]


async def test_at_sigterm_what_is_in_flight_is_acked_and_sockets_close_with_1001(
    servers: Callable[..., Server],
) -> None:
    server = servers()
    ann = Account.new(server)
    async with ann.chat() as hers, ann.chat() as idle:
        for number in range(60):
            await hers.send(type=1, to=ann.uid, content="x", id=f"t{number}")
        await hers.answer("t0")
        server.terminate()
        assert await hers.closed() == 1001 and await idle.closed() == 1001
        acked = [f["seq"] for f in hers.seen if f["code"] in (SENT_ONLINE, SENT_OFFLINE)]
        assert acked == list(range(1, len(acked) + 1))
    await asyncio.to_thread(server.process.wait, 15)
    again = servers(data=server.data)
    ann.server = again
    read = ann.get(f"/api/conversations/{pair(ann, ann)}/messages", limit=100).data
    # All that was taken was answered, and the token outlived the stop.
    assert seqs(read["messages"]) == acked


async def test_a_client_that_closes_gets_its_close_frame_back(eve: Account) -> None:
    async with eve.chat() as chat:
        await chat.ws.close(1000)
        assert chat.ws.close_code == 1000


async def test_my_other_sockets_hear_of_my_profile(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        ann.call("PATCH", "/api/user/me", json={"nickname": "Añil"})
        told = await hers.push(STATE)
        assert told["what"] == "me"
        assert (told["uid"], told["user_name"], told["nickname"]) == (ann.uid, ann.name, "Añil")
        assert told["avatar"] is None
        assert await his.rest() == []
    assert bo.get(f"/api/user/{ann.uid}").data["nickname"] == "Añil"


def test_the_log_of_a_server_has_no_secret_in_it(server: Server, ann: Account) -> None:
    ann.say(ann, SECRET_TEXT)
    ann.try_login(PASSWORD + " not")
    server.call("GET", f"/api/user/me?token={ann.token}")
    log = server.log
    assert "/api/user/login" in log
    for secret in (SECRET_TEXT, PASSWORD, ann.token, ann.token[:40], KEY, "token="):
        assert secret not in log
