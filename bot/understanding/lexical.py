"""The lexical index: how near a message is to each article, by words, meanings and pieces of words. Plain Python.

Everything that can be multiplied beforehand is, when the index is built; a question only adds. What it gives are
features, one row an article; `ranking.py` weighs them. It must stay without numpy: it also serves where no encoder is.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from bot.understanding.text import Analyser, Terms, is_function_word, pieces, sound, stem, with_one_less

LANGUAGES = ("es", "en")
FEATURES = ("best", "second", "bm25", "bayes", "pieces", "covered", "name", "keyword")
_MEANING = 0.7  # a meaning says less than the word itself: it was our reading of it
_PAIR = 0.5
_TYPO_FROM = 5  # shorter words have too many honest neighbours to be corrected
_FIELDS = {"title": 3.0, "label": 2.5, "keywords": 2.5, "questions": 1.0, "summary": 0.8, "sections": 0.4}
_FLATTENING = 0.4  # how much a long field counts less
_SATURATION = 1.2
_EVERYWHERE = 400  # ways of asking: a word that so many share costs time and tells little
_SMOOTHING = 0.15


class Section(Protocol):
    """One part of an article, as the library gives it."""

    @property
    def key(self) -> str: ...
    @property
    def text(self) -> str: ...


class Article(Protocol):
    """What the index reads of an article."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def questions(self) -> Sequence[str]: ...
    @property
    def keywords(self) -> Sequence[str]: ...
    @property
    def summary(self) -> str: ...
    @property
    def sections(self) -> Sequence[Section]: ...


class Library(Protocol):
    """Where the articles come from; a language without articles gives an empty row."""

    def articles(self, language: str) -> Sequence[Article]: ...


Postings = dict[str, tuple["array[int]", "array[float]"]]


@dataclass(frozen=True, slots=True)
class Match:
    """How near a message is to the articles: `columns[f][i]` is feature f of article i.

    `familiar` is the share of what the message says that the content has ever heard of.
    """

    columns: Sequence[Sequence[float]]
    familiar: float
    terms: Terms
    length: int  # content words of the message


@dataclass(frozen=True, slots=True)
class _Way:
    """One way of asking for an article."""

    article: int
    weights: Mapping[str, float]


