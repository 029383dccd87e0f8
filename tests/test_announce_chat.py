"""`/anuncio`: the team announces from Telegram; nobody else can."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.broadcast import Choosing, NotPossible
from bot.broadcasts.audience import Kind as News
from bot.broadcasts.desk import NewsDesk
from bot.conversation import Context, DecideNews, Flows, PrepareNews, State, Turn, advance
from bot.flows import menu, staff
from bot.library.article import Source
from bot.library.library import Library
from bot.messages import Inbound, Kind, Reply
from bot.person import Address, Person, PersonId
from bot.storage.outbox import Outcome
from bot.storage.tables import State as Delivery
from tests.news_kit import Office, country, fair, wording

ROSA = Person(PersonId(1), Address("telegram", "1"), staff=True)
SOMEBODY = replace(ROSA, staff=False)
FLOWS = Flows(
    flows=(staff.FLOW,),
    urgent=menu.welcome,
    media=lambda state, said, ctx: None,
    answer=lambda state, said, ctx: Turn(state, (Reply("no lo sé"),)),
    welcome=menu.welcome,
)


class Chat:
    """One person's chat with the flow alone."""

    def __init__(self, person, now):
        library = Library(fairs={("es", fair().id): fair()}, country=country())
        self.ctx = Context(person, now, library, wording())
        self.state = State()

    def say(self, text="", choice=""):
        kind = Kind.CHOICE if choice else Kind.TEXT
        turn = advance(
            self.state, Inbound("1", self.ctx.person.address, self.ctx.now, kind, text, choice), self.ctx, FLOWS
        )
        self.state = State.from_json(turn.state.to_json())
        return turn


def test_somebody_of_the_team_chooses_a_fair(clock):
    chat = Chat(ROSA, clock())
    offered = chat.say("/anuncio").replies[0].choices
    turn = chat.say(choice=offered[0].id)

    assert offered[0].title == "Feria de Comas"
    assert turn.effects == (PrepareNews(fair="2026-12-05-comas"),)
    assert turn.replies


@pytest.mark.parametrize(("where", "regions"), [("Lima y Callao", ("15", "07")), ("Todo el Perú", ()), ("13", ("13",))])
def test_somebody_of_the_team_writes_a_text_and_says_where(clock, where, regions):
    chat = Chat(ROSA, clock())
    chat.say("/anuncio@RumboBot")
    chat.say(choice="news/t")
    asked = chat.say("Mañana hay charla.")
    turn = chat.say(choice="news/r/all") if where.startswith("Todo") else chat.say(where)

    assert len(asked.replies[0].choices) <= 10
    assert turn.effects == (PrepareNews(text="Mañana hay charla.", regions=regions),)


def test_a_place_that_is_none_prepares_nothing(clock):
    chat = Chat(ROSA, clock())
    chat.say(choice="news/t")
    chat.say("Mañana hay charla.")

    assert chat.say("Lima y Narnia").effects == ()


def test_cancelling_is_asked_twice(clock):
    chat = Chat(ROSA, clock())
    asked = chat.say(choice="news/12/cancel")
    turn = chat.say(choice=asked.replies[0].choices[0].id)

    assert asked.effects == ()
    assert turn.effects == (DecideNews(12, "cancel"),)


@pytest.mark.parametrize(
    ("choice", "effect"),
    [
        ("news/12/send/ab12cd34", DecideNews(12, "ask", "ab12cd34")),
        ("news/12/send/ab12cd34/yes", DecideNews(12, "send", "ab12cd34")),
        ("news/12/approve/ab12cd34", DecideNews(12, "approve", "ab12cd34")),
        ("news/12/send", DecideNews(12, "ask")),
        ("news/12/send/yes", DecideNews(12, "send")),
    ],
)
def test_sending_is_asked_with_the_time_and_the_plan_that_was_seen(clock, choice, effect):
    assert Chat(ROSA, clock()).say(choice=choice).effects == (effect,)


@pytest.mark.parametrize("choice", ["news/12/send/yes", "news/t", "news/f/2026-12-05-comas", "news/0/list"])
def test_a_stranger_who_knows_the_buttons_can_do_nothing(clock, choice):
    chat = Chat(SOMEBODY, clock())

    assert chat.say("/anuncio").replies[0].text == "no lo sé"
    assert chat.say(choice=choice).effects == ()


@pytest.mark.parametrize("choice", ["news", "news/x/send", "news/12/fly", "news/r/15", "news/f/nada"])
def test_a_stale_button_leads_to_the_beginning(clock, choice):
    turn = Chat(ROSA, clock()).say(choice=choice)

    assert turn.effects == ()
    assert turn.replies[0].choices


