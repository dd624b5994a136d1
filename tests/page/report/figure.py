"""A figure of the page, and the table of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`most` and `least` are what is wanted, inclusive; with neither of them it is only told."""

    what: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def wanted(self) -> str:
        if self.most is not None:
            return f"at most {self.most:g}"
        return "" if self.least is None else f"{self.least:g}"

    @property
    def verdict(self) -> str:
        if self.most is None and self.least is None:
            return "told"
        high = self.most is not None and self.value > self.most
        low = self.least is not None and self.value < self.least
        return "MISSES" if high or low else "within"


def table(figures: Iterable[Figure]) -> str:
    rows = [("figure", "value", "wanted", "")]
    rows += [(f.what, f"{f.value:.4g} {f.unit}".rstrip(), f.wanted, f.verdict) for f in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
