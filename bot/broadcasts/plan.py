"""Who gets it, who does not and why, how long it takes. Each person is one decision; a plan counts them. Pure."""

from __future__ import annotations

import hashlib
import math
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from bot.library.country import Country
from bot.storage.crowd import Candidate
from bot.storage.instants import micros
from bot.storage.outbox import WINDOW

MOST_A_DAY = 2
"""Pieces of news that a person gets on one day, vacancies and announcements together."""

_WINDOW = WINDOW // timedelta(microseconds=1)


class Why(StrEnum):
    """Why somebody of the audience does not get it."""

    BLOCKED = "blocked"
    LEFT = "left"
    NO_CONSENT = "no_consent"
    PAUSED = "paused"
    HAS_IT = "already_has_it"
    CAPPED = "capped"
    WINDOW_CLOSED = "window_closed"


PASSING = frozenset({Why.PAUSED, Why.HAS_IT, Why.CAPPED, Why.WINDOW_CLOSED})
"""Reasons that end with time. Somebody kept out by one of them who is free of it at sending does not count as having
joined since the approval, so the plan stays valid."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is the same for everybody."""

    at: int  # the moment it would go out, in microseconds
    templates: frozenset[str] = frozenset()  # languages with an approved template
    capped: bool = True  # counts against the news of a day; a correction does not
    says_asked: bool = False  # its template says that the person asked for it, so nobody else gets the template


def decide(one: Candidate, rule: Rule, *, has_it: bool = False, news: int = 0) -> Why | None:
    """None when this person gets it, else the first reason why not."""
    if not one.reachable or one.last_inbound is None:
        return Why.BLOCKED
    if not one.consented and not one.asked:
        return Why.LEFT if one.once else Why.NO_CONSENT
    if one.paused_until is not None and one.paused_until > rule.at:
        return Why.PAUSED
    if has_it:
        return Why.HAS_IT
    if rule.capped and not one.asked and news >= MOST_A_DAY:
        return Why.CAPPED
    if needs_template(one, rule) and (one.language not in rule.templates or (rule.says_asked and not one.asked)):
        return Why.WINDOW_CLOSED
    return None


def needs_template(one: Candidate, rule: Rule) -> bool:
    """WhatsApp's window will be closed for this person."""
    return one.channel == "whatsapp" and (one.last_inbound is None or rule.at - one.last_inbound >= _WINDOW)


@dataclass(slots=True)
class Census:
    """Counts decisions, one person after another, in ascending order."""

    rule: Rule
    keep_people: bool = False
    eligible: array[int] = field(default_factory=lambda: array("q"))
    waiting: array[int] = field(default_factory=lambda: array("q"))
    excluded: Counter[Why] = field(default_factory=Counter)
    forms: dict[tuple[str, str, bool], int] = field(default_factory=dict)  # (channel, language, by template)
    people: list[tuple[Candidate, Why | None]] = field(default_factory=list)

    def add(self, one: Candidate, why: Why | None) -> None:
        """Count one person."""
        if why is None:
            self.eligible.append(one.person)
            form = one.channel, one.language, one.channel == "whatsapp" and needs_template(one, self.rule)
            self.forms[form] = self.forms.get(form, 0) + 1
        else:
            self.excluded[why] += 1
            if why in PASSING:
                self.waiting.append(one.person)
        if self.keep_people:
            self.people.append((one, why))

    def by(self, place: int) -> dict[Any, int]:
        """How many get it by channel (0), by language (1), by template or not (2)."""
        out: Counter[Any] = Counter()
        for form, n in self.forms.items():
            out[form[place]] += n
        return dict(sorted(out.items()))

    @property
    def channels(self) -> dict[str, int]:
        """How many get it on each channel."""
        return self.by(0)

    @property
    def digest(self) -> str:
        """A hash that changes when a person comes or goes."""
        return hashlib.sha256(self.eligible.tobytes()).hexdigest()


def hash_of(parts: Mapping[str, str]) -> str:
    """The hash of a plan: of its content, audience, recipients and rates. An approval is given to this hash."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def seconds_for(channels: Mapping[str, int], rates: Mapping[str, float]) -> float:
    """How long sending takes; the channels send side by side."""
    return math.ceil(max((n / rates.get(channel, 1.0) for channel, n in channels.items()), default=0.0))


def finish(start: datetime, seconds: float, country: Country) -> datetime:
    """When the last one has left, with the nights in between."""
    at, left = country.end_of_quiet(start), timedelta(seconds=seconds)
    while left > timedelta(0):
        evening = datetime.combine(at.astimezone(country.zone).date(), country.quiet_from, country.zone)
        if country.quiet_from <= country.quiet_to or evening <= at or evening - at >= left:
            return at + left
        left -= evening - at
        at = country.end_of_quiet(evening)
    return at


def rule_at(moment: datetime, templates: frozenset[str], *, capped: bool, says_asked: bool = False) -> Rule:
    """The rule for something that leaves at that moment."""
    return Rule(micros(moment), templates, capped, says_asked)


def people_of(census: Census) -> list[dict[str, Any]]:
    """Person by person: number, channel, language, and how they get it or why not."""
    return [
        {
            "person": one.person,
            "channel": one.channel,
            "language": one.language,
            "gets": None if why else "template" if needs_template(one, census.rule) else "message",
            "reason": why.value if why else None,
        }
        for one, why in census.people
    ]
