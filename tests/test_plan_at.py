"""A plan is made for the day on which it goes out: who is capped, whose window is closed and what it costs that day."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.broadcasts.audience import Kind
from bot.broadcasts.rates import read_rates
from bot.broadcasts.states import NotPossible
from tests.news_kit import Office, fair
from tests.test_digests import Round
from tests.test_once import two_digests
from tests.test_spend import RATES as TEN_FREE

FAIR = "2026-12-05-comas"
DAY = timedelta(hours=24)
RATES = read_rates(
    "rates:\n"
    "- {channel: whatsapp, category: service, currency: USD, low: 0, high: 0, source: x, as_of: 2026-11-01}\n"
    "- {channel: whatsapp, category: marketing, currency: USD, low: 0.05, high: 0.05, source: x, as_of: 2026-11-01}"
)


@pytest.fixture
def office(storage, clock):
    return Office(storage, clock, templates={("rumbo_feria", "es"), ("rumbo_aviso", "es")})


@pytest.fixture
def round_(storage, clock, new_id):
    return Round(storage, clock, new_id)


async def draft(office, words="Mañana hay charla en Comas."):
    return await office.desk.draft_text({"es": words}, "Rosa")


async def refused(doing, code):
    with pytest.raises(NotPossible) as caught:
        await doing
    assert caught.value.code == code
    return caught.value


async def test_who_got_two_pieces_of_news_today_is_in_the_plan_for_tomorrow(office, round_, clock):
    ana = await round_.person("ana", channel="telegram")
    await two_digests(round_)
    one = await draft(office)
    tomorrow = clock() + DAY

    await refused(office.desk.plan(one.id), "nobody")
    plan = await office.desk.plan(one.id, at=tomorrow)
    await office.desk.approve(one.id, "Ana")
    sent = await office.desk.send(one.id)
    clock.now = tomorrow
    await office.desk.advance(clock())

    assert (plan["eligible"], plan["excluded"]) == (1, [])
    assert datetime.fromisoformat(plan["at"]) == sent.scheduled_at == tomorrow
    assert set(await office.deliver()) == {ana}


async def test_what_is_owed_today_does_not_count_against_tomorrow(office, clock):
    await office.person()
    for words in ("Uno", "Dos"):
        await office.sent((await draft(office, words)).id)  # on its way, not yet delivered
    one = await draft(office)

    await refused(office.desk.plan(one.id), "nobody")
    assert (await office.desk.plan(one.id, at=clock() + DAY))["eligible"] == 1


async def test_a_window_that_will_be_closed_is_planned_and_priced_as_a_template(office, clock):
    desk = office.open(rates=lambda: RATES)
    await office.person("whatsapp")
    one = await draft(office)

    now = await desk.plan(one.id)
    tomorrow = await desk.plan(one.id, at=clock() + DAY)

    assert (now["templates"], now["cost"]["high"]) == (0, 0.0)
    assert (tomorrow["templates"], tomorrow["cost"]["high"]) == (1, 0.05)
    assert datetime.fromisoformat(tomorrow["finish"]) >= clock() + DAY
    assert now["hash"] != tomorrow["hash"]


async def test_a_plan_for_today_is_not_sent_on_another_day_when_windows_close_until_then(office, clock):
    await office.person("whatsapp")
    one = await draft(office)
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Ana")

    error = await refused(office.desk.send(one.id, at=clock() + DAY), "other_day")
    assert "plantilla" in office.desk.explain(error)
    assert "--at" in office.desk.explain(error)
    assert (await office.desk.show(one.id))["state"] == "approved"

    clock.advance(DAY.total_seconds())  # nor by waiting with it
    await refused(office.desk.send(one.id), "other_day")

    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Ana")
    assert (await office.desk.send(one.id)).state == "sending"


async def test_where_another_day_changes_nothing_it_is_sent_on_that_day(office, clock):
    ana, eva = await office.person(), await office.person("whatsapp", wrote=timedelta(days=3))
    one = await draft(office)
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Ana")

    sent = await office.desk.send(one.id, at=clock() + DAY)
    clock.now = sent.scheduled_at
    await office.desk.advance(clock())

    assert set(await office.deliver()) == {ana, eva}


async def test_the_reminder_is_planned_for_the_day_before_the_fair(office, clock):
    await office.person(registered=FAIR)
    one = await office.desk.draft_fair(FAIR, "Rosa", kind=Kind.REMINDER)

    plan = await office.desk.plan(one.id)

    nine_in_lima = datetime(2026, 12, 4, 14, tzinfo=UTC)
    assert datetime.fromisoformat(plan["at"]) == nine_in_lima
    assert datetime.fromisoformat(plan["finish"]).astimezone(UTC) == nine_in_lima + timedelta(seconds=1)
    await office.desk.approve(one.id, "Ana")
    assert (await office.desk.send(one.id)).scheduled_at == nine_in_lima


async def test_the_month_in_which_it_leaves_has_its_own_free_messages(office, clock):
    desk = office.open(rates=lambda: read_rates(TEN_FREE))
    clock.now = datetime(2026, 11, 30, 20, tzinfo=UTC)
    for _ in range(8):
        await office.person("whatsapp", wrote=timedelta(minutes=1))
    await office.sent((await draft(office, "Uno")).id)
    await office.deliver()
    two = await draft(office, "Dos")

    november, december = await desk.plan(two.id), await desk.plan(two.id, at=clock() + timedelta(hours=17))

    assert (november["spend"], november["cost"]["billable"]) == ({"used": 8, "adds": 8, "free": 10, "alarm": True}, 6)
    assert (december["spend"], december["cost"]["billable"]) == ({"used": 0, "adds": 8, "free": 10, "alarm": True}, 0)


async def test_times_that_have_passed_or_come_too_late_are_refused_when_planning(office, clock):
    office.announce(fair())
    await office.person()
    one = await office.desk.draft_fair(FAIR, "Rosa")

    await refused(office.desk.plan(one.id, at=clock() - timedelta(hours=1)), "past")
    await refused(office.desk.plan(one.id, at=fair().start + timedelta(hours=1)), "late")


async def test_a_planned_time_that_has_passed_when_it_is_approved_means_now(office, clock):
    ana = await office.person()
    one = await draft(office)
    await office.desk.plan(one.id, at=clock() + timedelta(minutes=5))
    clock.advance(600)
    await office.desk.approve(one.id, "Ana")

    assert (await office.desk.send(one.id)).state == "sending"
    assert set(await office.deliver()) == {ana}
