"""Bans where two things happen at once, and what other processes do about them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from models.errors import ChatError, Forbidden, Unavailable
from server.delivery import Outgoing
from server.protocol import CLOSE_REVOKED
from tests.border import Step
from tests.opened import Embedded
from tests.running import PASSWORD
from tests.served import (
    DEVICE,
    Served,
    at_home,
    between_steps_of_a_login,
    served,
    two_of_them,
)


async def test_a_process_that_remembers_him_takes_nothing_once_the_ban_is_answered(
    embedded: Embedded,
) -> None:
    async with two_of_them(embedded) as (one, other, (ann, bo, _)):
        await at_home(other, ann, bo)
        place = await other.policy.place(bo.uid, f"{ann.uid}:{bo.uid}")
        message = Outgoing("text", "x", None, None, None)
        await other.delivery.send(bo.uid, place, message)
        assert other.policy.at_hand(bo.uid, place.conv, None, None) is not None
        await one.admins.ban(ann.uid, bo.uid, None, "spam")
        assert other.policy.at_hand(bo.uid, place.conv, None, None) is None
        with pytest.raises(Forbidden) as refused:
            await other.delivery.send(bo.uid, place, message)
        assert refused.value.word == "banned"


@between_steps_of_a_login
async def test_a_login_that_was_under_way_is_not_let_in(
    embedded: Embedded, step: Callable[[Served], Step]
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann, bo = await one.add("ann"), await one.add("bo")
        step(one).hold()
        late = asyncio.create_task(one.sessions.login("bo", PASSWORD, DEVICE, ""))
        await step(one).reached()
        await one.admins.ban(ann.uid, bo.uid, None, "spam")
        step(one).release()
        with pytest.raises(Forbidden) as refused:
            await late
        assert refused.value.word == "banned"
        assert await one.tokens.devices(bo.uid) == []


async def test_a_change_of_password_that_was_under_way_gives_no_token(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann, bo = await one.add("ann"), await one.add("bo")
        who = await one.login("bo")
        one.tokens.replacing.hold()
        change = asyncio.create_task(one.sessions.change_password(who, PASSWORD, "new " + PASSWORD))
        await one.tokens.replacing.reached()
        await one.admins.ban(ann.uid, bo.uid, None, "spam")
        one.tokens.replacing.release()
        with pytest.raises(ChatError) as refused:
            await change
        assert refused.value.word == "banned"
        assert await one.tokens.devices(bo.uid) == []
        # It was not answered, so it is not changed.
        await one.admins.unban(ann.uid, bo.uid)
        await one.login("bo")


async def test_no_token_outlives_a_ban_wherever_that_stops(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann, bo = await one.add("ann"), await one.add("bo")
        who = await one.login("bo")
        socket = await one.connect(who)

        async def changed(_uid: int) -> None:
            raise Unavailable("redis")  # killed just when he is banned

        with monkeypatch.context() as broken:
            broken.setattr(one.people, "changed", changed)
            with pytest.raises(Unavailable):
                await one.admins.ban(ann.uid, bo.uid, None, "spam")
        with pytest.raises(Forbidden, match="banned"):
            await one.sessions.identify(who.token, DEVICE)
        assert socket.closed == [CLOSE_REVOKED]
        with pytest.raises(Forbidden, match="banned"):
            await one.login("bo")
