"""Whoever subscribes, or changes what they want, is offered at once what is open now; nobody is sent anything for it."""

from datetime import timedelta

import pytest

from bot.person import Address
from bot.storage.matching import Matching
from tests.road_kit import CHAT, road, tap
from tests.test_digests import DAY, Round

SUBSCRIBING = ("w/r/15", "w/s/all", "w/f/daily", "w/ok")


@pytest.fixture
async def rumbo(database_url, mind, tmp_path):
    async with road(mind, tmp_path, database_url=database_url) as running:
        yield running


async def publish(rumbo, number, title, place="Breña, Lima", employer=""):
    data = {
        "@type": "JobPosting", "title": title, "description": "Turno de día.", "identifier": f"o-{number}",
        "hiringOrganization": employer or f"Casa {number} S.A.C.", "jobLocation": place, "validThrough": "2027-12-20",
    }  # fmt: skip
    body = {"type": "vacancy.published", "timestamp": rumbo.app.clock().isoformat(), "data": data}
    return await rumbo.app.vacancies.receive("bolsa", f"m{number}", body)


async def subscribe(rumbo):
    """Four taps; gives the confirmation."""
    await rumbo.text("avisos de empleo")
    for way in SUBSCRIBING:
        await rumbo.tell(tap(way))
    return (await rumbo.replies(5))[4]


def buttons(rumbo):
    keyboard = rumbo.telegram.sent()[-1].get("reply_markup", {}).get("inline_keyboard", ())
    return [button["callback_data"] for row in keyboard for button in row]


async def test_a_new_subscriber_is_offered_what_is_open_now(rumbo):
    for number, place in enumerate(("Breña, Lima", "Comas, Lima", "Cayma, Arequipa")):
        await publish(rumbo, number, f"Cocinero {number}", place)

    confirmed = await subscribe(rumbo)
    offered = buttons(rumbo)
    await rumbo.text("ver")
    seen = (await rumbo.replies(6))[5]

    assert "Hay 2 vacantes abiertas para ti ahora" in confirmed
    assert offered[0] == "alerts/more"
    assert "Cocinero 0" in seen
    assert "Cocinero 1" in seen
    assert "Arequipa" not in seen


async def test_one_of_them_is_seen_reported_and_explained_like_any_other(rumbo):
    vacancy = await publish(rumbo, 1, "Mozo")
    await subscribe(rumbo)

    await rumbo.tell(tap("alerts/more"))
    assert "Mozo" in (await rumbo.replies(6))[5]
    await rumbo.tell(tap(f"v/{vacancy['id']}"))
    assert "Turno de día" in (await rumbo.replies(7))[6]
    await rumbo.text("por qué me llegó")
    assert "Mozo" in (await rumbo.replies(8))[7]
    await rumbo.tell(tap(f"report/{vacancy['id']}"))
    assert "tu reporte" in (await rumbo.replies(9))[8]


async def test_without_an_open_vacancy_nothing_is_offered(rumbo):
    await publish(rumbo, 1, "Mozo", "Cayma, Arequipa")

    confirmed = await subscribe(rumbo)

    assert "abierta" not in confirmed
    assert "alerts/more" not in buttons(rumbo)


async def test_after_a_change_what_is_open_there_is_offered_and_a_pause_offers_nothing(rumbo):
    await publish(rumbo, 1, "Mozo", "Cayma, Arequipa")
    await publish(rumbo, 2, "Cocinero", "Comas, Lima")
    await subscribe(rumbo)

    await rumbo.text("cambia a Arequipa")
    changed = (await rumbo.replies(6))[5]
    await rumbo.text("ver")
    seen = (await rumbo.replies(7))[6]
    await rumbo.text("pausa 2 semanas")
    paused = (await rumbo.replies(8))[7]
    await rumbo.text("solo los lunes")
    other_rhythm = (await rumbo.replies(9))[8]

    assert "Hay 1 vacante abierta para ti ahora" in changed
    assert "Mozo" in seen
    assert "Cocinero" not in seen  # it was offered for Lima
    assert "abierta" not in paused
    assert "abierta" not in other_rhythm


async def test_more_than_a_bubble_holds_is_paged(rumbo):
    for number in range(9):
        await publish(rumbo, number, f"Oficio {number}")
    confirmed = await subscribe(rumbo)
    await rumbo.text("ver")
    first = (await rumbo.replies(6))[5]
    rest = next(way for way in buttons(rumbo) if way.startswith("alerts/more/"))
    await rumbo.tell(tap(rest))
    second = (await rumbo.replies(7))[6]

    assert "Hay 9 vacantes" in confirmed
    assert "y 3 más" in first
    found = {number for number in range(9) for page in (first, second) if f"Oficio {number}" in page}
    assert found == set(range(9))


async def test_what_was_offered_is_not_sent_again_and_is_no_message_of_the_day(storage, clock, new_id):
    round_ = Round(storage, clock, new_id)
    await round_.post("De antes")
    ana = await round_.person("ana", channel="telegram", frequency="daily")
    async with storage.work() as work:
        person = await work.people.by_id(ana)
        assert await round_.desk.digests.offer(work, ana, person.wish, clock()) == 1
    await round_.post("De ahora")
    clock.advance(DAY)

    assert await round_.tell() == 1
    assert "De ahora" in round_.owed[0].text
    assert "De antes" not in round_.owed[0].text
    async with storage.view() as work:
        assert await Matching(work.line).times_told(ana, clock() - timedelta(hours=1)) == 1


async def test_what_waits_for_the_next_digest_stays_in_it(storage, clock, new_id):
    round_ = Round(storage, clock, new_id)
    ana = await round_.person("ana", channel="telegram", frequency="daily")
    await round_.post("Espera")
    async with storage.work() as work:
        person = await work.people.by_id(ana)
        assert await round_.desk.digests.offer(work, ana, person.wish, clock()) == 0
    clock.advance(DAY)

    assert await round_.tell() == 1
    assert "Espera" in round_.owed[0].text


async def test_my_data_names_what_was_shown_and_which_reminders_were_asked_for(rumbo, mind):
    await publish(rumbo, 1, "Mozo")
    await subscribe(rumbo)
    fair = next(iter(mind.library.upcoming(rumbo.app.clock())))
    async with rumbo.app.storage.work() as work:
        person = await work.people.find(Address("telegram", str(CHAT)))
        await work.feedback.register(person.id, fair.id, rumbo.app.clock())

    await rumbo.text("mis datos")
    said = (await rumbo.replies(6))[5]
    assert f"Recordatorio de feria: {fair.title}" in said
    assert "vacantes que te mostré: 1" in said
