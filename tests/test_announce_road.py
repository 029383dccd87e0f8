"""The team announces by chat, over the real webhook: nothing goes out that the person who agrees to it did not see."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot.__main__ import main
from bot.mind import Mind
from bot.person import Address, Consent, Wish
from console.app import routes
from tests.road_kit import AHEAD, CHAT, KEY, Road, road, seated, tap, until

OTHER = 555_002
ANA, EVA = 555_101, 555_102


@pytest.fixture
async def rumbo(database_url: str, mind: Mind, tmp_path: Path) -> AsyncIterator[Road]:
    async with road(mind, tmp_path, database_url=database_url, approval_above=2) as running:
        for chat in (CHAT, OTHER):
            await running.text("hola", chat)
            await running.replies(1, chat)
            await on_the_team(running, chat)
        await wants_fairs(running, ANA)
        yield running


async def on_the_team(rumbo: Road, chat: int) -> None:
    async with rumbo.app.storage.work() as work:
        person = await work.people.find(Address("telegram", str(chat)))
        await work.people.set_staff(person.id, True)


async def wants_fairs(rumbo: Road, chat: int) -> None:
    """Somebody of Lima who asked for fairs."""
    now = rumbo.app.clock()
    async with rumbo.app.storage.work() as work:
        one = await work.people.recall(Address("telegram", str(chat)), (), "es", now)
        await work.people.subscribe(one.person.id, Wish(regions=("15",)))
        await work.people.consent(one.person.id, Consent("fairs", True, now, "telegram", "sí"))


def bubbles(rumbo: Road, chat: int) -> list[dict[str, Any]]:
    """What stands in a chat, oldest first."""
    return [fields for fields in rumbo.telegram.sent() if int(fields["chat_id"]) == chat]


def ways(bubble: dict[str, Any]) -> dict[str, str]:
    """The buttons of a bubble: words to where they lead."""
    rows = bubble.get("reply_markup", {}).get("inline_keyboard", [])
    return {button["text"].split(". ", 1)[-1]: button["callback_data"] for row in rows for button in row}


async def says(rumbo: Road, text: str, chat: int = CHAT, n: int = 1) -> dict[str, Any]:
    """Somebody types; gives the last of `n` answers."""
    before = len(bubbles(rumbo, chat))
    await rumbo.text(text, chat)
    await until(lambda: len(bubbles(rumbo, chat)) >= before + n)
    return bubbles(rumbo, chat)[-1]


async def taps(rumbo: Road, data: str, chat: int = CHAT, n: int = 2) -> dict[str, Any]:
    """Somebody taps; gives the last of `n` answers: first that it is being done, then what came of it."""
    before = len(bubbles(rumbo, chat))
    await rumbo.tell(tap(data, chat))
    await until(lambda: len(bubbles(rumbo, chat)) >= before + n)
    return bubbles(rumbo, chat)[-1]


async def planned(rumbo: Road) -> dict[str, Any]:
    """A text for everybody; gives the bubble with its plan."""
    await says(rumbo, "/anuncio")
    await says(rumbo, "Escribir un texto")
    await says(rumbo, "Mañana hay charla en Comas.")
    return await says(rumbo, "Todo el Perú", n=2)


async def state(rumbo: Road) -> str:
    return str((await rumbo.app.news.broadcaster.show(1))["state"])


async def test_a_plan_that_was_made_anew_is_not_approved_by_an_old_button(rumbo: Road) -> None:
    old = await planned(rumbo)
    await wants_fairs(rumbo, EVA)
    await rumbo.app.news.broadcaster.plan(1)

    refused = await taps(rumbo, ways(old)["Aprobar"])

    assert "Ese no es el plan de ahora" in refused["text"]
    assert await state(rumbo) == "planned"
    seen = await taps(rumbo, ways(refused)["Ver el plan"])
    assert "Lo reciben: 2" in seen["text"]
    await taps(rumbo, ways(seen)["Aprobar"])
    assert await state(rumbo) == "approved"


async def test_what_was_planned_and_approved_anew_is_not_sent_by_an_old_button(rumbo: Road) -> None:
    approved = await taps(rumbo, ways(await planned(rumbo))["Aprobar"])
    asked = await taps(rumbo, ways(approved)["Enviar"])
    await wants_fairs(rumbo, EVA)
    await rumbo.app.news.broadcaster.plan(1)
    await rumbo.app.news.broadcaster.approve(1, "Rosa")

    for old in (ways(asked)["Sí, enviar"], ways(approved)["Enviar"], "news/1/send/yes", "news/1/send"):
        refused = await taps(rumbo, old)
        assert "Ese no es el plan de ahora" in refused["text"]
    assert await state(rumbo) == "approved"


async def test_whoever_approves_or_sends_second_sees_the_plan_first(rumbo: Road) -> None:
    await planned(rumbo)

    shown = await taps(rumbo, "news/1/show", OTHER)
    approved = await taps(rumbo, ways(shown)["Aprobar"], OTHER)
    asked = await taps(rumbo, ways(approved)["Enviar"], OTHER)
    await taps(rumbo, ways(asked)["Sí, enviar"], OTHER)

    for bubble in (shown, approved):
        assert "Lo reciben: 1 (telegram 1)" in bubble["text"]
        assert "Mañana hay charla en Comas." in bubble["text"]
    assert "Mañana hay charla en Comas." in (await rumbo.replies(1, ANA))[0]


async def test_what_stands_under_the_answers_of_the_desk_can_be_typed(rumbo: Road) -> None:
    shown = await planned(rumbo)
    approve = 1 + list(ways(shown)).index("Aprobar")

    approved = await says(rumbo, str(approve), n=2)
    asked = await says(rumbo, "Enviar", n=2)
    sent = await says(rumbo, "Sí, enviar", n=2)

    assert "aprobado por" in approved["text"]
    assert "¿Envío ahora el aviso 1?" in asked["text"]
    assert "personas" in sent["text"]
    assert "Mañana hay charla en Comas." in (await rumbo.replies(1, ANA))[0]


# --- one person has one name --------------------------------------------------------------------------------------


async def command(rumbo: Road, *words: str) -> tuple[int, str]:
    """`rumbo ...` in a terminal of the same installation; gives the exit code and what it printed."""
    chosen, out = rumbo.app.settings, io.StringIO()
    given = {"VAR": chosen.var, "DATABASE_URL": chosen.database, "SECRET_KEYS": KEY, "PUBLIC_URL": rumbo.url}
    with seated(chosen.var, ENCODER="off", **given), redirect_stdout(out), redirect_stderr(out):
        code = await asyncio.to_thread(main, words)
    return code, out.getvalue()


async def agree(rumbo: Road, link: str, number: int = 1) -> str:
    """Somebody enters the console with this link and approves the plan; gives the page that they see then."""
    code, way = link.split("code=")[1].split(maxsplit=1)[0], f"/console/broadcasts/{number}"
    web = Starlette(routes=routes(rumbo.app, announcer=rumbo.app.news.broadcaster))
    rumbo.app.clock.advance(-AHEAD)  # the link was made by the clock on the wall
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://rumbo.test") as client:
        await client.post("/console/login", data={"code": code})
        page = (await client.get(way)).text
        mark, shown = (re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("mark", "hash"))
        form = {"act": "approve", "mark": mark, "hash": shown}
        page = (await client.post(way, data=form, follow_redirects=True)).text
    rumbo.app.clock.advance(AHEAD)
    return page


async def test_who_writes_it_by_chat_cannot_approve_it_in_the_console(rumbo: Road) -> None:
    for chat in (EVA, 555_103):
        await wants_fairs(rumbo, chat)
    added = await command(rumbo, "staff", "add", f"telegram:{CHAT}", "--name", "Jefa Pérez")
    taken = await command(rumbo, "staff", "add", f"telegram:{OTHER}", "--name", "jefa  perez")
    shown = await planned(rumbo)
    by_chat = await taps(rumbo, ways(shown)["Aprobar"])

    by_console = await agree(rumbo, (await command(rumbo, "staff", "link", "jefa perez"))[1])
    assert await state(rumbo) == "planned"
    by_somebody_else = await agree(rumbo, (await command(rumbo, "staff", "link", "Eva Ríos"))[1])

    assert added[0] == 0
    assert (taken[0], "Jefa Pérez" in taken[1]) == (2, True)
    assert "no Jefa Pérez, que lo escribió" in by_chat["text"]
    assert "no Jefa Pérez, que lo escribió" in by_console
    assert "aprobado por Eva Ríos" in by_somebody_else
    assert f"telegram:{CHAT}  Jefa Pérez" in (await command(rumbo, "staff", "list"))[1]


async def test_who_gets_a_name_later_still_cannot_approve_what_they_wrote_before(rumbo: Road) -> None:
    for chat in (EVA, 555_103):
        await wants_fairs(rumbo, chat)
    await planned(rumbo)
    for name in ("Jefa", "Jefa Pérez"):
        await command(rumbo, "staff", "add", f"telegram:{CHAT}", "--name", name)

    page = await agree(rumbo, (await command(rumbo, "staff", "link", "Jefa Pérez"))[1])

    assert "no Jefa Pérez, que lo escribió" in page


async def test_somebody_of_the_team_sees_the_name_that_is_kept_of_them_and_loses_it_on_leaving(rumbo: Road) -> None:
    await command(rumbo, "staff", "add", f"telegram:{CHAT}", "--name", "Jefa Pérez")
    mine = await says(rumbo, "mis datos")
    await command(rumbo, "staff", "remove", f"telegram:{CHAT}")
    after = await says(rumbo, "mis datos")

    assert "Jefa Pérez" in mine["text"]
    assert "Jefa Pérez" not in after["text"]
