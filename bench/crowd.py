"""Many people: one vacancy against all of them, rows of the outbox made in chunks, claimed and recorded; both engines."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.report import Aim, Report, percentile, say
from bench.road import KEY
from bot.alerts.vacancy import Vacancy, Where
from bot.person import Address
from bot.storage.line import Query
from bot.storage.matching import Due, Matching
from bot.storage.migrate import migrate
from bot.storage.outbox import Kinds, Outcome
from bot.storage.tables import State
from bot.storage.vault import Vault
from bot.storage.work import Storage
from tests import servers

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
MICROS = int(NOW.timestamp() * 1_000_000)
CHUNK = 20_000
REGIONS, SECTORS = 20, 15
FIGURES = {"sqlite": (2.3, 4.1), "postgresql": (9.3, 4.9)}
"""Seconds for 1,000,000 rows in chunks and ms for one vacancy, measured apart on 2026-11-22 with bare tables."""

_PEOPLE = (
    "INSERT INTO person (id, channel, address_hash, address, language, language_chosen, reachable, staff, created_at)"
    " SELECT i, 'telegram', {hash}, '{address}', 'es', FALSE, TRUE, FALSE, $1 FROM {numbers}"
)
_TALKS = "INSERT INTO conversation (person_id, version, last_inbound_at, updated_at) SELECT i, 0, $1, $1 FROM {numbers}"
_WISHES = (
    "INSERT INTO subscription (person_id, alerts, fairs, regions, sectors, modes, languages, min_pay, frequency)"
    " SELECT i, TRUE, TRUE, '[\"' || {region} || '\"]', '[\"s' || (i / 20 % 15) || '\"]', '[]', '[\"es\"]', NULL, 'daily'"
    " FROM {numbers}"
)
_CELLS = (
    "INSERT INTO cell (region, sector, min_pay, person_id, modes, languages, rhythm)"
    " SELECT {region}, 's' || (i / 20 % 15), 0, i, 7, '[\"es\"]', 8 FROM {numbers}"
)
_ROWS = Query(
    "INSERT INTO delivery (batch_id, person_id, lane, priority, state, next_at, created_at)"
    " SELECT 1, id, 'telegram', 5, 0, $3, $3 FROM person WHERE id > $1 AND id <= $2"
)
"""As `bot.storage.crowd` makes them the first time; the primary key keeps everybody from a second one."""


async def run(people: int) -> Report:
    """Measure with so many people on both engines."""
    report = Report(f"crowd: {people:,} people")
    async for engine, url in _databases():
        say(f"crowd: {engine}")
        await migrate(url)
        ids = itertools.count(2**50 + 1)
        storage = await Storage.open(url, [KEY], lambda: NOW, lambda ids=ids: next(ids))
        try:
            await _measure(report, engine, storage, people)
        finally:
            await storage.close()
    return report


async def _databases() -> AsyncIterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        yield "sqlite", f"sqlite:///{Path(folder) / 'crowd.db'}"
    with servers.postgres() as server:
        yield "postgresql", servers.create_database(server, "crowd")


async def _measure(report: Report, engine: str, storage: Storage, people: int) -> None:
    made = await _people(storage, engine, people)
    say(f"crowd: {people:,} people made in {made:.0f} s")
    matches, waits = await _match(storage)
    noted = await _note(storage)
    rows, first = await _materialise(storage, people)
    claimed = await _claim(storage)
    figure = FIGURES[engine]
    report.rows.append(
        {
            "": engine,
            "vacancy ms p50": percentile(waits, 0.5),
            "max": max(waits),
            "matches": matches,
            "written down ms p50": percentile(noted, 0.5),
            "engine's figure ms": figure[1],
            "rows s": rows,
            "first chunk s": first,
            "engine's figure s": figure[0] * people / 1_000_000,
            "claimed rows/s": claimed,
        }
    )
    report.aims += [
        Aim(f"{engine}: one vacancy against all", percentile(waits, 0.5), 10.0, unit="ms"),
        Aim(f"{engine}: the rows of an announcement", rows, figure[0] * people / 1_000_000, unit="s"),
        Aim(f"{engine}: first chunk", first, 1.0, unit="s"),
    ]


async def _people(storage: Storage, engine: str, people: int) -> float:
    lite = engine == "sqlite"
    series = "(WITH RECURSIVE n(i) AS (SELECT {a} UNION ALL SELECT i + 1 FROM n WHERE i < {b}) SELECT i FROM n)"
    numbers = series if lite else "generate_series({a}, {b}) AS n(i)"
    region = "printf('%02d', i % 20 + 1)" if lite else "to_char(i % 20 + 1, 'FM00')"
    hashed = "CAST(printf('%020d', i) AS BLOB)" if lite else "convert_to(lpad(i::text, 20, '0'), 'UTF8')"
    address = Vault([KEY]).lock_address(Address("telegram", "1"))
    began = time.perf_counter()
    for start in range(1, people + 1, 100_000):
        row = numbers.format(a=start, b=min(start + 99_999, people))
        async with storage.work() as work:
            for text in (_PEOPLE, _TALKS):
                await work.line.rows(
                    Query(text.format(numbers=row, hash=hashed, region=region, address=address)), MICROS
                )
            for text in (_WISHES, _CELLS):
                await work.line.rows(Query(text.format(numbers=row, hash=hashed, region=region)))
    async with storage.work() as work:
        await work.line.rows(Query("ANALYZE"))
    if not lite:  # as autovacuum does by itself after so many rows
        async with storage.work(single=True) as work:
            await work.line.rows(Query("VACUUM (ANALYZE) cell"))
    return time.perf_counter() - began


async def _match(storage: Storage) -> tuple[int, list[float]]:
    waits, matches = [], 0
    for number in range(60):
        region, sector = f"{number % REGIONS + 1:02}", f"s{number % SECTORS}"
        vacancy = Vacancy("p", str(number), "Puesto", places=(Where(region, None),), sectors=(sector,), pay_max=1500)
        async with storage.view() as work:
            began = time.perf_counter()
            matches = max(matches, await Matching(work.line).count(vacancy, NOW))
            waits.append(1000 * (time.perf_counter() - began))
    return matches, waits[5:]


async def _note(storage: Storage) -> list[float]:
    """Find them and write down who is to be told when, saved."""
    waits = []
    due = Due(NOW, NOW + timedelta(hours=5), {day: NOW + timedelta(days=day) for day in range(7)})
    for number in range(20):
        place, sectors = Where(f"{number % REGIONS + 1:02}", None), (f"s{number % SECTORS}",)
        vacancy = Vacancy(
            "p", str(number), "Puesto", places=(place,), sectors=sectors, pay_max=1500, id=str(number + 1)
        )
        began = time.perf_counter()
        async with storage.work() as work:
            await Matching(work.line).note(vacancy, due)
        waits.append(1000 * (time.perf_counter() - began))
    return waits


async def _materialise(storage: Storage, people: int) -> tuple[float, float]:
    async with storage.work() as work:
        columns = "id, kind, topic, body, audience, state, created_at"
        await work.line.rows(
            Query(f"INSERT INTO broadcast ({columns}) VALUES (1, 'text', 'fairs', '{{}}', '{{}}', 'sending', $1)"),
            MICROS,
        )
    began, first = time.perf_counter(), 0.0
    for start in range(0, people, CHUNK):
        async with storage.work() as work:
            await work.line.rows(_ROWS, start, start + CHUNK, MICROS)
        first = first or time.perf_counter() - began
    return time.perf_counter() - began, first


async def _claim(storage: Storage, batches: int = 40, size: int = 100) -> float:
    began = time.perf_counter()
    for _ in range(batches):
        async with storage.work() as work:
            until = NOW + timedelta(seconds=60)
            taken = await work.outbox.claim("telegram", "bench", size, NOW, until, Kinds.CROWD)
        async with storage.work() as work:
            await work.outbox.begin([one.ref for one in taken], "bench", until)
        async with storage.work() as work:
            await work.outbox.record([Outcome(one.ref, State.SENT, NOW, f"m{one.ref}") for one in taken], "bench")
    return batches * size / (time.perf_counter() - began)
