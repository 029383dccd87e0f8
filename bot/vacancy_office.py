"""What the vacancy desk works with and what it gives back: the office, the outcome of a file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.alerts.judging import Judge
from bot.alerts.postings import Reader
from bot.alerts.vacancy import Vacancy
from bot.storage.matching import AT_ONCE


@dataclass(frozen=True, slots=True)
class Office:
    """What the desk knows about the country and the house."""

    reader: Callable[[], Reader]
    gate: Callable[[], Judge]
    minimum_wage: Callable[[], float]
    zone: ZoneInfo
    reports_above: int = 2  # more reports than this hold a vacancy


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file."""

    accepted: tuple[tuple[int, Vacancy], ...]
    rejected: tuple[Mapping[str, Any], ...]
    duplicates: tuple[tuple[int, int], ...]
    unchanged: int
    codes: frozenset[str] = frozenset()  # every vacancy that the file names, also those refused
    whole: bool = False  # nothing else can be in it: each row has a code, and there is no further page

    def to_json(self) -> dict[str, Any]:
        """As `rumbo import vacancies --json` shows it."""
        return {
            "accepted": [{"row": row, **vacancy.to_json()} for row, vacancy in self.accepted],
            "rejected": list(self.rejected),
            "duplicates": [{"row": row, "of": first} for row, first in self.duplicates],
            "unchanged": self.unchanged,
        }


def together(
    pieces: Sequence[tuple[Vacancy, datetime, list[int]]],
) -> Iterator[list[tuple[Vacancy, datetime, list[int]]]]:
    """The pieces in bunches that may be written down in one go."""
    bunch: list[tuple[Vacancy, datetime, list[int]]] = []
    for piece in pieces:
        if bunch and sum(len(people) for _, _, people in (*bunch, piece)) > AT_ONCE:
            yield bunch
            bunch = []
        bunch.append(piece)
    if bunch:
        yield bunch
