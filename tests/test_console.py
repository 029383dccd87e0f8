"""The team's pages: who gets in, what a form may do, what is shown and what never is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from bot.app import App, build
from bot.broadcasts.drafts import Choosing
from bot.errors import BadSettings
from bot.person import Address, Consent, Wish
from bot.settings import Settings
from bot.storage.crowd import Crowd
from bot.storage.outbox import Outcome
from bot.storage.tables import State
from console.access import LINK_LASTS, SESSION_LASTS, Access, address_of_link
from console.app import routes
from console.command import staff_link
from tests.conftest import KEY

OTHER_KEY = "c2VndW5kYS1sbGF2ZS1wYXJhLWxhcy1wcnVlYmFzISE="
HOST = "http://rumbo.test"
PAGES = ("", "/content", "/due", "/unanswered", "/people", "/vacancies", "/broadcasts")
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
shared = pytest.mark.asyncio(loop_scope="module")


# -- tokens ------------------------------------------------------------------------------------------------------------


async def test_a_link_lets_one_person_in_once(storage, clock):
    access = Access([KEY])
    code = access.link("Rosa Paz", clock(), "n1")

    cookie = await access.enter(code, storage, clock())

    session = await access.session(cookie, storage, clock())
    assert session.name == "Rosa Paz"
    assert await access.enter(code, storage, clock()) is None


async def test_a_link_lasts_fifteen_minutes_and_a_session_a_working_day(storage, clock):
    access = Access([KEY])
    late, in_time = access.link("Rosa", clock(), "n1"), access.link("Rosa", clock(), "n2")

    assert await access.enter(late, storage, clock() + LINK_LASTS + timedelta(seconds=1)) is None
    cookie = await access.enter(in_time, storage, clock() + LINK_LASTS)
    assert await access.session(cookie, storage, clock() + SESSION_LASTS) is not None
    assert await access.session(cookie, storage, clock() + LINK_LASTS + SESSION_LASTS + timedelta(seconds=1)) is None


async def test_a_session_that_was_ended_is_ended_in_every_process(storage, clock):
    access = Access([KEY])
    cookie = await access.enter(access.link("Rosa", clock(), "n1"), storage, clock())
    session = await access.session(cookie, storage, clock())

    await access.leave(session, storage, clock())

    assert await Access([KEY]).session(cookie, storage, clock()) is None


async def test_no_changed_character_gets_in(storage, clock):
    access = Access([KEY])
    code = access.link("Rosa", clock(), "n1")

    for place in range(len(code)):
        forged = code[:place] + ("A" if code[place] != "A" else "B") + code[place + 1 :]
        entered = await access.enter(forged, storage, clock())
        assert entered is None, place
    assert await access.enter(code, storage, clock()) is not None


@pytest.mark.parametrize("code", ["", ".", "a.b", "é.x", "x" * 5000, "eyJ9.", "....", "\x00", "null.null"])
async def test_nonsense_is_no_code(storage, clock, code):
    assert await Access([KEY]).enter(code, storage, clock()) is None
    assert await Access([KEY]).session(code, storage, clock()) is None


async def test_one_kind_of_token_never_stands_in_for_another(storage, clock):
    access = Access([KEY])
    code = access.link("Rosa", clock(), "n1")
    cookie = await access.enter(code, storage, clock())

    assert await access.session(code, storage, clock()) is None
    assert await access.enter(cookie, storage, clock()) is None


async def test_after_a_change_of_keys_people_stay_signed_in_until_the_old_key_goes(storage, clock):
    cookie = await Access([KEY]).enter(Access([KEY]).link("Rosa", clock(), "n1"), storage, clock())

    assert await Access([OTHER_KEY, KEY]).session(cookie, storage, clock()) is not None
    assert await Access([OTHER_KEY]).session(cookie, storage, clock()) is None


async def test_the_mark_of_a_form_belongs_to_one_session(storage, clock):
    access = Access([KEY])
    sessions = []
    for nonce in ("n1", "n2"):
        cookie = await access.enter(access.link("Rosa", clock(), nonce), storage, clock())
        sessions.append(await access.session(cookie, storage, clock()))

    mark = access.form_mark(sessions[0])

    assert access.is_form_mark(sessions[0], mark)
    assert not access.is_form_mark(sessions[1], mark)
    assert not access.is_form_mark(sessions[0], "")


@pytest.mark.parametrize("name", ["", "x", "a\nb", "<b>", "x" * 61])
def test_a_link_is_made_for_a_name(name):
    with pytest.raises(BadSettings):
        Access([KEY]).link(name, NOW, "n")


def test_the_command_prints_a_link_to_where_people_reach_us(tmp_path):
    chosen = Settings(_env_file=None, var=tmp_path, secret_keys=(KEY,), public_url="https://rumbo.example")

    printed = staff_link(chosen, "Rosa", lambda: NOW)

    assert printed.startswith("https://rumbo.example/console/login?code=")
    assert "15 minutos" in printed


# -- pages -------------------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    var: Path = tmp_path_factory.mktemp("console")
    chosen = Settings(_env_file=None, var=var, secret_keys=(KEY,), encoder="off", simulator=True)
    made = await build(chosen)
    yield made
    await made.storage.close()
    if made.client:
        await made.client.aclose()


def visitor(app: App, host: str = HOST) -> httpx.AsyncClient:
    web = Starlette(routes=routes(app, desk=app.vacancies, announcer=app.news.broadcaster))
    return httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url=host)


_made = iter(range(10_000))


async def sign_in(client: httpx.AsyncClient, app: App, name: str = "Rosa") -> httpx.Response:
    code = Access([KEY]).link(name, app.clock(), f"test-{next(_made)}")
    return await client.post("/console/login", data={"code": code})


async def mark_of(client: httpx.AsyncClient, page: str = "/console") -> str:
    return re.search(r'name="mark" value="([^"]+)"', (await client.get(page)).text)[1]


@shared
@pytest.mark.parametrize("page", [*PAGES, "/broadcasts/1"])
async def test_without_a_session_every_page_leads_to_the_login(app, page):
    async with visitor(app) as client:
        answer = await client.get("/console" + page)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/login"


@shared
@pytest.mark.parametrize("page", ["/logout", "/vacancies/1", "/broadcasts/1"])
async def test_without_a_session_no_form_does_anything(app, page):
    async with visitor(app) as client:
        answer = await client.post("/console" + page, data={"mark": "x", "decision": "approve"})

    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/login"


@shared
async def test_looking_at_the_link_does_not_use_it_up(app):
    code = Access([KEY]).link("Rosa", app.clock(), "preview")
    async with visitor(app) as client:
        for _ in range(2):
            page = await client.get(address_of_link("", code))
            assert code in page.text
        first = await client.post("/console/login", data={"code": address_of_link(HOST, code)})
        second = await client.post("/console/login", data={"code": code})

    assert first.status_code == 303
    assert second.status_code == 403
    assert "ya se usó" in second.text


@shared
async def test_the_cookie_stays_with_us_and_out_of_scripts(app):
    async with visitor(app) as client:
        cookie = (await sign_in(client, app)).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/console" in cookie
    assert "secure" not in cookie

    public = replace(app, settings=app.settings.model_copy(update={"public_url": "https://rumbo.example"}))
    async with visitor(public, "https://rumbo.example") as client:
        answer = await sign_in(client, public)
    assert "secure" in answer.headers["set-cookie"].lower()
    assert answer.headers["strict-transport-security"].startswith("max-age=")


@shared
@pytest.mark.parametrize("page", PAGES)
async def test_every_page_opens_without_script_and_is_not_kept(app, page):
    async with visitor(app) as client:
        await sign_in(client, app, "Rosa <b>Paz".replace("<b>", "de la "))
        answer = await client.get("/console" + page)

    assert answer.status_code == 200
    assert not re.search(r"<script|<style|style=|\son\w+=", answer.text)
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "Rosa de la Paz" in answer.text
    assert 'aria-current="page"' in answer.text


@shared
async def test_a_form_from_elsewhere_does_nothing(app):
    async with visitor(app) as client:
        await sign_in(client, app)
        mark = await mark_of(client)
        for given, headers in (({}, {}), ({"mark": "x"}, {}), ({"mark": mark}, {"Sec-Fetch-Site": "cross-site"})):
            answer = await client.post("/console/logout", data=given, headers=headers)
            assert answer.status_code == 403

        assert (await client.get("/console")).status_code == 200


@shared
async def test_signing_out_ends_the_session(app):
    async with visitor(app) as client:
        await sign_in(client, app)
        kept = client.cookies["rumbo_staff"]
        answer = await client.post("/console/logout", data={"mark": await mark_of(client)})
        client.cookies.set("rumbo_staff", kept, path="/console")

        assert answer.status_code == 303
        assert (await client.get("/console")).status_code == 303


@shared
async def test_an_oversized_form_is_refused(app):
    async with visitor(app) as client:
        await sign_in(client, app)
        answer = await client.post("/console/logout", content=b"mark=" + b"x" * 1_100_000)

    assert answer.status_code == 413


@shared
async def test_the_due_list_is_filtered_by_topic(app):
    async with visitor(app) as client:
        await sign_in(client, app)
        everything = (await client.get("/console/due")).text
        some = (await client.get("/console/due", params={"topic": "titulos"})).text
        none = (await client.get("/console/due", params={"topic": "titulos", "state": "withdrawn"})).text

    assert "titulos/medicos" in everything
    assert "regularizacion/cpp" in everything
    assert "titulos/medicos" in some
    assert "regularizacion/cpp" not in some
    assert "Nada por verificar" in none


@shared
async def test_content_mistakes_are_shown_with_file_and_remedy(app, tmp_path):
    (tmp_path / "es" / "titulos").mkdir(parents=True)
    (tmp_path / "es" / "titulos" / "roto.md").write_text("no es un artículo", encoding="utf-8")
    broken = replace(app, settings=app.settings.model_copy(update={"content": tmp_path}))
    async with visitor(broken) as client:
        await sign_in(client, broken)
        found = (await client.get("/console/content", params={"level": "error", "q": "roto"})).text
        nothing = (await client.get("/console/content", params={"q": "zzz"})).text

    assert "es/titulos/roto.md" in found
    assert "Nada que mostrar" in nothing


@shared
async def test_open_questions_stand_in_groups_and_can_be_searched(app):
    async with app.storage.work() as work:
        for text in ("dónde venden perros chihuahua", "quiero comprar perros chihuahua", "how do I buy a boat"):
            language = "en" if "boat" in text else "es"
            await work.feedback.missed("telegram", language, text, app.clock())
    async with visitor(app) as client:
        await sign_in(client, app)
        everything = (await client.get("/console/unanswered")).text
        english = (await client.get("/console/unanswered", params={"lang": "en"})).text
        dogs = (await client.get("/console/unanswered", params={"q": "perros"})).text

    assert "2×" in everything
    assert "boat" in english
    assert "perros" not in english
    assert "boat" not in dogs


@shared
async def test_people_are_counted_and_never_named(app):
    secret = "51987654321"
    async with app.storage.work() as work:
        one = await work.people.recall(Address("whatsapp", f"whatsapp:+{secret}"), (), "es", app.clock())
        await work.people.subscribe(one.person.id, Wish(regions=("15",)))
        await work.people.consent(one.person.id, Consent("fairs", True, app.clock(), "whatsapp", "sí"))
    async with visitor(app) as client:
        await sign_in(client, app)
        pages = [(await client.get("/console" + page)).text for page in PAGES]

    assert "WhatsApp" in pages[PAGES.index("/people")]
    assert not any(secret in page for page in pages)


async def hold(app: App, number: str) -> str:
    posting: dict[str, Any] = {
        "@type": "JobPosting",
        "identifier": number,
        "title": f"Anfitriona {number} <script>",
        "description": "Deposita S/ 50 para reservar tu cupo. Se retiene el DNI.",
        "datePosted": app.clock().date().isoformat(),
        "validThrough": (app.clock() + timedelta(days=40)).date().isoformat(),
        "jobLocation": {"@type": "Place", "address": {"addressRegion": "Lima", "addressLocality": "Lima"}},
    }
    event = {"type": "vacancy.published", "timestamp": app.clock().isoformat(), "data": posting}
    vacancy = await app.vacancies.receive("bolsa", f"hook-{number}", event)
    assert vacancy["state"] == "held"
    return str(vacancy["id"])


@shared
@pytest.mark.parametrize(("decision", "state"), [("approve", "open"), ("reject", "closed")])
async def test_a_held_vacancy_is_decided_by_a_person_who_is_named(app, decision, state):
    number = await hold(app, f"v-{decision}")
    async with visitor(app) as client:
        await sign_in(client, app)
        page = (await client.get("/console/vacancies")).text
        refused = await client.post(f"/console/vacancies/{number}", data={"decision": decision})
        before = str((await app.vacancies.show(number)).state)
        mark = await mark_of(client)
        done = await client.post(f"/console/vacancies/{number}", data={"decision": decision, "mark": mark})
        after = (await client.get("/console/vacancies")).text

    assert f"Anfitriona v-{decision}" in page
    assert "Te piden dinero" in page
    assert "<script>" not in page
    assert (refused.status_code, before) == (403, "held")
    assert (done.status_code, str((await app.vacancies.show(number)).state)) == (303, state)
    assert f"v-{decision}" not in after


@shared
@pytest.mark.parametrize(("number", "decision", "status"), [("1", "approve", 404), ("1", "maybe", 422)])
async def test_a_decision_that_makes_no_sense_is_refused(app, number, decision, status):
    async with visitor(app) as client:
        await sign_in(client, app)
        form = {"decision": decision, "mark": await mark_of(client)}
        answer = await client.post(f"/console/vacancies/{number}", data=form)

    assert answer.status_code == status
    assert "Traceback" not in answer.text


@shared
async def test_the_plan_of_an_announcement_is_seen_approved_and_cancelled(app):
    async with app.storage.work() as work:
        one = await work.people.recall(Address("telegram", "77001"), (), "es", app.clock())
        await work.people.subscribe(one.person.id, Wish(regions=("15",)))
        await work.people.consent(one.person.id, Consent("fairs", True, app.clock(), "telegram", "sí"))
    draft = await app.news.broadcaster.draft_text({"es": "Hay una charla gratuita el sábado."}, "Ana")
    way = f"/console/broadcasts/{draft.id}"
    async with visitor(app) as client:
        await sign_in(client, app)
        listed = (await client.get("/console/broadcasts")).text
        without = (await client.get(way)).text
        mark = await mark_of(client)
        await client.post(way, data={"act": "plan", "mark": mark})
        page = (await client.get(way)).text
        shown = re.search(r'name="hash" value="([^"]+)"', page)[1]
        wrong = await client.post(way, data={"act": "approve", "hash": "otro", "mark": mark})
        right = await client.post(way, data={"act": "approve", "hash": shown, "mark": mark})
        approved = (await client.get(way)).text
        await client.post(way, data={"act": "cancel", "mark": mark})

    assert "Hay una charla gratuita" in listed
    assert "Todavía no tiene plan" in without
    assert "lo reciben" in page
    assert "Hay una charla gratuita el sábado." in page
    assert wrong.status_code == 409
    assert 'role="alert"' in wrong.text
    assert right.status_code == 303
    assert "aprobado por Rosa" in approved
    assert (await app.news.broadcaster.get(draft.id)).state == "cancelled"


async def _approved(app, who: int, author: str = "Ana"):
    """An announcement with an approved plan, and the way to it."""
    async with app.storage.work() as work:
        one = await work.people.recall(Address("telegram", str(who)), (), "es", app.clock())
        await work.people.subscribe(one.person.id, Wish(regions=("15",)))
        await work.people.consent(one.person.id, Consent("fairs", True, app.clock(), "telegram", "sí"))
    draft = await app.news.broadcaster.draft_text({"es": "Charla gratuita el domingo."}, author)
    await app.news.broadcaster.plan(draft.id)
    await app.news.broadcaster.approve(draft.id, "Rosa")
    return draft.id, f"/console/broadcasts/{draft.id}"


@shared
async def test_an_approved_announcement_is_sent_after_one_question_and_only_once(app):
    number, way = await _approved(app, 77002)
    async with visitor(app) as client:
        await sign_in(client, app)
        mark = await mark_of(client)
        page = (await client.get(way)).text
        shown = re.search(r'name="hash" value="([^"]+)"', page)[1]
        asked = await client.post(way, data={"act": "send", "hash": shown, "mark": mark})
        before = (await app.news.broadcaster.get(number)).state
        form = {"act": "send", "hash": shown, "sure": "yes", "mark": mark}
        other = await client.post(way, data=form | {"hash": "otro"})
        unmarked = await client.post(way, data=form | {"mark": "x"})
        still = (await app.news.broadcaster.get(number)).state
        sent = await client.post(way, data=form)
        again = await client.post(way, data=form)

    assert "Enviar…" in page
    assert "¿Enviar ahora a" in asked.text
    assert (before, still) == ("approved", "approved")
    assert (other.status_code, unmarked.status_code) == (409, 403)
    assert sent.status_code == 303
    assert again.status_code == 409
    one = await app.news.broadcaster.get(number)
    assert one.state in {"sending", "scheduled", "done"}
    assert one.sent_by == "Rosa"


@shared
async def test_what_nobody_has_approved_cannot_be_sent_from_the_console(app):
    draft = await app.news.broadcaster.draft_text({"es": "Sin aprobar."}, "Ana")
    way = f"/console/broadcasts/{draft.id}"
    async with visitor(app) as client:
        await sign_in(client, app)
        mark = await mark_of(client)
        page = (await client.get(way)).text
        form = {"act": "send", "hash": "", "sure": "yes", "mark": mark}
        answer = await client.post(way, data=form)

    assert "Enviar" not in page
    assert answer.status_code == 409
    assert (await app.news.broadcaster.get(draft.id)).state == "draft"


@shared
@pytest.mark.parametrize("way", ["/console/broadcasts/999999", "/console/broadcasts/99999999999999999999"])
async def test_an_announcement_that_is_not_there_is_said_so(app, way):
    async with visitor(app) as client:
        await sign_in(client, app)
        answer = await client.get(way)

    assert answer.status_code == 404
    assert "Traceback" not in answer.text


@shared
async def test_a_process_without_news_says_so(app):
    web = Starlette(routes=routes(app))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url=HOST) as client:
        await sign_in(client, app)
        for page in ("/vacancies", "/broadcasts", "/broadcasts/1"):
            answer = await client.get("/console" + page)
            assert answer.status_code == 404
            assert "Este proceso no" in answer.text
        assert (await client.get("/console")).status_code == 200


@shared
async def test_a_plan_whose_cost_nobody_knows_is_shown_and_says_so(app):
    await app.news.know_templates({("rumbo_aviso", "es"): "MARKETING", ("rumbo_aviso", "en"): "MARKETING"})
    async with app.storage.work() as work:
        long_ago = app.clock() - timedelta(days=3)
        one = await work.people.recall(Address("whatsapp", "51977003"), (), "es", long_ago)
        await work.people.subscribe(one.person.id, Wish(regions=("24",)))
        await work.people.consent(one.person.id, Consent("fairs", True, long_ago, "whatsapp", "sí"))
    draft = await app.news.broadcaster.draft_text({"es": "Charla en Tumbes."}, "Ana", Choosing(regions=("24",)))
    plan = await app.news.broadcaster.plan(draft.id)
    async with visitor(app) as client:
        await sign_in(client, app)
        page = await client.get(f"/console/broadcasts/{draft.id}")

    assert plan["cost"]["high"] is None
    assert page.status_code == 200
    assert "no hay una tarifa" in page.text


@shared
async def test_one_that_is_done_says_who_did_not_get_it_and_can_be_planned_for_those_still_missing(app):
    number, way = await _approved(app, 77004)
    broadcaster = app.news.broadcaster
    await broadcaster.send(number)
    async with app.storage.work() as work:
        await work.people.end((await work.people.find(Address("telegram", "77004"))).id)
        now = app.clock() + timedelta(hours=20)
        await Crowd(work.line).wake()
        for lane in ("telegram", "whatsapp"):
            while claimed := await work.outbox.claim(lane, "w", 50, now, now + timedelta(minutes=1)):
                await work.outbox.begin([one.ref for one in claimed], "w", now + timedelta(minutes=1))
                await work.outbox.record([Outcome(one.ref, State.SENT, now) for one in claimed], "w")
    noon = datetime(2027, 1, 12, 17, tzinfo=UTC)
    for _ in range(3):
        await broadcaster.advance(noon)
    async with visitor(app) as client:
        await sign_in(client, app)
        page = (await client.get(way)).text

    assert (await broadcaster.get(number)).state == "done"
    assert "no pidió estos avisos" in page
    assert 'value="plan"' in page


@shared
async def test_the_messages_of_the_month_that_are_billed_are_shown(app):
    async with visitor(app) as client:
        await sign_in(client, app)
        page = (await client.get("/console")).text

    assert "mensajes de WhatsApp este mes" in page
    assert "de 1000 gratis" in page


def test_the_stats_tell_the_messages_of_the_month(tmp_path):
    environment = {**os.environ, "RUMBO_VAR": str(tmp_path), "RUMBO_ENCODER": "off"}
    for flags, word in ((), "of 1000 free"), (("--json",), '"spend"'):
        told = subprocess.run(
            [sys.executable, "-m", "bot", "stats", *flags],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        assert word in told
