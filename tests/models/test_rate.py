"""Rates in Redis: how many pass at once, how long the next one waits, what a refusal costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from models.errors import RateLimited
from models.rate import Rate, Rates, caller
from models.stores import Stores
from tests.opened import Embedded

SLACK_SECONDS = 5.0
"""Between two calls of a test on a busy machine; all periods here are far longer."""

THREE = Rate("three", 3, 3000)
"""One each 1,000 s, three of them at once."""


class Kept:
    """The rates, and the moments that Redis keeps of them."""

    def __init__(self, stores: Stores) -> None:
        self.redis = stores.redis_client
        self.rates = Rates(stores.redis_client, stores.redis)

    async def wait(self, *rates: Rate) -> float:
        """Take once; the seconds to wait for, 0 when it went through."""
        try:
            await self.rates.take(rates)
        except RateLimited as refused:
            assert refused.retry_after is not None
            return refused.retry_after
        return 0.0

    async def ago(self, rate: Rate, seconds: float) -> None:
        """Let that much time go by, as far as this rate can tell."""
        key = f"rate:{rate.key}"
        whole = int(await self.redis.get(key)) - round(seconds * 1_000_000)
        await self.redis.set(key, whole, keepttl=True)


@asynccontextmanager
async def kept(embedded: Embedded) -> AsyncIterator[Kept]:
    async with embedded.open() as stores:
        yield Kept(stores)


def about(seconds: float) -> object:
    """No more than that, and less only by what has gone by meanwhile."""
    return pytest.approx(seconds - SLACK_SECONDS / 2, abs=SLACK_SECONDS / 2)


@pytest.mark.parametrize("calls", [1, 3, 7])
async def test_all_calls_of_a_period_pass_at_once_and_the_next_waits_for_its_share(
    embedded: Embedded, calls: int
) -> None:
    async with kept(embedded) as redis:
        rate = Rate("some", calls, 7000)
        assert [await redis.wait(rate) for _ in range(calls)] == [0.0] * calls
        assert await redis.wait(rate) == about(7000 / calls)


async def test_after_the_time_that_was_told_exactly_one_passes(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        for _ in range(3):
            await redis.wait(THREE)
        told = await redis.wait(THREE)
        await redis.ago(THREE, told - SLACK_SECONDS)
        assert 0 < await redis.wait(THREE) <= SLACK_SECONDS
        await redis.ago(THREE, SLACK_SECONDS)
        assert await redis.wait(THREE) == 0.0
        assert await redis.wait(THREE) == about(1000)


async def test_a_refused_call_takes_nothing(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        for _ in range(3):
            await redis.wait(THREE)
        before = await redis.redis.get("rate:three")
        for _ in range(10):
            assert await redis.wait(THREE) == about(1000)
        assert await redis.redis.get("rate:three") == before


async def test_a_call_counts_against_all_of_its_rates_or_against_none(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        name, address = Rate("name", 2, 2000), Rate("address", 4, 8000)
        assert [await redis.wait(name, address) for _ in range(2)] == [0.0, 0.0]
        kept_of_address = await redis.redis.get("rate:address")
        assert await redis.wait(name, address) == about(1000)
        assert await redis.wait(address, name) == about(1000)
        assert await redis.redis.get("rate:address") == kept_of_address
        # The longest wait of them is told.
        assert [await redis.wait(address) for _ in range(2)] == [0.0, 0.0]
        assert await redis.wait(name, address) == about(2000)


async def test_who_rests_gets_his_whole_period_back_and_never_more(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        for rest in (3000, 1_000_000, 0):
            assert [await redis.wait(THREE) for _ in range(3)] == [0.0] * 3
            assert await redis.wait(THREE) == about(1000)
            await redis.ago(THREE, rest)


async def test_what_is_whole_again_is_forgotten_by_itself(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        for calls in (1, 2, 3):
            await redis.wait(THREE)
            whole_at = int(await redis.redis.get("rate:three")) / 1000
            assert await redis.redis.pexpiretime("rate:three") == pytest.approx(whole_at, abs=1)
            # Redis keeps the moment in whole milliseconds, rounded up, and its clock rounded down.
            assert await redis.redis.pttl("rate:three") / 1000 == about(calls * 1000 + 0.002)


async def test_a_rate_of_zero_is_none(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        free = Rate("free", 0, 60)
        assert [await redis.wait(free) for _ in range(20)] == [0.0] * 20
        assert await redis.wait(free, THREE) == await redis.wait() == 0.0
        assert await redis.redis.keys("rate:*") == ["rate:three"]


async def test_calls_of_one_moment_are_counted_one_after_the_other(embedded: Embedded) -> None:
    async with kept(embedded) as redis:
        waits = await asyncio.gather(*(redis.wait(THREE) for _ in range(20)))
        assert waits.count(0.0) == 3


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:0db8:0001:0002::1", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_of_ipv6_a_network_is_one_caller(address: str, counted: str) -> None:
    assert caller(address) == counted
