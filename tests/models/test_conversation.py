"""Heads and cursors, as values and in the real store: they follow from the log, never back."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import conversation
from models.conversation import Conversations, Cursor, Head, Own
from models.message import Stored
from tests.opened import Embedded
from tests.written import CONV, message

EVENT: dict[str, Any] = {"kind": "system", "event": "recalled", "silent": True}

A_LOG = [
    message(1, from_=1, n=1, time=10),
    message(2, from_=2, n=2, time=20, mentions=[1]),
    message(3, from_=1, n=2, time=30, **EVENT),
    message(4, from_=1, n=3, time=35),
    message(5, from_=2, n=3, time=40, **EVENT),
]


def head_after(log: list[Stored]) -> Head:
    head = Head()
    for stored in log:
        head.advance(stored)
    return head


async def begun(conversations: Conversations) -> None:
    await conversations.create({CONV: (1, 2)}, 100)


# As values


def test_a_head_says_what_its_log_holds() -> None:
    head = head_after(A_LOG)
    assert (head.last_seq, head.n) == (5, 3)
    assert head.own == {1: Own(4, 3, 2), 2: Own(2, 2, 1)}
    assert (head.sent(1), head.sent(2), head.sent(3)) == (2, 1, 0)


def test_a_head_knows_the_newest_mention_of_each_and_of_everyone() -> None:
    log = [message(1, mentions=[2, 3]), message(2, mentions=[3])]
    assert [head_after(log).mentions(uid) for uid in (1, 2, 3)] == [0, 1, 2]
    log.append(message(3, mentions="all"))
    assert [head_after(log).mentions(uid) for uid in (1, 2, 3)] == [3, 3, 3]


def test_a_silent_event_is_not_shown_and_no_activity() -> None:
    head = head_after(A_LOG)
    assert (head.shown_seq, head.updated_at) == (4, 35)


@given(st.lists(st.integers(0, 4), max_size=12))
def test_what_a_head_has_taken_in_changes_it_no_more(again: list[int]) -> None:
    head = head_after(A_LOG)
    for place in again:
        head.advance(A_LOG[place])
    assert head == head_after(A_LOG)


def test_a_copy_of_a_head_moves_alone() -> None:
    head = head_after(A_LOG[:2])
    copy = head.copy()
    copy.advance(message(3, from_=1, mentions=[2]))
    assert head == head_after(A_LOG[:2])


def test_who_writes_has_read_so_far() -> None:
    head = head_after(A_LOG)
    assert head.read_by(Cursor(1, CONV)) == (4, 3)
    assert head.read_by(Cursor(1, CONV, read_seq=2, read_n=2)) == (4, 3)
    assert head.read_by(Cursor(1, CONV, read_seq=5, read_n=3)) == (5, 3)
    assert head.read_by(Cursor(3, CONV)) == (0, 0)


def test_ones_own_silent_event_reads_nothing() -> None:
    assert head_after(A_LOG).read_by(Cursor(2, CONV)) == (2, 2)


def test_a_cursor_says_whether_it_moved_and_never_goes_back() -> None:
    cursor = Cursor(1, CONV)
    assert cursor.read_to(5, 4)
    assert not cursor.read_to(5, 9)
    assert not cursor.read_to(3, 3)
    assert (cursor.read_seq, cursor.read_n) == (5, 4)


# In the store


async def test_a_new_conversation_has_an_empty_head_and_a_cursor_for_each_member(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        await begun(conversations)
        assert await conversations.heads([CONV, "1:3"]) == {CONV: Head()}
        assert await conversations.inbox(1) == [Cursor(1, CONV)]
        assert await conversations.inbox(2) == [Cursor(2, CONV)]
        assert await conversations.inbox(3) == []


async def test_creating_again_changes_nothing(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        await begun(conversations)
        await conversations.raise_heads([(CONV, head_after(A_LOG))])
        await conversations.raise_cursors([Cursor(1, CONV, 4, 3)])
        await conversations.create({CONV: (1, 2)}, 999)
        assert await conversations.heads([CONV]) == {CONV: head_after(A_LOG)}
        assert await conversations.inbox(1) == [Cursor(1, CONV, 4, 3)]
        assert [conv for conv, *_ in await conversations.expired(101, 9)] == [CONV]


async def test_what_is_stored_only_moves_forward(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        await begun(conversations)
        ahead, cursor = head_after(A_LOG), Cursor(1, CONV, 4, 3)
        await conversations.raise_heads([(CONV, ahead)])
        await conversations.raise_cursors([cursor])
        await conversations.raise_heads([(CONV, head_after(A_LOG[:2]))])
        await conversations.raise_cursors([Cursor(1, CONV, 1, 1)])
        assert await conversations.heads([CONV]) == {CONV: ahead}
        assert await conversations.cursors([(1, CONV), (9, CONV)]) == {(1, CONV): cursor}


async def test_more_than_one_write_takes_is_written(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "WRITES_MAX", 4)
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        convs = {f"1:{uid}": (1, uid) for uid in range(2, 12)}
        await conversations.create(convs, 0)
        await conversations.raise_heads([(conv, head_after(A_LOG)) for conv in convs])
        await conversations.raise_cursors([Cursor(1, conv, 4, 3) for conv in convs])
        assert await conversations.heads(convs) == dict.fromkeys(convs, head_after(A_LOG))
        assert {cursor.read_seq for cursor in await conversations.inbox(1)} == {4}


async def test_a_person_has_all_his_conversations_and_nobody_elses(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "IN_MAX", 4)
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        convs = {f"1:{uid}": (1, uid) for uid in range(2, 15)} | {"2:3": (2, 3)}
        await conversations.create(convs, 0)
        assert {cursor.conv for cursor in await conversations.inbox(1)} == set(convs) - {"2:3"}
        assert {cursor.conv for cursor in await conversations.inbox(2)} == {"1:2", "2:3"}
        assert len(await conversations.heads(list(convs))) == len(convs)
        assert len(await conversations.cursors([(1, conv) for conv in convs])) == len(convs) - 1


async def test_preferences_and_positions_leave_each_other_alone(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        await begun(conversations)
        await conversations.raise_cursors([Cursor(1, CONV, 4, 3)])
        await conversations.set_preferences(Cursor(1, CONV, muted=True, hidden_at=4))
        preferred = Cursor(1, CONV, 4, 3, muted=True, hidden_at=4)
        assert await conversations.inbox(1) == [preferred]
        await conversations.raise_cursors([Cursor(1, CONV, 5, 4)])
        assert await conversations.inbox(1) == [replace(preferred, read_seq=5, read_n=4)]


async def test_preferences_about_a_conversation_that_has_yet_to_begin_are_kept(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        await conversations.set_preferences(Cursor(1, CONV, pinned=True))
        await begun(conversations)
        assert await conversations.inbox(1) == [Cursor(1, CONV, pinned=True)]


# What expires


async def test_an_emptied_conversation_keeps_its_last_seq(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        await begun(conversations)
        await conversations.raise_floor(CONV, 7, 5)
        head = (await conversations.heads([CONV]))[CONV]
        assert (head.floor_seq, head.floor_n, head.last_seq, head.n) == (7, 5, 7, 5)
        await conversations.raise_floor(CONV, 3, 2)
        assert (await conversations.heads([CONV]))[CONV] == head


async def test_a_floor_does_not_lower_what_stands_above_it(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        await begun(conversations)
        await conversations.raise_heads([(CONV, head_after(A_LOG))])
        await conversations.raise_floor(CONV, 2, 2)
        head = (await conversations.heads([CONV]))[CONV]
        assert (head.floor_seq, head.last_seq, head.n) == (2, 5, 3)


async def test_those_with_the_oldest_messages_are_looked_at_first(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        for conv, first_at in (("1:4", 30), ("1:2", 10), ("1:3", 20), ("1:5", 40)):
            await conversations.create({conv: (1,)}, first_at)
        assert [conv for conv, *_ in await conversations.expired(40, 2)] == ["1:2", "1:3"]
        await conversations.purged("1:2", 6, 35)
        found = await conversations.expired(40, 9)
        assert [(conv, purged) for conv, _, purged in found] == [("1:3", 0), ("1:4", 0), ("1:2", 6)]
