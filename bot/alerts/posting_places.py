"""Where a posting says the work is: `jobLocation` in all its shapes, or no place because it is done from home."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.alerts.jsonld import Graph, Node, is_a, plain_node
from bot.alerts.plain import folded, line
from bot.alerts.posting_parts import texts
from bot.alerts.vacancy import Where

if TYPE_CHECKING:
    from bot.alerts.lexicon import Lexicon
    from bot.alerts.places import PlaceReader
    from bot.alerts.postings import Reader

_REMOTE_TITLE = re.compile(r"\b(?:100 )?(?:remoto|remota|remote|teletrabajo|home office)\b")
_SPLIT = re.compile(r"[,;/()|]|\s[-–—]\s")


@dataclass(frozen=True, slots=True)
class Spots:
    """The places of a posting, and whether the work is done there or from home; `problem`: why nothing could be read."""

    places: tuple[Where, ...] = ()
    remote: bool = False
    hybrid: bool = False
    problem: str = ""


@dataclass(slots=True)
class _Seen:
    """What was found so far."""

    places: list[Where]
    remote: bool = False
    hybrid: bool = False
    nationwide: bool = False
    given: bool = False


def spots(graph: Graph, node: Node, reader: Reader, name: str) -> Spots:
    """All places of a posting, each once."""
    seen = _Seen([])
    for said in texts(graph, [node.get("joblocationtype")]):
        _way(said, reader.lexicon, seen)
    for item in graph.items(node.get("joblocation")):
        seen.given = True
        _location(graph, item, reader, seen)
    if not seen.hybrid and _REMOTE_TITLE.search(folded(name)):
        seen.remote = seen.remote or not re.search(r"\bhibrid|presencial", folded(name))
    if seen.remote and not seen.places:
        _limits(graph, node, reader, seen)
    remote = seen.remote and not seen.hybrid
    if not (seen.places or seen.remote or seen.hybrid or seen.nationwide):
        return Spots(problem="no_place" if seen.given else "missing")
    return Spots(tuple(dict.fromkeys(seen.places)), remote, seen.hybrid)


def _limits(graph: Graph, node: Node, reader: Reader, seen: _Seen) -> None:
    """The places where a person must live to do the work from home."""
    for item in graph.items(node.get("applicantlocationrequirements")):
        if isinstance(item, Mapping) and plain_node(item).keys() & {"address", "addressregion", "addresslocality"}:
            _location(graph, item, reader, seen)
        for place in texts(graph, [item]):
            seen.places += reader.places.read(place)


def _way(said: str, lexicon: Lexicon, seen: _Seen) -> bool:
    """Whether a text tells how the work is done (from home, in part); if so it is noted."""
    word = folded(line(said).rsplit("schema.org/", 1)[-1])
    seen.hybrid = seen.hybrid or word in lexicon.hybrid
    seen.remote = seen.remote or word in lexicon.remote
    return word in lexicon.hybrid or word in lexicon.remote or word in lexicon.on_site


def _location(graph: Graph, item: object, reader: Reader, seen: _Seen) -> None:
    if isinstance(item, str) and folded(item) not in reader.lexicon.no_place:
        _free_text(item, reader, seen)
    if not isinstance(item, Mapping):
        return
    node = plain_node(item)
    if is_a(node, "VirtualLocation"):
        seen.remote = True
        return
    addresses = graph.items(node.get("address")) or (
        [node] if node.keys() & {"addresslocality", "addressregion", "addresscountry"} else []
    )
    before = len(seen.places)
    for address in addresses:
        if isinstance(address, str):
            _free_text(address, reader, seen)
        elif isinstance(address, Mapping):
            _address(graph, plain_node(address), reader, seen)
    if len(seen.places) == before and not seen.nationwide:
        for said in texts(graph, [node.get("name"), node.get("containedinplace")]):
            _free_text(said, reader, seen)


def _free_text(said: str, reader: Reader, seen: _Seen) -> None:
    if reader.places.nationwide(said):
        seen.nationwide = True
        return
    kept = [piece for piece in _SPLIT.split(line(said)) if not _way(piece, reader.lexicon, seen)]
    if len(kept) < len(_SPLIT.split(line(said))):
        said = ", ".join(kept)
    seen.places += reader.places.read(said)


def _address(graph: Graph, address: Node, reader: Reader, seen: _Seen) -> None:
    places = reader.places
    country = _names(graph, address, "addresscountry")
    foreign = [name for name in country if not places.nationwide(name) and not places.read(name)]
    if foreign:
        return
    localities, regions = (
        [name for name in _names(graph, address, key) if folded(name) not in reader.lexicon.no_place]
        for key in ("addresslocality", "addressregion")
    )
    regions += [name for name in country if not places.nationwide(name)] if not regions else []
    localities = [name for name in localities if not _way(name, reader.lexicon, seen)]
    found = _inside(localities, regions, places)
    if not found:
        for said in _names(graph, address, "name") + _names(graph, address, "streetaddress"):
            found = found or list(places.read(said))
    if not found:
        found = [
            Where(code[:2])
            for code in _names(graph, address, "postalcode")
            if re.fullmatch(r"\d{5}", code) and places.name(code[:2]) != code[:2]
        ]
    seen.places += found
    anywhere = not found and (country or any(map(places.nationwide, (*localities, *regions))))
    if anywhere and all(places.nationwide(name) for name in (*localities, *regions)):
        seen.nationwide = True


def _inside(localities: list[str], regions: list[str], places: PlaceReader) -> list[Where]:
    """Localities within their department; what stands in the wrong field is read as text."""
    named = [region for region in (places.region_of(name) for name in regions) if region]
    if len(named) == 1 and len(regions) == 1:
        return [place for name in localities or [""] for place in places.within(name, named[0])]
    if len(named) == len(localities) > 1:
        return [place for name, region in zip(localities, named, strict=True) for place in places.within(name, region)]
    around = {place.region for place in places.read(", ".join(regions))}
    inside = [place for place in places.read(", ".join(localities)) if place.region in around]
    if inside and all(place.district for place in inside):
        return inside
    return list(places.read(", ".join([*localities, *(name for name in regions if not places.nationwide(name))])))


def _names(graph: Graph, node: Node, key: str) -> list[str]:
    """The texts of a field; a number is a UBIGEO code."""
    numbers = [str(item) for item in graph.items(node.get(key)) if isinstance(item, int) and not isinstance(item, bool)]
    return [line(said) for said in texts(graph, [node.get(key)]) if line(said)] + numbers
