"""Heads and cursors on real stores: exact for who reads, written behind, never back."""

import asyncio
from collections.abc import Collection

import pytest

from models.errors import Unavailable
from models.head import Cursor, Head, Own
from server import positions
from tests.opened import Embedded
from tests.process import Process, process, running
from tests.written import CONV, message, write

BOTH = (1, 2)


async def begun(one: Process, *seqs: int, head: int = 0) -> None:
    """A conversation with messages of user 2, whose stored head stands at `head`."""
    await one.conversations.create({CONV: BOTH}, 0)
    await write(one.messages, *(message(seq, from_=2) for seq in seqs))
    await raised(one, head)


async def raised(one: Process, seq: int, *cursors: Cursor) -> None:
    """Some process has written the head as it is after `seq` messages of user 2, and cursors."""
    head = Head()
    for number in range(1, seq + 1):
        head.advance(message(number, from_=2))
    await one.conversations.raise_heads([(CONV, head)])
    await one.conversations.raise_cursors(cursors)


async def follow(one: Process, uid: int) -> dict[str, int]:
    """As with a socket of somebody here: his inbox is kept, his conversations are heard."""
    heads = await one.positions.follow(await one.positions.keep_inbox(uid))
    return {conv: head.last_seq for conv, head in heads.items()}


async def last_seq(one: Process) -> int:
    return (await one.positions.heads([CONV]))[CONV].last_seq


async def read_seq(one: Process, uid: int) -> int:
    """How far somebody has read, as this process knows it."""
    head = (await one.positions.heads([CONV]))[CONV]
    return head.read_by(await one.positions.cursor(uid, CONV))[0]


async def stored_seq(one: Process) -> int:
    return (await one.conversations.heads([CONV]))[CONV].last_seq


async def stored_cursor(one: Process, uid: int) -> Cursor:
    return (await one.conversations.cursors([(uid, CONV)]))[uid, CONV]


async def took(one: Process, seq: int, *, from_: int = 1, **more: Collection[int]) -> None:
    """This process's log has stored a message."""
    stored = message(seq, from_=from_, **more)
    await one.positions.mark([CONV])
    await write(one.messages, stored)
    one.positions.advance(stored)
    one.positions.moved(stored)
    one.positions.written([CONV])


# Reading


