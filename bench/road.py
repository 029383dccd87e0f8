"""The whole road under load: webhook in, conversation, outbox, Bot API call out; against two fixed replies, in turns.

Every program is measured in a process of its own while the others rest. Messages a CPU second is what it costs;
the way from the webhook to the Bot API at 50 messages a second is what a person waits.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.bot_api import SECRET, TOKEN, BotApi, Telegram
from bench.processes import HOME, Process, free_port
from bench.report import Aim, Report, percentile, say

KEY = "b0ZBb3JvVWh5b2tNbVZTc3lTb3RlY2hvY29sYXRlISE="
TOGETHER = 40
PATIENCE = 60.0
OF_EACH = 4
"""Messages of one person, one after another: the first is a stranger's."""
SHORT = ("hola", "requisitos", "cuanto cuesta", "menu", "y donde es", "gracias", "1", "2", "atras")


@dataclass
class Candidate:
    """One program and what was found."""

    name: str
    process: Process
    port: int
    per_cpu: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    memory: tuple[float, float] = (0.0, 0.0)

    @property
    def rate(self) -> float:
        """Messages a CPU second: the middle of the rounds."""
        return percentile(self.per_cpu, 0.5)


def sayings() -> list[str]:
    """What people write: real ways of asking from the content, and short words in between."""
    from bot.library.load import Shelf

    library = Shelf(HOME / "content").current
    asked = [question for article in library.articles("es") for question in article.questions]
    mixed = random.Random(7)
    return [mixed.choice(SHORT) if mixed.random() < 0.3 else mixed.choice(asked) for _ in range(2_000)]


async def run(*, messages: int = 2_000, rounds: int = 3, seconds: float = 10.0, encoder: bool = False) -> Report:
    """Measure; `messages` a round for the throughput, `seconds` a round at 50 a second."""
    report = Report("road: webhook to Bot API call")
    texts = sayings()
    async with BotApi().running() as api, _candidates(api, encoder=encoder) as candidates:
        for one in candidates:
            await _load(api, one, texts, 200)  # warm
        for number in range(rounds):
            for one in candidates:
                say(f"road: round {number + 1} of {rounds}, {one.name}")
                one.per_cpu.append(await _load(api, one, texts, messages))
                one.waits += await _paced(api, one, texts, seconds)
        for one in candidates:
            one.memory = one.process.memory()
    _tell(report, candidates)
    return report


def _tell(report: Report, candidates: Sequence[Candidate]) -> None:
    floor = candidates[0]
    for one in candidates:
        report.rows.append(
            {
                "program": one.name,
                "msgs/CPU s": one.rate,
                "of floor": one.rate / floor.rate,
                "p50 ms": percentile(one.waits, 0.5) * 1000,
                "p99 ms": percentile(one.waits, 0.99) * 1000,
                "RSS MB": one.memory[0],
                "PSS MB": one.memory[1],
            }
        )
    rumbo = next(one for one in candidates if one.name.startswith("rumbo"))
    p99, bound = percentile(rumbo.waits, 0.99) * 1000, max(2 * percentile(floor.waits, 0.99) * 1000, 25.0)
    most = 260.0 if "encoder" in rumbo.name else 130.0
    report.aims += [
        Aim("messages a CPU second, share of the floor", rumbo.rate / floor.rate, 0.33, at_least=True),
        Aim("p99 at 50 messages/s", p99, bound, unit="ms"),
        Aim("memory of one process", rumbo.memory[1], most, unit="MB (PSS)"),
    ]


@asynccontextmanager
async def _candidates(api: BotApi, *, encoder: bool) -> AsyncIterator[list[Candidate]]:
    import tempfile

    started: list[Candidate] = []
    with tempfile.TemporaryDirectory(prefix="rumbo-bench-") as folder:
        try:
            for name in ("floor", "ptb", "rumbo + encoder" if encoder else "rumbo"):
                started.append(await start(name, api, Path(folder)))
            yield started
        finally:
            for one in started:
                await one.process.stop()


