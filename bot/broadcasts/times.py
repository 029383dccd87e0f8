"""When an announcement leaves and until when it may go out: what somebody said, what makes sense. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from bot.broadcasts.audience import Kind
from bot.broadcasts.states import NotPossible
from bot.library.country import Country
from bot.library.fairs import Fair

REMIND_AT = time(9)
"""When a reminder leaves on the day before, where people live."""

_LATE = timedelta(minutes=1)


def leaves(kind: Kind, fair: Fair | None, country: Country, at: datetime | None, now: datetime) -> datetime | None:
    """When it is to leave; None: at once. A reminder leaves the day before by itself; raises NotPossible for the past."""
    if at is None and fair is not None and kind is Kind.REMINDER:
        day = fair.start.astimezone(country.zone).date() - timedelta(days=1)
        at = datetime.combine(day, REMIND_AT, country.zone)
        at = at if at > now else None
    if at is not None and at < now - _LATE:
        raise NotPossible("past", at=at)
    return at if at is not None and at > now else None


def until(
    kind: Kind, fair: Fair | None, country: Country, at: datetime | None, latest: datetime | None, now: datetime
) -> datetime | None:
    """Until when it may go out, of a fair until it begins; raises NotPossible when nobody would be awake before then."""
    if fair is not None:
        ends = fair.end if kind is Kind.CORRECTION else fair.start
        latest = min(latest, ends) if latest is not None else ends
    if latest is not None and latest <= country.end_of_quiet(at or now):
        raise NotPossible("late" if latest <= (at or now) else "night", latest=latest)
    return latest
