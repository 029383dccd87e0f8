"""The spreadsheet of an NGO lands row by row, and what does not comes back with row, column and reason."""

import json
from datetime import UTC, datetime

import pytest

from bot.alerts.feeds import read_document
from bot.errors import Malformed
from tests.vacancy_kit import reader

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
HEADER = "Código;Puesto;Empresa;Lugar;Remuneración (S/);Modalidad;Jornada;Cierre;Funciones"


def take(text, encoding="cp1252"):
    raw = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode(encoding)
    return read_document(raw, "ong", reader(), NOW)


def sheet(*rows, header=HEADER, encoding="cp1252"):
    return take("\n".join((header, *rows)) + "\n", encoding)


def only(*rows, **more):
    intake = sheet(*rows, **more)
    assert not intake.rejected
    return intake.accepted[0][1]


def places(vacancy):
    return [(place.region, place.district) for place in vacancy.places]


def test_a_row_as_excel_saves_it():
    found = only(
        'B7;Señorita de caja;Panificadora Ñusta;Lima - SJL;S/ 1,250 - 1,400;;Tiempo completo;15/12/26;"Caja\ny limpieza"'
    )
    assert (found.identifier, found.title, found.employer) == ("B7", "Señorita de caja", "Panificadora Ñusta")
    assert places(found) == [("15", "San Juan de Lurigancho")]
    assert (found.pay_min, found.pay_max, found.employment_type, str(found.mode)) == (
        1250,
        1400,
        ("FULL_TIME",),
        "presencial",
    )
    assert found.valid_through == datetime(2026, 12, 16, 4, 59, 59, tzinfo=UTC)
    assert found.description == "Caja\ny limpieza"


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16"])
def test_the_encoding_does_not_matter(encoding):
    assert only("1;Peón;Obras Ñ;Junín;;;;;", encoding=encoding).employer == "Obras Ñ"


@pytest.mark.parametrize("mark", [";", ",", "\t", "|"])
def test_the_separator_does_not_matter(mark):
    assert (
        only(
            mark.join(["1", "Peón", "Obras", "Comas"]), header=mark.join(["ID", "Cargo", "Empleador", "Distrito"])
        ).employer
        == "Obras"
    )


def test_the_line_that_excel_writes_about_the_separator_is_no_row():
    intake = take(f"sep=;\n{HEADER}\n1;Peón;Obras;Comas;;;;;\n")
    assert [row for row, _ in intake.accepted] == [2]


@pytest.mark.parametrize(
    ("pay", "low", "high"),
    [
        ("RMV", 1130, 1130), ("a tratar", None, None), ("desde 1,400", 1400, None), ("hasta S/1800", None, 1800), ("-", None, None),
        ("S/ 55 diarios", 1650, 1650), ("USD 400", None, None), ("1.300", 1300, 1300), ("entre 1200 y 1500 soles", 1200, 1500), ("0", None, None),
    ],
)  # fmt: skip
def test_pay_is_read_as_it_is_written(pay, low, high):
    found = only(f"1;Peón;Obras;Comas;{pay};;;;")
    assert (found.pay_min, found.pay_max) == (low, high)


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ("Lima y Callao", [("15", None), ("07", None)]), ("Lima Norte", [("15", None)]), ("V.M.T.", [("15", "Villa María del Triunfo")]),
        ("Miraflores, Arequipa", [("04", "Miraflores")]), ("Trujillo", [("13", "Trujillo")]), ("Lima – Ate / Santa Anita", [("15", "Ate"), ("15", "Santa Anita")]),
    ],
)  # fmt: skip
def test_places_are_read_as_they_are_written(place, wanted):
    assert places(only(f"1;Peón;Obras;{place};;;;;")) == wanted


def test_columns_of_their_own_for_everything():
    header = "Nro;Cargo ofrecido;Razón social;Departamento;Provincia;Distrito;Sueldo mínimo;Sueldo máximo;Tipo de contrato;Vence;Enlace;Contacto"
    found = only(
        "3;Operaria textil;Hilos SAC;Arequipa;Arequipa;Cayma;1200;1500;Medio tiempo;hasta cubrir;www.hilos.example/7?utm_source=f;999 111 222",
        header=header,
    )
    assert places(found) == [("04", "Cayma")]
    assert (found.pay_min, found.pay_max, found.employment_type, found.valid_through) == (
        1200,
        1500,
        ("PART_TIME",),
        None,
    )
    assert (found.url, found.identifier) == ("https://www.hilos.example/7?utm_source=f", "https://www.hilos.example/7")
    assert "Contacto: 999 111 222" in found.description


def test_the_header_may_say_what_the_pay_is_for():
    assert only("1;Peón;Obras;Comas;60", header="Código;Puesto;Empresa;Lugar;Pago por día").pay_min == 1800


