"""How far an announcement is, in numbers and facts. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.broadcasts.states import State, possible
from bot.storage.broadcasts import Announcement, Broadcasts
from bot.storage.outcomes import Outcomes
from bot.storage.tables import State as Delivery
from bot.storage.work import Work

_RUNNING = frozenset({State.SENDING, State.PAUSED, State.SCHEDULED})


async def progress(work: Work, one: Announcement, unknown: int) -> dict[str, Any]:
    """As `rumbo broadcast show --json` gives it: every person of the plan is in exactly one of the numbers.

    `acts`: what the team can do with it now.
    """
    found = await work.outbox.counts(one.id)
    counts = {state: sum(n for (_, each), n in found.items() if each is state) for state in Delivery}
    waiting = counts[Delivery.QUEUED] + counts[Delivery.LEASED] + counts[Delivery.SENDING]
    eligible = one.eligible or int(one.plan.get("eligible", 0))
    unwritten = max(0, eligible - sum(counts.values()))
    running = State(one.state) in _RUNNING
    left_over = unwritten if one.started_at and not running else 0
    approvals = await Broadcasts(work.line, work.vault).approvals(one.id)
    return {
        "id": one.id,
        "state": one.state,
        "eligible": eligible,
        "queued": waiting + (unwritten if running else 0),
        "sent": counts[Delivery.SENT],
        "delivered": counts[Delivery.DELIVERED],
        "read": counts[Delivery.READ],
        "unknown": counts[Delivery.UNKNOWN],
        "failed": counts[Delivery.FAILED],
        "skipped": counts[Delivery.SKIPPED] + left_over,
        **facts(one),
        "approved_by": [approval.name for approval in approvals if approval.plan_hash == one.plan_hash],
        "reasons": _with(await Outcomes(work.line).reasons(one.id), _why_left_over(one), left_over),
        "acts": [act.value for act in possible(State(one.state), begun=one.started_at is not None)],
        "unknown_people": await Outcomes(work.line).unknown(one.id, unknown),
    }


def _why_left_over(one: Announcement) -> str:
    """Why somebody of the plan was never written down."""
    if one.why == "too_late":
        return "too_late"
    return "cancelled" if State(one.state) is State.CANCELLED else "erased"


def _with(reasons: Sequence[Mapping[str, Any]], why: str, n: int) -> list[Mapping[str, Any]]:
    """These reasons with `n` more who were skipped for that one."""
    same = [each for each in reasons if (each["state"], each["reason"]) == ("skipped", why)]
    more = [{"state": "skipped", "reason": why, "count": n + sum(each["count"] for each in same)}] if n else same
    return [*(each for each in reasons if each not in same), *more]


def about(one: Announcement) -> dict[str, Any]:
    """What it is and whom it is for."""
    return {"kind": one.kind, "subject": one.subject or None, "audience": dict(one.audience)}


def facts(one: Announcement) -> dict[str, Any]:
    """What it is, for lists."""
    return {
        **about(one),
        "title": one.title,
        "code": one.code,
        "author": one.author,
        "topic": one.topic,
        "on_unknown": one.on_unknown,
        "resting": one.resting,
        "at": one.scheduled_at.isoformat() if one.scheduled_at else None,
        "latest": one.expires_at.isoformat() if one.expires_at else None,
        "sent_by": one.sent_by or None,
        "why": one.why or None,
        "hash": one.plan_hash or None,
    }
