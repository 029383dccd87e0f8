"""What a job pays, as soles a month, from any of the ways in which pay is written. No rate of exchange is guessed.

What cannot be turned into soles gives no numbers; the words are kept for display.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite

from bot.alerts.lexicon import Lexicon
from bot.alerts.plain import folded, line

_NUMBER = re.compile(
    r"(?:(?<![\w.,'])|(?<=s/\.)|(?<=s/,)|(?<=\bpen)|(?<=\busd))(?P<sum>\d{1,3}(?:[.,'’´` ]\d{3})+(?!\d)(?:[.,]\d{1,2}(?!\d))?|\d+(?:[.,]\d+)?)\s?(?P<kilo>k\b|mil\b)?(?!\d|\s?%)"
)
_RANGE = re.compile(
    r"^[^\d+(;:]{0,24}?\s*(?:-|–|—|~|/|\ba\b|\by\b|\bhasta\b|\bal?\b|\bto\b|\be\b)\s*(?:hasta |un maximo de )?[^\w(+]{0,3}$"
)
_MARKS = re.compile(r"\bs/\s?\.?|\b(?:soles|pen|nuevos)\b")
_OPEN_END = re.compile(r"^\s*(?:soles|pen)?\s*(?:\+(?!\s*\w)|a m[aá]s|o m[aá]s|y m[aá]s|en adelante|and up|or more)")
_FILLER = (
    r"(?:(?:soles|sol|nuevos|pen|netos?|brutos?|libres?|fijos?|fijas|aprox\.?|aproximadamente|en mano|usd|s/\.?) ?)*"
)
_AFTER = re.compile(
    rf"^[ ,.]*{_FILLER}[ (,.]*(?:(?:por|al|a la|x|cada|la|el|per|an?|pagos?)\s+|/\s?)?(?P<unit>bi ?weekly|cada quince dias|cada 15 dias|[a-zñáéíóú]+)"
)
_BEFORE = re.compile(r"(?P<unit>[a-zñáéíóú]+)[\s:(=-]{0,3}(?:de |es |desde |hasta |entre |:|s/\.? ?|pen |soles )*$")
_LARGEST = 1_000_000_000
"""More than this is no sum at all; what is less but beyond belief is for the trust gate to hold."""
_PHONE = re.compile(r"\d{9,}")


@dataclass(frozen=True, slots=True)
class Pay:
    """Soles a month, as far as they could be read, and the words."""

    low: float | None = None
    high: float | None = None
    original: str | None = None
    impossible: bool = False  # a sum is named that nobody can pay: below zero, or endless


NOTHING = Pay()


@dataclass(frozen=True, slots=True)
class Stated:
    """What the fields beside the amount say: unit, currency."""

    currency: str | None = None
    unit: str | None = None


class PayReader:
    """Reads pay with one lexicon and one minimum wage."""

    def __init__(self, lexicon: Lexicon, minimum_wage: float) -> None:
        self._lexicon = lexicon
        self._minimum_wage = minimum_wage

    def text(self, written: str, stated: Stated = Stated()) -> Pay:
        """Pay from words: `S/ 1,200 - 1,500`, `60 soles diarios`, `RMV`, `a tratar`."""
        plain = line(written)
        if not plain:
            return NOTHING
        said = self._spelled(folded_keep(plain.lower()))
        currency = self._currency(said) or self._code(stated.currency)
        numbers = self._chosen(said)
        if not numbers:
            wage = self._lexicon.minimum_wage.search(said) is not None
            return Pay(self._minimum_wage, self._minimum_wage, plain) if wage else Pay(original=plain)
        low, high = self._bounds(said, numbers)
        unit = self._unit(said, numbers) or self._lexicon.unit(stated.unit or "") or "MONTH"
        bare = re.fullmatch(r"[\d.,' ]+", plain) is not None
        original = self._shown(low, high, stated) if bare else plain
        return self._monthly(low, high, currency, unit, original)

    def amounts(self, low: float | None, high: float | None, stated: Stated) -> Pay:
        """Pay from numbers with a currency and a unit beside them."""
        unit = self._lexicon.unit(stated.unit or "") or "MONTH"
        return self._monthly(low, high, self._code(stated.currency), unit, self._shown(low, high, stated))

    def number(self, written: str) -> float | None:
        """The first number in a text, whatever it stands for."""
        said = folded_keep(line(written).lower())
        found = _NUMBER.search(said)
        if not found and self._lexicon.minimum_wage.search(said):
            return self._minimum_wage
        return _value(found) if found else None

    def _spelled(self, said: str) -> str:
        """The text with the minimum wage as a sum where other numbers stand beside it: `2 rmv`, `rmv a 1500`, `rmv + 200`."""
        said = re.sub(r"\b(?:[a-z]\.){2,}", lambda found: found[0].replace(".", ""), said)
        wage = self._lexicon.minimum_wage.pattern
        said = re.sub(
            rf"(?<![\w.,])(\d{{1,2}}(?:[.,]\d+)?)\s*{wage}", lambda found: self._wages(_number(found[1])), said
        )
        beside = r"(?=\s*(?:\+|mas\b|(?:-|–|—|\ba\b|\bhasta\b)\s*(?:s/\.?\s?)?\d))"
        return re.sub(wage + beside, self._wages(1), said)

    def _wages(self, times: float) -> str:
        return f"{self._lexicon.currency.lower()} {times * self._minimum_wage:g}"

    def _monthly(self, low: float | None, high: float | None, currency: str, unit: str, original: str | None) -> Pay:
        if currency != self._lexicon.currency:
            return Pay(original=original)
        times = self._lexicon.a_month[unit]
        least, most = _sum(low, times), _sum(high, times)
        if least is not None and most is not None and least > most:
            least, most = most, least
        return Pay(least, most, original, _impossible(low, times) or _impossible(high, times))

    def _shown(self, low: float | None, high: float | None, stated: Stated) -> str | None:
        sums = [
            f"{amount:g}" if amount != int(amount) else str(int(amount))
            for amount in (low, high)
            if amount is not None and isfinite(amount)
        ]
        if not sums:
            return None
        unit = self._lexicon.unit(stated.unit or "") or ""
        return " ".join(part for part in (self._code(stated.currency), "-".join(dict.fromkeys(sums)), unit) if part)

    def _code(self, currency: str | None) -> str:
        said = line(currency or "").lower()
        if not said:
            return self._lexicon.currency
        return self._currency(said) or said.upper()

    def _currency(self, said: str) -> str | None:
        if self._lexicon.home_marks.search(said):
            return self._lexicon.currency
        return next((code for code, marks in self._lexicon.other_marks.items() if marks.search(said)), None)

    def _chosen(self, said: str) -> list[re.Match[str]]:
        """The sum that is meant, and the second one if it is a range."""
        found = [
            number
            for number in _NUMBER.finditer(said)
            if not (_counts_something(said, number) or _is_phone(said, number))
        ]
        if not found:
            return []
        marked = [n for n in found if self._lexicon.home_marks.search(said[max(0, n.start() - 5) : n.start()])]
        first = found.index(marked[0]) if marked else 0
        if first and _joined(said, found[first - 1], found[first]):
            first -= 1
        pair = found[first : first + 2]
        if len(pair) == 2 and not _joined(said, pair[0], pair[1]):
            pair = pair[:1]
        return pair

    def _bounds(self, said: str, numbers: list[re.Match[str]]) -> tuple[float | None, float | None]:
        values = [_value(number) for number in numbers]
        if len(values) == 2:
            if numbers[1]["kilo"] and not numbers[0]["kilo"] and values[0] < 100:
                values[0] *= 1000
            return values[0], values[1]
        before = said[: numbers[0].start()]
        most, least = self._lexicon.at_most.search(before), self._lexicon.at_least.search(before)
        if most and (not least or most.start() < least.start()):  # "no más de" begins before the "más de" in it
            return None, values[0]
        if least or _OPEN_END.match(said[numbers[0].end() :]):
            return values[0], None
        return values[0], values[0]

    def _unit(self, said: str, numbers: list[re.Match[str]]) -> str | None:
        places = [said[number.end() :] for number in reversed(numbers)]
        for after in places:
            match = _AFTER.match(after)
            if match and (unit := self._lexicon.units.get(folded(match["unit"]))):
                return unit
        before = _BEFORE.search(said[: numbers[0].start()])
        return self._lexicon.units.get(folded(before["unit"])) if before else None


def _joined(said: str, low: re.Match[str], high: re.Match[str]) -> bool:
    """Whether two sums are the ends of one range: nothing but a "to" stands between them, and marks of the currency."""
    between = _MARKS.sub(" ", said[low.end() : high.start()])
    added = re.search(r"\b[ye]\b", between) is not None and _value(high) < _value(low)  # `1200 y 300 de bono`
    return _RANGE.match(between) is not None and not added


def _number(written: str) -> float:
    return float(written.replace(",", "."))


def folded_keep(text: str) -> str:
    """Small letters without accents, signs kept."""
    return text.translate(str.maketrans("áéíóúàèìòùü", "aeiouaeiouu"))


_COUNTED = re.compile(r"^\s?(?:horas|hs|hrs|h\b|d[ií]as|meses|a[nñ]os|personas|vacantes|sueldos|comidas|turnos|x ?\d)")


def _counts_something(said: str, number: re.Match[str]) -> bool:
    """`8 horas`, `14 sueldos`: not what is paid."""
    return _COUNTED.match(said[number.end() :]) is not None


def _is_phone(said: str, number: re.Match[str]) -> bool:
    """Nine digits in one piece among words, without a mark of money."""
    beside = said[max(0, number.start() - 5) : number.start()] + said[number.end() : number.end() + 7]
    alone = re.search(r"[a-z]", said) is None
    return _PHONE.fullmatch(number["sum"]) is not None and not alone and _MARKS.search(beside) is None


def _value(number: re.Match[str]) -> float:
    digits = re.sub(r"[.,'’´` ](?=\d{3}(?!\d))", "", number["sum"]) if _grouped(number["sum"]) else number["sum"]
    value = float(digits.replace(",", ".")) if len(digits) < 18 else float("inf")
    return value * 1000 if number["kilo"] and value < 1000 else value


def _grouped(written: str) -> bool:
    return re.match(r"^\d{1,3}(?:[.,'’´` ]\d{3})+(?:[.,]\d{1,2})?$", written) is not None


def _impossible(amount: float | None, times: float) -> bool:
    return amount is not None and (amount < 0 or amount * times > _LARGEST)


def _sum(amount: float | None, times: float) -> float | None:
    if amount is None or not isfinite(amount) or amount * times <= 0 or amount * times > _LARGEST:
        return None
    return round(amount * times, 2)
