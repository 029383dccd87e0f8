"""From the content folder to a `Library`: the only place that reads content files.

A file with a mistake is refused with file, line and remedy, and nothing is raised. The `Shelf` reads changed files
again and keeps the last good version of a broken one in service.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.library.assemble import assemble
from bot.library.datos import read_datos
from bot.library.fairs import read_fair
from bot.library.glossary import read_glossary
from bot.library.guided import read_flow
from bot.library.library import Library
from bot.library.offices import read_offices, read_team
from bot.library.pais import read_country
from bot.library.place import Place, What, good_name, place_of
from bot.library.problems import Notes, Problem
from bot.library.reading import read_article
from bot.library.sheet import Found, Sheet, WordList, WordReaders
from bot.library.text import LARGEST, decode

_READERS: Mapping[What, Callable[[str, Notes], Found]] = {
    What.DATOS: read_datos,
    What.COUNTRY: read_country,
    What.OFFICES: read_offices,
    What.TEAM: read_team,
    What.GLOSSARY: read_glossary,
}

NOBODY_READS: WordReaders = {}
"""For whoever wants the articles alone: the word lists are left unread."""

Signature = tuple[int, int, int]
"""What `stat` tells of a file: when it was changed, its size, its inode."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A library, what is wrong with its files, and the files as they were read."""

    library: Library
    problems: tuple[Problem, ...]
    sheets: Mapping[str, Sheet]


def load(folder: Path, words: WordReaders = NOBODY_READS) -> Loaded:
    """Read the whole folder. Never raises for what stands in the files."""
    shelf = Shelf(folder, words)
    return Loaded(shelf.current, tuple(shelf.current.problems), shelf.sheets)


class Shelf:
    """The library that is in service, and how to bring it up to date."""

    def __init__(self, folder: Path, words: WordReaders = NOBODY_READS) -> None:
        self._folder = folder
        self._words = words
        self._signatures: dict[str, Signature] = {}
        self._good: dict[str, Sheet] = {}
        self.sheets: dict[str, Sheet] = {}
        self.current = Library()
        self.refresh()

    @property
    def served(self) -> Mapping[str, Sheet]:
        """The files in service, each in its last good version."""
        return self._good

    def refresh(self) -> bool:
        """Read what has changed since the last time; says whether any file is another one now."""
        signatures = signatures_of(self._folder)
        if signatures == self._signatures and self.sheets.keys() == signatures.keys():
            return False
        sheets: dict[str, Sheet] = {}
        for path, signature in signatures.items():
            known = self.sheets.get(path)
            if known is None or self._signatures.get(path) != signature:
                known = read_sheet(self._folder, path, self._words)
            if known is not None:
                sheets[path] = known
        self._signatures = {path: signatures[path] for path in sheets}
        self.sheets = sheets
        last_good = {path: sheet for path, sheet in self._good.items() if path in sheets}
        self.current, self._good = assemble(sheets, last_good)
        return True


@lru_cache(maxsize=5_000)
def _is_ours(path: str) -> bool:
    return place_of(path) is not None


def signatures_of(folder: Path) -> dict[str, Signature]:
    """Every content file below the folder with what `stat` tells of it, in one order on every host."""
    found: dict[str, Signature] = {}
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = root[len(os.fspath(folder)) :].replace(os.sep, "/").lstrip("/")
        for name in names:
            path = f"{below}/{name}" if below else name
            if not _is_ours(path):
                continue
            try:
                stat = os.stat(os.path.join(root, name))  # noqa: PTH116, PTH118  # twice as quick, and asked every second
            except OSError:
                continue
            found[path] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return dict(sorted(found.items()))


def read_sheet(folder: Path, path: str, words: WordReaders = NOBODY_READS) -> Sheet | None:
    """One file as it is now; None when it has just gone away or is none of ours."""
    place = place_of(path)
    if place is None:
        return None
    notes = Notes(path)
    try:
        with (folder / path).open("rb") as file:
            raw = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        notes.add("unreadable", 1, detail=error.strerror or "")
        return Sheet(place, "", "", None, tuple(notes.problems))
    return parse(place, raw, notes, words)


def parse(place: Place, raw: bytes, notes: Notes, words: WordReaders = NOBODY_READS) -> Sheet:
    """What one file says. Pure."""
    digest = hashlib.sha256(raw).hexdigest()
    text = decode(raw, notes)
    found: Found = None
    if text is not None:
        found = _words_of(text, notes, words[place.what]) if place.what in words else _read(place, text, notes)
    return Sheet(place, digest, text or "", found, tuple(notes.problems))


def _read(place: Place, text: str, notes: Notes) -> Found:
    if place.what in {What.ARTICLE, What.FAIR, What.FLOW} and not good_name(place):
        notes.add("bad_name", 1, place.slug)
    match place.what:
        case What.ARTICLE:
            return read_article(text, place, notes)
        case What.FAIR:
            return read_fair(text, place, notes)
        case What.FLOW:
            return read_flow(text, place, notes)
        case What.MISPLACED:
            notes.add("misplaced", 1)
    reader = _READERS.get(place.what)
    return reader(text, notes) if reader else None


def _words_of(text: str, notes: Notes, read: Callable[[str, Notes], object]) -> Found:
    value = read(text, notes)
    return WordList(value) if value is not None and notes.served else None


def paths_under(folder: Path, paths: Iterable[Path]) -> tuple[str, ...]:
    """Paths that a person typed, as paths relative to the content folder."""
    root = folder.resolve()
    out = []
    for path in paths:
        full = path if path.is_absolute() else (path if path.exists() else folder / path)
        resolved = full.resolve()
        out.append(resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else path.as_posix())
    return tuple(out)
