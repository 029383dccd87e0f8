"""A fair that a partner announces waits where the team sees it, and becomes a content file when somebody says so."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.road_kit import environment_of

CONTENT = Path(__file__).parent.parent / "content"
YEAR = datetime.now(UTC).year + 2
SHEET = (
    "Código;Feria;Inicio;Fin;Lugar;Dirección;Distrito;Departamento;Organiza;Estado\n"
    f"F1;Feria del Norte;05/12/{YEAR} 09:00;05/12/{YEAR} 16:00;Coliseo;Av. Perú 1;Comas;Lima;Municipalidad;\n"
    f"F2;Feria Sur;06/12/{YEAR};;Parque;;Cayma;Arequipa;GRA;Cancelada\n"
)

pytestmark = pytest.mark.timeout(180)  # each command is a program of its own


@pytest.fixture
def rumbo(tmp_path):
    shutil.copytree(CONTENT, tmp_path / "content")
    environment = environment_of(VAR=tmp_path / "var", CONTENT=tmp_path / "content", ENCODER="off")

    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "bot", *map(str, words)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    (tmp_path / "fairs.csv").write_text(SHEET, encoding="utf-8")
    assert run("import", "fairs", tmp_path / "fairs.csv", "--partner", "muni").returncode == 0
    return run


def held(rumbo):
    return {fair["name"]: fair for fair in json.loads(rumbo("fairs", "held", "--json").stdout)}


def test_a_fair_of_a_partner_is_seen_made_a_draft_and_waits_no_longer(rumbo, tmp_path):
    waiting = held(rumbo)
    made = rumbo("fairs", "draft", waiting["Feria del Norte"]["id"])
    file = tmp_path / "content" / "es" / "ferias" / f"{YEAR}-12-05-comas.md"
    front = yaml.safe_load(file.read_text(encoding="utf-8").split("---")[1])
    again = rumbo("fairs", "draft", waiting["Feria del Norte"]["id"])
    checked = json.loads(rumbo("check", "--json", file).stdout)

    assert {name: fair["state"] for name, fair in waiting.items()} == {
        "Feria del Norte": "held",
        "Feria Sur": "cancelled",
    }
    assert made.returncode == 0
    assert (front["title"], front["region"], front["start"]) == (
        "Feria del Norte",
        "15",
        f"{YEAR}-12-05T09:00:00-05:00",
    )
    assert front["status"] == "draft"
    assert again.returncode != 0
    assert "is there already" in again.stderr
    assert set(held(rumbo)) == {"Feria Sur"}
    assert [one["field"] for one in checked if one["level"] == "error"] in ([], ["sources[0].url"], ["url"])


def test_a_number_that_is_none_is_said_so(rumbo):
    answer = rumbo("fairs", "draft", 7)

    assert answer.returncode != 0
    assert "there is no fair 7" in answer.stderr
