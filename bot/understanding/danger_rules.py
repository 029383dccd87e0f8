"""Reading the rules of danger: the words of the office become concepts and patterns.

The format is explained at the top of `content/peligro.txt`. A mistake in it is told with its line and its remedy.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from bot.understanding.danger_weights import Weights

__all__ = ["Index", "Level", "Pattern", "Rule", "Rules", "normalise", "sounding"]

_GAP = 3  # words that `~` lets pass when no number is given
_TYPO_FROM = 6  # shorter words have too many honest neighbours to be corrected
_FREQUENT = 50  # words that a short word counts for when the rarest part of a rule is chosen
_ACCENTS = re.compile(r"[\u0300-\u036f]+")
_MARK = re.compile(r"[a-z0-9]+")
_REPEATED = re.compile(r"([a-z])\1{2,}")
_LAUGH = re.compile(r"(?:(?:j+[aeiou]+)+j*|(?:[aeo]?(?:ha|he){2,}h?)|(?:a?j[aj]{3,})|lo+l|lmf?ao|rofl)")
_LAUGHING = dict.fromkeys(map(ord, "😂🤣😆😹😅😄"), " jaja ")
_JOINED = dict.fromkeys(map(ord, "'’`´‘"), None)
_SOUNDS = (("qu", "k"), ("ch", "x"), ("h", ""), ("ce", "se"), ("ci", "si"), ("z", "s"), ("c", "k"), ("v", "b"))
_SOUNDS_AFTER = (("ll", "y"), ("ge", "je"), ("gi", "ji"), ("w", "gu"))
_TWINS = re.compile(r"([a-z])\1")
_HEADER = re.compile(r"\[(\w+)(?: ([^\]\s]+))?(?: ([^\]\s]+))?\]$")
_WORD = re.compile(r"[^\W_]+\*?(?:_[^\W_]+\*?)*")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_CLASS = re.compile(r"<[^<>/]+>")
_NAMELESS = {"escritura", "comunes", "dichos", "orden", "umbral", "pesos"}


class Level(IntEnum):
    """How much a rule proves: two hints make a clear sign, and nothing talks a strong one away."""

    HINT = 1
    CLEAR = 2
    STRONG = 3


_LEVELS = {"indicio": Level.HINT, "claro": Level.CLEAR, "fuerte": Level.STRONG}


_LEVELS = {"indicio": Level.HINT, "claro": Level.CLEAR, "fuerte": Level.STRONG}


@dataclass(frozen=True, slots=True)
class Pattern:
    """Sequences of (concept, words allowed before it), all to be found, and concepts that must be missing."""

    sequences: tuple[tuple[tuple[int, int], ...], ...]
    need: frozenset[int]
    absent: frozenset[int]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a pattern proves; for a context: up to which level it silences an article, or every one without a name."""

    article: str
    level: Level
    pattern: Pattern


Index = dict[int, list[Rule]]  # rules by the rarest concept that they need


def normalise(message: str) -> str:
    """Words in plain lower case without accents, marks or stretched letters; doing it twice changes nothing more."""
    plain = message.translate(_LAUGHING).translate(_JOINED)
    if not plain.isascii():
        plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", plain))
    words = _MARK.findall(_REPEATED.sub(r"\1", plain.lower()))
    return " ".join("jaja" if _LAUGH.fullmatch(word) and len(word) > 2 else word for word in words)


class _Vocabulary:
    """Every word and beginning of a word in the rules, found in spite of phonetic spelling and one wrong letter."""

    def __init__(self, common: frozenset[str]) -> None:
        self.sizes: dict[int, int] = defaultdict(int)
        self._common = common
        self._words: dict[str, set[int]] = defaultdict(set)
        self._stems: dict[str, set[int]] = defaultdict(set)
        self._sound_words: dict[str, set[int]] = defaultdict(set)
        self._sound_stems: dict[str, set[int]] = defaultdict(set)
        self._near_words: dict[str, set[int]] = defaultdict(set)
        self._near_stems: dict[str, set[int]] = defaultdict(set)

    def learn(self, word: str, concept: int) -> None:
        """Take in a word, or with a final `*` every word that begins so."""
        stem = word.endswith("*")
        plain = word.rstrip("*")
        (self._stems if stem else self._words)[plain].add(concept)
        sound = sounding(plain)
        self.sizes[concept] = 1 if len(plain) > 3 else _FREQUENT
        if len(sound) > 2:
            (self._sound_stems if stem else self._sound_words)[sound].add(concept)
        if min(len(plain), len(sound)) >= _TYPO_FROM and plain.isalpha():
            for near in _with_one_less(sound):
                (self._near_stems if stem else self._near_words)[near].add(concept)

    def concepts(self, word: str) -> set[int]:
        """The concepts of a word as it was typed; its likeness to others counts only when it is no known word."""
        found = set(self._words.get(word, ())) | _by_stem(self._stems, word)
        if not found and word not in self._common and len(word) > 2 and word.isalpha():
            sound = sounding(word)
            found = set(self._sound_words.get(sound, ())) | _by_stem(self._sound_stems, sound)
            if not found and len(word) >= _TYPO_FROM:
                found = self._nearly(sound)
        return found

    def _nearly(self, sound: str) -> set[int]:
        found = {concept for near in _with_one_less(sound) for concept in self._near_words.get(near, ())}
        for length in range(_TYPO_FROM - 1, len(sound) + 1):
            for near in _with_one_less(sound[:length]):
                found |= self._near_stems.get(near, set())
        return found


