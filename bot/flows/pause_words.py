"""Until when somebody wants a pause: "2 semanas", "hasta el 15 de enero", "hasta fin de mes", "until Monday".

Pure. A date that is not understood is never guessed: it becomes two weeks, and the reader says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

USUAL = timedelta(days=14)
LONGEST = timedelta(days=180)
NOT_UNDERSTOOD = "alerts.note.pause"
TOO_LONG = "alerts.note.longest"

_NUMBERS = {"un": 1, "una": 1, "a": 1, "one": 1, "dos": 2, "two": 2, "tres": 3, "three": 3, "cuatro": 4, "four": 4}
_SPAN = re.compile(
    r"\b(\d{1,3}|un|una|a|one|dos|two|tres|three|cuatro|four) (dia|semana|quincena|mes|day|week|month)(?:e?s)?\b"
)
_DAYS = {"semana": 7, "week": 7, "quincena": 15, "mes": 30, "month": 30}
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "enero january ene jan", "febrero february feb", "marzo march mar", "abril april abr apr", "mayo may",
            "junio june jun", "julio july jul", "agosto august ago aug", "setiembre septiembre september set sep sept",
            "octubre october oct", "noviembre november nov", "diciembre december dic dec",
        ),
        1,
    )
    for word in words.split()
}  # fmt: skip
_WEEKDAYS = {
    word: number
    for number, words in enumerate(
        (
            "lunes monday", "martes tuesday", "miercoles wednesday", "jueves thursday", "viernes friday",
            "sabado saturday", "domingo sunday",
        )
    )
    for word in words.split()
}  # fmt: skip
_UNTIL = re.compile(r"\b(?:hasta|until|till)\b ?(.*)")
_FOR_LATER = re.compile(
    r"\bpor (?!favor|ahora|el momento|un tiempo|unos|unas|mientras)|\bdurante\b|\bfor (?!now|a while)"
)
_OPEN = re.compile(r"\b(?:que|nuevo aviso|further|i (?:say|tell|write))\b")
_DAY_MONTH = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th|ro)? (?:de |of )?([a-z]+)(?: (?:de |del )?(\d{4}))?\b")
_MONTH_DAY = re.compile(r"\b([a-z]+) (\d{1,2})(?:st|nd|rd|th)?(?: (\d{4}))?\b")
_FIGURES = re.compile(r"\b(\d{1,2}) (\d{1,2})(?: (\d{4}|\d{2}))?\b")
_DAY_ALONE = re.compile(r"^(?:el |the )?(?:dia )?(\d{1,2})(?:st|nd|rd|th)?$")


def pause(said: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, str]:
    """When the pause in these folded words ends, and the key of what is to be said about it (empty for nothing)."""
    until = _UNTIL.search(said)
    span = _SPAN.search(said)
    if span is not None and (until is None or span.start() < until.start()):
        number = int(span[1]) if span[1].isdigit() else _NUMBERS[span[1]]
        return _capped(now + timedelta(days=number * _DAYS.get(span[2], 1)), now)
    if until is None:
        return now + USUAL, NOT_UNDERSTOOD if _FOR_LATER.search(said) else ""
    day = day_in(until[1], now.astimezone(zone).date())
    if day is not None:
        return _capped(datetime.combine(day, time(), zone), now)
    return (now + LONGEST, TOO_LONG) if _OPEN.search(until[1]) else (now + USUAL, NOT_UNDERSTOOD)


def _capped(end: datetime, now: datetime) -> tuple[datetime, str]:
    return (end, "") if end <= now + LONGEST else (now + LONGEST, TOO_LONG)


def day_in(said: str, today: date) -> date | None:
    """The first day after today that these folded words name; None for no day."""
    for read in _READERS:
        found = read(said, today)
        if found is not None:
            return found
    return None


def _named(said: str, today: date) -> date | None:
    """Days with a name of their own."""
    next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    new_year = date(today.year + 1, 1, 1)
    for words, day in (
        (r"^(?:manana|tomorrow)$", today + timedelta(days=1)),
        (r"^pasado manana$", today + timedelta(days=2)),
        (r"\b(?:proxima semana|otra semana|semana que viene|next week)\b", today + timedelta(days=7 - today.weekday())),
        (r"\b(?:fin de mes|fines de mes|proximo mes|mes que viene|end of (?:the )?month|next month)\b", next_month),
        (r"\b(?:fin de ano|fines de ano|ano nuevo|proximo ano|ano que viene|new year|next year|end of the year)\b", new_year),
        (r"\b(?:navidad|christmas)\b", _coming(12, 25, today)),
    ):  # fmt: skip
        if re.search(words, said):
            return day
    return None


def _day_and_month(said: str, today: date) -> date | None:
    found = _DAY_MONTH.search(said)
    if found is not None and found[2] in _MONTHS:
        return _coming(_MONTHS[found[2]], int(found[1]), today, found[3])
    found = _MONTH_DAY.search(said)
    if found is not None and found[1] in _MONTHS:
        return _coming(_MONTHS[found[1]], int(found[2]), today, found[3])
    return None


def _figures(said: str, today: date) -> date | None:
    found = _FIGURES.search(said)
    return _coming(int(found[2]), int(found[1]), today, found[3]) if found else None


def _day_of_month(said: str, today: date) -> date | None:
    found = _DAY_ALONE.match(said)
    if found is None:
        return None
    this = _date(today.year, today.month, int(found[1]))
    if this is not None and this > today:
        return this
    after = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return _date(after.year, after.month, int(found[1]))


def _weekday(said: str, today: date) -> date | None:
    day = next((_WEEKDAYS[word] for word in said.split() if word in _WEEKDAYS), None)
    return None if day is None else today + timedelta(days=(day - today.weekday() - 1) % 7 + 1)


def _month(said: str, today: date) -> date | None:
    if any(word.isdigit() for word in said.split()):
        return None
    month = next((_MONTHS[word] for word in said.split() if word in _MONTHS and len(word) > 3), None)
    return None if month is None else _coming(month, 1, today)


def _coming(month: int, day: int, today: date, year: str | None = None) -> date | None:
    """That day of the year named, else the next one; None for a day that does not exist or is over."""
    if year is not None:
        found = _date(int(year) + (2000 if len(year) == 2 else 0), month, day)
        return found if found is not None and found > today else None
    this = _date(today.year, month, day)
    return this if this is not None and this > today else _date(today.year + 1, month, day)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


_READERS: tuple[Callable[[str, date], date | None], ...] = (
    _named,
    _day_and_month,
    _figures,
    _day_of_month,
    _weekday,
    _month,
)
