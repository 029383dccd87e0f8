"""The arithmetic of the index: rows counted, sparse rows added up, the two highest of each group. No words here."""

from __future__ import annotations

from array import array
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
        begins = ends - lengths
        self._begins = array("I", begins.tolist())
        self._ends = array("I", np.where(lengths < fullest, ends, begins).tolist())

    def sums(self, rows: Sequence[int], shares: Numbers) -> Numbers:
        """These rows times their shares, added up: one number a column."""
        if not rows:
            return np.zeros(self._width)
        spans = [slice(self._begins[row], self._ends[row]) for row in rows]
        columns = np.concatenate([self._columns[span] for span in spans])
        values = np.concatenate([self._values[span] for span in spans])
        lengths = [span.stop - span.start for span in spans]
        total: Numbers = np.bincount(columns, values * np.repeat(shares, lengths), self._width)
        return total


class Cells:
    """What stands where: two columns of numbers side by side, as many rows as were added."""

    def __init__(self) -> None:
        self.what = array("I")
        self.where = array("I")

    def add(self, what: Sequence[int], where: int) -> None:
        """These stand there."""
        self.what.extend(what)
        self.where.extend([where] * len(what))


def counted(cells: Cells, shape: tuple[int, int]) -> Numbers:
    """How often each stands in each place."""
    codes = np.asarray(cells.what, dtype=np.int64) * shape[1] + np.asarray(cells.where)
    return np.bincount(codes, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float32)


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
