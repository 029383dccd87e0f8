"""Words that are not respectful, and the better ones. Used by `rumbo check` alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bot.library.article import LANGUAGES
from bot.library.fields import Fields
from bot.library.problems import Notes
from bot.library.tree import read_yaml


@dataclass(frozen=True)
class Glossary:
    """For each language: word -> what to write instead."""

    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def patterns(self) -> Mapping[str, re.Pattern[str]]:
        """One expression for each language that has words."""
        out = {}
        for language, words in self.words.items():
            if words:
                longest = sorted(words, key=len, reverse=True)
                out[language] = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)
        return out

    def harsh(self, text: str, language: str) -> list[tuple[int, str, str]]:
        """Every harsh word of a text: its place, the word, the better one."""
        pattern = self.patterns.get(language)
        if pattern is None:
            return []
        words = self.words[language]
        return [(found.start(), found[1], words[found[1].casefold()]) for found in pattern.finditer(text)]


def read_glossary(text: str, notes: Notes) -> Glossary:
    """The words of a file."""
    tree = read_yaml(text, notes)
    if tree is None:
        return Glossary()
    fields = Fields(tree, notes)
    fields.only(LANGUAGES)
    words: dict[str, Mapping[str, str]] = {}
    for language in LANGUAGES:
        if inner := fields.child(language):
            words[language] = {word.casefold(): inner.text(word) for word in inner.values}
    return Glossary(words)
