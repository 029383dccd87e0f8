"""The feeds that are followed, inside one unit of work. A feed is fetched by whoever holds its lease, and by nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from bot.storage.instants import micros, moment
from bot.storage.line import Line, Query, Row

_COLUMNS = (
    "id, url, partner, seconds, complete, etag, modified, content, listed, failures, error, outcome,"
    " next_at, lease_until, looked_at, changed_at"
)
_ADD = Query(
    "INSERT INTO feed (url, partner, seconds, complete, next_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (url) DO UPDATE"
    " SET partner = excluded.partner, seconds = excluded.seconds, complete = excluded.complete,"
    " next_at = excluded.next_at, etag = '', modified = '', content = '' RETURNING id"
)
_LIST = Query(f"SELECT {_COLUMNS} FROM feed ORDER BY id")
_REMOVE = Query("DELETE FROM feed WHERE id = $1 RETURNING id")
_FREE = "(lease_until IS NULL OR lease_until <= $1)"
_DUE = f"SELECT id FROM feed WHERE next_at <= $1 AND {_FREE} ORDER BY next_at, id LIMIT 1"
_NEXT = Query(
    f"UPDATE feed SET lease_until = $2 WHERE id = ({_DUE}) RETURNING {_COLUMNS}",
    f"UPDATE feed SET lease_until = $2 WHERE id = ({_DUE} FOR UPDATE SKIP LOCKED) RETURNING {_COLUMNS}",
)
_THIS = Query(f"UPDATE feed SET lease_until = $2 WHERE id = $3 AND {_FREE} RETURNING {_COLUMNS}")
_SETTLE = Query(
    "UPDATE feed SET lease_until = NULL, next_at = $3, etag = $4, modified = $5, content = $6, listed = $7,"
    " looked_at = $8, changed_at = $9, outcome = $10, failures = $11, error = $12 WHERE id = $1 AND lease_until = $2"
)


@dataclass(frozen=True, slots=True)
class Feed:
    """An address that is followed, and how it went the last time."""

    id: int
    url: str
    partner: str
    every: timedelta
    complete: bool  # what is not in it any more is not offered any more
    etag: str = ""
    modified: str = ""
    content: str = ""  # hash of the last document that was taken in
    listed: Mapping[str, int] = field(default_factory=dict)  # code -> how often it was missing since it was last there
    failures: int = 0  # in a row
    error: str = ""
    outcome: Mapping[str, Any] = field(default_factory=dict)  # what became of the last document
    next_at: datetime | None = None
    lease_until: datetime | None = None
    looked_at: datetime | None = None
    changed_at: datetime | None = None


class FeedStore:
    """Feeds, inside one unit of work."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def add(self, url: str, partner: str, every: timedelta, *, complete: bool, now: datetime) -> int:
        """Follow it from now on; a known address gets the new partner and rhythm and is read anew. Gives its number."""
        rows = await self._line.rows(_ADD, url, partner, int(every.total_seconds()), complete, micros(now))
        return int(rows[0][0])

    async def list(self) -> Sequence[Feed]:
        """All of them, oldest first."""
        return [_feed(row) for row in await self._line.rows(_LIST)]

    async def remove(self, number: int) -> bool:
        """Follow it no longer; its vacancies stay."""
        return bool(await self._line.rows(_REMOVE, number))

    async def take(self, now: datetime, lease: timedelta, number: int = 0) -> Feed | None:
        """Take the feed that is due longest, or this one whether due or not, unless somebody is at it."""
        until = micros(now + lease)
        rows = await (
            self._line.rows(_THIS, micros(now), until, number) if number else self._line.rows(_NEXT, micros(now), until)
        )
        return _feed(rows[0]) if rows else None

    async def settle(self, feed: Feed) -> None:
        """Write down how it went and give the lease back; nothing happens when it is not ours any more."""
        assert feed.lease_until is not None
        assert feed.next_at is not None
        await self._line.rows(
            _SETTLE, feed.id, micros(feed.lease_until), micros(feed.next_at), feed.etag, feed.modified, feed.content,
            orjson.dumps(dict(feed.listed)).decode(), _micros(feed.looked_at), _micros(feed.changed_at),
            orjson.dumps(dict(feed.outcome)).decode(), feed.failures, feed.error,
        )  # fmt: skip


def _feed(row: Row) -> Feed:
    number, url, partner, seconds, complete, etag, modified, content, listed, failures, error, outcome = row[:12]
    return Feed(
        number, url, partner, timedelta(seconds=seconds), bool(complete), etag, modified, content,
        orjson.loads(listed or "{}"), failures, error, orjson.loads(outcome or "{}"),
        *(None if at is None else moment(at) for at in row[12:]),
    )  # fmt: skip


def _micros(at: datetime | None) -> int | None:
    return None if at is None else micros(at)
