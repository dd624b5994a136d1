"""Frame 1: what is sent is stored once, acknowledged, and pushed to everybody it concerns."""

from __future__ import annotations

import asyncio
import json
import time
import uuid

import pytest

from tests.client import (
    FORBIDDEN,
    INVALID_FIELD,
    LIMITED,
    MESSAGE,
    NOT_FOUND,
    PONG,
    SENT_OFFLINE,
    SENT_ONLINE,
    Account,
    is_invalid,
    is_refusal,
    pair,
    seqs,
)
from tests.running import SECRET_TEXT, Server


async def test_a_message_reaches_every_other_socket_of_both(ann: Account, bo: Account) -> None:
    phone = ann.on("phone/2")
    async with ann.chat() as hers, phone.chat() as hers_too, bo.chat() as his:
        id = str(uuid.uuid4())
        ack = await hers.ask(1, to=bo.uid, content=SECRET_TEXT, id=id)
        moment = ack.pop("time")
        assert abs(moment - time.time() * 1000) < 5000
        assert ack == {"code": SENT_ONLINE, "id": id, "conv": pair(ann, bo), "seq": 1}
        for chat in (hers_too, his):
            assert await chat.push(MESSAGE) == {
                "code": MESSAGE,
                "conv": pair(ann, bo),
                "seq": 1,
                "from": ann.uid,
                "kind": "text",
                "content": SECRET_TEXT,
                "time": moment,
                "id": id,
            }
        # The ack stands in for the push, and no 50009 is pushed for one's own sending.
        for chat in (hers, hers_too, his):
            assert await chat.rest() == []


