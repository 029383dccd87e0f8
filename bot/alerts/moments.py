"""Moments as partners and sheets write them. A day alone means its end; a time without a zone is in the country's zone.

A text that is not a moment raises ValueError; a text that says "until it is filled" gives None.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from bot.alerts.lexicon import Lexicon
from bot.alerts.plain import folded, line

_ISO = re.compile(
    r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:(?:[T ]|,\s*)\s*(\d{1,2})(?::?(\d{2}))(?::?(\d{2})(?:[.,]\d+)?)?)?\s*"
    r"(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{1,2}|\[?[A-Z][A-Za-z]+/[A-Za-z_]+\]?|PET|[+-]\d{2}:\d{2}\[[\w/]+\])?$"
)
_LOCAL = re.compile(
    r"^(?:hasta (?:el )?)?(\d{1,2})\s?[-/.]\s?(\d{1,2})\s?[-/.]\s?(\d{4}|\d{2})(?:[ ,T–-]+(?:a las )?(\d{1,2})(?::(\d{2})(?::(\d{2})(?:\.\d+)?)?|(?=\s?[ap]\.?\s?m))\s?([ap]\.?\s?m\.?)?)?$",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{2}:?\d{2})?)?$")
_DAY_AND_MONTH = re.compile(r"^(\d{1,2})\s?[-/]\s?(\d{1,2})$")
_SERIAL = re.compile(r"^(\d{5})(?:[.,](\d+)| (\d{1,2}):(\d{2}))?$")
_FIRST_SERIAL = datetime(1899, 12, 30)  # noqa: DTZ001 - day 0 of a spreadsheet, wherever it was filled in
_CLOCK = re.compile(
    r"[\s,]+(?:a las\s+|at\s+|-\s*)?(\d{1,2})(?::(\d{2})(?::(\d{2}))?|(?=\s?[ap]\.?\s?m\b))\s?([ap]\.?\s?m\.?)?$",
    re.IGNORECASE,
)
_AROUND = re.compile(
    r"^(?:del?sde|del?)\s.{4,24}?\s(?:al|hasta)(?: el)?(?: d[ií]a)?\s+"
    r"|^(?:vence|cierra|cierre|caduca|expira|v[aá]lid[ao]|vigente|plazo|m[aá]ximo|until|through)(?: hasta)?(?: el)?(?: d[ií]a)?\s*:?\s+"
    r"|\s*\([^()]*\)$|(?<=\d)\s*(?:hrs?|horas?)\.?$",
    re.IGNORECASE,
)
_DAY_FIRST = re.compile(
    r"^(?:\w+ )?(?:hasta )?(?:el )?(\d{1,2})(?:o|er|ro|th|st|nd|rd)? (?:de )?([a-z]+)(?: (?:de |del )?(\d{4}|\d{2}))?$"
)
_MONTH_FIRST = re.compile(r"^([a-z]+) (\d{1,2})(?:st|nd|rd|th)? (\d{4})$")
_WEEKDAY_NAME = (
    r"^(?:lunes|martes|miercoles|jueves|viernes|sabado|domingo|mon\w*|tue\w*|wed\w*|thu\w*|fri\w*|sat\w*|sun\w*) "
)
_END_OF_DAY = time(23, 59, 59)
_NEVER = 9999  # the year that programs write when there is no end


class MomentReader:
    """Reads moments in the time zone of one country."""

    def __init__(self, lexicon: Lexicon, zone: ZoneInfo) -> None:
        self._lexicon = lexicon
        self._zone = zone

    def read(self, written: str, now: datetime, *, opening: bool = False) -> datetime | None:
        """The moment, in UTC; None for nothing or "until filled". `opening`: a bare day is its beginning. Raises ValueError."""
        text = line(written).strip(" .;")
        said = folded(text)
        if not said or said in self._lexicon.no_date or text in {"-", "--", "—"}:
            return None
        if re.fullmatch(r"\d{10}|\d{13}", text):
            return self.number(int(text))
        try:
            found = self._any(text, now) or self._any(_AROUND.sub("", text).strip(), now)
        except (OverflowError, KeyError) as error:
            raise ValueError("no es una fecha") from error
        if found is None:
            raise ValueError("no es una fecha")
        day, hour, zone = found
        return None if day.year == _NEVER else self._moment(day, hour, zone, opening=opening)

    def number(self, stamp: float) -> datetime:
        """A moment from seconds or milliseconds since 1970. Raises ValueError."""
        seconds = stamp / 1000 if abs(stamp) > 1e11 else stamp
        if not 946_684_800 <= seconds <= 4_102_444_800:  # the years 2000 to 2100
            raise ValueError("no es una fecha")
        return datetime.fromtimestamp(seconds, UTC)

    def _any(self, text: str, now: datetime) -> tuple[datetime, time | None, ZoneInfo | str | None] | None:
        """The day, the hour and the zone that a text names in one of the known ways."""
        return (
            self._iso(text)
            or self._local(text)
            or self._serial(text)
            or self._without_year(text, now)
            or self._worded(text, now)
            or self._mail(text)
        )

    def _moment(self, day: datetime, hour: time | None, zone: ZoneInfo | str | None, *, opening: bool) -> datetime:
        if not 2000 <= day.year <= 2100:
            raise ValueError("no es una fecha")
        local = datetime.combine(day.date(), hour or (time() if opening else _END_OF_DAY))
        if isinstance(zone, str):
            return (local - _offset(zone)).replace(tzinfo=UTC)
        return local.replace(tzinfo=zone or self._zone).astimezone(UTC)

    def _iso(self, text: str) -> tuple[datetime, time | None, ZoneInfo | str | None] | None:
        found = _ISO.match(text) or _COMPACT.match(text)
        if not found:
            return None
        parts = [*found.groups()]
        day = datetime(int(parts[0] or 0), int(parts[1] or 0), int(parts[2] or 0))  # noqa: DTZ001 - the zone comes next
        zone = parts[6]
        if zone and "/" in zone and not zone.startswith(("+", "-")):
            zone = None if zone.strip("[]") == self._zone.key else zone
            if zone:
                return day, _time(parts[3], parts[4], parts[5]), ZoneInfo(zone.strip("[]"))
        if parts[3] == "24" and int(parts[4] or 0) == 0:
            return day + timedelta(days=1), time(), zone
        return day, _time(parts[3], parts[4], parts[5]), zone if zone != "PET" else None

    def _local(self, text: str) -> tuple[datetime, time | None, None] | None:
        found = _LOCAL.match(text)
        if not found:
            return None
        day, month, year = int(found[1]), int(found[2]), int(found[3])
        hour = _hour(found[4], found[5], found[6], found[7])
        return datetime(year + 2000 if year < 100 else year, month, day), hour, None  # noqa: DTZ001 - the country's own

    def _serial(self, text: str) -> tuple[datetime, time | None, None] | None:
        """A day as a spreadsheet counts it, when its cell was saved as a number."""
        found = _SERIAL.match(text)
        if not found:
            return None
        day = _FIRST_SERIAL + timedelta(days=int(found[1]))
        seconds = round(float(f"0.{found[2] or 0}") * 86_400)
        hour = (_FIRST_SERIAL + timedelta(seconds=seconds)).time() if seconds else None
        return day, hour or _time(found[3], found[4], None), None

    def _without_year(self, text: str, now: datetime) -> tuple[datetime, None, None] | None:
        found = _DAY_AND_MONTH.match(text)
        return (self._next(int(found[1]), int(found[2]), now), None, None) if found else None

    def _next(self, day: int, month: int, now: datetime) -> datetime:
        """A day whose year was not said: in this year, or in the next one when it would be more than half a year ago."""
        local = now.astimezone(self._zone)
        return datetime(local.year + (1 if month < local.month - 6 else 0), month, day)  # noqa: DTZ001

    def _worded(self, text: str, now: datetime) -> tuple[datetime, time | None, None] | None:
        clock = _CLOCK.search(text)
        day = self._named(folded(text[: clock.start()] if clock else text), now)
        return (day, _hour(clock[1], clock[2], clock[3], clock[4]) if clock else None, None) if day else None

    def _named(self, said: str, now: datetime) -> datetime | None:
        """A day whose month is a word."""
        said = re.sub(_WEEKDAY_NAME, "", said)
        if (found := _DAY_FIRST.match(said)) and found[2] in self._lexicon.months:
            day, month, year = int(found[1]), self._lexicon.months[found[2]], found[3]
        elif (found := _MONTH_FIRST.match(said)) and found[1] in self._lexicon.months:
            day, month, year = int(found[2]), self._lexicon.months[found[1]], found[3]
        else:
            return None
        if year is None:
            return self._next(day, month, now)
        number = int(year)
        return datetime(number + 2000 if number < 100 else number, month, day)  # noqa: DTZ001

    def _mail(self, text: str) -> tuple[datetime, time, ZoneInfo | str | None] | None:
        try:
            found = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            return None
        if not re.search(r"[a-zA-Z]{3}.*\d{1,2}:\d{2}", text):
            return None
        if found.tzinfo:
            found = found.astimezone(UTC)
            return found.replace(tzinfo=None), found.time(), "Z"
        return found, found.time(), None


def _time(hour: str | None, minute: str | None, second: str | None) -> time | None:
    return None if hour is None else time(int(hour), int(minute or 0), int(second or 0))


def _hour(hour: str | None, minute: str | None, second: str | None, half: str | None) -> time | None:
    """An hour of the clock, with or without "p. m."."""
    found = _time(hour, minute, second)
    if found and half:
        return found.replace(hour=found.hour % 12 + (12 if half.lower().startswith("p") else 0))
    return found


def _offset(zone: str) -> timedelta:
    found = re.match(r"([+-])(\d{1,2}):?(\d{2})?", zone)
    if not found:
        return timedelta()
    away = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return -away if found[1] == "-" else away
