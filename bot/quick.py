"""Quick messages that are one thought: which texts belong together, and what must survive until they are answered.

Two ways lead to one turn. WhatsApp's texts wait a moment before they are answered. Telegram's are answered at once; a
text that comes while that answer has not left takes it back and is answered together with the first. A command, a tap,
a number or a cry for help is always answered alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.channels.base import LONGEST_INBOUND
from bot.choosing import pick
from bot.conversation import ChooseLanguage, Missed, Reachable, State, Turn
from bot.messages import Inbound, Kind
from bot.person import Address
from bot.understanding.controls import Control
from bot.understanding.reader import Understanding

LATELY = timedelta(minutes=1)
"""An answer that waits longer than this is not a matter of quick fingers any more."""
OPEN = frozenset({None, Control.GREETING})
"""What does not stand for itself: a greeting is how a thought begins."""
_HARMLESS = (Missed, ChooseLanguage, Reachable)


def begins(said: Inbound, heard: Understanding, before: State, turn: Turn) -> bool:
    """Whether this turn may be taken back when its answer has not left and more of the thought comes."""
    return (
        _is_open(said, heard, before)
        and heard.control in OPEN
        and len(turn.replies) == 1
        and all(isinstance(effect, _HARMLESS) for effect in turn.effects)
    )


def goes_on(said: Inbound, heard: Understanding, before: State) -> bool:
    """Whether this may be the second half of a thought."""
    of_its_article = bool(heard.follow_up and before.topic)
    return _is_open(said, heard, before) and heard.control in OPEN and not of_its_article


def _is_open(said: Inbound, heard: Understanding, before: State) -> bool:
    free = said.kind is Kind.TEXT and not said.edited and heard.danger is None and not heard.correction
    return free and pick(said.text, before.offered) is None


def joined(first: str, second: str) -> str:
    """Both halves as one message; "" when that would be longer than a message may be."""
    whole = f"{first}\n{second}"
    return whole if len(whole) <= LONGEST_INBOUND else ""


def to_json(said: Inbound) -> dict[str, Any]:
    """What must survive until the turn is made."""
    return {
        "event": said.event,
        "channel": said.sender.channel,
        "address": said.sender.value,
        "at": said.at.isoformat(),
        "text": said.text,
        "hint": said.hint,
    }


def from_json(data: Mapping[str, Any]) -> Inbound:
    """What `to_json` wrote down."""
    return Inbound(
        event=data["event"],
        sender=Address(data["channel"], data["address"]),
        at=datetime.fromisoformat(data["at"]),
        text=data["text"],
        hint=data["hint"],
    )
