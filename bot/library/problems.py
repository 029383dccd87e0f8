"""What is wrong with a content file, told so that an editor who is no programmer can mend it.

The words of every problem stand in `mistakes.yaml` beside this module, in Spanish and English: code -> level, message,
remedy. A problem never quotes more of a file than the few words that are needed to find the place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ERROR = "error"
WARNING = "warning"
_LONGEST_QUOTE = 80
_LONGEST = {"what": 240, "remedy": 240}
"""Sentences of ours, made where a file of words is read; everything else is quoted."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: where it stands and which one it is."""

    file: str
    line: int
    field: str
    code: str
    values: tuple[tuple[str, str], ...] = ()

    @property
    def level(self) -> str:
        """`error` or `warning`."""
        return str(_mistakes()[self.code]["level"])

    @property
    def blocks(self) -> bool:
        """The file cannot be served with it. Some errors must be mended and still let people have the answer."""
        row = _mistakes()[self.code]
        return bool(row["level"] == ERROR and not row.get("served"))

    def message(self, language: str = "es") -> str:
        """What is wrong."""
        return self._words("message", language)

    def remedy(self, language: str = "es") -> str:
        """How to mend it."""
        return self._words("remedy", language)

    def to_json(self, language: str = "es", folder: Path | None = None) -> dict[str, Any]:
        """The row that `rumbo check --json` prints; with `folder` the file is told as a path that can be opened."""
        return {
            "file": str(folder / self.file) if folder else self.file,
            "line": self.line,
            "field": self.field,
            "level": self.level,
            "message": self.message(language),
            "remedy": self.remedy(language),
        }

    def _words(self, what: str, language: str) -> str:
        row = _mistakes()[self.code]
        words = row.get(language) or row["es"]
        return str(words[what]).format_map({"field": self.field, **dict(self.values)})


class Notes:
    """The list of problems of one file, while it is being read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(self, code: str, line: int, field: str = "", /, **values: object) -> None:
        """Write one mistake down; the code must stand in `mistakes.yaml`."""
        said = tuple(
            sorted((name, shorten(str(value), _LONGEST.get(name, _LONGEST_QUOTE))) for name, value in values.items())
        )
        self.problems.append(Problem(self.file, max(line, 1), field, code, said))

    def bad(self, *fields: str) -> bool:
        """One of these fields already has a mistake, so nothing more needs to be said of it."""
        return any(p.field.split(".")[0].split("[")[0] in fields and p.level == ERROR for p in self.problems)

    @property
    def served(self) -> bool:
        """Nothing found so far keeps the file from being served."""
        return not any(p.blocks for p in self.problems)


def shorten(text: str, longest: int = _LONGEST_QUOTE) -> str:
    """At most a line of it, so that a message stays readable."""
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def codes() -> tuple[str, ...]:
    """Every kind of mistake that can be told."""
    return tuple(_mistakes())


@cache
def _mistakes() -> Mapping[str, Any]:
    text = Path(__file__).with_name("mistakes.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # both are safe loaders
    return loaded
