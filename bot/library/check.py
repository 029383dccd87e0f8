"""The editor's friend: everything that is wrong with the content, with file, line and how to mend it.

Reads files and changes none. The search is not known here: who wants to know whether a question leads elsewhere brings
a `Ranker` along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.errors import BadContent
from bot.library.article import MAIN_LANGUAGE, Article
from bot.library.checks import dates, language, numbers, relations, sizes, translations, ways
from bot.library.checks import words as wording_and_country
from bot.library.checks.desk import Check, Desk, Measure, Ranker
from bot.library.library import Library
from bot.library.load import NOBODY_READS, load, paths_under
from bot.library.pen import stamp_translations, verify
from bot.library.problems import ERROR, Notes, Problem
from bot.library.render import Freshness, freshness
from bot.library.sheet import WordReaders
from bot.wording import Wording

__all__ = ["Due", "Measure", "Ranker", "check", "due", "failed", "stamp_translations", "verify"]

CHECKS: tuple[Check, ...] = (
    wording_and_country.files,
    wording_and_country.wording,
    wording_and_country.country,
    relations.topics,
    relations.related,
    relations.links,
    relations.flow_articles,
    relations.labels,
    relations.option_emoji,
    relations.questions,
    relations.own_questions,
    relations.regions,
    relations.offices,
    dates.facts,
    dates.values,
    dates.review,
    language.respect,
    language.long_sentences,
    language.easy,
    language.bold,
    numbers.braces,
    numbers.typed,
    sizes.bubbles,
    translations.missing,
    translations.outdated,
    translations.steps,
    translations.fairs,
    ways.flows,
    ways.fairs,
    ways.drafts,
)


_AFTER = frozenset({"translation_outdated", "translation_unmarked", "flow_steps_differ", "fair_differs"})


@dataclass(frozen=True, slots=True)
class Due:
    """An article that somebody must look at: not verified yet, or past its date."""

    topic: str
    article: Article
    state: Freshness

    @property
    def days(self) -> date:
        """The day on which the review was or will be due."""
        return self.article.review_by


def check(
    folder: Path,
    paths: Sequence[Path] = (),
    today: date | None = None,
    *,
    ranker: Ranker | None = None,
    measures: Mapping[str, Measure] | None = None,
    words: WordReaders = NOBODY_READS,
) -> list[Problem]:
    """Every mistake of the files below `paths` (none: all), in the order of the files. Without a day nothing is due,
    without readers of word lists those are not looked into.
    """
    loaded = load(folder, words)
    desk = Desk(loaded.sheets, loaded.library, _wording(folder), today or date.min, ranker, measures or {}, words)
    found = [problem for sheet in loaded.sheets.values() for problem in sheet.problems]
    for each in CHECKS:
        found += each(desk)
    wanted = paths_under(folder, paths)
    unknown = [path for path in wanted if not _exists(path, desk)]
    for path in unknown:
        notes = Notes(path)
        notes.add("path_unknown", 1)
        found += notes.problems
    return sorted({p for p in _first_things_first(found) if not wanted or _below(p.file, wanted)})


def failed(problems: Sequence[Problem]) -> bool:
    """There is an error among them, not only warnings."""
    return any(problem.level == ERROR for problem in problems)


def due(library: Library, today: date) -> list[Due]:
    """What staff have to look at, topic by topic: unverified articles and those past their date, the oldest first."""
    rows = []
    for article in library.articles(MAIN_LANGUAGE):
        state = freshness(article, today)
        if article.verified is None or state is not Freshness.FRESH:
            rows.append(Due(article.topic, article, state))
    topics = {topic: place for place, topic in enumerate(library.topics)}
    return sorted(rows, key=lambda row: (topics.get(row.topic, len(topics)), row.article.review_by, row.article.id))


def _first_things_first(problems: Sequence[Problem]) -> list[Problem]:
    """A translation is not behind an original that has to be mended first."""
    broken = {problem.file for problem in problems if problem.level == ERROR}
    return [p for p in problems if p.code not in _AFTER or f"{MAIN_LANGUAGE}/{p.file.split('/', 1)[1]}" not in broken]


def _wording(folder: Path) -> Wording:
    try:
        return Wording.read(folder)
    except BadContent:
        return Wording({})


def _below(file: str, paths: Sequence[str]) -> bool:
    return any(path in {".", file} or file.startswith(path.rstrip("/") + "/") for path in paths)


def _exists(path: str, desk: Desk) -> bool:
    return any(_below(file, (path,)) for file in desk.sheets)
