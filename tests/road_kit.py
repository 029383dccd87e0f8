"""The whole program for tests: in this process on a real port, or as a process of its own, with both providers faked.

Everything goes over sockets. Nothing of ours is replaced; what a test may move is the program's clock.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, chdir, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import uvicorn

from bot import app as composition
from bot.app import App
from bot.mind import Mind
from bot.settings import HOME, PREFIX, Settings
from tests.fake_telegram import TOKEN, FakeTelegram
from tests.fake_twilio import ACCOUNT, AUTH_TOKEN, SENDER, FakeTwilio, signature
from webhooks.app import create

KEY = "b0ZBb3JvVWh5b2tNbVZTc3lTb3RlY2hvY29sYXRlISE="
SECRET = "secret-of_the-webhook"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
QUESTION = "como saco el carnet de extranjeria"
CHAT = 987654321
PHONE = "+51987654321"
PATIENCE = 30.0
DAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""On which the program's clock starts: content expires, and people are not written to at night."""
AHEAD = DAY - datetime.now(UTC)

_numbers = itertools.count(1)


async def until(true: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait for what another task or process will make true (or for what it says when awaited); gives that value."""
    async with asyncio.timeout(seconds):
        while True:
            found = true()
            if found := (await found if inspect.isawaitable(found) else found):
                return found
            await asyncio.sleep(0.005)


# --- what the platforms say --------------------------------------------------------------------------------------


def person(chat: int = CHAT, language: str = "es") -> dict[str, Any]:
    return {"id": chat, "is_bot": False, "first_name": "Yuleisy", "last_name": "Torrealba", "language_code": language}


def private(chat: int = CHAT) -> dict[str, Any]:
    return {"id": chat, "type": "private", "first_name": "Yuleisy", "last_name": "Torrealba"}


def message(text: str, chat: int = CHAT, update: int | None = None, **more: Any) -> dict[str, Any]:
    """An update with a text message."""
    told = {"message_id": 7, "from": person(chat), "chat": private(chat), "date": 1795000000, "text": text} | more
    return {"update_id": update or 5_000 + next(_numbers), "message": told}


def tap(data: str, chat: int = CHAT) -> dict[str, Any]:
    """An update with a tapped button."""
    number = next(_numbers)
    under = {"message_id": 8, "chat": private(chat), "date": 1795000001, "text": "…"}
    query = {"id": f"tap-{number}", "from": person(chat), "message": under, "chat_instance": "1", "data": data}
    return {"update_id": 5_000 + number, "callback_query": query}


def standing(status: str, chat: int = CHAT) -> dict[str, Any]:
    """An update: the person blocked us (`kicked`) or came back (`member`)."""
    us = {"id": 123456, "is_bot": True, "first_name": "Rumbo", "username": "RumboBot"}
    change = {"chat": private(chat), "from": person(chat), "date": 1795000002}
    change |= {"old_chat_member": {"user": us, "status": "member"}, "new_chat_member": {"user": us, "status": status}}
    return {"update_id": 5_000 + next(_numbers), "my_chat_member": change}


def form(text: str, phone: str = PHONE, sid: str = "", **more: str) -> dict[str, str]:
    """Twilio's form of an incoming message."""
    sid = sid or f"SM{next(_numbers):032x}"
    fields = {"MessageSid": sid, "SmsMessageSid": sid, "SmsSid": sid, "AccountSid": ACCOUNT, "ProfileName": "Yuleisy"}
    fields |= {"From": f"whatsapp:{phone}", "WaId": phone.removeprefix("+"), "To": SENDER, "NumMedia": "0"}
    return fields | {"Body": text, "NumSegments": "1", "ApiVersion": "2010-04-01"} | more


# --- the program in this process ---------------------------------------------------------------------------------


@dataclass
class Road:
    """The running program and the two providers."""

    app: App
    url: str
    client: httpx.AsyncClient
    telegram: FakeTelegram
    twilio: FakeTwilio

    async def tell(self, update: Mapping[str, Any] | bytes, secret: str = SECRET) -> httpx.Response:
        """Telegram's webhook call."""
        body = update if isinstance(update, bytes) else json.dumps(update).encode()
        headers = {HEADER: secret, "Content-Type": "application/json"} if secret else {}
        return await self.client.post(f"{self.url}/webhooks/telegram", content=body, headers=headers)

    async def text(self, text: str, chat: int = CHAT) -> httpx.Response:
        return await self.tell(message(text, chat))

    async def write(self, fields: Mapping[str, str], path: str = "/webhooks/twilio", sign: str = "") -> httpx.Response:
        """Twilio's signed webhook call; `sign` is another URL that the signature is made over."""
        headers = {
            "X-Twilio-Signature": signature(sign or self.url + path, fields),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return await self.client.post(self.url + path, content=urlencode(fields), headers=headers)

    def sent_to(self, chat: int = CHAT) -> list[str]:
        """The texts that Telegram delivered to a chat."""
        return [str(fields["text"]) for fields in self.telegram.sent() if int(fields["chat_id"]) == chat]

    def written_to(self, phone: str = PHONE) -> list[str]:
        """The bodies that Twilio took for a number."""
        return [
            one.get("Body") or json.loads(one["ContentVariables"])["1"]
            for one in self.twilio.messages
            if one["To"] == f"whatsapp:{phone}"
        ]

    async def replies(self, n: int, chat: int = CHAT) -> list[str]:
        """Wait for `n` replies in a chat."""
        await until(lambda: len(self.sent_to(chat)) >= n)
        return self.sent_to(chat)

    async def written(self, n: int, phone: str = PHONE) -> list[str]:
        """Wait for `n` messages to a number."""
        await until(lambda: len(self.written_to(phone)) >= n)
        return self.written_to(phone)

    async def quiet(self) -> None:
        """Wait until nothing is owed to anybody."""
        await until(self._settled)

    async def _settled(self) -> bool:
        return not await self.owed()

    async def hurried(self) -> None:
        """Like `quiet`, with the program's clock running ahead."""

        async def settled() -> bool:
            self.hurry()
            return await self._settled()

        await until(settled, 20)

    def hurry(self, seconds: float = 5) -> None:
        """Move the program's clock."""
        self.app.clock.advance(timedelta(seconds=seconds))
        for lane in self.app.channels:
            self.app.wake.notify(lane)

    async def owed(self) -> int:
        """How many messages wait or fly, and whether somebody is still being listened to."""
        tomorrow = self.app.clock() + timedelta(days=1)
        async with self.app.storage.view() as work:
            return sum((await work.outbox.counts()).values()) + len(await work.inbox.due(tomorrow))


@contextmanager
def kept_port() -> Iterator[int]:
    """The number of a port on which a program of ours may listen and nobody else will, as long as it is kept."""
    with free_port() as sock:
        yield int(sock.getsockname()[1])


def free_port() -> socket.socket:
    """A bound socket on a free port."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    return sock


def settings(url: str, var: Path, telegram: FakeTelegram, twilio: FakeTwilio, **given: Any) -> Settings:
    """Everything set, both channels live."""
    chosen: dict[str, Any] = {
        "var": var,
        "content": HOME / "content",
        "encoder": "off",
        "secret_keys": KEY,
        "public_url": url,
        "telegram_token": TOKEN,
        "telegram_webhook_secret": SECRET,
        "telegram_api_url": telegram.url,
        "telegram_chat_rate": 50,
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_tokens": AUTH_TOKEN,
        "twilio_api_url": twilio.url,
        "whatsapp_sender": SENDER,
        "gather_seconds": 0.0,
    }
    return Settings(_env_file=None, **(chosen | given))


@asynccontextmanager
async def road(mind: Mind, var: Path, **given: Any) -> AsyncIterator[Road]:
    """The whole program on a real port of this process, stopped in order at the end."""
    telegram, twilio = FakeTelegram(), FakeTwilio()
    sock = free_port()
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with AsyncExitStack() as stack:
        stack.callback(sock.close)
        await stack.enter_async_context(telegram.running())
        await stack.enter_async_context(twilio.running())
        app = await composition.build(settings(url, var, telegram, twilio, **given), mind=mind)
        app.clock.advance(AHEAD)
        server = uvicorn.Server(uvicorn.Config(create(app), log_config=None, lifespan="on"))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        serving = group.create_task(server._serve([sock]))
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE))
        await until(lambda: server.started or serving.done())
        try:
            yield Road(app, url, client, telegram, twilio)
        finally:
            server.should_exit = True
            await serving


# --- the program as a process ------------------------------------------------------------------------------------


def environment_of(**settings: object) -> dict[str, str]:
    """The environment of a program that has these settings and none of this machine's.

    Start it in a folder of its own: where it runs it reads `.env`.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return ours | {"PYTHONPATH": str(HOME)} | {f"{PREFIX}{name}": str(value) for name, value in settings.items()}


@contextmanager
def seated(folder: Path, **settings: object) -> Iterator[None]:
    """This process in the environment of such a program, for a command that is called and not started."""
    before = dict(os.environ)
    given = environment_of(**settings)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with chdir(folder):
            os.environ.clear()
            os.environ.update(given)
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def small_content(folder: Path, *articles: str) -> Path:
    """A copy of the content with these articles alone (by their last name): a start takes a third of the time."""
    copied = Path(shutil.copytree(HOME / "content", folder / "content"))
    for file in (*copied.glob("es/*/*"), *copied.glob("en/*/*")):
        if file.stem not in articles:
            file.unlink()
    return copied


def environment(telegram: FakeTelegram, content: Path, folder: Path, **more: str) -> dict[str, str]:
    """The settings of a process that has Telegram alone."""
    settings = {"VAR": str(folder / "var"), "CONTENT": str(content), "ENCODER": "off", "SECRET_KEYS": KEY}
    settings |= {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_WEBHOOK_SECRET": SECRET, "TELEGRAM_API_URL": telegram.url}
    return settings | {"TELEGRAM_RATE": "500", "TELEGRAM_CHAT_RATE": "50"} | more


@dataclass
class Program:
    """`rumbo run`, `web` or `worker` in a process of its own."""

    process: asyncio.subprocess.Process
    url: str
    log: Path

    def logged(self) -> str:
        """Everything that it has written."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def events(self) -> list[dict[str, Any]]:
        """The lines of the log, read."""
        return [json.loads(line) for line in self.logged().splitlines() if line.startswith("{")]

    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.process.returncode is None

    async def kill(self) -> None:
        """As `kill -9`."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """As systemd does it; gives the exit code."""
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@dataclass
class Launcher:
    """Starts programs that share their settings."""

    settings: Mapping[str, str]
    folder: Path
    programs: list[Program] = field(default_factory=list)

    async def start(self, role: str = "run", port: int = 0, *, wait: bool = True, **more: str) -> Program:
        """Start one; with `wait`, until it has said that it is there."""
        environment = environment_of(**{**self.settings, "PORT": port, **more})
        log = self.folder / f"log-{len(self.programs)}.txt"
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", role, env=environment, cwd=self.folder, stdout=out, stderr=out
            )
        program = Program(process, f"http://127.0.0.1:{port}", log)
        self.programs.append(program)
        if wait:
            await until(lambda: '"event": "started"' in program.logged() or not program.alive(), 150)
            assert program.alive(), program.logged()
        return program

    async def end(self) -> None:
        """Leave nothing running."""
        for program in self.programs:
            if program.process.returncode is None:
                await program.kill()
