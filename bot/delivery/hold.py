"""What this process has told the database it is sending, and that it still is.

A lease is short, so that what a vanished host was sending is noticed; a message may take longer than that (several
calls, a place that is long in coming), so its lease is renewed meanwhile. Never renewed for ever: what was lost from
sight here shall be found there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from bot.storage.outbox import Ref
from bot.storage.work import Storage

_LONGEST = timedelta(minutes=5)
"""More than three calls, each tried twice with a wait between, after every wait for a place (105 s and 90 s)."""


class Hold:
    """The messages of one lane that are being sent."""

    def __init__(self, storage: Storage, owner: str, lease: timedelta, clock: Callable[[], datetime]) -> None:
        self._storage = storage
        self._owner = owner
        self._lease = lease
        self._clock = clock
        self._began: dict[Ref, datetime] = {}

    async def begin(self, refs: Collection[Ref]) -> set[Ref]:
        """Save that these are being sent; gives those that really are ours."""
        now = self._clock()
        async with self._storage.work(single=True) as work:
            ours = await work.outbox.begin(refs, self._owner, now + self._lease)
        self._began |= dict.fromkeys(ours, now)
        return ours

    async def renew(self) -> None:
        """Keep what takes long from being taken for a dead worker's; call it much more often than a lease is long."""
        now = self._clock()
        slow = [ref for ref, began in self._began.items() if self._lease / 2 <= now - began < _LONGEST]
        if slow:
            async with self._storage.work(single=True) as work:
                await work.outbox.renew(slow, self._owner, now + self._lease)

    def end(self, ref: Ref) -> None:
        """What became of it was saved."""
        self._began.pop(ref, None)
