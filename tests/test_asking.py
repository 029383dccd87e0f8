"""How people really ask: several things at once, one part of a topic, a name and nothing else, alerts in one sentence."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.commands.talk import stranger
from bot.conversation import Context, State, Turn, advance
from bot.flows import ALL, urgent
from bot.library import render
from bot.messages import LONGEST_REPLY, Choice, Inbound
from bot.mind import Mind
from bot.person import Address, Person, Wish
from bot.understanding.asked import asked_sections
from bot.understanding.danger import Danger
from bot.understanding.parts import MOST, parts_of
from bot.understanding.reader import Understanding
from bot.understanding.text import words

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


def context(mind: Mind, text: str, language: str = "es") -> Context:
    return replace(stranger(mind, mind.reader.understand_now(text), language), now=NOW)


def say(mind: Mind, text: str, *, hint: str = "", state: State | None = None, person: Person | None = None) -> Turn:
    """What a text leads to, as somebody's first message unless a state is given."""
    ctx = context(mind, text)
    ctx = replace(ctx, person=person) if person else ctx
    return advance(state or State(), Inbound("1", Address("whatsapp", "sim:1"), NOW, text=text, hint=hint), ctx, ALL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mi esposo me pegó anoche, y otra cosa cuánto cuesta el carné?", ("mi esposo me pegó anoche", "cuánto cuesta el carné")),
        ("cuánto cuesta el carné y dónde valido mi título", ("cuánto cuesta el carné", "dónde valido mi título")),
        ("i want to die. how much is the apostille?", ("i want to die", "how much is the apostille")),
        ("my husband hits me and how do I get SIS", ("my husband hits me", "how do I get SIS")),
        ("me pega mi esposo\ncómo saco el SIS", ("me pega mi esposo", "cómo saco el SIS")),
        ("requisitos para el carné de extranjería", ()),
        ("hola, una pregunta: cómo saco el carné", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_a_message_is_cut_where_another_thing_begins(text, expected):
    assert parts_of(text) == expected


def test_a_long_story_is_not_cut_at_all():
    assert parts_of(". ".join(["esto me pasó ayer"] * (MOST + 1))) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cuánto demora la apostilla", ("tiempo",)),
        ("cuánto cuesta renovar la residencia", ("costo",)),
        ("requisitos para el carné de extranjería", ("requisitos",)),
        ("dónde saco el RUC", ("donde",)),
        ("xfa cuanto sale el carnet y cuanto demora", ("costo", "tiempo")),
        ("qué papeles necesito para casarme", ("requisitos",)),
        ("How long does SUNEDU take to recognise a degree?", ("tiempo",)),
        ("How much does the foreigner ID card cost", ("costo",)),
        ("what documents do I need for the bank", ("requisitos",)),
        ("where do I pay my fine", ("donde",)),
        ("cuáles son los pasos para el carné", ("pasos",)),
        ("¿para qué sirve el CPP y cuánto dura?", ()),
        ("cómo saco el carné", ()),
        ("donde trabajo no me pagan", ()),
        ("cuánto me pagan por horas extra", ()),
        ("no me alcanza para los costos del reconocimiento", ()),
        ("hace cuanto tiempo llegaste", ()),
        ("costo", ()),
    ],
)
def test_the_section_that_a_question_asks_for(text, expected):
    assert asked_sections(words(text)) == expected


@pytest.mark.parametrize(
    ("text", "article", "section"),
    [
        ("cuánto demora la apostilla", "titulos/apostilla", "tiempo"),
        ("cuánto cuesta renovar la residencia", "regularizacion/renovar-residencia", "costo"),
        ("requisitos para el carné de extranjería", "regularizacion/carne-extranjeria", "requisitos"),
        ("How long does SUNEDU take to recognise a foreign degree?", "titulos/reconocimiento-sunedu", "tiempo"),
    ],
)
def test_the_asked_section_is_served_at_once_with_its_source(mind, text, article, section):
    turn = say(mind, text)
    reply = turn.replies[0]
    page = mind.library.article(article, "en" if text.startswith("How") else "es")

    assert reply.article == article
    assert page.section(section).text.split("\n")[0][:30] in reply.text
    assert render.source_line(page, mind.wording) in reply.text
    assert reply.choices[0].id == f"a/{article}"
    assert f"s/{article}/{section}" not in {choice.id for choice in reply.choices}


