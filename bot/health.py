"""How the program is: what it depends on, how much it has done. Numbers and words of ours only, never a name or a text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.counts import Counts
from bot.delivery.throttle import FallbackLimiter, Limiter
from bot.errors import StorageGone
from bot.storage.work import Storage

LATE = 120.0
"""Seconds that a due reply may wait before we call ourselves not ready."""


@dataclass(frozen=True, slots=True)
class Health:
    """Looks at the parts of one process."""

    storage: Storage
    limiter: Limiter
    clock: Callable[[], datetime]
    counts: Counts
    problems: Callable[[], int]
    """Mistakes in the content files."""
    spend: Callable[[], Awaitable[Mapping[str, int]]]
    """The WhatsApp messages of the month that are billed, by the books."""

    async def condition(self) -> dict[str, Any]:
        """Whether everything that we depend on is well."""
        found: dict[str, Any] = {"status": "ok", "database": "ok", "redis": "none", "outbox_age_seconds": 0.0}
        try:
            await self.storage.ping()
            async with self.storage.view() as work:
                oldest = await work.outbox.oldest_due(self.clock())
            found["outbox_age_seconds"] = round(self._age(oldest), 1)
        except StorageGone:
            found |= {"database": "gone", "status": "not ready"}
        if isinstance(self.limiter, FallbackLimiter):
            found["redis"] = "gone" if self.limiter.degraded else "ok"
        if found["outbox_age_seconds"] > LATE:
            found["status"] = "not ready"
        return found

    async def measures(self) -> bytes:
        """The page of counters for Prometheus."""
        async with self.storage.view() as work:
            open_ = await work.outbox.counts()
            people = {row.channel: row.people for row in await work.people.counts()}
            oldest = await work.outbox.oldest_due(self.clock())
        named = {(lane, state.name.lower()): number for (lane, state), number in open_.items()}
        return self.counts.show(named, self._age(oldest), people, self.problems(), await self.spend())

    def _age(self, oldest: datetime | None) -> float:
        return (self.clock() - oldest).total_seconds() if oldest else 0.0
