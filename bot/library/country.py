"""The country, as `content/pais.yaml` tells it: regions, kinds of work, help lines, holidays, quiet hours.

No country stands in Python: another country is another content folder.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

_WORDS = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Region:
    """A department. `aliases` are other names people write: cities, districts, spellings."""

    code: str
    name: str
    capital: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sector:
    """A kind of work. `words` are what people call the jobs in it."""

    id: str
    name: Mapping[str, str]
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HelpLine:
    """A number to call; the number itself stands in `datos.yaml` under `datum`."""

    id: str
    datum: str
    name: Mapping[str, str]
    article: str = ""


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day off: on a fixed day of the year, or so many days after Easter Sunday."""

    name: str
    month: int = 0
    day: int = 0
    easter: int | None = None

    def on(self, year: int) -> date:
        """The day it falls on in that year."""
        if self.easter is None:
            return date(year, self.month, self.day)
        return easter(year) + timedelta(days=self.easter)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The box that the country lies in."""

    south: float
    north: float
    west: float
    east: float

    def holds(self, lat: float, lon: float) -> bool:
        """The point may lie in the country."""
        return self.south <= lat <= self.north and self.west <= lon <= self.east


@dataclass(frozen=True, slots=True)
class Topic:
    """A group of articles, in the order that the menu shows them. Articles not named here follow by name."""

    id: str
    articles: tuple[str, ...] = ()  # slugs
    official: str = ""  # the office's page, for articles that are too old to serve


@dataclass(frozen=True)
class Country:
    """Everything that is true of one country and not of our program."""

    code: str
    name: Mapping[str, str]
    time_zone: str
    currency: str
    symbols: Mapping[str, str]  # PEN -> S/
    phone_prefix: str
    quiet_from: time
    quiet_to: time
    minimum_wage: str  # key of datos.yaml
    bounds: Bounds
    topics: tuple[Topic, ...]
    regions: tuple[Region, ...]
    sectors: tuple[Sector, ...]
    help_lines: tuple[HelpLine, ...]
    holidays: tuple[Holiday, ...]
    official: tuple[str, ...] = field(default=())  # domains of the state
    locales: Mapping[str, str] = field(default_factory=dict)  # language -> how dates and numbers are written

    def locale(self, language: str) -> str:
        """How dates and numbers are written in that language there."""
        return self.locales.get(language, language)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone that people live in."""
        return ZoneInfo(self.time_zone)

    @cached_property
    def _regions(self) -> Mapping[str, Region]:
        out: dict[str, Region] = {}
        for region in self.regions:
            for name in (region.code, region.name, region.capital, *region.aliases):
                out.setdefault(_plain(name), region)
        for region in self.regions:
            out[_plain(region.name)] = region
        return out

    @cached_property
    def _region_names(self) -> tuple[str, ...]:
        return tuple(sorted((name for name in self._regions if not name.isdigit()), key=len, reverse=True))

    @cached_property
    def _sectors(self) -> Mapping[str, Sector]:
        return {sector.id: sector for sector in self.sectors}

    def region(self, code: str) -> Region | None:
        """The region with that code."""
        return next((region for region in self.regions if region.code == code), None)

    def region_called(self, text: str) -> Region | None:
        """The region, or the region of the place, whose name the whole text is."""
        return self._regions.get(_plain(text))

    def find_region(self, text: str) -> Region | None:
        """The region that a text names as a whole (Trujillo, la libertad, 13), or the longest name inside it."""
        if found := self.region_called(text):
            return found
        plain = _plain(text)
        padded = f" {plain} "
        return next((self._regions[name] for name in self._region_names if f" {name} " in padded), None)

    def sector(self, code: str) -> Sector | None:
        """The sector with that id."""
        return self._sectors.get(code)

    def find_sectors(self, text: str) -> tuple[Sector, ...]:
        """The sectors whose words stand in a text, most words first."""
        padded = f" {_plain(text)} "
        scored = [(sum(f" {_plain(word)} " in padded for word in sector.words), sector) for sector in self.sectors]
        return tuple(sector for score, sector in sorted(scored, key=lambda pair: -pair[0]) if score)

    def holiday(self, day: date) -> str | None:
        """The name of the holiday, None on other days."""
        return next((each.name for each in self.holidays if each.on(day.year) == day), None)

    def quiet(self, at: datetime) -> bool:
        """People sleep: nobody gets news now."""
        now = at.astimezone(self.zone).time()
        if self.quiet_from > self.quiet_to:
            return now >= self.quiet_from or now < self.quiet_to
        return self.quiet_from <= now < self.quiet_to

    def end_of_quiet(self, at: datetime) -> datetime:
        """The next moment (UTC) at which news may be sent; `at` itself when they may be sent now."""
        if not self.quiet(at):
            return at
        local = at.astimezone(self.zone)
        day = local.date() + timedelta(days=1 if local.time() >= self.quiet_to else 0)
        return datetime.combine(day, self.quiet_to, self.zone).astimezone(UTC)

    def today(self, at: datetime) -> date:
        """The day it is there."""
        return at.astimezone(self.zone).date()


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.lower())
    return " ".join(_WORDS.findall("".join(letter for letter in folded if not unicodedata.combining(letter))))