def test_a_section_that_the_article_lacks_leaves_the_summary(mind):
    page = mind.library.article("titulos/apostilla", "es")
    assert page.section("costo") is None

    reply = say(mind, "cuánto cuesta la apostilla de papeles de venezuela").replies[0]

    assert reply.text == render.bubble(page, NOW.date(), mind.wording)


def test_unsure_of_the_article_the_choices_lead_to_the_section(mind):
    turn = say(mind, "cuanto cuesta el carnet duplicado o nuevo")
    ways = [choice.id for choice in turn.replies[0].choices if choice.id.startswith(("a/", "s/"))]
    assert turn.replies[0].article or any(way.endswith("/costo") for way in ways)


@pytest.mark.parametrize(
    "text", ["el CPP", "qué es el cpp", "cpp", "CPP o PTP", "que es el permiso temporal de permanencia"]
)
def test_a_name_and_nothing_else_is_answered(mind, text):
    assert say(mind, text).replies[0].article == "regularizacion/cpp"


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_label_is_answered_by_its_article(mind, language):
    """But for those that several articles share, and those that are a cry for help or a command."""
    missed = []
    labels = [article.label for article in mind.library.articles(language)]
    for article in mind.library.articles(language):
        heard = mind.reader.understand_now(article.label)
        if heard.danger or heard.control or labels.count(article.label) > 1:
            continue
        if heard.ranking.outcome != "answer" or heard.ranking.hits[0].article != article.id:
            missed.append(article.label)
    assert len(missed) <= 4, missed


MIXED = [
    ("mi esposo me pegó anoche, y otra cosa cuánto cuesta el carné de extranjería?", "regularizacion/carne-extranjeria"),
    ("me pega mi esposo, además cuánto cuesta el carné de extranjería", "regularizacion/carne-extranjeria"),
    ("me quiero morir. cuánto demora la apostilla", "titulos/apostilla"),
    ("ya no quiero vivir, por cierto cómo renuevo mi residencia", "regularizacion/renovar-residencia"),
    ("me tienen encerrada en una casa y me obligan a trabajar, cuánto cuesta renovar mi residencia", "regularizacion/renovar-residencia"),
    ("anoche me pegó mi esposo, donde saco el certificado unico laboral", "empleo/certificado-unico-laboral"),
    ("estoy embarazada y sangrando mucho, tambien quiero saber como saco el sis", "seguridad-social/sis"),
    ("my husband hit me last night, also how much is the foreigner ID card?", "regularizacion/carne-extranjeria"),
    ("my boyfriend beats me and how do I get SIS insurance", "seguridad-social/sis"),
    ("they took my passport and do not let me leave the house, and how do I renew my residence?", "regularizacion/renovar-residencia"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "article"), MIXED)
def test_a_practical_question_beside_danger_is_answered_below_the_help(mind, text, article):
    turn = say(mind, text)
    reply = turn.replies[0]

    assert len(turn.replies) == 1
    assert reply.article.startswith(("proteccion/", "seguridad-social/emergencia"))
    assert len(reply.text) <= LONGEST_REPLY
    language = turn.effects[0].language if turn.effects else "es"
    page = mind.library.article(article, language)
    assert page.title in reply.text
    assert reply.text.endswith(render.source_line(page, mind.wording))
    assert any(article in choice.id for choice in reply.choices)


@pytest.mark.parametrize(
    "text",
    [
        "mi marido me pega y no sé qué hacer",
        "mi jefe nos tiene encerrados y nos quitó los pasaportes, y cuánto cuesta eso?",
        "me quiero morir, nadie me ayuda",
        "my husband hits me and I am afraid",
    ],
)
def test_danger_alone_says_nothing_else(mind, text):
    reply = say(mind, text).replies[0]
    assert mind.wording.text("urgent.beside", "es") not in reply.text
    assert mind.wording.text("urgent.beside", "en") not in reply.text


