"""Before the free WhatsApp messages run out the team hears of it, the figures are there at once, operators can watch."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from bot.broadcasts.telling import plan_text
from bot.mind import Mind
from bot.person import Address, Consent, Wish
from bot.storage.tables import metadata
from tests.road_kit import Road, road, until
from tests.test_team import GROUP, in_general

PHONE = "+51922000003"


@pytest.fixture
async def rumbo(database_url: str, mind: Mind, tmp_path: Path) -> AsyncIterator[Road]:
    async with road(mind, tmp_path, database_url=database_url, staff_chat=str(GROUP), whatsapp_rate=20) as running:
        yield running


async def used_up(rumbo: Road, n: int = 850) -> None:
    """So many messages went out yesterday."""
    day = rumbo.app.mind.library.country.today(rumbo.app.clock()) - timedelta(days=1)
    row = {"day": day, "channel": "whatsapp", "category": "news", "messages": n, "cost": 0}
    async with rumbo.app.storage.work() as work:
        await work.line.run(insert(metadata.tables["spend"]).values(row))


async def wants_fairs(rumbo: Road) -> None:
    now = rumbo.app.clock()
    async with rumbo.app.storage.work() as work:
        one = await work.people.recall(Address("whatsapp", PHONE), (), "es", now)
        await work.people.subscribe(one.person.id, Wish())
        await work.people.consent(one.person.id, Consent("fairs", True, now, "whatsapp", "sí"))


async def test_the_team_is_told_once_that_few_free_messages_are_left(rumbo: Road) -> None:
    await used_up(rumbo)

    await rumbo.app.news._book()
    await rumbo.app.news._book()
    await until(lambda: in_general(rumbo))
    await rumbo.quiet()

    (told,) = in_general(rumbo)
    assert "850" in told
    assert "1000" in told


async def test_operators_can_watch_the_messages_of_the_month(rumbo: Road) -> None:
    await used_up(rumbo, 7)

    page = (await rumbo.client.get(f"{rumbo.url}/metrics")).text

    assert "rumbo_spend_used 7.0" in page
    assert "rumbo_spend_free 1000.0" in page


async def test_an_announcement_is_in_the_books_as_soon_as_it_is_done(rumbo: Road) -> None:
    await wants_fairs(rumbo)
    desk = rumbo.app.news.broadcaster
    one = await desk.draft_text({"es": "Mañana hay charla."}, "Rosa")
    await desk.plan(one.id)
    await desk.approve(one.id, "Ana")
    await desk.send(one.id)

    async def booked() -> bool:
        return (await rumbo.app.news.month()).news == 1

    assert await until(booked, 10)


async def test_the_plan_warns_when_it_uses_up_what_is_free(rumbo: Road) -> None:
    await used_up(rumbo, 799)
    await wants_fairs(rumbo)
    desk = rumbo.app.news.broadcaster
    one = await desk.draft_text({"es": "Mañana hay charla."}, "Rosa")

    plan = await desk.plan(one.id)

    assert plan["spend"] == {"used": 799, "adds": 1, "free": 1000, "alarm": True}
    assert "799 de 1000" in plan_text(plan, rumbo.app.wording)
