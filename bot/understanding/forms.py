"""Forms of what can be said, word by word: `quiero? (ver|leer) el menu`. All of them are tried at once, in one walk.

A form is words, groups `( | )` and `?` after what may be missing. Staff write them, so a mistake in one is named.
It must never match a part of a word, nor cost more than a look-up a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.understanding.text import plain

_TOKEN = re.compile(r"[()|?]|[a-z0-9]+")
_MARKS = frozenset("()|?")


def words_in(form: str) -> list[str]:
    """The words that a form speaks of."""
    return [token for token in _TOKEN.findall(plain(form)) if token not in _MARKS]


class Forms:
    """Many forms as one network: states, the words that lead on from each, and the steps that need no word."""

    def __init__(self) -> None:
        self._states = 0
        self._by_word: dict[int, dict[str, list[int]]] = {}
        self._free: dict[int, list[int]] = {}
        self._reached: dict[int, frozenset[int]] = {}
        self._steps: dict[frozenset[int], dict[str, frozenset[int]]] = {}

    def state(self) -> int:
        """A new state, to begin or to end forms at."""
        self._states += 1
        return self._states

    def add(self, form: str, start: int, end: int) -> None:
        """Lead from one state to another by a form. What cannot be read, or needs no word, raises ValueError."""
        tokens = _TOKEN.findall(plain(form))[::-1]
        own = self.state()
        last = self.state()
        self._alternatives(form, tokens, own, last)
        if tokens:
            raise ValueError(f"la forma «{form}» no se entiende: sobra «{tokens[-1]}»")
        if last in self._closure(own):
            raise ValueError(f"la forma «{form}» también vale para un mensaje vacío: deja al menos una palabra sin «?»")
        self._lead(start, own)
        self._lead(last, end)
        self._reached.clear()
        self._steps.clear()

    def walk(self, said: Sequence[str], state: int, begin: int = 0) -> Iterator[tuple[int, frozenset[int]]]:
        """The states that are reached after each word, with the place of the next word."""
        reached = self._closure(state)
        yield begin, reached
        for at in range(begin, len(said)):
            ahead = self._ahead(reached).get(said[at])
            if ahead is None:
                return
            reached = ahead
            yield at + 1, reached

    def _ahead(self, states: frozenset[int]) -> dict[str, frozenset[int]]:
        """Where each word leads from these states: worked out when they are first reached."""
        known = self._steps.get(states)
        if known is None:
            reached: dict[str, set[int]] = {}
            for here in states:
                for word, there in self._by_word.get(here, {}).items():
                    reached.setdefault(word, set()).update(*map(self._closure, there))
            known = self._steps[states] = {word: frozenset(there) for word, there in reached.items()}
        return known

    def _alternatives(self, form: str, tokens: list[str], start: int, end: int) -> None:
        self._sequence(form, tokens, start, end)
        while tokens and tokens[-1] == "|":
            tokens.pop()
            self._sequence(form, tokens, start, end)

    def _sequence(self, form: str, tokens: list[str], start: int, end: int) -> None:
        here = start
        while tokens and tokens[-1] not in {"|", ")"}:
            part, there = tokens.pop(), self.state()
            if part == "(":
                self._alternatives(form, tokens, here, there)
                if not tokens:
                    raise ValueError(f"la forma «{form}» no se entiende: falta «)»")
                tokens.pop()
            elif part == "?":
                raise ValueError(f"la forma «{form}» no se entiende: «?» va después de una palabra o de «)»")
            else:
                self._by_word.setdefault(here, {}).setdefault(part, []).append(there)
            if tokens and tokens[-1] == "?":
                tokens.pop()
                self._lead(here, there)
            here = there
        self._lead(here, end)

    def _lead(self, here: int, there: int) -> None:
        self._free.setdefault(here, []).append(there)

    def _closure(self, state: int) -> frozenset[int]:
        known = self._reached.get(state)
        if known is not None:
            return known
        found, ahead = {state}, [state]
        while ahead:
            for there in self._free.get(ahead.pop(), ()):
                if there not in found:
                    found.add(there)
                    ahead.append(there)
        reached = self._reached[state] = frozenset(found)
        return reached
