"""What the checks look at: the files as they were read, and the library that they make."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Protocol

from bot.library.article import Article
from bot.library.fairs import ReadFair
from bot.library.glossary import Glossary
from bot.library.guided import ReadFlow
from bot.library.library import Library
from bot.library.markdown import Part
from bot.library.place import What
from bot.library.problems import Notes, Problem
from bot.library.reading import ReadArticle
from bot.library.sheet import Sheet, WordReaders
from bot.library.tree import Tree
from bot.wording import Wording


class Ranker(Protocol):
    """The search, as far as the check of an article's own questions needs it."""

    def __call__(self, article: str, question: str, language: str) -> str | None:
        """The id of the article that the question finds when the index does not know the question itself."""


Measure = Callable[[str, Sequence[str]], int]
"""How many characters a channel makes of a text and the titles of its options."""


@dataclass(frozen=True)
class Desk:
    """All the files on one desk. Files outside the asked paths are read too: articles speak of each other."""

    sheets: Mapping[str, Sheet]
    library: Library
    wording: Wording
    today: date
    ranker: Ranker | None = None
    measures: Mapping[str, Measure] = field(default_factory=dict)
    words: WordReaders = field(default_factory=dict)

    @cached_property
    def glossary(self) -> Glossary:
        """The words to be avoided."""
        return next((s.found for s in self.sheets.values() if isinstance(s.found, Glossary)), Glossary())

    @cached_property
    def articles(self) -> Mapping[str, Sheet]:
        """The article files that could be read, by path."""
        return {path: s for path, s in self.sheets.items() if isinstance(s.found, ReadArticle) and s.found.article}

    @cached_property
    def flows(self) -> Mapping[str, Sheet]:
        """The flow files that could be read, by path."""
        return {path: s for path, s in self.sheets.items() if isinstance(s.found, ReadFlow) and s.found.flow}

    @cached_property
    def fairs(self) -> Mapping[str, Sheet]:
        """The fair files that could be read, by path."""
        return {path: s for path, s in self.sheets.items() if isinstance(s.found, ReadFair) and s.found.fair}

    @cached_property
    def ids(self) -> frozenset[str]:
        """Everything that can be named by topic/slug, broken files too: a broken file is one mistake, not ten."""
        kinds = {What.ARTICLE, What.FLOW, What.FAIR}
        return frozenset(sheet.place.id for sheet in self.sheets.values() if sheet.place.what in kinds)

    def near(self, name: str) -> str:
        """A hint to the id that was probably meant, as words that can stand inside a remedy."""
        found = difflib.get_close_matches(name, self.ids, n=1, cutoff=0.6)
        return hint(found)


Check = Callable[[Desk], Iterator[Problem]]


def hint(found: Sequence[str]) -> str:
    """The nearest name in brackets, to stand inside a remedy of any language; nothing when nothing is near."""
    return f" ({found[0]}?)" if found else ""


def article_of(sheet: Sheet) -> Article:
    """The article of a sheet out of `Desk.articles`."""
    assert isinstance(sheet.found, ReadArticle)
    assert sheet.found.article
    return sheet.found.article


def parts_of(sheet: Sheet) -> tuple[Part, ...]:
    """The text of an article or fair with line numbers; nothing for other files."""
    return sheet.found.parts if isinstance(sheet.found, ReadArticle | ReadFair) else ()


def tree_of(sheet: Sheet) -> Tree | None:
    """The fields of an article, fair or flow with line numbers."""
    return sheet.found.tree if isinstance(sheet.found, ReadArticle | ReadFair | ReadFlow) else None


def line_of(sheet: Sheet, *path: str | int) -> int:
    """The line of a field."""
    tree = tree_of(sheet)
    return tree.line(*path) if tree else 1


def notes_for(sheet: Sheet) -> Notes:
    """An empty list of problems of that file."""
    return Notes(sheet.place.path)


def had(sheet: Sheet, *codes: str) -> bool:
    """Reading the file has already told one of these mistakes."""
    return any(problem.code in codes for problem in sheet.problems)
