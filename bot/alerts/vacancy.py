"""A vacancy as everybody in Rumbo sees it, whatever board, sheet or feed it came from. Pure data.

Nothing here is secret and nothing here is markup: texts are plain, times are aware UTC, pay is soles a month.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """What may be done with a vacancy."""

    OPEN = "open"  # people are told
    HELD = "held"  # a person of the team must look first
    CLOSED = "closed"  # by the partner, or rejected by the team
    DUPLICATE = "duplicate"  # another partner sent the same job; people are told of that one


class Mode(StrEnum):
    """Where the work is done."""

    ON_SITE = "presencial"
    REMOTE = "remoto"
    HYBRID = "hibrido"


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A department, and a locality in it unless the whole of it is meant."""

    region: str  # two-digit UBIGEO department
    district: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """As partners and staff see it."""
        return {"region": self.region, "district": self.district}


@dataclass(frozen=True, slots=True)
class Vacancy:
    """One job offer of one partner. (partner, identifier) is its key for ever; `id` is ours."""

    partner: str
    identifier: str
    title: str
    employer: str | None = None
    description: str = ""
    places: tuple[Where, ...] = ()
    pay_min: float | None = None
    pay_max: float | None = None
    employment_type: tuple[str, ...] = ()
    remote: bool = False
    valid_through: datetime | None = None
    id: str = ""
    state: State = State.OPEN
    signals: tuple[str, ...] = ()
    duplicate_of: str | None = None
    pay_original: str | None = None  # what was written about the pay, for display
    url: str | None = None
    sectors: tuple[str, ...] = ()
    mode: Mode = Mode.ON_SITE
    languages: tuple[str, ...] = ("es",)  # all that the job asks for
    pay_impossible: bool = field(
        default=False, compare=False
    )  # it names a sum that nobody can pay; told to the judge, kept nowhere
    schedule: tuple[str, ...] = ()  # hints for the digest: noche, fin_de_semana, turnos...

    def to_json(self) -> dict[str, Any]:
        """What partners get back and what the console script shows."""
        out: dict[str, Any] = {name: getattr(self, name) for name in _SHOWN}
        out["places"] = [place.to_json() for place in self.places]
        out["valid_through"] = self.valid_through.isoformat() if self.valid_through else None
        out["state"], out["mode"] = str(self.state), str(self.mode)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in out.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Vacancy:
        """The vacancy that `to_json` wrote down."""
        known: dict[str, Any] = {field.name: data[field.name] for field in fields(cls) if field.name in data}
        known |= {name: tuple(known[name]) for name in _LISTS if name in known}
        known["places"] = tuple(Where(place["region"], place["district"]) for place in data.get("places", ()))
        until = data.get("valid_through")
        known["valid_through"] = datetime.fromisoformat(until) if until else None
        return cls(
            **(known | {"state": State(data.get("state", "open")), "mode": Mode(data.get("mode", "presencial"))})
        )

    @property
    def regions(self) -> tuple[str, ...]:
        """The departments, each once."""
        return tuple(dict.fromkeys(place.region for place in self.places))

    @property
    def part_time(self) -> bool:
        """It is part time only, so the minimum wage is not due in full."""
        return "PART_TIME" in self.employment_type and "FULL_TIME" not in self.employment_type

    def alive(self, now: datetime) -> bool:
        """Whether anybody may still be told of it."""
        return self.state is State.OPEN and (self.valid_through is None or self.valid_through >= now)


_LISTS = ("employment_type", "signals", "sectors", "languages", "schedule")
_SHOWN = (
    "id", "partner", "identifier", "title", "employer", "description", "places", "pay_min", "pay_max", "pay_original",
    "employment_type", "remote", "mode", "sectors", "languages", "schedule", "url", "valid_through", "state", "signals",
    "duplicate_of",
)  # fmt: skip
