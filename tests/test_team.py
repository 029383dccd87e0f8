"""Talking with a person: the team's Telegram group gets one topic for each, words go both ways, and nobody is named."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.errors import BadSettings
from bot.mind import Mind
from bot.settings import load
from bot.storage.line import Query
from tests.road_kit import CHAT, PHONE, QUESTION, Road, form, message, person, road, tap, until

GROUP = -1001234567890


@pytest.fixture
async def rumbo(database_url: str, mind: Mind, tmp_path: Path) -> AsyncIterator[Road]:
    async with road(mind, tmp_path, database_url=database_url, staff_chat=str(GROUP)) as running:
        yield running


def topics(rumbo: Road) -> dict[int, list[str]]:
    """What stands in each topic of the group."""
    found: dict[int, list[str]] = {number: [] for number in rumbo.telegram.topics}
    for fields in rumbo.telegram.sent():
        if int(fields["chat_id"]) == GROUP and int(fields.get("message_thread_id", 0)) in found:
            found[int(fields["message_thread_id"])].append(str(fields["text"]))
    return found


def in_general(rumbo: Road) -> list[str]:
    """What stands in the group outside of all topics."""
    mine = (fields for fields in rumbo.telegram.sent() if int(fields["chat_id"]) == GROUP)
    return [str(fields["text"]) for fields in mine if not fields.get("message_thread_id")]


async def staff(rumbo: Road, thread: int, text: str, **more: Any) -> httpx.Response:
    """Somebody of the team writes in a topic."""
    update = message(text)
    update["message"] |= {"chat": {"id": GROUP, "type": "supergroup", "is_forum": True}, "from": person(5)}
    update["message"] |= {"message_thread_id": thread, "is_topic_message": True} | more
    return await rumbo.tell(update)


async def handed(rumbo: Road) -> int:
    """Ana asks for a person; gives her topic once it stands there."""
    await rumbo.text("persona")
    await rumbo.replies(1)
    await until(lambda: any(topics(rumbo).values()))
    return next(iter(topics(rumbo)))


async def test_asking_for_a_person_opens_a_topic_that_names_nobody(rumbo: Road) -> None:
    await rumbo.text(QUESTION)
    await rumbo.replies(1)
    await rumbo.text("persona")

    said = (await rumbo.replies(2))[1]
    await until(lambda: any(topics(rumbo).values()))

    (opening,) = topics(rumbo)[41]
    assert "Avisé al equipo" in said
    assert "Telegram" in opening
    assert "regularizacion/carne-extranjeria" in opening
    everything = json.dumps([call.fields for call in rumbo.telegram.calls if str(GROUP) in str(call.fields)])
    for secret in ("Yuleisy", "Torrealba", str(CHAT), QUESTION):
        assert secret not in everything


async def test_words_go_both_ways_until_the_team_ends_it(rumbo: Road) -> None:
    thread = await handed(rumbo)

    await rumbo.text("me cobraron de mas en migraciones")
    await until(lambda: len(topics(rumbo)[thread]) == 2)
    await staff(rumbo, thread, "Hola, ¿cuánto te cobraron?")
    asked = (await rumbo.replies(2))[-1]
    await rumbo.text("2")  # an answer to the team, not the second option of an older bubble
    await until(lambda: len(topics(rumbo)[thread]) == 3)
    await staff(rumbo, thread, "/cerrar@RumboBot")
    ended = (await rumbo.replies(3))[-1]
    await rumbo.text(QUESTION)
    answered = (await rumbo.replies(4))[-1]
    await staff(rumbo, thread, "¿sigues ahí?")
    await rumbo.quiet()

    assert "me cobraron de mas" in topics(rumbo)[thread][1]
    assert "¿cuánto te cobraron?" in asked
    assert "<b>Equipo:</b>" in asked
    assert topics(rumbo)[thread][2].endswith("2")
    assert "terminó" in ended
    assert "Carné de extranjería" in answered
    assert "terminada" in topics(rumbo)[thread][3]
    assert len(rumbo.sent_to()) == 4  # a word after the end reaches nobody


async def test_a_person_of_whatsapp_talks_with_the_team_as_well_and_ends_it(rumbo: Road) -> None:
    await rumbo.write(form("persona"))
    await rumbo.written(1)
    await until(lambda: any(topics(rumbo).values()))

    await rumbo.write(form("necesito ayuda con mi contrato"))
    await until(lambda: len(topics(rumbo)[41]) == 2)
    await staff(rumbo, 41, "Te ayudo")
    helped = (await rumbo.written(2))[-1]
    await rumbo.write(form("terminar"))
    ended = (await rumbo.written(3))[-1]
    await rumbo.write(form(QUESTION))
    answered = (await rumbo.written(4))[-1]
    await rumbo.quiet()

    assert "Te ayudo" in helped
    assert "terminé" in ended
    assert "Carné" in answered
    assert len(topics(rumbo)[41]) == 3
    assert PHONE.removeprefix("+") not in json.dumps(topics(rumbo))


async def test_commands_taps_and_danger_are_still_answered(rumbo: Road) -> None:
    thread = await handed(rumbo)

    await rumbo.text("menu")
    menu = (await rumbo.replies(2))[-1]
    await rumbo.text("mi marido me pega y tengo miedo")
    help_line = (await rumbo.replies(3))[-1]
    await until(lambda: len(topics(rumbo)[thread]) == 2)
    await rumbo.text("terminar")
    await rumbo.replies(4)

    assert "tema" in menu
    assert "100" in help_line
    assert "me pega" in topics(rumbo)[thread][1]


async def test_when_the_team_deletes_a_topic_it_is_made_anew_and_nothing_said_is_lost(rumbo: Road) -> None:
    thread = await handed(rumbo)
    name = rumbo.telegram.topics.pop(thread)

    await rumbo.text("me cobraron de mas en migraciones")
    await rumbo.text("y no me dieron boleta")
    await until(lambda: len(topics(rumbo).get(thread + 1, ())) == 3)
    await staff(rumbo, thread + 1, "Aquí sigo")
    said = (await rumbo.replies(2))[-1]
    await rumbo.quiet()

    words = "\n".join(topics(rumbo)[thread + 1])
    assert rumbo.telegram.topics == {thread + 1: name}
    assert "me cobraron de mas" in words
    assert "no me dieron boleta" in words
    assert f"{name}" in words
    assert "Aquí sigo" in said
    assert in_general(rumbo) == []


async def test_when_no_topic_can_be_made_the_words_stand_outside_of_all_topics(rumbo: Road) -> None:
    thread = await handed(rumbo)
    rumbo.telegram.topics.pop(thread)
    rumbo.telegram.fail(method="createForumTopic", code=400, description="Bad Request: not enough rights", times=1)

    await rumbo.text("me cobraron de mas")
    await until(lambda: in_general(rumbo))
    await rumbo.text("sigo esperando")
    await until(lambda: any("sigo esperando" in text for text in topics(rumbo).get(thread + 1, ())))

    assert "me cobraron de mas" in in_general(rumbo)[0]
    assert "sigo esperando" not in "".join(in_general(rumbo))


async def test_a_word_to_a_deleted_topic_of_nobody_is_said_outside_of_all_topics(rumbo: Road) -> None:
    thread = await handed(rumbo)
    rumbo.telegram.topics.pop(thread)

    await rumbo.text("terminar")
    await until(lambda: in_general(rumbo))

    assert rumbo.telegram.topics == {}


async def test_a_photo_is_told_to_both_and_passed_to_nobody(rumbo: Road) -> None:
    thread = await handed(rumbo)
    photo = message("")
    del photo["message"]["text"]
    photo["message"]["photo"] = [{"file_id": "AgAC", "file_unique_id": "x", "width": 9, "height": 9}]

    await rumbo.tell(photo)
    assert "foto" in (await rumbo.replies(2))[-1]
    await until(lambda: len(topics(rumbo)[thread]) == 2)
    await staff(rumbo, thread, "", photo=[{"file_id": "x"}])
    await until(lambda: len(topics(rumbo)[thread]) == 3)

    assert "no puedo pasar" in topics(rumbo)[thread][1]
    assert "Solo puedo pasar texto" in topics(rumbo)[thread][2]


async def test_the_same_word_of_the_team_twice_is_passed_on_once(rumbo: Road) -> None:
    thread = await handed(rumbo)
    update = message("Hola")
    update["message"] |= {"chat": {"id": GROUP, "type": "supergroup"}, "from": person(5), "message_thread_id": thread}

    for _ in range(3):
        assert (await rumbo.tell(update)).status_code == 200
    await rumbo.quiet()

    assert sum("Hola" in text for text in rumbo.sent_to()) == 1


async def test_what_is_said_before_the_topic_is_made_is_not_lost(database_url: str, mind: Mind, tmp_path: Path) -> None:
    given = {"database_url": database_url, "staff_chat": str(GROUP)}
    async with road(mind, tmp_path, **given) as rumbo:
        rumbo.telegram.fail(method="createForumTopic", code=500, times=100)
        await rumbo.text("persona")
        await rumbo.text("me robaron mis papeles")
        await rumbo.replies(1)
        await rumbo.quiet()
        assert topics(rumbo) == {}

    async with road(mind, tmp_path, **given) as rumbo:
        rumbo.hurry(120)
        await until(lambda: len(topics(rumbo).get(41, ())) == 2)

    assert "me robaron mis papeles" in topics(rumbo)[41][1]


async def test_after_a_day_of_silence_the_assistant_answers_again(rumbo: Road) -> None:
    thread = await handed(rumbo)

    rumbo.hurry(25 * 3600)
    await until(lambda: len(topics(rumbo)[thread]) == 2)
    await rumbo.text(QUESTION)

    assert "Carné" in (await rumbo.replies(2))[-1]


async def test_outside_whatsapps_window_the_team_is_told_that_it_did_not_arrive(rumbo: Road) -> None:
    await rumbo.write(form("persona"))
    await rumbo.written(1)
    await until(lambda: any(topics(rumbo).values()))
    for _ in range(2):  # the conversation stays open because the team writes
        rumbo.hurry(12 * 3600)
        await staff(rumbo, 41, "ya casi")
        await rumbo.quiet()

    await until(lambda: any("24 horas" in text for text in topics(rumbo)[41]))
    assert len(rumbo.written_to()) == 2


async def test_erasing_ends_it_and_leaves_nothing(rumbo: Road) -> None:
    thread = await handed(rumbo)
    await rumbo.text("borrar mis datos")
    await rumbo.replies(2)
    keyboard = rumbo.telegram.sent()[-1]["reply_markup"]["inline_keyboard"]
    yes = next(b["callback_data"] for row in keyboard for b in row if b["callback_data"] == "forget/yes")
    await rumbo.tell(tap(yes))
    await rumbo.replies(3)
    await until(lambda: len(topics(rumbo)[thread]) == 2)

    async with rumbo.app.storage.view() as work:
        assert (await work.line.rows(Query("SELECT count(*) FROM handover")))[0][0] == 0
    assert "terminó" in topics(rumbo)[thread][1]


async def test_the_group_is_nobody_in_the_counts_and_its_own_talk_is_ignored(rumbo: Road) -> None:
    thread = await handed(rumbo)

    await staff(rumbo, thread + 7, "¿quién atiende mañana?")
    await rumbo.quiet()
    async with rumbo.app.storage.view() as work:
        people = await work.people.counts()

    assert [(row.channel, row.people) for row in people] == [("telegram", 1)]
    assert len(rumbo.sent_to()) == 1


async def test_the_third_miss_offers_a_person_and_calls_nobody(rumbo: Road) -> None:
    for number, text in enumerate(("zzyx wqrt", "plofk drst", "brrt qwx"), 1):
        await rumbo.text(text)
        await rumbo.replies(number)
    await rumbo.quiet()

    assert "human" in json.dumps(rumbo.telegram.sent()[-1]["reply_markup"])
    assert rumbo.telegram.topics == {}


async def test_without_a_group_nobody_is_told_and_the_answer_says_so(
    database_url: str, mind: Mind, tmp_path: Path
) -> None:
    async with road(mind, tmp_path, database_url=database_url) as rumbo:
        await rumbo.text("persona")
        said = (await rumbo.replies(1))[0]
        await rumbo.quiet()

        assert "no ha publicado" in said
        assert rumbo.telegram.topics == {}


def test_a_group_that_is_no_number_is_refused_at_the_start() -> None:
    with pytest.raises(BadSettings, match="STAFF_CHAT"):
        load(staff_chat="@equipo")
