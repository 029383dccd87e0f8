"""Announcements: from the draft to the last person, on both engines."""

import asyncio
import json
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update

from bot.broadcast import Choosing, NotPossible
from bot.broadcasts.audience import Kind, Topic
from bot.broadcasts.compose import template_texts
from bot.broadcasts.rates import read_rates
from bot.broadcasts.states import WAYS, Act, State, after
from bot.person import Address, Consent, Language, Wish
from bot.storage.broadcast_tables import announcement, moved
from bot.storage.tables import State as Delivery
from bot.storage.vacancy_tables import alert
from tests.news_kit import Office, fair, wording

FAIR = "2026-12-05-comas"
ROOT = Path(__file__).parent.parent


@pytest.fixture
def office(storage, clock):
    return Office(storage, clock)


async def draft(office, words="Mañana hay charla en Comas.", **choosing):
    return await office.desk.draft_text({"es": words}, "Rosa", Choosing(**choosing))


async def finish(office):
    """Let time do what it does until nothing is left to do."""
    for _ in range(4):
        await office.desk.advance(office.clock())


async def refused(doing, code):
    with pytest.raises(NotPossible) as caught:
        await doing
    assert caught.value.code == code
    return caught.value


async def test_a_fair_reaches_those_who_asked_for_fairs_in_its_region(office):
    ana, _ = await office.person(wish=Wish(regions=("15",))), await office.person(wish=Wish(regions=("04",)))
    one = await office.desk.draft_fair(FAIR, "Rosa")

    await office.sent(one.id, by="Rosa")
    told = await office.deliver()
    await finish(office)
    shown = await office.desk.show(one.id)

    assert set(told) == {ana}
    assert "Parque Sinchi Roca" in told[ana].text
    assert f"verificar {one.code}" in told[ana].text
    assert [choice.id for choice in told[ana].choices] == [
        f"f/{FAIR}",
        f"f/{FAIR}/remind",
        f"f/{FAIR}/map",
        "alerts/stop/fairs",
    ]
    assert (shown["state"], shown["sent"], shown["queued"], shown["eligible"]) == ("done", 1, 0, 1)


async def test_each_person_is_told_in_their_language_and_a_missing_translation_says_so(office):
    ana, bob = await office.person(), await office.person(language="en")
    one = await draft(office)

    await office.sent(one.id)
    told = await office.deliver()

    assert "only have this in Spanish" in told[bob].text
    assert "only have" not in told[ana].text


async def test_on_whatsapp_words_stand_in_the_place_of_buttons(office):
    ana = await office.person("whatsapp")
    one = await draft(office)

    await office.sent(one.id)
    told = await office.deliver()

    assert told[ana].choices == ()
    assert "«baja»" in told[ana].text


async def test_outside_the_window_whatsapp_is_told_by_an_approved_template_or_not_at_all(office):
    ana = await office.person("whatsapp", wrote=timedelta(days=3))
    await office.person()
    one = await office.desk.draft_fair(FAIR, "Rosa")

    before = await office.desk.plan(one.id)
    office.templates.add(("rumbo_feria", "es"))
    after_approval = await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Ana")
    await office.desk.send(one.id)
    told = await office.deliver()

    assert before["excluded"] == [{"reason": "window_closed", "count": 1}]
    assert (after_approval["excluded"], after_approval["templates"]) == ([], 1)
    assert told[ana].template.name == "rumbo_feria"
    assert told[ana].template.variables["4"] == one.code


async def test_a_window_that_closes_before_sending_keeps_the_message_back(office, clock):
    await office.person("whatsapp", wrote=timedelta(hours=20))
    one = await draft(office)
    await office.sent(one.id)
    clock.advance(5 * 3600)

    assert await office.deliver() == {}
    assert (await office.desk.show(one.id))["skipped"] == 1


async def test_two_coordinators_press_send_at_once_and_it_goes_out_once(office):
    people = {await office.person() for _ in range(5)}
    one = await draft(office)
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")

    answers = await asyncio.gather(
        office.open().send(one.id, by="Ana"), office.open().send(one.id, by="Eva"), return_exceptions=True
    )
    told = await office.deliver()

    won, lost = sorted(answers, key=lambda answer: isinstance(answer, Exception))
    assert won.state == "sending"
    assert lost.code == "send_sending"
    assert won.sent_by in office.desk.explain(lost)
    assert set(told) == people


