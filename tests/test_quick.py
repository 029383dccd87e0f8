"""Several quick messages are one thought and one answer: WhatsApp waits a moment, Telegram takes its answer back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.mind import Mind
from bot.storage.line import Query
from tests.road_kit import QUESTION, Road, form, message, road, tap, until


@pytest.fixture
async def held_up(database_url: str, mind: Mind, tmp_path: Path) -> AsyncIterator[Road]:
    """A program that may send Telegram one message in twenty seconds, and gathers for thirty: what is said meanwhile
    comes before the answer, however slow the machine is. `hurry` ends the wait.
    """
    given = {"database_url": database_url, "gather_seconds": 30.0, "telegram_chat_rate": 0.05, "telegram_rate": 500}
    async with road(mind, tmp_path, **given) as running:
        yield running


async def _busy(rumbo: Road) -> None:
    """The chat has just used up what it may be sent, so that the next answer waits."""
    for number in range(1, 4):
        await rumbo.text("menu")
        await rumbo.replies(number)


async def _put_back(rumbo: Road) -> None:
    """The lane has looked at the new answer and found that it must wait."""

    async def waits() -> bool:
        async with rumbo.app.storage.view() as work:
            rows = await work.line.rows(Query("SELECT state, next_at > created_at FROM delivery WHERE state < 3"))
        return [(int(row[0]), bool(row[1])) for row in rows] == [(0, True)]

    await until(waits)


async def test_a_second_text_before_the_answer_left_makes_one_turn_of_both(held_up: Road) -> None:
    await _busy(held_up)

    for text in ("hola buenas", "una consulta por favor", "como saco", "el carnet de extranjeria"):
        assert (await held_up.text(text)).status_code == 200
        await _put_back(held_up)
    held_up.hurry(60)
    await held_up.quiet()

    said = held_up.sent_to()[3:]
    assert len(said) == 1
    assert "Carné de extranjería" in said[0]


async def test_the_same_update_again_joins_nothing(held_up: Road) -> None:
    await _busy(held_up)
    first, second = message("como saco"), message("el carnet de extranjeria")

    for update in (first, second, second, first, second):
        assert (await held_up.tell(update)).status_code == 200
        await _put_back(held_up)
    held_up.hurry(60)
    await held_up.quiet()

    assert len(held_up.sent_to()[3:]) == 1
    assert await _texts_left(held_up) == 0


async def test_both_halves_at_the_same_instant_lose_nothing(held_up: Road) -> None:
    await _busy(held_up)

    await asyncio.gather(held_up.text("como saco"), held_up.text("el carnet de extranjeria"))
    held_up.hurry(60)
    await held_up.quiet()

    assert any("Carné de extranjería" in text for text in held_up.sent_to()[3:])
    assert 1 <= len(held_up.sent_to()[3:]) <= 2


async def test_commands_taps_and_cries_for_help_are_answered_by_themselves(held_up: Road) -> None:
    await _busy(held_up)

    await held_up.text(QUESTION)
    await held_up.text("mi marido me pega")
    await held_up.text("menu")
    await held_up.tell(tap("t/titulos"))
    await held_up.text("fuente")
    for _ in range(5):
        held_up.hurry(60)
        await asyncio.sleep(0)
    await until(lambda: _hurried(held_up, 8))

    said = held_up.sent_to()[3:]
    assert "Carné" in said[0]
    assert "1818" in said[1] or "100" in said[1] or "105" in said[1]


async def _hurried(rumbo: Road, n: int) -> bool:
    rumbo.hurry(5)
    return len(rumbo.sent_to()) >= n


async def test_a_single_message_does_not_wait(database_url: str, mind: Mind, tmp_path: Path) -> None:
    async with road(mind, tmp_path, database_url=database_url, gather_seconds=30.0) as rumbo:
        said = rumbo.app.clock()
        await rumbo.text(QUESTION)
        await rumbo.replies(1)

        assert rumbo.app.clock() - said < timedelta(seconds=30)


async def test_an_answer_that_has_left_is_not_taken_back(database_url: str, mind: Mind, tmp_path: Path) -> None:
    async with road(mind, tmp_path, database_url=database_url, gather_seconds=8.0) as rumbo:
        await rumbo.text("una consulta por favor")
        await rumbo.replies(1)

        await rumbo.text(QUESTION)

        assert "Carné" in (await rumbo.replies(2))[1]


async def test_an_answer_that_may_have_left_is_not_taken_back(held_up: Road) -> None:
    held_up.telegram.fail(method="sendMessage", code=502)
    await held_up.text("una consulta por favor")
    await until(lambda: any(call.method == "sendMessage" for call in held_up.telegram.calls))

    await held_up.text(QUESTION)
    await until(lambda: _hurried(held_up, 2))

    assert "Carné" in held_up.sent_to()[1]


async def test_what_was_said_is_gone_from_the_outbox_once_it_is_answered(held_up: Road) -> None:
    await held_up.text("como saco el carnet")
    await held_up.replies(1)
    await held_up.quiet()

    assert await _texts_left(held_up) == 0


async def test_whatsapp_texts_are_gathered_and_a_tap_is_not(held_up: Road) -> None:
    for text in ("como saco", "el carnet de extranjeria"):
        await held_up.write(form(text))
    await held_up.write(form("Menú", ButtonPayload="menu", ButtonText="Menú", MessageType="button"))
    held_up.hurry(31)

    said = await held_up.written(2)

    assert sum("Carné de extranjería" in text and "Fuente" in text for text in said) == 1


async def _texts_left(rumbo: Road) -> int:
    async with rumbo.app.storage.view() as work:
        return int((await work.line.rows(Query("SELECT count(*) FROM delivery WHERE body IS NOT NULL")))[0][0])
