"""From questions that we could not answer to content: a draft that is never served, or more ways of asking."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import settings
from bot.__main__ import main
from bot.clock import Clock
from bot.commands.operate import open_storage
from bot.library import drafting
from bot.library.check import check
from bot.library.load import load
from bot.understanding.scrub import GAP, scrub
from tests.conftest import KEY
from tests.library_files import write_content
from tests.road_kit import seated

TODAY = datetime.now(UTC).date()
DOGS = (
    "¿puedo traer a mi perro?",
    "como traigo mi perro a peru",
    "soy Wilmer y quiero traer mi perro",
    "traer mi PERRO",
)
VISA = ("visa para mi perro: ¿cuál?", "visa # 12")

Desk = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_content(tmp_path / "content")


@pytest.fixture
def desk(folder: Path, tmp_path: Path, migrated_file: Path) -> Desk:
    """An editor's terminal on a database in which questions were left open."""
    shutil.copy(migrated_file, tmp_path / "rumbo.db")

    def type_(*words: str) -> tuple[int, str, str]:
        out, wrong = io.StringIO(), io.StringIO()
        here = seated(tmp_path, CONTENT=folder, VAR=tmp_path, SECRET_KEYS=KEY)
        with here, contextlib.redirect_stdout(out), contextlib.redirect_stderr(wrong):
            return main(words), out.getvalue(), wrong.getvalue()

    chosen = settings.Settings(_env_file=None, content=folder, var=tmp_path, secret_keys=KEY)
    asyncio.run(_leave_open(chosen, [("es", text) for text in DOGS] + [("en", "can i bring my dog")]))
    return type_


async def _leave_open(chosen: settings.Settings, rows: list[tuple[str, str]], at: datetime | None = None) -> None:
    storage = await open_storage(chosen)
    try:
        async with storage.work() as work:
            for language, text in rows:
                await work.feedback.missed("telegram", language, scrub(text), at or Clock()())
    finally:
        await storage.close()


def test_the_groups_are_numbered_largest_first(desk: Desk) -> None:
    code, shown, _ = desk("unanswered", "--json")

    groups = json.loads(shown)
    assert code == 0
    assert [group["number"] for group in groups] == list(range(1, len(groups) + 1))
    assert groups[0]["count"] >= 3


def test_a_group_becomes_a_draft_that_check_explains_and_nobody_is_served(desk: Desk, folder: Path) -> None:
    code, told, _ = desk("unanswered", "draft", "1", "--topic", "titulos", "--slug", "traer-mascotas")

    file = folder / "es/titulos/traer-mascotas.md"
    article = load(folder).library.pages[("es", "titulos/traer-mascotas")]
    found = [problem for problem in check(folder, today=TODAY) if "mascotas" in problem.file]
    assert code == 0
    assert str(file) in told
    assert article.status == "draft"
    assert load(folder).library.article("titulos/traer-mascotas") is None
    assert "¿puedo traer a mi perro?" in article.questions
    assert not any("Wilmer" in question or GAP in question for question in article.questions)
    assert len(article.questions) == len({question.casefold() for question in article.questions})
    assert "TODO" not in file.read_text("utf-8")
    assert {problem.code for problem in found} - {"translation_missing"} == {"placeholder_left", "few_questions"}
    assert all(problem.remedy() for problem in found)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("draft", "99", "--topic", "titulos", "--slug", "x"), "no group 99"),
        (("draft", "1", "--topic", "cocina", "--slug", "x"), "--topic"),
        (("draft", "1", "--topic", "titulos", "--slug", "../x"), "--slug"),
        (("draft", "1", "--topic", "titulos", "--slug", "apostilla"), "already"),
        (("add", "1", "titulos/nada"), "no such article"),
        (("add", "1"), "no such article"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    desk: Desk, folder: Path, words: tuple[str, ...], complaint: str
) -> None:
    before = {file: file.read_bytes() for file in folder.rglob("*.md")}

    code, _, wrong = desk("unanswered", *words)

    assert code == 2
    assert complaint in wrong
    assert {file: file.read_bytes() for file in folder.rglob("*.md")} == before


def test_ways_of_asking_are_added_and_every_other_byte_stays(desk: Desk, folder: Path) -> None:
    file = folder / "es/titulos/apostilla.md"
    text = file.read_text("utf-8").replace("questions:", "# de la oficina\nquestions: # en orden", 1)
    file.write_bytes(text.replace("\n", "\r\n").encode())
    before = file.read_bytes().decode()

    code, told, _ = desk("unanswered", "add", "1", "titulos/apostilla")
    again = desk("unanswered", "add", "1", "titulos/apostilla")

    after = file.read_bytes().decode()
    added = [line for line in after.split("\r\n") if line not in before.split("\r\n")]
    assert code == 0
    assert "¿puedo traer a mi perro?" in told
    assert [line for line in after.split("\r\n") if line not in added] == before.split("\r\n")
    assert "  - ¿puedo traer a mi perro?" in added
    assert "¿puedo traer a mi perro?" in load(folder).library.pages[("es", "titulos/apostilla")].questions
    assert (again[0], file.read_bytes().decode()) == (1, after)


@pytest.mark.parametrize("listed", ["questions: [a, b] # dos\nlabel: x\n", "questions:\n  - a\n  - b\nlabel: x\n"])
@pytest.mark.parametrize("question", [*VISA, "- no", "¿sí? sí", "null", "12", "'x", "a: b #c"])
def test_any_way_of_asking_survives_the_file(listed: str, question: str) -> None:
    import yaml

    text = drafting.with_questions(f"---\n{listed}---\nTexto\n", [question])

    assert yaml.safe_load(text.split("---")[1]) == {"questions": ["a", "b", question], "label": "x"}
    assert text.endswith("---\nTexto\n")


def test_a_kept_question_is_dropped_after_sixty_days(desk: Desk, folder: Path, tmp_path: Path) -> None:
    chosen = settings.Settings(_env_file=None, content=folder, var=tmp_path, secret_keys=KEY)

    async def purge() -> list[str]:
        await _leave_open(chosen, [("es", "muy vieja")], Clock()() - timedelta(days=61))
        storage = await open_storage(chosen)
        try:
            async with storage.work() as work:
                await work.feedback.purge(Clock()())
                return [text for _, _, text in await work.feedback.unanswered()]
        finally:
            await storage.close()

    left = asyncio.run(purge())

    assert "muy vieja" not in left
    assert len(left) == len(DOGS) + 1


def test_what_stands_for_a_name_is_the_same_where_questions_are_kept_and_used() -> None:
    assert drafting.GAP == GAP
