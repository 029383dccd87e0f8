"""Several vacancies in one bubble: the best first, at most two of an employer at the top, one line for a job in many cities.

Pure. Whatever does not fit is counted, never cut in the middle; the way to see the rest is a choice under the bubble.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.alerts.hints import title_key
from bot.alerts.labels import shortened
from bot.alerts.plain import folded
from bot.alerts.vacancy import State, Vacancy
from bot.messages import LONGEST_LABEL, LONGEST_REPLY, Choice, Reply

MOST_LINES = 6
MORE = "alerts/more"
"""The choice that shows what digests told; with a number, from that line on."""
MOST_OF_ONE_EMPLOYER = 2
_LONGEST_TITLE = 70
_LONGEST_NAME = 50


class Words(Protocol):
    """What of `bot.wording.Wording` a digest needs."""

    def text(self, key: str, language: str = "es", /, **values: object) -> str:
        """A text with its places filled in."""

    def many(self, key: str, n: int, language: str = "es", /, **values: object) -> str:
        """A text that fits a number."""

    def money(self, amount: float, language: str = "es") -> str:
        """An amount as it is written at home."""

    def date(self, day: datetime, language: str = "es") -> str:
        """A day."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One job, perhaps in several places."""

    first: Vacancy
    copies: tuple[Vacancy, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """What is sent, and which vacancies it shows by name; the others are counted."""

    reply: Reply
    shown: tuple[str, ...]
    more: int


def digest(vacancies: Sequence[Vacancy], words: Words, language: str, region: Callable[[str], str]) -> Digest:
    """One reply for these vacancies (at least one), the first ones first. `region` names a department."""
    return _fitting(_calm(_grouped(vacancies)), 0, words, language, region)


def page(
    messages: Sequence[Sequence[Vacancy]], start: int, words: Words, language: str, region: Callable[[str], str]
) -> Digest | None:
    """The jobs that earlier digests told of, newest message first, from line `start` on; None when none of them is open.

    The first message has the lines that its digest had, so the line after the last one shown is where the rest begins.
    """
    lines = [each for vacancies in messages for each in _calm(_grouped(vacancies))]
    rest = [_Line(still[0], still) for each in lines[start:] if (still := _open(each))]
    return (
        _fitting(rest, len(lines) - len(rest), words, language, region, words.text("digest.told", language))
        if rest
        else None
    )


def count_lines(vacancies: Sequence[Vacancy]) -> int:
    """How many jobs a digest of these counts."""
    return len(_grouped(vacancies))


def copies_of(vacancies: Sequence[Vacancy], vacancy_id: str) -> tuple[Vacancy, ...]:
    """The open vacancies among these for which the line of this one stands, itself first."""
    line = next((each for each in _grouped(vacancies) if vacancy_id in {copy.id for copy in each.copies}), None)
    return tuple(sorted(_open(line), key=lambda copy: copy.id != vacancy_id)) if line else ()


def _fitting(
    lines: Sequence[_Line],
    before: int,
    words: Words,
    language: str,
    region: Callable[[str], str],
    head: str = "",
) -> Digest:
    """As many lines as fit one bubble. `before`: how many lines of the whole list come before these."""
    total = len(lines)
    for count in range(min(MOST_LINES, total), 0, -1):
        title = head or words.many("digest.title", total, language)
        reply = _reply(title, lines[:count], total - count, f"{MORE}/{before + count}", words, language, region)
        if len(reply.text) <= LONGEST_REPLY or count == 1:
            break
    shown = tuple(copy.id for each in lines[:count] for copy in each.copies)
    return Digest(reply, shown, total - count)


def _open(each: _Line) -> tuple[Vacancy, ...]:
    return tuple(copy for copy in each.copies if copy.state is State.OPEN)


def _grouped(vacancies: Sequence[Vacancy]) -> list[_Line]:
    """The same title of the same employer is one line, wherever it is."""
    groups: dict[tuple[str, str], list[Vacancy]] = {}
    for vacancy in vacancies:
        key = (folded(vacancy.employer or vacancy.identifier), title_key(vacancy.title))
        groups.setdefault(key, []).append(vacancy)
    return [_Line(copies[0], tuple(copies)) for copies in groups.values()]


def _calm(lines: Sequence[_Line]) -> list[_Line]:
    """An employer's third job waits until everybody else has been named."""
    seen: dict[str, int] = {}
    early: list[_Line] = []
    late: list[_Line] = []
    for each in lines:
        name = folded(each.first.employer or each.first.identifier)
        seen[name] = seen.get(name, 0) + 1
        (early if seen[name] <= MOST_OF_ONE_EMPLOYER else late).append(each)
    return [*early, *late]


def _reply(
    head: str,
    lines: Sequence[_Line],
    more: int,
    rest: str,
    words: Words,
    language: str,
    region: Callable[[str], str],
) -> Reply:
    rows = [_row(number, each, words, language, region) for number, each in enumerate(lines, 1)]
    tail = [words.many("digest.more", more, language)] if more else []
    foot = words.text("digest.foot", language)
    choices = _choices(lines)
    if more:
        choices.append(Choice(rest, words.text("digest.rest", language)))
    return Reply("\n\n".join([head, *rows, *tail, foot]), tuple(choices))


def _choices(lines: Sequence[_Line]) -> list[Choice]:
    """One for each job, by its title: it can be typed as well. When two have the same name, the second one gets its number."""
    titles: list[str] = []
    for number, each in enumerate(lines, 1):
        name = shortened(each.first.title, LONGEST_LABEL)
        known = name.casefold() in (title.casefold() for title in titles)
        titles.append(f"{shortened(name, LONGEST_LABEL - 3)} {number}" if known else name)
    return [Choice(f"v/{each.first.id}", title) for title, each in zip(titles, lines, strict=True)]


def _row(number: int, each: _Line, words: Words, language: str, region: Callable[[str], str]) -> str:
    vacancy = each.first
    parts = [
        shortened(vacancy.employer, _LONGEST_NAME) if vacancy.employer else "",
        _where(each, words, language, region),
        _pay(vacancy, words, language),
    ]
    until = (
        words.text("digest.until", language, date=words.date(vacancy.valid_through, language))
        if vacancy.valid_through
        else ""
    )
    details = " · ".join(part for part in (*parts, until) if part)
    return f"{number}. **{shortened(vacancy.title, _LONGEST_TITLE)}**" + (f"\n{details}" if details else "")


def _where(each: _Line, words: Words, language: str, region: Callable[[str], str]) -> str:
    places = list(dict.fromkeys(place for copy in each.copies for place in copy.places))
    if len(places) > 2:
        return words.many("digest.places", len(places), language)
    named = [place.district or region(place.region) for place in places]
    if each.first.remote:
        named.append(words.text("digest.remote", language))
    return ", ".join(named)


def _pay(vacancy: Vacancy, words: Words, language: str) -> str:
    low, high = vacancy.pay_min, vacancy.pay_max
    if low and high and low != high:
        return f"{words.money(round(low), language)} - {words.money(round(high), language)}"
    if low and high:
        return words.money(round(low), language)
    if low or high:
        key = "digest.from" if low else "digest.up_to"
        return words.text(key, language, pay=words.money(round(low or high or 0), language))
    return shortened(vacancy.pay_original or "", 30)


KEYS: Mapping[str, str] = {
    "digest.title": "n", "digest.more": "n", "digest.places": "n", "digest.foot": "", "digest.rest": "",
    "digest.told": "", "digest.open": "", "digest.until": "date", "digest.remote": "", "digest.from": "pay", "digest.up_to": "pay",
}  # fmt: skip
"""The keys of `ui.po` that a digest needs, with the place that each must have."""
