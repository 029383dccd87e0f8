"""Questions to the kept roster of a plan, answered by the database: the people themselves are never carried here."""

from __future__ import annotations

from datetime import datetime

from bot.storage.instants import micros
from bot.storage.line import Line, Query

_PEOPLE = "FROM roster r, json_each(r.ids) j"
_PEOPLE_PG = "FROM roster r CROSS JOIN LATERAL jsonb_array_elements_text(CAST(r.ids AS jsonb)) AS j(id)"
_CLOSED = (
    "SELECT count(*) {people} JOIN person p ON p.id = {id} JOIN conversation c ON c.person_id = p.id"
    " WHERE r.broadcast_id = $1 AND r.eligible AND p.channel = 'whatsapp' AND c.last_inbound_at <= $2"
)
_WITHOUT_ROW = (
    "SELECT count(*) {people} WHERE r.broadcast_id = $1 AND r.eligible AND NOT EXISTS"
    " (SELECT 1 FROM delivery d WHERE d.batch_id = $1 AND d.person_id = {id})"
)
_ROWS = Query("SELECT count(*) FROM delivery WHERE batch_id = $1")


def _query(text: str) -> Query:
    lite = text.format(people=_PEOPLE, id="j.value")
    return Query(lite, text.format(people=_PEOPLE_PG, id="CAST(j.id AS bigint)"))


_CLOSED_QUERY, _WITHOUT_ROW_QUERY = _query(_CLOSED), _query(_WITHOUT_ROW)


class Roster:
    """Who is in the kept plan of an announcement, counted, inside one unit of work."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def silent(self, number: int, since: datetime) -> int:
        """How many of those who would get it wrote on WhatsApp for the last time before then."""
        return int((await self._line.rows(_CLOSED_QUERY, number, micros(since)))[0][0])

    async def everybody(self, number: int, planned: int) -> int:
        """How many are in all its rounds: written down in earlier ones, or of the plan and not among those."""
        rows = int((await self._line.rows(_ROWS, number))[0][0])
        return rows + int((await self._line.rows(_WITHOUT_ROW_QUERY, number))[0][0]) if rows else planned
