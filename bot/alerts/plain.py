"""Strangers' markup made plain text: entities decoded however often they were encoded, tags out, no emojis in titles.

What comes out is safe to show anywhere after the channel's own escaping. Never raises, whatever came in.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from html.parser import HTMLParser

LONGEST = 20_000
"""Characters of a description that are kept; what is behind that nobody reads in a chat."""

_SILENT = frozenset(
    {"script", "style", "noscript", "template", "iframe", "object", "svg", "head", "textarea", "select"}
)
_BREAKS = frozenset({"br", "p", "div", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "section", "hr"})
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>|<!--.*?-->|<\?[^>]*>", re.DOTALL)
_BLOCK = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|$)", re.DOTALL | re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|$)", re.DOTALL)
_BROKEN_TAG = re.compile(r"<(?=/?[a-zA-Z!])[^<>]*$")
_INVISIBLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xAD, 0x180E]
)
_KEPT_SYMBOLS = frozenset("°©®™№")
_EDGES = " \t-–—|•·*~_:;,"


class _Text(HTMLParser):
    """Collects what a reader would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _SILENT:
            self._silent.append(tag)
        self.parts.append("\n- " if tag == "li" else "\n" if tag in _BREAKS else "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.parts.append("\n" if tag in _BREAKS else "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            while self._silent and self._silent.pop() != tag:
                pass
        self.parts.append("\n" if tag in _BREAKS or tag == "li" else " " if tag in {"td", "th"} else "")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def undo_entities(text: str) -> str:
    """Decode entities until none is left: `&amp;lt;` becomes `<`."""
    for _ in range(5):
        plain = unescape(text)
        if plain == text:
            break
        text = plain
    return text


def without_markup(text: str) -> str:
    """The text that a reader would see, on as many lines as they would."""
    text = _CDATA.sub(r"\1", undo_entities(text[: LONGEST * 4]))
    for _ in range(3):
        if not _TAG.search(text) and not _BROKEN_TAG.search(text):
            break
        text = undo_entities(_strip(text))
    return _BROKEN_TAG.sub("", _TAG.sub(" ", text))


def _strip(text: str) -> str:
    reader = _Text()
    try:
        reader.feed(_BLOCK.sub(" ", text))
        reader.close()
    except (AssertionError, ValueError):  # the standard parser gives up on some broken declarations
        return _TAG.sub(" ", text)
    return "".join(reader.parts)


def paragraph(text: str) -> str:
    """A description: plain, visible characters, no run of blanks or empty lines."""
    plain = _visible(without_markup(text))
    lines = [" ".join(line.split()) for line in plain.splitlines()]
    kept = [line for line in lines if line.strip("-•· ")]
    return "\n".join(kept)[:LONGEST].strip()


def line(text: str) -> str:
    """One line of plain text: a name, a place."""
    return " ".join(_visible(without_markup(text)).split())


def title(text: str) -> str:
    """The title of a job: one line, without emojis and ornaments around it."""
    plain = "".join(_letter(char) for char in line(text))
    return " ".join(plain.split()).strip(_EDGES)[:200].strip()


def _visible(text: str) -> str:
    kept = unicodedata.normalize("NFC", text.translate(_INVISIBLE))
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs", "Co", "Cn"} else " " for char in kept
    )


def _letter(char: str) -> str:
    """One character of a title: emojis go, fancy letters become plain ones."""
    if char < "\x7f" or char in _KEPT_SYMBOLS:
        return char
    category = unicodedata.category(char)
    if category in {"So", "Sk", "Me", "Cf", "Mn"} or char in "‼⁉❗❓➡→⇒✔✖":
        return " " if category in {"So", "Me"} else ""
    compatible = unicodedata.normalize("NFKC", char)
    return compatible if 0x1D400 <= ord(char) <= 0x1D7FF or 0xFF01 <= ord(char) <= 0xFF5E else char


def folded(text: str) -> str:
    """A form for comparing: small letters and digits without accents, single blanks between words."""
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", text.translate(_INVISIBLE)).casefold() if not unicodedata.combining(c)
    )
    return " ".join(re.sub(r"[^a-z0-9ñ]+", " ", plain).split())
