"""Lines of groups: who is in them where they stand, and what each of those is pushed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import pytest
from msgspec import structs

from models.errors import Unavailable
from models.head import Head
from models.message import Message, Stored
from server import gate
from server.gate import CROWD
from server.protocol import MESSAGE, RESYNC
from tests.opened import Embedded
from tests.process import Process, process
from tests.written import message, write

GROUP = "g7"


def said(seq: int, **more: Any) -> Stored:
    return message(seq, conv=GROUP, from_=1, **more)


def happened(seq: int, event: str, *uids: int) -> Stored:
    data = {"by": 1, "uids": list(uids)}
    return said(seq, kind="system", event=event, data=data, n=1)


def recalled(seq: int, target: int) -> Stored:
    """The event of a recall, beside which its target stands as it is now."""
    now = said(target, content="").message
    now.kind = "recalled"
    told = said(seq, kind="system", event="recalled", data={"by": 1, "target": target}, n=1)
    return Stored(structs.replace(told.message, silent=True, message=now), 1, seq)


def head(*log: Stored) -> Head:
    made = Head()
    for stored in log:
        made.advance(stored)
    return made


MADE = happened(1, "created", 2)


def hear(one: Process, *log: Stored) -> None:
    """Another process has stored these."""
    for stored in log:
        one.gate.hear(stored)


async def settled() -> None:
    """What was heard has left by the next turns of the loop."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_line_begins_with_the_event_that_brings_somebody_here_in(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        socket = one.socket(3)
        hear(one, said(4))
        await settled()
        assert not one.gate.is_open(GROUP) and one.begun == []
        hear(one, happened(5, "joined", 3), said(6))
        assert await socket.seqs(2) == [5, 6]
        assert one.begun == [GROUP]
        # The head shows who was in it before, and what came behind and was not heard.
        log = [MADE, *(said(n) for n in range(2, 5)), happened(5, "joined", 3)]
        log += [said(6), said(7), said(8)]
        await write(one.messages, *log[5:])
        one.gate.open(GROUP, head(*log))
        assert await socket.seqs(2) == [7, 8]
        assert set(one.gate.members(GROUP)) == {1, 2, 3}
        assert one.begun == [GROUP]