@pytest.fixture
def office(storage, clock):
    return Office(storage, clock)


async def rosa(office):
    number = await office.person(wish=None)
    async with office.storage.work() as work:
        await work.people.set_staff(number, True)
        return await work.people.by_id(number)


async def ask(office, desk, person, effect):
    """What is answered to a request."""
    async with office.storage.work() as work:
        await desk.take(work, person, effect, office.clock())
    await desk.answer(office.clock())
    now = office.clock()
    async with office.storage.work() as work:
        claimed = await work.outbox.claim("telegram", "w", 10, now, now + timedelta(minutes=1))
        await work.outbox.begin([one.ref for one in claimed], "w", now + timedelta(minutes=1))
    async with office.storage.work() as work:
        await work.outbox.record([Outcome(one.ref, Delivery.SENT, now) for one in claimed], "w")
    return [one.reply for one in claimed if one.reply]


async def test_the_plan_is_shown_with_the_message_and_its_buttons(office):
    person, desk = await rosa(office), NewsDesk(office.storage, office.desk, wording())
    await office.person()

    reply = (await ask(office, desk, person, PrepareNews(fair="2026-12-05-comas")))[0]

    assert "Lo reciben: 1 (telegram 1)" in reply.text
    assert "Parque Sinchi Roca" in reply.text
    mark = (await office.desk.get(1)).plan_hash[:8]
    assert [choice.id for choice in reply.choices] == [
        "news/1/test",
        f"news/1/approve/{mark}",
        "news/1/plan",
        "news/1/cancel",
    ]
    assert all(len(choice.title) <= 20 for choice in reply.choices)


@pytest.mark.parametrize("example", [True, False])
async def test_the_plan_of_an_invented_fair_warns_that_the_people_are_real(office, example):
    person, desk = await rosa(office), NewsDesk(office.storage, office.desk, wording())
    await office.person()
    office.announce(fair(example=example))

    reply = (await ask(office, desk, person, PrepareNews(fair="2026-12-05-comas")))[0]

    assert reply.text.startswith("⚠️ OJO: esta feria es un ejemplo inventado") is example


@pytest.mark.parametrize(("hours", "offered"), [(3, ["plan", "resume", "cancel"]), (0, ["resume", "cancel"])])
async def test_a_paused_one_can_be_planned_anew_only_while_nothing_of_it_went_out(office, hours, offered):
    person, desk = await rosa(office), NewsDesk(office.storage, office.desk, wording())
    await office.person()
    one = await office.desk.draft_text({"es": "Charla"}, "Ana")
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")
    await office.desk.send(one.id, at=office.clock() + timedelta(hours=hours) if hours else None)
    await office.desk.pause(one.id)

    shown = await office.desk.show(one.id)
    reply = (await ask(office, desk, person, DecideNews(one.id, "show")))[0]

    assert shown["acts"] == offered
    assert [choice.id.rpartition("/")[2] for choice in reply.choices] == offered


async def test_a_refusal_is_answered_in_words(office):
    person, desk = await rosa(office), NewsDesk(office.storage, office.desk, wording())

    reply = (await ask(office, desk, person, PrepareNews(text="Hola")))[0]

    assert reply.text.startswith("Nadie lo recibiría")


async def test_requests_of_people_who_are_not_of_the_team_are_not_even_kept(office):
    number, desk = await office.person(), NewsDesk(office.storage, office.desk, wording())
    async with office.storage.work() as work:
        person = await work.people.by_id(number)

    assert await ask(office, desk, person, PrepareNews(text="Hola")) == []
    assert await office.desk.newest() == []


async def test_a_whole_announcement_by_chat(office):
    person, desk = await rosa(office), NewsDesk(office.storage, office.desk, wording())
    ana = await office.person()
    async with office.storage.work() as work:
        await desk.take(work, person, PrepareNews(text="Charla mañana"), office.clock())
    assert await desk.answer(office.clock()) == 1
    mark = (await office.desk.get(1)).plan_hash[:8]
    async with office.storage.work() as work:
        await desk.take(work, person, DecideNews(1, "approve", mark), office.clock())
        await desk.take(work, person, DecideNews(1, "send", mark), office.clock())
        await desk.take(work, person, DecideNews(0, "list"), office.clock())
    assert await desk.answer(office.clock()) == 3
    told = await office.deliver()

    assert set(told) == {ana}
    assert (await office.desk.show(1))["sent_by"] == f"equipo-{person.id}"


