"""Writing the values of `datos.yaml` into a text: money, dates, percentages, numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from bot.library.country import Country
from bot.library.datos import DATO, Datum
from bot.wording import money, month_of, number, short_date

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def shown(datum: Datum, country: Country, language: str) -> str:
    """One value as a person reads it: S/ 1,130, 12 set 2025, 25 %, 0800-16872."""
    value, unit = datum.value, datum.unit.split(" ")[0]
    home, locale = country.locale("es"), country.locale(language)
    if isinstance(value, int | float):
        if symbol := country.symbols.get(unit):
            return money(value, symbol, home)
        return number(value, home) + (" %" if unit == "%" else "")
    if value and unit == "fecha":
        return short_date(date.fromisoformat(value), locale) if _DAY.fullmatch(value) else month_of(value, locale)
    return value or ""


def fill(text: str, datos: Mapping[str, Datum], country: Country, language: str) -> str:
    """The text with its values; an unknown one stays as it was written (such a text is never served)."""
    if "{{" not in text:
        return text

    def value(found: re.Match[str]) -> str:
        datum = datos.get(found[1])
        return shown(datum, country, language) if datum and datum.value is not None else found[0]

    return DATO.sub(value, text)


def unknown(text: str, datos: Mapping[str, Datum]) -> bool:
    """The text names a value that there is none for."""
    return "{{" in text and any(found[1] not in datos or datos[found[1]].value is None for found in DATO.finditer(text))
