"""Who may do what: the order of refusals, the rate of messages, the limit for strangers."""

from __future__ import annotations

import dataclasses
import time

import pytest

from models.conv import pair, pair_members
from models.errors import AwaitReply, Forbidden, InvalidField, NotFound, RateLimited
from models.head import Head, Own
from models.stores import Stores
from models.user import User
from server import policy
from server.fields import INT_MAX
from server.policy import BURST, Place, Policy
from tests.opened import Embedded
from tests.served import SETTINGS, Served

ANN, BO, CARL = 1, 2, 3
BOTH = Place(f"{ANN}:{BO}", (ANN, BO))
NOTES = Place(f"{ANN}:{ANN}", (ANN,))


async def household(stores: Stores) -> Served:
    """Ann, Bo and Carl on one process; nobody else hears its bus."""
    one = Served(stores, "one")
    for name, uid in (("ann", ANN), ("bo", BO), ("carl", CARL)):
        assert (await one.users.add(name, name, "no password")).uid == uid
    return one


def ruled(**chat: int) -> Policy:
    """The rules that ask nobody."""
    chosen = dataclasses.replace(SETTINGS.chat, **chat)
    return Policy(chosen, None, None)  # type: ignore[arg-type]


class Clock:
    """A monotonic clock that a test turns."""

    def __init__(self, now: float) -> None:
        self.now = now

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(4096.0)
    monkeypatch.setattr(policy, "time", clock)
    return clock


# Places


def test_a_conversation_has_the_lower_uid_first_whoever_asks() -> None:
    assert pair(10, 9) == pair(9, 10) == "9:10"
    assert pair_members("9:10") == (9, 10)
    assert pair_members(pair(7, 7)) == (7,)


