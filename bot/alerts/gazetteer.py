"""Every place of the country by every name that people write for it, read from `content/lugares-*.yaml`.

Only names and codes. Where several places share a name, `places.py` decides by the words beside it which one is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import yaml

from bot.alerts.plain import folded

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Level(StrEnum):
    """How large a place is."""

    COUNTRY = "country"
    REGION = "region"  # a department, or an area without a name of its own in it
    PROVINCE = "province"
    DISTRICT = "district"
    LOCALITY = "locality"  # a town or quarter that is no district


@dataclass(frozen=True, slots=True)
class Known:
    """One place under one of its names. `code` is UBIGEO: two digits a department, four a province, six a district."""

    code: str
    name: str
    level: Level

    @property
    def region(self) -> str:
        """The department."""
        return self.code[:2]


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """The places of one country. Made once, safe to share."""

    country: frozenset[str]  # folded names and codes of the country itself
    names: Mapping[str, tuple[Known, ...]]
    regions: Mapping[str, str]
    codes: Mapping[str, Known]
    preferred: Mapping[str, int]
    longest: int = 1  # words of the longest name
    joined: frozenset[str] = field(default=frozenset())  # names with an "y" in them

    @classmethod
    def from_text(cls, text: str) -> Gazetteer:
        """Read the content file; ValueError says what is wrong with it."""
        try:
            data = yaml.load(text, Loader=_LOADER)  # noqa: S506 - the loader is the safe one, in C when it is there
            return _build(data)
        except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"lugares: {error!r}") from error

    def find(self, name: str) -> tuple[Known, ...]:
        """Every place of that name; a UBIGEO or ISO code is a name too. Empty when there is none."""
        key = place_key(name)
        if key in self.names:
            return self.names[key]
        if key.isdigit():
            known = self.codes.get(key.zfill(6) if len(key) == 5 else key.zfill(2))
            return (known,) if known else ()
        bare = _SUFFIX.sub("", _PREFIX.sub("", key))
        return self.names.get(bare, ()) if bare != key else ()

    def is_country(self, name: str) -> bool:
        """Whether it is a name of the country itself, or says "anywhere in it"."""
        return place_key(name) in self.country


_PREFIX = re.compile(
    r"^(?:(?:el |la )?(?:distrito|provincia|departamento|dpto|depto|dep|region|ciudad|dist|prov|reg|gobierno regional|zona|sede|pe|alrededores|cerca)"
    r"(?: (?:de|del|en))?(?: la| el)?) (?=.)"
)


_LETTERS = re.compile(r"\b([^\Wy_]) (?=[^\Wy_]\b)")  # `s j l`, but not the "y" of `jlb y rivero`
_SUFFIX = re.compile(r"(?<=.) (?:region|province|department|district|city|provincia|departamento|metropolitan area)$")


def place_key(name: str) -> str:
    """A name for looking up: folded, with the dots of abbreviations gone (`S.J.L.` is `sjl`)."""
    plain = folded(re.sub(r"(?<=\w)\.(?=\s?\w?\b)|\.", ". ", name.replace("'", "").replace("’", "")))
    return _LETTERS.sub(r"\1", plain)


def _build(data: Mapping[str, Any]) -> Gazetteer:
    names: dict[str, dict[Known, None]] = {}
    codes: dict[str, Known] = {}
    for known, spellings in _places(data):
        codes.setdefault(known.code, known)
        for spelling in spellings:
            names.setdefault(place_key(spelling), {})[known] = None
    country = data["pais"]
    for code, spellings in data.get("apodos", {}).items():
        for spelling in spellings:
            names.setdefault(place_key(spelling), {})[codes[code]] = None
    for name, spellings in data.get("sinonimos", {}).items():
        for spelling in spellings:
            names.setdefault(place_key(spelling), {}).update(names[place_key(name)])
    return Gazetteer(
        country=frozenset(place_key(name) for name in [country["codigo"], *country["nombres"], *country["todo"]]),
        names={name: tuple(found) for name, found in names.items()},
        regions={code: known.name for code, known in codes.items() if len(code) == 2},
        codes=codes,
        preferred={code: place for place, code in enumerate(data.get("preferidos", ()))},
        longest=max(name.count(" ") + 1 for name in names),
        joined=frozenset(name for name in names if " y " in name),
    )


def _places(data: Mapping[str, Any]) -> Iterator[tuple[Known, list[str]]]:
    for region, department in data["departamentos"].items():
        iso = [form for code in department["iso"] for form in (code, f"{data['pais']['codigo']}-{code}")]
        yield (
            Known(region, department["nombre"], Level.REGION),
            [department["nombre"], *iso, *department.get("tambien", ())],
        )
        for number, province in department["provincias"].items():
            yield Known(region + number, province["nombre"], Level.PROVINCE), [province["nombre"]]
            for last, district in province["distritos"].items():
                yield Known(region + number + last, district, Level.DISTRICT), [district]
    for code, localities in data.get("localidades", {}).items():
        for name in localities:
            yield Known(code, name, Level.LOCALITY), [name]
