"""Announcements: from the draft to the last person, on both engines."""

import pytest

from bot.broadcast import NotPossible
from tests.news_kit import Office


@pytest.fixture
def office(storage, clock):
    return Office(storage, clock)


async def test_a_fair_reaches_those_who_asked_for_fairs_in_its_region(office):
    ana = await office.person()
    one = await office.desk.draft_fair("2026-12-05-comas", "Rosa")

    plan = await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Rosa")
    await office.desk.send(one.id)
    told = await office.deliver()
    await office.desk.advance(office.clock())
    await office.desk.advance(office.clock())
    shown = await office.desk.show(one.id)

    assert plan["eligible"] == 1
    assert set(told) == {ana}
    assert one.code in told[ana].text
    assert (shown["state"], shown["sent"], shown["queued"]) == ("done", 1, 0)
