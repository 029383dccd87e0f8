"""The embedded engine: one file, one write connection, many units of work in one commit.

A hot statement takes some 10 microseconds, a hop to a thread takes a hundred, so hot statements run where they stand
and only the commit, which waits for the disk, goes to the thread. Units of work take turns, each in a savepoint; the
last one of a queue commits for all, and nobody is told "saved" before that. Never opened twice by one process.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import aiosqlite
import orjson
from sqlalchemy import CursorResult, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from bot.errors import StorageGone
from bot.storage.line import EachQuery, Line, Query, Row

T = TypeVar("T")

_MOST_TOGETHER = 64  # units of work in one commit
_PATIENCE = 10.0  # seconds to wait for another process (a command line) to let go of the file
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-16000")


class SqliteLine:
    """The one connection; statements run in place (`inline`) or in the thread."""

    sqlite = True

    def __init__(self, raw: sqlite3.Connection, driver: aiosqlite.Connection, wrapped: AsyncConnection) -> None:
        self.raw = raw
        self._driver = driver
        self._wrapped = wrapped

    @classmethod
    async def open(cls, path: str, *pragmas: str) -> Self:
        """Connect to the file, with SQLAlchemy and the hot road on the same connection."""
        raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        raw.execute(f"PRAGMA busy_timeout={int(_PATIENCE * 1000)}")
        for pragma in pragmas:
            raw.execute(f"PRAGMA {pragma}")
        driver = aiosqlite.Connection(lambda: raw, iter_chunk_size=64)

        async def connected() -> aiosqlite.Connection:
            return await driver

        engine = create_async_engine(
            "sqlite+aiosqlite://",
            async_creator=connected,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,  # what people wrote stands in them, and an error would quote it
            skip_autocommit_rollback=True,  # it must not roll back the transaction that we opened ourselves
        )
        return cls(raw, driver, await engine.connect())

    async def rows(self, query: Query, *values: Any) -> Sequence[Row]:
        """Run one hot statement where it stands."""
        return self.raw.execute(query.sqlite, values).fetchall()

    async def each(self, query: EachQuery, rows: Sequence[Sequence[Any]], *values: Any) -> Sequence[Row]:
        """Run one hot statement on many rows; they go as JSON."""
        return await self.rows(query, *values, orjson.dumps(rows, default=tuple).decode()) if rows else ()

    async def run(self, statement: Executable, values: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        """Run any statement in the driver's thread."""
        return await to_the_end(asyncio.ensure_future(self._wrapped.execute(statement, values)))

    async def commit(self) -> None:
        """Save everything, in the driver's thread because it waits for the disk."""
        await self._driver.commit()

    async def catch_up(self) -> None:
        """Return when the thread has done all that was asked of it, even if we are cancelled meanwhile."""
        await to_the_end(asyncio.ensure_future(self._driver.execute("SELECT 1")))

    async def forget_results(self) -> None:
        """End SQLAlchemy's idea of a transaction; ours goes on."""
        if self._wrapped.in_transaction():
            await self._wrapped.rollback()

    async def close(self) -> None:
        """Close the file."""
        await self._wrapped.close()
        await self._wrapped.engine.dispose()


class SlowSqliteLine(SqliteLine):
    """For long reading: nothing runs where it stands."""

    async def rows(self, query: Query, *values: Any) -> Sequence[Row]:
        """Run the statement in the driver's thread."""
        return list(await self._driver.execute_fetchall(query.sqlite, values))


