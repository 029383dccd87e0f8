"""The composition root: `build(settings)` makes every part and joins them. Nobody else constructs anything.

It is also the only place that reads the clock, makes ids and opens the way to the outside world.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import httpx
from aiohttp import ClientSession, ClientTimeout, TCPConnector

from bot.assistant import Assistant
from bot.channels.base import Channel, Pace
from bot.channels.direct import Direct
from bot.channels.simulator import Simulator
from bot.channels.telegram import Telegram
from bot.channels.telegram_link import TelegramLink
from bot.channels.whatsapp import WhatsApp
from bot.channels.whatsapp_content import ContentApi
from bot.chores import Chore, keep_doing, on_the_side, to_the_end
from bot.clock import Clock, Ids
from bot.counts import Counts
from bot.delivery.receipts import Receipts
from bot.delivery.sender import Contents, Kit, Sender
from bot.delivery.throttle import FallbackLimiter, Limiter, MemoryLimiter, RedisLimiter, connect
from bot.delivery.wake import LocalWake, RedisWake, Wake
from bot.errors import Malformed
from bot.health import Health
from bot.library.library import Library
from bot.messages import Inbound, Received
from bot.mind import Mind
from bot.news import News, template_texts
from bot.secret_key import secret_keys, webhook_secret
from bot.settings import Settings
from bot.storage.expiry import expire
from bot.storage.migrate import migrate
from bot.storage.work import Storage
from bot.team import StaffTeam
from bot.vacancies import VacancyDesk
from bot.wording import Wording

log = logging.getLogger(__name__)

CONNECTIONS = 100
"""Sockets for all that is no message; those have their own (`bot.channels.direct`)."""


async def open_client() -> httpx.AsyncClient:
    """The one way out: messages by the direct road, the rest by httpx on aiohttp. Redirects are not followed."""
    session = ClientSession(
        connector=TCPConnector(limit=CONNECTIONS, keepalive_timeout=60),
        timeout=ClientTimeout(total=30),
        auto_decompress=False,
    )
    return httpx.AsyncClient(transport=Direct(client=session), timeout=httpx.Timeout(15, connect=5))


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
    gone: bool = False
    """What works in the background has ended without being told to: nothing is answered any more, and only a new start helps."""

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

    @property
    def health(self) -> Health:
        """How the parts are."""
        return Health(
            self.storage, self.limiter, self.clock, self.counts, lambda: len(self.library().problems), self.news.spend
        )

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
                    self._aside("acknowledge", self.channels[channel].acknowledge(told))
                await self.assistant.receive(told)
            else:
                await self.receipts.note(told)

    def _aside(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        assert self._group is not None
        self._group.create_task(on_the_side(name, work))

    async def _vital(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Work without which the program is none: should it end before it was told to, everything ends with it."""
        try:
            await to_the_end(name, work, self.stop)
        except Exception:
            self.gone = True
            raise

    _group: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything that works in the background, while the block lasts."""
        sends, serves = self.role != "web", self.role != "worker"
        sender = Sender(self.channels.values(), self._kit(), embedded=self.settings.embedded) if sends else None
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            async with asyncio.TaskGroup() as self._group:
                works = [(chore.name, keep_doing(chore, self.stop)) for chore in self._chores(sends)]
                if isinstance(self.wake, RedisWake):
                    works.append(("wake", self.wake.run()))
                background = [self._group.create_task(self._vital(name, work)) for name, work in works]
                if sender is not None:
                    self._group.create_task(self._vital("sender", sender.run()))
                if serves and self.client is not None:
                    link = TelegramLink(self.settings, self.client, self.wording, self.clock)
                    self._aside("telegram", link.keep(lambda got: self.take(got, "telegram"), self.stop))
                self._aside("encoder", self.mind.reader.prepare())
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
        if self.settings.gather_seconds:
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
        await self.news.know_templates(whatsapp.contents.categories, whatsapp.contents.templates)

    async def _farewells(self) -> None:
        async with self.storage.work() as work:
            await work.feedback.finish_goodbyes()

    async def _tidy(self) -> None:
        await expire(self.storage, self.clock())


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


def learn_templates(channels: Mapping[str, Channel], sids: Mapping[tuple[str, str], str]) -> None:
    """Take over where the approved templates, (name, language), stand at Twilio."""
    whatsapp = real_whatsapp(channels)
    if whatsapp is not None and whatsapp.contents.templates != sids:
        whatsapp.contents = replace(whatsapp.contents, templates=sids)


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
    learn = partial(learn_templates, channels) if chosen.twilio_account_sid else None
    news = News(chosen, storage, mind, clock, ids, lambda: approved_templates(channels), client, learn)
    team = staff_team(chosen, storage, mind.wording, clock, channels)
    news.tell_team = team.notice if team is not None else None
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
