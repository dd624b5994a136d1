"""Tails of conversations: what they have, and when they are not to be believed."""

import msgspec
import pytest

from models.message import Message, Stored
from server import recent
from server.recent import TAIL_MAX, Recent
from tests.written import CONV, message


def seqs(found: list[Stored] | None) -> list[int] | None:
    return None if found is None else [stored.message.seq for stored in found]


def filled(*numbers: int) -> Recent:
    tails = Recent()
    for seq in numbers:
        tails.take(message(seq))
    return tails


def change(seq: int, target: Message) -> Stored:
    """A silent event that tells of a change."""
    event = message(seq, kind="system", silent=True, event="edited", data={"target": target.seq})
    told = msgspec.structs.replace(event.message, message=target)
    return Stored(told, event.n, event.draft)


def test_what_has_come_is_there_up_to_the_end() -> None:
    tails = filled(1, 2, 3, 4)
    assert seqs(tails.range(CONV, 2, 4, 4)) == [2, 3]
    assert seqs(tails.range(CONV, 1, 9, 4)) == [1, 2, 3, 4]
    assert seqs(tails.range(CONV, 4, 4, 4)) == []
    assert tails.range("7:8", 1, 2, 1) is None


def test_a_tail_that_ends_elsewhere_is_not_believed() -> None:
    tails = filled(1, 2, 3)
    assert tails.range(CONV, 1, 3, 4) is None
    assert tails.range(CONV, 1, 3, 2) is None


def test_what_lies_before_it_is_not_there() -> None:
    tails = filled(5, 6)
    assert tails.range(CONV, 4, 7, 6) is None
    assert seqs(tails.range(CONV, 5, 7, 6)) == [5, 6]


def test_a_gap_begins_it_anew_and_what_comes_again_changes_nothing() -> None:
    tails = filled(1, 2, 5, 6, 6, 5)
    assert tails.range(CONV, 1, 7, 6) is None
    assert seqs(tails.range(CONV, 5, 7, 6)) == [5, 6]


def test_a_change_is_seen_in_its_target_and_beside_the_events_that_told_of_others() -> None:
    tails = filled(1, 2)
    first = msgspec.structs.replace(message(1).message, content="first")
    second = msgspec.structs.replace(message(1).message, content="second")
    tails.take(change(3, first))
    tails.take(change(4, second))
    found = tails.range(CONV, 1, 5, 4)
    assert found is not None
    assert [stored.message.content for stored in found[:2]] == ["second", "text 2"]
    for stored in found[2:]:
        assert isinstance(stored.message.message, Message)
        assert stored.message.message.content == "second"


def test_of_one_conversation_the_newest_are_kept() -> None:
    tails = filled(*range(1, TAIL_MAX + 11))
    end = TAIL_MAX + 10
    assert tails.range(CONV, 10, end + 1, end) is None
    assert seqs(tails.range(CONV, 11, end + 1, end)) == list(range(11, end + 1))


def test_together_they_are_bounded_and_the_one_used_longest_ago_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recent, "CHARACTERS_MAX", 3 * (recent.AROUND + 100))
    tails = Recent()
    for conv in ("1:2", "1:3", "1:4"):
        tails.take(message(1, conv=conv, content="x" * 100))
    assert tails.range("1:2", 1, 2, 1)
    tails.take(message(1, conv="1:5", content="x" * 100))
    assert tails.range("1:3", 1, 2, 1) is None
    assert [conv for conv in ("1:2", "1:4", "1:5") if tails.range(conv, 1, 2, 1)] == [
        "1:2",
        "1:4",
        "1:5",
    ]


def test_what_was_read_is_kept_unless_something_came_meanwhile() -> None:
    tails = Recent()
    tails.keep(CONV, [message(seq) for seq in range(1, 4)])
    assert seqs(tails.range(CONV, 1, 4, 3)) == [1, 2, 3]
    tails = filled(4)
    tails.keep(CONV, [message(seq) for seq in range(1, 4)])
    assert seqs(tails.range(CONV, 4, 5, 4)) == [4]
