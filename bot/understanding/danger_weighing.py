"""How near a message is to the labelled messages of danger: its words weighed, and its meaning where there is an encoder.

The numbers are in `danger.npz` beside this file, learnt by `python -m tests.weigh_danger` from `tests/data/danger.yaml`.
A word counts by its spelling and by its beginning as it sounds, and neighbours count together; every such sign has a row
in one table, found by its hash, so that nothing is parsed at start. Nothing in here keeps a text.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bot.understanding.encoder import Vectors

__all__ = ["BITS", "SHIPPED", "Weights", "scale", "signs"]

SHIPPED = Path(__file__).with_name("danger.npz")
BITS = 18  # of a sign's hash: 260,000 rows for 60,000 signs, so that two rarely share one
_STEMS = (4, 6)  # letters of a word's beginning that count on their own: golpea, golpeaba, golpizas
_JOIN = 5  # letters that two neighbours are compared by
_SMALL = 40  # signs of a short sentence; fewer are no stronger proof
_WINDOW = 14  # words: danger told in one sentence must not drown in a long story or in a question beside it. What is
# told in two windows counts: the one window that sounds worst is a chance hit in every fifth calm story (docs/measures.md).
_CERTAIN = 20.0  # beyond this a logarithm of odds says nothing more
_SOUNDS = (("qu", "k"), ("ch", "x"), ("h", ""), ("ce", "se"), ("ci", "si"), ("z", "s"), ("c", "k"), ("v", "b"))
_SOUNDS_AFTER = (("ll", "y"), ("ge", "je"), ("gi", "ji"), ("w", "gu"))
_REMEMBERED = 20_000  # words whose signs are kept; chat vocabulary is far smaller


def sounding(word: str) -> str:
    """How a word sounds, so that `kiere` meets `quiere`, `aser` meets `hacer` and `pegooo` meets `pego`."""
    for letters, sound in (*_SOUNDS, *_SOUNDS_AFTER):
        word = word.replace(letters, sound)
    return "".join(letter for letter, before in zip(word, " " + word, strict=False) if letter != before)


@lru_cache(maxsize=_REMEMBERED)
def _word_signs(word: str) -> tuple[str, tuple[int, ...]]:
    """The beginning of a word for its neighbours, and what the word says by itself."""
    sound = sounding(word)
    names = (f"={word}", *(f"{length}{sound[:length]}" for length in _STEMS if len(sound) >= length))
    return sound[:_JOIN], tuple(map(_row, names))


def _row(name: str) -> int:
    return zlib.crc32(name.encode()) >> 32 - BITS


def places(words: Sequence[str]) -> list[tuple[int, ...]]:
    """What is weighed at each place of a message: the word, and how it joins the one before; the end at the end."""
    found: list[tuple[int, ...]] = []
    before = "^"
    for word in words:
        joint, own = _word_signs(word)
        found.append((*own, zlib.crc32(f"{before}_{joint}".encode()) >> 32 - BITS))
        before = joint
    found.append((_row(f"{before}_$"),))
    return found


def signs(words: Sequence[str]) -> list[int]:
    """Everything that is weighed in a message, each once."""
    return list(set(chain.from_iterable(places(words))))


def scale(count: int) -> float:
    """What one sign counts in a message that has so many."""
    return 1 / math.sqrt(max(count, _SMALL))


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learnt. Immutable; one serves the whole program."""

    articles: tuple[str, ...]
    table: NDArray[np.int8]  # a row for each sign, a column for each article
    units: tuple[float, ...]  # what one step of a column counts
    bias: tuple[float, ...]
    trust: tuple[float, ...]  # the odds by words alone: slope of the whole, of its second worst window, base
    both: tuple[float, ...]  # the odds by words and meaning: the same, and before the base the slope of the meaning
    mean: NDArray[np.float32]  # of the vectors learnt from; empty when there was no encoder
    heads: tuple[NDArray[np.float32], ...]  # base, linear part, directions and their weights: one quadratic an article

    @classmethod
    def load(cls, path: Path = SHIPPED) -> Weights:
        """Read the shipped file; a few milliseconds."""
        with np.load(path, allow_pickle=False) as kept:
            directions = kept["directions"].astype(np.float32) / 127
            return cls(
                articles=tuple(kept["articles"].tobytes().decode().split()),
                table=kept["table"],
                units=tuple(kept["units"].tolist()),
                bias=tuple(kept["bias"].tolist()),
                trust=tuple(kept["trust"].tolist()),
                both=tuple(kept["both"].tolist()),
                mean=kept["mean"],
                heads=(kept["base"], kept["linear"], directions, kept["curves"]),
            )

    def words(self, words: Sequence[str]) -> tuple[list[float], float, float]:
        """By words alone: for each article the logarithm of its odds against calm, in the part where danger is likeliest;
        and those of any danger in the whole message and in its second worst part.
        """
        found = places(words)
        rows = list(set(chain.from_iterable(found)))
        odds = self._odds(self.table[rows].sum(axis=0, dtype=np.int32), scale(len(rows)))
        whole = _any(odds)
        if len(words) <= _WINDOW:
            return odds, whole, whole
        parts = sorted(self._parts(found), key=_any, reverse=True)
        return max(odds, parts[0], key=_any), whole, _any(parts[min(1, len(parts) - 1)])

    def _parts(self, found: Sequence[tuple[int, ...]]) -> Iterator[list[float]]:
        starts = np.cumsum([0, *map(len, found[:-1])])
        sums = np.add.reduceat(self.table[list(chain.from_iterable(found))], starts, axis=0, dtype=np.int32)
        past = np.concatenate([np.zeros((1, sums.shape[1]), np.int32), np.cumsum(sums, axis=0)])
        half = _WINDOW // 2
        for start in range(0, len(found) - 1 - half, half):
            end = min(start + _WINDOW, len(found) - 1)
            count = sum(map(len, found[start:end]))
            yield self._odds(past[end] - past[start], scale(count))

    def _odds(self, sums: NDArray[np.int32], size: float) -> list[float]:
        return [base + size * unit * one for base, unit, one in zip(self.bias, self.units, sums.tolist(), strict=True)]

    def meaning(self, vector: Vectors) -> list[float]:
        """For each article how much the meaning speaks for it, about 0 to 1."""
        if not len(self.mean):
            return [0.0] * len(self.articles)
        base, linear, directions, curves = self.heads
        moved = vector - self.mean
        moved = moved / max(float(np.linalg.norm(moved)), 1e-6)
        found: list[float] = (base + linear @ moved + ((directions @ moved) ** 2 * curves).sum(axis=1)).tolist()
        return found

    def likely(self, words: Sequence[str], vector: Vectors | None = None) -> tuple[float, list[float]]:
        """How likely danger is, from 0 to 1, and how it is shared among the articles."""
        odds, whole, second = self.words(words)
        said = [whole, second]
        if vector is not None:
            meant = self.meaning(vector)
            said.append(sum(meant))
            *_, near, _ = self.both
            odds = [one + near * two for one, two in zip(odds, meant, strict=True)]
        *slopes, base = self.trust if vector is None else self.both
        sure = base + sum(slope * one for slope, one in zip(slopes, said, strict=True))
        top = max(odds)
        powers = [math.exp(one - top) for one in odds]
        return _sigmoid(sure), [power / sum(powers) for power in powers]


def _any(odds: Sequence[float]) -> float:
    """The logarithm of the odds of any danger at all."""
    top = max(odds)
    whole = top + math.log(sum(math.exp(one - top) for one in odds))
    return max(-_CERTAIN, min(_CERTAIN, whole))


def _sigmoid(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-_CERTAIN, min(_CERTAIN, odds))))
