"""Killed at any moment: no message is lost, no reply is doubled; what nobody can know is listed as unknown."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bot.broadcast import Broadcaster, rates_of
from bot.library.load import load
from bot.person import Address, Wish
from bot.storage.line import Query
from bot.storage.tables import State
from bot.storage.work import Storage
from bot.wording import Wording
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
    kept_port,
    message,
    small_content,
    until,
)

CHATS = range(1, 151)
MANY = 120
LONG = 150
"""Seconds to wait for what several programs do together: a machine may be so busy that they take ten times as long."""
RATE = "200"
CROWD = range(5_001, 5_121)
ALLOWED = 100.0
ASKED = "60"
"""What the provider takes a second, and what the program is set to: two workers that did not know of each other would
be refused, and a busy machine is not.
"""


@asynccontextmanager
async def _launcher(folder: Path, telegram: FakeTelegram, **more: str) -> AsyncIterator[Launcher]:
    content = small_content(folder, "carne-extranjeria", "privacidad", "hablar-persona")
    launcher = Launcher(environment(telegram, content, folder, TELEGRAM_RATE=RATE, **more), folder)
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

    await until(nothing_owed, LONG)


def _heard(telegram: FakeTelegram, words: str = "") -> set[int]:
    """The chats that the provider was asked to tell this, whatever it answered."""
    asked = [call.fields for call in telegram.calls if call.method == "sendMessage"]
    return {int(fields["chat_id"]) for fields in asked if words in fields["text"]}


def _begun(rate: str, kills: int) -> int:
    """So many can be unknown though the provider never heard of them: two micro-batches a kill, each of what may go in
    a twentieth of a second (`bot/delivery/lane.py`).

    How many are unknown that it did hear of is a matter of how long it took to answer.
    """
    return kills * 2 * int(int(rate) / 20)


async def _check_nothing_lost_or_doubled(
    telegram: FakeTelegram, storage: Storage, chats: Sequence[int], kills: int
) -> None:
    unknown = await _in_state(storage, State.UNKNOWN)
    answered = _answered(telegram)
    assert {chat for chat in chats if not answered[chat]} <= unknown
    assert [chat for chat in chats if answered[chat] > 1] == []
    assert len(unknown - _heard(telegram)) <= _begun(RATE, kills)


@pytest.mark.timeout(600)  # three programs are started, one after another
async def test_the_embedded_program_killed_while_polling_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Killed twice in the middle of its work; the third time it is told to stop, finishes what flies and leaves 0."""
    chance = random.Random(20261122)
    async with FakeTelegram(latency=0.02).running() as telegram, _launcher(tmp_path, telegram) as launcher:
        for part in range(2):
            program = await launcher.start()
            _ask(telegram, CHATS[part * 50 : part * 50 + 50])
            few = part * 50 + chance.randrange(2, 40)
            await until(lambda few=few: len(telegram.sent()) >= few, LONG)
            await program.kill()
        program = await launcher.start()
        await until(lambda: not telegram.updates, LONG)
        storage = await _open(f"sqlite:///{tmp_path}/var/rumbo.db")
        await _all_sent(storage)
        await _check_nothing_lost_or_doubled(telegram, storage, CHATS[:100], kills=2)
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
    await until(lambda: len(telegram.sent()) > before, LONG)

    assert await program.stop() == 0
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
            await until(lambda update=update: self._taken(client, update), LONG)
            await self._taken(client, update)  # and once more, as if the acknowledgement had been lost

    async def _taken(self, client: httpx.AsyncClient, update: object) -> bool:
        try:
            answer = await client.post(f"{self._url}/webhooks/telegram", json=update, headers={HEADER: SECRET})
        except httpx.TransportError:
            return False
        return answer.status_code == 200


@pytest.mark.timeout(600)  # four programs are started
async def test_web_and_worker_killed_on_postgresql_lose_and_double_nothing(
    postgres_server: servers.Server, redis_url: str, tmp_path: Path
) -> None:
    url = servers.empty_database(postgres_server, "migrated")
    chats = range(1, MANY + 1)
    async with (
        FakeTelegram(latency=0.02).running() as telegram,
        _launcher(tmp_path, telegram, DATABASE_URL=url, REDIS_URL=redis_url) as launcher,
        AsyncExitStack() as stack,
    ):
        port = stack.enter_context(kept_port())
        web, worker = await asyncio.gather(launcher.start("web", port), launcher.start("worker"))
        async with asyncio.TaskGroup() as group:
            group.create_task(_Platform(web.url).deliver(chats))  # ends when all were acknowledged
            await until(lambda: len(telegram.sent()) >= 15, LONG)
            await asyncio.gather(web.kill(), worker.kill())
            await asyncio.gather(launcher.start("web", port), launcher.start("worker"))
        storage = await _open(url)
        await _all_sent(storage)  # the workers that are alive take up what the dead had leased
        await _check_nothing_lost_or_doubled(telegram, storage, chats, kills=1)
        await storage.close()
        assert [await program.stop() for program in launcher.programs[2:]] == [0, 0]


