"""Small facts of the machinery, by name: a one-time link was used, an alarm was given, which templates are approved,
whose last words are on their way. The queue of `matching` and the counter of `crowd`, which are one statement with
their own tables, use the same table; nobody else does. Never anything that somebody wrote.
"""

from __future__ import annotations

from datetime import datetime

from bot.storage.instants import micros
from bot.storage.line import Line, Query

_ONCE = Query(
    "INSERT INTO note (name, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING RETURNING 1"
)
_KEEP = Query(
    "INSERT INTO note (name, value, updated_at) VALUES ($1, $2, $3)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at"
)
_READ = Query("SELECT value FROM note WHERE name = $1")
_ABOUT = Query("SELECT name FROM note WHERE name LIKE $1 ORDER BY name")
_END = Query("DELETE FROM note WHERE name = $1")
_HAS = Query("SELECT 1 FROM note WHERE name = $1")
_DROP = Query("DELETE FROM note WHERE name LIKE $1 AND updated_at < $2")


class Notes:
    """Marks with a name, inside one unit of work. A name begins with what it is about and a colon: `console:`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def once(self, name: str, at: datetime, value: str = "") -> bool:
        """Set the mark; False when it was set before, by whichever process."""
        return bool(await self._line.rows(_ONCE, name, value, micros(at)))

    async def keep(self, name: str, at: datetime, value: str = "") -> None:
        """Set the mark, in the place of what it said before."""
        await self._line.rows(_KEEP, name, value, micros(at))

    async def read(self, name: str) -> str | None:
        """What the mark says; None when it is not set."""
        rows = await self._line.rows(_READ, name)
        return str(rows[0][0]) if rows else None

    async def about(self, what: str) -> list[str]:
        """What stands after the colon in the names of the marks of a kind."""
        return [str(row[0]).removeprefix(f"{what}:") for row in await self._line.rows(_ABOUT, f"{what}:%")]

    async def end(self, name: str) -> None:
        """Take the mark away."""
        await self._line.rows(_END, name)

    async def has(self, name: str) -> bool:
        """Whether the mark is set."""
        return bool(await self._line.rows(_HAS, name))

    async def drop(self, about: str, before: datetime) -> None:
        """Forget the marks of a kind that were set before then."""
        await self._line.rows(_DROP, f"{about}:%", micros(before))
