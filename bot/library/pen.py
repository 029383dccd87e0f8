"""The two things that the program writes into content files: who has verified an article, and what a translation translates.

Only the value of that one field changes; every other byte stays as the editor left it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import yaml

from bot.errors import BadContent
from bot.library.article import MAIN_LANGUAGE
from bot.library.fairs import ReadFair
from bot.library.guided import ReadFlow
from bot.library.load import load, read_sheet
from bot.library.reading import PENDING, ReadArticle
from bot.library.sheet import Sheet

_FRONT = re.compile(r"\A(\ufeff?\s*---[ ]*\r?\n)(.*?)(?=^---[ ]*\r?$)", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"[^\x00-\x1f\x7f]{2,80}")


def verify(path: Path, name: str, day: date) -> None:
    """Write `verified: {on: day, by: name}` into an article; raises BadContent when it is no readable article."""
    by = name.strip()
    if not _NAME.fullmatch(by):
        raise BadContent("a name of 2 to 80 characters on one line is needed")
    sheet = read_sheet(path.parents[2], path.relative_to(path.parents[2]).as_posix()) if len(path.parents) > 3 else None
    if sheet is None or not isinstance(sheet.found, ReadArticle) or not sheet.usable:
        raise BadContent(f"{path}: no article that can be read; see `rumbo check`")
    replace_file(
        path, set_field(_read(path), "verified", f"{{on: {day.isoformat()}, by: {json.dumps(by, ensure_ascii=False)}}}")
    )


def stamp_translations(folder: Path, *, again: bool = False) -> list[str]:
    """Write the hash of the Spanish file into each translation that has none yet (`again`: into every one).

    Says which files were changed. Whoever asks for it has looked the translations over.
    """
    changed = []
    sheets = load(folder).sheets
    for path, sheet in sheets.items():
        language, _, rest = path.partition("/")
        original = sheets.get(f"{MAIN_LANGUAGE}/{rest}")
        if language == MAIN_LANGUAGE or original is None or not (sheet.usable and original.usable):
            continue
        for said, right in zip(_translates(sheet), _hash(original), strict=False):
            if said != right and (again or said in {"", PENDING}):
                file = folder / path
                replace_file(file, set_field(_read(file), "translates", right))
                changed.append(path)
    return changed


def front_of(text: str) -> tuple[int, str]:
    """The YAML of a content file and where it begins; a file that is YAML alone begins at 0."""
    front = _FRONT.match(text)
    return (front.end(1), front[2]) if front else (0, text)


def set_field(text: str, name: str, value: str) -> str:
    """The text of a content file with one field of its YAML set to `value`, all else untouched."""
    start, fields = front_of(text)
    node = yaml.compose(fields, Loader=yaml.SafeLoader)
    end_of_line = "\r\n" if "\r\n" in fields else "\n"
    if not isinstance(node, yaml.MappingNode):
        raise BadContent("the file has no fields")
    for key, old in node.value:
        if key.value == name:
            colon = fields.index(":", key.end_mark.index) + 1
            return f"{text[: start + colon]} {value}{text[start + max(_end(old), colon) :]}"
    line = f"{name}: {value}{end_of_line}"
    if fields and not fields.endswith("\n"):
        line = end_of_line + line
    return text[: start + len(fields)] + line + text[start + len(fields) :]


def _end(node: yaml.Node) -> int:
    """Where the value ends, without the line end and the comments after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _translates(sheet: Sheet) -> Iterator[str]:
    for item in _items(sheet):
        yield item[0]


def _hash(sheet: Sheet) -> Iterator[str]:
    for item in _items(sheet):
        yield item[1]


def _items(sheet: Sheet) -> Iterator[tuple[str, str]]:
    match sheet.found:
        case ReadArticle(article=found) if found:
            yield found.translates, found.hash
        case ReadFair(fair=fair) if fair:
            yield fair.translates, fair.hash
        case ReadFlow(flow=flow) if flow:
            yield flow.translates, flow.hash


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def replace_file(path: Path, text: str) -> None:
    """Put this text in place of the file's, in one step: nobody reads half of it."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(text.encode("utf-8"))
    beside.chmod(path.stat().st_mode)
    os.replace(beside, path)  # noqa: PTH105
