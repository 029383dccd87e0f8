"""What a part of the bench found: rows of a table, and aims with what was reached. Printing and JSON in one place."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_STARTED = time.monotonic()


@dataclass(frozen=True, slots=True)
class Aim:
    """Something promised: `reached` must be at least (or at most) `wanted`."""

    what: str
    reached: float
    wanted: float
    at_least: bool = False
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the promise is kept."""
        return self.reached >= self.wanted if self.at_least else self.reached <= self.wanted

    def line(self) -> str:
        """One line for people."""
        sign = "≥" if self.at_least else "≤"
        reached, wanted = (f"{number:,.4g}" for number in (self.reached, self.wanted))
        return f"  {'met   ' if self.met else 'MISSED'}  {self.what}: {reached} {self.unit} (aim {sign} {wanted})"


@dataclass
class Report:
    """One part."""

    name: str
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def show(self) -> None:
        """Print the table and the aims."""
        print(f"\n== {self.name} ==")
        for line in table(self.rows):
            print(line)
        for note in self.notes:
            print(f"  {note}")
        for aim in self.aims:
            print(aim.line())

    def to_json(self) -> dict[str, Any]:
        """The same for machines."""
        aims = [
            {"what": a.what, "reached": a.reached, "wanted": a.wanted, "unit": a.unit, "met": a.met} for a in self.aims
        ]
        return {"name": self.name, "rows": [dict(row) for row in self.rows], "aims": aims, "notes": self.notes}


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Aligned columns; the first is text, the others are numbers."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    return [
        "  "
        + "  ".join(cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True)))
        for line in cells
    ]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def say(text: str) -> None:
    """Progress, beside the tables: on standard error."""
    print(f"[{time.monotonic() - _STARTED:6.1f} s] {text}", file=sys.stderr, flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed; 0 without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
