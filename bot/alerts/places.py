"""Where a job is: from whatever a partner or a sheet writes to departments and districts.

`Miraflores, Arequipa`, `Lima - SJL`, `Lima y Callao`, `PE-LIM`, `150132`, also behind a street. A text that cannot be a place
of the country gives nothing: there is no guessing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.alerts.gazetteer import Gazetteer, Known, Level, place_key
from bot.alerts.plain import line
from bot.alerts.vacancy import Where

_STRONG = re.compile(r"[;\n|•]")
_POSTAL = re.compile(r"(?<=\D)\s*\b\d{5}\b|(?<=[^\W\d])\s+\d{1,2}$")
_AND = re.compile(r"\s+(?:y|e|o|u|and|or|&|\+)\s+", re.IGNORECASE)
_WEAK = re.compile(r"[,/():>→·\[\]]|\s[-–—]+\s")
_CODE = 6  # digits of the UBIGEO code of a district
_HYPHEN = re.compile(r"\s*[-–—]+\s*")
_STREET = re.compile(
    r"^(?:av|avda|avenida|jr|jiron|ca|calle|psje|pasaje|pje|km|mz|mza|lt|lote|urb|urbanizacion|carretera|panamericana|of|oficina|piso|int|dpto|"
    r"prolongacion|prol|alameda|malecon|ovalo|parque|asoc|asociacion|aa hh|aahh|a h|cuadra|cdra|c c|cc|mall|edificio|torre|local|tienda|nro|n|altura|"
    r"frente|esquina|cruce|ref|referencia|cerca|espalda|costado|block|sector|grupo|etapa|zona industrial|parque industrial)\b(?! de (?:lima|surco)$)"
)


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of what was written, and the places it may be."""

    text: str
    found: tuple[Known, ...]

    @property
    def region(self) -> str | None:
        """The department that it names."""
        return next((known.region for known in self.found if known.level is Level.REGION), None)


