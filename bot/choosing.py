"""Which of the offered choices a text means: by its digit, by its words, also misspelt, by a yes in other words. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from bot.messages import Choice


def pick(text: str, offered: Sequence[Choice]) -> Choice | None:
    """Which of the offered choices a text means: its digit, its words, or a near miss of them."""
    said = fold(text)
    if not said or not offered or _BELOW_ZERO.match(text):
        return None
    number = _NUMBER.fullmatch(said)
    if number:
        place = int(number[1]) - 1
        return offered[place] if 0 <= place < len(offered) else None
    if said in _ORDINALS and _ORDINALS[said] < len(offered):
        return offered[_ORDINALS[said]]
    titles = [_folded(choice.title) for choice in offered]
    if said in titles:
        return offered[titles.index(said)]
    words = said.split()
    begun = [place for place, title in enumerate(titles) if title.split()[: len(words)] == words]
    if len(begun) == 1 and len(words) <= 3:
        return offered[begun[0]]
    if len(said) < 4 or len(said) > 30:
        return None
    near = [_nearness(said, title) for title in titles]
    best = max(range(len(near)), key=near.__getitem__)
    return offered[best] if near[best] >= NEAR else None


def agree(text: str, offered: Sequence[Choice], *wordings: str) -> Choice | None:
    """The choice that begins with yes, when the text says yes in other words ("claro", "de acuerdo"); the same for no.

    `wordings` are those of yes and those of no, with | between them; the first of them is how our own choices say it.
    """
    for words in wordings:
        if is_one_of(text, words):
            named = _folded(words.split("|", 1)[0])
            return next((choice for choice in offered if _folded(choice.title).split(" ", 1)[0] == named), None)
    return None


def is_number(text: str) -> bool:
    """The text is the number of a choice and nothing else, so it cannot be a cry for help."""
    return _NUMBER.fullmatch(fold(text)) is not None


def numbers_in(text: str) -> tuple[int, ...]:
    """The numbers, when a text is nothing but the numbers of choices: `15`, `-1`, `3 y 4`."""
    said = fold(text)
    if not _NUMBERS.fullmatch(said):
        return ()
    sign = -1 if _BELOW_ZERO.match(text) else 1
    return tuple(sign * int(number) for number in re.findall(r"\d+", said))


_NUMBERS = re.compile(r"(?:opcion |option |numero |las |la |el |n )?\d{1,2}(?:(?: y| e| o| and| or)? \d{1,2})*")
_BELOW_ZERO = re.compile(r"\s*[-\u2212\u2013]\s?\d{1,2}\s*$")
_NUMBER = re.compile(r"(?:opcion |option |numero |la |el |n )?(\d{1,2})")
NEAR = 0.84
"""The least share of two texts that must agree for one to count as a misspelling of the other."""


def _nearness(said: str, title: str) -> float:
    """The share of the two texts that agrees; 0 where a quick look at the letters shows that it is below NEAR."""
    matcher = SequenceMatcher(None, said, title)
    return matcher.ratio() if matcher.real_quick_ratio() >= NEAR and matcher.quick_ratio() >= NEAR else 0.0


_ORDINALS = {
    word: place
    for place, words in enumerate(
        (
            ("uno", "una", "primera", "primero", "la primera", "el primero", "one", "first"),
            ("dos", "segunda", "segundo", "la segunda", "el segundo", "two", "second"),
            ("tres", "tercera", "tercero", "la tercera", "el tercero", "three", "third"),
            ("cuatro", "la cuarta", "four"),
            ("cinco", "la quinta", "five"),
        )
    )
    for word in words
}


_BETWEEN_WORDS = re.compile(r"[^\w ]+")


def fold(text: str) -> str:
    """The text without capitals, accents and punctuation, so that two spellings of the same words compare equal."""
    plain = text.casefold()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return " ".join(_BETWEEN_WORDS.sub(" ", plain).split())


_folded = lru_cache(maxsize=2_000)(fold)
"""`fold` with a memory, for our own words only: what a person wrote is not kept."""


@lru_cache(maxsize=500)
def _wordings(words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words.split("|"))


def is_one_of(text: str, words: str) -> bool:
    """The text is one of the wordings, which stand with | between them."""
    return fold(text) in _wordings(words)
