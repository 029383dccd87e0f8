"""The whole road over real sockets: a platform's call comes in, an answer leaves to the platform's API."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from bot.mind import Mind
from tests import servers
from tests.road_kit import (
    CHAT,
    PHONE,
    QUESTION,
    Road,
    form,
    message,
    private,
    road,
    standing,
    tap,
    until,
)


@pytest.fixture
def embedded(migrated_file: Path, tmp_path: Path) -> dict[str, str]:
    """The setting of a database file of its own."""
    path = tmp_path / "rumbo.db"
    shutil.copy(migrated_file, path)
    return {"database_url": f"sqlite:///{path}"}


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest) -> dict[str, str]:
    """Embedded, and on PostgreSQL and Valkey."""
    if request.param == "sqlite":
        return dict(request.getfixturevalue("embedded"))
    server = request.getfixturevalue("postgres_server")
    url = servers.empty_database(server, "migrated")
    return {"database_url": url, "redis_url": request.getfixturevalue("redis_url")}


@pytest.fixture
async def anywhere(where: dict[str, str], mind: Mind, tmp_path: Path) -> AsyncIterator[Road]:
    """The program on either."""
    async with road(mind, tmp_path, **where) as running:
        yield running


@pytest.fixture
async def rumbo(embedded: dict[str, str], mind: Mind, tmp_path: Path) -> AsyncIterator[Road]:
    """The program embedded."""
    async with road(mind, tmp_path, **embedded) as running:
        yield running


def _buttons(rumbo: Road) -> list[dict[str, str]]:
    return [button for row in rumbo.telegram.sent()[-1]["reply_markup"]["inline_keyboard"] for button in row]


# --- Telegram ----------------------------------------------------------------------------------------------------


async def test_a_question_gets_an_answer_with_its_source(anywhere: Road) -> None:
    answer = await anywhere.text(QUESTION)

    said = (await anywhere.replies(1))[0]
    assert answer.status_code == 200
    assert "Carné de extranjería" in said
    assert "Fuente" in said


async def test_the_same_update_five_times_at_once_is_answered_once(anywhere: Road) -> None:
    update = message(QUESTION)

    answers = await asyncio.gather(*(anywhere.tell(update) for _ in range(5)))
    await anywhere.quiet()
    again = await anywhere.tell(update)
    await anywhere.quiet()

    assert {answer.status_code for answer in (*answers, again)} == {200}
    assert len(anywhere.sent_to()) == 1


async def test_a_tap_stops_its_spinner_and_opens_the_section(anywhere: Road) -> None:
    await anywhere.text(QUESTION)
    await anywhere.replies(1)
    button = next(b for b in _buttons(anywhere) if "Requisitos" in b["text"])

    await anywhere.tell(tap(button["callback_data"]))

    said = (await anywhere.replies(2))[1]
    assert "Requisitos" in said
    await until(lambda: anywhere.telegram.sent("answerCallbackQuery"))


async def test_messages_of_many_people_are_each_answered_in_their_order(anywhere: Road) -> None:
    async def converse(chat: int) -> list[str]:
        for text in ("hola", QUESTION, "requisitos"):
            assert (await anywhere.text(text, chat)).status_code == 200
        return await anywhere.replies(3, chat)

    talks = await asyncio.gather(*(converse(chat) for chat in range(1, 13)))

    assert all("Carné de extranjería" in talk[1] and "Requisitos" in talk[2] for talk in talks)


@pytest.mark.parametrize("secret", ["", "another-secret"])
async def test_an_unproved_update_is_refused_and_does_nothing(rumbo: Road, secret: str) -> None:
    answer = await rumbo.tell(message(QUESTION), secret)

    assert answer.status_code == 403
    await rumbo.quiet()
    assert rumbo.sent_to() == []


async def test_a_body_over_a_mebibyte_is_refused(rumbo: Road) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * 65536

    declared = await rumbo.tell(b"{" + b" " * 2**20)
    streamed = await rumbo.client.post(f"{rumbo.url}/webhooks/telegram", content=endless())

    assert (declared.status_code, streamed.status_code) == (413, 413)


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"{}", b'{"update_id": 1, "message": 5}', b"\xff\xfe"])
async def test_malformed_updates_are_refused_with_a_reason(rumbo: Road, body: bytes) -> None:
    answer = await rumbo.tell(body)

    assert answer.status_code in {400, 422}
    assert answer.json()["errors"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("without", ["from", "chat"])
async def test_an_update_of_telegrams_that_we_cannot_read_is_taken_and_counted(rumbo: Road, without: str) -> None:
    """Refused, it would come again for a day and hold up that person's later messages."""
    update = message("hola")
    del update["message"][without]

    answer = await rumbo.tell(update)

    metrics = (await rumbo.client.get(f"{rumbo.url}/metrics")).text
    assert answer.status_code == 200
    assert 'rumbo_refused_total{door="telegram",why="Unreadable"} 1.0' in metrics
    await rumbo.quiet()
    assert rumbo.sent_to() == []


