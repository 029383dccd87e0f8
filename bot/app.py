"""The composition root: `build(settings)` makes every part and joins them. Nobody else constructs anything.

It is also the only place that reads the clock, makes ids and opens the way to the outside world.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from aiohttp import ClientSession, ClientTimeout, TCPConnector
from cryptography.fernet import Fernet
from telegram import Bot
from telegram.error import TelegramError

from bot.assistant import Assistant
from bot.channels import telegram_setup
from bot.channels.base import Channel, Pace
from bot.channels.direct import Direct
from bot.channels.simulator import Simulator
from bot.channels.telegram import Telegram
from bot.channels.whatsapp import WhatsApp
from bot.channels.whatsapp_content import ContentApi
from bot.chores import Chore, keep_doing
from bot.clock import Clock, Ids
from bot.counts import Counts
from bot.delivery.sender import Contents, Kit, Sender
from bot.delivery.throttle import FallbackLimiter, Limiter, MemoryLimiter, RedisLimiter, connect
from bot.delivery.wake import LocalWake, RedisWake, Wake
from bot.errors import Malformed, StorageGone
from bot.library.library import Library
from bot.messages import Inbound, Receipt, Received
from bot.mind import Mind
from bot.news import News, template_texts
from bot.settings import Settings
from bot.storage.migrate import migrate
from bot.storage.work import Storage
from bot.team import StaffTeam
from bot.vacancies import VacancyDesk
from bot.wording import Wording

log = logging.getLogger(__name__)

CONNECTIONS = 100
"""Sockets for all that is no message; those have their own (`bot.channels.direct`)."""
EXPIRY = timedelta(days=30)
LATE = 120.0
"""Seconds that a due reply may wait before we call ourselves not ready."""


async def open_client() -> httpx.AsyncClient:
    """The one way out: messages by the direct road, the rest by httpx on aiohttp. Redirects are not followed."""
    session = ClientSession(
        connector=TCPConnector(limit=CONNECTIONS, keepalive_timeout=60),
        timeout=ClientTimeout(total=30),
        auto_decompress=False,
    )
    return httpx.AsyncClient(transport=Direct(client=session), timeout=httpx.Timeout(15, connect=5))


def secret_keys(chosen: Settings) -> tuple[str, ...]:
    """The keys that are set, or those that an embedded first run made for itself in `var/`."""
    if chosen.secret_keys:
        return chosen.secret_keys
    file = chosen.var / "secret.key"
    if not file.exists():
        chosen.var.mkdir(parents=True, exist_ok=True)
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "wb") as out:
            out.write(Fernet.generate_key())
    return (file.read_text(encoding="ascii").strip(),)


def webhook_secret(chosen: Settings) -> str:
    """What Telegram must send back: as set, or derived from the newest key so that every process agrees."""
    if chosen.telegram_webhook_secret:
        return chosen.telegram_webhook_secret
    return hashlib.sha256(b"telegram webhook" + secret_keys(chosen)[0].encode()).hexdigest()


class Receipts:
    """What providers tell about messages on their way."""

    def __init__(self, storage: Storage, clock: Callable[[], datetime], news: News) -> None:
        self._storage = storage
        self._clock = clock
        self._news = news

    async def note(self, receipt: Receipt) -> None:
        """Write one down; statuses only move forward."""
        await self.note_all((receipt,))

    async def note_all(self, receipts: Sequence[Receipt]) -> None:
        """Write several down together."""
        if not receipts:
            return
        async with self._storage.work() as work:
            for receipt in receipts:
                ref = await work.outbox.receipt(receipt, self._clock())
                if ref is not None:
                    await self._news.told_later(work, ref, receipt)


@dataclass
class App:
    """Every part, joined. `running()` starts what works in the background and ends it in the reverse order."""

    settings: Settings
    clock: Clock
    mind: Mind
    storage: Storage
    channels: Mapping[str, Channel]
    limiter: Limiter
    wake: Wake
    assistant: Assistant
    receipts: Receipts
    news: News
    role: str
    contents: Contents | None = None
    team: StaffTeam | None = None
    client: httpx.AsyncClient | None = None
    owner: str = ""
    counts: Counts = field(default_factory=Counts)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def library(self) -> Library:
        """The content as it is served now."""
        return self.mind.library

    @property
    def wording(self) -> Wording:
        """The words of every language."""
        return self.mind.wording

    @property
    def vacancies(self) -> VacancyDesk:
        """What takes partners' requests in."""
        return self.news.desk

    def simulated(self, channel: str) -> Simulator:
        """The simulator's face of a channel; raises Malformed when there is none of that name."""
        found = self.channels.get(channel)
        if not isinstance(found, Simulator):
            raise Malformed("simulator: no such channel", (("channel", "telegram or whatsapp"),))
        return found

    async def take(self, got: Received, channel: str) -> None:
        """Hand over what a platform told; the request must be genuine already."""
        for told in self.channels[channel].read(got):
            if isinstance(told, Inbound):
                self.counts.received(channel)
                if told.tap:
                    self._spawn(self.channels[channel].acknowledge(told))
                await self.assistant.receive(told)
            else:
                await self.receipts.note(told)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._group is not None
        self._group.create_task(work)

    _group: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything that works in the background, while the block lasts."""
        sends, serves = self.role != "web", self.role != "worker"
        sender = Sender(self.channels.values(), self._kit(), embedded=self.settings.embedded) if sends else None
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            async with asyncio.TaskGroup() as self._group:
                background = [self._group.create_task(keep_doing(chore, self.stop)) for chore in self._chores(sends)]
                if isinstance(self.wake, RedisWake):
                    background.append(self._group.create_task(self.wake.run()))
                if sender is not None:
                    self._group.create_task(sender.run())
                if serves:
                    self._group.create_task(self._telegram())
                self._group.create_task(self.mind.reader.prepare())
                log.info("started", extra={"role": self.role, "content": self.library().version})
                try:
                    yield
                finally:
                    self.stop.set()
                    if sender is not None:
                        sender.stop()
                    for task in background:
                        task.cancel()
        log.info("stopped")

    async def _close(self) -> None:
        await self.storage.close()
        if self.client is not None:
            await self.client.aclose()

    def _kit(self) -> Kit:
        noted = self.news.broadcaster.watch.noted
        return Kit(self.storage, self.limiter, self.wake, self.clock, self.owner, self.contents, noted)

    def _chores(self, sends: bool) -> list[Chore]:
        chores = [Chore("content", 1.0, self.mind.refresh)]
        if self.settings.twilio_account_sid:
            chores.append(Chore("contents", 3600.0, self._contents))
        if any(self.settings.gather_seconds for _ in self.channels) and self.settings.gather_seconds:
            chores.append(Chore("gathered", min(0.2, self.settings.gather_seconds / 4), self.assistant.gathered))
        if sends and self.team is not None:
            chores.append(Chore("team", 1.0, self.team.tend))
        if sends:
            chores += [Chore("farewells", 2.0, self._farewells), Chore("tidy", 600.0, self._tidy), *self.news.chores()]
        return chores

    async def _contents(self) -> None:
        """Learn which buttons, lists and approved templates exist at Twilio."""
        whatsapp = real_whatsapp(self.channels)
        if self.client is None or whatsapp is None or not self.settings.twilio_account_sid:
            return
        api = ContentApi(
            account_sid=self.settings.twilio_account_sid,
            token=self.settings.twilio_auth_tokens[0],
            client=self.client,
            api_url=self.settings.twilio_api_url,
        )
        buttons = {language: self.wording.text("list.label", language) for language in ("es", "en")}
        whatsapp.contents = await api.contents(buttons, template_texts(self.wording))
        await self.news.know_templates(whatsapp.contents.categories)

    async def _farewells(self) -> None:
        async with self.storage.work() as work:
            await work.feedback.finish_goodbyes()

    async def _tidy(self) -> None:
        now = self.clock()
        async with self.storage.work() as work:
            await work.inbox.purge(now)
            await work.outbox.purge(now - timedelta(days=2))
            await work.feedback.purge(now)
            await work.people.expire_states(now - EXPIRY)

    async def condition(self) -> dict[str, Any]:
        """Whether everything that we depend on is well."""
        found: dict[str, Any] = {"status": "ok", "database": "ok", "redis": "none", "outbox_age_seconds": 0.0}
        try:
            await self.storage.ping()
            async with self.storage.view() as work:
                oldest = await work.outbox.oldest_due(self.clock())
            found["outbox_age_seconds"] = round((self.clock() - oldest).total_seconds(), 1) if oldest else 0.0
        except StorageGone:
            found |= {"database": "gone", "status": "not ready"}
        if isinstance(self.limiter, FallbackLimiter):
            found["redis"] = "gone" if self.limiter.degraded else "ok"
        if found["outbox_age_seconds"] > LATE:
            found["status"] = "not ready"
        return found

    async def measures(self) -> bytes:
        """The page of counters for Prometheus."""
        async with self.storage.view() as work:
            open_ = await work.outbox.counts()
            people = {row.channel: row.people for row in await work.people.counts()}
            oldest = await work.outbox.oldest_due(self.clock())
        age = (self.clock() - oldest).total_seconds() if oldest else 0.0
        named = {(lane, state.name.lower()): number for (lane, state), number in open_.items()}
        return self.counts.show(named, age, people, len(self.library().problems))

    async def _telegram(self) -> None:
        """Register the webhook when the world can reach us; poll when it cannot."""
        if not self.settings.telegram_token or self.client is None:
            return
        try:
            async with telegram_bot(self.settings, self.client) as bot:
                if self.settings.public_url:
                    await register_webhook(bot, self.settings, self.wording)
                    return
                await telegram_setup.describe(bot, wording=telegram_words(self.wording), default="es")
                await telegram_setup.poll(bot, lambda got: self.take(got, "telegram"), self.stop, clock=self.clock)
        except TelegramError as error:
            log.warning("telegram_unreachable", extra={"kind": type(error).__name__})
            if not self.stop.is_set():
                await self._again_later()

    async def _again_later(self) -> None:
        try:
            async with asyncio.timeout(10):
                await self.stop.wait()
        except TimeoutError:
            await self._telegram()


def telegram_bot(chosen: Settings, client: httpx.AsyncClient) -> Bot:
    """python-telegram-bot's client on our transport."""
    return telegram_setup.bot_client(chosen.telegram_token, chosen.telegram_api_url, client._transport)  # noqa: SLF001


