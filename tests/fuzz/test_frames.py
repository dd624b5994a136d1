"""Whatever a socket sends, it gets the one answer that the contract has for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client import BAD_FRAME, FORBIDDEN, INVALID_FIELD, LIMITED, NOT_FOUND, Account, pair
from tests.fuzz.contract import FRAME_MAX, BadFrame, broken, client_id, read
from tests.fuzz.frames import nonsense, spoilt, torn
from tests.fuzz.line import Line, is_push
from tests.fuzz.steady import steady
from tests.grouped import Group
from tests.running import Server

pytestmark = pytest.mark.timeout(600)

DONE = {
    1: (50004, 50005), 2: (50007, 50003), 3: (50008,), 4: (50009,), 5: (50010,), 6: (50012,),
    7: (50013,), 8: (50011,), 9: (50014,), 10: (50016,), 11: (50017,),
}  # fmt: skip
REFUSED = (FORBIDDEN, NOT_FOUND, LIMITED)
STORED = {
    ("kind", "conflict"),
    ("content", "unknown_value"),
    ("emoji", "unknown_value"),
    ("emoji", "too_many"),
}
"""Invalid only by what is stored: media of another kind, stickers that no pack has."""


@pytest.fixture(scope="module")
def line(server: Server) -> Iterator[Line]:
    with steady(server), Line(Account.new(server)) as line:
        yield line


def check(line: Line, raw: str | bytes | list[str]) -> None:
    """Send it, and hold what comes back to the contract."""
    whole = "".join(raw) if isinstance(raw, list) else raw
    if len(whole if isinstance(whole, bytes) else whole.encode()) > FRAME_MAX:
        assert line.end(whole) == 1009
        return
    try:
        if isinstance(whole, bytes):
            raise BadFrame
        frame = read(whole)
    except BadFrame:
        (answer,) = line.turn(raw, answered=1)
        assert (answer["code"], answer["error"]) == (BAD_FRAME, "bad_frame")
        assert answer["msg"]
        return
    id = frame.get("id")
    good = id if id is not None and not list(client_id(id)) else None
    wrong = broken(frame, line.account.uid)
    silent = frame["type"] == 5 and good is None
    came = line.turn(raw, answered=0 if silent else 1)
    # Of an event its author's socket is told too, and of himself whoever watches himself.
    answers = [frame for frame in came if not is_push(frame)]
    if silent and not answers:
        assert not wrong
        return
    assert len(answers) == 1, answers
    answer = answers[0]
    assert answer.get("id") == good
    judge(frame["type"], answer, wrong)


def judge(kind: int, answer: dict[str, Any], wrong: set[tuple[str, str]]) -> None:
    code = answer["code"]
    if code in DONE[kind]:
        assert not wrong, (answer, wrong)
        return
    assert answer["error"] and answer["msg"], answer
    if code == INVALID_FIELD:
        assert (answer["field"], answer["rule"]) in (wrong or STORED), (answer, wrong)
    else:
        assert not wrong and code in REFUSED, (answer, wrong)


def few(examples: int) -> settings:
    return settings(max_examples=examples, suppress_health_check=list(HealthCheck))


def test_a_frame_that_is_nearly_right(line: Line, more: int) -> None:
    me = line.account
    others = [Account.new(me.server) for _ in range(2)]
    for other in others:
        other.say(me)
    groups = [Group.of(me, *others), Group.of(others[0], me), Group.of(others[0])]
    convs = [f"{me.uid}:{me.uid}", *(pair(me, other) for other in others)]
    convs += [group.conv for group in groups]
    frames = spoilt(convs, [me.uid, *(other.uid for other in others)])

    @few(300 * more)
    @given(frames)
    def nearly(frame: dict[str, Any]) -> None:
        check(line, json.dumps(frame))

    @few(100 * more)
    @given(torn(frames), st.integers(1, 5))
    def in_pieces(raw: str, pieces: int) -> None:
        size = len(raw) // pieces + 1
        check(line, [raw[at : at + size] for at in range(0, len(raw), size)] or raw)

    nearly()
    in_pieces()


def test_what_is_no_frame_at_all(line: Line, more: int) -> None:
    @few(200 * more)
    @given(nonsense)
    def none(raw: str | bytes) -> None:
        check(line, raw)

    none()


def test_text_that_is_no_text(line: Line, more: int) -> None:
    @few(15 * more)
    @given(st.binary(min_size=1).map(lambda raw: b'{"type":9,"id":"' + raw + b'\xff"}'))
    def none(raw: bytes) -> None:
        assert line.end(raw, text=True) == 1006

    none()