async def start(name: str, api: BotApi, folder: Path) -> Candidate:
    """Start one program and wait until it takes calls."""
    port = free_port()
    if name in {"floor", "ptb"}:
        command = ("bench.baselines", name, "--port", str(port), "--api", api.url)
        process = await Process.start(name, *command, environment={}, folder=folder)
    else:
        process = await Process.start(name, "bot", "run", environment=settings(api, port, folder, name), folder=folder)
    await process.listening(port)
    told = {"floor": "FastAPI + aiohttp, fixed reply", "ptb": "python-telegram-bot on httpx, fixed reply"}
    return Candidate(told.get(name, name), process, port)


def settings(api: BotApi, port: int, folder: Path, name: str = "rumbo") -> dict[str, str]:
    """The program as it is run embedded, with Telegram alone, allowed to send as fast as it can."""
    return {
        "RUMBO_VAR": str(folder / "var"),
        "RUMBO_PORT": str(port),
        "RUMBO_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "RUMBO_SECRET_KEYS": KEY,
        "RUMBO_ENCODER": "auto" if "encoder" in name else "off",
        "RUMBO_TELEGRAM_TOKEN": TOKEN,
        "RUMBO_TELEGRAM_WEBHOOK_SECRET": SECRET,
        "RUMBO_TELEGRAM_API_URL": api.url,
        "RUMBO_TELEGRAM_RATE": "10000",
        "RUMBO_TELEGRAM_CHAT_RATE": "1000",
    }


_people = iter(range(1_000_000, 2**40))


async def _load(api: BotApi, one: Candidate, texts: Sequence[str], messages: int) -> float:
    """As much as it takes with so many people writing at once; gives messages a CPU second."""
    telegram = Telegram(one.port)
    turns = iter(range(0, messages, OF_EACH))
    waiting: dict[int, asyncio.Event] = {}
    api.seen = lambda chat: waiting[chat].set() if chat in waiting else None
    before, sent = one.process.cpu(), 0

    async def somebody() -> None:
        nonlocal sent
        for turn in turns:
            chat = next(_people)
            waiting[chat] = asyncio.Event()
            for number in range(OF_EACH):
                waiting[chat].clear()
                async with asyncio.timeout(PATIENCE):
                    status = await telegram.tell(chat, texts[(turn + number) % len(texts)])
                    if status != 200:
                        raise RuntimeError(f"{one.name} answered {status}\n{one.process.logged()}")
                    await waiting[chat].wait()
                sent += 1
            del waiting[chat]

    async with asyncio.TaskGroup() as group:
        for _ in range(min(TOGETHER, max(1, messages // OF_EACH))):
            group.create_task(somebody())
    await asyncio.sleep(0.3)  # what is still written down belongs to the cost
    cost = one.process.cpu() - before
    telegram.close()
    return sent / max(cost, 0.01)


async def _paced(api: BotApi, one: Candidate, texts: Sequence[str], seconds: float, rate: float = 50.0) -> list[float]:
    """So many messages a second, come what may; gives the seconds from each webhook call to its Bot API call."""
    telegram = Telegram(one.port)
    begun: dict[int, float] = {}
    waits: list[float] = []

    def seen(chat: int) -> None:
        if chat in begun:
            waits.append(time.monotonic() - begun.pop(chat))

    api.seen = seen
    started, count = time.monotonic(), int(seconds * rate)
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
            chat = next(_people)
            begun[chat] = time.monotonic()
            group.create_task(telegram.tell(chat, texts[number % len(texts)]))
    give_up = time.monotonic() + 10
    while begun and time.monotonic() < give_up:
        await asyncio.sleep(0.01)
    if begun:
        raise RuntimeError(f"{one.name}: {len(begun)} messages were not answered\n{one.process.logged()}")
    telegram.close()
    return waits
