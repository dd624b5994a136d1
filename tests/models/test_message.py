"""Messages in the real store: two indexes decide, reads are exact ranges."""

from typing import Any

import msgspec
import pytest

from models import documents
from models import message as module
from models.message import (
    Message,
    Messages,
    Rejected,
    document,
    event_key,
    message_key,
)
from models.stores import Stores
from tests.asked import Asked
from tests.opened import Embedded
from tests.written import CONV, message, write


async def seqs(messages: Messages, conv: str = CONV) -> list[int]:
    return [one.message.seq for one in await messages.tail(conv, 0)]


async def rejected(messages: Messages, *rows: tuple[str, int]) -> int:
    """Insert messages under (key, seq); the position that met an index."""
    with pytest.raises(Rejected) as refused:
        await messages.insert([document(key, message(seq)) for key, seq in rows])
    return refused.value.position


async def test_what_is_stored_is_read_back_as_it_was(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        messages = Messages(stores)
        full = message(
            2**53, content="𝓗allo\n你好 👋", reply_to=1, mentions=[2, 3], time=1_999_999_999_999
        )
        event = message(3, kind="system", event="recalled", data={"target": 9, "by": 1})
        await write(messages, message(1), full, event)
        found = await messages.at(CONV, [1, 2**53, 3])
        assert found == {1: message(1), 2**53: full, 3: event}
        # The driver's own kind of large number is one that JSON does not know.
        assert msgspec.json.decode(msgspec.json.encode(found[2**53].message))["seq"] == 2**53


async def test_a_seq_is_given_once_in_a_conversation(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        messages = Messages(stores)
        await write(messages, message(1), message(1, conv="1:3"))
        assert await rejected(messages, ("another", 1)) == 0
        assert await messages.at(CONV, [1]) == {1: message(1)}


async def test_a_key_is_stored_once_and_the_first_stays(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        messages = Messages(stores)
        await messages.insert([document("key", message(1))])
        assert await rejected(messages, ("key", 2)) == 0
        assert await messages.by_keys(["key"]) == {"key": message(1)}


async def test_of_a_refused_write_everything_before_is_stored_and_nothing_behind(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        messages = Messages(stores)
        await write(messages, message(3))
        assert await rejected(messages, ("a", 1), ("b", 2), ("c", 3), ("d", 4)) == 2
        assert await seqs(messages) == [1, 2, 3]


async def test_a_refused_write_is_no_outage(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        messages = Messages(stores)
        await write(messages, message(1))
        await rejected(messages, ("another", 1))
        await write(messages, message(2))
        assert await seqs(messages) == [1, 2]


def test_no_persons_id_forms_the_key_of_an_event() -> None:
    assert message_key("1:2", 1, "!recalled/5") != event_key("1:2", "recalled/5")
    # Not even in a conversation whose name begins like another's.
    assert not message_key("1:2", 1, "x").startswith(event_key("1:2", ""))


async def test_many_keys_and_many_seqs_are_found_at_once(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in (module, documents):
        monkeypatch.setattr(each, "IN_MAX", 5)
    async with embedded.open() as stores:
        messages = Messages(stores)
        count = 11
        await write(messages, *(message(seq) for seq in range(1, count + 1)))
        keys = [message_key(CONV, 1, str(seq)) for seq in range(1, count + 1)]
        assert set(await messages.by_keys([*keys, "unknown"])) == set(keys)
        found = await messages.at(CONV, range(0, count + 5))
        assert sorted(found) == list(range(1, count + 1))


async def test_a_range_has_its_low_end_and_not_its_high_end(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        messages = Messages(stores)
        await write(messages, *(message(seq) for seq in (5, 3, 1, 4, 2)))
        await write(messages, message(2, conv="1:3"))
        assert [one.message.seq for one in await messages.range(CONV, 2, 4)] == [2, 3]
        assert await messages.range(CONV, 4, 4) == []
        assert await messages.range(CONV, 9, 12) == []


async def test_a_tail_has_all_there_is_however_much(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RANGE_MAX", 5)
    async with embedded.open() as stores:
        messages = Messages(stores)
        last = 15
        await write(messages, *(message(seq) for seq in range(1, last + 1)))
        for after in (0, 3, last - 1, last):
            tail = await messages.tail(CONV, after)
            assert [one.message.seq for one in tail] == list(range(after + 1, last + 1))


async def test_a_recall_leaves_the_place_and_nothing_of_the_content(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        messages = Messages(stores)
        await write(messages, message(1), message(2, reply_to=1, mentions=[2]), message(3))
        await messages.recall(CONV, 2)
        recalled = (await messages.at(CONV, [2]))[2]
        assert recalled == message(2, kind="recalled", content="")
        row = await stores.mongo_db.messages.find_one({"conv": CONV, "seq": 2})
        assert row is not None
        assert "text 2" not in str(row)
        assert await seqs(messages) == [1, 2, 3]


async def test_a_silent_event_carries_its_target_as_it_is_now(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        messages = Messages(stores)
        event = {"kind": "system", "event": "recalled", "silent": True}
        await write(messages, message(1), message(2, data={"target": 1, "by": 1}, **event))
        await write(messages, message(3, data={"target": 99, "by": 1}, **event))
        await messages.recall(CONV, 1)
        _, told, lost = (one.message for one in await messages.range(CONV, 1, 9))
        assert isinstance(told.message, Message)
        assert (told.message.seq, told.message.content) == (1, "")
        assert lost.message is None


async def test_each_query_finds_its_messages_by_an_index(embedded: Embedded) -> None:
    """With anything else beside a place the embedded store reads a whole conversation, with `$or`
    at the top all there is: an edit took half a second on 30,000 messages."""
    async with embedded.open() as stores:
        messages = Messages(stores)
        await write(messages, message(1), message(2), message(3))
        asked: Any = Asked(messages._collection)
        messages._collection = asked
        await messages.edit(CONV, 1, 1, content="tea", mentions=None, edited=1)
        await messages.react(CONV, 1, 2, uid=2, emoji="👍", on=True, id="a")
        assert (await messages.at(CONV, [1]))[1].message.content == "tea"
        assert [one.emoji for one in await messages.reactions(CONV, 1)] == ["👍"]
        assert await messages.reaction(CONV, 1, 2, "👍") == (True, "a")
        await messages.recall(CONV, 1)
        await messages.by_keys([message_key(CONV, 1, "id")])
        await messages.tail(CONV, 0)
        await messages.delete(CONV, 1, 2)
        assert len(asked.filters) >= 9
        for filter in asked.filters:
            assert "_id" in filter or set(filter) == {"conv", "seq"}, filter
            assert not any(name.startswith("$") for name in filter), filter


async def test_deleting_takes_a_range_and_nothing_else(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        messages = Messages(stores)
        last = 13
        await write(messages, *(message(seq) for seq in range(1, last + 1)))
        await write(messages, message(5, conv="1:3"))
        await messages.delete(CONV, 2, last)
        assert sorted(await messages.at(CONV, range(1, last + 1))) == [1, last]
        assert list(await messages.at("1:3", [5])) == [5]


async def test_no_index_stands_behind_that_of_messages(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        names = await stores.mongo_db.list_collection_names()
        indexed = [
            name for name in names if len(await stores.mongo_db[name].index_information()) > 1
        ]
        assert {"media_uploads.pieces", "messages"} < set(indexed)
        assert max(indexed) == "messages"


async def written_by_fence(stores: Stores) -> list[int]:
    return [row["writes"] async for row in stores.mongo_db.fences.find().sort("_id")]


async def test_each_fence_is_a_write_of_its_own(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        messages = Messages(stores)
        for process in ("one", "two", "one"):
            await messages.fence(process)
        assert await written_by_fence(stores) == [2, 1]


async def test_a_message_is_on_disk_when_its_write_returns(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        # The embedded store is one server: a majority would be one of it, the journal is the disk.
        assert stores.durable.document["j"] is True
        assert stores.durable.acknowledged


def test_a_person_is_mentioned_by_others_only() -> None:
    assert message(1, from_=1, mentions=[1, 2]).message.mentions_person(2)
    assert not message(1, from_=1, mentions=[1, 2]).message.mentions_person(1)
    assert not message(1, from_=1, mentions=[2]).message.mentions_person(3)
    assert not message(1).message.mentions_person(2)
    everybody = message(1, from_=1, mentions="all").message
    assert everybody.mentions_person(3)
    assert not everybody.mentions_person(1)


async def test_large_numbers_within_an_event_come_back_as_numbers_that_json_knows(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        data = {"by": 2**40, "uids": [2**50, 7], "until": 2**60}
        event = message(1, conv="g1", kind="system", event="muted", data=data)
        messages = Messages(stores)
        await write(messages, event)
        (read,) = await messages.range("g1", 1, 2)
        assert msgspec.json.decode(msgspec.json.encode(read.message))["data"] == data
