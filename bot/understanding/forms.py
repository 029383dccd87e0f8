"""Forms of what can be said, word by word: `quiero? (ver|leer) el menu`. All of them are tried at once, in one walk.

A form is words, groups `( | )`, and `?`, `*` or `+` after what may be missing, be said again, or both. What many forms
share has a name (`{quiero}`), and a verb is its stem with a list of endings (`borr-ame`). Staff write them, so a mistake
in one is named. It must never match a part of a word, nor cost more than a look-up a word.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from bot.understanding.text import plain

_NAMED = re.compile(r"\{(\w*)\}|([a-z]+)-([a-z]+)")
_TOKEN = re.compile(r"[()|?*+]|[a-z0-9]+")
_TIMES = frozenset("?*+")
_MARKS = _TIMES | frozenset("()|")


class BadForm(ValueError):
    """A form that makes no sense, and why, in Spanish."""

    def __init__(self, form: str, reason: str) -> None:
        super().__init__(f"la forma «{form}» no se entiende: {reason}")
        self.form = form
        self.reason = reason


def words_in(form: str) -> list[str]:
    """The words that a form speaks of."""
    return [token for token in _TOKEN.findall(_plain(form)) if token not in _MARKS]


def _plain(form: str) -> str:
    """A form in plain letters; one that is spelt out may be longer than any message."""
    return form.lower().replace("'", "") if form.isascii() else plain(form)


class Pieces:
    """What many forms share: named groups of words, and the endings that a verb takes."""

    def __init__(self, groups: Mapping[str, Sequence[str]], endings: Mapping[str, str]) -> None:
        self._groups = groups
        self._endings = {plain(name): plain(listed).split() for name, listed in endings.items()}
        self._spelt: dict[str, str] = {}

    def spelt_out(self, form: str) -> str:
        """The form in words alone. A name that stands for nothing, or for itself, raises BadForm."""
        return _NAMED.sub(
            lambda found: self._conjugated(form, found) if found[2] else self._group(form, found[1]), _plain(form)
        )

    def _conjugated(self, form: str, found: re.Match[str]) -> str:
        endings = self._endings.get(found[3])
        if endings is None:
            raise BadForm(form, f"no hay terminaciones «{found[3]}»")
        return f"({'|'.join(found[2] + ending for ending in endings)})"

    def _group(self, form: str, name: str) -> str:
        if self._spelt.get(name) == "" or name not in self._groups:
            raise BadForm(form, f"no hay una pieza «{name}» que no se contenga a sí misma")
        if name not in self._spelt:
            self._spelt[name] = ""  # being spelt out: it must not be met inside itself
            self._spelt[name] = f"({'|'.join(map(self.spelt_out, self._groups[name]))})"
        return self._spelt[name]


class _Node(NamedTuple):
    """A part of a form: `&` one after the other, `|` one of several, or `?`, `*`, `+` of its only part."""

    mark: str
    parts: tuple[Any, ...]  # of words and nodes


_Part = str | _Node


class Forms:
    """Many forms as one network of states. What forms have in common is kept once, and a state is made when a message
    first comes that far: staff may write thousands of forms, and people use the same few hundred.
    """

    def __init__(self) -> None:
        self._parts: dict[tuple[str, tuple[int, ...]], _Node] = {}
        self._before: list[tuple[_Part, int] | None] = []  # of each state: what is to be said, and the state after it
        self._states: dict[tuple[int, int], int] = {}
        self._begun: dict[int, list[int]] = {}  # the forms that begin at a state
        self._reached: dict[int, frozenset[int]] = {}
        self._steps: dict[frozenset[int], dict[str, frozenset[int] | list[int]]] = {}

    def state(self) -> int:
        """A new state, to begin or to end forms at."""
        self._before.append(None)
        return len(self._before) - 1

    def add(self, form: str, start: int, end: int) -> None:
        """Lead from one state to another by a form. What cannot be read, or needs no word, raises BadForm."""
        tokens = _TOKEN.findall(_plain(form))[::-1]
        part = self._alternatives(form, tokens)
        if tokens:
            raise BadForm(form, f"sobra «{tokens[-1]}»")
        if _needs_no_word(part):
            raise BadForm(form, "también vale para un mensaje vacío; deja al menos una palabra sin «?»")
        self._begun.setdefault(start, []).append(self._saying(part, end))
        self._reached.clear()
        self._steps.clear()

    def walk(self, said: Sequence[str], state: int, begin: int = 0) -> Iterator[tuple[int, frozenset[int]]]:
        """The states that are reached after each word, with the place of the next word."""
        reached = self._closure(state)
        yield begin, reached
        for at in range(begin, len(said)):
            ahead = self._after(reached, said[at])
            if ahead is None:
                return
            reached = ahead
            yield at + 1, reached

    def _after(self, states: frozenset[int], word: str) -> frozenset[int] | None:
        """Where a word leads from these states: worked out when it is first said there."""
        steps = self._steps.get(states)
        if steps is None:
            steps = self._steps[states] = {}
            for state in states:
                for one, there in self._words(state):
                    steps.setdefault(one, []).append(there)  # type: ignore[union-attr]  # lists until all are known
        ahead = steps.get(word)
        if isinstance(ahead, list):
            ahead = steps[word] = frozenset().union(*map(self._closure, ahead))
        return ahead

    def _closure(self, state: int) -> frozenset[int]:
        """What is reached from a state without a word, as far as it matters: where words lead on, and where forms end."""
        known = self._reached.get(state)
        if known is None:
            found, ahead = {state}, [state]
            while ahead:
                for there in self._free(ahead.pop()):
                    if there not in found:
                        found.add(there)
                        ahead.append(there)
            known = self._reached[state] = frozenset(one for one in found if self._matters(one))
        return known

    def _matters(self, state: int) -> bool:
        return self._before[state] is None or next(self._words(state), None) is not None

    def _words(self, state: int) -> Iterator[tuple[str, int]]:
        """The words that lead on from a state, and where to."""
        part, after = self._before[state] or ("", state)
        if isinstance(part, _Node):
            if part.mark in {"|", "?"}:
                yield from ((one, after) for one in part.parts if isinstance(one, str))
        elif part:
            yield part, after

    def _free(self, state: int) -> Iterator[int]:
        """The states that need no word to be reached from a state."""
        yield from self._begun.get(state, ())
        part, after = self._before[state] or ("", state)
        if not isinstance(part, _Node):
            return
        if part.mark == "&":
            for one in reversed(part.parts):
                after = self._saying(one, after)
            yield after
        elif part.mark in {"|", "?"}:
            yield from (self._saying(one, after) for one in part.parts if isinstance(one, _Node))
            yield from (after,) if part.mark == "?" else ()
        else:
            again = state if part.mark == "*" else self._saying(self._node("*", part.parts), after)
            yield self._saying(part.parts[0], again)
            yield from (after,) if part.mark == "*" else ()

    def _saying(self, part: _Part, after: int) -> int:
        """The state in which a part is to be said."""
        key = (id(part), after)  # parts are kept once, so that theirs is the only such id
        known = self._states.get(key)
        if known is None:
            known = self._states[key] = self.state()
            self._before[known] = (part, after)
        return known

    def _node(self, mark: str, parts: Sequence[_Part]) -> _Node:
        """A node, kept once for all forms that have it."""
        key = (mark, tuple(map(id, parts)))
        return self._parts.setdefault(key, _Node(mark, tuple(parts)))

    def _alternatives(self, form: str, tokens: list[str]) -> _Part:
        ways = [self._sequence(form, tokens)]
        while tokens and tokens[-1] == "|":
            tokens.pop()
            ways.append(self._sequence(form, tokens))
        return ways[0] if len(ways) == 1 else self._node("|", ways)

    def _sequence(self, form: str, tokens: list[str]) -> _Part:
        parts: list[_Part] = []
        while tokens and tokens[-1] not in {"|", ")"}:
            token = tokens.pop()
            if token in _TIMES:
                raise BadForm(form, f"«{token}» va después de una palabra o de «)»")
            part = self._group(form, tokens) if token == "(" else sys.intern(token)  # noqa: S105 - a mark of a form
            parts.append(self._node(tokens.pop(), [part]) if tokens and tokens[-1] in _TIMES else part)
        return parts[0] if len(parts) == 1 else self._node("&", parts)

    def _group(self, form: str, tokens: list[str]) -> _Part:
        part = self._alternatives(form, tokens)
        if not tokens:
            raise BadForm(form, "falta «)»")
        tokens.pop()
        return part


def _needs_no_word(part: _Part) -> bool:
    if not isinstance(part, _Node) or part.mark in {"?", "*"}:
        return isinstance(part, _Node)
    return (any if part.mark == "|" else all)(map(_needs_no_word, part.parts))
