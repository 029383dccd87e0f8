"""What became of an announcement where it did not arrive: the unknown ones, and why some did not get it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.storage.line import Line, Query
from bot.storage.tables import State

_UNKNOWN = Query(
    "SELECT person_id, lane, sent_at, error FROM delivery WHERE batch_id = $1 AND state = 4 ORDER BY person_id LIMIT $2"
)
_REASONS = Query(
    "SELECT state, COALESCE(error, ''), count(*) FROM delivery WHERE batch_id = $1 AND state IN (5, 6)"
    " GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2"
)


class Outcomes:
    """The outcomes of an announcement, inside one unit of work."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def unknown(self, number: int, n: int) -> list[Mapping[str, Any]]:
        """Those of whom nobody knows whether they got it."""
        rows = await self._line.rows(_UNKNOWN, number, n)
        return [{"person": row[0], "channel": row[1], "error": row[3] or ""} for row in rows]

    async def reasons(self, number: int) -> list[Mapping[str, Any]]:
        """Why those did not get it who failed or were skipped, and how many."""
        rows = await self._line.rows(_REASONS, number)
        return [{"state": State(row[0]).name.lower(), "reason": row[1], "count": row[2]} for row in rows]
