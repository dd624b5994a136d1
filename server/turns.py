"""Taking turns, where several processes write to one conversation as fast as they can.

The one that was a little faster numbers its next batch from what it has just stored, while the
other first has to read what it missed, and is late again: left alone, one of two saturated writers
stored 1 message while the other stored 1,969. So whoever meets a second conflict says on the bus
that the conversation is contested, and for a while every process takes a lease before it writes
there. The index stays the fence; without Redis, or without a turn in time, one writes anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection, Sequence
from typing import Final

from models.bus import Bus
from models.errors import Unavailable
from models.lease import Leases

CONTESTED_SECONDS: Final = 2.0
"""How long turns are taken after the last conflict, or the last wait for a turn."""

PATIENCE_SECONDS: Final = 0.3
"""How long a turn is waited for: somewhat more than a lease lasts."""

TELL_SECONDS: Final = 0.1
"""How long a turn is kept for others to be told what was written in it."""

LOOK_SECONDS: Final = 0.004
"""Between two looks; a commit takes 5 to 50 ms."""


class Turns:
    """Which conversations are contested, and the leases that this process has of them."""

    def __init__(self, leases: Leases, bus: Bus) -> None:
        self._leases = leases
        self._bus = bus
        self._contested: dict[str, float] = {}
        """Conversation -> until when, in seconds of the monotonic clock."""

    def contest(self, conv: str) -> None:
        """A message met its second conflict there."""
        self.hear(conv)
        self._bus.publish("all", {"event": "contested", "conv": conv})

    def hear(self, conv: str) -> None:
        """This or another process meets conflicts there."""
        self._contested[conv] = time.monotonic() + CONTESTED_SECONDS

    async def take(self, convs: Collection[str]) -> set[str]:
        """Wait for a turn in those that are contested; which they are. Held ones are prolonged."""
        if not self._contested:
            return set()
        now = time.monotonic()
        self._contested = {conv: until for conv, until in self._contested.items() if until > now}
        contested = self._contested.keys() & set(convs)
        if contested:
            # In one order everywhere, so that no two wait for each other.
            await self._wait(sorted(contested), now + PATIENCE_SECONDS)
        return contested

    async def give_back(self, convs: Collection[str]) -> None:
        """Let the next one write, who has heard by then what was written here."""
        if convs:
            await asyncio.sleep(0)  # The gate lets out in the next turn of the loop.
            await self._bus.sent(seconds=TELL_SECONDS)
            # They end by themselves.
            with contextlib.suppress(Unavailable):
                await self._leases.give_back(convs)

    async def _wait(self, convs: Sequence[str], deadline: float) -> None:
        try:
            while (taken := await self._leases.take_in_order(convs)) < len(convs):
                self.hear(convs[taken])
                if time.monotonic() > deadline:
                    return
                await asyncio.sleep(LOOK_SECONDS)
        except Unavailable:
            return
