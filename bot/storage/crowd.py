"""The many: who could be told, who has it already, and the rows that owe it to them, made chunk by chunk.

The cursor is saved with the rows it stands for, so whatever dies, the next one goes on where this one was. Reading
many people belongs into `Storage.view`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import bindparam, text

from bot.storage.broadcasts import QUIET, Announcement, lively
from bot.storage.instants import micros
from bot.storage.line import Line, Query

_CONSENTED = {
    "alerts": "COALESCE(s.alerts, FALSE)",
    "fairs": "COALESCE(s.fairs, FALSE)",
    "any": "COALESCE(s.alerts OR s.fairs, FALSE)",
}
_ASKED = (  # for the reminder of this fair, and did not end it since
    "EXISTS (SELECT 1 FROM registration r WHERE r.fair = :fair AND r.person_id = p.id AND NOT EXISTS ("
    "SELECT 1 FROM consent e WHERE e.person_id = p.id AND e.topic = 'fairs' AND NOT e.given AND e.at >= r.at))"
)
_ONCE = "EXISTS (SELECT 1 FROM consent k WHERE k.person_id = p.id AND k.given AND k.topic = '{topic}')"
_TOLD = "SELECT t.person_id FROM delivery t WHERE t.batch_id IN :told AND t.state IN (3, 4, 7, 8)"
_CANDIDATES = """
SELECT p.id, p.channel, p.language, p.reachable, c.last_inbound_at, s.paused_until, {consented}, {once}, {asked}
FROM person p LEFT JOIN conversation c ON c.person_id = p.id LEFT JOIN subscription s ON s.person_id = p.id
WHERE {some} {conditions} ORDER BY p.id LIMIT :n
"""
_HAVE = "SELECT person_id FROM delivery WHERE batch_id IN :batches AND {some} AND state NOT IN (5, 6)"
_LIVELY = f"SELECT b.id FROM broadcast b WHERE b.id <> :me AND {lively(':since')}"
_NEWS = """
SELECT q.person_id, q.n FROM (
    SELECT j.{value} AS person_id,
        (SELECT count(DISTINCT a.sent_at) FROM alert a WHERE a.person_id = j.{value} AND a.sent_at >= :since
           AND COALESCE(a.batch_id, 1) <> 0)
        + (SELECT count(*) FROM delivery d WHERE d.batch_id IN :batches AND d.person_id = j.{value}
           AND ((d.state IN (0, 1, 2) AND d.next_at >= :owed) OR (d.state IN (3, 4, 7, 8) AND d.sent_at >= :since))) AS n
    FROM {ids}
) AS q WHERE q.n >= :least
"""
_INSERT = """
INSERT INTO delivery (batch_id, person_id, lane, priority, state, next_at, expires_at, created_at)
SELECT CAST(:batch AS BIGINT), p.id, p.channel, CAST(:priority AS SMALLINT), 0, CAST(:next AS BIGINT),
       CAST(:until AS BIGINT), CAST(:now AS BIGINT)
FROM {ids} JOIN person p ON p.id = j.{value} WHERE p.created_at <= :planned
"""
# Sent a second time, to whom it could not be sent. The first time nobody has a row beyond the cursor, and PostgreSQL
# needs a third less time when it need not look for one; the primary key would still refuse a second one.
_THERE = Query("SELECT 1 FROM delivery WHERE batch_id = $1 AND person_id > $2 LIMIT 1")
_OR_ANEW = """
ON CONFLICT (batch_id, person_id) DO UPDATE SET state = 0, next_at = excluded.next_at, lane = excluded.lane,
    expires_at = excluded.expires_at, attempts = 0, owner = NULL, provider_id = NULL, error = NULL, sent_at = NULL
    WHERE delivery.state IN (5, 6)
