"""The words of the assistant: complete in both languages, and formatted as people in Peru write."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.errors import BadContent
from bot.wording import Entry, Wording, month_of, placeholders
from tests.library_files import REAL

WORDING = Wording.read(REAL)
HEAD = 'msgid ""\nmsgstr ""\n"Language: es_PE\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'


def folder_with(tmp_path: Path, spanish: str, english: str = "") -> Path:
    """A content folder with these words alone."""
    for language, text in (("es", spanish), ("en", english)):
        (tmp_path / language).mkdir()
        (tmp_path / language / "ui.po").write_text(HEAD + text, encoding="utf-8")
    return tmp_path


def test_both_languages_have_the_same_keys() -> None:
    assert WORDING.keys("es") ^ WORDING.keys("en") == frozenset()


def test_both_languages_fill_in_the_same_places() -> None:
    spanish = dict(WORDING.entries("es"))

    different = [key for key, entry in WORDING.entries("en") if key in spanish and entry.places != spanish[key].places]

    assert different == []


def test_no_place_is_without_a_name() -> None:
    for language in ("es", "en"):
        for key, entry in WORDING.entries(language):
            assert all(re.fullmatch(r"[a-z_]+", place) for place in entry.places), key


def test_names_of_topics_and_sections_fit_on_buttons() -> None:
    for language in ("es", "en"):
        for key, entry in WORDING.entries(language):
            if (
                re.fullmatch(r"topic\.[a-z-]+|section\.(requisitos|pasos|costo|tiempo|donde|ojo)", key)
                and key != "topic.text"
            ):
                assert len(entry.forms[0]) <= 20, key


def test_a_missing_translation_is_said_in_spanish(tmp_path: Path) -> None:
    wording = Wording.read(folder_with(tmp_path, 'msgid "hola"\nmsgstr "Hola, {name}"\n'))

    assert wording.text("hola", "en", name="Ana") == "Hola, Ana"
    assert wording.has("hola", "en")
    with pytest.raises(KeyError):
        wording.text("adios", "en")


def test_a_translation_with_a_wrong_place_is_said_in_spanish() -> None:
    wording = Wording({"es": {"hola": Entry(("Hola, {name}",))}, "en": {"hola": Entry(("Hi, {who}",))}})

    assert wording.text("hola", "en", name="Ana") == "Hola, Ana"


def test_one_and_many(tmp_path: Path) -> None:
    words = 'msgid "n"\nmsgid_plural "n"\nmsgstr[0] "{n} aviso"\nmsgstr[1] "{n} avisos"\n'
    wording = Wording.read(folder_with(tmp_path, words))

    assert [wording.many("n", number) for number in (0, 1, 2)] == ["0 avisos", "1 aviso", "2 avisos"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('msgid "a"\nmsgstr "sin cerrar\n', 7),
        ('msgid "a"\nmsgstr "uno"\n\nmsgid "a"\nmsgstr "dos"\n', 9),
        ("esto no es nada\n", 6),
    ],
)
def test_broken_words_are_refused_with_their_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(BadContent, match=f"ui.po:{line}:"):
        Wording.read(folder_with(tmp_path, text))


def test_a_folder_without_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadContent):
        Wording.read(tmp_path)


def test_days_are_those_of_the_people_who_read() -> None:
    late = datetime(2026, 12, 4, 3, 30, tzinfo=UTC)  # the evening of the 3rd in Lima

    assert WORDING.date(late) == "3 dic 2026"
    assert WORDING.date(date(2025, 9, 12)) == "12 set 2025"
    assert WORDING.date(date(2025, 9, 12), "en") == "12 Sep 2025"
    assert WORDING.day(late) == "jueves 3 de diciembre"
    assert WORDING.day(late, "en") == "Thursday 3 December"
    assert WORDING.hour(late) == "10:30 p. m."


@pytest.mark.parametrize(("said", "shown"), [("2025", "2025"), ("2025-09", "set 2025"), ("2025-01-31", "ene 2025")])
def test_the_date_of_a_fact_is_as_exact_as_it_is_known(said: str, shown: str) -> None:
    assert month_of(said, "es_PE") == shown


@pytest.mark.parametrize(
    ("amount", "shown"), [(1130, "S/ 1,130"), (40.6, "S/ 40.60"), (0, "S/ 0"), (96000.0, "S/ 96,000")]
)
def test_money_is_written_as_in_peru(amount: float, shown: str) -> None:
    assert WORDING.money(amount) == shown
    assert WORDING.money(amount, "en") == shown


def test_an_open_brace_is_no_place() -> None:
    assert placeholders("a {b} {c}") == ("b", "c")
    with pytest.raises(ValueError, match=r"[Bb]race|'}'|expected"):
        placeholders("a {b")


def test_lists_of_words_are_cut_at_commas_and_bars() -> None:
    wording = Wording({"es": {"w": Entry(("menú, inicio|volver",))}})

    assert wording.words("w") == ("menú", "inicio", "volver")