async def test_a_reminder_and_a_correction_of_a_fair_are_prepared_from_its_announcement(office):
    person, desk = await rosa(office), NewsDesk(office.storage, office.desk, wording())
    ana, _ = await office.person(), await office.person(wish=None)
    one = await office.desk.draft_fair("2026-12-05-comas", "Rosa")
    await office.sent(one.id)
    assert set(await office.deliver()) == {ana}
    await office.desk.advance(office.clock())

    shown = (await ask(office, desk, person, DecideNews(one.id, "show")))[0]
    office.clock.advance(60)
    reminder = (await ask(office, desk, person, DecideNews(one.id, "remind")))[0]
    office.announce(fair(place="Estadio de Comas"))
    office.clock.advance(60)
    correction = (await ask(office, desk, person, DecideNews(one.id, "correct")))[0]

    ways = [choice.id for choice in shown.choices]
    assert {f"news/{one.id}/remind", f"news/{one.id}/correct"} <= set(ways)
    assert "Recordatorio" in reminder.text
    assert "Lo reciben: 1 (telegram 1)" in correction.text
    assert "Estadio de Comas" in correction.text
    assert all(len(choice.title) <= 20 for choice in shown.choices)


async def test_a_text_has_no_reminder(office):
    person, desk = await rosa(office), NewsDesk(office.storage, office.desk, wording())
    await office.person()
    one = await office.desk.draft_text({"es": "Charla"}, "Rosa")
    await office.sent(one.id)

    shown = (await ask(office, desk, person, DecideNews(one.id, "show")))[0]
    office.clock.advance(60)
    refused = (await ask(office, desk, person, DecideNews(one.id, "remind")))[0]

    assert not any(choice.id.endswith("remind") for choice in shown.choices)
    assert "feria" in refused.text


@pytest.mark.parametrize("act", ["remind", "correct"])
def test_somebody_of_the_team_asks_for_a_reminder_or_a_correction(clock, act):
    turn = Chat(ROSA, clock()).say(choice=f"news/3/{act}")

    assert turn.effects == (DecideNews(3, act),)


async def answer_to(office, desk, person, act, number=1, mark=""):
    office.clock.advance(60)
    return (await ask(office, desk, person, DecideNews(number, act, mark)))[0]


async def test_a_reminder_is_asked_and_shown_with_the_time_at_which_it_goes_out(office):
    person, desk = await rosa(office), NewsDesk(office.storage, office.desk, wording())
    await office.person(registered="2026-12-05-comas")
    one = await office.desk.draft_fair("2026-12-05-comas", "Rosa", kind=News.REMINDER)
    await office.desk.plan(one.id)
    mark = (await office.desk.approve(one.id, "Eva")).plan_hash[:8]

    asked = await answer_to(office, desk, person, "ask", one.id, mark)
    sent = await answer_to(office, desk, person, "send", one.id, mark)
    listed = await answer_to(office, desk, person, "list", 0)

    assert "¿Programo el aviso 1? Sale el 4 dic 2026, 9:00 a. m., para 1 personas" in asked.text
    assert [choice.title for choice in asked.choices] == ["Sí, programar", "No"]
    assert "programado para el 4 dic 2026, 9:00 a. m., hasta el 5 dic 2026, 9:00 a. m." in sent.text
    assert "programado para el 4 dic 2026, 9:00 a. m." in listed.text


async def test_at_night_it_is_asked_with_the_morning(office):
    person, desk = await rosa(office), NewsDesk(office.storage, office.desk, wording())
    await office.person()
    office.clock.advance(13 * 3600)
    one = await office.desk.draft_text({"es": "Charla"}, "Rosa")
    await office.desk.plan(one.id)
    mark = (await office.desk.approve(one.id, "Eva")).plan_hash[:8]

    asked = await answer_to(office, desk, person, "ask", one.id, mark)

    assert "Sale el 24 nov 2026, 8:00 a. m." in asked.text


async def test_the_plan_says_for_whom_it_is(office):
    person, desk = await rosa(office), NewsDesk(office.storage, office.desk, wording())
    await office.person()
    choosing = Choosing(("15", "07"), ("salud",), ("es",), ("telegram",))
    everywhere = (await ask(office, desk, person, PrepareNews(text="Charla")))[0]
    chosen = await office.desk.draft_text({"es": "Charla dos"}, "Rosa", choosing)
    named = await answer_to(office, desk, person, "plan", chosen.id)

    reminder = await office.desk.draft_fair("2026-12-05-comas", "Rosa", kind=News.REMINDER)
    await office.person(registered="2026-12-05-comas")
    asked_for = await answer_to(office, desk, person, "plan", reminder.id)

    assert "Para: quienes pidieron el recordatorio o recibieron el aviso\n" in asked_for.text
    assert "Para: todo el país\n" in everywhere.text
    assert "Para: Lima, Callao · Salud · español · Telegram" in named.text


