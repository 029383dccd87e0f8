"""Controls: the whole message or nothing. A wrong `baja` or `borrar` must not happen."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.understanding.controls import Control, Controls, Scope
from bot.understanding.forms import Pieces
from bot.understanding.reader import MAY_BE_A_CRY, load_glossary
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


WISHES = yaml.safe_load((HOME / "data" / "controls.yaml").read_text(encoding="utf-8"))
LOOK_ALIKES, KEPT = WISHES.pop("look_alikes"), WISHES.pop("keep")
ONLY = {Scope.FAIRS: WISHES.pop("alerts_only"), Scope.ALERTS: WISHES.pop("fairs_only")}  # what ends, by what was said
EXACT = ("stop", "unsubscribe", "delete_data")


@pytest.mark.parametrize(("text", "ends"), [(text, scope) for scope, texts in ONLY.items() for text in texts])
def test_wanting_only_one_kind_of_news_ends_the_other(controls, text, ends):
    found = controls.read(text)
    assert found is not None
    assert (found.control, found.scope) == (Control.UNSUBSCRIBE, ends)


@pytest.mark.parametrize("text", [text for name in EXACT for text in WISHES[name]])
def test_a_wish_to_stop_or_erase_is_understood_exactly(controls, text):
    found = controls.read(text)
    assert found is not None
    assert text in WISHES[found.control]
    if found.control is Control.UNSUBSCRIBE:
        assert found.scope is (Scope.FAIRS if "feria" in text or "fair" in text else Scope.ALERTS)


@pytest.mark.parametrize("name", sorted(WISHES.keys() - set(EXACT)))
def test_most_wishes_are_understood_and_none_as_one_that_removes(controls, name):
    found = [controls.control(text) for text in WISHES[name]]
    assert sum(control == name for control in found) >= (0.5 if name == "help" else 0.9) * len(found)
    assert not set(found) & set(EXACT)


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_only_looks_like_a_control_is_none(controls, text):
    assert controls.control(text) is None


def test_no_danger_is_silenced_by_a_control(controls):
    rows = yaml.safe_load((HOME / "data" / "danger.yaml").read_text(encoding="utf-8"))
    taken = {row["text"]: controls.control(row["text"]) for row in rows if row["urgent"]}
    assert {text: found for text, found in taken.items() if found and found not in MAY_BE_A_CRY} == {}


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("vorra mis datos", Control.DELETE_DATA),
        ("no me escrivan mas", Control.STOP),
        ("borré mis datos", None),
        ("cancelé las alertas", None),
        ("borre mis datos por favor", Control.DELETE_DATA),
    ],
)
def test_a_wish_that_removes_is_known_by_its_sound_and_a_tale_by_its_accent(controls, text, control):
    assert controls.control(text) is control


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("me equivoqué, regresa", Control.BACK),
        ("gracias por todo, ya no me manden mensajes", Control.STOP),
        ("cancela eso y llévame al menú", Control.CANCEL),
        ("i want to get job offers", Control.SUBSCRIBE),
        ("salir y volver", None),
        ("no quiero borrar mis datos", Control.KEEP),
    ],
)
def test_several_wishes_in_a_message_are_the_weightiest_that_can_stand_together(controls, text, control):
    assert controls.control(text) is control


@pytest.mark.parametrize("text", KEPT)
def test_asking_that_nothing_be_stopped_or_erased_is_heard_as_that(controls, text):
    assert controls.control(text) is Control.KEEP


@pytest.mark.parametrize("row", [r for r in OWN if r["kind"] != "control"], ids=lambda r: r["id"])
def test_a_question_is_never_a_grave_control(controls, row):
    assert controls.control(row["text"]) not in GRAVE


@pytest.mark.parametrize(
    "text",
    [
        "no pares de ayudarme",
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


@pytest.mark.parametrize(
    ("form", "wrong"),
    [("{quiero} menu", "pieza «quiero»"), ("{otra} menu", "pieza «otra»"), ("abr-ir menu", "terminaciones «ir»")],
)
def test_a_form_with_an_unknown_piece_or_ending_names_it(form, wrong):
    pieces = Pieces({"otra": ["{otra} vez"]}, {"ame": "a e"})
    with pytest.raises(ValueError, match=wrong):
        pieces.spelt_out(form)


def test_pieces_and_endings_are_written_out():
    assert Pieces({"ver": ["mir-ame", "ver"]}, {"ame": "a e"}).spelt_out("{ver} menú") == "((mira|mire)|ver) menu"
