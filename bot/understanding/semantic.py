"""Nearness of meaning: the content's vectors laid out so that one question costs one multiplication."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.understanding.articles import LANGUAGES, Library
from bot.understanding.encoder import Vectors, VectorStore
from bot.understanding.text import Analyser

FEATURES = ("vector_best", "vector_near", "vector_class")
_NEAR = 4
_SHARPNESS = 2.0  # of the kernel: how soon two ways of asking stop having to do with each other
_RIDGE = 0.5
_BLOCK = 128
_WHOLE = np.float32(65_535)
_STEPS = 15  # of conjugate gradients; more follow the examples too closely and cost time


def lines(library: Library, ids: Sequence[str], analyser: Analyser) -> list[tuple[int, str]]:
    """What is embedded: the title and every way of asking, spelt out, with the number of its article; by article."""
    number = {identity: at for at, identity in enumerate(ids)}
    found: list[tuple[int, str]] = []
    for language in LANGUAGES:
        for article in library.articles(language):
            texts = dict.fromkeys(map(analyser.spelt_out, (article.title, *article.questions)))
            found.extend((number[article.id], text) for text in texts)
    return sorted(found, key=lambda line: line[0])


class SemanticIndex:
    """The vectors of one content. Making it computes what the store does not have yet: call it in a thread."""

    def __init__(self, texts: Sequence[tuple[int, str]], store: VectorStore, count: int) -> None:
        self._count = count
        self._owner = np.asarray([article for article, _ in texts])
        vectors = store.vectors([text for _, text in texts])
        self._mean = vectors.mean(axis=0)
        self._vectors = self._centred(vectors)
        self._lines = _by_article(self._owner, count)
        made_from = repr((texts, count, _SHARPNESS, _RIDGE, _STEPS)).encode()
        self._classes = store.worked_out("classes", made_from, self._fit)

    def features(self, vector: Vectors) -> Vectors:
        """One row an article, one column for each of FEATURES."""
        near = self._vectors @ self._centred(vector.reshape(1, -1))[0]
        ranked = np.append(near, np.float32(np.nan))[self._lines]
        ranked = -np.sort(-ranked, axis=1)[:, :_NEAR]
        found: Vectors = np.stack(
            (ranked[:, 0], np.nanmean(ranked, axis=1), np.exp(_SHARPNESS * (near - 1)) @ self._classes), axis=1
        )
        return found

    def _centred(self, vectors: Vectors) -> Vectors:
        """e5 puts everything into one corner of its space; without what all share, differences show."""
        moved: Vectors = vectors - self._mean
        moved /= np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6)
        return moved

    def _fit(self) -> Vectors:
        """Kernel ridge regression: for each article a surface that is high at its own ways of asking, low at others.

        A third better than the nearest way of asking alone. Solved by conjugate gradients for all articles at once,
        which needs half of a square matrix (50 MB for 7,000 ways) for some seconds, and nothing afterwards.
        """
        own = (self._owner[:, None] == np.arange(self._count)).astype(np.float32)
        own -= own.mean(axis=0)
        kernel = self._kernel()
        solution, left = np.zeros_like(own), own
        direction, size = left.copy(), (left * left).sum(axis=0)
        for _ in range(_STEPS):
            moved = self._times(kernel, direction) / _WHOLE + _RIDGE * direction
            step = size / np.maximum((direction * moved).sum(axis=0), 1e-12)
            solution += step * direction
            left = left - step * moved
            before, size = size, (left * left).sum(axis=0)
            direction = left + (size / np.maximum(before, 1e-12)) * direction
        fitted: Vectors = solution
        return fitted

    def _kernel(self) -> list[NDArray[np.uint16]]:
        """How near every two ways of asking are, in parts of _WHOLE: for each block of them against itself and all
        before it, for the rest is the same; precise enough, and a quarter of the memory.
        """
        kernel = []
        for rows in self._blocks():
            near = self._vectors[rows] @ self._vectors[: rows.stop].T
            near -= 1
            near *= _SHARPNESS
            np.exp(near, out=near)
            near *= _WHOLE
            kernel.append(np.minimum(near, _WHOLE, out=near).astype(np.uint16))
        return kernel

    def _times(self, kernel: Sequence[NDArray[np.uint16]], direction: Vectors) -> Vectors:
        """The kernel times a matrix, from the half that is kept."""
        moved = np.zeros_like(direction)
        for rows, half in zip(self._blocks(), kernel, strict=True):
            block = half.astype(np.float32)
            moved[rows] += block @ direction[: rows.stop]
            moved[: rows.start] += block[:, : rows.start].T @ direction[rows]
        return moved

    def _blocks(self) -> list[slice]:
        whole = len(self._vectors)
        return [slice(begin, min(begin + _BLOCK, whole)) for begin in range(0, whole, _BLOCK)]


def _by_article(owner: Vectors, count: int) -> Vectors:
    """The lines of each article in a row, filled up with the number after the last line."""
    lines = [np.flatnonzero(owner == article) for article in range(count)]
    table: Vectors = np.full((count, max(_NEAR, *map(len, lines))), len(owner))
    for article, some in enumerate(lines):
        table[article, : len(some)] = some
    return table
