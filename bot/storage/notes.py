"""Small facts that happen once: a one-time link was used, a session was ended. Nothing about people who write to us."""

from __future__ import annotations

from datetime import datetime

from bot.storage.instants import micros
from bot.storage.line import Line, Query

_ONCE = Query(
    "INSERT INTO note (name, value, updated_at) VALUES ($1, '', $2) ON CONFLICT (name) DO NOTHING RETURNING 1"
)
_HAS = Query("SELECT 1 FROM note WHERE name = $1")
_DROP = Query("DELETE FROM note WHERE name LIKE $1 AND updated_at < $2")


class Notes:
    """Marks with a name, inside one unit of work. A name begins with what it is about and a colon: `console:`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def once(self, name: str, at: datetime) -> bool:
        """Set the mark; False when it was set before, by whichever process."""
        return bool(await self._line.rows(_ONCE, name, micros(at)))

    async def has(self, name: str) -> bool:
        """Whether the mark is set."""
        return bool(await self._line.rows(_HAS, name))

    async def drop(self, about: str, before: datetime) -> None:
        """Forget the marks of a kind that were set before then."""
        await self._line.rows(_DROP, f"{about}:%", micros(before))
