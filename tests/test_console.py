"""The team's pages: who gets in, what a form may do, what is shown and what never is."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from starlette.applications import Starlette

from bot.app import App, build
from bot.broadcast import Broadcaster, rates_of
from bot.broadcasts.audience import Kind
from bot.broadcasts.drafts import Choosing, identity
from bot.clock import Clock, Ids
from bot.errors import BadSettings
from bot.person import Address, Consent, Wish
from bot.settings import Settings
from bot.storage.crowd import Crowd
from bot.storage.outbox import Outcome
from bot.storage.tables import State
from bot.storage.work import Storage
from console.access import LINK_LASTS, SESSION_LASTS, Access, address_of_link
from console.app import routes
from console.command import staff_link
from tests.conftest import KEY
from tests.news_kit import Office, fair
from tests.road_kit import AHEAD, environment_of, free_port, until

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
    assert "15 minutes" in printed


@pytest.mark.timeout(180)  # each command is a program of its own
async def test_a_link_made_for_an_address_of_the_team_carries_the_name_that_they_have_in_the_chat(tmp_path):
    environment = environment_of(VAR=tmp_path, SECRET_KEYS=KEY)

    def link(address: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bot", "staff", "link", address]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    stranger = link("telegram:5")
    clock = Clock()
    storage = await Storage.open(f"sqlite:///{tmp_path}/rumbo.db", [KEY], clock, Ids())
    async with storage.work() as work:
        person = (await work.people.recall(Address("telegram", "5"), (), "es", clock())).person
        await work.people.set_staff(person.id, True)
    code = link("telegram:5").stdout.split("code=")[1].split()[0]
    access = Access([KEY])
    session = await access.session(await access.enter(code, storage, clock()), storage, clock())
    await storage.close()

    assert stranger.returncode != 0
    assert "rumbo staff add" in stranger.stderr
    assert session.name == identity(person)


# -- pages -------------------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    var: Path = tmp_path_factory.mktemp("console")
    chosen = Settings(_env_file=None, var=var, secret_keys=(KEY,), encoder="off", simulator=True)
    made = await build(chosen)
    made.clock.advance(AHEAD)
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


@asynccontextmanager
async def served(app: App, announcer: Broadcaster | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """The console on a real port, and somebody with a browser."""
    web = Starlette(routes=routes(app, desk=app.vacancies, announcer=announcer or app.news.broadcaster))
    server = uvicorn.Server(uvicorn.Config(web, log_config=None, lifespan="off"))
    sock = free_port()
    serving = asyncio.create_task(server._serve([sock]))
    try:
        await until(lambda: server.started or serving.done())
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{sock.getsockname()[1]}", trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        await serving
        sock.close()


@shared
async def test_a_form_with_too_many_fields_is_refused_with_the_reason(app):
    fields = {f"f{number}": "x" for number in range(51)}
    async with served(app) as client:
        at_the_door = await client.post("/console/login", data=fields)
        await sign_in(client, app)
        inside = await client.post("/console/broadcasts/1", data=fields | {"mark": await mark_of(client)})

    for answer in (at_the_door, inside):
        assert answer.status_code == 422
        assert "más de 50 campos" in answer.text


@shared
async def test_only_a_database_that_is_gone_is_told_as_one(app, tmp_path):
    nobody_there = f"postgresql://rumbo@/x?host={tmp_path}"
    gone = replace(app, storage=await Storage.open(nobody_there, [KEY], app.clock, lambda: 1))
    code = Access([KEY]).link("Rosa", app.clock(), "gone")
    async with served(gone) as client:
        at_the_door = await client.post("/console/login", data={"code": code})
        client.cookies.set("rumbo_staff", await Access([KEY]).enter(code, app.storage, app.clock()), path="/console")
        inside = await client.get("/console/people")
    await gone.storage.close()

    for answer in (at_the_door, inside):
        assert answer.status_code == 503
        assert "La base de datos no responde" in answer.text


@shared
async def test_a_broken_price_list_is_told_in_its_own_words(app, tmp_path):
    (tmp_path / "tarifas.yaml").write_text("rates: []", encoding="utf-8")
    broken = Broadcaster(
        storage=app.storage,
        library=app.library,
        wording=app.wording,
        rates=lambda: rates_of(tmp_path),
        paces={},
        clock=app.clock,
    )
    draft = await broken.draft_text({"es": "Sin tarifas."}, "Ana")
    async with served(app, broken) as client:
        await sign_in(client, app)
        form = {"act": "plan", "mark": await mark_of(client)}
        answer = await client.post(f"/console/broadcasts/{draft.id}", data=form)

    assert answer.status_code == 500
    assert "tarifas.yaml" in answer.text
    assert "base de datos" not in answer.text


@shared
@pytest.mark.parametrize(("act", "reason"), [("approve", "no hay un plan"), ("resume", "no se puede")])
async def test_what_cannot_be_done_with_an_announcement_is_told_in_words(app, act, reason):
    draft = await app.news.broadcaster.draft_text({"es": "Solo un borrador."}, "Ana")
    async with served(app) as client:
        await sign_in(client, app)
        form = {"act": act, "hash": "", "mark": await mark_of(client)}
        answer = await client.post(f"/console/broadcasts/{draft.id}", data=form)

    assert answer.status_code == 409
    assert reason in answer.text
    assert "base de datos" not in answer.text


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
async def test_a_single_report_of_what_is_still_told_is_seen_and_can_be_decided(app):
    posting = {
        "@type": "JobPosting",
        "identifier": "rep-1",
        "title": "Repostera reportada",
        "description": "Turno de mañana.",
        "hiringOrganization": "Dulces del Sur",
        "jobLocation": "Surco, Lima",
    }
    event = {"type": "vacancy.published", "timestamp": app.clock().isoformat(), "data": posting}
    vacancy = await app.vacancies.receive("bolsa", "hook-rep-1", event)
    async with app.storage.work() as work:
        ana = (await work.people.recall(Address("telegram", "rep1"), (), "es", app.clock())).person
        await app.vacancies.digests.offer(work, ana.id, Wish(), app.clock())
        await app.vacancies.reported(work, ana.id, vacancy["id"], app.clock())
    async with visitor(app) as client:
        await sign_in(client, app)
        first = (await client.get("/console")).text
        page = (await client.get("/console/vacancies")).text
        form = {"decision": "approve", "mark": await mark_of(client)}
        done = await client.post(f"/console/vacancies/{vacancy['id']}", data=form)
        after = (await client.get("/console/vacancies")).text

    assert "vacantes reportadas" in first
    assert "Reportadas que siguen abiertas" in page
    assert "Repostera reportada" in page
    assert "<b>1 reporte</b>" in page
    assert done.status_code == 303
    assert "Repostera reportada" not in after
    assert str((await app.vacancies.show(vacancy["id"])).state) == "open"


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
async def test_whoever_wrote_it_in_the_chat_does_not_approve_it_alone_from_the_console(app):
    """Above the limit, with a link that was made for their address."""
    async with app.storage.work() as work:
        one = await work.people.recall(Address("telegram", "77010"), (), "es", app.clock())
        await work.people.subscribe(one.person.id, Wish(regions=("15",)))
        await work.people.consent(one.person.id, Consent("fairs", True, app.clock(), "telegram", "sí"))
        await work.people.set_staff(one.person.id, True)
    name = identity(one.person)
    strict = Broadcaster(
        storage=app.storage,
        library=app.library,
        wording=app.wording,
        rates=lambda: rates_of(app.settings.content),
        paces={},
        clock=app.clock,
        approval_above=0,
    )
    draft = await strict.draft_text({"es": "Charla del lunes."}, name)
    plan = await strict.plan(draft.id)
    answers = []
    async with served(app, strict) as client:
        for who in (name, "Rosa"):
            await sign_in(client, app, who)
            form = {"act": "approve", "hash": plan["hash"], "mark": await mark_of(client)}
            answers.append(await client.post(f"/console/broadcasts/{draft.id}", data=form))

    assert [answer.status_code for answer in answers] == [409, 303]
    assert "debe aprobar otra persona" in answers[0].text


@shared
async def test_the_plan_of_an_invented_fair_warns_that_the_people_are_real(app):
    example = next(one for one in app.library().upcoming(app.clock()) if one.example)
    async with app.storage.work() as work:
        one = await work.people.recall(Address("telegram", "77011"), (), "es", app.clock())
        await work.people.subscribe(one.person.id, Wish(regions=(example.region,)))
        await work.people.consent(one.person.id, Consent("fairs", True, app.clock(), "telegram", "sí"))
    draft = await app.news.broadcaster.draft_fair(example.id, "Ana")
    plan = await app.news.broadcaster.plan(draft.id)
    async with visitor(app) as client:
        await sign_in(client, app)
        page = (await client.get(f"/console/broadcasts/{draft.id}")).text

    assert plan["example"]
    assert "Las personas del plan son reales" in page


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


@pytest.mark.timeout(180)  # each command is a program of its own
def test_the_stats_tell_the_messages_of_the_month(tmp_path):
    environment = environment_of(VAR=tmp_path, ENCODER="off")
    for flags, word in ((), "of 1000 free"), (("--json",), '"spend"'):
        told = subprocess.run(
            [sys.executable, "-m", "bot", "stats", *flags],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert word in told


# -- what whoever announces must know ----------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def announcing(mind, clock, tmp_path) -> AsyncIterator[tuple[Office, httpx.AsyncClient]]:
    """The desk of announcements with fairs that can be changed, and somebody of the team who is signed in."""
    made = await build(Settings(_env_file=None, var=tmp_path, secret_keys=(KEY,), encoder="off"), mind=mind)
    office = Office(made.storage, clock)
    web = Starlette(routes=routes(made, announcer=office.desk))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url=HOST) as client:
        await sign_in(client, made)
        yield office, client
    await made.storage.close()
    if made.client:
        await made.client.aclose()


async def test_a_reminder_is_asked_and_shown_with_the_time_at_which_it_goes_out(announcing):
    office, client = announcing
    await office.person(registered="2026-12-05-comas")
    one = await office.desk.draft_fair("2026-12-05-comas", "Ana", kind=Kind.REMINDER)
    await office.desk.plan(one.id)
    shown = (await office.desk.approve(one.id, "Eva")).plan_hash
    way, form = f"/console/broadcasts/{one.id}", {"act": "send", "hash": shown, "mark": await mark_of(client)}

    asked = await client.post(way, data=form)
    await client.post(way, data=form | {"sure": "yes"})
    page, listed = (await client.get(way)).text, (await client.get("/console/broadcasts")).text

    assert "¿Programar para el 4 dic 2026, 9:00 a. m., a 1 persona?" in asked.text
    assert "Sí, programar" in asked.text
    for text in (page, listed):
        assert "programado para el 4 dic 2026, 9:00 a. m., hasta el 5 dic 2026, 9:00 a. m." in text
        assert "Recordatorio: Feria de empleo de Comas" in text


async def test_the_page_of_an_announcement_says_for_whom_it_is(announcing):
    office, client = announcing
    for choosing, words in ((Choosing(), "Para: todo el país"), (Choosing(("15",), ("salud",)), "Para: Lima · Salud")):
        one = await office.desk.draft_text({"es": "Charla"}, "Ana", choosing)
        assert words in (await client.get(f"/console/broadcasts/{one.id}")).text


async def test_a_form_without_a_plan_approves_none(announcing):
    office, client = announcing
    await office.person()
    one = await office.desk.draft_text({"es": "Charla"}, "Ana")
    await office.desk.plan(one.id)
    form = {"act": "approve", "mark": await mark_of(client)}

    answer = await client.post(f"/console/broadcasts/{one.id}", data=form)

    assert answer.status_code == 409
    assert (await office.desk.get(one.id)).state == "planned"


async def test_a_fair_that_changed_after_people_were_told_of_it_is_on_the_first_page(announcing):
    office, client = announcing
    for _ in range(2):
        await office.person()
    one = await office.desk.draft_fair("2026-12-05-comas", "Ana")
    await office.sent(one.id)
    await office.deliver()
    before = (await client.get("/console")).text
    office.announce(fair(status="cancelled"))

    today, listed = (await client.get("/console")).text, (await client.get("/console/broadcasts")).text

    assert "cambiaron después de avisar" not in before
    assert "ferias que cambiaron después de avisar" in today
    assert "2 personas no lo saben" in today
    assert "--fair 2026-12-05-comas --correction" in listed
