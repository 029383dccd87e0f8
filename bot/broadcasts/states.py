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
        _S.PAUSED: _S.PLANNED,  # only while nothing of it went out, see `may`
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


BY_PEOPLE = (Act.APPROVE, Act.SEND, Act.PLAN, Act.RESUME, Act.PAUSE, Act.CANCEL)
"""What the team does, in the order of the buttons: the step that leads on comes first. The other acts are time's."""


def may(state: State, act: Act, *, begun: bool) -> bool:
    """Whether this can be done now. `begun`: some of it went out, which the state of a paused one does not tell."""
    return state in WAYS[act] and not (begun and (act, state) == (Act.PLAN, State.PAUSED))


def possible(state: State, *, begun: bool) -> tuple[Act, ...]:
    """What the team can do with it now; every page and chat that offers something asks here."""
    return tuple(act for act in BY_PEOPLE if may(state, act, begun=begun))


def after(state: State, act: Act, *, begun: bool = False) -> State:
    """The state that follows; raises NotPossible when that cannot be done now."""
    if not may(state, act, begun=begun):
        raise NotPossible(f"{act}_{state}" if (act, state) in SPECIAL else "state", act=act.value, state=state.value)
    return WAYS[act][state]


SPECIAL = frozenset(
    {
        (Act.SEND, State.DRAFT),
        (Act.SEND, State.PLANNED),
        (Act.SEND, State.SENDING),
        (Act.SEND, State.SCHEDULED),
        (Act.SEND, State.DONE),
        (Act.APPROVE, State.DRAFT),
        (Act.APPROVE, State.APPROVED),
        (Act.PLAN, State.PAUSED),
    }
)
"""Refusals with a sentence of their own (`news.no.<act>_<state>`), which says more than "that cannot be done now"."""
