"""Vacancies from a file or a feed in whatever format it comes: JSON-LD, JSON Feed, RSS, Atom, a page with JSON-LD in it, CSV.

Bytes in, rows out; the fetching is done elsewhere (`bot.fetching`). A feed's items pass the same rules as a webhook.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import feedparser

from bot.alerts.csv_text import decoded
from bot.alerts.intake import Intake
from bot.alerts.jsonld import Graph
from bot.alerts.posting_parts import identifier
from bot.alerts.postings import Reader, vacancy_of
from bot.alerts.spreadsheet import read_sheet
from bot.errors import Malformed

LARGEST = 5 * 1024 * 1024
"""Bytes of a file: a larger one is a mistake or an attack."""

_BLOCK = re.compile(
    r"<script[^>]*type\s*=\s*[\"']?application/ld\+json[\"']?[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE
)
_WRAPPING = re.compile(r"^\s*(?://|/\*)?\s*<!(?:\[CDATA\[|--)\s*(?:\*/)?|(?://|/\*)?\s*(?:\]\]|--)>\s*(?:\*/)?\s*$")
_LAST_COMMA = re.compile(r",(\s*[}\]])")
_NEXT_PAGE = re.compile(rb"""["']next_url["']\s*:\s*["'][^"']|\brel\s*=\s*["']?next\b""", re.IGNORECASE)
_NOBODY = frozenset({"", "admin", "administrador", "webmaster", "editor", "root", "rss", "noreply"})


def read_document(raw: bytes, partner: str, reader: Reader, now: datetime) -> Intake:
    """Every vacancy of a file. `row` counts from 1 (the header of a sheet is 1). Raises Malformed when nothing can be read."""
    if len(raw) > LARGEST:
        raise _refused(reader, "too_large")
    start = decoded(raw[:400]).lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("{", "[")):
        return _json(decoded(raw), partner, reader, now)
    if start.startswith("<"):
        feed = re.search(r"<(?:rss|feed|rdf:rdf)\b", decoded(raw[:4000]).lower())
        return _feed(raw, partner, reader, now) if feed else _page(decoded(raw), partner, reader, now)
    return read_sheet(raw, partner, reader, now)


def continues(raw: bytes) -> bool:
    """Whether the document says that there are further pages."""
    return _NEXT_PAGE.search(raw) is not None


def _json(text: str, partner: str, reader: Reader, now: datetime) -> Intake:
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        data = _json_lines(text)
        if not data:
            raise _refused(reader, "not_json") from None
    if isinstance(data, Mapping) and "jsonfeed" in str(data.get("version", "")).lower():
        items = data.get("items")
        return _items(
            (_json_item(item) for item in items if isinstance(item, Mapping)) if isinstance(items, list) else iter(()),
            partner,
            reader,
            now,
        )
    return _postings(data, partner, reader, now)


def _json_lines(text: str) -> list[Any]:
    out: list[Any] = []
    for written in text.splitlines():
        try:
            out.append(json.loads(written))
        except (ValueError, RecursionError):
            continue
    return out


def _page(text: str, partner: str, reader: Reader, now: datetime) -> Intake:
    return _postings(json_blocks(text), partner, reader, now)


def json_blocks(page: str) -> list[Any]:
    """The JSON-LD of a web page, block by block, so that one broken block does not lose the others."""
    blocks: list[Any] = []
    for block in _BLOCK.findall(page):
        bare = _WRAPPING.sub("", block)
        for written in (bare, _LAST_COMMA.sub(r"\1", bare)):
            try:
                blocks.append(
                    json.loads(written, strict=False)
                )  # line breaks inside texts are a common mistake of templates
                break
            except (ValueError, RecursionError):
                continue
    return blocks


def _postings(data: Any, partner: str, reader: Reader, now: datetime) -> Intake:
    graph = Graph.of(data)
    found = graph.typed("JobPosting") or [node for node in graph.nodes if _is_bare(node)]
    if not found:
        raise _refused(reader, "no_posting")
    return _rows(((graph, node) for node in found), partner, reader, now)


