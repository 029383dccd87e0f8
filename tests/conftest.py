"""Fixtures that many tests share: the clock, the ids, the databases."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from bot.mind import Mind
from bot.settings import HOME, PREFIX, Settings
from bot.storage.migrate import migrate
from bot.storage.work import Storage
from tests import servers

settings.register_profile("rumbo", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rumbo")  # a busy machine draws slowly; that is no fault of the program

KEY = "b0ZBb3JvVWh5b2tNbVZTc3lTb3RlY2hvY29sYXRlISE="
USED: list[str] = []

for setting in [name for name in os.environ if name.startswith(PREFIX)]:
    del os.environ[setting]  # whoever runs the tests may have a Rumbo of their own


class Clock:
    """A clock that moves when it is told to. Calling it tells the time."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def cost(work: Callable[[], object]) -> float:
    """CPU seconds of the quickest of three, so that a busy machine does not matter. Speed itself is for `make bench`."""

    def once() -> float:
        started = time.thread_time()
        work()
        return time.thread_time() - started

    return min(once() for _ in range(3))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_id() -> Callable[[], int]:
    return itertools.count(2**50 + 1).__next__


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.Server]:
    with servers.postgres() as server:
        USED.append(f"PostgreSQL {server.version}")
        asyncio.run(migrate(servers.create_database(server, "migrated")))
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with servers.valkey() as server:
        USED.append(f"Valkey {server.version}")
        yield server.url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty, migrated database of its own."""
    if request.param == "sqlite":
        path = tmp_path / "rumbo.db"
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        return f"sqlite:///{path}"
    server = request.getfixturevalue("postgres_server")
    return servers.empty_database(server, "migrated")


@pytest.fixture
async def storage(database_url: str, clock: Clock, new_id: Callable[[], int]) -> AsyncIterator[Storage]:
    opened = await Storage.open(database_url, [KEY], clock, new_id)
    yield opened
    await opened.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the tests ran on, so that nobody believes in a database that was not there."""
    if USED:
        terminalreporter.write_line(" and ".join(sorted(set(USED))) + " were used")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Several processes share the tests: each tells what it used."""
    USED.extend(getattr(node, "workeroutput", {}).get("used", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["used"] = USED


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-transcripts", action="store_true", help="write the bot's lines anew; review the diff")


@pytest.fixture(scope="session")
def mind(tmp_path_factory: pytest.TempPathFactory) -> Mind:
    """What Rumbo knows, words alone: the encoder is not on every machine."""
    content, var = HOME / "content", tmp_path_factory.mktemp("var")
    return Mind(Settings(_env_file=None, content=content, var=var, encoder="off"), Clock())
