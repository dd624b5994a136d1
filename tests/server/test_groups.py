"""Acts on groups: each with its event, in the order of SQL, whatever dies in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from models.conv import group_conv
from models.errors import ChatError, Conflict, Forbidden, NotFound, Unavailable
from models.message import Message
from models.user import Person
from server import outbox, sentences
from tests.opened import Embedded
from tests.process import running
from tests.served import GROUP_MAX, Served, served, two_of_them


async def group_of(one: Served, owner: Person, *members: Person) -> int:
    shape = await one.groups.create(owner.uid, "Lunch", [person.uid for person in members])
    return shape["gid"]


async def log_of(one: Served, gid: int) -> list[Message]:
    return [stored.message for stored in await one.messages.tail(group_conv(gid), 0)]


async def events(one: Served, gid: int) -> list[str | None]:
    return [message.event for message in await log_of(one, gid)]


async def test_an_act_is_answered_when_its_event_is_stored(embedded: Embedded) -> None:
    async with two_of_them(embedded) as (one, _, (ann, bo, _carl)):
        gid = await group_of(one, ann, bo)
        one.messages.inserting.hold()
        changing = asyncio.create_task(one.groups.change(ann.uid, gid, {"name": "Dinner"}))
        await one.messages.inserting.reached()
        assert not changing.done()
        # It is decided by then, everywhere.
        assert (await one.rosters.get(gid)).name == "Dinner"
        one.messages.inserting.release()
        assert (await changing)["name"] == "Dinner"
        assert await events(one, gid) == ["created", "changed"]
        assert await one.outbox.of(group_conv(gid)) == []


async def test_what_a_dead_process_decided_is_told_before_what_came_after_it(
    embedded: Embedded,
) -> None:
    async with two_of_them(embedded) as (one, other, (ann, bo, carl)):
        gid = await group_of(one, ann, bo)
        one.is_hopeless = True
        with pytest.raises(Unavailable):
            await one.groups.invite(bo.uid, gid, [carl.uid])
        assert await events(other, gid) == ["created"]
        # The other one finds it decided, and tells both.
        await other.groups.remove(ann.uid, gid, carl.uid)
        assert await events(other, gid) == ["created", "joined", "kicked"]
        assert [message.from_ for message in await log_of(other, gid)] == [
            ann.uid,
            bo.uid,
            ann.uid,
        ]
        one.is_hopeless = False
        await one.groups.change(ann.uid, gid, {"name": "Dinner"})
        assert await events(one, gid) == ["created", "joined", "kicked", "changed"]


async def test_what_could_not_be_told_is_told_by_the_sweep_once(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "AGAIN_SECONDS", 0.01)
    async with two_of_them(embedded) as (one, other, (ann, bo, carl)):
        gid = await group_of(one, ann, bo)
        one.outbox.ending.failures.append(Unavailable("sql"))
        with pytest.raises(Unavailable):
            await one.groups.invite(ann.uid, gid, [carl.uid])
        # The event is stored, its row is still there: telling it again changes nothing.
        assert await events(one, gid) == ["created", "joined"]
        async with running({"sweep": one.changes.sweep()}):
            await one.outbox.ending.passed()
        assert await one.outbox.of(group_conv(gid)) == []
        assert await events(other, gid) == ["created", "joined"]


async def test_acts_of_two_processes_stand_in_the_log_in_the_order_of_their_decision(
    embedded: Embedded,
) -> None:
    async with two_of_them(embedded) as (one, other, (ann, bo, _carl)):
        gid = await group_of(one, ann, bo)
        await one.groups.set_member(ann.uid, gid, bo.uid, "admin", None)
        names = [f"name {n}" for n in range(12)]
        await asyncio.gather(
            *(
                (one, other)[n % 2].groups.change((ann, bo)[n % 2].uid, gid, {"name": name})
                for n, name in enumerate(names)
            )
        )
        told = [
            message.data["name"]
            for message in await log_of(one, gid)
            if message.event == "changed" and message.data
        ]
        assert sorted(told) == sorted(names)
        assert told[-1] == (await other.rosters.get(gid)).name


async def test_of_acts_at_one_moment_on_two_processes_one_is_first(embedded: Embedded) -> None:
    async with two_of_them(embedded) as (one, other, (ann, bo, carl)):
        for _ in range(3):
            gid = await group_of(one, ann, bo)
            invited, ended = await asyncio.gather(
                one.groups.invite(bo.uid, gid, [carl.uid]),
                other.groups.dissolve(ann.uid, gid),
                return_exceptions=True,
            )
            assert ended is None
            if isinstance(invited, NotFound):
                assert await events(one, gid) == ["created", "dissolved"]
            else:
                assert not isinstance(invited, BaseException)
                assert await events(one, gid) == ["created", "joined", "dissolved"]


async def test_no_process_lets_one_in_too_many(embedded: Embedded) -> None:
    async with two_of_them(embedded) as (one, other, (ann, *_)):
        people = [await one.add(f"p{n}") for n in range(GROUP_MAX + 3)]
        gid = await group_of(one, ann)
        results = await asyncio.gather(
            *(
                (one, other)[n % 2].groups.invite(ann.uid, gid, [person.uid])
                for n, person in enumerate(people)
            ),
            return_exceptions=True,
        )
        refused = [result for result in results if isinstance(result, BaseException)]
        assert {type(error) for error in refused} == {Conflict}
        assert len(people) - len(refused) == GROUP_MAX - 1
        assert len((await other.rosters.get(gid)).members) == GROUP_MAX


async def test_what_is_refused_is_neither_decided_nor_told(embedded: Embedded) -> None:
    async with two_of_them(embedded) as (one, _, (ann, bo, carl)):
        gid = await group_of(one, ann, bo)
        before = await one.rosters.get(gid)
        acts: Sequence[tuple[type[ChatError], object]] = (
            (Forbidden, one.groups.dissolve(bo.uid, gid)),
            (Forbidden, one.groups.remove(carl.uid, gid, carl.uid)),
            (NotFound, one.groups.remove(ann.uid, gid, carl.uid)),
            (Forbidden, one.groups.set_member(bo.uid, gid, ann.uid, "member", None)),
            # The first of two wishes is taken back with the second.
            (Forbidden, one.groups.set_member(ann.uid, gid, bo.uid, "admin", 2**45)),
            (Forbidden, one.groups.add_link(bo.uid, gid, 0, 0)),
            (NotFound, one.groups.join(carl.uid, "no-such-code")),
        )
        for kind, act in acts:
            with pytest.raises(kind):
                await act  # type: ignore[misc]
        one.rosters.forget_all()
        assert await one.rosters.get(gid) == before
        assert await events(one, gid) == ["created"]


# What events say


async def test_an_event_names_the_first_ten_in_both_languages(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentences, "NAMES_MAX", 2)
    async with embedded.open() as stores, served(stores) as one:
        ann, *others = [await one.add(name) for name in ("ann", "bo", "{by}", "carl", "di")]
        gid = await group_of(one, ann)
        await one.groups.invite(ann.uid, gid, [others[0].uid])
        await one.groups.invite(ann.uid, gid, [person.uid for person in others])
        _, first, second = await log_of(one, gid)
        assert "ann added bo." in first.content and "ann邀请bo加入" in first.content
        assert "ann added {by}, carl and 1 more." in second.content
        assert "{by}、carl" in second.content


async def test_what_changed_is_said_in_one_sentence_each(embedded: Embedded) -> None:
    async with embedded.open() as stores, served(stores) as one:
        ann, bo = await one.add("ann"), await one.add("bo")
        gid = await group_of(one, ann, bo)
        await one.groups.change(ann.uid, gid, {"name": "Dinner", "speak": "admins"})
        await one.groups.set_member(ann.uid, gid, bo.uid, None, 2**45)
        await one.groups.set_member(ann.uid, gid, bo.uid, "owner", None)
        said = " ".join(message.content for message in await log_of(one, gid))
        for sentence in (
            "ann named the group “Dinner”.",
            "ann let only administrators write.",
            "ann muted bo.",
            "bo is the owner now.",
            "ann is an administrator now.",
        ):
            assert sentence in said
