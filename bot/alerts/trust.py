"""The trust gate: whether a person must look at a job offer before anybody is alerted about it.

It names what it saw, so that staff and the migrant are told why. It never says that an offer is good:
`hold=False` means only that nothing on the list was found. Pure; the rules come in as text (`content/ofertas.yaml`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.alerts.offer_facts import Hours, Pay, Period, foreign_number, hours, stray_sums, wages
from bot.alerts.offer_phrases import Found, after_but
from bot.alerts.offer_rules import SIGNALS, Rules, parse
from bot.alerts.offer_source import Source, source
from bot.alerts.offer_text import OfferText, part, read

__all__ = ["SIGNALS", "Offer", "TrustGate", "Verdict"]

_PART_TIME_DAY = 4  # hours; from here on the minimum wage is due in full (Peru: D.S. 001-96-TR art. 11)
_PART_TIME_WEEK = 24
_LONG_DAY = 11  # hours; nobody may be asked for this much without paid overtime or shifts
_GRACE = 2  # hours a week that a careless "9 a 6" may be over the limit
_NEAR = 50  # characters around a phrase in which its sentence may take it back
_ROUNDING = 0.985  # 265 a week is the minimum wage, rounded
_CERTAIN = frozenset({"short_link", "foreign_number", "no_employer", "documents", "discrimination"})
"""Signals that hold an offer whatever else it says: on unseen offers they were never wrong."""
_PHRASE, _HINT = (
    0.9,
    0.2,
)  # what a sure and a doubtful phrase of the other signals count beside the words (also measured so)
_WEIGHABLE = 160
"""Characters from which the words of a structured vacancy are weighed; partners' texts may be a line long."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says: hold for a person or not, and everything that speaks for holding."""

    hold: bool
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A job offer, pasted by somebody or sent by a partner."""

    text: str  # a pasted offer, or title and description of a vacancy
    employer: str | None = None  # of a structured vacancy
    structured: bool = False  # employer, places and pay are fields: who is behind it is judged by `employer` alone
    has_place: bool = False
    pay_min: float | None = None  # soles a month
    pay_max: float | None = None
    part_time: bool = False


@dataclass(frozen=True, slots=True)
class _Facts:
    """One offer, read once; every signal is judged on this."""

    offer: Offer
    text: OfferText
    pays: tuple[Pay, ...]
    hours: Hours
    source: Source

    @property
    def part_time(self) -> bool:
        if self.offer.part_time:
            return True
        weekly, a_day = self.hours.weekly, self.hours.a_day
        if weekly is not None and (weekly < _PART_TIME_WEEK or (a_day is not None and a_day < _PART_TIME_DAY)):
            return True
        return (self.hours.part_time and (a_day is None or a_day < _PART_TIME_DAY)) or (
            a_day is None and (self.hours.days or 6) <= 3
        )


class TrustGate:
    """Judges offers by the rules of the office. Made once, safe to share; an offer costs about a millisecond."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._judges: dict[str, Callable[[_Facts], bool]] = {
            "fee": self._asks_for_a_sum,
            "no_employer": self._nobody_behind,
            "pay_implausible": self._pays_too_much,
            "short_link": self._hides_its_link,
            "foreign_number": lambda facts: foreign_number(facts.text, rules.dialling_code),
            "illegal_terms": self._breaks_labour_law,
        }

    @classmethod
    def from_rules(cls, text: str) -> TrustGate:
        """A gate from the text of the rules file. BadWords names the line, what is wrong and how to mend it."""
        return cls(parse(text))

    def judge(self, offer: Offer) -> Verdict:
        """Whether a person must look at this offer first, and all the reasons. Never fails, whatever was pasted."""
        text = read(offer.text)
        found = {signal: self._evidence(signal, text) for signal in SIGNALS}
        asked = found["fee"] or self._hints("fee", text)
        facts = _Facts(offer, text, self._pays(offer, text, asked), hours(text), source(text, self._rules.names))
        judged = {signal for signal, judge in self._judges.items() if judge(facts)}
        said = {signal for signal in SIGNALS if found[signal]}
        sure = said | judged
        hints = {signal for signal in SIGNALS if signal not in sure and self._hints(signal, text)}
        words = None if _too_short(offer) else self._rules.indications.lean(text)
        if not (said & judged or self._speaks_for_holding(offer, sure, hints, words)):
            return Verdict(False, ())
        seen = sure | hints
        if words is not None:  # a line of text names its reasons itself; weighing it would only add false ones
            seen |= self._rules.indications.reasons_of(text, alone=not sure)
        if offer.structured:
            seen = (seen - {"no_employer"}) | (sure & {"no_employer"})  # the field decides
        return Verdict(bool(seen), tuple(signal for signal in SIGNALS if signal in seen))

    def _speaks_for_holding(self, offer: Offer, sure: set[str], hints: set[str], words: float | None) -> bool:
        """Whether the phrases and the weight of all the words together ask for holding; either alone errs on odd wordings."""
        if sure & _CERTAIN or (sure and (offer.structured or words is None)):
            return True
        if words is None:
            return len(hints) > 1
        return words + _PHRASE * bool(sure) + _HINT * len(hints) > self._rules.indications.threshold

    def _evidence(self, signal: str, text: OfferText) -> list[Found]:
        """The phrases that show the signal, unless the same sentence takes them back."""
        signs = self._rules.signs[signal]
        return [found for found in signs.sure.find(text) if not self._taken_back(signal, text, found)]

    def _hints(self, signal: str, text: OfferText) -> list[Found]:
        return [
            found for found in self._rules.signs[signal].perhaps.find(text) if not self._taken_back(signal, text, found)
        ]

    def _taken_back(self, signal: str, text: OfferText, found: Found) -> bool:
        start, end = text.sentence(found.start)
        start = after_but(text.folded, max(start, found.start - _NEAR), found.start)
        near = part("", text.folded[start : min(end, found.end + _NEAR)])
        return self._rules.signs[signal].unless.said(near, deny=False)

    def _pays(self, offer: Offer, text: OfferText, asked: Sequence[Found]) -> tuple[Pay, ...]:
        stated = [amount for amount in (offer.pay_min, offer.pay_max) if amount and amount > 0]
        if stated:
            return (Pay(min(stated), max(stated), Period.MONTH, base=True),)
        return wages(text, asked, self._rules.dollar)

    def _asks_for_a_sum(self, facts: _Facts) -> bool:
        return any(not self._taken_back("fee", facts.text, found) for found in stray_sums(facts.text))

    def _nobody_behind(self, facts: _Facts) -> bool:
        if facts.offer.structured:
            return not (facts.offer.employer or "").strip()
        return not ((facts.offer.employer or "").strip() or facts.offer.has_place or facts.source.known)

    def _hides_its_link(self, facts: _Facts) -> bool:
        return bool(self._rules.shorteners.search(facts.text.folded))

    def _pays_too_much(self, facts: _Facts) -> bool:
        ceiling = max(
            (each.month for each in self._rules.ceilings if each.trades.said(facts.text)), default=self._rules.ceiling
        )
        few = facts.hours.a_day is not None and facts.hours.a_day <= 4 and ceiling <= 2 * self._rules.ceiling
        if facts.source.registered:
            ceiling *= 2  # a firm that can be looked up may pay a post well that no list of trades knows
        least = {period: ceiling * (0.7 if few and period is not Period.HOUR else 1) for period in Period}
        return any(pay.high * _WORKED[pay.period] > least[pay.period] for pay in facts.pays)

    def _breaks_labour_law(self, facts: _Facts) -> bool:
        return self._too_long(facts) or self._too_little(facts)

    def _too_long(self, facts: _Facts) -> bool:
        worked = facts.hours
        if worked.shifts or worked.overtime_paid or worked.a_day is None:
            return False
        if worked.a_day >= _LONG_DAY and (worked.days or 6) > 4:
            return True
        return bool(
            worked.days and worked.days >= 6 and worked.a_day * min(worked.days, 6) > self._rules.weekly_hours + _GRACE
        )

    def _too_little(self, facts: _Facts) -> bool:
        if facts.part_time or not facts.pays:
            return False
        due = self._rules.minimum_wage * _ROUNDING
        least = [pay for pay in facts.pays if pay.base and pay.period is Period.MONTH]
        if any(pay.a_month(pay.high) < due for pay in least):
            return True
        daily = [pay for pay in facts.pays if pay.period in {Period.DAY, Period.HOUR}]
        others = [pay for pay in facts.pays if pay not in daily]
        counted = others or daily
        return bool(counted) and max(pay.a_month(pay.high) for pay in counted) < due


def _too_short(offer: Offer) -> bool:
    """A title and a line of a named employer: too few words to weigh."""
    return bool(offer.structured and offer.employer) and len(offer.text) < _WEIGHABLE


_WORKED = {
    Period.HOUR: 80.0,
    Period.DAY: 23.0,
    Period.WEEK: 4.3,
    Period.FORTNIGHT: 2.0,
    Period.MONTH: 1.0,
}  # a full month of each
