"""Feeds that are followed: fetched on a schedule by any process, taken in like any file, their trouble shown to staff.

An unchanged feed is no work. A vacancy that is not in its feed any more is closed only when the feed was declared
complete, was read as a whole, is not empty, and left it out twice in a row, and when no other feed of the partner names
it; all others end at their `validThrough`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

from bot.errors import Malformed, SendFailed, StorageGone
from bot.fetching import Fetched
from bot.storage.feeds import Feed, FeedStore
from bot.storage.work import Storage
from bot.vacancies import Imported, VacancyDesk

log = logging.getLogger(__name__)

SHORTEST, LONGEST = timedelta(minutes=15), timedelta(days=7)
LEASE = timedelta(minutes=5)
"""Longer than any fetch and taking in together: a process that died is replaced after this."""
PATIENCE = 3
"""Failures in a row at the usual rhythm; then each wait is twice the one before."""
TWICE = 2
_AT_ONCE = 20  # feeds in one round


class Fetch(Protocol):
    """`bot.fetching.fetch` with its client."""

    def __call__(self, url: str, *, etag: str, modified: str) -> Awaitable[Fetched]:
        """Get the document, or that it is unchanged."""


class FeedDesk:
    """Follows feeds."""

    def __init__(self, storage: Storage, desk: VacancyDesk, fetch: Fetch, clock: Callable[[], datetime]) -> None:
        self._storage = storage
        self._desk = desk
        self._fetch = fetch
        self._clock = clock

    async def add(self, url: str, partner: str, every: timedelta, *, complete: bool = False) -> Feed:
        """Follow this address and look at it at once; what is wrong with it stands in the feed that this gives."""
        every = min(max(every, SHORTEST), LONGEST)
        async with self._storage.work() as work:
            number = await FeedStore(work.line).add(url, partner, every, complete=complete, now=self._clock())
        await self.look(number)
        return next(feed for feed in await self.list() if feed.id == number)

    async def list(self) -> Sequence[Feed]:
        """Every feed and how it went."""
        async with self._storage.view() as work:
            return await FeedStore(work.line).list()

    async def remove(self, number: int) -> bool:
        """Follow it no longer. Its vacancies stay until they end."""
        async with self._storage.work() as work:
            return await FeedStore(work.line).remove(number)

    async def look_at_due(self) -> None:
        """Fetch those whose time has come; what another process fetches just now is left to it."""
        for _ in range(_AT_ONCE):
            if not await self.look():
                return

    async def look(self, number: int = 0) -> bool:
        """Fetch one feed: this one, or the one that is due longest. False when there is none to fetch."""
        async with self._storage.work() as work:
            feed = await FeedStore(work.line).take(self._clock(), LEASE, number)
        if feed is None:
            return False
        try:
            found = await self._read(feed)
        except (Malformed, SendFailed) as error:
            found = self._failed(feed, str(error))
        except StorageGone:
            raise  # the lease runs out by itself
        except Exception as error:  # strangers' bytes that nobody thought of must not end the process
            log.exception("feed_broke", extra={"feed": feed.id})
            found = self._failed(feed, f"cannot be read: {type(error).__name__}")
        async with self._storage.work() as work:
            await FeedStore(work.line).settle(found)
        return True

    async def _read(self, feed: Feed) -> Feed:
        got = await self._fetch(feed.url, etag=feed.etag, modified=feed.modified)
        now = self._clock()
        well = replace(feed, failures=0, error="", looked_at=now, next_at=now + feed.every)
        if got.body is None or sha256(got.body).hexdigest() == feed.content:
            known = feed if got.body is None else replace(feed, etag=got.etag, modified=got.modified)
            listed = await self._missing(feed, {code for code, missed in feed.listed.items() if not missed})
            return replace(well, etag=known.etag, modified=known.modified, listed=listed)
        taken = await self._desk.take_file(feed.partner, got.body)
        listed = feed.listed
        if taken.whole and taken.codes:
            listed = await self._missing(feed, taken.codes)
        return replace(
            well,
            etag=got.etag,
            modified=got.modified,
            content=sha256(got.body).hexdigest(),
            listed=listed,
            changed_at=now,
            outcome=_outcome(taken),
        )

    async def _missing(self, feed: Feed, there: frozenset[str] | set[str]) -> Mapping[str, int]:
        """Count what was listed and is not there; what is missing twice, and from every feed, is not offered any more."""
        listed = dict.fromkeys(there, 0)
        if not feed.complete:
            return listed
        listed |= {code: min(n + 1, TWICE) for code, n in feed.listed.items() if code not in there}
        gone = {code for code, missed in listed.items() if missed == TWICE}
        for other in await self._others(feed) if gone else ():
            gone -= {code for code, missed in other.listed.items() if missed < TWICE}
        if gone:
            closed = await self._desk.withdraw(feed.partner, gone)
            log.info("feed_withdrew", extra={"feed": feed.id, "count": closed})
        return {code: missed for code, missed in listed.items() if code not in gone}

    async def _others(self, feed: Feed) -> Sequence[Feed]:
        """The other feeds of this partner."""
        return [one for one in await self.list() if one.partner == feed.partner and one.id != feed.id]

    def _failed(self, feed: Feed, error: str) -> Feed:
        failures = feed.failures + 1
        wait = min(feed.every * 2 ** min(max(failures - PATIENCE, 0), 16), LONGEST)
        now = self._clock()
        log.warning("feed_failed", extra={"feed": feed.id, "failures": failures})
        return replace(feed, failures=failures, error=error[:500], looked_at=now, next_at=now + wait)


def _outcome(taken: Imported) -> dict[str, Any]:
    return {
        "accepted": len(taken.accepted),
        "rejected": len(taken.rejected),
        "unchanged": taken.unchanged,
        "whole": taken.whole,
        "reasons": [dict(wrong) for wrong in taken.rejected[:3]],
    }
