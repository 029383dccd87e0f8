"""Recognising danger: whether a message calls for a help line before anything else.

What counts as danger is written in `content/peligro.txt`, in the words of the office; this module holds only the mechanics.
A message becomes words, words become concepts (an aggressor, a blow, a child), and rules combine concepts in order and
nearness. Nothing here reads files, keeps text or logs it: the caller passes the rules in and gets an article id out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path

from bot.understanding.danger_rules import Index, Level, Pattern, Rule, Rules, normalise, sounding
from bot.understanding.danger_weights import features

__all__ = ["Danger", "DangerRecogniser", "normalise"]

_LONGEST = 4_000  # letters read of one message; a chat message is far shorter
_REMEMBERED = 20_000  # words whose concepts are kept; chat vocabulary is far smaller

_NEVER = 101  # the limit, in per cent, when the file gives none
_ENOUGH = 6  # more rules than this say nothing more about which danger it is
_TRUST = 5.0  # how much a full likelihood counts beside the rules when dangers are put in order
_SHARE = 0.25  # a danger this likely is named beside the first
_FILES = ("peligro.txt", "peligro.comunes.txt", "peligro.pesos.txt")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Danger:
    """The help to give first: `article` is its catalogue id, `also` what else was recognised, best first."""

    article: str
    also: tuple[str, ...] = ()


class DangerRecogniser:
    """Says which danger a message speaks of, in Spanish or English, however it is spelt."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._classes = rules.class_names()
        self._remembered: dict[str, frozenset[int]] = {}

    @classmethod
    def from_rules(cls, text: str) -> DangerRecogniser:
        """A recogniser for the text of a rules file; `ValueError` names the first bad line and its remedy, in Spanish."""
        return cls(Rules.parse(text))

    @classmethod
    def load(cls, content: Path) -> DangerRecogniser:
        """A recogniser for the rules, the ordinary words and the weights in a content folder; the only reading here."""
        return cls.from_rules("\n".join((content / name).read_text(encoding="utf-8") for name in _FILES))

    def recognise(self, message: str) -> Danger | None:
        """The danger that must be answered before all else, or None when the message may take its usual way."""
        words, found = self._read(message)
        silenced: dict[str, int] = {}
        for context in found.holding(self._rules.contexts):
            silenced[context.article] = max(context.level, silenced.get(context.article, 0))
        scores: dict[str, float] = defaultdict(float)
        for rule in found.holding(self._rules.rules):
            if rule.level > max(silenced.get("", 0), silenced.get(rule.article, 0)):
                scores[rule.article] += rule.level
        likely = self._rules.weights.likelihood(self._features(words, found))
        sure = {article for article, score in scores.items() if score >= Level.CLEAR}
        hinted = "contexto" if silenced.get("", 0) >= Level.CLEAR else "indicio" if scores else "nada"
        if not sure and 100 * sum(likely.values()) >= self._rules.limits.get(hinted, _NEVER):
            sure = {max(likely, key=likely.__getitem__)}
        return self._ranked(sure, scores, likely) if sure else None

    def features(self, message: str) -> set[str]:
        """What the weights see of a message; for counting them."""
        return self._features(*self._read(message))

    def _ranked(self, sure: set[str], scores: Mapping[str, float], likely: Mapping[str, float]) -> Danger:
        def standing(article: str) -> tuple[float, str]:
            ahead = self._rules.ahead.get(article, 0)
            return (-min(scores.get(article, 0), _ENOUGH) - ahead - _TRUST * likely.get(article, 0), article)

        also = {article for article, share in likely.items() if share >= _SHARE}
        first, *rest = sorted(sure, key=standing) + sorted(also - sure, key=standing)
        return Danger(first, tuple(rest))

    def _read(self, message: str) -> tuple[list[str], _Found]:
        words = self._words(message[:_LONGEST])
        found = self._found(words)
        if hidden := {place for rule in found.holding(self._rules.figures) for place in found.covered(rule.pattern)}:
            words = ["" if place in hidden else word for place, word in enumerate(words)]
            found = self._found(words)
        return words, found

    def _features(self, words: Sequence[str], found: _Found) -> set[str]:
        plain = [word for word in words if word]
        classes = [self._classes[concept] for concept in found.present & self._classes.keys()]
        return features(plain, [sounding(word) for word in plain], classes)

    def _words(self, message: str) -> list[str]:
        spellings = self._rules.spellings
        return [full for word in normalise(message).split() for full in spellings.get(word, (word,))]

    def _found(self, words: Sequence[str]) -> _Found:
        concepts: list[frozenset[int]] = []
        for word in words:
            known = self._remembered.get(word)
            if known is None:
                if len(self._remembered) >= _REMEMBERED:
                    self._remembered.clear()
                known = self._remembered[word] = self._rules.concepts(word)
            concepts.append(known)
        found = _Found(concepts)
        self._find_phrases(found)
        return found

    def _find_phrases(self, found: _Found) -> None:
        """Phrases only build on earlier ones, so those that may be there are taken in the order of the file."""
        phrases, starts = self._rules.phrases, self._rules.starts
        waiting = sorted(place for concept in found.present & starts.keys() for place in starts[concept])
        while waiting:
            concept, pattern = phrases[heappop(waiting)]
            if pattern.need <= found.present and (spans := found.spans_of(pattern.sequences[0])):
                for fresh in found.add(self._rules.groups(concept), spans):
                    for place in starts.get(fresh, ()):
                        heappush(waiting, place)


class _Found:
    """The concepts of one message and where they stand."""

    __slots__ = ("_phrases", "_places", "_words", "present")

    def __init__(self, words: Sequence[frozenset[int]]) -> None:
        self.present: set[int] = set().union(*words)
        self._words = words
        self._phrases: dict[int, list[Span]] = {}
        self._places: dict[int, list[Span]] = {}

    def add(self, concepts: Iterable[int], spans: Sequence[Span]) -> list[int]:
        """Takes in a phrase; the concepts that were not in the message before."""
        fresh = [concept for concept in concepts if concept not in self.present]
        self.present.update(fresh)
        for concept in concepts:
            self._phrases.setdefault(concept, []).extend(spans)
            self._places.pop(concept, None)
        return fresh

    def holding(self, rules: Index) -> Iterator[Rule]:
        """The rules whose pattern is in the message."""
        for concept in self.present & rules.keys():
            for rule in rules[concept]:
                pattern = rule.pattern
                present = pattern.need <= self.present and self.present.isdisjoint(pattern.absent)
                if present and all(len(steps) == 1 or self.spans_of(steps) for steps in pattern.sequences):
                    yield rule

    def covered(self, pattern: Pattern) -> Iterator[int]:
        """The places of the words that the first part of a pattern spans."""
        for start, end in self.spans_of(pattern.sequences[0]):
            yield from range(start, end)

    def spans_of(self, sequence: Sequence[tuple[int, int]]) -> list[Span]:
        """Where the concepts follow each other near enough, from the first to the last."""
        reached = self._spans(sequence[0][0])
        for concept, gap in sequence[1:]:
            places = self._spans(concept)
            reached = list({(start, last) for start, end in reached for at, last in places if 0 <= at - end <= gap})
            if not reached:
                break
        return reached

    def _spans(self, concept: int) -> list[Span]:
        places = self._places.get(concept)
        if places is None:
            places = [(at, at + 1) for at, concepts in enumerate(self._words) if concept in concepts]
            places += self._phrases.get(concept, ())
            self._places[concept] = places
        return places
