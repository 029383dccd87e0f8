"""What is done with Telegram besides talking: webhook, commands and descriptions, and long polling without a webhook.

Here python-telegram-bot's client earns its keep: typed methods, errors, retries told apart. Polling confirms an update
only after `handle` has returned, so an update that was not stored is delivered again; it never removes a webhook by
itself, because that could silence the real bot from a laptop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import httpx
import orjson
from telegram import Bot, BotCommand, Update
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.channels.telegram_reading import WANTED
from bot.errors import Malformed
from bot.messages import Received

log = logging.getLogger(__name__)

LONG_POLL = 25
"""Seconds that Telegram holds a getUpdates open."""

Handle = Callable[[Received], Awaitable[None]]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Wording:
    """What Telegram shows about the bot in one language."""

    commands: Sequence[tuple[str, str]]  # name without the slash, what it does
    description: str  # at most 512: shown before the first message
    short_description: str  # at most 120: shown on the profile


@dataclass(frozen=True, slots=True)
class WebhookState:
    """How Telegram sees our webhook."""

    url: str
    pending: int
    last_error: str
    last_error_at: datetime | None
    allowed: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """It is set, asks for what we need, and nothing piles up."""
        return bool(self.url) and set(WANTED) <= set(self.allowed) and self.pending < 100


def bot_client(token: str, api_url: str, transport: httpx.AsyncBaseTransport) -> Bot:
    """python-telegram-bot's client on our shared transport; use it as `async with`. The transport stays open."""

    def request() -> HTTPXRequest:
        return HTTPXRequest(
            connect_timeout=5, read_timeout=10, pool_timeout=10, httpx_kwargs={"transport": _Shared(transport)}
        )

    return Bot(token, base_url=f"{api_url}/bot", request=request(), get_updates_request=request())


async def register(
    bot: Bot, *, url: str, secret: str, wording: Mapping[str, Wording], default: str, connections: int = 40
) -> WebhookState:
    """Point Telegram at `url` and tell it our commands and descriptions; `default` is the language of everybody else.

    Raises telegram.error.TelegramError.
    """
    await bot.set_webhook(url, secret_token=secret, allowed_updates=list(WANTED), max_connections=connections)
    await describe(bot, wording=wording, default=default)
    return await state(bot)


async def describe(bot: Bot, *, wording: Mapping[str, Wording], default: str) -> None:
    """Commands and descriptions, in the default language for everybody and in each other one for its speakers."""
    for language, words in wording.items():
        code = None if language == default else language
        await bot.set_my_commands([BotCommand(*command) for command in words.commands], language_code=code)
        await bot.set_my_description(words.description, language_code=code)
        await bot.set_my_short_description(words.short_description, language_code=code)


async def state(bot: Bot) -> WebhookState:
    """What getWebhookInfo tells."""
    info = await bot.get_webhook_info()
    return WebhookState(
        url=info.url,
        pending=info.pending_update_count,
        last_error=info.last_error_message or "",
        last_error_at=info.last_error_date,
        allowed=tuple(info.allowed_updates or ()),
    )


async def poll(
    bot: Bot,
    handle: Handle,
    stop: asyncio.Event,
    *,
    clock: Callable[[], datetime],
    first_pause: float = 1.0,
    longest_pause: float = 60.0,
) -> None:
    """Fetch updates until `stop` is set, one after another; each is confirmed once `handle` has returned.

    `handle` gets each update as if it had come by webhook, already genuine. When it fails, the update comes again
    after a pause; one that cannot be understood is dropped. A fetched batch is left at once when `stop` is set.
    """
    offset: int | None = None
    pause = 0.0
    while not stop.is_set():
        fetched = await _unless(stop, _fetch(bot, offset))
        if fetched is None:
            return
        done, trouble = await _handle_all(fetched.updates, handle, stop, clock)
        offset = done + 1 if done is not None else offset
        trouble = trouble or fetched.trouble
        pause = min(max(pause * 2, first_pause), longest_pause) if trouble else 0.0
        await _rest(stop, max(pause, fetched.wait))


@dataclass(frozen=True, slots=True)
class _Fetched:
    updates: tuple[Update, ...] = ()
    trouble: bool = False
    wait: float = 0.0


async def _fetch(bot: Bot, offset: int | None) -> _Fetched:
    try:
        updates = await bot.get_updates(offset=offset, timeout=LONG_POLL, allowed_updates=list(WANTED))
    except RetryAfter as error:
        return _Fetched(wait=float(error._retry_after.total_seconds()))  # noqa: SLF001  the public one changes its type
    except Conflict:
        log.error(  # noqa: TRY400
            "telegram_polling_conflict", extra={"remedy": "stop the other poller, or call deleteWebhook of the Bot API"}
        )
        return _Fetched(trouble=True)
    except (InvalidToken, Forbidden, BadRequest):
        log.error("telegram_refuses_our_token")  # noqa: TRY400  a trace would show the URL with the token
        return _Fetched(trouble=True)
    except TelegramError as error:  # a time-out too: on our transport a cut connection looks like one
        log.warning("telegram_polling_failed", extra={"error": type(error).__name__})
        return _Fetched(trouble=True)
    return _Fetched(tuple(updates))


async def _handle_all(
    updates: Sequence[Update], handle: Handle, stop: asyncio.Event, clock: Callable[[], datetime]
) -> tuple[int | None, bool]:
    """The last update that is done with, and whether the next one failed."""
    done: int | None = None
    for update in updates:
        if stop.is_set():
            break
        body = orjson.dumps(update.to_dict())
        try:
            await handle(Received(body=body, headers={}, url="", at=clock()))
        except Malformed:
            log.warning("telegram_update_dropped", extra={"update": update.update_id})
        except Exception:  # the turn's boundary: the update comes again
            log.exception("telegram_update_failed", extra={"update": update.update_id})
            return done, True
        done = update.update_id
    return done, False


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, _T]) -> _T | None:
    """What `work` gives, or None when `stop` came first."""
    async with asyncio.TaskGroup() as group:
        asked, halted = group.create_task(work), group.create_task(stop.wait())
        await asyncio.wait({asked, halted}, return_when=asyncio.FIRST_COMPLETED)
        halted.cancel()
        if not asked.done():
            asked.cancel()
    return None if asked.cancelled() else asked.result()


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    if seconds > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()


class _Shared(httpx.AsyncBaseTransport):
    """The process's transport, lent: closing python-telegram-bot's client must not close it for everybody."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transport.handle_async_request(request)
