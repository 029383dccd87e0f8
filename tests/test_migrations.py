"""The migrations: up, down and up again; together they make exactly the tables that the code knows."""

import asyncio
import itertools
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, make_url

from bot.errors import StorageGone
from bot.storage import postgres
from bot.storage.migrate import migrate
from bot.storage.tables import metadata
from tests import servers

NUMBERS = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty' / 'rumbo.db'}"
    server = request.getfixturevalue("postgres_server")
    return servers.create_database(server, f"empty_{next(NUMBERS)}", "template0")


async def test_up_down_and_up_again_ends_with_the_tables_of_the_code(empty_url):
    await migrate(empty_url)
    await migrate(empty_url, "base")
    assert await differences(empty_url) != []
    await migrate(empty_url)

    assert await differences(empty_url) == []


async def test_several_programs_may_start_at_once(empty_url):
    await asyncio.gather(*(migrate(empty_url) for _ in range(4)))

    assert await differences(empty_url) == []


async def test_a_database_of_a_newer_version_is_refused(empty_url):
    await migrate(empty_url)
    await execute(empty_url, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StorageGone, match="9999"):
        await migrate(empty_url)


async def test_a_database_that_is_not_there_is_told_in_one_line():
    with pytest.raises(StorageGone, match="cannot be reached"):
        await migrate("postgresql://rumbo@/nowhere?host=/nonexistent")


async def test_wishes_of_an_older_database_are_found_by_the_new_index(empty_url):
    await migrate(empty_url, "0003")
    await execute(
        empty_url,
        "INSERT INTO person (id, channel, address_hash, address, language, language_chosen, reachable, staff, created_at)"
        " VALUES (1, 'telegram', '1', '1', 'es', FALSE, TRUE, FALSE, 0)",
    )
    await execute(
        empty_url,
        "INSERT INTO subscription (person_id, alerts, fairs, regions, sectors, modes, languages, frequency, weekday,"
        """ paused_until) VALUES (1, TRUE, TRUE, '["15"]', '[]', '[]', '["es", "en"]', 'weekly', 3, 77)""",
    )
    await execute(empty_url, "INSERT INTO cell (region, sector, min_pay, person_id, modes) VALUES ('15', '', 0, 1, 7)")
    await migrate(empty_url)
    rows = await on_connection(
        empty_url,
        lambda connection: connection.exec_driver_sql("SELECT languages, rhythm, paused_until FROM cell").all(),
    )
    assert [tuple(row) for row in rows] == [('["es", "en"]', 3, 77)]


async def differences(url: str) -> list:
    return await on_connection(
        url, lambda connection: compare_metadata(MigrationContext.configure(connection), metadata)
    )


async def execute(url: str, statement: str) -> None:
    await on_connection(url, lambda connection: connection.exec_driver_sql(statement) and connection.commit())


async def on_connection(url: str, function):
    if url.startswith("sqlite"):
        return await asyncio.to_thread(on_file, url, function)
    engine = postgres.engine(url)
    async with engine.connect() as connection:
        result = await connection.run_sync(function)
    await engine.dispose()
    return result


def on_file(url: str, function):
    assert Path(make_url(url).database).is_file()
    engine = create_engine(url)
    connection: Connection
    with engine.connect() as connection:
        result = function(connection)
    engine.dispose()
    return result
