"""The simulator: a page that looks like a phone, for whoever tries Rumbo out; only with `RUMBO_SIMULATOR`.

What a person does here takes the same road as on the platforms: once, conversation, outbox, sending. It never reaches a
provider, and nobody but the person at the page sees it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.app import App
from bot.errors import Malformed, StorageGone
from bot.messages import Reply
from webhooks.doors import TooLarge, body_of, refusal

FARTHEST = 400 * 24 * 3600
"""Seconds that the clock can be moved at once."""
PATIENCE = 10.0
"""Seconds that the screen is waited for."""


class Said(BaseModel):
    """What the person at the page did: wrote, tapped or sent something."""

    model_config = ConfigDict(extra="forbid")
    channel: str = "telegram"
    person: str = Field(min_length=1, max_length=64)
    text: str | None = Field(None, max_length=4096)
    choice: str | None = Field(None, max_length=200)
    kind: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Said:
        if sum(value is not None for value in (self.text, self.choice, self.kind)) != 1:
            raise ValueError("give exactly one of text, choice, kind")
        return self


class Moved(BaseModel):
    """How far to move the clock."""

    model_config = ConfigDict(extra="forbid")
    advance: float = Field(ge=0, le=FARTHEST)


def routes(app: App) -> list[Route]:
    """The page and what it calls."""
    return [
        Route("/simulator/api/messages", _guarded(app, _message), methods=["POST"]),
        Route("/simulator/api/clock", _guarded(app, _clock), methods=["POST"]),
        Route("/simulator/api/screen", _guarded(app, _screen), methods=["GET"]),
        Route("/simulator/api/inspect", _guarded(app, _inspect), methods=["GET"]),
    ]


def _guarded(app: App, act: Callable[[Request, App], Awaitable[dict[str, Any]]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(await act(request, app))
        except ValidationError as error:
            errors = [{"field": ".".join(map(str, e["loc"])) or "body", "reason": e["msg"]} for e in error.errors()]
            return JSONResponse({"errors": errors}, 422)
        except (Malformed, TooLarge, StorageGone) as error:
            return refusal(error)

    return answer


async def _json(request: Request) -> Any:
    try:
        return json.loads(await body_of(request))
    except ValueError as error:
        raise Malformed("the body is not JSON") from error


def reply_json(reply: Reply) -> dict[str, Any]:
    """A reply as the contract shows it."""
    choices = [{"id": choice.id, "title": choice.title} for choice in reply.choices]
    shown: dict[str, Any] = {"text": reply.text, "choices": choices, "article": reply.article}
    if reply.document is not None:
        shown["document"] = {"filename": reply.document.filename, "link": reply.document.link}
    if reply.place is not None:
        shown["place"] = {"title": reply.place.title, "latitude": reply.place.latitude, "longitude": reply.place.longitude}
    return shown


async def _message(request: Request, app: App) -> dict[str, Any]:
    said = Said.model_validate(await _json(request))
    phone = app.simulated(said.channel)
    inbound = phone.said(said.person, text=said.text or "", choice=said.choice or "", kind=said.kind or "", at=app.clock())
    replies = await app.assistant.receive(inbound, at_once=True)
    await app.receipts.note_all(phone.receipts())
    return {"replies": [reply_json(reply) for reply in replies]}


async def _clock(request: Request, app: App) -> dict[str, Any]:
    moved = Moved.model_validate(await _json(request))
    app.clock.advance(timedelta(seconds=moved.advance))
    app.wake.notify()
    return {"now": app.clock().isoformat()}


async def _screen(request: Request, app: App) -> dict[str, Any]:
    """The bubbles after the one with id `after`; with `wait=1` it waits until there is one."""
    query = request.query_params
    phone = app.simulated(query.get("channel", "telegram"))
    person, after = query.get("person", ""), int(query.get("after", "0") or 0)
    if query.get("wait"):
        try:
            async with asyncio.timeout(PATIENCE):
                await phone.wait(person, after)
        except TimeoutError:
            pass
    await app.receipts.note_all(phone.receipts())
    bubbles = [
        {"id": str(one.id), "at": one.at.isoformat(), "status": one.status.value, "calls": list(one.calls), **reply_json(one.reply)}
        for one in phone.shown(person)
    ]
    return {"now": app.clock().isoformat(), "bubbles": [one for one in bubbles if int(one["id"]) > after], "all": [
        {"id": one["id"], "status": one["status"]} for one in bubbles
    ]}


async def _inspect(request: Request, app: App) -> dict[str, Any]:
    """What is stored of this person, and where the conversation stands."""
    query = request.query_params
    phone = app.simulated(query.get("channel", "telegram"))
    return await app.assistant.inspect(phone.address(query.get("person", "")))
