"""Everybody whom a vacancy concerns, found by the index of `cell` in one statement. The rules are those of `bot.alerts.matching`.

`alert` remembers whom a vacancy concerned, so nobody is told twice. Consent and reach are looked at again when sending.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor

from bot.alerts.matching import best_pay
from bot.alerts.vacancy import Vacancy
from bot.person import PersonId
from bot.storage.instants import micros, moment
from bot.storage.line import Line, Query
from bot.storage.tables import MODES

_CELLS = Query(
    # every (region, sector) that somebody wished for, by hopping over the index
    "WITH RECURSIVE hop (region, sector) AS ("
    " SELECT * FROM (SELECT region, sector FROM cell ORDER BY region, sector LIMIT 1) AS first"
    " UNION ALL SELECT"
    "  (SELECT n.region FROM cell n WHERE (n.region, n.sector) > (hop.region, hop.sector) ORDER BY n.region, n.sector LIMIT 1),"
    "  (SELECT n.sector FROM cell n WHERE (n.region, n.sector) > (hop.region, hop.sector) ORDER BY n.region, n.sector LIMIT 1)"
    " FROM hop WHERE hop.region IS NOT NULL)"
    " SELECT region, sector FROM hop WHERE region IS NOT NULL"
)
_COPY = Query(
    "INSERT INTO alert (vacancy_id, person_id, due_at, sent_at) SELECT $2, person_id, due_at, sent_at FROM alert"
    " WHERE vacancy_id = $1 ON CONFLICT (vacancy_id, person_id) DO NOTHING",
    "INSERT INTO alert (vacancy_id, person_id, due_at, sent_at) SELECT CAST($2 AS bigint), person_id, due_at, sent_at FROM alert"
    " WHERE vacancy_id = $1 ON CONFLICT (vacancy_id, person_id) DO NOTHING",
)
_DUE = Query(
    "SELECT DISTINCT person_id FROM alert WHERE sent_at IS NULL AND due_at <= $1 AND person_id > $2 ORDER BY person_id LIMIT $3"
)
_OF_PERSON = Query(
    "SELECT v.id, v.body FROM alert a JOIN vacancy v ON v.id = a.vacancy_id"
    " WHERE a.person_id = $1 AND a.sent_at IS NULL AND v.state = 'open' AND (v.valid_through IS NULL OR v.valid_through >= $2)"
    " ORDER BY v.announced_at, v.id LIMIT 500"
)
_TOLD = Query("UPDATE alert SET sent_at = $2 WHERE person_id = $1 AND sent_at IS NULL AND due_at <= $2")
_TIMES = Query("SELECT count(DISTINCT sent_at) FROM alert WHERE person_id = $1 AND sent_at >= $2")
_LATELY = Query(
    "SELECT v.id, a.sent_at FROM alert a JOIN vacancy v ON v.id = a.vacancy_id WHERE a.person_id = $1 AND a.sent_at IS NOT NULL"
    " ORDER BY a.sent_at DESC, v.id DESC LIMIT $2"
)


@dataclass(frozen=True, slots=True)
class Due:
    """When those are told who asked for it at once, daily, or weekly on a day (0 is Monday)."""

    now: datetime
    daily: datetime
    weekly: Mapping[int, datetime]


class Matching:
    """Who is concerned, inside one unit of work."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def people(self, vacancy: Vacancy, now: datetime) -> list[PersonId]:
        """Everybody whom the vacancy concerns now, in ascending order."""
        wanted = await self._wanted(vacancy, now)
        if wanted is None:
            return []
        where, values = wanted
        rows = await self._line.rows(Query(f"SELECT DISTINCT c.person_id {where} ORDER BY 1"), *values)
        return [PersonId(row[0]) for row in rows]

    async def count(self, vacancy: Vacancy, now: datetime) -> int:
        """How many that are."""
        wanted = await self._wanted(vacancy, now)
        if wanted is None:
            return 0
        where, values = wanted
        return int((await self._line.rows(Query(f"SELECT count(DISTINCT c.person_id) {where}"), *values))[0][0])

    async def note(self, vacancy: Vacancy, due: Due) -> None:
        """Write down everybody whom the vacancy concerns, once; they are told when it is due."""
        wanted = await self._wanted(vacancy, due.now)
        if wanted is None:
            return
        where, values = wanted
        first = len(values) + 1
        days = " ".join(f"WHEN {day} THEN ${first + 3 + day}" for day in range(7))
        moment_due = f"CASE s.frequency WHEN 'now' THEN ${first + 1} WHEN 'daily' THEN ${first + 2} ELSE CASE COALESCE(s.weekday, 0) {days} END END"
        select = f"SELECT DISTINCT ${first}, c.person_id, {moment_due} {where}"
        typed = select
        for number in range(first, first + 10):
            typed = typed.replace(f"${number} ", f"CAST(${number} AS bigint) ").replace(
                f"${number},", f"CAST(${number} AS bigint),"
            )
        into = "INSERT INTO alert (vacancy_id, person_id, due_at) "
        end = " ON CONFLICT (vacancy_id, person_id) DO NOTHING"
        stamps = [micros(due.now), micros(due.daily), *(micros(due.weekly[day]) for day in range(7))]
        await self._line.rows(Query(into + select + end, into + typed + end), *values, int(vacancy.id), *stamps)

    async def inherit(self, old: int, new: int) -> None:
        """Whoever was told, or is to be told, of one vacancy counts as such for its duplicate."""
        await self._line.rows(_COPY, old, new)

    async def due(self, now: datetime, after: int = 0, limit: int = 500) -> list[PersonId]:
        """People who are to be told something now, in the order of their numbers."""
        return [PersonId(row[0]) for row in await self._line.rows(_DUE, micros(now), after, limit)]

    async def waiting(self, person_id: PersonId, now: datetime) -> list[int]:
        """The open vacancies that this person has not been told of, oldest first."""
        return [int(row[0]) for row in await self._line.rows(_OF_PERSON, person_id, micros(now))]

    async def told(self, person_id: PersonId, now: datetime) -> None:
        """Everything that was due has been told, or is not worth telling any more."""
        await self._line.rows(_TOLD, person_id, micros(now))

    async def times_told(self, person_id: PersonId, since: datetime) -> int:
        """How many alert messages this person got since then."""
        return int((await self._line.rows(_TIMES, person_id, micros(since)))[0][0])

    async def lately(self, person_id: PersonId, limit: int = 10) -> list[tuple[int, datetime]]:
        """What this person was told of, newest first: number and when."""
        return [(int(row[0]), moment(row[1])) for row in await self._line.rows(_LATELY, person_id, limit)]

    async def _wanted(self, vacancy: Vacancy, now: datetime) -> tuple[str, list[str | int]] | None:
        """FROM and WHERE of the people concerned, with their values; None when nobody can be."""
        if not vacancy.alive(now):
            return None
        cells = await self._cells(vacancy)
        if not cells:
            return None
        values: list[str | int] = []
        spots: list[str] = []
        for region, sectors in cells.items():
            spots.append(
                f"(c.region = {_next(values, region)} AND c.sector IN ({', '.join(_next(values, sector) for sector in sectors)}))"
            )
        pay = best_pay(vacancy)
        least = _next(values, floor(pay) if pay is not None else 0)
        mode = MODES[str(vacancy.mode)]
        spoken = "".join(
            f" AND s.languages LIKE {_next(values, f'%{_quoted(language)}%')}" for language in vacancy.languages
        )
        paused = _next(values, micros(now))
        return (
            f"FROM cell c JOIN subscription s ON s.person_id = c.person_id JOIN person p ON p.id = c.person_id"
            f" WHERE ({' OR '.join(spots)}) AND c.min_pay <= {least} AND (c.modes & {mode}) <> 0"
            f" AND s.alerts AND (s.paused_until IS NULL OR s.paused_until <= {paused}) AND p.reachable{spoken}"
        ), values

    async def _cells(self, vacancy: Vacancy) -> dict[str, Sequence[str]]:
        """The ranges of the index to look into: region to sectors."""
        if vacancy.regions and vacancy.sectors:
            return dict.fromkeys(("", *vacancy.regions), ("", *vacancy.sectors))
        cells: dict[str, list[str]] = {}
        for region, sector in await self._line.rows(_CELLS):
            if (not vacancy.regions or region in {"", *vacancy.regions}) and (
                not vacancy.sectors or sector in {"", *vacancy.sectors}
            ):
                cells.setdefault(region, []).append(sector)
        return dict(cells)


def _next(values: list[str | int], value: str | int) -> str:
    values.append(value)
    return f"${len(values)}"


def _quoted(language: str) -> str:
    """A language as the JSON list in the table holds it; letters only, so no wildcard can slip in."""
    return '"' + "".join(letter for letter in language if letter.isalnum()) + '"'
