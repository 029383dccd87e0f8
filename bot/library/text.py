"""Bytes to text, the way files of an office computer arrive: with a byte-order mark, in Windows-1252, with CRLF.

Nothing is guessed silently: each oddity is noted, and a file that is not UTF-8 is refused with the line to look at.
"""

from __future__ import annotations

import codecs
import re

from bot.library.problems import Notes

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")

LARGEST = 256 * 1024
"""Bytes of a content file: a bigger one is no article."""


def decode(raw: bytes, notes: Notes) -> str | None:
    """The text with plain line ends, or None when it cannot be read as what it should be."""
    if len(raw) > LARGEST:
        notes.add("too_large", 1)
        return None
    if raw.startswith(codecs.BOM_UTF8):
        notes.add("bom", 1)
        raw = raw[3:]
    text = _utf8(raw, notes)
    if text is None:
        return None
    if "\r" in text:
        notes.add("crlf", text[: text.index("\r")].count("\n") + 1)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := _CONTROL.search(text):
        notes.add("control_character", text.count("\n", 0, found.start()) + 1)
        return None
    return text


def _utf8(raw: bytes, notes: Notes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        notes.add(_encoding(raw), line)
        return None


def _encoding(raw: bytes) -> str:
    if b"\0" in raw:
        return "not_utf8"
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError:
        return "not_utf8"
    return "windows_1252"
