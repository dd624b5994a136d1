"""Frame 10: who may edit what, until when, and how everybody learns of it."""

from __future__ import annotations

import json

from tests.client import (
    EDITED,
    FORBIDDEN,
    MESSAGE,
    NOT_FOUND,
    Account,
    is_invalid,
    is_refusal,
    page,
    pair,
    seqs,
    url,
)
from tests.running import Server


async def test_an_edit_tells_everyone_and_then_answers(ann: Account, bo: Account) -> None:
    conv = pair(ann, bo)
    async with ann.chat() as hers, bo.chat() as his:
        await hers.say(bo, "teh")
        answer = await hers.ask(10, conv=conv, seq=1, content="the")
        edited = answer["edited"]
        assert answer == {
            "code": EDITED,
            "id": answer["id"],
            "conv": conv,
            "seq": 1,
            "edited": edited,
            "event_seq": 2,
        }
        for chat in (hers, his):
            event = await chat.push(MESSAGE, seq=2)
            assert (event["kind"], event["event"], event["silent"]) == ("system", "edited", True)
            assert (event["from"], event["data"]) == (ann.uid, {"target": 1, "by": ann.uid})
            message = event["message"]
            assert (message["content"], message["edited"]) == ("the", edited)
        codes = [frame["code"] for frame in hers.seen if frame.get("event") or "event_seq" in frame]
        assert codes == [MESSAGE, EDITED]
        found = page(bo, ann).data["messages"]
        assert (found[0]["content"], found[0]["edited"]) == ("the", edited)
        # The older text is not kept, and it stays where it was in the list.
        assert "teh" not in json.dumps(found)
        row = bo.get("/api/conversations").data["conversations"][0]
        assert (row["last_message"]["seq"], row["last_message"]["content"]) == (1, "the")
        assert (row["unread"], row["last_seq"]) == (1, 2)
        # Away meanwhile: learnt by the same resume.
        sync = await his.ask(7, cursors={conv: 1})
        (event,) = sync["conversations"][0]["messages"]
        assert event["message"]["content"] == "the"
        again = await hers.ask(10, conv=conv, seq=1, content="The")
        assert again["event_seq"] == 3


async def test_who_may_edit_what(ann: Account, bo: Account) -> None:
    conv = pair(ann, bo)
    async with ann.chat() as hers, bo.chat() as his:
        await hers.say(bo)
        await his.say(ann)
        is_refusal(await his.ask(10, conv=conv, seq=1, content="x"), FORBIDDEN, "forbidden")
        is_refusal(await hers.ask(10, conv=conv, seq=9, content="x"), NOT_FOUND, "not_found")
        is_invalid(await hers.ask(10, conv=conv, seq=1, content=" "), "content", "pattern")
        is_invalid(await hers.ask(10, conv=conv, seq=1), "content", "required")
        is_invalid(await hers.ask(10, conv=conv, seq=1, content="x" * 4001), "content", "length")
        event = (await hers.ask(10, conv=conv, seq=1, content="x"))["event_seq"]
        is_refusal(await hers.ask(10, conv=conv, seq=event, content="y"), FORBIDDEN, "forbidden")
        await hers.ask(6, conv=conv, seq=1)
        is_refusal(await hers.ask(10, conv=conv, seq=1, content="y"), FORBIDDEN, "forbidden")
        assert page(ann, bo).data["messages"][0]["kind"] == "recalled"


async def test_who_is_blocked_may_not_edit(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers:
        await hers.say(bo)
        assert bo.call("PUT", f"/api/user/{ann.uid}/block").status == 200
        answer = await hers.ask(10, conv=pair(ann, bo), seq=1, content="x")
        is_refusal(answer, FORBIDDEN, "blocked")


async def test_an_edit_may_mention_somebody_else(ann: Account, bo: Account) -> None:
    conv = pair(ann, bo)
    async with ann.chat() as hers:
        await hers.say(bo, "you there")
        await hers.ask(10, conv=conv, seq=1, content="@bo", mentions=[bo.uid])
        assert bo.get("/api/conversations").data["conversations"][0]["mention_seq"] == 1
        await hers.ask(10, conv=conv, seq=1, content="nobody")
        assert bo.get("/api/conversations").data["conversations"][0]["mention_seq"] == 0
        assert "mentions" not in page(bo, ann).data["messages"][0]


async def test_an_edit_by_rest(ann: Account, bo: Account) -> None:
    ann.say(bo, "teh")
    edited = ann.call("PATCH", url(ann, bo, "/messages/1"), json={"content": "the"})
    assert edited.status == 200, edited
    assert (edited.data["code"], edited.data["seq"], edited.data["event_seq"]) == (EDITED, 1, 2)
    assert seqs(page(bo, ann).data["messages"]) == [1, 2]


async def test_after_edit_seconds_it_is_too_late(servers) -> None:  # type: ignore[no-untyped-def]
    server: Server = servers(chat_editseconds=1)
    ann, bo = Account.new(server), Account.new(server)
    async with ann.chat() as hers:
        await hers.say(bo)
        answer = await hers.ask(10, conv=pair(ann, bo), seq=1, content="in time")
        assert answer["code"] == EDITED
        while answer["code"] == EDITED:
            answer = await hers.ask(10, conv=pair(ann, bo), seq=1, content="again")
        is_refusal(answer, FORBIDDEN, "too_late")