"""
_KEPT_OUT = "UPDATE delivery SET state = 6, error = :why WHERE batch_id = :batch AND {who} AND state = 0"
_ASKED_OF = "SELECT p.id FROM person p WHERE {who} AND " + _ASKED
_LITE = {"ids": "json_each(:ids) AS j", "value": "value"}
_POSTGRES = {"ids": "unnest(CAST(:ids AS bigint[])) AS j(id)", "value": "id"}

# A plan begins with a mark; whoever is changed by what the plan does not see yet gets that mark or a later one.
# PostgreSQL: marks are numbers of transactions, the plan's is the oldest that is not over. SQLite: they count the
# plans, and one writes at a time. A mark from the future comes from another server: then everybody may have moved.
_MARK = Query(
    "INSERT INTO note (name, value, updated_at) VALUES ('plans', '1', 0) ON CONFLICT (name)"
    " DO UPDATE SET value = CAST(value AS INTEGER) + 1 RETURNING CAST(value AS INTEGER)",
    "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)",
)
_MOVED = "SELECT person_id FROM moved WHERE {since} AND person_id > $2 ORDER BY person_id LIMIT $3"
_MOVED_SINCE = Query(
    _MOVED.format(since="mark >= $1"),
    _MOVED.format(
        since="(mark >= $1 OR $1 > (SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)))"
    ),
)
_TOLD_SINCE = (
    "SELECT person_id FROM delivery WHERE batch_id IN :told AND state IN (3, 4, 7, 8) AND person_id > :after"
    " AND (sent_at IS NULL OR sent_at >= :since) ORDER BY person_id LIMIT :n"
)

_NEWEST = Query("SELECT max(created_at) FROM person")
_FIRST = (
    "SELECT last_id, ids FROM roster WHERE broadcast_id = $1 AND eligible AND last_id > $2 ORDER BY last_id LIMIT 1"
)
_NEXT_CHUNK = Query(_FIRST)
_LOCK = Query(
    f"SELECT cursor_person_id FROM broadcast WHERE id = $1 AND state IN ('sending', '{QUIET}')",
    f"SELECT cursor_person_id FROM broadcast WHERE id = $1 AND state IN ('sending', '{QUIET}') FOR UPDATE SKIP LOCKED",
)
_TURN = 7_852_620_613  # any number, the same for all of us
_ALONE = Query("SELECT $1", "SELECT pg_advisory_xact_lock($1)")
_BESIDE = Query("SELECT $1", "SELECT pg_advisory_xact_lock_shared($1)")
_FORWARD = Query("UPDATE broadcast SET cursor_person_id = $2, total = total + $3 WHERE id = $1")
_WAITING = Query("SELECT 1 FROM delivery WHERE lane = $1 AND batch_id = $2 AND state = 0 AND priority > 0 LIMIT 1")
_FLYING = Query("SELECT 1 FROM delivery WHERE batch_id = $1 AND state IN (1, 2) LIMIT 1")
_REST = Query(
    f"UPDATE broadcast SET state = '{QUIET}' WHERE state = 'sending' AND id IN (SELECT broadcast_id FROM announcement)"
)
_WAKE = Query(f"UPDATE broadcast SET state = 'sending' WHERE state = '{QUIET}' RETURNING id")
_RESEND = Query(
    "UPDATE delivery SET state = 0, next_at = $2, owner = NULL WHERE batch_id = $1 AND state = 4 RETURNING lane"
)
_RESENT = Query("UPDATE announcement SET resent_at = $2 WHERE broadcast_id = $1 AND resent_at IS NULL RETURNING 1")
_MAY_REMIND = Query(
    "SELECT 1 FROM person p LEFT JOIN subscription s ON s.person_id = p.id WHERE p.id = $2 AND (COALESCE(s.fairs, FALSE)"
    " OR " + _ASKED.replace(":fair", "$1") + ")"
)


KeepOut = Callable[[Sequence[int]], Awaitable[Mapping[str, Sequence[int]]]]
"""Who of these people must not get it after all, by reason."""


class Candidate(NamedTuple):
    """What the plan looks at of one person. Moments are stored microseconds."""

    person: int
    channel: str
    language: str
    reachable: bool
    last_inbound: int | None
    paused_until: int | None
    consented: bool
    once: bool  # had consented before
    asked: bool  # for this very reminder


@dataclass(frozen=True, slots=True)
class Some:
    """Which people to look at: those with numbers in a range, or exactly these."""

    after: int = 0
    until: int = 2**62
    ids: Sequence[int] | None = None

    def where(self, column: str, *, sqlite: bool) -> str:
        """The condition."""
        if self.ids is None:
            return f"{column} > :after AND {column} <= :until"
        return (
            f"{column} IN (SELECT value FROM json_each(:ids))" if sqlite else f"{column} = ANY(CAST(:ids AS bigint[]))"
        )

    def values(self, *, sqlite: bool) -> dict[str, Any]:
        """What it is asked with."""
        if self.ids is None:
            return {"after": self.after, "until": self.until}
        return {"ids": orjson.dumps(list(self.ids)).decode() if sqlite else list(self.ids)}


@dataclass(frozen=True, slots=True)
class Circle:
    """Whom an announcement is about, as the database is asked. Empty: any."""

    topic: str
    regions: Sequence[str] = ()
    sectors: Sequence[str] = ()
    languages: Sequence[str] = ()
    channels: Sequence[str] = ()
    fair: str = ""  # only people registered for it, or told of it by one of `told`
    told: Sequence[int] = ()
    registered: bool = True


class Crowd:
    """Many people, inside one unit of work."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._these = _LITE if line.sqlite else _POSTGRES

    async def mark(self) -> int:
        """The present, for `moved`; to be saved before anybody is looked at."""
        return int((await self._line.rows(_MARK))[0][0])

    async def newest(self) -> int:
        """When the newest person came, in microseconds: of a number that is given anew later, somebody newer is meant.

        The clock that a plan is made by may be behind the one that people are welcomed by.
        """
        return int((await self._line.rows(_NEWEST))[0][0] or 0)

    async def moved(self, mark: int, after: int, n: int) -> list[int]:
        """The next `n` people who may have come into some circle since the mark, in ascending order."""
        return [int(row[0]) for row in await self._line.rows(_MOVED_SINCE, mark, after, n)]

    async def told(self, batches: Sequence[int], since: datetime, after: int, n: int) -> list[int]:
        """The next `n` people who were told by one of these broadcasts since then, in ascending order."""
        if not batches:
            return []
        statement = text(_TOLD_SINCE).bindparams(bindparam("told", expanding=True))
        values = {"told": list(batches), "since": micros(since), "after": after, "n": n}
        return [int(row[0]) for row in (await self._line.run(statement, values)).all()]

    async def candidates(self, circle: Circle, some: Some, n: int) -> list[Candidate]:
        """The first `n` of these people who are in the circle, in ascending order."""
        conditions, values, lists = _conditions(circle)
        topic = "fairs" if circle.topic == "asked" else circle.topic
        statement = text(
            _CANDIDATES.format(
                consented=_CONSENTED.get(topic, _CONSENTED["any"]),
                once=_ONCE.format(topic=topic),
                asked=_ASKED if circle.fair and circle.registered else "FALSE",
                some=some.where("p.id", sqlite=self._line.sqlite),
                conditions=conditions,
            )
        ).bindparams(*(bindparam(name, expanding=True) for name in lists))
        found = await self._line.run(statement, {**values, **lists, **some.values(sqlite=self._line.sqlite), "n": n})
        rows: Sequence[Any] = found.all()
        return [Candidate(*row) for row in rows]

    async def having(self, batches: Sequence[int], some: Some) -> set[int]:
        """Who of these people has one of these broadcasts, may have it, or is owed it."""
        if not batches:
            return set()
        who = some.where("person_id", sqlite=self._line.sqlite)
        statement = text(_HAVE.format(some=who)).bindparams(bindparam("batches", expanding=True))
        values = {"batches": list(batches), **some.values(sqlite=self._line.sqlite)}
        return {int(row[0]) for row in (await self._line.run(statement, values)).all()}

    async def news(
        self, me: int, since: datetime, people: Sequence[int], least: int = 1, *, owed_from: datetime | None = None
    ) -> dict[int, int]:
        """Who of these people got so many pieces of news, vacancies or fairs, since then or is owed them; how many.

        `owed_from`: what is owed to leave before then does not count.
        """
        if not people:
            return {}
        values: dict[str, Any] = {"me": me, "since": micros(since), "owed": micros(owed_from) if owed_from else 0}
        batches = [row[0] for row in (await self._line.run(text(_LIVELY), values)).all()]
        statement = text(_NEWS.format(**self._these)).bindparams(bindparam("batches", expanding=True))
        values |= {"batches": batches, "least": least, **Some(ids=people).values(sqlite=self._line.sqlite)}
        rows: Sequence[Any] = (await self._line.run(statement, values)).all()
        return {int(row[0]): int(row[1]) for row in rows}

    async def beside_writing(self) -> None:
        """From here to the end of the unit of work no announcement is written down: what is counted now stays true."""
        await self._line.rows(_BESIDE, _TURN)

    async def asked(self, fair: str, some: Some) -> set[int]:
        """Who of these people wants to be reminded of this fair."""
        who = some.where("p.id", sqlite=self._line.sqlite)
        values = {"fair": fair, **some.values(sqlite=self._line.sqlite)}
        return {int(row[0]) for row in (await self._line.run(text(_ASKED_OF.format(who=who)), values)).all()}

    async def materialise(
        self, one: Announcement, next_at: datetime, now: datetime, keep_out: KeepOut | None = None
    ) -> int | None:
        """Owe it to the next chunk of the plan. None: nothing is left to do, or somebody else is at it.

        `keep_out` is asked while nobody else writes an announcement down; whom it names is written down as skipped.
        """
        locked = await self._line.rows(_LOCK, one.id)
        if not locked:
            return None
        chunk = await self._line.rows(_NEXT_CHUNK, one.id, locked[0][0])
        if not chunk:
            return None
        last_id, ids = chunk[0]
        await self._line.rows(_ALONE, _TURN)
        kept_out = await keep_out(orjson.loads(ids)) if keep_out else {}
        values = {
            "batch": one.id,
            "priority": one.priority,
            "next": micros(next_at),
            "until": micros(one.expires_at) if one.expires_at else None,
            "now": micros(now),
            "planned": max(micros(one.planned_at or now), one.plan.get("born") or 0),
            "ids": ids if self._line.sqlite else orjson.loads(ids),
        }
        there = await self._line.rows(_THERE, one.id, locked[0][0])
        insert = _INSERT.format(**self._these) + (_OR_ANEW if there else "")
        made = (await self._line.run(text(insert), values)).rowcount
        made -= sum([await self._skip(one.id, why, people) for why, people in kept_out.items()])
        await self._line.rows(_FORWARD, one.id, last_id, made)
        return int(made)

    async def _skip(self, number: int, why: str, people: Sequence[int]) -> int:
        some = Some(ids=people)
        statement = text(_KEPT_OUT.format(who=some.where("person_id", sqlite=self._line.sqlite)))
        values = {"why": why, "batch": number, **some.values(sqlite=self._line.sqlite)}
        return int((await self._line.run(statement, values)).rowcount)

    async def unwritten(self, one: Announcement) -> bool:
        """Somebody of the plan is not owed it yet."""
        return bool(await self._line.rows(_NEXT_CHUNK, one.id, one.cursor))

    async def unfinished(self, number: int, lanes: Sequence[str]) -> bool:
        """Something of it is still queued or on its way."""
        for lane in lanes:
            if await self._line.rows(_WAITING, lane, number):
                return True
        return bool(await self._line.rows(_FLYING, number))

    async def rest(self) -> None:
        """People sleep: claim nothing of the announcements."""
        await self._line.rows(_REST)

    async def wake(self) -> list[int]:
        """People are awake again; gives what goes on."""
        return [int(row[0]) for row in await self._line.rows(_WAKE)]

    async def resend_unknown(self, number: int, at: datetime, now: datetime) -> set[str]:
        """Queue those with unknown outcome once more, once in a broadcast's life; gives the lanes."""
        if not await self._line.rows(_RESENT, number, micros(now)):
            return set()
        return {str(row[0]) for row in await self._line.rows(_RESEND, number, micros(at))}

    async def may_remind(self, fair: str, person: int) -> bool:
        """This person still wants to hear of this fair."""
        return bool(await self._line.rows(_MAY_REMIND, fair, person))


