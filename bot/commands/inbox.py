"""How the inbox of vacancies is told on the command line: enough of each for a person to judge it.

Plain Spanish with the names of places and the reasons in words; `--json` is for programs. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.alerts.vacancy import State, Vacancy
from bot.wording import Wording


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells of vacancies; `region` names a department, `reports` counts who reported which."""

    words: Wording
    region: Callable[[str], str]
    reports: Mapping[str, int]

    def line(self, one: Vacancy) -> str:
        """One vacancy in one line, with how many have reported it."""
        says = self.words
        places = ", ".join(place.district or self.region(place.region) for place in one.places)
        parts = [one.title, one.employer or says.text("inbox.no_employer"), places or says.text("digest.remote")]
        if count := self.reports.get(one.id):
            parts.append(says.many("inbox.reports", count))
        if one.duplicate_of:
            parts.append(says.text("inbox.same_as", id=one.duplicate_of))
        return f"{one.id}  {says.text(f'inbox.state.{one.state}'):9} {' · '.join(parts)}"

    def why(self, one: Vacancy) -> list[str]:
        """The reasons for which it was held, in words."""
        known = [f"trust.reason.{signal}" for signal in one.signals]
        return [self.words.text(key) for key in known if self.words.has(key)]

    def with_reasons(self, found: Sequence[Vacancy]) -> list[str]:
        """Each with its reasons below it."""
        return [line for one in found for line in (self.line(one), *(f"    - {why}" for why in self.why(one)))]

    def whole(self, one: Vacancy) -> list[str]:
        """Everything that a person needs to decide on one."""
        says = self.words
        lines = [self.line(one), "", says.text("inbox.from", partner=one.partner, code=one.identifier)]
        lines.append(says.text("inbox.pay", pay=self._pay(one)))
        until = says.date(one.valid_through) if one.valid_through else says.text("inbox.no_end")
        lines.append(says.text("inbox.until", date=until))
        lines += [one.url] if one.url else []
        if reasons := self.why(one):
            head = "inbox.why_held" if one.state is State.HELD else "inbox.why"
            lines += ["", says.text(head), *(f"- {why}" for why in reasons)]
        return [*lines, "", one.description or says.text("inbox.no_text")]

    def _pay(self, one: Vacancy) -> str:
        stated = [self.words.money(sum_) for sum_ in dict.fromkeys((one.pay_min, one.pay_max)) if sum_ is not None]
        monthly = " - ".join(stated)
        written = one.pay_original or ""
        if monthly and written:
            return self.words.text("inbox.pay_both", monthly=monthly, written=written)
        return monthly or written or self.words.text("inbox.no_pay")
