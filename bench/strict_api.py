"""A Bot API in a process of its own that keeps its limits to the letter: `python -m bench.strict_api --port N --rate 30`.

More than `rate` messages in any second, or more than one a second to a chat, get 429 with `retry_after`. Every call is
written down with its moment; `GET /control/all` gives them, `GET /control/count` how many, `POST /control/reset`
forgets them. A lost answer is still a message that the person got.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
from collections import deque
from contextlib import suppress

import orjson
import uvloop

from bench.bot_api import BotApi, _Answering, _chat, _response

CROWD_FROM = 10_000_000
"""Chats from here on are the crowd, below are people who write; so that both can be told apart when counted."""


class StrictApi(BotApi):
    """One bot with its limits."""

    def __init__(self, *, rate: float, chat_rate: float, latency: float) -> None:
        super().__init__(rate=rate)
        self.chat_rate = chat_rate
        self.latency = latency
        self.taken: list[tuple[float, int]] = []
        self.turned_away: list[tuple[float, int]] = []
        self.crowd = 0
        self._last: dict[int, deque[float]] = {}

    def answer(self, method: bytes, body: bytes) -> bytes:
        """The response to one call, or to a question about the calls."""
        if method == b"count":
            return _response(orjson.dumps({"crowd": self.crowd, "refused": len(self.turned_away)}))
        if method == b"all":
            return _response(orjson.dumps({"taken": self.taken, "refused": self.turned_away}))
        if method == b"reset":
            self.taken, self.turned_away, self.crowd = [], [], 0
            return _response(b"{}")
        return super().answer(method, body) if method.lower() != b"sendmessage" else self._send(body)

    def _send(self, body: bytes) -> bytes:
        chat, now = _chat(body), time.time()
        times = self._last.setdefault(chat, deque(maxlen=8))
        while times and times[0] <= now - 1 / self.chat_rate:
            times.popleft()
        if times or self._too_fast():
            self.turned_away.append((now, chat))
            said = b'{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":1}}'
            return _response(said, b"429 Too Many Requests")
        times.append(now)
        self.taken.append((now, chat))
        self.crowd += chat >= CROWD_FROM
        told = b'{"ok":true,"result":{"message_id":%d,"date":1,"chat":{"id":%d,"type":"private"}}}'
        return _response(told % (next(self._ids), chat))


class _Late(_Answering):
    """Answers as late as a real one; what arrives is counted when it arrives."""

    def got(self, head: bytes, body: bytes) -> None:
        api = self._api
        assert isinstance(api, StrictApi)
        method = head.split(b" ", 2)[1].rpartition(b"/")[2]
        said = api.answer(method, body)
        if api.latency and method.lower() == b"sendmessage":
            asyncio.get_running_loop().call_later(api.latency, self._write, said)
        else:
            self._write(said)

    def _write(self, said: bytes) -> None:
        with suppress(RuntimeError):  # whoever asked was killed meanwhile
            self.transport.write(said)


async def _serve(given: argparse.Namespace) -> None:
    api = StrictApi(rate=given.rate, chat_rate=given.chat_rate, latency=given.latency)
    open_: set[asyncio.BaseTransport] = set()
    await asyncio.get_running_loop().create_server(lambda: _Late(api, open_), "127.0.0.1", given.port)
    await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--chat-rate", type=float, default=1.0)
    parser.add_argument("--latency", type=float, default=0.05)
    gc.disable()  # its pauses would be taken for ours
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
