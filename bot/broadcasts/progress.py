"""How far an announcement is, in numbers and facts. Reads only."""

from __future__ import annotations

from typing import Any

from bot.broadcasts.states import State
from bot.storage.broadcasts import Announcement, Broadcasts
from bot.storage.crowd import Crowd
from bot.storage.tables import State as Delivery
from bot.storage.work import Work

_RUNNING = frozenset({State.SENDING, State.PAUSED, State.SCHEDULED})


async def progress(work: Work, one: Announcement, unknown: int) -> dict[str, Any]:
    """As `rumbo broadcast show --json` gives it: every person of the plan is in exactly one of the numbers."""
    found = await work.outbox.counts(one.id)
    counts = {state: sum(n for (_, each), n in found.items() if each is state) for state in Delivery}
    waiting = counts[Delivery.QUEUED] + counts[Delivery.LEASED] + counts[Delivery.SENDING]
    eligible = one.eligible or int(one.plan.get("eligible", 0))
    unwritten = max(0, eligible - sum(counts.values()))
    running = State(one.state) in _RUNNING
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
        "skipped": counts[Delivery.SKIPPED] + (unwritten if one.started_at and not running else 0),
        **facts(one),
        "approved_by": [approval.name for approval in approvals if approval.plan_hash == one.plan_hash],
        "reasons": await Crowd(work.line).reasons(one.id),
        "unknown_people": await Crowd(work.line).unknown(one.id, unknown),
    }


def facts(one: Announcement) -> dict[str, Any]:
    """What it is, for lists."""
    return {
        "kind": one.kind,
        "title": one.title,
        "code": one.code,
        "author": one.author,
        "subject": one.subject or None,
        "audience": dict(one.audience),
        "topic": one.topic,
        "on_unknown": one.on_unknown,
        "resting": one.resting,
        "at": one.scheduled_at.isoformat() if one.scheduled_at else None,
        "latest": one.expires_at.isoformat() if one.expires_at else None,
        "sent_by": one.sent_by or None,
        "why": one.why or None,
        "hash": one.plan_hash or None,
    }
