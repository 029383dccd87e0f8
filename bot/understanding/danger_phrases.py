"""The phrases of the office about danger: some always call for help, some never do. Read from `content/peligro.txt`.

The format is explained at the top of that file. A mistake in it is told with its line and its remedy.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.errors import BadWords

__all__ = ["Phrases", "normalise"]

_GAP = 3  # words that `~` lets pass
_KEY = 3  # letters that a phrase is found by
_ACCENTS = re.compile(r"[\u0300-\u036f]+")
_MARK = re.compile(r"[a-z0-9]+")
_REPEATED = re.compile(r"([a-z])\1{2,}")
_LAUGH = re.compile(r"(?:(?:j+[aeiou]+)+j*|(?:[aeo]?(?:ha|he){2,}h?)|(?:a?j[aj]{3,})|lo+l|lmf?ao|rofl)")
_LAUGHING = dict.fromkeys(map(ord, "😂🤣😆😹😅😄"), " jaja ")
_JOINED = dict.fromkeys(map(ord, "'’`´‘"), None)
_COMMENT = re.compile(r"(?:^|\s)#.*")
_HEADER = re.compile(r"\[(\w+)(?: ([^\]\s]+))?\]$")
_WORD = re.compile(r"[^\W_]+\*?$")

Step = tuple[str, bool, int]
"""A word, whether it is only a beginning, and how many other words may stand before it."""


def normalise(message: str) -> str:
    """Words in plain lower case without accents, marks or stretched letters; doing it twice changes nothing more."""
    plain = message.replace("'", "").replace("`", "")
    if not plain.isascii():
        plain = plain.translate(_LAUGHING).translate(_JOINED)
        plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", plain))
    words = _MARK.findall(_REPEATED.sub(_once, plain.lower()))
    return " ".join("jaja" if len(word) > 2 and _LAUGH.fullmatch(word) else word for word in words)


def _once(repeated: re.Match[str]) -> str:
    return repeated[1]


@dataclass(slots=True)
class Phrases:
    """What the office wrote. Phrases are found by the beginning of their longest word; nothing is compiled."""

    spellings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _known: dict[str, list[tuple[str, tuple[Step, ...]]]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def parse(cls, text: str) -> Phrases:
        """The phrases of a file; `BadWords` names the first bad line and its remedy, in Spanish."""
        phrases, section, article = cls(), "", ""
        lines = (_COMMENT.sub("", line).strip() for line in text.splitlines())
        for number, line in enumerate(lines, 1):
            if line.startswith("["):
                section, article = _section(number, line)
            elif line and not section:
                raise _bad(number, "hay texto antes de la primera sección", "Empieza con [nunca], por ejemplo.")
            elif line and section == "escritura":
                short, full = _equation(number, line)
                phrases.spellings.update((word, full) for word in short)
            elif line:
                steps = _steps(number, line)
                longest = max((wanted for wanted, _, _ in steps), key=len)
                phrases._known[longest[:_KEY]].append((article, steps))
        return phrases

    def words(self, message: str) -> list[str]:
        """The words of a message as they would be written in full."""
        spellings = self.spellings
        return [full for word in normalise(message).split() for full in spellings.get(word, (word,))]

    def found(self, words: Sequence[str]) -> tuple[list[str], list[str]]:
        """The articles whose phrases are in the words, and the words without those of the phrases that are never danger."""
        articles: list[str] = []
        hidden: set[int] = set()
        for key in {word[:_KEY] for word in words} & self._known.keys():
            for article, steps in self._known[key]:
                for at in range(len(words)):
                    end = _end(words, at, steps)
                    if end and article:
                        articles.append(article)
                    elif end:
                        hidden.update(range(at, end))
        calm = [word for at, word in enumerate(words) if at not in hidden] if hidden else list(words)
        return sorted(set(articles)), calm


def _end(words: Sequence[str], at: int, steps: Sequence[Step]) -> int:
    """Where a phrase that begins at this word ends; 0 when it does not."""
    if not _is(words[at], steps[0]):
        return 0
    for step in steps:
        near = (place for place in range(at, min(at + step[2] + 1, len(words))) if _is(words[place], step))
        at = next(near, -1) + 1
        if not at:
            return 0
    return at


def _is(word: str, step: Step) -> bool:
    return word.startswith(step[0]) if step[1] else word == step[0]


def _section(number: int, line: str) -> tuple[str, str]:
    header = _HEADER.match(line)
    if not header or header[1] not in {"escritura", "siempre", "nunca"}:
        raise _bad(number, f"no existe la sección «{line}»", "Son: [escritura], [siempre tema/artículo], [nunca].")
    if (header[1] == "siempre") != bool(header[2]):
        raise _bad(number, f"el nombre de «{line}» falta o sobra", "Escribe [siempre proteccion/violencia] o [nunca].")
    return header[1], header[2] or ""


def _equation(number: int, line: str) -> tuple[list[str], tuple[str, ...]]:
    short, equals, full = line.partition("=")
    if not equals or not short.strip() or not full.strip():
        raise _bad(number, "falta el signo = o una de sus partes", "Escribe: q = que")
    return short.split(), tuple(full.split())


def _steps(number: int, line: str) -> tuple[Step, ...]:
    return tuple(_each_step(number, line))


def _each_step(number: int, line: str) -> Iterator[Step]:
    gap, last = 0, "~"
    for last in line.split():
        if last == "~":
            gap = _GAP
        elif not _WORD.match(last):
            raise _bad(number, f"no se entiende «{last}»", "Usa solo palabras, ~ y * al final; sin comas ni comillas.")
        elif last.endswith("*") and len(last) <= _KEY:
            raise _bad(number, f"«{last}» es muy corto", "Escribe al menos tres letras antes de *.")
        else:
            yield normalise(last.rstrip("*")), last.endswith("*"), gap
            gap = 0
    if last == "~" or line.startswith("~"):
        raise _bad(number, f"«{line}» está incompleto", "Pon palabras a cada lado de ~.")


def _bad(number: int, problem: str, remedy: str) -> BadWords:
    return BadWords(number, problem, remedy)