class LexicalIndex:
    """An index over every article in every language. Building takes below a second; it never changes afterwards."""

    def __init__(self, library: Library, analyser: Analyser) -> None:
        self._analyser = analyser
        self.ids: tuple[str, ...] = ()
        documents = _documents(library)
        self.ids = tuple(documents)
        self._count = len(self.ids)
        gathered = _Gathered(analyser)
        for number, identity in enumerate(self.ids):
            for language, article in documents[identity]:
                gathered.take(number, language, article)
        self._weigh(gathered)
        self._spellings = _Spellings(gathered.vocabulary, gathered.by_language, analyser.meaning_stems())
        self._near_pieces = lru_cache(maxsize=4_000)(self._sum_pieces)

    def match(self, text: str, language: str | None = None) -> Match:
        """The features of every article for a message; without a language, the one whose words it uses."""
        said = self._analyser.words(text)
        language = language or self._spellings.language(said)
        corrected = [self._spellings.nearest(word, language) for word in said]
        terms = self._analyser.terms_of(corrected, language)
        query = self._query(terms)
        best, second = self._ways(query)
        spread = {term: weight for term, weight in query.items() if " " not in term}
        columns = (
            best,
            second,
            self._add(self._bm25, spread),
            self._add(self._bayes, spread),
            self._piecewise(said),
            *self._names(terms, spread),
        )
        familiar = self._familiar(said, corrected, language)
        return Match(columns, familiar, terms, len(terms.stems))

    def idf(self, term: str) -> float:
        """How telling a term is: 0 when every article has it."""
        return self._idf.get(term, self._rarest)

    # -- a question ---------------------------------------------------------------------------------------------

    def _query(self, terms: Terms) -> dict[str, float]:
        counted = _term_weights(terms)
        return {term: weight * self.idf(term) for term, weight in counted.items()}

    def _ways(self, query: Mapping[str, float]) -> tuple[list[float], list[float]]:
        """The cosine with the nearest and the second nearest way of asking, for each article."""
        length = math.sqrt(sum(w * w for w in query.values())) or 1.0
        near: dict[int, float] = defaultdict(float)
        for term, weight in query.items():
            found = self._by_way.get(term)
            if found and len(found[0]) < _EVERYWHERE:
                share = weight / length
                for way, there in zip(*found, strict=True):
                    near[way] += share * there
        best, second = [0.0] * self._count, [0.0] * self._count
        owner = self._owner
        for way, cosine in near.items():
            article = owner[way]
            if cosine > best[article]:
                best[article], second[article] = cosine, best[article]
            elif cosine > second[article]:
                second[article] = cosine
        return best, second

    def _add(self, postings: Postings, query: Mapping[str, float]) -> list[float]:
        total = [0.0] * self._count
        mass = sum(query.values()) or 1.0
        for term, weight in query.items():
            found = postings.get(term)
            if found:
                share = weight / mass
                for article, there in zip(*found, strict=True):
                    total[article] += share * there
        return total

    def _piecewise(self, said: Sequence[str]) -> list[float]:
        """The cosine of the pieces of the words with those of the article."""
        rows = [self._near_pieces(word) for word in set(said) if not is_function_word(word)]
        if not rows:
            return [0.0] * self._count
        length = math.sqrt(sum(row[-1] for row in rows)) or 1.0
        return [sum(column) / length for column in zip(*(row[:-1] for row in rows), strict=True)]

    def _sum_pieces(self, word: str) -> array[float]:
        """What one word adds for each article, and at the end its squared length: kept, because words repeat."""
        total = array("f", bytes(4 * (self._count + 1)))
        for piece in pieces(word):
            weight = self._piece_idf.get(piece, self._rarest)
            total[-1] += weight * weight
            found = self._pieces.get(piece)
            if found:
                for article, there in zip(*found, strict=True):
                    total[article] += weight * there
        return total

    def _names(self, terms: Terms, query: Mapping[str, float]) -> tuple[list[float], list[float], list[float]]:
        """How much of the message the article has, and how far its title and keywords stand in the message."""
        covered = self._add(self._presence, query)
        said = {*terms.stems, *terms.meanings}
        name, keyword = [0.0] * self._count, [0.0] * self._count
        there: dict[int, float] = defaultdict(float)
        for term in said:
            for title, share in zip(*self._by_name.get(term, ((), ())), strict=True):
                there[title] += share
        for title, share in there.items():
            name[self._named[title]] = max(name[self._named[title]], share)
        for first in said:
            for article, phrase, weight in self._keywords.get(first, ()):
                if weight > keyword[article] and phrase <= said:
                    keyword[article] = weight
        return covered, name, keyword

    def _familiar(self, said: Sequence[str], corrected: Sequence[str], language: str) -> float:
        known = total = 0.0
        for word, mended in zip(said, corrected, strict=True):
            if is_function_word(word):
                continue
            term = stem(mended, language)
            weight = self.idf(term)
            total += weight
            if term in self._idf:
                known += weight if word == mended else weight * 0.7
        return known / total if total else 0.0

    # -- building -----------------------------------------------------------------------------------------------

    def _weigh(self, gathered: _Gathered) -> None:
        self._rarest = math.log(1 + self._count)
        self._idf = {t: math.log(1 + self._count / len(held)) for t, held in gathered.holders.items()}
        self._owner = [article for article, _ in gathered.ways]
        self._by_way = _inverted(self._normalised(counts) for _, counts in gathered.ways)
        self._bm25 = _inverted(_saturated(fields, gathered.usual_lengths()) for fields in gathered.fields)
        self._bayes = _inverted(_likelihoods(gathered.counts))
        self._presence = _inverted(dict.fromkeys(counts, 1.0) for counts in gathered.counts)
        cut = {word: pieces(word) for word in set().union(*gathered.spoken)}
        in_pieces = [_in_pieces(spoken, cut) for spoken in gathered.spoken]
        self._piece_idf = {p: math.log(1 + self._count / held) for p, held in _holders(in_pieces).items()}
        self._pieces = _inverted(self._piece_vector(counts) for counts in in_pieces)
        self._named = [article for article, _ in gathered.titles]
        self._by_name = _inverted(_shares(self._normalised(title)) for _, title in gathered.titles)
        self._keywords: dict[str, list[tuple[int, frozenset[str], float]]] = defaultdict(list)
        for article, phrase in gathered.keywords:
            weight = sum(self.idf(term) for term in phrase) / (self._rarest * 1.5)
            self._keywords[min(phrase)].append((article, phrase, min(weight, 1.5)))

    def _normalised(self, counts: Mapping[str, float]) -> dict[str, float]:
        weighted = {term: count * self.idf(term) for term, count in counts.items()}
        length = math.sqrt(sum(w * w for w in weighted.values())) or 1.0
        return {term: weight / length for term, weight in weighted.items()}

    def _piece_vector(self, counts: Mapping[str, float]) -> dict[str, float]:
        weighted = {piece: (1 + math.log(n)) * self._piece_idf[piece] for piece, n in counts.items()}
        length = math.sqrt(sum(w * w for w in weighted.values())) or 1.0
        return {piece: weight / length for piece, weight in weighted.items()}


