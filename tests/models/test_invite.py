"""An invitation counts each that comes by it, in one step with his account."""

from __future__ import annotations

import asyncio
import time

import pytest

from models.audit import Act
from models.errors import Conflict
from models.invite import Invites
from models.user import Users
from tests.opened import Embedded

INVITE = Act(1, "invite", "invitation")


async def test_of_two_at_once_on_the_last_use_one_comes_in(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        invites = Invites(stores.sql)
        await invites.add("code", 2, 0, INVITE)
        came = await asyncio.gather(
            *(invites.redeem("code", name, name, "no hash") for name in ("ann", "bo", "cy"))
        )
        assert sum(person is not None for person in came) == 2
        assert not await invites.is_live("code")
        names = [person.user_name for person in came if person is not None]
        assert sorted(p.user_name for p in await Users(stores.sql).search("", 9)) == names


async def test_a_refused_registration_spends_nothing(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        invites = Invites(stores.sql)
        await invites.add("code", 1, 0, INVITE)
        await Users(stores.sql).add("ann", "ann", "no hash")
        with pytest.raises(Conflict):
            await invites.redeem("code", "ANN", "ann", "no hash")
        assert await invites.redeem("code", "bo", "bo", "no hash") is not None
        assert await invites.redeem("code", "cy", "cy", "no hash") is None


async def test_an_invitation_is_good_until_it_ends(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        invites = Invites(stores.sql)
        now = int(time.time() * 1000)
        await invites.add("late", 0, now - 1, INVITE)
        await invites.add("soon", 0, now + 60_000, INVITE)
        assert await invites.redeem("late", "ann", "ann", "no hash") is None
        assert not await invites.is_live("late")
        for name in ("ann", "bo"):
            assert await invites.redeem("soon", name, name, "no hash") is not None
        for other in ("never made", "x" * 33, "SOON"):
            assert not await invites.is_live(other)
