"""Fairs from a file: JSON-LD, a page with JSON-LD in it, or the spreadsheet of an office. Bytes in, rows out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.alerts.csv_text import decoded, records
from bot.alerts.events import PartnerFair, fair_of, find_events
from bot.alerts.feeds import LARGEST, json_blocks
from bot.alerts.intake import Rejected
from bot.alerts.jsonld import Graph
from bot.alerts.plain import folded, line
from bot.alerts.postings import Reader
from bot.errors import Malformed

_PLACE = {"place": "name", "address": "streetAddress", "district": "addressLocality", "region": "addressRegion"}
_CANCELLED = re.compile(r"\bcancel|\bsuspend")


@dataclass(frozen=True, slots=True)
class FairIntake:
    """What could be read of a file, and what could not."""

    accepted: tuple[tuple[int, PartnerFair], ...]
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """One fair of a file, in the words of schema.org, and what the file calls each property."""

    number: int
    graph: Graph
    node: Mapping[str, Any]
    names: Mapping[str, str]


def read_fair_file(raw: bytes, partner: str, reader: Reader, now: datetime) -> FairIntake:
    """Every fair of a file. `row` counts from 1 (the header of a sheet is 1). Raises Malformed when nothing can be read."""
    if len(raw) > LARGEST:
        raise _refused(reader, "too_large")
    start = decoded(raw[:400]).lstrip("\ufeff \t\r\n")
    rows = _objects(decoded(raw), reader) if start.startswith(("{", "[", "<")) else _records(raw, reader)
    taken: list[tuple[int, PartnerFair]] = []
    refused: list[Rejected] = []
    for row in rows:
        try:
            taken.append((row.number, fair_of(row.graph, row.node, partner, reader, now)))
        except Malformed as error:
            refused += [Rejected(row.number, row.names.get(name, name), why) for name, why in error.errors]
    return FairIntake(tuple(taken), tuple(refused))


def _objects(text: str, reader: Reader) -> Iterator[_Row]:
    text = text.lstrip("\ufeff \t\r\n")
    try:
        data: Any = json_blocks(text) if text.startswith("<") else json.loads(text)
    except (ValueError, RecursionError):
        raise _refused(reader, "not_json") from None
    graph = Graph.of(data)
    found = find_events(graph)
    if not found:
        raise _refused(reader, "no_event")
    return (_Row(number, graph, node, {}) for number, node in enumerate(found, 1))


def _records(raw: bytes, reader: Reader) -> Iterator[_Row]:
    columns = reader.lexicon.fair_columns
    found = records(raw, lambda record: sum(1 for cell in record if _field(cell, columns)))
    start = next(
        (
            at
            for at, record in enumerate(found[:20])
            if {"name", "startDate"} <= {_field(cell, columns) for cell in record}
        ),
        None,
    )
    if start is None:
        raise _refused(reader, "no_header")
    header = found[start]
    fields = [_field(cell, columns) for cell in header]
    names = {field: line(cell) for field, cell in zip(fields, header, strict=True)}
    names |= {
        "location": next(
            (names[field] for field in ("place", "district", "region", "address") if field in names), "location"
        )
    }
    filled = (
        (number, cells)
        for number, cells in enumerate(found[start + 1 :], start + 2)
        if any(cell.strip() for cell in cells)
    )
    return (_row(number, cells, fields, names) for number, cells in filled)


def _row(number: int, cells: Sequence[str], fields: Sequence[str], names: Mapping[str, str]) -> _Row:
    said = {field: cell.strip() for field, cell in zip(fields, cells, strict=False) if field and cell.strip()}
    place = {_PLACE[field]: text for field, text in said.items() if field in _PLACE}
    location: dict[str, Any] = {"name": place.pop("name", "")}
    location |= {"address": place} if place else {}
    location |= (
        {"geo": {"latitude": said["latitude"], "longitude": said["longitude"]}}
        if {"latitude", "longitude"} <= said.keys()
        else {}
    )
    node: dict[str, Any] = {"location": location if place or location["name"] else None}
    node |= {
        field: text for field, text in said.items() if field not in {*_PLACE, "latitude", "longitude", "eventStatus"}
    }
    if _CANCELLED.search(folded(said.get("eventStatus", ""))):
        node["eventStatus"] = "EventCancelled"
    graph = Graph.of(node)
    return _Row(number, graph, graph.nodes[0], names)


def _field(cell: str, columns: Mapping[str, str]) -> str:
    return columns.get(folded(cell), columns.get(folded(re.sub(r"\([^)]*\)|\*", " ", cell)), ""))


def _refused(reader: Reader, reason: str) -> Malformed:
    words = reader.lexicon.reasons[reason]
    return Malformed(words, (("", words),))
