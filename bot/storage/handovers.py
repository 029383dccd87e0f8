"""Who is talking with the team, and in which topic of its group. A row is an open conversation; closing deletes it.

What a person says before the topic exists waits here, sealed. Nothing of what was said is kept after it was passed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.person import PersonId
from bot.storage.instants import micros
from bot.storage.line import Line, Query
from bot.storage.vault import Vault

_FIND = Query("SELECT person_id, topic, thread, waiting FROM handover WHERE person_id = $1")
_OPEN = Query(
    "INSERT INTO handover (person_id, topic, waiting, last_at) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (person_id) DO NOTHING RETURNING person_id"
)
_LOCK = Query("UPDATE handover SET last_at = $2 WHERE person_id = $1 RETURNING person_id, topic, thread, waiting")
_WAIT = Query("UPDATE handover SET waiting = $2 WHERE person_id = $1")
_OF_THREAD = Query("UPDATE handover SET last_at = $2 WHERE thread = $1 RETURNING person_id")
_BY_THREAD = Query("SELECT person_id, topic, thread, waiting FROM handover WHERE thread = $1")
_FOLLOWS = Query("UPDATE handover SET thread = $2 WHERE thread = $1 RETURNING person_id")
_UNOPENED = Query(
    "UPDATE handover SET claimed_until = $2 WHERE person_id IN (SELECT person_id FROM handover WHERE thread IS NULL"
    " AND (claimed_until IS NULL OR claimed_until <= $1) ORDER BY person_id LIMIT 1)"
    " AND (claimed_until IS NULL OR claimed_until <= $1) RETURNING person_id, topic, thread, waiting"
)
_OPENED = Query("UPDATE handover SET thread = $2, waiting = NULL, claimed_until = NULL WHERE person_id = $1")
_CLOSE = Query("DELETE FROM handover WHERE person_id = $1 RETURNING person_id, topic, thread, waiting")
_SILENT = Query("DELETE FROM handover WHERE last_at < $1 RETURNING person_id, topic, thread, waiting")


@dataclass(frozen=True, slots=True)
class Handover:
    """An open conversation with the team."""

    person_id: PersonId
    topic: str  # the article that it began with
    thread: int | None  # of the group; None: not opened yet
    waiting: tuple[str, ...] = ()  # what must be said there first


class Handovers:
    """Conversations with the team, inside one unit of work."""

    def __init__(self, line: Line, vault: Vault) -> None:
        self._line = line
        self._vault = vault

    async def find(self, person_id: PersonId) -> Handover | None:
        """The open conversation of this person."""
        return self._first(await self._line.rows(_FIND, person_id))

    async def open(self, person_id: PersonId, topic: str, first: str, at: datetime) -> bool:
        """Begin one with these first words; False when there is one."""
        sealed = self._vault.seal([first])
        return bool(await self._line.rows(_OPEN, person_id, topic[:120], sealed, micros(at)))

    async def say(self, person_id: PersonId, text: str, at: datetime) -> Handover | None:
        """Something is said; it waits when there is no topic yet. Gives the conversation, None when there is none."""
        found = self._first(await self._line.rows(_LOCK, person_id, micros(at)))
        if found is not None and found.thread is None:
            await self._line.rows(_WAIT, person_id, self._vault.seal([*found.waiting, text]))
        return found

    async def of_thread(self, thread: int, at: datetime) -> PersonId | None:
        """Whom the team talks with in that topic."""
        rows = await self._line.rows(_OF_THREAD, thread, micros(at))
        return PersonId(int(rows[0][0])) if rows else None

    async def in_thread(self, thread: int) -> Handover | None:
        """The conversation of that topic."""
        return self._first(await self._line.rows(_BY_THREAD, thread))

    async def follows(self, old: int, new: int) -> bool:
        """It goes on in a new topic; False when it has ended or gone elsewhere meanwhile."""
        return bool(await self._line.rows(_FOLLOWS, old, new))

    async def unopened(self, now: datetime, until: datetime) -> Handover | None:
        """One that has no topic yet, ours to open until then."""
        return self._first(await self._line.rows(_UNOPENED, micros(now), micros(until)))

    async def opened(self, person_id: PersonId, thread: int, at: datetime) -> Sequence[str]:
        """It has its topic now; gives what waits to be said there."""
        found = self._first(await self._line.rows(_LOCK, person_id, micros(at)))
        await self._line.rows(_OPENED, person_id, thread)
        return found.waiting if found else ()

    async def close(self, person_id: PersonId) -> Handover | None:
        """End it; gives what it was, None when there was none."""
        return self._first(await self._line.rows(_CLOSE, person_id))

    async def close_silent(self, before: datetime) -> Sequence[Handover]:
        """End those in which nobody has said anything since then."""
        return [self._read(row) for row in await self._line.rows(_SILENT, micros(before))]

    def _first(self, rows: Sequence[Sequence[object]]) -> Handover | None:
        return self._read(rows[0]) if rows else None

    def _read(self, row: Sequence[object]) -> Handover:
        person_id, topic, thread, waiting = row
        said = self._vault.open(bytes(waiting)) if isinstance(waiting, bytes | memoryview) else ()
        number = int(str(thread)) if thread is not None else None
        return Handover(PersonId(int(str(person_id))), str(topic), number, tuple(said))
