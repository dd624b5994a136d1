"""Short leases of conversations in Redis, so that processes that write to one take turns.

    lease:{conv}   string that expires: the process whose turn it is
    next:{conv}    string that expires: the one whose turn is next

Manners, not a lock: the unique index on (conv, seq) is what keeps the order, whoever writes.
"""

from __future__ import annotations

from typing import Final

from redis import asyncio as aioredis

from models.guard import Guard

LEASE_MS: Final = 200
"""How long a turn lasts if it is not given back: several commits."""

NEXT_MS: Final = 100
"""How long a place behind it is kept for a process that no longer asks."""

# Whoever gives back a lease may take it again only when nobody is next: the one with a full queue
# would else always be faster than the one who looks every few milliseconds.
_TAKE: Final = """
local holder, nextone = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
local me = ARGV[1]
if holder == me or (not holder and (not nextone or nextone == me)) then
  redis.call('SET', KEYS[1], me, 'PX', ARGV[2])
  if nextone == me then redis.call('DEL', KEYS[2]) end
  return 1
end
if not nextone or nextone == me then redis.call('SET', KEYS[2], me, 'PX', ARGV[3]) end
return 0
"""

_GIVE_BACK: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
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
        async with self._guard():
            keys = [f"lease:{conv}", f"next:{conv}"]
            return bool(await self._take(keys, [self._process, lease_ms, NEXT_MS]))

    async def give_back(self, conv: str) -> None:
        async with self._guard():
            await self._give_back([f"lease:{conv}"], [self._process])
