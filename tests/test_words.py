"""What an editor changes in the files of words is in service a look later; what is broken stays as it was, and is told."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.__main__ import main
from bot.alerts.trust import Offer
from bot.errors import BadContent
from bot.library.check import check
from bot.library.load import Shelf
from bot.library.place import AT_TOP, What
from bot.library.problems import Notes
from bot.mind import Mind
from bot.news import reader_of
from bot.settings import HOME, Settings
from bot.word_files import READERS
from bot.wording import Wording
from bot.words import Words
from tests.conftest import Clock
from tests.road_kit import small_content

CONTENT = HOME / "content"
WORDS = (
    "controles.yaml",
    "vocabulario.yaml",
    "peligro.txt",
    "ofertas.yaml",
    "vacantes.yaml",
    "lugares-peru.yaml",
    "tarifas.yaml",
)

BROKEN = [
    # file, what is replaced, by what, words of the line that must be told, words of what is told
    ("controles.yaml", "\n  menu:\n", "\n  menu:\n    - (mostrar el menu\n", "(mostrar el", "(mostrar el menu"),
    ("controles.yaml", "\n  menu:\n", "\n  menu:\n    - '{nada} el menu'\n", "{nada} el", "{nada} el menu"),
    ("controles.yaml", "\n  menu:\n", "\n  menu:\n    - (menu)?\n", "(menu)?", "mensaje vacío"),
    ("controles.yaml", "\ncontroles:\n", "\ncontroles:\n  menuu: [menu]\n", "menuu:", "menuu"),
    ("controles.yaml", "\n  quiero:\n", "\n  quiero:\n    - (quiero ver\n", "(quiero ver", "(quiero ver"),
    ("controles.yaml", "\ncontroles:\n", "\ncontroles:\n  menuu: [menu\n", "greeting", "ficha"),
    ("vocabulario.yaml", "\ndirectas:\n", "\ndirectas:\n  asistente/x: ['a (b']\n", "asistente/x", "a (b"),
    ("vocabulario.yaml", "\nabreviaturas:\n", "\nabreviatura:\n", "abreviatura:", "abreviatura"),
    ("peligro.txt", "me quiere matar\n", "me quiere matar, ya\n", "matar, ya", "matar,"),
    ("peligro.txt", "[siempre proteccion/trata]", "[siempre]", "[siempre]", "[siempre]"),
    ("ofertas.yaml", "salario_minimo: 1130", "salario_minimo: mil", "salario_minimo", "número"),
    ("ofertas.yaml", "\nsenales:\n", "\nsenales:\n  feee: {}\n", "feee", "señal"),
    ("vacantes.yaml", "\nunidades:", "\nunidad:", "unidad:", "unidad"),
    ("vacantes.yaml", "\ndesde: [", "\ndesde: desde #", "desde: desde", "lista"),
    ("lugares-peru.yaml", "\nsinonimos: {", "\nsinonimos: {Cercado de Lyma: [Lima centro], ", "Lyma", "Lyma"),
    ("lugares-peru.yaml", "\napodos:\n", "\napodos:\n  '99': [Marte]\n", "Marte", "99"),
    ("tarifas.yaml", "high: 0\n", "high: barato\n", "barato", "barato"),
    ("tarifas.yaml", "high: 0\n", "high: null\n", "low: 0", "low y high"),
    ("tarifas.yaml", "as_of: 2026-11-22\n", "as_of: ayer\n", "ayer", "ayer"),
    ("es/ui.po", 'msgstr "Avisos de empleo"', 'msgstr "Avisos de empleo', 'msgstr "Avisos de empleo', "comilla"),
]  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Mind:
    """A program with the real words beside a few articles."""
    folder = tmp_path_factory.mktemp("office")
    content = small_content(folder, "violencia", "cpp", "sobre")
    return Mind(Settings(content=content, var=folder / "var", encoder="off"), Clock())


@pytest.fixture
def content(office: Mind) -> Iterator[Path]:
    """Its folder, as it was before each test."""
    folder: Path = office.words._folder
    before = {path: (folder / path).read_bytes() for path in (*WORDS, "pais.yaml", "es/ui.po", "en/ui.po")}
    yield folder
    for path, raw in before.items():
        if not (folder / path).exists() or (folder / path).read_bytes() != raw:
            (folder / path).write_bytes(raw)


@pytest.fixture
async def wise(office: Mind, content: Path) -> Mind:
    await office.refresh()
    return office


def change(folder: Path, file: str, old: str, new: str) -> None:
    """What an editor does."""
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")


def line_of(folder: Path, file: str, words: str) -> int:
    """Where the first line with these words stands."""
    return next(n for n, row in enumerate((folder / file).read_text("utf-8").splitlines(), 1) if words in row)


def rumbo(folder: Path, *words: str) -> tuple[int, str, str]:
    """A command as it is typed: exit code, output, complaint."""
    out, wrong, before = io.StringIO(), io.StringIO(), dict(os.environ)
    os.environ.update({"RUMBO_CONTENT": str(folder), "RUMBO_VAR": str(folder.parent / "var"), "RUMBO_ENCODER": "off"})
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(wrong):
            code = main(words)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return code, out.getvalue(), wrong.getvalue()


def says(mind: Mind) -> dict[str, Any]:
    """What people and partners notice of every file of words."""
    heard = mind.reader.understand_now("menu")
    return {
        "controls": heard.control,
        "danger": mind.reader.understand_now("me quiere matar mi ex").danger,
        "directly": mind.reader.understand_now("quien te hizo").ranking.hits[0].article,
        "offers": mind.gate.judge(Offer("Trabajo en casa, solo paga 50 soles de inscripción")).signals,
        "vacancies": reader_of(mind).places.read("Miraflores, Arequipa"),
        "rates": mind.words.rates.free("whatsapp", "service"),
        "texts": mind.wording.text("menu.alerts"),
    }


@pytest.mark.parametrize(("file", "old", "new", "at", "message"), BROKEN)
async def test_a_typo_of_an_editor_changes_nothing_for_people_and_is_told_once(
    wise: Mind, content: Path, caplog: pytest.LogCaptureFixture, file: str, old: str, new: str, at: str, message: str
) -> None:
    before = says(wise)
    change(content, file, old, new)

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await wise.refresh()

    assert says(wise) == before
    assert [problem.file for problem in wise.library.problems] == [file] * len(wise.library.problems) != []
    assert [record.file for record in caplog.records if record.message == "words_broken"] == [file]
    told = [problem for problem in check(content, [content / file], words=READERS) if problem.level == "error"]
    assert line_of(content, file, at) in {problem.line for problem in told}
    assert message in " ".join(problem.message() + problem.remedy() + problem.field for problem in told)


def test_the_check_that_is_typed_reads_the_files_of_words_too(content: Path) -> None:
    change(content, "controles.yaml", "\n  menu:\n", "\n  menu:\n    - (mostrar el menu\n")

    code, out, _ = rumbo(content, "check", "--json", "controles.yaml")

    assert code == 1
    assert [(row["file"], row["line"], row["level"]) for row in json.loads(out)] == [
        (str(content / "controles.yaml"), line_of(content, "controles.yaml", "(mostrar el menu"), "error")
    ]
    assert "(mostrar el menu" in json.loads(out)[0]["message"]


@pytest.mark.parametrize("file", [*WORDS, "es/ui.po"])
def test_a_start_with_a_broken_file_of_words_is_refused_in_one_line_that_names_it(content: Path, file: str) -> None:
    with (content / file).open("a", encoding="utf-8") as out:
        out.write('\n"sin cerrar: [\n')

    code, _, wrong = rumbo(content, "ask", "hola")

    assert code == 2
    assert wrong.count("\n") == 1
    assert f"{content / file}:" in wrong


def test_a_start_without_the_phrases_of_danger_says_which_file_is_missing(content: Path) -> None:
    (content / "peligro.txt").unlink()

    assert rumbo(content, "ask", "hola")[2] == f"rumbo: {content / 'peligro.txt'}: no such file\n"
    code, out, _ = rumbo(content, "check", "--json")
    assert code == 1
    assert str(content / "peligro.txt") in {row["file"] for row in json.loads(out)}


@pytest.mark.parametrize(
    ("file", "old", "new", "see"),
    [
        ("es/ui.po", '"Avisos de empleo"', '"Avisos de trabajo"', lambda mind: mind.wording.text("menu.alerts")),
        ("controles.yaml", "\n  menu:\n", "\n  menu:\n    - muestrario\n",
         lambda mind: mind.reader.understand_now("muestrario").control),
        ("vocabulario.yaml", "\n  asistente/sobre:\n", "\n  asistente/sobre:\n    - (quien|quienes) te parieron\n",
         lambda mind: mind.reader.understand_now("quien te parieron").ranking.outcome),
        ("peligro.txt", "me quiere matar\n", "me quiere matar\nme amarraron al tractor\n",
         lambda mind: mind.reader.understand_now("me amarraron al tractor").danger),
        ("ofertas.yaml", "salario_minimo: 1130", "salario_minimo: 2000",
         lambda mind: mind.gate.judge(Offer("Cocinero, Restaurante Sol SAC, Lima. S/ 1500 al mes, 48 horas")).signals),
        ("vacantes.yaml", "\nsin_sueldo: [", "\nsin_sueldo: [ni idea, ",
         lambda mind: "ni idea" in reader_of(mind).lexicon.no_pay),
        ("lugares-peru.yaml", "Lima Norte", "Lima Arribita", lambda mind: reader_of(mind).places.read("Lima Arribita")),
        ("tarifas.yaml", "free_a_month: 1000", "free_a_month: 500",
         lambda mind: mind.words.rates.free("whatsapp", "service")),
        ("pais.yaml", 'PEN: "S/"', 'PEN: "SOL"', lambda mind: mind.wording.money(5)),
    ],
)  # fmt: skip
async def test_what_is_saved_is_in_service_without_a_restart(
    wise: Mind, content: Path, file: str, old: str, new: str, see: Callable[[Mind], Any]
) -> None:
    before, held = see(wise), wise.wording
    change(content, file, old, new)

    await wise.refresh()

    assert see(wise) != before
    assert wise.wording is held  # whoever holds the words has the new ones


async def test_a_mended_file_is_in_service_again(wise: Mind, content: Path) -> None:
    change(content, "peligro.txt", "me quiere matar\n", "me quiere matar, ya\n")
    await wise.refresh()
    change(content, "peligro.txt", "me quiere matar, ya\n", "me quiere matar\nme amarraron al tractor\n")
    await wise.refresh()

    assert wise.reader.understand_now("me amarraron al tractor").danger is not None
    assert wise.library.problems == ()


@pytest.mark.parametrize("file", [*WORDS, "es/ui.po", "en/ui.po"])
async def test_a_file_of_words_that_vanishes_stays_in_service(wise: Mind, content: Path, file: str) -> None:
    before = says(wise)
    (content / file).unlink()

    await wise.refresh()

    assert says(wise) == before


async def test_a_text_that_loses_its_key_or_asks_for_an_unknown_place_stays_as_it_was(
    wise: Mind, content: Path
) -> None:
    before = wise.wording.text("menu.alerts")
    change(content, "es/ui.po", 'msgid "menu.alerts"\n', 'msgid "menu.avisos"\n')
    await wise.refresh()
    assert wise.wording.text("menu.alerts") == before

    change(content, "es/ui.po", 'msgid "menu.avisos"\nmsgstr "', 'msgid "menu.alerts"\nmsgstr "{nombre} ')
    await wise.refresh()
    assert wise.wording.text("menu.alerts") == before


async def test_a_look_at_unchanged_content_costs_next_to_nothing(wise: Mind) -> None:
    """CPU time of the quickest of five looks, so that a busy machine does not matter; once a second it is 1 % of a core."""
    reader, gate = wise.reader, wise.gate
    spent = []
    for _ in range(5):
        start = time.process_time()
        await wise.refresh()
        spent.append(time.process_time() - start)

    assert min(spent) < 0.01
    assert wise.reader is reader
    assert wise.gate is gate


async def test_a_new_price_or_text_does_not_build_the_search_again(wise: Mind, content: Path) -> None:
    reader = wise.reader
    change(content, "tarifas.yaml", "free_a_month: 1000", "free_a_month: 500")
    change(content, "es/ui.po", '"Avisos de empleo"', '"Avisos de trabajo"')

    await wise.refresh()

    assert wise.reader is reader


def test_the_texts_in_service_are_those_that_commands_read_alone() -> None:
    alone, shelf = Wording.read(CONTENT), Shelf(CONTENT, READERS)
    served = Words(CONTENT, shelf.sheets, shelf.current.country).wording
    for language in ("es", "en"):
        assert dict(served.entries(language)) == dict(alone.entries(language))
        assert served.locale(language) == alone.locale(language)
    assert served.money(1130) == alone.money(1130)


def test_the_real_files_of_words_have_no_mistake() -> None:
    for path, what in AT_TOP.items():
        if what in READERS:
            notes = Notes(path)
            assert READERS[what]((CONTENT / path).read_text("utf-8"), notes) is not None
            assert notes.problems == []


SMALL = {
    path: what
    for path, what in AT_TOP.items()
    if what in READERS and path not in {"ofertas.yaml", "lugares-peru.yaml", "controles.yaml"}
}
JUNK = [
    "\n",
    ": ",
    "[",
    "]",
    "{",
    "}",
    "- ",
    "(",
    ")",
    "?",
    "null",
    "~",
    "\t",
    "&a",
    "*a",
    "|",
    '"',
    "'",
    "#",
    "=",
    "\n  x: 3\n",
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), where=st.sampled_from(sorted(SMALL)))
def test_reading_words_never_raises_whatever_stands_in_the_file(data: st.DataObject, where: str) -> None:
    text = (CONTENT / where).read_text("utf-8")
    place = data.draw(st.integers(0, len(text)))
    length = data.draw(st.sampled_from([0, 1, 20, 2_000]))
    notes = Notes(where)

    value = READERS[SMALL[where]](text[:place] + data.draw(st.sampled_from(JUNK)) + text[place + length :], notes)

    assert (value is None) == (not notes.served)
    for problem in notes.problems:
        assert problem.message()
        assert problem.remedy("en")


def test_what_cannot_be_taken_is_refused_with_the_name_of_the_file_when_it_is_needed(
    content: Path, tmp_path: Path
) -> None:
    (content / "ofertas.yaml").unlink()
    mind = Mind(Settings(content=content, var=tmp_path, encoder="off"), Clock())

    with pytest.raises(BadContent, match=r"ofertas\.yaml"):
        mind.weigh("Trabajo fácil")
    assert What.OFFERS in READERS
