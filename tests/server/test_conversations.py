"""What a person does with his conversations, and how his other sockets learn of it elsewhere."""

from __future__ import annotations

import asyncio

import pytest

from models.conv import pair, pair_members
from models.user import Person
from server import conversations
from server.policy import Place
from server.protocol import READ, STATE, TYPING
from tests.opened import Embedded
from tests.process import all_of
from tests.served import at_home, listed, two_of_them


def place(one: Person, other: Person) -> Place:
    conv = pair(one.uid, other.uid)
    return Place(conv, pair_members(conv))


# Preferences


async def test_what_one_process_is_told_to_prefer_the_other_lists(embedded: Embedded) -> None:
    async with two_of_them(embedded) as (one, other, (ann, bo, _)):
        await one.send("m1", conv=pair(ann.uid, bo.uid), from_=bo.uid)
        for process in (one, other):
            await at_home(process, ann)
        told = other.socket(ann.uid)
        state = await one.chats.prefer(
            ann.uid, place(ann, bo), muted=True, pinned=None, hidden=True
        )
        assert state == {
            "conv": pair(ann.uid, bo.uid),
            "muted": True,
            "pinned": False,
            "hidden": True,
        }
        assert await told.next() == {"code": STATE, "what": "conversation", **state}
        assert await listed(other, ann.uid) == [[]]
        await one.chats.prefer(ann.uid, place(ann, bo), muted=None, pinned=True, hidden=False)
        await told.next()
        (row,) = (await other.listing.page(ann.uid, None, 10))["conversations"]
        assert (row["muted"], row["pinned"]) == (True, True)


async def test_a_preference_that_stands_already_is_told_to_nobody(embedded: Embedded) -> None:
    async with two_of_them(embedded) as (one, _, (ann, bo, _carl)):
        here = one.socket(ann.uid)
        for _ in range(2):
            await one.chats.prefer(ann.uid, place(ann, bo), muted=True, pinned=None, hidden=None)
        assert [frame["what"] for frame in await _written(here)] == ["conversation"]


async def _written(socket: object) -> list[dict[str, object]]:
    """What is written to a socket by the end of this turn of the loop."""
    await asyncio.sleep(0)
    return socket.rest()  # type: ignore[attr-defined, no-any-return]


# Reads


async def test_how_far_one_has_read_is_known_on_the_other_process_before_its_sockets_hear(
    embedded: Embedded,
) -> None:
    async with two_of_them(embedded) as (one, other, (ann, bo, _)):
        conv = pair(ann.uid, bo.uid)
        await all_of(*(one.send(f"m{n}", conv=conv, from_=bo.uid) for n in range(3)))
        for process in (one, other):
            await at_home(process, ann, bo)
        hers, his = other.socket(ann.uid), other.socket(bo.uid)
        mine = one.socket(ann.uid)
        answer = await one.chats.read(ann.uid, place(ann, bo), 2, besides=mine.peer)
        assert answer == {"conv": conv, "uid": ann.uid, "seq": 2}
        for socket in (hers, his):
            assert await socket.next() == {"code": READ, **answer}
        (row,) = (await other.listing.page(ann.uid, None, 10))["conversations"]
        assert (row["read_seq"], row["unread"]) == (2, 1)
        assert await other.chats.reads(place(ann, bo)) == {str(ann.uid): 2, str(bo.uid): 3}
        # What does not move is not told, nor is it to the socket that moved it.
        await one.chats.read(ann.uid, place(ann, bo), 1)
        assert await _written(mine) == []


# Typing


class Clock:
    """A monotonic clock that a test turns."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


async def test_typing_is_told_at_most_once_a_second_in_each_conversation(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(conversations, "time", clock)
    async with two_of_them(embedded) as (one, _, (ann, bo, carl)):
        hers, his, theirs = (one.socket(who.uid) for who in (ann, bo, carl))

        async def told(other: Person) -> list[int]:
            await one.chats.type(hers.peer, place(ann, other))
            found = [*(await _written(his)), *(await _written(theirs))]
            assert all((f["code"], f["uid"]) == (TYPING, ann.uid) for f in found)
            return [f["conv"] for f in found]  # type: ignore[misc]

        for after, is_told in ((0.0, True), (0.0, False), (0.999, False), (0.001, True)):
            clock.now += after
            assert await told(bo) == ([pair(ann.uid, bo.uid)] if is_told else [])
        # Another conversation has a second of its own; another socket of hers too.
        assert await told(carl) == [pair(ann.uid, carl.uid)]
        await one.chats.type(one.socket(ann.uid).peer, place(ann, bo))
        assert len(await _written(his)) == 1
        assert await _written(hers) == []


async def test_typing_does_not_pass_a_block_of_either(embedded: Embedded) -> None:
    async with two_of_them(embedded) as (one, _, (ann, bo, _carl)):
        his = one.socket(bo.uid)
        for blocker, blocked in ((ann, bo), (bo, ann)):
            await one.people.set_blocked(blocker.uid, blocked.uid, True)
            await one.chats.type(one.socket(ann.uid).peer, place(ann, bo))
            assert await _written(his) == []
            await one.people.set_blocked(blocker.uid, blocked.uid, False)
        await one.chats.type(one.socket(ann.uid).peer, place(ann, bo))
        assert len(await _written(his)) == 1


async def test_a_socket_remembers_its_typing_in_so_many_conversations(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "TYPED_MAX", 2)
    async with two_of_them(embedded) as (one, _, (ann, *_others)):
        hers = one.socket(ann.uid)
        for uid in range(10, 20):
            await one.chats.type(hers.peer, Place(pair(ann.uid, uid), (ann.uid, uid)))
            assert len(hers.peer.typed_at) <= 3
