"""The busy road to a provider: one POST after another over connections that stay open, and nothing else.

A call costs some 35 microseconds of CPU here, 200 through aiohttp's client and 490 through httpx upon it; at a thousand
messages a second that is half a core. httptools reads the answers, the event loop does TLS. There are no cookies,
redirects, proxies or compression, and no call is ever repeated. Whatever else leaves takes the general transport below.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import aiohappyeyeballs
import httptools
import httpx
from httpx_aiohttp import AiohttpTransport

from bot.errors import OutcomeUnknown, Unreachable

CONNECTIONS = 400
"""Calls at a time to one host: a thousand a second at .4 s of latency. More wait for their place."""
_CONNECT = 5.0  # seconds for a place and a connection
_ANSWER = 20.0  # seconds for the answer; whoever sends messages waits less
_IDLE = 50.0  # seconds that a connection may rest: servers hang up after 60 or 75
_LARGEST = 1 << 20  # bytes of an answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said, whatever it is. The names of the headers are lower-case."""

    status_code: int
    content: bytes
    headers: Mapping[str, str]


class Direct(AiohttpTransport):
    """The general transport, with the busy road beside it."""

    def __init__(self, *args: object, **named: object) -> None:
        super().__init__(*args, **named)  # type: ignore[arg-type]  # as it takes them
        self._hosts: dict[tuple[str, str, int | None], _Host] = {}
        self._roads: dict[str, tuple[_Host, bytes]] = {}

    async def post(self, url: str, headers: Mapping[str, str], content: bytes) -> Answer:
        """Make the call. Raises Unreachable when nothing was sent, OutcomeUnknown when it may have arrived."""
        host, head = self._roads.get(url) or self._road(url)
        named = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return await host.ask(
            b"%b%bcontent-length: %d\r\n\r\n%b" % (head, named.encode("latin-1"), len(content), content)
        )

    async def aclose(self) -> None:
        """Hang up everywhere."""
        for host in self._hosts.values():
            host.close()
        await super().aclose()

    def _road(self, url: str) -> tuple[_Host, bytes]:
        """How a call to this address begins. There are few addresses: a method of the Bot API, an account of Twilio."""
        parts = httpx.URL(url)
        key = parts.scheme, parts.host, parts.port
        host = self._hosts.get(key)
        if host is None:
            context = self.ssl_context if parts.scheme == "https" else None
            host = self._hosts[key] = _Host(parts.host, parts.port or (443 if context else 80), context)
        head = b"POST %b HTTP/1.1\r\nhost: %b\r\naccept-encoding: identity\r\n" % (parts.raw_path, parts.netloc)
        return self._roads.setdefault(url, (host, head))


class _Host:
    """The connections to one host."""

    def __init__(self, name: str, port: int, context: ssl.SSLContext | None) -> None:
        self._name, self._port, self._context = name, port, context
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._resting: list[_Connection] = []  # the last one used is the next one used

    async def ask(self, request: bytes) -> Answer:
        """One call."""
        await self._place()
        try:
            connection = self._rested() or await self._connect()
            answer = await connection.ask(request)
        finally:
            self._places.release()
        if connection.closed:
            connection.hang_up()
        else:
            connection.rests_since = asyncio.get_running_loop().time()
            self._resting.append(connection)
        return answer

    def close(self) -> None:
        """Hang up on all that rest."""
        while self._resting:
            self._resting.pop().hang_up()

    async def _place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(_CONNECT):
                await self._places.acquire()
        except TimeoutError:
            raise Unreachable("no connection: all are busy", "network") from None

    def _rested(self) -> _Connection | None:
        now = asyncio.get_running_loop().time()
        while self._resting:
            connection = self._resting.pop()
            if not connection.closed and now - connection.rests_since < _IDLE:
                return connection
            connection.hang_up()
        return None

    async def _connect(self) -> _Connection:
        try:
            async with asyncio.timeout(_CONNECT):
                return await self._connected()
        except OSError as error:  # a name that nobody knows, a refusal, a certificate that is not theirs, no answer
            raise Unreachable(f"no connection: {type(error).__name__}", "network") from None

    async def _connected(self) -> _Connection:
        """A new one, over IPv6 or IPv4, whichever answers first: many networks have an IPv6 that leads nowhere."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._name, self._port, type=socket.SOCK_STREAM)
        sock = await aiohappyeyeballs.start_connection(found, happy_eyeballs_delay=0.25, interleave=1)
        name = self._name if self._context else None
        try:
            _, connection = await loop.create_connection(
                _Connection, sock=sock, ssl=self._context, server_hostname=name
            )
        except BaseException:
            sock.close()
            raise
        return connection


class _Connection(asyncio.Protocol):
    """One connection, one call at a time. httptools calls `on_...` while it reads."""

    def __init__(self) -> None:
        self.closed = False
        self.rests_since = 0.0
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None  # None: nobody waits
        self._headers: dict[str, str] = {}
        self._body = b""

    async def ask(self, request: bytes) -> Answer:
        """Make one call. Whoever gives up waiting ends the connection: its answer may come after all."""
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        self._transport.write(request)
        patience = loop.call_later(_ANSWER, self.hang_up)  # a whole `asyncio.timeout` costs ten times as much
        try:
            return await self._answer
        finally:
            patience.cancel()
            if not self._answer.done() or self._answer.cancelled():
                self.hang_up()
            self._answer = None

    def hang_up(self) -> None:
        """Close it at once."""
        self.closed = True
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop says: it is open."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The loop says: it is gone."""
        self.closed = True
        self._fail(type(error or ConnectionResetError()).__name__)

    def eof_received(self) -> bool:
        """The server says no more; an answer that is not whole stays unknown, also one that has no length."""
        self.closed = True
        return False

    def data_received(self, data: bytes) -> None:
        """The loop has read something."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(type(error).__name__)
            self.hang_up()
        if len(self._body) > _LARGEST:
            self.hang_up()

    def on_message_begin(self) -> None:
        """An answer begins; one that nobody asked for must not be taken for that of the next call."""
        self.closed = self.closed or self._answer is None or self._answer.done()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """The answer is whole, if it is one and not a `100 Continue`."""
        status = self._parser.get_status_code()
        answer = Answer(status, self._body, self._headers)
        self._headers, self._body = {}, b""
        if status < 200:
            return
        self.closed = self.closed or not self._parser.should_keep_alive()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _fail(self, what: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(OutcomeUnknown(f"the connection broke after the request: {what}", "network"))
