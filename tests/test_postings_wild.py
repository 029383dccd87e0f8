"""What the wild really sends: hundreds of payloads, sheets and fairs, each with what the rules say must come of it."""

import copy
import json
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from bot.alerts.events import read_fair
from bot.alerts.fair_files import read_fair_file
from bot.alerts.feeds import read_document
from bot.alerts.judging import judged, placed, same_job
from bot.alerts.matching import match_file
from bot.alerts.postings import read_event, read_posting
from bot.errors import Malformed
from tests.test_partners import door
from tests.vacancy_kit import MINIMUM_WAGE, folded, gate, reader, vacancy

__all__ = ["door"]

FOLDER = Path(__file__).parent / "data" / "postings-wild"
LIMA = ZoneInfo("America/Lima")
SCHEMA = "http://schema.org/"


@cache
def table(name):
    return yaml.load((FOLDER / name).read_text("utf-8"), yaml.CSafeLoader)


def cases(name, part="cases"):
    return [pytest.param(case, id=case["name"]) for case in table(name)[part]]


def now(name):
    return datetime.fromisoformat(table(name)["now"])


def data_of(case, base):
    """The base with the case's changes, wrapped as the case says."""
    data = copy.deepcopy(base) | case.get("set", {})
    data = {key: value for key, value in data.items() if key not in case.get("drop", ())}
    return WRAPS[case.get("wrap", "none")](data)


def with_references(data):
    data |= {"hiringOrganization": {"@id": "#o"}, "jobLocation": [{"@id": "#p"}]}
    return {
        "@graph": [
            {"@id": "#o", "@type": ["Organization", "LocalBusiness"], "name": "Minas del Sur"},
            {"@id": "#a", "@type": "PostalAddress", "addressLocality": "Cayma", "addressRegion": "AREQUIPA"},
            {"@id": "#p", "@type": "Place", "address": {"@id": "#a"}},
            data,
        ]
    }


def expanded(_):
    def said(name, *values):
        return {SCHEMA + name: [value if isinstance(value, dict) else {"@value": value} for value in values]}

    place = said("addressLocality", "Trujillo") | said("addressRegion", "La Libertad")
    pay = said("currency", "PEN") | said("value", said("value", 1500) | said("unitText", "MONTH"))
    return [
        {"@type": [SCHEMA + "JobPosting"]}
        | said("title", "Mozo") | said("identifier", "e-1") | said("validThrough", "2026-12-20") | said("employmentType", "FULL_TIME")
        | said("hiringOrganization", said("name", "Bar Norte")) | said("jobLocation", said("address", place)) | said("baseSalary", pay)
    ]  # fmt: skip


WRAPS = {
    "none": lambda data: data,
    "list": lambda data: [{"@type": "WebSite", "name": "x"}, data],
    "main": lambda data: {"@type": "WebPage", "name": "x", "mainEntity": data},
    "graph2": lambda data: {"@graph": [{"@graph": [data]}]},
    "two": lambda data: [data, data | {"identifier": "w-2", "title": "Mozo"}],
    "two-same": lambda data: {"@graph": [data, data]},
    "graph-refs": with_references,
    "expanded": expanded,
    "microdata": lambda _: {
        "type": [SCHEMA + "JobPosting"],
        "properties": {
            "title": ["Mozo"], "identifier": ["m-1"], "jobLocation": ["Lima"],
            "hiringOrganization": [{"type": [SCHEMA + "Organization"], "properties": {"name": ["Bar"]}}],
        },
    },
}  # fmt: skip


def body_of(case):
    body = {"type": case.get("event", "vacancy.published"), "timestamp": "2026-11-22T16:40:00Z"}
    body = {key: value for key, value in body.items() if value}
    return body | {"data": json.loads(json.dumps(data_of(case, table("postings.yaml")["base"])))}


def held(found):
    return placed(found, judged(found, gate(), MINIMUM_WAGE), None, cleared=False)


def read(case):
    event = read_event(body_of(case), reader(), now("postings.yaml"))
    return held(read_posting(event.data, "red", reader(), now("postings.yaml")))


@pytest.mark.parametrize("case", cases("postings.yaml"))
def test_a_payload_of_the_wild_is_read_as_the_rules_say(case):
    if "fields" in case:
        with pytest.raises(Malformed) as refused:
            read(case)
        assert {field for field, _ in refused.value.errors} == set(case["fields"])
        return
    shown = read(case).to_json()
    for name, wanted in (table("postings.yaml")["expected"] | case["want"]).items():
        check(name, wanted, shown)


