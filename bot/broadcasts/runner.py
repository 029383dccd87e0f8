"""What time does with announcements: start them, write the next chunk, rest at night, end them.

Any number of processes call it each second; nobody leads. What two of them try at once, the database lets only one do.
Nothing is kept in memory but the failures that this process saw.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from bot.broadcasts import compose
from bot.broadcasts.audience import Kind
from bot.broadcasts.drafts import Drafts
from bot.broadcasts.states import NotPossible, State
from bot.broadcasts.survey import kept_out
from bot.broadcasts.watch import Watch
from bot.errors import BotError
from bot.library.country import Country
from bot.library.library import Library
from bot.storage.broadcasts import Announcement, Broadcasts
from bot.storage.crowd import Crowd
from bot.storage.outbox import CROWD
from bot.storage.templates import Templates
from bot.storage.work import Storage, Work

log = logging.getLogger(__name__)

EARLY = timedelta(seconds=30)
"""From so long before the night on nothing is claimed: a claimed message may wait a little for its turn."""

RECONCILE = timedelta(minutes=10)
"""How long the provider has to report on a message of unknown outcome before it is queued once more."""

_DROPPED = 5_000


class Runner:
    """Moves announcements on."""

    def __init__(self, storage: Storage, library: Callable[[], Library], drafts: Drafts, watch: Watch) -> None:
        self._storage = storage
        self._library = library
        self._drafts = drafts
        self._watch = watch
        self.ended: list[int] = []
        """Announcements that this process saw come to their end, until somebody takes them from here."""

    async def advance(self, now: datetime) -> None:
        """One step for each announcement that has something to do."""
        await self._day_and_night(now)
        async with self._storage.view() as work:
            busy = await Broadcasts(work.line, work.vault).busy()
        for one in busy:
            try:
                await self._step(one, now)
            except NotPossible as error:
                await self._stop(one, error.code)
            except BotError:
                log.exception("announcement_stumbled", extra={"broadcast": one.id})

    async def begin(self, work: Work, one: Announcement, now: datetime) -> None:
        """Start it: the first chunk of deliveries is written at once."""
        await Broadcasts(work.line, work.vault).started(one.id, now)
        await self._write(work, one, now)

    async def pause_failing(self, work: Work, number: int) -> None:
        """Too much of it fails: pause it, unless somebody was quicker."""
        self._watch.forget(number)
        if await Broadcasts(work.line, work.vault).move(number, State.SENDING, State.PAUSED, "failures"):
            log.error("announcement_paused", extra={"broadcast": number})

    async def _step(self, one: Announcement, now: datetime) -> None:
        match State(one.state):
            case State.SCHEDULED:
                await self._scheduled(one, now)
            case State.SENDING:
                await self._sending(one, now)
            case State.PAUSED if one.expires_at is not None and one.expires_at <= now:
                await self._end(one, State.CANCELLED, "too_late", now)
            case State.CANCELLED:
                await self._drop(one, one.why or "cancelled")
            case _:
                return

    async def _scheduled(self, one: Announcement, now: datetime) -> None:
        if one.expires_at is not None and one.expires_at <= now:
            await self._end(one, State.CANCELLED, "too_late", now)
            return
        if one.scheduled_at is None or one.scheduled_at > now:
            return
        if self._drafts.up_to_date(one, now).body_hash != one.body_hash:
            raise NotPossible("changed_fair")
        async with self._storage.work() as work:
            known = Broadcasts(work.line, work.vault)
            category = compose.categories(Kind(one.kind), await Templates(work.line).categories())
            if category != one.plan["parts"].get("category", category):
                raise NotPossible("changed_category")
            started = await known.move(one.id, State.SCHEDULED, State.SENDING)
            fresh = await known.get(one.id) if started else None
            if fresh is not None:
                await self.begin(work, fresh, now)
                log.info("announcement_started", extra={"broadcast": one.id})

    async def _sending(self, one: Announcement, now: datetime) -> None:
        if self._watch.alarming(one.id):
            async with self._storage.work() as work:
                await self.pause_failing(work, one.id)
            return
        if one.expires_at is not None and one.expires_at <= now:
            await self._too_late(one, now)
            return
        async with self._storage.work() as work:
            if await self._write(work, one, now) is not None:
                return
        lanes = tuple(one.plan.get("channels", ()))
        async with self._storage.work() as work:
            crowd, known = Crowd(work.line), Broadcasts(work.line, work.vault)
            fresh = await known.get(one.id)
            if fresh is None or await crowd.unwritten(fresh) or await crowd.unfinished(one.id, lanes):
                return
            if one.on_unknown == "resend" and one.resent_at is None:
                again = await crowd.resend_unknown(one.id, now + RECONCILE, now)
                if again:
                    return
            if await known.move(one.id, State.SENDING, State.DONE, ended=now):
                await known.drop_roster(one.id)
                self.ended.append(one.id)
                log.info("announcement_done", extra={"broadcast": one.id})

    async def _write(self, work: Work, one: Announcement, now: datetime) -> int | None:
        country = self._country()
        next_at = country.end_of_quiet(now)
        keep_out = partial(kept_out, work, one, country, next_at)
        made = await Crowd(work.line).materialise(one, next_at, now, keep_out)
        if made:
            work.outbox.lanes.update(channel + CROWD for channel in one.plan.get("channels", ()))
        return made

    async def _too_late(self, one: Announcement, now: datetime) -> None:
        """Its latest time has come: people still in the queue do not get it."""
        async with self._storage.work() as work:
            known = Broadcasts(work.line, work.vault)
            await known.drop_roster(one.id)
            dropped = await work.outbox.drop(one.id, "too_late", _DROPPED)
            if not dropped and not await Crowd(work.line).unfinished(one.id, tuple(one.plan.get("channels", ()))):
                await known.move(one.id, State.SENDING, State.DONE, "too_late", ended=now)

    async def _drop(self, one: Announcement, why: str) -> None:
        async with self._storage.work() as work:
            if not await work.outbox.drop(one.id, why, _DROPPED):
                await Broadcasts(work.line, work.vault).drop_roster(one.id)

    async def _end(self, one: Announcement, state: State, why: str, ended: datetime | None = None) -> None:
        async with self._storage.work() as work:
            await Broadcasts(work.line, work.vault).move(one.id, one.state, state, why, ended=ended)

    async def _stop(self, one: Announcement, why: str) -> None:
        """It cannot start as it was approved: somebody has to look at it."""
        log.error("announcement_stopped", extra={"broadcast": one.id, "why": why})
        await self._end(one, State.PAUSED, why)

    async def _day_and_night(self, now: datetime) -> None:
        country = self._country()
        quiet = country.quiet(now) or country.quiet(now + EARLY)
        async with self._storage.work() as work:
            if quiet:
                await Crowd(work.line).rest()
                return
            awake = await Crowd(work.line).wake()
            if awake:
                work.outbox.lanes.update(("telegram" + CROWD, "whatsapp" + CROWD))

    def _country(self) -> Country:
        return self._library().country
