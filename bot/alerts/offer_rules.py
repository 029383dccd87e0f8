"""The rules of the trust gate, as staff write them in `content/ofertas.yaml`.

A mistake in the file is refused with its line, what is wrong and how to mend it, so that the last good rules stay in service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from bot.alerts.offer_phrases import Phrase, PhraseBook, fold_line, listed, phrase
from bot.alerts.offer_source import Names
from bot.alerts.offer_weights import Indications, Weights
from bot.errors import BadWords

SIGNALS = (
    "fee", "documents", "no_employer", "pay_implausible", "short_link", "foreign_number",
    "trafficking", "pyramid", "illegal_terms", "discrimination", "other",
)  # fmt: skip
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the quick one where PyYAML was built with it
_BOOKS = ("frases", "dudosas", "salvo")


@dataclass(frozen=True, slots=True)
class Signs:
    """What gives one signal away: surely, perhaps, and what in the same sentence takes it back."""

    sure: PhraseBook
    perhaps: PhraseBook
    unless: PhraseBook


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What the best paid of some trades may promise in a month, in soles."""

    trades: PhraseBook
    month: float


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything the gate knows about the country it works in."""

    minimum_wage: float
    weekly_hours: float
    dollar: float
    dialling_code: str
    ceiling: float
    ceilings: tuple[Ceiling, ...]
    shorteners: re.Pattern[str]
    names: Names
    signs: Mapping[str, Signs]
    indications: Indications


def parse(text: str) -> Rules:
    """The rules of a file. BadWords names the line, what is wrong and the remedy."""
    root = _compose(text)
    file = _File(root)
    lists = {name: listed(file.words("listas", name)) for name in file.keys("listas")}
    return Rules(
        minimum_wage=file.number("salario_minimo"),
        weekly_hours=file.number("horas_semana"),
        dollar=file.number("dolar"),
        dialling_code=f"{file.number('prefijo_pais'):.0f}",
        ceiling=file.number("techo_general"),
        ceilings=tuple(_ceiling(node, lists) for node in file.items("techos")),
        shorteners=re.compile(
            r"(?<![\w.-])(?:" + "|".join(_domain(word) for word in file.words("acortadores")) + r")(?=\s?/|\s?barra|\b)"
        ),
        names=Names(
            re.compile(
                r"(?<!\w)(?:"
                + "|".join(re.escape(fold_line(word)) for word in file.words("negocios"))
                + r"|\w{3,}(?:eria|erias))(?!\w)"
            ),
            frozenset(fold_line(word) for word in file.words("lugares")),
            frozenset(fold_line(word) for word in file.words("palabras_comunes")),
        ),
        signs={signal: _signs(file, signal, lists) for signal in SIGNALS},
        indications=_indications(file),
    )


def _indications(file: _File) -> Indications:
    parts = file.mapping("indicios")
    reasons = _mapping(_needed(parts, "motivos", "indicios", file))
    return Indications(
        hold=_weights(_needed(parts, "retener", "indicios", file)),
        threshold=_decimal(_needed(parts, "umbral", "indicios", file)),
        reasons={signal: _weights(reasons[signal]) for signal in SIGNALS if signal in reasons},
    )


def _weights(node: yaml.Node) -> Weights:
    parts = _mapping(node)
    if set(parts) != {"inicio", "pesos"}:
        raise _wrong(node, "unos indicios llevan dos datos", "vuelve a calcularlos con bot.alerts.offer_learn")
    found: dict[str, float] = {}
    for key, value in _pairs(parts["pesos"]):
        found.update(dict.fromkeys(_scalar(value).split(", "), _decimal(key)))
    return Weights(found, _decimal(parts["inicio"]))


def _needed(parts: Mapping[str, yaml.Node], name: str, of: str, file: _File) -> yaml.Node:
    if name not in parts:
        raise file.wrong(f"falta «{name}» en «{of}»", "vuelve a calcularlos con bot.alerts.offer_learn")
    return parts[name]


def _domain(word: str) -> str:
    """A link shortener, also as people spell it: `bit . ly`, `bit punto ly`."""
    return r"(?:\s?\.\s?|\s?\(?punto\)?\s?)".join(re.escape(part) for part in fold_line(word).split("."))


def _signs(file: _File, signal: str, lists: Mapping[str, Sequence[str]]) -> Signs:
    node = file.find("senales", signal)
    if node is None:
        return Signs(PhraseBook(()), PhraseBook(()), PhraseBook(()))
    parts = _mapping(node)
    for name, part in parts.items():
        if name not in _BOOKS:
            raise _wrong(part, f"«{name}» no existe en la señal «{signal}»", "usa frases, dudosas o salvo")
    sure, perhaps, unless = (PhraseBook(_phrases(parts.get(name), lists)) for name in _BOOKS)
    return Signs(sure, perhaps, unless)


def _ceiling(node: yaml.Node, lists: Mapping[str, Sequence[str]]) -> Ceiling:
    parts = _mapping(node)
    if set(parts) != {"oficios", "mes"}:
        raise _wrong(node, "un techo lleva dos datos", "escribe {oficios: [...], mes: 4000}")
    return Ceiling(PhraseBook(_phrases(parts["oficios"], lists)), _number(parts["mes"], "mes"))


def _phrases(node: yaml.Node | None, lists: Mapping[str, Sequence[str]]) -> list[Phrase]:
    found: list[Phrase] = []
    for item in _items(node):
        try:
            found.extend(phrase(line, lists) for line in _lines(item, many=item is node))
        except ValueError as mistake:
            raise _wrong(item, str(mistake), "corrige esa frase o bórrala") from mistake
    return found


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    if node is None:
        return []
    return [node] if isinstance(node, yaml.ScalarNode) else _sequence(node)


def _lines(node: yaml.Node, *, many: bool) -> list[str]:
    """One phrase, or several with commas between them."""
    lines = _scalar(node).split(",") if many else [_scalar(node)]
    return [line.strip() for line in lines if line.strip()]


class _File:
    """The top of the rules file: what stands where, with its line."""

    def __init__(self, root: yaml.Node) -> None:
        self._root = root
        self._parts = _mapping(root)

    def keys(self, name: str) -> list[str]:
        return list(_mapping(self._part(name)))

    def mapping(self, name: str) -> dict[str, yaml.Node]:
        return _mapping(self._part(name))

    def wrong(self, what: str, remedy: str) -> BadWords:
        return _wrong(self._root, what, remedy)

    def find(self, name: str, key: str) -> yaml.Node | None:
        parts = _mapping(self._part(name))
        unknown = next((node for signal, node in parts.items() if signal not in SIGNALS), None)
        if unknown is not None:
            raise _wrong(unknown, "hay una señal que no existe", f"las señales son: {', '.join(SIGNALS)}")
        return parts.get(key)

    def number(self, name: str) -> float:
        return _number(self._part(name), name)

    def items(self, name: str) -> list[yaml.Node]:
        return _sequence(self._part(name))

    def words(self, name: str, key: str | None = None) -> list[str]:
        """A list of words: a YAML list, or one text with commas between them."""
        node = self._part(name) if key is None else _mapping(self._part(name))[key]
        nodes = [node] if isinstance(node, yaml.ScalarNode) else _sequence(node)
        words = [word.strip() for item in nodes for word in _scalar(item).replace("\n", ",").split(",")]
        words = [word for word in words if word]
        if not words:
            raise _wrong(node, f"la lista «{key or name}» está vacía", "escribe al menos una palabra")
        return words

    def _part(self, name: str) -> yaml.Node:
        if name not in self._parts:
            raise _wrong(self._root, f"falta «{name}»", f"añade una línea «{name}: ...»")
        return self._parts[name]


def _compose(text: str) -> yaml.Node:
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as mistake:
        line = mistake.problem_mark.line + 1 if mistake.problem_mark else 1
        raise BadWords(
            line, f"no es YAML válido ({mistake.problem})", "revisa sangría, comillas y corchetes"
        ) from mistake
    except yaml.YAMLError as mistake:
        raise BadWords(1, f"no es YAML válido ({mistake})", "guarda el archivo como texto UTF-8") from mistake
    if root is None:
        raise BadWords(1, "el archivo está vacío", "recupera la última versión buena")
    return root


def _mapping(node: yaml.Node) -> dict[str, yaml.Node]:
    return {_scalar(key): value for key, value in _pairs(node)}


def _pairs(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise _wrong(node, "aquí van datos con nombre", "escribe «nombre: valor», uno por línea")
    return list(node.value)


def _sequence(node: yaml.Node) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        raise _wrong(node, "aquí va una lista", "escribe un guion por línea")
    return list(node.value)


def _scalar(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _wrong(node, "aquí va un texto", "escríbelo entre comillas")
    return str(node.value)


def _number(node: yaml.Node, name: str) -> float:
    try:
        value = float(_scalar(node))
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise _wrong(
            node, f"«{name}» debe ser un número mayor que cero", "escríbelo sin coma de miles, por ejemplo 1130"
        )
    return value


def _decimal(node: yaml.Node) -> float:
    try:
        return float(_scalar(node))
    except ValueError as mistake:
        raise _wrong(node, f"«{node.value}» no es un número", "escríbelo con punto, por ejemplo 0.5") from mistake


def _wrong(node: yaml.Node, what: str, remedy: str) -> BadWords:
    return BadWords(node.start_mark.line + 1, what, remedy)