async def test_somebody_elses_conversation_is_forbidden_before_anybody_is_looked_up(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        one = await household(stores)
        for conv in (f"{BO}:{CARL}", "8:9", f"{BO}:{INT_MAX}"):
            with pytest.raises(Forbidden):
                await one.policy.place(ANN, conv)
        assert one.users.answered.calls == 0


async def test_the_largest_uid_is_a_person_and_one_more_is_no_conversation(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        one = await household(stores)
        with pytest.raises(NotFound):
            await one.policy.place(ANN, f"{ANN}:{INT_MAX}")
        for conv in (f"{ANN}:{INT_MAX + 1}", f"{INT_MAX + 1}:{INT_MAX + 1}"):
            with pytest.raises(InvalidField):
                await one.policy.place(ANN, conv)


async def test_a_frame_means_its_conv_then_its_to_then_the_default(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        rules = (await household(stores)).policy
        assert await rules.addressed(ANN, None, None, BO) == BOTH
        assert await rules.addressed(ANN, None, ANN, BO) == NOTES
        assert await rules.addressed(ANN, NOTES.conv, None, BO) == NOTES
        assert await rules.addressed(BO, BOTH.conv, ANN, CARL) == BOTH
        with pytest.raises(InvalidField) as nobody:
            await rules.addressed(ANN, None, None, None)
        assert (nobody.value.field, nobody.value.rule) == ("to", "required")
        # That they disagree is told even of a conversation that is none.
        for conv in (NOTES.conv, f"{BO}:{CARL}", "nonsense"):
            with pytest.raises(InvalidField) as torn:
                await rules.addressed(ANN, conv, BO, None)
            assert (torn.value.field, torn.value.rule) == ("conv", "conflict")


# Who may send


async def test_banned_is_told_before_blocked_and_ends_by_itself(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one = await household(stores)
        await one.blocks.add(BO, ANN)
        now = int(time.time() * 1000)
        for until, word in ((now + 60_000, "banned"), (now - 1, "blocked"), (0, "blocked")):
            await User.filter(uid=ANN).update(banned_until=until)
            one.people.forget_all()
            with pytest.raises(Forbidden) as refused:
                await one.policy.may_send(ANN, BOTH)
            assert refused.value.word == word


async def test_a_ban_holds_for_own_notes_too_and_a_block_of_ones_own_for_nothing(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        one = await household(stores)
        await one.blocks.add(ANN, BO)
        await one.policy.may_send(ANN, BOTH)  # whom I block I may still write to
        await one.policy.may_send(ANN, NOTES)
        await User.filter(uid=ANN).update(banned_until=int(time.time() * 1000) + 60_000)
        one.people.forget_all()
        with pytest.raises(Forbidden):
            await one.policy.may_send(ANN, NOTES)


async def test_an_ordinary_message_asks_no_store(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one = await household(stores)
        for _ in range(5):
            await one.policy.addressed(ANN, None, BO, None)
            await one.policy.may_send(ANN, BOTH)
        assert (one.users.answered.calls, one.blocks.answered.calls) == (2, 2)


async def test_at_hand_is_what_was_asked_for_before_and_is_not_refused(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        one = await household(stores)
        assert one.policy.at_hand(ANN, None, BO, None) is None
        await one.policy.addressed(ANN, None, BO, None)
        assert one.policy.at_hand(ANN, None, BO, None) is None
        await one.policy.may_send(ANN, BOTH)
        assert one.policy.at_hand(ANN, None, BO, None) == BOTH
        assert one.policy.at_hand(ANN, BOTH.conv, None, None) == BOTH
        assert one.policy.at_hand(ANN, None, None, BO) == BOTH
        for conv, to in ((None, None), ("2:3", None), ("nonsense", None), (NOTES.conv, BO)):
            assert one.policy.at_hand(ANN, conv, to, None) is None
        await one.people.set_blocked(BO, ANN, True)
        await one.people.blocks(BO)
        assert one.policy.at_hand(ANN, None, BO, None) is None
        assert one.policy.at_hand(BO, None, ANN, None) == BOTH
        await one.people.set_blocked(BO, ANN, False)
        await User.filter(uid=ANN).update(banned_until=int(time.time() * 1000) + 60_000)
        one.people.forget_all()
        with pytest.raises(Forbidden):
            await one.policy.may_send(ANN, BOTH)
        await one.people.blocks(BO)
        assert one.policy.at_hand(ANN, None, BO, None) is None


# The rate


@pytest.mark.parametrize("rate", [1, 4, 64])
def test_a_burst_is_three_seconds_of_messages_and_not_one_more(clock: Clock, rate: int) -> None:
    rules = ruled(rate_per_second=rate)
    for _ in range(BURST * rate):
        rules.take(ANN)
    with pytest.raises(RateLimited) as refused:
        rules.take(ANN)
    assert refused.value.retry_after == 1 / rate


def test_after_the_time_that_was_told_one_goes_and_the_next_waits_again(clock: Clock) -> None:
    rules = ruled(rate_per_second=2)
    for _ in range(6):
        rules.take(ANN)
    clock.now += 0.25
    with pytest.raises(RateLimited) as refused:
        rules.take(ANN)
    assert refused.value.retry_after == 0.25
    # What was refused has taken nothing.
    clock.now += 0.25
    rules.take(ANN)
    with pytest.raises(RateLimited) as refused:
        rules.take(ANN)
    assert refused.value.retry_after == 0.5


def test_who_rests_gets_his_burst_back_and_never_more(clock: Clock) -> None:
    rules = ruled(rate_per_second=2)
    for rest in (3.0, 3600.0, 0.0):
        for _ in range(6):
            rules.take(ANN)
        with pytest.raises(RateLimited):
            rules.take(ANN)
        clock.now += rest


def test_each_has_a_rate_of_his_own_and_zero_is_none(clock: Clock) -> None:
    rules = ruled(rate_per_second=1)
    for _ in range(3):
        rules.take(ANN)
    with pytest.raises(RateLimited):
        rules.take(ANN)
    rules.take(BO)
    free = ruled(rate_per_second=0)
    for _ in range(1000):
        free.take(ANN)


def test_beyond_the_bound_only_who_has_rested_is_forgotten(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "BUCKETS_MAX", 2)
    rules = ruled(rate_per_second=1)
    rules.take(CARL)
    clock.now += 1.0
    for _ in range(3):
        rules.take(ANN)
    for _ in range(3):
        rules.take(BO)
    assert set(rules._full_at) == {ANN, BO}
    for uid in (ANN, BO):
        with pytest.raises(RateLimited):
            rules.take(uid)


# Strangers


@pytest.mark.parametrize(
    ("sent", "waits"),
    [
        ({}, False),
        ({ANN: 2}, False),
        ({ANN: 3}, True),
        ({ANN: 300}, True),
        ({ANN: 3, BO: 1}, False),
        ({ANN: 3, BO: 0}, True),
        ({BO: 3}, False),
    ],
)
def test_three_messages_to_who_has_never_written_here_are_the_limit(
    sent: dict[int, int], waits: bool
) -> None:
    check = ruled(stranger_limit=3).check(ANN, BOTH)
    head = Head(own={uid: Own(9, 9, count) for uid, count in sent.items()})
    if waits:
        with pytest.raises(AwaitReply):
            check(head)
    else:
        check(head)


def test_nobody_is_a_stranger_to_himself_or_without_a_limit() -> None:
    long_since = Head(own={ANN: Own(1000, 1000, 1000)})
    ruled(stranger_limit=3).check(ANN, NOTES)(long_since)
    ruled(stranger_limit=0).check(ANN, BOTH)(long_since)