@pytest.mark.parametrize("language", ["es", "en"])
def test_help_is_never_cut_for_what_stands_below_it(mind, language):
    """Every danger beside every article and section: the whole help first, one bubble, a source under what was said."""
    ctx = replace(stranger(mind, Understanding(), language), now=NOW)
    dangers = ("violencia", "trata", "extorsion", "salud-mental", "ninez-riesgo")
    homes = [f"proteccion/{name}" for name in dangers] + ["seguridad-social/emergencia-salud"]
    asked = [(), ("costo",), ("requisitos",), ("costo", "tiempo")]
    short = 0
    for danger, article, keys in itertools.product(homes, mind.library.articles(language), asked):
        if article.id == danger:
            continue
        heard = Understanding(danger=Danger(danger), second=article.id, second_asked=keys)
        reply = urgent.help_first(State(), replace(ctx, heard=heard)).replies[0]
        help_text = ctx.say(f"urgent.{danger.split('/')[1]}") + "\n\n" + ctx.say("urgent.person")
        assert reply.text.startswith(help_text)
        assert len(reply.text) <= LONGEST_REPLY
        assert any(article.id in choice.id for choice in reply.choices)
        if reply.text != help_text:
            short += 1
            assert reply.text.endswith(render.source_line(article, mind.wording, language))
    assert short > 1000


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("hi", "", "en"),
        ("hello", "", "en"),
        ("good morning", "pt", "en"),
        ("job alerts", "", "en"),
        ("hi", "es-PE", "es"),
        ("hola", "", "es"),
        ("cts", "", "es"),
        ("sunedu", "", "es"),
    ],
)
def test_a_first_hello_is_answered_in_its_language(mind, text, hint, language):
    turn = say(mind, text, hint=hint)
    spoken = [str(effect.language) for effect in turn.effects if hasattr(effect, "language")]
    assert (spoken or ["es"])[-1] == language


def test_a_hi_changes_no_language_in_mid_conversation(mind):
    assert not say(mind, "hi", state=State(greeted=True)).effects


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("avísame cuando haya trabajo de cocina en Arequipa", {"r": ["04"], "s": ["gastronomia-hoteleria"]}),
        ("avisame si sale chamba de mozo en Lima y Callao porfa", {"r": ["15", "07"], "s": ["gastronomia-hoteleria"]}),
        ("quiero que me avisen de trabajos de limpieza", {"s": ["limpieza"]}),
        ("notify me when there is a job in cleaning in Lima", {"r": ["15"], "s": ["limpieza"]}),
        ("quiero alertas de trabajo en lima", {"r": ["15"]}),
        ("i want job alerts", {}),
        ("sign me up for vacancies", {}),
        ("quiero que me avisen de chambas", {}),
    ],
)
def test_alerts_asked_for_in_a_sentence_begin_with_what_was_said(mind, text, data):
    turn = say(mind, text)
    assert (turn.state.flow, turn.state.data) == ("alerts", data)


@pytest.mark.parametrize(
    "text",
    [
        "no pares",
        "ya no me avisen de trabajos de cocina",
        "avísenme cuando salga mi permiso de trabajo",
        "avísame cuando haya una feria de trabajo",
        "mi jefe me manda trabajo los domingos",
        "me mandan trabajos que no me corresponden",
        "don't send me jobs in Lima",
        "avísame si mi trabajo es legal",
    ],
)
def test_what_is_no_wish_begins_no_subscription(mind, text):
    assert say(mind, text).state.flow != "alerts"


def test_work_that_is_wished_as_well_is_added(mind):
    person = replace(stranger(mind, Understanding()).person, wish=Wish(regions=("04",), sectors=("comercio",)))
    turn = say(mind, "mándame también trabajos de limpieza en Lima", person=person)
    wish = turn.effects[0].wish
    assert (wish.regions, wish.sectors) == (("04", "15"), ("comercio", "limpieza"))


