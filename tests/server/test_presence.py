"""Who is online: what processes tell each other, and what Redis is asked when they cannot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from models.errors import Unavailable
from models.stores import Stores
from server import presence
from tests.border import SECONDS
from tests.opened import Embedded
from tests.process import Process, Socket, running

UID = 7


class Watching(Process):
    """A process whose bus brings what others tell of who is online."""

    def __init__(self, stores: Stores, name: str) -> None:
        super().__init__(stores, name)
        self.changes: asyncio.Queue[tuple[int, bool]] = asyncio.Queue()
        self.presence.on_change = lambda uid, online: self.changes.put_nowait((uid, online))

    def _hear(self, channel: str, event: dict[str, object]) -> None:
        if event["event"] == "presence" and event["process"] != self.name:
            self.presence.hear(int(str(event["uid"])), bool(event["online"]))
        super()._hear(channel, event)

    async def change(self) -> tuple[int, bool]:
        async with asyncio.timeout(SECONDS):
            return await self.changes.get()

    async def comes(self, uid: int) -> Socket:
        """As `Sockets` does it: heard first, told then."""
        socket = self.socket(uid)
        await self.bus.subscribe(f"u:{uid}")
        self.presence.came(uid)
        return socket

    async def leaves(self, socket: Socket) -> None:
        self.peers.remove(socket.peer)
        await self.bus.unsubscribe(f"u:{socket.peer.uid}")
        self.presence.left(socket.peer.uid)


@asynccontextmanager
async def processes(embedded: Embedded, count: int) -> AsyncIterator[list[Watching]]:
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(embedded.open())
        made = [Watching(stores, f"process {number}") for number in range(count)]
        for one in made:
            await stack.enter_async_context(running(one.bus.loops()))
            await one.bus.ready()
        yield made


@asynccontextmanager
async def refreshing(one: Watching, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(presence, "REFRESH_SECONDS", 0.01)
    async with running({"presence": one.presence.run()}):
        yield


async def test_somebody_is_online_on_whatever_process_and_each_change_is_told_once(
    embedded: Embedded,
) -> None:
    async with processes(embedded, 2) as (one, other):
        await one.presence.learn([UID])
        assert not one.presence.online(UID)
        socket = await other.comes(UID)
        assert await one.change() == (UID, True) and one.presence.online(UID)
        other.presence.came(UID)  # a second socket is no news
        await other.leaves(socket)
        assert await one.change() == (UID, False) and not one.presence.online(UID)
        other.presence.left(UID)
        await one.presence.learn([UID])
        assert one.changes.empty()


async def test_who_is_learnt_late_is_asked_for_in_redis(embedded: Embedded) -> None:
    async with processes(embedded, 2) as (one, other):
        await other.comes(UID)
        assert not one.presence.online(UID)
        await one.presence.learn([UID, 8])
        assert one.presence.online(UID) and not one.presence.online(8)
        assert one.changes.empty()  # what is learnt for the first time is no change


async def test_who_leaves_one_process_and_is_on_a_third_stays_online(embedded: Embedded) -> None:
    async with processes(embedded, 3) as (one, other, third):
        await one.presence.learn([UID, 8])
        socket = await other.comes(UID)
        assert await one.change() == (UID, True)
        last = await third.comes(UID)
        await other.leaves(socket)
        await other.comes(8)
        # What comes behind it tells that the leaving was heard, and changed nothing.
        assert await one.change() == (8, True)
        assert one.presence.online(UID)
        await third.leaves(last)
        assert await one.change() == (UID, False)


async def test_who_is_here_and_elsewhere_is_told_of_only_with_the_last(embedded: Embedded) -> None:
    async with processes(embedded, 2) as (one, other):
        await one.presence.learn([UID])
        here = await one.comes(UID)
        assert await one.change() == (UID, True)
        there = await other.comes(UID)
        while (await one.next_heard())[1]["process"] != other.name:
            pass
        await one.leaves(here)
        assert one.presence.online(UID) and one.changes.empty()
        await other.leaves(there)
        assert await one.change() == (UID, False)


async def test_a_user_here_is_not_taken_for_one_who_is_elsewhere(embedded: Embedded) -> None:
    async with processes(embedded, 2) as (one, _):
        here = await one.comes(UID)
        await one.presence.learn([UID])
        assert await one.change() == (UID, True)
        await one.leaves(here)
        assert await one.change() == (UID, False)
        assert not one.presence.online(UID)


async def test_the_picture_heals_when_a_process_dies_without_a_word(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with embedded.open() as stores:
        one, other = Watching(stores, "one"), Watching(stores, "other")
        async with running(one.bus.loops()):
            await one.bus.ready()
            async with running(other.bus.loops()):
                await other.bus.ready()
                await one.presence.learn([UID])
                await other.comes(UID)
                assert await one.change() == (UID, True)
            async with refreshing(one, monkeypatch):
                assert await one.change() == (UID, False)


async def test_a_redis_that_is_down_is_asked_again_and_learning_is_refused(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with processes(embedded, 2) as (one, other):
        await one.presence.learn([UID])
        listeners, asked = one.bus.listeners, asyncio.Event()

        async def down(_channels: object) -> dict[str, int]:
            asked.set()
            raise Unavailable("redis")

        one.bus.listeners = down  # type: ignore[method-assign, assignment]
        with pytest.raises(Unavailable):
            await one.presence.learn([8])
        asked.clear()
        async with refreshing(one, monkeypatch):
            await asyncio.wait_for(asked.wait(), SECONDS)
            one.bus.listeners = listeners  # type: ignore[method-assign]
            await other.bus.subscribe(f"u:{UID}")  # without a word, as if it had been lost
            assert await one.change() == (UID, True)
        # The refused one is learnt when it is asked for again.
        await other.comes(8)
        await one.presence.learn([8])
        assert one.presence.online(8)


async def test_who_is_asked_for_no_more_is_let_go_but_never_who_is_watched(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "IDLE_SECONDS", -1.0)
    async with processes(embedded, 2) as (one, other):
        watcher = one.socket(1)
        await one.presence.learn([8])
        await one.presence.watch(watcher.peer, [UID])
        async with refreshing(one, monkeypatch):
            async with asyncio.timeout(SECONDS):
                while await one.bus.listeners(["p:8"]) != {"p:8": 0}:
                    await asyncio.sleep(0)
            await other.bus.subscribe(f"u:{UID}")
            assert await one.change() == (UID, True)
            one.presence.unwatch(watcher.peer)
            async with asyncio.timeout(SECONDS):
                while await one.bus.listeners([f"p:{UID}"]) != {f"p:{UID}": 0}:
                    await asyncio.sleep(0)


async def test_what_is_heard_of_somebody_who_was_let_go_is_left_alone(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with processes(embedded, 2) as (one, other):
        await other.comes(UID)
        await one.presence.learn([8])
        # It was on its way when he was let go.
        one.presence.hear(UID, True)
        one.presence.hear(UID, False)
        assert not one.presence.online(UID)
        # The refreshing goes on.
        async with refreshing(one, monkeypatch):
            await other.bus.subscribe("u:8")
            assert await one.change() == (8, True)
        # And he is kept track of anew when he is asked for.
        await one.presence.learn([UID])
        assert one.presence.online(UID)
        assert await one.bus.listeners([f"p:{UID}"]) == {f"p:{UID}": 1}


async def test_an_answer_that_comes_after_somebody_was_let_go_does_not_bring_him_back(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with processes(embedded, 2) as (one, other):
        await one.presence.learn([UID])
        await other.comes(UID)
        assert await one.change() == (UID, True)
        listeners, asked, go_on = one.bus.listeners, asyncio.Event(), asyncio.Event()

        async def slow(channels: list[str]) -> dict[str, int]:
            found = await listeners(channels)
            asked.set()
            await go_on.wait()
            return found

        one.bus.listeners = slow  # type: ignore[method-assign, assignment]
        one.presence.hear(UID, False)
        await asyncio.wait_for(asked.wait(), SECONDS)
        one.bus.listeners = listeners  # type: ignore[method-assign]
        monkeypatch.setattr(presence, "IDLE_SECONDS", -1.0)
        async with refreshing(one, monkeypatch):
            async with asyncio.timeout(SECONDS):
                while one.presence.online(UID):
                    await asyncio.sleep(0)
            go_on.set()
            monkeypatch.setattr(presence, "IDLE_SECONDS", 60.0)
            await one.presence.learn([8])
            await other.bus.subscribe("u:8")
            assert await one.change() == (8, True)
        assert not one.presence.online(UID)


async def test_the_next_watching_replaces_the_last(embedded: Embedded) -> None:
    async with processes(embedded, 1) as (one,):
        watcher, another = one.socket(1).peer, one.socket(2).peer
        await one.presence.watch(watcher, [UID, 8])
        await one.presence.watch(another, [UID])
        assert set(one.presence.watchers(UID)) == {watcher, another}
        await one.presence.watch(watcher, [9])
        assert one.presence.watchers(UID) == (another,)
        assert (one.presence.watchers(8), one.presence.watchers(9)) == ((), (watcher,))
        one.presence.unwatch(watcher)
        assert one.presence.watchers(9) == () and watcher.watching == frozenset()
