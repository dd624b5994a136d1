"""Frame 11: reactions, as they are set and taken away, and how everybody learns of them."""

from __future__ import annotations

import pytest

from tests.client import (
    FORBIDDEN,
    MESSAGE,
    NOT_FOUND,
    REACTED,
    Account,
    is_invalid,
    is_refusal,
    page,
    pair,
    url,
)

KINDS = "😀😁😂😃😄😅😆😇😈😉😊😋😌😍😎😏😐😑😒😓"
HEART, FAMILY, THUMB = "❤️", "👨‍👩‍👧‍👦", "👍🏽"


async def test_a_reaction_tells_everyone_and_then_answers(ann: Account, bo: Account) -> None:
    conv = pair(ann, bo)
    async with ann.chat() as hers, bo.chat() as his:
        await hers.say(bo)
        answer = await his.ask(11, conv=conv, seq=1, emoji=HEART, on=True)
        assert answer.pop("id")
        assert answer == {
            "code": REACTED,
            "conv": conv,
            "seq": 1,
            "emoji": HEART,
            "on": True,
            "event_seq": 2,
        }
        for chat in (hers, his):
            event = await chat.push(MESSAGE, seq=2)
            assert (event["kind"], event["event"], event["silent"]) == ("system", "reacted", True)
            assert (event["from"], event["data"]) == (bo.uid, {"target": 1, "by": bo.uid})
            assert event["message"]["reactions"] == [{"emoji": HEART, "count": 1, "uids": [bo.uid]}]
        codes = [frame["code"] for frame in his.seen if frame.get("event") or "event_seq" in frame]
        assert codes == [MESSAGE, REACTED]
        # A repeat changes nothing.
        assert (await his.ask(11, conv=conv, seq=1, emoji=HEART, on=True))["event_seq"] == 2
        assert (await hers.ask(11, conv=conv, seq=1, emoji=FAMILY, on=True))["event_seq"] == 3
        assert (await hers.ask(11, conv=conv, seq=1, emoji=HEART, on=True))["event_seq"] == 4
        assert ann.get(url(ann, bo, "/messages/1/reactions")).data == {
            HEART: [bo.uid, ann.uid],
            FAMILY: [ann.uid],
        }
        assert (await his.ask(11, conv=conv, seq=1, emoji=HEART, on=False))["event_seq"] == 5
        assert (await his.ask(11, conv=conv, seq=1, emoji=HEART, on=False))["event_seq"] == 5
        assert (await his.ask(11, conv=conv, seq=1, emoji=THUMB, on=False))["event_seq"] == 0
        found = page(bo, ann).data["messages"]
        assert found[0]["reactions"] == [
            {"emoji": HEART, "count": 1, "uids": [ann.uid]},
            {"emoji": FAMILY, "count": 1, "uids": [ann.uid]},
        ]
        assert len(found) == 5
        assert bo.get("/api/conversations").data["conversations"][0]["last_message"]["seq"] == 1


async def test_what_is_reacted_to(ann: Account, bo: Account) -> None:
    conv = pair(ann, bo)
    async with ann.chat() as hers:
        await hers.say(bo)
        is_refusal(
            await hers.ask(11, conv=conv, seq=9, emoji=HEART, on=True), NOT_FOUND, "not_found"
        )
        event = (await hers.ask(11, conv=conv, seq=1, emoji=HEART, on=True))["event_seq"]
        is_refusal(
            await hers.ask(11, conv=conv, seq=event, emoji=HEART, on=True), FORBIDDEN, "forbidden"
        )
        await hers.ask(6, conv=conv, seq=1)
        is_refusal(
            await hers.ask(11, conv=conv, seq=1, emoji=HEART, on=True), FORBIDDEN, "forbidden"
        )
        assert "reactions" not in page(ann, bo).data["messages"][0]


@pytest.mark.parametrize("emoji", ["x", "", "😀😀", "no/sticker", "1", "ok👍", "\u200d"])
async def test_what_is_no_emoji(eve: Account, emoji: str) -> None:
    conv = f"{eve.uid}:{eve.uid}"
    async with eve.chat() as hers:
        answer = await hers.ask(11, conv=conv, seq=1, emoji=emoji, on=True)
        is_invalid(answer, "emoji", "unknown_value")
        is_invalid(await hers.ask(11, conv=conv, seq=1, emoji=1, on=True), "emoji", "type")
        is_invalid(await hers.ask(11, conv=conv, seq=1, emoji=HEART, on=1), "on", "type")
        is_invalid(await hers.ask(11, conv=conv, seq=1, emoji=HEART), "on", "required")


async def test_a_message_takes_20_kinds(ann: Account, bo: Account) -> None:
    conv = pair(ann, bo)
    async with ann.chat() as hers:
        await hers.say(bo)
        for emoji in KINDS:
            answer = await hers.ask(11, conv=conv, seq=1, emoji=emoji, on=True)
            assert answer["code"] == REACTED, answer
        answer = await hers.ask(11, conv=conv, seq=1, emoji=HEART, on=True)
        is_invalid(answer, "emoji", "too_many")
        await hers.ask(11, conv=conv, seq=1, emoji=KINDS[0], on=False)
        answer = await hers.ask(11, conv=conv, seq=1, emoji=HEART, on=True)
        assert answer["code"] == REACTED


async def test_a_reaction_by_rest(ann: Account, bo: Account) -> None:
    ann.say(bo)
    path = url(ann, bo, f"/messages/1/reactions/{HEART}")
    made = bo.call("PUT", path)
    assert made.status == 200, made
    expected = {"code": REACTED, "conv": pair(ann, bo), "seq": 1, "emoji": HEART}
    assert made.data == {**expected, "on": True, "event_seq": 2}
    assert bo.call("DELETE", path).data == {**expected, "on": False, "event_seq": 3}
    assert ann.get(url(ann, bo, "/messages/1/reactions")).data == {}
    refused = bo.call("PUT", url(ann, bo, "/messages/1/reactions/x"))
    assert (refused.status, refused.data) == (400, {"field": "emoji", "rule": "unknown_value"})
