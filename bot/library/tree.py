"""YAML with line numbers: plain values, and where each of them stands.

Scalars stay as the text that the editor wrote (`08` is no number, `No` is a word); only an empty one is None. Anchors,
tags and endless nesting are refused, so a file can neither run code nor swell up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from bot.library.problems import Notes

Path = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 12
_MOST_NODES = 20_000
_NULL = "tag:yaml.org,2002:null"
_NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp"})
_TAB = re.compile(r"^ *\t", re.MULTILINE)


class Number(str):
    """Scalar text that YAML takes for a number or a date, because it was not quoted."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """The values of a YAML text (str, None, dict, list) and the line of each, counted from the top of the file."""

    values: Any
    lines: Mapping[Path, int]
    first: int = 1

    def line(self, *path: str | int) -> int:
        """The line of that value, or of the nearest thing that holds it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, self.first)


def read_yaml(text: str, notes: Notes, first: int = 1) -> Tree | None:
    """The tree of a text that begins on line `first` of its file; None when it is broken, with the reason noted."""
    if found := _TAB.search(text):
        notes.add("yaml_tab", first + text.count("\n", 0, found.end() - 1))
        return None
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        row = mark.line if mark else 0
        tab = "\t" in "".join(text.splitlines()[row : row + 1])
        notes.add("yaml_tab" if tab else "yaml_broken", first + row, detail=error.problem or "")
        return None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        notes.add("yaml_broken", first, detail=str(error))
        return None
    if node is None:
        notes.add("yaml_empty", first)
        return None
    walk = _Walk(notes, first)
    try:
        values = walk.plain(node, ())
    except _RefusedError as refused:
        notes.add("yaml_swollen", refused.line)
        return None
    return Tree(values, walk.lines, first)


class _RefusedError(Exception):
    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


class _Walk:
    """From YAML nodes to plain values, remembering lines."""

    def __init__(self, notes: Notes, first: int) -> None:
        self._notes = notes
        self._first = first
        self._seen: set[int] = set()
        self.lines: dict[Path, int] = {}

    def plain(self, node: yaml.Node, path: Path) -> Any:
        line = self._first + node.start_mark.line
        if len(path) > _DEEPEST or len(self._seen) > _MOST_NODES or id(node) in self._seen:
            raise _RefusedError(line)
        self._seen.add(id(node))
        self.lines.setdefault(path, line)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(child, (*path, place)) for place, child in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> str | None:
        if node.tag == _NULL:
            return None
        return Number(node.value) if node.tag in _NUMBERS else str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = self._first + key_node.start_mark.line
            if not isinstance(key_node, yaml.ScalarNode):
                self._notes.add("yaml_key", line)
                continue
            key = str(key_node.value)
            if key in out:
                self._notes.add("yaml_duplicate", line, key, first=self.lines[(*path, key)])
                continue
            self.lines[(*path, key)] = line
            out[key] = self.plain(value_node, (*path, key))
        return out
