"""Every word that Rumbo says and that is no content: keyed texts of `content/<language>/ui.po`, dates and money.

Read at start, and renewed in place when an editor changes a file. A key that a language lacks is served in Spanish; a key that nobody has is a KeyError, which the tests
and `rumbo check` find before a person does. No sentence for people may stand in Python.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from babel import UnknownLocaleError
from babel.core import Locale
from babel.dates import format_date, format_time
from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal

from bot.errors import BadContent

MAIN = "es"
LANGUAGES = ("es", "en")

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PO_LINE = re.compile(r'#.*|(?:msg(?:id|id_plural|str|ctxt)(?:\[\d\])?\s+)?"(?:[^"\\]|\\.)*"')
_SPLIT = re.compile(r"\s*[,|\n]\s*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One key in one language: one text, or one for each plural form."""

    forms: tuple[str, ...]
    line: int = 0

    @property
    def places(self) -> frozenset[str]:
        """The names in braces that the caller must fill in."""
        return frozenset(name for form in self.forms for name in placeholders(form))


@dataclass(frozen=True, slots=True)
class Home:
    """Where the people live who are spoken to: the clock on their wall and the money in their pocket."""

    zone: tzinfo = UTC
    symbol: str = ""

    @classmethod
    def read(cls, path: Path) -> Home:
        """What `pais.yaml` says; the plain default when it cannot be read (`rumbo check` tells why)."""
        try:
            country = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_LOADER)  # noqa: S506  # a safe loader
            return cls(ZoneInfo(country["time_zone"]), country["symbols"][country["currency"]])
        except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError, AttributeError):
            return cls()


_NONE: Mapping[str, Entry] = {}


class Wording:
    """The words of every language."""

    def __init__(
        self,
        entries: Mapping[str, Mapping[str, Entry]],
        locales: Mapping[str, str] | None = None,
        home: Home = Home(),  # frozen
    ) -> None:
        self._entries = entries
        self._locales = {MAIN: "es", "en": "en", **(locales or {})}
        self._home = home

    @classmethod
    def read(cls, folder: Path) -> Wording:
        """The words below a content folder; raises BadContent with file and line when one cannot be read."""
        entries: dict[str, Mapping[str, Entry]] = {}
        locales: dict[str, str] = {}
        for language in LANGUAGES:
            path = folder / language / "ui.po"
            if not path.is_file():
                if language == MAIN:
                    raise BadContent(f"{path}: no such file")
                continue
            catalog = read_catalog(path.read_bytes(), str(path))
            entries[language] = entries_of(catalog)
            if catalog.locale is not None:
                locales[language] = str(catalog.locale)
        return cls(entries, locales, Home.read(folder / "pais.yaml"))

    def renew(self, entries: Mapping[str, Mapping[str, Entry]], locales: Mapping[str, str], home: Home) -> None:
        """Say it with these words from now on, wherever this object is held.

        A key that has gone, or that asks for a place which nobody fills, keeps its text until the next start.
        """
        self._entries = {
            language: {
                **known,
                **{key: each for key, each in entries.get(language, {}).items() if _fits(each, known, key)},
            }
            for language, known in {**dict.fromkeys(entries, _NONE), **self._entries}.items()
        }
        self._locales = {**self._locales, **locales}
        self._home = home

    def text(self, key: str, language: str = MAIN, /, **values: object) -> str:
        """The text of a key with its places filled in."""
        entry, found = self._entry(key, language)
        try:
            return entry.forms[0].format_map(values)
        except (LookupError, ValueError):
            if found == MAIN:
                raise
            return self.text(key, MAIN, **values)  # a translation with a wrong place in it

    def many(self, key: str, n: int, language: str = MAIN, /, **values: object) -> str:
        """The text that fits the number `n`, which fills the place {n}."""
        entry, found = self._entry(key, language)
        form = min(_plural(n, found, self._locales), len(entry.forms) - 1)
        return entry.forms[form].format_map({"n": n, **values})

    def words(self, key: str, language: str = MAIN) -> tuple[str, ...]:
        """A list of words, written with commas between them."""
        return tuple(word for word in _SPLIT.split(self.text(key, language)) if word)

    def has(self, key: str, language: str = MAIN) -> bool:
        """Some language knows the key."""
        return key in self._entries.get(language, {}) or key in self._entries.get(MAIN, {})

    def keys(self, language: str = MAIN) -> frozenset[str]:
        """The keys of one language."""
        return frozenset(self._entries.get(language, {}))

    def entries(self, language: str = MAIN) -> Iterator[tuple[str, Entry]]:
        """Keys and texts of one language, to compare languages."""
        yield from self._entries.get(language, {}).items()

    def locale(self, language: str = MAIN) -> str:
        """The locale for dates in that language."""
        return self._locales.get(language, self._locales[MAIN])

    def date(self, day: date | datetime, language: str = MAIN) -> str:
        """A day, or the day that a moment falls on at home: 12 set 2025."""
        return short_date(self._local(day).date() if isinstance(day, datetime) else day, self.locale(language))

    def day(self, at: datetime, language: str = MAIN) -> str:
        """A day that is near, with its weekday: sábado 5 de diciembre, Saturday 5 December."""
        pattern = self.text("date.day", language) if self.has("date.day", language) else "EEEE d MMMM"
        return str(format_date(self._local(at), pattern, locale=self.locale(language)))

    def hour(self, at: datetime, language: str = MAIN) -> str:
        """A time of day at home: 9:00 a. m."""
        text = format_time(self._local(at), "h:mm a", locale=self.locale(language))
        return text.replace("\u202f", " ").replace("\xa0", " ")

    def as_of(self, text: str, language: str = MAIN) -> str:
        """How fresh a fact is: `2025-09-12` is `set 2025`, `2025` is `2025`."""
        return month_of(text, self.locale(language))

    def money(self, amount: float, language: str = MAIN) -> str:
        """An amount as it is written at home, in every language: S/ 1,130 or S/ 40.60."""
        del language
        return money(amount, self._home.symbol, self.locale(MAIN)).strip()

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._home.zone)

    def _entry(self, key: str, language: str) -> tuple[Entry, str]:
        for each in (language, MAIN):
            if entry := self._entries.get(each, {}).get(key):
                return entry, each
        raise KeyError(key)


