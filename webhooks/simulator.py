"""The simulator: a page that looks like a phone, for whoever tries Rumbo out; only with `RUMBO_SIMULATOR`.

What a person does here takes the same road as on the platforms: once, conversation, outbox, sending. It never reaches a
provider, and nobody but the person at the page sees it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.app import App
from bot.channels.simulator import Shown
from bot.errors import BotError, Malformed
from bot.messages import Reply
from webhooks.doors import TooLarge, body_of, refusal

Act = Callable[[Request, App], Awaitable[dict[str, Any]]]
FARTHEST = 400 * 24 * 3600
"""The most seconds by which one request moves the clock."""
PATIENCE = 10.0
"""How many seconds a request waits for a new bubble."""


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
    advance: float = Field(ge=0, le=FARTHEST, allow_inf_nan=False)


class Asked(BaseModel):
    """Whose screen is wanted, and from which bubble on."""

    model_config = ConfigDict(extra="forbid")
    channel: str = "telegram"
    person: str = Field("", max_length=64)
    after: int = Field(0, ge=0)
    wait: bool = False


def routes(app: App) -> list[Route]:
    """The page and what it calls."""
    return [
        Route("/simulator/api/messages", _guarded(app, _message), methods=["POST"]),
        Route("/simulator/api/clock", _guarded(app, _clock), methods=["POST"]),
        Route("/simulator/api/screen", _guarded(app, _screen), methods=["GET"]),
        Route("/simulator/api/inspect", _guarded(app, _inspect), methods=["GET"]),
    ]


def _guarded(app: App, act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(await act(request, app), headers={"Cache-Control": "no-store"})
        except ValidationError as error:
            errors = [{"field": ".".join(map(str, e["loc"])) or "body", "reason": e["msg"]} for e in error.errors()]
            return JSONResponse({"errors": errors}, 422)
        except (BotError, TooLarge) as error:
            return refusal(error)

    return answer


async def _json(request: Request) -> Any:
    try:
        return json.loads(await body_of(request))
    except (ValueError, RecursionError) as error:
        raise Malformed("the body is not JSON") from error


def reply_json(reply: Reply) -> dict[str, Any]:
    """A reply as the contract shows it."""
    choices = [{"id": choice.id, "title": choice.title} for choice in reply.choices]
    shown: dict[str, Any] = {"text": reply.text, "choices": choices, "article": reply.article}
    if reply.document is not None:
        shown["document"] = {"filename": reply.document.filename, "link": reply.document.link}
    if (place := reply.place) is not None:
        shown["place"] = {"title": place.title, "latitude": place.latitude, "longitude": place.longitude}
    return shown


def bubble_json(one: Shown) -> dict[str, Any]:
    """A reply on the screen: when it came, how far its delivery is, what the provider would have been asked."""
    delivery = {"id": str(one.id), "at": one.at.isoformat(), "status": one.status.value, "calls": list(one.calls)}
    return delivery | reply_json(one.reply)


async def _message(request: Request, app: App) -> dict[str, Any]:
    said = Said.model_validate(await _json(request))
    phone, words = app.simulated(said.channel), {"text": said.text or "", "choice": said.choice or ""}
    inbound = phone.said(said.person, **words, kind=said.kind or "", at=app.clock())
    replies = await app.assistant.receive(inbound, at_once=True)
    await app.receipts.note_all(phone.receipts())
    return {"replies": [reply_json(reply) for reply in replies]}


async def _clock(request: Request, app: App) -> dict[str, Any]:
    moved = Moved.model_validate(await _json(request))
    app.clock.advance(timedelta(seconds=moved.advance))
    for lane in app.channels:
        app.wake.notify(lane)
    return {"now": app.clock().isoformat()}


async def _screen(request: Request, app: App) -> dict[str, Any]:
    """The bubbles after the one with id `after`; with `wait=1` it waits until there is one."""
    asked = Asked.model_validate(dict(request.query_params))
    phone = app.simulated(asked.channel)
    if asked.wait:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await phone.wait(asked.person, asked.after)
    await app.receipts.note_all(phone.receipts())
    shown = phone.shown(asked.person)
    return {
        "now": app.clock().isoformat(),
        "bubbles": [bubble_json(one) for one in shown if one.id > asked.after],
        "all": [{"id": str(one.id), "status": one.status.value} for one in shown],
    }


async def _inspect(request: Request, app: App) -> dict[str, Any]:
    """What is stored of this person, and where the conversation stands."""
    asked = Asked.model_validate(dict(request.query_params))
    return await app.assistant.inspect(app.simulated(asked.channel).address(asked.person))
