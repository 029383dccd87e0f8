"""The words in service: texts, controls, vocabulary, danger, trust gate, places, rates, each in its last good version.

The one place that owns them. Everybody asks here at each use, or holds the one `Wording`, which is renewed in place. It
reads no file itself: `bot.library.load` does, and gives only what `bot.word_files` found whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from bot.alerts.gazetteer import Gazetteer
from bot.alerts.trust import TrustGate
from bot.broadcasts.rates import Rates
from bot.errors import BadContent
from bot.library.country import Country
from bot.library.place import AT_TOP, What
from bot.library.problems import Problem
from bot.library.sheet import Sheet, WordList
from bot.understanding.danger_phrases import Phrases
from bot.understanding.reader import glossary_of
from bot.understanding.text import Glossary
from bot.word_files import Catalogued
from bot.wording import MAIN, Home, Wording

NEEDED = (f"{MAIN}/ui.po", "peligro.txt")
"""Without these nobody can be answered. Each of the others is missed only by what needs it."""

_Kind = TypeVar("_Kind")


class Words:
    """What the files of words say now."""

    def __init__(self, folder: Path, sheets: Mapping[str, Sheet], country: Country) -> None:
        """Raises BadContent, in one line, when a file of words is broken from the start or a needed one is not there."""
        self._folder = folder
        self._values: dict[str, object] = {}
        self.wording = Wording({})
        for sheet in sheets.values():
            if broken := broken_words(sheet):
                raise BadContent(f"{folder / broken.file}:{broken.line}: {broken.message()} {broken.remedy()}")
        self.take(sheets, country)
        for path in NEEDED:
            self._value(path, object)

    def take(self, served: Mapping[str, Sheet], country: Country) -> None:
        """Put these files in service. One that is not among them stays as it was."""
        self._values |= {path: sheet.found.value for path, sheet in served.items() if isinstance(sheet.found, WordList)}
        read = {path.split("/")[0]: each for path, each in self._values.items() if isinstance(each, Catalogued)}
        self.wording.renew(
            {language: each.entries for language, each in read.items()},
            {language: each.locale for language, each in read.items() if each.locale},
            Home(country.zone, country.symbols.get(country.currency, "")),
        )

    @property
    def danger(self) -> Phrases:
        """The phrases that always, or never, call for help."""
        return self._value("peligro.txt", Phrases)

    @property
    def glossary(self) -> Glossary:
        """Controls and vocabulary, as the search needs them; what has no file is empty."""
        return _glossary(self._values)

    @property
    def gate(self) -> TrustGate:
        """The trust gate for offers."""
        return self._value("ofertas.yaml", TrustGate)

    @property
    def vacancies(self) -> str:
        """The text of the words by which vacancies are read."""
        return self._value("vacantes.yaml", str)

    @property
    def gazetteer(self) -> Gazetteer:
        """The places of the country."""
        return self._value("lugares-peru.yaml", Gazetteer)

    @property
    def rates(self) -> Rates:
        """What messages cost."""
        return self._value("tarifas.yaml", Rates)

    def _value(self, path: str, kind: type[_Kind]) -> _Kind:
        found = self._values.get(path)
        if not isinstance(found, kind) or found is None:
            raise BadContent(f"{self._folder / path}: no such file")
        return found


def glossary_in(sheets: Mapping[str, Sheet]) -> Glossary:
    """Controls and vocabulary of these files, without those that are broken."""
    return _glossary({path: sheet.found.value for path, sheet in sheets.items() if isinstance(sheet.found, WordList)})


def _glossary(values: Mapping[str, object]) -> Glossary:
    controls, vocabulary = (values.get(name) for name in ("controles.yaml", "vocabulario.yaml"))
    return glossary_of(
        controls if isinstance(controls, Mapping) else {}, vocabulary if isinstance(vocabulary, Mapping) else {}
    )


def broken_words(sheet: Sheet) -> Problem | None:
    """The first mistake for which this file of words is not taken; None when it is taken, or is no file of words."""
    if sheet.place.what not in _WORDS or sheet.usable:
        return None
    return next((problem for problem in sheet.problems if problem.blocks), None)


_NO_WORDS = {What.DATOS, What.COUNTRY, What.GLOSSARY, What.OFFICES, What.TEAM}
_WORDS = {What.WORDING, *AT_TOP.values()} - _NO_WORDS
_HEARD = _WORDS & {What.CONTROLS, What.VOCABULARY, What.DANGER}


def heard_by(sheets: Mapping[str, Sheet]) -> tuple[str, ...]:
    """What an understanding of these files is made from: it is to be made anew when this is another one."""
    return tuple(
        f"{path} {s.digest}" for path, s in sheets.items() if s.place.what not in _WORDS or s.place.what in _HEARD
    )
