"""The inbox of vacancies on the command line: enough to judge one, and a wrong decision can be undone."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bot.alerts.vacancy import State, Where
from bot.commands.inbox import Teller
from tests.news_kit import wording
from tests.road_kit import environment_of
from tests.vacancy_kit import vacancy

HELD = vacancy(
    title="Botones",
    employer=None,
    places=(Where("15", "Miraflores"), Where("08")),
    pay_min=1300.0,
    pay_max=1600.0,
    pay_original="S/ 1300 a 1600",
    description="Turnos.\nPago de S/ 40 por examen médico.",
    state=State.HELD,
    signals=("fee", "no_employer"),
)


def teller(**reports):
    return Teller(wording(), {"15": "Lima", "08": "Cusco"}.__getitem__, reports)


def test_a_line_names_places_reports_and_the_original():
    assert teller(**{"1": 2}).line(HELD) == (
        "1  retenida  Botones · sin empleador identificable · Miraflores, Cusco · 2 reportes"
    )
    copy = vacancy(id="7", state=State.DUPLICATE, duplicate_of="1")
    assert teller().line(copy) == "7  repetida  Mozo · Bar Norte · remoto · es la misma que 1"


def test_the_list_of_those_held_says_why_in_words():
    _, first, second = teller().with_reasons([HELD])

    assert first.startswith("    - Te piden dinero")
    assert second.startswith("    - No se sabe quién contrata")


def test_one_is_shown_with_all_that_is_needed_to_decide():
    shown = "\n".join(teller().whole(HELD))

    for words in (
        "De bolsa, código a1",
        "Paga: S/ 1,300 - S/ 1,600 al mes (escrito: S/ 1300 a 1600)",
        "Vale hasta: no lo dice",
        "Por qué espera a una persona:\n- Te piden dinero",
        "Turnos.\nPago de S/ 40 por examen médico.",
    ):
        assert words in shown
    bare = "\n".join(teller().whole(vacancy(places=(Where("15"),))))
    assert "Paga: no lo dice" in bare
    assert "(sin descripción)" in bare
    assert "Por qué" not in bare


@pytest.mark.timeout(180)  # each command is a program of its own
def test_the_commands_list_hold_and_undo(tmp_path):
    postings = [
        {"@type": "JobPosting", "identifier": str(number), "title": f"Mozo {number}", "jobLocation": "Breña, Lima"}
        for number in range(3)
    ]
    (tmp_path / "vacantes-nov.json").write_text(json.dumps(postings), encoding="utf-8")
    env = environment_of(VAR=tmp_path / "var", ENCODER="off")

    def rumbo(*words):
        command = [sys.executable, "-m", "bot", *words]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    taken = rumbo("import", "vacancies", "vacantes-nov.json", "--json")
    (one, *_) = json.loads(taken.stdout)["accepted"]
    held = rumbo("vacancies", "held", "--limit", "2").stdout
    rejected = rumbo("vacancies", "reject", one["id"], "--by", "Rosa")
    undone = rumbo("vacancies", "approve", one["id"], "--by", "Luis", "--json")

    assert one["partner"] == "vacantes"
    assert "taken as sent by «vacantes»" in taken.stderr
    assert "No se sabe quién contrata" in held
    assert "2 of 3 are shown; --limit 3 shows all" in held
    assert (rejected.returncode, "cerrada" in rejected.stdout) == (0, True)
    assert (undone.returncode, json.loads(undone.stdout)["state"]) == (0, "open")