def check(name, wanted, shown):
    """One expected value; texts without regard to case and accents, pay within a hundredth, moments as instants."""
    if name == "places":
        assert [(spot["region"], folded(spot["district"] or "")) for spot in shown["places"]] == [
            (region, folded(district or "")) for region, district in wanted
        ]
    elif name == "pay":
        assert [shown["pay_min"], shown["pay_max"]] == [end and pytest.approx(end, rel=0.01) for end in wanted]
    elif name == "employment":
        assert sorted(shown["employment_type"]) == sorted(wanted)
    elif name == "held":
        assert (shown["state"] == "held") is wanted
    elif name == "signals":
        assert set(wanted) <= set(shown["signals"])
    elif name == "has":
        assert [text for text in wanted if folded(text) not in folded(shown["description"])] == []
    elif name == "lacks":
        assert [text for text in wanted if text in shown["description"]] == []
    elif name in {"valid_through", "start", "end"} and wanted:
        assert abs((datetime.fromisoformat(shown[name]) - datetime.fromisoformat(wanted)).total_seconds()) < 1
    elif isinstance(wanted, str):
        assert folded(shown[name]) == folded(wanted)
    else:
        assert shown[name] == wanted


@pytest.mark.parametrize("sheet", cases("sheets.yaml", "sheets"))
def test_a_sheet_of_the_wild_lands_row_by_row(sheet):
    intake = read_document(_bytes(sheet), "ong", reader(), now("sheets.yaml"))
    assert {row: _row(held(found)) for row, found in intake.accepted} == sheet["accepted"]
    assert [[wrong.row, wrong.field] for wrong in intake.rejected] == sheet["rejected"]
    assert [list(pair) for pair in intake.duplicates] == sheet["duplicates"]
    assert all(wrong.reason for wrong in intake.rejected)


def _bytes(sheet):
    crlf = sheet["text"].replace("\n", "\r\n") if sheet["encoding"] != "latin-1" else sheet["text"]
    return crlf.encode(sheet["encoding"])


def _row(found):
    places = " + ".join(spot.region + (f":{spot.district}" if spot.district else "") for spot in found.places)
    pay = "-".join("?" if end is None else f"{end:g}" for end in (found.pay_min, found.pay_max))
    until = found.valid_through and found.valid_through.astimezone(LIMA).strftime("%Y-%m-%d %H:%M")
    code = None if found.identifier.startswith("fila-") else found.identifier
    kinds, languages = " ".join(found.employment_type), " ".join(found.languages)
    return [code, found.title, found.employer, places, pay, kinds, str(found.mode), until, str(found.state), languages]


def test_wishes_meet_exactly_the_vacancies_that_the_rules_name():
    wild = table("matching.yaml")
    found = match_file(wild, reader().moments)
    assert sorted(found.pairs) == sorted(tuple(pair) for pair in wild["pairs"])


@pytest.mark.parametrize("case", cases("fairs.yaml"))
def test_a_fair_of_the_wild_is_read_as_the_rules_say(case):
    data = data_of(case, table("fairs.yaml")["base"])
    if "fields" in case:
        with pytest.raises(Malformed) as refused:
            read_fair(data, "muni", reader(), now("fairs.yaml"))
        assert {field for field, _ in refused.value.errors} == set(case["fields"])
        return
    shown = read_fair(data, "muni", reader(), now("fairs.yaml")).to_json()
    for name, wanted in (table("fairs.yaml")["expected"] | case["want"]).items():
        check(name, wanted, shown)


def test_a_sheet_of_fairs_keeps_its_hours_and_tells_what_is_wrong():
    sheet = (
        "Código;Feria;Fecha;Hora inicio;Hora fin;Lugar;Distrito;Departamento;Estado\n"
        "F1;Feria;05/12/2026;9:00;4:00 p.m.;Parque;Ate;Lima;Programada\n"
        "F2;Otra;46362;9 am a 1 pm;;Coliseo;Trujillo;La Libertad;Postergada\n"
        "F1;Feria cambiada;05/12/2026;;;Parque;Ate;Lima;\n"
        "Total;2;;;;;;;\n"
    )
    intake = read_fair_file(sheet.encode("cp1252"), "muni", reader(), now("fairs.yaml"))
    told = [
        (row, fair.start.astimezone(LIMA).hour, fair.end.astimezone(LIMA).hour, fair.state)
        for row, fair in intake.accepted
    ]
    assert told == [(2, 9, 16, "held"), (3, 9, 13, "cancelled")]
    assert [(wrong.row, wrong.field) for wrong in intake.rejected] == [(4, "Código")]


