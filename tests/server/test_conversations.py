"""One's own conversations: the list while it moves, preferences and reads on other processes."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from models.conversation import Head
from models.errors import InvalidField
from models.message import RANGE_MAX
from models.user import Person
from server import conversations
from server.policy import Place, pair, pair_members
from server.protocol import READ, STATE, TYPING
from tests.opened import Embedded
from tests.process import all_of
from tests.served import Served, served, two_served
from tests.written import NOW, message, write


@asynccontextmanager
async def two_of_them(
    embedded: Embedded,
) -> AsyncIterator[tuple[Served, Served, list[Person]]]:
    """Two processes, and Ann, Bo and Carl."""
    async with two_served(embedded) as (one, other):
        yield one, other, [await one.add(name) for name in ("ann", "bo", "carl")]


def place(one: Person, other: Person) -> Place:
    conv = pair(one.uid, other.uid)
    return Place(conv, pair_members(conv))


async def at_home(process: Served, *people: Person) -> None:
    """As with a socket of theirs here: the inbox is kept, the channel is heard."""
    for person in people:
        await process.bus.subscribe(f"u:{person.uid}")
        for conv, seq in (await process.positions.follow(person.uid)).items():
            process.gate.open(conv, pair_members(conv), seq)


async def listed(one: Served, uid: int, limit: int = 50) -> list[list[str]]:
    """The convs of each page of the list."""
    pages, cursor = list[list[str]](), None
    while cursor or not pages:
        page = await one.chats.page(uid, cursor, limit)
        pages.append([row["conv"] for row in page["conversations"]])
        cursor = page["next"]
    return pages


# The list


async def test_conversations_of_one_moment_come_each_once_over_the_pages(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        convs = sorted(pair(1, uid) for uid in range(2, 13))
        await one.conversations.create({conv: pair_members(conv) for conv in convs}, NOW)
        heads = [(conv, Head(last_seq=1, n=1, shown_seq=1, updated_at=NOW)) for conv in convs]
        await one.conversations.raise_heads(heads)
        for limit in (1, 3, 11, 12):
            pages = await listed(one, 1, limit)
            assert [conv for page in pages for conv in page] == convs
            assert all(len(page) == limit for page in pages[:-1]) and pages[-1]


async def test_what_comes_to_the_top_between_two_pages_is_not_given_again_below(
    embedded: Embedded,
) -> None:
    async with two_of_them(embedded) as (one, _, (ann, bo, carl)):
        for other in (bo, carl, ann):
            await one.send("x", conv=pair(ann.uid, other.uid), from_=other.uid)
        first = await one.chats.page(ann.uid, None, 2)
        assert [r["conv"] for r in first["conversations"]] == [
            pair(ann.uid, ann.uid),
            pair(ann.uid, carl.uid),
        ]
        await one.send("y", conv=pair(ann.uid, carl.uid), from_=carl.uid)
        second = await one.chats.page(ann.uid, first["next"], 2)
        assert [r["conv"] for r in second["conversations"]] == [pair(ann.uid, bo.uid)]
        assert second["next"] is None


async def test_a_row_is_of_one_moment_though_a_message_comes_while_it_is_read(
    embedded: Embedded,
) -> None:
    async with two_of_them(embedded) as (one, _, (ann, bo, _carl)):
        conv = pair(ann.uid, bo.uid)
        await one.send("older", conv=conv, from_=bo.uid)
        await at_home(one, ann, bo)
        one.people.forget_all()
        one.users.answered.hold()
        reading = asyncio.create_task(one.chats.page(ann.uid, None, 10))
        await one.users.answered.reached()
        await one.send("newer", conv=conv, from_=bo.uid)
        one.users.answered.release()
        (row,) = (await reading)["conversations"]
        assert (row["last_seq"], row["unread"], row["last_message"].content) == (1, 1, "older")
        (row,) = (await one.chats.page(ann.uid, None, 10))["conversations"]
        assert (row["last_seq"], row["unread"], row["last_message"].content) == (2, 2, "newer")


@pytest.mark.parametrize(
    "parts", [["others", 1, "1:2"], ["conversations", "1", "1:2"], ["conversations", 1], {}, "x"]
)
async def test_a_cursor_of_another_shape_is_none_of_this_lists(
    embedded: Embedded, parts: object
) -> None:
    cursor = base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode()
    async with embedded.open() as stores:
        with pytest.raises(InvalidField) as refused:
            await Served(stores, "one").chats.page(1, cursor, 10)
        assert (refused.value.field, refused.value.rule) == ("cursor", "unknown_value")


async def test_a_mention_is_found_below_hundreds_of_messages_that_mention_nobody(
    embedded: Embedded,
) -> None:
    async with two_of_them(embedded) as (one, _, (ann, bo, _carl)):
        conv = pair(ann.uid, bo.uid)
        mentioned, last = 3, 2 * RANGE_MAX + 20
        log = [
            message(seq, conv=conv, from_=bo.uid, mentions=[ann.uid] if seq == mentioned else None)
            for seq in range(1, last + 1)
        ]
        await one.conversations.create({conv: pair_members(conv)}, NOW)
        await write(one.messages, *log)
        head = Head()
        for stored in log:
            head.advance(stored)
        head.mentioned[ann.uid] = last  # the newest one; it was recalled since
        await one.conversations.raise_heads([(conv, head)])
        (row,) = (await one.chats.page(ann.uid, None, 10))["conversations"]
        assert row["mention_seq"] == mentioned
        await one.chats.read(ann.uid, place(ann, bo), mentioned)
        (row,) = (await one.chats.page(ann.uid, None, 10))["conversations"]
        assert row["mention_seq"] == 0


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
        (row,) = (await other.chats.page(ann.uid, None, 10))["conversations"]
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
        (row,) = (await other.chats.page(ann.uid, None, 10))["conversations"]
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
