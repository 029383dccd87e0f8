"""What must happen now and then: gathered turns, expired leases, old states, changed content. Any number of processes.

Each chore is safe to run anywhere at any time; two of them at once only do the work once. A chore that fails is logged
and tried again at its next time; it never stops the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.errors import BotError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every so many seconds."""

    name: str
    every: float
    act: Callable[[], Awaitable[object]]


async def keep_doing(chore: Chore, stop: asyncio.Event) -> None:
    """Do it at its rhythm until told to stop."""
    while not stop.is_set():
        try:
            await chore.act()
        except (BotError, OSError, TimeoutError) as error:
            log.warning("chore_failed", extra={"chore": chore.name, "kind": type(error).__name__})
        try:
            async with asyncio.timeout(chore.every):
                await stop.wait()
        except TimeoutError:
            continue
