"""`/anuncio`: the team announces from Telegram; nobody else can."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.broadcasts.desk import NewsDesk
from bot.conversation import Context, DecideNews, Flows, PrepareNews, State, Turn, advance
from bot.flows import menu, staff
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


@pytest.mark.parametrize("act", ["send", "cancel"])
def test_sending_and_cancelling_are_asked_twice(clock, act):
    chat = Chat(ROSA, clock())
    asked = chat.say(choice=f"news/12/{act}")
    turn = chat.say(choice=asked.replies[0].choices[0].id)

    assert asked.effects == ()
    assert turn.effects == (DecideNews(12, act),)


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
    assert [choice.id for choice in reply.choices] == ["news/1/test", "news/1/approve", "news/1/cancel"]
    assert all(len(choice.title) <= 20 for choice in reply.choices)


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
        await desk.take(work, person, DecideNews(1, "approve"), office.clock())
        await desk.take(work, person, DecideNews(1, "send"), office.clock())
        await desk.take(work, person, DecideNews(0, "list"), office.clock())
    assert await desk.answer(office.clock()) == 4
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
