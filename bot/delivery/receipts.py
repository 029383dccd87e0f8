"""What providers tell about messages on their way: written down, and handed on to whoever announced them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from bot.messages import Receipt
from bot.storage.outbox import Ref
from bot.storage.work import Storage, Work


class Announcers(Protocol):
    """Who wants to know what became of an announcement."""

    async def told_later(self, work: Work, ref: Ref, receipt: Receipt) -> None:
        """A provider told whether a message arrived."""


class Receipts:
    """Takes receipts in."""

    def __init__(self, storage: Storage, clock: Callable[[], datetime], news: Announcers) -> None:
        self._storage = storage
        self._clock = clock
        self._news = news

    async def note(self, receipt: Receipt) -> None:
        """Write one down; statuses only move forward."""
        await self.note_all((receipt,))

    async def note_all(self, receipts: Sequence[Receipt]) -> None:
        """Write several down together."""
        if not receipts:
            return
        async with self._storage.work() as work:
            for receipt in receipts:
                ref = await work.outbox.receipt(receipt, self._clock())
                if ref is not None:
                    await self._news.told_later(work, ref, receipt)
