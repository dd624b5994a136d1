"""Groups in SQL: acts on one wait for each other, and what fails leaves nothing behind."""

from __future__ import annotations

import asyncio
import time

import pytest
from tortoise.exceptions import IntegrityError

from models import group as module
from models.errors import NotFound
from models.group import CODE_MAX, Group, GroupRow, Groups, MemberRow
from models.outbox import Outbox
from models.stores import Stores
from tests.opened import Embedded

ANN, BO, CY, DI = 1, 2, 3, 4


class Fault(Exception):
    """Something that goes wrong inside a transaction."""


async def made(stores: Stores, *members: int) -> tuple[Groups, Group]:
    groups = Groups(stores.sql)
    group, _ = await groups.create(ANN, "Lunch", members, "made")
    return groups, group


async def told(stores: Stores, gid: int) -> list[str]:
    """The events that are on their way, in their order."""
    return [change.event for change in await Outbox(stores.sql).of(f"g{gid}")]


async def read(groups: Groups, gid: int) -> Group:
    return (await groups.by_ids([gid]))[gid]


# Making and reading


async def test_a_new_group_has_its_members_and_their_event(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        groups = Groups(stores.sql)
        group, change = await groups.create(ANN, "Lunch", [CY, BO], "made")
        assert (group.name, group.announcement, group.avatar) == ("Lunch", "", None)
        assert (group.owner, group.speak, group.dissolved) == (ANN, "all", False)
        assert [(uid, one.role) for uid, one in group.members.items()] == [
            (ANN, "owner"),
            (CY, "member"),
            (BO, "member"),
        ]
        assert (change.conv, change.event, change.by) == (f"g{group.gid}", "created", ANN)
        assert change.data == {"uids": [CY, BO], "name": "Lunch"}
        assert await told(stores, group.gid) == ["created"]
        assert await groups.by_ids([group.gid, 999]) == {group.gid: group}


async def test_members_are_kept_however_many(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "INSERTS_MAX", 7)
    async with embedded.open() as stores:
        _, group = await made(stores, *range(2, 40))
        assert list(group.members) == list(range(1, 40))


async def test_a_group_that_cannot_be_made_whole_is_not_made(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise Fault

    monkeypatch.setattr(module, "put", fails)
    async with embedded.open() as stores:
        with pytest.raises(Fault):
            await made(stores, BO)
        assert await GroupRow.all().count() == await MemberRow.all().count() == 0


def test_who_leads() -> None:
    for role in ("owner", "admin", "member"):
        one = module.Membership(role, 0)  # type: ignore[arg-type]
        group = Group(1, "x", "", None, ANN, "all", False, {BO: one})
        assert group.leads(BO) == (role != "member")
        assert not group.leads(CY) and group.role(CY) is None


# One act at a time


async def test_of_two_acts_at_once_the_second_sees_the_first(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        groups, group = await made(stores, BO)
        inside, go_on = asyncio.Event(), asyncio.Event()
        order: list[str] = []

        async def first() -> None:
            async with groups.locked(group.gid) as locked:
                inside.set()
                await go_on.wait()
                await locked.set_role(BO, "admin")
                order.append("first")

        async def second() -> str | None:
            async with groups.locked(group.gid) as locked:
                order.append("second")
                return locked.group.role(BO)

        one = asyncio.create_task(first())
        await inside.wait()
        other = asyncio.create_task(second())
        # It has every chance to come in between.
        done, _ = await asyncio.wait([other], timeout=0.2)
        assert not done
        go_on.set()
        assert await other == "admin"
        await one
        assert order == ["first", "second"]


async def test_many_acts_at_once_are_all_done(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        groups, group = await made(stores)

        async def act(uid: int) -> None:
            async with groups.locked(group.gid) as locked:
                if len(locked.group.members) < 5:
                    await locked.add([uid])
                    await locked.tell("joined", ANN, "x", uids=[uid])

        await asyncio.gather(*(act(uid) for uid in range(2, 12)))
        assert len((await read(groups, group.gid)).members) == 5
        assert await told(stores, group.gid) == ["created", *["joined"] * 4]


async def test_an_act_that_fails_leaves_neither_itself_nor_its_event(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        groups, group = await made(stores, BO)
        await groups.add_link(group.gid, ANN, "code", 1, 0)
        link = await groups.link("code")
        assert link is not None
        with pytest.raises(Fault):
            async with groups.locked(group.gid) as locked:
                await locked.change(name="Dinner")
                await locked.tell("changed", ANN, "x", name="Dinner")
                await locked.set_role(BO, "owner")
                await locked.remove(ANN)
                assert await locked.use(link)
                await locked.add([CY])
                raise Fault
        assert await read(groups, group.gid) == group
        assert await told(stores, group.gid) == ["created"]
        assert await groups.link("code") == link
        # And the group is free for the next one.
        async with groups.locked(group.gid) as locked:
            assert locked.group == group and locked.changes == []


async def test_a_group_that_never_was_or_was_dissolved_is_not_found(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        groups, group = await made(stores, BO)
        await groups.add_link(group.gid, ANN, "code", 0, 0)
        with pytest.raises(NotFound):
            async with groups.locked(999):
                pass
        async with groups.locked(group.gid) as locked:
            await locked.dissolve()
            assert locked.group.dissolved
        with pytest.raises(NotFound):
            async with groups.locked(group.gid):
                pass
        # It is known all the same, with who was in it; its links are gone.
        assert list((await read(groups, group.gid)).members) == [ANN, BO]
        assert await groups.link("code") is None


# What is done inside


async def test_the_order_of_members_is_that_in_which_they_came_last(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        groups, group = await made(stores, BO, CY)
        async with groups.locked(group.gid) as locked:
            await locked.remove(BO)
            assert list(locked.group.members) == [ANN, CY]
            await locked.add([DI, BO])
            await locked.set_role(CY, "admin")
            assert list(locked.group.members) == [ANN, CY, DI, BO]
        assert list((await read(groups, group.gid)).members) == [ANN, CY, DI, BO]


async def test_who_comes_back_is_neither_muted_nor_what_he_was(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        groups, group = await made(stores, BO)
        async with groups.locked(group.gid) as locked:
            await locked.set_role(BO, "admin")
            await locked.mute(BO, 2**50)
            await locked.remove(BO)
        async with groups.locked(group.gid) as locked:
            await locked.add([BO])
            assert locked.group.members[BO] == module.Membership("member", 0)


async def test_who_left_goes_on_seeing_what_he_saw_last(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        groups, group = await made(stores, BO, CY)
        gid = group.gid
        async with groups.locked(gid) as locked:
            await locked.remove(BO)
            await locked.change(name="Dinner", avatar="m1")
        seen = module.Glimpse(gid, "Lunch", None, ANN, 3)
        assert await groups.glimpses(BO, [gid, 999]) == {gid: seen}
        assert await groups.glimpses(CY, [gid]) == await groups.glimpses(DI, [gid]) == {}
        async with groups.locked(gid) as locked:
            await locked.add([BO])
        assert await groups.glimpses(BO, [gid]) == {}


async def test_a_new_owner_is_the_owner_of_the_group(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        groups, group = await made(stores, BO)
        async with groups.locked(group.gid) as locked:
            await locked.set_role(BO, "owner")
            await locked.set_role(ANN, "admin")
        found = await read(groups, group.gid)
        assert (found.owner, found.role(BO), found.role(ANN)) == (BO, "owner", "admin")


async def test_nobody_is_in_a_group_twice(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        _, group = await made(stores, BO)
        with pytest.raises(IntegrityError):
            await MemberRow.create(gid=group.gid, uid=BO, role="member", joined_at=0)


# Links


async def test_a_link_leads_in_as_often_as_it_says(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        groups, group = await made(stores)
        await groups.add_link(group.gid, ANN, "twice", 2, 0)
        await groups.add_link(group.gid, ANN, "ever", 0, 0)
        twice, ever = await groups.link("twice"), await groups.link("ever")
        assert twice is not None and ever is not None and twice.gid == group.gid
        for link, used in ((twice, [True, True, False]), (ever, [True] * 3)):
            for expected in used:
                async with groups.locked(group.gid) as locked:
                    assert await locked.use(link) is expected
        twice = await groups.link("twice")
        assert twice is not None and not twice.live and await groups.link("ever") == ever


async def test_uses_at_once_are_counted_each(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        groups, group = await made(stores)
        await groups.add_link(group.gid, ANN, "code", 3, 0)
        link = await groups.link("code")
        assert link is not None

        async def use() -> bool:
            async with groups.locked(group.gid) as locked:
                return await locked.use(link)

        assert sorted(await asyncio.gather(*(use() for _ in range(6)))) == [False] * 3 + [True] * 3


async def test_a_link_that_is_late_or_ended_leads_nowhere(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        groups, group = await made(stores)
        now = int(time.time() * 1000)
        await groups.add_link(group.gid, ANN, "late", 0, now - 1)
        await groups.add_link(group.gid, ANN, "Live", 0, now + 60_000)
        live, late = await groups.link("Live"), await groups.link("late")
        assert live is not None and live.live and late is not None and not late.live
        for none in ("live", "x" * (CODE_MAX + 1), ""):
            assert await groups.link(none) is None
            assert not await groups.end_link(group.gid, none)
        assert not await groups.end_link(group.gid + 1, "Live")
        assert await groups.end_link(group.gid, "Live")
        async with groups.locked(group.gid) as locked:
            assert not await locked.use(live)
