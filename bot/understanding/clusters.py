"""Groups open questions that ask the same, so that one article or a few ways of asking can answer many.

Greedy, by shared word pieces: quick, the same on every machine, good enough for a list that a person reads.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

NEAR = 0.34
"""Cosine of character pieces from which two questions count as one subject; found by eye on 400 questions."""
_STOP = frozenset(
    "como que de la el en los las un una para por con mi me se si es y o a no the to of in is i my do how what".split()
)


def cluster(texts: Sequence[str]) -> list[list[str]]:
    """The texts in groups, the largest first; inside a group the most typical text first."""
    vectors = [_vector(text) for text in texts]
    heads: list[int] = []
    groups: dict[int, list[int]] = {}
    for place, vector in enumerate(vectors):
        near = max(heads, key=lambda head: _cosine(vector, vectors[head]), default=None)
        if near is not None and _cosine(vector, vectors[near]) >= NEAR:
            groups[near].append(place)
        else:
            heads.append(place)
            groups[place] = [place]
    ordered = sorted(groups.values(), key=lambda group: (-len(group), group[0]))
    return [_typical_first([texts[i] for i in group], [vectors[i] for i in group]) for group in ordered]


def _typical_first(texts: list[str], vectors: list[Mapping[str, float]]) -> list[str]:
    if len(texts) < 3:
        return texts
    near = [sum(_cosine(vector, other) for other in vectors[:50]) for vector in vectors]
    best = max(range(len(texts)), key=near.__getitem__)
    return [texts[best], *texts[:best], *texts[best + 1 :]]


def _vector(text: str) -> Mapping[str, float]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if c.isalnum() or c.isspace())
    words = [word for word in plain.split() if word not in _STOP]
    pieces = Counter(f" {word} "[at : at + 4] for word in words for at in range(max(len(word) - 1, 1)))
    norm = math.sqrt(sum(count * count for count in pieces.values())) or 1.0
    return {piece: count / norm for piece, count in pieces.items()}


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    if len(one) > len(other):
        one, other = other, one
    return sum(weight * other.get(piece, 0.0) for piece, weight in one.items())
