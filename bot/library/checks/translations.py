"""Both languages: every article translated, no translation left behind, the same steps and words in each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.library.article import LANGUAGES, MAIN_LANGUAGE
from bot.library.checks.desk import Desk, article_of, line_of, notes_for
from bot.library.fairs import Fair, ReadFair
from bot.library.guided import Flow, ReadFlow
from bot.library.place import What
from bot.library.problems import Problem
from bot.library.sheet import Sheet

_SAME = ("start", "end", "region", "lat", "lon", "status", "example")


@dataclass(frozen=True, slots=True)
class Pair:
    """A file and its Spanish original, when both could be read."""

    original: Sheet
    translation: Sheet


def missing(desk: Desk) -> Iterator[Problem]:
    """Spanish files without translation, translations without original."""
    kinds = {What.ARTICLE, What.FLOW, What.FAIR}
    for path, sheet in desk.sheets.items():
        if sheet.place.what not in kinds:
            continue
        notes = notes_for(sheet)
        rest = path.split("/", 1)[1]
        if sheet.place.language == MAIN_LANGUAGE:
            for language in LANGUAGES:
                if language != MAIN_LANGUAGE and f"{language}/{rest}" not in desk.sheets:
                    notes.add("translation_missing", 1, "", path=f"{language}/{rest}")
        elif f"{MAIN_LANGUAGE}/{rest}" not in desk.sheets:
            notes.add("no_original", 1, "", path=f"{MAIN_LANGUAGE}/{rest}")
        yield from notes.problems


def outdated(desk: Desk) -> Iterator[Problem]:
    """Translations of an older version."""
    for pair in _pairs(desk):
        said, right = translates(pair.translation), hash_of(pair.original)
        notes = notes_for(pair.translation)
        if said != right:
            unmarked = not said or said == "PENDING"
            code = "translation_unmarked" if unmarked else "translation_outdated"
            notes.add(code, line_of(pair.translation, "translates"), "translates", hash=right)
        yield from notes.problems


def steps(desk: Desk) -> Iterator[Problem]:
    """A flow has the same steps, ways and points in each language."""
    for pair in _pairs(desk):
        first, second = _flow(pair.original), _flow(pair.translation)
        if first is None or second is None:
            continue
        notes = notes_for(pair.translation)
        differ = sorted(set(first.steps) ^ set(second.steps))
        differ += [name for name in first.steps if name in second.steps and _ways(first, name) != _ways(second, name)]
        differ += sorted({item.id for item in first.items} ^ {item.id for item in second.items})
        if differ or first.start != second.start:
            line = line_of(pair.translation, "steps", differ[0]) if differ else line_of(pair.translation, "start")
            notes.add("flow_steps_differ", line, "steps", steps=", ".join(differ) or first.start)
        yield from notes.problems


def fairs(desk: Desk) -> Iterator[Problem]:
    """A fair has the same time and place in each language."""
    for pair in _pairs(desk):
        first, second = _fair(pair.original), _fair(pair.translation)
        if first is None or second is None:
            continue
        notes = notes_for(pair.translation)
        for name in _SAME:
            right = getattr(first, name)
            if getattr(second, name) != right:
                notes.add("fair_differs", line_of(pair.translation, name), name, right=right)
        yield from notes.problems


def hash_of(sheet: Sheet) -> str:
    """What a translation of this file must say in `translates`."""
    return _fair_or_flow(sheet).hash if isinstance(sheet.found, ReadFair | ReadFlow) else article_of(sheet).hash


def translates(sheet: Sheet) -> str:
    """What this translation says that it translates."""
    found = _fair_or_flow(sheet) if isinstance(sheet.found, ReadFair | ReadFlow) else article_of(sheet)
    return found.translates


def _pairs(desk: Desk) -> Iterator[Pair]:
    for path, sheet in {**desk.articles, **desk.flows, **desk.fairs}.items():
        original = desk.sheets.get(f"{MAIN_LANGUAGE}/{path.split('/', 1)[1]}")
        if sheet.place.language != MAIN_LANGUAGE and original is not None and original.usable:
            yield Pair(original, sheet)


def _fair_or_flow(sheet: Sheet) -> Fair | Flow:
    found = _fair(sheet) or _flow(sheet)
    assert found
    return found


def _fair(sheet: Sheet) -> Fair | None:
    return sheet.found.fair if isinstance(sheet.found, ReadFair) else None


def _flow(sheet: Sheet) -> Flow | None:
    return sheet.found.flow if isinstance(sheet.found, ReadFlow) else None


def _ways(flow: Flow, step: str) -> tuple[object, ...]:
    found = flow.steps[step]
    return tuple(option.next for option in found.options), found.article
