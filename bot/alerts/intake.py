"""What became of a file of vacancies: rows accepted, rows refused and why, rows that repeat another. Pure data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.alerts.vacancy import Vacancy
from bot.errors import Malformed


@dataclass(frozen=True, slots=True)
class Rejected:
    """One thing that is wrong in one row. `field` is the column's or the property's name as the file has it."""

    row: int
    field: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """As `rumbo import --json` shows it."""
        return {"row": self.row, "field": self.field, "reason": self.reason}


@dataclass(slots=True)
class Intake:
    """Collects the rows of one file in their order."""

    same_code: str  # the reason for a code that comes again with other content
    accepted: list[tuple[int, Vacancy]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    duplicates: list[tuple[int, int]] = field(default_factory=list)  # row, the row that it repeats
    refused: set[str] = field(default_factory=set)  # codes of rows that could not be read otherwise
    nameless: bool = False  # a row was refused whose code nobody knows
    _seen: dict[str, tuple[int, Vacancy]] = field(default_factory=dict)

    def take(self, row: int, vacancy: Vacancy, key_column: str) -> None:
        """A row that could be read; it may still repeat another one."""
        first = self._seen.setdefault(vacancy.identifier, (row, vacancy))
        if first[0] == row:
            self.accepted.append((row, vacancy))
        elif replace(first[1], identifier="") == replace(vacancy, identifier=""):
            self.duplicates.append((row, first[0]))
        else:
            self.rejected.append(Rejected(row, key_column, self.same_code))

    def refuse(self, row: int, problems: Iterable[tuple[str, str]]) -> None:
        """A row that could not be read, with everything that is wrong."""
        self._refuse(row, problems)
        self.nameless = True

    def refuse_malformed(self, row: int, error: Malformed, code: str | None = None) -> None:
        """The same from an exception; `code` is the vacancy's, when that much could be read."""
        self._refuse(row, error.errors or (("", str(error)),))
        if code:
            self.refused.add(code)
        else:
            self.nameless = True

    @property
    def codes(self) -> frozenset[str]:
        """Every vacancy that the file names."""
        return frozenset(self._seen) | self.refused

    def _refuse(self, row: int, problems: Iterable[tuple[str, str]]) -> None:
        self.rejected += [Rejected(row, name, why) for name, why in problems]
