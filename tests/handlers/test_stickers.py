"""Stickers over real sockets: what there is, sending one, and reacting with one."""

from __future__ import annotations

from urllib.parse import quote

from tests.client import (
    FORBIDDEN,
    MESSAGE,
    REACTED,
    SENT_OFFLINE,
    SENT_ONLINE,
    Account,
    is_invalid,
    is_refusal,
    page,
    pair,
    url,
)

HELLO, THANKS = "tornado/hello", "tornado/thanks"
UNKNOWN = ("none/such", "tornado/none", "hello", "tornado/hello.webp")


def test_packs_come_in_the_readers_language_and_their_pictures_stay(eve: Account) -> None:
    (pack,) = eve.get("/api/stickers").data
    (chinese,) = eve.call("GET", "/api/stickers", headers={"Accept-Language": "zh"}).data
    assert (pack["pack"], pack["title"]) == ("tornado", "Little Tornado")
    assert (chinese["pack"], chinese["title"]) == ("tornado", "小旋风")
    first, same = pack["stickers"][0], chinese["stickers"][0]
    assert (first["name"], first["alt"], same["alt"]) == ("hello", "Hello", "你好")
    assert first["url"] == same["url"]
    assert len(pack["stickers"]) >= 16
    picture = eve.server.http.get(first["url"])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/webp")
    assert picture.headers["cache-control"] == "max-age=31536000, immutable"


async def test_a_sticker_is_sent_delivered_and_read_like_any_message(
    ann: Account, bo: Account
) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        ack = await hers.ask(1, to=bo.uid, kind="sticker", content=HELLO, id="first")
        assert (ack["code"], ack["seq"]) == (SENT_ONLINE, 1)
        push = await his.push(MESSAGE, seq=1)
        assert (push["kind"], push["content"], push["from"]) == ("sticker", HELLO, ann.uid)
        answer = await his.ask(1, to=ann.uid, kind="sticker", content=THANKS, reply_to=1)
        assert answer["seq"] == 2
        again = await hers.ask(1, to=bo.uid, kind="sticker", content="none/such", id="first")
        assert (again["seq"], again["duplicate"]) == (1, True)
        is_refusal(
            await hers.ask(10, conv=pair(ann, bo), seq=1, content="x"), FORBIDDEN, "forbidden"
        )
    found = page(bo, ann).data["messages"]
    assert [(one["kind"], one["content"]) for one in found] == [
        ("sticker", HELLO),
        ("sticker", THANKS),
    ]
    assert found[1]["reply_to"] == 1
    row = ann.get("/api/conversations").data["conversations"][0]
    assert (row["last_message"]["content"], row["unread"]) == (THANKS, 1)


def test_a_sticker_by_rest(ann: Account, bo: Account) -> None:
    sent = ann.post(url(ann, bo, "/messages"), kind="sticker", content=HELLO)
    assert (sent.status, sent.data["code"], sent.data["seq"]) == (201, SENT_OFFLINE, 1)
    for content in UNKNOWN:
        refused = ann.post(url(ann, bo, "/messages"), kind="sticker", content=content)
        assert refused.broken == ("content", "unknown_value")


async def test_an_unknown_sticker_is_refused_in_its_turn(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers:
        for content in UNKNOWN:
            answer = await hers.ask(1, to=bo.uid, kind="sticker", content=content)
            is_invalid(answer, "content", "unknown_value")
        fields = {"to": bo.uid, "kind": "sticker", "content": "none/such"}
        assert (await hers.ask(1, **fields, reply_to=9))["error"] == "not_found"
        bo.call("PUT", f"/api/user/{ann.uid}/block")
        assert (await hers.ask(1, **fields))["error"] == "blocked"
    assert page(ann, bo).data["messages"] == []


def test_search_takes_stickers_for_no_text(ann: Account, bo: Account) -> None:
    ann.say(bo, HELLO, kind="sticker")
    ann.say(bo, "hello")
    found = ann.get("/api/search", q="hello").data["results"]
    assert [one["message"]["seq"] for one in found] == [2]
    assert ann.get("/api/search", q="hello", kind="sticker").data["results"] == []


async def test_a_sticker_as_a_reaction(ann: Account, bo: Account) -> None:
    conv = pair(ann, bo)
    async with ann.chat() as hers, bo.chat() as his:
        await hers.say(bo)
        answer = await his.ask(11, conv=conv, seq=1, emoji=HELLO, on=True)
        assert (answer["code"], answer["emoji"], answer["event_seq"]) == (REACTED, HELLO, 2)
        event = await hers.push(MESSAGE, seq=2)
        reaction = {"emoji": HELLO, "count": 1, "uids": [bo.uid]}
        assert event["message"]["reactions"] == [reaction]
        for emoji in ("none/such", "tornado/none"):
            answer = await his.ask(11, conv=conv, seq=1, emoji=emoji, on=True)
            is_invalid(answer, "emoji", "unknown_value")
        # One may have been there once.
        answer = await his.ask(11, conv=conv, seq=1, emoji="none/such", on=False)
        assert (answer["code"], answer["event_seq"]) == (REACTED, 0)


def test_a_sticker_as_a_reaction_by_rest(ann: Account, bo: Account) -> None:
    ann.say(bo)
    path = url(ann, bo, "/messages/1/reactions")
    made = bo.call("PUT", f"{path}/{quote(HELLO, safe='')}")
    assert (made.status, made.data["emoji"]) == (200, HELLO)
    assert ann.get(path).data == {HELLO: [bo.uid]}
    refused = bo.call("PUT", f"{path}/{quote('none/such', safe='')}")
    assert refused.broken == ("emoji", "unknown_value")
    assert bo.call("DELETE", f"{path}/{quote(HELLO, safe='')}").data["on"] is False
    assert ann.get(path).data == {}