LINE = '{"@type": "JobPosting", "title": "Mozo", "identifier": "x", "jobLocation": "Ate", "description": "uno'


@pytest.mark.parametrize(
    "block",
    [LINE + '\ndos"}', LINE + '",}', f'//<![CDATA[\n{LINE}"}}\n//]]>', f'<!--\n{LINE}"}}\n-->'],
    ids=["line break", "last comma", "cdata", "comment"],
)
def test_the_usual_mistakes_of_page_templates_lose_no_vacancy(block):
    page = f'<html><script type="application/ld+json">{block}</script></html>'
    intake = read_document(page.encode(), "bolsa", reader(), now("postings.yaml"))
    assert [(row, found.title) for row, found in intake.accepted] == [(1, "Mozo")]


def test_one_job_under_two_spellings_of_the_trade_is_one_job():
    spellings = ("Operario(a) de almacén", "Operario/a de almacén", "OPERARIO DE ALMACEN")
    keys = {
        same_job(vacancy(title=title, employer=employer), reader().lexicon)
        for title in spellings
        for employer in ("Sur S.A.C.", "SUR SAC")
    }
    assert len(keys) == 1


def test_a_quote_that_swallows_the_next_row_is_told():
    rows = ['0;"Mozo;Bar;Ate', '1;"Moza;Bar;Ate', "2;Cajera;Bar;Ate"]
    raw = "\n".join(("Código;Puesto;Empresa;Lugar", *rows)).encode()
    intake = read_document(raw, "ong", reader(), now("sheets.yaml"))
    assert [found.identifier for _, found in intake.accepted] == ["2"]
    assert [(wrong.row, wrong.field) for wrong in intake.rejected] == [(2, "Puesto")]


BODIES = {
    "bom": 200, "utf-16": 200, "windows": 400, "empty": 400, "null": 422, "list": 422, "number": 422, "nan": 200, "overflow": 200, "infinity": 200,
    "odd-characters": 200, "cut": 400, "form": 400, "long": 200, "too-large": 413, "deep": 400, "no-data": 422, "capitals": 200,
}  # fmt: skip
RAW = json.dumps({"type": "vacancy.published", "data": table("postings.yaml")["base"]}, ensure_ascii=False)


def raw_body(name):
    """One request body as it comes over the wire."""
    return {
        "bom": lambda: RAW.encode("utf-8-sig"), "utf-16": lambda: RAW.encode("utf-16"), "windows": lambda: RAW.encode("cp1252"),
        "empty": lambda: b"", "null": lambda: b"null", "list": lambda: b"[]", "number": lambda: b"5",
        "nan": lambda: RAW.replace("1400", "NaN").encode(), "overflow": lambda: RAW.replace("1400", "1e999").encode(),
        "infinity": lambda: RAW.replace("1400", "-Infinity").encode(), "odd-characters": lambda: RAW.replace("Operario", "\\u0000Operario\\ud800").encode(),
        "cut": RAW[:-1].encode, "form": lambda: b"type=vacancy.published",
        "long": lambda: RAW.replace("<p>Carga", "<p>" + "Carga " * 100_000).encode(), "too-large": lambda: b" " * (1024 * 1024 + 1),
        "deep": lambda: b"[" * 5000, "no-data": lambda: RAW.replace('"data"', '"datos"').encode(),
        "capitals": lambda: RAW.replace("vacancy.published", "Vacancy.Published ").encode(),
    }[name]()  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_of_the_wild_is_taken_or_refused_with_a_reason(door, name):
    answer = await door.post(raw_body(name))
    assert answer.status_code == BODIES[name]
    if BODIES[name] == 200:
        assert folded(answer.json()["title"]).endswith("operario de almacen")
    else:
        assert answer.json()


async def test_every_tenth_payload_gets_the_same_answer_at_the_door(door):
    door.clock.now = now("postings.yaml")
    for number, case in enumerate(table("postings.yaml")["cases"]):
        if number % 10:
            continue
        answer = await door.post(body_of(case))
        assert answer.status_code == (422 if "fields" in case else 200), case["name"]
        if "fields" in case:
            assert {wrong["field"] for wrong in answer.json()["errors"]} == set(case["fields"])
