"""The web program: `create()` makes it, uvicorn serves it. Mounts what the settings ask for; decides nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import StaticFiles

from bot.app import App
from webhooks import channels, health, partners, simulator, twin
from webhooks.doors import PAGE_HEADERS

FOLDER = Path(__file__).parent / "static"


def create(app: App, more: Sequence[BaseRoute] = ()) -> FastAPI:
    """The ASGI application of one process. It starts and stops `app`. `more`: routes from above, the console's."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with app.running():
            yield

    web = FastAPI(title="Rumbo", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    web.router.routes.extend([*_routes(app), *more])
    web.include_router(partners.router(app))
    web.mount("/static", StaticFiles(directory=FOLDER), name="static")
    web.add_exception_handler(Exception, _our_fault)
    return web


def _routes(app: App) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        Route("/webhooks/telegram", channels.door(app, "telegram"), methods=["POST"]),
        Route("/webhooks/twilio", channels.door(app, "whatsapp", twiml=True), methods=["POST"]),
        Route("/webhooks/twilio/status", channels.door(app, "whatsapp"), methods=["POST"]),
        Route("/health/live", health.live(app)),
        Route("/health/ready", health.ready(app)),
        Route("/metrics", health.metrics(app)),
        *twin.routes(app),
    ]
    if app.settings.simulator:
        routes.append(Route("/simulator", _simulator))
        routes.extend(simulator.routes(app))
    return routes


async def _simulator(_: Request) -> Response:
    return FileResponse(FOLDER / "simulator.html", headers=dict(PAGE_HEADERS))


async def _our_fault(_: Request, error: Exception) -> Response:
    """A mistake of ours: the platform may try again, nobody sees a trace."""
    del error
    return JSONResponse({"error": "our mistake; it is noted"}, 500)
