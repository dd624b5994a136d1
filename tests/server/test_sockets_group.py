"""Groups over two processes: each hears a group as long as a member has a socket in it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from models.conv import group_conv
from models.stores import Stores
from server.fanout import group_channel
from server.protocol import MESSAGE, READ, STATE, TYPING
from tests.border import SECONDS, Step
from tests.opened import Embedded
from tests.process import Socket
from tests.served import Served, served

_ids = itertools.count()


class House:
    """Two processes; Ann is on the one, Bo and Carl on the other."""

    def __init__(self, stores: Stores, one: Served, other: Served) -> None:
        self.stores, self.one, self.other = stores, one, other
        self.uids: dict[str, int] = {}

    async def settle(self) -> None:
        for name in ("ann", "bo", "carl"):
            self.uids[name] = (await self.one.add(name)).uid

    async def connect(self, name: str, *, on: Served | None = None) -> Socket:
        process = on or (self.one if name == "ann" else self.other)
        return await process.connect(await process.login(name, f"device {next(_ids)} of {name}"))

    async def group(self, *members: str) -> int:
        uids = [self.uids[name] for name in members]
        return (await self.one.groups.create(self.uids["ann"], "Lunch", uids))["gid"]

    async def invite(self, gid: int, name: str) -> None:
        await self.one.groups.invite(self.uids["ann"], gid, [self.uids[name]])

    async def kick(self, gid: int, name: str) -> None:
        await self.one.groups.remove(self.uids["ann"], gid, self.uids[name])

    async def say(self, gid: int, text: str = "") -> int:
        """Ann says something on her process."""
        text = text or f"text {next(_ids)}"
        return (await self.one.send(text, conv=group_conv(gid), from_=self.uids["ann"])).seq

    async def hearers(self, gid: int, count: int) -> None:
        """Wait until so many processes hear the group."""
        async with asyncio.timeout(SECONDS):
            while await self._hearers(gid) != count:
                await asyncio.sleep(0.005)

    async def _hearers(self, gid: int) -> int:
        wanted = group_channel(group_conv(gid))
        found = await self.stores.redis_client.pubsub_channels(f"*/{wanted}")
        if not found:
            return 0
        ((_, count),) = await self.stores.redis_client.pubsub_numsub(found[0])
        return int(count)


@asynccontextmanager
async def house(embedded: Embedded) -> AsyncIterator[House]:
    async with (
        embedded.open() as stores,
        served(stores) as one,
        served(stores, "two") as other,
    ):
        home = House(stores, one, other)
        await home.settle()
        yield home


async def told(socket: Socket) -> tuple[int, str | None]:
    """The next message that a socket is pushed: its seq, and its event."""
    frame = await socket.next()
    assert frame["code"] == MESSAGE, frame
    return frame["seq"], frame.get("event")


# Hearing


async def test_a_process_hears_a_group_from_the_event_that_lets_somebody_there_in(
    embedded: Embedded,
) -> None:
    async with house(embedded) as home:
        his = await home.connect("bo")
        gid = await home.group()
        await home.say(gid)
        assert not home.other.gate.is_open(group_conv(gid))
        await home.invite(gid, "bo")
        assert await told(his) == (3, "joined")
        await home.hearers(gid, 1)
        for seq in range(4, 8):
            assert await home.say(gid, f"m{seq}") == seq
        assert await his.seqs(4) == [4, 5, 6, 7]
        assert his.rest() == []


async def test_what_is_said_before_the_channel_is_heard_leaves_no_hole(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(embedded) as home:
        his = await home.connect("bo")
        gid = await home.group()
        subscribe, border = home.other.bus.subscribe, Step()

        async def late(*channels: str) -> None:
            async with border:
                await subscribe(*channels)

        monkeypatch.setattr(home.other.bus, "subscribe", late)
        border.hold()
        await home.invite(gid, "bo")
        assert await told(his) == (2, "joined")
        await border.reached()
        for seq in range(3, 8):
            assert await home.say(gid, f"m{seq}") == seq
        assert his.rest() == []
        border.release()
        assert await his.seqs(5) == [3, 4, 5, 6, 7]
        assert await home.say(gid, "m8") == 8
        assert await his.seqs(1) == [8]


async def test_who_is_removed_before_the_channel_is_heard_gets_that_as_the_last(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(embedded) as home:
        his = await home.connect("bo")
        gid = await home.group()
        subscribe, border = home.other.bus.subscribe, Step()

        async def late(*channels: str) -> None:
            async with border:
                await subscribe(*channels)

        monkeypatch.setattr(home.other.bus, "subscribe", late)
        border.hold()
        await home.invite(gid, "bo")
        assert await told(his) == (2, "joined")
        await border.reached()
        await home.say(gid, "m3")
        await home.kick(gid, "bo")
        await home.say(gid, "m5")
        border.release()
        assert await told(his) == (3, None)
        assert await told(his) == (4, "kicked")
        await home.hearers(gid, 0)
        assert his.rest() == [] and not home.other.gate.is_open(group_conv(gid))


async def test_who_was_in_it_before_he_connects_is_pushed_what_comes(embedded: Embedded) -> None:
    async with house(embedded) as home:
        gid = await home.group("bo", "carl")
        await home.say(gid)
        his = await home.connect("bo")
        assert await home.say(gid, "two") == 3
        assert await his.seqs(1) == [3]
        # The line is shared by who comes later.
        theirs = await home.connect("carl")
        await home.say(gid, "three")
        assert await his.seqs(1) == await theirs.seqs(1) == [4]
        await home.hearers(gid, 1)


async def test_a_new_group_reaches_its_members_on_every_process(embedded: Embedded) -> None:
    async with house(embedded) as home:
        hers, his = await home.connect("ann"), await home.connect("bo")
        gid = await home.group("bo", "carl")
        assert await told(hers) == await told(his) == (1, "created")
        ack = await home.other.send("hi", conv=group_conv(gid), from_=home.uids["bo"])
        assert ack.seq == 2
        assert await hers.seqs(1) == await his.seqs(1) == [2]
        await home.hearers(gid, 2)


# Letting go


async def test_with_the_last_member_there_the_line_and_the_channel_end(
    embedded: Embedded,
) -> None:
    async with house(embedded) as home:
        gid = await home.group("bo", "carl")
        conv = group_conv(gid)
        his, theirs = await home.connect("bo"), await home.connect("carl")
        await home.hearers(gid, 1)
        await home.kick(gid, "bo")
        assert await told(his) == await told(theirs) == (2, "kicked")
        await home.say(gid)
        assert await theirs.seqs(1) == [3]
        assert home.other.gate.is_open(conv) and his.rest() == []
        await home.kick(gid, "carl")
        assert await told(theirs) == (4, "kicked")
        await home.hearers(gid, 0)
        assert not home.other.gate.is_open(conv)
        # The one who comes back brings both back.
        await home.say(gid)
        await home.invite(gid, "bo")
        assert await told(his) == (6, "joined")
        await home.hearers(gid, 1)
        await home.say(gid, "again")
        assert await his.seqs(1) == [7]
        assert theirs.rest() == []


async def test_with_the_last_socket_of_a_member_there_the_line_and_the_channel_end(
    embedded: Embedded,
) -> None:
    async with house(embedded) as home:
        gid = await home.group("bo", "carl")
        conv = group_conv(gid)
        sockets = [await home.connect(name) for name in ("bo", "bo", "carl")]
        for socket in sockets[:2]:
            home.other.sockets.close(socket.peer)
            assert home.other.gate.is_open(conv)
        await home.say(gid)
        assert await sockets[2].seqs(1) == [2]
        home.other.sockets.close(sockets[2].peer)
        assert not home.other.gate.is_open(conv)
        await home.hearers(gid, 0)
        again = await home.connect("bo")
        await home.hearers(gid, 1)
        await home.say(gid, "again")
        assert await again.seqs(1) == [3]


async def test_who_has_left_follows_nothing_on_a_new_socket(embedded: Embedded) -> None:
    async with house(embedded) as home:
        gid = await home.group("bo")
        await home.kick(gid, "bo")
        his = await home.connect("bo")
        assert not home.other.gate.is_open(group_conv(gid))
        await home.hearers(gid, 0)
        await home.say(gid)
        await home.invite(gid, "bo")
        assert await told(his) == (4, "joined")


async def test_the_end_of_a_group_ends_it_on_every_process(embedded: Embedded) -> None:
    async with house(embedded) as home:
        gid = await home.group("bo")
        hers, his = await home.connect("ann"), await home.connect("bo")
        await home.hearers(gid, 2)
        await home.one.groups.dissolve(home.uids["ann"], gid)
        assert await told(hers) == await told(his) == (2, "dissolved")
        await home.hearers(gid, 0)
        for process in (home.one, home.other):
            assert not process.gate.is_open(group_conv(gid))


# What is no message


async def test_typing_and_reading_reach_the_members_there_but_for_who_is_left_out(
    embedded: Embedded,
) -> None:
    async with house(embedded) as home:
        gid = await home.group("bo", "carl")
        conv = group_conv(gid)
        hers, his, theirs = [await home.connect(name) for name in ("ann", "bo", "carl")]
        phone = await home.connect("ann", on=home.other)
        await home.one.people.set_blocked(home.uids["carl"], home.uids["ann"], True)
        place = await home.one.policy.place(home.uids["ann"], conv)
        await home.one.chats.type(hers.peer, place)
        assert await his.next() == {"code": TYPING, "conv": conv, "uid": home.uids["ann"]}
        await home.say(gid)
        await home.one.chats.read(home.uids["ann"], place, 1)
        seen = [(await socket.next())["code"] for socket in (his, theirs, phone)]
        assert seen == [MESSAGE] * 3
        assert [frame["code"] for frame in hers.rest()] == [STATE, MESSAGE]  # a new device, hers
        # She has read so far by writing; Bo has not.
        his_place = await home.other.policy.place(home.uids["bo"], conv)
        await home.other.chats.read(home.uids["bo"], his_place, 2)
        read = {"code": READ, "conv": conv, "uid": home.uids["bo"], "seq": 2}
        for socket in (hers, theirs, phone):
            assert await socket.next() == read
        assert his.rest() == [read]  # not besides any socket of his
