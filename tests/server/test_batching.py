"""Which messages go in the next batch, and when it goes."""

import pytest

from server import batching
from server.batching import Batching
from server.draft import Draft

ONE, OTHER = "1:2", "1:3"


def draft(id: str, conv: str = ONE) -> Draft:
    return Draft(
        key=f"{conv}/1/{id}",
        conv=conv,
        from_=1,
        id=id,
        kind="text",
        content=id,
        check=lambda _head: None,
        answer=lambda _result: None,
    )


def put(some: Batching, ids: str, conv: str = ONE) -> None:
    for id in ids:
        some.put(draft(id, conv))


def ids(batch: list[Draft]) -> str:
    return "".join(draft.id for draft in batch)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full batch is one of four, and one of two goes beside another."""
    monkeypatch.setattr(batching, "BATCH_MAX", 4)
    monkeypatch.setattr(batching, "BESIDE_MIN", 2)


def test_one_that_is_alone_goes_at_once() -> None:
    some = Batching()
    assert some.idle
    assert not some.ready
    put(some, "a")
    assert some.ready
    assert not some.idle
    assert ids(some.take()) == "a"
    assert not some.ready
    assert not some.idle


def test_beside_another_goes_only_what_is_worth_it() -> None:
    some = Batching()
    put(some, "a")
    some.take()
    put(some, "x", OTHER)
    assert not some.ready
    put(some, "y", OTHER)
    assert some.ready
    assert ids(some.take()) == "xy"


def test_what_is_too_few_goes_at_the_end_of_the_other() -> None:
    some = Batching()
    put(some, "a")
    first = some.take()
    put(some, "x", OTHER)
    some.end(first)
    assert some.ready
    assert ids(some.take()) == "x"


def test_what_comes_for_a_conversation_that_is_written_waits_behind_it() -> None:
    some = Batching()
    put(some, "a")
    first = some.take()
    put(some, "bcd")
    put(some, "x", OTHER)
    assert not some.ready
    some.end(first)
    assert ids(some.take()) == "xbcd"


def test_what_a_full_batch_leaves_of_its_conversations_waits_behind_it() -> None:
    some = Batching()
    put(some, "abcdef")
    put(some, "xy", OTHER)
    first = some.take()
    assert ids(first) == "abcd"
    second = some.take()
    assert ids(second) == "xy"
    assert not some.ready
    some.end(second)
    assert not some.ready
    some.end(first)
    assert ids(some.take()) == "ef"


def test_it_is_idle_when_what_was_taken_has_ended() -> None:
    some = Batching()
    put(some, "ab")
    batch = some.take()
    assert not some.idle
    some.end(batch)
    assert some.idle


def test_what_waits_is_bounded_wherever_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "QUEUE_MAX", 3)
    some = Batching()
    put(some, "a")
    some.take()
    put(some, "bc")
    assert not some.full
    put(some, "x", OTHER)
    assert some.full
