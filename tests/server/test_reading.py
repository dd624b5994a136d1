"""Pages and what is unread: exact at every bound, and never too large."""

from __future__ import annotations

import dataclasses
import itertools

import msgspec
import pytest

from models.conv import pair, pair_members
from models.conversation import Conversations
from models.dirty import Dirty
from models.head import Cursor, Head
from models.message import RANGE_MAX, Message, Stored
from models.stores import Stores
from server.policy import Place
from server.positions import Positions
from server.protocol import PAGE_BYTES_MAX, Page
from server.reading import (
    UNREAD_MESSAGES,
    Budget,
    Reading,
    Standing,
    unread,
)
from server.recent import Recent
from tests.border import BorderedMessages
from tests.opened import Embedded
from tests.process import running
from tests.written import CONV, NOW, message, write

ANN, BO = 1, 2
PLACE = Place(CONV, (ANN, BO))
HALF = "x" * (PAGE_BYTES_MAX // 2 - 5000)
"""Two of these fit an answer, three do not."""


class Reader:
    """Reading on real stores, with positions that nobody here follows, so that none is cached."""

    def __init__(self, stores: Stores) -> None:
        self.messages = BorderedMessages(stores)
        self.conversations = Conversations(stores)
        dirty = Dirty(stores.redis_client, stores.redis, "one")
        self.positions = Positions(
            self.conversations, self.messages, dirty, epoch=lambda: 0, is_alone=lambda: True
        )
        self.reading = Reading(self.messages, self.positions, Recent())

    async def log(
        self, *stored: Stored, conv: str = CONV, floor: int = 0, read: int = 0, at: int = NOW
    ) -> None:
        """Messages as they lie when all is flushed; `read` is how far Ann has read."""
        head, cursor = Head(), Cursor(ANN, conv)
        await self.conversations.create({conv: pair_members(conv)}, NOW)
        kept = [one for one in stored if one.message.seq > floor]
        if kept:
            await write(self.messages, *kept)
        n_of = {0: 0}
        for one in stored:
            head.advance(one)
            n_of[one.message.seq] = one.n
        cursor.read_to(read, n_of[read])
        await self.conversations.raise_heads([(conv, dataclasses.replace(head, updated_at=at))])
        await self.conversations.raise_cursors([cursor])
        if floor:
            await self.conversations.raise_floor(conv, floor, n_of[floor])

    async def page(self, limit: int, **asked: int) -> tuple[list[int], bool]:
        wanted = {"before": None, "after": None, "around": None} | asked
        found, end = await self.reading.page(ANN, PLACE, Page(limit=limit, **wanted))
        return [one.seq for one in found], end


def texts(*sizes: int, first: int = 1) -> list[Stored]:
    """One text for each size, 1 being that of a short one."""
    return [
        message(seq, from_=BO, content="x" * size) for seq, size in enumerate(sizes, start=first)
    ]


def size(answer: object) -> int:
    return len(msgspec.json.encode(answer))


# Pages


@pytest.mark.parametrize(("last", "floor"), [(0, 0), (1, 0), (6, 0), (6, 2), (6, 6)])
async def test_a_page_is_what_a_slice_of_the_kept_seqs_would_be(
    embedded: Embedded, last: int, floor: int
) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        if last:
            await reader.log(*texts(*[1] * last), floor=floor)
        kept = list(range(floor + 1, last + 1))
        for before, after, limit in itertools.product((None, 1, 4, 9), (None, 0, 3, 9), (1, 2, 9)):
            asked = {k: v for k, v in (("before", before), ("after", after)) if v is not None}
            fit = [s for s in kept if s < (before or 99) and s > (-1 if after is None else after)]
            wanted = fit[:limit] if after is not None else fit[-limit:]
            assert await reader.page(limit, **asked) == (wanted, len(fit) == len(wanted)), asked


@pytest.mark.parametrize("floor", [0, 4])
async def test_around_gives_both_sides_and_fills_up_where_one_ends(
    embedded: Embedded, floor: int
) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        await reader.log(*texts(*[1] * 12), floor=floor)
        kept = range(floor + 1, 13)
        for around, limit in itertools.product(range(15), (1, 2, 5, 50)):
            found, end = await reader.page(limit, around=around)
            assert found == list(range(found[0], found[0] + min(limit, len(kept))))
            assert (around in found) == (around in kept)
            if found[0] > kept[0] and found[-1] < 12:
                assert around - found[0] == limit // 2
            assert end == (found[-1] == 12)


async def test_a_page_that_is_cut_keeps_the_side_that_was_asked_for(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        await reader.log(*texts(*[len(HALF)] * 6))
        assert await reader.page(6) == ([5, 6], False)
        assert await reader.page(6, before=4) == ([2, 3], False)
        assert await reader.page(6, after=1) == ([2, 3], False)
        assert await reader.page(6, after=4) == ([5, 6], True)
        assert await reader.page(6, after=0, before=3) == ([1, 2], True)


async def test_one_message_larger_than_a_page_comes_alone(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        await reader.log(*texts(1, 2 * PAGE_BYTES_MAX, 1))
        assert await reader.page(3, before=3) == ([2], False)
        assert await reader.page(3, after=1) == ([2], False)
        assert await reader.page(3, around=2) == ([2], False)
        assert await reader.page(3, after=0) == ([1], False)


def test_a_budget_is_used_to_the_last_byte() -> None:
    (one,) = texts(10)
    bytes_of_one = size(one.message) + 1
    for left, count in ((3 * bytes_of_one, 3), (3 * bytes_of_one - 1, 2), (1, 0)):
        budget = Budget(left)
        assert len(budget.fit([one.message] * 5, newest=False, at_least=0)) == count
        assert budget.left == left - count * bytes_of_one


@pytest.mark.parametrize(
    ("seq", "kept"), [(1, [1, 2, 3]), (3, [2, 3, 4]), (5, [3, 4, 5]), (9, [3, 4, 5])]
)
def test_what_is_cut_of_a_page_around_is_cut_at_both_ends(seq: int, kept: list[int]) -> None:
    page = [one.message for one in texts(*[100] * 5)]
    budget = Budget(3 * (size(page[0]) + 1))
    assert [one.seq for one in budget.around(page, seq)] == kept


def test_a_page_around_nothing_is_empty() -> None:
    assert Budget().around([], 5) == []


# Unread


def test_unread_is_a_subtraction_that_knows_the_floor_and_is_never_negative() -> None:
    assert unread(Head(n=9), Cursor(ANN, CONV)) == 9
    assert unread(Head(n=9, floor_n=4), Cursor(ANN, CONV, read_n=2)) == 5
    assert unread(Head(n=9, floor_n=4), Cursor(ANN, CONV, read_n=7)) == 2
    assert unread(Head(n=3), Cursor(ANN, CONV, read_n=5)) == 0


def with_events(count: int, every: int = 2) -> list[Stored]:
    """A text of Bo's first, and so on: one in `every` entries of the log, the rest events."""
    made = []
    for seq in range(1, count + 1):
        more = {} if seq % every == 1 else {"kind": "system", "event": "named"}
        made.append(message(seq, from_=BO, n=(seq + every - 1) // every, **more))
    return made


async def test_events_are_neither_counted_nor_given_and_are_passed_over(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        await reader.log(*with_events(8), read=1)
        async with running(reader.positions.loops()):
            answer, (moved,) = await reader.reading.unread(ANN, None)
        (entry,) = answer["conversations"]
        assert [one.seq for one in entry["messages"]] == [3, 5, 7]
        assert (entry["unread"], entry["more"], answer["more"]) == (3, False, False)
        assert (moved.seq, moved.n) == (7, 4)
        assert await reader.reading.unread(ANN, None) == ({"conversations": [], "more": False}, [])


async def test_a_hundred_are_given_however_many_events_lie_between(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        # The text at the bound of two ranges is one of them.
        assert RANGE_MAX % 4 == 0
        await reader.log(*with_events(2 * RANGE_MAX + 50, every=4))
        async with running(reader.positions.loops()):
            answer, (moved,) = await reader.reading.unread(ANN, [PLACE])
        (entry,) = answer["conversations"]
        assert [one.seq for one in entry["messages"]] == list(range(1, 4 * UNREAD_MESSAGES, 4))
        assert moved.seq == 4 * UNREAD_MESSAGES - 3
        assert (entry["unread"], entry["more"]) == (RANGE_MAX // 2 + 13, True)


async def test_what_has_expired_is_not_unread(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        await reader.log(*texts(1, 1, 1, 1, 1), floor=3, read=1)
        async with running(reader.positions.loops()):
            answer, _ = await reader.reading.unread(ANN, None)
        (entry,) = answer["conversations"]
        assert (entry["unread"], [one.seq for one in entry["messages"]]) == (2, [4, 5])


async def test_an_answer_of_unread_ends_where_the_next_would_not_fit_and_is_never_empty(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        huge, small = pair(ANN, 3), pair(ANN, 4)
        await reader.log(*texts_in(huge, 2 * PAGE_BYTES_MAX, 1), conv=huge, at=NOW + 2)
        await reader.log(*texts_in(small, 1), conv=small, at=NOW + 1)
        async with running(reader.positions.loops()):
            first, moved = await reader.reading.unread(ANN, None)
            assert [e["conv"] for e in first["conversations"]] == [huge]
            assert first["conversations"][0]["more"] is True and first["more"] is True
            assert [(standing.conv, standing.seq) for standing in moved] == [(huge, 1)]
            then, moved = await reader.reading.unread(ANN, None)
            assert [e["conv"] for e in then["conversations"]] == [huge, small]
            assert then["more"] is False and len(moved) == 2
            assert size(then) <= PAGE_BYTES_MAX


async def test_a_conversation_of_which_nothing_fits_any_more_waits_for_the_next_answer(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        convs = [pair(ANN, uid) for uid in (3, 4)]
        for place, conv in enumerate(convs):
            await reader.log(*texts_in(conv, PAGE_BYTES_MAX * 2 // 3), conv=conv, at=NOW - place)
        async with running(reader.positions.loops()):
            for conv, more in zip(convs, (True, False), strict=True):
                answer, (moved,) = await reader.reading.unread(ANN, None)
                (entry,) = answer["conversations"]
                assert (entry["conv"], len(entry["messages"]), answer["more"]) == (conv, 1, more)
                assert moved.conv == conv


def texts_in(conv: str, *sizes: int) -> list[Stored]:
    return [
        message(seq, conv=conv, from_=BO, content="x" * length)
        for seq, length in enumerate(sizes, start=1)
    ]


# Marking


@pytest.mark.parametrize(
    ("seq", "stands", "n", "moves"),
    [(0, 2, 2, False), (2, 2, 2, False), (3, 2, 2, False), (4, 4, 4, True), (99, 6, 6, True)],
)
async def test_a_mark_goes_forward_to_the_last_and_no_mark_into_what_has_expired(
    embedded: Embedded, seq: int, stands: int, n: int, moves: bool
) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        await reader.log(*texts(*[1] * 6), floor=3, read=2)
        async with running(reader.positions.loops()):
            standing = await reader.reading.mark(ANN, PLACE, seq)
        assert standing == Standing(ANN, CONV, stands, n, moves)


async def test_no_mark_moves_where_all_has_expired(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        await reader.log(*texts(1, 1, 1), floor=3, read=1)
        for seq in (2, 3, 99):
            standing = await reader.reading.mark(ANN, PLACE, seq)
            assert standing == Standing(ANN, CONV, 1, 1, moved=False)


async def test_a_mark_counts_by_the_message_it_stands_at(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        await reader.log(*with_events(8))
        async with running(reader.positions.loops()):
            for seq, n in ((2, 1), (5, 3), (8, 4)):
                standing = await reader.reading.mark(ANN, PLACE, seq)
                assert standing == Standing(ANN, CONV, seq, n, moved=True)
                # It is stored when this returns.
                (kept,) = await reader.conversations.inbox(ANN)
                assert (kept.read_seq, kept.read_n) == (seq, n)


def test_a_message_is_measured_as_it_is_sent() -> None:
    told = Message(conv=CONV, seq=1, from_=BO, kind="text", content="é\n", time=NOW, id="1")
    budget = Budget()
    left = budget.left
    budget.fit([told], newest=False, at_least=0)
    assert left - budget.left == size(told) + 1
