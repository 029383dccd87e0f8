"""Announcements as they are written down: what, by whom, how far, who approved which plan, who is in it.

A state only ever changes by comparing and setting, so of two coordinators, or two workers, one succeeds. Who may do
what when is decided by `bot.broadcasts.states`; this module only keeps it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import orjson

from bot.person import PersonId
from bot.storage.instants import micros, moment
from bot.storage.line import Line, Query, Row
from bot.storage.vault import Vault

QUIET = "quiet"
"""How `sending` is stored while people sleep: nothing of it is claimed then. Nobody outside storage sees this word."""

CHUNK = 20_000
"""People in one chunk of the roster, and deliveries made in one transaction."""

FIRST_CHUNK = 2_000
"""The one that `send` itself writes: less, so that the first message leaves at once."""

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: no words by accident
_CODE_LENGTH = 6
_OWN_IDS = 2**40


def lively(since: str) -> str:
    """The condition on `broadcast b`: somebody may have been told of it since then, or is owed it."""
    return (
        "(b.total > 0 AND (b.state IN ('sending', 'quiet', 'paused') OR EXISTS (SELECT 1 FROM announcement e"
        f" WHERE e.broadcast_id = b.id AND e.ended_at >= {since})))"
    )


_NEXT_ID = Query(f"SELECT COALESCE(max(id), 0) + 1 FROM broadcast WHERE id < {_OWN_IDS}")
_DRAFT = Query(
    "INSERT INTO broadcast (id, kind, topic, body, audience, state, priority, on_unknown, created_at)"
    " VALUES ($1, $2, $3, $4, $5, 'draft', $6, $7, $8) ON CONFLICT (id) DO NOTHING RETURNING id"
)
_DETAILS = Query(
    "INSERT INTO announcement (broadcast_id, subject, title, author, code, body_hash) VALUES ($1, $2, $3, $4, $5, $6)"
)
_CODE_TAKEN = Query("SELECT 1 FROM announcement WHERE code = $1")
_COLUMNS = """
SELECT b.id, b.kind, b.topic, b.body, b.audience, b.state, b.cursor_person_id, b.total, b.priority, b.on_unknown,
       b.created_at, b.scheduled_at, b.expires_at, a.subject, a.title, a.author, a.code, a.body_hash, a.eligible,
       a.plan_hash, a.plan, a.planned_at, a.sent_by, a.started_at, a.resent_at, a.why
FROM broadcast b JOIN announcement a ON a.broadcast_id = b.id
"""
_GET = Query(_COLUMNS + "WHERE b.id = $1")
_LIST = Query(_COLUMNS + "ORDER BY b.id DESC LIMIT $1")
_WENT_OUT = Query(_COLUMNS + "WHERE b.kind IN ($1, $2) AND b.total > 0 ORDER BY b.id DESC LIMIT 200")
_IN_STATES = Query(
    _COLUMNS + "WHERE b.state IN ('scheduled', 'sending', 'quiet') OR (b.state IN ('paused', 'cancelled')"
    " AND EXISTS (SELECT 1 FROM roster r WHERE r.broadcast_id = b.id)) ORDER BY b.priority, b.id"
)
_KNOWN = Query("SELECT title FROM announcement WHERE code = $1")
_SAME = Query(
    "SELECT a.broadcast_id FROM announcement a JOIN broadcast b ON b.id = a.broadcast_id WHERE b.kind = $1"
    " AND a.subject = $2 AND ($3 = '' OR a.body_hash = $3) AND b.total > 0"
)
_MOVE = Query("UPDATE broadcast SET state = $2 WHERE id = $1 AND state IN ($3, $4) RETURNING id")
_WHY = Query("UPDATE announcement SET why = $2, ended_at = COALESCE($3, ended_at) WHERE broadcast_id = $1")
_PLANNED = Query(
    "UPDATE announcement SET plan_hash = $2, plan = $3, planned_at = $4, body_hash = $5, why = NULL,"
    " eligible = CASE WHEN started_at IS NULL THEN 0 ELSE eligible END WHERE broadcast_id = $1"
)
_BODY = Query("UPDATE broadcast SET body = $2 WHERE id = $1")
_NOBODY = Query("DELETE FROM roster WHERE broadcast_id = $1")
_ROSTER = Query("INSERT INTO roster (broadcast_id, eligible, last_id, ids) VALUES ($1, $2, $3, $4)")
_READ_ROSTER = Query("SELECT eligible, ids FROM roster WHERE broadcast_id = $1 ORDER BY eligible, last_id")
_DISAPPROVE = Query("DELETE FROM approval WHERE broadcast_id = $1")
_APPROVE = Query(
    "INSERT INTO approval (broadcast_id, name, plan_hash, at) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (broadcast_id, name) DO UPDATE SET plan_hash = excluded.plan_hash, at = excluded.at"
)
_APPROVALS = Query("SELECT name, plan_hash, at FROM approval WHERE broadcast_id = $1 ORDER BY at, name")
_SEND = Query(
    "UPDATE broadcast SET cursor_person_id = 0, scheduled_at = $2, expires_at = $3, on_unknown = $4 WHERE id = $1"
)
_SENT_BY = Query("UPDATE announcement SET sent_by = $2, eligible = $3, resent_at = NULL WHERE broadcast_id = $1")
_RENAME = Query("UPDATE announcement SET author = $2 WHERE author = $1")
_STARTED = Query("UPDATE announcement SET started_at = $2 WHERE broadcast_id = $1 AND started_at IS NULL")
_ASK = Query("INSERT INTO news_request (person_id, broadcast_id, act, body, at) VALUES ($1, $2, $3, $4, $5)")
_ASKED = Query("SELECT id, person_id, broadcast_id, act, body FROM news_request ORDER BY id LIMIT $1")
_ANSWERED = Query("DELETE FROM news_request WHERE id = $1 RETURNING id")


@dataclass(frozen=True, slots=True)
class Announcement:
    """One broadcast with everything that was decided about it."""

    id: int
    kind: str
    topic: str
    body: Mapping[str, Any]
    audience: Mapping[str, Any]
    state: str
    resting: bool  # it is sending, but people sleep
    cursor: int
    total: int
    priority: int
    on_unknown: str
    created_at: datetime
    scheduled_at: datetime | None
    expires_at: datetime | None
    subject: str
    title: str
    author: str
    code: str
    body_hash: str
    eligible: int
    plan_hash: str
    plan: Mapping[str, Any]
    planned_at: datetime | None
    sent_by: str
    started_at: datetime | None
    resent_at: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new announcement is made of."""

    kind: str
    topic: str
    body: Mapping[str, Any]
    audience: Mapping[str, Any]
    priority: int
    on_unknown: str
    subject: str
    title: str
    author: str
    body_hash: str


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved which plan."""

    name: str
    plan_hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that a person of the team asked for by chat."""

    id: int
    person_id: PersonId
    broadcast_id: int | None
    act: str
    body: Mapping[str, Any]


