"""What a failure means for a message: try again, when, or what to write down. Pure; one line for each kind of failure.

A person waits for a reply, so an unknown outcome is sent again a few times; nobody waits for a crowd message, so it
is listed instead. Being told to slow down is nobody's fault and counts as no attempt. A wait that the provider's code
asks for (`bot.channels.twilio_codes`) is never cut short; a reply is too late after a day all the same.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot import errors
from bot.storage.outbox import Again, Claimed, Outcome
from bot.storage.tables import State

SENT_AGAIN = 3
"""How often a reply with unknown outcome is sent again."""

MOST_TRIES = 8
"""Tries when the provider cannot be reached: a few minutes."""

LATEST = timedelta(days=3)
"""So long after it was made a message that may only be tried after hours is tried: 63049 at 6, 18 and 42 hours."""

_LONGEST_WAIT = 300.0  # of ours; what the provider asks for may be longer


def verdict(failure: errors.SendFailed, claimed: Claimed, now: datetime) -> Outcome | Again:
    """What to do with this message after this failure."""
    match failure:
        case errors.Throttled(after=after):
            return Again(claimed.ref, now + timedelta(seconds=after), error=_named("throttled", failure))
        case errors.Unreachable(after=after):
            wait = _wait(claimed, after)
            if claimed.attempts + 1 < MOST_TRIES and now + wait < claimed.created_at + LATEST:
                return Again(claimed.ref, now + wait, tried=True, error=_named("unreachable", failure))
            return _failed(claimed, now, _named("unreachable", failure))
        case errors.OutcomeUnknown():
            if not (claimed.crowd or claimed.once) and claimed.attempts < SENT_AGAIN:
                return Again(claimed.ref, now + _wait(claimed, 1.0), tried=True, error=_named("unknown", failure))
            return Outcome(claimed.ref, State.UNKNOWN, now, error=_named("unknown", failure))
        case errors.NeedsTemplate():
            return _failed(claimed, now, "needs_template")
        case errors.PersonLeft():
            return _failed(claimed, now, _named("left", failure))
        case _:
            return _failed(claimed, now, _named("refused", failure))


def kept_back(failure: errors.SendFailed, claimed: Claimed, now: datetime) -> Outcome | Again:
    """What to do with a message that was not even tried: that nobody may be written to is no failure of sending."""
    result = verdict(failure, claimed, now)
    if claimed.crowd and isinstance(failure, errors.NeedsTemplate) and isinstance(result, Outcome):
        return replace(result, state=State.SKIPPED)
    return result


def _wait(claimed: Claimed, after: float) -> timedelta:
    """At least what was asked for; a wait of hours is twice as long each time."""
    grown = 2.0**claimed.attempts
    return timedelta(seconds=after * grown if after > _LONGEST_WAIT else max(after, min(grown, _LONGEST_WAIT)))


def _failed(claimed: Claimed, now: datetime, error: str) -> Outcome:
    return Outcome(claimed.ref, State.FAILED, now, error=error)


def _named(kind: str, failure: errors.SendFailed) -> str:
    return f"{kind}:{failure.code}" if failure.code else kind