def _fits(entry: Entry, known: Mapping[str, Entry], key: str) -> bool:
    return key not in known or entry.places <= known[key].places


def read_catalog(raw: bytes, name: str) -> Catalog:
    """A .po file; raises BadContent with the line that is broken."""
    try:
        text = raw.decode("utf-8-sig")
        _refuse_broken_lines(text, name)
        return read_po(text.splitlines(keepends=True), abort_invalid=True)
    except (PoFileError, ValueError, UnknownLocaleError, TypeError, IndexError) as error:
        line = getattr(error, "lineno", 0)
        raise BadContent(f"{name}:{line + 1 if line else 1}: {error}") from error


def _refuse_broken_lines(text: str, name: str) -> None:
    """Babel reads over an open quote and over a key that stands there twice."""
    seen: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not _PO_LINE.fullmatch(line.strip()):
            raise BadContent(f"{name}:{number}: {line.strip()[:40]}")
        key = line.strip().removeprefix("msgid ")
        if line.startswith('msgid "') and key != '""' and seen.setdefault(key, number) != number:
            raise BadContent(f"{name}:{number}: {key} = {seen[key]}")


def entries_of(catalog: Catalog) -> dict[str, Entry]:
    """The keys that have a text."""
    out: dict[str, Entry] = {}
    for message in catalog:
        key = message.id[0] if isinstance(message.id, list | tuple) else message.id
        forms = message.string if isinstance(message.string, list | tuple) else (message.string,)
        if key and all(forms):
            out[str(key)] = Entry(tuple(str(form) for form in forms), message.lineno or 0)
    return out


def placeholders(text: str) -> tuple[str, ...]:
    """The names in braces; raises ValueError when a brace is left open."""
    return tuple(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def short_date(day: date, locale: str) -> str:
    """12 set 2025, without the full stops of abbreviated months."""
    return _undotted(format_date(day, "d MMM y", locale=locale))


def month_of(text: str, locale: str) -> str:
    """The month of YYYY-MM or YYYY-MM-DD (set 2025), the year alone when no more is known."""
    if len(text) < 7:
        return text
    return _undotted(format_date(date(int(text[:4]), int(text[5:7]), 1), "MMM y", locale=locale))


def money(amount: float, symbol: str, locale: str) -> str:
    """S/ 1,130 for whole amounts, else S/ 40.60."""
    pattern = "#,##0" if float(amount).is_integer() else "#,##0.00"
    return f"{symbol} {format_decimal(amount, pattern, locale=locale)}"


def number(value: float, locale: str) -> str:
    """A bare number: 1,700 or 1.5."""
    return str(format_decimal(value, locale=locale))


def _undotted(text: str) -> str:
    return text.replace(".", "")


def _plural(n: int, language: str, locales: Mapping[str, str]) -> int:
    form = Locale.parse(locales.get(language, language)).plural_form(n)
    return 0 if form == "one" else 1
