"""What the trust gate and the rules of pay say of a structured vacancy. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Protocol

from bot.alerts import hints
from bot.alerts.lexicon import Lexicon
from bot.alerts.trust import SIGNALS, Offer, Verdict
from bot.alerts.vacancy import State, Vacancy

_OURS = ("id", "state", "signals", "duplicate_of")
COPY_DOUBTED = "copy_doubted"
"""Signal: another copy of this job was turned down, or was held when it ended. Not one of the gate: the desk says it."""
REJECTED_BEFORE = "rejected_before"
"""Signal: the team turned down an earlier version of this very vacancy."""
REPORTED = "reported"
"""Signal: several people who received it say that it is not honest."""


class Judge(Protocol):
    """The trust gate."""

    def judge(self, offer: Offer) -> Verdict:
        """What is wrong with an offer."""


def judged(vacancy: Vacancy, gate: Judge, minimum_wage: float) -> tuple[str, ...]:
    """The reasons why a person must look at the vacancy first; empty when nobody has to."""
    offer = Offer(
        text=f"{vacancy.title}\n{vacancy.description}",
        employer=vacancy.employer,
        structured=True,
        has_place=bool(vacancy.places) or vacancy.remote,
        pay_min=vacancy.pay_min,
        pay_max=vacancy.pay_max,
        part_time=vacancy.part_time,
    )
    verdict = gate.judge(offer)
    seen = set(verdict.signals) if verdict.hold else set()
    if vacancy.employer is None:
        seen.add("no_employer")
    stated = [pay for pay in (vacancy.pay_min, vacancy.pay_max) if pay is not None]
    if stated and min(stated) < minimum_wage - 0.5 and not vacancy.part_time:
        seen.add("illegal_terms")
    if vacancy.pay_impossible:
        seen.add("pay_implausible")
    return tuple(signal for signal in SIGNALS if signal in seen)


def content_hash(vacancy: Vacancy) -> str:
    """A hash of what the vacancy says: decisions about it and its state do not change it."""
    body = {name: value for name, value in vacancy.to_json().items() if name not in _OURS}
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def same_job(vacancy: Vacancy, lexicon: Lexicon) -> str | None:
    """One key for one job, whoever sends it: employer, title and places. None without an employer."""
    if vacancy.employer is None:
        return None
    places = sorted(f"{place.region}/{hints.title_key(place.district or '')}" for place in set(vacancy.places))
    key = (hints.employer_key(lexicon, vacancy.employer), hints.title_key(vacancy.title), *places)
    return hashlib.sha256("|".join(key).encode()).hexdigest()


def placed(vacancy: Vacancy, signals: tuple[str, ...], original: str | None, *, cleared: bool) -> Vacancy:
    """The vacancy in its state: a duplicate that must be looked at is held; one that a person cleared is not held again."""
    held = bool(signals) and not cleared
    state = State.HELD if held else State.DUPLICATE if original else State.OPEN
    return replace(vacancy, signals=signals, duplicate_of=original, state=state)


def held_for(vacancy: Vacancy, signal: str) -> Vacancy:
    """The vacancy, kept for a person because of this besides all that was known."""
    signals = tuple(dict.fromkeys((*vacancy.signals, signal)))
    return replace(vacancy, state=State.HELD, signals=signals)
