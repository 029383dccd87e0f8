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


class Judge(Protocol):
    """The trust gate."""

    def judge(self, offer: Offer) -> Verdict:
        """What is wrong with an offer."""


def judged(vacancy: Vacancy, gate: Judge, minimum_wage: float) -> tuple[str, ...]:
    """Everything for which a person must look at the vacancy first; empty when nobody must."""
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
    return tuple(signal for signal in SIGNALS if signal in seen)


def content_hash(vacancy: Vacancy) -> str:
    """The same for the same content, whoever has decided what about it."""
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
    """The vacancy in the state that follows: held beats duplicate, a person's clearance beats the signals."""
    held = bool(signals) and not cleared
    state = State.HELD if held else State.DUPLICATE if original else State.OPEN
    return replace(vacancy, signals=signals, duplicate_of=original, state=state)