class Rules:
    """A parsed rules file. The format is explained at the top of `content/peligro.txt`."""

    def __init__(self, common: frozenset[str]) -> None:
        self.spellings: dict[str, tuple[str, ...]] = {}
        self.ahead: dict[str, int] = {}
        self.limits: dict[str, int] = {}
        self.weights = Weights()
        self.phrases: list[tuple[int, Pattern]] = []
        self.starts: dict[int, list[int]] = {}
        self.figures: Index = {}
        self.contexts: Index = {}
        self.rules: Index = {}
        self._vocabulary = _Vocabulary(common)
        self._concepts: dict[str, int] = {}
        self._within: dict[int, set[int]] = defaultdict(set)

    @classmethod
    def parse(cls, text: str) -> Rules:
        lines = [(number, _COMMENT.sub("", line).strip()) for number, line in enumerate(text.splitlines(), 1)]
        rules = cls(frozenset(_ordinary(lines)))
        section: re.Match[str] | None = None
        for number, line in lines:
            if line.startswith("["):
                section = _section(number, line)
            elif line and section is None:
                raise _bad(number, "hay texto antes de la primera sección", "Empieza con [clase nombre], por ejemplo.")
            elif line and section:
                rules._take(number, line, section)
        if not rules.rules:
            raise _bad(len(lines) or 1, "no hay ninguna regla", "Escribe al menos una sección [fuerte artículo].")
        return rules

    def concepts(self, word: str) -> frozenset[int]:
        """All that a word stands for, the groups of its groups included."""
        return frozenset(group for concept in self._vocabulary.concepts(word) for group in self.groups(concept))

    def class_names(self) -> dict[int, str]:
        """The classes that have a name in the file, by their concept."""
        return {concept: name for name, concept in self._concepts.items() if _CLASS.fullmatch(name)}

    def groups(self, concept: int) -> set[int]:
        """A concept and every group that it belongs to."""
        reached, fresh = {concept}, [concept]
        while fresh:
            new = self._within.get(fresh.pop(), set()) - reached
            reached |= new
            fresh.extend(new)
        return reached

    def _take(self, number: int, line: str, section: re.Match[str]) -> None:
        what, name, extra = section[1], section[2] or "", section[3] or ""
        if what in {"escritura", "orden", "umbral"}:
            self._equation(number, line, what)
        elif what == "clase":
            for entry in filter(None, map(str.strip, line.split(","))):
                self._entry(number, entry, self._concept(f"<{name}>"))
        elif what == "pesos":
            self._weight(number, line)
        elif what == "dichos":
            self._index(self.figures, Rule("", Level.STRONG, self._pattern(number, line)))
        elif what == "contexto":
            self._index(self.contexts, Rule(extra, _LEVELS[name], self._pattern(number, line)))
        elif what in _LEVELS:
            self._index(self.rules, Rule(name, _LEVELS[what], self._pattern(number, line)))

    def _index(self, rules: Index, rule: Rule) -> None:
        rules.setdefault(self._rarest(rule.pattern), []).append(rule)

    def _rarest(self, pattern: Pattern) -> int:
        sizes = self._vocabulary.sizes
        return min(pattern.need, key=lambda concept: (sizes[concept], -concept))

    def _equation(self, number: int, line: str, what: str) -> None:
        short, equals, full = (part.strip() for part in line.partition("="))
        if not equals or not short or not full:
            raise _bad(number, "falta el signo = o una de sus partes", "Escribe: q = que")
        if what == "escritura":
            self.spellings.update((word, tuple(full.split())) for word in short.split())
        elif not full.isdecimal():
            raise _bad(number, f"«{full}» no es un número", "Escribe: proteccion/trata = 2")
        else:
            (self.ahead if what == "orden" else self.limits)[short] = int(full)

    def _weight(self, number: int, line: str) -> None:
        try:
            self.weights.take(line)
        except ValueError:
            raise _bad(
                number, "el peso no tiene sus números", "Vuelve a contar: python -m tests.weigh_danger"
            ) from None

    def _entry(self, number: int, entry: str, concept: int) -> None:
        if " " not in entry:
            self._join(self._element(number, entry), concept)
            return
        pattern = self._pattern(number, entry)
        if len(pattern.sequences) != 1 or pattern.absent:
            raise _bad(number, f"«{entry}» usa & o ! dentro de una clase", "Pon esa combinación en una regla.")
        self._phrase(concept, pattern)

    def _phrase(self, concept: int, pattern: Pattern) -> None:
        self.starts.setdefault(self._rarest(pattern), []).append(len(self.phrases))
        self.phrases.append((concept, pattern))
        self._vocabulary.sizes[concept] += 1

    def _join(self, concept: int, group: int) -> None:
        self._within[concept].add(group)
        self._vocabulary.sizes[group] += self._vocabulary.sizes[concept]

    def _pattern(self, number: int, text: str) -> Pattern:
        sequences: list[tuple[tuple[int, int], ...]] = []
        absent: set[int] = set()
        for part in text.split("&"):
            wanted, *unwanted = part.split("!")
            absent.update(self._element(number, word) for word in " ".join(unwanted).split())
            steps: list[tuple[int, int]] = []
            gap = 0
            for word in wanted.split():
                if word.startswith("~"):
                    gap = _gap(number, word)
                    continue
                steps.append((self._element(number, word), gap))
                gap = 0
            if not steps or gap:
                raise _bad(number, f"«{text}» está incompleto", "Pon palabras o <clases> a cada lado de ~ y de &.")
            sequences.append(tuple(steps))
        need = frozenset(concept for sequence in sequences for concept, _ in sequence)
        return Pattern(tuple(sequences), need, frozenset(absent))

    def _element(self, number: int, word: str) -> int:
        if word in self._concepts:
            return self._concepts[word]
        choices = [choice for choice in word.split("/") if choice]
        if len(choices) > 1:
            inside = [self._element(number, choice) for choice in choices]
            concept = self._concept(word)
            for choice in inside:
                self._join(choice, concept)
            return concept
        if word.startswith("<"):
            raise _bad(number, f"la clase «{word}» no existe más arriba", "Revisa el nombre o define la clase antes.")
        if not _WORD.fullmatch(word):
            raise _bad(number, f"no se entiende «{word}»", "Usa letras, <clase>, ~, & o !; sin comas ni comillas.")
        concept = self._concept(word)
        if "_" in word:
            self._phrase(concept, self._pattern(number, word.replace("_", " ")))
        else:
            self._vocabulary.learn(_plain(word), concept)
        return concept

    def _concept(self, name: str) -> int:
        return self._concepts.setdefault(name, len(self._concepts))


