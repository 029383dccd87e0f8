"""The lexical index: how near a message is to each article, by words, meanings and pieces of words.

Everything that can be multiplied beforehand is, when the index is built; a question only gathers rows and adds. What
it gives are features, one row a feature, one column an article; `ranking.py` weighs them. The same content gives the
same index on every host.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bot.understanding.articles import LANGUAGES, Article, Library
from bot.understanding.gathering import PAIR, Gathered, pairs_of, single_weights
from bot.understanding.numbers import Ints, Numbers, Postings, counted, expanded, most_and_next
from bot.understanding.spelling import Spellings
from bot.understanding.text import Analyser, Terms, is_function_word, pieces, stem

FEATURES = ("best", "second", "bm25", "bayes", "pieces", "covered", "name", "keyword")
_FIELDS = {"title": 3.0, "label": 2.5, "keywords": 2.5, "questions": 1.0, "summary": 0.8, "sections": 0.4}
_WAYS = ("title", "label", "questions", "keywords")
_FLATTENING = 0.4  # how much a long field counts less
_SATURATION = 1.2
_EVERYWHERE = 400  # ways of asking: a word that so many share costs time and tells little
_SMOOTHING = 0.15


@dataclass(frozen=True, slots=True)
class Match:
    """How near a message is to the articles: `columns[f, i]` is feature f of article i.

    `familiar` is the share of what the message says that the content has ever heard of.
    """

    columns: Numbers
    familiar: float
    terms: Terms
    length: int  # content words of the message


class LexicalIndex:
    """An index over every article in every language. Building takes below a second; it never changes afterwards."""

    def __init__(self, library: Library, analyser: Analyser) -> None:
        self._analyser = analyser
        documents = _documents(library)
        self.ids: tuple[str, ...] = tuple(documents)
        self._count = len(self.ids)
        gathered = Gathered(analyser)
        for number, identity in enumerate(self.ids):
            for language, article in documents[identity]:
                gathered.take(number, language, article)
        self._singles = gathered.singles
        self._pairs = gathered.pairs
        self._rarest = math.log(1 + self._count)
        if self._count:
            self._weigh_terms(gathered)
            self._weigh_ways(gathered)
            self._weigh_pieces(gathered)
            self._weigh_keywords(gathered)
        self._spellings = Spellings(gathered.vocabulary, gathered.by_language, analyser.meaning_stems())
        self._near_pieces = lru_cache(maxsize=4_000)(self._sum_pieces)

    def only_english(self, said: Sequence[str]) -> bool:
        """Whether the content knows some of these words in English alone, and none in Spanish alone."""
        return self._spellings.only_english(said)

    def match(self, text: str, language: str | None = None) -> Match:
        """The features of every article for a message; without a language, the one whose words it uses."""
        said = self._analyser.words(text)
        language = language or self._spellings.language(said)
        corrected = [self._spellings.nearest(word, language) for word in said]
        terms = self._analyser.terms_of(corrected, language)
        columns = np.zeros((len(FEATURES), self._count), dtype=np.float32)
        if self._count:
            self._fill(columns, said, terms)
        return Match(columns, self._familiar(said, corrected, language), terms, len(terms.stems))

    # -- a question ---------------------------------------------------------------------------------------------

    def _fill(self, columns: Numbers, said: Sequence[str], terms: Terms) -> None:
        weighed = {term: weight * self._idf(term) for term, weight in single_weights(terms).items()}
        rows = [self._singles[term] for term in weighed if term in self._singles]
        weights = np.array([weight for term, weight in weighed.items() if term in self._singles], dtype=np.float32)
        columns[0], columns[1] = self._ways_near(terms, weighed, rows, weights)
        if rows:
            found = self._by_term[rows]
            shares = weights / (sum(weighed.values()) or 1.0)
            columns[2] = shares @ found[:, 0]
            columns[3] = shares @ found[:, 1]
            columns[5] = shares @ (found[:, 1] > 0)
            columns[6] = np.maximum.reduceat(self._by_name.sums(rows, np.ones(len(rows))), self._name_starts)
        self._piecewise(said, columns[4])
        self._keywords_met({*terms.stems, *terms.meanings}, columns[7])

    def _ways_near(
        self, terms: Terms, weighed: dict[str, float], rows: list[int], weights: Numbers
    ) -> tuple[Numbers, Numbers]:
        """The cosine with the nearest and the second nearest way of asking, for each article."""
        squares = sum(weight * weight for weight in weighed.values())
        pairs = []
        for pair in dict.fromkeys(pairs_of(terms)):
            number = self._pairs.get(pair)
            weight = PAIR * (self._rarest if number is None else float(self._pair_idf[number]))
            squares += weight * weight
            if number is not None:
                pairs.append((number, weight))
        length = math.sqrt(squares) or 1.0
        near = self._by_way.sums(rows, weights / length)
        if pairs:
            numbers, more = zip(*pairs, strict=True)
            near += self._by_way_pairs.sums(numbers, np.array(more) / length)
        return most_and_next(near, self._owner, self._way_starts)

    def _piecewise(self, said: Sequence[str], out: Numbers) -> None:
        """The cosine of the pieces of the words with those of the article."""
        rows = [self._near_pieces(word) for word in dict.fromkeys(said) if not is_function_word(word)]
        if rows:
            total = np.sum(rows, axis=0)
            out[:] = total[:-1] / (math.sqrt(total[-1]) or 1.0)

    def _sum_pieces(self, word: str) -> Numbers:
        """What one word adds for each article, and at the end its squared length: kept, because words repeat."""
        cut = pieces(word)
        known = [self._pieces[piece] for piece in cut if piece in self._pieces]
        total = np.empty(self._count + 1, dtype=np.float32)
        weights = self._piece_idf[known]
        total[:-1] = weights @ self._by_piece[known]
        total[-1] = weights @ weights + (len(cut) - len(known)) * self._rarest**2
        return total

    def _keywords_met(self, said: set[str], out: Numbers) -> None:
        """How telling the keywords are that stand in the message."""
        for first in said:
            for article, phrase, weight in self._keywords.get(first, ()):
                if weight > out[article] and phrase <= said:
                    out[article] = weight

    def _familiar(self, said: Sequence[str], corrected: Sequence[str], language: str) -> float:
        known = total = 0.0
        for word, mended in zip(said, corrected, strict=True):
            if is_function_word(word):
                continue
            term = stem(mended, language)
            weight = self._idf(term)
            total += weight
            if term in self._singles:
                known += weight if word == mended else weight * 0.7
        return known / total if total else 0.0

    def _idf(self, term: str) -> float:
        """How telling a word is: 0 when every article has it."""
        number = self._singles.get(term)
        return self._rarest if number is None else self._single_idf[number]

    # -- building -----------------------------------------------------------------------------------------------

    def _weigh_terms(self, gathered: Gathered) -> None:
        shape = (len(gathered.singles), self._count)
        total, asked = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
        for name, weight in _FIELDS.items():
            counts = counted(gathered.in_fields[name], shape)
            sizes = counts.sum(axis=0)
            total += weight * counts / (1 - _FLATTENING + _FLATTENING * sizes / (sizes.mean() or 1))
            if name in _WAYS:
                asked += counts
        self._single_idf: list[float] = np.log(1 + self._count / (total > 0).sum(axis=1)).tolist()
        self._by_term = np.stack((_saturated(total), _likelihoods(asked)), axis=1)

    def _weigh_ways(self, gathered: Gathered) -> None:
        owner: Ints = np.asarray(gathered.owners, dtype=np.intp)
        single, way = np.asarray(gathered.in_ways.what), np.asarray(gathered.in_ways.where)
        pair, pair_way = np.asarray(gathered.pairs_in_ways.what), np.asarray(gathered.pairs_in_ways.where)
        held = np.unique(pair.astype(np.int64) * self._count + owner[pair_way]) // self._count
        self._pair_idf = np.log(1 + self._count / np.bincount(held, minlength=len(gathered.pairs)))
        weights = np.asarray(gathered.weights) * np.asarray(self._single_idf)[single]
        pair_weights = PAIR * self._pair_idf[pair]
        lengths = np.sqrt(np.bincount(way, weights**2, len(owner)) + np.bincount(pair_way, pair_weights**2, len(owner)))
        lengths[lengths == 0] = 1.0
        self._owner, self._way_starts = owner, np.searchsorted(owner, np.arange(self._count))
        self._by_way = Postings(single, way, weights / lengths[way], len(gathered.singles), len(owner), _EVERYWHERE)
        self._by_way_pairs = Postings(
            pair, pair_way, pair_weights / lengths[pair_way], len(gathered.pairs), len(owner), _EVERYWHERE
        )
        self._weigh_names(gathered, single, way, weights)

    def _weigh_names(self, gathered: Gathered, single: Ints, way: Ints, weights: Numbers) -> None:
        """Titles and labels: each word of one counts for its share of it."""
        titles = np.asarray(gathered.titles, dtype=np.intp)
        place = np.full(len(self._owner), -1, dtype=np.intp)
        place[titles] = np.arange(len(titles))
        named = place[way] >= 0
        title, some = place[way[named]], weights[named]
        total = np.bincount(title, some, len(titles))
        self._by_name = Postings(single[named], title, some / total[title], len(gathered.singles), len(titles))
        self._name_starts = np.searchsorted(self._owner[titles], np.arange(self._count))

    def _weigh_pieces(self, gathered: Gathered) -> None:
        spoken = counted(gathered.spoken, (len(gathered.words), self._count))
        self._pieces: dict[str, int] = {}
        cut = [[self._pieces.setdefault(p, len(self._pieces)) for p in sorted(pieces(w))] for w in gathered.words]
        word, article = np.nonzero(spoken)
        row, piece = expanded(word, cut)
        codes = piece.astype(np.int64) * self._count + article[row]
        counts = np.bincount(codes, spoken[word, article][row], len(self._pieces) * self._count).astype(np.float32)
        counts = counts.reshape(len(self._pieces), self._count)
        idf = np.log(1 + self._count / (counts > 0).sum(axis=1)).astype(np.float32)
        weighed = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), np.float32(0)) * idf[:, None]
        lengths = np.sqrt((weighed**2).sum(axis=0))
        lengths[lengths == 0] = 1.0
        self._piece_idf = idf
        weighed /= lengths
        self._by_piece = weighed

    def _weigh_keywords(self, gathered: Gathered) -> None:
        self._keywords: dict[str, list[tuple[int, frozenset[str], float]]] = defaultdict(list)
        for article, phrase in gathered.keywords:
            weight = sum(self._idf(term) for term in phrase) / (self._rarest * 1.5)
            self._keywords[min(phrase)].append((article, phrase, min(weight, 1.5)))


def _documents(library: Library) -> dict[str, list[tuple[str, Article]]]:
    found: dict[str, list[tuple[str, Article]]] = {}
    for language in LANGUAGES:
        for article in library.articles(language):
            found.setdefault(article.id, []).append((language, article))
    return dict(sorted(found.items()))


def _saturated(total: Numbers) -> Numbers:
    """BM25F: the fields of an article added with their weights; a repeated term counts ever less."""
    saturated: Numbers = total * (_SATURATION + 1) / (total + _SATURATION)
    return saturated


def _likelihoods(counts: Numbers) -> Numbers:
    """Naive Bayes as what a term adds above an article that never has it."""
    sizes, everywhere = counts.sum(axis=0), counts.sum(axis=1)
    expected = _SMOOTHING * np.maximum(everywhere, 1)[:, None] / (everywhere.sum() or 1)
    likelihoods: Numbers = np.log1p(counts / np.maximum(sizes, 1) / expected)
    return likelihoods