async def test_sent_offline_says_that_nobody_else_is_there(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers, ann.on("phone/2").chat():
        assert (await hers.ask(1, to=bo.uid, content="x"))["code"] == SENT_OFFLINE
        async with bo.chat():
            assert (await hers.ask(1, to=bo.uid, content="x"))["code"] == SENT_ONLINE


async def test_in_own_notes_another_own_socket_is_what_is_online(ann: Account) -> None:
    phone_of_hers = ann.on("phone/2")
    async with ann.chat() as hers:
        ack = await hers.ask(1, to=ann.uid, content="note")
        assert (ack["code"], ack["conv"], ack["seq"]) == (SENT_OFFLINE, f"{ann.uid}:{ann.uid}", 1)
        async with phone_of_hers.chat() as phone:
            assert (await hers.ask(1, to=ann.uid, content="note"))["code"] == SENT_ONLINE
            assert (await phone.push(MESSAGE))["seq"] == 2
        assert await hers.rest() == []


async def test_a_message_goes_by_to_by_conv_or_to_the_default(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers, bo.chat(query=f"?toUid={ann.uid}") as his:
        conv = pair(ann, bo)
        assert (await hers.ask(1, to=bo.uid, content="x"))["conv"] == conv
        assert (await hers.ask(1, conv=conv, content="x"))["conv"] == conv
        assert (await hers.ask(1, conv=conv, to=bo.uid, content="x"))["conv"] == conv
        assert (await his.ask(1, content="x"))["conv"] == conv
        assert (await his.ask(1, to=bo.uid, content="x"))["conv"] == f"{bo.uid}:{bo.uid}"
        for type in (1, 2, 5):
            is_invalid(await hers.ask(type, content="x"), "to", "required")
            answer = await hers.ask(type, conv=conv, to=ann.uid, content="x")
            is_invalid(answer, "conv", "conflict")


async def test_a_frame_without_an_id_is_answered_without_one(ann: Account) -> None:
    async with ann.chat() as hers:
        await hers.send(type=1, to=ann.uid, content="x")
        ack = await hers.push(SENT_OFFLINE)
        assert "id" not in ack
        await hers.send(type=9)
        assert "id" not in await hers.push(PONG)
        await hers.send(type=1, to=ann.uid, content="")
        assert "id" not in await hers.push(INVALID_FIELD)
        # The server made an id for what is stored.
        (message,) = (await hers.ask(2, to=ann.uid))["messages"]
        assert 1 <= len(message["id"]) <= 64


async def test_the_acks_of_a_storm_come_in_order_without_a_gap(ann: Account, bo: Account) -> None:
    bo.say(ann)
    ann.say(bo)
    phone = ann.on("phone/2")
    async with ann.chat() as hers, bo.chat() as his, phone.chat() as hers_too:
        for number in range(100):
            await hers.send(type=1, to=bo.uid, content=str(number), id=f"a{number}")
            await his.send(type=1, to=ann.uid, content=str(number), id=f"b{number}")
        for number in range(100):
            await hers.answer(f"a{number}")
            await his.answer(f"b{number}")
        for chat in (hers, his, hers_too):
            await chat.rest()
            assert chat.seqs(pair(ann, bo)) == list(range(3, 203))
        mine = [f["content"] for f in his.seen if f["code"] == MESSAGE]
        assert mine == [str(number) for number in range(100)]


async def test_a_repeated_id_is_stored_once_on_whatever_connection(
    ann: Account, bo: Account
) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        first = await hers.ask(1, to=bo.uid, content="once", id="same")
        again = await hers.ask(1, to=bo.uid, content="other text", id="same")
        assert again == first | {"duplicate": True}
        async with ann.on("phone/2").chat() as phone:
            assert (await phone.ask(1, to=bo.uid, content="x", id="same"))["duplicate"] is True
        assert [f["content"] for f in await his.rest_of(MESSAGE)] == ["once"]
        # In one burst, too.
        for _ in range(5):
            await hers.send(type=1, to=bo.uid, content="burst", id="burst")
        acks = [await hers.answer("burst") for _ in range(5)]
        assert [ack.get("duplicate", False) for ack in acks].count(False) == 1
        assert {ack["seq"] for ack in acks} == {2}
        assert [f["content"] for f in await his.rest_of(MESSAGE)] == ["burst"]
        # Its content must still be one.
        is_invalid(await hers.ask(1, to=bo.uid, content="", id="same"), "content", "length")
        # It is the sender's own, in that conversation.
        assert "duplicate" not in await his.ask(1, to=ann.uid, content="x", id="same")
        assert "duplicate" not in await hers.ask(1, to=ann.uid, content="x", id="same")


async def test_somebody_elses_conversation_is_forbidden_and_an_unknown_one_not_found(
    ann: Account, bo: Account, eve: Account
) -> None:
    ann.say(bo)
    async with eve.chat() as chat:
        for conv in (pair(ann, bo), f"{ann.uid}:{ann.uid}", "999999998:999999999"):
            for type in (1, 2, 3, 4, 5, 6):
                answer = await chat.ask(type, conv=conv, content="x", seq=1)
                is_refusal(answer, FORBIDDEN, "forbidden")
        for conv in (f"{eve.uid}:999999999999", "g999999999"):
            for type in (1, 2, 3, 4, 5, 6):
                answer = await chat.ask(type, conv=conv, content="x", seq=1)
                is_refusal(answer, NOT_FOUND, "not_found")


async def test_what_a_message_refers_to_must_be_there(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        answer = await hers.ask(1, to=bo.uid, content="x", reply_to=1)
        is_refusal(answer, NOT_FOUND, "not_found")
        answer = await hers.ask(1, to=bo.uid, content="none", kind="voice")
        is_refusal(answer, NOT_FOUND, "not_found")
        answer = await hers.ask(1, to=bo.uid, content="x", mentions="all")
        is_refusal(answer, FORBIDDEN, "forbidden")
        await hers.say(bo)
        await hers.say(bo, "@", reply_to=1, mentions=[bo.uid, 7_777_777])
        pushed = await his.push(MESSAGE, seq=2)
        assert (pushed["reply_to"], pushed["mentions"]) == (1, [bo.uid])


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇨🇳❤️",
        "𠜎 中文 العربية हिन्दी ไทย",
        "e\u0301 é",
        "a\r\n\tb ",
        "\u202e\u200d\ufeff\u2028\uffff",
        "😀" * 4000,
        "e\u0301" * 4000,
    ],
    ids=ascii,
)
async def test_every_script_is_pushed_and_read_byte_for_byte(eve: Account, text: str) -> None:
    async with eve.chat() as hers, eve.chat() as hers_too:
        raw = json.dumps({"type": 1, "to": eve.uid, "content": text}, ensure_ascii=False)
        await hers.ws.send(raw)
        pushed = await hers_too.push(MESSAGE)
        assert pushed["content"] == text
        page = await hers_too.ask(2, to=eve.uid, after=pushed["seq"] - 1)
        assert [m["content"] for m in page["messages"]] == [text]


async def test_a_stranger_waits_for_an_answer_after_three_messages(
    ann: Account, bo: Account
) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        for number in range(3):
            await hers.say(bo, id=f"s{number}")
        is_refusal(await hers.ask(1, to=bo.uid, content="?"), LIMITED, "await_reply")
        again = await hers.ask(1, to=bo.uid, content="?", id="s0")
        assert (again["seq"], again["duplicate"]) == (1, True)
        assert len(await his.rest_of(MESSAGE)) == 3
        assert await his.say(ann, "yes?") == 4
        for number in range(5, 12):
            assert await hers.say(bo) == number


async def test_a_burst_to_a_stranger_passes_three_and_no_more(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers:
        for number in range(10):
            await hers.send(type=1, to=bo.uid, content="x", id=f"s{number}")
        codes = [(await hers.answer(f"s{number}"))["code"] for number in range(10)]
        assert codes == [SENT_OFFLINE] * 3 + [LIMITED] * 7


async def test_over_the_rate_nothing_is_stored_and_retry_after_is_true(strict: Server) -> None:
    ann = Account.new(strict, address="192.0.2.80")
    async with ann.chat() as hers:
        for number in range(9):
            await hers.send(type=1, to=ann.uid, content="x", id=f"r{number}")
        answers = [await hers.answer(f"r{number}") for number in range(9)]
        assert [answer["code"] for answer in answers[:6]] == [SENT_OFFLINE] * 6
        is_refusal(answers[-1], LIMITED, "rate_limited")
        wait = answers[-1]["retry_after"]
        assert type(wait) is int and 1 <= wait <= 500
        await asyncio.sleep(wait / 1000)  # neither more nor less than the server asked for
        assert (await hers.ask(1, to=ann.uid, content="x"))["code"] == SENT_OFFLINE
        again = await hers.ask(1, to=ann.uid, content="x", id="r0")
        assert again["duplicate"] is True
        page = await hers.ask(2, to=ann.uid, limit=100)
        stored = sum(answer["code"] == SENT_OFFLINE for answer in answers) + 1
        assert seqs(page["messages"]) == list(range(1, stored + 1))
