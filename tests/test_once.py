"""News come once and never too many a day, whatever was planned when: looked at again as the rows are written."""

import asyncio
from datetime import timedelta

import pytest

from bot.broadcasts.audience import Kind
from bot.broadcasts.rates import read_rates
from bot.broadcasts.states import NotPossible
from bot.broadcasts.telling import show_text
from bot.storage.crowd import Crowd
from bot.storage.matching import Matching
from bot.storage.templates import Templates
from tests.news_kit import Office, wording
from tests.test_digests import Round

FAIR = "2026-12-05-comas"
MORNING = timedelta(hours=24)  # ten the next day


@pytest.fixture
def office(storage, clock):
    return Office(storage, clock)


@pytest.fixture
def round_(storage, clock, new_id):
    return Round(storage, clock, new_id)


async def two_digests(round_):
    for title in ("Uno", "Dos"):
        await round_.post(title)
        assert await round_.tell() >= 1
        round_.clock.advance(1)


async def test_who_got_two_digests_since_it_was_scheduled_is_left_out_of_it(office, round_, clock):
    ana = await round_.person("ana", channel="telegram")
    eva = await round_.person("eva", channel="telegram", alerts=False)
    one = await office.desk.draft_fair(FAIR, "Rosa")
    scheduled = await office.sent(one.id, at=clock() + MORNING)
    assert scheduled.state == "scheduled"
    clock.now = scheduled.scheduled_at - timedelta(minutes=30)
    await two_digests(round_)
    clock.now = scheduled.scheduled_at

    await office.desk.advance(clock())
    told = await office.deliver()
    await office.desk.advance(clock())
    shown = await office.desk.show(one.id)

    assert set(told) == {eva}
    assert ana not in told
    assert (shown["state"], shown["sent"], shown["skipped"], shown["eligible"]) == ("done", 1, 1, 2)
    assert shown["reasons"] == [{"state": "skipped", "reason": "capped", "count": 1}]


async def test_two_digests_between_the_plan_and_the_send_count_as_well(office, round_):
    await round_.person("ana", channel="telegram")
    await round_.person("eva", channel="telegram", alerts=False)
    one = await office.desk.draft_fair(FAIR, "Rosa")
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")
    await two_digests(round_)

    await office.desk.send(one.id)
    assert len(await office.deliver()) == 1
    assert (await office.desk.show(one.id))["skipped"] == 1


async def test_who_asked_to_be_reminded_is_reminded_however_many_came_that_day(office, round_, storage, clock):
    ana = await round_.person("ana", channel="telegram")
    async with storage.work() as work:
        await work.feedback.register(ana, FAIR, clock())
    reminder = await office.desk.draft_fair(FAIR, "Rosa", kind=Kind.REMINDER)
    scheduled = await office.sent(reminder.id)
    clock.now = scheduled.scheduled_at - timedelta(minutes=30)
    await two_digests(round_)
    clock.now = scheduled.scheduled_at

    await office.desk.advance(clock())
    assert set(await office.deliver()) == {ana}


async def test_a_capped_person_gets_it_the_next_day_when_it_is_planned_for_those_still_missing(office, round_, clock):
    ana = await round_.person("ana", channel="telegram")
    await round_.person("eva", channel="telegram", alerts=False)
    one = await office.desk.draft_fair(FAIR, "Rosa")
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")
    await two_digests(round_)
    await office.desk.send(one.id)
    await office.deliver()
    await office.desk.advance(clock())
    clock.advance(24 * 3600)

    assert (await office.desk.plan(one.id))["eligible"] == 1
    await office.desk.approve(one.id, "Rosa")
    await office.desk.send(one.id)
    assert set(await office.deliver()) == {ana}
    assert (await office.desk.show(one.id))["reasons"] == []


async def test_two_announcements_of_a_fair_written_at_the_same_moment_reach_each_person_once(office):
    people = {await office.person() for _ in range(40)}
    first, second = [await office.desk.draft_fair(FAIR, name) for name in ("Rosa", "Ana")]
    desks = [office.open(chunk=7), office.open(chunk=7)]
    for desk, one in zip(desks, (first, second), strict=True):
        await desk.plan(one.id)
        await desk.approve(one.id, "Eva")

    await asyncio.gather(*(desk.send(one.id) for desk, one in zip(desks, (first, second), strict=True)))
    for _ in range(8):
        await asyncio.gather(*(desk.advance(office.clock()) for desk in desks))
    told = await office.deliver()  # fails when somebody is told twice
    shown = [await office.desk.show(one.id) for one in (first, second)]

    assert set(told) == people
    assert sum(one["sent"] for one in shown) == 40
    assert sum(one["skipped"] for one in shown) == 40


async def test_one_that_starts_while_the_other_is_half_written_leaves_out_who_has_it(office, clock):
    people = {await office.person() for _ in range(10)}
    first, second = [await office.desk.draft_fair(FAIR, name) for name in ("Rosa", "Ana")]
    for desk, one in ((office.open(chunk=4), first), (office.open(chunk=4), second)):
        await desk.plan(one.id)
        await desk.approve(one.id, "Eva")
    await office.desk.send(first.id)  # four of ten are written
    await office.desk.send(second.id)
    for _ in range(6):
        await office.desk.advance(clock())
    told = await office.deliver()
    shown = await office.desk.show(second.id)

    assert set(told) == people
    assert shown["reasons"] == [{"state": "skipped", "reason": "already_has_it", "count": shown["skipped"]}]
    assert shown["skipped"] == 10 - shown["sent"]


