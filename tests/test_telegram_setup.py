"""Webhook, commands and polling with python-telegram-bot's own client against a Bot API server on a real socket."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport
from telegram import Bot
from telegram.error import InvalidToken

from bot.channels import telegram_setup as setup
from bot.errors import Malformed
from bot.messages import Inbound, Received
from tests.channel_kit import NOW, SECRET, outgoing, telegram
from tests.fake_telegram import TOKEN, FakeTelegram

WORDS = {
    "es": setup.Wording([("menu", "El menú"), ("ayuda", "Ayuda")], "Soy Rumbo.", "Rumbo orienta"),
    "en": setup.Wording([("menu", "The menu")], "I am Rumbo.", "Rumbo guides"),
}


@asynccontextmanager
async def a_bot(server: FakeTelegram, token: str = TOKEN) -> AsyncIterator[Bot]:
    transport = AiohttpTransport(trust_env=False)
    async with httpx.AsyncClient(transport=transport):
        client = setup.bot_client(token, server.url, transport)
        async with client:
            yield client


class Ear:
    """Collects what was said, and stops the polling when it has heard enough."""

    def __init__(self, enough: int) -> None:
        self.heard: list[str] = []
        self.stop = asyncio.Event()
        self.enough = enough
        self.trouble: list[Exception] = []

    async def __call__(self, got: Received) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.heard += [said.text for said in telegram().read(got) if isinstance(said, Inbound)]
        if len(self.heard) >= self.enough:
            self.stop.set()


async def listen(bot: Bot, ear: Ear) -> None:
    async with asyncio.timeout(20):
        await setup.poll(bot, ear, ear.stop, clock=lambda: NOW, first_pause=0.01, longest_pause=0.02)


async def test_the_webhook_is_registered_with_its_secret_and_what_we_want():
    async with FakeTelegram().running() as server, a_bot(server) as bot:
        state = await setup.register(
            bot, url="https://r.example/webhooks/telegram", secret=SECRET, wording=WORDS, default="es"
        )

    assert state.healthy
    assert state.url == "https://r.example/webhooks/telegram"
    assert server.webhook["secret_token"] == SECRET
    assert set(state.allowed) == {"message", "edited_message", "callback_query", "my_chat_member", "message_reaction"}
    assert [command["command"] for command in server.commands[None]] == ["menu", "ayuda"]
    assert [command["description"] for command in server.commands["en"]] == ["The menu"]
    assert server.texts["description", None] == "Soy Rumbo."
    assert server.texts["short", "en"] == "Rumbo guides"


async def test_a_missing_webhook_is_told():
    async with FakeTelegram().running() as server, a_bot(server) as bot:
        assert not (await setup.state(bot)).healthy


async def test_a_wrong_token_is_told_at_registration():
    async with FakeTelegram().running() as server:
        with pytest.raises(InvalidToken):
            async with a_bot(server, "1:wrong") as bot:
                await setup.state(bot)


async def test_polling_hears_everything_once_in_order():
    ear = Ear(enough=3)
    async with FakeTelegram().running() as server, a_bot(server) as bot:
        for text in ("uno", "dos", "tres"):
            server.text(42, text)
        await listen(bot, ear)

    assert ear.heard == ["uno", "dos", "tres"]


async def test_what_comes_while_polling_is_heard_at_once():
    ear = Ear(enough=1)
    async with FakeTelegram().running() as server, a_bot(server) as bot, asyncio.TaskGroup() as group:
        group.create_task(listen(bot, ear))
        await server.polled.wait()
        server.text(42, "hola")

    assert ear.heard == ["hola"]


async def test_an_update_that_could_not_be_stored_comes_again():
    ear = Ear(enough=2)
    ear.trouble = [ConnectionError("the database is gone"), ConnectionError("still gone")]
    async with FakeTelegram().running() as server, a_bot(server) as bot:
        server.text(42, "uno")
        server.text(42, "dos")
        await listen(bot, ear)

    assert ear.heard == ["uno", "dos"]


async def test_an_update_is_confirmed_only_after_it_was_handled():
    ear = Ear(enough=1)
    async with FakeTelegram().running() as server, a_bot(server) as bot:
        server.text(42, "uno")
        server.text(42, "dos")
        await listen(bot, ear)

        assert [update["message"]["text"] for update in server.updates] == ["uno", "dos"], "a stop confirms nothing"


async def test_an_update_that_nobody_understands_does_not_stop_the_others():
    ear = Ear(enough=1)
    ear.trouble = [Malformed("what?")]
    async with FakeTelegram().running() as server, a_bot(server) as bot:
        server.text(42, "uno")
        server.text(42, "dos")
        await listen(bot, ear)

    assert ear.heard == ["dos"]


TROUBLES = [
    ("a webhook is set", {"code": 409, "description": "Conflict: can't use getUpdates method while webhook is active"}),
    ("server error", {"code": 502, "description": "Bad Gateway"}),
    ("cut", {"kind": "cut"}),
    ("no JSON", {"kind": "garbage"}),
    ("unauthorized", {"code": 401, "description": "Unauthorized"}),
]


@pytest.mark.parametrize(("label", "fault"), TROUBLES, ids=[row[0] for row in TROUBLES])
async def test_polling_goes_on_after_trouble_and_says_so(
    label: str, fault: dict[str, object], caplog: pytest.LogCaptureFixture
):
    ear = Ear(enough=1)
    async with FakeTelegram().running() as server, a_bot(server) as bot:
        server.fail(method="getUpdates", times=2, **fault)
        server.text(42, "hola")
        await listen(bot, ear)

    assert ear.heard == ["hola"]
    events = [record for record in caplog.records if record.name.startswith("bot.")]
    assert len(events) == 2
    assert not any(TOKEN in str(vars(record)) for record in events)


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
async def test_polling_too_fast_waits_as_told():
    ear = Ear(enough=1)
    async with FakeTelegram().running() as server, a_bot(server) as bot:
        server.fail(method="getUpdates", code=429, description="Too Many Requests", parameters={"retry_after": 1})
        server.text(42, "hola")
        await listen(bot, ear)

    first, second = [call.at for call in server.calls if call.method == "getUpdates"][:2]
    assert second - first >= 0.99


async def test_stopping_does_not_wait_for_the_long_poll():
    ear = Ear(enough=1)
    async with (
        FakeTelegram().running() as server,
        a_bot(server) as bot,
        asyncio.timeout(20),
        asyncio.TaskGroup() as group,
    ):
        group.create_task(listen(bot, ear))
        await server.polled.wait()
        ear.stop.set()


async def test_closing_the_client_leaves_the_shared_transport_open():
    async with FakeTelegram().running() as server:
        transport = AiohttpTransport(trust_env=False)
        async with httpx.AsyncClient(transport=transport) as shared:
            async with setup.bot_client(TOKEN, server.url, transport):
                pass
            channel = telegram(shared, server.url)

            assert await channel.send(channel.render(outgoing("telegram"))[0])


def test_the_stand_in_runs_as_a_process_too():
    root = Path(__file__).parent.parent
    command = [sys.executable, "-m", "tests.fake_telegram", "--overall", "30"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            with httpx.Client(trust_env=False) as client:
                client.post(f"{url}/bot{TOKEN}/sendMessage", json={"chat_id": 1, "text": "hola"}).raise_for_status()
                counts = client.get(f"{url}/control/counts").json()
        finally:
            process.terminate()

    assert json.dumps(counts) == '{"sendMessage 200": 1}'