async def test_who_joins_after_the_approval_makes_the_plan_invalid(office):
    ana = await office.person()
    one = await draft(office)
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")
    await office.person()

    error = await refused(office.desk.send(one.id), "joined")
    assert "1 personas más" in office.desk.explain(error)
    assert (await office.desk.show(one.id))["state"] == "approved"
    assert await office.deliver() == {}

    await office.desk.send(one.id, as_approved=True)
    told = await office.deliver()
    assert set(told) == {ana}


async def subscribed(office, people, someone):
    await people.subscribe(someone, Wish())


async def came_back(office, people, someone):
    await people.set_reachable(someone, True)


async def moved_here(office, people, someone):
    await people.subscribe(someone, Wish(regions=("15",)))


async def speaks_spanish(office, people, someone):
    await people.choose_language(someone, Language.SPANISH)


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ({"wish": None}, subscribed),
        ({"wish": Wish(fairs=False)}, subscribed),
        ({"reachable": False}, came_back),
        ({"wish": Wish(regions=("04",))}, moved_here),
        ({"language": "en"}, speaks_spanish),
    ],
)
async def test_whoever_comes_into_the_circle_after_the_approval_is_noticed(office, storage, before, change):
    await office.person(wish=Wish(regions=("15",)))
    someone = await office.person(**before)
    one = await draft(office, regions=["15"], languages=["es"])
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")
    async with storage.work() as work:
        await change(office, work.people, someone)

    await refused(office.desk.send(one.id), "joined")
    assert (await office.desk.plan(one.id))["eligible"] == 2


async def test_whoever_registers_after_the_approval_is_noticed_and_who_was_told_meanwhile(office, storage, clock):
    ana, bob = await office.person(registered=FAIR), await office.person()
    first = await office.desk.draft_fair(FAIR, "Rosa")
    await office.sent(first.id)
    await office.deliver(most=1)
    registered, reminder = (
        await draft(office, registered=FAIR),
        await office.desk.draft_fair(FAIR, "Rosa", kind=Kind.CORRECTION),
    )
    for one in (registered, reminder):
        await office.desk.plan(one.id)
        await office.desk.approve(one.id, "Ana")
    async with storage.work() as work:
        await work.feedback.register(bob, FAIR, clock())
    assert set(await office.deliver()) <= {ana, bob}

    await refused(office.desk.send(registered.id), "joined")
    await refused(office.desk.send(reminder.id), "joined")


async def test_what_changes_without_bringing_anybody_in_is_no_reason_to_plan_again(office, storage, clock):
    ana, bob = await office.person(), await office.person(wish=Wish(paused_until=clock() + timedelta(hours=1)))
    eva, leo = await office.person(wish=None), await office.person()
    one = await draft(office)
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")
    async with storage.work() as work:
        await work.people.subscribe(ana, Wish(min_pay=1500))
        await work.people.subscribe(bob, Wish())  # was kept out for a reason that passes
        await work.people.choose_language(eva, Language.ENGLISH)
        await work.people.forget(leo)

    await office.desk.send(one.id)
    assert set(await office.deliver()) == {ana}


async def test_who_joins_while_the_plan_is_being_made_is_noticed(office, storage, database_url):
    """Their transaction began before the plan and ends after it: the plan could not see them."""
    await office.person()
    someone = await office.person(wish=None)
    one = await draft(office)
    if database_url.startswith("sqlite"):  # one writer at a time: before the plan or after it
        pytest.skip("there are no transactions side by side")
    async with storage.work() as work:
        await work.people.subscribe(someone, Wish())
        for _ in range(3):
            await office.person(wish=None)  # later transactions are over already
        assert (await office.desk.plan(one.id))["eligible"] == 1
    await office.desk.approve(one.id, "Rosa")

    await refused(office.desk.send(one.id), "joined")


async def test_a_plan_that_was_made_before_marks_were_kept_is_looked_at_as_a_whole(office, storage):
    await office.person()
    one = await draft(office)
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")
    await office.person()
    async with storage.work() as work:
        plan = {name: value for name, value in (await office.desk.get(one.id)).plan.items() if name != "mark"}
        await work.line.run(update(announcement).values(plan=json.dumps(plan)))
        await work.line.run(delete(moved))

    await refused(office.desk.send(one.id), "joined")


