"""What came in: which events were seen already, and messages that wait until the person has finished writing.

Event ids are kept as keyed hashes for 48 hours, twice as long as any platform repeats. Held messages are sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.person import PersonId
from bot.storage.instants import micros
from bot.storage.line import Line, Query
from bot.storage.vault import Vault

KEPT = timedelta(hours=48)
LONGEST_WAIT = timedelta(seconds=8)
"""Somebody who never stops writing is answered after this."""

_SEEN = Query(
    "INSERT INTO inbox (channel, event, received_at) VALUES ($1, $2, $3)"
    " ON CONFLICT (channel, event) DO NOTHING RETURNING 1"
)
_HOLD = Query("INSERT INTO held (person_id, event, body, held_at, due_at) VALUES ($1, $2, $3, $4, $5)")
_DUE = Query(
    "SELECT person_id FROM held GROUP BY person_id HAVING max(due_at) <= $1 OR min(held_at) <= $2"
    " ORDER BY min(held_at) LIMIT $3"
)
_TAKE = Query("DELETE FROM held WHERE person_id = $1 RETURNING id, body")
_PEEK = Query("SELECT body FROM held WHERE person_id = $1 ORDER BY id")
_PURGE = Query("DELETE FROM inbox WHERE received_at < $1")


class Inbox:
    """What came in, inside one unit of work."""

    def __init__(self, line: Line, vault: Vault) -> None:
        self._line = line
        self._vault = vault

    async def first_time(self, channel: str, event: str, at: datetime) -> bool:
        """Whether this event is new; of any number of copies, at any time, exactly one is told so."""
        return bool(await self._line.rows(_SEEN, channel, self._vault.hash(channel, event), micros(at)))

    async def hold(
        self, person_id: PersonId, event: str, message: Mapping[str, Any], at: datetime, due_at: datetime
    ) -> None:
        """Keep a message until its turn is made, at `due_at` unless more follow."""
        body = self._vault.seal(message)
        key = self._vault.hash(event)
        await self._line.rows(_HOLD, person_id, key, body, micros(at), micros(due_at))

    async def due(self, now: datetime, limit: int = 100) -> Sequence[PersonId]:
        """The people who have finished writing."""
        rows = await self._line.rows(_DUE, micros(now), micros(now - LONGEST_WAIT), limit)
        return [PersonId(row[0]) for row in rows]

    async def peek(self, person_id: PersonId) -> list[Mapping[str, Any]]:
        """The held messages in order; they stay held."""
        rows = await self._line.rows(_PEEK, person_id)
        return [self._vault.open(row[0]) for row in rows]

    async def take(self, person_id: PersonId) -> list[Mapping[str, Any]]:
        """The held messages in order. They are deleted: of two who take them one gets nothing."""
        rows = await self._line.rows(_TAKE, person_id)
        return [self._vault.open(body) for _, body in sorted(rows, key=lambda row: int(row[0]))]

    async def purge(self, now: datetime) -> None:
        """Drop events older than 48 hours."""
        await self._line.rows(_PURGE, micros(now - KEPT))
