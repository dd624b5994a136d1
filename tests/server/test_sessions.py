"""The one-token rule where two things happen at once, and what other processes do about it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import pytest

from models.errors import Forbidden, NotFound, RateLimited, Unauthorized, Unavailable
from server import revocation
from server.protocol import CLOSE_EXPIRED, CLOSE_REVOKED, CLOSE_SUPERSEDED
from tests.border import SECONDS, Step
from tests.opened import Embedded
from tests.process import Socket
from tests.running import PASSWORD
from tests.served import (
    DEVICE,
    Served,
    between_steps_of_a_login,
    handshaking,
    served,
    two_served,
)

OTHER = "another device"
NEW = "new " + PASSWORD


def at(one: Served, uid: int, device: str, sid: str) -> Socket:
    """A socket here of that session, let in long since."""
    socket = handshaking(uid, device)
    socket.peer.ready, socket.peer.sid = True, sid
    one.peers.add(socket.peer)
    return socket


# A login and what comes between its steps


@between_steps_of_a_login
async def test_a_password_that_changes_behind_its_check_refuses_the_login(
    embedded: Embedded, step: Callable[[Served], Step]
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann = await one.add("ann")
        who = await one.login("ann")
        step(one).hold()
        late = asyncio.create_task(one.sessions.login("ann", PASSWORD, OTHER, ""))
        await step(one).reached()
        await one.sessions.change_password(who, PASSWORD, NEW)
        step(one).release()
        with pytest.raises(Unauthorized):
            await late
        assert [device.device for device in await one.tokens.devices(ann.uid)] == [DEVICE]
        await one.sessions.login("ann", NEW, OTHER, "")


async def test_a_login_is_let_in_whoever_else_has_changed_his_password(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        await one.add("ann")
        await one.add("bo")
        who = await one.login("bo")
        one.tokens.admitting.hold()
        late = asyncio.create_task(one.login("ann"))
        await one.tokens.admitting.reached()
        await one.sessions.change_password(who, PASSWORD, NEW)
        looks = one.users.found.calls
        one.tokens.admitting.release()
        await late
        # A hash is dear: hers was looked at, and not made again.
        assert (one.users.known.calls, one.users.found.calls) == (2, looks)


async def test_a_password_that_changes_behind_the_second_look_refuses_the_login(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann, _ = await one.add("ann"), await one.add("bo")
        hers, his = await one.login("ann"), await one.login("bo")
        one.tokens.admitting.hold()
        late = asyncio.create_task(one.sessions.login("ann", PASSWORD, OTHER, ""))
        await one.tokens.admitting.reached()
        await one.sessions.change_password(his, PASSWORD, NEW)
        one.users.known.hold()
        one.tokens.admitting.release()
        await one.users.known.reached()
        change = asyncio.create_task(one.sessions.change_password(hers, PASSWORD, NEW))
        while one.users.known.calls < 3:
            await asyncio.sleep(0)
        one.tokens.admitting.hold()
        one.users.known.release()
        await one.tokens.admitting.reached()
        await change
        one.tokens.admitting.release()
        with pytest.raises(Unauthorized):
            await late
        assert [device.device for device in await one.tokens.devices(ann.uid)] == [DEVICE]


async def test_a_change_whose_tokens_may_live_on_leaves_the_older_password(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        await one.add("ann")
        who = await one.login("ann")
        one.tokens.replacing.failures.append(Unavailable("redis"))
        with pytest.raises(Unavailable):
            await one.sessions.change_password(who, PASSWORD, NEW)
        assert (await one.sessions.identify(who.token, DEVICE)).uid == who.uid
        with pytest.raises(Unauthorized):
            await one.sessions.login("ann", NEW, DEVICE, "")
        await one.login("ann")


async def test_a_process_that_ends_within_a_change_leaves_no_other_token(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        await one.add("ann")
        who, other = await one.login("ann"), await one.login("ann", OTHER)
        socket = at(one, who.uid, OTHER, other.session.sid)
        one.tokens.replacing.hold()
        change = asyncio.create_task(one.sessions.change_password(who, PASSWORD, NEW))
        await one.tokens.replacing.reached()
        # From here on it may be that the password is the new one, and nobody was told.
        change.cancel()
        with pytest.raises(Forbidden) as refused:
            await one.sessions.identify(other.token, OTHER)
        assert refused.value.word == "token_revoked" and socket.closed == [CLOSE_REVOKED]


@pytest.mark.parametrize(("device", "refused"), [(None, "Unauthorized"), (OTHER, "Forbidden")])
async def test_of_two_changes_that_read_one_hash_one_holds(
    embedded: Embedded, device: str | None, refused: str
) -> None:
    """By one token the second's password is wrong by then; on two devices it was signed out."""
    async with embedded.open() as stores, served(stores) as one:
        await one.add("ann")
        first = await one.login("ann")
        second = await one.login("ann", device) if device else first
        one.users.known.hold()
        changes = [
            asyncio.create_task(one.sessions.change_password(who, PASSWORD, new))
            for who, new in ((first, NEW), (second, "newest " + PASSWORD))
        ]
        while one.users.known.calls < 2:
            await asyncio.sleep(0)
        one.users.known.release()
        answers = await asyncio.gather(*changes, return_exceptions=True)
        assert sorted(type(answer).__name__ for answer in answers) == sorted(["Login", refused])


