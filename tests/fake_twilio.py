"""Twilio's REST API for WhatsApp, standing in over a real socket: messages, contents, signed callbacks.

It answers with Twilio's codes for what Twilio refuses at once, keeps every message, fails on demand and signs its
callbacks as Twilio does. As a process: `python -m tests.fake_twilio --port 9001 [--rate 80] [--callbacks]`;
`GET /control/messages`, `GET /control/counts`, `POST /control/fail` steer it.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

ACCOUNT = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "0f" * 16
SENDER = "whatsapp:+51900000001"


def signature(url: str, form: Mapping[str, str], token: str = AUTH_TOKEN) -> str:
    """X-Twilio-Signature, written from Twilio's description and not with its library."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


@dataclass
class Fault:
    """What goes wrong with the next calls. `kind`: answer, cut (after reading), hang, garbage."""

    kind: str = "answer"
    to: str = ""
    status: int = 500
    code: int = 20500
    message: str = "Internal Server Error"
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1


class Refusal(Exception):
    def __init__(self, status: int, code: int, message: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message or f"error {code}", headers


class FakeTwilio:
    """One account. `rate` is messages a second; with `callbacks` every message is sent, delivered and read."""

    def __init__(
        self,
        account: str = ACCOUNT,
        token: str = AUTH_TOKEN,
        *,
        rate: float | None = None,
        callbacks: bool = False,
        page_size: int = 50,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.account, self.token, self.rate, self.callbacks, self.clock = account, token, rate, callbacks, clock
        self.page_size = page_size
        self.messages: list[dict[str, str]] = []
        self.contents: dict[str, dict[str, Any]] = {}
        self.approvals: dict[str, dict[str, str]] = {}
        self.answers: Counter[int] = Counter()
        self.faults: list[Fault] = []
        self.url = ""
        self._times: deque[float] = deque()
        self._stopping = asyncio.Event()
        self._calling: set[asyncio.Task[None]] = set()

    def fail(self, **fault: Any) -> None:
        self.faults.append(Fault(**fault))

    def approve(self, sid: str, status: str = "approved", reason: str = "") -> None:
        """What WhatsApp decides about a content."""
        self.approvals.setdefault(sid, {}).update(status=status, rejection_reason=reason)

    async def call_back(self, message: Mapping[str, str], status: str, code: str = "") -> int:
        """Tell the message's StatusCallback, signed; gives the HTTP status of the answer."""
        form = {
            "MessageSid": message["Sid"],
            "SmsSid": message["Sid"],
            "SmsStatus": status,
            "MessageStatus": status,
            "AccountSid": self.account,
            "From": message["From"],
            "To": message["To"],
            "ChannelToAddress": message["To"].removeprefix("whatsapp:"),
            "ChannelPrefix": "whatsapp",
            "ApiVersion": "2010-04-01",
        } | ({"ErrorCode": code, "ErrorMessage": f"error {code}"} if code else {})
        return await self.post(message["StatusCallback"], form)

    async def post(self, url: str, form: Mapping[str, str]) -> int:
        """Any signed form, e.g. an incoming message."""
        headers = {"X-Twilio-Signature": signature(url, form, self.token), "I-Twilio-Idempotency-Token": "t-1"}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=urlencode(form), headers=headers) as answer,
        ):
            return answer.status

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/2010-04-01/Accounts/{account}/Messages.json", self._guarded(self._create_message))
        app.router.add_get("/v1/Content", self._guarded(self._list_contents))
        app.router.add_post("/v1/Content", self._guarded(self._create_content))
        app.router.add_get("/v1/Content/{sid}/ApprovalRequests", self._guarded(self._approval))
        app.router.add_post("/v1/Content/{sid}/ApprovalRequests/whatsapp", self._guarded(self._submit))
        app.router.add_get("/control/messages", self._control_messages)
        app.router.add_get("/control/counts", self._control_counts)
        app.router.add_post("/control/fail", self._control_fail)
        return app

    @asynccontextmanager
    async def running(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[FakeTwilio]:
        """Serve on a free port while inside; `url` is the root."""
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        self.url = f"http://{host}:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            self._stopping.set()
            for task in self._calling:
                task.cancel()
            await runner.cleanup()

    def _guarded(self, handler: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                self._authenticate(request)
                answer = await handler(request)
            except Refusal as refusal:
                more = {"more_info": f"https://www.twilio.com/docs/errors/{refusal.code}", "status": refusal.status}
                body = {"code": refusal.code, "message": refusal.message, **more}
                headers = {name.replace("_", "-"): value for name, value in refusal.headers.items()}
                answer = web.json_response(body, status=refusal.status, headers=headers)
            self.answers[answer.status] += 1
            return answer

        return guarded

    def _authenticate(self, request: web.Request) -> None:
        told = request.headers.get("Authorization", "")
        right = "Basic " + base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        if told != right or request.match_info.get("account", self.account) != self.account:
            raise Refusal(401, 20003, "Authenticate")

    async def _create_message(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        fault = next((fault for fault in self.faults if fault.to in {"", form.get("To", "")}), None)
        if fault is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
            if fault.kind != "answer":
                return await self._break(request, form, fault)
            raise Refusal(fault.status, fault.code, fault.message, **fault.headers)
        self._check(form)
        message = self._keep(form)
        if self.callbacks and "StatusCallback" in form:
            task = asyncio.create_task(self._tell_all(message))
            self._calling.add(task)
            task.add_done_callback(self._calling.discard)
        body = {"sid": message["Sid"], "status": "queued", "to": form["To"], "from": form["From"], "error_code": None}
        return web.json_response(body, status=201)

    def _keep(self, form: dict[str, str]) -> dict[str, str]:
        sid = "SM" + hashlib.md5(str(len(self.messages)).encode()).hexdigest()
        self.messages.append({"Sid": sid, **form})
        return self.messages[-1]

    async def _break(self, request: web.Request, form: dict[str, str], fault: Fault) -> web.StreamResponse:
        if fault.kind == "hang":
            await self._stopping.wait()
        if fault.kind == "garbage":
            return web.Response(text="<html>503</html>", status=503, content_type="text/html")
        self._keep(form)  # it was sent, only nobody heard of it
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    def _check(self, form: Mapping[str, str]) -> None:
        now = self.clock()
        while self._times and self._times[0] <= now - 1:
            self._times.popleft()
        if self.rate is not None and len(self._times) >= self.rate:
            raise Refusal(429, 20429, "Too Many Requests", Retry_After="1")
        if not form.get("To", "").startswith("whatsapp:") or len(form["To"]) < len("whatsapp:+1234"):
            raise Refusal(400, 21211, "Invalid 'To'")
        if not form.get("From"):
            raise Refusal(400, 21603, "A 'From' is required")
        if not form.get("Body") and not form.get("ContentSid"):
            raise Refusal(400, 21619, "A text message body or media urls must be specified")
        if len(form.get("Body", "")) > 1600:
            raise Refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        if form.get("ContentSid"):
            self._check_variables(form)
        self._times.append(now)

    def _check_variables(self, form: Mapping[str, str]) -> None:
        if form["ContentSid"] not in self.contents:
            raise Refusal(404, 20404, "The requested content was not found")
        variables = json.loads(form.get("ContentVariables", "{}"))
        for value in variables.values():
            bad = not isinstance(value, str) or not value or "\n" in value or "\t" in value or "     " in value
            if bad or len(value) > 1600:
                raise Refusal(400, 21656, "The ContentVariables Parameter is invalid")

    async def _tell_all(self, message: dict[str, str]) -> None:
        for status in ("sent", "delivered", "read"):
            await self.call_back(message, status)

    # --- contents ---

    async def _list_contents(self, request: web.Request) -> web.Response:
        start = int(request.query.get("Page", "0")) * self.page_size
        sids = list(self.contents)
        more = f"https://content.twilio.com/v1/Content?PageSize={self.page_size}&Page={start // self.page_size + 1}"
        meta = {"key": "contents", "next_page_url": more if start + self.page_size < len(sids) else None}
        page = [self.contents[sid] for sid in sids[start : start + self.page_size]]
        return web.json_response({"contents": page, "meta": meta})

    async def _create_content(self, request: web.Request) -> web.Response:
        content = await request.json()
        if not content.get("types") or not content.get("language"):
            raise Refusal(400, 20001, "types and language are required")
        sid = "HX" + hashlib.md5(json.dumps(content).encode() + str(len(self.contents)).encode()).hexdigest()
        self.contents[sid] = {"sid": sid, "account_sid": self.account, **content}
        return web.json_response(self.contents[sid], status=201)

    async def _approval(self, request: web.Request) -> web.Response:
        sid = self._content_sid(request)
        whatsapp = self.approvals.get(sid) or {"status": "unsubmitted", "rejection_reason": ""}
        return web.json_response(
            {"sid": sid, "account_sid": self.account, "whatsapp": {"type": "whatsapp", **whatsapp}}
        )

    async def _submit(self, request: web.Request) -> web.Response:
        sid, asked = self._content_sid(request), await request.json()
        if any(kind == "twilio/list-picker" for kind in self.contents[sid]["types"]):
            raise Refusal(400, 20001, "list pickers cannot be approved")
        self.approvals[sid] = {"status": "received", "rejection_reason": "", **{k: str(v) for k, v in asked.items()}}
        return web.json_response(self.approvals[sid], status=201)

    def _content_sid(self, request: web.Request) -> str:
        sid = request.match_info["sid"]
        if sid not in self.contents:
            raise Refusal(404, 20404, "not found")
        return sid

    # --- control of the process ---

    async def _control_messages(self, request: web.Request) -> web.Response:
        return web.json_response(self.messages)

    async def _control_counts(self, request: web.Request) -> web.Response:
        return web.json_response({str(status): count for status, count in self.answers.items()})

    async def _control_fail(self, request: web.Request) -> web.Response:
        self.fail(**await request.json())
        return web.json_response({})


async def _serve(given: argparse.Namespace) -> None:
    async with FakeTwilio(rate=given.rate, callbacks=given.callbacks).running(given.host, given.port) as fake:
        print(fake.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--callbacks", action="store_true")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
