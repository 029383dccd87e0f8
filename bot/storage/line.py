"""A line to the database inside one transaction, the same on both engines.

`Query` is for the hot road: SQL that both engines speak, sent straight to the driver. `Line.run` is for everything
else: any SQLAlchemy statement on `bot.storage.tables`. No network call but the database's may happen while a line is
held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from sqlalchemy import CursorResult, Executable

Row = Sequence[Any]


class Query:
    """One statement with `$1`, `$2`; `postgres` replaces it there, where the engines cannot agree."""

    __slots__ = ("postgres", "sqlite")

    def __init__(self, text: str, postgres: str = "") -> None:
        self.sqlite = text.replace("$", "?")
        self.postgres = postgres or text


class EachQuery(Query):
    """One statement on many rows at once. `{rows}` in it is the table `r` of the rows that are given, with the columns
    that are named here; `{d}` is the name of the changed delivery where rows are returned.
    """

    __slots__ = ()

    def __init__(self, text: str, values: int, **columns: str) -> None:
        """`values`: how many `$1`, `$2` stand in the text. `columns`: the names and PostgreSQL's types."""
        lite = ", ".join(f"json_extract(value, '$[{n}]') AS {name}" for n, name in enumerate(columns))
        arrays = ", ".join(f"${values + n}::{kind}[]" for n, kind in enumerate(columns.values(), 1))
        super().__init__(text)
        self.sqlite = self.sqlite.format(rows=f"(SELECT {lite} FROM json_each(?{values + 1})) AS r", d="delivery")
        self.postgres = text.format(rows=f"unnest({arrays}) AS r({', '.join(columns)})", d="d")


class Line(Protocol):
    """What a repository may do inside one unit of work."""

    @property
    def sqlite(self) -> bool:
        """Whether this is the embedded engine: one writer, statements cost next to nothing."""

    async def rows(self, query: Query, *values: Any) -> Sequence[Row]:
        """Run one hot statement and give all its rows, positions as selected."""

    async def each(self, query: EachQuery, rows: Sequence[Sequence[Any]], *values: Any) -> Sequence[Row]:
        """Run one hot statement on all these rows at once; without rows nothing is run."""

    async def run(self, statement: Executable, values: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        """Run any SQLAlchemy statement in this transaction."""


class Presence(Protocol):
    """Others can see that we are alive."""

    async def keep(self) -> None:
        """Set the mark if it is not set; call it now and then. Raises StorageGone."""

    async def living(self) -> int:
        """How many have set such a mark, this one among them; rather too many than too few. Raises StorageGone."""

    async def end(self) -> None:
        """Take the mark away."""


class Database(Protocol):
    """One engine: gives lines, commits them at the edge."""

    def work(self, *, lazy: bool, single: bool) -> AbstractAsyncContextManager[Line]:
        """A line whose changes are saved together when the block ends.

        `lazy`: the block may end before the changes are safe from a crash. `single`: only one statement will be run.
        """

    def view(self) -> AbstractAsyncContextManager[Line]:
        """A line for long reading that holds nobody up."""

    def presence(self, name: str) -> Presence:
        """A mark that this process is alive, kept under that name; see `Outbox.dead`."""

    async def settle(self) -> None:
        """Make safe what lazy work left open."""

    async def close(self) -> None:
        """Give everything back."""
