"""Frame 6: who may take back what, until when, and how everybody learns of it."""

from __future__ import annotations

import asyncio
import json
import re
import time

from tests.client import (
    FORBIDDEN,
    MESSAGE,
    NOT_FOUND,
    RECALLED,
    Account,
    is_refusal,
    page,
    pair,
    seqs,
    url,
)
from tests.running import Server


async def test_a_recall_tells_everyone_and_then_answers(ann: Account, bo: Account) -> None:
    conv = pair(ann, bo)
    phone_of_hers = ann.on("phone/2")
    async with ann.chat() as hers, phone_of_hers.chat() as phone, bo.chat() as his:
        await hers.say(bo, "a slip")
        answer = await hers.ask(6, conv=conv, seq=1)
        assert answer.pop("id")
        assert answer == {"code": RECALLED, "conv": conv, "seq": 1, "event_seq": 2}
        for chat in (hers, phone, his):
            event = await chat.push(MESSAGE, seq=2)
            assert (event["kind"], event["event"], event["silent"]) == ("system", "recalled", True)
            assert (event["from"], event["data"]) == (ann.uid, {"target": 1, "by": ann.uid})
            assert (event["message"]["kind"], event["message"]["content"]) == ("recalled", "")
            assert event["content"]
        codes = [frame["code"] for frame in hers.seen if frame.get("event") or "event_seq" in frame]
        assert codes == [MESSAGE, RECALLED]
        again = await hers.ask(6, conv=conv, seq=1)
        assert (again["code"], again["event_seq"]) == (RECALLED, 2)
        assert seqs(await his.rest_of(MESSAGE)) == [1]
        page = await his.ask(2, conv=conv)
        assert [m["kind"] for m in page["messages"]] == ["recalled", "system"]
        assert "a slip" not in json.dumps(page)
        # The socket goes on without a gap.
        await his.say(ann, "next")
        assert (await hers.push(MESSAGE, seq=3))["content"] == "next"


async def test_who_may_recall_what(ann: Account, bo: Account) -> None:
    conv = pair(ann, bo)
    async with ann.chat() as hers, bo.chat() as his:
        await hers.say(bo)
        is_refusal(await his.ask(6, conv=conv, seq=1), FORBIDDEN, "forbidden")
        is_refusal(await hers.ask(6, conv=conv, seq=9), NOT_FOUND, "not_found")
        is_refusal(await hers.ask(6, conv=conv, seq=0), NOT_FOUND, "not_found")
        event = (await hers.ask(6, conv=conv, seq=1))["event_seq"]
        is_refusal(await hers.ask(6, conv=conv, seq=event), FORBIDDEN, "forbidden")


async def test_many_recalls_of_one_message_at_once_make_one_event(
    ann: Account, bo: Account
) -> None:
    conv = pair(ann, bo)
    phone_of_hers = ann.on("phone/2")
    async with ann.chat() as hers, phone_of_hers.chat() as phone:
        await hers.say(bo)
        for number in range(5):
            for chat in (hers, phone):
                await chat.send(type=6, conv=conv, seq=1, id=f"x{number}")
        answers = [await chat.answer(f"x{number}") for chat in (hers, phone) for number in range(5)]
        assert {(answer["code"], answer["event_seq"]) for answer in answers} == {(RECALLED, 2)}
        page = await hers.ask(2, conv=conv)
        assert seqs(page["messages"]) == [1, 2]


async def test_after_the_time_a_recall_is_too_late(strict: Server) -> None:
    ann = Account.new(strict, address="192.0.2.90")
    conv = pair(ann, ann)
    async with ann.chat() as hers:
        await hers.say(ann)
        second = await hers.ask(1, to=ann.uid, content="x")
        assert (await hers.ask(6, conv=conv, seq=1))["code"] == RECALLED
        # The shortest time for a recall that can be set is one second, and this is its end.
        await asyncio.sleep(1.01 + second["time"] / 1000 - time.time())
        is_refusal(await hers.ask(6, conv=conv, seq=2), FORBIDDEN, "too_late")
        answer = ann.call("DELETE", f"/api/conversations/{conv}/messages/2")
        assert answer.refusal == (403, "too_late")
        # What was recalled in time still gives its answer.
        assert (await hers.ask(6, conv=conv, seq=1))["event_seq"] == 3


def test_the_event_of_a_recall_takes_no_id_that_a_client_would(ann: Account, bo: Account) -> None:
    ann.say(bo, "first")
    assert ann.call("DELETE", url(ann, bo, "/messages/1")).status == 200
    event = page(bo, ann).data["messages"][-1]
    for id in ("!recalled/1", "recalled/1"):
        ann.say(bo, "another", id=id)
        assert event["id"] != id
    assert re.fullmatch(r"[0-9a-f]{32}", event["id"])
