"""Frames 2, 3, 4 and 7: history, what is unread, what was read, what was missed."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.client import (
    HISTORY,
    HISTORY_END,
    MESSAGE,
    READ,
    SENT_OFFLINE,
    SENT_ONLINE,
    SYNC,
    UNREAD,
    Account,
    Chat,
    Frame,
    pair,
    seqs,
)
from tests.running import Server

PAGE_MAX = 256 * 1024


# 2 history


async def test_history_is_a_page_as_by_rest(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers:
        answer = await hers.ask(2, to=bo.uid)
        assert answer.pop("id") and answer == {"code": HISTORY_END, "conv": pair(ann, bo)}
        bo.say(ann)
        for _ in range(14):
            await hers.say(bo)
        answer = await hers.ask(2, to=bo.uid)
        assert set(answer) == {"code", "id", "conv", "messages", "end"}
        assert answer["code"] == HISTORY
        assert (seqs(answer["messages"]), answer["end"]) == (list(range(6, 16)), False)
        for asked, first, last, end in (
            ({"before": 6}, 1, 5, True),
            ({"after": 3, "limit": 2}, 4, 5, False),
            ({"after": 3, "before": 6}, 4, 5, True),
            ({"around": 8, "limit": 3}, 7, 9, False),
            ({"around": 15, "limit": 3}, 13, 15, True),
            ({"limit": 100}, 1, 15, True),
        ):
            answer = await hers.ask(2, conv=pair(ann, bo), **asked)
            assert seqs(answer["messages"]) == list(range(first, last + 1)), asked
            assert answer["end"] is end, asked
        for asked in ({"after": 15}, {"before": 1}, {"after": 3, "before": 4}):
            assert (await hers.ask(2, to=bo.uid, **asked))["code"] == HISTORY_END


# 3 unread and 4 read


async def test_unread_gives_the_oldest_first_and_marks_them_read(ann: Account, bo: Account) -> None:
    bo.say(ann, "1")
    recalled = bo.say(ann, "2")
    bo.call("DELETE", f"/api/conversations/{pair(ann, bo)}/messages/{recalled}")
    bo.say(ann, "4")
    phone_of_hers = ann.on("phone/2")
    async with ann.chat() as hers, phone_of_hers.chat() as phone, bo.chat() as his:
        answer = await hers.ask(3)
        assert set(answer) == {"code", "id", "conversations", "more"}
        assert (answer["code"], answer["more"]) == (UNREAD, False)
        (entry,) = answer["conversations"]
        assert set(entry) == {"conv", "unread", "messages", "more"}
        assert (entry["conv"], entry["unread"], entry["more"]) == (pair(ann, bo), 3, False)
        assert seqs(entry["messages"]) == [1, 2, 4]
        for chat in (phone, his):
            assert (await chat.push(READ))["seq"] == 4
        assert await hers.rest_of(READ) == []
        assert (await hers.ask(3))["conversations"] == []
        (entry,) = (await hers.ask(3, to=bo.uid))["conversations"]
        assert (entry["unread"], entry["messages"], entry["more"]) == (0, [], False)


async def test_unread_gives_at_most_a_hundred_of_a_conversation(ann: Account, bo: Account) -> None:
    ann.say(bo)
    async with bo.chat() as his, ann.chat() as hers:
        for number in range(130):
            await his.send(type=1, to=ann.uid, content="x", id=f"u{number}")
        await his.answer("u129")
        (entry,) = (await hers.ask(3, conv=pair(ann, bo)))["conversations"]
        assert (entry["unread"], entry["more"]) == (130, True)
        assert seqs(entry["messages"]) == list(range(2, 102))
        (entry,) = (await hers.ask(3))["conversations"]
        assert (entry["unread"], entry["more"]) == (30, False)
        assert seqs(entry["messages"]) == list(range(102, 132))


async def test_what_i_send_counts_as_read_by_me(ann: Account, bo: Account) -> None:
    for _ in range(2):
        bo.say(ann)
    assert ann.get("/api/conversations").data["conversations"][0]["unread"] == 2
    ann.say(bo)
    row = ann.get("/api/conversations").data["conversations"][0]
    assert (row["unread"], row["read_seq"]) == (0, 3)


async def test_read_tells_the_members_and_my_other_sockets_once(ann: Account, bo: Account) -> None:
    for _ in range(3):
        bo.say(ann)
    conv = pair(ann, bo)
    phone_of_hers = ann.on("phone/2")
    async with ann.chat() as hers, phone_of_hers.chat() as phone, bo.chat() as his:
        answer = await hers.ask(4, conv=conv, seq=2)
        assert answer.pop("id")
        assert answer == {"code": READ, "conv": conv, "uid": ann.uid, "seq": 2}
        for chat in (phone, his):
            assert await chat.push(READ) == answer
        assert (await hers.ask(4, conv=conv, seq=1))["seq"] == 2
        assert (await hers.ask(4, conv=conv, seq=0))["seq"] == 2
        assert (await hers.ask(4, conv=conv, seq=2**62))["seq"] == 3
        assert (await phone.push(READ))["seq"] == 3
        assert await hers.rest() == []
        assert await phone.rest() == []
        assert [frame["seq"] for frame in await his.rest()] == [3]
    assert ann.get("/api/conversations").data["conversations"][0]["unread"] == 0


# 7 sync


async def test_sync_gives_what_was_missed(ann: Account, bo: Account, server: Server) -> None:
    carl = Account.new(server)
    for other in (bo, carl):
        other.say(ann, "1")
        ann.say(other, "2")
    bo.say(ann, "3")
    async with ann.chat() as hers:
        answer = await hers.ask(7, cursors={})
        assert set(answer) == {"code", "id", "conversations", "more"}
        assert (answer["code"], answer["more"]) == (SYNC, False)
        newest, older = answer["conversations"]
        assert (newest["conv"], older["conv"]) == (pair(ann, bo), pair(ann, carl))
        messages = newest.pop("messages")
        assert seqs(messages) == [1, 2, 3]
        assert newest == {
            "conv": pair(ann, bo),
            "last_seq": 3,
            "first_seq": 1,
            "read_seq": 2,
            "unread": 1,
            "more": False,
        }
        cursors = {pair(ann, bo): 1, pair(ann, carl): 2, "1:999999999": 5, "nonsense": 1}
        (entry,) = (await hers.ask(7, cursors=cursors))["conversations"]
        assert (entry["conv"], seqs(entry["messages"])) == (pair(ann, bo), [2, 3])
        assert (await hers.ask(7, cursors={pair(ann, bo): 3, pair(ann, carl): 2}))[
            "conversations"
        ] == []
        # One above the last is answered with the truth and no messages.
        answer = await hers.ask(7, cursors={pair(ann, bo): 3, pair(ann, carl): 99})
        (entry,) = answer["conversations"]
        assert (entry["conv"], entry["last_seq"]) == (pair(ann, carl), 2)
        assert (entry["messages"], entry["more"]) == ([], False)


async def test_sync_gives_fifty_after_the_cursor_or_the_newest_fifty(ann: Account) -> None:
    async with ann.chat() as hers:
        for number in range(120):
            await hers.send(type=1, to=ann.uid, content=str(number), id=f"n{number}")
        await hers.answer("n119")
        conv = pair(ann, ann)
        (entry,) = (await hers.ask(7, cursors={}))["conversations"]
        assert (seqs(entry["messages"]), entry["more"]) == (list(range(71, 121)), False)
        cursor, read = 10, list[int]()
        pages = 0
        while entry["more"] or not pages:
            answer = await hers.ask(7, cursors={conv: cursor})
            (entry,) = answer["conversations"]
            read += seqs(entry["messages"])
            cursor, pages = read[-1], pages + 1
        assert read == list(range(11, 121)) and pages == 3


async def test_sync_tells_of_a_recall_as_of_any_message(ann: Account, bo: Account) -> None:
    ann.say(bo, "a slip")
    ann.call("DELETE", f"/api/conversations/{pair(ann, bo)}/messages/1")
    async with bo.chat() as his:
        (entry,) = (await his.ask(7, cursors={pair(ann, bo): 1}))["conversations"]
        (event,) = entry["messages"]
        assert (event["event"], event["data"]["target"]) == ("recalled", 1)
        assert event["message"]["kind"] == "recalled"


async def test_120_conversations_come_a_hundred_at_a_time_and_all_of_them(
    server: Server, ann: Account
) -> None:
    with ThreadPoolExecutor(4) as threads:
        others = list(threads.map(lambda _: Account.new(server), range(120)))
        list(threads.map(lambda other: other.say(ann), others))
    expected = {pair(ann, other) for other in others}

    listed: list[str] = []
    query: dict[str, Any] = {"limit": 50}
    while query.get("cursor", "") is not None:
        page = ann.get("/api/conversations", **query).data
        listed += [row["conv"] for row in page["conversations"]]
        query["cursor"] = page["next"]
    assert len(listed) == 120 and set(listed) == expected

    async with ann.chat() as hers:
        for ask in (
            lambda seen: hers.ask(7, cursors=dict.fromkeys(seen, 1)),
            lambda _seen: hers.ask(3),
        ):
            answer = await ask([])
            first = [entry["conv"] for entry in answer["conversations"]]
            assert answer["more"] is True and len(first) == 100
            answer = await ask(first)
            second = [entry["conv"] for entry in answer["conversations"]]
            assert answer["more"] is False and len(second) == 20
            assert {*first, *second} == expected
        assert (await hers.ask(3))["conversations"] == []


async def test_an_answer_with_pages_never_exceeds_256_kib_nor_is_cut_to_nothing(
    server: Server, ann: Account
) -> None:
    text = "😀" * 4000
    others = [Account.new(server) for _ in range(3)]
    for other in others:
        ann.say(other)
        for _ in range(20):
            other.say(ann, text)
    convs = {pair(ann, other) for other in others}
    async with ann.chat() as hers:

        async def sized(type: int, **fields: Any) -> Frame:
            answer = await hers.ask(type, **fields)
            size = len(json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode())
            assert size <= PAGE_MAX
            return answer

        # History.
        page = await sized(2, to=others[0].uid, after=0, limit=100)
        assert page["messages"] and page["end"] is False
        # Sync of a client that was away: each round goes on where the last one ended.
        cursors = dict.fromkeys(convs, 0)
        more = True
        while more:
            answer = await sized(7, cursors=cursors)
            assert answer["conversations"]
            for entry in answer["conversations"]:
                assert entry["messages"]
                assert seqs(entry["messages"])[0] == cursors[entry["conv"]] + 1
                cursors[entry["conv"]] = entry["messages"][-1]["seq"]
                assert entry["more"] is (cursors[entry["conv"]] < entry["last_seq"])
            more = answer["more"] or any(entry["more"] for entry in answer["conversations"])
        assert cursors == dict.fromkeys(convs, 21)
        # Of a new client: the older end is cut.
        answer = await sized(7, cursors={})
        assert answer["conversations"][0]["messages"][-1]["seq"] == 21
        assert answer["conversations"][0]["more"] is False
        # Unread.
        found: dict[str, list[int]] = {conv: [] for conv in convs}
        more = True
        while more:
            answer = await sized(3)
            for entry in answer["conversations"]:
                found[entry["conv"]] += seqs(entry["messages"])
            more = answer["more"] or any(entry["more"] for entry in answer["conversations"])
        assert found == {conv: list(range(2, 22)) for conv in convs}


async def test_what_is_acknowledged_meanwhile_is_neither_missed_nor_doubled_by_a_new_socket(
    ann: Account, bo: Account
) -> None:
    bo.say(ann)
    ann.say(bo)
    conv = pair(ann, bo)
    async with bo.chat() as his:
        sending = asyncio.create_task(_send_many(his, ann, 200))
        for _ in range(10):
            async with ann.chat() as hers:
                (entry, *_rest) = (await hers.ask(7, cursors={conv: 1}))["conversations"]
                pushed = [f["seq"] for f in hers.seen if f["code"] == MESSAGE]
                # Pushes have no gap, and begin no later than where the sync may end.
                assert pushed == list(range(pushed[0], pushed[0] + len(pushed))) if pushed else True
                assert not pushed or pushed[0] <= entry["last_seq"] + 1
        await sending


async def _send_many(his: Chat, ann: Account, count: int) -> None:
    for number in range(count):
        await his.send(type=1, to=ann.uid, content=str(number), id=f"m{number}")
    for number in range(count):
        assert (await his.answer(f"m{number}"))["code"] in (SENT_ONLINE, SENT_OFFLINE)
