"""The stage of the broadcast bench: the real program in its processes, its people, its database, and its provider."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import insert

from bench.bot_api import SECRET, TOKEN
from bench.processes import HOME, Process, free_port
from bench.road import KEY
from bench.strict_api import CROWD_FROM
from bot.person import Address
from bot.storage import tables
from bot.storage.migrate import migrate
from bot.storage.vault import Vault
from bot.storage.work import Storage
from tests import servers

OF_THE_ALLOWED = 0.95
"""What the program is set to, as a share of what the provider allows; the default is 28.5 of 30."""
WRITERS = 400
"""People who write meanwhile."""
COMMAND = 120.0
"""Seconds for one command of the console script, or for the answer to one webhook call."""


@dataclass
class Size:
    """How much of everything."""

    people: int = 3_000
    rates: Sequence[float] = (30.0, 1_000.0)
    engines: Sequence[str] = ("sqlite", "postgresql")
    kills: int = 4
    idle: float = 30.0
    latency: float = 0.05
    audience: int = 300_000


@dataclass
class Stage:
    """One program (of one or several processes), its provider and its database."""

    engine: str
    rate: float
    folder: Path
    url: str
    redis: str
    api_port: int
    port: int
    client: httpx.AsyncClient
    storage: Storage
    running: dict[str, Process] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """What its processes are told."""
        return {
            "RUMBO_VAR": str(self.folder / "var"),
            "RUMBO_CONTENT": str(self.folder / "content"),
            "RUMBO_PORT": str(self.port),
            "RUMBO_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "RUMBO_DATABASE_URL": self.url,
            "RUMBO_REDIS_URL": self.redis,
            "RUMBO_SECRET_KEYS": KEY,
            "RUMBO_ENCODER": "off",
            "RUMBO_TELEGRAM_TOKEN": TOKEN,
            "RUMBO_TELEGRAM_WEBHOOK_SECRET": SECRET,
            "RUMBO_TELEGRAM_API_URL": f"http://127.0.0.1:{self.api_port}",
            "RUMBO_TELEGRAM_RATE": str(self.rate * OF_THE_ALLOWED),
        }

    @property
    def names(self) -> Sequence[str]:
        """Its processes."""
        return ("run",) if self.engine == "sqlite" else ("web", "worker 1", "worker 2")

    async def start(self, name: str) -> None:
        """Start one process of it; the one that serves until it takes calls."""
        role = name.partition(" ")[0]
        self.running[name] = await Process.start(name, "bot", role, environment=self.settings, folder=self.folder)
        if role != "worker":
            await self.running[name].listening(self.port)

    async def kill(self, names: Sequence[str]) -> None:
        """As `kill -9`, and start them again."""
        await asyncio.gather(*(self.running[name].kill() for name in names))
        await asyncio.gather(*(self.start(name) for name in names))

    async def rumbo(self, *words: str) -> Any:
        """`rumbo broadcast ... --json`; gives what it prints."""
        asked = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot", "broadcast", *words, "--json"),
            env={"PYTHONPATH": str(HOME), **self.settings},
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(COMMAND):
                printed, _ = await asked.communicate()
        except TimeoutError:
            asked.kill()
            await asked.wait()
            raise RuntimeError(f"rumbo broadcast {' '.join(words)}: not done in {COMMAND:.0f} s") from None
        if asked.returncode:
            raise RuntimeError(f"rumbo broadcast {' '.join(words)}: {printed.decode()}")
        return json.loads(printed)

    async def api(self, name: str) -> Any:
        """Ask the provider, or tell it something."""
        return (await self.client.get(f"http://127.0.0.1:{self.api_port}/control/{name}")).json()

    def cpu(self) -> float:
        """Seconds of CPU of all its processes."""
        return sum(process.cpu() for process in self.running.values() if process.alive)

    def logs(self) -> str:
        """The ends of what its processes have written."""
        return "\n".join(process.logged() for process in self.running.values())


@asynccontextmanager
async def on_stage(engine: str, rate: float, size: Size) -> AsyncIterator[Stage]:
    """The program with its people and its provider, running."""
    async with AsyncExitStack() as stack:
        url, folder = await stack.enter_async_context(database(engine, "crowd"))
        redis = stack.enter_context(servers.valkey()).url if engine == "postgresql" else ""
        _content(folder)
        await migrate(url)
        storage = await Storage.open(url, [KEY], lambda: datetime.now(UTC), iter(range(2**51, 2**52)).__next__)
        stack.push_async_callback(storage.close)
        await _people(storage, [*range(1, WRITERS + 1), *range(CROWD_FROM, CROWD_FROM + size.people)])
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=60))
        stage = Stage(engine, rate, folder, url, redis, free_port(), free_port(), client, storage)
        words = ("--port", str(stage.api_port), "--rate", str(rate), "--latency", str(size.latency))
        api = await Process.start("api", "bench.strict_api", *words, environment={}, folder=folder)
        stack.push_async_callback(api.kill)
        await api.listening(stage.api_port)
        stack.push_async_callback(_end, stage)
        await asyncio.gather(*(stage.start(name) for name in stage.names))
        yield stage


@asynccontextmanager
async def database(engine: str, name: str) -> AsyncIterator[tuple[str, Path]]:
    """An empty database that waits for the disk, and a folder."""
    with tempfile.TemporaryDirectory(prefix="rumbo-bench-") as folder:
        if engine == "sqlite":
            yield f"sqlite:///{folder}/rumbo.db", Path(folder)
            return
        with servers.postgres(durable=True) as server:
            yield servers.create_database(server, name), Path(folder)


async def _end(stage: Stage) -> None:
    await asyncio.gather(*(process.stop() for process in stage.running.values()))


def _content(folder: Path) -> None:
    """The content as it is, in a country without nights: the measure must not depend on the hour."""
    copied = Path(shutil.copytree(HOME / "content", folder / "content"))
    country = copied / "pais.yaml"
    lines = country.read_text(encoding="utf-8").splitlines(keepends=True)
    awake = [
        'quiet_hours: {from: "00:00", to: "00:00"}\n' if line.startswith("quiet_hours:") else line for line in lines
    ]
    country.write_text("".join(awake), encoding="utf-8")


async def _people(storage: Storage, chats: Sequence[int]) -> None:
    """Everybody is known; the crowd has said yes to fairs. The number of a person is the one of the chat."""
    vault, now = Vault([KEY]), datetime.now(UTC)
    for first in range(0, len(chats), 1_000):
        some = chats[first : first + 1_000]
        rows: dict[str, list[dict[str, Any]]] = {"person": [], "conversation": [], "subscription": []}
        for chat in some:
            _person(rows, vault, chat, now)
        async with storage.work() as work:
            for table, values in rows.items():
                if values:
                    await work.line.run(insert(tables.metadata.tables[table]), values)


def _person(rows: dict[str, list[dict[str, Any]]], vault: Vault, chat: int, now: datetime) -> None:
    address = Address("telegram", str(chat))
    rows["person"].append(
        {
            "id": chat,
            "channel": "telegram",
            "address_hash": vault.hash("telegram", str(chat)),
            "address": vault.lock_address(address),
            "language": "es",
            "language_chosen": False,
            "reachable": True,
            "staff": False,
            "created_at": now,
        }
    )
    rows["conversation"].append({"person_id": chat, "version": 0, "last_inbound_at": now, "updated_at": now})
    if chat >= CROWD_FROM:
        wish = {"alerts": False, "fairs": True, "regions": "[]", "sectors": "[]", "modes": "[]", "languages": "[]"}
        rows["subscription"].append({"person_id": chat, **wish, "frequency": "daily"})
