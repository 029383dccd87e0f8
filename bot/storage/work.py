"""One unit of work: everything inside is saved together, or nothing is. The only place that commits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

from sqlalchemy import make_url

from bot.errors import StorageGone
from bot.storage.feedback import Feedback
from bot.storage.halves import Halves
from bot.storage.handovers import Handovers
from bot.storage.inbox import Inbox
from bot.storage.line import Database, Line, Presence, Query
from bot.storage.outbox import Outbox
from bot.storage.people import People
from bot.storage.sqlite import SqliteDatabase
from bot.storage.vault import Vault

_PING = Query("SELECT version_num FROM alembic_version")


class Mail(Protocol):
    """Whoever wants to know that a lane has something new to send."""

    def notify(self, lane: str) -> None:
        """There is mail; called after the commit."""


class Work:
    """The repositories of one unit of work."""

    def __init__(self, line: Line, vault: Vault, clock: Callable[[], datetime], new_id: Callable[[], int]) -> None:
        self.line = line
        self.vault = vault
        self.people = People(line, vault, clock)
        self.inbox = Inbox(line, vault)
        self.outbox = Outbox(line, vault, new_id, self.people)
        self.feedback = Feedback(line)
        self.halves = Halves(line, vault)
        self.handovers = Handovers(line, vault)


class Storage:
    """The database, open."""

    def __init__(
        self, database: Database, vault: Vault, clock: Callable[[], datetime], new_id: Callable[[], int]
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._new_id = new_id
        self.mail: Mail | None = None
        """Told after each commit which lanes have new mail; set by whoever builds the sender."""

    @classmethod
    async def open(
        cls, url: str, keys: Sequence[str], clock: Callable[[], datetime], new_id: Callable[[], int]
    ) -> Storage:
        """Open `sqlite:///path` or `postgresql://...`, already migrated. `new_id` must count up, from above 2**50."""
        database: Database
        if url.startswith("sqlite"):
            database = await SqliteDatabase.open(make_url(url).database or "")
        else:
            from bot.storage.postgres import PostgresDatabase  # noqa: PLC0415 - 15 MB that an embedded start saves

            database = PostgresDatabase(url)
        return cls(database, Vault(keys), clock, new_id)

    @asynccontextmanager
    async def work(self, *, lazy: bool = False, single: bool = False) -> AsyncIterator[Work]:
        """One unit of work; leaving the block saves it, an exception undoes it.

        `lazy`: it may be saved a moment later, `settle` makes sure. `single`: the block runs one statement only.
        """
        async with self._database.work(lazy=lazy, single=single) as line:
            work = Work(line, self._vault, self._clock, self._new_id)
            yield work
            await work.people.flush()
        if self.mail:
            for lane in work.outbox.lanes:
                self.mail.notify(lane)

    @asynccontextmanager
    async def view(self) -> AsyncIterator[Work]:
        """For long reading (lists, plans, statistics): holds nobody up and may not write."""
        async with self._database.view() as line:
            yield Work(line, self._vault, self._clock, self._new_id)

    def presence(self, name: str) -> Presence:
        """The mark that whoever works under this name is alive; what the dead had in hand is taken up soon."""
        return self._database.presence(name)

    async def settle(self) -> None:
        """Save what lazy work left open."""
        await self._database.settle()

    async def ping(self) -> None:
        """Raise StorageGone unless the database answers and was migrated."""
        try:
            async with self._database.view() as line:
                await line.rows(_PING)
        except StorageGone:
            raise
        except Exception as error:
            raise StorageGone(f"the database does not answer: {type(error).__name__}") from error

    async def close(self) -> None:
        """Save and give back everything."""
        await self._database.close()
