"""The contract of sending that every channel keeps: each failure says whether the message may have arrived."""

from __future__ import annotations

import logging
from dataclasses import replace

import httpx
import pytest

from bot.channels.direct import Direct
from bot.channels.twilio_codes import CODES, meaning
from bot.errors import (
    NeedsTemplate,
    OutcomeUnknown,
    PersonLeft,
    Refused,
    SendFailed,
    Throttled,
    Unreachable,
)
from bot.messages import Choice, Document, Inbound, Kind, Place, Reply
from bot.person import Address
from tests.channel_kit import ADDRESSES, MAKERS, NOW, answering, outgoing, telegram, whatsapp
from tests.fake_telegram import TOKEN, FakeTelegram
from tests.fake_twilio import AUTH_TOKEN, FakeTwilio

CHANNELS = ["telegram", "whatsapp"]
Fake = FakeTelegram | FakeTwilio


def fake(channel: str) -> Fake:
    return FakeTelegram() if channel == "telegram" else FakeTwilio()


def over_a_socket(channel: str, server: Fake, client: httpx.AsyncClient):
    return MAKERS[channel](client, server.url)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_message_is_sent_and_its_id_comes_back(channel: str):
    async with fake(channel).running() as server, real_client() as client:
        sender = over_a_socket(channel, server, client)
        ids = [await sender.send(call) for call in sender.render(outgoing(channel, "hola **Ana** <3"))]

    assert len(ids) == 1
    assert ids[0]
    if isinstance(server, FakeTelegram):
        assert server.sent()[0]["text"] == "hola <b>Ana</b> &lt;3"
    else:
        assert server.messages[0]["Body"] == "hola *Ana* <3"
        assert server.messages[0]["StatusCallback"].endswith("/webhooks/twilio/status?ref=77")


def real_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=Direct(trust_env=False))


async def test_a_calendar_file_and_a_pin_arrive_whole():
    ics = Document("feria año.ics", "text/calendar", "BEGIN:VCALENDAR\r\nSUMMARY:Feria de empleo, año 2026\r\n")
    reply = Reply("La **feria**", (Choice("menu", "Menú"),), document=ics, place=Place(-12.05, -77.03, "Plaza", "Lima"))
    async with FakeTelegram().running() as server, real_client() as client:
        sender = telegram(client, server.url)
        ids = [await sender.send(call) for call in sender.render(outgoing("telegram", reply))]

    (sent,) = server.sent("sendDocument")
    assert all(ids)
    assert sent["document"] == {"filename": ics.filename, "type": "text/calendar", "body": ics.body}
    assert sent["caption"] == "La <b>feria</b>"
    assert "callback_data" in sent["reply_markup"]
    assert server.sent("sendVenue")[0]["title"] == "Plaza"


async def test_an_answer_of_twilio_without_a_sid_leaves_the_outcome_open():
    error = await failure(whatsapp(answering(lambda request: httpx.Response(201, json={}))), "whatsapp")

    assert type(error) is OutcomeUnknown


BROKEN_WIRES = [
    ("cut", OutcomeUnknown, "the request had left: it may have arrived"),
    ("garbage", OutcomeUnknown, "a proxy's page says nothing about the message"),
]


@pytest.mark.parametrize("transport", ["direct", "httpx"])
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(("kind", "expected", "why"), BROKEN_WIRES, ids=[row[0] for row in BROKEN_WIRES])
async def test_a_broken_wire_says_whether_the_message_may_have_arrived(
    channel: str, kind: str, expected: type[SendFailed], why: str, transport: str
):
    async with fake(channel).running() as server:
        server.fail(kind=kind)
        async with real_client() if transport == "direct" else httpx.AsyncClient() as client:
            error = await failure(over_a_socket(channel, server, client), channel)

    assert type(error) is expected, why
    assert TOKEN not in f"{error!r} {error.__cause__!r}"


@pytest.mark.parametrize("transport", ["direct", "httpx"])
@pytest.mark.parametrize("channel", CHANNELS)
async def test_where_nobody_listens_nothing_was_sent(channel: str, transport: str):
    async with fake(channel).running() as server:
        pass  # the port is closed again
    async with real_client() if transport == "direct" else httpx.AsyncClient() as client:
        error = await failure(over_a_socket(channel, server, client), channel)

    assert type(error) is Unreachable
    assert error.retry


