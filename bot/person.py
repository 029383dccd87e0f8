"""Who we talk to: an opaque address on a channel, and what that person chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

PersonId = NewType("PersonId", int)


class Language(StrEnum):
    """The languages that Rumbo speaks."""

    SPANISH = "es"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person is reached. `value` means something to the channel alone: it may be a number or not."""

    channel: str  # telegram, whatsapp
    value: str

    def __str__(self) -> str:
        """Never the value: an address that lands in a log must say nothing."""
        return f"{self.channel}:…"


@dataclass(frozen=True, slots=True)
class Consent:
    """That a person asked for news: when, on which channel, in which words, or that they ended it."""

    topic: str  # alerts, fairs
    given: bool
    at: datetime
    channel: str
    words: str  # the words of our question that they said yes to, or the control word; never free text


@dataclass(frozen=True, slots=True)
class Wish:
    """What vacancies somebody wants to hear of. Empty sets mean: any."""

    regions: tuple[str, ...] = ()  # two-digit UBIGEO departments
    sectors: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()  # presencial, remoto, hibrido
    min_pay: int | None = None  # soles a month
    languages: tuple[str, ...] = ("es",)  # what the person speaks
    frequency: str = "daily"  # now, daily, weekly
    weekday: int | None = None  # weekly: 0 is Monday
    alerts: bool = True
    fairs: bool = True
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A snapshot of one person, as a flow may see it."""

    id: PersonId
    address: Address
    language: Language = Language.SPANISH
    language_chosen: bool = False  # they chose it; no guess changes it any more
    reachable: bool = True
    staff: bool = False
    staff_name: str = ""  # what the team calls them, as they said themselves; "" for everybody else
    since: datetime | None = None
    last_inbound: datetime | None = None
    wish: Wish | None = None  # None: not subscribed
    consents: tuple[Consent, ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)
