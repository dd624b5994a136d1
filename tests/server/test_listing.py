"""The list of conversations: its pages, and the list while it moves."""

from __future__ import annotations

import asyncio
import base64

import msgspec
import pytest

from models.conv import pair, pair_members
from models.errors import InvalidField
from models.head import Head
from models.message import RANGE_MAX, message_key
from server import pace
from server.policy import Place
from tests.opened import Embedded
from tests.served import Served, at_home, listed, served, two_of_them
from tests.written import NOW, message, write


async def test_conversations_of_one_moment_come_each_once_over_the_pages(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "SLICE", 4)
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
        first = await one.listing.page(ann.uid, None, 2)
        assert [r["conv"] for r in first["conversations"]] == [
            pair(ann.uid, ann.uid),
            pair(ann.uid, carl.uid),
        ]
        await one.send("y", conv=pair(ann.uid, carl.uid), from_=carl.uid)
        second = await one.listing.page(ann.uid, first["next"], 2)
        assert [r["conv"] for r in second["conversations"]] == [pair(ann.uid, bo.uid)]
        assert second["next"] is None


async def test_what_begins_while_a_list_is_read_belongs_to_the_next(embedded: Embedded) -> None:
    async with two_of_them(embedded) as (one, _, (ann, bo, carl)):
        with_bo, with_carl = pair(ann.uid, bo.uid), pair(ann.uid, carl.uid)
        await at_home(one, ann)
        await one.send("x", conv=with_bo, from_=bo.uid)
        one.positions.forget([with_bo])
        one.conversations.reading.hold()
        for read in (one.listing.page(ann.uid, None, 9), one.reading.sync(ann.uid, {})):
            reading = asyncio.create_task(read)
            await one.conversations.reading.reached()
            one.positions.advance(message(1, conv=with_carl, from_=carl.uid))
            one.conversations.reading.release()
            found = (await reading)["conversations"]
            assert [row["conv"] for row in found] == [with_bo]
            one.positions._inboxes[ann.uid][1].pop(with_carl)
            one.positions.forget([with_bo, with_carl])
            one.conversations.reading.hold()


async def test_a_row_is_of_one_moment_though_a_message_comes_while_it_is_read(
    embedded: Embedded,
) -> None:
    async with two_of_them(embedded) as (one, _, (ann, bo, _carl)):
        conv = pair(ann.uid, bo.uid)
        await one.send("older", conv=conv, from_=bo.uid)
        await at_home(one, ann, bo)
        one.people.forget_all()
        one.users.answered.hold()
        reading = asyncio.create_task(one.listing.page(ann.uid, None, 10))
        await one.users.answered.reached()
        await one.send("newer", conv=conv, from_=bo.uid)
        one.users.answered.release()
        (row,) = (await reading)["conversations"]
        assert (row["last_seq"], row["unread"], row["last_message"].content) == (1, 1, "older")
        (row,) = (await one.listing.page(ann.uid, None, 10))["conversations"]
        assert (row["last_seq"], row["unread"], row["last_message"].content) == (2, 2, "newer")


async def test_the_newest_message_of_each_is_found_by_its_key_or_by_its_place(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        spoken, with_event, older, moved = (pair(1, other) for other in (2, 3, 4, 5))
        logs = {
            spoken: [message(1, conv=spoken), message(2, conv=spoken, content="newest")],
            with_event: [
                message(1, conv=with_event),
                message(2, conv=with_event, kind="system", event="recalled"),
            ],
            older: [message(1, conv=older)],
            moved: [message(1, conv=moved), message(2, conv=moved)],
        }
        await one.conversations.create({conv: pair_members(conv) for conv in logs}, NOW)
        for conv, log in logs.items():
            await write(one.messages, *log)
            head = Head()
            for stored in log:
                head.advance(stored)
            if conv == older:
                head.shown_key = ""
            if conv == moved:
                head.shown_key = message_key(moved, 1, "1")
            await one.conversations.raise_heads([(conv, head)])
        rows = (await one.listing.page(1, None, 10))["conversations"]
        shown = {row["conv"]: row["last_message"] for row in rows}
        assert {conv: (last.seq, last.kind) for conv, last in shown.items()} == {
            spoken: (2, "text"),
            with_event: (2, "system"),
            older: (1, "text"),
            moved: (2, "text"),
        }
        assert shown[spoken].content == "newest"


@pytest.mark.parametrize(
    "parts", [["others", 1, "1:2"], ["conversations", "1", "1:2"], ["conversations", 1], {}, "x"]
)
async def test_a_cursor_of_another_shape_is_none_of_this_lists(
    embedded: Embedded, parts: object
) -> None:
    cursor = base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode()
    async with embedded.open() as stores:
        with pytest.raises(InvalidField) as refused:
            await Served(stores, "one").listing.page(1, cursor, 10)
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
        (row,) = (await one.listing.page(ann.uid, None, 10))["conversations"]
        assert row["mention_seq"] == mentioned
        await one.chats.read(ann.uid, Place(conv, (ann.uid, bo.uid)), mentioned)
        (row,) = (await one.listing.page(ann.uid, None, 10))["conversations"]
        assert row["mention_seq"] == 0
