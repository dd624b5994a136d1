"""Frames: what is decoded and what is refused, and how a frame of ours is framed."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame as WireFrame
from websockets.protocol import Protocol, Side

from models.errors import BadRequest, ChatError, InvalidField
from models.message import Message
from server import protocol
from server.protocol import FRAMES, Frame, History, Ping, Refused, Send, Sync, decode

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=10,
)
FIELDS = "id conv to content kind reply_to mentions before after around limit seq cursors uids"
names = st.sampled_from(["type", *FIELDS.split()])
frames = st.dictionaries(names, values).map(
    lambda fields: {"type": fields.get("seq", 1)} | fields
) | st.builds(
    lambda type, fields: {**fields, "type": type},
    st.integers(0, 12),
    st.dictionaries(names, values, max_size=6),
)


def refusal(raw: str | bytes) -> ChatError | None:
    """Why it is refused; every other error than `Refused` is the test's failure."""
    try:
        frame = decode(raw)
    except Refused as refused:
        assert isinstance(refused.error, BadRequest | InvalidField)
        if isinstance(refused.error, BadRequest):
            assert refused.error.word == "bad_frame"
        return refused.error
    assert isinstance(frame, Frame)
    return None


@given(st.text(st.characters(codec=None)) | st.binary())
@example('{"type": 9, "x": ' + "[" * 100_000)
@example('{"type":' * 100_000)
@example('{"type": ' + "9" * 100_000 + "}")
@example('{"type": 1e999999}')
@example('{"type": 9, "x": -' + "9" * 10_000 + "}")
@example("\ud800")
@example('"\\ud800"')
def test_decode_raises_nothing_but_refused_whatever_comes(raw: str | bytes) -> None:
    refusal(raw)


@given(frames)
def test_decode_raises_nothing_but_refused_for_what_is_like_a_frame(
    fields: dict[str, Any],
) -> None:
    refusal(json.dumps(fields))


@given(frames)
def test_a_decoded_frame_has_only_what_its_rules_allow(fields: dict[str, Any]) -> None:
    try:
        frame = decode(json.dumps(fields))
    except Refused as refused:
        if refused.id is not None:
            assert refused.id == fields["id"]
        return
    assert type(frame) is FRAMES[fields["type"]]
    for field in dataclasses.fields(frame):
        rule = field.metadata["rule"]
        value = getattr(frame, field.name)
        assert value == field.default or rule.check(field.name, value) == value


@pytest.mark.parametrize("type", ['"1"', "1.0", "true", "null", "[]", "0", "-1", "1e0", "99"])
def test_a_type_is_an_integer_that_is_known(type: str) -> None:
    assert isinstance(refusal(f'{{"type": {type}, "content": "x"}}'), BadRequest)


def test_a_refusal_echoes_a_good_id_alone() -> None:
    def echoed(raw: dict[str, Any]) -> str | None:
        with pytest.raises(Refused) as refused:
            decode(json.dumps(raw))
        return refused.value.id

    assert echoed({"type": 99, "id": "a"}) == "a"
    assert echoed({"type": 1, "id": "a"}) == "a"
    assert echoed({"type": 1, "id": "a b", "content": "x"}) is None
    assert echoed({"type": 99, "id": 5}) is None
    assert echoed({"type": 99, "id": "x" * 65}) is None


def test_what_stands_in_no_frame_is_ignored_and_null_is_absent() -> None:
    raw = {"type": 1, "content": "x", "to": None, "reply_to": None, "later": {"a": [1]}, "id": None}
    assert decode(json.dumps(raw)) == Send(content="x")
    assert decode('{"type": 9}') == Ping()
    assert decode('{"type": 2, "to": 5}') == History(to=5)
    assert History(to=5).limit == 10
    assert decode('{"type": 7, "cursors": {"1:2": 3}, "id": "x"}') == Sync(
        cursors={"1:2": 3}, id="x"
    )


@pytest.mark.parametrize("type", FRAMES)
def test_every_frame_has_its_own_type(type: int) -> None:
    assert FRAMES[type].type == type


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 300_000])
def test_a_text_frame_is_read_as_one_by_another_implementation(size: int) -> None:
    payload = b"x" * size
    client = Protocol(Side.CLIENT, max_size=None)
    client.receive_data(protocol.text_frame(payload))
    (event,) = client.events_received()
    assert isinstance(event, WireFrame)
    assert (event.opcode.name, event.fin, bytes(event.data)) == ("TEXT", True, payload)


def _payload(frame: bytes) -> dict[str, Any]:
    client = Protocol(Side.CLIENT)
    client.receive_data(frame)
    (event,) = client.events_received()
    assert isinstance(event, WireFrame)
    decoded: dict[str, Any] = json.loads(bytes(event.data))
    return decoded


def test_an_answer_has_its_code_and_the_id_it_answers() -> None:
    assert _payload(protocol.encode(50014, {})) == {"code": 50014}
    assert _payload(protocol.encode(50014, {}, "a")) == {"code": 50014, "id": "a"}
    assert _payload(protocol.encode(50011, {"online": [1]}, "a")) == {
        "code": 50011,
        "id": "a",
        "online": [1],
    }


def test_a_pushed_message_says_from_and_leaves_out_what_it_has_not() -> None:
    message = Message("1:2", 1, 2, "text", "é😀", 5, "id")
    assert _payload(protocol.encode_message(message)) == {
        "code": 50001,
        "conv": "1:2",
        "seq": 1,
        "from": 2,
        "kind": "text",
        "content": "é😀",
        "time": 5,
        "id": "id",
    }
    event = Message("1:2", 2, 2, "system", "x", 5, "!e", event="recalled", silent=True)
    event.message = None  # the reader may not read the target
    assert _payload(protocol.encode_message(event))["message"] is None
