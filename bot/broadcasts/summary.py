"""A plan in figures, facts and words, made of a census: what somebody reads and agrees to, and the hash of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from bot.broadcasts import compose, plan
from bot.broadcasts.audience import Kind
from bot.broadcasts.rates import FREE_FORM, Rates
from bot.broadcasts.spend import ALARM, CHANNEL
from bot.library.country import Country
from bot.storage.broadcasts import Announcement
from bot.wording import LANGUAGES, Wording

Amounts = Mapping[tuple[str, str], int]
"""Messages by (channel, category)."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a plan is reckoned with."""

    wording: Wording
    country: Country
    rates: Rates
    paces: Mapping[str, float]  # messages a second, by channel
    templates: Collection[tuple[str, str]]
    categories: Mapping[tuple[str, str], str] = field(default_factory=dict)  # of templates, as Meta decided


def fixed(one: Announcement, means: Means) -> dict[str, str]:
    """What a plan depends on besides the people, part by part."""
    body, kind = compose.read(one.body), Kind(one.kind)
    bubbles = [text for *_, text in compose.rendered(body, kind, one.code, means.wording)]
    templates = [compose.templated_text(body, kind, language, one.code, means.wording) for language in LANGUAGES]
    return {
        "content": compose.fingerprint(one.kind, one.topic, one.body),
        "words": plan.hash_of({"texts": orjson.dumps([*bubbles, *templates]).decode()}),
        "audience": plan.hash_of({"rule": orjson.dumps(one.audience, option=orjson.OPT_SORT_KEYS).decode()}),
        "rates": means.rates.hash,
        "category": compose.categories(kind, means.categories),
    }


def day_of(country: Country, at: datetime) -> str:
    """The day on which something that is to leave at that time does leave, where people live."""
    return country.today(country.end_of_quiet(at)).isoformat()


def summary(
    one: Announcement, census: plan.Census, means: Means, now: datetime, at: datetime | None, used: Amounts
) -> dict[str, Any]:
    """The plan as it is shown, kept and approved. `at`: for when; `used`: the messages of that month so far."""
    start = means.country.end_of_quiet(at or now)
    seconds = plan.seconds_for(census.channels, means.paces)
    messages = _messages(census, Kind(one.kind), means)
    parts = {
        **fixed(one, means),
        "recipients": census.digest,
        "day": day_of(means.country, at or now),
        "at": at.astimezone(UTC).isoformat() if at else "",
    }
    deferred = len(census.eligible) if start > (at or now) else 0
    return {
        "id": one.id,
        "title": one.title,
        "code": one.code,
        "hash": plan.hash_of(parts),
        "at": at.isoformat() if at else None,
        "eligible": len(census.eligible),
        "excluded": [{"reason": why.value, "count": n} for why, n in sorted(census.excluded.items())],
        "deferred": [{"reason": "quiet_hours", "count": deferred, "until": start.isoformat()}] if deferred else [],
        "channels": census.channels,
        "languages": census.by(1),
        "templates": census.by(2).get(True, 0),
        "seconds": seconds,
        "finish": plan.finish(start, seconds, means.country).isoformat(),
        "cost": means.rates.cost(messages, used).to_json(),
        "spend": _allowance(messages, means.rates, used),
        "texts": _texts(one, census, means.wording),
        "parts": parts,
    }


def _messages(census: plan.Census, kind: Kind, means: Means) -> Amounts:
    messages: dict[tuple[str, str], int] = {}
    for (channel, language, by_template), n in census.forms.items():
        key = channel, compose.category(kind, language, means.categories) if by_template else FREE_FORM
        messages[key] = messages.get(key, 0) + n
    return messages


def _allowance(messages: Amounts, rates: Rates, used: Amounts) -> dict[str, Any]:
    """What is free of a month, what is used of it, what this adds, and whether little is left after it."""
    key = CHANNEL, FREE_FORM
    free, so_far, adds = rates.free(*key), used.get(key, 0), messages.get(key, 0)
    return {
        "used": so_far,
        "adds": adds,
        "free": free,
        "alarm": bool(adds and free and so_far + adds >= ALARM * free),
    }


def _texts(one: Announcement, census: plan.Census, wording: Wording) -> list[dict[str, Any]]:
    """Every rendering: the bubbles, and the templates that somebody of the plan gets in the place of a bubble."""
    body, kind = compose.read(one.body), Kind(one.kind)
    texts: list[dict[str, Any]] = [
        {"channel": channel, "language": language, "text": text, "template": None}
        for channel, language, text in compose.rendered(body, kind, one.code, wording)
    ]
    for language in sorted({language for _, language, by_template in census.forms if by_template}):
        text = compose.templated_text(body, kind, language, one.code, wording)
        name = compose.TEMPLATES[kind][0]
        texts.append({"channel": CHANNEL, "language": language, "text": text, "template": name})
    return texts
