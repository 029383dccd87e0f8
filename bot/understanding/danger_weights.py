"""Weighing the words of a message when no rule is sure: how near it is to the labelled messages of danger.

The weights are numbers in `content/peligro.pesos.txt`, counted by `tests/weigh_danger.py` from `tests/data/danger.yaml`.
They only add to the rules: a person writes the rules, the weights catch what nobody foresaw.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

__all__ = ["Weights", "features", "scale"]

_STEMS = (4, 6)  # letters of a word's beginning that count on their own: golpea, golpeaba, golpizas
_JOIN = 5  # letters that two neighbours are compared by
_SMALL = 40  # features of a short sentence; fewer are no stronger proof
_CERTAIN = 30.0  # beyond this the exponential only overflows


@lru_cache(maxsize=20_000)
def word_features(word: str, sound: str) -> tuple[str, ...]:
    """What one word says by itself: its spelling and its beginnings as they sound."""
    return f"={word}", *(f"{length}{sound[:length]}" for length in _STEMS if len(sound) >= length)


def pair_features(sounds: Sequence[str]) -> Iterator[str]:
    """What neighbours say together, the beginning and the end of the message included."""
    edged = ["^", *(sound[:_JOIN] for sound in sounds), "$"]
    return (f"{one}_{two}" for one, two in pairwise(edged))


def features(words: Sequence[str], sounds: Sequence[str], classes: Iterable[str]) -> set[str]:
    """Everything that is weighed in a message."""
    found = {name for word, sound in zip(words, sounds, strict=True) for name in word_features(word, sound)}
    return found | set(pair_features(sounds)) | set(classes)


def scale(count: int) -> float:
    """What one feature counts in a message that has so many."""
    return 1 / math.sqrt(max(count, _SMALL))


@dataclass(slots=True)
class Weights:
    """One row of numbers a feature, one number an article; without rows nothing is ever likely."""

    articles: tuple[str, ...] = ()
    rows: dict[str, tuple[float, ...]] = field(default_factory=dict)
    bias: tuple[float, ...] = ()

    def take(self, line: str) -> None:
        """Read a line of the file: the articles first, then the bias, then `feature number number …` in hundredths."""
        name, *numbers = line.split()
        if name == "artículos":
            self.articles = tuple(numbers)
            return
        row = tuple(int(number) / 100 for number in numbers)
        if len(row) != len(self.articles):
            raise ValueError(name)
        if name == "base":
            self.bias = row
        else:
            self.rows[name] = row

    def likelihood(self, found: set[str]) -> Mapping[str, float]:
        """How likely each danger is, from 0 to 1; together they leave the rest to a calm message."""
        if not self.bias:
            return {}
        size = scale(len(found))
        known = [self.rows[name] for name in found if name in self.rows]
        sums = map(sum, zip(*known, strict=True)) if known else [0.0] * len(self.bias)
        powers = [math.exp(min(base + size * total, _CERTAIN)) for base, total in zip(self.bias, sums, strict=True)]
        whole = 1 + sum(powers)
        return {article: power / whole for article, power in zip(self.articles, powers, strict=True)}
