"""Which known words a misspelt one may be: whatever is one letter away. Must cost little room, for there are thousands."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator, Sequence

import numpy as np


class Typos:
    """Words by what is left of them without any one letter: two that share one of these are at most a typo apart.

    Kept as hashes in order, eight bytes each; as strings they would take five megabytes. What a hash brings up is looked
    at letter by letter before it counts.
    """

    def __init__(self, words: Sequence[str]) -> None:
        """`words`: each once; where it stands is its name."""
        self._words = words
        marks, lengths = array("I"), []
        for word in words:
            cut = _with_one_less(word)
            marks.extend(map(_mark, cut))
            lengths.append(len(cut))
        mark, owner = np.asarray(marks), np.repeat(np.arange(len(words), dtype=np.uint32), lengths)
        order = np.lexsort((owner, mark))
        self._marks, self._owners = mark[order], owner[order]

    def near(self, word: str) -> Iterator[list[int]]:
        """The places of the words that may be meant, for each way of leaving one letter out, in the given order."""
        mine = _with_one_less(word)
        marks = np.asarray([_mark(less) for less in mine], dtype=np.uint32)
        begins = np.searchsorted(self._marks, marks, "left").tolist()
        ends = np.searchsorted(self._marks, marks, "right").tolist()
        for begin, end in zip(begins, ends, strict=True):
            found = [
                at for at in self._owners[begin:end].tolist() if not mine.isdisjoint(_with_one_less(self._words[at]))
            ]
            if found:
                yield found


def a_typo_apart(word: str, other: str) -> bool:
    """Whether one letter too many, too few, wrong, or two in the wrong order make the difference."""
    if len(word) > len(other):
        word, other = other, word
    start = next((i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), len(word))
    rest, other_rest = word[start:], other[start:]
    if len(word) < len(other):
        return rest == other_rest[1:]
    return rest[1:] == other_rest[1:] or (rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:])


def _with_one_less(word: str) -> set[str]:
    """The word and what is left of it without any one letter: two words that share one are a typo apart."""
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


def _mark(less: str) -> int:
    return zlib.crc32(less.encode())
