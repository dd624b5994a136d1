"""Tokens in Redis: what each script does where two of them meet, and how long its keys live."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from models.errors import Forbidden
from models.stores import Stores
from models.token import DEVICES_MAX, Issued, Session, Tokens
from tests.opened import Embedded

UID = 7
HOUR_MS = 3_600_000
NOW = int(time.time() * 1000)


def issued(
    name: str,
    device: str = "phone",
    *,
    sid: str | None = None,
    lives: int = HOUR_MS,
    uid: int = UID,
) -> Issued:
    """A token, named by what stands for it; `lives` in ms from now."""
    session = Session(sid or f"session of {name}", f"jti of {name}", NOW, NOW + lives)
    return Issued(uid, device, name, session)


class Kept:
    """The tokens, and what Redis holds of them."""

    def __init__(self, stores: Stores) -> None:
        self.redis = stores.redis_client
        self.tokens = Tokens(stores.redis_client, stores.redis)

    async def login(self, one: Issued, generation: str = "0") -> list[str] | None:
        return await self.tokens.login(one, generation)

    async def word(self, one: Issued) -> str:
        """Why a token is not good on its device; "" if it is."""
        try:
            session = await self.tokens.check(one.uid, one.device, one.token, one.session.jti)
        except Forbidden as refused:
            return refused.word
        assert session == one.session
        return ""

    async def devices(self) -> list[str]:
        return [row.device for row in await self.tokens.devices(UID)]

    async def whole(self) -> dict[str, set[str]]:
        """The devices that each of the three keys of a user has."""
        return {
            "token": set(await self.redis.hkeys(f"token:{UID}")),
            "session": set(await self.redis.hkeys(f"session:{UID}")),
            "seen": set(await self.redis.zrange(f"seen:{UID}", 0, -1)),
        }

    async def expires(self, key: str) -> int:
        return int(await self.redis.pexpiretime(key))


@asynccontextmanager
async def kept(embedded: Embedded) -> AsyncIterator[Kept]:
    async with embedded.open() as stores:
        yield Kept(stores)


async def test_a_newer_login_takes_its_device_and_leaves_the_others(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        first, second, desk = issued("first"), issued("second"), issued("desk", "desk")
        for one in (first, desk, second):
            assert await redis.login(one) == []
        assert await redis.word(first) == "token_superseded"
        assert (await redis.word(second), await redis.word(desk)) == ("", "")


async def test_why_a_token_died_is_kept_until_it_would_have_expired_and_no_longer(
    embedded: Embedded,
) -> None:
    async with kept(embedded) as redis:
        first, second = issued("first", lives=2 * HOUR_MS), issued("second")
        await redis.login(first)
        await redis.login(second)
        assert await redis.expires("revoked:jti of first") == first.session.exp
        # Without that memory the device still tells that another token is valid there.
        await redis.redis.delete("revoked:jti of first")
        assert await redis.word(first) == "token_superseded"
        await redis.tokens.logout(UID, "phone", second.session.sid)
        assert (await redis.word(second), await redis.word(first)) == (
            "token_revoked",
            "device_mismatch",
        )


async def test_a_token_is_good_on_its_own_device_and_for_its_own_user(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        one = issued("one")
        await redis.login(one)
        assert await redis.word(issued("one", "desk")) == "device_mismatch"
        assert await redis.word(issued("one", uid=UID + 1)) == "device_mismatch"
        assert await redis.word(issued("another")) == "token_superseded"


async def test_the_device_used_longest_ago_makes_room_for_an_eleventh(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        ten = [issued(f"t{number}", f"d{number}") for number in range(DEVICES_MAX)]
        for one in ten:
            assert await redis.login(one) == []
        # A use counts, and so does a login on a device that is there already.
        assert await redis.word(ten[0]) == ""
        again = issued("again", "d1")
        assert await redis.login(again) == []
        assert await redis.login(issued("new", "new")) == ["d2"]
        assert await redis.word(ten[2]) == "token_revoked"
        assert await redis.word(again) == await redis.word(ten[0]) == ""
        assert len(await redis.devices()) == DEVICES_MAX
        assert len({frozenset(devices) for devices in (await redis.whole()).values()}) == 1


async def test_a_device_whose_token_has_expired_takes_no_place(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        alive = [issued(f"t{number}", f"d{number}") for number in range(DEVICES_MAX - 1)]
        for one in alive:
            await redis.login(one)
        await redis.login(issued("stale", "stale", lives=-1))
        assert await redis.login(issued("new", "new")) == []
        assert set(await redis.devices()) == {*(one.device for one in alive), "new"}
        assert all("stale" not in devices for devices in (await redis.whole()).values())


async def test_the_keys_of_a_user_live_as_long_as_his_longest_token(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        keys = [f"{kind}:{UID}" for kind in ("token", "session", "seen")]
        for one, longest in (
            (issued("short", "a", lives=HOUR_MS), HOUR_MS),
            (issued("long", "b", lives=3 * HOUR_MS), 3 * HOUR_MS),
            (issued("middle", "c", lives=2 * HOUR_MS), 3 * HOUR_MS),
        ):
            await redis.login(one)
            assert [await redis.expires(key) - NOW for key in keys] == [longest] * 3


async def test_a_login_that_was_checked_before_the_password_changed_changes_nothing(
    embedded: Embedded,
) -> None:
    async with kept(embedded) as redis:
        one, late = issued("one"), issued("late", "desk")
        generation = await redis.tokens.generation()
        assert await redis.login(one, generation) == []
        changed = issued("changed", sid=one.session.sid)
        assert await redis.tokens.replace_all(changed) == []
        assert await redis.login(late, generation) is None
        assert await redis.login(issued("late"), generation) is None
        assert await redis.word(changed) == ""
        assert await redis.word(late) == "device_mismatch"
        assert await redis.login(late, await redis.tokens.generation()) == []


async def test_a_changed_password_ends_every_token_and_gives_the_one_device_another(
    embedded: Embedded,
) -> None:
    async with kept(embedded) as redis:
        phone, desk, car = issued("phone"), issued("desk", "desk"), issued("car", "car")
        for one in (phone, desk, car):
            await redis.login(one)
        changed = issued("changed", sid=phone.session.sid)
        assert set(await redis.tokens.replace_all(changed)) == {"desk", "car"}
        assert [await redis.word(one) for one in (phone, desk, car)] == ["token_revoked"] * 3
        assert await redis.word(changed) == ""
        assert await redis.devices() == ["phone"]
        assert await redis.tokens.generation() == "1"


async def test_a_refresh_holds_only_for_the_token_that_is_valid(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        first = issued("first")
        await redis.login(first)
        second = issued("second", sid=first.session.sid)
        await redis.tokens.refresh(second, first.token, first.session.jti)
        assert (await redis.word(first), await redis.word(second)) == ("token_superseded", "")
        for device, word in (("phone", "token_superseded"), ("desk", "token_superseded")):
            with pytest.raises(Forbidden) as refused:
                await redis.tokens.refresh(issued("third", device), "first", "jti of first")
            assert refused.value.word == word
        with pytest.raises(Forbidden) as refused:
            await redis.tokens.refresh(issued("third", "desk"), "never", "jti of never")
        assert refused.value.word == "device_mismatch"
        assert await redis.word(second) == "" and await redis.devices() == ["phone"]


async def test_a_logout_ends_what_its_session_was_refreshed_to_but_no_newer_login(
    embedded: Embedded,
) -> None:
    async with kept(embedded) as redis:
        first = issued("first")
        await redis.login(first)
        second = issued("second", sid=first.session.sid)
        await redis.tokens.refresh(second, first.token, first.session.jti)
        assert await redis.tokens.logout(UID, "phone", first.session.sid) is True
        assert await redis.word(second) == "token_revoked"
        assert await redis.tokens.logout(UID, "phone", first.session.sid) is False
        newer = issued("newer")
        await redis.login(newer)
        assert await redis.tokens.logout(UID, "phone", first.session.sid) is False
        assert await redis.word(newer) == ""
        assert all(devices == {"phone"} for devices in (await redis.whole()).values())


async def test_a_kick_finds_its_session_on_whatever_device(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        phone, desk = issued("phone"), issued("desk", "desk #1")
        for one in (phone, desk):
            await redis.login(one)
        assert await redis.tokens.kick(UID, desk.session.sid) == "desk #1"
        assert await redis.tokens.kick(UID, desk.session.sid) is None
        assert await redis.tokens.kick(UID + 1, phone.session.sid) is None
        assert (await redis.word(desk), await redis.word(phone)) == ("token_revoked", "")


async def test_the_one_used_last_comes_first_and_a_use_never_brings_a_device_back(
    embedded: Embedded,
) -> None:
    async with kept(embedded) as redis:
        for name in ("a", "b", "c"):
            await redis.login(issued(name, name))
        await redis.word(issued("a", "a"))
        assert await redis.devices() == ["a", "c", "b"]
        await redis.tokens.touch([(UID, "b"), (UID, "gone"), (UID + 1, "a")])
        assert await redis.devices() == ["b", "a", "c"]
        assert (await redis.whole())["seen"] == {"a", "b", "c"}
        assert not await redis.redis.exists(f"seen:{UID + 1}")
        # A use that is noted late does not make a device older.
        (b, *_), ahead = await redis.tokens.devices(UID), (NOW + HOUR_MS) * 1000
        await redis.redis.zadd(f"seen:{UID}", {"b": ahead})
        await redis.tokens.touch([(UID, "b")])
        assert await redis.redis.zscore(f"seen:{UID}", "b") == ahead
        assert (b.session, b.seen_at // 60_000) == (issued("b").session, int(time.time()) // 60)


async def test_the_valid_session_of_each_device_is_told_in_the_order_of_asking(
    embedded: Embedded,
) -> None:
    async with kept(embedded) as redis:
        await redis.login(issued("a", "a"))
        await redis.login(issued("b", "b"))
        asked = [(UID, "b"), (UID, "none"), (UID + 1, "a"), (UID, "a")]
        assert await redis.tokens.current(asked) == ["session of b", None, None, "session of a"]
        assert await redis.tokens.current([]) == []