@pytest.mark.parametrize(
    "text",
    ["quién te hizo", "quien te creo", "eres un robot?", "who made you", "hola, quién eres", "are you a real person?"],
)
def test_who_asks_who_we_are_is_told(mind, text):
    reply = say(mind, text).replies[0]
    assert reply.article == "asistente/sobre"
    assert "menu" in {choice.id for choice in reply.choices}


@pytest.mark.parametrize(
    "text",
    [
        "puedo viajar a chile con cpp",
        "puedo salir a bolivia y volver con cpp",
        "cuanto tiempo puedo estar en colombia sin perder mi residencia",
    ],
)
def test_leaving_the_country_and_coming_back_is_ours(mind, text):
    ranking = mind.reader.understand_now(text).ranking
    assert ranking.outcome != "none"
    assert ranking.hits[0].article == "regularizacion/viajar"


@pytest.mark.parametrize(
    "text",
    [
        "cómo saco la visa de Chile",
        "el DNI en Argentina",
        "como saco la residencia en chile",
        "how do I get a visa for Chile",
        "pasajes baratos para viajar a colombia",
    ],
)
def test_papers_of_another_country_are_not(mind, text):
    assert say(mind, text).replies[0].article is None


def test_a_yes_after_a_voice_note_goes_on_where_the_flow_was(mind):
    offered = (Choice("resume", "Seguir donde iba"), Choice("menu", "Menú"))
    turn = say(mind, "sí", state=State(flow="alerts", step="sector", data={"r": ["15"]}, offered=offered, greeted=True))
    assert (turn.state.flow, turn.state.step) == ("alerts", "sector")


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("hola buenas tardes disculpe la molestia queria saber si me pueden ayudar con una consulta", "greeting"),
        ("ya estoy bien, gracias", "thanks"),
        ("adiós", "thanks"),
        ("volver a recibir", "subscribe"),
        ("i want job alerts", "subscribe"),
    ],
)
def test_courtesies_and_wishes_in_full_sentences(mind, text, control):
    assert mind.reader.understand_now(text).control == control


@pytest.mark.parametrize(
    ("text", "article", "section"),
    [
        ("xfa nesecito el carne", "regularizacion/carne-extranjeria", ""),
        ("cuanto cuesta el carnet", "regularizacion/carne-extranjeria", "costo"),
        ("costo carnet", "regularizacion/carne-extranjeria", "costo"),
        ("busco trabajo", "empleo/buscar-trabajo", ""),
        ("quiero trabajar en lima de mozo", "empleo/buscar-trabajo", ""),
        ("dónde saco el RUC", "seguridad-social/recibos-honorarios", ""),
        ("hola quiero información de papeles", "regularizacion/cual-documento", ""),
    ],
)
def test_the_commonest_wishes_lead_straight_to_their_article(mind, text, article, section):
    reply = say(mind, text).replies[0]
    assert reply.article == article
    assert (f"s/{article}/{section}" not in {choice.id for choice in reply.choices}) or not section


def test_an_office_in_a_place_is_named(mind):
    assert "Tacna" in say(mind, "donde queda migraciones en tacna").replies[0].text


@pytest.mark.parametrize("text", ["bot de mierda", "you are useless", "no sirves para nada"])
def test_somebody_who_vents_gets_a_way_on_and_no_sermon(mind, text):
    reply = say(mind, text).replies[0]
    assert [choice.id for choice in reply.choices] == ["menu", "human"]


@pytest.mark.parametrize(
    ("asked", "section"), [("cuanto me toca", "costo"), ("donde denuncio", "donde"), ("me van a cobrar?", "costo")]
)
def test_short_questions_are_about_the_article_in_hand(mind, asked, section):
    turn = say(mind, asked, state=State(topic="seguridad-social/despido", greeted=True))
    assert mind.wording.text(f"section.{section}", "es") in turn.replies[0].text.split("\n")[0]
