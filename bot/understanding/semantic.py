"""Nearness of meaning: the content's vectors laid out so that one question costs one multiplication. Needs numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.understanding.articles import LANGUAGES, Library
from bot.understanding.encoder import VectorStore
from bot.understanding.text import Analyser

if TYPE_CHECKING:
    from bot.understanding.encoder import Vectors

FEATURES = ("vector_best", "vector_near", "vector_class")
_NEAR = 4
_SHARPNESS = 2.0  # of the kernel: how soon two ways of asking stop having to do with each other
_RIDGE = 0.5
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
        import numpy as np  # noqa: PLC0415 - comes with the encoder

        self._numpy = np
        self._count = count
        self._owner = np.asarray([article for article, _ in texts])
        vectors = store.vectors([text for _, text in texts])
        self._mean = vectors.mean(axis=0)
        self._vectors = self._centred(vectors)
        self._starts = np.searchsorted(self._owner, np.arange(count))
        self._classes = self._fit()

    def features(self, vector: Vectors) -> Vectors:
        """One row an article, one column for each of FEATURES."""
        np = self._numpy
        centred = self._centred(vector.reshape(1, -1))[0]
        near = self._vectors @ centred
        best = np.maximum.reduceat(near, self._starts)
        ranked = near[np.lexsort((-near, self._owner))]
        rows = np.minimum(self._starts[:, None] + np.arange(_NEAR), len(near) - 1)
        own = self._owner[rows] == np.arange(self._count)[:, None]
        some = np.where(own, ranked[rows], 0).sum(axis=1) / np.maximum(own.sum(axis=1), 1)
        kernel = np.exp(_SHARPNESS * (near - 1))
        found: Vectors = np.stack((best, some, kernel @ self._classes), axis=1)
        return found

    def _centred(self, vectors: Vectors) -> Vectors:
        """e5 puts everything into one corner of its space; without what all share, differences show."""
        np = self._numpy
        moved: Vectors = vectors - self._mean
        moved /= np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6)
        return moved

    def _fit(self) -> Vectors:
        """Kernel ridge regression: for each article a surface that is high at its own ways of asking, low at others.

        A third better than the nearest way of asking alone. Solved by conjugate gradients for all articles at once,
        which needs one square matrix (50 MB for 3,600 ways) for two seconds, and nothing afterwards.
        """
        np = self._numpy
        own = (self._owner[:, None] == np.arange(self._count)).astype(np.float32)
        own -= own.mean(axis=0)
        kernel = self._vectors @ self._vectors.T
        kernel -= 1
        kernel *= _SHARPNESS
        np.exp(kernel, out=kernel)
        kernel[np.diag_indices_from(kernel)] += _RIDGE
        solution, left = np.zeros_like(own), own
        direction, size = left.copy(), (left * left).sum(axis=0)
        for _ in range(_STEPS):
            moved = kernel @ direction
            step = size / np.maximum((direction * moved).sum(axis=0), 1e-12)
            solution += step * direction
            left = left - step * moved
            before, size = size, (left * left).sum(axis=0)
            direction = left + (size / np.maximum(before, 1e-12)) * direction
        fitted: Vectors = solution
        return fitted
