"""The log on real stores: what is acknowledged is stored, once, in order and without a gap."""

import asyncio
import time

import pytest

from models.errors import AwaitReply, Unavailable
from models.head import Head
from server import batching
from server.batching import QUEUE_MAX
from server.log import BUSY_MIN
from tests.opened import Embedded
from tests.process import Process, all_of, process, running
from tests.written import CONV


async def stored(one: Process, conv: str = CONV) -> list[tuple[int, str]]:
    """The seqs and ids that the store has."""
    return [(s.message.seq, s.message.id) for s in await one.messages.tail(conv, 0)]


async def held(one: Process, *ids: str) -> list[asyncio.Future]:
    """Messages that wait while the write of the first one is held."""
    one.messages.inserting.hold()
    sent = [one.send(ids[0])]
    await one.messages.inserting.reached()
    return sent + [one.send(id) for id in ids[1:]]


async def writes(one: Process, count: int) -> None:
    """Wait until so many writes have come to where they are held."""
    while one.messages.inserting.calls < count:
        one.messages.inserting.hold()
        await one.messages.inserting.reached()


def past() -> float:
    return time.monotonic() - 1


def at_most(limit: int):
    """A check that lets so many messages of user 1 into the conversation."""

    def check(head: Head) -> None:
        if head.sent(1) >= limit:
            raise AwaitReply

    return check