async def test_when_everybody_has_left_there_is_nothing_to_send(office, storage):
    ana = await office.person()
    one = await draft(office)
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")
    async with storage.work() as work:
        await work.people.left(ana)

    error = await refused(office.desk.send(one.id), "nobody")
    assert ": 1" in office.desk.explain(error)


async def test_who_leaves_after_the_approval_is_just_skipped(office, storage, clock):
    ana, bob = await office.person(), await office.person()
    one = await draft(office)
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")
    async with storage.work() as work:
        await work.people.end(bob)
        await work.people.consent(bob, Consent("fairs", False, clock(), "telegram", "baja"))

    await office.desk.send(one.id)
    told = await office.deliver()
    await finish(office)
    shown = await office.desk.show(one.id)

    assert set(told) == {ana}
    assert (shown["state"], shown["sent"], shown["skipped"], shown["eligible"]) == ("done", 1, 1, 2)


async def test_a_fair_that_changed_after_the_approval_is_not_sent(office):
    await office.person()
    one = await office.desk.draft_fair(FAIR, "Rosa")
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")
    office.announce(fair(place="Otro parque"))

    error = await refused(office.desk.send(one.id), "changed")
    assert "el texto" in office.desk.explain(error)

    await office.sent(one.id)
    told = await office.deliver()
    assert "Otro parque" in next(iter(told.values())).text


async def test_new_rates_make_the_plan_invalid(office):
    await office.person()
    one = await draft(office)
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")
    dearer = (
        "rates: [{channel: whatsapp, category: service, low: 1, high: 2, currency: USD, source: x, as_of: 2026-11-01}]"
    )

    await refused(office.open(rates=lambda: read_rates(dearer)).send(one.id), "changed")


async def test_above_a_number_of_people_somebody_else_approves(office):
    office.approval_above = 1
    desk = office.open()
    await office.person()
    await office.person()
    one = await draft(office)
    await desk.plan(one.id)

    await refused(desk.approve(one.id, "  ROSA "), "author")
    await refused(desk.approve(one.id, " "), "no_name")
    await refused(desk.send(one.id), "send_planned")
    await refused(desk.approve(one.id, "Ana", "of another plan"), "other_plan")
    await desk.approve(one.id, "Ana")

    assert (await desk.show(one.id))["approved_by"] == ["Ana"]


async def test_planning_again_voids_the_approval(office):
    await office.person()
    one = await draft(office)
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Ana")
    await office.desk.plan(one.id)

    await refused(office.desk.send(one.id), "send_planned")
    assert (await office.desk.show(one.id))["approved_by"] == []


async def test_the_same_plan_has_the_same_hash_and_another_one_another(office):
    await office.person()
    one = await draft(office)
    first, second = await office.desk.plan(one.id), await office.desk.plan(one.id)
    await office.person()
    third = await office.desk.plan(one.id)

    assert first["hash"] == second["hash"] != third["hash"]


