"""The words by which payloads and sheets are read, from `content/vacantes.yaml`; no country and no language stands in code.

A mistake in the file is a ValueError, so that the last good version stays in service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from bot.alerts.plain import folded

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class Phrases:
    """Names, each with the words and stems (`vend*`) that mean it, looked for in running text."""

    patterns: Mapping[str, re.Pattern[str]]

    def named(self, text: str) -> list[str]:
        """The names whose words stand in a folded text."""
        return [name for name, pattern in self.patterns.items() if pattern.search(text)]

    def counted(self, text: str) -> dict[str, int]:
        """How often the words of each name stand in a folded text; names without any are left out."""
        return {name: hits for name, pattern in self.patterns.items() if (hits := len(pattern.findall(text)))}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All word lists, folded."""

    currency: str
    home_marks: re.Pattern[str]
    other_marks: Mapping[str, re.Pattern[str]]
    minimum_wage: re.Pattern[str]
    no_pay: Words
    at_least: re.Pattern[str]
    at_most: re.Pattern[str]
    units: Mapping[str, str]
    a_month: Mapping[str, float]
    no_date: Words
    no_place: Words
    months: Mapping[str, int]
    employment: Mapping[str, str]
    remote: Words
    hybrid: Words
    on_site: Words
    nameless: Words
    nameless_with: tuple[str, ...]
    nameless_start: tuple[str, ...]
    legal_forms: re.Pattern[str]
    columns: Mapping[str, str]
    fair_columns: Mapping[str, str]
    totals: Words
    over: Words
    languages: Phrases
    schedule: Phrases
    sectors: Phrases
    reasons: Mapping[str, str]

    @classmethod
    def from_text(cls, text: str, sectors: Mapping[str, Sequence[str]] | None = None) -> Lexicon:
        """Read the content file, with more words of the sectors; ValueError says what is wrong."""
        try:
            data = yaml.load(text, Loader=_LOADER)  # noqa: S506 - the loader is the safe one, in C when it is there
            known = data["rubros"]
            data["rubros"] = {
                name: [*known.get(name, ()), *(sectors or {}).get(name, ())] for name in {**known, **(sectors or {})}
            }
            return _build(data)
        except (yaml.YAMLError, KeyError, TypeError, AttributeError, re.error) as error:
            raise ValueError(f"vacantes: {error!r}") from error

    def unit(self, text: str) -> str | None:
        """HOUR, DAY... for any spelling of it; None for a word that is not a unit of time."""
        said = folded(re.sub(r"^https?://\S*/", "", text.strip()))
        whole = self.units.get(said) or self.units.get(
            re.sub(r"^(?:por|al|a la|x|cada|la|el|per|pago|sueldo) ", "", said)
        )
        return whole or next((self.units[word] for word in said.split() if len(word) > 2 and word in self.units), None)


def _build(data: Mapping[str, Any]) -> Lexicon:
    legal = sorted((folded(str(form)) for form in data["formas_legales"]), key=len, reverse=True)
    return Lexicon(
        currency=data["moneda"]["codigo"],
        home_marks=_marks(data["moneda"]["marcas"]),
        other_marks={code: _marks(marks) for code, marks in data["otras_monedas"].items()},
        minimum_wage=_phrase(data["sueldo_minimo"]),
        no_pay=_words(data["sin_sueldo"]),
        at_least=re.compile(rf"(?:{_alternatives(data['desde'])})\W{{0,3}}(?:de |s/\.? ?|pen ?)*$"),
        at_most=re.compile(rf"(?:{_alternatives(data['hasta'])})\W{{0,3}}(?:de |s/\.? ?|pen ?)*$"),
        units=_reversed(data["unidades"]),
        a_month={unit: float(times) for unit, times in data["por_mes"].items()},
        no_date=_words(data["sin_fecha"]),
        no_place=_words(data.get("sin_lugar", ())),
        months={name: number for number, names in enumerate(data["meses"], 1) for name in names.split()},
        employment=_reversed(data["jornadas"]),
        remote=_words(data["remoto"]),
        hybrid=_words(data["hibrido"]),
        on_site=_words(data["presencial"]),
        nameless=_words(data["sin_nombre"]),
        nameless_with=tuple(folded(word) for word in data["sin_nombre_con"]),
        nameless_start=tuple(folded(word) for word in data["sin_nombre_empieza"]),
        legal_forms=re.compile(rf"(?: (?:{'|'.join(legal)}))+$"),
        columns=_reversed(data["columnas"]),
        fair_columns=_reversed(data["columnas_ferias"]),
        totals=_words(data["totales"]),
        over=_words(data.get("terminadas", ())),
        languages=_phrases(data["idiomas"]),
        schedule=_phrases(data["horarios"]),
        sectors=_phrases(data["rubros"]),
        reasons={str(key): str(words) for key, words in data["motivos"].items()},
    )


def _words(entries: Iterable[Any]) -> Words:
    return frozenset(folded(str(entry)) for entry in entries)


def _reversed(lists: Mapping[str, Sequence[Any]]) -> dict[str, str]:
    """From every spelling to what it means; the first list that has it wins."""
    out: dict[str, str] = {}
    for name, entries in lists.items():
        for spelling in (name, *entries):
            out.setdefault(folded(str(spelling)), name)
    return out


def _alternatives(entries: Iterable[Any]) -> str:
    return "|".join(rf"\b{re.escape(str(entry))}\b" for entry in sorted(map(str, entries), key=len, reverse=True))


def _marks(entries: Sequence[Any]) -> re.Pattern[str]:
    forms = [re.escape(str(mark)) for mark in sorted(map(str, entries), key=len, reverse=True)]
    return re.compile("|".join(rf"(?<![a-z/]){form}(?![a-z])" for form in forms))


def _phrase(entries: Iterable[Any]) -> re.Pattern[str]:
    """Words and stems of a list, to be found in folded text."""
    forms = [re.sub(r"\\\*", r"\\w*", re.escape(" ".join(_folded_stems(str(entry))))) for entry in entries]
    return re.compile(r"\b(?:" + "|".join(sorted(forms, key=len, reverse=True)) + r")\b")


def _folded_stems(entry: str) -> list[str]:
    return [folded(word) + ("*" if word.endswith("*") else "") for word in entry.split()]


def _phrases(lists: Mapping[str, Sequence[Any]]) -> Phrases:
    return Phrases({name: _phrase(entries) for name, entries in lists.items()})