async def test_messages_are_numbered_in_the_order_of_their_coming(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        acks = await all_of(*(one.send(id) for id in "abc"))
        assert [(ack.seq, ack.duplicate) for ack in acks] == [(1, False), (2, False), (3, False)]
        assert await stored(one) == [(1, "a"), (2, "b"), (3, "c")]


async def test_each_conversation_counts_for_itself(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        sent = [one.send(id, conv=conv) for id, conv in (("a", CONV), ("b", "1:3"), ("c", CONV))]
        assert [ack.seq for ack in await all_of(*sent)] == [1, 1, 2]


async def test_an_event_takes_a_seq_and_no_place_among_the_unread(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        event = {"kind": "system", "event": "recalled", "silent": True}
        await all_of(one.send("a"), one.send("e", **event), one.send("b"))
        read = await one.messages.tail(CONV, 0)
        assert [(s.message.seq, s.n) for s in read] == [(1, 1), (2, 1), (3, 2)]


async def test_what_comes_while_a_batch_is_written_goes_with_the_next(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        sent = await held(one, *"abc")
        one.messages.inserting.release()
        await all_of(*sent)
        assert one.messages.batches == [["a"], ["b", "c"]]


async def test_a_batch_is_bounded(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "BATCH_MAX", 20)
    async with embedded.open() as stores, process(stores) as one:
        await all_of(*(one.send(str(i)) for i in range(41)))
        assert [len(batch) for batch in one.messages.batches] == [20, 20, 1]


async def test_a_batch_goes_beside_another_once_it_is_worth_it(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "BESIDE_MIN", 3)
    async with embedded.open() as stores, process(stores) as one:
        sent = await held(one, "a")
        sent += [one.send(id, conv="1:3") for id in "xy"]
        assert await stored(one) == []  # the loop has had its turns by then
        assert one.messages.batches == [["a"]]
        sent.append(one.send("z", conv="1:3"))
        await writes(one, 2)
        assert one.messages.batches == [["a"], ["x", "y", "z"]]
        sent += [one.send(id, conv="1:4") for id in "pqr"]
        assert await stored(one) == []
        assert len(one.messages.batches) == 2
        one.messages.inserting.release()
        assert [ack.seq for ack in await all_of(*sent)] == [1, 1, 2, 3, 1, 2, 3]


async def test_batches_side_by_side_keep_the_order_of_each_conversation(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "BATCH_MAX", 16)
    monkeypatch.setattr(batching, "BESIDE_MIN", 4)
    async with embedded.open() as stores, process(stores) as one:
        one.messages.cuts.extend([5, 0, 16, 3])
        convs = [f"1:{other}" for other in range(2, 8)]
        sent = [one.send(f"{conv}-{i}", conv=conv) for i in range(30) for conv in convs]
        await all_of(*sent)
        for conv in convs:
            assert await stored(one, conv) == [(i + 1, f"{conv}-{i}") for i in range(30)]
            acked = [id for id, _ in one.answers if id.startswith(f"{conv}-")]
            assert acked == [f"{conv}-{i}" for i in range(30)]


async def test_a_repeat_gets_the_first_answer_and_is_stored_once(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        first, _ = await all_of(one.send("a"), one.send("b"))
        again = await one.send("a", content="changed")
        assert (again.seq, again.time, again.duplicate) == (first.seq, first.time, True)
        assert await stored(one) == [(1, "a"), (2, "b")]
        assert (await one.send("c")).seq == 3


async def test_a_repeat_in_the_same_batch_is_stored_once(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        acks = await all_of(*(one.send(id) for id in "abab"))
        assert [(ack.seq, ack.duplicate) for ack in acks] == [
            (1, False),
            (2, False),
            (1, True),
            (2, True),
        ]
        assert await stored(one) == [(1, "a"), (2, "b")]


async def test_two_people_may_choose_the_same_id(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        acks = await all_of(one.send("a", from_=1), one.send("a", from_=2))
        assert [(ack.seq, ack.duplicate) for ack in acks] == [(1, False), (2, False)]


async def test_a_repeat_at_another_process_gets_the_first_answer(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        first = await one.send("a")
        again = await two.send("a")
        assert (again.seq, again.duplicate) == (first.seq, True)
        assert await stored(two) == [(1, "a")]


async def test_a_seq_that_another_process_has_taken_is_not_used_again(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        await one.send("a")
        await two.send("b")
        # `one` has not heard of that one, and numbers 2.
        ack = await one.send("c")
        assert (ack.seq, ack.duplicate) == (3, False)
        assert await stored(one) == [(1, "a"), (2, "b"), (3, "c")]


async def test_a_conflict_within_a_batch_keeps_its_order(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        await all_of(one.send("a"), one.send("x", conv="1:3"))
        await two.send("b")
        # Stored up to the one that meets the conflict, then the rest, then what is behind it.
        batch = [one.send("y", conv="1:3"), one.send("c"), one.send("z", conv="1:3"), one.send("d")]
        assert [ack.seq for ack in await all_of(*batch)] == [2, 3, 3, 4]
        assert await stored(one) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
        assert [id for id, _ in one.answers] == ["a", "x", "y", "c", "z", "d"]


async def test_two_processes_at_once_leave_one_order_without_a_gap(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        mine = [one.send(f"1-{i}", from_=1) for i in range(60)]
        theirs = [two.send(f"2-{i}", from_=2) for i in range(60)]
        acks = await all_of(*mine, *theirs)
        found = await stored(one)
        assert [seq for seq, _ in found] == list(range(1, 121))
        assert [ack.seq for ack in acks[:60]] == [s for s, id in found if id.startswith("1-")]
        assert [id for _, id in found if id.startswith("2-")] == [f"2-{i}" for i in range(60)]


@pytest.mark.parametrize("reached_the_store", [0, 2, 4])
async def test_a_write_of_unknown_outcome_is_stored_and_acknowledged_once(
    embedded: Embedded, reached_the_store: int
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        one.messages.cuts.append(reached_the_store)
        acks = await all_of(*(one.send(id) for id in "abcd"))
        assert [(ack.seq, ack.duplicate) for ack in acks] == [(i, False) for i in (1, 2, 3, 4)]
        assert await stored(one) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
        assert [id for id, _ in one.answers] == list("abcd")


async def test_what_was_only_found_is_acknowledged_behind_a_durable_write(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        one.messages.cuts.append(1)
        one.messages.fencing.hold()
        ack = one.send("a")
        await one.messages.fencing.reached()
        assert not ack.done()
        assert await stored(one) == [(1, "a")]
        one.messages.fencing.release()
        assert (await ack).seq == 1


async def test_a_fence_that_fails_acknowledges_nothing(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        one.messages.cuts.append(1)
        one.messages.fencing.failures.append(Unavailable("mongo"))
        assert (await one.send("a")).seq == 1
        assert one.messages.fencing.calls == 2


async def test_a_conversation_is_marked_before_its_message_is_acknowledged(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        one.dirty.marking.hold()
        ack = one.send("a")
        await one.dirty.marking.reached()
        while not await stored(one):
            pass
        assert not ack.done()
        one.dirty.marking.release()
        await ack
        assert await one.dirty.among([CONV]) == {CONV}


async def test_a_mark_that_fails_is_made_before_the_ack(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        one.dirty.marking.failures.append(Unavailable("redis"))
        assert (await one.send("a")).seq == 1
        assert await one.dirty.among([CONV]) == {CONV}
        assert await stored(one) == [(1, "a")]


async def test_the_head_decides_within_a_batch_too(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        sent = [one.send(id, check=at_most(3)) for id in "abcde"]
        assert [ack.seq for ack in await all_of(*sent[:3])] == [1, 2, 3]
        for refused in sent[3:]:
            with pytest.raises(AwaitReply):
                await refused
        assert [id for _, id in await stored(one)] == list("abc")


async def test_what_another_process_has_stored_counts_in_the_check(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        await one.send("a")
        await two.send("b")
        # The head that `one` knows would allow it.
        with pytest.raises(AwaitReply):
            await one.send("c", check=at_most(2))
        assert await stored(one) == [(1, "a"), (2, "b")]


async def test_a_repeat_of_what_is_stored_is_not_refused_by_the_head(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await one.send("a", check=at_most(1))
        again = await one.send("a", check=at_most(1))
        assert (again.seq, again.duplicate) == (1, True)


async def test_one_past_its_deadline_is_refused_with_what_its_sender_has_behind_it(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        one.messages.inserting.hold()
        late = one.send("late", deadline=past())
        await one.messages.inserting.reached()
        behind = one.send("behind")
        elsewhere, other = one.send("elsewhere", conv="1:3"), one.send("other", from_=2)
        for refused in (late, behind):
            with pytest.raises(Unavailable):
                await refused
        one.messages.inserting.release()
        await all_of(elsewhere, other)
        # That the late one was stored all the same is lawful; its successor must not be.
        assert [id for _, id in await stored(one)] == ["late", "other"]
        assert [id for id, _ in one.answers] == ["late", "behind", "elsewhere", "other"]


async def test_who_is_late_can_send_again_with_the_same_id(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        one.messages.inserting.hold()
        with pytest.raises(Unavailable):
            await one.send("a", deadline=past())
        one.messages.inserting.release()
        assert (await one.send("a")).seq == 1
        assert await stored(one) == [(1, "a")]


async def test_a_fault_of_ours_ends_one_batch_and_not_the_writer(
    embedded: Embedded, caplog: pytest.LogCaptureFixture
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        one.messages.inserting.failures.append(KeyError("a fault"))
        with pytest.raises(Unavailable):
            await one.send("a")
        assert "a batch of the log failed" in caplog.text
        assert (await one.send("b")).seq == 1


async def test_a_drain_takes_nothing_more_and_waits_for_the_last_answer(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await held(one, "a", "b")
        draining = asyncio.create_task(one.log.drain())
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            one.send("c")
        assert not draining.done()
        one.messages.inserting.release()
        await draining
        assert [id for id, _ in one.answers] == ["a", "b"]
        assert await stored(one) == [(1, "a"), (2, "b")]


async def test_a_drain_of_an_idle_log_ends_at_once(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await one.send("a")
        async with asyncio.timeout(1):
            await one.log.drain()


async def test_the_queue_is_bounded(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one = Process(stores, "one")
        for number in range(QUEUE_MAX):
            one.send(str(number))
        with pytest.raises(Unavailable):
            one.send("one more")


async def test_it_is_busy_while_two_batches_have_no_answer(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one = Process(stores, "one")
        sent = [one.send(str(number)) for number in range(BUSY_MIN - 1)]
        assert not one.log.busy
        sent.append(one.send("one more"))
        assert one.log.busy
        async with running(one.log.loops()):
            await all_of(*sent)
        assert not one.log.busy


async def test_nothing_is_taken_while_a_store_is_given_up(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        one.is_hopeless = True
        with pytest.raises(Unavailable):
            one.send("a")
        assert not one.log.pending
        one.is_hopeless = False
        assert (await one.send("a")).seq == 1
