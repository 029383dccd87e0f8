"""What weighs for and against an offer, word by word: a second look for wordings that no phrase of the rules knows.

The weights are learnt from the labelled offers (`offer_learn.py`) and stand under `indicios` in `content/ofertas.yaml`.
They only ever add a reason to look; they never take one away that a phrase has found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from bot.alerts.offer_phrases import BUT, NEGATIONS
from bot.alerts.offer_text import OfferText

_TOKEN = re.compile(r"\d[\d.,]*|[a-z]+|[;!?$%+]")
_PLURAL = re.compile(r"(?<=\w{3})(?:es|s)$")
_STEM = 5
_DENIED = 4  # words after a `no`
_SIZES = ((30.0, "#1"), (600.0, "#2"), (3500.0, "#3"))  # a count, a sum to pay, a wage; more is `#4`
_ENOUGH = 20  # features; of a shorter text words alone say nothing
_BLIND = re.compile(
    r"venez|nacio|extra[nj]|colomb|haiti|cuban|ecuat|boliv|perua|migra|refug|ptp|cpp|chamo|pana\b|example"
)  # who is sought
_NEXT = 0.1  # from the strongest reason down, what is named too
_BESIDES = 0.4  # from here on a reason is named beside those that phrases have found


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each feature of a text speaks for one question; the sum is compared with a threshold."""

    of: Mapping[str, float]
    start: float

    def score(self, features: Iterable[str]) -> float:
        """Above zero means yes. A long text does not score higher by its length."""
        known = [self.of[feature] for feature in features if feature in self.of]
        return self.start + sum(known) / math.sqrt(max(1.0, len(known)))


@dataclass(frozen=True, slots=True)
class Indications:
    """The learnt weights: whether to hold, and for which reason."""

    hold: Weights
    threshold: float
    reasons: Mapping[str, Weights]

    def lean(self, text: OfferText) -> float | None:
        """The score of the whole text: above `threshold` the offer should be held. None for a text too short to say."""
        seen = features(text)
        return None if len(seen) < _ENOUGH else self.hold.score(seen)

    def reasons_of(self, text: OfferText, *, alone: bool) -> set[str]:
        """What a reviewer should be told of an offer that is held; with `alone` there is at least one reason."""
        seen = features(text)
        if len(seen) < _ENOUGH:
            return set()
        scores = {signal: weights.score(seen) for signal, weights in self.reasons.items()}
        least = min(_BESIDES, max(scores.values()) - _NEXT) if alone else _BESIDES
        return {signal for signal, score in scores.items() if score >= least}


def features(text: OfferText) -> frozenset[str]:
    """What a text consists of: words, beginnings of words, and pairs of neighbours (`_` for one word between).

    A denied word is a feature of its own (`~paga`). The origin and the papers of the people who are sought are left out:
    they must not weigh.
    """
    words = [_number(word) if word[0].isdigit() else word for word in _TOKEN.findall(text.folded)]
    plain = [_PLURAL.sub("", word) for word in words]
    short = [word[:_STEM] for word in plain]
    marked = list(_marked(plain))
    found = [
        *marked,
        *(f"{word[: _STEM + word.startswith('~')]}*" for word in marked if len(word) > _STEM),
        *(f"{word[: _STEM - 1]}**" for word in plain if len(word) >= _STEM and not _BLIND.search(word)),
        *(f"{one} {two}" for one, two in pairwise(short)),
        *(f"{one} _ {two}" for one, two in zip(short, short[2:], strict=False)),
    ]
    return frozenset(feature for feature in found if not _BLIND.search(feature))


def _marked(words: Iterable[str]) -> Iterator[str]:
    """The words, with a `~` before those that a `no` or `sin` shortly before denies; the `no` itself is left out."""
    reach = 0
    for word in words:
        if word in NEGATIONS:
            reach = _DENIED
            continue
        if word in BUT or word in ";!?":
            reach = 0
        yield f"~{word}" if reach else word
        reach = max(0, reach - 1)


def _number(written: str) -> str:
    plain = re.sub(r"[.,](?=\d{3})", "", written).strip(".,").replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        return "#1"
    return next((name for limit, name in _SIZES if value < limit), "#4")
