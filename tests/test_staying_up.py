"""What happens when something fails that nobody foresaw: it is logged, the rest goes on, or the program ends to be
started again. Never does it look alive while nobody is answered.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from telegram.error import NetworkError

from bot import app as composition
from bot.channels.telegram_link import until_done
from bot.chores import Chore, keep_doing, on_the_side, to_the_end
from bot.errors import BackgroundEnded, BadSettings
from bot.mind import Mind
from bot.secret_key import secret_keys
from bot.settings import Settings
from tests.fake_telegram import FakeTelegram
from tests.road_kit import KEY, Launcher, environment, small_content, until
from webhooks.app import create


def without_a_table(whole: Path, folder: Path) -> Path:
    """A database in which somebody has dropped what the sender works on."""
    folder.mkdir(parents=True, exist_ok=True)
    copied = Path(shutil.copy(whole, folder / "rumbo.db"))
    with sqlite3.connect(copied) as line:
        line.execute("DROP TABLE delivery")
    line.close()
    return copied


@pytest.mark.parametrize("mistake", [KeyError("x"), ValueError("x"), RecursionError(), OSError("x")])
async def test_a_chore_that_fails_in_an_unforeseen_way_is_logged_and_done_again(
    mistake: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    stop, times = asyncio.Event(), 0

    async def act() -> None:
        nonlocal times
        times += 1
        if times == 3:
            stop.set()
        raise mistake

    with caplog.at_level(logging.WARNING):
        async with asyncio.timeout(10):
            await keep_doing(Chore("trial", 0.001, act), stop)

    assert times == 3
    assert [record.kind for record in caplog.records if record.message == "chore_failed"] == [
        type(mistake).__name__
    ] * 3


async def test_a_chore_is_given_up_when_the_program_is_told_to_stop_at_once() -> None:
    begun = asyncio.Event()

    async def act() -> None:
        begun.set()
        await asyncio.Event().wait()

    doing = asyncio.ensure_future(keep_doing(Chore("trial", 1, act), asyncio.Event()))
    await begun.wait()
    doing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await doing


async def test_what_is_done_on_the_side_harms_nothing_when_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise KeyError("x")

    await on_the_side("acknowledge", fails())

    assert [(record.message, record.work) for record in caplog.records] == [("aside_failed", "acknowledge")]


async def test_what_must_last_and_ends_early_is_told() -> None:
    stop = asyncio.Event()
    with pytest.raises(BackgroundEnded):
        await to_the_end("sender", asyncio.sleep(0), stop)

    stop.set()
    await to_the_end("sender", asyncio.sleep(0), stop)


async def test_a_process_whose_background_has_died_is_not_called_alive(
    mind: Mind, migrated_file: Path, tmp_path: Path
) -> None:
    without_a_table(migrated_file, tmp_path)
    chosen = Settings(_env_file=None, var=tmp_path, secret_keys=(KEY,), encoder="off")
    app = await composition.build(chosen, mind=mind)
    transport = httpx.ASGITransport(create(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://rumbo.example") as client:
        assert (await client.get("/health/live")).json() == {"status": "ok"}

        with pytest.raises(ExceptionGroup):
            async with app.running():
                await asyncio.Event().wait()

        told = await client.get("/health/live")
        assert (told.status_code, told.json()) == (503, {"status": "gone"})


@pytest.mark.parametrize("role", ["run", "worker"])
async def test_a_program_whose_background_dies_ends_with_an_error_so_that_it_is_started_again(
    migrated_file: Path, tmp_path: Path, role: str
) -> None:
    without_a_table(migrated_file, tmp_path / "var")
    async with FakeTelegram().running() as telegram:
        launcher = Launcher(environment(telegram, small_content(tmp_path, "cpp"), tmp_path), tmp_path)
        try:
            program = await launcher.start(role, wait=False)
            await until(lambda: not program.alive() or program.process.returncode is not None, 50)
            assert await asyncio.wait_for(program.process.wait(), 5) == 1
        finally:
            await launcher.end()
    assert [event["work"] for event in program.events() if event["event"] == "background_ended"] == ["sender"]


async def test_a_program_that_is_told_to_stop_ends_well(tmp_path: Path) -> None:
    async with FakeTelegram().running() as telegram:
        launcher = Launcher(environment(telegram, small_content(tmp_path, "cpp"), tmp_path), tmp_path)
        try:
            program = await launcher.start("run")
            assert await program.stop() == 0
        finally:
            await launcher.end()


async def test_a_long_outage_of_telegram_is_waited_out_with_growing_pauses(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of attempts, more than calls could be stacked."""
    tries, stop = 0, asyncio.Event()

    async def attempt() -> None:
        nonlocal tries
        tries += 1
        if tries <= 3_000:
            raise NetworkError("down") if tries % 2 else KeyError("odd")

    with caplog.at_level(logging.WARNING):
        async with asyncio.timeout(30):
            await until_done(attempt, stop, first_pause=0.0, longest_pause=0.0)

    assert tries == 3_001
    assert {record.message for record in caplog.records} == {"telegram_unreachable", "telegram_link_broke"}


async def test_the_pauses_before_telegram_is_asked_again_grow_up_to_the_longest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop, tries = asyncio.Event(), 0

    async def attempt() -> None:
        nonlocal tries
        tries += 1
        if tries == 6:
            stop.set()
        raise NetworkError("down")

    with caplog.at_level(logging.WARNING):
        await until_done(attempt, stop, first_pause=0.001, longest_pause=0.006)

    assert [record.again_in for record in caplog.records] == [0.001, 0.002, 0.004, 0.006, 0.006, 0.006]


def test_several_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    go = threading.Barrier(8)

    def start(var: Path) -> str:
        go.wait(10)
        return secret_keys(Settings(_env_file=None, var=var))[0]

    with ThreadPoolExecutor(8) as pool:
        for number in range(30):
            var = tmp_path / str(number)
            keys = set(pool.map(start, [var] * 8))

            assert keys == {(var / "secret.key").read_text("ascii")}
            assert [file.name for file in var.iterdir()] == ["secret.key"]
            assert (var / "secret.key").stat().st_mode & 0o077 == 0


def test_a_file_without_a_key_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("", "ascii")

    with pytest.raises(BadSettings, match=r"secret\.key: holds no key"):
        secret_keys(Settings(_env_file=None, var=tmp_path))
