"""What was missed behind cursors: all of it, the newest first, and never too much in one answer."""

from __future__ import annotations

import pytest

from models.conv import pair
from models.errors import Unavailable
from models.head import Head
from server import pace
from server.protocol import PAGE_BYTES_MAX
from server.reading import CONVERSATIONS_MAX, SYNC_MESSAGES
from tests.opened import Embedded
from tests.server.test_reading import ANN, BO, HALF, Reader, size, texts, texts_in
from tests.written import CONV, NOW, message, write


async def synced(reader: Reader, **cursors: int) -> dict[str, tuple[list[int], bool]]:
    answer = await reader.reading.sync(ANN, {k.replace("_", ":"): v for k, v in cursors.items()})
    return {
        e["conv"]: ([one.seq for one in e["messages"]], e["more"]) for e in answer["conversations"]
    }


async def test_sync_gives_fifty_after_a_cursor_and_the_newest_fifty_without_one(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        await reader.log(*texts(*[1] * 120), floor=10)
        fifty = SYNC_MESSAGES
        assert await synced(reader) == {CONV: (list(range(71, 121)), False)}
        assert await synced(reader, **{"1_2": 20}) == {CONV: (list(range(21, 21 + fifty)), True)}
        assert await synced(reader, **{"1_2": 70}) == {CONV: (list(range(71, 121)), False)}
        # What lies between an older cursor and the floor is gone.
        assert await synced(reader, **{"1_2": 3}) == {CONV: (list(range(11, 11 + fifty)), True)}
        assert await synced(reader, **{"1_2": 120}) == {}
        # Who claims to be further than the log is told where it ends.
        assert await synced(reader, **{"1_2": 121}) == {CONV: ([], False)}


async def test_a_conversation_that_has_expired_as_a_whole_says_so(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        await reader.log(*texts(1, 1, 1), floor=3)
        for cursors in ({}, {CONV: 1}):
            answer = await reader.reading.sync(ANN, cursors)
            (entry,) = answer["conversations"]
            assert (entry["first_seq"], entry["last_seq"], entry["unread"]) == (4, 3, 0)
            assert (entry["messages"], entry["more"], answer["more"]) == ([], False, False)


async def test_a_sync_that_is_cut_goes_on_where_it_ended(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        convs = [pair(ANN, uid) for uid in (3, 4, 5)]
        for place, conv in enumerate(convs):
            await reader.log(*texts_in(conv, *[len(HALF)] * 3), conv=conv, at=NOW - place)
        cursors, rounds = dict.fromkeys(convs, 0), 0
        more = True
        while more:
            answer = await reader.reading.sync(ANN, cursors)
            assert size(answer) <= PAGE_BYTES_MAX
            for entry in answer["conversations"]:
                seqs = [one.seq for one in entry["messages"]]
                assert seqs and seqs[0] == cursors[entry["conv"]] + 1
                cursors[entry["conv"]] = seqs[-1]
                assert entry["more"] is (seqs[-1] < 3)
            more = answer["more"] or any(e["more"] for e in answer["conversations"])
            rounds += 1
        assert cursors == dict.fromkeys(convs, 3)
        assert rounds == 5  # two messages an answer


async def test_a_new_conversation_that_is_cut_keeps_its_newest(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        await reader.log(*texts(*[len(HALF)] * 4))
        assert await synced(reader) == {CONV: ([3, 4], False)}


async def test_of_many_conversations_the_newest_hundred_come_first(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "SLICE", 7)
    async with embedded.open() as stores:
        reader = Reader(stores)
        convs = [pair(ANN, uid) for uid in range(2, CONVERSATIONS_MAX + 7)]
        heads = [
            (conv, Head(last_seq=1, n=1, updated_at=NOW + place))
            for place, conv in enumerate(convs)
        ]
        await reader.conversations.create({conv: (ANN,) for conv in convs}, NOW)
        await reader.conversations.raise_heads(heads)
        await write(reader.messages, *(message(1, conv=conv, from_=BO) for conv in convs))
        answer = await reader.reading.sync(ANN, {})
        given = [entry["conv"] for entry in answer["conversations"]]
        assert given == convs[::-1][:CONVERSATIONS_MAX] and answer["more"] is True
        answer = await reader.reading.sync(ANN, dict.fromkeys(given, 1))
        assert {e["conv"] for e in answer["conversations"]} == set(convs) - set(given)
        assert answer["more"] is False


async def test_a_store_that_fails_one_conversation_refuses_the_whole_sync(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        reader = Reader(stores)
        for uid in (3, 4, 5):
            await reader.log(*texts_in(pair(ANN, uid), 1), conv=pair(ANN, uid))
        reader.messages.ranging.failures.append(Unavailable("mongo"))
        with pytest.raises(Unavailable):
            await reader.reading.sync(ANN, {})
        assert len((await reader.reading.sync(ANN, {}))["conversations"]) == 3
