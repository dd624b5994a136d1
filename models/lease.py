"""Short leases of conversations in Redis, so that processes that write to one take turns.

    lease:{conv}   string that expires: the process whose turn it is
    next:{conv}    string that expires: the one whose turn is next

Manners, not a lock: the unique index on (conv, seq) is what keeps the order, whoever writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from redis import asyncio as aioredis

from models.guard import Guard

LEASE_MS: Final = 200
"""How long a turn lasts if it is not given back: several commits."""

NEXT_MS: Final = 100
"""How long a place behind it is kept for a process that no longer asks."""

# Whoever gives back a lease may take it again only when nobody is next: the one with a full queue
# would else always be faster than the one who looks every few milliseconds.
# Written is only what changes, or has less than half of its time left: who waits looks every few
# milliseconds, and a Redis that syncs each write would do that for each look.
_TAKE: Final = """
local me = ARGV[1]
local function keep(key, held, ms)
  if not held or redis.call('PTTL', key) * 2 < ms then redis.call('SET', key, me, 'PX', ms) end
end
for i = 1, #KEYS, 2 do
  local holder, nextone = redis.call('GET', KEYS[i]), redis.call('GET', KEYS[i + 1])
  if holder == me or (not holder and (not nextone or nextone == me)) then
    keep(KEYS[i], holder, tonumber(ARGV[2]))
    if nextone == me then redis.call('DEL', KEYS[i + 1]) end
  else
    if not nextone or nextone == me then keep(KEYS[i + 1], nextone, tonumber(ARGV[3])) end
    return (i - 1) / 2
  end
end
return #KEYS / 2
"""

_GIVE_BACK: Final = """
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[1] then redis.call('DEL', KEYS[i]) end
end
"""


class Leases:
    """Raises `Unavailable` when Redis does not answer."""

    def __init__(self, client: aioredis.Redis, guard: Guard, process: str) -> None:
        self._guard = guard
        self._process = process
        self._take = client.register_script(_TAKE)
        self._give_back = client.register_script(_GIVE_BACK)

    async def take(self, conv: str, *, lease_ms: int = LEASE_MS) -> bool:
        """Whether it is this process's turn; if not, it is put next where nobody is."""
        return bool(await self.take_in_order([conv], lease_ms=lease_ms))

    async def take_in_order(self, convs: Sequence[str], *, lease_ms: int = LEASE_MS) -> int:
        """As `take`, up to the first that is another's; how many are this process's now."""
        async with self._guard():
            keys = [key for conv in convs for key in (f"lease:{conv}", f"next:{conv}")]
            return int(await self._take(keys, [self._process, lease_ms, NEXT_MS]))

    async def give_back(self, convs: Iterable[str]) -> None:
        async with self._guard():
            await self._give_back([f"lease:{conv}" for conv in convs], [self._process])
