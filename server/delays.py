"""How long something takes, counted by powers of two of a millisecond."""

from __future__ import annotations

from typing import Final

BOUNDS: Final = tuple(2**power / 1000 for power in range(13))
"""Seconds: 1, 2, 4 ... 4,096 ms. What takes longer is counted behind them."""


class Delays:
    """It is on the way of every message: hence a bit length in place of a search among bounds."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        """How many took less than each bound and not less than the one before."""
        self.seconds = 0.0
        """All of them together."""

    def note(self, seconds: float) -> None:
        self.seconds += seconds
        self.counts[min(int(seconds * 1000).bit_length(), len(BOUNDS))] += 1
