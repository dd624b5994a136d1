"""The gate on real stores: what was stored leaves once and in order, the ack before the pushes."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from models.documents import Document
from models.errors import Unavailable
from models.head import Head
from server.protocol import MESSAGE, RESYNC, SENT_OFFLINE, SENT_ONLINE
from tests.opened import Embedded
from tests.process import Process, Socket, process
from tests.written import CONV, message, write


def hear(one: Process, *seqs: int) -> None:
    """Another process has stored these of user 2."""
    for seq in seqs:
        one.gate.hear(message(seq, from_=2))


async def stored(one: Process, *seqs: int) -> None:
    await write(one.messages, *(message(seq, from_=2) for seq in seqs))


def line(one: Process, seq: int = 0) -> Socket:
    """A socket of user 1, whose line stands at `seq`."""
    socket = one.socket(1)
    one.gate.open(CONV, Head(last_seq=seq))
    return socket


async def test_what_was_heard_too_early_waits_for_what_comes_before(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        socket = line(one)
        await stored(one, 1, 2, 3)
        one.messages.ranging.hold()
        hear(one, 1, 3)
        await one.messages.ranging.reached()
        hear(one, 2)
        assert await socket.seqs(3) == [1, 2, 3]
        # What the read brings has left already.
        one.messages.ranging.release()
        await one.messages.ranging.passed()
        await asyncio.sleep(0)
        assert socket.rest() == []


async def test_a_gap_behind_one_that_closed_while_it_was_read_is_read_too(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        socket = line(one)
        await stored(one, 1, 2, 3, 4)
        one.messages.ranging.hold()
        hear(one, 2)
        await one.messages.ranging.reached()
        hear(one, 4, 1)
        assert await socket.seqs(2) == [1, 2]
        one.messages.ranging.release()
        assert await socket.seqs(2) == [3, 4]


async def test_what_was_not_heard_is_read_from_the_log(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        socket = line(one)
        await stored(one, 1, 2, 3, 4)
        hear(one, 4)
        assert await socket.seqs(4) == [1, 2, 3, 4]


async def test_what_is_heard_twice_leaves_once(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        socket = line(one)
        hear(one, 1, 1, 2, 1, 2, 3)
        assert await socket.seqs(3) == [1, 2, 3]
        hear(one, 4)
        assert await socket.seqs(1) == [4]
        assert socket.rest() == []
        assert one.messages.ranging.calls == 0


async def test_a_line_begins_behind_the_head_that_it_was_opened_at(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        socket = line(one, 2)
        one.gate.open(CONV, Head(last_seq=9))
        hear(one, 1, 2, 3)
        assert await socket.seqs(1) == [3]
        assert socket.rest() == []


async def test_a_conversation_that_begins_later_has_its_first_message_pushed(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        socket = one.socket(2)
        await one.send("a")
        assert await socket.seqs(1) == [1]


async def test_the_longest_gap_that_is_read_has_200_messages(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        socket = line(one)
        await stored(one, *range(1, 201))
        hear(one, 201)
        assert await socket.seqs(201) == list(range(1, 202))


async def test_over_a_longer_gap_members_are_told_to_resynchronise(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        socket, other, stranger = line(one), one.socket(2), one.socket(3)
        hear(one, 202)
        for member in (socket, other):
            assert (await member.next())["code"] == RESYNC
            assert await member.seqs(1) == [202]
        assert one.messages.ranging.calls == 0
        assert stranger.rest() == []


async def test_a_gap_that_is_no_longer_kept_is_a_resynchronisation(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        socket = line(one)
        hear(one, 5)
        assert (await socket.next())["code"] == RESYNC
        assert await socket.seqs(1) == [5]


async def test_the_ack_is_written_before_any_push(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        journal: list[tuple[Socket, dict]] = []
        # Registered first, so that only the gate puts the sender's first.
        other, twin = one.socket(2, journal=journal), one.socket(1, journal=journal)
        sender = one.socket(1, journal=journal)
        ack = await one.send("a", origin=sender)
        await other.next()
        assert ack.code == SENT_ONLINE
        assert (journal[0][0], journal[0][1]["code"]) == (sender, SENT_ONLINE)
        assert {socket for socket, frame in journal[1:] if frame["code"] == MESSAGE} == {
            other,
            twin,
        }
        assert len(journal) == 3


async def test_acks_and_pushes_of_a_socket_come_in_one_order(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        socket = line(one)
        await stored(one, 1)
        await one.send("a", origin=socket)
        hear(one, 3)
        got = [await socket.next() for _ in range(3)]
        assert [(frame["code"], frame["seq"]) for frame in got] == [
            (MESSAGE, 1),
            (SENT_OFFLINE, 2),
            (MESSAGE, 3),
        ]


async def test_a_repeat_is_answered_and_pushed_to_nobody(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        sender, other = one.socket(1), one.socket(2)
        await one.send("a", origin=sender)
        assert await other.seqs(1) == [1]
        again = await one.send("a", origin=sender)
        assert again.duplicate
        await one.send("b", origin=sender)
        assert await other.seqs(1) == [2]
        assert [frame["code"] for frame in (await sender.next(), await sender.next())] == [
            SENT_ONLINE,
            SENT_ONLINE,
        ]


async def pending_and_passed(one: Process, sender: Socket) -> asyncio.Future:
    """Message 1 is stored and waits for its ack; 2 of another process is heard behind it."""
    one.messages.cuts.append(1)
    one.messages.fencing.hold()
    ack = one.send("a", origin=sender)
    await one.messages.fencing.reached()
    await stored(one, 2)
    hear(one, 2)
    await one.messages.ranging.passed()
    await asyncio.sleep(0)
    return ack


async def test_what_is_read_of_our_own_waits_for_its_ack(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        sender, other = line(one), one.socket(2)
        await pending_and_passed(one, sender)
        assert sender.rest() == other.rest() == []
        one.messages.fencing.release()
        got = [await sender.next(), await sender.next()]
        assert [(frame["code"], frame["seq"]) for frame in got] == [(SENT_ONLINE, 1), (MESSAGE, 2)]
        assert await other.seqs(2) == [1, 2]


async def test_a_refused_draft_that_was_stored_is_pushed_to_its_sender_too(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        sender, other = line(one), one.socket(2)
        ack = await pending_and_passed(one, sender)
        for draft in one.log.pending.values():
            draft.deadline = time.monotonic() - 1
        with pytest.raises(Unavailable):
            await ack
        got = [await sender.next(), await sender.next()]
        assert [(frame["code"], frame["seq"]) for frame in got] == [(MESSAGE, 1), (MESSAGE, 2)]
        assert await other.seqs(2) == [1, 2]
        one.messages.fencing.release()


async def test_nothing_is_acknowledged_while_the_bus_is_silent(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        sender, other = line(one), one.socket(2)
        one.is_heard = False
        with pytest.raises(Unavailable):
            await one.send("a", origin=sender)
        # It is stored, so it is pushed; its sender learns of it in the same way.
        assert await other.seqs(1) == [1]
        assert [frame["code"] for frame in (await sender.next(),)] == [MESSAGE]


async def test_without_a_socket_of_its_members_a_message_is_acknowledged_all_the_same(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        ack = await one.send("a")
        assert (ack.seq, ack.code) == (1, SENT_OFFLINE)
        assert not one.gate.is_open(CONV)


async def test_a_gap_that_cannot_be_read_answers_in_time_and_is_read_later(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        sender = line(one)
        await stored(one, 1)
        # The log knows of it and asks nothing; the line has not let it out.
        one.positions.advance(message(1, from_=2))
        one.messages.ranging.failures.append(Unavailable("mongo"))
        with pytest.raises(Unavailable):
            await one.send("a", origin=sender)
        assert await sender.seqs(2) == [1, 2]


async def test_a_line_lives_as_long_as_a_member_has_a_socket_here(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        socket, other = line(one), one.socket(2)
        one.peers.remove(socket.peer)
        one.gate.close_idle([CONV])
        assert one.gate.is_open(CONV)
        one.peers.remove(other.peer)
        one.gate.close_idle([CONV, "1:3"])
        assert not one.gate.is_open(CONV)


async def test_a_line_that_ends_reads_no_further(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        socket = line(one)
        one.messages.ranging.hold()
        hear(one, 5)
        await one.messages.ranging.reached()
        one.peers.remove(socket.peer)
        one.gate.close_idle([CONV])
        # Its successor begins where the new head is, and is not moved by the old read.
        again = line(one, 5)
        one.messages.ranging.release()
        hear(one, 6)
        assert await again.seqs(1) == [6]
        # Behind the old read, if it goes on.
        await one.messages.range(CONV, 1, 2)
        await asyncio.sleep(0)
        assert again.rest() == []


async def test_the_next_batch_is_on_its_way_before_the_last_one_is_acked(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        line(one)
        insert, answered = one.messages.insert, list[int]()

        async def watched(documents: Sequence[Document]) -> None:
            answered.append(len(one.answers))
            await insert(documents)

        monkeypatch.setattr(one.messages, "insert", watched)
        one.messages.inserting.hold()
        first = one.send("a")
        await one.messages.inserting.reached()
        second = one.send("b")
        one.messages.inserting.release()
        await asyncio.gather(first, second)
        assert one.messages.batches == [["a"], ["b"]]
        assert answered == [0, 0]


async def test_who_has_no_socket_is_answered_though_the_line_ends_before_its_gap_is_read(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        other = one.socket(2)
        one.gate.open(CONV, Head())
        await two.send("not heard by one")
        await one.positions.reread([CONV])
        one.messages.ranging.hold()
        sent = one.send("by REST", from_=1)
        await one.messages.ranging.reached()
        one.peers.remove(other.peer)
        one.gate.close_idle([CONV])
        assert (await sent).seq == 2
