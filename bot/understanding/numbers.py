"""The arithmetic of the index: rows counted, sparse rows added up, the two highest of each group. No words here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
"""Real numbers, one axis or two."""
Ints = NDArray[np.intp]


class Postings:
    """A sparse table kept by row: which columns each row has, and how much. Rows that are too full are left out."""

    def __init__(self, row: Ints, column: Ints, value: Numbers, rows: int, width: int, fullest: int = 2**31) -> None:
        order = np.argsort(row, kind="stable")
        self._width = width
        self._columns = column[order].astype(np.uint16 if width < 2**16 else np.uint32)
        self._values = value[order].astype(np.float32)
        lengths = np.bincount(row, minlength=rows)
        ends = np.cumsum(lengths)
        self._spans = np.stack((ends - lengths, np.where(lengths < fullest, ends, ends - lengths)), axis=1).tolist()

    def sums(self, rows: Sequence[int], shares: Numbers) -> Numbers:
        """These rows times their shares, added up: one number a column."""
        spans = [self._spans[row] for row in rows]
        if not spans:
            return np.zeros(self._width)
        columns = np.concatenate([self._columns[begin:end] for begin, end in spans])
        values = np.concatenate([self._values[begin:end] for begin, end in spans])
        lengths = [end - begin for begin, end in spans]
        total: Numbers = np.bincount(columns, values * np.repeat(shares, lengths), self._width)
        return total


def counted(what: Any, where: Any, shape: tuple[int, int]) -> Numbers:
    """How often each stands in each place."""
    codes = np.asarray(what, dtype=np.int64) * shape[1] + np.asarray(where)
    return np.bincount(codes, minlength=shape[0] * shape[1]).reshape(shape)


def expanded(groups: Ints, members: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Every member of the groups named, with the place in `groups` that it came from."""
    sizes = np.array([len(some) for some in members], dtype=np.intp)
    flat = np.array([member for some in members for member in some], dtype=np.intp)
    begins = np.cumsum(sizes) - sizes
    lengths = sizes[groups]
    place = np.repeat(np.arange(len(groups)), lengths)
    within = np.arange(len(place)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return place, flat[begins[groups][place] + within]


def most_and_next(values: Numbers, owner: Ints, starts: Ints) -> tuple[Numbers, Numbers]:
    """The highest and the second highest value of each owner; values stand by owner, none is below 0."""
    most = np.maximum.reduceat(values, starts)
    at_most = values == most[owner]
    others = np.maximum.reduceat(np.where(at_most, 0, values), starts)
    return most, np.where(np.add.reduceat(at_most, starts, dtype=np.intp) > 1, most, others)
