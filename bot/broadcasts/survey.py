"""Goes over everybody whom an announcement is about and counts who gets it. Reads only, a few thousand at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import orjson

from bot.broadcasts import compose, plan
from bot.broadcasts.audience import Audience, Kind, Topic
from bot.broadcasts.rates import FREE_FORM, Rates
from bot.broadcasts.spend import used_this_month
from bot.library.country import Country
from bot.storage.broadcasts import Announcement, Broadcasts
from bot.storage.crowd import Candidate, Circle, Crowd, Some
from bot.storage.work import Storage, Work
from bot.wording import Wording

AT_ONCE = 5_000
"""People who are looked at in one go."""

_FEW = 500
_SLACK = timedelta(minutes=5)  # how far the clocks of two hosts may differ

OF_A_FAIR = (Kind.FAIR, Kind.REMINDER)


@dataclass(frozen=True, slots=True)
class Means:
    """What a plan is reckoned with."""

    wording: Wording
    country: Country
    rates: Rates
    paces: Mapping[str, float]  # messages a second, by channel
    templates: Collection[tuple[str, str]]
    categories: Mapping[tuple[str, str], str] = field(default_factory=dict)  # of templates, as Meta decided


@dataclass(frozen=True, slots=True)
class Survey:
    """A plan, and the census that it comes from."""

    one: Announcement
    census: plan.Census
    summary: Mapping[str, Any]
    mark: int  # when it began, see `Crowd.mark`


@dataclass(frozen=True, slots=True)
class _Look:
    """What a person is looked at with."""

    one: Announcement
    circle: Circle
    before: Sequence[int]  # broadcasts that count as having it already
    rule: plan.Rule
    today: datetime

    async def at(self, work: Work, some: Some) -> list[tuple[Candidate, plan.Why | None]]:
        """The first few thousand of these people who are in the circle, each with the first reason why not."""
        crowd = Crowd(work.line)
        found = await crowd.candidates(self.circle, some, AT_ONCE)
        if not found:
            return []
        seen = some if some.ids is not None else Some(some.after, found[-1].person)
        having = await crowd.having(self.before, seen)
        people = [each.person for each in found] if self.rule.capped else []
        news = await crowd.news(self.one.id, self.today, people, plan.MOST_A_DAY)
        return [
            (each, plan.decide(each, self.rule, has_it=each.person in having, news=news.get(each.person, 0)))
            for each in found
        ]


async def _look(storage: Storage, one: Announcement, means: Means, now: datetime) -> _Look:
    kind, start = Kind(one.kind), means.country.end_of_quiet(now)
    usable = compose.templated(compose.read(one.body), kind, means.wording, set(means.templates))
    circle, before = await _circle(storage, one)
    rule = plan.rule_at(start, usable, capped=kind is not Kind.CORRECTION)
    return _Look(one, circle, before, rule, _midnight(means.country, start))


async def survey(storage: Storage, one: Announcement, means: Means, now: datetime, *, people: bool = False) -> Survey:
    """Who would get it if it were sent now."""
    async with storage.work() as work:
        mark = await Crowd(work.line).mark()
    look = await _look(storage, one, means, now)
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
        used = await used_this_month(work.line, means.country, now)
    return Survey(one, census, _summary(one, census, means, now, used), mark)


def fixed(one: Announcement, means: Means) -> dict[str, str]:
    """What a plan depends on besides the people, part by part."""
    return {
        "content": compose.fingerprint(one.kind, one.topic, one.body),
        "audience": plan.hash_of({"rule": orjson.dumps(one.audience, option=orjson.OPT_SORT_KEYS).decode()}),
        "rates": means.rates.hash,
        "category": compose.categories(Kind(one.kind), means.categories),
    }


async def joined(storage: Storage, one: Announcement, means: Means, now: datetime) -> int:
    """How many would get it now who are not in the plan. Looks only at people who have changed since it was made."""
    look = await _look(storage, one, means, now)
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
    """The next few thousand who may have come into the circle since the plan."""
    crowd, since = Crowd(work.line), (look.one.planned_at or look.one.created_at) - _SLACK
    found = {
        *await crowd.moved(mark, after, AT_ONCE),
        *await crowd.told(look.circle.told, since, after, AT_ONCE),
    }
    return sorted(found)[:AT_ONCE]


async def anybody(storage: Storage, one: Announcement, means: Means, now: datetime) -> bool:
    """Whether somebody of the plan would still get it; mostly the first few hundred tell."""
    look = await _look(storage, one, means, now)
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
    """Who of a plan must not get it after all, by reason, looked at as their rows are written.

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
    """The broadcasts that count as having it already; it is one of them."""
    words = one.body_hash if Kind(one.kind) in {Kind.CORRECTION, Kind.TEXT} else ""
    return sorted({*await known.same(one.kind, one.subject, words), one.id})


def _asked_for(one: Announcement) -> str:
    """The fair of which people who asked to be reminded are told beyond all caps; "" for none."""
    return one.subject if Kind(one.kind) is Kind.REMINDER else Audience.from_json(one.audience).fair


def _midnight(country: Country, at: datetime) -> datetime:
    """When the day of that moment began, where people live."""
    return datetime.combine(country.today(at), time(), country.zone)


def _summary(
    one: Announcement,
    census: plan.Census,
    means: Means,
    now: datetime,
    used: Mapping[tuple[str, str], int],
) -> dict[str, Any]:
    kind, body = Kind(one.kind), compose.read(one.body)
    start = means.country.end_of_quiet(now)
    seconds = plan.seconds_for(census.channels, means.paces)
    messages: dict[tuple[str, str], int] = {}
    for (channel, language, by_template), n in census.forms.items():
        key = channel, compose.category(kind, language, means.categories) if by_template else FREE_FORM
        messages[key] = messages.get(key, 0) + n
    parts = {**fixed(one, means), "recipients": census.digest}
    deferred = len(census.eligible) if start > now else 0
    texts = compose.rendered(body, kind, one.code, means.wording)
    return {
        "id": one.id,
        "title": one.title,
        "code": one.code,
        "hash": plan.hash_of(parts),
        "eligible": len(census.eligible),
        "excluded": [{"reason": why.value, "count": n} for why, n in sorted(census.excluded.items())],
        "deferred": [{"reason": "quiet_hours", "count": deferred, "until": start.isoformat()}] if deferred else [],
        "channels": census.channels,
        "languages": census.by(1),
        "templates": census.by(2).get(True, 0),
        "seconds": seconds,
        "finish": plan.finish(start, seconds, means.country).isoformat(),
        "cost": means.rates.cost(messages, used).to_json(),
        "texts": [{"channel": channel, "language": language, "text": text} for channel, language, text in texts],
        "parts": parts,
    }