class Broadcasts:
    """The announcements, inside one unit of work."""

    def __init__(self, line: Line, vault: Vault) -> None:
        self._line = line
        self._vault = vault

    async def draft(self, new: Draft, at: datetime) -> int:
        """Write a draft down; gives its number, the next one that is free."""
        body, audience = orjson.dumps(new.body).decode(), orjson.dumps(new.audience).decode()
        row = (new.kind, new.topic, body, audience, new.priority, new.on_unknown, micros(at))
        made: Sequence[Row] = ()
        while not made:  # somebody else may take the same number in the same instant
            made = await self._line.rows(_DRAFT, (await self._line.rows(_NEXT_ID))[0][0], *row)
        number = int(made[0][0])
        code = await self._code(number)
        details = (new.subject, new.title[:200], new.author, code, new.body_hash)
        await self._line.rows(_DETAILS, number, *details)
        return number

    async def get(self, number: int) -> Announcement | None:
        """One announcement; None when there is none of that number."""
        rows = await self._line.rows(_GET, number)
        return _announcement(rows[0]) if rows else None

    async def newest(self, n: int = 50) -> list[Announcement]:
        """The newest ones, newest first."""
        return [_announcement(row) for row in await self._line.rows(_LIST, n)]

    async def went_out(self, kind: str, other: str) -> list[Announcement]:
        """The newest of these kinds that went out to somebody, oldest first."""
        return [_announcement(row) for row in reversed(await self._line.rows(_WENT_OUT, kind, other))]

    async def busy(self) -> list[Announcement]:
        """Those that the scheduler has something to do with."""
        return [_announcement(row) for row in await self._line.rows(_IN_STATES)]

    async def title_of(self, code: str) -> str | None:
        """The title of the announcement with this code; one that went to nobody was read by those who tested it."""
        rows = await self._line.rows(_KNOWN, code)
        return str(rows[0][0]) if rows else None

    async def same(self, kind: str, subject: str, body_hash: str = "") -> list[int]:
        """Announcements of that kind about that subject (and with those words) that went out to somebody."""
        return [int(row[0]) for row in await self._line.rows(_SAME, kind, subject, body_hash)]

    async def move(
        self, number: int, now: str, then: str, why: str | None = None, *, ended: datetime | None = None
    ) -> bool:
        """From one state to another; False when somebody else was quicker. `ended`: when, if it is over by this."""
        other = QUIET if now == "sending" else now
        if not await self._line.rows(_MOVE, number, then, now, other):
            return False
        await self._line.rows(_WHY, number, why, micros(ended) if ended else None)
        return True

    async def planned(
        self,
        one: Announcement,
        plan: Mapping[str, Any],
        roster: Mapping[bool, Sequence[int]],
        at: datetime,
        chunk: int = CHUNK,
    ) -> None:
        """Keep a plan and who is in it; earlier approvals are void."""
        number = one.id
        await self._line.rows(_PLANNED, number, plan["hash"], orjson.dumps(plan).decode(), micros(at), one.body_hash)
        await self._line.rows(_BODY, number, orjson.dumps(one.body).decode())
        await self._line.rows(_DISAPPROVE, number)
        await self._line.rows(_NOBODY, number)
        for eligible, ids in roster.items():
            if not ids:
                continue
            for first, last in pairwise([0, *range(min(chunk, FIRST_CHUNK), len(ids), chunk), len(ids)]):
                some = list(ids[first:last])
                await self._line.rows(_ROSTER, number, eligible, some[-1], orjson.dumps(some).decode())

    async def roster(self, number: int, *, eligible: bool | None = None) -> AsyncIterator[list[int]]:
        """Who is in the kept plan, or was kept out for a reason that passes, in ascending pieces; or only the ones."""
        for kept, ids in await self._line.rows(_READ_ROSTER, number):
            if eligible is None or bool(kept) is eligible:
                yield orjson.loads(ids)

    async def drop_roster(self, number: int) -> None:
        """Forget who was in the plan; everybody is written down, or nobody will be."""
        await self._line.rows(_NOBODY, number)

    async def approve(self, number: int, name: str, plan_hash: str, at: datetime) -> None:
        """Keep that this person approved this plan."""
        await self._line.rows(_APPROVE, number, name, plan_hash, micros(at))

    async def approvals(self, number: int) -> list[Approval]:
        """Who approved, in that order."""
        return [Approval(row[0], row[1], moment(row[2])) for row in await self._line.rows(_APPROVALS, number)]

    async def send(
        self, one: Announcement, by: str, n: int, at: datetime | None, latest: datetime | None, on_unknown: str
    ) -> None:
        """Keep who pressed send, for when, and until when it may go out; the roster is gone through from its start."""
        when, until = micros(at) if at else None, micros(latest) if latest else None
        await self._line.rows(_SEND, one.id, when, until, on_unknown)
        await self._line.rows(_SENT_BY, one.id, by, n)

    async def rename_author(self, old: str, new: str) -> None:
        """Somebody of the team has another name now: what they wrote carries it too."""
        await self._line.rows(_RENAME, old, new)

    async def started(self, number: int, at: datetime) -> None:
        """Keep when the first one was owed."""
        await self._line.rows(_STARTED, number, micros(at))

    async def ask(self, asked: Asked, at: datetime) -> None:
        """Keep what somebody of the team wants, for the scheduler."""
        body = orjson.dumps(asked.body).decode()
        await self._line.rows(_ASK, asked.person_id, asked.broadcast_id, asked.act, body, micros(at))

    async def asked(self, n: int = 10) -> list[Asked]:
        """What waits to be done for the team, oldest first."""
        rows = await self._line.rows(_ASKED, n)
        return [Asked(row[0], PersonId(row[1]), row[2], row[3], orjson.loads(row[4])) for row in rows]

    async def answered(self, number: int) -> bool:
        """Done and answered; False when another worker did it already."""
        return bool(await self._line.rows(_ANSWERED, number))

    async def _code(self, number: int) -> str:
        attempt = 0
        while True:
            value = int.from_bytes(self._vault.hash("announcement", str(number), str(attempt))[:8], "big")
            code = "".join(_LETTERS[value // len(_LETTERS) ** place % len(_LETTERS)] for place in range(_CODE_LENGTH))
            if not await self._line.rows(_CODE_TAKEN, code):
                return code
            attempt += 1


def _announcement(row: Row) -> Announcement:
    (number, kind, topic, body, audience, state, cursor, total, priority, on_unknown, created, at, until) = row[:13]
    subject, title, author, code, body_hash, eligible, plan_hash, plan, planned, by, started, resent, why = row[13:]
    return Announcement(
        number,
        kind,
        topic,
        orjson.loads(body),
        orjson.loads(audience),
        "sending" if state == QUIET else state,
        state == QUIET,
        cursor,
        total,
        priority,
        on_unknown,
        moment(created),
        _moment(at),
        _moment(until),
        subject,
        title,
        author,
        code,
        body_hash,
        eligible,
        plan_hash or "",
        orjson.loads(plan) if plan else {},
        _moment(planned),
        by or "",
        _moment(started),
        _moment(resent),
        why or "",
    )


def _moment(stored: int | None) -> datetime | None:
    return None if stored is None else moment(stored)
