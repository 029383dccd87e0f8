"""The text of an offer, made comparable: no accents, no fancy letters, numbers as digits.

Every place found in `folded` is the same place in `written`, so that names can be told by their capitals.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LONGEST = 6_000  # a pasted offer is a message; what comes after this many characters is not read

_UNITS = {
    "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10,
    "once": 11, "doce": 12, "trece": 13, "catorce": 14, "quince": 15, "dieciséis": 16, "diecisiete": 17,
    "dieciocho": 18, "diecinueve": 19, "veinte": 20, "veintiuno": 21, "veintidós": 22, "veintitrés": 23,
    "veinticuatro": 24, "veinticinco": 25, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60,
    "setenta": 70, "ochenta": 80, "noventa": 90, "cien": 100, "ciento": 100, "doscientos": 200, "trescientos": 300,
    "cuatrocientos": 400, "quinientos": 500, "seiscientos": 600, "setecientos": 700, "ochocientos": 800,
    "novecientos": 900, "mil": 1000,
}  # fmt: skip
_NUMBER_WORD = "|".join(sorted(_UNITS, key=len, reverse=True))
_SPOKEN = re.compile(rf"(?<!\w)(?:\d+ mil|{_NUMBER_WORD})(?: (?:y )?(?:{_NUMBER_WORD}|un|uno))*(?!\w)")
_DOTTED_SOLES = re.compile(r"(?i)\bs/\.(?=\s?\d)")
_SIGNS = str.maketrans("|*_~", ";;;;")
_BULLETS = frozenset("•·▪●■◆►▶➤→👉|–—*_~«»¡¿")
WORD = re.compile(r"\w+")
KEY = 4  # letters by which a phrase is found that begins with the beginning of a word (`pague*`)


@dataclass(frozen=True, slots=True)
class OfferText:
    """An offer in two readings of equal length."""

    written: str  # as typed, with capitals
    folded: str  # small letters without accents; symbols and emojis are `;`
    words: Mapping[str, Sequence[int]]  # where each word begins; `paga*` for all that begin so, `#` for numbers

    def sentence(self, at: int) -> tuple[int, int]:
        """From where to where the sentence around a place reaches."""
        start = max((found.end() for found in _STOP.finditer(self.folded, 0, at)), default=0)
        ending = _STOP.search(self.folded, at)
        return start, ending.start() if ending else len(self.folded)


_STOP = re.compile(r"[!?;\n]|\.(?!\d)(?=\s|$|\w{3})")


def read(text: str) -> OfferText:
    """Both readings of a text. Never fails, whatever was pasted."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST])
    plain = _DOTTED_SOLES.sub("S/ ", plain.replace("\u200b", "").replace("\ufe0f", ""))
    plain = re.sub(r"[ \t\u00a0]+", " ", plain)
    plain = _SPOKEN.sub(_in_digits, plain)
    folded = "".join(fold_letter(letter) for letter in plain)
    return part(plain, folded)


def part(written: str, folded: str) -> OfferText:
    """A text, or a stretch of one, made ready to be searched."""
    words: dict[str, list[int]] = {}
    for found in WORD.finditer(folded):
        word = found.group()
        for key in ("#",) if word[0].isdigit() else (word, f"{word[:KEY]}*"):
            words.setdefault(key, []).append(found.start())
    return OfferText(written, folded, words)


def key_of(word: str) -> str:
    """Under which key phrases are kept that begin with this word; with a `*` at its end, with all that begin so."""
    if word.endswith("*"):
        return f"{word[:KEY]}*"
    first = WORD.match(word)
    if first is None:
        return word
    return "#" if word[0].isdigit() else first.group()


def fold(text: str) -> str:
    """Small letters without accents: how words of the rules are compared."""
    if text.isascii():
        return text.lower().translate(_SIGNS)
    return "".join(fold_letter(letter) for letter in text)


def fold_letter(letter: str) -> str:
    """One character for one character, so that places stay the same."""
    if letter < "\x80":
        return letter.lower() if letter not in "|*_~" else ";"
    if letter in _BULLETS:
        return "-" if letter in "–—" else ";"
    base = unicodedata.normalize("NFKD", letter)[0].lower()[:1]
    if base.isalnum() or unicodedata.category(letter)[0] in "PZ":
        return base
    return "$" if letter in "$€" else ";"


def _in_digits(found: re.Match[str]) -> str:
    """`mil doscientos` → `1200`, `dos mil` → `2000`; a number that makes no sense stays as it is."""
    total, current = 0, 0
    for word in found.group().replace(" y ", " ").split():
        if word == "mil":
            total, current = (current or 1) * 1000, 0
        else:
            current += 1 if word in {"un", "uno"} else _UNITS.get(word) or int(word)
    return str(total + current)
