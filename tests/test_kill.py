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
    until,
    unused_port,
)

CHATS = range(1, 151)
MANY = 120
IN_FLIGHT = 50
"""Calls that can be on their way at once at this rate (500/s in chunks of a tenth of a second)."""


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


async def _all_sent(storage: Storage) -> None:
    async def nothing_owed() -> bool:
        return not await _in_state(storage, State.QUEUED, State.LEASED, State.SENDING)

    await until(nothing_owed, 30)


async def _check_nothing_lost_or_doubled(telegram: FakeTelegram, storage: Storage, chats: Sequence[int]) -> None:
    unknown = await _in_state(storage, State.UNKNOWN)
    answered = _answered(telegram)
    assert {chat for chat in chats if not answered[chat]} <= unknown
    assert [chat for chat in chats if answered[chat] > 1] == []
    assert len(unknown) <= IN_FLIGHT


async def test_the_embedded_program_killed_while_polling_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Killed twice in the middle of its work; the third time it is told to stop, which takes a moment and leaves 0."""
    chance = random.Random(20261122)
    async with FakeTelegram(latency=0.02).running() as telegram, _launcher(tmp_path, telegram) as launcher:
        for part in range(2):
            program = await launcher.start()
            _ask(telegram, CHATS[part * 50 : part * 50 + 50])
            few = part * 50 + chance.randrange(2, 40)
            await until(lambda few=few: len(telegram.sent()) >= few, 30)
            await asyncio.sleep(chance.random() / 50)
            await program.kill()
        program = await launcher.start()
        await until(lambda: not telegram.updates, 30)
        storage = await _open(f"sqlite:///{tmp_path}/var/rumbo.db")
        await _all_sent(storage)
        await _check_nothing_lost_or_doubled(telegram, storage, CHATS[:100])
        await _stop_in_the_middle(telegram, program, storage)
        await storage.close()


def _ask(telegram: FakeTelegram, chats: Sequence[int]) -> None:
    for chat in chats:
        telegram.text(chat, QUESTION)


async def _stop_in_the_middle(telegram: FakeTelegram, program: Program, storage: Storage) -> None:
    """It finishes what flies and keeps the rest."""
    chats = CHATS[100:]
    before = len(telegram.sent())
    unknown = await _in_state(storage, State.UNKNOWN)
    telegram.latency = 0.5
    _ask(telegram, chats)
    await until(lambda: len(telegram.sent()) > before, 20)

    started = asyncio.get_running_loop().time()
    assert await program.stop() == 0
    assert asyncio.get_running_loop().time() - started < 8
    assert await _in_state(storage, State.LEASED, State.SENDING) == set()
    assert await _in_state(storage, State.UNKNOWN) == unknown
    owed = await _in_state(storage, State.QUEUED)
    waiting = {int(update["message"]["chat"]["id"]) for update in telegram.updates}
    answered = set(_answered(telegram))
    assert set(chats) <= owed | answered | waiting
    assert owed.isdisjoint(answered)


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
        storage = await _open(url)
        await _time_passes(storage)
        await _all_sent(storage)
        await _check_nothing_lost_or_doubled(telegram, storage, chats)
        await storage.close()
        assert [await program.stop() for program in launcher.programs[2:]] == [0, 0]


async def _time_passes(storage: Storage) -> None:
    """The leases of the dead run out: any process may take up what they left."""
    async with storage.work() as work:
        await work.outbox.sweep(datetime.now(UTC) + timedelta(seconds=61))
