"""The trust gate: offers that harm people are held, honest ones get through, and every reason is named."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alerts.offer_learn import main
from bot.alerts.trust import SIGNALS, Offer, TrustGate, Verdict
from bot.flows.offer import is_question
from tests.conftest import cost

ROOT = Path(__file__).parent.parent
RULES = (ROOT / "content" / "ofertas.yaml").read_text(encoding="utf-8")
OFFERS, BLIND = (
    cast("list[dict[str, Any]]", yaml.safe_load((ROOT / "tests" / "data" / name).read_text(encoding="utf-8")))
    for name in ("offers.yaml", "offers_blind.yaml")
)
GATE = TrustGate.from_rules(RULES)


def judged(text: str) -> Verdict:
    return GATE.judge(Offer(text))


def share(hits: Iterable[bool]) -> float:
    seen = list(hits)
    return sum(seen) / len(seen)


@pytest.mark.parametrize(
    ("offers", "held", "spared", "named"),
    [(OFFERS, 0.99, 0.01, 0.95), (BLIND, 0.9, 0.1, 0.7)],
    ids=["taught", "never seen"],
)
def test_offers_to_hold_are_held_and_honest_ones_get_through(offers, held, spared, named):
    """The aim is 95 of 100 harmful offers and 5 of 100 honest ones; half of the unseen ones are worded very oddly."""
    rows = [(row, judged(row["text"])) for row in offers]

    assert share(said.hold for row, said in rows if row["hold"]) >= held
    assert share(said.hold for row, said in rows if not row["hold"]) <= spared
    assert share(signal in said.signals for row, said in rows for signal in row["signals"]) >= named


def test_no_unseen_offer_in_ordinary_words_is_judged_wrongly():
    rows = [row for row in BLIND if row["note"].startswith("ordinary")]

    assert [row["id"] for row in rows if judged(row["text"]).hold is not row["hold"]] == []
    assert len(rows) >= 50


@pytest.mark.parametrize("signal", SIGNALS)
def test_every_signal_is_recognised_in_most_of_its_wordings(signal):
    assert share(signal in judged(row["text"]).signals for row in OFFERS if signal in row["signals"]) >= 0.9


def test_the_labelled_set_is_large_mixed_and_well_formed():
    assert len(OFFERS) >= 400
    assert len({row["text"] for row in [*OFFERS, *BLIND]}) == len({row["id"] for row in [*OFFERS, *BLIND]})
    assert 0.4 <= share(row["hold"] for row in OFFERS) <= 0.6
    assert all(bool(row["signals"]) is row["hold"] and set(row["signals"]) <= set(SIGNALS) for row in [*OFFERS, *BLIND])


@pytest.mark.parametrize(
    ("signal", "texts"),
    [
        (
            "fee",
            [
                "Mozo en Restaurante El Faro, Callao. 1,200. Trae 20 soles para tu fotocheck.",
                "No cobramos por postular. Solo cancelas el curso de inducción de 60 soles. Hotel Bahía Azul",
                "Te lo devolvemos con la primera boleta, pero el kit cuesta S/ 45. Minimarket Lucho",
                "You must pay 80 soles for the training at Café Norte",
            ],
        ),
        (
            "documents",
            [
                "Ayudante en Taller Ramos. 1,200. Tu carné queda en la oficina como garantía.",
                "Para el depósito manda tu clave de internet del banco. Textiles Ríos",
                "We keep your passport until the end. Hotel Mar Azul",
            ],
        ),
        (
            "no_employer",
            [
                "Se necesita personal, buen sueldo, escribir al 900 111 222",
                "Chamba para mañana, 80 soles, info al interno",
            ],
        ),
        (
            "pay_implausible",
            [
                "Limpieza en Oficinas Torre Norte, 400 soles diarios",
                "Cajera en Tienda Milagros, S/ 6,000 al mes sin experiencia",
            ],
        ),
        (
            "short_link",
            [
                "Panadería San Jorge busca hornero: bit.ly/hornero1",
                "Hotel Real, postula en tinyurl punto com barra abc",
            ],
        ),
        (
            "foreign_number",
            ["Mozo para Hotel Costa Verde, escribe al +57 300 000 0000", "Bar Central, Lima. wa.me/593900000000"],
        ),
        (
            "trafficking",
            [
                "Señoritas para bar en Mazuko, pasaje y cuarto pagados",
                "Jovencitas de 15 y 16 para trabajar en casa de familia en Lima, les damos colegio",
            ],
        ),
        ("pyramid", ["Gana 200 soles diarios dando like a videos", "Invierte 300 y cobra por cada amigo que invites"]),
        (
            "illegal_terms",
            [
                "Vendedora, Bazar Luz, Tacna. 800 al mes de 9 a 7",
                "Vigilante, Cochera Sur, 1,300, 12 horas sin horas extras",
                "Mesera, Café Andino. La primera semana es de prueba y no se paga",
            ],
        ),
        (
            "discrimination",
            ["Cajero, Tienda Sol. No venezolanos", "Recepcionista, Hotel Luna. Mujer de 18 a 25, buena presencia"],
        ),
        ("other", ["Plaza en la UGEL ya arreglada, sin concurso", "Lleva un paquete a Tumbes sin abrirlo, 500 soles"]),
    ],
)
def test_a_signal_is_named_in_many_wordings(signal, texts):
    for text in texts:
        assert signal in judged(text).signals, text


@pytest.mark.parametrize(
    "text",
    [
        "Cocinero, Restaurante El Faro, Callao. 1,500. No cobramos nada por postular.",
        "Vigilante en Seguridad Norte S.A.C. 1,500. La empresa paga tu curso, tu examen y tu carné.",
        "Operario en Plásticos Unidos, Ate. 1,200. El sueldo se deposita en tu cuenta.",
        "Jornaleros para Agrícola San Juan, Ica: jornal 58, bus y almuerzo pagados por la empresa.",
        "Recepcionista en Hotel Mirador, Máncora. 1,300, habitación sin costo, contrato de 6 meses.",
        "Ingeniera de software, Fintech Qori, remoto. S/ 13,000. Postula en qori.example",
        "Ayudante en Bodega Rosita, Tacna, 3 horas por la tarde, 450 al mes.",
        "Soy Carmen, busco quien planche en mi casa en Lince los sábados de 9 a 12, 50 soles.",
        "Costurera por prenda en Taller Lucy, jr. Ica 220, pago los sábados.",
        "Asesor en Tienda Moda Sur. 1,200. Todas las nacionalidades, sin límite de edad.",
    ],
)
def test_honest_offers_that_look_like_harmful_ones_get_through(text):
    assert judged(text) == Verdict(hold=False, signals=())


def test_a_vacancy_that_asks_for_money_and_pays_too_little_names_both():
    offer = Offer(
        "Impulsadora. Traer 45 soles para polo y fotocheck.",
        employer="Central de Promotoras",
        structured=True,
        has_place=True,
        pay_min=960,
        pay_max=960,
    )

    assert set(GATE.judge(offer).signals) == {"fee", "illegal_terms"}


@pytest.mark.parametrize(("employer", "hold"), [("Hotel Sol", False), (None, True), ("  ", True)])
def test_a_structured_vacancy_is_judged_by_its_employer_field(employer, hold):
    said = GATE.judge(
        Offer("Recepcionista. Turno de día.", employer=employer, structured=True, has_place=True, pay_min=1300)
    )

    assert said.hold is hold
    assert ("no_employer" in said.signals) is hold


@pytest.mark.parametrize(
    ("pay", "part_time", "hold"), [(1130, False, False), (900, False, True), (900, True, False), (9000, False, True)]
)
def test_the_pay_fields_are_held_against_the_minimum_and_the_plausible(pay, part_time, hold):
    offer = Offer(
        "Auxiliar de tienda", employer="Tienda Sol", structured=True, has_place=True, pay_min=pay, part_time=part_time
    )

    assert GATE.judge(offer).hold is hold


def test_the_minimum_wage_is_a_rule_and_not_written_in_the_program():
    later = TrustGate.from_rules(RULES.replace("salario_minimo: 1130", "salario_minimo: 1500"))
    offer = Offer("Auxiliar", employer="Tienda Sol", structured=True, pay_min=1300)

    assert not GATE.judge(offer).hold
    assert later.judge(offer).signals == ("illegal_terms",)


def test_fancy_letters_accents_and_numbers_in_words_do_not_hide_anything():
    assert "fee" in judged("Hotel Sol. 𝗗𝗲𝗽𝗼𝘀𝗶𝘁𝗲 𝗰𝘂𝗮𝗿𝗲𝗻𝘁𝗮 𝘀𝗼𝗹𝗲𝘀 para el examen").signals
    assert "illegal_terms" in judged("Tienda Sol, Lima. Pagan ochocientos cincuenta al mes, ocho horas").signals


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("", "línea 1"),
        ("a: [", "YAML"),
        ("- 1", "línea 1"),
        (RULES.replace("salario_minimo: 1130", "salario_minimo: mucho"), "salario_minimo"),
        (RULES.replace("salario_minimo: 1130", "x: 1"), "salario_minimo"),
        (RULES.replace("acortadores: [", "acortadores: []\nx: ["), "vacía"),
        (RULES.replace("  fee:\n    frases:\n", '  fee:\n    frases:\n      - "... curso"\n'), "palabra fija"),
        (RULES.replace("  fee:\n    frases:\n", '  fee:\n    frases:\n      - "pag* curso"\n'), "cuatro letras"),
        (RULES.replace("  fee:\n    frases:\n", '  fee:\n    frases:\n      - "paga {nada}"\n'), "nada"),
        (RULES.replace("  fee:\n    frases:\n", '  fee:\n    frases:\n      - "/"\n'), "«/»"),
        (RULES.replace("  fee:\n    frases:\n", "  fee:\n    frazes:\n"), "frazes"),
        (RULES.replace("  fee:\n    frases:\n", "  cobros:\n    frases:\n"), "señales"),
        (RULES.replace("techos:\n", "techos:\n  - mes: 3\n"), "oficios"),
        (RULES.replace("techos:\n", "techos: 3\nx:\n"), "lista"),
        (RULES.replace("techos:\n", "techos:\n  - oficios: [[a]]\n    mes: 3\n"), "texto"),
        (RULES.replace("\nindicios:", "\nx:"), "indicios"),
        (RULES.replace("  motivos:\n", "  x:\n"), "motivos"),
        (RULES.replace("  umbral:", "  umbral: mucho #"), "número"),
        (RULES.replace("    pesos:\n", "    x:\n", 1), "dos datos"),
        ("\x00", "UTF-8"),
    ],
)
def test_a_mistake_in_the_rules_is_told_with_line_and_remedy(broken, says):
    with pytest.raises(ValueError, match="línea") as mistake:
        TrustGate.from_rules(broken)

    assert says in str(mistake.value)
    assert "Remedio" in str(mistake.value)


@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=400),
        st.lists(st.sampled_from(" ".join(row["text"] for row in OFFERS).split()), max_size=60).map(" ".join),
    ),
    employer=st.none() | st.text(max_size=10),
    structured=st.booleans(),
    pay=st.none() | st.floats(),
)
def test_any_text_gets_a_verdict(text, employer, structured, pay):
    """Whatever is pasted: no failure, and a reason exactly when it is held."""
    said = GATE.judge(Offer(text, employer=employer, structured=structured, pay_min=pay))

    assert said.hold is bool(said.signals)
    assert set(said.signals) <= set(SIGNALS)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([row["text"] for row in OFFERS if row["hold"]]))
def test_shouting_does_not_hide_a_fee(text):
    if "fee" in judged(text).signals:
        assert judged(text.upper()).hold


def test_an_offer_in_wordings_that_no_phrase_knows_is_held_by_what_its_words_weigh():
    known = RULES[: RULES.index("\nindicios:\n")]
    unweighed = TrustGate.from_rules(known + "\nindicios: {umbral: 9, retener: {inicio: 0, pesos: {}}, motivos: {}}\n")
    rows = [row["text"] for row in OFFERS[::3] if row["hold"]]
    by_phrases = [unweighed.judge(Offer(text)).hold for text in rows]

    assert sum(judged(text).hold for text in rows) > sum(by_phrases)
    assert share(by_phrases) >= 0.5  # phrases that hold whatever the words weigh


@pytest.mark.parametrize(
    "who", ["venezolanas", "extranjeras", "migrantes con PTP", "refugiadas", "peruanas", "con CPP"]
)
def test_where_people_come_from_never_weighs(who):
    offer = (
        "Restaurante El Faro, Callao, av. Grau 120. Personas {} para cocina y salón, 1,300 en planilla, un día libre."
    )

    assert judged(offer.format(who)) == judged(offer.format("responsables"))


@pytest.mark.parametrize(
    "text",
    [
        "¿Es estafa? Mozo, Hotel Sol",
        "Me ofrecieron esto y no sé si confiar: repartidor para Bodega Sol, 1,300 al mes, dejas 80 de garantía",
        "Chica para tienda, turno completo, 1,200 mensuales, escribir solo por whatsapp al 900 000 000. ¿Me fío?",
        "Rumbo, ¿qué opinas de esta oferta? Call center, 1,130 más bonos, el primer mes de sueldo queda de fondo",
        "Can I trust this? Housekeepers wanted, salary 1,900 dollars, you pay 250 for the seaman book first",
    ],
)
def test_a_doubt_in_any_words_beside_an_offer_asks_for_the_gate(text):
    assert is_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "¿Será verdad que me pueden deportar por trabajar sin permiso? Tengo trabajo en un restaurante y me da miedo",
        "En mi trabajo me pagan 900 soles al mes por diez horas diarias, ¿eso es legal? ¿Dónde puedo reclamar?",
        "¿Es real?",
    ],
)
def test_other_questions_about_work_are_no_question_about_an_offer(text):
    assert not is_question(text)


def test_weights_alone_never_hold_a_short_text():
    for text in ("Hotel Luna", "Mozo, Restaurante El Faro", "Bodega Rosita gana"):
        assert judged(text).hold is False


def test_the_weights_in_the_rules_are_those_learnt_from_the_offers(tmp_path):
    """Learnt anew from a few offers, the rules stay readable and the phrases untouched."""
    offers, rules = tmp_path / "offers.yaml", tmp_path / "ofertas.yaml"
    offers.write_text(yaml.safe_dump(OFFERS[::12]), encoding="utf-8")
    rules.write_text(RULES, encoding="utf-8")

    main(offers, rules)
    once = rules.read_text(encoding="utf-8")
    main(offers, rules)

    assert rules.read_text(encoding="utf-8") == once
    assert once.split("\nindicios:")[0] == RULES.split("\nindicios:")[0]
    assert "fee" in TrustGate.from_rules(once).judge(Offer("Hotel Sol. Pague 40 soles por el examen.")).signals


def test_the_rules_are_read_fast_enough_for_every_start():
    """A tenth of a second where nothing else runs; the bound is a guard against another order of magnitude."""
    assert cost(lambda: TrustGate.from_rules(RULES)) < 2


def test_very_long_texts_are_read_in_reasonable_time():
    """A guard against costs that grow with the square of the length."""
    assert cost(lambda: (judged("paga " * 50_000), judged("1 " * 50_000))) < 10
