"""The words of `ui.po`, the country and the values: readable, complete, the same keys in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from babel.messages.catalog import Catalog

from bot.errors import BadContent
from bot.library.article import LANGUAGES, MAIN_LANGUAGE
from bot.library.checks.desk import Desk
from bot.library.country import Country
from bot.library.place import AT_TOP, What
from bot.library.problems import Notes, Problem
from bot.library.render import NEEDED_KEYS
from bot.library.tree import read_yaml
from bot.messages import LONGEST_LABEL
from bot.wording import Entry, entries_of, read_catalog

NEEDED = ("datos.yaml", "pais.yaml", *(f"{language}/ui.po" for language in LANGUAGES))
_ON_BUTTONS = ("topic.", "section.")
_LINE = re.compile(r":(\d+): ")


def files(desk: Desk) -> Iterator[Problem]:
    """The files without which nothing can be served, and the word lists when somebody reads them."""
    for path in (*NEEDED, *(path for path, what in AT_TOP.items() if what in desk.words)):
        if path not in desk.sheets:
            notes = Notes(path)
            notes.add("missing_file", 1, "", path=path)
            yield from notes.problems


def wording(desk: Desk) -> Iterator[Problem]:
    """Both files of words can be read and say the same things."""
    read: dict[str, Mapping[str, Entry]] = {}
    paths: dict[str, str] = {}
    for path, sheet in desk.sheets.items():
        if sheet.place.what is not What.WORDING or not sheet.text:
            continue
        notes = Notes(path)
        catalog = catalog_of(sheet.text, notes)
        if catalog is not None:
            language = sheet.place.language
            read[language], paths[language] = entries_of(catalog), path
            _long(read[language], notes)
            if language == MAIN_LANGUAGE:
                _needed(read[language], notes)
        yield from notes.problems
    if read.keys() == set(LANGUAGES):
        yield from _compare(read, paths)


def country(desk: Desk) -> Iterator[Problem]:
    """The country names no region, kind of work or topic twice, and no value that is not there."""
    for path, sheet in desk.sheets.items():
        if not isinstance(sheet.found, Country):
            continue
        notes, tree = Notes(path), read_yaml(sheet.text, Notes(path))
        line = tree.line if tree else (lambda *_: 1)
        rows = {
            "regions": [region.code for region in sheet.found.regions],
            "sectors": [sector.id for sector in sheet.found.sectors],
            "topics": [topic.id for topic in sheet.found.topics],
        }
        for name, codes in rows.items():
            for place, code in enumerate(codes):
                if code in codes[:place]:
                    notes.add("country_twice", line(name, place), f"{name}[{place}]", value=code)
        for place, each in enumerate(sheet.found.help_lines):
            if desk.library.datos and each.datum not in desk.library.datos:
                notes.add("datos_unknown", line("help_lines", place, "datum"), "help_lines", key=each.datum, near="")
        yield from notes.problems


def catalog_of(text: str, notes: Notes) -> Catalog | None:
    """The keyed texts of a file; None when it is broken, with the line noted."""
    try:
        catalog = read_catalog(text.encode(), notes.file)
        for entry in entries_of(catalog).values():
            assert entry.places is not None
    except (BadContent, ValueError) as error:
        found = _LINE.search(str(error))
        notes.add("po_broken", int(found[1]) if found else 1, "", detail=str(error).rsplit(": ", 1)[-1])
        return None
    return catalog


def _needed(entries: Mapping[str, Entry], notes: Notes) -> None:
    for key in NEEDED_KEYS:
        if key not in entries:
            notes.add("po_needed", 1, key, key=key)


def _long(entries: Mapping[str, Entry], notes: Notes) -> None:
    for key, entry in entries.items():
        longest = max(map(len, entry.forms))
        if (
            key.startswith(_ON_BUTTONS)
            and key.count(".") == 1
            and not key.endswith((".text", ".none"))
            and longest > LONGEST_LABEL
        ):
            notes.add("po_long", entry.line, key, key=key, length=longest, longest=LONGEST_LABEL)


def _compare(read: Mapping[str, Mapping[str, Entry]], paths: Mapping[str, str]) -> Iterator[Problem]:
    main = read[MAIN_LANGUAGE]
    for language in LANGUAGES:
        notes = Notes(paths[language])
        other = next(read[each] for each in LANGUAGES if each != language)
        for key in sorted(other.keys() - read[language].keys()):
            notes.add("po_missing", 1, key, key=key)
        for key, entry in read[language].items():
            if language != MAIN_LANGUAGE and key in main and entry.places != main[key].places:
                notes.add("po_places", entry.line, key, key=key, places=", ".join(sorted(main[key].places)))
        yield from notes.problems
