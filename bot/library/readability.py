"""How easy a Spanish text is to read: sentences, syllables, the INFLESZ scale (Szigriszt-Pazos). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MARK = re.compile(r"\*\*|^\s*(?:-|\d+\.)\s+", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?:;…])[\"»”)]*\s+")
_WORD = re.compile(r"[^\W\d_]+")
_STRONG = "aeoáéíóú"
_VOWELS = _STRONG + "iuüy"
_SILENT_U = re.compile(r"(?<=[gq])u(?=[eiéí])")


def plain(text: str) -> str:
    """The words alone, without Markdown."""
    return _MARK.sub("", _LINK.sub(r"\1", text))


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text; each line of a list is at least one."""
    for line in plain(text).split("\n"):
        for sentence in _SENTENCE.split(line):
            if _WORD.search(sentence):
                yield sentence.strip()


def syllables(word: str) -> int:
    """The syllables of a Spanish word: vowel groups, where two strong vowels or an accented weak one part."""
    letters = _SILENT_U.sub("", word.lower())
    count, before = 0, ""
    for place, letter in enumerate(letters):
        vowel = letter in _VOWELS and not (letter == "y" and letters[place + 1 : place + 2] in tuple(_VOWELS))
        if vowel and (not before or (letter in _STRONG and before in _STRONG) or _hiatus(before, letter)):
            count += 1
        before = letter if vowel else ("" if letter != "h" or not before else before)
    return max(count, 1)


def _hiatus(before: str, letter: str) -> bool:
    return before in "íú" and letter in _STRONG


def inflesz(text: str) -> float:
    """206.835 - 62.3 syllables per word - words per sentence; 65 and more is quite easy. 100 for a text without words."""
    said = list(sentences(text))
    words = [word for sentence in said for word in _WORD.findall(sentence)]
    if not words:
        return 100.0
    return 206.835 - 62.3 * sum(map(syllables, words)) / len(words) - len(words) / len(said)
