"""How fast a flood is read and a crowd cleared away: the others have their turns."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeVar

LIMITED_PER_REST: Final = 8
LIMITED_REST_SECONDS: Final = 0.1
"""So long a socket that is over its rate is not read after so many refusals. One of them costs as
much as a message, and a client that heeded none had all others wait twice as long."""

ENDS_PER_TURN: Final = 64
"""Sockets that are cleared away before the loop serves the others, at 50 microseconds each: when
2,000 were cut at once all others waited for 130 ms."""

SLICE: Final = 1000
"""Conversations of somebody that are gone through in a turn of the loop, in 1 to 4 ms: with all of
them at once, who has 24,000 had the others wait for 200."""

T = TypeVar("T")


async def in_slices(items: Sequence[T]) -> AsyncIterator[Sequence[T]]:
    """Items that are gone through, with a turn of the others after each SLICE."""
    for start in range(0, len(items), SLICE):
        if start:
            await asyncio.sleep(0)
        yield items[start : start + SLICE]


class Pace:
    """Of one socket."""

    def __init__(self) -> None:
        self._limited = 0

    def limit(self) -> None:
        """Count a frame that was over its sender's rate."""
        self._limited += 1

    def rest(self) -> float:
        """Seconds until the next frame may be taken."""
        if self._limited < LIMITED_PER_REST:
            return 0.0
        self._limited = 0
        return LIMITED_REST_SECONDS


class Spread:
    """Calls that are made soon, a few in each turn of the loop, in the order in which they came."""

    def __init__(self, per_turn: int) -> None:
        self._per_turn = per_turn
        self._calls: deque[Callable[[], None]] = deque()

    def add(self, call: Callable[[], None]) -> None:
        if not self._calls:
            asyncio.get_running_loop().call_soon(self._make)
        self._calls.append(call)

    def _make(self) -> None:
        for _ in range(min(self._per_turn, len(self._calls))):
            self._calls.popleft()()
        if self._calls:
            asyncio.get_running_loop().call_soon(self._make)
