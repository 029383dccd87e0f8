"""Fetching a partner's feed by its address: bounded in size and time, never from an address inside our own network.

Every name is resolved and every address of it checked, again after each redirect, and the connection goes to the
address that was checked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx

from bot.alerts.feeds import LARGEST
from bot.errors import Malformed, Unreachable

SECONDS = 15.0
HOPS = 4
_AGENT = "Rumbo feed reader"

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document, or that it has not changed. `etag` and `modified` are to be given back the next time."""

    body: bytes | None  # None: unchanged since the last time
    etag: str = ""
    modified: str = ""


async def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a host, by the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def fetch(
    url: str,
    http: httpx.AsyncClient,
    etag: str = "",
    modified: str = "",
    *,
    allow_private: bool = False,
    resolver: Resolve = resolve,
) -> Fetched:
    """Get a document. Raises Malformed for an address that may not be fetched, Unreachable when it cannot be had now."""
    headers = {
        "User-Agent": _AGENT,
        "Accept": "application/ld+json, application/feed+json, application/rss+xml, application/atom+xml, */*;q=0.5",
    }
    headers |= {name: value for name, value in (("If-None-Match", etag), ("If-Modified-Since", modified)) if value}
    try:
        async with asyncio.timeout(SECONDS):
            for _ in range(HOPS):
                answer = await _get(url, http, headers, allow_private, resolver)
                if isinstance(answer, Fetched):
                    return answer
                url = urljoin(url, answer)
    except TimeoutError as error:
        raise Unreachable(f"no answer within {SECONDS:.0f} s") from error
    except (httpx.TransportError, OSError) as error:
        raise Unreachable(f"the address cannot be reached: {type(error).__name__}") from error
    raise Malformed("too many redirects")


async def _get(
    url: str, http: httpx.AsyncClient, headers: dict[str, str], allow_private: bool, resolver: Resolve
) -> Fetched | str:
    """One request: the document, or where it has moved to."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise Malformed("not a web address") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise Malformed("not a web address")
    address = await _checked(parts.hostname, port, allow_private, resolver)
    host = f"[{address}]" if ":" in address else address
    target = parts._replace(netloc=f"{host}:{port}").geturl()
    name = parts.netloc.rsplit("@", 1)[-1]
    request = http.build_request(
        "GET", target, headers={**headers, "Host": name}, extensions={"sni_hostname": parts.hostname}
    )
    answer = await http.send(request, stream=True, follow_redirects=False)
    try:
        return await _read(answer)
    finally:
        await answer.aclose()


async def _read(answer: httpx.Response) -> Fetched | str:
    if answer.is_redirect and answer.headers.get("location"):
        return str(answer.headers["location"])
    if answer.status_code == 304:
        return Fetched(None)
    if answer.status_code != 200:
        raise Unreachable(f"the address answered {answer.status_code}", str(answer.status_code))
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > LARGEST:
            raise Malformed(f"the document is over {LARGEST} bytes")
    return Fetched(bytes(body), answer.headers.get("etag", ""), answer.headers.get("last-modified", ""))


async def _checked(host: str, port: int, allow_private: bool, resolver: Resolve) -> str:
    """An address of the host to which we may connect; all of its addresses must be public."""
    try:
        found = [str(ipaddress.ip_address(host))]
    except ValueError:
        found = list(await resolver(host, port))
    if not found:
        raise Unreachable("the name has no address")
    if not allow_private and not all(_is_public(address) for address in found):
        raise Malformed("the address is not a public one")
    return found[0]


def _is_public(address: str) -> bool:
    known = ipaddress.ip_address(address.split("%", 1)[0])
    inner = getattr(known, "ipv4_mapped", None) or getattr(known, "sixtofour", None) or known
    return bool(known.is_global and inner.is_global and not inner.is_multicast and not inner.is_reserved)
