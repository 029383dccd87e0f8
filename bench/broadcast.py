"""An announcement to a crowd by the real program, under a provider that keeps its limits to the letter; both engines.

First undisturbed, while people write and want answers; then with every process killed -9 several times. Counted is what
the provider took, not what the program says of itself.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bench.bot_api import Telegram
from bench.report import Aim, Report, percentile, say
from bench.road import KEY, sayings
from bench.stage import COMMAND, WRITERS, Size, Stage, database, on_stage
from bench.strict_api import CROWD_FROM
from bot.storage import tables
from bot.storage.line import Query
from bot.storage.migrate import migrate
from bot.storage.outbox import Kinds
from bot.storage.tables import State
from bot.storage.work import Storage

WRITING = 5.0
PATIENCE = 900.0
"""Seconds for one announcement; after that the bench says what hangs and ends."""
STANDSTILL = 30.0
"""Seconds without any message after which nothing more is expected."""


async def run(size: Size) -> Report:
    """Measure every engine at every rate."""
    report = Report(f"broadcast: to {size.people:,} people by the real program")
    for engine in size.engines:
        for rate in size.rates:
            async with on_stage(engine, rate, size) as stage:
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
        if not await _until_taken(stage, name, size.people):
            raise RuntimeError(f"{name}: a standstill of {STANDSTILL:.0f} s\n{stage.logs()}")
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
        point = size.people * (kill + 1) // (size.kills + 1)
        if not await _until_taken(stage, name, point, kill * 0.013):
            say(f"broadcast: {name}: over before kill {kill + 1}: too few people for so many kills")
            break
        if kill % 2 == 0:
            await stage.kill(stage.names)
        else:
            for one in stage.names:
                await stage.kill([one])
        say(f"broadcast: {name}: kill {kill + 1} of {size.kills}")
    shown = await _until_done(stage, name, number)
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
    async with database(engine, "huge") as (url, _):
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
                group.create_task(_tell(telegram, chat, self._texts[self._count % len(self._texts)]))
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


async def _tell(telegram: Telegram, chat: int, text: str) -> None:
    try:
        async with asyncio.timeout(COMMAND):
            await telegram.tell(chat, text)
    except TimeoutError:
        raise RuntimeError(f"a webhook call got no answer in {COMMAND:.0f} s") from None


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


async def _until_taken(stage: Stage, name: str, many: int, then: float = 0.0) -> bool:
    """Wait until so many of the crowd have it; False when it stands still before."""
    told = moved = time.time()
    give_up, before = told + PATIENCE, 0
    while (count := (await stage.api("count"))["crowd"]) < many:
        now = time.time()
        before, moved = count, now if count != before else moved
        if now > give_up:
            raise RuntimeError(f"{name}: only {count} of {many} in {PATIENCE:.0f} s\n{stage.logs()}")
        if now - moved > STANDSTILL:
            return False
        if now - told > 5:
            told = now
            say(f"broadcast: {name}: {count}")
        await asyncio.sleep(0.05)
    await asyncio.sleep(then)
    return True


async def _until_done(stage: Stage, name: str, number: int) -> Any:
    told, give_up = time.time(), time.time() + PATIENCE
    while True:
        if time.time() - told > 5:
            told = time.time()
            say(f"broadcast: {name}: {(await stage.api('count'))['crowd']}")
        async with stage.storage.view() as work:
            found = await work.line.run(select(tables.broadcast.c.state).where(tables.broadcast.c.id == number))
            state = found.scalar_one()
        if state == "done":
            return await stage.rumbo("show", str(number))
        if time.time() > give_up:
            raise RuntimeError(
                f"{name}: not done in {PATIENCE:.0f} s: {await stage.rumbo('show', str(number))}\n{stage.logs()}"
            )
        await asyncio.sleep(0.1)


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
