"""Words that change a wish: they do what they say, never the opposite, and nothing when they speak of something else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.choosing import fold, numbers_in, pick
from bot.flows.fair_words import fairs_in
from bot.flows.genuine import code_in
from bot.flows.pause_words import LONGEST, NOT_UNDERSTOOD, TOO_LONG, USUAL, day_in, pause
from bot.flows.rhythm_words import rhythm_in
from bot.flows.wish_words import RHYTHM, UNCHANGED, asked, told
from bot.messages import Choice
from bot.mind import Mind
from bot.person import Wish

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)  # a Monday
WISH = Wish(regions=("15",), sectors=("limpieza",))


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("solo los lunes", {"frequency": "weekly", "weekday": 0}),
        ("no me mandes limpieza, agrega construcción", {"sectors": ("construccion",)}),
        ("los lunes no, mejor los viernes", {"frequency": "weekly", "weekday": 4}),
        ("agrega Cusco", {"regions": ("15", "08")}),
        ("también Madre de Dios", {"regions": ("15", "17")}),
        ("cambia a Arequipa", {"regions": ("04",)}),
        ("agrega cocina y Puno", {"regions": ("15", "21"), "sectors": ("limpieza", "gastronomia-hoteleria")}),
        ("solo Tacna", {"regions": ("23",)}),
        ("quiero solo cocina", {"sectors": ("gastronomia-hoteleria",)}),
        ("mínimo 1800 y solo los martes", {"min_pay": 1800, "frequency": "weekly", "weekday": 1}),
        ("no menos de 1500", {"min_pay": 1500}),
        ("por encima de S/ 1,500", {"min_pay": 1500}),
        ("vacantes en inglés también", {"languages": ("es", "en")}),
        ("cualquier trabajo", {"sectors": ()}),
        ("quiero en todo el Perú", {"regions": ()}),
        ("todos los días", {"frequency": "daily"}),
        ("pausa hasta el 15 de enero", {"paused_until": datetime(2027, 1, 15, 5, tzinfo=UTC)}),
        ("pausar avisos", {"paused_until": NOW + USUAL}),
        ("quiero pausar mis avisos 3 semanas", {"paused_until": NOW + timedelta(days=21)}),
    ],
)
def test_words_change_what_they_name(mind: Mind, text, changes):
    found = asked(text, WISH, mind.library.country, NOW)
    assert found is not None
    assert found.wish == replace(WISH, **changes)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("no quiero los domingos", RHYTHM),
        ("no me escribas los lunes", RHYTHM),
        ("nunca los lunes", RHYTHM),
        ("not on mondays", RHYTHM),
        ("no quiero pausa", UNCHANGED),
        ("no me pauses los avisos", None),
        ("no quiero remoto", UNCHANGED),
        ("solo miércoles y viernes", RHYTHM),
        ("de lunes a viernes", RHYTHM),
        ("cada quince días", RHYTHM),
        ("cada hora", RHYTHM),
        ("una vez al mes", RHYTHM),
    ],
)
def test_what_is_negated_or_impossible_changes_nothing(mind: Mind, text, note):
    found = asked(text, WISH, mind.library.country, NOW)
    assert (found.note if found else None) == note
    assert found is None or found.wish is None


@pytest.mark.parametrize("text", ["sin pausa", "quita la pausa", "reanuda", "no más pausa", "resume"])
def test_the_end_of_a_pause_is_no_pause(mind: Mind, text):
    paused = replace(WISH, paused_until=NOW + USUAL)
    found = asked(text, paused, mind.library.country, NOW)
    assert found is not None
    assert found.wish == WISH


@pytest.mark.parametrize(
    "text",
    [
        "mi jefe no quiere que descanse los domingos",
        "solo los lunes atienden en migraciones",
        "no puedo ir los lunes a la cita",
        "nunca me pagaron desde 2023",
        "no me pagan los domingos",
        "me pagan semanal",
        "trabajo los domingos",
        "cada mes me descuentan",
        "agregar a mi hijo en el sis de lima",
        "quita la multa de lima",
        "también tengo un hijo en tacna",
        "por qué no me llegan los lunes",
        "quiero aprender inglés",
        "hablo inglés",
        "cambiar de empleador",
        "quiero ir a una feria",
    ],
)
def test_who_speaks_of_something_else_keeps_the_wish(mind: Mind, text):
    assert asked(text, WISH, mind.library.country, NOW) is None


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("cambia de región", "region"),
        ("quiero cambiar de ciudad", "region"),
        ("cambiar sector", "sector"),
        ("cambiar el día", "rhythm"),
        ("change the city", "region"),
        ("quita Lima", "region"),
        ("no me mandes limpieza", "sector"),
    ],
)
def test_what_cannot_be_known_is_asked(mind: Mind, text, step):
    found = asked(text, WISH, mind.library.country, NOW)
    assert found is not None
    assert (found.wish, found.step) == (None, step)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("quiero ferias", "yes"),
        ("con ferias", "yes"),
        ("quiero avisos de ferias", "yes"),
        ("solo ferias", "only"),
        ("sin ferias", "no"),
        ("no quiero ferias", "no"),
        ("fairs too", "yes"),
        ("only fairs", "only"),
        ("ferias", ""),
        ("quiero ferias en lima", ""),
        ("no quiero perderme la feria", ""),
        ("a que hora es la feria", ""),
    ],
)
def test_yes_and_no_to_the_news_of_fairs(said, answer):
    assert fairs_in(said) == answer


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("enero", date(2027, 1, 1)),
        ("el 15 de enero", date(2027, 1, 15)),
        ("january 15", date(2027, 1, 15)),
        ("15 01", date(2027, 1, 15)),
        ("el 15 01 2027", date(2027, 1, 15)),
        ("el 30", date(2026, 11, 30)),
        ("el 5", date(2026, 12, 5)),
        ("el lunes", date(2026, 11, 30)),
        ("manana", date(2026, 11, 24)),
        ("fin de mes", date(2026, 12, 1)),
        ("la proxima semana", date(2026, 11, 30)),
        ("navidad", date(2026, 12, 25)),
        ("ano nuevo", date(2027, 1, 1)),
        ("el 31 de febrero", None),
        ("que me acuerde", None),
    ],
)
def test_until_when_in_words(said, day):
    assert day_in(said, date(2026, 11, 23)) == day


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ("pausa", ""),
        ("pausa por favor", ""),
        ("pausa por ahora", ""),
        ("pausa por navidad", NOT_UNDERSTOOD),
        ("pausa hasta carnavales", NOT_UNDERSTOOD),
        ("pausa hasta que te avise", TOO_LONG),
        ("pausa 2 anos", ""),
        ("pausa 12 meses", TOO_LONG),
    ],
)
def test_a_date_that_is_not_understood_is_said(mind: Mind, said, note):
    end, told_besides = pause(said, NOW, mind.library.country.zone)
    assert told_besides == note
    assert NOW < end <= NOW + LONGEST


@given(st.text(max_size=60))
def test_a_pause_always_ends(text):
    from zoneinfo import ZoneInfo

    end, _ = pause(f"pausa hasta {fold(text)}", NOW, ZoneInfo("America/Lima"))
    assert NOW < end <= NOW + LONGEST


def test_a_wish_in_one_sentence_is_read_whole(mind: Mind):
    said = "quiero avisos de mozo en lima y callao por encima de 1500 los viernes"
    assert told(said, mind.library.country) == {
        "r": ["15", "07"],
        "s": ["gastronomia-hoteleria"],
        "f": "weekly",
        "d": 4,
        "p": 1500,
    }


def test_a_day_alone_answers_how_often_and_says_nothing_elsewhere():
    assert rhythm_in("jueves") is None
    answered = rhythm_in("jueves", alone=True)
    assert answered is not None
    assert answered.weekday == 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("verificar HGSLVJ", "HGSLVJ"),
        ("verificar código HGSLVJ", "HGSLVJ"),
        ("verificar mensaje HGSLVJ", "HGSLVJ"),
        ("verify code hgslvj", "HGSLVJ"),
        ("Verificar «HGSLVJ»", "HGSLVJ"),
        ("verificar: HGSLVJ.", "HGSLVJ"),
        ("HGSLVJ", "HGSLVJ"),
        ("hgslvj?", "HGSLVJ"),
        ("¿este código HGSLVJ es de ustedes?", "HGSLVJ"),
        ("Aviso de Rumbo: feria el sábado en Comas. Código HGSLVJ: escribe «verificar HGSLVJ» para saber.", "HGSLVJ"),
        ("verificar ABC123", "ABC123"),
        ("código ABCDE", "ABCDE"),
        ("verificar empresa", None),
        ("verificar código", None),
        ("verificar mi DNI 12345678", None),
        ("cómo verifica migraciones mi dirección", None),
        ("mmmmmm", None),
        ("xdxdxd", None),
        ("qué hago con el código 01873 de págalo", None),
    ],
)
def test_the_code_is_found_in_any_wording_and_nowhere_else(text, code):
    assert code_in(text) == code


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("15", (15,)), ("-1", (-1,)), ("3 y 4", (3, 4)), ("la 2", (2,)), ("105", ()), ("1500", ()), ("tengo 2 hijos", ())],
)
def test_numbers_alone_are_numbers_of_choices(text, numbers):
    assert numbers_in(text) == numbers


def test_a_number_below_zero_picks_nothing():
    offered = (Choice("a", "Uno"), Choice("b", "Dos"))
    assert pick("-1", offered) is None
    assert pick("1", offered) == offered[0]
