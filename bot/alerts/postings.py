"""schema.org JobPosting as it is found in the wild, turned into a Vacancy, or into everything that is wrong with it.

Generous in reading, strict in the rules: what is not understood is never guessed, and one error does not hide another.
Only `Malformed` is raised, whatever the payload.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.alerts import hints
from bot.alerts.gazetteer import Gazetteer
from bot.alerts.jsonld import Graph, Node, is_a
from bot.alerts.lexicon import Lexicon
from bot.alerts.moments import MomentReader
from bot.alerts.pay import PayReader
from bot.alerts.places import PlaceReader
from bot.alerts.plain import folded, line, paragraph, title
from bot.alerts.posting_parts import employment, identifier, is_wrong, pay, texts
from bot.alerts.posting_places import Spots, spots
from bot.alerts.vacancy import Mode, Vacancy
from bot.errors import Malformed

_NAMES = ("name", "legalname", "alternatename", "@id")  # where the name of an employer stands, the best place first
EVENTS = ("published", "updated", "closed")


@dataclass(frozen=True, slots=True)
class Reader:
    """Everything that is needed to read vacancies of one country. Made once for each version of the content."""

    lexicon: Lexicon
    places: PlaceReader
    pay: PayReader
    moments: MomentReader

    @classmethod
    def of(
        cls,
        words: str,
        places: str | Gazetteer,
        minimum_wage: float,
        zone: str,
        sectors: Mapping[str, Sequence[str]] | None = None,
    ) -> Reader:
        """From the text of `vacantes.yaml` and the places, read or as the text of `lugares-*.yaml`; `sectors`: more words
        of each. ValueError when one is wrong.
        """
        lexicon = Lexicon.from_text(words, sectors)
        gazetteer = places if isinstance(places, Gazetteer) else Gazetteer.from_text(places)
        return cls(
            lexicon, PlaceReader(gazetteer), PayReader(lexicon, minimum_wage), MomentReader(lexicon, ZoneInfo(zone))
        )


@dataclass(slots=True)
class Problems:
    """Collects what is wrong: each field once, with its first reason."""

    reasons: Mapping[str, str]
    found: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, reason: str) -> None:
        """Note that a field is wrong; `reason` is a key of the content."""
        self.found.setdefault(name, self.reasons.get(reason, reason))

    def stop(self) -> None:
        """Raise Malformed if anything was noted."""
        if self.found:
            raise Malformed("; ".join(f"{name}: {why}" for name, why in self.found.items()), tuple(self.found.items()))


_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Event:
    """What a partner says happened to a vacancy or a fair."""

    kind: str  # published, updated, closed; cancelled for fairs
    at: datetime
    data: object


def read_event(
    body: object, reader: Reader, now: datetime, subject: str = "vacancy", kinds: tuple[str, ...] = EVENTS
) -> Event:
    """The envelope of a partner's request; raises Malformed."""
    problems = Problems(reader.lexicon.reasons)
    if not isinstance(body, Mapping):
        problems.add("body", "not_an_object")
        problems.stop()
    assert isinstance(body, Mapping)
    said = body.get("type")
    prefix, _, kind = said.strip().lower().partition(".") if isinstance(said, str) else ("", "", "")
    if prefix != subject or kind not in kinds:
        problems.add("type", "missing" if said is None else f"unknown_{subject}_event")
    at = _stamp(body.get("timestamp"), reader, now, problems)
    if body.get("data") is None or not isinstance(body["data"], Mapping | list | str):
        problems.add("data", "missing" if body.get("data") is None else "not_an_object")
    problems.stop()
    return Event(kind, at, body["data"])


def _stamp(value: object, reader: Reader, now: datetime, problems: Problems) -> datetime:
    """When it happened. A little ahead is a clock or a zone that is wrong: now. Far ahead would freeze what it is about."""
    at = now
    try:
        if isinstance(value, str):
            at = reader.moments.read(value, now) or now
        elif isinstance(value, int | float) and not isinstance(value, bool):
            at = reader.moments.number(value)
        elif value is not None:
            problems.add("timestamp", "wrong_type")
    except ValueError:
        problems.add("timestamp", "not_a_moment")
    if at > now + _AHEAD:
        problems.add("timestamp", "in_the_future")
    return min(at, now)