def _is_bare(node: Mapping[str, Any]) -> bool:
    """A posting that does not say what it is."""
    return "@type" not in node and "title" in node and bool(node.keys() & {"identifier", "url"})


def _items(items: Iterator[Mapping[str, Any]], partner: str, reader: Reader, now: datetime) -> Intake:
    def graphs() -> Iterator[tuple[Graph, Mapping[str, Any]]]:
        for item in items:
            graph = Graph.of(item)
            inner = graph.typed("JobPosting")
            yield graph, inner[0] if inner else _placed(graph.nodes[0], reader)

    return _rows(graphs(), partner, reader, now)


def _rows(found: Iterator[tuple[Graph, Mapping[str, Any]]], partner: str, reader: Reader, now: datetime) -> Intake:
    intake = Intake(reader.lexicon.reasons["same_code"])
    for number, (graph, node) in enumerate(found, 1):
        try:
            vacancy = vacancy_of(graph, node, partner, reader, now)
        except Malformed as error:
            intake.refuse_malformed(number, error, identifier(graph, node))
        else:
            intake.take(number, vacancy, "identifier")
    return intake


def _placed(node: Mapping[str, Any], reader: Reader) -> Mapping[str, Any]:
    """An item without a place: the places that its title or its text names."""
    if node.get("joblocation"):
        return node
    for said in (node.get("title"), node.get("description")):
        places = reader.places.mentioned(said) if isinstance(said, str) else ()
        if places:
            names = [
                {"address": {"addressLocality": place.district, "addressRegion": place.region}} for place in places
            ]
            return {**node, "joblocation": names}
    return node


def _feed(raw: bytes, partner: str, reader: Reader, now: datetime) -> Intake:
    parsed = feedparser.parse(raw)
    if not parsed.entries and not parsed.version:
        raise _refused(reader, "no_posting")
    return _items((_entry(entry) for entry in parsed.entries), partner, reader, now)


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An RSS or Atom entry in the words of schema.org."""
    content = entry.get("content")
    body = (
        content[0].get("value") if isinstance(content, list) and content and isinstance(content[0], Mapping) else None
    )
    return {
        "title": entry.get("title"),
        "description": body or entry.get("summary"),
        "url": entry.get("link"),
        "identifier": entry.get("id") or None,
        "hiringOrganization": _said(
            entry, "job_listing_company", "company", "empresa", "employer", "hiringorganization", "author"
        ),
        "jobLocation": _said(entry, "job_listing_location", "location", "ubicacion", "lugar", "joblocation", "city"),
        "employmentType": _said(
            entry, "job_listing_job_type", "job_type", "jobtype", "employmenttype", "jornada", "type"
        ),
        "baseSalary": _said(entry, "job_listing_salary", "salary", "sueldo", "basesalary"),
        "validThrough": _said(
            entry, "job_listing_expires", "expires", "validthrough", "expirationdate", "closing_date", "vence"
        ),
    }


def _json_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item of JSON Feed 1.x in the words of schema.org; JSON-LD inside it wins."""
    authors = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    names = [author.get("name") for author in authors or () if isinstance(author, Mapping)]
    extra = {key.lstrip("_"): value for key, value in item.items() if str(key).startswith("_")}
    return {
        "title": item.get("title"),
        "description": item.get("content_html") or item.get("content_text") or item.get("summary"),
        "url": item.get("url") or item.get("external_url"),
        "identifier": item.get("id") if item.get("id") not in {None, ""} else None,
        "hiringOrganization": _said(item, "company", "employer") or next((name for name in names if name), None),
        "jobLocation": _said(item, "location", "jobLocation"),
        "validThrough": _said(item, "expires", "validThrough", "date_expires"),
        "employmentType": _said(item, "employmentType", "job_type"),
        "baseSalary": _said(item, "baseSalary", "salary"),
        "extension": extra or None,
    }


def _said(entry: Mapping[str, Any], *names: str) -> Any:
    found = next((entry[name] for name in names if entry.get(name)), None)
    return None if isinstance(found, str) and found.strip().lower() in _NOBODY else found


def _refused(reader: Reader, reason: str) -> Malformed:
    words = reader.lexicon.reasons[reason]
    return Malformed(words, (("", words),))
