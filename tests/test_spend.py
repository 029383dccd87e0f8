"""What messages cost: rates need a source and a date, the ledger counts what is billed and warns in time."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.broadcast import rates_of
from bot.broadcasts.rates import read_rates
from bot.broadcasts.spend import Ledger
from bot.errors import BadContent
from tests.news_kit import CONTENT, Office, country

SERVICE = ("whatsapp", "service")
MARKETING = ("whatsapp", "marketing")
RATES = """
rates:
  - {channel: whatsapp, category: service, low: 0.01, high: 0.02, currency: USD, free_a_month: 10, source: list, as_of: 2026-11-01}
  - {channel: whatsapp, category: marketing, low: 0.05, high: 0.07, currency: USD, source: list, as_of: 2026-10-01}
  - {channel: telegram, category: service, low: 0, high: 0, currency: USD, source: faq, as_of: 2026-11-01}
"""


def test_the_rates_that_we_ship_name_their_sources_and_guess_nothing():
    rates = rates_of(CONTENT)

    assert rates.free("whatsapp", "service") == 1000
    assert rates.cost({("telegram", "service"): 50_000}, {}).high == 0
    assert rates.cost({SERVICE: 1000}, {}).high == 0
    assert rates.cost({SERVICE: 1001}, {}).high is None
    assert rates.cost({SERVICE: 1001}, {}).billable == 1
    assert all(rate.source and rate.as_of for rate in rates.rates.values())


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            "{channel: whatsapp, category: service, low: 1, high: 2, currency: USD, as_of: 2026-11-01}",
            "without a source",
        ),
        ("{channel: whatsapp, category: service, low: 1, high: 2, currency: USD, source: x}", "without the date"),
        (
            "{channel: whatsapp, category: service, low: 1, high: 2, currency: USD, source: x, as_of: ayer}",
            "without the date",
        ),
        (
            "{channel: whatsapp, category: service, low: 2, high: 1, currency: USD, source: x, as_of: 2026-11-01}",
            "low first",
        ),
        ("{channel: whatsapp, category: service, low: 2, currency: USD, source: x, as_of: 2026-11-01}", "low and high"),
        (
            "{channel: whatsapp, category: service, low: mucho, high: 2, currency: USD, source: x, as_of: 2026-11-01}",
            "amount",
        ),
        ("{channel: whatsapp, currency: USD}", "category"),
        ("{channel: whatsapp, category: service, currency: USD, price: 1}", "price"),
        ("nada", "needs"),
    ],
)
def test_a_rate_without_source_or_date_or_sense_is_refused_by_name(entry, told):
    with pytest.raises(BadContent, match=told) as caught:
        read_rates(f"rates: [{entry}]")
    assert "rates[0]" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[", "rates: []", "rates: 1"])
def test_a_broken_rate_file_is_refused(text):
    with pytest.raises(BadContent, match=r"tarifas\.yaml"):
        read_rates(text)


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 2000))
def test_more_messages_never_cost_less_and_low_never_exceeds_high(service, marketing, used):
    rates = read_rates(RATES)
    cost = rates.cost({SERVICE: service, MARKETING: marketing}, {SERVICE: used})
    more = rates.cost({SERVICE: service + 1, MARKETING: marketing}, {SERVICE: used})

    assert 0 <= cost.low <= cost.high
    assert cost.high <= more.high
    assert cost.billable == max(0, service - max(0, 10 - used)) + marketing


def test_a_cost_is_dated_by_its_oldest_rate():
    assert read_rates(RATES).cost({SERVICE: 100, MARKETING: 1}, {}).as_of == date(2026, 10, 1)


@pytest.fixture
def office(storage, clock):
    return Office(storage, clock)


async def test_the_ledger_counts_messages_once_however_often_it_is_asked(office, storage, clock):
    alarms = []

    async def alarm(work, month):
        alarms.append(month)

    ledger = Ledger(storage, country, lambda: read_rates(RATES), alarm)
    for _ in range(8):
        await office.person("whatsapp")
    await office.person("telegram")
    one = await office.desk.draft_text({"es": "Hola"}, "Rosa")
    await office.sent(one.id)
    assert (await ledger.book(clock())).used == 0
    await office.deliver()

    first, second = await ledger.book(clock()), await ledger.book(clock())

    assert first == second
    assert (first.news, first.replies, first.free) == (8, 0, 10)
    assert first.forecast == round(8 * 30 / 23)
    assert first.alarm
    assert [month.month for month in alarms] == ["2026-11"]
    assert (first.cost.low, first.cost.high) == (0.0, pytest.approx(8 * 0.07))


async def test_a_new_month_begins_at_nothing_and_the_old_one_is_kept(office, storage, clock):
    ledger = Ledger(storage, country, lambda: read_rates(RATES))
    await office.person("whatsapp")
    one = await office.desk.draft_text({"es": "Hola"}, "Rosa")
    await office.sent(one.id)
    await office.deliver()
    await ledger.book(clock())
    clock.advance(timedelta(days=10).total_seconds())

    later = await ledger.book(clock())

    assert (later.month, later.used) == ("2026-12", 0)
    assert later.to_json()["forecast"] == 0


async def test_what_was_used_this_month_is_no_longer_free_for_the_next_plan(office, storage, clock):
    desk = office.open(rates=lambda: read_rates(RATES))
    for _ in range(8):
        await office.person("whatsapp")
    one, two = [await desk.draft_text({"es": words}, "Rosa") for words in ("Uno", "Dos")]
    free = await desk.plan(one.id)
    await desk.approve(one.id, "Ana")
    await desk.send(one.id)
    await office.deliver()
    await Ledger(storage, country, lambda: read_rates(RATES)).book(clock())

    paid = await desk.plan(two.id)

    assert (free["cost"]["high"], free["cost"]["billable"]) == (0.0, 0)
    assert (paid["cost"]["low"], paid["cost"]["high"], paid["cost"]["billable"]) == (0.06, 0.12, 6)
