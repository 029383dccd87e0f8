"""Recognising danger: whether a message calls for a help line before anything else.

What counts as danger is written in `content/peligro.txt`, in the words of the office; this module holds only the mechanics.
A message becomes words, words become concepts (an aggressor, a blow, a child), and rules combine concepts in order and
nearness. Nothing here reads files, keeps text or logs it: the caller passes the rules in and gets an article id out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from bot.understanding.danger_rules import Index, Level, Pattern, Rule, Rules, normalise

__all__ = ["Danger", "DangerRecogniser", "normalise"]

_LONGEST = 4_000  # letters read of one message; a chat message is far shorter
_REMEMBERED = 20_000  # words whose concepts are kept; chat vocabulary is far smaller

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
        self._remembered: dict[str, frozenset[int]] = {}

    @classmethod
    def from_rules(cls, text: str) -> DangerRecogniser:
        """A recogniser for the text of a rules file; `ValueError` names the first bad line and its remedy, in Spanish."""
        return cls(Rules.parse(text))

    def recognise(self, message: str) -> Danger | None:
        """The danger that must be answered before all else, or None when the message may take its usual way."""
        words = self._words(message[:_LONGEST])
        found = self._found(words)
        if hidden := {place for rule in found.holding(self._rules.figures) for place in found.covered(rule.pattern)}:
            found = self._found(["" if place in hidden else word for place, word in enumerate(words)])
        silenced: dict[str, int] = {}
        for context in found.holding(self._rules.contexts):
            silenced[context.article] = max(context.level, silenced.get(context.article, 0))
        scores: dict[str, int] = defaultdict(int)
        for rule in found.holding(self._rules.rules):
            if rule.level > max(silenced.get("", 0), silenced.get(rule.article, 0)):
                scores[rule.article] += rule.level
        ahead = self._rules.ahead
        sure = [article for article, score in scores.items() if score >= Level.CLEAR]
        ranked = sorted(sure, key=lambda article: (-scores[article] - ahead.get(article, 0), article))
        return Danger(ranked[0], tuple(ranked[1:])) if ranked else None

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
                if pattern.need <= self.present and self.present.isdisjoint(pattern.absent):
                    if all(len(sequence) == 1 or self.spans_of(sequence) for sequence in pattern.sequences):
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