def _ordinary(lines: list[tuple[int, str]]) -> list[str]:
    words: list[str] = []
    inside = False
    for _, line in lines:
        if line.startswith("["):
            inside = line == "[comunes]"
        elif inside:
            words += line.split()
    return words


def _section(number: int, line: str) -> re.Match[str]:
    header = _HEADER.match(line)
    if not header:
        raise _bad(number, f"«{line}» no es una sección", "Escribe [clase nombre], [dichos] o [fuerte artículo].")
    what, name = header[1], header[2]
    if what not in _NAMELESS | {"clase", "contexto", *_LEVELS}:
        raise _bad(
            number,
            f"no existe la sección «{what}»",
            "Son: escritura, clase, dichos, contexto, orden, fuerte, claro, indicio, comunes.",
        )
    if what not in _NAMELESS and not name:
        raise _bad(number, f"a la sección «{what}» le falta el nombre", f"Escribe [{what} nombre].")
    if what == "contexto" and name not in _LEVELS:
        raise _bad(number, f"«{name}» no es un nivel", "Escribe [contexto claro] o [contexto indicio].")
    return header


def _gap(number: int, word: str) -> int:
    if word == "~":
        return _GAP
    if not word[1:].isdecimal():
        raise _bad(number, f"no se entiende «{word}»", "Escribe ~ o ~5.")
    return int(word[1:]) or _GAP


def _bad(number: int, problem: str, remedy: str) -> ValueError:
    return ValueError(f"línea {number}: {problem}. {remedy}")


def _plain(word: str) -> str:
    return normalise(word.rstrip("*")) + ("*" if word.endswith("*") else "")


@lru_cache(maxsize=20_000)
def sounding(word: str) -> str:
    for letters, sound in _SOUNDS:
        word = word.replace(letters, sound)
    for letters, sound in _SOUNDS_AFTER:
        word = word.replace(letters, sound)
    return _TWINS.sub(r"\1", word)


def _by_stem(stems: dict[str, set[int]], word: str) -> set[int]:
    found: set[int] = set()
    for length in range(2, len(word) + 1):
        found |= stems.get(word[:length], set())
    return found


def _with_one_less(word: str) -> set[str]:
    return {word} | {word[:place] + word[place + 1 :] for place in range(1, len(word))}
