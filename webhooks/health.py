"""Whether the process is alive, whether it is ready, and its counters: for operators and their machines."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.app import App
from webhooks.channels import Door


def live(app: App) -> Door:
    """The process answers, and does its work; 503 when only a new start helps."""

    async def answer(_request: Request) -> Response:
        return JSONResponse({"status": "gone"}, 503) if app.gone else JSONResponse({"status": "ok"})

    return answer


def ready(app: App) -> Door:
    """Database, Redis and the outbox are well; 503 names what is not."""

    async def answer(_request: Request) -> Response:
        found = await app.health.condition()
        return JSONResponse(found, 200 if found["status"] == "ok" else 503)

    return answer


def metrics(app: App) -> Door:
    """Prometheus' text format."""

    async def answer(_request: Request) -> Response:
        return Response(await app.health.measures(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return answer
