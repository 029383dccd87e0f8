"""The shared engine: PostgreSQL over asyncpg, any number of processes.

A small set of connections is kept open here instead of in SQLAlchemy's pool: taking one costs nothing, and the hot
road and SQLAlchemy use the same one inside the same transaction. A connection that failed is thrown away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg  # type: ignore[import-untyped]  # it carries no types
from sqlalchemy import URL, CursorResult, Executable, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bot.errors import StorageGone
from bot.storage.line import EachQuery, Line, Query, Row

_MOST_LINES = 10
_CONNECT_SECONDS = 5.0
_STATEMENT_SECONDS = 60.0
_PRESENT = Query("SELECT pg_try_advisory_lock(hashtextextended($1, 0))")
_LIVING = Query(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_GONE = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, TimeoutError)
FAULTS = (*_GONE, asyncpg.PostgresError, DBAPIError)
"""Whatever can come out of the driver."""

_PASSING = frozenset({"08", "40", "53", "57", "58"})
"""Classes of SQLSTATE (www.postgresql.org/docs/current/errcodes-appendix.html) that say nothing of the statement: the
line is cut, a deadlock or a clash with another transaction, no room or no connection left, an operator stepped in, the
disk failed. Nothing was saved, and later it can be."""


def driver_url(url: str) -> URL:
    """`postgresql://...` as SQLAlchemy and asyncpg want it; libpq's `sslmode` becomes asyncpg's `ssl`."""
    parts = make_url(url).set(drivername="postgresql+asyncpg")
    if "sslmode" in parts.query:
        parts = parts.update_query_dict({"ssl": parts.query["sslmode"]}).difference_update_query(["sslmode"])
    return parts


def engine(url: str) -> AsyncEngine:
    """An engine that neither pools nor opens transactions by itself."""
    timeouts = {"timeout": _CONNECT_SECONDS, "command_timeout": _STATEMENT_SECONDS}
    return create_async_engine(
        driver_url(url),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args=timeouts,
        hide_parameters=True,  # what people wrote stands in them, and an error would quote it
    )


class PostgresLine:
    """One connection."""

    sqlite = False

    def __init__(self, wrapped: AsyncConnection, raw: asyncpg.Connection) -> None:
        self.raw = raw
        self._wrapped = wrapped

    async def rows(self, query: Query, *values: Any) -> Sequence[Row]:
        """Run one hot statement; the driver keeps it prepared."""
        return cast("Sequence[Row]", await self.raw.fetch(query.postgres, *values))

    async def each(self, query: EachQuery, rows: Sequence[Sequence[Any]], *values: Any) -> Sequence[Row]:
        """Run one hot statement on many rows; they go as arrays, whose length the planner takes to be small."""
        return await self.rows(query, *values, *map(list, zip(*rows, strict=True))) if rows else ()

    async def run(self, statement: Executable, values: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        """Run any statement through SQLAlchemy."""
        return await self._wrapped.execute(statement, values)

    async def forget_results(self) -> None:
        """End SQLAlchemy's idea of a transaction; ours goes on."""
        if self._wrapped.in_transaction():
            await self._wrapped.rollback()

    async def close(self) -> None:
        """Hang up, politely if that is still possible."""
        if self.raw.is_closed():
            await self._wrapped.invalidate()
        await self._wrapped.close()


class PostgresDatabase:
    """The connections that are open and free."""

    def __init__(self, url: str) -> None:
        self._engine = engine(url)
        self._free: list[PostgresLine] = []
        self._places = asyncio.Semaphore(_MOST_LINES)

    @asynccontextmanager
    async def work(self, *, lazy: bool = False, single: bool = False) -> AsyncIterator[Line]:
        """A transaction of its own; see `Database.work`."""
        del lazy  # the server gathers commits by itself
        async with self._places, self._whole() as line:
            if single:  # a statement alone is a transaction already
                yield line
                return
            await line.raw.execute("BEGIN")
            yield line
            await line.raw.execute("COMMIT")

    @asynccontextmanager
    async def view(self) -> AsyncIterator[Line]:
        """A snapshot to read from."""
        async with self._places, self._whole() as line:
            await line.raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield line
            await line.raw.execute("COMMIT")

    async def settle(self) -> None:
        """Nothing is ever left open here."""

    def presence(self, name: str) -> PostgresPresence:
        """See `Database.presence`."""
        return PostgresPresence(self, name)

    async def close(self) -> None:
        """Hang up all lines."""
        while self._free:
            await self._free.pop().close()
        await self._engine.dispose()

    @asynccontextmanager
    async def _whole(self) -> AsyncIterator[PostgresLine]:
        """A line that is given back clean, or not at all."""
        line = await self._take()
        try:
            yield line
            await line.forget_results()
        except BaseException as error:
            if not await _rolled_back(line):
                await _hang_up(line)
            else:
                self._free.append(line)
            if _passes(error):
                raise StorageGone(f"the database did not do it: {type(error).__name__}") from error
            raise
        self._free.append(line)

    async def _take(self) -> PostgresLine:
        while self._free:
            line = self._free.pop()
            if not line.raw.is_closed():
                return line
            await _hang_up(line)
        return await self.connect()

    async def connect(self) -> PostgresLine:
        """A new line; raises StorageGone."""
        try:
            wrapped = await self._engine.connect()
            pooled = await wrapped.get_raw_connection()
        except FAULTS as error:
            raise StorageGone(f"the database cannot be reached: {type(error).__name__}") from error
        return PostgresLine(wrapped, pooled.driver_connection)


class PostgresPresence:
    """An advisory lock on a line of its own: the server drops it the moment that this process is gone."""

    def __init__(self, database: PostgresDatabase, name: str) -> None:
        self._database = database
        self._name = name
        self._line: PostgresLine | None = None

    async def keep(self) -> None:
        """See `Presence`."""
        if self._line is not None and not self._line.raw.is_closed():
            return
        await self.end()
        self._line = await self._database.connect()
        await self._asked(self._line, _PRESENT, self._name)  # not given: the line before is not quite gone yet

    async def living(self) -> int:
        """See `Presence`."""
        if self._line is None:
            return 1
        return max(1, int((await self._asked(self._line, _LIVING))[0][0]))

    async def _asked(self, line: PostgresLine, query: Query, *values: str) -> Sequence[Row]:
        try:
            return await line.rows(query, *values)
        except FAULTS as error:
            await self.end()
            raise StorageGone(f"the database did not do it: {type(error).__name__}") from error

    async def end(self) -> None:
        """See `Presence`."""
        if self._line is not None:
            line, self._line = self._line, None
            await _hang_up(line)


async def _rolled_back(line: PostgresLine) -> bool:
    if line.raw.is_closed():
        return False
    try:
        await line.forget_results()
        if line.raw.is_in_transaction():
            await line.raw.execute("ROLLBACK", timeout=_CONNECT_SECONDS)
    except FAULTS:
        return False
    return not line.raw.is_closed()


async def _hang_up(line: PostgresLine) -> None:
    line.raw.terminate()
    try:
        await line.close()
    except FAULTS:
        return


def _passes(error: BaseException) -> bool:
    """Whether the database could not do it now, and the same statements may well work later."""
    if isinstance(error, StorageGone):
        return False
    if isinstance(error, _GONE) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return True
    code = getattr(getattr(error, "orig", error), "sqlstate", None)  # SQLAlchemy wraps it
    return isinstance(code, str) and code[:2] in _PASSING
