"""Whether a way of asking leads to its own article when the index has never seen it: for `rumbo check --questions`.

Five indexes, each without a fifth of the ways of asking, as in `bot.understanding.train`: half a minute for everything,
so it runs only when it is asked for.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from bot.library.article import LANGUAGES, Article
from bot.library.library import Library
from bot.understanding.lexical import LexicalIndex
from bot.understanding.ranking import Outcome, Ranker, load_weights
from bot.understanding.text import Analyser, Glossary

PARTS = 5


class _Less:
    """A library without one part of its ways of asking."""

    def __init__(self, library: Library, part: int) -> None:
        self._rows = {language: [_without(one, part) for one in library.articles(language)] for language in LANGUAGES}

    def articles(self, language: str) -> Sequence[Article]:
        """See `bot.understanding.lexical.Library`."""
        return self._rows.get(language, [])


class Blindfolded:
    """Answers a question of an article as if nobody had written it down."""

    def __init__(self, library: Library, glossary: Glossary) -> None:
        self._library = library
        self._glossary = glossary

    def __call__(self, article: str, question: str, language: str) -> str | None:
        """The article that the question surely finds; None when the search would not be sure."""
        del article
        ranker = self._rankers[_part(question)]
        ranking = ranker.rank(ranker.lexical.match(question, language))
        return ranking.hits[0].article if ranking.outcome is Outcome.ANSWER else None

    @cached_property
    def _rankers(self) -> list[Ranker]:
        analyser, weights = Analyser(self._glossary), load_weights()
        return [Ranker(LexicalIndex(_Less(self._library, part), analyser), weights) for part in range(PARTS)]


def _without(article: Article, part: int) -> Article:
    return replace(article, questions=tuple(q for q in article.questions if _part(q) != part))


def _part(question: str) -> int:
    return zlib.crc32(question.encode()) % PARTS
