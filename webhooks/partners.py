"""`POST /webhooks/vacancies/{partner}` and `/webhooks/fairs/{partner}`: Standard Webhooks with secrets of each partner.

In this order: size (413), partner and signature (401), age (401), JSON (400), payload (422), 200 with the object.
An unknown partner and a wrong signature get the same answer. A repeated `webhook-id` gets the same answer, nothing else.
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from fastapi import APIRouter, Request, Response
from standardwebhooks.webhooks import Webhook, hmac_data
from starlette.responses import JSONResponse

from bot.errors import Malformed, NotGenuine, StorageGone
from webhooks.doors import TooLarge, body_of, refusal

log = logging.getLogger(__name__)

TOLERANCE = timedelta(minutes=5)
"""How old, or how far ahead, the time of a request may be: the figure of Standard Webhooks."""
_LONGEST_ID = 256

Take = Callable[[str, str, object], Awaitable[Mapping[str, Any]]]


class Desk(Protocol):
    """What takes the requests in."""

    async def receive(self, partner: str, webhook_id: str, body: object) -> Mapping[str, Any]:
        """A vacancy."""

    async def receive_fair(self, partner: str, webhook_id: str, body: object) -> Mapping[str, Any]:
        """A fair."""


class Secrets(Protocol):
    """The settings that are needed here."""

    @property
    def partner_secrets(self) -> Mapping[str, tuple[str, ...]]:
        """Partner to its secrets, the newest first."""


class PartnerApp(Protocol):
    """The parts of the program that are needed here."""

    @property
    def settings(self) -> Secrets:
        """The settings."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """The time."""

    @property
    def vacancies(self) -> Desk:
        """The vacancy desk."""


def router(app: PartnerApp) -> APIRouter:
    """The routes of the two addresses."""
    routes = APIRouter()

    @routes.post("/webhooks/vacancies/{partner}")
    async def vacancies(partner: str, request: Request) -> Response:
        return await _answer(app, partner, request, app.vacancies.receive)

    @routes.post("/webhooks/fairs/{partner}")
    async def fairs(partner: str, request: Request) -> Response:
        return await _answer(app, partner, request, app.vacancies.receive_fair)

    return routes


async def _answer(app: PartnerApp, partner: str, request: Request, take: Take) -> Response:
    try:
        body = await body_of(request)
        webhook_id = verify(body, request.headers, app.settings.partner_secrets.get(partner, ()), app.clock())
        return JSONResponse(await take(partner, webhook_id, _parsed(body)))
    except (TooLarge, NotGenuine, Malformed, StorageGone) as error:
        if isinstance(error, NotGenuine):
            log.info("partner_refused", extra={"reason": str(error)})
        return refusal(error, unsigned=401)


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> str:
    """Prove on the raw bytes who sent this and that it is fresh; gives the `webhook-id`. Raises NotGenuine."""
    webhook_id, stamp, given = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (webhook_id and stamp and given) or len(webhook_id) > _LONGEST_ID:
        raise NotGenuine("webhook-id, webhook-timestamp or webhook-signature is missing")
    signed = f"{webhook_id}.{stamp}.".encode() + body
    wanted = [hmac_data(key, signed) for secret in secrets if (key := _key(secret))]
    offered = [signature for entry in given.split(" ")[:20] if (signature := _signature(entry))]
    same = [
        hmac.compare_digest(one, other) for one in wanted for other in offered
    ]  # all of them, so that time tells nothing
    if not any(same):
        raise NotGenuine("the signature is not one of this partner")
    if (
        not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12)
        or abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds()
    ):
        raise NotGenuine("webhook-timestamp is too old or too new")
    return webhook_id


def _key(secret: str) -> bytes:
    """The key of a secret, as the library reads it; empty for text that is not a secret, so it proves nothing."""
    try:
        Webhook(secret)  # refuses what is not a secret
        return base64.b64decode(secret.removeprefix("whsec_") + "==")
    except Exception:  # noqa: BLE001 - the library raises three kinds, one of them a bare Exception
        return b""


def _signature(entry: str) -> bytes:
    """The bytes of one `v1,...` entry; empty for other versions and for broken ones."""
    version, _, encoded = entry.partition(",")
    try:
        return base64.b64decode(encoded, validate=True) if version == "v1" else b""
    except ValueError:
        return b""


def _parsed(body: bytes) -> object:
    try:
        parsed: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("the body is not JSON") from error
    return parsed
