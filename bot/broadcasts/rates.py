"""What messages cost, from `content/tarifas.yaml`: every amount with its source and date, or it is refused. Pure.

An amount that nobody could source stays unknown and is shown as unknown; nothing is guessed. Only `rates_of` reads a
file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from bot.errors import BadContent

FREE_FORM = "service"
MARKETING = "marketing"
UTILITY = "utility"
_KNOWN = frozenset({"channel", "category", "low", "high", "currency", "free_a_month", "source", "as_of", "note"})


@dataclass(frozen=True, slots=True)
class Rate:
    """One price, a message. `low` and `high` are None when no source names an amount."""

    channel: str
    category: str
    low: float | None
    high: float | None
    currency: str
    free_a_month: int
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class Cost:
    """What something may cost; None: unknown."""

    low: float | None
    high: float | None
    currency: str
    billable: int  # messages that are beyond what is free
    as_of: date | None
    sources: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `rumbo broadcast plan --json` shows it."""
        return {
            "low": self.low,
            "high": self.high,
            "currency": self.currency,
            "billable": self.billable,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "sources": list(self.sources),
        }


@dataclass(frozen=True, slots=True)
class Rates:
    """The price list."""

    rates: Mapping[tuple[str, str], Rate]
    hash: str

    def find(self, channel: str, category: str) -> Rate | None:
        """The price of one message, if the list has it."""
        return self.rates.get((channel, category))

    def free(self, channel: str, category: str) -> int:
        """How many messages a month are free."""
        rate = self.find(channel, category)
        return rate.free_a_month if rate else 0

    def cost(self, messages: Mapping[tuple[str, str], int], used: Mapping[tuple[str, str], int]) -> Cost:
        """What these numbers of messages by (channel, category) cost, when `used` were sent this month already."""
        low: float | None = 0.0
        high: float | None = 0.0
        billable, taken = 0, []
        for key, n in sorted(messages.items()):
            rate = self.rates.get(key)
            paid = n if rate is None else max(0, n - max(0, rate.free_a_month - used.get(key, 0)))
            if rate is not None:
                taken.append(rate)
            if paid == 0 or (rate is not None and rate.high == 0):
                continue
            billable += paid
            low = _plus(low, rate.low if rate else None, paid)
            high = _plus(high, rate.high if rate else None, paid)
        currencies = {rate.currency for rate in taken} or {"USD"}
        oldest = min((rate.as_of for rate in taken), default=None)
        return Cost(low, high, "/".join(sorted(currencies)), billable, oldest, tuple(sorted({r.source for r in taken})))


def rates_of(content: Path) -> Rates:
    """The price list of a content folder; raises BadContent."""
    path = content / "tarifas.yaml"
    try:
        return read_rates(path.read_text(encoding="utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadContent(f"{path}: cannot be read") from error


def read_rates(text: str, name: str = "tarifas.yaml") -> Rates:
    """The price list; raises BadContent that names the entry without source or date, or with an unusable amount."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadContent(f"{name}: {str(error).splitlines()[0]}") from error
    entries = data.get("rates") if isinstance(data, dict) else None
    if not isinstance(entries, list) or not entries:
        raise BadContent(f"{name}: needs a list `rates`")
    rates = [_rate(entry, f"{name}: rates[{place}]") for place, entry in enumerate(entries)]
    by_key = {(rate.channel, rate.category): rate for rate in rates}
    if len(by_key) < len(rates):
        raise BadContent(f"{name}: two rates for the same channel and category")
    return Rates(by_key, hashlib.sha256(repr(sorted(by_key.items())).encode()).hexdigest())


def _rate(entry: object, where: str) -> Rate:
    if not isinstance(entry, dict) or not {"channel", "category", "currency"} <= set(entry):
        raise BadContent(f"{where}: needs channel, category and currency")
    if unknown := set(entry) - _KNOWN:
        raise BadContent(f"{where}: unknown field {min(unknown)}")
    where = f"{where} ({entry['channel']} {entry['category']})"
    source, as_of = str(entry.get("source") or "").strip(), entry.get("as_of")
    if not source:
        raise BadContent(f"{where}: without a source no rate is used")
    if not isinstance(as_of, date):
        raise BadContent(f"{where}: without the date `as_of` (YYYY-MM-DD) no rate is used")
    low, high = _amount(entry.get("low"), where), _amount(entry.get("high"), where)
    if (low is None) != (high is None) or (low is not None and high is not None and low > high):
        raise BadContent(f"{where}: low and high must both be given, low first, or both be null")
    free = entry.get("free_a_month") or 0
    if not isinstance(free, int) or free < 0:
        raise BadContent(f"{where}: free_a_month must be a whole number")
    return Rate(str(entry["channel"]), str(entry["category"]), low, high, str(entry["currency"]), free, source, as_of)


def _amount(value: object, where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 100:
        raise BadContent(f"{where}: an amount is a number from 0 to 100, or null when unknown")
    return float(value)


def _plus(total: float | None, each: float | None, n: int) -> float | None:
    return None if total is None or each is None else round(total + each * n, 4)
