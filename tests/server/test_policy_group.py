"""Who may do what in a group: by the log who is in it, who leads and who is muted."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from models.conv import group_conv
from models.errors import ChatError, Forbidden, InvalidField, NotFound
from models.head import Head
from models.user import Person, User
from server.delivery import Delivery, Outgoing
from server.draft import Ack
from server.fields import INT_MAX
from server.policy import Place, Policy
from tests.opened import Embedded
from tests.process import NO_STICKERS
from tests.served import SETTINGS, Served, served


class Yard:
    """A group of Ann, who owns it, and Bo; Carl is out."""

    def __init__(self, one: Served, people: list[Person], gid: int) -> None:
        self.one = one
        self.ann, self.bo, self.carl = (person.uid for person in people)
        self.gid, self.conv = gid, group_conv(gid)

    async def place(self, uid: int, *, to_read: bool = False) -> Place:
        return await self.one.policy.place(uid, self.conv, to_read=to_read)

    async def kick(self, uid: int) -> None:
        await self.one.groups.remove(self.ann, self.gid, uid)

    async def mute(self, uid: int, until: int) -> None:
        await self.one.groups.set_member(self.ann, self.gid, uid, None, until)

    async def send(self, uid: int, id: str | None = None, **more: object) -> Ack:
        message = Outgoing("text", "x", id, None, None)
        message = dataclasses.replace(message, **more)  # type: ignore[arg-type]
        return await self.one.delivery.send(uid, await self.place(uid, to_read=True), message)

    async def refusal(self, uid: int, id: str | None = None, **more: object) -> str:
        with pytest.raises(ChatError) as refused:
            await self.send(uid, id, **more)
        return refused.value.word

    async def ban(self, uid: int, until: int) -> None:
        await User.filter(uid=uid).update(banned_until=until)
        self.one.people.forget_all()


@asynccontextmanager
async def yard(embedded: Embedded) -> AsyncIterator[Yard]:
    async with embedded.open() as stores, served(stores) as one:
        people = [await one.add(name) for name in ("ann", "bo", "carl")]
        shape = await one.groups.create(people[0].uid, "Lunch", [people[1].uid])
        yield Yard(one, people, shape["gid"])


def soon() -> int:
    return int(time.time() * 1000) + 60_000


# Places


async def test_a_place_is_for_members_and_to_read_for_who_was_one(embedded: Embedded) -> None:
    async with yard(embedded) as here:
        place = await here.place(here.bo)
        assert set(place.members) == {here.ann, here.bo} and not place.former
        assert place.group and not place.leads and place.others(here.bo) == [here.ann]
        for to_read in (False, True):
            with pytest.raises(Forbidden):
                await here.place(here.carl, to_read=to_read)
        await here.kick(here.bo)
        with pytest.raises(Forbidden):
            await here.place(here.bo)
        left = await here.place(here.bo, to_read=True)
        assert left.former and left.group and left.members == (here.ann,)


async def test_a_group_that_never_was_is_not_found_and_a_name_that_is_none_is_told(
    embedded: Embedded,
) -> None:
    async with yard(embedded) as here:
        for gid in (here.gid + 1, INT_MAX, INT_MAX + 1):
            with pytest.raises(NotFound):
                await here.one.policy.place(here.ann, group_conv(gid))
        for conv in ("g0", "g01", "g", "g-1", "gx", "G1", "g1 ", "g1\n", f"g{10**19}"):
            with pytest.raises(InvalidField) as refused:
                await here.one.policy.place(here.ann, conv)
            assert (refused.value.field, refused.value.rule) == ("conv", "pattern")


async def test_what_lies_at_the_ends_of_a_stay_may_be_read_and_nothing_beyond(
    embedded: Embedded,
) -> None:
    async with yard(embedded) as here:
        await here.send(here.ann)  # 2
        await here.one.groups.invite(here.ann, here.gid, [here.carl])  # 3
        await here.send(here.ann)  # 4
        await here.kick(here.carl)  # 5
        await here.send(here.ann)  # 6
        readable = [
            seq for seq in range(8) if await here.one.policy.may_read(here.carl, here.conv, seq)
        ]
        assert readable == [3, 4, 5]


async def test_at_hand_is_what_needs_nothing_and_is_not_refused(embedded: Embedded) -> None:
    async with yard(embedded) as here:

        def at_hand(uid: int) -> Place | None:
            return here.one.policy.at_hand(uid, here.conv, None, None)

        for uid in (here.ann, here.bo, here.carl):
            await here.one.people.get(uid)
        place = await here.place(here.bo)
        assert at_hand(here.bo) == place
        assert at_hand(here.carl) is None
        assert here.one.policy.at_hand(here.bo, here.conv, here.ann, None) is None
        assert here.one.policy.at_hand(here.bo, "g0", None, None) is None
        await here.mute(here.bo, soon())
        await here.place(here.bo)
        assert at_hand(here.bo) is None and at_hand(here.ann) is not None
        await here.ban(here.ann, soon())
        await here.one.people.get(here.ann)
        assert at_hand(here.ann) is None
        await here.mute(here.bo, 0)
        assert at_hand(here.bo) is not None
        here.one.positions.forget([here.conv])
        assert at_hand(here.bo) is None


# Sending


async def test_in_a_group_a_message_is_refused_for_the_first_of_its_faults(
    embedded: Embedded,
) -> None:
    async with yard(embedded) as here:
        limited = dataclasses.replace(SETTINGS.chat, rate_per_second=1)
        one = here.one
        policy = Policy(limited, one.people, one.positions)
        one.delivery = Delivery(
            policy,
            one.messages,
            one.positions,
            one.presence,
            one.media,
            NO_STICKERS,
            one.words,
            one.log,
        )
        first = await here.send(here.bo, "first")
        for _ in range(2):
            await here.send(here.bo)
        faulty = {"reply_to": 99, "mentions": "all"}
        await here.mute(here.bo, soon())
        await here.kick(here.bo)
        await here.ban(here.bo, soon())
        assert await here.refusal(here.bo, **faulty) == "banned"
        await here.ban(here.bo, 0)
        assert await here.refusal(here.bo, **faulty) == "forbidden"
        assert (await here.send(here.bo, "first", reply_to=99)).seq == first.seq
        await one.groups.invite(here.ann, here.gid, [here.bo])
        await here.mute(here.bo, soon())
        # Who blocks whom is of no concern here.
        await one.people.set_blocked(here.ann, here.bo, True)
        assert await here.refusal(here.bo, **faulty) == "muted"
        await here.mute(here.bo, 0)
        assert await here.refusal(here.bo, **faulty) == "not_found"
        assert await here.refusal(here.bo, mentions="all") == "forbidden"
        assert await here.refusal(here.bo) == "rate_limited"
        assert (await here.send(here.bo, "first")).duplicate


async def test_a_stranger_limit_is_for_two_people(embedded: Embedded) -> None:
    async with yard(embedded) as here:
        seqs = [(await here.send(here.ann)).seq for _ in range(SETTINGS.chat.stranger_limit + 2)]
        assert seqs == list(range(2, len(seqs) + 2))


async def test_who_is_removed_while_his_message_waits_has_sent_nothing(
    embedded: Embedded,
) -> None:
    async with yard(embedded) as here:
        await here.send(here.bo)
        here.one.messages.inserting.hold()
        first = asyncio.create_task(here.send(here.ann, "before"))
        await here.one.messages.inserting.reached()
        # Both wait for the next batch: the event before the message that was let in by a cache.
        place = await here.place(here.bo)
        kicking = asyncio.create_task(here.kick(here.bo))
        async with asyncio.timeout(8):
            while not any(draft.event == "kicked" for draft in here.one.log.pending.values()):
                await asyncio.sleep(0)
        policy = here.one.policy
        done = asyncio.get_running_loop().create_future()
        draft = here.one.delivery._draft(
            here.bo, place, Outgoing("text", "late", "late", None, None), done.set_result, None
        )
        here.one.log.append(draft)
        here.one.messages.inserting.release()
        await asyncio.gather(first, kicking)
        assert isinstance(await done, Forbidden)
        assert not await policy.may_read(here.bo, here.conv, 5)
        log = [stored.message for stored in await here.one.messages.tail(here.conv, 0)]
        assert [message.event or message.id for message in log][2:] == ["before", "kicked"]


def test_the_check_of_a_group_is_who_is_in_it_there() -> None:
    policy = Policy(SETTINGS.chat, None, None)  # type: ignore[arg-type]
    check = policy.check(1, Place("g7", (1, 2)))
    with pytest.raises(Forbidden):
        check(Head())


@pytest.mark.parametrize(
    ("wanted", "kept"), [(None, None), ([], None), ([9], None), ([2, 9, 1, 2], [2, 1])]
)
def test_of_mentions_members_remain(wanted: list[int] | None, kept: list[int] | None) -> None:
    policy = Policy(SETTINGS.chat, None, None)  # type: ignore[arg-type]
    assert policy.mentions(1, Place("g7", (1, 2)), wanted) == kept
