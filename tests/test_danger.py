"""Danger is recognised whatever the wording, and everyday talk does not set it off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.understanding.danger import CERTAIN, DangerRecogniser, normalise
from bot.understanding.danger_phrases import Phrases
from bot.understanding.danger_weighing import Weights
from bot.wording import Wording
from tests import weigh_danger
from tests.conftest import cost

ROOT = Path(__file__).parent.parent
MESSAGES: list[dict[str, Any]] = weigh_danger.read(ROOT / "tests/data/danger.yaml")
BLIND = weigh_danger.read(ROOT / "tests/data/danger_blind.yaml")
WORDING = Wording.read(ROOT / "content")
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


def test_labelled_danger_is_hardly_ever_missed_by_words_alone(recogniser: DangerRecogniser) -> None:
    missed = [item["text"] for item in URGENT if recogniser.recognise(item["text"]) is None]

    assert len(missed) <= len(URGENT) * 0.03, missed


def test_danger_is_recognised_in_messages_never_learnt_from(recogniser: DangerRecogniser) -> None:
    """By words alone; these are hard ones, and half of the calm ones are look-alikes. The encoder finds the rest."""
    heard = [(item["urgent"], recogniser.recognise(item["text"]) is not None) for item in BLIND]

    assert sum(urgent and found for urgent, found in heard) >= 0.7 * sum(urgent for urgent, _ in heard)
    assert sum(found and not urgent for urgent, found in heard) <= 0.08 * sum(not urgent for urgent, _ in heard)


def test_nothing_blind_is_learnt_from() -> None:
    assert not {normalise(item["text"]) for item in BLIND} & {normalise(item["text"]) for item in MESSAGES}


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize(
    ("article", "line"),
    [(VIOLENCE, "100"), (TRAFFICKING, "1818"), (EXTORTION, "111"), (SUICIDE, "113"), (CHILD, "1810"), (MEDICAL, "106")],
)
def test_each_danger_has_its_line_first(article: str, line: str, language: str) -> None:
    assert article in Weights.load().articles
    first, _, _ = WORDING.text(f"urgent.{article.split('/')[1]}", language).partition("\n")

    assert line in first


def test_labelled_calm_messages_hardly_ever_set_it_off(recogniser: DangerRecogniser) -> None:
    """By words alone and whatever an article would answer: hardly ever for certain, seldom at all."""
    found = [(item["text"], danger.likely) for item in CALM if (danger := recogniser.recognise(item["text"]))]
    certain = [text for text, likely in found if likely >= CERTAIN]

    assert len(certain) <= len(CALM) * 0.01, certain
    assert len(found) <= len(CALM) * 0.05, found


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
    danger = recogniser.recognise("mi marido me pega y ya no quiero vivir")

    assert danger is not None
    assert {danger.article, *danger.also} >= {SUICIDE, VIOLENCE}
    assert danger.article not in danger.also


@pytest.mark.parametrize(
    ("phrases", "line", "hint"),
    [
        ("hola", 1, "sección"),
        ("[siempre x]\na ~", 2, "incompleto"),
        ("[siempre x]\n~ a", 2, "incompleto"),
        ("[siempre x]\n\na,b", 3, "comas"),
        ("[nunca]\nfu*", 2, "corto"),
        ("[siempre]\na", 1, "nombre"),
        ("[nunca x]\na", 1, "nombre"),
        ("[raro x]\na", 1, "no existe la sección"),
        ("[escritura]\nq que", 2, "="),
    ],
)
def test_a_bad_phrase_is_told_with_its_line_and_remedy(phrases: str, line: int, hint: str) -> None:
    with pytest.raises(ValueError, match=f"línea {line}: ") as caught:
        Phrases.parse(phrases)

    assert hint in str(caught.value)


def test_what_the_office_writes_always_calls_for_help(recogniser: DangerRecogniser) -> None:
    written = DangerRecogniser(Phrases.parse("[siempre p/v]\nel gato ~ volo*"), Weights.load())

    assert recogniser.recognise("el gato ayer voló") is None
    danger = written.recognise("El GATO ayer volóoo")
    assert danger is not None
    assert danger.article == "p/v"


def test_what_the_office_excepts_is_not_weighed_but_the_rest_is(recogniser: DangerRecogniser) -> None:
    written = DangerRecogniser(Phrases.parse("[nunca]\nmi marido me pega con su equipo"), Weights.load())

    assert recogniser.recognise("mi marido me pega con su equipo")
    assert written.recognise("mi marido me pega con su equipo") is None
    assert written.recognise("mi marido me pega con su equipo y a mi hijo tambien lo golpea con un palo")


def test_danger_inside_a_long_story_is_heard(recogniser: DangerRecogniser) -> None:
    story = "quiero saber cuanto cuesta el carnet de extranjeria y donde lo pago y que papeles llevo a la cita " * 8

    assert recogniser.recognise(story) is None
    assert recogniser.recognise(story + "mi esposo me golpeo anoche y me amenazo con matarme") is not None


def test_it_starts_at_once(recogniser: DangerRecogniser) -> None:
    """20 ms where nothing else runs; the bound is a guard against another order of magnitude."""
    assert cost(lambda: DangerRecogniser.load(ROOT / "content")) < 1


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from([item["text"] for item in MESSAGES])).map(" ".join)))
def test_no_text_ever_breaks_it(text: str) -> None:
    danger = _SHARED.recognise(text)

    assert danger is None or "/" in danger.article


def test_a_very_long_message_is_answered_soon(recogniser: DangerRecogniser) -> None:
    """A guard against costs that grow with the square of the length."""
    assert cost(lambda: recogniser.recognise("mi marido me pega y no me deja salir " * 5_000)) < 10


def _first(recogniser: DangerRecogniser, text: str) -> str | None:
    danger = recogniser.recognise(text)
    return danger.article if danger else None


_SHARED = DangerRecogniser.load(ROOT / "content")
