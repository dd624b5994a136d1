"""Whatever two people do, each answer and each push of both is what a model says."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.client import MESSAGE, SYNC, TYPING, Account, Frame
from tests.fuzz.line import Line
from tests.fuzz.pair import Pair, Pushes
from tests.fuzz.steady import steady
from tests.histories.history import compare
from tests.running import Server

HISTORIES = 12
STEPS = 40
PAGE = 50

who = st.booleans()
back = st.integers(-1, 8)
"""How far behind the last message; -1 is one that there is not yet."""
ids = st.integers(0, 9).map(str)
contents = st.sampled_from(["hello", "你好 👋", "a\n\tb"])

_asks = itertools.count()


def strangers(server: Server) -> Iterator[tuple[Account, Account]]:
    """Two people who have never talked, again and again: each new one with all before him."""
    known: list[Account] = []
    while True:
        new = Account.new(server)
        yield from ((old, new) for old in known)
        known.append(new)


class TwoUsers(RuleBasedStateMachine):
    """Each rule does one act, on the server and in the model."""

    def __init__(self, people: Iterator[tuple[Account, Account]]) -> None:
        super().__init__()
        self.people = next(people)
        self.lines = {one.uid: Line(one) for one in self.people}
        self.pair = Pair(*self.lines)
        for one in self.people:
            self.come(one.uid)

    def teardown(self) -> None:
        for line in self.lines.values():
            line.hang_up()
        for one, other in itertools.permutations(self.people, 2):
            if one.uid in self.pair.blocking:
                one.call("DELETE", f"/api/user/{other.uid}/block")

    def come(self, uid: int) -> None:
        self.lines[uid].turn()
        self.pair.online.add(uid)

    def actor(self, first: bool, *, back: int = 0) -> tuple[int, int]:
        """Who acts, on which message. Somebody who is away comes first."""
        uid = self.people[not first].uid
        if uid not in self.pair.online:
            self.come(uid)
        return uid, max(0, self.pair.last - back)

    def act(self, uid: int, expected: tuple[Frame, Pushes], **frame: Any) -> Frame:
        """Send a frame, and hold what both are told to what is expected."""
        answer, pushes = expected
        id = frame.setdefault("id", f"ask-{next(_asks)}")
        came = self.lines[uid].turn(json.dumps(frame), answered=1)
        answers = [one for one in came if one["code"] != MESSAGE and one.get("id") == id]
        assert len(answers) == 1, came
        fits(answer, answers[0])
        # Of what he did himself he is told before it is answered.
        assert came[-1] == answers[0], came
        self.told(uid, came[:-1], pushes)
        self.told_other(uid, pushes)
        return answers[0]

    def told_other(self, uid: int, pushes: Pushes) -> None:
        other = self.pair.other(uid)
        if other in self.pair.online:
            self.told(other, self.lines[other].turn(), pushes)

    def told(self, uid: int, came: list[Frame], pushes: Pushes) -> None:
        expected = pushes.get(uid, [])
        if not came and [one["code"] for one in expected] == [TYPING]:
            return
        assert len(came) == len(expected), (came, expected)
        for one, frame in zip(expected, came, strict=True):
            fits(one, frame)

    @rule(first=who, id=ids, content=contents, to=st.booleans())
    def send(self, first: bool, id: str, content: str, to: bool) -> None:
        uid, _ = self.actor(first)
        place = {"to": self.pair.other(uid)} if to else {"conv": self.pair.conv}
        expected = self.pair.send(uid, id, content)
        answer = self.act(uid, expected, type=1, id=id, content=content, **place)
        if "time" in answer:
            self.pair.acks[uid, id].setdefault("time", answer["time"])

    @rule(first=who, back=back)
    def read(self, first: bool, back: int) -> None:
        uid, seq = self.actor(first, back=back)
        self.act(uid, self.pair.read(uid, seq), type=4, conv=self.pair.conv, seq=seq)

    @rule(first=who, back=back)
    def recall(self, first: bool, back: int) -> None:
        uid, seq = self.actor(first, back=back)
        self.act(uid, self.pair.recall(uid, seq), type=6, conv=self.pair.conv, seq=seq)

    @rule(first=who, back=back, content=contents)
    def edit(self, first: bool, back: int, content: str) -> None:
        uid, seq = self.actor(first, back=back)
        expected = self.pair.edit(uid, seq, content)
        self.act(uid, expected, type=10, conv=self.pair.conv, seq=seq, content=content)

    @rule(first=who, back=back, emoji=st.sampled_from("👍🎉"), on=st.booleans())
    def react(self, first: bool, back: int, emoji: str, on: bool) -> None:
        uid, seq = self.actor(first, back=back)
        expected = self.pair.react(uid, seq, emoji, on)
        self.act(uid, expected, type=11, conv=self.pair.conv, seq=seq, emoji=emoji, on=on)

    @rule(first=who)
    def typing(self, first: bool) -> None:
        uid, _ = self.actor(first)
        self.act(uid, self.pair.typing(uid), type=5, conv=self.pair.conv)

    @rule(first=who, on=st.booleans())
    def block(self, first: bool, on: bool) -> None:
        uid, _ = self.actor(first)
        account = self.lines[uid].account
        path = f"/api/user/{self.pair.other(uid)}/block"
        assert account.call("PUT" if on else "DELETE", path).status == 200
        pushes = self.pair.block(uid, on)
        self.told(uid, self.lines[uid].turn(), pushes)
        self.told_other(uid, pushes)

    @rule(first=who)
    def leave(self, first: bool) -> None:
        uid, _ = self.actor(first)
        self.lines[uid].hang_up()
        self.pair.online.discard(uid)

    @rule(first=who, back=st.integers(-1, PAGE + 10))
    def sync(self, first: bool, back: int) -> None:
        uid, cursor = self.actor(first, back=back)
        view = self.pair.talk.view(uid)
        answer = self.act(uid, ({"code": SYNC}, {}), type=7, cursors={self.pair.conv: cursor})
        # His other talks are older ones, which he has no cursor for.
        rows = [row for row in answer["conversations"] if row["conv"] == self.pair.conv]
        if not view[cursor:]:
            assert all(not row["messages"] for row in rows)
            return
        (row,) = rows
        compare(row["messages"], view[cursor : cursor + PAGE], first=1)
        assert row["more"] == (len(view) > cursor + PAGE)
        assert (row["last_seq"], row["first_seq"]) == (len(view), 1)
        assert row["read_seq"] == self.pair.talk.read_seq(uid)
        assert row["unread"] == len(self.pair.talk.unread(uid))


def fits(expected: Frame, frame: Frame) -> None:
    """It has the fields that are expected, and perhaps more."""
    assert {name: frame.get(name) for name in expected} == expected, frame


@pytest.mark.timeout(600)
def test_a_random_history_of_two(server: Server, more: int) -> None:
    people = strangers(server)
    longer = settings(
        max_examples=HISTORIES * more,
        stateful_step_count=STEPS,
        suppress_health_check=list(HealthCheck),
    )
    with steady(server):
        run_state_machine_as_test(lambda: TwoUsers(people), settings=longer)
