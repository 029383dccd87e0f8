"""The other side of the bench: a Bot API that answers as fast as Python can, and webhook calls as Telegram makes them.

Plain protocols instead of a framework, so that what is measured waits for the program and not for us. Limits are
optional: with `rate`, more messages in any second get 429, as Telegram does it.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import orjson

TOKEN = "123456:bench-token_of-a-bot"
SECRET = "bench-secret"

_PLAIN = {
    b"setwebhook": b"true",
    b"setmycommands": b"true",
    b"setmydescription": b"true",
    b"setmyshortdescription": b"true",
    b"answercallbackquery": b"true",
    b"getwebhookinfo": b'{"url":"","has_custom_certificate":false,"pending_update_count":0}',
    b"getme": b'{"id":123456,"is_bot":true,"first_name":"Bench","username":"BenchBot"}',
}


class BotApi:
    """One bot. `sent` counts what each chat got; `seen` is told of each message at once."""

    def __init__(self, *, rate: float | None = None) -> None:
        self.url = ""
        self.rate = rate
        self.sent: Counter[int] = Counter()
        self.refused = 0
        self.times: list[float] = []
        self.seen: Callable[[int], None] = lambda _chat: None
        self._window: deque[float] = deque()
        self._ids = itertools.count(1)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[BotApi]:
        """Serve while inside; `url` is the root."""
        loop = asyncio.get_running_loop()
        open_: set[asyncio.BaseTransport] = set()
        server = await loop.create_server(lambda: _Answering(self, open_), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for transport in open_:
                transport.close()

    def answer(self, method: bytes, body: bytes) -> bytes:
        """The whole response to one call."""
        plain = _PLAIN.get(method.lower())
        if plain is not None:
            return _response(b'{"ok":true,"result":%s}' % plain)
        chat = _chat(body)
        if self.rate is not None and self._too_fast():
            self.refused += 1
            said = b'{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":1}}'
            return _response(said, b"429 Too Many Requests")
        self.sent[chat] += 1
        self.times.append(time.monotonic())
        self.seen(chat)
        told = b'{"ok":true,"result":{"message_id":%d,"date":1,"chat":{"id":%d,"type":"private"}}}'
        return _response(told % (next(self._ids), chat))

    def _too_fast(self) -> bool:
        now = time.monotonic()
        while self._window and self._window[0] <= now - 1:
            self._window.popleft()
        if len(self._window) >= (self.rate or 0):
            return True
        self._window.append(now)
        return False


def _chat(body: bytes) -> int:
    if body[:1] == b"{":
        return int(orjson.loads(body)["chat_id"])
    return int(parse_qs(body.decode())["chat_id"][0])  # python-telegram-bot sends forms


def _response(body: bytes, status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


class _Http(asyncio.Protocol, ABC):
    """Messages with a length, one after another."""

    def __init__(self) -> None:
        self._buffer = b""
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end]
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            self.got(head, body)

    @abstractmethod
    def got(self, head: bytes, body: bytes) -> None:
        """One whole message has come."""


class _Answering(_Http):
    def __init__(self, api: BotApi, open_: set[asyncio.BaseTransport]) -> None:
        super().__init__()
        self._api, self._open = api, open_

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._open.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._open.discard(self.transport)

    def got(self, head: bytes, body: bytes) -> None:
        path = head.split(b" ", 2)[1]
        self.transport.write(self._api.answer(path.rpartition(b"/")[2], body))


class _Asking(_Http):
    def __init__(self) -> None:
        super().__init__()
        self.answer: asyncio.Future[int] | None = None

    def got(self, head: bytes, body: bytes) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(int(head.split(b" ", 2)[1]))

    def connection_lost(self, error: Exception | None) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(error or ConnectionResetError("closed"))


class Telegram:
    """Makes webhook calls to one program over connections that stay open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[_Asking] = []
        self._updates = itertools.count(int(time.time()) * 1000)
        self._head = (
            f"POST /webhooks/telegram HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Accept-Encoding: gzip, deflate\r\nX-Telegram-Bot-Api-Secret-Token: {SECRET}\r\nContent-Length: "
        ).encode()

    async def tell(self, chat: int, text: str) -> int:
        """One text message of one person; gives the status of the acknowledgement."""
        number = next(self._updates)
        person = {"id": chat, "is_bot": False, "first_name": "Ana", "last_name": "Pérez", "language_code": "es"}
        there = {"id": chat, "first_name": "Ana", "last_name": "Pérez", "type": "private"}
        told = {"message_id": number % 10**9, "from": person, "chat": there, "date": 1795305600, "text": text}
        return await self._post(orjson.dumps({"update_id": number, "message": told}))

    async def _post(self, body: bytes) -> int:
        loop = asyncio.get_running_loop()
        while self._free and self._free[-1].transport.is_closing():  # servers hang up on who is idle
            self._free.pop()
        one = self._free.pop() if self._free else (await loop.create_connection(_Asking, "127.0.0.1", self._port))[1]
        one.answer = loop.create_future()
        one.transport.write(self._head + str(len(body)).encode() + b"\r\n\r\n" + body)
        status = await one.answer
        self._free.append(one)
        return status

    def close(self) -> None:
        """Hang up."""
        for one in self._free:
            one.transport.close()
        self._free.clear()
