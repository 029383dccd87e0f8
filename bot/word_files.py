"""Reading the files of words: each checked as a whole, so that whoever uses the words never meets a mistake.

Brought to `bot.library.load` by the program and by `rumbo check` alike: what the check calls wrong is what is not taken
into service. A reader notes every mistake with its line and gives nothing then; it must never raise, whatever stands there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.alerts.gazetteer import Gazetteer, place_key
from bot.alerts.lexicon import Lexicon
from bot.alerts.trust import TrustGate
from bot.broadcasts.rates import Rates, read_rates
from bot.errors import BadContent, BadWords
from bot.library.checks.words import catalog_of
from bot.library.fields import Fields
from bot.library.place import What
from bot.library.problems import Notes
from bot.library.sheet import WordReaders
from bot.library.tree import Path, Tree, read_yaml
from bot.understanding.controls import Control, Controls, Scope
from bot.understanding.danger_phrases import Phrases
from bot.understanding.forms import BadForm, Forms, Pieces
from bot.understanding.reader import glossary_of
from bot.wording import Entry, entries_of

__all__ = ["READERS", "Catalogued"]

_UNFORESEEN = (
    BadContent,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    ArithmeticError,
    re.error,
)
_LISTS = (
    "sueldo_minimo", "sin_sueldo", "desde", "hasta", "sin_fecha", "meses", "remoto", "hibrido", "presencial", "sin_nombre",
    "sin_nombre_con", "sin_nombre_empieza", "formas_legales", "totales",
)  # fmt: skip
_NAMED_LISTS = ("otras_monedas", "unidades", "jornadas", "columnas", "columnas_ferias", "idiomas", "horarios", "rubros")
_OTHERS = ("moneda", "por_mes", "motivos")


@dataclass(frozen=True, slots=True)
class Catalogued:
    """The keyed texts of one `ui.po`."""

    entries: Mapping[str, Entry]
    locale: str  # "" when the file names none


def _wording(text: str, notes: Notes) -> Catalogued | None:
    catalog = catalog_of(text, notes)
    if catalog is None:
        return None
    return Catalogued(entries_of(catalog), str(catalog.locale) if catalog.locale else "")


# --- what people say ---------------------------------------------------------------------------------------------


def _controls(text: str, notes: Notes) -> Mapping[str, Any] | None:
    tree = read_yaml(text, notes)
    if tree is None:
        return None
    fields = Fields(tree, notes)
    fields.only(("controles",), ("terminaciones", "piezas", "relleno", "cortesia", "comentarios"))
    for name in ("relleno", "cortesia", "comentarios"):
        fields.texts(name, empty=True)
    for part in ("terminaciones", "piezas", "controles"):
        _each(fields, part, _one_or_more)
    commands = fields.child("controles")
    for name in commands.values if commands else ():
        if not _is_command(name):
            notes.add("control_unknown", tree.line("controles", name), name, value=name, known=", ".join(Control))
    if not notes.served:
        return None
    controls: Mapping[str, Any] = tree.values
    try:
        Controls(glossary_of(controls, {}))
    except BadForm:
        told = _tell_broken_forms(tree, notes, "piezas")  # which most forms share
        if not told and not _tell_broken_forms(tree, notes, "relleno", "cortesia", "comentarios", "controles"):
            raise
        return None
    return controls


def _is_command(name: str) -> bool:
    control, dot, scope = name.partition(".")
    return control in set(Control) and (not dot or scope in set(Scope))


def _each(fields: Fields, part: str, look: Callable[[Fields, str], object]) -> None:
    """Look at every name of a part, so that what is wrong with its value is noted."""
    inner = fields.child(part)
    if inner is not None:
        for name in inner.values:
            look(inner, name)


def _one_or_more(fields: Fields, name: str) -> None:
    if not isinstance(fields.raw(name), str):
        fields.texts(name)


def _tell_broken_forms(tree: Tree, notes: Notes, *parts: str) -> bool:
    """Try every form of these parts by itself; each one that makes no sense is named where it stands. Whether any was."""
    known = len(notes.problems)
    pieces, network = _pieces(tree), _Network()
    for path, form in _texts(tree, *parts):
        try:
            spelt = pieces.spelt_out(form)
        except BadForm as mistake:
            pieces = _pieces(tree)  # this one is in the middle of a piece
            if mistake.form == form:  # else it is told where it stands
                _tell(form, mistake, path, tree, notes)
            continue
        try:
            if path[0] == "piezas":
                network.add(f"x ({spelt})")  # a piece may need no word, a form may not
            elif path[0] != "relleno":
                network.add(spelt)
        except BadForm as mistake:
            _tell(form, mistake, path, tree, notes)
    return len(notes.problems) > known


class _Network:
    """Where forms are tried."""

    def __init__(self) -> None:
        self._forms = Forms()
        self._start, self._end = self._forms.state(), self._forms.state()

    def add(self, form: str) -> None:
        """Raises BadForm when it makes no sense."""
        self._forms.add(form, self._start, self._end)


def _tell(form: str, mistake: BadForm, path: Path, tree: Tree, notes: Notes) -> None:
    name = ".".join(map(str, path[:-1]))
    notes.add("form_broken", tree.line(*path), name, form=form, reason=mistake.reason)


def _pieces(tree: Tree) -> Pieces:
    endings = {name: " ".join(_as_list(value)) for name, value in (tree.values.get("terminaciones") or {}).items()}
    return Pieces({name: _as_list(value) for name, value in (tree.values.get("piezas") or {}).items()}, endings)


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _texts(tree: Tree, *parts: str) -> Iterator[tuple[Path, str]]:
    """Every text of these parts with the way to it."""
    for part in parts:
        named = tree.values.get(part) or []
        rows = named.items() if isinstance(named, dict) else [("", named)]
        for name, value in rows:
            way: Path = (part, name) if name else (part,)
            for place, text in enumerate(_as_list(value)):
                yield (*way, place), text


def _vocabulary(text: str, notes: Notes) -> Mapping[str, Any] | None:
    tree = read_yaml(text, notes)
    if tree is None:
        return None
    fields = Fields(tree, notes)
    fields.only((), ("abreviaturas", "significados", "lejos", "ida", "directas"))
    if leaving := fields.child("ida"):
        leaving.only((), ("va", "con", "pero"))
    for part in ("significados", "directas", "ida"):
        _each(fields, part, Fields.texts)
    _each(fields, "abreviaturas", Fields.text)
    fields.texts("lejos", empty=True)
    if not notes.served:
        return None
    network = _Network()
    for path, form in _texts(tree, "directas"):
        try:
            network.add(form)
        except BadForm as mistake:
            _tell(form, mistake, path, tree, notes)
    vocabulary: Mapping[str, Any] = tree.values
    return vocabulary


def _danger(text: str, notes: Notes) -> Phrases:
    del notes
    return Phrases.parse(text)


# --- offers and vacancies ----------------------------------------------------------------------------------------


def _offers(text: str, notes: Notes) -> TrustGate:
    del notes
    return TrustGate.from_rules(text)


def _vacancies(text: str, notes: Notes) -> str | None:
    """The text itself: it is read again whenever the kinds of work of the country change."""
    tree = read_yaml(text, notes)
    if tree is None:
        return None
    fields = Fields(tree, notes)
    fields.only((*_OTHERS, *_LISTS, *_NAMED_LISTS), ("sin_lugar", "terminadas"))
    if money := fields.child("moneda"):
        money.only(("codigo", "marcas"))
        money.texts("marcas")
    for name in (*_LISTS, "sin_lugar", "terminadas"):
        if name != "sin_nombre":  # where nothing at all is one of the words
            fields.texts(name)
    for part in _NAMED_LISTS:
        _each(fields, part, Fields.texts)
    _each(fields, "por_mes", Fields.number)
    _each(fields, "motivos", Fields.text)
    if not notes.served:
        return None
    Lexicon.from_text(text)
    return text


def _gazetteer(text: str, notes: Notes) -> Gazetteer | None:
    tree = read_yaml(text, notes)
    if tree is None:
        return None
    fields = Fields(tree, notes)
    fields.only(("pais", "departamentos"), ("apodos", "localidades", "sinonimos", "preferidos"))
    if land := fields.child("pais"):
        land.only(("codigo", "nombres", "todo"))
    for department in _children(fields, "departamentos"):
        department.only(("nombre", "iso", "provincias"), ("tambien",))
        department.text("nombre")
        for province in _children(department, "provincias"):
            province.only(("nombre", "distritos"))
            _each(province, "distritos", Fields.text)
    if not notes.served:
        return None
    try:
        return Gazetteer.from_text(text)
    except ValueError as error:
        if not isinstance(error.__cause__, KeyError):
            raise
        name = str(error.__cause__.args[0])
        path = next((path for path in tree.lines if path and name in {path[-1], place_key(str(path[-1]))}), ("",))
        notes.add("place_unknown", tree.line(*path), str(path[0]), value=path[-1] or name)
        return None


def _children(fields: Fields, part: str) -> Iterator[Fields]:
    inner = fields.child(part)
    names = inner.values if inner is not None else {}
    return (child for name in names if inner is not None and (child := inner.child(name)) is not None)


def _rates(text: str, notes: Notes) -> Rates | None:
    tree = read_yaml(text, notes)
    if tree is None:
        return None
    fields = Fields(tree, notes)
    fields.only(("rates",))
    seen: set[tuple[str, str]] = set()
    for row in fields.rows("rates"):
        row.only(("channel", "category", "currency", "source", "as_of"), ("low", "high", "free_a_month", "note"))
        key = (row.text("channel"), row.text("category"))
        row.text("source")
        row.day("as_of")
        low, high = row.number("low"), row.number("high")
        if (low is None) != (high is None) or (low is not None and high is not None and not 0 <= low <= high < 100):
            row.note("rate_amounts", "low" if low is not None else "high")
        if key in seen:
            row.note("rate_twice", "category", value=" ".join(key))
        seen.add(key)
    return read_rates(text, notes.file) if notes.served else None


def _never_raising(read: Callable[[str, Notes], object]) -> Callable[[str, Notes], object]:
    """The same reader: what it did not foresee is one more mistake of the file."""

    def safely(text: str, notes: Notes) -> object:
        try:
            return read(text, notes)
        except BadWords as mistake:
            remedy = mistake.remedy.rstrip(".")
            notes.add("words_broken", mistake.line, "", what=mistake.what, remedy=remedy[:1].upper() + remedy[1:])
        except _UNFORESEEN as error:
            if notes.served:
                notes.add("words_unclear", 1, "", detail=str(error) or type(error).__name__)
        return None

    return safely


_BY_KIND: WordReaders = {
    What.WORDING: _wording,
    What.CONTROLS: _controls,
    What.VOCABULARY: _vocabulary,
    What.DANGER: _danger,
    What.OFFERS: _offers,
    What.VACANCIES: _vacancies,
    What.GAZETTEER: _gazetteer,
    What.RATES: _rates,
}
READERS: WordReaders = {what: _never_raising(read) for what, read in _BY_KIND.items()}
"""A reader for every file of words."""
