"""The little Markdown of a content file: front matter, a summary, sections. Bold, lists and links are all there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.library.article import SECTIONS
from bot.library.problems import Notes

_FENCE = re.compile(r"---[ ]*")
_HEADING = re.compile(r"(#+)[ \t]*(.*?)[ #]*")
_TABLE = re.compile(r"\s*\|.*\||\s*:?-{3,}:?\s*\|")
_HTML = re.compile(r"<(/?[a-zA-Z][^>]*|!--.*)>")
_IMAGE = re.compile(r"!\[[^\]]*\]\(")
_OTHER = re.compile(r"\s*(```|~~~|>|\*\*\*+\s*$|___+\s*$|---+\s*$)|.*`[^`]+`|.*~~")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the text: the summary (`key` is "") or a section."""

    key: str
    heading: str
    text: str
    line: int  # of its heading; of its first words when it has none
    start: int  # of its first words

    def rows(self) -> Iterator[tuple[int, str]]:
        """Its lines with their numbers in the file."""
        yield from enumerate(self.text.split("\n"), start=self.start)


@dataclass(frozen=True, slots=True)
class Split:
    """A content file cut in two."""

    front: str
    front_line: int
    body: str
    body_line: int


def split_front(text: str, notes: Notes) -> Split | None:
    """Front matter and body; None when there is no front matter or it is not closed."""
    lines = text.split("\n")
    top = next((n for n, line in enumerate(lines) if line.strip()), 0)
    if not _FENCE.fullmatch(lines[top]):
        notes.add("no_front_matter", top + 1)
        return None
    for end in range(top + 1, len(lines)):
        if _FENCE.fullmatch(lines[end]):
            front = "\n".join(lines[top + 1 : end])
            return Split(front, top + 2, "\n".join(lines[end + 1 :]), end + 2)
    notes.add("front_matter_open", top + 1)
    return None


def parts(body: str, first: int, language: str, notes: Notes) -> list[Part]:
    """The summary and the sections; headings that cannot be used are noted and left out."""
    pieces: list[tuple[str, int, list[str]]] = [("", first, [])]
    for number, line in enumerate(body.split("\n"), start=first):
        found = _HEADING.fullmatch(line) if line.startswith("#") else None
        if found and len(found[1]) == 2:
            pieces.append((found[2].strip(), number, []))
            continue
        _forbid(line, number, notes, deep=found is not None)
        pieces[-1][2].append(line)
    named = {heading[language].casefold(): key for key, heading in SECTIONS}
    summary, *sections = pieces
    text = "\n".join(summary[2]).strip("\n ")
    if not text:
        notes.add("empty_summary", first, "summary")
    start = first + _blanks(summary[2])
    return [Part("", "", text, start, start), *_sections(sections, named, language, notes)]


def _sections(
    pieces: list[tuple[str, int, list[str]]], named: dict[str, str], language: str, notes: Notes
) -> list[Part]:
    order = [key for key, _ in SECTIONS]
    wanted = ", ".join(words[language] for _, words in SECTIONS)
    out: list[Part] = []
    for heading, line, rows in pieces:
        key = named.get(heading.casefold())
        if key is None:
            notes.add("heading_unknown", line, heading or "##", known=wanted)
        elif any(part.key == key for part in out):
            notes.add("heading_twice", line, heading)
        else:
            if out and order.index(key) < order.index(out[-1].key):
                notes.add("heading_order", line, heading, order=wanted)
            text = "\n".join(rows).strip("\n ")
            if not text:
                notes.add("empty_section", line, heading)
            out.append(Part(key, heading, text, line, line + 1 + _blanks(rows)))
    return out


def _blanks(rows: list[str]) -> int:
    return next((number for number, row in enumerate(rows) if row.strip()), 0)


def _forbid(line: str, number: int, notes: Notes, *, deep: bool) -> None:
    if deep:
        notes.add("markdown_heading", number)
    elif _IMAGE.search(line):
        notes.add("markdown_image", number)
    elif _HTML.search(line):
        notes.add("markdown_html", number)
    elif _TABLE.match(line):
        notes.add("markdown_table", number)
    elif _OTHER.match(line):
        notes.add("markdown_other", number)