async def test_in_the_list_an_announcement_a_reminder_and_a_correction_are_told_apart(office):
    person, desk = await rosa(office), NewsDesk(office.storage, office.desk, wording())
    for kind in (News.FAIR, News.REMINDER, News.CORRECTION):
        await office.desk.draft_fair("2026-12-05-comas", "Rosa", kind=kind)

    listed = await answer_to(office, desk, person, "list", 0)

    titles = [choice.title for choice in listed.choices]
    assert titles == ["3 Corrección", "2 Recordatorio", "1 Feria de empleo de"]
    for words in ("1: Aviso de feria «", "2: Recordatorio «", "3: Corrección «"):
        assert words in listed.text


async def test_whoever_sent_it_without_a_name_is_not_mistaken_for_the_author(office):
    await office.person()
    one = await office.desk.draft_text({"es": "Charla"}, "Ana")
    await office.sent(one.id, by="Luis")
    other = await office.desk.draft_text({"es": "Otra"}, "Ana")
    await office.desk.plan(other.id)
    await office.desk.approve(other.id, "Luis")
    await office.desk.send(other.id)

    told = {}
    for number in (one.id, other.id):
        with pytest.raises(NotPossible) as refused:
            await office.desk.send(number)
        told[number] = office.desk.explain(refused.value)
    assert "lo envió Luis" in told[one.id]
    assert "lo envió alguien que no dio su nombre" in told[other.id]


async def told_of_the_fair(office):
    one = await office.desk.draft_fair("2026-12-05-comas", "Rosa")
    await office.sent(one.id)
    await office.deliver()
    await office.desk.advance(office.clock())
    return one


@pytest.mark.parametrize(
    "change",
    [{"status": "cancelled"}, {"status": "postponed"}, {"place": "Estadio"}, {"register": "https://o.example"}],
)
async def test_a_fair_that_changed_after_it_was_announced_asks_for_a_correction(office, change):
    person, desk = await rosa(office), NewsDesk(office.storage, office.desk, wording())
    await office.person()
    await office.person()
    one = await told_of_the_fair(office)
    before = await answer_to(office, desk, person, "list", 0)
    office.announce(fair(**change))

    asked = await answer_to(office, desk, person, "list", 0)
    correction = await answer_to(office, desk, person, "correct", one.id)
    number = one.id + 1
    await office.desk.approve(number, "Eva")
    await office.desk.send(number, by="Eva")
    await office.deliver()
    after = await answer_to(office, desk, person, "list", 0)

    assert "cambió" not in before.text
    assert f"La feria «Feria de empleo de Comas» (aviso {one.id}) cambió después de avisar a 2 personas" in asked.text
    assert asked.choices[0].id == f"news/{one.id}/correct"
    assert "Corrección 2" in correction.text
    assert "cambió" not in after.text


@pytest.mark.parametrize(
    ("change", "days"),
    [({"sources": (Source("ONG", "https://ong.example", "2026-11-20"),)}, 0), ({"place": "Estadio"}, 13)],
)
async def test_what_nobody_needs_to_know_asks_for_no_correction(office, change, days):
    await office.person()
    await told_of_the_fair(office)
    office.announce(fair(**change))
    office.clock.advance(days * 86_400)

    assert await office.desk.uncorrected() == []


async def test_a_plan_that_is_made_while_somebody_approves_is_not_what_they_approved(office):
    await office.person()
    one = await office.desk.draft_text({"es": "Charla"}, "Rosa")
    for _ in range(8):
        seen = (await office.desk.plan(one.id))["hash"]
        await office.person()
        outcomes = await asyncio.gather(
            office.desk.approve(one.id, "Eva", seen), office.open().plan(one.id), return_exceptions=True
        )

        shown = await office.desk.show(one.id)
        assert all(isinstance(outcome, NotPossible) for outcome in outcomes if isinstance(outcome, Exception))
        assert (shown["state"] == "approved") == (shown["approved_by"] == ["Eva"])
        assert shown["state"] == "planned" or shown["hash"] == seen
