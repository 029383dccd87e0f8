"""Reading `pais.yaml` into a `Country`. What cannot be read is noted and left at an empty value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.library.article import LANGUAGES
from bot.library.country import Bounds, Country, HelpLine, Holiday, Region, Sector, Topic
from bot.library.fields import Fields
from bot.library.problems import Notes
from bot.library.tree import read_yaml

REQUIRED = (
    "code", "name", "time_zone", "currency", "symbols", "phone_prefix", "quiet_hours", "minimum_wage", "bounds",
    "locales", "topics", "regions", "sectors", "help_lines", "holidays",
)  # fmt: skip
_MIDNIGHT = time(0)

NOWHERE = Country(
    code="",
    name={},
    time_zone="UTC",
    currency="",
    symbols={},
    phone_prefix="",
    quiet_from=_MIDNIGHT,
    quiet_to=_MIDNIGHT,
    minimum_wage="",
    bounds=Bounds(-90, 90, -180, 180),
    topics=(),
    regions=(),
    sectors=(),
    help_lines=(),
    holidays=(),
)
"""The country of a content folder without a readable `pais.yaml`: knows nothing, refuses nothing."""


def read_country(text: str, notes: Notes) -> Country | None:
    """The country of a file, None when it cannot be used."""
    tree = read_yaml(text, notes)
    if tree is None:
        return None
    fields = Fields(tree, notes)
    fields.only(REQUIRED, ("official",))
    quiet = fields.child("quiet_hours")
    symbols = fields.child("symbols")
    country = Country(
        code=fields.text("code"),
        name=fields.both("name", LANGUAGES),
        time_zone=_zone(fields),
        currency=fields.text("currency"),
        symbols={key: symbols.text(key) for key in symbols.values} if symbols else {},
        phone_prefix=fields.text("phone_prefix"),
        quiet_from=_time(quiet, "from"),
        quiet_to=_time(quiet, "to"),
        minimum_wage=fields.text("minimum_wage"),
        bounds=_bounds(fields),
        topics=tuple(_topic(row) for row in fields.rows("topics")),
        regions=tuple(_region(row) for row in fields.rows("regions")),
        sectors=tuple(_sector(row) for row in fields.rows("sectors", empty=True)),
        help_lines=tuple(_line(row) for row in fields.rows("help_lines", empty=True)),
        holidays=tuple(_holidays(fields)),
        official=fields.texts("official", empty=True),
        locales=fields.both("locales", LANGUAGES),
    )
    return country if notes.served else None


def _zone(fields: Fields) -> str:
    name = fields.text("time_zone")
    try:
        ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        fields.note("bad_time_zone", "time_zone", value=name)
        return "UTC"
    return name or "UTC"


def _time(fields: Fields | None, name: str) -> time:
    value = fields.text(name) if fields else ""
    try:
        return time.fromisoformat(value) if value else _MIDNIGHT
    except ValueError:
        if fields:
            fields.note("bad_time", name, value=value)
        return _MIDNIGHT


def _bounds(fields: Fields) -> Bounds:
    inner = fields.child("bounds")
    if inner is None:
        return NOWHERE.bounds
    inner.only(("south", "north", "west", "east"))
    south, north, west, east = (inner.number(side) or 0.0 for side in ("south", "north", "west", "east"))
    return Bounds(south, north, west, east)


def _topic(row: Fields) -> Topic:
    row.only(("id",), ("articles", "official"))
    return Topic(row.text("id"), row.texts("articles", empty=True), row.url("official"))


def _region(row: Fields) -> Region:
    row.only(("code", "name", "capital"), ("aliases",))
    return Region(row.text("code"), row.text("name"), row.text("capital"), row.texts("aliases", empty=True))


def _sector(row: Fields) -> Sector:
    row.only(("id", "name"), ("words",))
    return Sector(row.text("id"), row.both("name", LANGUAGES), row.texts("words", empty=True))


def _line(row: Fields) -> HelpLine:
    row.only(("id", "datum", "name"), ("article",))
    return HelpLine(row.text("id"), row.text("datum"), row.both("name", LANGUAGES), row.text("article", empty=True))


def _holidays(fields: Fields) -> Iterator[Holiday]:
    for row in fields.rows("holidays", empty=True):
        row.only(("name",), ("day", "easter"))
        name = row.text("name")
        if "easter" in row.values:
            offset: Any = row.number("easter")
            yield Holiday(name, easter=int(offset or 0))
            continue
        month, _, day = row.text("day").partition("-")
        if not (
            month.isdigit() and day.isdigit() and 1 <= int(month) <= 12 and 1 <= int(day) <= 29 + (int(month) != 2) * 2
        ):
            row.note("bad_date", "day", value=row.raw("day"))
            continue
        yield Holiday(name, int(month), int(day))
