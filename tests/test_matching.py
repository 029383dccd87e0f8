"""Who is told of a vacancy: the rules one by one, and the database's answer equal to them for everybody."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.alerts.digest import KEYS, digest
from bot.alerts.matching import Mismatch, match_file, meets, why
from bot.alerts.vacancy import Mode, State, Where
from bot.messages import LONGEST_REPLY
from bot.person import Address, Wish
from bot.storage.matching import Due, Matching
from bot.wording import Entry, Wording
from tests.vacancy_kit import reader, vacancy

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
JOB = vacancy(places=(Where("15", "Ate"), Where("07")), sectors=("limpieza",), pay_min=1200.0, pay_max=1400.0)


@pytest.mark.parametrize(
    ("wish", "change", "reason"),
    [
        ({}, {}, None),
        ({"regions": ("07", "04")}, {}, None),
        ({"regions": ("04",)}, {}, Mismatch.REGION),
        ({"regions": ("04",)}, {"places": (), "mode": Mode.REMOTE}, None),
        ({"regions": ("04",)}, {"mode": Mode.REMOTE}, Mismatch.REGION),
        ({"sectors": ("limpieza", "agro")}, {}, None),
        ({"sectors": ("agro",)}, {}, Mismatch.SECTOR),
        ({"sectors": ("agro",)}, {"sectors": ()}, None),
        ({"modes": ("remoto",)}, {}, Mismatch.MODE),
        ({"modes": ("remoto", "presencial")}, {}, None),
        ({"min_pay": 1400}, {}, None),
        ({"min_pay": 1401}, {}, Mismatch.PAY_LOW),
        ({"min_pay": 1300}, {"pay_max": None}, Mismatch.PAY_LOW),
        ({"min_pay": 1200}, {"pay_max": None}, None),
        ({"min_pay": 1}, {"pay_min": None, "pay_max": None}, Mismatch.PAY_UNKNOWN),
        ({}, {"pay_min": None, "pay_max": None}, None),
        ({}, {"languages": ("es", "en")}, Mismatch.LANGUAGE),
        ({"languages": ("en", "es")}, {"languages": ("es", "en")}, None),
        ({"languages": ("en",)}, {}, Mismatch.LANGUAGE),
        ({"alerts": False}, {}, Mismatch.LEFT),
        ({"paused_until": NOW + timedelta(hours=1)}, {}, Mismatch.PAUSED),
        ({"paused_until": NOW}, {}, None),
        ({}, {"state": State.HELD}, Mismatch.HELD),
        ({}, {"state": State.CLOSED}, Mismatch.CLOSED),
        ({}, {"state": State.DUPLICATE}, Mismatch.DUPLICATE),
        ({}, {"valid_through": NOW - timedelta(seconds=1)}, Mismatch.PAST),
        ({}, {"valid_through": NOW}, None),
    ],
)
def test_a_wish_meets_a_vacancy_or_says_why_not(wish, change, reason):
    assert meets(Wish(**wish), replace(JOB, **change), NOW) is reason


def test_one_is_told_why_it_came():
    wish = Wish(regions=("04", "07"), sectors=("limpieza",), modes=("presencial",), min_pay=1000)
    assert why(wish, JOB) == (("region", "07"), ("sector", "limpieza"), ("mode", "presencial"), ("pay", "1000"))
    assert why(Wish(), JOB) == (("all", ""),)


def test_a_table_of_wishes_and_vacancies_is_matched():
    table = {
        "now": "2026-11-23T10:00:00-05:00",
        "subscriptions": [
            {"id": "a", "regions": [7, "15"], "sectors": [], "modes": [], "min_pay": None, "languages": ["es"], "status": "active"},
            {"id": "b", "regions": [], "sectors": ["agro"], "modes": ["remoto"], "min_pay": 900, "languages": ["es"], "status": "left"},
            {"id": "c", "regions": [], "sectors": [], "modes": [], "min_pay": None, "languages": ["es"], "status": "paused"},
        ],
        "vacancies": [
            {"id": "v", "regions": ["07"], "sectors": ["agro"], "mode": "presencial", "languages": ["es"], "state": "open", "valid_through": date(2026, 11, 23)},
            {"id": "w", "regions": ["07"], "sectors": [], "mode": "presencial", "languages": [], "state": "open", "valid_through": "2026-11-22"},
        ],
    }  # fmt: skip
    found = match_file(table, reader().moments)
    assert found.pairs == (("a", "v"),)
    assert found.why_not == (
        ("a", "w", "past"),
        ("b", "v", "left"),
        ("b", "w", "past"),
        ("c", "v", "paused"),
        ("c", "w", "past"),
    )


REGIONS, SECTORS, MODES = (
    ("04", "07", "13", "15"),
    ("agro", "comercio", "limpieza"),
    ("presencial", "remoto", "hibrido"),
)


def some(chance, names, most=3):
    return tuple(chance.sample(names, chance.randint(0, min(most, len(names)))))


def any_wish(chance):
    return Wish(
        regions=some(chance, REGIONS), sectors=some(chance, SECTORS), modes=some(chance, MODES),
        min_pay=chance.choice([None, 0, 1000, 1130, 1300, 2000]), languages=chance.choice([("es",), ("en",), ("es", "en"), ("en", "es")]),
        alerts=chance.random() > 0.1, paused_until=chance.choice([None, None, NOW, NOW + timedelta(days=1)]),
        frequency=chance.choice(["now", "daily", "weekly"]), weekday=chance.choice([None, 2]),
    )  # fmt: skip


def any_vacancy(chance, number):
    low = chance.choice([None, 999.5, 1130.0, 1300.0])
    return vacancy(
        id=str(number), places=tuple(Where(region) for region in some(chance, REGIONS)), sectors=some(chance, SECTORS, 2),
        mode=Mode(chance.choice(MODES)), pay_min=low, pay_max=chance.choice([None, 1300.4, 2100.0]), languages=chance.choice([("es",), ("es", "en"), ()]),
        state=chance.choice([State.OPEN] * 5 + [State.HELD]), valid_through=chance.choice([None, NOW, NOW - timedelta(days=1)]),
    )  # fmt: skip


async def test_the_database_finds_exactly_those_whom_the_rules_name(storage, clock):
    chance = random.Random(7)
    wishes = {}
    async with storage.work() as work:
        for number in range(150):
            recalled = await work.people.recall(Address("telegram", str(number)), (), "es", clock())
            wishes[recalled.person.id] = any_wish(chance)
            await work.people.subscribe(recalled.person.id, wishes[recalled.person.id])
    for number in range(150):
        job = any_vacancy(chance, number)
        async with storage.view() as work:
            found = await Matching(work.line).people(job, NOW)
            assert await Matching(work.line).count(job, NOW) == len(found)
        assert found == sorted(person for person, wish in wishes.items() if meets(wish, job, NOW) is None)


async def test_each_is_told_when_they_asked_to_be(storage, clock):
    days = {day: NOW + timedelta(days=day + 1) for day in range(7)}
    due = Due(NOW, NOW + timedelta(hours=5), days)
    async with storage.work() as work:
        ids = []
        for number, wish in enumerate(
            (Wish(frequency="now"), Wish(frequency="daily"), Wish(frequency="weekly", weekday=3))
        ):
            recalled = await work.people.recall(Address("telegram", str(number)), (), "es", clock())
            await work.people.subscribe(recalled.person.id, wish)
            ids.append(recalled.person.id)
        matching = Matching(work.line)
        await matching.note(JOB, due)
        await matching.note(
            JOB, Due(NOW + timedelta(days=3), NOW + timedelta(days=3), days)
        )  # a second time changes nothing
        assert await matching.due(NOW) == ids[:1]
        assert await matching.due(NOW + timedelta(hours=5)) == ids[:2]
        assert await matching.due(days[3]) == ids


def words():
    texts = {key: f"{key} {{{place}}}" if place else key for key, place in KEYS.items()}
    return Wording({"es": {key: Entry((text, text)) for key, text in texts.items()}}, {"es": "es_PE"})


def shown(*vacancies):
    return digest(vacancies, words(), "es", reader().places.name)


def test_a_digest_fits_one_bubble_and_counts_the_rest():
    many = [
        vacancy(
            id=str(n),
            identifier=str(n),
            title=f"Operario {n} " + "x" * 200,
            employer=f"Empresa {n} " + "y" * 80,
            places=(Where("15", "Ate"),),
        )
        for n in range(40)
    ]
    made = shown(*many)
    assert len(made.reply.text) <= LONGEST_REPLY
    assert f"digest.more {made.more}" in made.reply.text
    assert len(made.shown) + made.more == 40
    assert made.reply.choices[-1].id == f"alerts/more/{40 - made.more}"
    assert all(len(choice.id.encode()) <= 60 for choice in made.reply.choices)


def test_one_employer_does_not_flood():
    flood = [vacancy(id=str(n), title=f"Puesto {n}", employer="Grande S.A.") for n in range(10)]
    made = shown(*flood, vacancy(id="99", title="Niñera", employer="Familia Paz"))
    assert made.shown[:3] == ("0", "1", "99")


def test_thirty_copies_in_thirty_cities_are_one_line():
    copies = [
        vacancy(id=str(n), identifier=str(n), title="Vendedor(a)", places=(Where("15", f"Distrito {n}"),))
        for n in range(30)
    ]
    made = shown(*copies)
    assert made.more == 0
    assert len(made.shown) == 30
    assert "digest.places 30" in made.reply.text


def test_a_single_vacancy_shows_what_matters():
    made = shown(replace(JOB, title="Operaria", valid_through=NOW))
    assert "**Operaria**\nBar Norte · Ate, Callao ·" in made.reply.text
