"""Frames 5 and 8, and what my other sockets hear of me: typing, who is online, my profile."""

from __future__ import annotations

import asyncio
import time

from tests.client import (
    INVALID_FIELD,
    NOT_FOUND,
    PRESENCE,
    STATE,
    TYPING,
    Account,
    is_invalid,
    is_refusal,
    pair,
)
from tests.running import Server

# 5 typing


async def test_typing_is_told_to_the_others_at_most_once_a_second(
    ann: Account, bo: Account
) -> None:
    phone_of_hers = ann.on("phone/2")
    async with ann.chat() as hers, phone_of_hers.chat() as phone, bo.chat() as his:
        began = time.monotonic()
        for _ in range(5):
            answer = await hers.ask(5, to=bo.uid)
            assert answer.pop("id") and answer == {"code": TYPING, "conv": pair(ann, bo)}
        told = await his.push(TYPING)
        assert told == {"code": TYPING, "conv": pair(ann, bo), "uid": ann.uid}
        assert await his.rest_of(TYPING) == []
        assert await phone.rest() == []
        # Without an id there is no answer.
        await hers.send(type=5, to=bo.uid)
        assert await hers.rest() == []

        async def type_on() -> None:
            while True:
                await hers.ask(5, to=bo.uid)

        # A second of the contract's: what is typed in it is not told, what is typed after it is.
        typing = asyncio.create_task(type_on())
        await his.push(TYPING)
        assert time.monotonic() - began >= 0.95
        typing.cancel()
        await asyncio.wait([typing])


async def test_typing_that_is_refused_is_answered_without_an_id_too(ann: Account) -> None:
    async with ann.chat() as hers:
        await hers.send(type=5, to=999_999_999_999)
        is_refusal(await hers.push(NOT_FOUND), NOT_FOUND, "not_found")
        await hers.send(type=5)
        is_invalid(await hers.push(INVALID_FIELD), "to", "required")


# 8 presence


async def test_presence_tells_who_is_online_and_then_each_change(
    ann: Account, bo: Account, server: Server
) -> None:
    carl = Account.new(server)
    async with ann.chat() as hers, bo.chat() as his:
        answer = await hers.ask(8, uids=[bo.uid, carl.uid, 999_999_999_999, bo.uid])
        assert answer.pop("id") and answer == {"code": PRESENCE, "online": [bo.uid]}
        async with carl.chat() as theirs:
            assert await hers.push(PRESENCE) == {
                "code": PRESENCE,
                "uid": carl.uid,
                "online": True,
            }
            async with carl.on("phone/2").chat() as another:
                await another.rest()
            await theirs.rest()
        change = await hers.push(PRESENCE)
        assert (change["uid"], change["online"]) == (carl.uid, False)
        # The next such frame replaces the first.
        assert (await hers.ask(8, uids=[bo.uid]))["online"] == [bo.uid]
        async with carl.chat() as theirs:
            await theirs.rest()
            assert await hers.rest_of(PRESENCE) == []
        assert (await hers.ask(8, uids=[]))["online"] == []
        await his.ws.close()
        assert await hers.rest_of(PRESENCE) == []


async def test_who_is_blocked_sees_the_other_leave_and_come_back(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        assert (await hers.ask(8, uids=[bo.uid]))["online"] == [bo.uid]
        assert (await his.ask(8, uids=[ann.uid]))["online"] == [ann.uid]
        for method, online in (("PUT", False), ("DELETE", True)):
            assert bo.call(method, f"/api/user/{ann.uid}/block").status == 200
            told = {"code": PRESENCE, "uid": bo.uid, "online": online}
            assert await hers.push(PRESENCE) == told
            assert await his.push(PRESENCE) == told | {"uid": ann.uid}


async def test_my_other_sockets_hear_of_my_profile(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        ann.call("PATCH", "/api/user/me", json={"nickname": "Añil"})
        told = await hers.push(STATE)
        assert told["what"] == "me"
        assert (told["uid"], told["user_name"], told["nickname"]) == (ann.uid, ann.name, "Añil")
        assert told["avatar"] is None
        assert await his.rest() == []
    assert bo.get(f"/api/user/{ann.uid}").data["nickname"] == "Añil"
