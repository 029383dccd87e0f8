"""Everybody whom a vacancy concerns, found by the index of `cell` in one statement. The rules are those of `bot.alerts.matching`.

`alert` remembers whom a vacancy concerned, so nobody is told twice. Consent and reach are looked at again when sending.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor

import orjson

from bot.alerts.matching import best_pay, meets
from bot.alerts.vacancy import Vacancy
from bot.person import PersonId, Wish
from bot.storage.broadcasts import lively
from bot.storage.instants import micros, moment
from bot.storage.line import Line, Query, Row
from bot.storage.tables import MODES, RHYTHMS
from bot.storage.vacancies import of_vacancy, read_vacancy

_REGIONS = Query(  # everything that somebody wished for, by hopping over the index
    "WITH RECURSIVE hop (name) AS (SELECT min(region) FROM cell UNION ALL"
    " SELECT (SELECT min(n.region) FROM cell n WHERE n.region > hop.name) FROM hop WHERE hop.name IS NOT NULL)"
    " SELECT name FROM hop WHERE name IS NOT NULL"
)
_SECTORS = Query(
    "WITH RECURSIVE hop (name) AS (SELECT min(sector) FROM cell WHERE region = $1 UNION ALL SELECT ("
    "SELECT min(n.sector) FROM cell n WHERE n.region = $1 AND n.sector > hop.name) FROM hop WHERE hop.name IS NOT NULL)"
    " SELECT name FROM hop WHERE name IS NOT NULL"
)
_LITE = "cell c WHERE c.region IN (SELECT value FROM json_each($1)) AND c.sector IN (SELECT value FROM json_each($2))"
_POSTGRES = "cell c WHERE c.region = ANY($1::text[]) AND c.sector = ANY($2::text[])"
_COPY = Query(
    "INSERT INTO alert (vacancy_id, person_id, due_at, sent_at) SELECT $2, person_id, due_at, sent_at FROM alert"
    " WHERE vacancy_id = $1 ON CONFLICT (vacancy_id, person_id) DO NOTHING",
    "INSERT INTO alert (vacancy_id, person_id, due_at, sent_at) SELECT CAST($2 AS bigint), person_id, due_at, sent_at FROM alert"
    " WHERE vacancy_id = $1 ON CONFLICT (vacancy_id, person_id) DO NOTHING",
)
# A vacancy whose people are still to be written down. The number tells whether it changed since it was looked at.
_OWE = Query(
    "INSERT INTO note (name, value, updated_at) VALUES ('match/' || CAST($1 AS INTEGER), '1', $2) ON CONFLICT (name)"
    " DO UPDATE SET value = CAST(value AS INTEGER) + 1, updated_at = excluded.updated_at"
)
_OWED = Query(
    f"SELECT {of_vacancy('v')}, n.value FROM note n JOIN vacancy v ON v.id = CAST(substr(n.name, 7) AS BIGINT)"
    " WHERE n.name >= 'match/' AND n.name < 'match0' ORDER BY n.name LIMIT $1"
)
_SETTLED = Query("DELETE FROM note WHERE name = 'match/' || CAST($1 AS INTEGER) AND value = $2")
_NOTE_SOME = Query(
    "INSERT INTO alert (vacancy_id, person_id, due_at) SELECT $1, p.id, $3 FROM json_each($2) AS j"
    " JOIN person p ON p.id = j.value WHERE TRUE ON CONFLICT (vacancy_id, person_id) DO NOTHING"
)
_DUE = Query(
    "SELECT DISTINCT person_id FROM alert WHERE sent_at IS NULL AND due_at <= $1 AND person_id > $2 ORDER BY person_id LIMIT $3"
)
_OF_PERSON = Query(
    f"SELECT {of_vacancy('v')} FROM alert a JOIN vacancy v ON v.id = a.vacancy_id"
    " WHERE a.person_id = $1 AND a.sent_at IS NULL AND v.state = 'open' AND (v.valid_through IS NULL OR v.valid_through >= $2)"
    " ORDER BY v.announced_at, v.id LIMIT 500"
)
OFFERED = 0
"""`batch_id` of what was not sent but offered in an answer: it counts as told, and is no message of the day."""
_OFFER = Query(
    f"INSERT INTO alert (vacancy_id, person_id, due_at, sent_at, batch_id) VALUES ($1, $2, $3, $3, {OFFERED})"
    f" ON CONFLICT (vacancy_id, person_id) DO UPDATE SET sent_at = excluded.sent_at WHERE alert.batch_id = {OFFERED}"
)
_TOLD = Query(
    "UPDATE alert SET sent_at = $3, batch_id = $4, by_template = $5 WHERE person_id = $1 AND sent_at IS NULL"
    " AND vacancy_id IN (SELECT value FROM json_each($2))",
    "UPDATE alert SET sent_at = $3, batch_id = $4, by_template = $5 WHERE person_id = $1 AND sent_at IS NULL"
    " AND vacancy_id = ANY($2::bigint[])",
)
_DROP = Query("DELETE FROM alert WHERE person_id = $1 AND sent_at IS NULL AND due_at <= $2")
_POSTPONE = Query("UPDATE alert SET due_at = $3 WHERE person_id = $1 AND sent_at IS NULL AND due_at <= $2")
_UNTOLD = Query(
    "UPDATE alert SET sent_at = NULL, batch_id = NULL, by_template = FALSE, due_at = $3"
    " WHERE person_id = $1 AND batch_id = $2 AND sent_at IS NOT NULL RETURNING vacancy_id"
)
# pieces of news of a day: digests, and what of announcements has left us or is still owed
_TIMES = Query(
    "SELECT (SELECT count(DISTINCT a.sent_at) FROM alert a WHERE a.person_id = $1 AND a.sent_at >= $2"
    f" AND COALESCE(a.batch_id, 1) <> {OFFERED})"
    f" + (SELECT count(*) FROM broadcast b JOIN delivery d ON d.batch_id = b.id WHERE d.person_id = $1 AND {lively('$2')}"
    " AND (d.state IN (0, 1, 2) OR (d.state IN (3, 4, 7, 8) AND d.sent_at >= $2)))"
)
_LATELY = Query(
    f"SELECT {of_vacancy('v')}, a.sent_at, a.batch_id FROM alert a JOIN vacancy v ON v.id = a.vacancy_id"
    " WHERE a.person_id = $1 AND a.sent_at IS NOT NULL ORDER BY a.sent_at DESC, v.announced_at, v.id LIMIT $2"
)
AT_ONCE = 500
"""So many are written down in one go where everybody else waits for it: some five milliseconds."""
_FAR = micros(datetime(9000, 1, 1, tzinfo=UTC))
"""`due_at` of what waits until WhatsApp's window opens or a template is approved: no moment, but later than all."""
_WAITING = f"a.sent_at IS NULL AND a.due_at >= {_FAR}"
_ANYBODY_WAITS = Query(f"SELECT 1 FROM alert a WHERE {_WAITING} LIMIT 1")
_BACK = Query(
    f"UPDATE alert SET due_at = $1 WHERE sent_at IS NULL AND due_at >= {_FAR} AND person_id IN"
    " (SELECT a.person_id FROM alert a JOIN conversation c ON c.person_id = a.person_id"
    f" WHERE {_WAITING} AND c.last_inbound_at > $2)"
)
_WITH_TEMPLATE = Query(
    f"UPDATE alert SET due_at = $1 WHERE sent_at IS NULL AND due_at >= {_FAR} AND person_id IN"
    f" (SELECT a.person_id FROM alert a JOIN person p ON p.id = a.person_id WHERE {_WAITING} AND p.language = $2)"
)
_COUNT_WAITING = Query(
    "SELECT p.language, count(DISTINCT a.person_id), count(DISTINCT a.vacancy_id) FROM alert a"
    " JOIN person p ON p.id = a.person_id JOIN vacancy v ON v.id = a.vacancy_id"
    f" WHERE {_WAITING} AND v.state = 'open' AND (v.valid_through IS NULL OR v.valid_through >= $1)"
    " GROUP BY p.language ORDER BY p.language"
)


