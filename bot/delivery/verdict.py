"""What a failure means for a message: try again, when, or what to write down. Pure; one line for each kind of failure.

A person waits for a reply, so an unknown outcome is sent again a few times; nobody waits for a crowd message, so it
is listed instead. Being told to slow down is nobody's fault and counts as no attempt.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot import errors
from bot.storage.outbox import Again, Claimed, Outcome
from bot.storage.tables import State

SENT_AGAIN = 3
"""How often a reply with unknown outcome is sent again."""

MOST_TRIES = 8
"""Tries when the provider cannot be reached: about ten minutes."""

_LONGEST_WAIT = 300.0


def verdict(failure: errors.SendFailed, claimed: Claimed, now: datetime) -> Outcome | Again:
    """What to do with this message after this failure."""
    match failure:
        case errors.Throttled(after=after):
            return Again(claimed.ref, now + timedelta(seconds=after), error=_named("throttled", failure))
        case errors.Unreachable(after=after):
            if claimed.attempts + 1 < MOST_TRIES:
                return _again(claimed, now, after, _named("unreachable", failure))
            return _failed(claimed, now, _named("unreachable", failure))
        case errors.OutcomeUnknown():
            if not (claimed.crowd or claimed.once) and claimed.attempts < SENT_AGAIN:
                return _again(claimed, now, 1.0, _named("unknown", failure))
            return Outcome(claimed.ref, State.UNKNOWN, now, error=_named("unknown", failure))
        case errors.NeedsTemplate():
            return _failed(claimed, now, "needs_template")
        case errors.PersonLeft():
            return _failed(claimed, now, _named("left", failure))
        case _:
            return _failed(claimed, now, _named("refused", failure))


def _again(claimed: Claimed, now: datetime, after: float, error: str) -> Again:
    wait = min(max(after, float(2**claimed.attempts)), _LONGEST_WAIT)
    return Again(claimed.ref, now + timedelta(seconds=wait), tried=True, error=error)


def _failed(claimed: Claimed, now: datetime, error: str) -> Outcome:
    return Outcome(claimed.ref, State.FAILED, now, error=error)


def _named(kind: str, failure: errors.SendFailed) -> str:
    return f"{kind}:{failure.code}" if failure.code else kind
