"""The life of an announcement: which state may follow which. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bot.errors import BotError


class State(StrEnum):
    """How far an announcement is."""

    DRAFT = "draft"
    PLANNED = "planned"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


class Act(StrEnum):
    """What somebody, or time, does with it."""

    PLAN = "plan"
    APPROVE = "approve"
    SEND = "send"
    SCHEDULE = "schedule"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    WAIT = "wait"  # resumed before its time has come
    CANCEL = "cancel"
    FINISH = "finish"


class NotPossible(BotError):
    """What was asked for cannot be done. `code` is a key of the wording (`news.no.<code>`), `values` fill its places."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(f"{code} {values}" if values else code)
        self.code = code
        self.values = values


_S = State
WAYS: Mapping[Act, Mapping[State, State]] = {
    Act.PLAN: {
        _S.DRAFT: _S.PLANNED,
        _S.PLANNED: _S.PLANNED,
        _S.APPROVED: _S.PLANNED,
        _S.DONE: _S.PLANNED,  # for those who are still missing
        _S.PAUSED: _S.PLANNED,  # only while nothing of it went out, which the state alone cannot tell
    },
    Act.APPROVE: {_S.PLANNED: _S.APPROVED},
    Act.SEND: {_S.APPROVED: _S.SENDING},
    Act.SCHEDULE: {_S.APPROVED: _S.SCHEDULED},
    Act.START: {_S.SCHEDULED: _S.SENDING},
    Act.PAUSE: {_S.SENDING: _S.PAUSED, _S.SCHEDULED: _S.PAUSED},
    Act.RESUME: {_S.PAUSED: _S.SENDING},
    Act.WAIT: {_S.PAUSED: _S.SCHEDULED},
    Act.CANCEL: {
        _S.DRAFT: _S.CANCELLED,
        _S.PLANNED: _S.CANCELLED,
        _S.APPROVED: _S.CANCELLED,
        _S.SCHEDULED: _S.CANCELLED,
        _S.SENDING: _S.CANCELLED,
        _S.PAUSED: _S.CANCELLED,
    },
    Act.FINISH: {_S.SENDING: _S.DONE},
}


def after(state: State, act: Act) -> State:
    """The state that follows; raises NotPossible when that cannot be done now."""
    following = WAYS[act].get(state)
    if following is None:
        raise NotPossible(f"{act}_{state}" if (act, state) in SPECIAL else "state", act=act.value, state=state.value)
    return following


SPECIAL = frozenset(
    {
        (Act.SEND, State.DRAFT),
        (Act.SEND, State.PLANNED),
        (Act.SEND, State.SENDING),
        (Act.SEND, State.SCHEDULED),
        (Act.SEND, State.DONE),
        (Act.APPROVE, State.DRAFT),
        (Act.APPROVE, State.APPROVED),
    }
)
"""Where a sentence of its own says more than "that cannot be done now"."""