def find_postings(data: object, reader: Reader) -> tuple[Graph, list[Node]]:
    """The JobPostings of a payload; raises Malformed for a payload without any."""
    graph = Graph.of(data)
    found = graph.typed("JobPosting")
    if (
        not found
        and graph.nodes
        and "@type" not in graph.nodes[0]
        and graph.nodes[0].keys() & {"title", "identifier", "url"}
    ):
        found = [graph.nodes[0]]
    if not found:
        problems = Problems(reader.lexicon.reasons)
        problems.add("@type" if graph.nodes else "data", "no_posting" if graph.nodes else "not_an_object")
        problems.stop()
    return graph, found


def read_posting(data: object, partner: str, reader: Reader, now: datetime) -> Vacancy:
    """The vacancy in a payload, not yet judged. Raises Malformed with all that is wrong."""
    graph, found = find_postings(data, reader)
    _only_one(graph, found, reader)
    return vacancy_of(graph, found[0], partner, reader, now)


def _only_one(graph: Graph, found: Sequence[Node], reader: Reader) -> None:
    """One event is about one vacancy: of several, all but one would be lost without a word."""
    whole = [node for node in found if node.keys() & {"joblocation", "joblocationtype", "hiringorganization"}]
    if len({identifier(graph, node) for node in whole}) > 1:
        problems = Problems(reader.lexicon.reasons)
        problems.add("data", "several_postings")
        problems.stop()


def read_identifier(data: object, reader: Reader) -> str:
    """Which vacancy a payload means; all that `closed` needs. Raises Malformed."""
    graph = Graph.of(data)
    node = next(iter(graph.typed("JobPosting")), graph.nodes[0] if graph.nodes else {})
    problems = Problems(reader.lexicon.reasons)
    found = identifier(graph, node) or (identifier(graph, {"identifier": data}) if isinstance(data, str) else None)
    if found is None:
        problems.add("identifier", "no_identifier")
    problems.stop()
    return str(found)


def vacancy_of(graph: Graph, node: Node, partner: str, reader: Reader, now: datetime) -> Vacancy:
    """One posting of a payload. Raises Malformed with all that is wrong."""
    problems = Problems(reader.lexicon.reasons)
    name = _title(graph, node, problems)
    found = spots(graph, node, reader, name)
    if found.problem:
        problems.add("jobLocation", found.problem)
    key = identifier(graph, node)
    if key is None:
        problems.add("identifier", "no_identifier")
    until = _until(graph, node, reader, now, problems)
    kinds = employment(graph, node.get("employmenttype"), reader.lexicon)
    if kinds is None:
        problems.add("employmentType", "wrong_type")
    money = pay(graph, node, reader.pay)
    if money is None:
        problems.add("baseSalary", "wrong_type")
    employer = _employer(graph, node, reader, problems)
    description = _description(graph, node, problems)
    problems.stop()
    assert kinds is not None
    assert money is not None
    return finished(
        Vacancy(
            partner=partner, identifier=str(key), title=name, employer=employer, description=description, places=found.places,
            pay_min=money.low, pay_max=money.high, employment_type=kinds, remote=found.remote, valid_through=until,
            pay_original=money.original, pay_impossible=money.impossible, url=_url(graph, node), mode=_mode(found, name, description),
        ),
        reader,
        " ".join(texts(graph, [node.get("occupationalcategory"), node.get("industry")])),
    )  # fmt: skip


