"""schema.org Event as partners send it, turned into a job fair, or into everything that is wrong with it.

It reads as generously, and by the same rules, as vacancies are read. Only `Malformed` is raised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.alerts.jsonld import Graph, Node, is_a, plain_node
from bot.alerts.plain import folded, line, paragraph, title
from bot.alerts.posting_parts import identifier, texts
from bot.alerts.posting_places import spots
from bot.alerts.postings import Problems, Reader

KINDS = ("published", "updated", "closed", "cancelled")
TYPES = (
    "Event", "BusinessEvent", "ExhibitionEvent", "SocialEvent", "EducationEvent", "Festival", "ConferenceEvent", "EventSeries",
    "PublicationEvent", "SaleEvent", "Hackathon", "CourseInstance", "ChildrensEvent", "CommunityEvent", "JobFair",
)  # fmt: skip
_CANCELLED = re.compile(r"cancel|suspend|anulad")
_POSTPONED = re.compile(r"postpone|posterg|pospuest|aplaz")
_ONLINE = {"location": {"@type": "VirtualLocation"}}


@dataclass(frozen=True, slots=True)
class PartnerFair:
    """A job fair that a partner announces. Nobody is told of it before a person of the team has looked."""

    partner: str
    identifier: str
    name: str
    start: datetime | None
    end: datetime | None
    place: str = ""
    address: str = ""
    region: str | None = None
    district: str | None = None
    lat: float | None = None
    lon: float | None = None
    organiser: str | None = None
    description: str = ""
    url: str | None = None
    state: str = "held"  # held, filed (a content file was made of it), cancelled
    id: str = ""

    def to_json(self) -> dict[str, Any]:
        """What partners get back and what the console script shows."""
        out = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in ("start", "end"):
            out[name] = out[name].isoformat() if out[name] else None
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PartnerFair:
        """The fair that `to_json` wrote down."""
        moments = {name: datetime.fromisoformat(data[name]) if data.get(name) else None for name in ("start", "end")}
        return cls(**({name: data[name] for name in cls.__dataclass_fields__ if name in data} | moments))


def read_fair(data: object, partner: str, reader: Reader, now: datetime) -> PartnerFair:
    """The first fair of a payload. Raises Malformed with all that is wrong."""
    graph = Graph.of(data)
    found = find_events(graph)
    if not found:
        problems = Problems(reader.lexicon.reasons)
        problems.add("@type" if graph.nodes else "data", "no_event" if graph.nodes else "not_an_object")
        problems.stop()
    return fair_of(graph, found[0], partner, reader, now)


def find_events(graph: Graph) -> list[Node]:
    """The events of a payload; an object without a type counts as one when it has a start."""
    found = graph.typed(*TYPES)
    if not found and graph.nodes and "@type" not in graph.nodes[0] and "startdate" in graph.nodes[0]:
        return [graph.nodes[0]]
    return found


def read_fair_identifier(data: object, reader: Reader) -> str:
    """Which fair a payload means. Raises Malformed."""
    graph = Graph.of(data)
    node = next(iter(graph.typed(*TYPES)), graph.nodes[0] if graph.nodes else {})
    found = identifier(graph, node)
    if found is None:
        problems = Problems(reader.lexicon.reasons)
        problems.add("identifier", "no_identifier")
        problems.stop()
    return str(found)


def fair_of(graph: Graph, node: Node, partner: str, reader: Reader, now: datetime) -> PartnerFair:
    """One event of a payload. Raises Malformed with all that is wrong."""
    problems = Problems(reader.lexicon.reasons)
    given = graph.items(node.get("name", node.get("title")))
    written = next((item for item in given if isinstance(item, str)), None)
    name = title(written or "")
    if not name:
        problems.add("name", "not_text" if given and written is None else "empty" if given else "missing")
    start = _moment(graph, node, "startdate", "startDate", reader, now, problems, opening=True)
    if start is None:
        problems.add("startDate", "missing")
    end = _moment(graph, node, "enddate", "endDate", reader, now, problems)
    if start and end and end < start:
        problems.add("endDate", "end_before_start")
    cancelled = _is_off(graph, node)
    last = end or (start + timedelta(hours=18) if start else None)
    if last is not None and last < now and not cancelled:
        problems.add("endDate" if end else "startDate", "past")
    online = any("online" in said.lower() for said in texts(graph, [node.get("eventattendancemode")]))
    at = node if graph.items(node.get("location")) or not online else _ONLINE
    found = spots(graph, {"joblocation": at.get("location")}, reader, "")
    if found.problem:
        problems.add("location", found.problem)
    key = identifier(graph, node)
    if key is None:
        problems.add("identifier", "no_identifier")
    problems.stop()
    where = found.places[0] if found.places else None
    hall, street, lat, lon = _venue(graph, node)
    return PartnerFair(
        partner=partner, identifier=str(key), name=name, start=start, end=end, place=hall, address=street,
        region=where.region if where else None, district=where.district if where else None, lat=lat, lon=lon,
        organiser=next((title(text) for text in texts(graph, [node.get("organizer")])), None),
        description=paragraph("\n".join(texts(graph, [node.get("description")]))),
        url=next((line(text) for text in texts(graph, [node.get("url")]) if line(text).startswith(("http://", "https://"))), None),
        state="cancelled" if cancelled else "held",
    )  # fmt: skip


def _is_off(graph: Graph, node: Node) -> bool:
    """Cancelled, or postponed without a new date: either way nobody should go there on the day that is named."""
    given = graph.items(node.get("eventstatus"))
    said = folded(
        " ".join([*texts(graph, given), *(str(item.get("@id", "")) for item in given if isinstance(item, Mapping))])
    )
    moved = graph.items(node.get("previousstartdate"))
    return _CANCELLED.search(said) is not None or (_POSTPONED.search(said) is not None and not moved)


def _moment(
    graph: Graph,
    node: Node,
    key: str,
    name: str,
    reader: Reader,
    now: datetime,
    problems: Problems,
    *,
    opening: bool = False,
) -> datetime | None:
    for item in graph.items(node.get(key)):
        try:
            if isinstance(item, str):
                return reader.moments.read(item, now, opening=opening)
            if isinstance(item, int | float) and not isinstance(item, bool):
                return reader.moments.number(item)
        except ValueError:
            pass
        problems.add(name, "not_a_date")
    return None


def _venue(graph: Graph, node: Node) -> tuple[str, str, float | None, float | None]:
    """The hall, the street and the pin."""
    for item in graph.items(node.get("location")):
        if isinstance(item, str):
            return line(item), "", None, None
        if not isinstance(item, Mapping) or is_a(plain_node(item), "VirtualLocation"):
            continue
        place = plain_node(item)
        addresses = graph.items(place.get("address"))
        street = next((_street(graph, address) for address in addresses), "")
        pin = next((plain_node(geo) for geo in graph.items(place.get("geo")) if isinstance(geo, Mapping)), {})
        lat, lon = _degrees(pin.get("latitude"), 90), _degrees(pin.get("longitude"), 180)
        both = lat is not None and lon is not None
        return (
            next(iter(map(line, texts(graph, [place.get("name")]))), ""),
            street,
            lat if both else None,
            lon if both else None,
        )
    return "", "", None, None


def _street(graph: Graph, address: object) -> str:
    if isinstance(address, Mapping):
        return ", ".join(map(line, texts(graph, [plain_node(address).get("streetaddress")])))
    return line(address) if isinstance(address, str) else ""


def _degrees(value: object, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        degrees = float(value.replace(",", ".") if isinstance(value, str) else value)
    except ValueError:
        return None
    return degrees if -most <= degrees <= most else None
