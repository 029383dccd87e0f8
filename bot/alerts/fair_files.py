"""Fairs from a file: JSON-LD, a page with JSON-LD in it, or the spreadsheet of an office. Bytes in, rows out."""

from __future__ import annotations

import hashlib
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
_APART = frozenset({*_PLACE, "latitude", "longitude", "startTime", "endTime", "mode"})
_TIME = re.compile(r"\b(\d{1,2})(?:[:.h](\d{2}))?\s*(?:hrs?\b)?\s*([ap])?\.?\s?(?:m\b)?", re.IGNORECASE)
_DAY_ONLY = re.compile(r"^[^:]*$")


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
    seen: dict[str, PartnerFair] = {}
    for row in rows:
        try:
            fair = fair_of(row.graph, row.node, partner, reader, now)
        except Malformed as error:
            refused += [Rejected(row.number, row.names.get(name, name), why) for name, why in error.errors]
            continue
        if seen.setdefault(fair.identifier, fair) == fair:
            taken.append((row.number, fair))
        else:
            key = row.names.get("identifier", "identifier")
            refused.append(Rejected(row.number, key, reader.lexicon.reasons["same_code"]))
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
        raise _refused(reader, "no_fair_header")
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
        if any(cell.strip() for cell in cells) and not _is_total(cells, reader)
    )
    return (_row(number, cells, fields, names, reader) for number, cells in filled)


def _is_total(cells: Sequence[str], reader: Reader) -> bool:
    """`Total;3;;`: a row that sums up and is not about a fair."""
    first = folded(next(cell for cell in cells if cell.strip()))
    return first in reader.lexicon.totals and sum(1 for cell in cells if cell.strip()) <= 3


def _row(number: int, cells: Sequence[str], fields: Sequence[str], names: Mapping[str, str], reader: Reader) -> _Row:
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
    node |= {field: text for field, text in said.items() if field not in _APART}
    node |= _hours(said)
    if folded(said.get("mode", "")) in reader.lexicon.remote and not node["location"]:
        node["eventAttendanceMode"] = "OnlineEventAttendanceMode"
    if not {"identifier", "url"} & set(fields):
        words = "|".join(said.get(field, "") for field in ("name", "startDate", *_PLACE))
        node["identifier"] = "fila-" + hashlib.sha256(folded(words).encode()).hexdigest()[:16]
    graph = Graph.of(node)
    return _Row(number, graph, graph.nodes[0], names)


def _hours(said: Mapping[str, str]) -> dict[str, str]:
    """The days with their hours, which stand in two columns of their own or as `9:00 a 16:00` in one."""
    start, end = said.get("startDate", ""), said.get("endDate", "")
    times = [_clock(found) for found in _TIME.finditer(said.get("startTime", ""))]
    last = [_clock(found) for found in _TIME.finditer(said.get("endTime", ""))][:1] or times[1:2]
    out: dict[str, str] = {}
    if start and times and _DAY_ONLY.match(start):
        out["startDate"] = f"{start} {times[0]}"
        if last and (not end or _DAY_ONLY.match(end)):
            out["endDate"] = f"{end or start} {last[0]}"
    return out


def _clock(found: re.Match[str]) -> str:
    hour = int(found[1]) % 12 + (12 if found[3].lower() == "p" else 0) if found[3] else int(found[1])
    return f"{hour:02}:{found[2] or '00'}"


def _field(cell: str, columns: Mapping[str, str]) -> str:
    return columns.get(folded(cell), columns.get(folded(re.sub(r"\([^)]*\)|\*", " ", cell)), ""))


def _refused(reader: Reader, reason: str) -> Malformed:
    words = reader.lexicon.reasons[reason]
    return Malformed(words, (("", words),))