async def test_a_refresh_that_a_login_has_overtaken_is_superseded(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        await one.add("ann")
        who = await one.login("ann")
        newer = await one.login("ann")
        with pytest.raises(Forbidden) as refused:
            await one.sessions.refresh(who)
        assert refused.value.word == "token_superseded"
        assert (await one.sessions.identify(newer.token, DEVICE)).session == newer.session


async def test_a_logout_that_a_login_has_overtaken_ends_nothing(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        await one.add("ann")
        who = await one.login("ann")
        newer = await one.login("ann")
        socket = at(one, who.uid, DEVICE, newer.session.sid)
        await one.sessions.logout(who)
        assert socket.closed == []
        await one.sessions.identify(newer.token, DEVICE)


# What other processes do


async def test_a_login_is_answered_when_every_process_has_closed_the_devices_sockets(
    embedded: Embedded,
) -> None:
    async with two_served(embedded) as (one, other):
        ann = await one.add("ann")
        old = await one.login("ann")
        await other.bus.subscribe(f"u:{ann.uid}")
        here = at(one, ann.uid, DEVICE, old.session.sid)
        there = at(other, ann.uid, DEVICE, old.session.sid)
        elsewhere = at(other, ann.uid, OTHER, "another session")
        newer = await one.login("ann")
        assert here.closed == there.closed == [CLOSE_SUPERSEDED]
        assert elsewhere.closed == []
        # A socket of the new session may be there before the old ones are looked for.
        fresh = at(other, ann.uid, DEVICE, newer.session.sid)
        other.sessions.hear(
            {
                "event": "end",
                "uid": ann.uid,
                "devices": [DEVICE],
                "code": CLOSE_SUPERSEDED,
                "keep": newer.session.sid,
                "process": "one",
                "id": "1",
            }
        )
        assert fresh.closed == []


async def test_a_process_that_does_not_confirm_is_waited_for_in_vain_and_told_of(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(revocation, "REVOKE_SECONDS", 0.1)
    caplog.set_level(logging.WARNING, "tornado_im.sessions")
    async with two_served(embedded) as (one, deaf):
        ann = await one.add("ann")
        await deaf.bus.subscribe(f"u:{ann.uid}")
        deaf.sockets.hear = lambda channel, event: None  # type: ignore[method-assign]
        began = time.monotonic()
        await one.login("ann")
        assert time.monotonic() - began >= 0.1
        assert f"sessions of user {ann.uid}" in caplog.text


async def test_a_refresh_prolongs_the_sockets_of_its_session_everywhere(
    embedded: Embedded,
) -> None:
    async with two_served(embedded) as (one, other):
        ann = await one.add("ann")
        who = await one.login("ann")
        await other.bus.subscribe(f"u:{ann.uid}")
        sockets = [at(one, ann.uid, DEVICE, who.session.sid)]
        sockets.append(at(other, ann.uid, DEVICE, who.session.sid))
        stranger = at(other, ann.uid, DEVICE, "another session")
        soon = int(time.time() * 1000) + 60_000
        for process, socket in ((one, sockets[0]), (other, sockets[1]), (other, stranger)):
            process.sessions.keep_until(socket.peer, soon)
        ends = [socket.peer.expires for socket in (*sockets, stranger)]
        await one.sessions.refresh(who)
        await other.hears("prolong")
        for socket, end in zip(sockets, ends, strict=False):
            assert end is not None and end.cancelled()
            assert socket.peer.expires is not None and socket.peer.expires.when() > end.when()
        assert stranger.peer.expires is ends[2]
        for socket in (*sockets, stranger):
            socket.peer.gone()


async def test_a_socket_is_closed_at_the_moment_its_token_expires(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        socket = at(one, 1, DEVICE, "a session")
        closed = asyncio.Event()
        close = socket.close

        def told(code: int | None = None, reason: str | None = None) -> None:
            close(code, reason)
            closed.set()

        socket.close = told  # type: ignore[method-assign]
        one.sessions.keep_until(socket.peer, int(time.time() * 1000) - 5)
        await asyncio.wait_for(closed.wait(), SECONDS)
        assert socket.closed == [CLOSE_EXPIRED]


async def test_after_an_interruption_each_socket_is_held_against_its_devices_session(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann = await one.add("ann")
        who, gone = await one.login("ann"), await one.login("ann", OTHER)
        await one.tokens.logout(ann.uid, OTHER, gone.session.sid)
        good = at(one, ann.uid, DEVICE, who.session.sid)
        older = at(one, ann.uid, DEVICE, "an older session")
        signed_out = at(one, ann.uid, OTHER, gone.session.sid)
        coming = at(one, ann.uid, OTHER, "")  # its token is not compared yet
        await one.sessions.compare_all()
        assert (good.closed, older.closed) == ([], [CLOSE_SUPERSEDED])
        assert (signed_out.closed, coming.closed) == ([CLOSE_REVOKED], [])


async def test_the_devices_that_are_online_are_those_with_a_ready_socket_on_any_process(
    embedded: Embedded,
) -> None:
    async with two_served(embedded) as (one, other):
        ann = await one.add("ann")
        for device in (DEVICE, OTHER, "a third"):
            await one.login("ann", device)
        for process in (one, other):
            await process.bus.subscribe(f"u:{ann.uid}")
        at(one, ann.uid, DEVICE, "1")
        at(other, ann.uid, OTHER, "2")
        at(other, ann.uid, "a third", "3").peer.ready = False
        devices, online = await one.sessions.devices(ann.uid)
        assert [device.device for device in devices] == ["a third", OTHER, DEVICE]
        assert online == {DEVICE, OTHER}


# Uses, rates, kicks


async def test_a_device_is_used_by_what_its_sockets_send(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann = await one.add("ann")
        first = await one.login("ann")
        await one.login("ann", OTHER)
        socket = at(one, ann.uid, DEVICE, first.session.sid)
        at(one, ann.uid, "a device without a login", "").peer.used = True

        async def order() -> list[str]:
            return [device.device for device in await one.tokens.devices(ann.uid)]

        await one.sessions.touch()
        assert await order() == [OTHER, DEVICE]
        socket.peer.used = True
        await one.sessions.touch()
        assert await order() == [DEVICE, OTHER] and not socket.peer.used


async def test_a_kick_needs_a_session_of_ones_own(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann, bo = await one.add("ann"), await one.add("bo")
        his = await one.login("bo")
        for uid, sid in ((ann.uid, his.session.sid), (bo.uid, "none of his")):
            with pytest.raises(NotFound):
                await one.sessions.kick(uid, sid)
        socket = at(one, bo.uid, DEVICE, his.session.sid)
        await one.sessions.kick(bo.uid, his.session.sid)
        assert socket.closed == [CLOSE_REVOKED]
        with pytest.raises(Forbidden) as refused:
            await one.sessions.identify(his.token, DEVICE)
        assert refused.value.word == "token_revoked"


async def test_a_refused_address_costs_the_name_nothing(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores, login_per_minute=2) as one:
        await one.add("ann")

        async def fails(name: str, address: str) -> type[Exception]:
            with pytest.raises((Unauthorized, RateLimited)) as refused:
                await one.sessions.login(name, "not it", DEVICE, address)
            return refused.type

        assert [await fails(f"nobody {n}", "10.0.0.1") for n in range(2)] == [Unauthorized] * 2
        for _ in range(3):
            assert await fails("ann", "10.0.0.1") is RateLimited
        # Nobody is kept from his account by what others have tried from elsewhere.
        await one.sessions.login("ann", PASSWORD, DEVICE, "10.0.0.2")
        # The name is counted as it is compared.
        assert await fails("ANN", "10.0.0.3") is Unauthorized
        assert await fails("Ann", "10.0.0.4") is RateLimited