FAULTS: list[tuple[str, type[Exception], type[SendFailed]]] = [
    ("connect time-out", httpx.ConnectTimeout, Unreachable),
    ("pool time-out", httpx.PoolTimeout, Unreachable),
    ("read time-out", httpx.ReadTimeout, OutcomeUnknown),
    ("write time-out", httpx.WriteTimeout, OutcomeUnknown),
    ("cut while reading", httpx.ReadError, OutcomeUnknown),
    ("disconnected", httpx.RemoteProtocolError, OutcomeUnknown),
    ("no answer in all", TimeoutError, OutcomeUnknown),
]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(("label", "raised", "expected"), FAULTS, ids=[row[0] for row in FAULTS])
async def test_each_fault_of_the_network_has_its_meaning(
    channel: str, label: str, raised: type[Exception], expected: type[SendFailed]
):
    def break_down(request: httpx.Request) -> httpx.Response:
        raise raised(f"Connection timeout to host {request.url}")

    error = await failure(MAKERS[channel](answering(break_down)), channel)

    assert type(error) is expected
    assert TOKEN not in str(error)
    assert error.__cause__ is None, "the cause holds the URL, and the URL the token"


async def failure(sender, channel: str) -> SendFailed:
    (call,) = sender.render(outgoing(channel))
    with pytest.raises(SendFailed) as caught:
        await sender.send(call)
    return caught.value


TELEGRAM_ANSWERS = [
    ("blocked", 403, "Forbidden: bot was blocked by the user", PersonLeft),
    ("deactivated", 403, "Forbidden: user is deactivated", PersonLeft),
    ("never started", 403, "Forbidden: bot can't initiate conversation with a user", PersonLeft),
    ("blocked, in another form", 400, "Bad Request: USER_IS_BLOCKED", PersonLeft),
    ("chat not found", 400, "Bad Request: chat not found", Refused),
    ("bad markup", 400, "Bad Request: can't parse entities: Unsupported start tag", Refused),
    ("bad button", 400, "Bad Request: BUTTON_DATA_INVALID", Refused),
    ("wrong token", 401, "Unauthorized", Refused),
    ("no such method", 404, "Not Found", Refused),
    ("too large", 413, "Request Entity Too Large", Refused),
    ("server error", 500, "Internal Server Error", OutcomeUnknown),
    ("bad gateway", 502, "Bad Gateway", OutcomeUnknown),
]


@pytest.mark.parametrize(("label", "code", "said", "expected"), TELEGRAM_ANSWERS, ids=[r[0] for r in TELEGRAM_ANSWERS])
async def test_each_refusal_of_telegram_has_its_meaning(label: str, code: int, said: str, expected: type[SendFailed]):
    async with FakeTelegram().running() as server, real_client() as client:
        server.fail(code=code, description=said)
        error = await failure(telegram(client, server.url), "telegram")

    assert type(error) is expected
    assert error.code == str(code)


async def test_a_wrong_token_is_an_alarm(caplog: pytest.LogCaptureFixture):
    async with FakeTelegram(token="1:other").running() as server, real_client() as client:
        with caplog.at_level(logging.ERROR):
            await failure(telegram(client, server.url), "telegram")

    assert [record.message for record in caplog.records] == ["telegram_refuses_our_token"]


@pytest.mark.parametrize(("chat", "whole"), [("987654321", True), ("-1001234567890", False)], ids=["person", "group"])
async def test_telegram_says_how_long_to_wait(chat: str, whole: bool):
    async with FakeTelegram().running() as server, real_client() as client:
        server.fail(code=429, description="Too Many Requests: retry after 7", parameters={"retry_after": 7})
        sender = telegram(client, server.url)
        (call,) = sender.render(replace(outgoing("telegram"), to=Address("telegram", chat)))
        with pytest.raises(Throttled) as caught:
            await sender.send(call)

    assert (caught.value.after, caught.value.whole) == (7.0, whole)


async def test_a_group_that_moved_is_followed():
    async with FakeTelegram().running() as server, real_client() as client:
        gone = "Bad Request: group chat was upgraded to a supergroup chat"
        server.fail(chat=-4567, code=400, description=gone, parameters={"migrate_to_chat_id": -1001})
        sender = telegram(client, server.url)
        (call,) = sender.render(replace(outgoing("telegram"), to=Address("telegram", "-4567")))

        assert await sender.send(call)
        assert await sender.send(call)

    assert [fields["chat_id"] for fields in server.sent()] == [-1001, -1001]