class _Gathered:
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
        weights = _term_weights(terms)
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


class _Spellings:
    """Brings a word that the content does not know to the known one that it sounds or looks like."""

    def __init__(
        self, vocabulary: Mapping[str, int], by_language: Mapping[str, set[str]], meanings: Iterable[str]
    ) -> None:
        self._known = frozenset(vocabulary)
        self._by_language = by_language
        self._stems = {lang: frozenset(stem(word, lang) for word in held) for lang, held in by_language.items()}
        self._meanings = frozenset(meanings)
        self._by_sound: dict[str, str] = {}
        self._by_less: dict[str, str] = {}
        for word in sorted(vocabulary, key=lambda w: (vocabulary[w], w)):  # the commonest is written last and stays
            self._by_sound[sound(word)] = word
            if len(word) >= _TYPO_FROM:
                for less in with_one_less(sound(word)):
                    self._by_less[less] = word
        self.nearest = lru_cache(maxsize=20_000)(self._nearest)

    def language(self, said: Sequence[str]) -> str:
        """English when more of the words are known in English than in Spanish."""
        known = {lang: sum(word in held for word in said) for lang, held in self._by_language.items()}
        return "en" if known["en"] > known["es"] else "es"

    def _nearest(self, word: str, language: str) -> str:
        root = stem(word, language)
        if word in self._known or root in self._stems[language] or root in self._meanings or is_function_word(word):
            return word
        if word.isdigit() or len(word) < 3:
            return word
        heard = sound(word)
        if heard in self._by_sound:
            return self._by_sound[heard]
        if len(word) < _TYPO_FROM:
            return word
        near = {self._by_less[less] for less in with_one_less(heard) if less in self._by_less}
        return min(near, key=lambda known: (abs(len(known) - len(word)), known[0] != word[0], known), default=word)


def _documents(library: Library) -> dict[str, list[tuple[str, Article]]]:
    found: dict[str, list[tuple[str, Article]]] = {}
    for language in LANGUAGES:
        for article in library.articles(language):
            found.setdefault(article.id, []).append((language, article))
    return dict(sorted(found.items()))


def _term_weights(terms: Terms) -> dict[str, float]:
    """Stems, meanings and neighbouring pairs, each with what it counts for."""
    weights: dict[str, float] = dict.fromkeys(terms.stems, 1.0)
    weights.update(dict.fromkeys(terms.meanings, _MEANING))
    for left, right in zip(terms.stems, terms.stems[1:], strict=False):
        weights[f"{left} {right}"] = _PAIR
    return weights


def _inverted(rows: Iterable[Mapping[str, float]]) -> Postings:
    lists: dict[str, tuple[array[int], array[float]]] = {}
    for number, row in enumerate(rows):
        for term, weight in row.items():
            found = lists.get(term)
            if found is None:
                found = lists[term] = (array("H"), array("f"))
            found[0].append(number)
            found[1].append(weight)
    return lists


def _in_pieces(spoken: Mapping[str, int], cut: Mapping[str, frozenset[str]]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for word, times in spoken.items():
        for piece in cut[word]:
            counts[piece] += times
    return counts


def _holders(rows: Iterable[Mapping[str, float]]) -> Counter[str]:
    held: Counter[str] = Counter()
    for row in rows:
        held.update(row.keys())
    return held


def _saturated(fields: Mapping[str, Counter[str]], usual: Mapping[str, float]) -> dict[str, float]:
    """BM25F: the fields of an article added with their weights, then a repeated term counts ever less."""
    total: dict[str, float] = defaultdict(float)
    for name, counts in fields.items():
        length = 1 - _FLATTENING + _FLATTENING * counts.total() / (usual[name] or 1)
        for term, count in counts.items():
            total[term] += _FIELDS[name] * count / length
    return {term: count * (_SATURATION + 1) / (count + _SATURATION) for term, count in total.items()}


def _likelihoods(counts: Sequence[Counter[str]]) -> Iterator[dict[str, float]]:
    """Naive Bayes as what a term adds above an article that never has it."""
    everywhere: Counter[str] = Counter()
    for row in counts:
        everywhere.update(row)
    total = everywhere.total() or 1
    for row in counts:
        size = row.total() or 1
        yield {t: math.log(1 + n / size / (_SMOOTHING * everywhere[t] / total)) for t, n in row.items()}


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values()) or 1.0
    return {term: weight / total for term, weight in weights.items()}
