"""What an editor is told about a mistake: once, at the right line, with a way to mend it."""

import re
import shutil
import string
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import BadContent
from bot.library.check import check, due, failed, stamp_translations, verify
from bot.library.load import load, parse
from bot.library.place import place_of
from bot.library.problems import Notes, codes
from tests.conftest import cost
from tests.library_files import REAL, write_content

TODAY = date(2026, 11, 22)
CARNE = "es/regularizacion/carne.md"
ENGLISH = "en/regularizacion/carne.md"
FLOW = "es/titulos/apostilla.flow.yaml"
LIST = "es/ferias/lista.flow.yaml"
FAIR = "es/ferias/2027-02-18-lima.md"


@pytest.fixture(scope="module")
def faultless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without a mistake, to be copied."""
    return write_content(tmp_path_factory.mktemp("content"))


@pytest.fixture
def folder(faultless: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(faultless, tmp_path / "content"))


@dataclass(frozen=True)
class Seed:
    """A mistake: in which file what is replaced by what, and the line (that holds these words) where it must be told."""

    code: str
    file: str
    old: str
    new: str
    at: str
    level: str = "error"

    @property
    def name(self) -> str:
        return f"{self.code}-{self.file.rsplit('/', 1)[-1]}-{self.new[:12]}"


LONG = "Esta frase es muy larga y no se acaba nunca " + "y sigue y sigue " * 5 + "hasta aquí."
HARD = (
    "La institucionalización administrativa interinstitucional extraordinariamente descentralizada "
    "imposibilita responsabilidades. " * 12
)
ROWS = "\n".join(f"      - {{label: Opción {n}, next: dos}}" for n in range(12))

SEEDS = [
    # the fields at the top
    Seed("missing_key", CARNE, "title: El papel carne\n", "", "label: Papel"),
    Seed("missing_key", CARNE, "review_by: 2027-03-31\n", "", "title: El"),
    Seed("missing_key", CARNE, "status: published\n", "", "title: El"),
    Seed("missing_field", CARNE, "keywords: [carné, tarjeta]\n", "", "title: El"),
    Seed("misspelt_key", CARNE, "label:", "labell:", "labell:"),
    Seed("unknown_key", CARNE, "verified: null", "verified: null\ncolour: rojo", "colour"),
    Seed("yaml_duplicate", CARNE, "verified: null", "verified: null\ntitle: Otro", "title: Otro"),
    Seed("yaml_tab", CARNE, "  - ¿Cómo saco el papel carne número 2?", "\t- ¿Cómo saco?", "\t-"),
    Seed("yaml_broken", CARNE, "keywords: [carné, tarjeta]", "keywords: [carné, tarjeta", "sources:"),
    Seed("yaml_swollen", CARNE, "keywords: [carné, tarjeta]", "keywords: &k [carné, *k]", "keywords:"),
    Seed("no_front_matter", CARNE, "---\ntitle", "title", "title: El"),
    Seed("front_matter_open", CARNE, "status: published\n---\n", "status: published\n", "---"),
    Seed("not_list", CARNE, "keywords: [carné, tarjeta]", "keywords: carné", "keywords"),
    Seed("not_text", CARNE, "title: El papel carne", "title: [El, papel]", "title"),
    Seed("not_text", CARNE, "label: Papel carne", "label: 2027", "label"),
    Seed("not_text", CARNE, "  - ¿Cómo saco el papel carne número 3?", "  - pregunta: ¿cómo?", "pregunta:"),
    Seed("not_mapping", CARNE, "verified: null", "verified: sí", "verified"),
    Seed("empty_value", CARNE, "title: El papel carne", "title:", "title:"),
    Seed("not_one_of", CARNE, "status: published", "status: listo", "status"),
    Seed("too_long", CARNE, "title: El papel carne", "title: El papel " + "muy " * 14 + "largo", "title:"),
    Seed("bad_date", CARNE, "2027-03-31", "2027-02-31", "review_by"),
    Seed("bad_date", CARNE, "2027-03-31", "31/03/2027", "review_by"),
    Seed("bad_date", CARNE, "verified: null", 'verified: {on: ayer, by: "Ana Pérez"}', "verified"),
    Seed("missing_key", CARNE, "verified: null", "verified: {on: 2026-11-01}", "verified"),
    Seed("future_verified", CARNE, "verified: null", 'verified: {on: 2026-12-24, by: "Ana Pérez"}', "verified"),
    Seed("bad_as_of", CARNE, '"2025-09-12"', '"setiembre de 2025"', "name: Migraciones"),
    Seed("future_as_of", CARNE, '"2025-09-12"', '"2026-12"', "name: Migraciones"),
    Seed("bad_url", CARNE, "https://andina.pe/nota", "https://andina", "name: Andina"),
    Seed("url_scheme", CARNE, "https://andina.pe/nota", "ftp://andina.pe/nota", "name: Andina"),
    Seed("label_long", CARNE, "label: Papel carne", "label: Papel de extranjería nuevo", "label"),
    Seed("label_emoji", CARNE, "label: Papel carne", "label: Papel 😀", "label"),
    Seed("label_twice", "es/titulos/apostilla.md", "label: Papel apostilla", "label: Papel carne", "label"),
    Seed(
        "few_questions",
        CARNE,
        "".join(f"  - ¿Cómo saco el papel carne número {n}?\n" for n in (1, 2, 3)),
        "",
        "questions",
    ),
    Seed(
        "question_repeated",
        CARNE,
        "carne número 5?",
        "carne número 4?",
        "número 4?\n  - ¿Cómo saco el papel carne número 6",
    ),
    Seed(
        "question_elsewhere",
        "es/titulos/apostilla.md",
        "el papel apostilla número 7",
        "el papel carne número 7",
        "carne número 7",
    ),
    Seed("region_unknown", CARNE, '["15"]', '["77"]', "regions"),
    Seed("related_missing", CARNE, "related: [titulos/apostilla]", "related: [titulos/apostila]", "related"),
    Seed("related_self", CARNE, "related: [titulos/apostilla]", "related: [regularizacion/carne]", "related"),
    Seed("related_twice", CARNE, "[titulos/apostilla]\n", "[titulos/apostilla, titulos/apostilla]\n", "related"),
    Seed("withdrawn", CARNE, "2027-03-31", "2026-01-31", "review_by", "warning"),
    Seed("due", CARNE, "2027-03-31", "2026-10-31", "review_by", "warning"),
    # the text
    Seed("heading_unknown", CARNE, "## Costo", "## Precio", "## Precio"),
    Seed("heading_unknown", CARNE, "## Costo", "## Cost", "## Cost"),
    Seed("heading_twice", CARNE, "## Costo", "## Requisitos", "## Requisitos\nPagas"),
    Seed("heading_order", CARNE, "## Requisitos", "## Tiempo", "## Costo"),
    Seed("empty_section", CARNE, "Pagas {{ datos.tasa_carne }} en el banco.\n", "", "## Costo"),
    Seed("markdown_heading", CARNE, "- Una foto.", "- Una foto.\n### Más", "### Más"),
    Seed("markdown_table", CARNE, "- Una foto.", "| a | b |", "| a |"),
    Seed("markdown_html", CARNE, "- Una foto.", "- Una <b>foto</b>.", "<b>"),
    Seed("markdown_image", CARNE, "- Una foto.", "- ![Una foto](https://andina.pe/f.png)", "![Una"),
    Seed("markdown_other", CARNE, "- Una foto.", "> Una foto.", "> Una"),
    Seed("bold_open", CARNE, "- Una foto.", "- Una **foto.", "**foto"),
    Seed("link_broken", CARNE, "[otro papel](titulos", "[otro papel] (titulos", "otro papel"),
    Seed("link_missing", CARNE, "(titulos/apostilla)", "(titulos/apostillas)", "otro papel"),
    Seed("bad_url", CARNE, "(titulos/apostilla)", "(aquí)", "otro papel"),
    Seed("datos_unknown", CARNE, "datos.tasa_carne", "datos.tasa_carnet", "datos.tasa_carnet"),
    Seed("datos_null", CARNE, "datos.tasa_carne", "datos.tasa_dudosa", "tasa_dudosa"),
    Seed("datos_amount", "datos.yaml", "value: 40.6", 'value: "40,60"', '"40,60"'),
    Seed("placeholder_left", CARNE, "- Una foto.", "- (Escribe aquí cada papel que piden.)", "(Escribe aquí"),
    Seed("datos_amount", "datos.yaml", "value: 40.6", "value: 40,60", "40,60"),
    Seed("datos_amount", "datos.yaml", "value: 40.6", "value: S/ 40.60", "value: S/ 40.60"),
    Seed("datos_syntax", CARNE, "{{ datos.tasa_carne }}", "{ datos.tasa_carne }", "datos.tasa_carne"),
    Seed("datos_syntax", CARNE, "{{ datos.tasa_carne }}", "{{ tasa_carne }}", "tasa_carne"),
    Seed("datos_copied", CARNE, "{{ datos.tasa_carne }}", "S/ 40.60", "S/ 40.60"),
    Seed("datos_copied", CARNE, "- Una foto.", "- Un sueldo de 1,130 soles.", "1,130"),
    Seed("datos_copied", CARNE, "- Una foto.", "- Llama gratis al **105**.", "105"),
    Seed("datos_copied", CARNE, "- Una foto.", "- Pregunta en el 0800 16872.", "0800"),
    Seed("datos_contradicts", CARNE, "- Una foto.", "- La UIT es S/ 5,350.", "5,350"),
    Seed("datos_contradicts", CARNE, "- Una foto.", "- El sueldo mínimo es de S/ 1,025 al mes.", "1,025"),
    Seed("datos_contradicts", CARNE, "- Una foto.", "- Pregunta en el 0800-16827.", "0800"),
    Seed("word_harsh", CARNE, "- Una foto.", "- Si eres Ilegal, una foto.", "Ilegal"),
    Seed("sentence_long", ENGLISH, "- A photo.", LONG, "Esta frase", "warning"),
    # translations
    Seed("translation_unmarked", ENGLISH, "translates: ", "translates: PENDING #", "translates", "warning"),
    Seed("translation_outdated", ENGLISH, "translates: ", "translates: a", "translates", "warning"),
    # flows
    Seed("flow_next", FLOW, "next: dos", "next: doce", "next: doce"),
    Seed("flow_start", FLOW, "start: uno", "start: cero", "start"),
    Seed("flow_dead_end", FLOW, "    article: regularizacion/carne", "    ask: ¿Y ahora?", "dos:"),
    Seed("flow_article", FLOW, "article: regularizacion/carne", "article: regularizacion/carnet", "carnet"),
    Seed("flow_same_option", FLOW, "label: No,", "label: Sí,", "label: Sí, next: tres"),
    Seed("flow_options", FLOW, "      - {label: Sí, next: dos}", ROWS, "options:"),
    Seed("flow_no_question", FLOW, "    ask: ¿Tienes pasaporte?\n", "", "options"),
    Seed("label_long", FLOW, "label: No,", "label: No tengo ninguno todavía,", "todavía"),
    Seed("label_emoji", FLOW, "label: Sí,", "label: Sí ✅,", "✅"),
    Seed("unknown_key", FLOW, "    ask:", "    sonido: fuerte\n    ask:", "sonido"),
    Seed("flow_same_option", LIST, "- id: copia", "- id: cv", "- id: cv\n    label: Una"),
    # fairs
    Seed("fair_end", FAIR, "2027-02-18T16:00", "2027-02-18T08:00", "end"),
    Seed("no_zone", FAIR, 'T09:00:00-05:00"', 'T09:00:00"', "start"),
    Seed("bad_moment", FAIR, '"2027-02-18T09:00:00-05:00"', "mañana", "start"),
    Seed("fair_outside", FAIR, "lat: -12.0464", "lat: 12.0464", "lat"),
    Seed("fair_half_place", FAIR, "lon: -77.0428\n", "", "lat"),
    Seed("not_number", FAIR, "lat: -12.0464", "lat: sur", "lat"),
    Seed("not_flag", FAIR, "example: true", "example: tal vez", "example: tal"),
    Seed("region_unknown", FAIR, 'region: "15"', 'region: "26"', "region"),
    # values, country, words
    Seed("future_as_of", "datos.yaml", 'as_of: "2024-12"', 'as_of: "2027-01"', "2027-01"),
    Seed("missing_key", "datos.yaml", "  unit: PEN por mes\n", "", "sueldo_minimo"),
    Seed("datos_key", "datos.yaml", "recargo:", "Recargo nocturno:", "Recargo"),
    Seed("bad_time_zone", "pais.yaml", "America/Lima", "America/Limon", "time_zone"),
    Seed("country_twice", "pais.yaml", '- code: "02"', '- code: "01"', '- code: "01"\n    name: Áncash'),
    Seed("po_missing", "es/ui.po", 'msgid "topic.titulos"\n', 'msgid ""\n', ""),
]
"""Kinds of mistake that stay one mistake in one file."""


def seed(folder: Path, mistake: Seed) -> str:
    """Make the mistake; gives the damaged text."""
    file = folder / mistake.file
    text = file.read_text(encoding="utf-8")
    assert mistake.old in text
    text = text.replace(mistake.old, mistake.new, 1)
    file.write_text(text, encoding="utf-8")
    return text


def line_with(text: str, words: str) -> int:
    """The line on which these words begin."""
    return text.count("\n", 0, text.index(words)) + 1


@pytest.mark.parametrize("mistake", SEEDS, ids=lambda mistake: mistake.name)
def test_each_mistake_is_told_once_with_line_and_remedy(folder: Path, mistake: Seed) -> None:
    text = seed(folder, mistake)

    found = check(folder, today=TODAY)

    assert [(p.code, p.file, p.line, p.level) for p in found] == [
        (mistake.code, mistake.file, line_with(text, mistake.at), mistake.level)
    ]
    for language in ("es", "en"):
        row = found[0].to_json(language)
        assert row["message"]
        assert row["remedy"]
        assert "{" not in (row["message"] + row["remedy"]).replace("{{ datos.", "").replace("{ datos", "").replace(
            "{{ tasa", ""
        )


def test_a_faultless_folder_has_nothing_to_tell(folder: Path) -> None:
    assert check(folder, today=TODAY) == []


BYTES: list[tuple[str, str, Callable[[bytes], bytes], str]] = [
    ("bom", CARNE, lambda raw: b"\xef\xbb\xbf" + raw, "warning"),
    ("crlf", CARNE, lambda raw: raw.replace(b"\n", b"\r\n"), "warning"),
    ("windows_1252", CARNE, lambda raw: raw.decode().encode("cp1252"), "error"),
    ("not_utf8", CARNE, lambda raw: raw.decode().encode("utf-16"), "error"),
    ("control_character", CARNE, lambda raw: raw.replace(b"- Una", b"- \x07Una"), "error"),
    ("too_large", CARNE, lambda raw: raw + b"x" * 300_000, "error"),
    ("yaml_empty", FLOW, lambda _: b"\n", "error"),
    ("bom", "datos.yaml", lambda raw: b"\xef\xbb\xbf" + raw, "warning"),
    ("crlf", "es/ui.po", lambda raw: raw.replace(b"\n", b"\r\n"), "warning"),
]


@pytest.mark.parametrize(("code", "path", "damage", "level"), BYTES, ids=[f"{row[0]}-{row[1]}" for row in BYTES])
def test_files_of_an_office_computer_are_understood(
    folder: Path, code: str, path: str, damage: Callable[[bytes], bytes], level: str
) -> None:
    file = folder / path
    file.write_bytes(damage(file.read_bytes()))

    found = check(folder, today=TODAY)

    assert [(p.code, p.file, p.level) for p in found] == [(code, path, level)]


def test_windows_1252_names_the_line_of_the_first_bad_letter(folder: Path) -> None:
    file = folder / CARNE
    text = file.read_text(encoding="utf-8")
    file.write_bytes(text.encode("cp1252"))

    assert check(folder, today=TODAY)[0].line == line_with(text, "¿Cómo")


def test_a_bubble_that_does_not_fit_names_the_section_and_how_much_to_cut(folder: Path) -> None:
    file = folder / ENGLISH
    text = file.read_text(encoding="utf-8").replace("- A photo.", "- A photo. It is small.\n" * 45)
    file.write_text(text, encoding="utf-8")

    found = check(folder, today=TODAY)

    assert [(p.code, p.line) for p in found] == [("bubble_long", line_with(text, "## Requirements"))]
    assert "whatsapp" in found[0].message()


def test_a_text_that_is_hard_to_read_is_a_warning(folder: Path) -> None:
    file = folder / CARNE
    file.write_text(
        file.read_text(encoding="utf-8").replace("Este papel dice", f"{HARD[:600]}. Este papel dice"), encoding="utf-8"
    )

    found = {p.code: p for p in check(folder, today=TODAY)}

    assert found["hard_to_read"].level == "warning"
    assert "INFLESZ" in found["hard_to_read"].message()


def test_a_missing_translation_is_a_warning_and_a_translation_of_nothing_an_error(folder: Path) -> None:
    (folder / ENGLISH).unlink()
    (folder / "es/titulos/apostilla.flow.yaml").unlink()

    found = check(folder, today=TODAY)

    assert [(p.code, p.file, p.level) for p in found] == [
        ("no_original", "en/titulos/apostilla.flow.yaml", "error"),
        ("translation_missing", CARNE, "warning"),
    ]


def test_a_flow_with_a_lost_step_and_an_endless_one(folder: Path) -> None:
    file = folder / "es/titulos/apostilla.flow.yaml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("next: tres", "next: dos").replace(
        "    article: regularizacion/carne", "    ask: ¿Otra vez?\n    options: [{label: Vuelta, next: uno}]"
    )
    file.write_text(text, encoding="utf-8")

    found = [(p.code, p.line) for p in check(folder, today=TODAY)]

    assert found == [("flow_endless", line_with(text, "uno:")), ("flow_unreachable", line_with(text, "tres:"))]


def test_flows_must_have_the_same_steps_in_each_language(folder: Path) -> None:
    file = folder / "en/titulos/apostilla.flow.yaml"
    text = file.read_text(encoding="utf-8").replace("dos", "two")
    file.write_text(text, encoding="utf-8")

    assert [(p.code, p.file) for p in check(folder, today=TODAY)] == [
        ("flow_steps_differ", "en/titulos/apostilla.flow.yaml")
    ]


def test_a_fair_that_is_over_must_be_closed(folder: Path) -> None:
    found = check(folder, today=date(2027, 2, 19))

    assert {(p.code, p.file, p.line) for p in found} == {
        ("fair_past", FAIR, 18),
        ("fair_past", FAIR.replace("es/", "en/"), 18),
    }


def test_a_fair_says_the_same_in_both_languages_and_in_its_name(folder: Path) -> None:
    english = folder / FAIR.replace("es/", "en/")
    sound = english.read_text(encoding="utf-8")
    english.write_text(sound.replace("02-18T16:00", "02-18T17:00"), encoding="utf-8")
    assert [p.code for p in check(folder, today=TODAY)] == ["fair_differs"]

    english.write_text(sound, encoding="utf-8")
    for language in ("es", "en"):
        old = folder / language / "ferias/2027-02-18-lima.md"
        old.rename(old.with_name("2027-02-19-lima.md"))

    assert [p.code for p in check(folder, today=TODAY)] == ["fair_name", "fair_name"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("es/regularizacion/Carné Nuevo.md", "bad_name"),
        ("es/otro-tema/carne.md", "unknown_topic"),
        ("es/regularizacion/notas.txt", "misplaced"),
        ("es/suelto.md", "misplaced"),
        ("es/regularizacion/sub/hondo.md", "misplaced"),
        ("es/regularizacion/guia.yaml", "misplaced"),
    ],
)
def test_a_file_in_the_wrong_place_is_told(folder: Path, path: str, code: str) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    text = (
        (folder / CARNE)
        .read_text(encoding="utf-8")
        .replace("papel carne", "papel nuevo")
        .replace("Papel carne", "Papel nuevo")
    )
    target.write_text(text, encoding="utf-8")

    found = check(folder, [Path(path)], TODAY)

    assert [p.code for p in found if p.level == "error"] == [code]


def test_a_missing_file_of_words_or_values_is_told_without_a_flood(folder: Path) -> None:
    (folder / "datos.yaml").unlink()
    (folder / "en/ui.po").unlink()

    found = [(p.code, p.file) for p in check(folder, today=TODAY)]

    assert ("missing_file", "datos.yaml") in found
    assert ("missing_file", "en/ui.po") in found
    assert len(found) <= 4


def test_broken_words_are_told_with_their_line(folder: Path) -> None:
    file = folder / "es/ui.po"
    file.write_text(file.read_text(encoding="utf-8") + '\nmsgid "una.clave"\nmsgstr "sin cerrar\n', encoding="utf-8")

    found = check(folder, today=TODAY)

    assert [(p.code, p.file) for p in found] == [("po_broken", "es/ui.po")]


def test_places_in_braces_must_be_the_same_in_both_languages(folder: Path) -> None:
    file = folder / "en/ui.po"
    text = file.read_text(encoding="utf-8").replace("Source: {name}", "Source: {who}")
    file.write_text(text, encoding="utf-8")

    assert [(p.code, p.field) for p in check(folder, today=TODAY)] == [("po_places", "source.line")]


def test_a_mistake_in_the_original_is_told_before_the_translation_that_fell_behind(folder: Path) -> None:
    file = folder / CARNE
    sound = file.read_text(encoding="utf-8").replace("Una foto.", "Dos fotos.")
    file.write_text(sound.replace("## Costo", "## Precio"), encoding="utf-8")
    assert [p.code for p in check(folder, today=TODAY)] == ["heading_unknown"]

    file.write_text(sound, encoding="utf-8")
    assert [(p.code, p.file) for p in check(folder, today=TODAY)] == [("translation_outdated", ENGLISH)]


def test_new_questions_do_not_make_a_translation_old(folder: Path) -> None:
    file = folder / CARNE
    file.write_text(
        file.read_text(encoding="utf-8").replace("questions:\n", "questions:\n  - dónde saco el papel\n"),
        encoding="utf-8",
    )

    assert check(folder, today=TODAY) == []


def test_only_the_asked_files_are_told_of(folder: Path) -> None:
    seed(folder, Seed("", CARNE, "## Costo", "## Precio", ""))
    seed(folder, Seed("", "es/titulos/apostilla.md", "## Costo", "## Precio", ""))

    assert {p.file for p in check(folder, [Path("es/titulos")], TODAY)} == {"es/titulos/apostilla.md"}
    assert {p.file for p in check(folder, [folder / CARNE], TODAY)} == {CARNE}
    assert [p.code for p in check(folder, [Path("es/nada.md")], TODAY)] == ["path_unknown"]
    assert failed(check(folder, today=TODAY))


def test_a_question_that_finds_another_article_is_told(folder: Path) -> None:
    def ranker(article: str, question: str, language: str) -> str | None:
        return "titulos/apostilla" if "carne número 3?" in question and language == "es" else article

    found = check(folder, today=TODAY, ranker=ranker)

    text = (folder / CARNE).read_text(encoding="utf-8")
    assert [(p.code, p.line) for p in found] == [
        ("question_misleads", line_with(text, "¿Cómo saco el papel carne número 3?"))
    ]


def test_every_kind_of_mistake_has_words_in_both_languages() -> None:
    from bot.library.problems import Problem

    for code in codes():
        for language in ("es", "en"):
            words = Problem("a.md", 1, "campo", code, tuple((name, "x") for name in _names(code, language)))
            assert words.message(language)
            assert words.remedy(language)
            assert words.level in {"error", "warning"}


def test_warnings_are_exactly_those_that_the_design_allows() -> None:
    from bot.library.problems import Problem

    warnings = {code for code in codes() if Problem("a", 1, "", code).level == "warning"}

    assert warnings == {
        "bom", "crlf", "due", "withdrawn", "hard_to_read", "sentence_long", "question_misleads",
        "translation_missing", "translation_outdated", "translation_unmarked",
    }  # fmt: skip


@cache
def _mistakes() -> dict[str, dict[str, dict[str, str]]]:
    text = (REAL.parent / "bot/library/mistakes.yaml").read_text(encoding="utf-8")
    return dict(yaml.load(text, Loader=yaml.CSafeLoader))


def _names(code: str, language: str) -> set[str]:
    row = _mistakes()[code][language]
    both = row["message"] + row["remedy"]
    return {name for _, name, _, _ in string.Formatter().parse(both) if name and name != "field"}


# --- the pens -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before",
    [
        "verified: null",
        "verified:",
        "verified: null   # lo pone el equipo",
        'verified: {on: 2026-01-01, by: "Otra Persona"}',
        "verified:\n  on: 2026-01-01\n  by: Otra Persona",
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_verifying_changes_that_one_field_and_nothing_else(folder: Path, before: str, ends: str) -> None:
    file = folder / CARNE
    text = file.read_text(encoding="utf-8").replace("verified: null", before).replace("\n", ends)
    file.write_bytes(text.encode())

    verify(file, "Ana Pérez", date(2026, 12, 3))

    comment = "   # lo pone el equipo" if "#" in before else ""
    plain = before.replace("\n", ends)
    expected = text.replace(plain, f'verified: {{on: 2026-12-03, by: "Ana Pérez"}}{comment}')
    assert file.read_bytes().decode() == expected
    article = load(folder).library.article("regularizacion/carne")
    assert article
    assert article.verified
    assert (article.verified.by, article.verified.on) == ("Ana Pérez", date(2026, 12, 3))
    assert not failed(check(folder, today=date(2026, 12, 4)))


@pytest.mark.parametrize("name", ["", "A", "Ana\nstatus: draft", "x" * 81])
def test_a_name_that_is_none_verifies_nothing(folder: Path, name: str) -> None:
    before = (folder / CARNE).read_bytes()

    with pytest.raises(BadContent):
        verify(folder / CARNE, name, TODAY)
    assert (folder / CARNE).read_bytes() == before


def test_a_name_with_quotes_stays_a_name(folder: Path) -> None:
    verify(folder / CARNE, 'Ana "la profe", {x}: #1', TODAY)

    article = load(folder).library.article("regularizacion/carne")
    assert article
    assert article.verified
    assert article.verified.by == 'Ana "la profe", {x}: #1'


def test_a_broken_article_cannot_be_verified(folder: Path) -> None:
    seed(folder, Seed("", CARNE, "## Costo", "## Precio", ""))

    with pytest.raises(BadContent):
        verify(folder / CARNE, "Ana Pérez", TODAY)
    with pytest.raises(BadContent):
        verify(folder / "datos.yaml", "Ana Pérez", TODAY)


def test_stamping_fills_only_what_is_not_stamped(folder: Path) -> None:
    english = folder / ENGLISH
    text = english.read_text(encoding="utf-8")
    english.write_text(re.sub("translates: .*", "translates: PENDING", text), encoding="utf-8")
    other = folder / "en/titulos/apostilla.md"
    other.write_text(re.sub("translates: .*", "translates: abc", other.read_text(encoding="utf-8")), encoding="utf-8")

    assert stamp_translations(folder) == [ENGLISH]
    assert english.read_text(encoding="utf-8") == text
    assert stamp_translations(folder) == []
    assert stamp_translations(folder, again=True) == ["en/titulos/apostilla.md"]
    assert check(folder, today=TODAY) == []


def test_the_due_list_leads_staff_through_what_nobody_has_verified(folder: Path) -> None:
    library = load(folder).library
    assert [row.article.id for row in due(library, TODAY)] == ["regularizacion/carne", "titulos/apostilla"]

    verify(folder / CARNE, "Ana Pérez", TODAY)

    library = load(folder).library
    assert [row.article.id for row in due(library, TODAY)] == ["titulos/apostilla"]
    assert [(row.article.id, row.state) for row in due(library, date(2027, 4, 1))] == [
        ("regularizacion/carne", "stale"),
        ("titulos/apostilla", "stale"),
    ]


# --- whatever stands in a file --------------------------------------------------------------------------------------

FILES = sorted(path.relative_to(REAL).as_posix() for path in REAL.rglob("*") if path.suffix in {".md", ".yaml", ".po"})
READ = [path for path in FILES if place_of(path) is not None]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A real file, cut, with bytes flipped, with junk in it."""
    path = draw(st.sampled_from(READ))
    raw = bytearray((REAL / path).read_bytes())
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(raw) - 1, 0)))
        match draw(st.sampled_from(["cut", "flip", "junk", "drop"])):
            case "cut":
                del raw[place:]
            case "flip" if raw:
                raw[place] ^= draw(st.integers(1, 255))
            case "drop":
                del raw[place : place + draw(st.integers(1, 200))]
            case _:
                raw[place:place] = draw(st.binary(max_size=40) | st.sampled_from(JUNK))
    return path, bytes(raw)


