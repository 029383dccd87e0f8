"""Builders for the tests of the channels: genuine requests from payload files, channels over a given transport."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

import httpx

from bot.channels.base import Channel, Pace
from bot.channels.telegram import Telegram
from bot.channels.whatsapp import Contents, WhatsApp
from bot.messages import Outgoing, Received, Reply
from bot.person import Address
from tests.fake_telegram import TOKEN
from tests.fake_twilio import ACCOUNT, AUTH_TOKEN, SENDER, signature

PAYLOADS = Path(__file__).parent / "channels"
NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
SECRET = "webhook-secret_1"
PUBLIC = "https://rumbo.example"
ADDRESSES = {"telegram": "987654321", "whatsapp": "+51987654321"}
PACE = Pace(overall=30, chat=1)


def payload(channel: str, name: str) -> bytes:
    """The bytes of one payload file."""
    return (PAYLOADS / channel / f"{name}.{'json' if channel == 'telegram' else 'form'}").read_bytes()


def genuine(channel: str, body: bytes, url: str = "") -> Received:
    """A request with the proof that the platform would give."""
    if channel == "telegram":
        return Received(body, {"x-telegram-bot-api-secret-token": SECRET}, f"{PUBLIC}/webhooks/telegram", NOW)
    url = url or f"{PUBLIC}/webhooks/twilio"
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return Received(body, {"x-twilio-signature": signature(url, form)}, url, NOW)


def telegram(
    client: httpx.AsyncClient | None = None, api_url: str = "https://api.telegram.org", secret: str = SECRET
) -> Telegram:
    """The Telegram channel; without a client it only reads and renders."""
    return Telegram(token=TOKEN, secret=secret, api_url=api_url, client=client or offline(), pace=PACE)


def whatsapp(
    client: httpx.AsyncClient | None = None,
    api_url: str = "",
    contents: Contents | None = None,
    tokens: tuple[str, ...] = (AUTH_TOKEN,),
    public_url: str = PUBLIC,
) -> WhatsApp:
    """The WhatsApp channel; without a client it only reads and renders."""
    return WhatsApp(
        account_sid=ACCOUNT,
        auth_tokens=tokens,
        sender=SENDER,
        client=client or offline(),
        pace=PACE,
        api_url=api_url,
        public_url=public_url,
        contents=contents,
    )


MAKERS: dict[str, Callable[..., Channel]] = {"telegram": telegram, "whatsapp": whatsapp}


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    """A client whose provider is a function."""
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


def offline() -> httpx.AsyncClient:
    """A client with no way out."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("offline", request=request)

    return answering(refuse)


def outgoing(channel: str, reply: Reply | str = "hola", **more: object) -> Outgoing:
    """A message to Ana."""
    reply = Reply(reply) if isinstance(reply, str) else reply
    return Outgoing(Address(channel, ADDRESSES[channel]), reply, reference=str(more.pop("reference", "77")), **more)  # type: ignore[arg-type]
