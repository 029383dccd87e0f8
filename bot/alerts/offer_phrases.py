"""The little language in which staff write what gives an offer away, and how it is looked for.

    paga* ... {cobro}        a word that begins with "paga", up to four words, one of the list `cobro`
    trae/traer/traiga #s     one of three words, then a sum of money
    ! sin pagar no           the `!` says: true even after a "no" or "sin"

| written | means |
| --- | --- |
| `casa` | that word; accents and capitals do not matter |
| `pag*` | a word that begins so |
| `a/b/dos_palabras` | one of these; `_` joins words |
| `{lista}` | one of a list of the file |
| `x?` | may be missing (not the first one) |
| `..` `...` `.....` | up to 2, 4, 8 words between, in the same sentence |
| `a & b & c` | all of them in one sentence, in any order |
| `a & b && c` | the same, and `c` anywhere in the offer |
| `#` | a number, a sum |
| `#s` | a sum of money such as a worker would be asked for: marked (S/, soles), not a wage by day or month |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from bot.alerts.offer_text import KEY, WORD, OfferText, fold, key_of

_BETWEEN = r"[^\w\n.!?;]{1,4}"
_WORDLIKE = r"[\w%+$/'-]+(?:[.,]\d+)*"
_GAPS = {"..": 2, "...": 4, ".....": 8}
_NUMBER = r"(?:(?:s/|us\$|\$|usd|pen) ?)?\d[\d.,]*(?:[ ]?(?:soles|sol|solcitos|lucas|luquitas|pen|dolares|usdt|usd)\b)?"
_WAGE = r"(?! ?(?:soles|lucas)? ?(?:por|x|al|a la|la|el|de|/|,)? ?(?:hora|dia\b|diari|jorn|turno|seman|quinc|mes\b|mensu|basic))"
_SUM = (
    r"(?:(?:s/|us\$|\$|usd|pen) ?\d{1,3}(?:[.,]\d{1,2})?(?![\d.,]*\d)|"
    r"\d{1,3}(?:[.,]\d{1,2})? ?(?:soles|sol|solcitos|lucas|luquitas|dolares|usdt|usd|pen)\b)" + _WAGE
)
NEGATIONS = frozenset(
    "no ni sin jamas nunca nadie tampoco ningun ninguna nada evita prohibido never not without doesn nor neither".split()
)
_FEW = 6  # words that need no sorting by their first letter
_SPLIT = re.compile(r"[/_ ]")
BUT = frozenset("pero solo salvo excepto sino unicamente only but solamente except".split())


@dataclass(frozen=True, slots=True)
class Found:
    """One phrase in an offer, and where it stands."""

    start: int
    end: int


class _Lazily:
    """A row of the rules, made a regular expression when it is first needed: most of the many rarely are."""

    __slots__ = ("_compiled", "_make")

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make
        self._compiled: re.Pattern[str] | None = None

    def __call__(self) -> re.Pattern[str]:
        if self._compiled is None:
            self._compiled = re.compile(self._make())
        return self._compiled


@dataclass(frozen=True, slots=True)
class Phrase:
    """One line of the rules, ready to be looked for."""

    line: str
    pattern: _Lazily
    rest: _Lazily  # what comes after a first word that needs no looking at, because its key is the word itself
    keys: Mapping[str, bool]  # under which keys it is found; true where the key is the whole first word
    stubborn: bool  # holds even when a negation stands before it
    negative: bool  # says "no" or "sin" itself
    others: tuple[_Lazily, ...] = ()  # what must stand in the same sentence too
    anywhere: tuple[_Lazily, ...] = ()  # what must stand somewhere in the offer too

    def at(self, text: OfferText, key: str, place: int) -> Found | None:
        """The phrase, if it begins at this place, where a word of this key stands."""
        if self.keys[key]:
            found = self.rest().match(text.folded, place + len(key))
        else:
            found = self.pattern().match(text.folded, place)
        return Found(place, found.end()) if found else None


class PhraseBook:
    """Many phrases, looked for together: only those are tried whose first word stands in the offer."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._by_key: dict[str, list[Phrase]] = {}
        for phrase in phrases:
            for key in phrase.keys:
                self._by_key.setdefault(key, []).append(phrase)

    def find(self, text: OfferText, *, deny: bool = True) -> Iterator[Found]:
        """Every phrase that the text says. With `deny`, what it says it does NOT do is left out."""
        for key in self._by_key.keys() & text.words.keys():
            for phrase, place in product(self._by_key[key], text.words[key]):
                found = phrase.at(text, key, place)
                if found is None or (deny and not phrase.stubborn and _taken_as_denied(text, found, phrase)):
                    continue
                if _together(text, place, phrase):
                    yield found

    def said(self, text: OfferText, *, deny: bool = True) -> bool:
        """Whether any phrase stands in the text."""
        return next(self.find(text, deny=deny), None) is not None


def denied(text: OfferText, at: int) -> bool:
    """Whether a `no`, `sin`, `jamás` stands within the four words before, in the same clause."""
    before = re.split(r"[,.!?;:\n(]", text.folded[max(0, at - 60) : at])[-1]
    words = WORD.findall(before)
    for place in range(len(words) - 1, max(-1, len(words) - 5), -1):
        if words[place] in BUT or (words[place] == "no" and place and words[place - 1] == "si"):
            return False
        if words[place] in NEGATIONS:
            return True
    return False


