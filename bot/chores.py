"""What must happen now and then: gathered turns, expired leases, old states, changed content. Any number of processes.

Each chore is safe to run anywhere at any time; two of them at once only do the work once. A chore that fails, however
it may, is logged and tried again at its next time; it never stops the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from bot.errors import BackgroundEnded, BotError

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
        except Exception as error:
            log.exception("chore_failed", extra={"chore": chore.name, "kind": type(error).__name__})
        try:
            async with asyncio.timeout(chore.every):
                await stop.wait()
        except TimeoutError:
            continue


async def on_the_side(name: str, work: Coroutine[Any, Any, None]) -> None:
    """Work that nobody waits for: when it fails, that is logged and harms nothing else."""
    try:
        await work
    except Exception as error:
        log.exception("aside_failed", extra={"work": name, "kind": type(error).__name__})


async def to_the_end(name: str, work: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    """Work that must last until `stop` is set. When it ends earlier, that is logged and raised: BackgroundEnded, or
    what ended it.
    """
    try:
        await work
    except Exception as error:
        log.critical("background_ended", exc_info=True, extra={"work": name, "kind": type(error).__name__})
        raise
    if not stop.is_set():
        log.critical("background_ended", extra={"work": name})
        raise BackgroundEnded(name)
