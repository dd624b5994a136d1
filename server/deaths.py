"""When a program that died is started again, and when that does not help any more."""

import time
from collections import deque

BACKOFF_SECONDS = 0.1  # before the first new start, doubled with each death that is remembered
DEATHS = 5  # within DEATHS_SECONDS: starting it again does not help
DEATHS_SECONDS = 60.0


class Deaths:
    """Those of the last DEATHS_SECONDS."""

    def __init__(self) -> None:
        self._at: deque[float] = deque()

    def add(self) -> None:
        self._forget()
        self._at.append(time.monotonic())

    @property
    def too_many(self) -> bool:
        self._forget()
        return len(self._at) >= DEATHS

    @property
    def pause(self) -> float:
        """Seconds until the next start."""
        self._forget()
        return BACKOFF_SECONDS * 2.0 ** max(0, len(self._at) - 1)

    def _forget(self) -> None:
        while self._at and self._at[0] < time.monotonic() - DEATHS_SECONDS:
            self._at.popleft()
