"""Controls: the whole message or nothing. A wrong `baja` or `borrar` must not happen."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.understanding.controls import Control, Controls, Scope
from bot.understanding.reader import load_glossary
from bot.understanding.text import Glossary

HOME = Path(__file__).parent
GRAVE = {Control.STOP, Control.UNSUBSCRIBE, Control.SUBSCRIBE, Control.DELETE_DATA, Control.MY_DATA}


@pytest.fixture(scope="module")
def controls() -> Controls:
    return Controls(load_glossary(HOME.parent / "content"))


OWN = yaml.safe_load((HOME / "data" / "questions.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", [r for r in OWN if r["kind"] == "control" and r["held"]], ids=lambda r: r["id"])
def test_a_control_in_natural_words_is_understood(controls, row):
    found = controls.control(row["text"])
    assert f"control:{found}" in {row["expect"], *row["also"]}


@pytest.mark.parametrize("row", [r for r in OWN if r["kind"] != "control"], ids=lambda r: r["id"])
def test_a_question_is_never_a_grave_control(controls, row):
    assert controls.control(row["text"]) not in GRAVE


@pytest.mark.parametrize(
    "text",
    [
        "no pares",
        "no pares de ayudarme",
        "no borren mis datos",
        "no quiero darme de baja",
        "no me den de baja",
        "borran mi numero si les pido?",
        "¿cómo borro mi nombre de Infocorp?",
        "baja por maternidad",
        "me dieron de baja en essalud",
        "stop loss",
        "para",
        "no quiero",
        "ya no",
        "quiero cancelar mi cita en Migraciones",
        "eliminar antecedentes policiales",
        "borrar multa",
        "bajas",
        "alto costo",
        "deje de trabajar",
        "dejé de recibir mi sueldo",
        "ya no quiero trabajar ahí",
        "suscribirme a essalud",
        "¿mis datos están en Infocorp?",
        "gratificación",
        "grati",
        "hola me robaron el carnet",
        "gracias pero cómo saco el ruc",
        "",
        "   ",
        "?",
    ],
)
def test_what_merely_contains_a_control_word_is_not_one(controls, text):
    assert controls.control(text) is None


@pytest.mark.parametrize(
    ("text", "control", "scope"),
    [
        ("baja", Control.STOP, Scope.ALL),
        ("BAJA.", Control.STOP, Scope.ALL),
        ("ya no me manden", Control.STOP, Scope.ALL),
        ("no me escriban mas", Control.STOP, Scope.ALL),
        ("ya consegui trabajo, no quiero mas ofertas", Control.UNSUBSCRIBE, Scope.ALERTS),
        ("quiero darme de baja de las alertas", Control.UNSUBSCRIBE, Scope.ALERTS),
        ("ya no quiero avisos de ferias", Control.UNSUBSCRIBE, Scope.FAIRS),
        ("no more job fair messages", Control.UNSUBSCRIBE, Scope.FAIRS),
        ("cancelar suscripción", Control.UNSUBSCRIBE, Scope.ALERTS),
        ("no quiero q quede nada guardado, borrenme", Control.DELETE_DATA, Scope.ALL),
        ("comunicame con un operador", Control.HUMAN, Scope.ALL),
        ("anotame en las alertas", Control.SUBSCRIBE, Scope.ALL),
        ("xfa el menu", Control.MENU, Scope.ALL),
        ("hola, menú por favor", Control.MENU, Scope.ALL),
        ("hola gracias", Control.THANKS, Scope.ALL),
        ("idioma", Control.LANGUAGE, Scope.ALL),
    ],
)
def test_natural_words_and_their_scope(controls, text, control, scope):
    found = controls.read(text)
    assert found is not None
    assert (found.control, found.scope) == (control, scope)


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("menuu", Control.MENU),
        ("ayda", Control.HELP),
        ("aydua", Control.HELP),
        ("grasias", Control.THANKS),
        ("volvr", Control.BACK),
    ],
)
def test_a_typo_in_a_harmless_control_is_forgiven(controls, text, control):
    assert controls.control(text) is control


@pytest.mark.parametrize("text", ["vaja", "borar", "bajaa mi", "stp", "eliminr mis datos", "sucribirme"])
def test_a_typo_in_a_grave_control_is_not_guessed(controls, text):
    assert controls.control(text) not in GRAVE


def test_hands_and_waves_are_thanks_and_greeting(controls):
    assert controls.control("🙏🙏") is Control.THANKS
    assert controls.control("👋") is Control.GREETING
    assert controls.control("😂") is None


def test_an_articles_own_question_is_a_grave_control_only_in_its_own_articles(controls):
    allowed = {"empleo/alertas", "asistente/privacidad"}
    wrong = []
    for path in sorted((HOME.parent / "content").glob("*/*/*.md")):
        front = yaml.safe_load(path.read_text(encoding="utf-8").split("---")[1])
        article = f"{path.parent.name}/{path.stem}"
        wrong += [
            q for q in front.get("questions") or () if controls.control(str(q)) in GRAVE and article not in allowed
        ]
    assert wrong == []


def test_a_form_without_a_needed_word_is_refused():
    with pytest.raises(ValueError, match="vacío"):
        Controls(Glossary(controls={"stop": ("(ya)?",)}))


def test_a_form_that_makes_no_sense_names_itself():
    with pytest.raises(ValueError, match="baja"):
        Controls(Glossary(controls={"stop": ("(baja",)}))
