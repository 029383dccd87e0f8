"""A fair that a partner announces waits where the team sees it, and becomes a content file when somebody says so."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

CONTENT = Path(__file__).parent.parent / "content"
SHEET = (
    "Código;Feria;Inicio;Fin;Lugar;Dirección;Distrito;Departamento;Organiza;Estado\n"
    "F1;Feria del Norte;05/12/2030 09:00;05/12/2030 16:00;Coliseo;Av. Perú 1;Comas;Lima;Municipalidad;\n"
    "F2;Feria Sur;06/12/2030;;Parque;;Cayma;Arequipa;GRA;Cancelada\n"
)


@pytest.fixture
def rumbo(tmp_path):
    shutil.copytree(CONTENT, tmp_path / "content")
    environment = {**os.environ, "RUMBO_VAR": str(tmp_path / "var"), "RUMBO_CONTENT": str(tmp_path / "content")}

    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "bot", *map(str, words)],
            env=environment | {"RUMBO_ENCODER": "off"},
            capture_output=True,
            text=True,
            timeout=60,
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
    file = tmp_path / "content" / "es" / "ferias" / "2030-12-05-comas.md"
    front = yaml.safe_load(file.read_text(encoding="utf-8").split("---")[1])
    again = rumbo("fairs", "draft", waiting["Feria del Norte"]["id"])
    checked = json.loads(rumbo("check", "--json", file).stdout)

    assert {name: fair["state"] for name, fair in waiting.items()} == {
        "Feria del Norte": "held",
        "Feria Sur": "cancelled",
    }
    assert made.returncode == 0
    assert (front["title"], front["region"], front["start"]) == ("Feria del Norte", "15", "2030-12-05T09:00:00-05:00")
    assert front["status"] == "draft"
    assert again.returncode != 0
    assert "is there already" in again.stderr
    assert set(held(rumbo)) == {"Feria Sur"}
    assert [one["field"] for one in checked if one["level"] == "error"] in ([], ["sources[0].url"], ["url"])


def test_a_number_that_is_none_is_said_so(rumbo):
    answer = rumbo("fairs", "draft", 7)

    assert answer.returncode != 0
    assert "there is no fair 7" in answer.stderr
