"""Mending words: what the content does not know is brought to what it knows. It must never touch a known word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from bot.understanding.text import is_function_word, sound, stem
from bot.understanding.typos import Typos

_TYPO_FROM = 5  # shorter words have too many honest neighbours to be corrected


class Spellings:
    """Brings a word that the content does not know to the known one that it sounds or looks like."""

    def __init__(
        self, vocabulary: Mapping[str, int], by_language: Mapping[str, set[str]], meanings: Iterable[str]
    ) -> None:
        self._known = frozenset(vocabulary)
        self._by_language = by_language
        self._stems = {lang: frozenset(stem(word, lang) for word in held) for lang, held in by_language.items()}
        self._meanings = frozenset(meanings)
        self._by_sound: dict[str, str] = {}
        self._long: list[str] = []
        for word in sorted(vocabulary, key=lambda w: (vocabulary[w], w)):  # the commonest is written last and stays
            self._by_sound[sound(word)] = word
            if len(word) >= _TYPO_FROM:
                self._long.append(word)
        self._typos = Typos(list(map(sound, self._long)))
        self.nearest = lru_cache(maxsize=20_000)(self._nearest)

    def language(self, said: Sequence[str]) -> str:
        """English when more of the words are known in English than in Spanish."""
        known = {lang: sum(word in held for word in said) for lang, held in self._by_language.items()}
        return "en" if known["en"] > known["es"] else "es"

    def only_english(self, said: Sequence[str]) -> bool:
        """Whether some words are known in English alone, and none in Spanish alone: `job alerts`."""
        telling = [word for word in said if not is_function_word(word)]
        spanish = {word for word in telling if word in self._by_language["es"]}
        english = {word for word in telling if word in self._by_language["en"]}
        return bool(english - spanish) and not spanish - english

    def _nearest(self, word: str, language: str) -> str:
        root = stem(word, language)
        if word in self._known or root in self._stems[language] or root in self._meanings or is_function_word(word):
            return word
        if word.isdigit() or len(word) < 3:
            return word
        heard = sound(word)
        if heard in self._by_sound:
            return self._by_sound[heard]
        if len(word) < _TYPO_FROM:
            return word
        near = {self._long[places[-1]] for places in self._typos.near(heard)}
        return min(near, key=lambda known: (abs(len(known) - len(word)), known[0] != word[0], known), default=word)