@pytest.mark.parametrize(
    ("code", "doing"),
    [
        ("fair", lambda desk: desk.draft_fair("2026-12-05-nada", "Rosa")),
        ("fair_past", lambda desk: desk.draft_fair("2026-11-01-lima", "Rosa")),
        ("fair_status", lambda desk: desk.draft_fair("2026-12-09-ica", "Rosa")),
        ("region", lambda desk: desk.draft_text({"es": "Hola"}, "Rosa", Choosing(regions=["99"]))),
        ("sector", lambda desk: desk.draft_text({"es": "Hola"}, "Rosa", Choosing(sectors=["nada"]))),
        ("language", lambda desk: desk.draft_text({"es": "Hola"}, "Rosa", Choosing(languages=["fr"]))),
        ("channel", lambda desk: desk.draft_text({"es": "Hola"}, "Rosa", Choosing(channels=["fax"]))),
        ("empty", lambda desk: desk.draft_text({"es": "  "}, "Rosa")),
        ("empty", lambda desk: desk.draft_text({}, "Rosa")),
        ("long", lambda desk: desk.draft_text({"es": "x" * 1000}, "Rosa")),
        ("long", lambda desk: desk.draft_text({"es": "🙂" * 500}, "Rosa")),
        ("no_name", lambda desk: desk.draft_text({"es": "Hola"}, " ")),
        ("on_unknown", lambda desk: desk.draft_text({"es": "Hola"}, "Rosa", on_unknown="maybe")),
        ("unknown", lambda desk: desk.plan(77)),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words_and_leaves_nothing(office, code, doing):
    past, cancelled = datetime(2026, 11, 1, 15, tzinfo=UTC), fair("2026-12-09-ica", status="cancelled")
    office.announce(fair("2026-11-01-lima", start=past, end=past))
    office.announce(cancelled)

    error = await refused(doing(office.desk), code)

    assert len(office.desk.explain(error)) > 10
    assert len(office.desk.explain(error, "en")) > 10
    assert await office.desk.newest() == []


async def test_an_audience_of_nobody_is_told_with_the_reasons(office):
    await office.person(wish=None)
    await office.person(reachable=False)
    one = await draft(office)

    error = await refused(office.desk.plan(one.id), "nobody")

    assert "no pidió estos avisos: 1" in office.desk.explain(error)
    assert (await office.desk.show(one.id))["state"] == "draft"


async def test_it_waits_for_its_time_and_several_workers_start_it_once(office, clock):
    people = {await office.person() for _ in range(3)}
    one = await draft(office)
    sent = await office.sent(one.id, at=clock() + timedelta(hours=2))
    await office.desk.advance(clock())
    early = await office.deliver()
    clock.advance(2 * 3600)

    await asyncio.gather(*(office.open().advance(clock()) for _ in range(4)))
    told = await office.deliver()

    assert sent.state == "scheduled"
    assert early == {}
    assert set(told) == people


async def test_after_its_latest_time_nobody_gets_it(office, clock):
    for _ in range(3):
        await office.person()
    one, other = await draft(office), await draft(office, "Otro")
    await office.sent(one.id, latest=clock() + timedelta(hours=1))
    await office.sent(other.id, at=clock() + timedelta(hours=1), latest=clock() + timedelta(hours=1, minutes=1))
    clock.advance(2 * 3600)
    await finish(office)

    assert await office.deliver() == {}
    shown = await office.desk.show(one.id)
    assert (shown["state"], shown["skipped"], shown["queued"]) == ("done", 3, 0)
    assert (await office.desk.show(other.id))["state"] == "cancelled"
    await refused(office.desk.resume(one.id), "late")


async def test_times_that_make_no_sense_are_refused(office, clock):
    await office.person()
    one = await draft(office)
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Ana")
    now = clock()

    await refused(office.desk.send(one.id, at=now - timedelta(hours=1)), "past")
    await refused(office.desk.send(one.id, latest=now - timedelta(hours=1)), "late")
    await refused(office.desk.send(one.id, at=now + timedelta(hours=2), latest=now + timedelta(hours=1)), "late")
    in_the_night = {"at": now + timedelta(hours=12), "latest": now + timedelta(hours=13)}
    await refused(office.desk.send(one.id, **in_the_night), "night")


async def test_at_night_it_waits_for_the_morning(office, clock):
    ana = await office.person()
    clock.advance(12 * 3600)  # ten in the evening in Lima
    one = await draft(office)

    plan = await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Ana")
    await office.desk.send(one.id)
    at_night = await office.deliver()
    clock.advance(10 * 3600)
    await office.desk.advance(clock())
    told = await office.deliver()

    assert (plan["eligible"], plan["excluded"]) == (1, [])
    assert [(each["reason"], each["count"]) for each in plan["deferred"]] == [("quiet_hours", 1)]
    assert at_night == {}
    assert set(told) == {ana}


async def test_what_is_not_through_by_night_rests_until_morning(office, clock):
    people = {await office.person() for _ in range(6)}
    one = await draft(office)
    await office.sent(one.id)
    evening = await office.deliver(most=2)
    clock.advance(11 * 3600)  # nine in the evening
    await office.desk.advance(clock())

    assert await office.deliver() == {}
    shown = await office.desk.show(one.id)
    assert (shown["state"], shown["resting"]) == ("sending", True)

    clock.advance(11 * 3600)
    await office.desk.advance(clock())
    assert set(evening) | set(await office.deliver()) == people


async def test_pause_resume_and_cancel(office):
    people = [await office.person() for _ in range(6)]
    one = await draft(office)
    await office.sent(one.id)
    first = await office.deliver(most=2)

    await office.desk.pause(one.id)
    assert await office.deliver() == {}
    await office.desk.resume(one.id)
    second = await office.deliver(most=2)
    await office.desk.cancel(one.id)
    assert await office.deliver() == {}
    await finish(office)

    shown = await office.desk.show(one.id)
    assert (shown["state"], shown["sent"], shown["skipped"], shown["queued"]) == ("cancelled", 4, 2, 0)
    assert len({*first, *second}) == 4 < len(people)
    error = await refused(office.desk.resume(one.id), "state")
    assert "cancelado" in office.desk.explain(error)


async def test_a_paused_schedule_waits_again_when_resumed(office, clock):
    await office.person()
    one = await draft(office)
    await office.sent(one.id, at=clock() + timedelta(hours=2))
    await office.desk.pause(one.id)
    assert (await office.desk.resume(one.id)).state == "scheduled"
    await office.desk.pause(one.id)
    clock.advance(3 * 3600)

    assert (await office.desk.resume(one.id)).state == "sending"
    assert len(await office.deliver()) == 1


async def test_it_pauses_by_itself_when_too_much_fails(office):
    for _ in range(30):
        await office.person()
    one = await draft(office)
    await office.sent(one.id)
    for number in range(25):
        office.desk.watch.count(one.id, failed=number % 4 == 0)

    await office.desk.advance(office.clock())
    shown = await office.desk.show(one.id)

    assert (shown["state"], shown["why"]) == ("paused", "failures")
    assert await office.deliver() == {}
    await office.desk.resume(one.id)
    await office.desk.advance(office.clock())
    assert len(await office.deliver()) == 30


async def test_those_who_are_still_missing_get_it_in_a_second_round(office):
    people = [await office.person() for _ in range(4)]
    one = await draft(office)
    await office.sent(one.id)
    first = await office.deliver(lambda person: Delivery.FAILED if person == people[0] else Delivery.SENT)
    await finish(office)
    late = await office.person()
    await refused(office.desk.send(one.id), "send_done")

    plan = await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Ana")
    await office.desk.send(one.id)
    second = await office.deliver()
    await finish(office)

    assert plan["excluded"] == [{"reason": "already_has_it", "count": 3}]
    assert set(second) == {people[0], late}
    assert set(first) == set(people[1:])
    shown = await office.desk.show(one.id)
    assert (shown["state"], shown["sent"], shown["failed"]) == ("done", 5, 0)


async def test_unknown_outcomes_are_listed_and_not_sent_again(office):
    ana, _ = await office.person(), await office.person()
    one = await draft(office)
    await office.sent(one.id)
    await office.deliver(lambda person: Delivery.UNKNOWN if person == ana else Delivery.SENT)
    await finish(office)
    shown = await office.desk.show(one.id)

    assert (shown["state"], shown["unknown"], shown["sent"]) == ("done", 1, 1)
    assert [each["person"] for each in shown["unknown_people"]] == [ana]
    await refused(office.desk.plan(one.id), "nobody")


async def test_unknown_outcomes_are_sent_once_more_when_that_was_chosen(office, clock):
    await office.person()
    one = await draft(office)
    await office.sent(one.id, on_unknown="resend")
    await office.deliver(lambda _: Delivery.UNKNOWN)
    await finish(office)
    assert await office.deliver() == {}
    tried = []
    clock.advance(11 * 60)
    await office.deliver(lambda person: tried.append(person) or Delivery.UNKNOWN)
    clock.advance(60 * 60)
    await finish(office)
    await office.deliver(lambda person: tried.append(person) or Delivery.UNKNOWN)

    shown = await office.desk.show(one.id)
    assert (shown["state"], shown["unknown"], len(tried)) == ("done", 1, 1)


async def test_the_reminder_goes_to_those_told_and_those_who_asked_and_to_nobody_else(office, storage, clock):
    told_before = await office.person()
    asked = await office.person(wish=None, registered=FAIR)
    gave_up = await office.person(wish=None, registered=FAIR)
    later = await office.person(wish=None, registered=FAIR)
    async with storage.work() as work:
        await work.people.consent(gave_up, Consent("fairs", False, clock(), "telegram", "baja"))
    first = await office.desk.draft_fair(FAIR, "Rosa")
    await office.sent(first.id)
    await office.deliver()
    await office.person()
    one = await office.desk.draft_fair(FAIR, "Rosa", kind=Kind.REMINDER)

    sent = await office.sent(one.id)
    async with storage.work() as work:
        await work.people.consent(later, Consent("fairs", False, clock(), "telegram", "baja"))
    clock.now = sent.scheduled_at + timedelta(minutes=1)
    await office.desk.advance(clock())
    told = await office.deliver()

    assert sent.scheduled_at == datetime(2026, 12, 4, 14, tzinfo=UTC)  # nine in Lima, the day before
    assert set(told) == {told_before, asked}
    assert told[asked].text.startswith("⏰")


async def test_a_correction_goes_only_to_those_who_got_the_first(office):
    ana, bob = await office.person(), await office.person()
    first = await office.desk.draft_fair(FAIR, "Rosa")
    await office.sent(first.id)
    await office.deliver(lambda person: Delivery.FAILED if person == bob else Delivery.SENT)
    await office.person()
    office.announce(fair(status="cancelled"))

    await refused(office.desk.draft_fair(FAIR, "Rosa"), "fair_status")
    one = await office.desk.draft_fair(FAIR, "Rosa", kind=Kind.CORRECTION)
    await office.sent(one.id)
    told = await office.deliver()

    assert set(told) == {ana}
    assert "cancelada" in told[ana].text
    again = await office.desk.draft_fair(FAIR, "Rosa", kind=Kind.CORRECTION)
    await refused(office.desk.plan(again.id), "nobody")


async def test_a_fair_that_changes_while_it_waits_is_stopped_for_a_person_to_look(office, clock):
    await office.person()
    one = await office.desk.draft_fair(FAIR, "Rosa")
    await office.sent(one.id, at=clock() + timedelta(hours=1))
    office.announce(fair(status="cancelled"))
    clock.advance(2 * 3600)
    await office.desk.advance(clock())

    shown = await office.desk.show(one.id)
    assert (shown["state"], shown["why"]) == ("paused", "fair_status")
    assert await office.deliver() == {}


async def test_vacancy_news_asks_for_the_other_consent(office):
    await office.person(wish=Wish(alerts=False))
    alerts_only = await office.person(wish=Wish(fairs=False))
    one = await office.desk.draft_text({"es": "Taller de CV"}, "Rosa", topic=Topic.ALERTS)

    await office.sent(one.id)
    assert set(await office.deliver()) == {alerts_only}


async def test_two_pieces_of_news_a_day_are_enough_vacancies_included(office, storage, clock):
    ana, _ = await office.person(), await office.person()
    async with storage.work() as work:
        for vacancy, minutes in ((1, 5), (2, 5), (3, 9)):  # two of them came in one message
            at = clock() - timedelta(minutes=minutes)
            row = {"vacancy_id": vacancy, "person_id": ana, "due_at": at, "sent_at": at}
            await work.line.run(insert(alert).values(row))
    one = await draft(office)

    assert (await office.desk.plan(one.id))["excluded"] == [{"reason": "capped", "count": 1}]
    clock.advance(24 * 3600)
    assert (await office.desk.plan(one.id))["eligible"] == 2


async def test_only_people_registered_for_a_fair(office):
    ana = await office.person(registered=FAIR)
    await office.person()
    one = await draft(office, registered=FAIR)

    await office.sent(one.id)
    assert set(await office.deliver()) == {ana}


async def test_anybody_can_check_that_a_message_is_ours_also_one_that_was_a_test_or_stopped(office, storage):
    await office.person()
    one = await draft(office)
    async with storage.work() as work:
        assert await office.desk.known(work, one.code) == {one.code: one.title}
    await office.desk.cancel(one.id)

    async with storage.work() as work:
        assert await office.desk.known(work, one.code.lower()) == {one.code: one.title}
        assert await office.desk.known(work, "XXXXXX") == {}


async def test_a_test_goes_to_one_person_and_counts_for_nobody(office, storage, clock):
    await office.person(wish=None)
    one = await draft(office)
    await office.desk.test(one.id, Address("telegram", "telegram-1"))
    await refused(office.desk.test(one.id, Address("telegram", "nobody")), "stranger")

    async with storage.work() as work:
        claimed = await work.outbox.claim("telegram", "w", 10, clock(), clock() + timedelta(minutes=1))
    assert claimed[0].reply.text.startswith("🧪")
    assert (await office.desk.show(one.id))["sent"] == 0


async def test_a_person_who_is_erased_is_no_longer_in_it(office, storage):
    ana, bob = await office.person(), await office.person()
    one = await draft(office)
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Ana")
    async with storage.work() as work:
        await work.people.forget(ana)
    await office.desk.send(one.id)

    assert set(await office.deliver()) == {bob}
    await finish(office)
    assert (await office.desk.show(one.id))["skipped"] == 1


@pytest.mark.timeout(300)  # two programs are started, one after another
async def test_writing_it_down_survives_kill_9(office, database_url):
    people = {await office.person() for _ in range(40)}
    desk = office.open(chunk=2)
    one = await draft(office)
    await desk.plan(one.id)
    await desk.approve(one.id, "Ana")
    await desk.send(one.id)
    for lines in (2, 3):
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.announce_worker",
            database_url,
            str(one.id),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(lines):
            assert await worker.stdout.readline() == b"chunk\n"
        worker.kill()
        await worker.communicate()
    half = await desk.show(one.id)
    for _ in range(25):
        await desk.advance(office.clock())
    told = await office.deliver()
    await desk.advance(office.clock())

    assert half["queued"] == half["eligible"] == 40
    assert set(told) == people
    assert (await desk.show(one.id))["state"] == "done"


async def begin_and_break(desk, storage, sending, now):
    async with storage.work() as work:
        assert await desk._runner._write(work, sending, now) == 2
        raise RuntimeError("power cut")


async def test_a_chunk_that_is_interrupted_leaves_nothing_half_written(office, storage, clock):
    for _ in range(4):
        await office.person()
    desk = office.open(chunk=2)
    one = await draft(office)
    await desk.plan(one.id)
    await desk.approve(one.id, "Ana")
    await desk.send(one.id)
    sending = await desk.get(one.id)

    with pytest.raises(RuntimeError, match="power cut"):
        await begin_and_break(desk, storage, sending, clock())
    assert (await desk.get(one.id)).total == 2
    await desk.advance(clock())
    assert len(await office.deliver()) == 4


async def press(desk, act, number):
    """Press a button; refused, it changes nothing and says why."""
    before = (await desk.get(number)).state
    answer = await asyncio.gather(
        desk.approve(number, "Ana") if act == "approve" else getattr(desk, act)(number), return_exceptions=True
    )
    if isinstance(answer[0], NotPossible):
        assert len(desk.explain(answer[0])) > 10
        assert (await desk.get(number)).state == before
    else:
        assert not isinstance(answer[0], Exception)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_is_pressed_in_whatever_order_nobody_gets_it_twice(office, clock, seed):
    chance = random.Random(seed)
    people = {await office.person() for _ in range(6)}
    desk = office.open(chunk=2)
    one = await draft(office)
    told: set = set()
    for _ in range(30):
        act = chance.choice(["plan", "approve", "send", "pause", "resume", "advance", "deliver", "deliver"])
        if act == "deliver":
            more = await office.deliver(most=chance.choice([1, 100]))
            assert not told & set(more)
            told |= set(more)
        elif act == "advance":
            await desk.advance(clock())
        else:
            await press(desk, act, one.id)
    assert told <= people


def test_nothing_follows_a_cancelled_announcement_and_nothing_is_sent_without_approval():
    for act in Act:
        with pytest.raises(NotPossible):
            after(State.CANCELLED, act)
    sending = [(act, state) for act, ways in WAYS.items() for state, then in ways.items() if then is State.SENDING]
    assert set(sending) == {
        (Act.SEND, State.APPROVED),
        (Act.START, State.SCHEDULED),
        (Act.RESUME, State.PAUSED),
    }
    assert {state for state, then in WAYS[Act.APPROVE].items()} == {State.PLANNED}


def test_every_refusal_of_the_states_has_its_words():
    for act in Act:
        for state in State:
            try:
                after(state, act)
            except NotPossible as error:
                words = wording().text(f"news.no.{error.code}", "es", by="x", at="x", **error.values)
                assert len(words) > 10


def test_the_templates_would_be_taken_by_whatsapp():
    assert [text.mistakes() for text in template_texts(wording())] == [[]] * 8


async def test_a_terminal_whose_clock_is_behind_leaves_nobody_out(office, clock):
    """Somebody wrote for the first time a moment ago, by the clock of the web process."""
    clock.advance(600)
    ana = await office.person(wrote=timedelta())
    clock.advance(-600)
    one = await draft(office)
    await office.sent(one.id)

    assert set(await office.deliver()) == {ana}
    clock.advance(600)
    await office.desk.advance(clock())
    assert (await office.desk.show(one.id))["skipped"] == 0
