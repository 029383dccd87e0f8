"""One POST to a provider, with every fault of the network named by whether the request may have arrived.

It never repeats a request, and never lets an address or a token into an error: aiohttp writes whole URLs into its
messages, and Telegram's token is part of the URL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

import aiohttp
import httpx

from bot.channels.direct import Answer, Direct
from bot.errors import OutcomeUnknown, SendFailed, Unreachable

PATIENCE = httpx.Timeout(connect=5, read=15, write=10, pool=10)
_EXTENSIONS = {"timeout": PATIENCE.as_dict()}
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
LONGEST = 35.0
"""Seconds for one call in all, however slowly bytes trickle."""

# httpx-aiohttp turns every aiohttp.ClientConnectionError into httpx.ConnectTimeout, also a connection that was cut
# after the request had left. Only these mean that nothing was sent.
_NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_NEVER_LEFT_HTTPX = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


async def post(client: httpx.AsyncClient, url: str, headers: Mapping[str, str], content: bytes) -> Answer:
    """The provider's answer, whatever it says; raises Unreachable or OutcomeUnknown when there is none.

    The busy road: it does without httpx where the client has a direct transport, and every program has.
    """
    transport = client._transport  # noqa: SLF001
    if isinstance(transport, Direct):
        return await transport.post(url, headers, content)
    return await ask(client, "POST", url, headers=headers, content=content)


async def ask(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] = _NO_HEADERS,
    content: bytes | None = None,
) -> Answer:
    """Like `post`, for any method."""
    target = httpx.URL(url)
    # Built here and not by the client, which would spend a fifth of the whole call on merging headers and cookies.
    # The answers are a few hundred bytes: asking for them uncompressed keeps aiohttp from promising what httpx cannot.
    whole = {"accept-encoding": "identity", **headers}
    request = httpx.Request(method, target, headers=whole, extensions=_EXTENSIONS, content=content)
    try:
        async with asyncio.timeout(LONGEST):
            # Straight to the transport: cookies, redirects and authentication, none of which is used here, would cost
            # as much again as the call.
            answer = await client._transport.handle_async_request(request)  # noqa: SLF001
            try:
                read = await answer.aread()
            finally:
                await answer.aclose()
            return Answer(answer.status_code, read, answer.headers)
    except (httpx.TransportError, httpx.DecodingError, aiohttp.ClientError) as error:
        raise _named(error) from None  # the cause would carry the URL into a log
    except TimeoutError:
        raise OutcomeUnknown(f"{target.host}: no answer within {LONGEST:.0f} s", "timeout") from None


def _named(error: Exception) -> SendFailed:
    cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
    what = type(cause).__name__
    if isinstance(cause, _NEVER_LEFT) or (cause is error and isinstance(error, _NEVER_LEFT_HTTPX)):
        return Unreachable(f"no connection: {what}", "network")
    return OutcomeUnknown(f"the connection broke after the request: {what}", "network")
