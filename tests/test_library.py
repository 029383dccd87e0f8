"""What the library serves, how old and broken files are treated, and what a person reads."""

import os
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.library import render
from bot.library.article import Article, Section, Source, Verified
from bot.library.country import easter
from bot.library.fairs import calendar
from bot.library.library import Library
from bot.library.load import Loaded, Shelf, load
from bot.library.readability import inflesz, sentences, syllables
from bot.wording import Wording
from tests.library_files import REAL, write_content

NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)
CARNE = "regularizacion/carne"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A faultless folder, to be read or copied."""
    return write_content(tmp_path_factory.mktemp("content"))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(whole, tmp_path / "content"))


@pytest.fixture(scope="module")
def library(whole: Path) -> Library:
    """The small library."""
    return load(whole).library


@pytest.fixture(scope="module")
def real() -> Loaded:
    """The library that people use."""
    return load(REAL)


@pytest.fixture(scope="module")
def wording() -> Wording:
    """The words that people read."""
    return Wording.read(REAL)


def change(folder: Path, path: str, old: str, new: str) -> None:
    """Edit a file, so that nobody can mistake it for the old one."""
    file = folder / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    later = file.stat().st_mtime_ns + 1_000_000
    os.utime(file, ns=(later, later))


# --- what is served -------------------------------------------------------------------------------------------------


def test_an_article_comes_in_the_language_that_was_asked_for(library: Library) -> None:
    found = library.article(CARNE, "en")

    assert found
    assert (found.language, found.title) == ("en", "The paper carne")
    assert [section.key for section in found.sections] == ["requisitos", "costo", "ojo"]


def test_without_a_translation_the_spanish_article_comes_and_says_so(folder: Path, wording: Wording) -> None:
    (folder / "en/regularizacion/carne.md").unlink()

    found = load(folder).library.article(CARNE, "en")

    assert found
    assert found.language == "es"
    assert wording.text("language.only_spanish", "en") in render.bubble(found, NOW, wording, "en")
    assert wording.text("language.only_spanish", "en") not in render.bubble(found, NOW, wording, "es")


def test_a_draft_is_not_shown_anywhere(folder: Path) -> None:
    change(folder, f"es/{CARNE}.md", "status: published", "status: draft")
    change(folder, f"en/{CARNE}.md", "status: published", "status: draft")

    library = load(folder).library

    assert library.article(CARNE) is None
    assert CARNE not in [article.id for article in library.each("en")]
    assert "regularizacion" not in library.topics


def test_values_are_written_in_as_people_read_them(library: Library) -> None:
    spanish, english = library.article(CARNE), library.article(CARNE, "en")

    assert spanish
    assert english
    assert spanish.section("costo") == Section("costo", "Pagas S/ 40.60 en el banco.")
    assert english.section("costo") == Section("costo", "You pay S/ 40.60 at the bank.")


@pytest.mark.parametrize(
    ("key", "spanish", "english"),
    [
        ("uit", "S/ 5,500", "S/ 5,500"),
        ("tasa_carne", "S/ 40.60", "S/ 40.60"),
        ("arancel", "US$ 60", "US$ 60"),
        ("linea_sunafil", "0800-16872", "0800-16872"),
        ("recargo", "25 %", "25 %"),
        ("fecha_cierre", "10 nov 2023", "10 Nov 2023"),
    ],
)
def test_each_kind_of_value_has_its_form(folder: Path, key: str, spanish: str, english: str) -> None:
    for language in ("es", "en"):
        change(folder, f"{language}/{CARNE}.md", "datos.tasa_carne", f"datos.{key}")

    library = load(folder).library

    for language, right in (("es", spanish), ("en", english)):
        article = library.article(CARNE, language)
        assert article
        assert f" {right} " in article.sections[1].text


def test_topics_and_articles_come_in_the_order_of_the_country_file(real: Loaded) -> None:
    library = real.library

    assert library.topics[:2] == ("regularizacion", "titulos")
    assert [article.slug for article in library.in_topic("regularizacion")][:3] == [
        "cual-documento",
        "cpp",
        "cpp-vencido",
    ]
    assert [a.id for a in library.in_topic("titulos", "en")] == [a.id for a in library.in_topic("titulos", "es")]


def test_flows_and_lists_come_with_their_steps(library: Library) -> None:
    flow, todo = library.flow("titulos/apostilla", "en"), library.flow("ferias/lista")

    assert flow
    assert todo
    assert flow.steps[flow.start].options[1].label == "No"
    assert flow.steps["dos"].article == CARNE
    assert (todo.kind, todo.keep, [item.id for item in todo.items]) == ("checklist", True, ["cv", "copia"])


def test_the_next_fairs_are_those_that_are_not_over(library: Library) -> None:
    assert [fair.id for fair in library.upcoming(NOW)] == ["2027-02-18-lima"]
    assert library.upcoming(NOW, region="13") == ()
    assert library.upcoming(datetime(2027, 2, 18, 20, 59, tzinfo=UTC))[0].example
    assert library.upcoming(datetime(2027, 2, 18, 21, 1, tzinfo=UTC)) == ()
    assert library.fair("ferias/2027-02-18-lima", "en") == library.fair("2027-02-18-lima", "en")


def test_a_cancelled_fair_is_not_announced_and_can_still_be_asked_for(folder: Path) -> None:
    change(folder, "es/ferias/2027-02-18-lima.md", "status: confirmed", "status: cancelled")

    library = load(folder).library

    assert library.upcoming(NOW) == ()
    assert library.fair("2027-02-18-lima") is not None


def test_the_calendar_file_opens_at_the_right_hour(library: Library) -> None:
    fair = library.fair("2027-02-18-lima")
    assert fair

    event = icalendar.Calendar.from_ical(calendar(fair, NOW)).walk("VEVENT")[0]

    assert event["dtstart"].dt == fair.start
    assert event["dtend"].dt == fair.end
    assert event["summary"] == "Feria en Lima"


def test_the_same_content_has_the_same_version_on_every_host(whole: Path, folder: Path) -> None:
    assert load(whole).library.version == load(folder).library.version

    change(folder, "datos.yaml", "5500", "5550")
    assert load(whole).library.version != load(folder).library.version


def test_the_real_content_is_whole(real: Loaded, wording: Wording) -> None:
    """Everything in the folder is served in both languages, and fits into a bubble."""
    library = real.library

    assert [p for p in real.problems if p.level == "error"] == []
    assert len(library.articles("es")) == len(library.articles("en")) >= 79
    for article in (*library.articles("es"), *library.articles("en")):
        for text in (
            render.bubble(article, NOW, wording),
            render.sources_bubble(article, NOW, wording),
            *(render.section_bubble(article, section.key, NOW, wording) for section in article.sections),
        ):
            assert len(text) <= 1024
            assert "{{" not in text
        assert article.official.startswith("http")
        assert wording.text(f"topic.{article.topic}", article.language)


# --- changing files -------------------------------------------------------------------------------------------------


def test_a_changed_file_is_served_after_a_refresh(folder: Path) -> None:
    shelf = Shelf(folder)
    before = shelf.current
    assert not shelf.refresh()
    assert shelf.current is before

    change(folder, f"es/{CARNE}.md", "El papel carne", "El carné nuevo")

    assert shelf.refresh()
    after, old = shelf.current.article(CARNE), before.article(CARNE)
    assert after
    assert old
    assert (old.title, after.title) == ("El papel carne", "El carné nuevo")
    assert shelf.current.version != before.version


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (f"es/{CARNE}.md", "## Costo", "## Precio"),
        (f"es/{CARNE}.md", "review_by: 2027-03-31", "review_by: pronto"),
        (f"es/{CARNE}.md", "datos.tasa_carne", "datos.otra"),
        (f"es/{CARNE}.md", "---\ntitle", "title"),
    ],
)
def test_a_broken_file_leaves_its_last_good_version_in_service(folder: Path, path: str, old: str, new: str) -> None:
    shelf = Shelf(folder)
    good = shelf.current.article(CARNE)

    change(folder, path, old, new)
    shelf.refresh()
    assert shelf.current.article(CARNE) == good

    change(folder, path, new, old)
    change(folder, path, "El papel carne", "El papel sano")
    shelf.refresh()
    healed = shelf.current.article(CARNE)
    assert healed
    assert healed.title == "El papel sano"
    assert shelf.current.problems == ()


def test_a_broken_file_keeps_its_mistake_on_the_list(folder: Path) -> None:
    shelf = Shelf(folder)

    change(folder, f"es/{CARNE}.md", "## Costo", "## Precio")
    shelf.refresh()
    change(folder, "es/titulos/apostilla.md", "El papel apostilla", "Otro papel")
    shelf.refresh()

    assert [problem.code for problem in shelf.current.problems] == ["heading_unknown"]
    assert shelf.current.article(CARNE) is not None


@pytest.mark.parametrize("path", ["datos.yaml", "pais.yaml"])
def test_broken_values_or_country_leave_the_old_ones_in_service(folder: Path, path: str) -> None:
    shelf = Shelf(folder)
    good = shelf.current

    (folder / path).write_bytes(b"uit: [")
    shelf.refresh()

    assert shelf.current.datos == good.datos
    assert shelf.current.country == good.country
    assert shelf.current.article(CARNE) == good.article(CARNE)
    assert [problem.file for problem in shelf.current.problems] == [path]


def test_a_text_with_an_unknown_value_is_on_the_list(folder: Path) -> None:
    shelf = Shelf(folder)

    change(folder, f"es/{CARNE}.md", "datos.tasa_carne", "datos.otra")
    shelf.refresh()

    assert [(p.code, p.file, p.line) for p in shelf.current.problems] == [("datos_unknown", f"es/{CARNE}.md", 36)]


def test_half_broken_values_do_not_take_articles_away(folder: Path) -> None:
    shelf = Shelf(folder)

    change(folder, "datos.yaml", "  value: 40.6\n", "")
    shelf.refresh()

    assert shelf.current.article(CARNE) is not None


def test_a_deleted_file_is_not_served_any_more(folder: Path) -> None:
    shelf = Shelf(folder)

    (folder / f"es/{CARNE}.md").unlink()
    (folder / f"en/{CARNE}.md").unlink()
    shelf.refresh()

    assert shelf.current.article(CARNE) is None


def test_a_new_article_is_served_without_touching_anything_else(folder: Path) -> None:
    shelf = Shelf(folder)
    text = (folder / f"es/{CARNE}.md").read_text(encoding="utf-8")

    (folder / "es/regularizacion/nuevo.md").write_text(text.replace("papel carne", "papel nuevo"), encoding="utf-8")
    shelf.refresh()

    assert shelf.current.article("regularizacion/nuevo", "en") is not None


def test_a_folder_that_is_not_there_gives_an_empty_library(tmp_path: Path) -> None:
    loaded = load(tmp_path / "nada")

    assert loaded.library.topics == ()
    assert loaded.library.article(CARNE) is None
    assert loaded.problems == ()


def test_files_that_are_no_content_are_left_alone(folder: Path) -> None:
    (folder / "LEEME.txt").write_text("hola", encoding="utf-8")
    (folder / "es/regularizacion/.carne.md.swp").write_bytes(b"\xff\xfe")
    (folder / "es/regularizacion/carne.md~").write_bytes(b"\xff\xfe")

    assert load(folder).problems == ()


# --- what a person reads --------------------------------------------------------------------------------------------


def article(**changes: object) -> Article:
    """An article with everything."""
    made = Article(
        id=CARNE,
        topic="regularizacion",
        slug="carne",
        language="es",
        title="Carné",
        label="Carné",
        questions=("¿Cómo?",),
        keywords=(),
        sources=(Source("Migraciones", "https://www.gob.pe/migraciones", "2025-09-12"),),
        verified=None,
        review_by=date(2027, 3, 31),
        regions=(),
        related=(),
        status="published",
        summary="Pide tu cita. Lleva tu pasaporte.",
        sections=(Section("costo", "Pagas S/ 40.60."),),
        translates="",
        path="es/regularizacion/carne.md",
        hash="abc",
        official="https://www.gob.pe/migraciones",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_the_source_line_says_who_and_how_fresh(wording: Wording) -> None:
    assert render.source_line(article(), wording) == "Fuente: Migraciones · dato de set 2025"
    assert render.source_line(article(), wording, "en") == "Source: Migraciones · as of Sep 2025"
    year = article(sources=(Source("SUNEDU", "https://x.pe", "2025"),))
    assert render.source_line(year, wording) == "Fuente: SUNEDU · dato de 2025"


def test_only_what_a_person_verified_is_called_verified(wording: Wording) -> None:
    checked = article(verified=Verified(date(2026, 12, 3), "Ana"))

    assert render.source_line(checked, wording).endswith("· verificado el 3 dic 2026")
    assert "verificado el" not in render.bubble(article(), NOW, wording)
    assert "3 dic 2026" in render.sources_bubble(checked, NOW, wording)
    assert "Todavía no" in render.sources_bubble(article(), NOW, wording)


def test_an_answer_is_title_summary_and_source(wording: Wording) -> None:
    assert render.bubble(article(), NOW, wording) == (
        "**Carné**\nPide tu cita. Lleva tu pasaporte.\n\nFuente: Migraciones · dato de set 2025"
    )
    assert render.section_bubble(article(), "costo", NOW, wording) == (
        "**Carné: Costo**\nPagas S/ 40.60.\n\nFuente: Migraciones · dato de set 2025"
    )


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2027, 3, 31), "fresh"),
        (date(2027, 4, 1), "stale"),
        (date(2027, 6, 29), "stale"),
        (date(2027, 6, 30), "withdrawn"),
    ],
)
def test_freshness_follows_the_review_date(day: date, state: str) -> None:
    assert render.freshness(article(), day) == state


def test_an_old_answer_warns_first_and_names_the_official_page(wording: Wording) -> None:
    text = render.bubble(article(), date(2027, 4, 1), wording)

    assert "puede haber cambiado" in text.split("\n")[0]
    assert "https://www.gob.pe/migraciones" in text.split("\n")[0]
    assert "Pide tu cita" in text


def test_a_much_too_old_answer_is_not_given(wording: Wording) -> None:
    for text in (
        render.bubble(article(), date(2027, 6, 30), wording),
        render.section_bubble(article(), "costo", date(2027, 6, 30), wording),
    ):
        assert "Pide tu cita" not in text
        assert "40.60" not in text
        assert "https://www.gob.pe/migraciones" in text
        assert "persona" in text


def test_the_sources_come_with_links_dates_and_version(wording: Wording) -> None:
    text = render.sources_bubble(article(), NOW, wording)

    assert "https://www.gob.pe/migraciones" in text
    assert "set 2025" in text
    assert "abc" in text


@given(
    summary=st.text("ab. \n*", min_size=1, max_size=3000),
    title=st.text("abc ", min_size=1, max_size=60),
    day=st.dates(date(2026, 1, 1), date(2028, 1, 1)),
    verified=st.booleans(),
    language=st.sampled_from(["es", "en"]),
)
def test_no_answer_is_ever_longer_than_a_bubble(
    summary: str, title: str, day: date, verified: bool, language: str
) -> None:
    made = article(summary=summary, title=title, verified=Verified(day, "Ana") if verified else None)
    wording = WORDING

    text = render.bubble(made, day, wording, language)

    assert len(text) <= 1024
    if render.freshness(made, day) != "withdrawn":
        assert text.endswith(render.source_line(made, wording, language))


WORDING = Wording.read(REAL)


def test_a_shortened_text_ends_with_a_sentence() -> None:
    assert render.shortened("Uno dos. Tres cuatro. Cinco seis.", 25) == "Uno dos. Tres cuatro. …"
    assert render.shortened("Cabe.", 25) == "Cabe."


# --- country --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("15", "15"),
        ("Lima", "15"),
        ("vivo en San Juan de Lurigancho", "15"),
        ("TRUJILLO", "13"),
        ("la libertad", "13"),
        ("cuzco", "08"),
        ("estoy en tarapoto con mi familia", "22"),
        ("San Martín de Porres", "15"),
        ("san martin", "22"),
        ("Callao", "07"),
        ("Ancash", "02"),
        ("tengo mala suerte", None),
        ("Caracas", None),
    ],
)
def test_people_name_their_region_in_their_own_way(real: Loaded, said: str, code: str | None) -> None:
    found = real.library.country.find_region(said)

    assert (found.code if found else None) == code


def test_the_country_has_its_regions_sectors_and_lines(real: Loaded) -> None:
    country = real.library.country

    assert len(country.regions) == 25
    assert len(country.sectors) == 16
    assert country.find_sectors("busco chamba de mesero o ayudante de cocina")[0].id == "gastronomia-hoteleria"
    assert country.find_sectors("cleaner")[0].id == "limpieza"
    for line in country.help_lines:
        assert real.library.datos[line.datum].value
    assert real.library.datos[country.minimum_wage].value == 1130


def test_holidays_move_with_easter(real: Loaded) -> None:
    country = real.library.country

    assert [easter(year).isoformat() for year in (2026, 2027, 2028)] == ["2026-04-05", "2027-03-28", "2028-04-16"]
    assert country.holiday(date(2027, 3, 25)) == "Jueves Santo"
    assert country.holiday(date(2026, 12, 25)) == "Navidad"
    assert country.holiday(date(2026, 12, 26)) is None


def test_the_night_is_quiet_in_lima(real: Loaded) -> None:
    country = real.library.country
    evening = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 21:00 in Lima

    assert country.quiet(evening)
    assert not country.quiet(datetime(2026, 11, 23, 1, 59, tzinfo=UTC))
    assert not country.quiet(datetime(2026, 11, 23, 13, 0, tzinfo=UTC))
    assert country.end_of_quiet(evening) == datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
    assert country.end_of_quiet(datetime(2026, 11, 23, 8, 0, tzinfo=UTC)) == datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
    assert country.today(evening) == date(2026, 11, 22)


# --- reading ease ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "count"),
    [("casa", 2), ("extranjería", 5), ("país", 2), ("guerra", 2), ("pingüino", 3), ("ley", 1), ("mayo", 2), ("y", 1),
     ("aéreo", 4), ("ciudad", 2), ("búho", 2), ("ahora", 3), ("río", 2), ("muy", 1), ("migraciones", 4)],
)  # fmt: skip
def test_syllables_are_counted_as_in_spanish(word: str, count: int) -> None:
    assert syllables(word) == count


def test_plain_text_reads_easier_than_the_language_of_offices() -> None:
    plain = "Pide tu cita. Lleva tu pasaporte. Paga en el banco y guarda el papel."
    office = "La regularización administrativa correspondiente requiere documentación complementaria."

    assert inflesz(plain) > 80
    assert inflesz(office) < 40
    assert list(sentences("- Uno: **dos**. Tres [cuatro](https://x.pe)?\n- ¿Cinco?")) == [
        "Uno:",
        "dos.",
        "Tres cuatro?",
        "¿Cinco?",
    ]
