"""A program that only sends, to be killed by tests: `python -m tests.sending_process DATABASE KEY SOCKET OWNER`.

It ends by itself, with 0, when nothing is left to send.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from bot.channels.base import Pace
from bot.delivery.sender import Kit, Sender
from bot.delivery.throttle import MemoryLimiter
from bot.delivery.wake import LocalWake
from bot.messages import Reply
from bot.storage import tables
from bot.storage.work import Storage


class Socket:
    """Sends each message as a line to a socket and takes the answer as the provider's id."""

    name = "telegram"
    pace = Pace(overall=100.0, chat=1000.0)

    def __init__(self, path: str) -> None:
        self._path = path

    def render(self, message):
        return [{"to": message.to.value}]

    async def send(self, payload):
        reader, writer = await asyncio.open_unix_connection(self._path)
        writer.write(f"{payload['to']}\n".encode())
        answer = await reader.readline()
        writer.close()
        return answer.decode().strip()


class Contents:
    async def reply_for(self, batch_id, person):
        return Reply("feria")


def clock():
    return datetime.now(UTC)


async def main(database: str, key: str, path: str, owner: str) -> None:
    storage = await Storage.open(database, [key], clock, lambda: 0)
    something = asyncio.Event()
    kit = Kit(
        storage,
        MemoryLimiter(clock),
        LocalWake(),
        clock,
        owner,
        contents=Contents(),
        noted=lambda *_: something.set(),
        lease=timedelta(seconds=2),
    )
    sender = Sender([Socket(path)], kit, embedded=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(sender.run())
        while await unfinished(storage):
            await asyncio.wait([group.create_task(something.wait())], timeout=0.5)  # the sweep says nothing
            something.set()
            something.clear()
        sender.stop()
    await storage.close()


async def unfinished(storage: Storage) -> int:
    delivery = tables.delivery
    async with storage.view() as work:
        counted = await work.line.run(select(func.count()).select_from(delivery).where(delivery.c.state < 3))
        return counted.scalar_one()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
