"""Reading the fields of a YAML mapping: typed, each mistake noted once, never an exception.

A field with a mistake comes back as its empty value; ask `notes.served` before using what was read.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from bot.library.problems import Notes
from bot.library.tree import Number, Path, Tree

_AS_OF = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def is_slug(text: str) -> bool:
    """Lower-case words without accents, joined by hyphens."""
    return _SLUG.fullmatch(text) is not None


class Fields:
    """The fields of one mapping of a file."""

    def __init__(self, tree: Tree, notes: Notes, path: Path = ()) -> None:
        value: Any = tree.values
        for step in path:
            value = value[step]
        self.notes = notes
        self.path = path
        self.tree = tree
        self.values: Mapping[str, Any] = value if isinstance(value, dict) else {}
        self._excused: frozenset[str] = frozenset()
        if not isinstance(value, dict):
            self.note("not_mapping")

    def note(self, code: str, name: str = "", /, **values: object) -> None:
        """Write a mistake in the field `name` (or in the mapping as a whole) down."""
        path = (*self.path, name) if name else self.path
        self.notes.add(code, self.tree.line(*path), _dotted(path), **values)

    def line(self, name: str) -> int:
        """The line of that field."""
        return self.tree.line(*self.path, name)

    def only(self, required: Sequence[str], optional: Sequence[str] = ()) -> None:
        """Note fields that are missing or unknown; a misspelt one is told as such, once."""
        if not self.values and self.notes.problems and not self.notes.served:
            self._excused = frozenset(required)
            return
        missing = [name for name in required if name not in self.values]
        for name in self.values:
            if name in required or name in optional:
                continue
            near = difflib.get_close_matches(name.lower(), [*missing, *optional], n=1, cutoff=0.7)
            if near and near[0] in missing:
                missing.remove(near[0])
                self._excused |= {near[0]}
            if near:
                self.note("misspelt_key", name, meant=near[0])
            else:
                self.note("unknown_key", name, known=", ".join([*required, *optional]))
        for name in missing:
            self.note("missing_key", name)
        self._excused |= frozenset(missing)

    def raw(self, name: str) -> Any:
        """The value as it stands, None when it is not there."""
        return self.values.get(name)

    def text(self, name: str, *, longest: int = 0, words: bool = False, empty: bool = False) -> str:
        """One text. `words` refuses a bare number, `empty` allows nothing."""
        value = self.values.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            if name in self.values and not empty:
                self.note("empty_value", name)
            return ""
        if not isinstance(value, str) or (words and isinstance(value, Number)):
            self.note("not_text", name)
            return ""
        out = " ".join(value.split()) if words else value.strip()
        if longest and len(out) > longest:
            self.note("too_long", name, length=len(out), longest=longest)
        return out

    def texts(self, name: str, *, empty: bool = False) -> tuple[str, ...]:
        """A list of texts."""
        value = self.values.get(name)
        if value is None or value == []:
            if name in self.values and not empty:
                self.note("empty_value", name)
            return ()
        if not isinstance(value, list):
            self.note("not_list", name)
            return ()
        out = []
        for place, entry in enumerate(value):
            if isinstance(entry, str) and entry.strip():
                out.append(" ".join(entry.split()))
            else:
                line = self.tree.line(*self.path, name, place)
                self.notes.add("not_text", line, f"{_dotted((*self.path, name))}[{place}]")
        return tuple(out)

    def day(self, name: str, *, empty: bool = False) -> date | None:
        """A day, YYYY-MM-DD."""
        value = self.values.get(name)
        if value is None:
            if name in self.values and not empty:
                self.note("empty_value", name)
            return None
        try:
            return date.fromisoformat(value) if len(value) == 10 else date.fromisoformat("?")
        except (TypeError, ValueError):
            self.note("bad_date", name, value=value)
            return None

    def as_of(self, name: str) -> str:
        """A date as exact as it is known: YYYY, YYYY-MM or YYYY-MM-DD."""
        value = self.text(name)
        if value and not valid_as_of(value):
            self.note("bad_as_of", name, value=value)
            return ""
        return value

    def moment(self, name: str) -> datetime | None:
        """A time with its zone."""
        value = self.text(name)
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.note("bad_moment", name, value=value)
            return None
        if moment.tzinfo is None:
            self.note("no_zone", name, value=value)
            return None
        return moment

    def number(self, name: str) -> float | None:
        """A number."""
        value = self.values.get(name)
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if not math.isfinite(number):
            self.note("not_number", name, value=value)
            return None
        return number

    def flag(self, name: str, default: bool = False) -> bool:
        """Yes or no."""
        value = self.values.get(name)
        if value is None:
            return default
        known = {"true": True, "yes": True, "sí": True, "si": True, "false": False, "no": False}
        if not isinstance(value, str) or value.lower() not in known:
            self.note("not_flag", name, value=value)
            return default
        return known[value.lower()]

    def one_of(self, name: str, allowed: Sequence[str]) -> str:
        """One of a few words."""
        value = self.text(name)
        if value and value not in allowed:
            self.note("not_one_of", name, value=value, allowed=", ".join(allowed))
        return value

    def url(self, name: str) -> str:
        """A web address."""
        value = self.text(name)
        if value and (code := url_mistake(value)):
            self.note(code, name, value=value)
        return value

    def child(self, name: str) -> Fields | None:
        """The fields of a mapping inside this one; None when it is not there or empty."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.note("not_mapping", name)
            return None
        return Fields(self.tree, self.notes, (*self.path, name))

    def rows(self, name: str, *, empty: bool = False) -> Iterator[Fields]:
        """The mappings of a list."""
        value = self.values.get(name)
        if value is None or value == []:
            if name in self.values and not empty:
                self.note("empty_value", name)
            return
        if not isinstance(value, list):
            self.note("not_list", name)
            return
        for place, entry in enumerate(value):
            if isinstance(entry, dict):
                yield Fields(self.tree, self.notes, (*self.path, name, place))
            else:
                line = self.tree.line(*self.path, name, place)
                self.notes.add("not_mapping", line, f"{_dotted((*self.path, name))}[{place}]")

    def both(self, name: str, languages: Collection[str]) -> dict[str, str]:
        """A text in each language."""
        inner = self.child(name)
        if inner is None:
            return {}
        inner.only(tuple(languages))
        return {language: inner.text(language) for language in languages}


def valid_as_of(value: str) -> bool:
    """YYYY, YYYY-MM or YYYY-MM-DD that exists in the calendar."""
    if not _AS_OF.fullmatch(value):
        return False
    try:
        date.fromisoformat(value + "-01-01"[len(value) - 4 :] if len(value) < 10 else value)
    except ValueError:
        return False
    return True


def url_mistake(value: str) -> str:
    """The code of what is wrong with an address, "" when it is good."""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        return "bad_url"
    if parts.scheme not in {"http", "https", "tel", "mailto"} and (parts.scheme or "." not in value):
        return "url_scheme" if parts.scheme else "bad_url"
    if parts.scheme in {"tel", "mailto"}:
        return "" if parts.path else "bad_url"
    return "" if "." in host and not re.search(r"\s", value) else "bad_url"


def _dotted(path: Path) -> str:
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out
