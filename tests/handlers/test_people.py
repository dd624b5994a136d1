"""Other people: profiles, search, blocks."""

from __future__ import annotations

import pytest

from tests.client import PRESENCE, SENT_OFFLINE, STATE, TYPING, Account, new_name, pair
from tests.running import SECRET_TEXT, Server

BLOCKED = (403, "blocked")


def profile_of(account: Account, *, online: bool = False) -> dict[str, object]:
    return {
        "uid": account.uid,
        "user_name": account.name,
        "nickname": account.name,
        "avatar": None,
        "online": online,
    }


def test_a_profile_is_public_and_says_no_more_than_that(ann: Account, bo: Account) -> None:
    answer = ann.get(f"/api/user/{bo.uid}")
    assert answer.status == 200 and answer.data == profile_of(bo)
    assert ann.get(f"/api/user/{ann.uid}").data == profile_of(ann)


@pytest.mark.parametrize(
    "uid", ["0", "-1", "1.0", "x", "999999999999", str(2**63), "9" * 400, "１"]
)
def test_an_unknown_person_is_not_found(eve: Account, uid: str) -> None:
    assert eve.get(f"/api/user/{uid}").refusal == (404, "not_found")
    assert eve.call("PUT", f"/api/user/{uid}/block").refusal == (404, "not_found")


async def test_online_tells_whether_somebody_has_a_socket(ann: Account, bo: Account) -> None:
    async with bo.chat():
        assert ann.get(f"/api/user/{bo.uid}").data["online"] is True
        assert ann.get("/api/users", ids=bo.uid).data[0]["online"] is True
        assert ann.get("/api/user/search", q=bo.name).data[0]["online"] is True
        assert bo.get("/api/user/me").data["online"] is True
        bo.call("PUT", f"/api/user/{ann.uid}/block")
        # Somebody who blocks me is never online to me; I may be to them.
        assert ann.get(f"/api/user/{bo.uid}").data["online"] is False
        assert ann.get("/api/users", ids=bo.uid).data[0]["online"] is False
        assert ann.get("/api/user/search", q=bo.name).data[0]["online"] is False
        async with ann.chat():
            assert bo.get(f"/api/user/{ann.uid}").data["online"] is True


# Many at once


def test_users_come_by_their_ids_unknown_ones_left_out(ann: Account, bo: Account) -> None:
    answer = ann.get("/api/users", ids=f"{bo.uid},{ann.uid},999999999999,{bo.uid}")
    assert answer.status == 200
    assert answer.data == [profile_of(bo), profile_of(ann)]
    assert ann.get("/api/users", ids="999999999999").data == []


def test_users_takes_200_ids_and_no_more(eve: Account) -> None:
    many = [str(10**12 + number) for number in range(199)]
    found = eve.get("/api/users", ids=",".join([*many, str(eve.uid)]))
    assert [person["uid"] for person in found.data] == [eve.uid]
    assert eve.get("/api/users", ids=",".join([*many, "1", "2"])).broken == ("ids", "too_many")


@pytest.mark.parametrize(
    ("ids", "rule"), [("x", "type"), ("1,,2", "type"), ("1.5", "type"), ("0", "range")]
)
def test_ids_are_numbers(eve: Account, ids: str, rule: str) -> None:
    assert eve.get("/api/users", ids=ids).broken == ("ids", rule)


def test_ids_are_required(eve: Account) -> None:
    assert eve.get("/api/users").broken == ("ids", "required")


# Search


def test_search_finds_by_name_and_by_nickname_in_any_case(server: Server, ann: Account) -> None:
    stem = new_name("Grüße").replace("-", "_")
    one = Account.new(server, stem)
    other = Account.new(server, nickname=f"{stem} the second")

    def found(q: str) -> set[int]:
        answer = ann.get("/api/user/search", q=q)
        assert answer.status == 200
        return {person["uid"] for person in answer.data}

    assert found(stem) == {one.uid, other.uid}
    assert found(stem.upper().replace("SS", "ß")) == {one.uid, other.uid}
    assert found(stem[:-1]) >= {one.uid, other.uid}
    assert found(stem + " the") == {other.uid}
    assert found(stem + " nobody") == set()


@pytest.mark.parametrize("q", ["%", "_", "\\", "%%", "x' OR '1'='1", '"', "🎈"])
def test_what_a_database_would_take_for_a_pattern_is_text(eve: Account, q: str) -> None:
    answer = eve.get("/api/user/search", q=q)
    assert answer.status == 200 and answer.data == []


def test_search_gives_at_most_limit(server: Server, eve: Account) -> None:
    stem = new_name("many")
    made = [Account.new(server, f"{stem}{letter}").uid for letter in "abc"]
    assert [p["uid"] for p in eve.get("/api/user/search", q=stem, limit=2).data] == made[:2]
    assert len(eve.get("/api/user/search", q=stem).data) == 3
    for limit, rule in (("0", "range"), ("-1", "range"), ("x", "type"), ("100000", "range")):
        assert eve.get("/api/user/search", q=stem, limit=limit).broken == ("limit", rule)
    assert eve.get("/api/user/search").broken == ("q", "required")
    assert eve.get("/api/user/search", q="").broken == ("q", "length")
    assert eve.get("/api/user/search", q="x" * 101).broken == ("q", "length")