async def test_an_update_of_an_unknown_kind_is_taken_and_ignored(rumbo: Road) -> None:
    answer = await rumbo.tell({"update_id": 1, "story_of_next_year": {"id": 1}})

    assert answer.status_code == 200


async def test_who_blocks_us_is_not_written_to_and_who_comes_back_is_answered(anywhere: Road) -> None:
    await anywhere.text("hola")
    await anywhere.replies(1)

    await anywhere.tell(standing("kicked"))
    await anywhere.quiet()
    async with anywhere.app.storage.view() as work:
        gone = next(count for count in await work.people.counts() if count.channel == "telegram").reachable
    await anywhere.tell(standing("member"))
    await anywhere.text(QUESTION)

    assert gone == 0
    await until(lambda: any("Carné" in text for text in anywhere.sent_to()))


async def test_who_has_blocked_us_meanwhile_is_no_longer_counted_as_reachable(rumbo: Road) -> None:
    rumbo.telegram.fail(method="sendMessage", code=403, description="Forbidden: bot was blocked by the user")

    await rumbo.text("hola")
    await rumbo.quiet()

    async with rumbo.app.storage.view() as work:
        assert (await work.people.counts())[0].reachable == 0


# --- when the provider is slow or ill --------------------------------------------------------------------------------


async def test_too_many_requests_waits_as_told_and_delivers(anywhere: Road) -> None:
    anywhere.telegram.fail(
        method="sendMessage", code=429, description="Too Many Requests: retry after 1", parameters={"retry_after": 1}
    )

    await anywhere.text(QUESTION)

    await anywhere.replies(1)
    first, second = (call.at for call in anywhere.telegram.calls if call.method == "sendMessage")
    assert second - first >= 0.99


@pytest.mark.parametrize("fault", [{"code": 502}, {"kind": "cut"}, {"kind": "garbage"}])
async def test_a_reply_whose_fate_is_unknown_is_sent_again(rumbo: Road, fault: dict[str, Any]) -> None:
    rumbo.telegram.fail(method="sendMessage", **fault)

    await rumbo.text(QUESTION)

    assert len(await rumbo.replies(1)) == 1


async def test_a_reply_is_not_sent_again_for_ever(rumbo: Road) -> None:
    rumbo.telegram.fail(method="sendMessage", code=500, times=50)
    await rumbo.text(QUESTION)

    await rumbo.hurried()

    assert 2 <= len([call for call in rumbo.telegram.calls if call.method == "sendMessage"]) <= 5


async def test_a_slow_chat_holds_up_nobody_else(embedded: dict[str, str], mind: Mind, tmp_path: Path) -> None:
    async with road(mind, tmp_path, **embedded) as rumbo:
        rumbo.telegram.fail(method="sendMessage", kind="hang", chat=1, times=99)
        await rumbo.text("hola", 1)
        await until(lambda: any(call.fields.get("chat_id") == 1 for call in rumbo.telegram.calls))

        await asyncio.gather(*(rumbo.text(QUESTION, chat) for chat in range(2, 22)))
        for chat in range(2, 22):
            await rumbo.replies(1, chat)

        assert rumbo.sent_to(1) == []
        rumbo.telegram._stopping.set()


# --- polling ---------------------------------------------------------------------------------------------------------