async def test_a_digest_and_an_announcement_at_the_same_instant_are_never_a_third_message(
    office, round_, storage, clock
):
    people = [await round_.person(str(name), channel="telegram") for name in range(12)]
    await round_.post("Uno")
    assert await round_.tell() == 12
    clock.advance(1)
    one = await office.desk.draft_fair(FAIR, "Rosa")
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")
    await round_.post("Dos")

    _, sent = await asyncio.gather(round_.tell(), office.desk.send(one.id), return_exceptions=True)
    if isinstance(sent, NotPossible):  # the digests were quicker for everybody
        assert sent.code == "nobody"
    await asyncio.gather(round_.tell(), office.desk.advance(clock()))
    since = clock() - timedelta(hours=10)
    async with storage.view() as work:
        news = await Crowd(work.line).news(0, since, people)
        times = {person: await Matching(work.line).times_told(person, since) for person in news}

    assert set(news.values()) == {2}
    assert set(times.values()) == {2}


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("skipped", "capped", "ya recibió 2 avisos ese día: 3"),
        ("failed", "left:403", "nos bloqueó o no se le puede escribir (403): 3"),
        ("failed", "refused:400", "la plataforma no lo aceptó (400): 3"),
        ("skipped", "something_new", "something_new: 3"),
    ],
)
def test_whoever_asks_how_far_it_is_reads_why_some_did_not_get_it(state, reason, words):
    shown = dict.fromkeys(("id", "title", "eligible", "queued", "sent", "delivered", "read", "unknown", "failed"), 0)
    shown |= {"state": "done", "skipped": 3, "reasons": [{"state": state, "reason": reason, "count": 3}]}
    assert words in show_text(shown, wording())


async def meta_decides(storage, clock, category):
    async with storage.work() as work:
        known = {("rumbo_feria_recordatorio", language): category for language in ("es", "en")}
        await Templates(work.line).know(known, clock())


async def reminded(office, storage, clock):
    """A reminder that is approved, and goes to somebody outside WhatsApp's window by a template."""
    await office.person("whatsapp", wrote=timedelta(days=3), registered=FAIR)
    await meta_decides(storage, clock, "UTILITY")
    one = await office.desk.draft_fair(FAIR, "Rosa", kind=Kind.REMINDER)
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Eva")
    return one


async def test_a_category_that_meta_changed_stops_the_next_send_until_it_is_planned_again(office, storage, clock):
    one = await reminded(office, storage, clock)
    await meta_decides(storage, clock, "MARKETING")

    with pytest.raises(NotPossible) as refused:
        await office.desk.send(one.id)
    assert "Meta" in office.desk.explain(refused.value)
    assert (await office.desk.show(one.id))["state"] == "approved"

    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Eva")
    assert (await office.desk.send(one.id)).state == "scheduled"


async def test_a_category_that_meta_changes_while_it_waits_stops_it_for_a_person_to_look(office, storage, clock):
    one = await reminded(office, storage, clock)
    scheduled = await office.desk.send(one.id)
    await meta_decides(storage, clock, "MARKETING")
    clock.now = scheduled.scheduled_at

    await office.desk.advance(clock())
    shown = await office.desk.show(one.id)
    assert (shown["state"], shown["why"]) == ("paused", "changed_category")
    assert "Meta" in show_text(shown, wording())

    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Eva")
    again = await office.desk.send(one.id)
    assert (again.state, (await office.desk.show(one.id))["eligible"]) == ("sending", 1)


async def test_what_has_gone_out_to_some_is_not_planned_anew(office, storage, clock):
    one = await reminded(office, storage, clock)
    clock.now = (await office.desk.send(one.id)).scheduled_at
    await office.desk.advance(clock())
    await office.desk.pause(one.id)

    with pytest.raises(NotPossible) as refused:
        await office.desk.plan(one.id)
    assert "resume" in office.desk.explain(refused.value)


async def test_the_cost_is_that_of_the_category_that_meta_decided(office, storage, clock):
    rates = read_rates(
        "rates:\n"
        "- {channel: whatsapp, category: utility, currency: USD, low: 0.01, high: 0.01, source: x, as_of: 2026-11-01}\n"
        "- {channel: whatsapp, category: marketing, currency: USD, low: 0.05, high: 0.05, source: x, as_of: 2026-11-01}"
    )
    desk = office.open(rates=lambda: rates)
    one = await reminded(office, storage, clock)

    cheap = (await desk.plan(one.id))["cost"]
    await meta_decides(storage, clock, "MARKETING")
    dear = (await desk.plan(one.id))["cost"]

    assert (cheap["high"], dear["high"]) == (0.01, 0.05)


async def test_one_that_is_resumed_at_night_wakes_nobody(office, clock):
    for _ in range(3):
        await office.person()
    one = await office.desk.draft_fair(FAIR, "Rosa")
    await office.sent(one.id)
    await office.deliver(most=1)
    await office.desk.pause(one.id)
    clock.advance(14 * 3600)  # midnight

    await office.desk.resume(one.id)
    assert await office.deliver() == {}  # before anybody has looked at the clock
    assert (await office.desk.show(one.id))["state"] == "sending"
    clock.advance(10 * 3600)
    await office.desk.advance(clock())
    assert len(await office.deliver()) == 2


async def test_an_audience_of_nobody_at_all_is_told_in_words(office):
    one = await office.desk.draft_fair(FAIR, "Rosa")

    with pytest.raises(NotPossible) as refused:
        await office.desk.plan(one.id)
    assert office.desk.explain(refused.value) == "Nadie lo recibiría. Motivos: en ese público no hay nadie."
