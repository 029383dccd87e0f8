"""The vacancies and fairs of partners, inside one unit of work.

(partner, identifier) is a vacancy for ever. Two processes never take in at once: a lock is held until the commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from bot.alerts.events import PartnerFair
from bot.alerts.vacancy import State, Vacancy
from bot.person import PersonId
from bot.storage.instants import micros, moment
from bot.storage.line import Line, Query, Row

_LOCK = 7_852_620_612  # any number, the same for all of us

_ALONE = Query("SELECT $1", "SELECT pg_advisory_xact_lock($1)")
_FIRST = Query(
    "INSERT INTO partner_event (partner, webhook_id, received_at, answer) VALUES ($1, $2, $3, '')"
    " ON CONFLICT (partner, webhook_id) DO NOTHING RETURNING 1"
)
_ANSWER = Query("SELECT answer FROM partner_event WHERE partner = $1 AND webhook_id = $2")
_ANSWERED = Query("UPDATE partner_event SET answer = $3 WHERE partner = $1 AND webhook_id = $2")
_PURGE = Query("DELETE FROM partner_event WHERE received_at < $1")
_NAMES = ("id", "state", "content", "duplicate_of", "event_at", "announced_at", "decision", "decided_content", "body")


def of_vacancy(table: str) -> str:
    """The columns that `read_vacancy` reads, for a join."""
    return ", ".join(f"{table}.{name}" for name in _NAMES)


_COLUMNS = ", ".join(_NAMES)
_FIND = Query(f"SELECT {_COLUMNS} FROM vacancy WHERE partner = $1 AND identifier = $2")
_BY_ID = Query(f"SELECT {_COLUMNS} FROM vacancy WHERE id = $1")
_SAVE = Query(
    "INSERT INTO vacancy (id, partner, identifier, state, content, same_job, duplicate_of, valid_through, event_at,"
    " updated_at, announced_at, decision, decided_content, body)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    " ON CONFLICT (partner, identifier) DO UPDATE SET state = excluded.state, content = excluded.content,"
    " same_job = excluded.same_job, duplicate_of = excluded.duplicate_of, valid_through = excluded.valid_through,"
    " event_at = excluded.event_at, updated_at = excluded.updated_at, announced_at = excluded.announced_at,"
    " decision = excluded.decision, decided_content = excluded.decided_content, body = excluded.body"
)
_DECIDED = Query("UPDATE vacancy SET decided_by = $2 WHERE id = $1")
_SAME = Query(
    "SELECT id FROM vacancy WHERE same_job = $1 AND partner <> $2 AND duplicate_of IS NULL"
    " AND (state = 'open' OR (state = 'held' AND announced_at IS NOT NULL))"
    " AND (valid_through IS NULL OR valid_through >= $3) ORDER BY id LIMIT 1"
)
_TURNED_DOWN = Query(
    "SELECT 1 FROM vacancy WHERE same_job = $1 AND decision = 'rejected' AND NOT (partner = $2 AND identifier = $3) LIMIT 1"
)
_COPIES = Query(f"SELECT {_COLUMNS} FROM vacancy WHERE duplicate_of = $1 AND state = 'duplicate' ORDER BY id")
_POINT = Query("UPDATE vacancy SET duplicate_of = $2 WHERE duplicate_of = $1 AND id <> $2")
_LIST = Query(f"SELECT {_COLUMNS} FROM vacancy WHERE ($1 = '' OR state = $1) ORDER BY id DESC LIMIT $2")
_REPORT = Query(
    "INSERT INTO vacancy_report (vacancy_id, person_id, at)"
    " SELECT vacancy_id, person_id, $3 FROM alert WHERE vacancy_id = $1 AND person_id = $2 AND sent_at IS NOT NULL"
    " ON CONFLICT (vacancy_id, person_id) DO NOTHING",
    "INSERT INTO vacancy_report (vacancy_id, person_id, at)"
    " SELECT vacancy_id, person_id, CAST($3 AS bigint) FROM alert WHERE vacancy_id = $1 AND person_id = $2 AND sent_at IS NOT NULL"
    " ON CONFLICT (vacancy_id, person_id) DO NOTHING",
)
_REPORTS = Query("SELECT count(*) FROM vacancy_report WHERE vacancy_id = $1")
_REPORT_COUNTS = Query(
    "SELECT vacancy_id, count(*) AS reports FROM vacancy_report GROUP BY vacancy_id ORDER BY reports DESC, vacancy_id DESC LIMIT $1"
)
_REPORTED_OPEN = Query(
    f"SELECT {of_vacancy('v')}, r.reports FROM vacancy v JOIN"
    " (SELECT vacancy_id, count(*) AS reports FROM vacancy_report GROUP BY vacancy_id) r ON r.vacancy_id = v.id"
    " WHERE v.state = 'open' AND (v.valid_through IS NULL OR v.valid_through >= $1) ORDER BY r.reports DESC, v.id DESC LIMIT $2"
)
_COUNT = Query("SELECT count(*) FROM vacancy WHERE ($1 = '' OR state = $1)")
_FORGET_REPORTS = Query("DELETE FROM vacancy_report WHERE vacancy_id = $1")
_FAIR = Query("SELECT id, state, content, event_at, body FROM partner_fair WHERE partner = $1 AND identifier = $2")
_FAIR_BY_ID = Query("SELECT id, state, content, event_at, body FROM partner_fair WHERE id = $1")
_FAIRS = Query(
    "SELECT id, state, content, event_at, body FROM partner_fair WHERE ($1 = '' OR state = $1) ORDER BY id DESC LIMIT $2"
)
FILED = "filed"
"""State of a partner's fair that a person of the team has made a content file of."""
_FAIRS_TO_LOOK_AT = Query(
    "SELECT id, state, content, event_at, body FROM partner_fair WHERE state IN ('held', 'cancelled') ORDER BY id DESC LIMIT 500"
)
_SAVE_FAIR = Query(
    "INSERT INTO partner_fair (id, partner, identifier, state, content, event_at, updated_at, body)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (partner, identifier) DO UPDATE SET state = excluded.state,"
    " content = excluded.content, event_at = excluded.event_at, updated_at = excluded.updated_at, body = excluded.body,"
    " revision = partner_fair.revision + 1"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A vacancy with what only the desk needs to know of it."""

    vacancy: Vacancy
    content: str
    event_at: datetime
    announced_at: datetime | None = None
    decision: str = ""
    decided_content: str = ""


@dataclass(frozen=True, slots=True)
class StoredFair:
    """A partner's fair with what only the desk needs to know of it."""

    fair: PartnerFair
    content: str
    event_at: datetime


class VacancyStore:
    """Vacancies, reports and partner fairs, inside one unit of work."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def alone(self) -> None:
        """From here to the end of the unit of work nobody else takes anything in."""
        await self._line.rows(_ALONE, _LOCK)

    async def first_time(self, partner: str, webhook_id: str, at: datetime) -> bool:
        """Whether this request of this partner is new."""
        return bool(await self._line.rows(_FIRST, partner, webhook_id, micros(at)))

    async def answer(self, partner: str, webhook_id: str) -> str:
        """What was answered to it."""
        rows = await self._line.rows(_ANSWER, partner, webhook_id)
        return str(rows[0][0]) if rows else ""

    async def answered(self, partner: str, webhook_id: str, answer: str) -> None:
        """Keep the answer for the repetition."""
        await self._line.rows(_ANSWERED, partner, webhook_id, answer)

    async def purge(self, before: datetime) -> None:
        """Forget requests that nobody repeats any more."""
        await self._line.rows(_PURGE, micros(before))

    async def find(self, partner: str, identifier: str) -> Stored | None:
        """The vacancy of this key."""
        return _one(await self._line.rows(_FIND, partner, identifier))

    async def by_id(self, vacancy_id: int) -> Stored | None:
        """The vacancy of this number."""
        return _one(await self._line.rows(_BY_ID, vacancy_id))

    async def save(self, stored: Stored, same_job: str | None, at: datetime) -> None:
        """Write the vacancy down, new or changed."""
        vacancy = stored.vacancy
        until = micros(vacancy.valid_through) if vacancy.valid_through else None
        await self._line.rows(
            _SAVE, int(vacancy.id), vacancy.partner, vacancy.identifier, str(vacancy.state), stored.content, same_job,
            int(vacancy.duplicate_of) if vacancy.duplicate_of else None, until, micros(stored.event_at), micros(at),
            micros(stored.announced_at) if stored.announced_at else None, stored.decision, stored.decided_content,
            orjson.dumps(vacancy.to_json()).decode(),
        )  # fmt: skip

    async def decided(self, vacancy_id: int, by: str) -> None:
        """Note who of the team decided."""
        await self._line.rows(_DECIDED, vacancy_id, by[:80])

    async def same(self, same_job: str, partner: str, now: datetime) -> str | None:
        """The vacancy of another partner that is the same job and people know of; one that was never told hides no other."""
        rows = await self._line.rows(_SAME, same_job, partner, micros(now))
        return str(rows[0][0]) if rows else None

    async def turned_down(self, same_job: str, vacancy: Vacancy) -> bool:
        """Whether the team has turned the same job down under another key."""
        return bool(await self._line.rows(_TURNED_DOWN, same_job, vacancy.partner, vacancy.identifier))

    async def copies(self, vacancy_id: int) -> list[Stored]:
        """The duplicates of a vacancy, oldest first."""
        return [read_vacancy(row) for row in await self._line.rows(_COPIES, vacancy_id)]

    async def point(self, old: int, new: int) -> None:
        """The duplicates of one vacancy are now those of another."""
        await self._line.rows(_POINT, old, new)

    async def list(self, state: str = "", limit: int = 200) -> list[Stored]:
        """The newest vacancies, all or those of a state."""
        return [read_vacancy(row) for row in await self._line.rows(_LIST, state, limit)]

    async def count(self, state: str = "") -> int:
        """How many there are, all or those of a state."""
        return int((await self._line.rows(_COUNT, state))[0][0])

    async def report_counts(self, limit: int = 10_000) -> dict[str, int]:
        """How many people have reported each vacancy since the team last decided on it; those without a report are not in it."""
        return {str(row[0]): int(row[1]) for row in await self._line.rows(_REPORT_COUNTS, limit)}

    async def reported_open(self, now: datetime, limit: int = 200) -> Sequence[tuple[Stored, int]]:
        """What people are still told of though somebody reported it, most reports first."""
        rows = await self._line.rows(_REPORTED_OPEN, micros(now), limit)
        return [(read_vacancy(row[:-1]), int(row[-1])) for row in rows]

    async def report(self, vacancy_id: int, person_id: PersonId, at: datetime) -> int:
        """Count one report of somebody who received it; gives how many people have reported."""
        await self._line.rows(_REPORT, vacancy_id, person_id, micros(at))
        return int((await self._line.rows(_REPORTS, vacancy_id))[0][0])

    async def forget_reports(self, vacancy_id: int) -> None:
        """A person has looked: counting begins anew."""
        await self._line.rows(_FORGET_REPORTS, vacancy_id)

    async def fair(self, partner: str, identifier: str) -> StoredFair | None:
        """The fair of this key."""
        rows = await self._line.rows(_FAIR, partner, identifier)
        return _stored_fair(rows[0]) if rows else None

    async def fair_by_id(self, fair_id: int) -> StoredFair | None:
        """The fair of this number."""
        rows = await self._line.rows(_FAIR_BY_ID, fair_id)
        return _stored_fair(rows[0]) if rows else None

    async def fairs(self, state: str = "", limit: int = 200) -> Sequence[StoredFair]:
        """The newest fairs, all or those of a state."""
        return [_stored_fair(row) for row in await self._line.rows(_FAIRS, state, limit)]

    async def fairs_to_look_at(self, now: datetime) -> Sequence[StoredFair]:
        """Those that nobody of the team has looked at, and cancelled ones; nothing that is over. Newest first."""
        found = [_stored_fair(row) for row in await self._line.rows(_FAIRS_TO_LOOK_AT)]
        return [one for one in found if (one.fair.end or one.fair.start or now) >= now]

    async def save_fair(self, stored: StoredFair, at: datetime) -> None:
        """Write the fair down, new or changed."""
        fair = stored.fair
        body = orjson.dumps(fair.to_json()).decode()
        moments = micros(stored.event_at), micros(at)
        await self._line.rows(
            _SAVE_FAIR, int(fair.id), fair.partner, fair.identifier, fair.state, stored.content, *moments, body
        )


def _one(rows: Sequence[Row]) -> Stored | None:
    return read_vacancy(rows[0]) if rows else None


def read_vacancy(row: Row) -> Stored:
    """A row of `of_vacancy`."""
    vacancy_id, state, content, duplicate_of, event_at, announced_at, decision, decided_content, body = row
    vacancy = replace(
        Vacancy.from_json(orjson.loads(body)),
        id=str(vacancy_id),
        state=State(state),
        duplicate_of=str(duplicate_of) if duplicate_of else None,
    )
    announced = moment(announced_at) if announced_at is not None else None
    return Stored(vacancy, content, moment(event_at), announced, decision, decided_content)


def _stored_fair(row: Row) -> StoredFair:
    fair_id, state, content, event_at, body = row
    fair = replace(PartnerFair.from_json(orjson.loads(body)), id=str(fair_id), state=state)
    return StoredFair(fair, content, moment(event_at))
