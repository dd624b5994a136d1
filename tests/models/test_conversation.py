"""Heads and cursors, as values and in the real store: they follow from the log, never back."""

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from models import conversation, documents
from models.conversation import Conversations
from models.head import NOTHING, Cursor, Head, Own, View
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
        assert await conversations.expired(101) == [CONV]


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
    monkeypatch.setattr(documents, "IN_MAX", 4)
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


async def test_those_with_messages_that_are_old_enough_are_found(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "PAGE", 1)
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        for conv, first_at in (("1:4", 30), ("1:2", 10), ("1:3", 20), ("1:5", 40)):
            await conversations.create({conv: (1,)}, first_at)
        assert sorted(await conversations.expired(40)) == ["1:2", "1:3", "1:4"]
        await conversations.purged("1:2", 6, 45)
        assert sorted(await conversations.expired(40)) == ["1:3", "1:4"]
        assert [await conversations.purged_seq(conv) for conv in ("1:2", "1:3")] == [6, 0]


# Groups


def happens(seq: int, event: str, *uids: int, by: int = 1, n: int = 0, **more: Any) -> Stored:
    """An event of a group; before it `n` messages of people were stored."""
    data = {"by": by, "uids": list(uids)} if uids or event == "created" else {"by": by}
    fields = {"kind": "system", "event": event, "data": data} | more
    stored = message(seq, conv=GROUP, from_=by, **fields)
    return Stored(stored.message, n, stored.draft)


GROUP = "g7"

A_GROUP = [
    happens(1, "created", 2, time=10),
    message(2, conv=GROUP, from_=1, n=1, time=20),
    happens(3, "joined", 3, 4, n=1, time=30),
    message(4, conv=GROUP, from_=1, n=2, time=40, mentions=[3]),
    happens(5, "kicked", 3, n=2, time=50),
    message(6, conv=GROUP, from_=2, n=3, time=60),
    happens(7, "left", 4, by=4, n=3, time=70),
    happens(8, "joined", 3, by=2, n=3, time=80),
    message(9, conv=GROUP, from_=2, n=4, time=90),
]


def test_the_log_of_a_group_says_who_is_in_it() -> None:
    ends = [head_after(A_GROUP[:count]).members for count in range(10)]
    assert [set(members) for members in ends] == [
        set(),
        {1, 2},
        {1, 2},
        {1, 2, 3, 4},
        {1, 2, 3, 4},
        {1, 2, 4},
        {1, 2, 4},
        {1, 2},
        {1, 2, 3},
        {1, 2, 3},
    ]
    head = head_after(A_GROUP)
    assert [head.is_member(uid) for uid in (1, 2, 3, 4, 5)] == [True, True, True, False, False]


def tells(seq: int, event: str, *uids: int, **data: Any) -> Stored:
    """An event whose `data` says more."""
    return happens(seq, event, data={"by": 1, "uids": list(uids)} | data)


def test_the_log_of_a_group_says_who_leads_and_who_may_write() -> None:
    far = int(time.time() * 1000) + 3_600_000
    head = head_after([happens(1, "created", 2, 3)])
    assert head.leaders == {1: "owner"} and not any(map(head.silences, (1, 2, 3)))
    head.advance(tells(2, "muted", 2, until=far))
    head.advance(tells(3, "muted", 3, until=1))
    assert [uid for uid in (1, 2, 3) if head.silences(uid)] == [2]
    head.advance(tells(4, "role", 2, role="admin"))
    assert head.leaders == {1: "owner", 2: "admin"} and not head.silences(2)
    head.advance(tells(5, "role", 2, role="member"))
    assert head.silences(2)
    head.advance(happens(6, "left", 2, by=2))
    head.advance(happens(7, "joined", 2))
    assert not head.silences(2)
    head.advance(tells(8, "changed", speak="admins"))
    assert [uid for uid in (1, 2, 3) if head.silences(uid)] == [2, 3]
    copy = head.copy()
    head.advance(tells(9, "changed", speak="all"))
    head.advance(tells(10, "role", 3, role="owner"))
    head.advance(tells(11, "muted", 2, until=far))
    assert head.leaders == {1: "owner", 3: "owner"} and head.silences(2)
    assert copy.leaders == {1: "owner"} and not copy.muted.get(2) and copy.admins_only


def test_a_view_is_what_lies_between_coming_and_going() -> None:
    head = head_after(A_GROUP)
    assert head.view(1) == View(1, 0, 9, 4, 9, 90, True)
    assert head.view(3) == View(8, 3, 9, 4, 9, 90, True)
    assert head.view(4) == View(3, 1, 7, 3, 7, 70, False)
    assert head.view(5) == NOTHING
    # While he was out, before he came back.
    assert head_after(A_GROUP[:6]).view(3) == View(3, 1, 5, 2, 5, 50, False)


def test_the_end_of_a_group_is_the_last_event_of_all_who_are_in_it() -> None:
    head = head_after([*A_GROUP, happens(10, "dissolved", n=4, time=100)])
    assert head.members == ()
    for uid, first in ((1, 1), (2, 1), (3, 8)):
        view = head.view(uid)
        assert (view.first_seq, view.last_seq, view.n, view.member) == (first, 10, 4, False)
    assert head.view(4).last_seq == 7


def test_what_has_expired_is_in_nobodys_view() -> None:
    head = head_after(A_GROUP)
    head.floor_seq, head.floor_n = 6, 3
    assert (head.view(1).first_seq, head.view(1).n_before) == (7, 3)
    assert (head.view(3).first_seq, head.view(3).n_before) == (8, 3)
    gone = head.view(4)
    assert (gone.first_seq, gone.last_seq) == (7, 7)


def test_who_is_let_in_twice_has_come_once_and_who_goes_twice_went_once() -> None:
    log = [*A_GROUP, happens(10, "joined", 3, n=4), happens(11, "kicked", 4, 5, n=4)]
    assert head_after(log).spans == head_after(A_GROUP).spans


def test_a_copy_of_a_groups_head_has_members_of_its_own() -> None:
    head = head_after(A_GROUP[:4])
    assert set(head.members) == {1, 2, 3, 4}
    copy = head.copy()
    copy.advance(A_GROUP[4])
    assert (set(head.members), set(copy.members)) == ({1, 2, 3, 4}, {1, 2, 4})


def test_an_event_of_two_people_makes_no_group_of_them() -> None:
    head = head_after([message(1), message(2, kind="system", event="named", n=1)])
    assert head.spans == {} and head.view(1).member


async def test_who_is_in_a_group_is_stored_with_its_head(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        await conversations.create({GROUP: (1, 2)}, 100)
        log = [replace_time(stored, 2**41 + place) for place, stored in enumerate(A_GROUP)]
        for count in range(1, len(log) + 1):
            head = head_after(log[:count])
            await conversations.raise_heads([(GROUP, head)])
            read = (await conversations.heads([GROUP]))[GROUP]
            assert read == head and set(read.members) == set(head.members)
            # And it goes on from there as from the log.
            for stored in log[count:]:
                read.advance(stored)
            assert read == head_after(log)
        assert type(read.view(4).updated_at) is int


def replace_time(stored: Stored, time: int) -> Stored:
    return Stored(structs.replace(stored.message, time=time), stored.n, stored.draft)


async def test_a_head_from_before_there_were_groups_is_read(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        conversations = Conversations(stores)
        await begun(conversations)
        heads = stores.mongo_db.get_collection("conversations")
        await heads.update_one({"_id": CONV}, {"$unset": {"spans": ""}})
        assert (await conversations.heads([CONV]))[CONV] == Head()
