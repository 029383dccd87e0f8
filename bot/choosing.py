"""Which of the offered choices a text means: its digit, its words, a slip of them, a yes in other words. Pure."""

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
    if not said or not offered:
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
    """The first choice that begins with yes, for who says yes in other words ("claro", "de acuerdo"); likewise no.

    `wordings` are those of yes and those of no, with | between them; the first of them is how our own choices say it.
    """
    for words in wordings:
        if is_one_of(text, words):
            named = _folded(words.split("|", 1)[0])
            return next((choice for choice in offered if _folded(choice.title).split(" ", 1)[0] == named), None)
    return None


def is_number(text: str) -> bool:
    """The number of a choice and nothing else: never a cry for help, whatever was read into it."""
    return _NUMBER.fullmatch(fold(text)) is not None


_NUMBER = re.compile(r"(?:opcion |option |numero |la |el |n )?(\d{1,2})")
NEAR = 0.84
"""How much of two writings must agree for the one to be a slip of the other."""


def _nearness(said: str, title: str) -> float:
    """How much of them agrees; 0 when a look at the letters alone says that it is not enough."""
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
    """Lower case, no accents, no punctuation: what two writings of the same words share."""
    plain = text.casefold()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return " ".join(_BETWEEN_WORDS.sub(" ", plain).split())


_folded = lru_cache(maxsize=2_000)(fold)
"""For our own words, which come again and again; never for what a person wrote."""


@lru_cache(maxsize=500)
def _wordings(words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words.split("|"))


def is_one_of(text: str, words: str) -> bool:
    """The text is one of the wordings, which stand with | between them."""
    return fold(text) in _wordings(words)
