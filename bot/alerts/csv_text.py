"""Bytes of a spreadsheet to records: whatever encoding, separator and line breaks the office computer used.

Never fails on any bytes; whether the records are vacancies is decided in `spreadsheet.py`.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Sequence

SEPARATORS = ";,\t|"
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PROBE = 20
_TOP = 100_000  # characters in which the header stands
_LARGEST_CELL = 1_000_000
_MOST_OPEN = 10  # broken quotes of one sheet that are mended; every one costs a new reading of the rest
_END = "\x1eend\x1e"  # a line that no sheet has

Records = list[list[str]]


def decoded(raw: bytes) -> str:
    """The text: by its mark, else UTF-8, else Windows-1252 as Excel saves it."""
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, "replace").replace("\0", "")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = "\n".join(map(_office, raw.split(b"\n")))
    return text.replace("\0", "")


def _office(line: bytes) -> str:
    """A line as Excel saves it; sheets that were glued together have lines of both kinds."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def records(raw: bytes, score: Callable[[Sequence[str]], int]) -> Records:
    """The records under the separator by which some record of the top is most like a header."""
    text = decoded(raw)
    said, rest = _stated(text)
    if said:
        return _parse(rest, said)
    top = "\n".join(re.split(r"\r\n?|\n", text[:_TOP])[:-1]) if len(text) > _TOP else text
    best = max(SEPARATORS, key=lambda mark: max(map(score, _parse(top, mark)[:_PROBE]), default=0))
    return _parse(text, best)


def _stated(text: str) -> tuple[str, str]:
    """Excel's own first line `sep=;`."""
    first, _, rest = text.partition("\n")
    line = first.strip().strip('"').lower()
    return (line[4], rest) if line.startswith("sep=") and len(line) == 5 else ("", text)


def _parse(text: str, separator: str) -> Records:
    """Every record; a quote that nobody closes is a mark like any other, else it would swallow the rest of the sheet."""
    csv.field_size_limit(_LARGEST_CELL)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    out, at = _until_open(lines, 0, separator)
    for _ in range(_MOST_OPEN):
        if at >= len(lines):
            break
        bare = next(csv.reader([lines[at]], delimiter=separator, quoting=csv.QUOTE_NONE), [])
        found, at = _until_open(lines, at + 1, separator)
        out += [[cell.strip('"') for cell in bare], *found]
    return out


def _until_open(lines: Sequence[str], start: int, separator: str) -> tuple[Records, int]:
    """The records from a line on, up to the line whose quote is never closed; its number, or how many lines there are."""
    out: Records = []
    at = start
    rows = csv.reader((f"{line}\n" for line in (*lines[start:], _END)), delimiter=separator)
    try:
        for record in rows:
            if rows.line_num > len(lines) - start:
                return out, len(lines) if record == [_END] else at
            out.append(record)
            at = start + rows.line_num
    except csv.Error:
        return out, len(lines)
    return out, len(lines)