async def test_a_new_group_begins_with_its_first_event(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        owner, member, stranger = one.socket(1), one.socket(2), one.socket(3)
        hear(one, MADE, said(2))
        assert await owner.seqs(2) == await member.seqs(2) == [1, 2]
        assert stranger.rest() == [] and one.begun == [GROUP]


async def test_who_leaves_has_the_event_as_his_last(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        owner, member = one.socket(1), one.socket(2)
        one.gate.open(GROUP, head(MADE))
        hear(one, said(2), happened(3, "kicked", 2), said(4))
        assert await owner.seqs(3) == [2, 3, 4]
        assert await member.seqs(2) == [2, 3]
        hear(one, happened(5, "joined", 2), said(6))
        assert await owner.seqs(2) == await member.seqs(2) == [5, 6]


async def test_with_the_last_member_here_the_line_ends(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        member = one.socket(2)
        await one.positions.follow([GROUP])
        one.gate.open(GROUP, head(MADE))
        hear(one, happened(2, "left", 2), said(3))
        assert await member.seqs(1) == [2]
        await settled()
        assert not one.gate.is_open(GROUP) and member.rest() == []
        assert one.gate.members(GROUP) == ()
        # And begins anew when he comes back.
        hear(one, said(4), happened(5, "joined", 2))
        assert await member.seqs(1) == [5]


async def test_the_end_of_a_group_is_told_to_all_and_ends_its_line(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        sockets = [one.socket(1), one.socket(2)]
        one.gate.open(GROUP, head(MADE))
        hear(one, happened(2, "dissolved"))
        for socket in sockets:
            assert await socket.seqs(1) == [2]
        await settled()
        assert not one.gate.is_open(GROUP)


async def test_a_silent_event_comes_without_its_target_to_who_joined_behind_it(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        older, newer = one.socket(1), one.socket(3)
        one.gate.open(GROUP, head(MADE, said(2), happened(3, "joined", 3)))
        hear(one, recalled(4, 2), recalled(5, 3))
        for socket, first in ((older, "recalled"), (newer, None)):
            event, at_the_bound = await socket.next(), await socket.next()
            assert (event["code"], event["seq"]) == (MESSAGE, 4)
            assert (event["message"] and event["message"]["kind"]) == first
            assert at_the_bound["message"]["seq"] == 3


async def test_the_ack_of_a_group_asks_for_the_members_where_the_line_stands(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        mine, other = one.socket(1), one.socket(2)
        # As the positions have it: its log is the embedded store's.
        await write(one.messages, MADE)
        await one.positions.reread([GROUP])
        one.gate.open(GROUP, head(MADE))
        ack = await one.send("a", conv=GROUP, origin=mine)
        assert (ack.seq, ack.online) == (2, True)
        assert await other.seqs(1) == [2]
        hear(one, happened(3, "kicked", 2))
        assert await other.seqs(1) == [3]
        await write(one.messages, happened(3, "kicked", 2))
        ack = await one.send("b", conv=GROUP, origin=mine)
        assert (ack.seq, ack.online) == (4, False)
        assert other.rest() == []


@pytest.mark.parametrize(("members", "writes"), [(CROWD, 2), (CROWD - 1, 1)])
async def test_in_a_crowd_an_ack_leaves_before_the_pushes_are_written(
    embedded: Embedded, members: int, writes: int
) -> None:
    """Two of one batch: else both acks leave together at the end of the turn."""
    made = happened(1, "created", *range(2, members + 1))
    async with embedded.open() as stores, process(stores) as one:
        mine = one.socket(1)
        await write(one.messages, made)
        await one.positions.reread([GROUP])
        one.gate.open(GROUP, head(made))
        await asyncio.gather(*(one.send(id, conv=GROUP, origin=mine) for id in ("a", "b")))
        assert [(await mine.next())["seq"] for _ in range(2)] == [2, 3]
        assert len(mine.writes) == writes


# Over a gap


GAP = 250


async def far_ahead(one: Process) -> list[Stored]:
    """Behind a line at 1 lie 250 messages by which 2 has gone and 3 has come."""
    log = [MADE, happened(2, "kicked", 2), happened(3, "joined", 3)]
    log += [said(seq) for seq in range(4, GAP + 1)]
    await write(one.messages, *log)
    await one.conversations.create({GROUP: (1, 2, 3)}, 0)
    await one.conversations.raise_heads([(GROUP, head(*log))])
    await one.dirty.mark([GROUP])
    one.gate.open(GROUP, head(MADE))
    return log


async def test_a_jump_reads_anew_who_is_in_it(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        owner, gone, came = one.socket(1), one.socket(2), one.socket(3)
        await far_ahead(one)
        last = said(GAP + 1)
        await write(one.messages, last)
        hear(one, last)
        assert (await owner.next())["code"] == RESYNC
        assert await owner.seqs(1) == await came.seqs(1) == [GAP + 1]
        # Who was in it before the jump has to ask, and finds out that he is not any more.
        assert [frame["code"] for frame in gone.rest()] == [RESYNC]
        assert set(one.gate.members(GROUP)) == {1, 3}
        assert one.gate.members(GROUP)[3] == 3  # type: ignore[index]


async def test_a_jump_waits_for_the_store_and_pushes_nobody_what_is_not_his(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "FILL_RETRY_SECONDS", 0.01)
    async with embedded.open() as stores, process(stores) as one:
        owner, gone, came = one.socket(1), one.socket(2), one.socket(3)
        await far_ahead(one)
        one.conversations.reading.failures += [Unavailable("mongo"), Unavailable("mongo")]
        one.conversations.reading.hold()
        for seq in (GAP + 1, GAP + 2):
            await write(one.messages, said(seq))
            hear(one, said(seq))
        await one.conversations.reading.reached()
        hear(one, said(GAP + 3))
        await settled()
        assert came.rest() == []
        assert {frame["code"] for frame in gone.rest()} <= {RESYNC}
        one.conversations.reading.release()
        assert (await owner.next())["code"] == RESYNC
        seqs = [GAP + 1, GAP + 2, GAP + 3]
        assert await owner.seqs(3) == await came.seqs(3) == seqs
        assert {frame["code"] for frame in gone.rest()} <= {RESYNC}


async def test_what_comes_while_a_jump_is_prepared_is_not_jumped_over(embedded: Embedded) -> None:
    async with embedded.open() as stores, process(stores) as one:
        owner, came = one.socket(1), one.socket(3)
        log = await far_ahead(one)
        one.conversations.reading.hold()
        await write(one.messages, said(GAP + 1))
        hear(one, said(GAP + 1))
        await one.conversations.reading.reached()
        hear(one, *log[1:])
        assert await owner.seqs(GAP) == list(range(2, GAP + 2))
        one.conversations.reading.release()
        await one.conversations.reading.passed()
        hear(one, said(GAP + 2))
        assert await owner.seqs(1) == [GAP + 2]
        assert await came.seqs(GAP) == list(range(3, GAP + 3))
        assert owner.rest() == came.rest() == []


async def test_who_sends_over_a_gap_is_answered_though_the_head_cannot_be_read(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with embedded.open() as stores, process(stores) as one:
        await far_ahead(one)
        owner = one.socket(1)
        monkeypatch.setattr(gate, "FILL_RETRY_SECONDS", 0.01)
        await one.positions.reread([GROUP])
        heads = one.positions.heads

        async def fails(convs: Collection[str]) -> dict[str, Head]:
            if convs:  # The log asks for none: it knows the head.
                raise Unavailable("mongo")
            return {}

        monkeypatch.setattr(one.positions, "heads", fails)
        with pytest.raises(Unavailable):
            await one.send("a", conv=GROUP, origin=owner)
        monkeypatch.setattr(one.positions, "heads", heads)
        assert (await owner.next())["code"] == RESYNC
        assert await owner.seqs(1) == [GAP + 1]


def test_a_message_of_a_group_says_who_comes_and_who_goes() -> None:
    def told(event: str, *uids: int) -> Message:
        return happened(9, event, *uids).message

    assert list(told("created", 2, 3).arrivals()) == [1, 2, 3]
    assert list(told("joined", 2).arrivals()) == [2]
    assert list(told("kicked", 2).departures([1, 2])) == [2]
    assert list(told("dissolved").departures([1, 2])) == [1, 2]
    for event in ("kicked", "left", "role", "muted", "changed", "dissolved"):
        assert list(told(event, 2).arrivals()) == []
    for event in ("created", "joined", "role", "muted", "changed"):
        assert list(told(event, 2).departures([1, 2])) == []
    text = said(3).message
    assert list(text.arrivals()) == list(text.departures([1, 2])) == []
