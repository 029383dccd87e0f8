"""Killed at any moment: no message is lost, no reply is doubled; what nobody can know is listed as unknown."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from bot.storage.line import Query
from bot.storage.tables import State
from bot.storage.work import Storage
from tests import servers
from tests.fake_telegram import FakeTelegram
from tests.road_kit import (
    HEADER,
    KEY,
    QUESTION,
    SECRET,
    Launcher,
    Program,
    environment,
    message,
    small_content,
    unused_port,
    until,
)

CHATS = range(1, 151)
MANY = 120


@asynccontextmanager
async def _launcher(folder: Path, telegram: FakeTelegram, **more: str) -> AsyncIterator[Launcher]:
    content = small_content(folder, "carne-extranjeria", "privacidad", "hablar-persona")
    launcher = Launcher(environment(telegram, content, folder, **more), folder)
    try:
        yield launcher
    finally:
        await launcher.end()


def _answered(telegram: FakeTelegram) -> Counter[int]:
    """How many answers each chat has: a call counts that Telegram took, whether or not we heard of it."""
    taken = [call.fields for call in telegram.calls if call.method == "sendMessage" and call.answer in {0, 200}]
    return Counter(int(fields["chat_id"]) for fields in taken)


async def _open(url: str) -> Storage:
    return await Storage.open(url, [KEY], lambda: datetime.now(UTC), iter(range(2**51, 2**52)).__next__)


async def _in_state(storage: Storage, *states: State) -> set[int]:
    """The chats that have a delivery in one of these states."""
    found: set[int] = set()
    async with storage.work() as work:
        for state in states:
            rows = await work.line.rows(Query("SELECT person_id FROM delivery WHERE state = $1"), int(state))
            people = [await work.people.by_id(row[0]) for row in rows]
            found |= {int(person.address.value) for person in people if person is not None}
    return found


async def _check_nothing_lost_or_doubled(telegram: FakeTelegram, url: str, chats: Sequence[int]) -> None:
    storage = await _open(url)
    try:
        unknown = await _in_state(storage, State.UNKNOWN)
        answered = _answered(telegram)

        async def all_known() -> bool:
            return not await _in_state(storage, State.QUEUED, State.LEASED, State.SENDING)

        await until(all_known)
    finally:
        await storage.close()
    assert {chat for chat in chats if not answered[chat]} <= unknown
    assert [chat for chat in chats if answered[chat] > 1] == []
    assert len(unknown) <= 15  # what was in flight at the kills


async def test_the_embedded_program_killed_while_polling_loses_and_doubles_nothing(tmp_path: Path) -> None:
    chance = random.Random(20261122)
    async with FakeTelegram(latency=0.02).running() as telegram, _launcher(tmp_path, telegram) as launcher:
        program = await launcher.start()
        for kill in range(3):
            for chat in CHATS[kill * 50 : kill * 50 + 50]:
                telegram.text(chat, QUESTION)
            few = kill * 50 + chance.randrange(2, 40)
            await until(lambda few=few: len(telegram.sent()) >= few, 30)
            await asyncio.sleep(chance.random() / 50)
            await program.kill()
            program = await launcher.start()
        await until(lambda: not telegram.updates, 30)
        assert await program.stop() == 0
        await _check_nothing_lost_or_doubled(telegram, f"sqlite:///{tmp_path}/var/rumbo.db", CHATS)


class _Platform:
    """Telegram's side of a webhook: it repeats what was not acknowledged."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._updates = iter(range(70_001, 80_000))

    async def deliver(self, chats: Sequence[int]) -> None:
        waiting: asyncio.Queue[int] = asyncio.Queue()
        for chat in chats:
            waiting.put_nowait(chat)
        async with httpx.AsyncClient(timeout=5) as client, asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(self._some(client, waiting))

    async def _some(self, client: httpx.AsyncClient, waiting: asyncio.Queue[int]) -> None:
        while not waiting.empty():
            update = message(QUESTION, waiting.get_nowait(), next(self._updates))
            await until(lambda update=update: self._taken(client, update), 60)
            await self._taken(client, update)  # and once more, as if the acknowledgement had been lost

    async def _taken(self, client: httpx.AsyncClient, update: object) -> bool:
        try:
            answer = await client.post(f"{self._url}/webhooks/telegram", json=update, headers={HEADER: SECRET})
        except httpx.TransportError:
            return False
        return answer.status_code == 200


async def test_web_and_worker_killed_on_postgresql_lose_and_double_nothing(
    postgres_server: servers.Server, redis_url: str, tmp_path: Path
) -> None:
    url = servers.empty_database(postgres_server, "migrated")
    port = unused_port()
    chats = range(1, MANY + 1)
    async with (
        FakeTelegram(latency=0.02).running() as telegram,
        _launcher(tmp_path, telegram, DATABASE_URL=url, REDIS_URL=redis_url) as launcher,
    ):
        web, worker = await asyncio.gather(launcher.start("web", port), launcher.start("worker"))
        async with asyncio.TaskGroup() as group:
            delivering = group.create_task(_Platform(web.url).deliver(chats))
            await until(lambda: len(telegram.sent()) >= 15, 30)
            await asyncio.gather(web.kill(), worker.kill())
            await asyncio.gather(launcher.start("web", port), launcher.start("worker"))
        assert delivering.done()
        await _time_passes(url)
        await until(lambda: all(program.alive() for program in launcher.programs[2:]))
        assert await _stopped(launcher.programs[2:], telegram, url) == [0, 0]
        await _check_nothing_lost_or_doubled(telegram, url, chats)


async def _time_passes(url: str) -> None:
    """The leases of the dead run out: any process may take up what they left."""
    storage = await _open(url)
    async with storage.work() as work:
        swept = await work.outbox.sweep(datetime.now(UTC) + timedelta(seconds=61))
    await storage.close()
    assert len(swept.unknown) <= 15


async def _stopped(programs: Sequence[Program], telegram: FakeTelegram, url: str) -> list[int]:
    storage = await _open(url)

    async def nothing_owed() -> bool:
        return not await _in_state(storage, State.QUEUED, State.LEASED, State.SENDING)

    try:
        await until(nothing_owed)
    finally:
        await storage.close()
    return [await program.stop() for program in programs]


async def test_told_to_stop_it_finishes_what_flies_and_keeps_the_rest(tmp_path: Path) -> None:
    async with (
        FakeTelegram().running() as telegram,
        _launcher(tmp_path, telegram, TELEGRAM_RATE="40") as launcher,
    ):
        program = await launcher.start()
        for chat in CHATS[:60]:
            telegram.text(chat, QUESTION)
        telegram.latency = 0.5
        await until(lambda: len(telegram.sent()) >= 5, 20)

        started = asyncio.get_running_loop().time()
        assert await program.stop() == 0
        assert asyncio.get_running_loop().time() - started < 8

        storage = await _open(f"sqlite:///{tmp_path}/var/rumbo.db")
        owed = await _in_state(storage, State.QUEUED)
        assert await _in_state(storage, State.LEASED, State.SENDING, State.UNKNOWN) == set()
        await storage.close()
        answered = _answered(telegram)
        waiting = {int(update["message"]["chat"]["id"]) for update in telegram.updates}
        assert set(CHATS[:60]) <= owed | set(answered) | waiting
        assert owed.isdisjoint(answered)
