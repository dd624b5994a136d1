"""The heartbeat of a process's sockets: each has its turn once in a period.

Those of a step have it together, since to wake the process costs more than a ping; and the steps
are filled in turn, so that 2,000 who have come back at once are not pinged at once for ever after.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from server.delays import Delays

HEARTBEAT_MS: Final = 25_000
"""As the contract has it; clients are told with CONNECTED."""

STEPS: Final = 100
"""Of a period, 250 ms apart: with more the process would wake more often for as many pings, and of
10,000 sockets these are a hundred at a time, in a millisecond."""


class Beating(Protocol):
    def beat(self) -> None:
        """Called once in a period."""


class Heartbeat:
    def __init__(self) -> None:
        self._steps: list[set[Beating]] = [set() for _ in range(STEPS)]
        self.lags = Delays()
        """How late the loop came back to each step."""
        self._filled = 0
        """The step that the last one came to."""

    def add(self, one: Beating) -> int:
        """Returns the step that `remove` wants."""
        self._filled = (self._filled + 1) % STEPS
        self._steps[self._filled].add(one)
        return self._filled

    def remove(self, one: Beating, step: int) -> None:
        self._steps[step].discard(one)

    async def run(self) -> None:
        """Give all their turns until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for step in self._steps:
                # After a freeze the steps that were missed are not made up for: pings that follow
                # one another at once would not have been answered.
                due = max(due + HEARTBEAT_MS / 1000 / STEPS, loop.time())
                await asyncio.sleep(due - loop.time())
                self.lags.note(max(0.0, loop.time() - due))
                for one in tuple(step):
                    one.beat()
