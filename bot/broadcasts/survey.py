"""Goes over everybody whom an announcement is about and counts who gets it. Reads only, a few thousand at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import orjson

from bot.broadcasts import compose, plan
from bot.broadcasts.audience import Audience, Kind, Topic
from bot.broadcasts.rates import FREE_FORM, Rates
from bot.broadcasts.spend import used_this_month
from bot.library.country import Country
from bot.storage.broadcasts import Announcement, Broadcasts
from bot.storage.crowd import Circle, Crowd
from bot.storage.work import Storage
from bot.wording import Wording

_AT_ONCE = 5_000

OF_A_FAIR = (Kind.FAIR, Kind.REMINDER)


@dataclass(frozen=True, slots=True)
class Means:
    """What a plan is reckoned with."""

    wording: Wording
    country: Country
    rates: Rates
    paces: Mapping[str, float]  # messages a second, by channel
    templates: Collection[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Survey:
    """A plan, and the census that it comes from."""

    one: Announcement
    census: plan.Census
    summary: Mapping[str, Any]

    @property
    def parts(self) -> Mapping[str, str]:
        """What the hash covers, part by part."""
        return dict(self.summary["parts"])


async def survey(storage: Storage, one: Announcement, means: Means, now: datetime, *, people: bool = False) -> Survey:
    """Who would get it if it were sent now."""
    body = compose.read(one.body)
    kind = Kind(one.kind)
    start = means.country.end_of_quiet(now)
    usable = compose.templated(body, kind, means.wording, set(means.templates))
    census = plan.Census(plan.rule_at(start, usable, capped=kind is not Kind.CORRECTION), people)
    circle, before = await _circle(storage, one)
    today = datetime.combine(means.country.today(start), time(), means.country.zone)
    after = 0
    while True:
        async with storage.view() as work:
            crowd = Crowd(work.line)
            some = await crowd.candidates(circle, after, _AT_ONCE)
            if not some:
                break
            until = some[-1].person
            having = await crowd.having(before, after, until)
            news = await crowd.news(one.id, today, after, until) if census.rule.capped else {}
        for each in some:
            why = plan.decide(each, census.rule, has_it=each.person in having, news=news.get(each.person, 0))
            census.add(each, why)
        after = until
        await asyncio.sleep(0)  # others wait for the loop
    async with storage.view() as work:
        used = await used_this_month(work.line, means.country, now)
    return Survey(one, census, _summary(one, body, census, means, now, used))


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
        words = one.body_hash if kind in {Kind.CORRECTION, Kind.TEXT} else ""
        before = await known.same(kind, one.subject, words)
    fair = one.subject if kind in {Kind.REMINDER, Kind.CORRECTION} else audience.fair
    circle = Circle(
        Topic(one.topic).value,
        audience.regions,
        audience.sectors,
        audience.languages,
        audience.channels,
        fair,
        told,
        registered=kind is not Kind.CORRECTION,
    )
    return circle, sorted({*before, one.id})


def _summary(
    one: Announcement,
    body: compose.Body,
    census: plan.Census,
    means: Means,
    now: datetime,
    used: Mapping[tuple[str, str], int],
) -> dict[str, Any]:
    kind = Kind(one.kind)
    start = means.country.end_of_quiet(now)
    seconds = plan.seconds_for(census.channels, means.paces)
    category = compose.TEMPLATES[kind][1].value.lower()
    messages: dict[tuple[str, str], int] = {}
    for (channel, _, by_template), n in census.forms.items():
        key = channel, category if by_template else FREE_FORM
        messages[key] = messages.get(key, 0) + n
    parts = {
        "content": compose.fingerprint(one.kind, one.topic, one.body),
        "audience": plan.hash_of({"rule": orjson.dumps(one.audience, option=orjson.OPT_SORT_KEYS).decode()}),
        "recipients": census.digest,
        "rates": means.rates.hash,
    }
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
