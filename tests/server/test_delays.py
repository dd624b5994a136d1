"""Delays are counted below the bound that they are below."""

from __future__ import annotations

from itertools import accumulate

import pytest

from server.delays import BOUNDS, Delays


@pytest.mark.parametrize("seconds", [0.0, 0.0009, 0.001, 0.0031, 0.004, 1.023, 4.0959, 4.096, 99.0])
def test_each_counts_for_the_bounds_above_it(seconds: float) -> None:
    delays = Delays()
    delays.note(seconds)
    below = [bool(count) for count in accumulate(delays.counts)]
    assert below == [seconds < bound for bound in BOUNDS] + [True]
    assert delays.seconds == seconds
