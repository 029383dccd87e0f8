"""From how near to how sure: one order of the articles, a calibrated probability, and what to do about it.

The weights in `weights.json` were learned by `train.py`, which says how. Nothing here guesses above its evidence: an
article is served only when it is very probably the right one, else two or three are offered, else nothing is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bot.understanding.lexical import FEATURES as LEXICAL
from bot.understanding.lexical import LexicalIndex, Match
from bot.understanding.names import Names
from bot.understanding.numbers import Numbers
from bot.understanding.semantic import FEATURES as SEMANTIC
from bot.understanding.semantic import SemanticIndex

MOST_CHOICES = 3
SIGNS = (
    "share",
    "ahead",
    "choice",
    "familiar",
    "best",
    "covered",
    "both",
    "words",
    "length",
    "score",
    "abroad",
    "vector",
    "vectors",
)
"""What the confidence is computed from; see `signs`."""
_WEIGHTS = Path(__file__).with_name("weights.json")


class Outcome(StrEnum):
    """What the ranking is good for."""

    ANSWER = "answer"
    CHOICES = "choices"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Hit:
    """An article and how probable it is that the message was about it."""

    article: str
    probability: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """The nearest articles, best first. With `NONE` the hits are still there, for a caller who offers them anyway."""

    hits: tuple[Hit, ...] = ()
    outcome: Outcome = Outcome.NONE

    @property
    def best(self) -> Hit | None:
        """The first of them."""
        return self.hits[0] if self.hits else None


NO_RANKING = Ranking()
"""For what is no question."""


@dataclass(frozen=True)
class Weights:
    """What was learned for one set of features."""

    rank: Mapping[str, float]
    confidence: Mapping[str, float]
    answer: float
    choices: float

    @cached_property
    def of_columns(self) -> Numbers:
        """What each feature counts for, in the order of the columns."""
        return np.array([self.rank.get(name, 0.0) for name in (*LEXICAL, *SEMANTIC)])

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Weights:
        """The weights as they stand in the file."""
        return cls(dict(data["rank"]), dict(data["confidence"]), float(data["answer"]), float(data["choices"]))


def load_weights(path: Path = _WEIGHTS) -> dict[str, Weights]:
    """The learned weights: `lexical`, and `encoder` for both together."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return {name: Weights.read(data[name]) for name in ("lexical", "encoder")}


class Ranker:
    """Ranks messages against one content. `semantic` may come later, when its vectors are ready."""

    def __init__(self, lexical: LexicalIndex, weights: Mapping[str, Weights], names: Names | None = None) -> None:
        self.lexical = lexical
        self._names = names
        self.semantic: SemanticIndex | None = None
        self._weights = weights

    def rank(self, match: Match, vector: Any = None) -> Ranking:
        """The ranking by words alone, or with the vector of the message."""
        if not self.lexical.ids:
            return NO_RANKING
        columns = match.columns
        weights = self._weights["lexical"]
        if vector is not None and self.semantic is not None:
            weights = self._weights["encoder"]
            columns = np.concatenate((columns, self.semantic.features(vector).T))
        scores = weights.of_columns[: len(columns)] @ columns
        shares = shares_of(scores)
        order = best_of(scores)
        sure = _logistic(signs(match, columns, scores, shares, order), weights.confidence)
        return self._decided(order, shares, sure, weights, match)

    def _decided(self, order: Sequence[int], shares: Numbers, sure: float, weights: Weights, match: Match) -> Ranking:
        top = float(shares[order[0]]) or 1.0
        ids = self.lexical.ids
        if self._names is not None and self._names.called(match.terms) == ids[order[0]]:
            sure = max(sure, weights.answer)  # it is called so, and the ranking agrees
        hits = tuple(Hit(ids[i], round(sure * float(shares[i]) / top, 4)) for i in order[:MOST_CHOICES])
        if not match.terms.stems and not match.terms.meanings and sure < weights.answer:
            return Ranking(hits, Outcome.NONE)
        if sure >= weights.answer:
            return Ranking(hits, Outcome.ANSWER)
        return Ranking(hits, Outcome.CHOICES if sure >= weights.choices else Outcome.NONE)


def signs(match: Match, columns: Numbers, scores: Numbers, shares: Numbers, order: Sequence[int]) -> dict[str, float]:
    """What tells a right first article from a wrong one, and a message from another world."""
    first = dict(zip((*LEXICAL, *SEMANTIC), columns[:, order[0]].tolist(), strict=False))
    top, second, third = (float(scores[order[min(place, len(order) - 1)]]) for place in range(3))
    return {
        "share": math.log(max(float(shares[order[0]]), 1e-6)),
        "ahead": top - second,
        "choice": second - third,
        "familiar": match.familiar,
        "best": first["best"],
        "covered": first["covered"],
        "both": first["best"] * first["covered"],
        "words": first["bm25"],
        "length": math.log(1 + match.length),
        "score": top / 10,
        "abroad": float(match.terms.abroad),
        "vector": first.get("vector_best", 0.0),
        "vectors": first.get("vector_near", 0.0),
    }


def _logistic(values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    total = weights.get("bias", 0.0) + sum(value * weights.get(name, 0.0) for name, value in values.items())
    return 1 / (1 + math.exp(-max(min(total, 30.0), -30.0)))


def shares_of(scores: Numbers) -> Numbers:
    """Scores as probabilities that add up to one."""
    powers: Numbers = np.exp(scores - scores.max())
    powers /= powers.sum()
    return powers


def best_of(scores: Numbers) -> list[int]:
    """The places of the highest scores, best first; of equal ones the earlier."""
    found: list[int] = np.argsort(-scores, kind="stable")[: MOST_CHOICES + 1].tolist()
    return found
