"""What becomes of a vacancy that somebody doubts: its copies, its reports, the decisions of the team."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.alerts.vacancy import State as VacancyState
from bot.alerts.vacancy import Where
from bot.commands.news import partner_of
from bot.conversation import Context, State, advance
from bot.flows import ALL
from bot.library.library import Library
from bot.messages import LONGEST_REPLY, Inbound, Kind
from bot.person import Address, Consent, Language, Person, PersonId, Wish
from tests.news_kit import country, wording
from tests.test_matching import words
from tests.test_partners import Door, door, event, subscriber
from tests.vacancy_kit import reader, vacancy

__all__ = ["Door", "door"]

FEE = "Carta criolla. Hay que pagar S/ 30 por la entrevista."


async def reported(door, vacancy, *people):
    for person in people:
        async with door.storage.work() as work:
            await door.desk.reported(work, person.id, vacancy["id"], door.clock())


async def told(door):
    sent = []

    async def send(_work, person, reply):
        sent.append((person.id, reply.text))

    await door.desk.tell(words(), send)
    return sent


async def test_rejecting_a_vacancy_opens_no_copy_of_it(door):
    await subscriber(door.storage, door.clock, 1)
    first = (await door.post(event())).json()
    copy = (await door.post(event(identifier="z"), "red")).json()
    assert copy["state"] == "duplicate"

    await door.desk.decide(first["id"], "Rosa", approve=False)

    held = await door.desk.show(copy["id"])
    assert (held.state, held.signals, held.duplicate_of) == ("held", ("copy_doubted",), None)
    assert await told(door) == []


async def test_a_copy_of_a_rejected_vacancy_waits_for_a_person_however_often_it_comes(door):
    first = (await door.post(event())).json()
    await door.desk.decide(first["id"], "Rosa", approve=False)

    copy = (await door.post(event(identifier="z"), "red")).json()
    changed = (await door.post(event("updated", identifier="z", description="Otra carta."), "red")).json()
    renamed = (await door.post(event(identifier="c-2"))).json()

    assert [one["state"] for one in (copy, changed, renamed)] == ["held"] * 3
    assert copy["signals"] == changed["signals"] == renamed["signals"] == ["copy_doubted"]


async def test_a_copy_that_a_person_let_out_stays_out_when_it_changes(door):
    first = (await door.post(event())).json()
    await door.desk.decide(first["id"], "Rosa", approve=False)
    copy = (await door.post(event(identifier="z"), "red")).json()

    assert (await door.desk.decide(copy["id"], "Rosa", approve=True)).state == "open"
    again = (await door.post(event("updated", identifier="z", description="Otra carta."), "red")).json()
    third = (await door.post(event(identifier="c-2"))).json()

    assert again["state"] == "open"
    assert (third["state"], third["duplicate_of"]) == ("duplicate", copy["id"])


async def test_a_held_vacancy_does_not_swallow_the_honest_one_of_another_partner(door):
    ana = await subscriber(door.storage, door.clock, 1)
    held = (await door.post(event(description=FEE))).json()
    honest = (await door.post(event(identifier="z"), "red")).json()

    assert (held["state"], honest["state"], honest["duplicate_of"]) == ("held", "open", None)
    assert [person for person, _ in await told(door)] == [ana.id]

    let_out = await door.desk.decide(held["id"], "Rosa", approve=True)
    assert (let_out.state, let_out.duplicate_of) == ("duplicate", honest["id"])
    assert await told(door) == []


async def test_a_copy_of_a_reported_vacancy_does_not_get_around_the_reports(door):
    people = [await subscriber(door.storage, door.clock, number) for number in range(3)]
    first = (await door.post(event())).json()
    before = (await door.post(event(identifier="y"), "red")).json()
    await told(door)
    await reported(door, first, *people)
    assert (await door.desk.show(first["id"])).state == "held"

    after = (await door.post(event(identifier="z"), "red")).json()
    assert (before["state"], after["state"]) == ("duplicate", "duplicate")

    await door.post({"type": "vacancy.closed", "data": {"identifier": "c-1"}})
    heir = await door.desk.show(before["id"])
    assert (heir.state, heir.signals) == ("held", ("copy_doubted",))


async def test_a_held_copy_is_told_once_let_out_after_its_original_is_gone(door):
    ana = await subscriber(door.storage, door.clock, 1)
    await door.post(event())
    copy = (await door.post(event(identifier="z", description=FEE), "red")).json()
    await door.post({"type": "vacancy.closed", "data": {"identifier": "c-1"}})

    done = await door.desk.decide(copy["id"], "Rosa", approve=True)

    assert (done.state, done.duplicate_of) == ("open", None)
    assert [person for person, _ in await told(door)] == [ana.id]


async def test_what_comes_again_after_a_rejection_says_why_it_waits(door):
    first = (await door.post(event())).json()
    await door.desk.decide(first["id"], "Rosa", approve=False)

    again = (await door.post(event("updated", title="Chef"))).json()

    assert (again["state"], again["signals"]) == ("held", ["rejected_before"])


async def test_the_team_sees_a_single_report_of_what_is_still_told(door):
    people = [await subscriber(door.storage, door.clock, number) for number in range(2)]
    first = (await door.post(event())).json()
    other = (await door.post(event(identifier="c-2", title="Mozo"))).json()
    await told(door)
    await reported(door, first, people[0])
    await reported(door, other, *people)

    assert [(one.id, reports) for one, reports in await door.desk.reported_open()] == [
        (other["id"], 2),
        (first["id"], 1),
    ]
    assert await door.desk.report_counts() == {first["id"]: 1, other["id"]: 2}

    await door.desk.decide(other["id"], "Rosa", approve=True)
    assert [one.id for one, _ in await door.desk.reported_open()] == [first["id"]]
    await door.desk.decide(first["id"], "Rosa", approve=False)
    assert await door.desk.reported_open() == []


async def test_my_data_counts_my_reports_and_says_which_reminders_will_not_come(door):
    ana = await subscriber(door.storage, door.clock, 1)
    first = (await door.post(event())).json()
    await told(door)
    await reported(door, first, ana)
    async with door.storage.work() as work:
        await work.feedback.register(ana.id, "2026-12-05-comas", door.clock())
        before = await work.feedback.beside(ana.id)
    door.clock.advance(60)
    async with door.storage.work() as work:
        await work.people.consent(ana.id, Consent("fairs", False, door.clock(), "telegram", "no más ferias"))
        await work.people.end(ana.id, "fairs")
        after = await work.feedback.beside(ana.id)

    assert before == {"reminders": ["2026-12-05-comas"], "reminders_off": [], "reports": 1}
    assert after == before | {"reminders_off": ["2026-12-05-comas"]}


async def test_a_wrong_rejection_can_be_undone_and_nobody_is_told_twice(door):
    ana = await subscriber(door.storage, door.clock, 1)
    first = (await door.post(event())).json()
    assert [person for person, _ in await told(door)] == [ana.id]
    await door.desk.decide(first["id"], "Rosa", approve=False)
    bea = await subscriber(door.storage, door.clock, 2)

    assert (await door.desk.decide(first["id"], "Luis", approve=True)).state == "open"
    assert [person for person, _ in await told(door)] == [bea.id]


async def test_what_its_partner_closed_is_not_opened_by_the_team(door):
    first = (await door.post(event())).json()
    await door.post({"type": "vacancy.closed", "data": {"identifier": "c-1"}})

    assert (await door.desk.decide(first["id"], "Rosa", approve=True)).state == "closed"
    later = event("updated", title="Chef") | {"timestamp": "2026-11-23T15:00:01Z"}
    assert (await door.post(later)).json()["state"] == "open"


def money(value, currency="PEN", unit="MONTH"):
    return {"currency": currency, "value": {"value": value, "unitText": unit}}


@pytest.mark.parametrize(
    ("salary", "pay", "state"),
    [
        ("S/ 50,000,000", 50_000_000, "held"),
        ({"currency": "PEN", "value": 5_000_000}, 5_000_000, "held"),
        (money(5000, unit="HOUR"), 1_200_000, "held"),
        (money(99_999), 99_999, "held"),
        (money(-5), None, "held"),
        (money(float("-inf")), None, "held"),
        (money(10**15), None, "held"),
        ({"currency": "PEN", "value": {"minValue": 0, "maxValue": -900, "unitText": "MONTH"}}, None, "held"),
        (money(0), None, "open"),
        ("a tratar", None, "open"),
        (money(900_000, "USD"), None, "open"),
        ("Llamar al 987654321", None, "open"),
        (money(1300), 1300, "open"),
    ],
)
async def test_a_pay_that_nobody_pays_is_held_and_one_that_is_not_named_is_not(door, salary, pay, state):
    found = (await door.post(event(baseSalary=salary))).json()

    assert (found["pay_min"], found["pay_max"], found["state"]) == (pay, pay, state)
    assert found["signals"] == (["pay_implausible"] if state == "held" else [])


FULL = (
    "<p>Buscamos panadero con o sin experiencia. Planilla desde el primer día, turnos de 8 horas. {} "
    "Presenta tu CV en el local de lunes a viernes.</p>"
)


@pytest.mark.parametrize(
    ("says", "state"),
    [
        ("Paga S/ 30 por la entrevista antes de venir.", "held"),
        ("Pague 40 soles por su entrevista.", "held"),
        ("Abona S/ 25 para la entrevista por Yape.", "held"),
        ("Hay que pagar 30 soles por la entrevista.", "held"),
        ("No pagas nada por la entrevista.", "open"),
        ("La empresa te paga S/ 15 por la entrevista, para tu pasaje.", "open"),
        ("Se paga S/ 30 por entrevista realizada.", "open"),
    ],
)
async def test_money_for_an_interview_is_noticed_also_as_an_order(door, says, state):
    found = (await door.post(event(title="Panadero", description=FULL.format(says), baseSalary=money(1400)))).json()

    assert found["state"] == state
    assert found["signals"] == (["fee"] if state == "held" else [])


async def test_a_short_vacancy_is_held_for_what_it_says_and_for_nothing_else(door):
    says = "Buscamos personal. La empresa se queda con tu pasaporte mientras dure el contrato."
    high = {"currency": "PEN", "value": {"minValue": 20_000, "maxValue": 30_000, "unitText": "MONTH"}}
    found = (await door.post(event(title="Limpieza de oficinas", description=says, baseSalary=high))).json()

    assert found["signals"] == ["documents", "pay_implausible"]


async def test_an_event_from_the_future_is_refused_and_freezes_nothing(door):
    await door.post(event())
    far = await door.post(
        {"type": "vacancy.closed", "timestamp": "2030-01-01T00:00:00Z", "data": {"identifier": "c-1"}}
    )
    vague = await door.post(event() | {"timestamp": "ayer"})

    assert (far.status_code, vague.status_code) == (422, 422)
    assert far.json()["errors"] == [
        {"field": "timestamp", "reason": "es un momento futuro; escriba cuándo pasó, así: 2026-11-22T17:00:00Z"}
    ]
    assert vague.json()["errors"] == [
        {"field": "timestamp", "reason": "no se entiende; escriba cuándo pasó así: 2026-11-22T17:00:00Z"}
    ]
    assert (await door.post(event("updated", title="Chef"))).json()["title"] == "Chef"


async def test_a_clock_that_is_some_hours_ahead_does_not_shut_out_what_comes_after_it(door):
    await door.post(event() | {"timestamp": "2026-11-23T20:00:00Z"})
    door.clock.advance(60)

    later = event("updated", title="Chef") | {"timestamp": "2026-11-23T15:01:00Z"}
    assert (await door.post(later)).json()["title"] == "Chef"


async def test_a_wrong_word_is_answered_with_the_words_of_the_subject(door):
    vacancy = (await door.post(event("borrada"))).json()["errors"]
    fair = (await door.post(event("borrada"), subject="fairs")).json()["errors"]

    assert [wrong["reason"] for wrong in vacancy if wrong["field"] == "type"] == [
        "se aceptan vacancy.published, vacancy.updated y vacancy.closed"
    ]
    assert [wrong["reason"] for wrong in fair if wrong["field"] == "type"] == [
        "se aceptan fair.published, fair.updated, fair.closed y fair.cancelled"
    ]


@pytest.mark.parametrize(
    ("source", "partner"),
    [
        ("vacantes-nov.csv", "vacantes"),
        ("/tmp/vacantes_Diciembre_2026.csv", "vacantes"),
        ("ONG Sur 2026-11.csv", "ONG-Sur"),
        ("2026-11.csv", "2026-11"),
        ("https://bolsa.example/noviembre/feed.json", "bolsa.example"),
    ],
)
def test_the_sheet_of_the_next_month_is_of_the_same_partner(source, partner):
    assert partner_of(source, reader().lexicon.months) == partner


def alert(number, district, **given):
    return vacancy(
        id=str(number), title="Mozo", employer="Bar Norte", places=(Where("15", district),), **given
    ).to_json()


def opened(number, *alerts):
    person = Person(PersonId(1), Address("telegram", "1"), Language.SPANISH, wish=Wish())
    now = datetime(2026, 11, 23, 15, tzinfo=UTC)
    ctx = Context(person, now, Library(country=country()), wording(), alerts=alerts)
    said = Inbound("e1", person.address, now, Kind.CHOICE, choice=f"v/{number}")
    return advance(State(greeted=True), said, ctx, ALL).replies[0].text


def test_a_job_in_many_places_opens_with_all_of_them():
    copies = [alert(number, f"Distrito {number}") for number in range(30)]
    other = vacancy(id="99", title="Chef", places=(Where("04", "Yura"),)).to_json()
    gone = alert(50, "Comas", state=VacancyState.CLOSED)

    text = opened(3, *copies, other, gone)

    assert "Distrito 3, Distrito 0, Distrito 1" in text
    assert "y 18 más" in text
    assert "Yura" not in text
    assert "Comas" not in text
    assert len(text) <= LONGEST_REPLY
    assert "Distrito 0, Distrito 1\n" in opened(0, *copies[:2])