def after_but(folded: str, start: int, end: int) -> int:
    """Where what counts begins: after the last `pero`, `solo`, `salvo` of a stretch, else at its start."""
    return max((word.end() for word in WORD.finditer(folded, start, end) if word.group() in BUT), default=start)


def _together(text: OfferText, at: int, phrase: Phrase) -> bool:
    if not all(other().search(text.folded) for other in phrase.anywhere):
        return False
    if not phrase.others:
        return True
    start, end = text.sentence(at)
    return all(other().search(text.folded, start, end) for other in phrase.others)


def _taken_as_denied(text: OfferText, found: Found, phrase: Phrase) -> bool:
    if denied(text, found.start):
        return True
    said = WORD.findall(text.folded, found.start, found.end)
    return not phrase.negative and any(word in NEGATIONS for word in said)


def phrase(line: str, lists: Mapping[str, Sequence[str]]) -> Phrase:
    """One line of the little language; `lists` as `listed` makes them. ValueError says, in Spanish, what is wrong with it and how to mend it."""
    stubborn = line.startswith("!")
    here, *anywhere = line.lstrip("! ").split("&&")
    head, *others = (_Row(part, lists, line) for part in here.split("&"))
    return Phrase(
        line,
        _Lazily(head.pattern),
        _Lazily(head.rest),
        _keys(head.first, line),
        stubborn,
        head.negative,
        tuple(_Lazily(other.within) for other in others),
        tuple(_Lazily(_Row(part, lists, line).within) for part in anywhere),
    )


class _Row:
    """A row of words, lists and gaps. What is wrong with it is told at once; its expression is made later."""

    def __init__(self, part: str, lists: Mapping[str, Sequence[str]], line: str) -> None:
        self._items = fold_line(part).split()
        self._lists = lists
        self._line = line
        if not self._items or self._items[0] in _GAPS or self._items[0].endswith("?"):
            raise ValueError(f"«{line}»: la frase debe empezar con una palabra fija, no con un hueco ni algo opcional")
        self.first = _alternatives(self._items[0], lists, line)
        self.negative = not NEGATIONS.isdisjoint(_SPLIT.split(" ".join(self._items)))
        for item in self._items[1:]:
            if "/" in item or "{" in item:
                _alternatives(item.removesuffix("?"), lists, line)

    def pattern(self) -> str:
        """The row as a regular expression."""
        return _item(self.first) + self.rest()

    def within(self) -> str:
        """The same, to be searched for anywhere in a stretch of text."""
        return r"(?<!\w)" + self.pattern()

    def rest(self) -> str:
        """The row without its first word."""
        written = ""
        gap: int | None = None
        for item in self._items[1:]:
            if item in _GAPS:
                gap = _GAPS[item]
                continue
            body = _item(_alternatives(item.removesuffix("?"), self._lists, self._line))
            joint = _BETWEEN if gap is None else rf"(?:{_BETWEEN}{_WORDLIKE}){{0,{gap}}}?{_BETWEEN}"
            written += rf"(?:{joint}{body})?" if item.endswith("?") else joint + body
            gap = None
        return written


def listed(words: Iterable[str]) -> list[str]:
    """The words of one list, as phrases use them."""
    return [fold_line(word).replace(" ", "_") for word in words]


def fold_line(line: str) -> str:
    """A line of the rules without accents; its signs stay."""
    return line.lower() if line.isascii() else "".join(sign if sign in "*_|" else fold(sign) for sign in line)


def _alternatives(item: str, lists: Mapping[str, Sequence[str]], line: str) -> list[str]:
    words: list[str] = []
    for part in item.split("/"):
        if part.startswith("{"):
            name = part.strip("{}")
            if name not in lists:
                raise ValueError(f"«{line}»: no hay una lista «{name}»; escríbela bajo `listas` o corrige el nombre")
            words.extend(lists[name])
        elif part:
            words.append(part)
    if not words:
        raise ValueError(f"«{line}»: falta una palabra junto a «/»")
    return words


def _item(words: Sequence[str]) -> str:
    """One of many words, those with the same first letter together: so a long list is searched quickly."""
    if len(words) <= _FEW:
        return "(?:" + "|".join(_one(word) for word in sorted(words, key=len, reverse=True)) + ")"
    groups: dict[str, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        groups.setdefault(word[0] if word[0].isalpha() and not word.startswith("s/") else "", []).append(word)
    branches = (
        letter + "(?:" + "|".join(_one(word)[len(letter) :] for word in group) + ")" for letter, group in groups.items()
    )
    return "(?:" + "|".join(branches) + ")"


def _one(word: str) -> str:
    if word == "#":
        return _NUMBER
    if word == "#s":
        return _SUM
    parts = [re.escape(part.rstrip("*")) + (r"\w*" if part.endswith("*") else r"(?!\w)") for part in word.split("_")]
    return _BETWEEN.join(parts)


def _keys(words: Sequence[str], line: str) -> dict[str, bool]:
    keys: dict[str, bool] = {}
    for word in words:
        for key in _first_keys(word, line):
            keys[key] = key == word != "#" and keys.get(key, True)
    return keys


def _first_keys(word: str, line: str) -> tuple[str, ...]:
    head = word.split("_", maxsplit=1)[0]
    if head in {"#", "#s"}:
        return "#", "s", "usd", "pen"
    if head.endswith("*") and len(head) <= KEY:
        raise ValueError(f"«{line}»: en la primera palabra escribe al menos cuatro letras antes de «*» ({head})")
    return (key_of(head),)