class PlaceReader:
    """Reads places with one gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._places = gazetteer

    def nationwide(self, text: str) -> bool:
        """Whether the text is the country as a whole."""
        return self._places.is_country(line(text))

    def region_of(self, text: str) -> str | None:
        """The department that a short text names, if it names one."""
        return _Token(text, self._places.find(text)).region

    def name(self, region: str) -> str:
        """The name of a department."""
        return self._places.regions.get(region, region)

    def read(self, text: str) -> tuple[Where, ...]:
        """The places that a free text names, each once; empty when it names none of the country."""
        segments = [self._tokens(segment) for segment in self._segments(line(text.replace("\n", ";")))]
        found: list[Where] = []
        for at, tokens in enumerate(segments):
            around = _first_region([*segments[at + 1 :], *reversed(segments[:at])])
            found += self._resolve(tokens, None, around)
        return tuple(dict.fromkeys(found))

    def within(self, locality: str, region: str | None) -> tuple[Where, ...]:
        """The places of a locality field whose department stands in another field."""
        found: list[Where] = []
        for segment in self._segments(line(locality)):
            found += self._resolve(self._tokens(segment), region, None)
        places = tuple(dict.fromkeys(found))
        if places or region is None:
            return places
        return (Where(region),)

    def mentioned(self, text: str) -> tuple[Where, ...]:
        """Places that a running text mentions: departments and their capitals, districts beside their department."""
        pieces = [piece.strip() for piece in re.split(r"[,;:()|/\n]|\s[-–—]+\s|\s(?:en|in)\s", line(text))]
        known = [piece for piece in pieces if self._whole(piece) and not self._places.is_country(piece)]
        return self.read(", ".join(known)) if known else ()

    def _whole(self, piece: str) -> tuple[Known, ...]:
        return self._places.find(piece) if len(piece) > 3 else ()

    def _segments(self, text: str) -> Iterable[str]:
        for part in _STRONG.split(text):
            if not part.strip():
                continue
            if place_key(part) in self._places.joined or self._places.is_country(part):
                yield part
                continue
            pieces = _AND.split(part)
            at = 0
            while at < len(pieces):
                pair = " y ".join(pieces[at : at + 2])
                last = pair.rsplit(",", 1)[-1].split("(")[-1].rsplit(" - ", 1)[-1]
                joined = at + 1 < len(pieces) and (
                    place_key(pair) in self._places.joined or place_key(last) in self._places.joined
                )
                head = place_key(pair.split(",")[0])
                joined = joined or (at + 1 < len(pieces) and head in self._places.joined)
                yield pair if joined else pieces[at]
                at += 2 if joined else 1

    def _tokens(self, segment: str) -> list[_Token]:
        whole = self._places.find(segment)
        if whole:
            return [_Token(segment.strip(), whole)]
        tokens: list[_Token] = []
        for piece in _WEAK.split(segment):
            if piece.strip().isdigit() and len(piece.strip()) != _CODE:
                continue  # the number of a house, not the code of a province
            tokens += self._piece(_POSTAL.sub("", piece.strip(" .-–—")).strip(" .-–—"))
        return [token for token in tokens if token.text and not self._places.is_country(token.text)]

    def _piece(self, piece: str) -> list[_Token]:
        found = self._places.find(piece)
        if found or not piece:
            return [_Token(piece, found)]
        parts = [part for part in _HYPHEN.split(piece) if part]
        if len(parts) > 1 and (len(parts) == 2 or all(self._places.find(part) for part in parts)):
            return [token for part in parts for token in self._piece(part)]
        return self._from_the_end(piece)

    def _from_the_end(self, piece: str) -> list[_Token]:
        """`Av. Larco 123 Miraflores Lima`: the names at the end, as many as there are."""
        words = piece.split()
        tokens: list[_Token] = []
        while words:
            for size in range(min(self._places.longest, len(words)), 0, -1):
                tail = " ".join(words[-size:])
                known = () if tail.isdigit() or (size == len(words) and not tokens) else self._places.find(tail)
                if known or (self._places.is_country(tail) and size < len(words)):
                    tokens.insert(0, _Token(tail, known))
                    words = words[:-size]
                    break
            else:
                break
        rest = [_Token(" ".join(words), ())] if words and not tokens else []
        return rest + [token for token in tokens if token.found] if not words or tokens else rest

    def _resolve(self, tokens: Sequence[_Token], stated: str | None, around: str | None) -> list[Where]:
        regions = list(dict.fromkeys(token.region for token in tokens if token.region))
        within = [stated] if stated else regions
        others = [token for token in tokens if token.found and not token.region]
        meant = [self._choose(token, within, around, others) for token in others]
        named = [known for known in meant if known]
        chosen = [known for known in named if not _holds_another(known, named)]
        if not chosen:
            return self._unnamed(tokens, regions, stated)
        found = [self._where(known, stated) for known in chosen]
        lone = [region for region in regions if region != stated and not any(place.region == region for place in found)]
        if _only_its_neighbour(lone, found):
            lone = []
        return [*found, *(Where(region) for region in lone)]

    def _unnamed(self, tokens: Sequence[_Token], regions: list[str], stated: str | None) -> list[Where]:
        """Departments alone, or a locality that no list knows."""
        unknown = [token.text for token in tokens if not token.found and _may_be_a_place(token.text)]
        region = stated or (regions[0] if len(regions) == 1 else None)
        if region and unknown and (not regions or regions == [region]):
            name = next((text for text in unknown if not _STREET.match(place_key(text))), None)
            return [Where(region, name)] if name else [Where(region)]
        if stated == "15" and regions == ["07"]:
            return [Where("07")]
        if stated and regions and stated not in regions and len(regions) == 1:
            return [Where(stated)]
        if (
            len(regions) > 1
            and [token.region for token in tokens if token.region][:2] == ["07", "15"]
            and len(tokens) == 2
        ):
            return [Where("07")]  # "Callao, Lima": the port is no district of Lima, but people write so
        return [Where(region) for region in regions]

    def _choose(
        self, token: _Token, within: Sequence[str], around: str | None, others: Sequence[_Token]
    ) -> Known | None:
        """Which of several places of one name is meant; None when nothing tells them apart."""
        inside = [known for known in token.found if known.region in within]
        if inside:
            return min(inside, key=self._rank)
        near = [known for known in token.found if known.region == around]
        if near and not within:
            return min(near, key=self._rank)
        beside = {known.region for other in others if other is not token for known in other.found}
        shared = [known for known in token.found if known.region in beside]
        best = min(token.found, key=self._rank)
        preferred = any(known.code in self._places.preferred for known in token.found)
        if shared and not (preferred and best in shared):
            return min(shared, key=self._rank)
        rivals = {known.region for known in token.found if self._rank(known)[:3] == self._rank(best)[:3]}
        return best if len(rivals) == 1 or within or around else None

    def _rank(self, known: Known) -> tuple[int, int, int, str]:
        """The likelier of two places of one name comes first."""
        preferred = self._places.preferred.get(known.code, len(self._places.preferred))
        capital = known.code.endswith("01") and known.level is Level.DISTRICT
        level = {Level.DISTRICT: 0, Level.LOCALITY: 1, Level.PROVINCE: 2}.get(known.level, 3)
        noted = known.code.startswith(("1501", "0701")) or capital or known.level is Level.LOCALITY
        return preferred, 0 if noted else 1, level, known.code

    def _where(self, known: Known, stated: str | None) -> Where:
        region = (
            known.region if stated in {None, known.region} or (stated, known.region) == ("15", "07") else str(stated)
        )
        same = place_key(known.name) == place_key(self.name(region))
        return Where(region, None if same or known.level is Level.REGION else known.name)


def _first_region(segments: Iterable[Sequence[_Token]]) -> str | None:
    return next((token.region for tokens in segments for token in tokens if token.region), None)


def _holds_another(known: Known, chosen: Sequence[Known]) -> bool:
    """`Trujillo, Víctor Larco`: the province of another place that was named is not a second place."""
    seat = known.level in {Level.PROVINCE, Level.LOCALITY} or known.code.endswith("01")
    others = [other for other in chosen if other.code[:4] == known.code[:4] and other.name != known.name]
    return seat and any(other.level is Level.DISTRICT and not other.code.endswith("01") for other in others)


def _only_its_neighbour(lone: Sequence[str], found: Sequence[Where]) -> bool:
    """`Ventanilla, Lima`: a district of Callao with the name of the city it has grown together with."""
    return list(lone) == ["15"] and {place.region for place in found} == {"07"}


def _may_be_a_place(text: str) -> bool:
    return any(letter.isalpha() for letter in text) and len(text) <= 60
