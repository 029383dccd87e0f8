"""A fair that was cancelled or put off: whoever was told of it reads so, in the template as well, and when they ask."""

from datetime import timedelta

import pytest

from bot.broadcasts.audience import Kind
from bot.conversation import Context, Flows, RegisterFair, State, Unsubscribe, advance
from bot.effects import Effects
from bot.flows import fairs, menu
from bot.library.library import Library
from bot.messages import Inbound, Reply
from bot.messages import Kind as Said
from bot.person import Address, Consent, Person, PersonId
from bot.turns import Turn
from tests.news_kit import Office, country, fair, wording

FAIR = "2026-12-05-comas"
FLOWS = Flows(
    flows=(fairs.FLOW,),
    urgent=menu.welcome,
    media=lambda state, said, ctx: None,
    answer=lambda state, said, ctx: Turn(state, (Reply("no lo sé"),)),
    welcome=menu.welcome,
)


@pytest.fixture
def office(storage, clock):
    return Office(storage, clock, templates={("rumbo_feria_cambio", "es"), ("rumbo_feria_cambio", "en")})


async def corrected(office, clock, *, language="es", **changes):
    """What somebody whose window has closed since gets about a fair that changed, as its template shows it."""
    office.announce(fair(language="en"))
    await office.person("whatsapp", language=language)
    first = await office.desk.draft_fair(FAIR, "Rosa")
    await office.sent(first.id)
    await office.deliver()
    clock.advance(2 * 24 * 3600)
    for spoken in ("es", "en"):
        office.announce(fair(language=spoken, **changes))
    plan = await office.desk.plan((await office.desk.draft_fair(FAIR, "Rosa", kind=Kind.CORRECTION)).id)
    return next(each["text"] for each in plan["texts"] if each["template"])


async def test_outside_the_window_a_cancelled_fair_is_called_cancelled(office, clock):
    text = await corrected(office, clock, status="cancelled")

    assert "CANCELADA" in text
    assert "era el sábado 5 de diciembre" in text
    assert "Feria de empleo de Comas" in text


async def test_it_is_called_so_in_english(office, clock):
    text = await corrected(office, clock, language="en", status="cancelled")

    assert "CANCELLED" in text
    assert "Comas job fair" in text


async def test_outside_the_window_a_fair_that_was_put_off_does_not_name_its_old_day_as_the_day(office, clock):
    text = await corrected(office, clock, status="postponed")

    assert "POSTERGADA" in text
    assert "Fecha: era el" in text


async def test_outside_the_window_a_fair_on_another_day_names_the_new_day(office, clock):
    later = {"start": fair().start + timedelta(days=2), "end": fair().end + timedelta(days=2)}
    text = await corrected(office, clock, **later)

    assert "lunes 7 de diciembre" in text
    assert "5 de diciembre" not in text
    assert "CANCELADA" not in text


def ask(clock, text, *them, demo=False):
    library = Library(fairs={(one.language, one.id): one for one in them}, country=country())
    person = Person(PersonId(1), Address("telegram", "1"))
    ctx = Context(person, clock(), library, wording(), demo=demo)
    said = Inbound("1", person.address, clock(), Said.TEXT, text)
    return advance(State(), said, ctx, FLOWS).replies[0].text


@pytest.mark.parametrize("question", ["ferias", "feria comas", "feria 2026-12-05-comas"])
def test_who_asks_for_fairs_reads_first_that_one_is_cancelled(clock, question):
    other = fair("2026-12-09-ate", title="Feria de Ate", label="Feria de Ate")

    told = ask(clock, question, fair(status="cancelled"), other)

    assert "cancelada" in told.lower()
    assert told.lower().index("cancelada") < told.index("Feria de Ate")


@pytest.mark.parametrize("question", ["ferias", "feria comas"])
def test_it_is_said_also_when_there_is_no_other_fair(clock, question):
    assert "cancelada" in ask(clock, question, fair(status="cancelled")).lower()