class SqliteDatabase:
    """One file and the queue of those who want to write."""

    def __init__(self, path: str, line: SqliteLine) -> None:
        self._path = path
        self._line = line
        self._reader: SlowSqliteLine | None = None
        self._turn = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._waiting = 0
        self._open = False
        self._unsaved: list[asyncio.Future[None]] = []

    @classmethod
    async def open(cls, path: str) -> SqliteDatabase:
        """Open the file, or make it."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            line = await SqliteLine.open(path, *_PRAGMAS)
        except sqlite3.Error as error:
            raise StorageGone(f"the database file cannot be opened: {error}") from error
        line.raw.execute("PRAGMA busy_timeout=0")  # from now on `_begin` waits, off the thread of the loop
        return cls(path, line)

    @asynccontextmanager
    async def work(self, *, lazy: bool = False, single: bool = False) -> AsyncIterator[Line]:
        """Take a turn; see `Database.work`."""
        del single
        saved: asyncio.Future[None] | None = None
        async with self._next_turn():
            await self._begin()
            try:
                yield self._line
            except BaseException as error:
                await self._undo()
                if _passes(error):
                    raise _gone(error) from error
                raise
            await self._line.forget_results()
            self._line.raw.execute("RELEASE work")
            if not lazy:
                saved = asyncio.get_running_loop().create_future()
                self._unsaved.append(saved)
        if saved:
            await saved

    @asynccontextmanager
    async def view(self) -> AsyncIterator[Line]:
        """Read the last committed state, in a thread."""
        async with self._reading:
            if self._reader is None:
                self._reader = await SlowSqliteLine.open(self._path, "query_only=ON")
            try:
                yield self._reader
            except (sqlite3.Error, DBAPIError) as error:
                if _passes(error):
                    raise _gone(error) from error
                raise
            finally:
                await self._reader.forget_results()

    def presence(self, name: str) -> SqlitePresence:
        """See `Database.presence`."""
        del name
        return SqlitePresence()

    async def settle(self) -> None:
        """Commit what lazy work left open."""
        if self._open:
            async with self._next_turn():
                await self._commit()

    async def close(self) -> None:
        """Commit and close."""
        async with self._turn:
            await self._commit()
            for line in (self._reader, self._line):
                if line is not None:
                    await line.close()

    @asynccontextmanager
    async def _next_turn(self) -> AsyncIterator[None]:
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            try:
                if self._unsaved and (not self._waiting or len(self._unsaved) >= _MOST_TOGETHER):
                    await self._commit()
            finally:
                self._turn.release()

    async def _begin(self) -> None:
        if not self._open:
            await self._begin_outer()
            self._open = True
        self._line.raw.execute("SAVEPOINT work")

    async def _begin_outer(self) -> None:
        clock = asyncio.get_running_loop().time
        give_up = clock() + _PATIENCE
        while True:
            try:
                self._line.raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if clock() > give_up:
                    raise StorageGone(f"the database file cannot be written: {error}") from error
                await asyncio.sleep(0.01)
            else:
                return

    async def _undo(self) -> None:
        await self._line.forget_results()
        if self._line.raw.in_transaction:
            self._line.raw.execute("ROLLBACK TO work")
            self._line.raw.execute("RELEASE work")
        else:  # a full disk or a read error: SQLite gave up the whole transaction
            self._close_transaction(StorageGone("the database file failed"))

    async def _commit(self) -> None:
        if not self._open:
            return
        try:
            await self._line.commit()
        except asyncio.CancelledError:
            await self._line.catch_up()
            self._close_transaction(StorageGone("not saved") if self._line.raw.in_transaction else None)
            raise
        except sqlite3.Error as error:
            self._close_transaction(StorageGone(f"the database file cannot be written: {error}"))
        else:
            self._close_transaction(None)

    def _close_transaction(self, failure: StorageGone | None) -> None:
        if failure:
            self._line.raw.rollback()
        self._open = False
        saved, self._unsaved = self._unsaved, []
        for future in saved:
            if future.done():  # whoever waited was cancelled
                continue
            if failure:
                future.set_exception(failure)
            else:
                future.set_result(None)


class SqlitePresence:
    """Nobody else sends from this file, so nobody looks."""

    async def keep(self) -> None:
        """See `Presence`."""

    async def living(self) -> int:
        """See `Presence`."""
        return 1

    async def end(self) -> None:
        """See `Presence`."""


def _passes(error: BaseException) -> bool:
    """Whether the file could not be read or written now: locked, full, a fault of the disk."""
    return isinstance(getattr(error, "orig", error), sqlite3.OperationalError)  # SQLAlchemy wraps it


def _gone(error: BaseException) -> StorageGone:
    return StorageGone(f"the database file failed: {getattr(error, 'orig', error)}")


async def to_the_end(future: asyncio.Future[T]) -> T:
    """Wait until the thread has finished, however often we are cancelled meanwhile: it still uses the connection."""
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        raise cancelled
    return future.result()
