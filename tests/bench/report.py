"""The table of ratios, and the same as JSON and as a chart."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


@dataclass
class Figure:
    """One thing that is measured, round by round, beside what bounds it."""

    name: str
    unit: str
    against: str
    """What it is measured against, in the same round; "wish" where that is a fixed number."""
    wanted: float | None
    """The ratio that is to be reached; None: it is told, and nothing is wished."""
    better: Literal["more", "less"] = "more"
    fixed: float | None = field(default=None, kw_only=True)
    """What every round is held against where nothing is measured beside it."""
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    def add(self, ours: float, theirs: float | None = None) -> None:
        """One round; `theirs` is left out where it is fixed."""
        other = self.fixed if theirs is None else theirs
        assert other is not None, f"{self.name} has nothing to be measured against"
        self.ours.append(ours)
        self.theirs.append(other)

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios: a noisy round weighs no more than another."""
        return statistics.median(a / b for a, b in zip(self.ours, self.theirs, strict=True))

    @property
    def reached(self) -> bool:
        if self.wanted is None:
            return True
        return self.ratio >= self.wanted if self.better == "more" else self.ratio <= self.wanted

    @property
    def wish(self) -> str:
        sign = "≥" if self.better == "more" else "≤"
        return "told" if self.wanted is None else f"{sign} {self.wanted:.3g}"

    def row(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "against": self.against,
            "ours": statistics.median(self.ours),
            "theirs": statistics.median(self.theirs),
            "ratio": self.ratio,
            "wanted": self.wanted,
            "better": self.better,
            "rounds": len(self.ours),
        }


def table(figures: Sequence[Figure]) -> str:
    lines = [f"{'figure':<28}{'ours':>12}{'against':>30}{'ratio':>9}{'wanted':>10}"]
    for figure in figures:
        row = figure.row()
        lines.append(
            f"{figure.name:<28}{row['ours']:>12,.1f}"
            f"{figure.against:>20}{row['theirs']:>10,.1f}"
            f"{figure.ratio:>9.2f}{figure.wish:>10}"
            f"{'' if figure.reached else ' missed'}  {figure.unit}"
        )
    return "\n".join(lines)


def write(figures: Sequence[Figure], folder: Path) -> None:
    """`bench.json` and `bench.svg` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [figure.row() for figure in figures]
    text = json.dumps(rows, indent=2, ensure_ascii=False)
    (folder / "bench.json").write_text(text + "\n", encoding="utf-8")
    (folder / "bench.svg").write_text(chart(figures), encoding="utf-8")


ROW, LABEL, BAR = 34, 340, 320


def chart(figures: Sequence[Figure]) -> str:
    """Each ratio as a bar whose full length is twice what was wanted."""
    height = ROW * len(figures) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABEL + BAR + 130}" height="{height}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        f'<line x1="{LABEL + BAR / 2}" y1="8" x2="{LABEL + BAR / 2}" y2="{height - 22}" '
        'stroke="#888" stroke-dasharray="3 3"/>',
    ]
    for place, figure in enumerate(figures):
        y = 10 + ROW * place
        part = min(1.0, max(0.0, figure.ratio / (2 * (figure.wanted or 1.0))))
        colour = "#0f766e" if figure.reached else "#b45309"
        label = escape(f"{figure.name} / {figure.against}")
        parts += [
            f'<text x="{LABEL - 10}" y="{y + 17}" text-anchor="end" fill="#555">{label}</text>',
            f'<rect x="{LABEL}" y="{y + 3}" width="{BAR * part:.0f}" height="20" rx="3" '
            f'fill="{colour}"/>',
            f'<text x="{LABEL + BAR + 8}" y="{y + 17}" fill="#555">'
            f"{figure.ratio:.2f} ({figure.wish})</text>",
        ]
    parts.append(
        f'<text x="{LABEL + BAR / 2}" y="{height - 6}" text-anchor="middle" fill="#888">'
        "what is to be reached</text></svg>\n"
    )
    return "\n".join(parts)
