"""Numbers: values that do not exist, and values of `datos.yaml` that somebody typed by hand, right or wrong."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

from bot.library.checks.desk import Desk, hint, notes_for
from bot.library.checks.language import said
from bot.library.datos import DATO, Datum
from bot.library.place import What
from bot.library.problems import Notes, Problem
from bot.library.values import shown

_BRACES = re.compile(r"\{\{[^}]*\}?\}?|\{\s*datos\.[^}]*\}|\bdatos\.[a-z_]+\b")
_AMOUNT = re.compile(
    r"(?:(S/\.?|US\$|\$)\s?)?(?<![\w.,/-])(\d{1,3}(?:,\d{3})+(?:\.\d\d?)?|\d+(?:\.\d\d?)?)(?![\w,]*\d)(\s+(?:soles|dólares|dollars))?"
)
_PHONE = re.compile(r"(?<![\w./-])\(?\d[\d() .–-]{5,}\d(?![\w/-])")
_CALL = re.compile(
    r"\b(?:llam\w+|marc\w+|call|dial|ring|phone)\s+(?:(?:gratis|ahora|now|free)\s+)?(?:al?\s+|a la l[ií]nea\s+|the\s+)?"
    r"\*{0,2}(\d{3,4})(?!\d)",
    re.IGNORECASE,
)
_TARGET = re.compile(r"\]\([^)]*\)|https?://\S+")
_NEAR = 45  # characters between the name of a value and its amount


def braces(desk: Desk) -> Iterator[Problem]:
    """{{ datos.x }} is written well and names a value that can be published."""
    broken = {p.field.split(".")[0] for s in desk.sheets.values() if s.place.what is What.DATOS for p in s.problems}
    unread = not any(s.place.what is What.DATOS and s.usable for s in desk.sheets.values())
    for sheet in desk.sheets.values():
        if sheet.place.what not in {What.ARTICLE, What.FLOW, What.FAIR} or (
            "datos" not in sheet.text and "{{" not in sheet.text
        ):
            continue
        notes = notes_for(sheet)
        for number, row in enumerate(sheet.text.split("\n"), start=1):
            for found in _BRACES.finditer(row):
                _brace(found[0], number, notes, desk.library.datos, broken, unread=unread)
        yield from notes.problems


def _brace(text: str, line: int, notes: Notes, datos: Mapping[str, Datum], broken: set[str], *, unread: bool) -> None:
    whole = DATO.fullmatch(text)
    if whole is None or "datos." not in text:
        notes.add("datos_syntax", line, "", value=text)
        return
    key = whole[1]
    if key in datos:
        if datos[key].value is None:
            notes.add("datos_null", line, "", key=key)
    elif key not in broken and not unread:
        near = difflib.get_close_matches(key, datos, n=1, cutoff=0.6)
        notes.add("datos_unknown", line, "", key=key, near=hint(near))


def typed(desk: Desk) -> Iterator[Problem]:
    """Amounts, telephones and codes of `datos.yaml` that were typed by hand."""
    known = _Known(desk)
    if not known.datos:
        return
    for sheet in desk.sheets.values():
        if sheet.place.what not in {What.ARTICLE, What.FLOW, What.FAIR}:
            continue
        notes = notes_for(sheet)
        for start, field, text in said(sheet):
            for number, row in enumerate(text.split("\n"), start=start):
                if any(letter.isdigit() for letter in row):
                    known.look(_TARGET.sub(lambda found: " " * len(found[0]), row), number, field, notes)
        yield from notes.problems


class _Known:
    """The values of `datos.yaml`, ready to be found in a text."""

    def __init__(self, desk: Desk) -> None:
        self.datos = {key: datum for key, datum in desk.library.datos.items() if datum.value is not None}
        self._desk = desk
        symbols = desk.library.country.symbols
        self._money: dict[tuple[str, float], str] = {}
        self._phones: dict[str, str] = {}
        self._short: dict[str, str] = {}
        self._named: dict[str, list[Datum]] = {}
        for key, datum in self.datos.items():
            symbol = symbols.get(datum.unit.split(" ")[0])
            if symbol and isinstance(datum.value, int | float):
                self._money.setdefault((symbol, float(datum.value)), key)
                self._named.setdefault(_name(key), []).append(datum)
            elif isinstance(datum.value, str) and datum.unit in {"teléfono", "código de pago"}:
                digits = re.sub(r"\D", "", datum.value)
                (self._phones if len(digits) >= 5 else self._short).setdefault(digits, key)

    def look(self, row: str, line: int, field: str, notes: Notes) -> None:
        """Note what was typed by hand on that line."""
        taken = self._phone_numbers(row, line, field, notes)
        for found in _CALL.finditer(row):
            if key := self._short.get(found[1]):
                notes.add("datos_copied", line, field, value=found[1], key=key)
        for found in _AMOUNT.finditer(row):
            if not any(start <= found.start(2) < end for start, end in taken):
                self._amount(found, row, line, field, notes)

    def _phone_numbers(self, row: str, line: int, field: str, notes: Notes) -> list[tuple[int, int]]:
        taken = []
        for found in _PHONE.finditer(row):
            digits = re.sub(r"\D", "", found[0])
            key, right = self._phones.get(digits), ""
            if key is None:
                key = next((known for said, known in self._phones.items() if _one_off(said, digits)), None)
                right = str(self.datos[key].value) if key else ""
            if key:
                taken.append(found.span())
                code = "datos_contradicts" if right else "datos_copied"
                notes.add(code, line, field, value=found[0].strip(), key=key, right=right)
        for found in re.finditer(r"(?<!\d)0\d{4}(?!\d)", row):
            if key := self._phones.get(found[0]):
                notes.add("datos_copied", line, field, value=found[0], key=key)
        return taken

    def _amount(self, found: re.Match[str], row: str, line: int, field: str, notes: Notes) -> None:
        value = float(found[2].replace(",", ""))
        symbol = self._symbol(found)
        if not symbol and "," not in found[2]:
            return
        key = self._same(symbol, value)
        said = found[0].strip()
        if datum := self._meant(_folded(row[: found.start()])):
            if datum.value == value:
                notes.add("datos_copied", line, field, value=said, key=datum.key)
                return
            if key is None and symbol:
                right = shown(datum, self._desk.library.country, "es")
                notes.add("datos_contradicts", line, field, value=said, key=datum.key, right=right)
                return
        if key and _telling(value):
            notes.add("datos_copied", line, field, value=said, key=key)

    def _symbol(self, found: re.Match[str]) -> str:
        country = self._desk.library.country
        written = (found[1] or "").rstrip(".")
        if written:
            return written if written in country.symbols.values() else ""
        return country.symbols.get(country.currency, "") if (found[3] or "").strip() == "soles" else ""

    def _same(self, symbol: str, value: float) -> str | None:
        if symbol:
            return self._money.get((symbol, value))
        return next((key for (_, amount), key in self._money.items() if amount == value), None)

    def _meant(self, before: str) -> Datum | None:
        """The value whose name stands right before an amount, when only one value has that name."""
        best: tuple[int, Datum] | None = None
        for name, data in self._named.items():
            place = before.rfind(f" {name} ")
            if place < 0 or len(before) - place - len(name) > _NEAR or len(data) != 1:
                continue
            between = before[place + len(name) + 2 :]
            if re.search(r"\d|[.;:]", between) or re.search(r"\d\s*$", before[:place]):
                continue
            if best is None or len(name) > best[0]:
                best = (len(name), data[0])
        return best[1] if best else None


def _name(key: str) -> str:
    return key.replace("_", " ")


def _telling(value: float) -> bool:
    """The amount is no round number that may stand for anything."""
    return value >= 1000 or (value >= 100 and value % 50 != 0) or not float(value).is_integer()


@lru_cache(maxsize=50_000)
def _one_off(known: str, said: str) -> bool:
    """Two long numbers that differ in one digit, or in two that changed places."""
    if len(known) != len(said) or len(known) < 8:
        return False
    wrong = [place for place, pair in enumerate(zip(known, said, strict=True)) if pair[0] != pair[1]]
    if len(wrong) == 2:
        left, right = wrong
        return right == left + 1 and known[left] == said[right] and known[right] == said[left]
    return len(wrong) == 1


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold().replace("*", ""))
    return f" {''.join(letter for letter in folded if not unicodedata.combining(letter))} "
