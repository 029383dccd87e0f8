"""Who gets an announcement and why not: the pure decision, and ten thousand people planned and then really sent to."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from bot.broadcast import Choosing
from bot.broadcasts.plan import PASSING, Census, Rule, Why, decide, finish, seconds_for
from bot.person import Address, Wish
from bot.storage import tables
from bot.storage.crowd import Candidate
from bot.storage.instants import micros
from tests.conftest import Clock
from tests.news_kit import Office, country, fair

NOW = micros(Clock().now)
HOUR = 3_600_000_000

people = st.builds(
    Candidate,
    person=st.integers(1, 10**6),
    channel=st.sampled_from(["telegram", "whatsapp"]),
    language=st.sampled_from(["es", "en"]),
    reachable=st.booleans(),
    last_inbound=st.one_of(st.none(), st.integers(NOW - 48 * HOUR, NOW)),
    paused_until=st.one_of(st.none(), st.integers(NOW - 10, NOW + 10)),
    consented=st.booleans(),
    once=st.booleans(),
    asked=st.booleans(),
)
rules = st.builds(
    Rule, at=st.just(NOW), templates=st.sets(st.sampled_from(["es", "en"])).map(frozenset), capped=st.booleans()
)


@given(people, rules, st.booleans(), st.integers(0, 5))
def test_nobody_gets_it_without_consent_or_in_a_pause_or_twice_or_unreachable(one, rule, has_it, news):
    if decide(one, rule, has_it=has_it, news=news) is None:
        assert one.reachable
        assert one.consented or one.asked
        assert one.paused_until is None or one.paused_until <= NOW
        assert not has_it


@given(people, rules, st.booleans(), st.integers(0, 5))
def test_a_reason_is_always_true_of_the_person(one, rule, has_it, news):
    why = decide(one, rule, has_it=has_it, news=news)
    true = {
        Why.BLOCKED: not one.reachable or one.last_inbound is None,
        Why.LEFT: one.once and not one.consented,
        Why.NO_CONSENT: not one.once and not one.consented,
        Why.PAUSED: one.paused_until is not None and one.paused_until > NOW,
        Why.HAS_IT: has_it,
        Why.CAPPED: news >= 2 and not one.asked,
        Why.WINDOW_CLOSED: one.channel == "whatsapp" and one.language not in rule.templates,
    }
    assert why is None or true[why]


@given(people, rules)
def test_a_template_never_takes_anybody_out(one, rule):
    more = Rule(rule.at, frozenset({"es", "en"}), rule.capped)
    if decide(one, rule) is None:
        assert decide(one, more) is None


@given(st.lists(people, unique_by=lambda one: one.person), rules)
def test_everybody_is_counted_exactly_once(them, rule):
    census = Census(rule)
    for one in them:
        census.add(one, decide(one, rule))

    assert len(census.eligible) + sum(census.excluded.values()) == len(them)
    assert sum(census.channels.values()) == len(census.eligible)
    assert len(census.waiting) == sum(census.excluded[why] for why in PASSING)


def test_it_takes_as_long_as_the_slower_channel():
    assert seconds_for({"telegram": 285, "whatsapp": 80}, {"telegram": 28.5, "whatsapp": 80}) == 10


def test_what_is_not_finished_by_night_goes_on_in_the_morning(clock):
    ten_in_lima = clock.now

    assert finish(ten_in_lima, 3600, country()) == ten_in_lima + timedelta(hours=1)
    assert finish(ten_in_lima, 12 * 3600, country()) == ten_in_lima + timedelta(hours=12 + 11)
    assert finish(ten_in_lima + timedelta(hours=12), 60, country()) == ten_in_lima + timedelta(hours=22, minutes=1)


@pytest.fixture
def office(storage, clock):
    return Office(storage, clock, templates={("rumbo_feria", "es")})


@pytest.mark.timeout(120)
async def test_ten_thousand_people_get_exactly_what_the_plan_said(office):
    """Every kind of exclusion, person by person: the plan, an independent reckoning, and what was really sent."""
    crowd = await a_crowd(office, 10_000)
    await had_before(office, Choosing(regions=["todo"], sectors=["construccion"]))
    for words in ("Uno", "Dos"):
        one = await office.desk.draft_text({"es": words}, "Rosa", Choosing(sectors=["limpieza"], languages=["es"]))
        await office.sent(one.id)
        await delivered(office)
    one = await office.desk.draft_fair("2026-12-05-comas", "Rosa", Choosing(regions=["15", "07"]))

    plan = await office.desk.plan(one.id, people=True)
    planned = {each["person"]: each["reason"] for each in plan["people"]}
    await office.desk.approve(one.id, "Ana")
    await office.desk.send(one.id)
    told = await delivered(office)
    shown = await office.desk.show(one.id)

    expected = {number: reason for number, facts in crowd.items() if (reason := reckoned(facts)) != "elsewhere"}
    assert planned == expected
    assert set(told) == {number for number, reason in planned.items() if reason is None}
    assert plan["eligible"] == len(told) == shown["sent"] == shown["eligible"]
    assert {each["reason"] for each in plan["excluded"]} == {why.value for why in Why}
    assert {person: reply.template is not None for person, reply in told.items()} == {
        person: crowd[person]["channel"] == "whatsapp" for person in told
    }


async def delivered(office: Office) -> dict:
    """What everybody was told, chunk after chunk."""
    told: dict = {}
    while more := await office.deliver():
        told |= more
        await office.desk.advance(office.clock())
    return told


async def had_before(office: Office, choosing: Choosing) -> None:
    one = await office.desk.draft_fair("2026-12-05-comas", "Rosa", choosing)
    await office.sent(one.id)
    await delivered(office)


def reckoned(facts: dict) -> str | None:
    """What must become of somebody, reckoned the long way round."""
    wish = facts["wish"]
    if wish and wish.regions and not {"15", "07"} & set(wish.regions):
        return "elsewhere"
    if not facts["reachable"]:
        return "blocked"
    if wish is None or not wish.fairs:
        return "left" if facts["left"] else "no_consent"
    if wish.paused_until:
        return "paused"
    closed = facts["channel"] == "whatsapp" and facts["hours"] > 23
    if (not wish.sectors or "construccion" in wish.sectors) and (not closed or facts["language"] == "es"):
        return "already_has_it"
    if (not wish.sectors or "limpieza" in wish.sectors) and facts["language"] == "es" and not closed:
        return "capped"
    return "window_closed" if closed and facts["language"] == "en" else None


async def a_crowd(office: Office, n: int) -> dict[int, dict]:
    """People of every kind, by number."""
    chance, now = random.Random(7), office.clock()
    crowd = {}
    for number in range(1, n + 1):
        wish = None
        if chance.random() > 0.1:
            wish = Wish(
                regions=tuple(chance.choice([[], ["15"], ["07"], ["04"], ["04", "15"], ["13"]])),
                sectors=tuple(
                    chance.choice([[], ["construccion"], ["limpieza"], ["comercio"], ["comercio", "limpieza"]])
                ),
                fairs=chance.random() > 0.1,
                paused_until=now + timedelta(days=3) if chance.random() < 0.1 else None,
            )
        crowd[number] = {
            "channel": chance.choice(["telegram", "whatsapp"]),
            "language": chance.choice(["es", "es", "en"]),
            "reachable": chance.random() > 0.1,
            "hours": chance.choice([1, 5, 30, 200]),
            "wish": wish,
            "left": (wish is None or not wish.fairs) and chance.random() < 0.5,
        }
    office.announce(fair(language="en"))
    for first in range(1, n + 1, 500):
        await write_down(office, {number: crowd[number] for number in range(first, min(first + 500, n + 1))})
    return crowd


async def write_down(office: Office, some: dict[int, dict]) -> None:
    now = office.clock()
    async with office.storage.work() as work:
        address = work.vault.lock_address(Address("telegram", "1"))
        rows = {"person": [], "conversation": [], "subscription": [], "consent": []}
        for number, facts in some.items():
            wrote = now - timedelta(hours=facts["hours"])
            rows["person"].append(
                {
                    "id": number,
                    "channel": facts["channel"],
                    "address_hash": str(number).encode(),
                    "address": address,
                    "language": facts["language"],
                    "language_chosen": True,
                    "reachable": facts["reachable"],
                    "staff": False,
                    "created_at": wrote,
                }
            )
            rows["conversation"].append(
                {"person_id": number, "version": 1, "last_inbound_at": wrote, "updated_at": wrote}
            )
            consent = {"person_id": number, "topic": "fairs", "given": True, "at": wrote, "channel": "x", "words": "sí"}
            wish = facts["wish"]
            if wish is not None:
                rows["subscription"].append(subscription(number, wish))
            if facts["left"]:
                rows["consent"] += [consent, {**consent, "given": False}]
            elif wish and wish.fairs:
                rows["consent"].append(consent)
        for table, values in rows.items():
            if values:
                await work.line.run(insert(tables.metadata.tables[table]), values)


def subscription(number: int, wish: Wish) -> dict:
    listed = {
        name: str(list(getattr(wish, name))).replace("'", '"') for name in ("regions", "sectors", "modes", "languages")
    }
    plain = {
        name: getattr(wish, name) for name in ("alerts", "fairs", "frequency", "paused_until", "weekday", "min_pay")
    }
    return {"person_id": number, **listed, **plain}