JUNK = [
    b"\n---\n",
    b"\t",
    b"&a *a",
    b"{{ datos.",
    b"!!python/object:os.system",
    b"- - - -",
    b"[" * 60,
    b": ",
    b"\n## \n",
    b"%",
    b"{",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_reading_never_raises_whatever_stands_in_a_file(case: tuple[str, bytes]) -> None:
    path, raw = case
    place = place_of(path)
    assert place

    sheet = parse(place, raw, Notes(path))

    for problem in sheet.problems:
        assert problem.line >= 1
        assert problem.message()
        assert problem.remedy("en")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    where=st.sampled_from([CARNE, ENGLISH, FLOW, LIST, FAIR, "datos.yaml", "pais.yaml", "glosario.yaml", "es/ui.po"]),
    data=st.data(),
)
def test_checking_never_raises_whatever_stands_in_a_file(faultless: Path, where: str, data: st.DataObject) -> None:
    file = faultless / where
    before = file.read_bytes()
    place = data.draw(st.integers(0, len(before)))
    length = data.draw(st.integers(0, 300))
    junk = data.draw(st.binary(max_size=30) | st.sampled_from(JUNK))
    try:
        file.write_bytes(before[:place] + junk + before[place + length :])
        for problem in check(faultless, today=TODAY):
            assert problem.to_json("es")["remedy"]
    finally:
        file.write_bytes(before)


@pytest.mark.skipif(sys.gettrace() is not None, reason="a tracer is slower than an editor's patience")
@pytest.mark.timeout(180)
def test_the_real_content_is_checked_in_an_editors_patience() -> None:
    """A second or two where nothing else runs; the bound is a guard against another order of magnitude."""
    assert cost(lambda: check(REAL, today=TODAY)) < 15
