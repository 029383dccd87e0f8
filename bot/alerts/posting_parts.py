"""The parts of a posting that need rules of their own: its key, its pay, its kind of employment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from bot.alerts.jsonld import Graph, Node, plain_node
from bot.alerts.lexicon import Lexicon
from bot.alerts.pay import NOTHING, Pay, PayReader, Stated
from bot.alerts.plain import folded, line

_TRACKING = re.compile(r"^(?:utm_[^=]*|gclid|fbclid|trk|refid)(?:=|$)", re.IGNORECASE)
_LONGEST_KEY = 500
NO_KEY = frozenset({"", "n/a", "na", "null", "none", "undefined", "nan", "-", "--", "s/n", "#n/a", "#ref!"})
"""What programs write when there is no key: it would make one vacancy of all that have none."""


def is_wrong(value: object) -> bool:
    """Whether a value cannot be a text: it is a number, a yes or no, or a list inside a list."""
    return isinstance(value, bool | int | float | list)


def texts(graph: Graph, values: Iterable[Any]) -> list[str]:
    """Every text in these values, whatever they are wrapped in; the rest is left out."""
    out: list[str] = []
    for value in values:
        for item in graph.items(value):
            said = (
                graph.resolve(item.get("name", item.get("text", item.get("value"))))
                if isinstance(item, Mapping)
                else item
            )
            if isinstance(said, str) and said.strip():
                out.append(said)
    return out


def identifier(graph: Graph, node: Node) -> str | None:
    """The key of a posting: `identifier.value`, the identifier as text, the address without its tracking; else None."""
    items = graph.items(node.get("identifier"))
    nested = [found for item in items if isinstance(item, Mapping) for found in graph.items(item.get("value"))]
    for item in (*nested, *items):
        if (key := _key(item)) is not None:
            return key
    addresses = [_key(item.get("@id") if isinstance(item, Mapping) else item) for item in graph.items(node.get("url"))]
    found = next((clean_address(address) for address in addresses if address and _is_web(address)), None)
    references = [_key(item.get("@id")) for item in items if isinstance(item, Mapping)]
    return found or next((key for key in references if key), None)


def _key(item: object) -> str | None:
    if isinstance(item, bool):
        return None
    if isinstance(item, float) and item == item and abs(item) < 1e15 and item == int(item):  # noqa: PLR0124 - not a NaN
        item = int(item)
    if isinstance(item, int | float):
        return str(item)
    if isinstance(item, str):
        said = line(item)[:_LONGEST_KEY]
        return None if said.lower() in NO_KEY else said
    return None


def _is_web(address: str) -> bool:
    return re.match(r"^https?://[^/?#\s]+", address, re.IGNORECASE) is not None


def clean_address(address: str) -> str:
    """A web address without the parameters by which visitors are tracked; the rest stays as it was."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    kept = "&".join(pair for pair in parts.query.split("&") if pair and not _TRACKING.match(pair))
    fragment = "" if _TRACKING.match(parts.fragment) else parts.fragment
    return urlunsplit(parts._replace(query=kept, fragment=fragment))


def employment(graph: Graph, value: object, lexicon: Lexicon) -> tuple[str, ...] | None:
    """The schema.org kinds that are meant, each once; None when the value cannot be a kind at all."""
    items = graph.items(value)
    out: dict[str, None] = {}
    for item in items:
        if isinstance(item, Mapping):
            named = texts(graph, [item.get("name", item.get("@id"))])
            out |= dict.fromkeys(kind for said in named for kind in kinds(said, lexicon))
        elif isinstance(item, str):
            out |= dict.fromkeys(kinds(item, lexicon))
        else:
            return None
    return tuple(out)


def kinds(written: str, lexicon: Lexicon) -> list[str]:
    """The kinds of employment in one text; OTHER for words that are not known."""
    written = re.sub(r"https?://schema\.org/", "", line(written))
    said = folded(written)
    if not said:
        return []
    if said in lexicon.employment:
        return [lexicon.employment[said]]
    pieces = [folded(piece) for piece in re.split(r"[,;/|+]|\s+[yo]\s+|\s[-–]\s|[()]", written)]
    known = [lexicon.employment[piece] for piece in pieces if piece in lexicon.employment]
    if not known:
        names = sorted((name for name in lexicon.employment if len(name) > 4), key=len, reverse=True)
        known = [lexicon.employment[name] for name in names if re.search(rf"\b{re.escape(name)}\b", said)][:1]
    return known or ["OTHER"]


def pay(graph: Graph, node: Node, reader: PayReader) -> Pay | None:
    """What the posting says about pay; None when the value cannot be a pay at all."""
    currency = next(iter(texts(graph, [node.get("salarycurrency")])), None)
    given = graph.items(node.get("basesalary"))
    if any(isinstance(item, bool) for item in given):
        return None
    return _best(_amount(graph, item, reader, Stated(currency)) for item in given)


def _best(found: Iterable[Pay]) -> Pay:
    """Of several statements the first one in our money, else the first one."""
    said = [one for one in found if one.original is not None or one.impossible]
    return next((one for one in said if one.low is not None or one.high is not None), said[0] if said else NOTHING)


def _amount(graph: Graph, item: object, reader: PayReader, stated: Stated) -> Pay:
    if isinstance(item, int | float):
        return reader.amounts(float(item), float(item), stated)
    if isinstance(item, str):
        return reader.text(item, stated)
    if not isinstance(item, Mapping):
        return NOTHING
    node = plain_node(item)
    stated = Stated(
        _first(graph, node, "currency", "pricecurrency") or stated.currency,
        _first(graph, node, "unittext", "unitcode") or stated.unit,
    )
    low, high = (graph.resolve(_one(node, *names)) for names in (("minvalue", "minprice"), ("maxvalue", "maxprice")))
    if low is not None or high is not None:
        return _range(low, high, reader, stated)
    inner = graph.items(_one(node, "value", "price", "amount"))
    return _best(_amount(graph, item, reader, stated) for item in inner if not isinstance(item, bool))


def _range(low: object, high: object, reader: PayReader, stated: Stated) -> Pay:
    ends = [_end(value, reader) for value in (low, high)]
    if all(end is None for end in ends):
        return reader.text(" - ".join(value for value in (low, high) if isinstance(value, str)), stated)
    return reader.amounts(ends[0], ends[1], stated)


def _end(value: object, reader: PayReader) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if value else None
    return reader.number(value) if isinstance(value, str) else None


def _one(node: Node, *names: str) -> object:
    return next((node[name] for name in names if node.get(name) is not None), None)


def _first(graph: Graph, node: Node, *names: str) -> str | None:
    return next(iter(texts(graph, [_one(node, *names)])), None)
