"""Rates that hold across processes, in Redis.

A generic cell rate: each key holds the moment at which its allowance is whole again. Between two
moments nothing is written, and the time until the next call may pass is exact.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from redis import asyncio as aioredis

from models.errors import RateLimited
from models.guard import Guard

_TAKE: Final = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local whole = {}
local wait = 0
for i, key in ipairs(KEYS) do
  local period, calls = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local at = math.max(tonumber(redis.call('GET', key) or 0), now) + period / calls
  wait = math.max(wait, at - now - period)
  whole[i] = at
end
if wait > 0 then return math.ceil(wait) end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%d', whole[i]), 'PXAT', math.ceil(whole[i] / 1000))
end
return 0
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in `seconds` for `key`, all of them at once if need be; 0 calls: no limit."""

    key: str
    calls: int
    seconds: int


def caller(address: str) -> str:
    """By what a caller's address is counted: of IPv6 by its network of 64 bits, in which whoever
    has one address may take them all.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False).network_address)


class Rates:
    """Raises `Unavailable` when Redis does not answer."""

    def __init__(self, client: aioredis.Redis, guard: Guard) -> None:
        self._guard = guard
        self._take = client.register_script(_TAKE)

    async def take(self, rates: Sequence[Rate]) -> None:
        """Count one call against all of `rates`, or against none.

        Raises:
            RateLimited: with the time after which all of them let a call through.
        """
        rates = [rate for rate in rates if rate.calls]
        if not rates:
            return
        numbers = [n for rate in rates for n in (rate.seconds * 1_000_000, rate.calls)]
        async with self._guard():
            wait = int(await self._take([f"rate:{rate.key}" for rate in rates], numbers))
        if wait:
            raise RateLimited(wait / 1_000_000)
