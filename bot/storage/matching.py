"""Everybody whom a vacancy concerns, found by the index of `cell` in one statement. The rules are those of `bot.alerts.matching`.

`alert` remembers whom a vacancy concerned, so nobody is told twice. Consent and reach are looked at again when sending.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from math import floor

from bot.alerts.matching import best_pay
from bot.alerts.vacancy import Vacancy
from bot.person import PersonId
from bot.storage.instants import micros, moment
from bot.storage.line import Line, Query, Row
from bot.storage.tables import MODES

_CELLS = Query(
    # every (region, sector) that somebody wished for, by hopping over the index: first the regions, then the sectors of each
    "WITH RECURSIVE area (region) AS (SELECT min(region) FROM cell UNION ALL"
    " SELECT (SELECT min(n.region) FROM cell n WHERE n.region > area.region) FROM area WHERE area.region IS NOT NULL),"
    " hop (region, sector) AS ("
    " SELECT area.region, (SELECT min(n.sector) FROM cell n WHERE n.region = area.region) FROM area WHERE area.region IS NOT NULL"
    " UNION ALL SELECT hop.region, (SELECT min(n.sector) FROM cell n WHERE n.region = hop.region AND n.sector > hop.sector)"
    " FROM hop WHERE hop.sector IS NOT NULL)"
    " SELECT region, sector FROM hop WHERE sector IS NOT NULL"
)
_EACH = "CROSS JOIN subscription s"
_EACH_BY_INDEX = "CROSS JOIN LATERAL (SELECT * FROM subscription o WHERE o.person_id = met.person_id OFFSET 0) s"
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
        rows = await self._select("", "s.person_id", " ORDER BY 1", vacancy, now)
        return [PersonId(row[0]) for row in rows]

    async def count(self, vacancy: Vacancy, now: datetime) -> int:
        """How many that are."""
        rows = await self._select("", "count(*)", "", vacancy, now)
        return int(rows[0][0]) if rows else 0

    async def note(self, vacancy: Vacancy, due: Due) -> None:
        """Write down everybody whom the vacancy concerns, once; they are told when it is due."""
        days = " ".join(f"WHEN {day} THEN {micros(moment_due)}" for day, moment_due in sorted(due.weekly.items()))
        columns = (
            f"{int(vacancy.id)}, s.person_id, CASE s.frequency WHEN 'now' THEN {micros(due.now)} WHEN 'daily' THEN {micros(due.daily)}"
            f" ELSE CASE COALESCE(s.weekday, 0) {days} END END"
        )
        into = "INSERT INTO alert (vacancy_id, person_id, due_at) "
        await self._select(into, columns, " ON CONFLICT (vacancy_id, person_id) DO NOTHING", vacancy, due.now)

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

    async def _select(self, before: str, columns: str, after: str, vacancy: Vacancy, now: datetime) -> Sequence[Row]:
        """Select something of the people concerned; nothing when nobody can be.

        The ranges of the index come first and are few; only who is found in them is looked at further. Both engines must
        be told so: `CROSS JOIN` keeps the order on SQLite; PostgreSQL guesses too many people and would read the whole
        table of subscriptions, but for a subquery that it may not take apart (`OFFSET 0`).
        """
        cells = await self._cells(vacancy) if vacancy.alive(now) else []
        if not cells:
            return []
        values: list[str | int] = []
        spots = ", ".join(f"({_next(values, region)}, {_next(values, sector)})" for region, sector in cells)
        pay = best_pay(vacancy)
        least = _next(values, floor(pay) if pay is not None else 0)
        spoken = "".join(
            f" AND s.languages LIKE {_next(values, f'%{_quoted(language)}%')}" for language in vacancy.languages
        )
        paused = _next(values, micros(now))
        text = (
            f"WITH spot (region, sector) AS (VALUES {spots}), met AS (SELECT DISTINCT c.person_id FROM spot CROSS JOIN cell c"
            f" WHERE c.region = spot.region AND c.sector = spot.sector AND c.min_pay <= {least} AND (c.modes & {MODES[str(vacancy.mode)]}) <> 0)"
            f" {before}SELECT {columns} FROM met {_EACH} WHERE s.person_id = met.person_id"
            f" AND s.alerts AND (s.paused_until IS NULL OR s.paused_until <= {paused}){spoken}{after}"
        )
        by_index = text.replace(_EACH, _EACH_BY_INDEX)
        return await self._line.rows(Query(text, by_index), *values)

    async def _cells(self, vacancy: Vacancy) -> list[tuple[str, str]]:
        """The ranges of the index to look into, as (region, sector); an empty list of the vacancy is any."""
        regions, sectors = {"", *vacancy.regions}, {"", *vacancy.sectors}
        if vacancy.regions and vacancy.sectors:
            return sorted(product(regions, sectors))
        wished = [(str(row[0]), str(row[1])) for row in await self._line.rows(_CELLS)]
        return [
            (region, sector)
            for region, sector in wished
            if (not vacancy.regions or region in regions) and (not vacancy.sectors or sector in sectors)
        ]


def _next(values: list[str | int], value: str | int) -> str:
    values.append(value)
    return f"${len(values)}"


def _quoted(language: str) -> str:
    """A language as the JSON list in the table holds it; letters only, so no wildcard can slip in."""
    return '"' + "".join(letter for letter in language if letter.isalnum()) + '"'
