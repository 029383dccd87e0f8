"""Reading the articles for the lexical index: fields, ways of asking, names, vocabulary. Nothing is weighed here."""

from __future__ import annotations

from collections import Counter, defaultdict

from bot.understanding.articles import LANGUAGES, Article
from bot.understanding.text import Analyser, Terms, is_function_word

_MEANING = 0.7  # a meaning says less than the word itself: it was our reading of it
_PAIR = 0.5


class Gathered:
    """What is read from the articles before anything is weighed."""

    def __init__(self, analyser: Analyser) -> None:
        self._analyser = analyser
        self.ways: list[tuple[int, dict[str, float]]] = []
        self.fields: list[dict[str, Counter[str]]] = []
        self.counts: list[Counter[str]] = []
        self.spoken: list[Counter[str]] = []  # words of the ways of asking
        self.titles: list[tuple[int, dict[str, float]]] = []
        self.keywords: list[tuple[int, frozenset[str]]] = []
        self.holders: dict[str, set[int]] = defaultdict(set)
        self.vocabulary: dict[str, int] = Counter()
        self.by_language: dict[str, set[str]] = {language: set() for language in LANGUAGES}

    def take(self, number: int, language: str, article: Article) -> None:
        """Read one article in one language."""
        while len(self.fields) <= number:
            self.fields.append(defaultdict(Counter))
            self.counts.append(Counter())
            self.spoken.append(Counter())
        sections = " ".join(section.text for section in article.sections)
        for name, texts in (
            ("title", (article.title,)),
            ("label", (article.label,)),
            ("questions", tuple(article.questions)),
            ("keywords", tuple(article.keywords)),
            ("summary", (article.summary,)),
            ("sections", (sections,)),
        ):
            for text in texts:
                self._field(number, language, name, text)

    def usual_lengths(self) -> dict[str, float]:
        """The mean length of each field."""
        sums: Counter[str] = Counter()
        for fields in self.fields:
            for name, counts in fields.items():
                sums[name] += counts.total()
        return {name: total / max(len(self.fields), 1) for name, total in sums.items()}

    def _field(self, number: int, language: str, name: str, text: str) -> None:
        terms = self._analyser.terms(text, language)
        weights = term_weights(terms)
        single = [term for term in weights if " " not in term]
        self.fields[number][name].update(single)
        for word in terms.words:
            self.vocabulary[word] += 1
        self.by_language[language].update(terms.words)
        for term in weights if name not in ("summary", "sections") else single:
            self.holders[term].add(number)
        if name in ("summary", "sections"):
            return
        self.ways.append((number, weights))
        self.counts[number].update(single)
        self.spoken[number].update(word for word in terms.words if not is_function_word(word))
        if name in ("title", "label"):
            self.titles.append((number, {t: w for t, w in weights.items() if " " not in t}))
        if name == "keywords" and terms.stems:
            self.keywords.append((number, frozenset(terms.stems)))


def term_weights(terms: Terms) -> dict[str, float]:
    """Stems, meanings and neighbouring pairs, each with what it counts for."""
    weights: dict[str, float] = dict.fromkeys(terms.stems, 1.0)
    weights.update(dict.fromkeys(terms.meanings, _MEANING))
    for left, right in zip(terms.stems, terms.stems[1:], strict=False):
        weights[f"{left} {right}"] = _PAIR
    return weights
