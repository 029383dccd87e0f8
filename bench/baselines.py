"""What the road is compared with: a fixed reply, nothing verified, nothing stored. `python -m bench.baselines NAME`.

`floor` is FastAPI with aiohttp's client, the least that a webhook bot in Python does. `ptb` is python-telegram-bot as
its documentation shows it (custom webhook, its own httpx client).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response

from bench.bot_api import TOKEN

TEXT = "<b>Carné de extranjería</b>\n" + "Decide qué calidad te toca, junta tus papeles y confirma el monto. " * 7
KEYBOARD = [
    [{"text": "1. Requisitos", "callback_data": "s:regularizacion/carne:requisitos"}],
    [{"text": "2. Pasos", "callback_data": "s:regularizacion/carne:pasos"}],
    [{"text": "3. Costo", "callback_data": "s:regularizacion/carne:costo"}],
    [{"text": "4. Menú", "callback_data": "menu"}],
]


def floor(api: str) -> FastAPI:
    """FastAPI and aiohttp."""
    import aiohttp

    sending: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)) as session:
            app.state.session = session
            yield
            await asyncio.gather(*sending)

    async def send(session: aiohttp.ClientSession, chat: int) -> None:
        reply = {"chat_id": chat, "text": TEXT, "parse_mode": "HTML", "reply_markup": {"inline_keyboard": KEYBOARD}}
        async with session.post(f"{api}/bot{TOKEN}/sendMessage", json=reply) as answer:
            await answer.json()

    app = FastAPI(lifespan=lifespan)

    @app.post("/webhooks/telegram")
    async def webhook(request: Request) -> Response:
        update = await request.json()
        task = asyncio.create_task(send(app.state.session, update["message"]["chat"]["id"]))
        sending.add(task)
        task.add_done_callback(sending.discard)
        return Response()

    return app


def ptb(api: str) -> FastAPI:
    """python-telegram-bot on httpx."""
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
    from telegram.ext import Application, MessageHandler, filters

    bot: Any = (
        Application.builder()
        .token(TOKEN)
        .base_url(f"{api}/bot")
        .updater(None)
        .connection_pool_size(200)
        .pool_timeout(60)  # with the usual second, messages are lost under load
        .read_timeout(30)
        .concurrent_updates(200)
        .build()
    )
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton(**button) for button in row] for row in KEYBOARD])

    async def reply(update: Update, _context: Any) -> None:
        assert update.message is not None
        await update.message.reply_text(TEXT, parse_mode="HTML", reply_markup=keyboard)

    bot.add_handler(MessageHandler(filters.TEXT, reply))

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with bot:
            await bot.start()
            yield
            await bot.stop()

    app = FastAPI(lifespan=lifespan)

    @app.post("/webhooks/telegram")
    async def webhook(request: Request) -> Response:
        await bot.update_queue.put(Update.de_json(await request.json(), bot.bot))
        return Response()

    return app


def main() -> None:
    """Serve one of them as the program is served."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=["floor", "ptb"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api", required=True)
    given = parser.parse_args()
    app = (floor if given.name == "floor" else ptb)(given.api)
    loop = "asyncio" if sys.platform == "win32" else "uvloop"
    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning", access_log=False, loop=loop)


if __name__ == "__main__":
    main()
