"""What a channel is: all we know about one platform, in one file. Bytes and dataclasses only.

No channel knows the web framework or the database. A channel verifies and reads what arrives, renders a neutral
reply into the platform's payloads, and sends one payload. Every failure is one of `bot.errors.SendFailed`'s kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.messages import Inbound, Outgoing, Payload, Receipt, Received

LONGEST_INBOUND = 4096
"""Characters that are read of one message; what platforms let a person write at most. The rest is dropped."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the platform takes at most. Characters unless said."""

    text: int
    buttons: int  # buttons beside one bubble
    button_title: int
    choice_id_bytes: int
    rows: int  # rows of a list


@dataclass(frozen=True, slots=True)
class Pace:
    """What the account is allowed: messages a second in all, and to one chat."""

    overall: float
    chat: float


class Channel(Protocol):
    """One platform."""

    name: str
    limits: Limits
    pace: Pace

    def verify(self, got: Received) -> None:
        """Prove on the raw bytes that the platform sent this; raises NotGenuine."""

    def read(self, got: Received) -> Sequence[Inbound | Receipt]:
        """What the request tells; unknown kinds give nothing. Raises Malformed."""

    def render(self, message: Outgoing) -> Sequence[Payload]:
        """The provider calls that show this message, usually one. Pure."""

    async def send(self, payload: Payload) -> str:
        """Make one call; gives the provider's id of the message, or raises SendFailed."""

    async def acknowledge(self, said: Inbound) -> None:
        """Tell the platform that a tap arrived (Telegram's spinner). Never raises."""
