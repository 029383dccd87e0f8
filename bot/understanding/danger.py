"""Recognising danger: whether a message calls for a help line before anything else.

Three voices, each able to call for help: the phrases of the office (`content/peligro.txt`), the words weighed by what
labelled messages taught, and, for a message that the words leave in doubt, its meaning as the sentence encoder hears it.
Nothing here keeps text or logs it: a message goes in, an article id comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.understanding.danger_phrases import Phrases, normalise
from bot.understanding.danger_weighing import Weights

if TYPE_CHECKING:
    from bot.understanding.encoder import Vectors

__all__ = ["Danger", "DangerRecogniser", "normalise"]

_LONGEST = 4_000  # letters read of one message; a chat message is far shorter
_SHARE = 0.2  # a danger this likely is named beside the first
_DOUBT = 0.05  # how likely danger must be by words alone for its meaning to be heard: one ordinary message in five


@dataclass(frozen=True, slots=True)
class Danger:
    """The help to give first: `article` is its catalogue id, `also` what else was recognised, best first."""

    article: str
    also: tuple[str, ...] = ()


class DangerRecogniser:
    """Says which danger a message speaks of, in Spanish or English, however it is spelt."""

    def __init__(self, phrases: Phrases, weights: Weights) -> None:
        self._phrases = phrases
        self._weights = weights

    @classmethod
    def load(cls, content: Path) -> DangerRecogniser:
        """A recogniser for a content folder, the only reading here; `ValueError` names a bad line and its remedy."""
        return cls(Phrases.parse((content / "peligro.txt").read_text(encoding="utf-8")), Weights.load())

    def recognise(self, message: str, vector: Vectors | None = None) -> Danger | None:
        """The danger that must be answered before all else, or None when the message may take its usual way.

        `vector` is the message as the sentence encoder hears it; without it the words decide alone.
        """
        always, words = self._read(message)
        likely, shares = self._weights.likely(words, vector)
        if not always and likely < self._weights.limits[vector is not None]:
            return None
        ranked = sorted(zip(shares, self._weights.articles, strict=True), reverse=True)
        weighed = [article for share, article in ranked if share >= _SHARE]
        first, *rest = dict.fromkeys([*always, *weighed, ranked[0][1]])
        return Danger(first, tuple(rest))

    def doubtful(self, message: str) -> bool:
        """Whether the words leave it open, so that the message's vector is worth its cost."""
        always, words = self._read(message)
        return not always and self._weights.likely(words)[0] >= _DOUBT

    def _read(self, message: str) -> tuple[list[str], list[str]]:
        return self._phrases.found(self._phrases.words(message[:_LONGEST]))
