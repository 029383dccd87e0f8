"""A thumb on a bubble counts for its article, once, and is answered by nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.mind import Mind
from bot.storage.line import Query
from tests.road_kit import PHONE, QUESTION, Road, form, person, private, road, tap, until

ARTICLE = "regularizacion/carne-extranjeria"


@pytest.fixture
async def rumbo(database_url: str, mind: Mind, tmp_path: Path) -> AsyncIterator[Road]:
    async with road(mind, tmp_path, database_url=database_url) as running:
        yield running


def thumb(message_id: int, new: str = "👍", old: str = "", update: int = 90_000) -> dict[str, Any]:
    """An update: the reaction to one of our messages changed."""
    emojis = [[{"type": "emoji", "emoji": one}] if one else [] for one in (old, new)]
    change = {"chat": private(), "user": person(), "message_id": message_id, "date": 1795000009}
    return {"update_id": update, "message_reaction": change | {"old_reaction": emojis[0], "new_reaction": emojis[1]}}


async def _answered(rumbo: Road) -> int:
    """Ask, and give the id under which Telegram took the answer."""
    await rumbo.text(QUESTION)
    await rumbo.replies(1)
    await rumbo.quiet()
    return int(await _provider_id(rumbo))


async def _provider_id(rumbo: Road) -> str:
    async with rumbo.app.storage.view() as work:
        return str((await work.line.rows(Query("SELECT provider_id FROM delivery")))[0][0])


async def _counted(rumbo: Road) -> dict[tuple[str, str], int]:
    async with rumbo.app.storage.view() as work:
        rows = await work.feedback.counts(date(2020, 1, 1))
    return {(name, subject): count for name, subject, count in rows if "helped" in name}


@pytest.mark.parametrize(("emoji", "name"), [("👍", "helped"), ("👍🏽", "helped"), ("👎", "not_helped")])
async def test_a_telegram_reaction_counts_for_the_article_and_is_not_answered(
    rumbo: Road, emoji: str, name: str
) -> None:
    bubble = await _answered(rumbo)

    answer = await rumbo.tell(thumb(bubble, emoji))
    await rumbo.quiet()

    assert answer.status_code == 200
    assert await _counted(rumbo) == {(name, ARTICLE): 1}
    assert len(rumbo.sent_to()) == 1


async def test_repeated_changed_and_removed_reactions_and_the_button_count_once(rumbo: Road) -> None:
    bubble = await _answered(rumbo)

    for number, (new, old) in enumerate((("👍", ""), ("", "👍"), ("👎", ""), ("👍", "👎"))):
        for _ in range(2):
            await rumbo.tell(thumb(bubble, new, old, 90_000 + number))
    await rumbo.tell(tap(f"h/{ARTICLE}/1"))
    await rumbo.replies(2)
    await rumbo.quiet()

    assert await _counted(rumbo) == {("helped", ARTICLE): 1}


@pytest.mark.parametrize("emoji", ["🔥", "😢"])
async def test_other_emojis_say_nothing_about_an_article(rumbo: Road, emoji: str) -> None:
    bubble = await _answered(rumbo)

    assert (await rumbo.tell(thumb(bubble, emoji))).status_code == 200
    assert await _counted(rumbo) == {}


async def test_a_reaction_of_a_stranger_or_to_an_unknown_bubble_leaves_nothing(rumbo: Road) -> None:
    assert (await rumbo.tell(thumb(4711))).status_code == 200
    async with rumbo.app.storage.view() as work:
        people = await work.people.counts()
    await _answered(rumbo)
    await rumbo.tell(thumb(4711, update=90_001))

    assert people == []
    assert await _counted(rumbo) == {}


@pytest.mark.parametrize("quoted", [True, False])
async def test_a_whatsapp_thumb_counts_and_costs_no_message(rumbo: Road, quoted: bool) -> None:
    await rumbo.write(form(QUESTION))
    await rumbo.written(1)
    await rumbo.quiet()
    more = {"OriginalRepliedMessageSid": await _provider_id(rumbo)} if quoted else {}

    for _ in range(2):
        await rumbo.write(form("👎", **more))
    await rumbo.quiet()

    assert await _counted(rumbo) == {("not_helped", ARTICLE): 1}
    assert len(rumbo.written_to(PHONE)) == 1


async def test_a_whatsapp_thumb_on_nothing_is_a_message_like_any_other(rumbo: Road) -> None:
    await rumbo.write(form("👍"))

    assert await rumbo.written(1)
    assert await _counted(rumbo) == {}


async def test_telegram_is_asked_to_tell_of_reactions(rumbo: Road) -> None:
    await rumbo.text("hola")
    await rumbo.replies(1)

    await until(lambda: rumbo.telegram.webhook)

    assert "message_reaction" in str(rumbo.telegram.webhook["allowed_updates"])
