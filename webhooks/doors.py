"""The doors: how much may come in, what a page may do, and which status an error has. Nothing here reads a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from bot.errors import Malformed, NotGenuine
from bot.messages import Received

if TYPE_CHECKING:
    from bot.app import App

LARGEST_BODY = 1024 * 1024
"""Bytes. Telegram's and Twilio's requests are a few thousand; partners' vacancies about 20,000."""

PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class TooLarge(Exception):
    """The body is over the limit; nothing of it was kept."""


async def body_of(request: Request) -> bytes:
    """The whole body; raises TooLarge as soon as it is clear that it is too much."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > LARGEST_BODY:
        raise TooLarge
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > LARGEST_BODY:
                raise TooLarge
            parts.append(part)
    except ClientDisconnect as error:
        raise Malformed("the caller hung up") from error
    return b"".join(parts)


async def received(request: Request, app: App) -> Received:
    """The request as the platform signed it: raw bytes, and the public address that it called."""
    scope = request.scope
    root = app.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    return Received(
        body=await body_of(request),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},  # lower case
        url=root + scope["path"] + query,
        at=app.clock(),
    )


def refusal(error: Exception, *, unsigned: int = 403) -> Response:
    """The answer to a request that we do not take; says why, shows no trace. `unsigned`: the status for NotGenuine."""
    if isinstance(error, TooLarge):
        return JSONResponse({"error": f"the body is over {LARGEST_BODY} bytes"}, 413)
    if isinstance(error, NotGenuine):
        return JSONResponse({"error": str(error)}, unsigned)
    if isinstance(error, Malformed):
        errors = [{"field": field, "reason": reason} for field, reason in error.errors]
        return JSONResponse({"error": str(error), "errors": errors}, 422 if errors else 400)
    return JSONResponse({"error": "try again later"}, 503, {"Retry-After": "5"})