async def test_without_a_public_address_updates_are_fetched_and_confirmed_once_stored(
    embedded: dict[str, str], mind: Mind, tmp_path: Path
) -> None:
    async with road(mind, tmp_path, **embedded, public_url="") as rumbo:
        await until(rumbo.telegram.polled.is_set)
        rumbo.telegram.text(CHAT, QUESTION)
        last = rumbo.telegram.text(CHAT, "requisitos")

        said = await rumbo.replies(2)
        await until(lambda: not rumbo.telegram.updates)

    offsets = [int(c.fields.get("offset") or 0) for c in rumbo.telegram.calls if c.method.lower() == "getupdates"]
    assert "Carné de extranjería" in said[0]
    assert max(offsets) == last + 1
    assert rumbo.telegram.webhook == {}


async def test_the_webhook_is_registered_where_the_world_reaches_us(rumbo: Road) -> None:
    await until(lambda: rumbo.telegram.webhook)

    assert rumbo.telegram.webhook["url"] == f"{rumbo.url}/webhooks/telegram"
    assert rumbo.telegram.webhook["secret_token"]


# --- WhatsApp --------------------------------------------------------------------------------------------------------


async def test_whatsapp_question_gets_numbered_text_with_its_source(anywhere: Road) -> None:
    answer = await anywhere.write(form(QUESTION))

    said = (await anywhere.written(1))[0]
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/xml")
    assert "Carné de extranjería" in said
    assert "Fuente" in said
    assert "1. " in said


async def test_whatsapp_digit_and_button_open_what_they_stand_for(rumbo: Road) -> None:
    await rumbo.write(form(QUESTION))
    first = (await rumbo.written(1))[0]
    number = next(line.split(".")[0] for line in first.splitlines() if "Requisitos" in line)

    await rumbo.write(form(number))
    by_digit = (await rumbo.written(2))[1]
    await rumbo.tell(message(QUESTION))
    await rumbo.replies(1)
    data = next(b["callback_data"] for b in _buttons(rumbo) if "Requisitos" in b["text"])
    await rumbo.write(form("Requisitos", ButtonPayload=data, ButtonText="Requisitos", MessageType="button"))

    assert "Requisitos" in by_digit
    assert (await rumbo.written(3))[2] == by_digit


async def test_twilios_signature_covers_the_public_address_with_its_query(rumbo: Road) -> None:
    path = "/webhooks/twilio?from=console&x=1"

    good = await rumbo.write(form(QUESTION), path)
    other = await rumbo.write(form(QUESTION), path, sign=f"{rumbo.url}/webhooks/twilio")
    stranger = await rumbo.client.post(f"{rumbo.url}/webhooks/twilio", data=form(QUESTION))

    assert (good.status_code, other.status_code, stranger.status_code) == (200, 403, 403)
    await rumbo.quiet()
    assert len(rumbo.written_to()) == 1


async def test_the_same_whatsapp_message_five_times_is_answered_once(anywhere: Road) -> None:
    fields = form(QUESTION)

    answers = await asyncio.gather(*(anywhere.write(fields) for _ in range(5)))
    await anywhere.quiet()

    assert {answer.status_code for answer in answers} == {200}
    assert len(anywhere.written_to()) == 1


async def _states(rumbo: Road) -> dict[str, int]:
    from bot.storage.line import Query

    async with rumbo.app.storage.view() as work:
        rows = await work.line.rows(Query("SELECT state, count(*) FROM delivery GROUP BY state"))
    return {str(int(row[0])): int(row[1]) for row in rows}


@pytest.mark.parametrize(
    "order",
    [
        ("sent", "delivered", "read"),
        ("read", "delivered", "sent"),
        ("delivered", "delivered", "sent", "read", "read", "queued"),
    ],
)
async def test_status_callbacks_end_the_same_in_any_order(anywhere: Road, order: tuple[str, ...]) -> None:
    await anywhere.write(form(QUESTION))
    await anywhere.written(1)

    answers = [await anywhere.twilio.call_back(anywhere.twilio.messages[0], status) for status in order]

    await anywhere.quiet()
    assert set(answers) == {200}
    assert await _states(anywhere) == {"8": 1}


async def test_a_status_that_overtakes_the_answer_to_our_own_call_counts(
    embedded: dict[str, str], mind: Mind, tmp_path: Path
) -> None:
    async with road(mind, tmp_path, **embedded) as rumbo:
        rumbo.twilio.callbacks = True

        await asyncio.gather(*(rumbo.write(form(QUESTION, f"+5190000{n:04}")) for n in range(20)))

        async def all_read() -> bool:
            return await _states(rumbo) == {"8": 20}

        await until(all_read)


