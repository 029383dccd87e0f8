"""`rumbo run | web | worker`: the program itself, whole or in parts."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from bot import app as composition
from bot import log, settings
from bot.mind import keep_for_good
from console import app as console
from webhooks.app import create

Commands = Any  # argparse does not name the type of its sub-parsers


def add_to(commands: Commands) -> None:
    """Add the three ways to serve."""
    for name, told in (
        ("run", "everything in one process"),
        ("web", "only HTTP: webhooks, pages, simulator"),
        ("worker", "only sending and scheduling; any number of them"),
    ):
        parser = commands.add_parser(name, help=told, description=told)
        parser.set_defaults(act=_worker if name == "worker" else _web, role=name)


def _loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop  # noqa: PLC0415 - not there on every platform

    return uvloop.new_event_loop()


class _Server(uvicorn.Server):
    """Told to stop, it ends in order and with exit code 0; uvicorn would then die of the signal after all.

    It also ends when nothing is left behind it that works: whoever watches over us then starts the program again.
    """

    def __init__(self, config: uvicorn.Config, app: composition.App) -> None:
        super().__init__(config)
        self._app = app

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._app.gone

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def _web(given: argparse.Namespace) -> int:
    log.start()
    chosen = settings.load()

    async def serve() -> int:
        app = await composition.build(chosen, role=given.role)
        keep_for_good()
        config = uvicorn.Config(
            create(app, console.routes(app, desk=app.news.desk, announcer=app.news.broadcaster)),
            host=chosen.host,
            port=chosen.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=20,
            server_header=False,
            lifespan="on",
        )
        server = _Server(config, app)
        await server.serve()
        return 0 if server.started and not app.gone else 1

    with asyncio.Runner(loop_factory=_loop) as runner:
        return runner.run(serve())


def _worker(given: argparse.Namespace) -> int:
    log.start()
    chosen = settings.load()

    async def work() -> int:
        app = await composition.build(chosen, role=given.role)
        keep_for_good()
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        try:
            async with app.running():
                await stop.wait()
        except ExceptionGroup:
            if not app.gone:  # else it is in the log already
                raise
        return 1 if app.gone else 0

    with asyncio.Runner(loop_factory=_loop) as runner:
        return runner.run(work())
