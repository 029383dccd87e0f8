"""Vacancies from the spreadsheet of an NGO: Spanish headers in any words, one vacancy a row, every mistake told with row and column.

A row is taken whole or not at all. Totals, notes and headers in the middle are refused; blank rows are passed over.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest

from bot.alerts import hints
from bot.alerts.csv_text import records
from bot.alerts.intake import Intake
from bot.alerts.lexicon import Lexicon
from bot.alerts.pay import NOTHING, Pay, Stated
from bot.alerts.plain import folded, line, paragraph, title
from bot.alerts.posting_parts import NO_KEY, clean_address, kinds
from bot.alerts.postings import Problems, Reader, finished
from bot.alerts.vacancy import Mode, Vacancy, Where
from bot.errors import Malformed

_HEADER_WITHIN = 20
_NOTE = re.compile(r"(?:nota|notas|obs|observacion|observaciones|fuente|leyenda|actualizado)\b")
_SWALLOWED = re.compile(r"[;\t|][^\n]*\n|\n[^\n]*[;\t|]")  # a title with the next row in it: a quote was not closed
_LABELLED = ("schedule", "contact")


@dataclass(frozen=True, slots=True)
class Header:
    """The header row: where each field stands and what the sheet calls it."""

    row: int  # record number, from 1
    names: tuple[str, ...]
    fields: tuple[str, ...]  # "" for a column that nobody knows

    def columns(self, name: str) -> list[int]:
        """The columns of a field."""
        return [at for at, known in enumerate(self.fields) if known == name]

    def called(self, *names: str) -> str:
        """What the sheet calls the first of these fields that it has."""
        return next((self.names[at] for name in names for at in self.columns(name)), names[0])


@dataclass(frozen=True, slots=True)
class _Row:
    """One row by the names of its fields."""

    header: Header
    cells: Sequence[str]

    def text(self, name: str) -> str:
        """The first cell of a field that is not blank."""
        return next((cell for cell in self.every(name).values()), "")

    def every(self, name: str) -> dict[str, str]:
        """All cells of a field that are not blank, by their header."""
        return {
            self.header.names[at]: self.cells[at].strip() for at in self.header.columns(name) if self.cells[at].strip()
        }


def read_sheet(raw: bytes, partner: str, reader: Reader, now: datetime) -> Intake:
    """Every row of a sheet, accepted or refused. Raises Malformed when there is no header to read it by."""
    found = records(raw, lambda record: sum(1 for cell in record if _field(cell, reader.lexicon)))
    header = _header(found, reader.lexicon)
    intake = Intake(reader.lexicon.reasons["same_code"])
    for number, cells in enumerate(found[header.row :], header.row + 1):
        if not any(cell.strip() for cell in cells):
            continue
        oddity = _oddity(cells, header, reader.lexicon)
        if oddity:
            intake.refuse(number, [(oddity[0], reader.lexicon.reasons[oddity[1]])])
            continue
        whole = [*cells, *[""] * (len(header.names) - len(cells))][: len(header.names)]
        try:
            vacancy = _vacancy(_Row(header, whole), partner, reader, now)
        except Malformed as error:
            intake.refuse_malformed(number, error)
        else:
            intake.take(number, vacancy, header.called("identifier", "url", "title"))
    return intake


def _header(found: Sequence[Sequence[str]], lexicon: Lexicon) -> Header:
    """The row of the top that names most fields; one above it that only groups columns is no header."""
    known = {number: _known(record, lexicon) for number, record in enumerate(found[:_HEADER_WITHIN], 1)}
    able = [number for number, fields in known.items() if "title" in fields and len(fields) >= 2]
    if not able:
        raise Malformed(lexicon.reasons["no_header"], (("", lexicon.reasons["no_header"]),))
    number = able[0]
    for later in able[1:]:
        between = found[number : later - 1]
        if len(known[later]) > len(known[number]) and not any(
            sum(map(bool, map(str.strip, row))) > 1 for row in between
        ):
            number = later
    record = list(found[number - 1])
    below = found[number] if number < len(found) else ()
    if _continues(record, below, lexicon):
        number += 1
        record = [under if under.strip() else over for over, under in zip_longest(record, below, fillvalue="")]
    width = max((at for at, cell in enumerate(record, 1) if cell.strip()), default=0)
    names = tuple(line(cell) or f"columna {at}" for at, cell in enumerate(record[:width], 1))
    return Header(number, names, tuple(_field(cell, lexicon) for cell in record[:width]))


def _known(record: Sequence[str], lexicon: Lexicon) -> set[str]:
    return {name for cell in record if (name := _field(cell, lexicon)) and name != "other"}


def _continues(record: Sequence[str], below: Sequence[str], lexicon: Lexicon) -> bool:
    """Whether the next row is the second half of a header with joined cells: only names of fields, some under a blank."""
    filled = [at for at, cell in enumerate(below) if cell.strip()]
    fills = [at for at in filled if at >= len(record) or not record[at].strip()]
    exact = all(folded(below[at]) in lexicon.columns for at in filled)
    return bool(fills) and exact and len(filled) >= 2 and not _known(record, lexicon) <= _known(below, lexicon)


def _field(cell: str, lexicon: Lexicon) -> str:
    """Which field a header cell names; "" when it names none."""
    said = folded(cell)
    bare = folded(re.sub(r"\([^)]*\)|\[[^\]]*\]|s/\.?|\*", " ", cell.lower()))
    for key in (said, bare):
        if key in lexicon.columns:
            return lexicon.columns[key]
    if len(bare) > 50:
        return ""
    longest = max(
        (name for name in lexicon.columns if len(name) > 3 and re.search(rf"\b{name}\b", bare)), key=len, default=""
    )
    return lexicon.columns[longest] if longest else ""


def _oddity(cells: Sequence[str], header: Header, lexicon: Lexicon) -> tuple[str, str] | None:
    """Why a row is not a vacancy at all: the column and the key of the reason."""
    filled = [at for at, cell in enumerate(cells) if cell.strip()]
    first = filled[0]
    name = header.names[first] if first < len(header.names) else f"columna {first + 1}"
    again = sum(
        1 for cell, known in zip(cells, header.names, strict=False) if cell.strip() and folded(cell) == folded(known)
    )
    if again >= 2 and again * 2 >= len(filled):
        return name, "header_again"
    start = folded(cells[first])
    if start in lexicon.totals or (len(filled) <= 3 and any(start.startswith(f"{word} ") for word in lexicon.totals)):
        return name, "totals"
    noted = len(filled) <= 2 and _NOTE.match(start)
    if noted or (len(filled) == 1 and len(header.names) > 2):
        return name, "note"
    if len(cells) < len(header.names):
        return header.names[len(cells)], "too_few"
    if filled[-1] >= len(header.names):
        return f"columna {filled[-1] + 1}", "too_many"
    return None


def _vacancy(row: _Row, partner: str, reader: Reader, now: datetime) -> Vacancy:
    problems = Problems(reader.lexicon.reasons)
    header = row.header
    name = title(row.text("title"))
    if not any(letter.isalnum() for letter in name):
        problems.add(header.called("title"), "missing" if not row.text("title") else "empty")
    if _SWALLOWED.search(row.text("title")):
        problems.add(header.called("title"), "open_quotes")
    mode = _mode(row, reader.lexicon)
    places = _places(row, reader, mode, problems)
    until = _until(row, reader, now, problems)
    url = _url(row.text("url"))
    money = _pay(row, reader)
    description = _description(row)
    vacancy = Vacancy(
        partner=partner, identifier="", title=name, employer=hints.employer(reader.lexicon, row.text("employer")), description=description,
        places=places, pay_min=money.low, pay_max=money.high, pay_original=money.original, pay_impossible=money.impossible, employment_type=_employment(row, reader.lexicon),
        remote=mode is Mode.REMOTE, valid_through=until, url=url, mode=mode,
    )  # fmt: skip
    key = _identifier(row, url, vacancy)
    if not key:
        problems.add(header.called("identifier"), "no_identifier")
    over = next((name for name, said in row.every("status").items() if folded(said) in reader.lexicon.over), None)
    if over:
        problems.add(over, "over")
    problems.stop()
    trade = row.text("trade")
    sectors = hints.named_sectors(reader.lexicon, trade)
    whole = finished(replace(vacancy, identifier=key, sectors=sectors), reader)
    asked = hints.asked(reader.lexicon, row.text("languages"))
    return replace(whole, languages=tuple(dict.fromkeys((*whole.languages, *asked))))


def _identifier(row: _Row, url: str | None, vacancy: Vacancy) -> str:
    """The code, else the link; a sheet that has neither column is keyed by what its rows say."""
    code = line(row.text("identifier"))
    code = "" if code.lower() in NO_KEY else code
    if folded(code) or url:
        return code if folded(code) else clean_address(url or "")
    if row.header.columns("identifier"):
        return ""
    words = "|".join(
        (vacancy.title, vacancy.employer or "", vacancy.description, repr(vacancy.places), repr(vacancy.pay_original))
    )
    return "fila-" + hashlib.sha256(folded(words).encode()).hexdigest()[:16]


def _mode(row: _Row, lexicon: Lexicon) -> Mode:
    for said in (row.text("mode"), row.text("place"), row.text("district")):
        pieces = {folded(said), *(folded(piece) for piece in re.split(r"[,;/()]|\s[-–]\s", said))}
        if pieces & lexicon.hybrid or re.search(r"\b(?:hibrid[oa]|semi ?presencial|mixt[oa])\b", folded(said)):
            return Mode.HYBRID
        if pieces & lexicon.remote or re.search(r"\b(?:remot[oa]|teletrabajo|home office)\b", folded(said)):
            return Mode.REMOTE
        if pieces & lexicon.on_site:
            return Mode.ON_SITE
    yes = folded(row.text("mode")) in {"si", "yes", "x"} and any(
        "remoto" in folded(row.header.names[at]) for at in row.header.columns("mode")
    )
    return Mode.REMOTE if yes else Mode.ON_SITE


def _places(row: _Row, reader: Reader, mode: Mode, problems: Problems) -> tuple[Where, ...]:
    said = {name: _without_mode(row.text(name), reader.lexicon) for name in ("district", "place", "province", "region")}
    if not said["region"] and reader.places.region_of(row.text("status")):
        said["region"] = row.text("status")  # "Estado" is a department where the people come from
    said = {name: "" if folded(text) in reader.lexicon.no_place else text for name, text in said.items()}
    if not any(said.values()):
        if mode is not Mode.REMOTE:
            problems.add(row.header.called("place", "district", "region", "province"), "missing")
        return ()
    if any(reader.places.nationwide(text) for text in said.values()) and not any(
        reader.places.read(text) for text in said.values()
    ):
        return ()
    region = reader.places.region_of(said["region"]) if said["region"] else None
    locality = said["district"] or said["place"] or said["province"]
    if region:
        found = reader.places.within(locality, region)
    else:
        found = reader.places.read(", ".join(text for text in (locality, said["province"], said["region"]) if text))
        if said["district"] and said["place"]:
            found = reader.places.read(f"{said['district']}, {said['place']}") or found
    if not found:
        problems.add(row.header.called("place", "district", "region", "province"), "no_place")
    return found


def _without_mode(text: str, lexicon: Lexicon) -> str:
    pieces = re.split(r"(\s*[,;/()]\s*|\s[-–]\s)", text)
    kept = [
        piece
        for at, piece in enumerate(pieces)
        if at % 2 or folded(piece) not in lexicon.remote | lexicon.hybrid | lexicon.on_site
    ]
    return "".join(kept).strip(" ,;/()-–") if len(kept) < len(pieces) else text.strip()


def _until(row: _Row, reader: Reader, now: datetime, problems: Problems) -> datetime | None:
    try:
        until = reader.moments.read(row.text("deadline"), now)
    except ValueError:
        problems.add(row.header.called("deadline"), "not_a_date")
        return None
    if until is not None and until < now:
        problems.add(row.header.called("deadline"), "past")
    return until


def _pay(row: _Row, reader: Reader) -> Pay:
    names = " ".join(
        row.header.names[at] for field in ("pay", "pay_min", "pay_max") for at in row.header.columns(field)
    )
    unit = row.text("pay_unit") if reader.lexicon.unit(row.text("pay_unit")) else _unit_in(names, reader.lexicon)
    foreign = next((code for code, marks in reader.lexicon.other_marks.items() if marks.search(names.lower())), None)
    stated = Stated(row.text("currency") or foreign, unit)
    ends = [reader.pay.text(row.text(name), stated) for name in ("pay_min", "pay_max")]
    low, high = ends[0].low or ends[0].high, ends[1].high or ends[1].low
    impossible = any(end.impossible for end in ends)
    if low is not None or high is not None or impossible:
        least, most = (low, high) if low is None or high is None or low <= high else (high, low)
        written = " - ".join(end.original for end in ends if end.original)
        return Pay(least, most, written, impossible)
    whole = reader.pay.text(row.text("pay"), stated)
    return whole if whole.original else next((end for end in ends if end.original), NOTHING)


def _unit_in(names: str, lexicon: Lexicon) -> str | None:
    """`Pago por día`, `Jornal`: the header says what the pay is for."""
    return next((word for word in folded(names).split() if len(word) > 2 and lexicon.units.get(word)), None)


def _employment(row: _Row, lexicon: Lexicon) -> tuple[str, ...]:
    cells = [
        *row.every("employment").values(),
        *(said for said in row.every("mode").values() if folded(said) in lexicon.employment),
    ]
    found: Mapping[str, None] = dict.fromkeys(kind for cell in cells if folded(cell) for kind in kinds(cell, lexicon))
    return tuple(kind for kind in found if kind != "OTHER" or len(found) == 1)


def _url(text: str) -> str | None:
    found = re.search(r"https?://[^\s;,]+|\bwww\.[^\s;,]+", text)
    return None if not found else found[0] if found[0].startswith("http") else f"https://{found[0]}"


def _description(row: _Row) -> str:
    parts = list(row.every("description").values())
    parts += [f"{name}: {text}" for field in _LABELLED for name, text in row.every(field).items()]
    return paragraph("\n".join(parts))