def test_one_that_was_put_off_is_said_so(clock):
    assert "postergada" in ask(clock, "ferias", fair(status="postponed")).lower()
    assert "postergada" in ask(clock, "feria 2026-12-05-comas", fair(status="postponed")).lower()


def test_what_is_over_or_invented_is_not_mentioned(clock):
    before = {"start": clock() - timedelta(days=3), "end": clock() - timedelta(days=2)}

    assert "cancelada" not in ask(clock, "ferias", fair(status="cancelled", **before)).lower()
    assert "cancelada" not in ask(clock, "ferias", fair(status="cancelled", example=True)).lower()
    assert "cancelada" in ask(clock, "ferias", fair(status="cancelled", example=True), demo=True).lower()


async def test_outside_the_window_only_who_asked_is_told_that_they_asked(storage, clock):
    office = Office(storage, clock, templates={("rumbo_feria_recordatorio", "es")})
    told, asked, near = [await office.person("whatsapp", wrote=timedelta(hours=1)) for _ in range(3)]
    first = await office.desk.draft_fair(FAIR, "Rosa")
    await office.sent(first.id)
    await office.deliver()
    async with storage.work() as work:
        await work.feedback.register(asked, FAIR, clock())
    clock.now = fair().start - timedelta(days=1)
    async with storage.work() as work:
        person = await work.people.by_id(near)
        await work.people.recall(person.address, (), "es", clock())  # wrote just now

    one = await office.desk.draft_fair(FAIR, "Rosa", kind=Kind.REMINDER)
    plan = await office.desk.plan(one.id, people=True)
    await office.desk.approve(one.id, "Ana")
    await office.desk.send(one.id)
    reminded = await office.deliver()

    assert plan["excluded"] == [{"reason": "window_closed", "count": 1}]
    assert {each["person"]: each["gets"] for each in plan["people"]} == {
        told: None,
        asked: "template",
        near: "message",
    }
    assert set(reminded) == {asked, near}


async def test_a_window_that_closes_before_the_reminder_leaves_is_not_claimed_to_have_asked(storage, clock):
    office = Office(storage, clock, templates={("rumbo_feria_recordatorio", "es")})
    await office.person("whatsapp", wrote=timedelta(minutes=1))
    first = await office.desk.draft_fair(FAIR, "Rosa")
    await office.sent(first.id)
    await office.deliver()
    one = await office.desk.draft_fair(FAIR, "Rosa", kind=Kind.REMINDER)
    now = clock()
    await office.desk.plan(one.id, at=now + timedelta(minutes=1))
    await office.desk.approve(one.id, "Ana")
    await office.desk.send(one.id)
    clock.advance(60)
    await office.desk.advance(clock())
    clock.advance(25 * 3600)

    assert await office.deliver() == {}
    assert (await office.desk.show(one.id))["skipped"] == 1


async def test_who_wants_no_more_fairs_is_not_shown_a_reminder_that_will_not_come(storage, clock):
    office = Office(storage, clock)
    ana = await office.person(registered=FAIR)
    effects = Effects(None, None, clock)
    async with storage.work() as work:
        person = await work.people.by_id(ana)
        said = Inbound("1", person.address, clock(), Said.TEXT, "no más ferias")
        await effects.do(work, person, said, Unsubscribe("fairs", "no más ferias"))
        assert await work.feedback.reminders(ana) == []
        await effects.do(work, person, said, RegisterFair(FAIR))
        assert await work.feedback.reminders(ana) == [FAIR]


async def test_who_asks_again_after_leaving_is_reminded(storage, clock):
    office = Office(storage, clock)
    ana = await office.person(wish=None, registered=FAIR)
    async with storage.work() as work:
        await work.people.consent(ana, Consent("fairs", False, clock(), "telegram", "baja"))
    clock.advance(60)
    async with storage.work() as work:
        await work.feedback.register(ana, FAIR, clock())
    one = await office.desk.draft_fair(FAIR, "Rosa", kind=Kind.REMINDER)

    assert (await office.desk.plan(one.id))["eligible"] == 1
