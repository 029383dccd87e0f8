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

from bot.understanding.articles import LANGUAGES, Article, Library
from bot.understanding.gathering import Gathered, term_weights
from bot.understanding.spelling import Spellings
from bot.understanding.text import Analyser, Terms, is_function_word, pieces, stem

FEATURES = ("best", "second", "bm25", "bayes", "pieces", "covered", "name", "keyword")
_FIELDS = {"title": 3.0, "label": 2.5, "keywords": 2.5, "questions": 1.0, "summary": 0.8, "sections": 0.4}
_FLATTENING = 0.4  # how much a long field counts less
_SATURATION = 1.2
_EVERYWHERE = 400  # ways of asking: a word that so many share costs time and tells little
_SMOOTHING = 0.15


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


class LexicalIndex:
    """An index over every article in every language. Building takes below a second; it never changes afterwards."""

    def __init__(self, library: Library, analyser: Analyser) -> None:
        self._analyser = analyser
        self.ids: tuple[str, ...] = ()
        documents = _documents(library)
        self.ids = tuple(documents)
        self._count = len(self.ids)
        gathered = Gathered(analyser)
        for number, identity in enumerate(self.ids):
            for language, article in documents[identity]:
                gathered.take(number, language, article)
        self._weigh(gathered)
        self._spellings = Spellings(gathered.vocabulary, gathered.by_language, analyser.meaning_stems())
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
        counted = term_weights(terms)
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

    def _weigh(self, gathered: Gathered) -> None:
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


def _documents(library: Library) -> dict[str, list[tuple[str, Article]]]:
    found: dict[str, list[tuple[str, Article]]] = {}
    for language in LANGUAGES:
        for article in library.articles(language):
            found.setdefault(article.id, []).append((language, article))
    return dict(sorted(found.items()))


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
