"""What the parts are told: how long to measure, and how much."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    rounds: int
    seconds: float
    """Of each measurement."""
    sockets: int
    """Idle ones on one process."""
    clients: int
    """That reconnect at once."""