def telegram_words(wording: Wording) -> dict[str, telegram_setup.Wording]:
    """Commands and descriptions, language by language."""
    return {
        language: telegram_setup.Wording(
            commands=[
                (name, wording.text(f"command.{name}", language))
                for name in ("menu", "ayuda", "fuente", "persona", "avisos", "datos", "idioma", "baja")
            ],
            description=wording.text("telegram.description", language),
            short_description=wording.text("telegram.short", language),
        )
        for language in ("es", "en")
    }


async def register_webhook(bot: Bot, chosen: Settings, wording: Wording) -> telegram_setup.WebhookState:
    """Point Telegram at our public address."""
    return await telegram_setup.register(
        bot,
        url=f"{chosen.public_url}/webhooks/telegram",
        secret=webhook_secret(chosen),
        wording=telegram_words(wording),
        default="es",
    )


def make_channels(chosen: Settings, client: httpx.AsyncClient, clock: Clock, ids: Ids) -> dict[str, Channel]:
    """The platforms that are configured; with the simulator both, and people at its page on either."""
    telegram = Telegram(
        token=chosen.telegram_token or "0:simulated",
        secret=webhook_secret(chosen) if chosen.telegram_token else "",
        api_url=chosen.telegram_api_url,
        client=client,
        pace=Pace(chosen.telegram_rate, chosen.telegram_chat_rate),
        staff_chat=chosen.staff_chat,
    )
    whatsapp = WhatsApp(
        account_sid=chosen.twilio_account_sid,
        auth_tokens=chosen.twilio_auth_tokens,
        sender=chosen.whatsapp_sender,
        client=client,
        pace=Pace(chosen.whatsapp_rate, 1.0),
        api_url=chosen.twilio_api_url,
        public_url=chosen.public_url,
    )
    live = {"telegram": bool(chosen.telegram_token), "whatsapp": bool(chosen.twilio_account_sid)}
    found: dict[str, Channel] = {"telegram": telegram, "whatsapp": whatsapp}
    if not chosen.simulator:
        return found
    return {
        name: Simulator(one, live=live[name], clock=clock, new_id=ids, receipts=name == "whatsapp")
        for name, one in found.items()
    }


