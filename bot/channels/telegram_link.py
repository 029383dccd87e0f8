"""How this program is linked to Telegram: a webhook where the world can reach us, polling where it cannot.

What is asked of Telegram stands in `telegram_setup`; here it is decided when, with which words, and how often again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

import httpx
from telegram import Bot
from telegram.error import TelegramError

from bot.channels import telegram_setup
from bot.secret_key import webhook_secret
from bot.settings import Settings
from bot.wording import Wording

log = logging.getLogger(__name__)

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0


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


class TelegramLink:
    """The link of one process."""

    def __init__(
        self, chosen: Settings, client: httpx.AsyncClient, wording: Wording, clock: Callable[[], datetime]
    ) -> None:
        self._settings = chosen
        self._client = client
        self._wording = wording
        self._clock = clock

    async def keep(self, handle: telegram_setup.Handle, stop: asyncio.Event) -> None:
        """Register the webhook, or poll until `stop`; while Telegram does not answer, try again with growing pauses."""
        if self._settings.telegram_token:
            await until_done(lambda: self._open(handle, stop), stop)

    async def _open(self, handle: telegram_setup.Handle, stop: asyncio.Event) -> None:
        async with telegram_bot(self._settings, self._client) as bot:
            if self._settings.public_url:
                await register_webhook(bot, self._settings, self._wording)
                return
            await telegram_setup.describe(bot, wording=telegram_words(self._wording), default="es")
            await telegram_setup.poll(bot, handle, stop, clock=self._clock)


async def until_done(
    attempt: Callable[[], Awaitable[None]],
    stop: asyncio.Event,
    first_pause: float = FIRST_PAUSE,
    longest_pause: float = LONGEST_PAUSE,
) -> None:
    """Try until it is done or `stop` is set, after pauses that grow. Whatever goes wrong is logged by its kind."""
    pause = first_pause
    while not stop.is_set():
        try:
            await attempt()
        except TelegramError as error:
            log.warning("telegram_unreachable", extra={"kind": type(error).__name__, "again_in": pause})
        except Exception:
            log.exception("telegram_link_broke", extra={"again_in": pause})
        else:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()
        pause = min(pause * 2, longest_pause)
