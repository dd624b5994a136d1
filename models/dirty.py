"""Which conversations are ahead of their stored head, in Redis.

    dirty:{process}   set: conversations with messages whose head that process has yet to write
    alive:{process}   string that expires: the process is there
    processes         set: those that may have a dirty set

A conversation is marked before its first message since the last flush is acknowledged, and
unmarked after the flush, so that neither a list nor a sync overlooks what was acknowledged, even
when the process that acknowledged it is gone.

Who was frozen for ALIVE_SECONDS may have been taken for dead: his marks are carried out then and
taken away, and he has to mark anew what he goes on with (`life`).
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Final

from redis import asyncio as aioredis

from models.chunks import chunks
from models.guard import Guard

ALIVE_SECONDS: Final = 15
"""A process that has not said so for this long is dead and its marks are carried out by another."""

LAPSED_SECONDS: Final = ALIVE_SECONDS - 1.0
"""After this a process looks whether it is still taken for alive before it trusts in its marks."""

_AMONG: Final = """
local found = {}
for _, process in ipairs(redis.call('SMEMBERS', 'processes')) do
  local key = 'dirty:' .. process
  if redis.call('EXISTS', key) == 1 then
    for i, hit in ipairs(redis.call('SMISMEMBER', key, unpack(ARGV))) do
      if hit == 1 then found[ARGV[i]] = true end
    end
  end
end
local list = {}
for conv in pairs(found) do table.insert(list, conv) end
return list
"""

_BURY: Final = """
if redis.call('EXISTS', KEYS[2]) == 1 then return end
redis.call('DEL', KEYS[1])
redis.call('SREM', 'processes', ARGV[1])
"""

_CHUNK: Final = 4000
"""Arguments of one script call; Lua's `unpack` takes 8,000."""


class Dirty:
    """Raises `Unavailable` when Redis does not answer."""

    def __init__(self, client: aioredis.Redis, guard: Guard, process: str) -> None:
        self._client = client
        self._guard = guard
        self._process = process
        self._among = client.register_script(_AMONG)
        self._bury = client.register_script(_BURY)
        self._announced_at = -LAPSED_SECONDS
        self.life = 0
        """Rises when this process says that it is alive, and may have been taken for dead: what it
        had marked may not be marked any more."""

    @property
    def lapsed(self) -> bool:
        """Whether others may take this process for dead."""
        return time.monotonic() - self._announced_at >= LAPSED_SECONDS

    async def announce(self) -> None:
        """Say that this process is alive."""
        if self.lapsed:
            self.life += 1
        began = time.monotonic()
        async with self._guard():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.sadd("processes", self._process)
            pipeline.set(f"alive:{self._process}", 1, ex=ALIVE_SECONDS)
            await pipeline.execute()
        self._announced_at = began

    async def mark(self, convs: Collection[str]) -> None:
        # Ahead: the log waits for it with all who send.
        async with self._guard(ahead=True):
            await self._client.sadd(f"dirty:{self._process}", *convs)

    async def unmark(self, convs: Collection[str]) -> None:
        async with self._guard():
            await self._client.srem(f"dirty:{self._process}", *convs)

    async def among(self, convs: Collection[str]) -> set[str]:
        """Those of `convs` that some process has marked."""
        found: set[str] = set()
        for some in chunks(convs, _CHUNK):
            async with self._guard():
                found.update(await self._among([], some))
        return found

    async def all(self) -> set[str]:
        """Every conversation that some process, living or dead, has marked."""
        async with self._guard():
            processes = [str(name) for name in await self._client.smembers("processes")]
            pipeline = self._client.pipeline(transaction=False)
            for process in processes:
                pipeline.smembers(f"dirty:{process}")
            return {str(conv) for convs in await pipeline.execute() for conv in convs}

    async def orphans(self) -> dict[str, set[str]]:
        """What dead processes left marked, by process."""
        async with self._guard():
            processes = [str(name) for name in await self._client.smembers("processes")]
            pipeline = self._client.pipeline(transaction=False)
            for process in processes:
                pipeline.exists(f"alive:{process}")
                pipeline.smembers(f"dirty:{process}")
            answers = await pipeline.execute()
        states = zip(processes, answers[::2], answers[1::2], strict=True)
        return {process: set(convs) for process, alive, convs in states if not alive}

    async def leave(self) -> None:
        """Forget this process, whose marks are carried out."""
        async with self._guard():
            await self._client.delete(f"alive:{self._process}")
        await self.bury(self._process)

    async def bury(self, process: str) -> None:
        """Forget a process whose marks are carried out, unless it says that it is alive."""
        async with self._guard():
            await self._bury([f"dirty:{process}", f"alive:{process}"], [process])
