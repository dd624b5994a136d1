"""The coming and going of sockets: who is let in, what comes in between, what is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from models.errors import ChatError, Forbidden, RateLimited, Unavailable
from models.stores import Stores
from server import pace, sockets
from server.protocol import (
    CLOSE_GOING_AWAY,
    CLOSE_REVOKED,
    CLOSE_SUPERSEDED,
    CONNECTED,
    MESSAGE,
    PRESENCE,
    RESYNC,
    STATE,
    Presence,
)
from server.sessions import Identity
from tests.border import SECONDS
from tests.opened import Embedded
from tests.running import PASSWORD
from tests.served import DEVICE, Served, handshaking, served, two_served


async def signed_in(one: Served, name: str = "ann", device: str = DEVICE) -> Identity:
    await one.add(name)
    return await one.login(name, device)


async def until(holds: Callable[[], bool]) -> None:
    """Give the loop its turns until it holds."""
    async with asyncio.timeout(SECONDS):
        while not holds():
            await asyncio.sleep(0)


async def hearers(stores: Stores, uid: int) -> int:
    (channel,) = await stores.redis_client.pubsub_channels(f"*/u:{uid}") or [""]
    ((_, count),) = await stores.redis_client.pubsub_numsub(channel)
    return int(count)


# Coming


async def test_a_login_between_the_check_and_the_opening_ends_the_socket(
    embedded: Embedded,
) -> None:
    async with two_served(embedded) as (one, other):
        who = await signed_in(one)
        socket = handshaking(who.uid)
        one.tokens.checked.hold()
        opening = asyncio.create_task(one.sockets.open(socket.peer, who.token))
        await one.tokens.checked.reached()
        await other.login("ann")
        one.tokens.checked.release()
        await opening
        assert socket.peer.closed_with is not None
        assert socket.peer.closed_with[0] == CLOSE_SUPERSEDED
        # Should it be greeted all the same, nothing goes out and nobody is online by it.
        one.sockets.connected(socket.peer, who)
        assert socket.rest() == [] and not one.presence.online(who.uid)
        one.sockets.close(socket.peer)


async def test_a_login_before_the_check_refuses_the_handshake_and_leaves_nothing(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        old = await signed_in(one)
        await one.login("ann")
        socket = handshaking(old.uid)
        with pytest.raises(Forbidden) as refused:
            await one.sockets.open(socket.peer, old.token)
        assert refused.value.word == "token_superseded"
        assert one.peers.count == 0 and one.positions.followed(old.uid) == []
        await until(lambda: not one.sockets._tasks)
        async with asyncio.timeout(SECONDS):
            while await hearers(stores, old.uid):
                await asyncio.sleep(0)


async def test_a_client_that_goes_during_the_handshake_is_not_let_in(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        who = await signed_in(one)
        socket = handshaking(who.uid)
        one.tokens.checked.hold()
        opening = asyncio.create_task(one.sockets.open(socket.peer, who.token))
        await one.tokens.checked.reached()
        one.sockets.close(socket.peer)
        one.tokens.checked.release()
        with pytest.raises(Unavailable):
            await opening
        assert one.peers.count == 0 and socket.peer.closed


async def test_a_socket_is_greeted_first_and_gets_all_that_comes_after(
    embedded: Embedded,
) -> None:
    async with two_served(embedded) as (one, other):
        who, bo = await signed_in(one), await other.add("bo")
        conv = f"{who.uid}:{bo.uid}"
        await other.send("m1", conv=conv, from_=bo.uid)
        socket = handshaking(who.uid)
        let_in = await one.sockets.open(socket.peer, who.token)
        await other.send("m2", conv=conv, from_=bo.uid)
        one.sockets.connected(socket.peer, let_in)
        await other.send("m3", conv=conv, from_=bo.uid)
        greeting = await socket.next()
        assert (greeting["code"], greeting["uid"]) == (CONNECTED, who.uid)
        # "m2" came before the greeting: a sync brings it, as it does "m1".
        while (pushed := await socket.next())["seq"] < 3:
            assert pushed["code"] == MESSAGE
        assert (pushed["code"], pushed["content"]) == (MESSAGE, "m3")


async def test_sockets_have_their_bounds_and_room_comes_back(embedded: Embedded) -> None:
    async with (
        embedded.open() as stores,
        served(stores, sockets_per_user=2, sockets_total=3) as one,
    ):
        ann, bo = await signed_in(one), await signed_in(one, "bo")
        first, _, _ = [await one.connect(who) for who in (ann, ann, bo)]

        async def refusal(who: Identity) -> type[ChatError]:
            with pytest.raises(ChatError) as refused:
                await one.connect(who)
            return refused.type

        assert await refusal(ann) is RateLimited
        assert await refusal(bo) is Unavailable
        assert one.peers.count == 3
        one.sockets.close(first.peer)
        await one.connect(bo)
        one.sockets.stopping = True
        assert await refusal(bo) is Unavailable


# Going


async def test_who_leaves_is_no_longer_heard_for_when_the_others_are_told(
    embedded: Embedded,
) -> None:
    async with two_served(embedded) as (one, other):
        who = await signed_in(one)
        await other.presence.learn([who.uid])
        socket = await one.connect(who)
        await other.hears("presence")
        assert other.presence.online(who.uid)
        one.sockets.close(socket.peer)
        await other.hears("presence")
        await until(lambda: not other.presence.online(who.uid))


async def test_who_comes_back_while_he_is_leaving_is_heard_for(embedded: Embedded) -> None:
    async with two_served(embedded) as (one, other):
        who = await signed_in(one)
        for _ in range(5):
            socket = await one.connect(who)
            one.sockets.close(socket.peer)
            again = await one.connect(who)
            await until(lambda: not one.sockets._tasks)
            other.fanout.tell([who.uid], PRESENCE, {"uid": 99, "online": True})
            assert (await again.next())["uid"] == 99
            assert one.presence.online(who.uid)
            one.sockets.close(again.peer)


async def test_with_a_users_last_socket_his_conversations_are_let_go_and_not_before(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann, bo = await signed_in(one), await signed_in(one, "bo")
        conv = f"{ann.uid}:{bo.uid}"
        await one.send("m1", conv=conv, from_=ann.uid)
        hers, hers_too, his = [await one.connect(who) for who in (ann, ann, bo)]
        assert one.gate.is_open(conv) and one.positions.followed(ann.uid) == [conv]
        one.sockets.close(hers.peer)
        assert one.positions.followed(ann.uid) == [conv]
        one.sockets.close(hers_too.peer)
        assert one.positions.followed(ann.uid) == [] and one.gate.is_open(conv)
        one.sockets.close(his.peer)
        assert not one.gate.is_open(conv)


async def test_who_has_many_conversations_lets_them_go_some_at_a_time(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "SLICE", 2)
    monkeypatch.setattr(sockets, "SLICE", 2)
    async with embedded.open() as stores, served(stores) as one:
        ann = await signed_in(one)
        convs = [f"{ann.uid}:{ann.uid + n}" for n in range(1, 6)]
        for conv in convs:
            await one.send("m", conv=conv, from_=ann.uid)
        hers = await one.connect(ann)
        assert all(map(one.gate.is_open, convs))
        one.sockets.close(hers.peer)
        assert sum(map(one.gate.is_open, convs)) == 3
        await until(lambda: not any(map(one.gate.is_open, convs)))


async def test_who_goes_while_his_conversations_are_read_leaves_none_of_them_open(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann = await signed_in(one)
        conv = f"{ann.uid}:{ann.uid + 1}"
        await one.send("m", conv=conv, from_=ann.uid)
        socket = handshaking(ann.uid)
        one.conversations.reading.hold()
        opening = asyncio.create_task(one.sockets.open(socket.peer, ann.token))
        await one.conversations.reading.reached()
        one.sockets.close(socket.peer)
        one.conversations.reading.release()
        with pytest.raises(Unavailable):
            await opening
        assert not one.gate.is_open(conv)


async def test_the_end_closes_all_and_waits_for_the_last_to_be_gone(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        who = await signed_in(one)
        both = [await one.connect(who), await one.connect(who)]
        one.sockets.close_all()
        assert [socket.closed for socket in both] == [[CLOSE_GOING_AWAY]] * 2
        ended = asyncio.create_task(one.sockets.all_closed())
        one.sockets.close(both[0].peer)
        await until(lambda: not one.sockets._tasks)
        assert not ended.done()
        one.sockets.close(both[1].peer)
        await asyncio.wait_for(ended, SECONDS)


# Presence


async def test_a_block_hides_either_from_the_other_in_answers_and_in_pushes(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann, bo, carl = [await signed_in(one, name) for name in ("ann", "bo", "carl")]
        hers, theirs = await one.connect(ann), await one.connect(carl)
        await one.connect(bo)
        asked = Presence(uids=(bo.uid, bo.uid, 999))
        assert await one.sockets.watch(hers.peer, asked) == [bo.uid]
        await one.people.set_blocked(bo.uid, ann.uid, True)
        told = await hers.next()
        assert (told["code"], told["uid"], told["online"]) == (PRESENCE, bo.uid, False)
        assert await one.sockets.watch(hers.peer, asked) == []
        assert await one.sockets.watch(theirs.peer, asked) == [bo.uid]
        (his,) = one.peers.of(bo.uid)
        one.sockets.close(his)
        told = await theirs.next()
        assert (told["code"], told["uid"], told["online"]) == (PRESENCE, bo.uid, False)
        assert hers.rest() == []


async def test_a_change_that_cannot_be_judged_is_not_told(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann, bo = await signed_in(one), await signed_in(one, "bo")
        hers = await one.connect(ann)
        await one.sockets.watch(hers.peer, Presence(uids=(bo.uid,)))
        one.people.forget_all()
        one.blocks.answered.failures.append(Unavailable("sql"))
        one.presence.on_change(bo.uid, True)
        await until(lambda: not one.sockets._tasks)
        assert hers.rest() == []
        one.presence.on_change(bo.uid, True)
        assert (await hers.next())["uid"] == bo.uid


# An interruption of the bus


async def test_after_an_interruption_sessions_are_compared_before_anything_is_acknowledged(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "RECOVER_RETRY_SECONDS", 0.0)
    async with embedded.open() as stores, served(stores) as one:
        who = await signed_in(one)
        gone = await one.login("ann", "another device")
        kept, ended = await one.connect(who), await one.connect(gone)
        await one.tokens.logout(who.uid, gone.device, gone.session.sid)
        await one.people.get(who.uid)
        asked = one.users.answered.calls
        one.tokens.comparing.failures += [Unavailable("redis"), Unavailable("redis")]
        one.tokens.comparing.hold()
        one.sockets.recover()
        await one.tokens.comparing.reached()
        assert one.sockets.recovering and kept.rest() == []
        one.tokens.comparing.release()
        assert (await kept.next())["code"] == RESYNC
        assert not one.sockets.recovering and one.tokens.comparing.calls == 3
        assert (kept.closed, ended.closed) == ([], [CLOSE_REVOKED])
        # What was known of people may be stale.
        await one.people.get(who.uid)
        assert one.users.answered.calls == asked + 1


async def test_nothing_is_taken_until_it_is_known_what_was_missed(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        await one.sockets.hearing()
        one.tokens.comparing.hold()
        one.sockets.recover()
        await one.tokens.comparing.reached()
        asking = asyncio.create_task(one.sockets.hearing())
        await one.bus.answered()
        assert not one.sockets.heard and not asking.done()
        one.tokens.comparing.release()
        async with asyncio.timeout(SECONDS):
            await asking
        assert one.sockets.heard


async def test_of_two_interruptions_the_later_one_decides(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        who = await signed_in(one)
        socket = await one.connect(who)
        one.tokens.comparing.hold()
        one.sockets.recover()
        await one.tokens.comparing.reached()
        first = set(one.sockets._tasks)
        one.tokens.comparing.release()
        one.tokens.comparing.hold()  # the next one waits here again
        one.sockets.recover()
        await until(lambda: one.tokens.comparing.calls == 2)
        await asyncio.wait(first)
        assert one.sockets.recovering and socket.rest() == []
        one.tokens.comparing.release()
        assert (await socket.next())["code"] == RESYNC
        assert not one.sockets.recovering and socket.rest() == []


# What the bus says


async def test_what_this_process_has_published_itself_is_not_taken_in_twice(
    embedded: Embedded,
) -> None:
    async with two_served(embedded) as (one, other):
        who = await signed_in(one)
        elsewhere = await other.login("ann", "another device")
        here, there = await one.connect(who), await other.connect(elsewhere)
        one.fanout.tell([who.uid], STATE, {"what": "me"})
        assert (await there.next())["what"] == (await here.next())["what"] == "me"
        await one.hears("frame")
        assert here.rest() == []


async def test_a_password_that_is_changed_elsewhere_closes_the_other_devices_here(
    embedded: Embedded,
) -> None:
    async with two_served(embedded) as (one, other):
        who = await signed_in(one)
        there = await other.login("ann", "another device")
        mine, others = await one.connect(who), await one.connect(there)
        await other.sessions.change_password(who, PASSWORD, "new " + PASSWORD)
        assert (mine.closed, others.closed) == ([], [CLOSE_REVOKED])
