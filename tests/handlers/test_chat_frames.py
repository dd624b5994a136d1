"""Any frame: the fields of each and the refusals, ids, and what is no frame at all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.client import (
    BAD_FRAME,
    FORBIDDEN,
    HISTORY,
    INVALID_FIELD,
    MESSAGE,
    NOT_FOUND,
    PONG,
    PRESENCE,
    READ,
    SENT_OFFLINE,
    SENT_ONLINE,
    SYNC,
    TYPING,
    UNREAD,
    Account,
    is_invalid,
    is_refusal,
    pair,
)

FRAME_MAX = 64 * 1024


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
