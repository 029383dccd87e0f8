"""Whatever people type, tap or send: always an answer that fits, never the same shrug twice, always a way on."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from bot import app as composition
from bot.messages import Kind
from bot.mind import Mind
from bot.settings import HOME, Settings
from bot.storage.line import Query
from tests.road_kit import AHEAD, until
from tests.storm import MEDIA, Storm, mutated, noise, unfit
from tests.transcripts.player import stage

_A_WHILE = timedelta(seconds=5)


@pytest.mark.parametrize("seed", [1, 2])
def test_in_long_conversations_anything_gets_an_answer_and_a_way_on(mind: Mind, seed: int) -> None:
    """A sixth of the storm; `python -m tests.storm` is all of it: 10,000 random and 2,000 mutated messages."""
    storm = Storm(mind, random.Random(seed))

    storm.blow(700, 300)

    assert storm.wrong == []
    assert len(storm.kinds) > 8  # it did reach the corners


@pytest.mark.timeout(180)
async def test_the_whole_program_takes_anything_and_sends_every_answer(mind: Mind, tmp_path: Path) -> None:
    """Through the simulator's both channels and the database: what is owed is rendered and sent, nothing fails."""
    chance = random.Random(3)
    given = {"content": HOME / "content", "var": tmp_path, "encoder": "off", "simulator": True, "gather_seconds": 0.0}
    app = await composition.build(Settings(_env_file=None, **given), mind=mind)
    app.clock.advance(AHEAD)
    asked = answered = 0
    async with app.running():
        for number in range(240):
            phone = app.simulated(("telegram", "whatsapp")[number % 2])
            make = mutated if number % 5 == 0 else noise
            kind = str(chance.choice(MEDIA[:-1])) if number % 11 == 0 else ""
            text = make(chance).encode("utf-8", "replace").decode()
            said = phone.said(f"p{number % 6}", text=text, kind=kind, at=app.clock())
            replies = await app.assistant.receive(said, at_once=True)
            asked += 1
            answered += bool(replies)
            assert not [what for reply in replies for what in unfit(reply)]

        async def nothing_owed() -> bool:
            async with app.storage.view() as work:
                return not sum((await work.outbox.counts()).values())

        async def move() -> bool:
            app.clock.advance(_A_WHILE)
            return await nothing_owed()

        await until(move, 90)
        async with app.storage.view() as work:
            ends = await work.line.rows(Query("SELECT state, error, count(*) FROM delivery GROUP BY state, error"))
    assert answered == asked
    assert {(int(row[0]), row[1]) for row in ends} <= {(3, None), (7, None), (8, None)}


def test_a_digit_is_the_option_it_stands_for_whatever_danger_is_read_into_it(mind: Mind) -> None:
    here = stage(mind, "# Ana. canal: telegram idioma: es")
    here.say("hola")

    for digit, choice in enumerate(here.offered, 1):
        here.say("menu")
        by_digit = here.say(str(digit))
        here.say("menu")
        assert by_digit.replies == here.say(f"[{choice.title}]").replies


def test_the_third_miss_in_a_row_offers_a_person(mind: Mind) -> None:
    here = stage(mind, "# Ana. canal: telegram idioma: es")

    texts = [here.say(text).replies[0] for text in ("zzyx wqrt", "plofk drst", "brrt qwx")]

    assert len({reply.text for reply in texts}) == 3
    assert "persona" in texts[2].text


@pytest.mark.parametrize("kind", [kind for kind in MEDIA if kind is not Kind.OTHER])
def test_two_photos_in_a_row_do_not_get_the_same_words(mind: Mind, kind: Kind) -> None:
    names = {"photo": "foto", "voice": "voz", "sticker": "sticker", "location": "lugar", "document": "archivo"}
    here = stage(mind, "# Ana. canal: whatsapp idioma: es")

    first, second = (here.say(f"<{names[str(kind)]}>").replies[0] for _ in range(2))

    assert first.text != second.text
    assert second.choices
