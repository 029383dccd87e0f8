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

CERTAIN = 0.75
"""From here on help comes first whatever else the message may be about."""
LIKELY = (0.3, 0.25)
"""From here on (by words alone, with the meaning) help comes first, unless the message is clearly a question that an
article answers."""
POSSIBLE = (0.2, 0.12)
"""From here on, likewise, whatever is answered begins with the line to call. What all of these give stands in
docs/measures.md."""


@dataclass(frozen=True, slots=True)
class Danger:
    """The help to give first: `article` is its catalogue id, `also` what else was recognised, best first."""

    article: str
    also: tuple[str, ...] = ()
    likely: float = 1.0  # how likely it is that there is danger at all, from 0 to 1
    calls: bool = True  # likely enough for help to come first


class DangerRecogniser:
    """Says which danger a message speaks of, in Spanish or English, however it is spelt."""

    def __init__(self, phrases: Phrases, weights: Weights) -> None:
        self._phrases = phrases
        self._weights = weights

    @classmethod
    def load(cls, content: Path) -> DangerRecogniser:
        """A recogniser for a content folder, the only reading here; `BadWords` names a bad line and its remedy."""
        return cls(Phrases.parse((content / "peligro.txt").read_text(encoding="utf-8")), Weights.load())

    def recognise(self, message: str, vector: Vectors | None = None) -> Danger | None:
        """The danger that must be answered before all else, or None when the message may take its usual way.

        `vector` is the message as the sentence encoder hears it; without it the words decide alone.
        """
        danger = self.suspect(message, vector)
        return danger if danger is not None and danger.calls else None

    def suspect(self, message: str, vector: Vectors | None = None) -> Danger | None:
        """As `recognise`, but from the first doubt on: what is only possible is named as well."""
        always, words = self._read(message)
        likely, shares = self._weights.likely(words, vector)
        likely = 1.0 if always else likely
        if likely < POSSIBLE[vector is not None]:
            return None
        ranked = sorted(zip(shares, self._weights.articles, strict=True), reverse=True)
        weighed = [article for share, article in ranked if share >= _SHARE]
        first, *rest = dict.fromkeys([*always, *weighed, ranked[0][1]])
        return Danger(first, tuple(rest), likely, calls=likely >= LIKELY[vector is not None])

    def doubtful(self, message: str) -> bool:
        """Whether the words leave it open, so that the message's vector is worth its cost."""
        always, words = self._read(message)
        return not always and self._weights.likely(words)[0] >= _DOUBT

    def _read(self, message: str) -> tuple[list[str], list[str]]:
        return self._phrases.found(self._phrases.words(message[:_LONGEST]))
