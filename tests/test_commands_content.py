"""`rumbo check`, `verify` and `fairs` as an editor types them, on a copy of small or real content."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import shutil
import textwrap
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import posters
from bot.__main__ import main, parser
from bot.commands.content import waiting
from bot.errors import BadContent
from bot.library.check import check
from bot.library.load import load
from bot.library.pen import stamp_translations
from bot.library.place import AT_TOP
from bot.word_files import READERS
from bot.wording import Wording
from tests.library_files import write_content
from tests.road_kit import seated

REAL = Path(__file__).resolve().parent.parent / "content"
TODAY = datetime.now(UTC).date()
FAIR_DAY, REVIEW = TODAY + timedelta(days=60), TODAY + timedelta(days=120)
FAIR = f"{FAIR_DAY}-lima"


class Desk:
    """An editor's terminal: a folder, and what the commands print there."""

    def __init__(self, folder: Path, var: Path) -> None:
        self.folder = folder
        self._var = var

    def type(self, *words: str) -> tuple[int, str, str]:
        """Exit code, what was printed, what was complained about."""
        out, wrong = io.StringIO(), io.StringIO()
        here = seated(self._var, CONTENT=self.folder, VAR=self._var)
        with here, contextlib.redirect_stdout(out), contextlib.redirect_stderr(wrong):
            code = main(words)
        return code, out.getvalue(), wrong.getvalue()

    def change(self, path: str, old: str, new: str) -> None:
        """What the editor does in the file."""
        file = self.folder / path
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Content whose dates lie around the day on which the test runs: the commands look at the real calendar."""
    folder = write_content(tmp_path / "content")
    for name in (name for name, what in AT_TOP.items() if what in READERS):
        shutil.copy(REAL / name, folder / name)
    for language in ("es", "en"):
        shutil.copy(REAL / language / "ui.po", folder / language / "ui.po")
        fair = folder / language / "ferias" / "2027-02-18-lima.md"
        text = fair.read_text("utf-8").replace("2027-02-18T", f"{FAIR_DAY}T").replace("2026-11-22", "2026-11-01")
        fair.rename(fair.with_name(f"{FAIR}.md")).write_text(text, "utf-8")
        for path in ("regularizacion/carne.md", "titulos/apostilla.md"):
            file = folder / language / path
            file.write_text(file.read_text("utf-8").replace("2027-03-31", f"{REVIEW}"), "utf-8")
    stamp_translations(folder, again=True)
    return Desk(folder, tmp_path / "var")


def test_the_check_names_file_line_field_and_remedy_and_fails_on_errors(desk):
    desk.change("es/regularizacion/carne.md", f"review_by: {REVIEW}", "review_by: 31/03/2027")

    code, out, _ = desk.type("check")

    line = next(n for n, row in enumerate(_lines(desk, "es/regularizacion/carne.md"), 1) if row.startswith("review_by"))
    assert code == 1
    assert re.search(rf"es/regularizacion/carne\.md:{line} review_by - .+\n    Remedio: .+", out)
    assert re.search(r"\n1 error, \d+ avisos?\.", out)


def test_the_check_speaks_english_when_asked(desk):
    desk.change("es/regularizacion/carne.md", f"review_by: {REVIEW}", "review_by: soon")

    code, out, _ = desk.type("check", "--lang", "en")

    assert code == 1
    assert "    Remedy: " in out
    assert "1 error, " in out


def test_warnings_alone_do_not_fail(desk):
    desk.change("es/regularizacion/carne.md", "Este papel", "\ufeffEste papel")
    (desk.folder / "es/regularizacion/carne.md").write_bytes(
        b"\xef\xbb\xbf" + (desk.folder / "es/regularizacion/carne.md").read_bytes().replace("\ufeff".encode(), b"")
    )

    code, out, _ = desk.type("check", str(desk.folder / "es/regularizacion"))

    assert code == 0
    assert "BOM" in out
    assert "0 errores, " in out


def test_the_check_of_one_file_is_silent_about_the_others(desk):
    desk.change("es/titulos/apostilla.md", f"review_by: {REVIEW}", "review_by: x")

    assert desk.type("check", str(desk.folder / "es/regularizacion"))[0] == 0
    assert desk.type("check", str(desk.folder / "es/titulos"))[0] == 1


def test_the_check_for_machines_has_the_six_facts_of_each_mistake(desk):
    desk.change("es/regularizacion/carne.md", f"review_by: {REVIEW}", "review_by: x")

    code, out, _ = desk.type("check", "--json")

    rows = json.loads(out)
    assert code == 1
    assert all(set(row) == {"file", "line", "field", "level", "message", "remedy"} for row in rows)
    assert [row["field"] for row in rows if row["level"] == "error"] == ["review_by"]
    assert Path(next(row["file"] for row in rows if row["level"] == "error")).is_file()


def test_a_path_that_is_not_there_is_told(desk):
    code, out, _ = desk.type("check", "nada.md")

    assert code == 1
    assert "nada.md" in out


def test_the_due_list_leads_through_what_nobody_has_verified(desk):
    code, out, _ = desk.type("check", "--due")

    assert code == 0
    assert "Nadie los ha verificado (2)" in out
    assert re.search(
        r"  regularizacion\n    carne +antes del \d+ \w+ \d{4}  sin responsable  es/regularizacion/carne\.md", out
    )


def test_the_due_list_puts_what_is_past_its_date_before_what_will_be(desk):
    verified = "verified: {on: 2026-01-05, by: Rosa Paz}"
    desk.change("es/regularizacion/carne.md", "verified: null", verified)
    library = load(desk.folder).library
    review = library.article("regularizacion/carne").review_by

    def why(day):
        return [(row.article.slug, row.why) for row in waiting(library, day)]

    assert why(review - timedelta(days=31)) == [("apostilla", "never")]
    assert why(review - timedelta(days=30)) == [("carne", "soon"), ("apostilla", "soon")]
    assert why(review + timedelta(days=1)) == [("carne", "stale"), ("apostilla", "stale")]
    assert why(review + timedelta(days=91)) == [("carne", "withdrawn"), ("apostilla", "withdrawn")]
    assert [row.owner for row in waiting(library, review)] == ["Rosa Paz", ""]


def test_the_due_list_for_machines_names_owner_and_dates(desk):
    desk.change("es/titulos/apostilla.md", f"review_by: {REVIEW}", "review_by: 2026-01-31")

    rows = json.loads(desk.type("check", "--due", "--json")[1])

    first = {"article": "titulos/apostilla", "topic": "titulos", "title": "El papel apostilla", "why": "withdrawn"}
    assert rows[0] == {**first, "review_by": "2026-01-31", "owner": None, "verified_on": None}


def test_a_way_of_asking_that_leads_elsewhere_is_found_when_asked(desk):
    stray = "¿Cómo saco el papel apostilla número 3?"
    desk.change("es/regularizacion/carne.md", "¿Cómo saco el papel carne número 3?", f"{stray[:-1]} hoy?")

    quiet, thorough = desk.type("check")[1], desk.type("check", "--questions")[1]

    assert "titulos/apostilla" not in quiet
    assert re.search(r"carne\.md:\d+ questions\[2\] - .*titulos/apostilla", thorough)


def test_verifying_writes_name_and_day_and_nothing_else(desk):
    before = _lines(desk, "es/regularizacion/carne.md")

    code, out, _ = desk.type("verify", "regularizacion/carne", "--by", "Rosa Paz")

    changed = [
        (old, new) for old, new in zip(before, _lines(desk, "es/regularizacion/carne.md"), strict=True) if old != new
    ]
    assert code == 0
    assert len(changed) == 1
    assert changed[0][0] == "verified: null"
    assert re.fullmatch(r'verified: \{on: \d{4}-\d\d-\d\d, by: "Rosa Paz"\}', changed[0][1])
    assert "verificado por Rosa Paz" in out
    assert "carne " not in desk.type("check", "--due")[1]


def test_verifying_an_article_that_is_not_there_tells_the_nearest_name(desk):
    code, _, wrong = desk.type("verify", "regularizacion/carnet", "--by", "Rosa Paz")

    assert code == 2
    assert "¿quisiste decir regularizacion/carne?" in wrong


@pytest.mark.parametrize("name", ["", "x", "a\nb"])
def test_verifying_needs_a_name(desk, name):
    code, _, wrong = desk.type("verify", "regularizacion/carne", "--by", name)

    assert code == 2
    assert wrong.startswith("rumbo: ")
    assert "verified: null" in _lines(desk, "es/regularizacion/carne.md")


def test_the_fairs_are_listed_with_their_state(desk):
    _, out, _ = desk.type("fairs", "list")
    rows = json.loads(desk.type("fairs", "list", "--json")[1])

    assert re.search(rf"{FAIR} +\d+ \w+ \d{{4}} +Feria en Lima  \(confirmed, ejemplo", out)
    assert rows[0]["id"] == FAIR
    assert rows[0]["region"] == "15"


def test_a_poster_carries_links_that_open_the_fair_in_both_apps(desk, tmp_path):
    folder = tmp_path / "carteles"
    given = ("--bot", "@rumbo_pe_bot", "--whatsapp", "+51 999 888 777", "--partner", "muni-lima", "--out", str(folder))

    code, out, wrong = desk.type("fairs", "poster", FAIR, *given)

    assert (code, wrong) == (0, "")
    assert f"https://t.me/rumbo_pe_bot?start=f_{FAIR}_muni-lima" in out
    assert f"https://wa.me/51999888777?text=Feria%20{FAIR}%20muni-lima" in out
    page = (folder / f"{FAIR}-muni-lima.svg").read_text("utf-8")
    words = " ".join(text for text in ET.fromstring(page).itertext() if text.strip())
    for part in (
        "Feria en Lima",
        f"{FAIR_DAY.day} de ",
        "9:00 a. m.",
        "Plaza Mayor",
        "Abre la cámara",
        "@rumbo_pe_bot",
        "+51999888777",
    ):
        assert part in words, part
    assert "EJEMPLO INVENTADO" in words
    assert {file.name for file in folder.glob("*.png")} == {
        f"{FAIR}-muni-lima-{c}.png" for c in ("telegram", "whatsapp")
    }
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in folder.glob("*.png"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("nada", "--bot", "rumbo_bot"), FAIR),
        ((FAIR,), "--bot"),
        ((FAIR, "--bot", "x"), "user name"),
        ((FAIR, "--whatsapp", "hola"), "+51"),
        ((FAIR, "--bot", "rumbo_bot", "--partner", "Muni Lima"), "partner"),
        ((FAIR, "--bot", "rumbo_bot", "--partner", "ics"), "partner"),
    ],
)
def test_a_poster_that_cannot_be_made_says_why(desk, tmp_path, given, told):
    code, out, wrong = desk.type("fairs", "poster", *given, "--out", str(tmp_path / "carteles"))

    assert code == 2
    assert out == ""
    assert told in wrong
    assert not (tmp_path / "carteles").exists()


@pytest.mark.parametrize(("status", "days"), [("cancelled", 0), ("draft", 0), ("confirmed", 1)])
def test_nobody_is_called_to_a_fair_that_is_off_or_over(desk, status, days):
    desk.change(f"es/ferias/{FAIR}.md", "status: confirmed", f"status: {status}")
    fair = load(desk.folder).library.fair(FAIR)
    now = fair.end + timedelta(days=days - 1) if days else datetime(2026, 11, 23, tzinfo=UTC)

    with pytest.raises(BadContent, match=FAIR):
        posters.usable(fair, now)


@given(partner=st.text(alphabet="abcdefghij0123456789-", max_size=40))
def test_every_deep_link_is_one_that_telegram_takes(partner):
    try:
        links = posters.links(EXAMPLE, posters.Doors("rumbo_bot"), WORDS, partner)
    except BadContent:
        return
    start = links["telegram"].partition("?start=")[2]
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", start)


WORDS = Wording.read(REAL)
EXAMPLE = load(REAL).library.fair("2027-02-18-lima-ejemplo")


def _lines(desk: Desk, path: str) -> list[str]:
    return (desk.folder / path).read_text("utf-8").splitlines()


GUIDE_WRITTEN = date(2026, 11, 23)
GUIDE = (REAL.parent / "docs" / "para-editores.md").read_text("utf-8")


def test_the_commands_of_the_guide_for_editors_exist():
    typed = set(re.findall(r"^ *(rumbo (?:check|verify|fairs).*)$", GUIDE, re.MULTILINE))

    assert len(typed) >= 6
    for line in typed:
        assert parser().parse_args(shlex.split(line)[1:]).act


def test_the_examples_of_the_guide_for_editors_are_right(desk):
    shutil.copytree(REAL, desk.folder, dirs_exist_ok=True)
    blocks = [textwrap.dedent(block) for block in re.findall(r"```markdown\n(.*?)```", GUIDE, re.DOTALL)]
    files = ("es/seguridad-social/biblioteca.md", "es/ferias/2027-01-23-comas.md")
    for path, text in zip(files, blocks, strict=True):
        (desk.folder / path).write_text(text, "utf-8")

    written = GUIDE_WRITTEN  # the example stays a fair that will be
    rows = [row.to_json("es") for row in check(desk.folder, [desk.folder / path for path in files], written)]

    assert [row["field"] for row in rows if row["level"] == "error"] == ["questions"]  # the guide says so


def test_the_pictures_of_the_guide_for_editors_are_there():
    for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", GUIDE):
        assert (REAL.parent / "docs" / picture).stat().st_size < 300_000