@dataclass(frozen=True, slots=True)
class Due:
    """When those are told who asked for it at once, daily, or weekly on a day (0 is Monday)."""

    now: datetime
    daily: datetime
    weekly: Mapping[int, datetime]

    def at(self, rhythm: int) -> datetime:
        """When those of a rhythm are told, as it stands in `cell`."""
        return self.now if rhythm == RHYTHMS["now"] else self.weekly.get(rhythm, self.daily)


@dataclass(frozen=True, slots=True)
class Owed:
    """A vacancy that may concern people who are not written down yet."""

    vacancy: Vacancy
    mark: str


class Matching:
    """Who is concerned, inside one unit of work."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def people(self, vacancy: Vacancy, now: datetime) -> list[PersonId]:
        """Everybody whom the vacancy concerns now, in ascending order."""
        rows = await self._select("SELECT DISTINCT c.person_id", " ORDER BY 1", vacancy, now)
        return [PersonId(row[0]) for row in rows]

    async def count(self, vacancy: Vacancy, now: datetime) -> int:
        """How many that are."""
        rows = await self._select("SELECT count(DISTINCT c.person_id)", "", vacancy, now)
        return int(rows[0][0]) if rows else 0

    async def note(self, vacancy: Vacancy, due: Due) -> None:
        """Write down everybody whom the vacancy concerns, once, without carrying anybody here; they are told when it is due."""
        days = " ".join(f"WHEN {day} THEN {micros(day_due)}" for day, day_due in sorted(due.weekly.items()))
        when = f"CASE c.rhythm WHEN {RHYTHMS['now']} THEN {micros(due.now)} {days} ELSE {micros(due.daily)} END"
        into = f"INSERT INTO alert (vacancy_id, person_id, due_at) SELECT {int(vacancy.id)}, c.person_id, {when}"
        await self._select(into, " ON CONFLICT (vacancy_id, person_id) DO NOTHING", vacancy, due.now)

    async def owe(self, vacancy: Vacancy, at: datetime) -> None:
        """Everybody whom the vacancy concerns is to be written down, piece by piece: see `owed`.

        For the embedded engine, which runs in our own process: what it does in one go, everybody waits for.
        """
        await self._line.rows(_OWE, int(vacancy.id), micros(at))

    async def owed(self, n: int = 50) -> list[Owed]:
        """Vacancies whose people are still to be written down."""
        return [Owed(read_vacancy(row[:-1]).vacancy, str(row[-1])) for row in await self._line.rows(_OWED, n)]

    async def concerned(self, vacancy: Vacancy, due: Due) -> Mapping[datetime, list[int]]:
        """Everybody whom the vacancy concerns, by when they are to be told."""
        found: dict[datetime, list[int]] = {}
        rows = await self._select("SELECT DISTINCT c.rhythm, c.person_id", " ORDER BY 1, 2", vacancy, due.now)
        for rhythm, person_id in rows:
            found.setdefault(due.at(rhythm), []).append(person_id)
        return found

    async def note_some(self, vacancy: Vacancy, people: Sequence[int], due_at: datetime) -> None:
        """Write down these people, once."""
        await self._line.rows(_NOTE_SOME, int(vacancy.id), orjson.dumps(list(people)).decode(), micros(due_at))

    async def settled(self, owed: Owed) -> None:
        """All of them are written down, unless the vacancy changed meanwhile."""
        await self._line.rows(_SETTLED, int(owed.vacancy.id), owed.mark)

    async def inherit(self, old: int, new: int) -> None:
        """Whoever was told, or is to be told, of one vacancy counts as such for its duplicate."""
        await self._line.rows(_COPY, old, new)

    async def due(self, now: datetime, after: int = 0, limit: int = 500) -> list[PersonId]:
        """People who are to be told something now, in the order of their numbers."""
        return [PersonId(row[0]) for row in await self._line.rows(_DUE, micros(now), after, limit)]

    async def waiting(self, person_id: PersonId, now: datetime) -> list[Vacancy]:
        """The open vacancies that this person has not been told of, oldest first."""
        return [read_vacancy(row).vacancy for row in await self._line.rows(_OF_PERSON, person_id, micros(now))]

    async def open_for(self, person_id: PersonId, wish: Wish, now: datetime, n: int) -> list[Vacancy]:
        """The `n` newest open vacancies that fit the wish and that this person was neither told of nor is to be told."""
        places = [f"""v.body LIKE '%"region":"{_letters(region)}"%'""" for region in wish.regions]
        near = f" AND ({' OR '.join(places)} OR v.body LIKE '%\"places\":[]%')" if places else ""
        query = Query(
            f"SELECT {of_vacancy('v')} FROM vacancy v LEFT JOIN alert a ON a.vacancy_id = v.id AND a.person_id = $1"
            f" WHERE v.state = 'open' AND (v.valid_through IS NULL OR v.valid_through >= $2){near}"
            f" AND (a.vacancy_id IS NULL OR a.batch_id = {OFFERED}) ORDER BY v.announced_at DESC, v.id DESC LIMIT 500"
        )
        found = (read_vacancy(row).vacancy for row in await self._line.rows(query, person_id, micros(now)))
        return [one for one in found if meets(wish, one, now) is None][:n]

    async def offered(self, person_id: PersonId, vacancies: Sequence[Vacancy], now: datetime) -> None:
        """These were offered to the person in an answer."""
        for one in vacancies:
            await self._line.rows(_OFFER, int(one.id), person_id, micros(now))

    async def told(
        self, person_id: PersonId, vacancies: Sequence[str], now: datetime, batch_id: int | None, *, by_template: bool
    ) -> None:
        """These have been told, by this delivery."""
        numbers = [int(number) for number in vacancies]
        listed = orjson.dumps(numbers).decode() if self._line.sqlite else numbers
        await self._line.rows(_TOLD, person_id, listed, micros(now), batch_id, by_template)

    async def drop(self, person_id: PersonId, now: datetime) -> None:
        """What was due and not told is not worth telling any more."""
        await self._line.rows(_DROP, person_id, micros(now))

    async def postpone(self, person_id: PersonId, now: datetime, until: datetime | None) -> None:
        """What is due shall be told then; None: when the person writes, or a template for them is approved."""
        await self._line.rows(_POSTPONE, person_id, micros(now), _FAR if until is None else micros(until))

    async def reschedule(self, person_id: PersonId, at: datetime) -> None:
        """Everything that waits shall be told then: the person changed when they want to hear."""
        await self._line.rows(_POSTPONE, person_id, _FAR - 1, micros(at))

    async def untold(self, person_id: PersonId, batch_id: int, until: datetime | None = None) -> bool:
        """This delivery did not arrive: what it told waits again, as with `postpone`. False: it told of no vacancies."""
        return bool(await self._line.rows(_UNTOLD, person_id, batch_id, _FAR if until is None else micros(until)))

    async def anybody_waits(self) -> bool:
        """Somebody cannot be told, because their window is closed and there is no template."""
        return bool(await self._line.rows(_ANYBODY_WAITS))

    async def wake(self, now: datetime, wrote_after: datetime, languages: Sequence[str]) -> None:
        """Who waits is told now, if they wrote since or speak a language with an approved template."""
        await self._line.rows(_BACK, micros(now), micros(wrote_after))
        for language in languages:
            await self._line.rows(_WITH_TEMPLATE, micros(now), language)

    async def count_waiting(self, now: datetime) -> list[tuple[str, int, int]]:
        """Language, people and vacancies that wait for a window or a template."""
        return [(str(row[0]), int(row[1]), int(row[2])) for row in await self._line.rows(_COUNT_WAITING, micros(now))]

    async def times_told(self, person_id: PersonId, since: datetime) -> int:
        """How many pieces of news, vacancies and announcements together, this person got since then or is owed."""
        return int((await self._line.rows(_TIMES, person_id, micros(since)))[0][0])

    async def lately(self, person_id: PersonId, limit: int = 10) -> list[tuple[Vacancy, datetime, bool]]:
        """What this person was told of and when, and whether it was only offered in an answer.

        The newest message first, inside it the order it had.
        """
        rows = await self._line.rows(_LATELY, person_id, limit)
        return [(read_vacancy(row[:-2]).vacancy, moment(row[-2]), row[-1] == OFFERED) for row in rows]

    async def _select(self, what: str, after: str, vacancy: Vacancy, now: datetime) -> Sequence[Row]:
        """Select something of the people concerned; nothing when nobody can be.

        All that is asked for stands in the index of `cell`, so no other table and no row of this one is read.
        """
        if not vacancy.alive(now):
            return []
        regions, sectors = await self._wished(vacancy)
        pay = best_pay(vacancy)
        spoken = "".join(f""" AND c.languages LIKE '%"{_letters(language)}"%'""" for language in vacancy.languages)
        rest = (
            " AND c.min_pay <= $3 AND (c.paused_until IS NULL OR c.paused_until <= $4)"
            f" AND (c.modes & {MODES[str(vacancy.mode)]}) <> 0{spoken}{after}"
        )
        query = Query(f"{what} FROM {_LITE}{rest}", f"{what} FROM {_POSTGRES}{rest}")
        lists = [orjson.dumps(names).decode() if self._line.sqlite else names for names in (regions, sectors)]
        return await self._line.rows(query, *lists, floor(pay) if pay is not None else 0, micros(now))

    async def _wished(self, vacancy: Vacancy) -> tuple[list[str], list[str]]:
        """The regions and sectors to look for: those of the vacancy and "any"; all that are wished for when it names none."""
        regions, sectors = sorted({"", *vacancy.regions}), sorted({"", *vacancy.sectors})
        if not vacancy.regions:
            regions = [str(row[0]) for row in await self._line.rows(_REGIONS)]
        if not vacancy.sectors:
            found = [await self._line.rows(_SECTORS, region) for region in regions]
            sectors = sorted({str(row[0]) for rows in found for row in rows})
        return regions, sectors


def _letters(language: str) -> str:
    """The letters of a language's name, so that nothing else gets into a statement."""
    return "".join(letter for letter in language if letter.isalnum())