async def test_a_message_that_is_already_so_counts_as_sent():
    async with FakeTelegram().running() as server, real_client() as client:
        server.fail(code=400, description="Bad Request: message is not modified: specified new message content")
        sender = telegram(client, server.url)

        assert await sender.send(sender.render(outgoing("telegram"))[0]) == ""


@pytest.mark.parametrize(
    "trouble", [{}, {"code": 400, "description": "Bad Request: query is too old"}, {"kind": "cut"}]
)
async def test_a_tap_is_acknowledged_and_a_failure_of_that_is_no_failure(trouble: dict[str, object]):
    async with FakeTelegram().running() as server, real_client() as client:
        if trouble:
            server.fail(**trouble)
        sender = telegram(client, server.url)
        said = Inbound("1", Address("telegram", "1"), NOW, kind=Kind.CHOICE, choice="a", tap="42")

        await sender.acknowledge(said)
        await sender.acknowledge(replace(said, tap=""))

    assert [call.fields for call in server.calls] == [{"callback_query_id": "42"}]


@pytest.mark.parametrize(("code", "expected"), [(code, row[0]) for code, row in CODES.items()])
async def test_each_code_of_twilio_has_its_meaning(code: int, expected: type[SendFailed]):
    async with FakeTwilio().running() as server, real_client() as client:
        server.fail(status=429 if code == 20429 else 400, code=code)
        error = await failure(whatsapp(client, server.url), "whatsapp")

    assert type(error) is expected
    assert type(meaning(code)) is expected, "the same from a status callback"
    assert error.code == str(code)


async def test_twilio_too_fast_waits_as_told():
    async with FakeTwilio(rate=1).running() as server, real_client() as client:
        sender = whatsapp(client, server.url)
        (call,) = sender.render(outgoing("whatsapp"))
        await sender.send(call)
        with pytest.raises(Throttled) as caught:
            await sender.send(call)

    assert caught.value.after == 1.0


STATUSES = [(500, 0, OutcomeUnknown), (503, 20503, OutcomeUnknown), (401, 20003, Refused), (400, 99999, Refused)]


@pytest.mark.parametrize(("status", "code", "expected"), [*STATUSES, (429, 0, Throttled)])
async def test_a_code_nobody_knows_goes_by_the_http_status(status: int, code: int, expected: type[SendFailed]):
    async with FakeTwilio().running() as server, real_client() as client:
        server.fail(status=status, code=code)

        assert type(await failure(whatsapp(client, server.url), "whatsapp")) is expected


async def test_nothing_of_a_person_or_a_token_is_in_an_error_or_the_log(caplog: pytest.LogCaptureFixture):
    async with FakeTwilio().running() as server, real_client() as client:
        server.fail(status=400, code=21211, message=f"The 'To' number {ADDRESSES['whatsapp']} is not valid")
        server.fail(status=401, code=20003, message=f"Authenticate {AUTH_TOKEN}")
        sender = whatsapp(client, server.url)
        with caplog.at_level(logging.DEBUG, logger="bot"):
            errors = [await failure(sender, "whatsapp"), await failure(sender, "whatsapp")]

    everything = f"{errors} {[vars(record) for record in caplog.records if record.name.startswith('bot')]}"
    assert "987654321" not in everything
    assert AUTH_TOKEN not in everything


def test_outside_the_window_only_a_template_goes():
    with pytest.raises(NeedsTemplate):
        whatsapp().render(outgoing("whatsapp", Reply("hola"), window_open=False))


async def test_the_stand_in_keeps_telegrams_pace():
    async with FakeTelegram(overall=3, per_chat=1, clock=lambda: 0.0).running() as server, real_client() as client:
        sender = telegram(client, server.url)
        kinds = []
        for chat in (1, 1, 2, 3, 4):
            (call,) = sender.render(replace(outgoing("telegram"), to=Address("telegram", str(chat))))
            try:
                kinds.append(await sender.send(call))
            except Throttled as error:
                kinds.append(error.after)

    assert kinds == ["1", 1.0, "3", "4", 1.0]