def approved_templates(channels: Mapping[str, Channel]) -> set[tuple[str, str]]:
    """The WhatsApp templates, (name, language), that this process knows to be approved."""
    whatsapp = real_whatsapp(channels)
    return set(whatsapp.contents.templates) if whatsapp else set()


def real_whatsapp(channels: Mapping[str, Channel]) -> WhatsApp | None:
    """The channel that talks to Twilio, also when the simulator stands before it."""
    found = channels.get("whatsapp")
    real = found.imitated if isinstance(found, Simulator) else found
    return real if isinstance(real, WhatsApp) else None


def staff_team(
    chosen: Settings, storage: Storage, wording: Wording, clock: Clock, channels: Mapping[str, Channel]
) -> StaffTeam | None:
    """The team's group, when there is one."""
    found = channels["telegram"]
    telegram = found.imitated if isinstance(found, Simulator) else found
    if not (chosen.staff_chat and chosen.telegram_token and isinstance(telegram, Telegram)):
        return None
    opener = telegram.open_topic
    team = StaffTeam(storage=storage, wording=wording, clock=clock, chat=chosen.staff_chat, open_topic=opener)
    telegram.reopen_topic = team.reopen
    return team


async def build(chosen: Settings, *, role: str = "run", mind: Mind | None = None) -> App:
    """Make every part and join them; a `mind` that is ready is used. The database is brought to its newest form first."""
    clock, ids = Clock(), Ids()
    chosen.var.mkdir(parents=True, exist_ok=True)
    ready = mind if mind is not None else await asyncio.to_thread(Mind, chosen, clock)
    await migrate(chosen.database)
    async with AsyncExitStack() as undo:
        storage = await Storage.open(chosen.database, secret_keys(chosen), clock, ids)
        undo.push_async_callback(storage.close)
        client = await open_client()
        undo.push_async_callback(client.aclose)
        app = _join(chosen, role, clock, ids, ready, storage, client)
        undo.pop_all()
    return app