# --- an announcement --------------------------------------------------------------------------------------------


def _content_without_nights(folder: Path) -> Path:
    """Announcements go out whenever the tests run."""
    content = small_content(folder, "carne-extranjeria", "privacidad", "hablar-persona")
    country = content / "pais.yaml"
    lines = country.read_text(encoding="utf-8").splitlines(keepends=True)
    awake = 'quiet_hours: {from: "00:00", to: "00:00"}\n'
    country.write_text("".join(awake if line.startswith("quiet_hours:") else line for line in lines), encoding="utf-8")
    return content


class _Coordinator:
    """Somebody who sends announcements to a crowd that has said yes to them."""

    def __init__(self, storage: Storage, content: Path) -> None:
        library = load(content).library
        self._storage = storage
        self._desk = Broadcaster(
            storage=storage,
            library=lambda: library,
            wording=Wording.read(content),
            rates=lambda: rates_of(content),
            paces={"telegram": 28.5, "whatsapp": 80.0},
            clock=lambda: datetime.now(UTC),
        )

    async def welcome(self, chats: Sequence[int]) -> None:
        async with self._storage.work() as work:
            for chat in chats:
                address = Address("telegram", str(chat))
                person = (await work.people.recall(address, (), "es", datetime.now(UTC))).person
                await work.people.subscribe(person.id, Wish())

    async def send(self, words: str) -> int:
        number = (await self._desk.draft_text({"es": words}, "Rosa")).id
        await self._desk.plan(number)
        await self._desk.approve(number, "Ana")
        await self._desk.send(number)
        return number

    async def end_of(self, number: int) -> dict[str, int]:
        """How it ended."""

        async def done() -> dict[str, int] | None:
            shown = await self._desk.show(number)
            return shown if shown["state"] == "done" else None

        return await until(done, LONG)


def _got(telegram: FakeTelegram, words: str) -> Counter[int]:
    """How often each chat was told so: a call counts that Telegram took, whether or not we heard of it."""
    taken = [call for call in telegram.calls if call.method == "sendMessage" and call.answer in {0, 200}]
    return Counter(int(call.fields["chat_id"]) for call in taken if words in call.fields["text"])


@pytest.fixture(params=["sqlite", "postgresql"])
def mode(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[dict[str, str], list[str]]:
    """The settings of one mode, and its processes."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "rumbo.db")
        return {"DATABASE_URL": f"sqlite:///{tmp_path}/rumbo.db"}, ["run"]
    url = servers.empty_database(request.getfixturevalue("postgres_server"), "migrated")
    return {"DATABASE_URL": url, "REDIS_URL": request.getfixturevalue("redis_url")}, ["worker", "worker"]


@pytest.mark.timeout(600)  # five programs are started; a busy machine takes its time
async def test_an_announcement_reaches_everybody_once_though_all_processes_are_killed(
    mode: tuple[dict[str, str], list[str]], tmp_path: Path
) -> None:
    """First undisturbed, under a strict provider; then twice with everything killed, but for a second worker at last."""
    where, roles = mode
    content = _content_without_nights(tmp_path)
    async with FakeTelegram(overall=ALLOWED, per_chat=1, latency=0.02).running() as telegram:
        rates = {"TELEGRAM_RATE": ASKED, "TELEGRAM_CHAT_RATE": "1"}
        launcher = Launcher(environment(telegram, content, tmp_path, **rates, **where), tmp_path)
        storage = await _open(where["DATABASE_URL"])
        try:
            coordinator = _Coordinator(storage, content)
            await coordinator.welcome(CROWD)
            running = await asyncio.gather(*(launcher.start(role) for role in roles))
            calm = await coordinator.end_of(await coordinator.send("Feria el sábado"))
            assert (calm["sent"], _got(telegram, "Feria el sábado")) == (len(CROWD), Counter(CROWD))
            assert telegram.counts().get("sendMessage 429", 0) <= 3

            number, kills = await coordinator.send("Cambio de hora"), 0
            for part in (1, 2):
                few = part * len(CROWD) // 3
                await until(lambda few=few: _got(telegram, "Cambio de hora").total() >= few, LONG)
                survivors = running[1:] if part == 2 else []  # the second time another worker takes it up
                victims = [program for program in running if program not in survivors]
                await asyncio.gather(*(program.kill() for program in victims))
                kills += len(victims)
                running = survivors or await asyncio.gather(*(launcher.start(role) for role in roles))
            shown = await coordinator.end_of(number)
            got, unknown = _got(telegram, "Cambio de hora"), await _in_state(storage, State.UNKNOWN)
        finally:
            await storage.close()
            await launcher.end()
    assert shown["sent"] + shown["unknown"] == shown["eligible"] == len(CROWD)
    assert set(CROWD) - set(got) <= unknown
    assert [chat for chat, times in got.items() if times > 1] == []
    assert len(unknown - _heard(telegram, "Cambio de hora")) <= _begun(ASKED, kills)
