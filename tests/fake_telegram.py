"""A Bot API server that stands in for Telegram, over a real socket: in a test, or as a process.

It answers what the real one answers (checked fields, error texts, 429 with retry_after), keeps every call, and fails
on demand. As a process: `python -m tests.fake_telegram --port 9000 [--overall 30] [--per-chat 1] [--latency 0.05]`;
`GET /control/calls`, `GET /control/counts`, `POST /control/updates` (one update), `POST /control/fail` (a Fault as
JSON) and `POST /control/reset` steer it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.telegram_rules import Refusal, check_keyboard, fields_of, listed, parsed

TOKEN = "123456:TEST-token_of-a-bot"


@dataclass
class Fault:
    """What goes wrong with the next calls. `kind`: answer, cut (after reading), hang, garbage."""

    kind: str = "answer"
    method: str = ""  # "" is any
    chat: int | None = None
    code: int = 500
    description: str = "Internal Server Error"
    parameters: dict[str, Any] = field(default_factory=dict)
    times: int = 1


@dataclass
class Call:
    method: str
    fields: dict[str, Any]
    at: float
    answer: int  # the HTTP status, 0 for none


class FakeTelegram:
    """One bot. `overall` and `per_chat` are messages a second; None is no limit."""

    def __init__(
        self,
        token: str = TOKEN,
        *,
        overall: float | None = None,
        per_chat: float | None = None,
        latency: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.token, self.overall, self.per_chat, self.latency, self.clock = token, overall, per_chat, latency, clock
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.updates: deque[dict[str, Any]] = deque()
        self.webhook: dict[str, Any] = {}
        self.commands: dict[str | None, list[dict[str, str]]] = {}
        self.texts: dict[tuple[str, str | None], str] = {}
        self.topics: dict[int, str] = {}
        self._next_topic = 41  # a number is never used again
        self.url = ""
        self._sent: deque[float] = deque()
        self._sent_to: dict[Any, deque[float]] = {}
        self._next_update = 1000
        self.polled = asyncio.Event()
        self._news = asyncio.Event()
        self._stopping = asyncio.Event()
        self._polling = 0

    # --- steering ---

    def fail(self, **fault: Any) -> None:
        self.faults.append(Fault(**fault))

    def push(self, **update: Any) -> int:
        """Queue one update for getUpdates, e.g. `push(message={...})`; gives its id."""
        self._next_update += 1
        self.updates.append({"update_id": update.pop("update_id", self._next_update), **update})
        self._news.set()
        return int(self.updates[-1]["update_id"])

    def text(self, chat: int, text: str, language: str = "es") -> int:
        """Queue a text message of a private chat."""
        person = {"id": chat, "is_bot": False, "first_name": "Ana", "language_code": language}
        there = {"id": chat, "type": "private", "first_name": "Ana"}
        return self.push(
            message={
                "message_id": len(self.updates) + 1,
                "from": person,
                "chat": there,
                "date": 1795000000,
                "text": text,
            }
        )

    def sent(self, method: str = "sendMessage") -> list[dict[str, Any]]:
        """The fields of the calls of one method that were answered with success."""
        return [call.fields for call in self.calls if call.method == method and call.answer == 200]

    def counts(self) -> dict[str, int]:
        return dict(Counter(f"{call.method} {call.answer}" for call in self.calls))

    # --- serving ---

    def app(self) -> web.Application:
        app = web.Application(client_max_size=50 * 2**20)
        app.router.add_route("*", f"/bot{self.token}/{{method}}", self._answer)
        app.router.add_route("*", "/bot{token}/{method}", self._not_our_token)
        app.router.add_get("/control/calls", self._control_calls)
        app.router.add_get("/control/counts", self._control_counts)
        app.router.add_post("/control/updates", self._control_updates)
        app.router.add_post("/control/fail", self._control_fail)
        app.router.add_post("/control/reset", self._control_reset)
        return app

    @asynccontextmanager
    async def running(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[FakeTelegram]:
        """Serve on a free port while inside; `url` is the root."""
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        await site.start()
        self.url = f"http://{host}:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            self._stopping.set()
            await runner.cleanup()

    async def _not_our_token(self, request: web.Request) -> web.Response:
        return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        fields = await fields_of(request)
        call = Call(method, fields, self.clock(), 0)
        self.calls.append(call)
        if self.latency:
            await asyncio.sleep(self.latency)
        fault = self._fault(method, fields)
        if fault is not None and fault.kind != "answer":
            return await self._break(request, fault)
        try:
            result = await self._do(method, fields, fault)
        except Refusal as refusal:
            call.answer = refusal.code
            body: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
            if refusal.parameters:
                body["parameters"] = refusal.parameters
            return web.json_response(body, status=refusal.code)
        call.answer = 200
        return web.json_response({"ok": True, "result": result})

    async def _do(self, method: str, fields: dict[str, Any], fault: Fault | None) -> Any:
        if fault is not None:
            raise Refusal(fault.code, fault.description, **fault.parameters)
        handler = getattr(self, f"_do_{method.lower()}", None)
        if handler is None:
            raise Refusal(404, "Not Found: method not found")
        return await handler(fields)

    def _fault(self, method: str, fields: dict[str, Any]) -> Fault | None:
        for fault in self.faults:
            right_chat = fault.chat is None or str(fault.chat) == str(fields.get("chat_id"))
            if fault.method in {"", method} and right_chat:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    async def _break(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.kind == "hang":
            await self._stopping.wait()
        if fault.kind == "garbage":
            return web.Response(text="<html>502 Bad Gateway</html>", status=502, content_type="text/html")
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    # --- methods ---

    async def _do_getme(self, fields: dict[str, Any]) -> dict[str, Any]:
        me = {"id": 123456, "is_bot": True, "first_name": "Rumbo", "username": "RumboBot"}
        return me | {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}

    async def _do_sendmessage(self, fields: dict[str, Any]) -> dict[str, Any]:
        chat = self._chat(fields)
        text = parsed(str(fields.get("text", "")), str(fields.get("parse_mode", "")), 4096)
        if not text.strip():
            raise Refusal(400, "Bad Request: message text is empty")
        check_keyboard(fields)
        if fields.get("message_thread_id", 0) not in {0, *self.topics}:
            raise Refusal(400, "Bad Request: message thread not found")
        self._rate(chat)
        return self._message(chat, text=text)

    async def _do_createforumtopic(self, fields: dict[str, Any]) -> dict[str, Any]:
        if self._chat(fields) >= 0:
            raise Refusal(400, "Bad Request: the chat is not a forum")
        number, self._next_topic = self._next_topic, self._next_topic + 1
        self.topics[number] = str(fields["name"])
        return {"message_thread_id": number, "name": fields["name"], "icon_color": 7322096}

    async def _do_senddocument(self, fields: dict[str, Any]) -> dict[str, Any]:
        chat = self._chat(fields)
        if "document" not in fields:
            raise Refusal(400, "Bad Request: there is no document in the request")
        parsed(str(fields.get("caption", "")), str(fields.get("parse_mode", "")), 1024)
        check_keyboard(fields)
        self._rate(chat)
        return self._message(chat, document={"file_id": "BQ1", "file_unique_id": "1", "file_name": "a.ics"})

    async def _do_sendvenue(self, fields: dict[str, Any]) -> dict[str, Any]:
        chat = self._chat(fields)
        if not fields.get("title") or not fields.get("address"):
            raise Refusal(400, "Bad Request: venue title or address is empty")
        self._rate(chat)
        return self._message(chat, location={"latitude": fields["latitude"], "longitude": fields["longitude"]})

    async def _do_sendlocation(self, fields: dict[str, Any]) -> dict[str, Any]:
        chat = self._chat(fields)
        self._rate(chat)
        return self._message(chat, location={"latitude": fields["latitude"], "longitude": fields["longitude"]})

    async def _do_answercallbackquery(self, fields: dict[str, Any]) -> bool:
        if not fields.get("callback_query_id"):
            raise Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        return True

    async def _do_setwebhook(self, fields: dict[str, Any]) -> bool:
        self.webhook = dict(fields)
        return True

    async def _do_deletewebhook(self, fields: dict[str, Any]) -> bool:
        self.webhook = {}
        return True

    async def _do_getwebhookinfo(self, fields: dict[str, Any]) -> dict[str, Any]:
        info = {"url": self.webhook.get("url", ""), "has_custom_certificate": False}
        return info | {
            "pending_update_count": len(self.updates),
            "max_connections": int(self.webhook.get("max_connections", 40)),
            "allowed_updates": listed(self.webhook.get("allowed_updates", [])),
        }

    async def _do_setmycommands(self, fields: dict[str, Any]) -> bool:
        self.commands[fields.get("language_code") or None] = listed(fields["commands"])
        return True

    async def _do_setmydescription(self, fields: dict[str, Any]) -> bool:
        self.texts["description", fields.get("language_code") or None] = fields.get("description", "")
        return True

    async def _do_setmyshortdescription(self, fields: dict[str, Any]) -> bool:
        self.texts["short", fields.get("language_code") or None] = fields.get("short_description", "")
        return True

    async def _do_getupdates(self, fields: dict[str, Any]) -> list[dict[str, Any]]:
        if self.webhook.get("url"):
            raise Refusal(409, "Conflict: can't use getUpdates method while webhook is active")
        if self._polling:
            raise Refusal(409, "Conflict: terminated by other getUpdates request")
        offset = int(fields.get("offset") or 0)
        while self.updates and self.updates[0]["update_id"] < offset:
            self.updates.popleft()
        self._polling += 1
        self.polled.set()
        try:
            await self._some_news(float(fields.get("timeout") or 0))
        finally:
            self._polling -= 1
        return list(self.updates)[: int(fields.get("limit") or 100)]

    async def _some_news(self, seconds: float) -> None:
        if self.updates or not seconds:
            return
        self._news.clear()
        waits = [asyncio.create_task(event.wait()) for event in (self._news, self._stopping)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    def _chat(self, fields: dict[str, Any]) -> int:
        try:
            return int(fields["chat_id"])
        except (KeyError, ValueError, TypeError):
            raise Refusal(400, "Bad Request: chat not found") from None

    def _rate(self, chat: int) -> None:
        """Sliding windows of one second; a refused message does not count."""
        now = self.clock()
        rows = [(self._sent, self.overall), (self._sent_to.setdefault(chat, deque()), self.per_chat)]
        for times, limit in rows:
            while times and times[0] <= now - 1:
                times.popleft()
            if limit is not None and len(times) >= max(1, int(limit)):
                raise Refusal(429, "Too Many Requests: retry after 1", retry_after=1)
        for times, _ in rows:
            times.append(now)

    def _message(self, chat: int, **content: Any) -> dict[str, Any]:
        there = {"id": chat, "type": "private" if chat > 0 else "supergroup"}
        return {"message_id": len(self.calls), "date": 1795000000, "chat": there, **content}

    # --- control of the process ---

    async def _control_calls(self, request: web.Request) -> web.Response:
        return web.json_response([vars(call) for call in self.calls], dumps=lambda o: json.dumps(o, default=str))

    async def _control_counts(self, request: web.Request) -> web.Response:
        return web.json_response(self.counts())

    async def _control_updates(self, request: web.Request) -> web.Response:
        return web.json_response({"update_id": self.push(**await request.json())})

    async def _control_fail(self, request: web.Request) -> web.Response:
        self.fail(**await request.json())
        return web.json_response({})

    async def _control_reset(self, request: web.Request) -> web.Response:
        self.calls.clear()
        self.faults.clear()
        return web.json_response({})


async def _serve(given: argparse.Namespace) -> None:
    fake = FakeTelegram(given.token, overall=given.overall, per_chat=given.per_chat, latency=given.latency)
    async with fake.running(given.host, given.port):
        print(fake.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--overall", type=float)
    parser.add_argument("--per-chat", type=float)
    parser.add_argument("--latency", type=float, default=0.0)
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