def _join(
    chosen: Settings, role: str, clock: Clock, ids: Ids, mind: Mind, storage: Storage, client: httpx.AsyncClient
) -> App:
    owner = f"{role}-{os.getpid()}-{ids()}"
    limiter, wake = _shared(chosen, clock, owner)
    storage.mail = wake
    channels = make_channels(chosen, client, clock, ids)
    news = News(chosen, storage, mind, clock, ids, lambda: approved_templates(channels), client)
    team = staff_team(chosen, storage, mind.wording, clock, channels)
    assistant = Assistant(
        storage=storage,
        reader=lambda: mind.reader,
        library=lambda: mind.library,
        wording=mind.wording,
        gate=lambda: mind.gate,
        clock=clock,
        news=news,
        gather={"whatsapp": chosen.gather_seconds},
        joins={"telegram"} if chosen.gather_seconds else (),
        team=team,
        public_url=chosen.public_url,
        demo=chosen.simulator,
    )
    return App(
        settings=chosen,
        clock=clock,
        mind=mind,
        storage=storage,
        channels=channels,
        limiter=limiter,
        wake=wake,
        assistant=assistant,
        receipts=Receipts(storage, clock, news),
        news=news,
        role=role,
        contents=news.contents,
        team=team,
        client=client,
        owner=owner,
    )


def _shared(chosen: Settings, clock: Clock, owner: str) -> tuple[Limiter, Wake]:
    if not chosen.redis_url:
        return MemoryLimiter(clock), LocalWake()
    redis = connect(chosen.redis_url)
    return FallbackLimiter(RedisLimiter(redis), clock), RedisWake(redis, owner)
