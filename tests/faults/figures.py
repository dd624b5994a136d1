"""What the fault tests count and print."""

from dataclasses import dataclass, fields
from typing import Self


@dataclass
class Figures:
    """What must not happen, counted."""

    acknowledged_and_lost: int = 0
    delivered_twice: int = 0
    out_of_order: int = 0
    missed_after_sync: int = 0
    old_token_accepted: int = 0

    def __iadd__(self, other: "Figures") -> Self:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self

    def __str__(self) -> str:
        return ", ".join(
            f"{each.name.replace('_', ' ')} {getattr(self, each.name)}" for each in fields(self)
        )
