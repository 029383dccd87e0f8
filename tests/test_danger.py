"""Danger is recognised whatever the wording, and everyday talk does not set it off."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.understanding.danger import Danger, DangerRecogniser, normalise

ROOT = Path(__file__).parent.parent
MESSAGES: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests/data/danger.yaml").read_text(encoding="utf-8"))
URGENT = [item for item in MESSAGES if item["urgent"]]
CALM = [item for item in MESSAGES if not item["urgent"]]

VIOLENCE = "proteccion/violencia"
TRAFFICKING = "proteccion/trata"
EXTORTION = "proteccion/extorsion"
SUICIDE = "proteccion/salud-mental"
CHILD = "proteccion/ninez-riesgo"
MEDICAL = "seguridad-social/emergencia-salud"


@pytest.fixture(scope="module")
def recogniser() -> DangerRecogniser:
    return DangerRecogniser.load(ROOT / "content")


def test_no_labelled_danger_is_missed(recogniser: DangerRecogniser) -> None:
    missed = [item["text"] for item in URGENT if recogniser.recognise(item["text"]) is None]

    assert missed == []


def test_labelled_calm_messages_hardly_ever_set_it_off(recogniser: DangerRecogniser) -> None:
    false = [item["text"] for item in CALM if recogniser.recognise(item["text"])]

    assert len(false) <= len(CALM) * 0.01, false


def test_the_right_help_is_named_first(recogniser: DangerRecogniser) -> None:
    right = sum(_first(recogniser, item["text"]) in {item["expect"], *item["also"]} for item in URGENT)

    assert right >= len(URGENT) * 0.95


def test_the_labelled_set_covers_every_kind_in_both_languages() -> None:
    kinds = {(item["expect"], item["lang"]) for item in URGENT}

    assert len(kinds) == 12
    assert 0.45 <= len(URGENT) / len(MESSAGES) <= 0.65


def test_ordinary_questions_of_the_articles_stay_ordinary(recogniser: DangerRecogniser) -> None:
    """The questions under articles that are not about danger; a few of them do tell of it."""
    false, asked = [], 0
    for path in sorted((ROOT / "content").glob("*/*/*.md")):
        if path.parent.name == "proteccion" or path.stem == "emergencia-salud":
            continue
        for question in yaml.safe_load(path.read_text(encoding="utf-8").split("---")[1]).get("questions") or ():
            asked += 1
            if recogniser.recognise(str(question)):
                false.append(question)

    assert len(false) <= max(2, asked * 0.008), false


@pytest.mark.parametrize(
    ("text", "article"),
    [
        ("xfa ayuda m kiere matar mi marido", VIOLENCE),
        ("MI MARIDO ME PEGAAAA", VIOLENCE),
        ("me golpeó otra vez, ¿cómo renuevo mi carnet?", VIOLENCE),
        ("he hits me every night", VIOLENCE),
        ("me retienen el pasaporte y no me dejan salir", TRAFFICKING),
        ("my boss took my passport and locks me in", TRAFFICKING),
        ("me piden cupo o me matan", EXTORTION),
        ("they kidnapped my brother and want money", EXTORTION),
        ("kiero morirme", SUICIDE),
        ("preferiría no despertar mañana", SUICIDE),
        ("nobody would notice if i died", SUICIDE),
        ("se me perdió mi hijo en la playa", CHILD),
        ("my stepfather touches me, i'm 12", CHILD),
        ("mi mama se desmayo i no respira q ago", MEDICAL),
        ("my baby is not breathing", MEDICAL),
    ],
)
def test_danger_in_many_spellings(recogniser: DangerRecogniser, text: str, article: str) -> None:
    assert _first(recogniser, text) == article


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("me muero de hambre", id="figure of speech"),
        pytest.param("esta cola me mata", id="figure of speech, a thing"),
        pytest.param("muerta de risa jajaja", id="laughter"),
        pytest.param("this queue is killing me", id="English figure of speech"),
        pytest.param("en las noticias dijeron que mataron a un señor", id="news"),
        pytest.param("película donde secuestran a la hija del policía", id="film"),
        pytest.param("cuando vivía en Maracay me asaltaron con pistola", id="long past"),
        pytest.param("¿la Línea 100 atiende de noche?", id="information"),
        pytest.param("taller de prevención de la violencia", id="course"),
        pytest.param("Restaurante busca mozo, trato sin gritos, enviar cv", id="advertisement"),
        pytest.param("¿el SIS cubre una mordedura de perro?", id="insurance"),
        pytest.param("perdí el pasaporte de mi hija", id="lost paper"),
        pytest.param("", id="nothing"),
        pytest.param("👍", id="emoji"),
    ],
)
def test_everyday_talk_is_no_danger(recogniser: DangerRecogniser, text: str) -> None:
    assert recogniser.recognise(text) is None


def test_other_dangers_are_named_after_the_first(recogniser: DangerRecogniser) -> None:
    danger = recogniser.recognise("mi padrastro le pega a mi hermanito y a mí me amenaza con un cuchillo")

    assert danger is not None
    assert {danger.article, *danger.also} >= {CHILD, VIOLENCE}
    assert danger.article not in danger.also


@pytest.mark.parametrize(
    ("rules", "line", "hint"),
    [
        ("hola", 1, "sección"),
        ("[fuerte x]\na ~", 2, "incompleto"),
        ("[fuerte x]\n<nadie> mata", 2, "no existe"),
        ("[fuerte x]\n\na,b", 3, "comas"),
        ("[fuerte]\na", 1, "nombre"),
        ("[raro x]\na", 1, "no existe la sección"),
        ("[contexto mucho]\na", 1, "nivel"),
        ("[escritura]\nq que", 2, "="),
        ("[umbral]\nnada = mucho", 2, "número"),
        ("[fuerte x]\na ~muchas b", 2, "~5"),
        ("[clase c]\na & b", 2, "clase"),
        ("[pesos]\nartículos a b\n=x 1", 3, "weigh_danger"),
        ("# nada", 1, "ninguna regla"),
    ],
)
def test_a_bad_rule_is_told_with_its_line_and_remedy(rules: str, line: int, hint: str) -> None:
    with pytest.raises(ValueError, match=f"línea {line}: ") as caught:
        DangerRecogniser.from_rules(rules)

    assert hint in str(caught.value)


def test_rules_alone_are_enough_to_recognise() -> None:
    small = DangerRecogniser.from_rules(
        "[clase quien]\nmarido, mi ex\n[fuerte p/v]\n<quien> ~ me peg*\n[indicio p/s]\nmiedo"
    )

    assert small.recognise("Mi ex siempre me pegaba") == Danger("p/v")
    assert small.recognise("tengo miedo") is None


def test_what_a_context_silences_and_what_it_does_not() -> None:
    rules = "[contexto claro]\npelicula\n[contexto claro p/v]\njuego\n[claro p/v]\nmata\n[claro p/s]\nmuere\n[fuerte p/v]\nsangra"
    small = DangerRecogniser.from_rules(rules)

    assert small.recognise("mata en la película") is None
    assert small.recognise("mata en el juego") is None
    assert small.recognise("muere en el juego") == Danger("p/s")
    assert small.recognise("sangra en la película") == Danger("p/v")


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from([item["text"] for item in MESSAGES])).map(" ".join)))
def test_no_text_ever_breaks_it(text: str) -> None:
    danger = _SHARED.recognise(text)

    assert danger is None or "/" in danger.article


def test_a_message_costs_little(recogniser: DangerRecogniser) -> None:
    """0.2 ms on a free machine; the bound leaves room for a busy one."""
    costs = []
    for item in MESSAGES * 2:
        start = time.perf_counter()
        recogniser.recognise(item["text"])
        costs.append(time.perf_counter() - start)

    assert median(costs) < 0.001


def test_a_very_long_message_is_answered_soon(recogniser: DangerRecogniser) -> None:
    start = time.perf_counter()
    recogniser.recognise("mi marido me pega y no me deja salir " * 5_000)

    assert time.perf_counter() - start < 2


def _first(recogniser: DangerRecogniser, text: str) -> str | None:
    danger = recogniser.recognise(text)
    return danger.article if danger else None


_SHARED = DangerRecogniser.load(ROOT / "content")
