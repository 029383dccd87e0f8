"""Bring the database to the newest form, in this process, one program at a time.

Several processes may start together: PostgreSQL's advisory lock or a lock on a file beside the SQLite file lets one
work and the others find it done. Never drops data on the way up.
"""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.pool import NullPool

from bot.errors import StorageGone

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 7_852_620_611  # any number, the same for all of us


async def migrate(url: str, target: str = "head") -> None:
    """Bring the database to `target`: `head`, `base` or a revision. Nothing happens when it is there already."""
    if url.startswith("sqlite"):
        await asyncio.to_thread(_migrate_file, url, target)
        return
    from bot.storage import postgres  # noqa: PLC0415 - an embedded start does without

    engine = postgres.engine(url)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
            try:
                await connection.run_sync(_move, target)
            finally:
                await connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
    except postgres.FAULTS as error:
        raise StorageGone(f"the database cannot be reached or migrated: {error}") from error
    finally:
        await engine.dispose()


def _migrate_file(url: str, target: str) -> None:
    path = Path(make_url(url).database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(make_url(url), poolclass=NullPool, hide_parameters=True)
    with _locked(path.with_name(path.name + ".migrating")), engine.connect() as connection:
        _move(connection, target)
        connection.commit()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _move(connection: Connection, target: str) -> None:
    at = _revision(connection)
    if at == (_newest() if target == "head" else target):
        return
    from alembic import command  # noqa: PLC0415  # half a second that most starts can save
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    known = {path.name.split("_", 1)[0] for path in (_FOLDER / "versions").glob("[0-9]*.py")}
    if at and at not in known:
        raise StorageGone(f"the database is at {at}, which this version does not know; start a newer version")
    if target == "base" or (target != "head" and at and target < at):
        command.downgrade(config, target)
    else:
        command.upgrade(config, target)


def _newest() -> str:
    return max(path.name for path in (_FOLDER / "versions").glob("[0-9]*.py")).split("_", 1)[0]


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")
