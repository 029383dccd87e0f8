"""Who is told of which vacancy: the rules, in one place, for one wish and one vacancy.

The database answers the same question for everybody at once (`bot.storage.matching`); a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from bot.alerts.moments import MomentReader
from bot.alerts.plain import folded
from bot.alerts.vacancy import Mode, State, Vacancy, Where
from bot.person import Wish


class Mismatch(StrEnum):
    """Why somebody is not told of a vacancy. Each is a key of the wording."""

    HELD = "held"
    CLOSED = "closed"
    DUPLICATE = "duplicate"
    PAST = "past"
    LEFT = "left"
    PAUSED = "paused"
    REGION = "region"
    SECTOR = "sector"
    MODE = "mode"
    PAY_UNKNOWN = "pay_unknown"
    PAY_LOW = "pay_low"
    LANGUAGE = "language"


_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_STATES = {State.HELD: Mismatch.HELD, State.CLOSED: Mismatch.CLOSED, State.DUPLICATE: Mismatch.DUPLICATE}


def best_pay(vacancy: Vacancy) -> float | None:
    """What a vacancy pays at most, as far as it says; a wish is held against this."""
    return vacancy.pay_max if vacancy.pay_max is not None else vacancy.pay_min


def meets(wish: Wish, vacancy: Vacancy, now: datetime) -> Mismatch | None:
    """None when the person is to be told, else the first reason why not."""
    if vacancy.state is not State.OPEN:
        return _STATES[vacancy.state]
    if not vacancy.alive(now):
        return Mismatch.PAST
    if not wish.alerts:
        return Mismatch.LEFT
    if wish.paused_until is not None and wish.paused_until > now:
        return Mismatch.PAUSED
    return _differs(wish, vacancy)


def _differs(wish: Wish, vacancy: Vacancy) -> Mismatch | None:
    if not _common(wish.regions, vacancy.regions):
        return Mismatch.REGION
    if not _common(wish.sectors, vacancy.sectors):
        return Mismatch.SECTOR
    if wish.modes and str(vacancy.mode) not in wish.modes:
        return Mismatch.MODE
    if wish.min_pay:
        pay = best_pay(vacancy)
        if pay is None:
            return Mismatch.PAY_UNKNOWN
        if pay < wish.min_pay:
            return Mismatch.PAY_LOW
    return None if set(vacancy.languages) <= set(wish.languages) else Mismatch.LANGUAGE


def _common(wished: Iterable[str], offered: Iterable[str]) -> bool:
    """The two lists share a value; an empty list stands for every value."""
    left, right = set(wished), set(offered)
    return not left or not right or bool(left & right)


def why(wish: Wish, vacancy: Vacancy) -> tuple[tuple[str, str], ...]:
    """Why somebody was told: (what of the wish, the value that both have), for "¿por qué me llegó?"."""
    out: list[tuple[str, str]] = []
    if wish.regions:
        common = [region for region in vacancy.regions if region in wish.regions]
        out.append(("region", common[0] if common else ""))
    if wish.sectors:
        out.append(("sector", next((sector for sector in vacancy.sectors if sector in wish.sectors), "")))
    if wish.modes:
        out.append(("mode", str(vacancy.mode)))
    if wish.min_pay:
        out.append(("pay", str(wish.min_pay)))
    return tuple(out) or (("all", ""),)


@dataclass(frozen=True, slots=True)
class Matches:
    """The pairs of a table of wishes and vacancies, and for the other combinations the reason why not."""

    pairs: tuple[tuple[str, str], ...]
    why_not: tuple[tuple[str, str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """As `rumbo vacancies match --json` shows it."""
        return {"pairs": [list(pair) for pair in self.pairs], "why_not": [list(triple) for triple in self.why_not]}


def match_file(data: Mapping[str, Any], moments: MomentReader) -> Matches:
    """Match a parsed table (`now`, `subscriptions`, `vacancies`). Raises ValueError or KeyError for any other form."""
    now = _moment(data["now"], moments, _LONG_AGO) or _LONG_AGO
    pairs: list[tuple[str, str]] = []
    why_not: list[tuple[str, str, str]] = []
    vacancies = [_vacancy(entry, moments, now) for entry in data["vacancies"]]
    for entry in data["subscriptions"]:
        wish = _wish(entry, moments, now)
        paused = str(entry.get("status", "active")) == "paused"
        for vacancy in vacancies:
            reason = meets(wish, vacancy, now)
            if reason is None:
                pairs.append((str(entry["id"]), vacancy.id))
            else:
                why_not.append(
                    (
                        str(entry["id"]),
                        vacancy.id,
                        str(Mismatch.PAUSED if paused and reason is Mismatch.LEFT else reason),
                    )
                )
    return Matches(tuple(pairs), tuple(why_not))


def _wish(entry: Mapping[str, Any], moments: MomentReader, now: datetime) -> Wish:
    return Wish(
        regions=_codes(entry.get("regions")),
        sectors=_list(entry.get("sectors")),
        modes=tuple(map(folded, _list(entry.get("modes")))),
        min_pay=_sum(entry.get("min_pay")),
        languages=_list(entry.get("languages")),
        alerts=str(entry.get("status", "active")) == "active",
        paused_until=_moment(entry.get("paused_until"), moments, now),
    )


def _vacancy(entry: Mapping[str, Any], moments: MomentReader, now: datetime) -> Vacancy:
    places = entry.get("places")
    regions = _codes(entry.get("regions")) or tuple(str(place["region"]).zfill(2) for place in places or ())
    return Vacancy(
        partner=str(entry.get("partner", "")),
        identifier=str(entry["id"]),
        id=str(entry["id"]),
        title=str(entry.get("title", "")),
        employer=entry.get("employer"),
        places=tuple(Where(region) for region in regions),
        sectors=_list(entry.get("sectors")),
        mode=Mode(folded(str(entry.get("mode") or ("remoto" if entry.get("remote") else "presencial")))),
        pay_min=_sum(entry.get("pay_min")),
        pay_max=_sum(entry.get("pay_max")),
        languages=_list(entry.get("languages")),
        state=State(str(entry.get("state", "open"))),
        valid_through=_moment(entry.get("valid_through"), moments, now),
    )


def _list(value: Any) -> tuple[str, ...]:
    return (str(value),) if isinstance(value, str) else tuple(str(item) for item in value or ())


def _sum(value: Any) -> Any:
    """A number of the table, whole or not, also written as text."""
    return None if value is None or value == "" else float(value)


def _codes(value: Any) -> tuple[str, ...]:
    return tuple(item.zfill(2) for item in _list(value))


def _moment(value: Any, moments: MomentReader, now: datetime) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else moments.read(value.isoformat(), now)
    if isinstance(value, date):
        return moments.read(value.isoformat(), now)
    return None if value is None else moments.read(str(value), now)