def test_a_sheet_without_codes_is_keyed_by_what_its_rows_say():
    header = "Puesto;Empresa;Lugar"
    first, again = only("Mozo;Bar;Lince", header=header), only("MOZO;Bar;Lince", header=header)
    assert first.identifier == again.identifier != only("Mozo;Bar;Breña", header=header).identifier


@pytest.mark.parametrize("nobody", ["", "-", "Confidencial", "N/A"])
def test_nobody_behind_a_row_is_no_name(nobody):
    assert only(f"1;Mozo;{nobody};Lince;;;;;").employer is None


def test_remote_work_needs_no_place():
    found = only("1;Digitador;Datos SAC;;;Remoto;;;")
    assert (found.remote, found.places) == (True, ())


def test_every_mistake_is_told_with_row_and_column():
    intake = sheet(
        "1;Mozo;Bar;Lince;1300;;;;",  # 2
        ";;;;;;;;",  # 3: blank rows are not worth a word
        "2;;Bar;Narnia;1300;;;31/02/2027;",  # 4
        "3;Mozo;Bar;Lince;1300;;;20/11/2026;",  # 5
        "4;Mozo;Bar",  # 6
        "5;Mozo;Bar;Lince;1300;;;;;de más",  # 7
        HEADER,  # 8
        "Total;8;;;;;;;",  # 9
        "Actualizado el lunes;;;;;;;;",  # 10
        "1;Mozo;Bar;Lince;1300;;;;",  # 11: the same row twice
        "1;Mozo;Bar;Lince;1900;;;;",  # 12: the same code, another content
        ";Mozo;Bar;Lince;1300;;;;",  # 13
        ";;;;;;;;;;",  # 14
        "6;Cocinera;Bar;Lince;1300;;;;",  # 15
    )
    assert [row for row, _ in intake.accepted] == [2, 15]
    assert intake.duplicates == [(11, 2)]
    assert [(wrong.row, wrong.field) for wrong in intake.rejected] == [
        (4, "Puesto"), (4, "Lugar"), (4, "Cierre"), (5, "Cierre"), (6, "Lugar"), (7, "columna 10"), (8, "Código"), (9, "Código"),
        (10, "Código"), (12, "Código"), (13, "Código"),
    ]  # fmt: skip
    assert all(wrong.reason for wrong in intake.rejected)


@pytest.mark.parametrize(
    "raw", [b"", b"hola", b"\xff\xfe", b"a;b;c\n1;2;3\n", b'"' * 999, b"{", b"<html></html>", b"[]"]
)
def test_a_file_that_is_none_is_refused_with_a_reason(raw):
    with pytest.raises(Malformed) as refused:
        take(raw)
    assert str(refused.value)


ITEM = {
    "@type": "JobPosting",
    "title": "Chofer A2B",
    "identifier": "c1",
    "hiringOrganization": "Rutas",
    "jobLocation": "Tacna",
}


def test_json_ld_lands_like_a_webhook():
    intake = take(json.dumps({"@graph": [ITEM, ITEM | {"identifier": "c2", "title": 5}]}).encode())
    assert [(row, found.identifier) for row, found in intake.accepted] == [(1, "c1")]
    assert [(wrong.row, wrong.field) for wrong in intake.rejected] == [(2, "title")]


def test_one_broken_block_of_a_page_does_not_lose_the_others():
    page = f'<html><script type="application/ld+json">{{oops</script><script type="application/ld+json">{json.dumps(ITEM)}</script></html>'
    assert take(page.encode()).accepted[0][1].title == "Chofer A2B"


def test_an_rss_item_names_its_place_in_its_title():
    feed = (
        "<?xml version='1.0'?><rss version='2.0'><channel><title>x</title><item><title>Niñera - Magdalena, Lima</title>"
        "<link>https://b.example/9?utm_medium=rss</link><guid>g-9</guid><description>&lt;p&gt;Cama afuera&lt;/p&gt;</description>"
        "<author>Agencia Nido</author></item><item><title>Sin lugar</title><link>https://b.example/10</link></item></channel></rss>"
    )
    intake = take(feed.encode())
    found = intake.accepted[0][1]
    assert (found.identifier, found.employer, places(found)) == ("g-9", "Agencia Nido", [("15", "Magdalena del Mar")])
    assert [(wrong.row, wrong.field) for wrong in intake.rejected] == [(2, "jobLocation")]


def test_json_feed_is_a_feed_too():
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [
            {"id": "7", "title": "Barbero en Chiclayo", "content_html": "<p>x</p>", "authors": [{"name": "Navaja"}]},
            3,
        ],
    }
    found = take(json.dumps(feed).encode()).accepted[0][1]
    assert (found.identifier, found.employer, places(found)) == ("7", "Navaja", [("14", "Chiclayo")])
