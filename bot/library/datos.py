"""The values that are used in more than one place: amounts, phone numbers, dates, each with its source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.library.fields import Fields
from bot.library.problems import Notes
from bot.library.tree import Number, read_yaml

DATO = re.compile(r"\{\{\s*(?:datos\.)?([\w.-]+)\s*\}\}")
"""How a value is written in the text of an article: {{ datos.uit }}."""

_COUNTED = re.compile(r"[A-Z]{3}\b|%")  # money and percentages: a text there is a number with a comma, or with a sign
_KEY = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Datum:
    """One value. `value` is None when the sources contradict each other: it must not be published."""

    key: str
    value: int | float | str | None
    unit: str  # PEN, USD, PEN por mes, % ..., teléfono, fecha, días, ...
    source: str
    as_of: str
    note: str = ""
    confidence: str = ""


def read_datos(text: str, notes: Notes) -> Mapping[str, Datum]:
    """The values of a file; entries with a mistake are left out."""
    tree = read_yaml(text, notes)
    if tree is None:
        return {}
    whole = Fields(tree, notes)
    out = {}
    for key in whole.values:
        if not _KEY.fullmatch(key):
            whole.note("datos_key", key, key=key)
        elif row := whole.child(key):
            before = len(notes.problems)
            datum = _datum(key, row)
            if len(notes.problems) == before:
                out[key] = datum
        elif whole.values[key] is None:
            whole.note("empty_value", key)
    return out


def _datum(key: str, row: Fields) -> Datum:
    row.only(("value", "unit", "source", "as_of"), ("note", "confidence"))
    value = row.raw("value")
    if isinstance(value, list | dict):
        row.note("not_text", "value")
        value = None
    unit = row.text("unit")
    if isinstance(value, Number) and unit != "fecha":
        value = _number(value)
    elif isinstance(value, str) and _COUNTED.match(unit):
        row.note("datos_amount", "value", value=value)
    return Datum(
        key,
        value,
        unit,
        row.text("source"),
        row.as_of("as_of"),
        row.text("note", empty=True),
        row.text("confidence", empty=True),
    )


def _number(value: str) -> int | float | str:
    try:
        number = float(value.replace("_", ""))
    except ValueError:
        return str(value)
    return int(number) if number.is_integer() else number
