"""Goes over the people of an announcement, a few thousand at a time, and counts who gets it. It only reads."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from bot.broadcasts import compose, plan
from bot.broadcasts.audience import Audience, Kind, Topic
from bot.broadcasts.spend import used_this_month
from bot.broadcasts.summary import Means, day_of, summary
from bot.library.country import Country
from bot.storage.broadcasts import Announcement, Broadcasts
from bot.storage.crowd import Candidate, Circle, Crowd, Some
from bot.storage.outbox import WINDOW
from bot.storage.roster import Roster
from bot.storage.work import Storage, Work

AT_ONCE = 5_000
"""People who are looked at in one go."""

_FEW = 500
_SLACK = timedelta(minutes=5)  # how far the clocks of two hosts may differ

OF_A_FAIR = (Kind.FAIR, Kind.REMINDER)


@dataclass(frozen=True, slots=True)
class Survey:
    """A plan, and the census that it comes from."""

    one: Announcement
    census: plan.Census
    summary: Mapping[str, Any]
    mark: int  # when it began, see `Crowd.mark`


@dataclass(frozen=True, slots=True)
class _Look:
    """What is needed to decide about a person."""

    one: Announcement
    circle: Circle
    before: Sequence[int]  # broadcasts that count as having it already
    rule: plan.Rule
    today: datetime  # when the day began on which it leaves
    owed_from: datetime | None  # what is to leave before then is no news of that day; None: all that is owed is

    async def at(self, work: Work, some: Some) -> list[tuple[Candidate, plan.Why | None]]:
        """The first few thousand of these people who are in the circle, each with the first reason why not."""
        crowd = Crowd(work.line)
        found = await crowd.candidates(self.circle, some, AT_ONCE)
        if not found:
            return []
        seen = some if some.ids is not None else Some(some.after, found[-1].person)
        having = await crowd.having(self.before, seen)
        people = [each.person for each in found] if self.rule.capped else []
        news = await crowd.news(self.one.id, self.today, people, plan.MOST_A_DAY, owed_from=self.owed_from)
        return [
            (each, plan.decide(each, self.rule, has_it=each.person in having, news=news.get(each.person, 0)))
            for each in found
        ]


async def _look(storage: Storage, one: Announcement, means: Means, at: datetime, now: datetime) -> _Look:
    kind, start = Kind(one.kind), means.country.end_of_quiet(at)
    usable = compose.templated(compose.read(one.body), kind, means.wording, set(means.templates))
    circle, before = await _circle(storage, one)
    rule = plan.rule_at(start, usable, capped=kind is not Kind.CORRECTION, says_asked=kind is Kind.REMINDER)
    today = _midnight(means.country, start)
    later = means.country.end_of_quiet(now) < today
    return _Look(one, circle, before, rule, today, today if later else None)


async def survey(
    storage: Storage,
    one: Announcement,
    means: Means,
    now: datetime,
    *,
    at: datetime | None = None,
    people: bool = False,
) -> Survey:
    """Who would get it if it were sent at that time; None: now."""
    async with storage.work() as work:
        mark = await Crowd(work.line).mark()
    look = await _look(storage, one, means, at or now, now)
    census, after = plan.Census(look.rule, people), 0
    while True:
        async with storage.view() as work:
            some = await look.at(work, Some(after))
        if not some:
            break
        for each, why in some:
            census.add(each, why)
        after = some[-1][0].person
        await asyncio.sleep(0)  # others wait for the loop
    async with storage.view() as work:
        used = await used_this_month(work.line, means.country, means.country.end_of_quiet(at or now), now)
    return Survey(one, census, summary(one, census, means, now, at, used), mark)


async def silent(storage: Storage, one: Announcement, means: Means, at: datetime) -> int:
    """How many more than the plan says can only be told by a template when it leaves at that time.

    0 when it leaves on the day that the plan was made for: who falls silent in between is in the nature of things.
    """
    today = day_of(means.country, at)
    if "whatsapp" not in one.plan["channels"] or one.plan["parts"].get("day", today) == today:
        return 0
    async with storage.view() as work:
        found = await Roster(work.line).silent(one.id, means.country.end_of_quiet(at) - WINDOW)
    return max(0, found - int(one.plan["templates"]))


async def joined(storage: Storage, one: Announcement, means: Means, at: datetime, now: datetime) -> int:
    """How many would get it then who are not in the plan. Looks only at people who have changed since it was made."""
    look = await _look(storage, one, means, at, now)
    fresh: set[int] = set()
    after, mark = 0, one.plan.get("mark")
    while True:
        async with storage.view() as work:
            ids = await _changed(work, look, mark, after) if mark is not None else None
            some = await look.at(work, Some(after, ids=ids)) if ids is None or ids else []
        fresh.update(each.person for each, why in some if why is None)
        if not (some if ids is None else ids):
            break
        after = some[-1][0].person if ids is None else ids[-1]
        await asyncio.sleep(0)
    if fresh:
        async with storage.view() as work:
            async for known in Broadcasts(work.line, work.vault).roster(one.id):
                fresh.difference_update(known)
    return len(fresh)


async def _changed(work: Work, look: _Look, mark: int, after: int) -> list[int]:
    """The next few thousand people who may have become part of its circle since the plan."""
    crowd, since = Crowd(work.line), (look.one.planned_at or look.one.created_at) - _SLACK
    found = {
        *await crowd.moved(mark, after, AT_ONCE),
        *await crowd.told(look.circle.told, since, after, AT_ONCE),
    }
    return sorted(found)[:AT_ONCE]


async def anybody(storage: Storage, one: Announcement, means: Means, at: datetime, now: datetime) -> bool:
    """Whether anybody of the plan would still get it. It stops at the first one found, mostly among the first few hundred."""
    look = await _look(storage, one, means, at, now)
    async with storage.view() as work:
        async for ids in Broadcasts(work.line, work.vault).roster(one.id, eligible=True):
            for first in range(0, len(ids), _FEW):
                some = Some(ids=ids[first : first + _FEW])
                if any(why is None for _, why in await look.at(work, some)):
                    return True
                await asyncio.sleep(0)
    return False


async def kept_out(
    work: Work, one: Announcement, country: Country, next_at: datetime, people: Sequence[int]
) -> dict[str, list[int]]:
    """The people of a plan who must not get it after all, by reason; asked for as their rows are written.

    Since the plan they may have got it by another announcement, or enough other news for the day that it leaves on.
    """
    crowd, some = Crowd(work.line), Some(ids=people)
    others = [number for number in await _before(Broadcasts(work.line, work.vault), one) if number != one.id]
    having = await crowd.having(others, some)
    capped: set[int] = set()
    if Kind(one.kind) is not Kind.CORRECTION:
        capped = {*await crowd.news(one.id, _midnight(country, next_at), people, plan.MOST_A_DAY)} - having
        fair = _asked_for(one)
        capped -= await crowd.asked(fair, Some(ids=sorted(capped))) if fair and capped else set()
    return {why.value: sorted(who) for why, who in ((plan.Why.HAS_IT, having), (plan.Why.CAPPED, capped)) if who}


async def _circle(storage: Storage, one: Announcement) -> tuple[Circle, list[int]]:
    """Whom it is about, and the broadcasts that count as having it already."""
    audience = Audience.from_json(one.audience)
    kind = Kind(one.kind)
    async with storage.view() as work:
        known = Broadcasts(work.line, work.vault)
        told: list[int] = []
        if kind in {Kind.REMINDER, Kind.CORRECTION}:
            for earlier in OF_A_FAIR if kind is Kind.CORRECTION else (Kind.FAIR,):
                told += await known.same(earlier, one.subject)
        before = await _before(known, one)
    circle = Circle(
        Topic(one.topic).value,
        audience.regions,
        audience.sectors,
        audience.languages,
        audience.channels,
        one.subject if kind is Kind.CORRECTION else _asked_for(one),
        told,
        registered=kind is not Kind.CORRECTION,
    )
    return circle, before


async def _before(known: Broadcasts, one: Announcement) -> list[int]:
    """The broadcasts after which a person counts as having it already: the same news, and this one."""
    words = one.body_hash if Kind(one.kind) in {Kind.CORRECTION, Kind.TEXT} else ""
    return sorted({*await known.same(one.kind, one.subject, words), one.id})


def _asked_for(one: Announcement) -> str:
    """The fair whose reminder people asked for: they are told even if they had their news of the day. "" for none."""
    return one.subject if Kind(one.kind) is Kind.REMINDER else Audience.from_json(one.audience).fair


def _midnight(country: Country, at: datetime) -> datetime:
    """When the day of that moment began, where people live."""
    return datetime.combine(country.today(at), time(), country.zone)