async def test_a_head_that_nobody_follows_is_read_each_time(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        await begun(two, 1, 2, head=1)
        assert await last_seq(one) == 1
        await raised(two, 2)
        assert await last_seq(one) == 2


async def test_a_marked_conversation_is_read_to_the_end_of_its_log(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        await begun(two, 1, 2, 3, head=1)
        await two.dirty.mark([CONV])
        head = (await one.positions.heads([CONV]))[CONV]
        assert (head.last_seq, head.n, head.shown_seq, head.own) == (3, 3, 3, {2: Own(3, 3, 3)})


async def test_the_log_is_not_read_where_nothing_is_marked(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, head=1)
        await one.positions.heads([CONV])
        assert one.messages.ranging.calls == 0


async def test_who_asks_for_what_is_stored_is_not_told_what_was_heard(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        await begun(one, 1, head=1)
        await follow(one, 1)
        await took(two, 2)
        assert await last_seq(one) == 1  # what two says of it is still on its way
        calls = one.messages.ranging.calls
        assert (await one.positions.reach(CONV, 1)).last_seq == 1
        assert one.messages.ranging.calls == calls
        assert (await one.positions.reach(CONV, 2)).last_seq == 2
        assert await last_seq(one) == 2
        await took(two, 3)
        assert (await one.positions.reach(CONV)).last_seq == 3


async def test_a_new_writer_reads_the_log_where_nothing_is_marked_too(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, 2, 3, head=1)
        await one.positions.reread([CONV])
        head = one.positions.head(CONV)
        assert head is not None
        assert head.last_seq == 3


async def test_a_followed_head_is_not_read_again_and_moves_by_what_is_heard(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, head=1)
        assert await follow(one, 1) == {CONV: 1}
        reads = one.conversations.reading.calls
        one.positions.advance(message(2, from_=2))
        assert await last_seq(one) == 2
        assert one.conversations.reading.calls == reads


async def test_after_an_interruption_of_the_bus_nothing_is_trusted(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, 2, head=1)
        await follow(one, 1)
        await raised(one, 2, Cursor(1, CONV, read_seq=2, read_n=2))
        assert await last_seq(one) == 1
        one.bus.epoch += 1
        assert await last_seq(one) == 2
        assert (await one.positions.cursor(1, CONV)).read_seq == 2


async def test_a_message_beyond_the_next_makes_a_head_untrusted(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, 2, 3, head=1)
        await follow(one, 1)
        await one.dirty.mark([CONV])
        one.positions.advance(message(3, from_=2))
        assert one.positions.head(CONV) is None
        assert await last_seq(one) == 3
        assert (await one.positions.heads([CONV]))[CONV].n == 3


async def test_a_head_during_whose_reading_a_message_came_is_read_again(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, 2, head=1)
        await follow(one, 1)
        one.positions.forget([CONV])
        one.conversations.reading.hold()
        reading = asyncio.create_task(last_seq(one))
        await one.conversations.reading.reached()
        one.positions.advance(message(2, from_=2))
        one.conversations.reading.release()
        await reading
        await raised(one, 2)
        assert await last_seq(one) == 2


async def test_a_conversation_that_begins_while_a_member_is_here_is_trusted(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await follow(one, 1)
        one.positions.advance(message(1, from_=2))
        assert await last_seq(one) == 1
        assert list(await one.positions.inbox(1)) == [CONV]


async def test_who_has_left_is_not_followed_any_more(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, 2, head=1)
        await follow(one, 1)
        assert one.positions.followed(1) == [CONV]
        one.positions.drop_inbox(1)
        one.positions.unfollow([CONV])
        await raised(one, 2, Cursor(1, CONV, read_seq=2))
        assert await last_seq(one) == 2
        assert (await one.positions.cursor(1, CONV)).read_seq == 2
        assert one.positions.followed(1) == []


async def test_what_another_member_here_follows_stays_trusted(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, head=1)
        await follow(one, 1)
        await follow(one, 2)
        one.positions.drop_inbox(1)
        reads = one.conversations.reading.calls
        assert await last_seq(one) == 1
        assert one.conversations.reading.calls == reads


async def test_unfollowed_heads_are_kept_up_to_a_bound(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "HEADS_MAX", 5)
    async with embedded.open() as stores:
        one = Process(stores, "one")
        convs = [f"1:{uid}" for uid in range(2, 30)]
        await one.conversations.create({conv: (1,) for conv in convs}, 0)
        head = Head(last_seq=1)
        await one.conversations.raise_heads([(conv, head) for conv in convs])
        # One that is yet to be written must not be dropped.
        one.positions.advance(message(1, conv="1:2"))
        one.positions.moved(message(1, conv="1:2"))
        await one.positions.heads(convs)
        kept = [conv for conv in convs if one.positions.head(conv) is not None]
        assert "1:2" in kept
        # One too many has half of those go that nobody follows: never six, and four at the end.
        assert len(kept) == 4


# Cursors


async def test_the_end_of_the_log_tells_who_has_read_what_he_wrote_and_who_is_mentioned(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        await begun(two, 1, 2, head=2)
        await two.dirty.mark([CONV])
        await write(two.messages, message(3, from_=1), message(4, from_=2, mentions=[1]))
        head = (await one.positions.heads([CONV]))[CONV]
        assert head.read_by((await one.positions.inbox(1))[CONV]) == (3, 3)
        assert head.mentions(1) == 4


async def test_what_moves_while_an_inbox_is_read_is_in_it(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, head=1)
        one.conversations.reading.hold()
        following = asyncio.create_task(follow(one, 1))
        await one.conversations.reading.reached()
        await took(one, 2)
        one.conversations.reading.release()
        await following
        assert await read_seq(one, 1) == 2


async def test_a_followed_inbox_moves_by_what_others_tell(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, 2, 3, head=3)
        await follow(one, 1)
        one.positions.heard_read(1, CONV, 2, 2)
        one.positions.heard_read(1, CONV, 1, 1)
        one.positions.heard_preferences(Cursor(1, CONV, muted=True, hidden_at=3))
        cursor = await one.positions.cursor(1, CONV)
        assert (cursor.read_seq, cursor.read_n) == (2, 2)
        assert (cursor.muted, cursor.hidden_at) == (True, 3)


async def test_who_has_no_cursor_has_read_nothing(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        assert await one.positions.cursor(1, CONV) == Cursor(1, CONV)
        assert await one.positions.heads([CONV]) == {CONV: Head()}


async def test_preferences_are_stored_and_move_no_cursor(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, 2, head=2)
        await raised(one, 2, Cursor(1, CONV, read_seq=2, read_n=2))
        await one.positions.prefer(Cursor(1, CONV, pinned=True))
        cursor = await stored_cursor(one, 1)
        assert (cursor.pinned, cursor.read_seq) == (True, 2)


async def test_a_read_returns_once_it_is_stored(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, 2, 3, head=3)
        one.conversations.moving.hold()
        async with running(one.positions.loops()):
            reading = asyncio.create_task(one.positions.read(1, CONV, 2, 2))
            await one.conversations.moving.reached()
            assert not reading.done()
            assert (await stored_cursor(one, 1)).read_seq == 0
            one.conversations.moving.release()
            assert await reading
            assert (await stored_cursor(one, 1)).read_seq == 2


async def test_a_cursor_never_goes_back(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, 2, 3, head=3)
        async with running(one.positions.loops()):
            assert await one.positions.read(1, CONV, 3, 3)
            assert not await one.positions.read(1, CONV, 2, 2)
            assert not await one.positions.read(1, CONV, 3, 3)
        assert (await stored_cursor(one, 1)).read_seq == 3


async def test_a_read_that_cannot_be_stored_says_so_and_is_stored_later(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, head=1)
        one.conversations.moving.failures.append(Unavailable("mongo"))
        async with running(one.positions.loops()):
            with pytest.raises(Unavailable):
                await one.positions.read(1, CONV, 1, 1)
            await one.conversations.moving.passed()
        assert (await stored_cursor(one, 1)).read_seq == 1


async def test_what_waits_to_be_read_at_one_moment_is_one_write(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one, 1, 2, 3, head=3)
        await follow(one, 1)
        await follow(one, 2)
        before = one.conversations.moving.calls
        reads = [one.positions.read(uid, CONV, seq, seq) for uid, seq in ((1, 1), (2, 3), (1, 2))]
        reading = asyncio.gather(*reads)
        await asyncio.sleep(0)
        async with running(one.positions.loops()):
            assert await reading == [True, True, True]
        assert one.conversations.moving.calls == before + 1
        assert (await stored_cursor(one, 1)).read_seq == 2


# Writing


async def test_a_flush_writes_what_moved_and_takes_the_mark_away(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one)
        await took(one, 1, mentions=[2])
        assert await one.dirty.among([CONV]) == {CONV}
        await one.positions.flush()
        head = (await one.conversations.heads([CONV]))[CONV]
        assert (head.last_seq, head.n) == (1, 1)
        assert (head.own, head.mentioned) == ({1: Own(1, 1, 1)}, {2: 1})
        assert await one.dirty.among([CONV]) == set()


async def test_a_flush_that_fails_loses_nothing(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await begun(one)
        await took(one, 1)
        one.conversations.raising.failures.append(Unavailable("mongo"))
        with pytest.raises(Unavailable):
            await one.positions.flush()
        assert await one.dirty.among([CONV]) == {CONV}
        await one.positions.flush()
        assert await stored_seq(one) == 1
        assert await one.dirty.among([CONV]) == set()


async def test_who_leaves_has_written_all_and_left_nothing_to_others(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        await begun(one)
        await took(one, 1)
        await one.positions.leave()
        assert await stored_seq(one) == 1
        assert await two.dirty.orphans() == {}
        assert await two.dirty.among([CONV]) == set()