def finished(vacancy: Vacancy, reader: Reader, trade: str = "") -> Vacancy:
    """The vacancy with what can be guessed from its words."""
    words = f"{vacancy.title}\n{vacancy.description}"
    guessed = hints.sectors(reader.lexicon, f"{vacancy.title} {trade}", vacancy.description)
    values = {name: getattr(vacancy, name) for name in vacancy.__dataclass_fields__}
    values |= {
        "sectors": vacancy.sectors or guessed,
        "languages": hints.languages(reader.lexicon, words),
        "schedule": hints.schedule(reader.lexicon, words),
    }
    return Vacancy(**values)


def _title(graph: Graph, node: Node, problems: Problems) -> str:
    given = graph.items(node.get("title", node.get("name")))
    written = next((item for item in given if isinstance(item, str)), None)
    if written is None:
        problems.add("title", "not_text" if given else "missing")
        return ""
    name = title(written)
    if not any(letter.isalnum() for letter in name):
        problems.add("title", "empty" if written.strip() else "missing")
    return name


def _description(graph: Graph, node: Node, problems: Problems) -> str:
    given = graph.items(node.get("description"))
    if given and any(is_wrong(item) for item in given):
        problems.add("description", "not_text")
    more = [
        node.get(key)
        for key in ("responsibilities", "qualifications", "jobbenefits", "workhours", "specialcommitments")
    ]
    return paragraph("\n".join([*texts(graph, given), *texts(graph, more)]))


def _employer(graph: Graph, node: Node, reader: Reader, problems: Problems) -> str | None:
    given = graph.items(node.get("hiringorganization"))
    if given and all(is_wrong(item) for item in given):
        problems.add("hiringOrganization", "wrong_type")
    for item in given:
        names = (
            [item]
            if isinstance(item, str)
            else [name for key in _NAMES for name in graph.items(item.get(key)) if key != "@id" or " " in str(name)]
            if isinstance(item, Mapping)
            else []
        )
        for written in names:
            if (
                isinstance(written, str)
                and not _is_address(written)
                and (name := hints.employer(reader.lexicon, written))
            ):
                return name
    return None


def _is_address(text: str) -> bool:
    return re.match(r"^(?:https?:|_:|#|urn:)", text.strip()) is not None


def _until(graph: Graph, node: Node, reader: Reader, now: datetime, problems: Problems) -> datetime | None:
    given = graph.items(node.get("validthrough"))
    moments: list[datetime | None] = []
    for item in given:
        try:
            moments.append(_moment(item, reader, now))
        except ValueError:
            continue
    if not moments:
        if given:
            problems.add("validThrough", "not_a_date")
        return None
    if moments[0] is not None and moments[0] < now:
        problems.add("validThrough", "past")
    return moments[0]


def _moment(item: Any, reader: Reader, now: datetime) -> datetime | None:
    if isinstance(item, str):
        return reader.moments.read(item, now)
    if isinstance(item, int | float) and not isinstance(item, bool):
        return reader.moments.number(item)
    raise ValueError("no es una fecha")


def _url(graph: Graph, node: Node) -> str | None:
    for item in graph.items(node.get("url")):
        address = (
            line(item) if isinstance(item, str) else line(str(item.get("@id", ""))) if isinstance(item, Mapping) else ""
        )
        parts = urlsplit(address) if re.match(r"^https?://[^/\s\[\]]+", address) else None
        if parts and parts.hostname and " " not in address:
            return address[:2000]
    return None


def _mode(found: Spots, name: str, description: str) -> Mode:
    if found.hybrid or re.search(r"\bhibrid[oa]\b|\bsemipresencial\b", folded(name)):
        return Mode.HYBRID
    if found.remote:
        return Mode.REMOTE
    said = re.search(
        r"\b(?:modalidad|trabajo|esquema|formato)(?: de trabajo)?(?: es)? (?:hibrid[oa]|semipresencial)\b",
        folded(description),
    )
    return Mode.HYBRID if said else Mode.ON_SITE


__all__ = [
    "EVENTS",
    "Event",
    "Problems",
    "Reader",
    "find_postings",
    "finished",
    "is_a",
    "read_event",
    "read_identifier",
    "read_posting",
    "vacancy_of",
]
