"""Bytes of a spreadsheet to records: whatever encoding, separator and line breaks the office computer used.

Never fails on any bytes; whether the records are vacancies is decided in `spreadsheet.py`.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Sequence

SEPARATORS = ";,\t|"
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PROBE = 20
_LARGEST_CELL = 1_000_000

Records = list[list[str]]


def decoded(raw: bytes) -> str:
    """The text: by its mark, else UTF-8, else Windows-1252 as Excel saves it."""
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, "replace").replace("\0", "")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return text.replace("\0", "")


def records(raw: bytes, score: Callable[[Sequence[str]], int]) -> Records:
    """The records under the separator by which some record of the top is most like a header."""
    text = decoded(raw)
    said, rest = _stated(text)
    if said:
        return _parse(rest, said)
    best = max(SEPARATORS, key=lambda mark: max(map(score, _parse(text, mark)[:_PROBE]), default=0))
    return _parse(text, best)


def _stated(text: str) -> tuple[str, str]:
    """Excel's own first line `sep=;`."""
    first, _, rest = text.partition("\n")
    line = first.strip().strip('"').lower()
    return (line[4], rest) if line.startswith("sep=") and len(line) == 5 else ("", text)


def _parse(text: str, separator: str) -> Records:
    csv.field_size_limit(_LARGEST_CELL)
    out: Records = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            out.append(record)
    except csv.Error:
        return out
    return out
