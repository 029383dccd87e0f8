"""The guides for partners and coordinators do not lie: examples run, columns are read, words and commands exist."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import uvicorn
from fastapi import FastAPI

from bot.__main__ import parser
from bot.alerts.events import KINDS
from bot.alerts.feeds import read_document
from bot.alerts.judging import COPY_DOUBTED, REJECTED_BEFORE, REPORTED
from bot.alerts.plain import folded
from bot.alerts.postings import EVENTS
from bot.alerts.trust import SIGNALS
from bot.storage.work import Storage
from bot.vacancies import KEPT, Office, VacancyDesk
from tests.vacancy_kit import MINIMUM_WAGE, gate, reader
from webhooks import partners
from webhooks.doors import LARGEST_BODY

DOCS = Path(__file__).parent.parent / "docs"
GUIDE = (DOCS / "para-aliados.md").read_text(encoding="utf-8")
NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)


def block(kind: str, after: str = "") -> str:
    """The first block of this kind after these words."""
    found = re.search(rf"```{kind}\n(.*?)```", GUIDE[GUIDE.index(after) :], re.DOTALL)
    assert found, (kind, after)
    return found[1]


def rows(after: str) -> list[list[str]]:
    """The rows of the first table of the partners' guide after these words."""
    return table_of(GUIDE, after)


def table_of(guide: str, after: str) -> list[list[str]]:
    """The rows of the first table after these words, without its head."""
    lines = guide[guide.index(after) :].splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("| ---"))
    table = []
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


@pytest.fixture
async def address(storage: Storage, new_id: Callable[[], int]) -> AsyncIterator[str]:
    """A real server with the partners' way in, on the real time: the examples sign with it."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731
    office = Office(reader, gate, lambda: MINIMUM_WAGE, ZoneInfo("America/Lima"))
    secret = re.search(r'SECRETO = "(.*)"', GUIDE)
    assert secret
    settings = SimpleNamespace(partner_secrets={"bolsa-sur": ("whsec_bnVldm8tbnVldm8tbnVldm8=", secret[1])})
    web = FastAPI()
    app: Any = SimpleNamespace(settings=settings, clock=now, vacancies=VacancyDesk(storage, office, now, new_id))
    web.include_router(partners.router(app))
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        server = uvicorn.Server(uvicorn.Config(web, log_config=None, lifespan="off"))
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[door]))
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
            server.should_exit = True


def of_today(example: str, address: str) -> str:
    """The example with our server, and with days that are still to come."""
    later = datetime.now(UTC) + timedelta(days=60)
    example = re.sub(r"2027-01-\d\d", f"{later:%Y-%m-%d}", example)
    return example.replace("https://rumbo.example", address).replace("2026-11-22T17:00:00Z", "2026-11-01T17:00:00Z")


async def said_by(*command: str | Path, cwd: Path) -> str:
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out.decode()


async def test_the_program_of_the_guide_does_what_the_guide_says(address, tmp_path):
    (tmp_path / "enviar.py").write_text(of_today(block("python"), address), encoding="utf-8")

    said = await said_by(sys.executable, "-X", "utf8", tmp_path / "enviar.py", cwd=tmp_path)

    assert said == block("text", "Eso escribe:")


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
async def test_the_request_of_the_guide_with_curl_is_taken(address, tmp_path):
    (tmp_path / "aviso.json").write_text(of_today(block("json"), address), encoding="utf-8")
    (tmp_path / "enviar.sh").write_text(of_today(block("sh", "Con `curl`"), address), encoding="utf-8")

    said = await said_by("bash", tmp_path / "enviar.sh", cwd=tmp_path)

    assert said.splitlines()[-1] == "200"
    assert '"title":"Panadero"' in said
    assert '"state":"open"' in said


def test_the_sheet_of_the_guide_is_read_as_it_says():
    intake = read_document(block("csv").encode("cp1252"), "bolsa-sur", reader(), NOON)

    wrong = [f"  row {one.row}: {one.field}: {one.reason}" for one in intake.rejected]
    told = [f"{len(intake.accepted)} taken in, {len(wrong)} rejected, {len(intake.duplicates)} unchanged", *wrong]
    assert [vacancy.employer for _, vacancy in intake.accepted] == ["Picantería Tía Juana", "Bazar Norte", None]
    assert sorted(told) == sorted(block("text", "De esta hoja").splitlines())


@pytest.mark.parametrize(("head", "columns"), [("### Vacantes", "columns"), ("### Ferias", "fair_columns")])
def test_every_column_of_the_guide_is_one_that_is_read(head, columns):
    known = getattr(reader().lexicon, columns)
    names = [
        name
        for row in rows(head)
        for name in re.split(r"[,;]\s*", re.sub(r"\(.*?\)|la hora, ahí mismo o en", "", row[1]))
        if name.strip()
    ]

    assert len(names) > 20
    assert [name for name in names if folded(name) not in known] == []


def test_the_words_and_figures_of_the_guide_are_those_of_the_program():
    told = {word for row in rows("### Qué se manda") for word in re.findall(r"`((?:vacancy|fair)\.\w+)`", row[0])}

    assert told == {*(f"vacancy.{kind}" for kind in EVENTS), *(f"fair.{kind}" for kind in KINDS)}
    assert {row[0].strip("`") for row in rows("Las señales")} == {*SIGNALS, REPORTED, COPY_DOUBTED, REJECTED_BEFORE}
    assert f"{KEPT.days} días" in GUIDE
    assert f"{partners.TOLERANCE.seconds // 60} minutos" in GUIDE
    assert f"Pesa más de {LARGEST_BODY // 1024**2} MB" in GUIDE


GUIDES = [
    (name, line)
    for name in ("para-aliados.md", "para-coordinadores.md")
    for line in re.findall(
        r"^rumbo .+$|(?<=`)rumbo [a-z]+ [^`]+(?=`)", (DOCS / name).read_text(encoding="utf-8"), re.MULTILINE
    )
]


@pytest.mark.parametrize(("guide", "line"), GUIDES)
def test_every_command_of_the_guides_is_one_that_is_understood(guide, line):
    given = parser().parse_args(shlex.split(line)[1:])

    assert callable(given.act)


def test_what_the_guide_says_of_a_stop_or_a_refusal_is_what_the_program_says():
    coordinators = (DOCS / "para-coordinadores.md").read_text(encoding="utf-8")
    said = " ".join((DOCS.parent / "content" / "es" / "ui.po").read_text(encoding="utf-8").split())
    told = [
        cells[0]
        for head in ("## Cuando se detiene solo", "Y cuando se niega", "Por qué alguien no lo recibe")
        for cells in table_of(coordinators, head)
    ]

    assert len(told) > 15
    for words in told:
        for part in re.split(r", o |…", words.replace("12", "{n}")):
            assert part.strip() in said, part