async def test_quick_whatsapp_messages_become_one_turn(embedded: dict[str, str], mind: Mind, tmp_path: Path) -> None:
    async with road(mind, tmp_path, **embedded, gather_seconds=30) as rumbo:
        for text in ("hola una pregunta", "como saco", "el carnet de extranjeria"):
            assert (await rumbo.write(form(text))).status_code == 200
        rumbo.hurry(31)
        said = await rumbo.written(1)
        await rumbo.quiet()

        assert rumbo.written_to() == said
        assert "Carné" in said[0]


async def test_what_is_still_gathered_survives_a_stop(embedded: dict[str, str], mind: Mind, tmp_path: Path) -> None:
    async with road(mind, tmp_path, **embedded, gather_seconds=30) as rumbo:
        await rumbo.write(form(QUESTION))
        assert rumbo.written_to() == []

    async with road(mind, tmp_path, **embedded, gather_seconds=30) as rumbo:
        rumbo.hurry(31)
        assert "Carné" in (await rumbo.written(1))[0]


# --- people ----------------------------------------------------------------------------------------------------------


async def test_a_flood_is_answered_up_to_a_bound_and_later_again(rumbo: Road) -> None:
    for number in range(40):
        await rumbo.text(f"hola {number}")
    await rumbo.hurried()
    flooded = len(rumbo.sent_to())
    rumbo.hurry(120)

    await rumbo.text(QUESTION)

    await until(lambda: any("Carné" in text for text in rumbo.sent_to()[flooded:]))
    assert 20 <= flooded <= 22
    assert sum("momento" in text.lower() for text in rumbo.sent_to()[:flooded]) <= 1


async def test_forgetting_leaves_nothing_of_the_person_in_any_table(anywhere: Road) -> None:
    await anywhere.text(QUESTION, 5)  # somebody else, who stays
    for number, text in enumerate(("hola", "quiero avisos de trabajo", QUESTION), 1):
        await anywhere.text(text)
        await anywhere.replies(number)
    before = await _rows(anywhere)

    await anywhere.text("borrar mis datos")
    await anywhere.replies(4)
    yes = next(b for b in _buttons(anywhere) if "no" not in b["text"].lower())
    await anywhere.tell(tap(yes["callback_data"]))
    await anywhere.replies(5)
    await anywhere.quiet()

    async def erased() -> bool:
        return not any(2 in owners for owners in (await _rows(anywhere)).values())

    assert before["person"] == {1, 2}
    await until(erased)
    assert (await _rows(anywhere))["person"] == {1}


async def _rows(rumbo: Road) -> dict[str, set[int]]:
    """Whose rows are in each table that names a person, people counted by the order in which they came."""
    from bot.storage.line import Query
    from bot.storage.tables import metadata

    found: dict[str, set[int]] = {}
    async with rumbo.app.storage.view() as work:
        ids = [row[0] for row in await work.line.rows(Query("SELECT id FROM person ORDER BY id"))]
        known: list[int] = rumbo.__dict__.setdefault("people", ids)
        known += [one for one in ids if one not in known]
        for table in metadata.sorted_tables:
            column = "id" if table.name == "person" else "person_id"
            if column in table.c and (table.name == "person" or "person_id" in table.c):
                rows = await work.line.rows(Query(f"SELECT DISTINCT {column} FROM {table.name}"))
                found[table.name] = {known.index(row[0]) + 1 for row in rows if row[0] in known}
    return found


async def test_the_file_holds_no_name_number_or_text(rumbo: Road, tmp_path: Path) -> None:
    await rumbo.text("soy Yuleisy y vivo en Comas, hola")
    await rumbo.write(form("mi numero es 51987654321 hola"))
    await rumbo.quiet()

    async with aiosqlite.connect(tmp_path / "rumbo.db") as file:
        dump = "\n".join([line async for line in file.iterdump()])
    for secret in ("Yuleisy", "Torrealba", str(CHAT), PHONE.removeprefix("+"), "Comas"):
        assert secret not in dump
        assert secret.encode().hex().upper() not in dump.upper()


async def test_a_group_is_not_answered(rumbo: Road) -> None:
    update = message(QUESTION)
    update["message"]["chat"] = private(-100) | {"type": "supergroup"}

    assert (await rumbo.tell(update)).status_code == 200
    await rumbo.quiet()
    assert rumbo.telegram.sent() == []
