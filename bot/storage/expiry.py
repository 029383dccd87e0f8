"""What is kept for a time only goes when that time is over, all of it, however much it is.

In short transactions, so that nobody who writes meanwhile has to wait.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.storage.people import CHUNK
from bot.storage.work import Storage

STATES_KEPT = timedelta(days=30)
"""After so long without a word the state of a conversation is dropped."""

REPLIES_KEPT = timedelta(days=2)
"""So long replies that came to their end are kept, for receipts."""


async def expire(storage: Storage, now: datetime) -> None:
    """Drop what is too old. Any process may do it at any time; cut short, it goes on the next time."""
    async with storage.work() as work:
        await work.inbox.purge(now)
        await work.outbox.purge(now - REPLIES_KEPT)
        await work.feedback.purge(now)
    found = CHUNK
    while found == CHUNK:
        async with storage.work() as work:
            found = await work.people.expire_states(now - STATES_KEPT)
