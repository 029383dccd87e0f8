"""Whom an announcement is for: the rule that a coordinator chose. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.broadcasts.states import NotPossible
from bot.library.country import Country
from bot.wording import LANGUAGES

CHANNELS = ("telegram", "whatsapp")
EVERYWHERE = ("todo", "todas", "all")


class Kind(StrEnum):
    """What an announcement is."""

    FAIR = "fair"
    REMINDER = "fair-reminder"
    CORRECTION = "fair-correction"
    TEXT = "text"


class Topic(StrEnum):
    """What a person must have said yes to."""

    ALERTS = "alerts"
    FAIRS = "fairs"
    ASKED = "asked"  # to be reminded of this fair, or to fairs


@dataclass(frozen=True, slots=True)
class Audience:
    """The rule. Empty: any."""

    regions: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    fair: str = ""  # only people registered for this fair

    def to_json(self) -> dict[str, Any]:
        """A plain mapping; what is empty is left out."""
        names = ("regions", "sectors", "languages", "channels")
        out: dict[str, Any] = {name: list(getattr(self, name)) for name in names if getattr(self, name)}
        return out | ({"fair": self.fair} if self.fair else {})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Audience:
        """The audience that `to_json` wrote."""
        names = ("regions", "sectors", "languages", "channels")
        return cls(**{name: tuple(data.get(name, ())) for name in names}, fair=data.get("fair", ""))


def chosen(
    country: Country,
    regions: Sequence[str] = (),
    sectors: Sequence[str] = (),
    languages: Sequence[str] = (),
    channels: Sequence[str] = (),
    fair: str = "",
) -> Audience:
    """The audience in codes, whatever a person wrote; raises NotPossible for what does not exist."""
    codes = tuple(dict.fromkeys(_region(country, name) for name in regions if name.lower() not in EVERYWHERE))
    return Audience(
        codes,
        tuple(dict.fromkeys(_sector(country, name) for name in sectors)),
        tuple(_one_of(name, LANGUAGES, "language") for name in languages),
        tuple(_one_of(name, CHANNELS, "channel") for name in channels),
        fair,
    )


def _region(country: Country, name: str) -> str:
    found = country.region(name) or next((r for r in country.regions if r.name.lower() == name.lower()), None)
    if found is None:
        known = ", ".join(f"{region.code} {region.name}" for region in country.regions)
        raise NotPossible("region", name=name, known=known)
    return found.code


def _sector(country: Country, name: str) -> str:
    if country.sector(name) is None:
        raise NotPossible("sector", name=name, known=", ".join(sector.id for sector in country.sectors))
    return name


def _one_of(name: str, known: Sequence[str], code: str) -> str:
    if name not in known:
        raise NotPossible(code, name=name, known=", ".join(known))
    return name
