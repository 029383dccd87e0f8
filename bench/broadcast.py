"""An announcement to a crowd by the real program, under a provider that keeps its limits to the letter; both engines.

First undisturbed, while people write and want answers; then with every process killed -9 several times. Counted is what
the provider took, not what the program says of itself.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import insert, select

from bench.bot_api import SECRET, TOKEN, Telegram
from bench.processes import HOME, Process, free_port
from bench.report import Aim, Report, percentile, say
from bench.road import KEY, sayings
from bench.strict_api import CROWD_FROM
from bot.storage import tables
from bot.storage.line import Query
from bot.storage.migrate import migrate
from bot.storage.outbox import Kinds
from bot.storage.tables import State
from bot.storage.vault import Vault
from bot.storage.work import Storage
from tests import servers

OF_THE_ALLOWED = 0.95
"""What the program is set to, as a share of what the provider allows; the default is 28.5 of 30."""
WRITERS = 400
WRITING = 5.0
PATIENCE = 900.0


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
        printed, _ = await asked.communicate()
        if asked.returncode:
            raise RuntimeError(f"rumbo broadcast {' '.join(words)}: {printed.decode()}")
        return json.loads(printed)

    async def api(self, name: str) -> Any:
        """Ask the provider, or tell it something."""
        return (await self.client.get(f"http://127.0.0.1:{self.api_port}/control/{name}")).json()

    def cpu(self) -> float:
        """Seconds of CPU of all its processes."""
        return sum(process.cpu() for process in self.running.values() if process.alive)


async def run(size: Size) -> Report:
    """Measure every engine at every rate."""
    report = Report(f"broadcast: to {size.people:,} people by the real program")
    for engine in size.engines:
        for rate in size.rates:
            async with _stage(engine, rate, size) as stage:
                await _measure(report, stage, size)
    for engine in size.engines if size.audience else ():
        await _huge(report, engine, size.audience)
    report.notes += [
        "share: what the provider took in a second, of what it allows (we ask for .95); 429: how often it refused",
        "first s: from `send` to the first message; idle, busy: ms from a webhook call to its answer, 5 people a second",
        "unknown: listed as such, of these the provider had taken `of it sent`; every process was killed -9 each time",
    ]
    return report


async def _measure(report: Report, stage: Stage, size: Size) -> None:
    name = f"{stage.engine} at {stage.rate:,.0f}/s"
    calm, busy = await _undisturbed(stage, size, name)
    killed = await _killed(stage, size, name)
    report.rows.append({"": name, **calm, **killed})
    slow = percentile(busy["busy"], 0.99) / max(percentile(busy["idle"], 0.99), 1e-9)
    report.aims += [
        Aim(f"{name}: share of the allowed rate", calm["share"], 0.94, at_least=True),
        Aim(f"{name}: 429 in the undisturbed run", calm["429"], 3),
        Aim(f"{name}: first message after `send`", calm["first s"], 1.0, unit="s"),
        Aim(f"{name}: p99 of an answer meanwhile, times the idle one", slow, 3.0),
        Aim(f"{name}: lost outside unknown, killed", killed["lost"], 0),
        Aim(f"{name}: doubled, killed", killed["doubled"], 0),
    ]


async def _undisturbed(stage: Stage, size: Size, name: str) -> tuple[dict[str, Any], dict[str, list[float]]]:
    say(f"broadcast: {name}: idle for {size.idle:.0f} s")
    writing = _Writers(stage)
    async with asyncio.TaskGroup() as group:
        group.create_task(writing.write(size.idle))
    idle = await writing.answered()
    number = await _approved(stage, "Feria de empleo en Comas, el sábado desde las nueve.")
    await stage.api("reset")
    before, began = stage.cpu(), time.time()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(writing.write(PATIENCE))
        await stage.rumbo("send", str(number), "--by", "Ana")
        await _until_taken(stage, name, size.people)
        writing.enough.set()
        await task
    busy = await writing.answered()
    seen = await stage.api("all")
    cost = stage.cpu() - before
    moments = [at for at, chat in seen["taken"] if chat >= CROWD_FROM]
    share = _rate([at for at, _ in seen["taken"] if moments[0] <= at <= moments[-1]]) / stage.rate
    say(f"broadcast: {name}: {len(moments)} in {moments[-1] - moments[0]:.1f} s, {time.time() - began:.0f} s in all")
    row = {
        "people": len(moments),
        "share": share,
        "429": len(seen["refused"]),
        "first s": moments[0] - await _started(stage, number),
        "idle p50": percentile(idle, 0.5) * 1000,
        "p99": percentile(idle, 0.99) * 1000,
        "busy p50": percentile(busy, 0.5) * 1000,
        "busy p99": percentile(busy, 0.99) * 1000,
        "CPU ms each": 1000 * cost / max(len(seen["taken"]), 1),
    }
    return row, {"idle": idle, "busy": busy}


async def _killed(stage: Stage, size: Size, name: str) -> dict[str, Any]:
    number = await _approved(stage, "Cambio de hora: la feria de Comas abre a las diez.")
    await stage.api("reset")
    began = time.time()
    await stage.rumbo("send", str(number), "--by", "Ana")
    for kill in range(size.kills):
        await _until_taken(stage, name, size.people * (kill + 1) // (size.kills + 1), kill * 0.013)
        if kill % 2 == 0:
            await stage.kill(stage.names)
        else:
            for one in stage.names:
                await stage.kill([one])
        say(f"broadcast: {name}: kill {kill + 1} of {size.kills}")
    shown = await _until_done(stage, number)
    seconds = time.time() - began
    got = Counter(chat for _, chat in (await stage.api("all"))["taken"] if chat >= CROWD_FROM)
    unknown = await _unknown(stage, number)
    everybody = set(range(CROWD_FROM, CROWD_FROM + size.people))
    counted = sum(shown[state] for state in ("sent", "delivered", "read", "unknown", "failed", "skipped"))
    return {
        "kills": size.kills,
        "lost": len(everybody - set(got) - unknown) + abs(size.people - counted),
        "doubled": sum(times > 1 for times in got.values()),
        "unknown": len(unknown),
        "of it sent": len(unknown & set(got)),
        "killed s": seconds,
    }


async def _huge(report: Report, engine: str, people: int) -> None:
    """From `send` to the first message that can be claimed, when so many get it and a thousand have changed since."""
    from bench import crowd
    from tests.news_kit import Office

    name = f"{engine}, {people:,} people"
    say(f"broadcast: {name}")
    async with _database(engine, "huge") as (url, _):
        await migrate(url)
        storage = await Storage.open(url, [KEY], lambda: crowd.NOW, iter(range(2**51, 2**52)).__next__)
        await crowd._people(storage, engine, people)  # noqa: SLF001
        office = Office(storage, lambda: crowd.NOW)
        one = await office.desk.draft_text({"es": "Feria de empleo en Comas."}, "Rosa")
        began = time.perf_counter()
        await office.desk.plan(one.id)
        planned = time.perf_counter() - began
        await office.desk.approve(one.id, "Ana")
        async with storage.work() as work:
            await work.line.rows(Query("UPDATE subscription SET weekday = 1 WHERE person_id % 300 = 0"))
        began = time.perf_counter()
        await office.desk.send(one.id)
        sent = time.perf_counter() - began
        until = crowd.NOW + timedelta(seconds=60)
        async with storage.work() as work:
            claimed = await work.outbox.claim("telegram", "bench", 100, crowd.NOW, until, Kinds.CROWD)
        first = time.perf_counter() - began
        assert len(claimed) == 100
        while await office.desk.advance(crowd.NOW) or (await office.desk.get(one.id)).total < people:
            pass
        began = time.perf_counter()
        await office.desk.show(one.id)
        shown = time.perf_counter() - began
        await storage.close()
    report.rows.append({"": name, "plan s": planned, "send s": sent, "first s": first, "show s": shown})
    report.aims += [
        Aim(f"{name}: first message after `send`", first, 1.0, unit="s"),
        Aim(f"{name}: progress", shown, 2.0, unit="s"),
    ]


def _rate(moments: Sequence[float]) -> float:
    return (len(moments) - 1) / max(moments[-1] - moments[0], 1e-9) if len(moments) > 1 else 0.0


class _Writers:
    """People who write a question now and then."""

    def __init__(self, stage: Stage) -> None:
        self.enough = asyncio.Event()
        self._stage = stage
        self._asked: list[tuple[int, float]] = []
        self._texts = [text for text in sayings() if len(text) > 12]
        self._count = 0

    async def write(self, seconds: float) -> None:
        """A question every fifth of a second, for so long or until `enough`."""
        self.enough.clear()
        telegram, began, first = Telegram(self._stage.port), time.time(), self._count
        async with asyncio.TaskGroup() as group:
            while time.time() - began < seconds and not self.enough.is_set():
                self._count += 1
                await asyncio.sleep(max(0.0, began + (self._count - first) / WRITING - time.time()))
                chat = 1 + self._count % WRITERS
                self._asked.append((chat, time.time()))
                group.create_task(telegram.tell(chat, self._texts[self._count % len(self._texts)]))
        telegram.close()

    async def answered(self) -> list[float]:
        """How long everybody waited who has asked since the last call; who had no answer waited for ever."""
        asked, self._asked = self._asked, []
        give_up = time.time() + 10
        while True:
            waits = _waits(asked, (await self._stage.api("all"))["taken"])
            if float("inf") not in waits or time.time() > give_up:
                return waits
            await asyncio.sleep(0.2)


def _waits(asked: Sequence[tuple[int, float]], taken: Sequence[tuple[float, int]]) -> list[float]:
    answers: dict[int, list[float]] = {}
    for at, chat in taken:
        answers.setdefault(chat, []).append(at)
    return [
        min((at - begun for at in answers.get(chat, ()) if at > begun), default=float("inf")) for chat, begun in asked
    ]


async def _approved(stage: Stage, words: str) -> int:
    file = stage.folder / "words.txt"
    file.write_text(words, encoding="utf-8")
    number = (await stage.rumbo("draft", "--text", str(file), "--by", "Rosa"))["id"]
    await stage.rumbo("plan", str(number))
    await stage.rumbo("approve", str(number), "--by", "Ana")
    return int(number)


async def _started(stage: Stage, number: int) -> float:
    """When `send` was pressed, by the database."""
    announcement = tables.metadata.tables["announcement"]
    async with stage.storage.view() as work:
        found = await work.line.run(select(announcement.c.started_at).where(announcement.c.broadcast_id == number))
        at: datetime = found.scalar_one()
    return at.timestamp()


async def _until_taken(stage: Stage, name: str, many: int, then: float = 0.0) -> None:
    told, give_up = time.time(), time.time() + PATIENCE
    while (count := (await stage.api("count"))["crowd"]) < many:
        if time.time() > give_up:
            raise RuntimeError(f"{name}: only {count} of {many} went out\n{await _logs(stage)}")
        if time.time() - told > 5:
            told = time.time()
            say(f"broadcast: {name}: {count}")
        await asyncio.sleep(0.02)
    await asyncio.sleep(then)


async def _until_done(stage: Stage, number: int) -> Any:
    give_up = time.time() + PATIENCE
    while True:
        async with stage.storage.view() as work:
            found = await work.line.run(select(tables.broadcast.c.state).where(tables.broadcast.c.id == number))
            state = found.scalar_one()
        if state == "done":
            return await stage.rumbo("show", str(number))
        if time.time() > give_up:
            raise RuntimeError(f"it did not end: {await stage.rumbo('show', str(number))}\n{await _logs(stage)}")
        await asyncio.sleep(0.1)


async def _logs(stage: Stage) -> str:
    return "\n".join(process.logged() for process in stage.running.values())


async def _unknown(stage: Stage, number: int) -> set[int]:
    """The chats with unknown outcome."""
    due, person = tables.delivery.c, tables.person.c
    async with stage.storage.view() as work:
        rows = await work.line.run(
            select(person.id)
            .join(tables.delivery, due.person_id == person.id)
            .where((due.batch_id == number) & (due.state == State.UNKNOWN))
        )
        return {int(row[0]) for row in rows}


@asynccontextmanager
async def _stage(engine: str, rate: float, size: Size) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        url, folder = await stack.enter_async_context(_database(engine, "crowd"))
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
async def _database(engine: str, name: str) -> AsyncIterator[tuple[str, Path]]:
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
    from bot.person import Address

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
