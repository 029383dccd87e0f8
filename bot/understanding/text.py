"""How a message becomes terms that can be compared: spelling of the chat undone, words cut to stems, meanings named.

The glossary (`content/vocabulario.yaml`) belongs to the office: abbreviations, words that mean the same. This module holds
only the mechanics. It must never raise on anything that a person can type, and never keep a text.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import snowballstemmer

LONGEST = 2_000
"""Characters of a message that are looked at; the rest of a longer one adds cost and no meaning."""

_WORD = re.compile(r"[a-z0-9]+")
_PIECES = (3, 5)  # lengths; 4 between them costs a third more and adds nothing
_TOKEN = re.compile(r"[^\W_]+")
_JOINED = dict.fromkeys(map(ord, "'’`´‘\u200b\u200c\u200d\ufe0f"), None)
_MARKS = re.compile("[\u0300-\u036f]+")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")
_LAUGH = re.compile(r"(?:a?(?:j[aeio]){2,}j?|(?:ha){2,}h?|lo+l|x+d+)")
_SOUNDS = (("qu", "k"), ("ch", "x"), ("sh", "x"), ("ph", "f"), ("h", ""), ("ce", "se"), ("ci", "si"), ("z", "s"))
_SOUNDS_AFTER = (("c", "k"), ("v", "b"), ("ll", "y"), ("ge", "je"), ("gi", "ji"), ("w", "gu"), ("ñ", "n"))
_TWINS = re.compile(r"([a-z])\1")
_FUNCTION_WORDS = frozenset(
    """a al ante bajo con de del desde e el ella ellas ellos en entre era es esa esas ese eso esos esta estas este esto
    estos fue ha han hay he i la las le les lo los me mi mis muy ni nos o para pero por porque que se si sin sobre son
    soy su sus te tu tus u un una uno unos unas y ya yo como cuando donde cual cuales quien quienes cuanto cuanta aqui
    aca ahi alla asi tambien entonces hasta mas menos algo alguien nada nadie estoy estan estamos esta ser estar
    the a an of to in on at for from with and or but if is are am was were be been do does did i you he she it we they
    my your his her its our their me him us them this that these those what which who when where how why can could
    will would should may might have has had not no so as by than then there here just get got im ive dont""".split()
)


def plain(text: str) -> str:
    """Lower case without accents, apostrophes or letters drawn out; punctuation stays."""
    text = text[:LONGEST].lower()
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKD", text.translate(_JOINED)).lower())
    else:
        text = text.replace("'", "").replace("`", "")
    return _DRAWN_OUT.sub(r"\1", text)


def words(text: str) -> list[str]:
    """The words and numbers of a text, plain; laughter is none."""
    return [word for word in _WORD.findall(plain(text)) if word[0] not in "ahjlx" or not _LAUGH.fullmatch(word)]


@lru_cache(maxsize=4_000)
def sound(word: str) -> str:
    """How a word sounds in Spanish, so that `kiero` meets `quiero` and `nesecito` comes near `necesito`."""
    for spelt, heard in (*_SOUNDS, *_SOUNDS_AFTER):
        word = word.replace(spelt, heard)
    return _TWINS.sub(r"\1", word)


class _Stemmers:
    """Snowball keeps its state in the object, and threads rebuild an index: one pair for each thread would be cleaner,
    yet words repeat so much that everything passes through the caches below under the interpreter's lock.
    """

    spanish = snowballstemmer.stemmer("spanish")
    english = snowballstemmer.stemmer("english")


@lru_cache(maxsize=8_000)
def stem(word: str, language: str = "es") -> str:
    """The stem of a plain word; numbers and very short words are their own."""
    if len(word) < 4 or word[0].isdigit():
        return word
    stemmer = _new_stemmer(language)
    return sys.intern(stemmer.stemWord(word))


def _new_stemmer(language: str) -> Any:
    return _Stemmers.english if language == "en" else _Stemmers.spanish


def is_function_word(word: str) -> bool:
    """Whether a word only holds a sentence together, in Spanish or English."""
    return word in _FUNCTION_WORDS


def pieces(word: str) -> frozenset[str]:
    """The character n-grams of one word with its borders marked."""
    bordered = f"<{word}>"
    return frozenset(bordered[at : at + size] for size in _PIECES for at in range(len(bordered) - size + 1))


@dataclass(frozen=True, slots=True)
class Glossary:
    """What staff wrote in `vocabulario.yaml`: spellings to undo and words that mean the same."""

    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    meanings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name -> words and phrases, any language
    controls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    abroad: frozenset[str] = frozenset()  # words and phrases of other countries: such a question is seldom ours
    leaving: tuple[frozenset[str], frozenset[str], frozenset[str]] = (frozenset(), frozenset(), frozenset())
    # stems of going abroad, of what one comes back with, and of what makes it a matter of the other country after all
    courtesy: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()  # forms of what is said beside a control and is none
    fillers: tuple[str, ...] = ()  # words of courtesy that may stand anywhere in a control
    direct: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # article -> forms of whole messages

    @classmethod
    def from_data(cls, data: Mapping[str, Any] | None) -> Glossary:
        """The glossary in a parsed YAML file; parts that are missing or of another shape are empty."""
        data = data if isinstance(data, Mapping) else {}
        return cls(
            spellings={plain(str(k)): tuple(words(str(v))) for k, v in _mapping(data, "abreviaturas").items()},
            meanings={str(k): _texts(v) for k, v in _mapping(data, "significados").items()},
            controls={str(k): _texts(v) for k, v in _mapping(data, "controles").items()},
            courtesy=_texts(data.get("cortesia")),
            remarks=_texts(data.get("comentarios")),
            fillers=tuple(" ".join(words(filler)) for filler in _texts(data.get("relleno"))),
            direct={str(k): _texts(v) for k, v in _mapping(data, "directas").items()},
            abroad=frozenset(" ".join(words(entry)) for entry in _texts(data.get("lejos"))),
            leaving=_leaving(_mapping(data, "ida")),
        )


def _leaving(data: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    goes, back, unless = (
        frozenset(stem(word) for entry in _texts(data.get(name)) for word in words(entry))
        for name in ("va", "con", "pero")
    )
    return goes, back, unless


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, Sequence) and not isinstance(value, str) else ()


@dataclass(frozen=True, slots=True)
class Terms:
    """A message as the index compares it: its plain words, and terms in their order (`#name` is a meaning)."""

    words: tuple[str, ...]
    stems: tuple[str, ...]  # of the words that are no function words
    meanings: tuple[str, ...]
    abroad: bool = False  # another country is named


class Analyser:
    """Turns texts into terms with one glossary. Cheap to ask, safe to share."""

    def __init__(self, glossary: Glossary) -> None:
        self._spellings = glossary.spellings
        self._far = glossary.abroad
        self._leaving = glossary.leaving
        self._abroad = frozenset(entry for entry in glossary.abroad if " " not in entry)
        self._abroad_phrases = tuple(f" {entry} " for entry in glossary.abroad if " " in entry)
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name, entries in glossary.meanings.items():
            for entry in entries:
                self._learn(entry, f"#{name}")

    def words(self, text: str) -> list[str]:
        """The plain words of a text with the abbreviations of the chat written out."""
        out: list[str] = []
        for word in words(text):
            out.extend(self._spellings.get(word, (word,)))
        return out

    def spelt_out(self, text: str) -> str:
        """The text as it is, but for the abbreviations of the chat: what an encoder reads best."""
        return _TOKEN.sub(lambda found: " ".join(self._spellings.get(plain(found[0]), (found[0],))), text[:LONGEST])

    def terms(self, text: str, language: str = "es") -> Terms:
        """What a text is compared by."""
        return self.terms_of(self.words(text), language)

    def terms_of(self, said: Sequence[str], language: str = "es") -> Terms:
        """The same for words already cut (and perhaps corrected)."""
        stems = [stem(word, language) for word in said]
        content = tuple(s for s, word in zip(stems, said, strict=True) if word not in _FUNCTION_WORDS)
        meanings = self._meant(stems)
        if language == "en":
            meanings = self._meant([stem(word) for word in said]) | meanings
        return Terms(tuple(said), content, tuple(meanings), self._is_abroad(said))

    def _is_abroad(self, said: Sequence[str]) -> bool:
        line = f" {' '.join(said)} "
        far = not self._abroad.isdisjoint(said) or any(phrase in line for phrase in self._abroad_phrases)
        return far and not self._is_a_trip(said)

    def _is_a_trip(self, said: Sequence[str]) -> bool:
        """Leaving this country and coming back to it: the papers for that are ours, whatever country is named."""
        goes, back, unless = self._leaving
        stems = {stem(word) for word in said}
        return not goes.isdisjoint(stems) and not back.isdisjoint(stems) and unless.isdisjoint(stems)

    def _learn(self, entry: str, name: str) -> None:
        said = self.words(entry)
        if not said:
            return
        for language in ("es", "en"):
            phrase = tuple(stem(word, language) for word in said)
            known = self._phrases.setdefault(phrase[0], [])
            if (phrase, name) not in known:
                known.append((phrase, name))

    def _meant(self, stems: Sequence[str]) -> dict[str, None]:
        """The names of what is meant, each once, in the order of the words."""
        known = self._phrases
        return {
            name: None
            for at, first in enumerate(stems)
            if first in known
            for phrase, name in known[first]
            if len(phrase) == 1 or tuple(stems[at : at + len(phrase)]) == phrase
        }

    def meaning_stems(self) -> Iterable[str]:
        """Every stem that the glossary knows, so that a typo of it can be corrected."""
        far = {stem(word, language) for entry in self._far for word in entry.split() for language in ("es", "en")}
        return far | {part for known in self._phrases.values() for phrase, _ in known for part in phrase}
