"""Is it alive, is it ready, and how much has it done: for operators and their machines."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.app import App
from webhooks.channels import Door


def live(_app: App) -> Door:
    """The process answers."""

    async def answer(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return answer


def ready(app: App) -> Door:
    """Database, Redis and the outbox are well; 503 names what is not."""

    async def answer(_request: Request) -> Response:
        found = await app.condition()
        return JSONResponse(found, 200 if found["status"] == "ok" else 503)

    return answer


def metrics(app: App) -> Door:
    """Prometheus' text format."""

    async def answer(_request: Request) -> Response:
        return Response(await app.measures(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return answer