# Blocks


def test_a_block_refuses_single_messages_one_way(ann: Account, bo: Account) -> None:
    conv = f"/api/conversations/{pair(ann, bo)}/messages"
    assert bo.call("PUT", f"/api/user/{ann.uid}/block").status == 200
    assert bo.call("PUT", f"/api/user/{ann.uid}/block").status == 200
    assert ann.post(conv, content=SECRET_TEXT).refusal == BLOCKED
    assert bo.say(ann, "the blocker may write") == 1
    assert [m["seq"] for m in ann.get(conv).data["messages"]] == [1]
    assert [p["uid"] for p in bo.get("/api/user/blocks").data] == [ann.uid]
    assert bo.get("/api/user/blocks").data[0] == profile_of(ann)
    assert ann.get("/api/user/blocks").data == []
    assert bo.call("DELETE", f"/api/user/{ann.uid}/block").status == 200
    assert bo.call("DELETE", f"/api/user/{ann.uid}/block").status == 200
    assert bo.get("/api/user/blocks").data == []
    assert ann.say(bo) == 2


def test_nobody_blocks_himself(eve: Account) -> None:
    for method in ("PUT", "DELETE"):
        answer = eve.call(method, f"/api/user/{eve.uid}/block")
        assert answer.broken == ("uid", "not_self")


def test_a_repeat_of_what_was_sent_before_the_block_gets_its_first_answer(
    ann: Account, bo: Account
) -> None:
    seq = ann.say(bo, id="before-the-block")
    bo.call("PUT", f"/api/user/{ann.uid}/block")
    conv = f"/api/conversations/{pair(ann, bo)}/messages"
    again = ann.post(conv, content="hello", id="before-the-block")
    assert again.status == 201
    assert (again.data["seq"], again.data["duplicate"]) == (seq, True)
    assert ann.post(conv, content="hello", id="after-the-block").refusal == BLOCKED


async def test_a_block_reaches_live_sockets_at_once(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        await hers.say(bo)
        await his.say(ann)
        bo.call("PUT", f"/api/user/{ann.uid}/block")
        told = await his.push(STATE, what="block")
        assert (told["uid"], told["blocked"]) == (ann.uid, True)
        refused = await hers.ask(1, to=bo.uid, content="hello")
        assert (refused["code"], refused["error"]) == (40003, "blocked")
        assert isinstance(refused["msg"], str) and refused["msg"]
        await hers.rest(), await his.rest()

        # Typing of either is not passed on.
        await hers.ask(5, to=bo.uid)
        await his.ask(5, to=ann.uid)
        assert await his.rest_of(TYPING) == [] == await hers.rest_of(TYPING)

        # Nor is presence.
        assert (await hers.ask(8, uids=[bo.uid]))["online"] == []
        assert (await his.ask(8, uids=[ann.uid]))["online"] == []
        async with ann.on("another/2").chat(), bo.on("another/2").chat():
            pass
        assert await hers.rest_of(PRESENCE) == [] == await his.rest_of(PRESENCE)

        bo.call("DELETE", f"/api/user/{ann.uid}/block")
        assert (await his.push(STATE, what="block"))["blocked"] is False
        await hers.say(bo, "at last")
        await his.push(50001, content="at last")


async def test_presence_of_either_is_not_pushed_across_a_block(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers:
        assert (await hers.ask(8, uids=[bo.uid]))["online"] == []
        bo.call("PUT", f"/api/user/{ann.uid}/block")
        async with bo.chat() as his:
            await his.rest()
            assert await hers.rest_of(PRESENCE) == []
        bo.call("DELETE", f"/api/user/{ann.uid}/block")
        ann.call("PUT", f"/api/user/{bo.uid}/block")
        async with bo.chat() as his:
            await his.rest()
            assert await hers.rest_of(PRESENCE) == []


def test_a_block_is_checked_after_what_is_wrong_by_itself(ann: Account, bo: Account) -> None:
    bo.call("PUT", f"/api/user/{ann.uid}/block")
    conv = f"/api/conversations/{pair(ann, bo)}/messages"
    assert ann.post(conv, content="").broken == ("content", "length")
    # And before what is wrong by what is stored.
    assert ann.post(conv, content="hello", reply_to=77).refusal == BLOCKED
    assert ann.post(conv, content="none", kind="image").refusal == BLOCKED


def test_somebody_offline_gets_the_message_later(ann: Account, bo: Account) -> None:
    sent = ann.post(f"/api/conversations/{pair(ann, bo)}/messages", content="later")
    assert (sent.status, sent.data["code"]) == (201, SENT_OFFLINE)
    assert bo.get("/api/conversations").data["conversations"][0]["unread"] == 1
