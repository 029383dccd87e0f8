"""A template that Meta approved is used by every process at once, whoever heard of it; in other words it is none."""

import argparse
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from bot.commands import operate
from bot.mind import Mind
from bot.person import Address, Consent, Wish
from bot.storage import tables
from bot.storage.tables import State, metadata
from bot.storage.templates import Templates
from tests.road_kit import Road, road, until

PHONE = "+51922000001"
LONG_AGO = timedelta(days=3)


@pytest.fixture
async def rumbo(database_url: str, mind: Mind, tmp_path: Path) -> AsyncIterator[Road]:
    async with road(mind, tmp_path, database_url=database_url, whatsapp_rate=20) as running:
        at = running.app.clock() - LONG_AGO
        async with running.app.storage.work() as work:
            one = await work.people.recall(Address("whatsapp", PHONE), (), "es", at)
            await work.people.subscribe(one.person.id, Wish())
            await work.people.consent(one.person.id, Consent("fairs", True, at, "whatsapp", "sí"))

        async def asked() -> bool:
            async with running.app.storage.view() as work:
                return await Templates(work.line).contents() is not None

        await until(asked)  # Twilio, as every process does when it starts
        yield running


async def meta_approves(rumbo: Road, *, status: str = "approved") -> None:
    """Every template is handed in and decided, and an operator asks how they stand; the program is not told."""
    await operate._whatsapp(argparse.Namespace(submit=True, json=True), rumbo.app.settings)
    for sid in rumbo.twilio.contents:
        rumbo.twilio.approve(sid, status)
    await operate._whatsapp(argparse.Namespace(submit=False, json=True), rumbo.app.settings)


async def announced(rumbo: Road, words: str = "Mañana hay charla en Comas.") -> dict:
    desk = rumbo.app.news.broadcaster
    one = await desk.draft_text({"es": words}, "Rosa")
    plan = await desk.plan(one.id)
    await desk.approve(one.id, "Ana")
    await desk.send(one.id)
    return plan


async def shown(rumbo: Road, number: int) -> dict:
    async def done() -> dict | None:
        found = await rumbo.app.news.broadcaster.show(number)
        return found if found["state"] == "done" else None

    return await until(done)


async def test_a_template_that_the_plan_counts_on_is_known_to_who_sends(rumbo: Road) -> None:
    await meta_approves(rumbo)

    plan = await announced(rumbo)
    found = await shown(rumbo, plan["id"])

    assert plan["templates"] == 1
    assert (found["sent"], found["skipped"]) == (1, 0)
    assert rumbo.twilio.messages[-1]["ContentSid"] in rumbo.twilio.contents


async def test_a_template_that_meta_took_back_is_not_sent_and_the_reason_stands_there(rumbo: Road) -> None:
    await meta_approves(rumbo)
    desk = rumbo.app.news.broadcaster
    one = await desk.draft_text({"es": "Mañana hay charla en Comas."}, "Rosa")
    await desk.plan(one.id)
    await desk.approve(one.id, "Ana")
    await desk.send(one.id, at=rumbo.app.clock() + timedelta(hours=1))
    await meta_approves(rumbo, status="paused")
    await rumbo.app.news.contents.refresh()  # as it does four times a minute
    rumbo.app.clock.advance(timedelta(seconds=3601))

    found = await shown(rumbo, one.id)

    assert found["reasons"] == [{"state": "skipped", "reason": "needs_template", "count": 1}]
    assert rumbo.twilio.messages == []


async def test_one_of_which_nobody_told_yet_where_it_stands_is_tried_again_and_no_failure(rumbo: Road) -> None:
    """So it is after an update, until somebody has asked Twilio: the categories were kept before, the contents not."""
    desk, storage = rumbo.app.news.broadcaster, rumbo.app.storage
    note = metadata.tables["note"]
    async with storage.work() as work:
        await work.line.run(delete(note).where(note.c.name == "whatsapp_sids"))
        await Templates(work.line).know({("rumbo_aviso", "es"): "MARKETING"}, rumbo.app.clock())
    plan = await announced(rumbo)

    async def waiting() -> bool:
        async with storage.view() as work:
            rows = await work.line.run(select(tables.delivery.c.error).where(tables.delivery.c.state == State.QUEUED))
            return [row.error for row in rows] == ["unreachable"]

    assert await until(waiting)
    assert (await desk.show(plan["id"]))["queued"] == 1
    await meta_approves(rumbo)
    rumbo.app.clock.advance(timedelta(minutes=2))

    assert (await shown(rumbo, plan["id"]))["sent"] == 1


async def test_a_template_that_was_approved_in_other_words_is_not_promised(rumbo: Road) -> None:
    await meta_approves(rumbo)
    note = metadata.tables["note"]
    async with rumbo.app.storage.work() as work:
        rows = (await work.line.run(note.select().where(note.c.name == "whatsapp_sids"))).all()
        old = rows[0].value.replace("rumbo_aviso_es_", "rumbo_aviso_es_0")
        await work.line.run(update(note).where(note.c.name == "whatsapp_sids").values(value=old))
    async with rumbo.app.storage.work() as work:
        eve = await work.people.recall(Address("whatsapp", "+51922000002"), (), "es", rumbo.app.clock())
        await work.people.subscribe(eve.person.id, Wish())
        await work.people.consent(eve.person.id, Consent("fairs", True, rumbo.app.clock(), "whatsapp", "sí"))

    plan = await announced(rumbo)

    assert plan["excluded"] == [{"reason": "window_closed", "count": 1}]