def _conditions(circle: Circle) -> tuple[str, dict[str, Any], dict[str, list[Any]]]:
    """The WHERE of the circle. Who has no wish has no region: nobody can say that they are elsewhere."""
    sql: list[str] = []
    values: dict[str, Any] = {}
    lists: dict[str, list[Any]] = {}
    for column, wanted in (("regions", circle.regions), ("sectors", circle.sectors)):
        if wanted:
            any_of = [f"s.{column} LIKE :{column}{n}" for n in range(len(wanted))]
            values |= {f"{column}{n}": f'%"{name}"%' for n, name in enumerate(wanted)}
            sql.append(f"AND (s.person_id IS NULL OR s.{column} = '[]' OR {' OR '.join(any_of)})")
    for column, chosen in (("language", circle.languages), ("channel", circle.channels)):
        if chosen:
            sql.append(f"AND p.{column} IN :{column}")
            lists[column] = list(chosen)
    if circle.fair:
        values |= {"fair": circle.fair} if circle.registered else {}
        ways = ["p.id IN (SELECT person_id FROM registration WHERE fair = :fair)"] if circle.registered else []
        ways += [f"p.id IN ({_TOLD})"] if circle.told else []
        if circle.told:
            lists["told"] = list(circle.told)
        sql.append(f"AND ({' OR '.join(ways) or 'FALSE'})")
    return " ".join(sql), values, lists
