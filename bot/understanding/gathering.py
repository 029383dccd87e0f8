"""Reading the articles for the lexical index: fields, ways of asking, names, vocabulary. Nothing is weighed here."""

from __future__ import annotations

from array import array
from collections import Counter

from bot.understanding.articles import LANGUAGES, Article
from bot.understanding.numbers import Cells
from bot.understanding.text import Analyser, Terms, is_function_word

FIELDS = ("title", "label", "questions", "keywords", "summary", "sections")
_PROSE = frozenset({"summary", "sections"})
_MEANING = 0.7  # a meaning says less than the word itself: it was our reading of it
PAIR = 0.5
"""What two words side by side count for, against the 1 of a word."""


class Gathered:
    """What is read from the articles before anything is weighed. Terms, words and articles are numbers here.

    Numbers of stems and meanings (`singles`) and of neighbouring pairs (`pairs`) are counted apart.
    """

    def __init__(self, analyser: Analyser) -> None:
        self._analyser = analyser
        self.singles: dict[str, int] = {}
        self.pairs: dict[str, int] = {}
        self.words: dict[str, int] = {}
        self.in_fields = {name: Cells() for name in FIELDS}  # single in article, once a text
        self.owners = array("I")  # article of each way of asking, in rising order
        self.weights = array("f")  # of the singles of the ways, row by row
        self.in_ways = Cells()  # single in way
        self.pairs_in_ways = Cells()
        self.spoken = Cells()  # word of a way of asking in article
        self.titles: list[int] = []  # the ways that are a title or a label
        self.keywords: list[tuple[int, frozenset[str]]] = []
        self.vocabulary: dict[str, int] = Counter()
        self.by_language: dict[str, set[str]] = {language: set() for language in LANGUAGES}

    def take(self, number: int, language: str, article: Article) -> None:
        """Read one article in one language; articles come in the order of their numbers."""
        sections = " ".join(section.text for section in article.sections)
        texts = (
            (article.title,),
            (article.label,),
            article.questions,
            article.keywords,
            (article.summary,),
            (sections,),
        )
        for name, some in zip(FIELDS, texts, strict=True):
            for text in some:
                self._field(number, language, name, text)

    def _field(self, number: int, language: str, name: str, text: str) -> None:
        terms = self._analyser.terms(text, language)
        self.by_language[language].update(terms.words)
        for word in terms.words:
            self.vocabulary[word] += 1
        weights = single_weights(terms)
        numbers = _numbered(self.singles, weights)
        self.in_fields[name].add(numbers, number)
        if name in _PROSE:
            return
        way = len(self.owners)
        self.owners.append(number)
        self.in_ways.add(numbers, way)
        self.weights.extend(weights.values())
        self.pairs_in_ways.add(_numbered(self.pairs, dict.fromkeys(pairs_of(terms))), way)
        self.spoken.add([self._word(word) for word in terms.words if not is_function_word(word)], number)
        if name in ("title", "label"):
            self.titles.append(way)
        if name == "keywords" and terms.stems:
            self.keywords.append((number, frozenset(terms.stems)))

    def _word(self, word: str) -> int:
        return self.words.setdefault(word, len(self.words))


def _numbered(known: dict[str, int], terms: dict[str, float] | dict[str, None]) -> list[int]:
    return [known.setdefault(term, len(known)) for term in terms]


def single_weights(terms: Terms) -> dict[str, float]:
    """Stems and meanings, each with what it counts for."""
    weights = dict.fromkeys(terms.stems, 1.0)
    weights.update(dict.fromkeys(terms.meanings, _MEANING))
    return weights


def pairs_of(terms: Terms) -> list[str]:
    """Neighbouring stems; each pair counts for PAIR."""
    return [f"{left} {right}" for left, right in zip(terms.stems, terms.stems[1:], strict=False)]
