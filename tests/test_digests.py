"""Vacancies reach people on WhatsApp outside the window, in their own rhythm, twice a day at most with everything; none is lost."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from bot.broadcasts.spend import Ledger
from bot.channels.base import Pace
from bot.channels.whatsapp import WhatsApp
from bot.channels.whatsapp_content import ContentApi
from bot.conversation import Context, advance
from bot.conversation import State as Talk
from bot.delivery.receipts import Receipts
from bot.delivery.sender import Kit, Sender
from bot.delivery.throttle import MemoryLimiter
from bot.delivery.wake import LocalWake
from bot.digests import TEMPLATE, template_texts
from bot.flows import ALL
from bot.messages import DeliveryStatus, Inbound, Kind, Receipt
from bot.news import News
from bot.person import Address, Wish
from bot.settings import HOME, Settings
from bot.storage.matching import Matching
from bot.storage.outbox import Kinds, Outcome
from bot.storage.tables import State
from bot.vacancies import Office, VacancyDesk
from tests.channel_kit import whatsapp
from tests.fake_twilio import ACCOUNT, AUTH_TOKEN, FakeTwilio
from tests.news_kit import Office as NewsOffice
from tests.news_kit import country, rates, wording
from tests.road_kit import environment_of
from tests.vacancy_kit import MINIMUM_WAGE, gate, reader

DAY = 24 * 3600
NUMBER = "+51987654321"
APPROVED = frozenset({(TEMPLATE, "es")})


class Round:
    """The desk, its people, and what was owed to them."""

    def __init__(self, storage, clock, new_id):
        self.storage, self.clock = storage, clock
        office = Office(reader, gate, lambda: MINIMUM_WAGE, ZoneInfo("America/Lima"))
        self.desk = VacancyDesk(storage, office, clock, new_id)
        self.posted = 0
        self.owed = []

    async def person(self, name="1", channel="whatsapp", **wish):
        async with self.storage.work() as work:
            recalled = await work.people.recall(Address(channel, name), (), "es", self.clock())
            await work.people.subscribe(recalled.person.id, Wish(**({"frequency": "now"} | wish)))
            await work.people.remember(recalled.person.id, {"greeted": True}, recalled.version)
            return recalled.person.id

    async def writes(self, name="1", channel="whatsapp"):
        async with self.storage.work() as work:
            recalled = await work.people.recall(Address(channel, name), (), "es", self.clock())
            await work.people.remember(recalled.person.id, recalled.state, recalled.version)

    async def post(self, title="Cocinero", place="Breña, Lima", until="2026-12-20"):
        self.posted += 1
        data = {
            "@type": "JobPosting", "title": title, "description": "Carta criolla.", "identifier": f"c-{self.posted}",
            "hiringOrganization": f"Picantería {self.posted} S.A.C.", "jobLocation": place, "validThrough": until,
        }  # fmt: skip
        body = {"type": "vacancy.published", "timestamp": self.clock().isoformat(), "data": data}
        return await self.desk.receive("bolsa", f"m{self.posted}", body)

    async def tell(self, templates=frozenset()):
        await self.desk.digests.wake(templates)
        return await self.desk.tell(wording(), self.owe, templates=templates)

    async def owe(self, work, person, reply):
        self.owed.append(reply)
        return await work.outbox.add(person.id, person.address.channel, reply, self.clock(), urgent=False, once=True)

    async def claim(self, lane="whatsapp"):
        self.clock.advance(3)
        now = self.clock()
        async with self.storage.work() as work:
            claimed = await work.outbox.claim(lane, "w", 50, now, now + timedelta(minutes=1), Kinds.ALL)
        async with self.storage.work() as work:
            await work.outbox.begin([one.ref for one in claimed], "w", now + timedelta(minutes=1))
        return claimed

    async def record(self, claimed, state=State.SENT, error=""):
        async with self.storage.work() as work:
            outcomes = [Outcome(one.ref, state, self.clock(), f"SM{one.ref}", error) for one in claimed]
            await work.outbox.record(outcomes, "w")


@pytest.fixture
def round_(storage, clock, new_id):
    return Round(storage, clock, new_id)


def test_the_template_of_digests_is_one_that_whatsapp_takes():
    texts = template_texts(wording())
    assert [text.mistakes() for text in texts] == [[], []]
    assert [text.language for text in texts] == ["es", "en"]
    assert all(text.buttons[0].id == "alerts/more" for text in texts)


async def test_outside_the_window_an_approved_template_says_how_many_there_are(round_):
    await round_.person()
    round_.clock.advance(2 * DAY)
    await round_.post("Cocinero")
    await round_.post("Mesera")
    assert await round_.tell(APPROVED) == 1
    (claimed,) = await round_.claim()
    assert not claimed.window_open
    assert claimed.reply.template.name == TEMPLATE
    assert claimed.reply.template.variables == {"1": "2"}
    assert "Cocinero" in claimed.reply.text


async def test_without_a_template_the_digest_waits_is_listed_and_comes_in_the_next_window(round_):
    await round_.person()
    round_.clock.advance(2 * DAY)
    await round_.post("Cocinero")
    for _ in range(3):
        assert await round_.tell() == 0
        round_.clock.advance(3600)
    assert await round_.desk.digests.waiting() == {"es": {"people": 1, "vacancies": 1}}
    await round_.writes()
    assert await round_.tell() == 1
    assert "Cocinero" in round_.owed[0].text
    assert await round_.desk.digests.waiting() == {}
    assert await round_.tell() == 0


async def test_what_waits_goes_out_once_the_template_is_approved(round_):
    await round_.person()
    round_.clock.advance(2 * DAY)
    await round_.post()
    assert await round_.tell() == 0
    assert await round_.tell({(TEMPLATE, "en")}) == 0
    assert await round_.tell(APPROVED) == 1


async def test_many_who_wait_hold_nobody_else_up(round_):
    for number in range(7):
        await round_.person(str(number))
    round_.clock.advance(2 * DAY)
    await round_.person("late")
    await round_.post()
    told = 0
    for _ in range(4):
        told += await round_.desk.tell(wording(), round_.owe, limit=2)
    assert told == 1


@pytest.mark.parametrize("inside", [True, False])
async def test_on_telegram_and_inside_the_window_no_template_is_needed(round_, inside):
    await round_.person(channel="whatsapp" if inside else "telegram")
    round_.clock.advance(0 if inside else 9 * DAY)
    await round_.post()
    assert await round_.tell() == 1


@pytest.mark.parametrize(("error", "days"), [("63016", None), ("63049", 1)])
async def test_a_digest_that_whatsapp_kept_back_waits_again(round_, error, days):
    await round_.person()
    await round_.post()
    assert await round_.tell(APPROVED) == 1
    claimed = await round_.claim()
    await round_.record(claimed)
    async with round_.storage.work() as work:
        receipt = Receipt(f"SM{claimed[0].ref}", DeliveryStatus.FAILED, error=error)
        ref = await work.outbox.receipt(receipt, round_.clock())
        assert await round_.desk.digests.undelivered(work, ref.person_id, ref.batch_id, error)
    assert await round_.desk.digests.waiting() == ({"es": {"people": 1, "vacancies": 1}} if days is None else {})
    round_.clock.advance(DAY)
    await round_.writes()
    assert await round_.tell() == 1


async def test_a_failure_of_another_kind_is_not_sent_again(round_):
    someone = await round_.person()
    await round_.post()
    await round_.tell()
    (claimed,) = await round_.claim()
    async with round_.storage.work() as work:
        assert not await round_.desk.digests.undelivered(work, someone, claimed.ref.batch_id, "63024")
        assert not await round_.desk.digests.undelivered(work, someone, 12345, "63016")


async def test_a_digit_after_a_digest_means_a_vacancy_of_it(round_):
    await round_.person()
    await round_.post()
    await round_.tell()
    async with round_.storage.view() as work:
        recalled = await work.people.look(Address("whatsapp", "1"))
    assert recalled.state["offered"][0] == [round_.owed[0].choices[0].id, "Cocinero"]
    assert recalled.state["greeted"]


async def test_a_digest_keeps_no_old_conversation_alive(round_):
    await round_.person(channel="telegram")
    async with round_.storage.work() as work:
        recalled = await work.people.look(Address("telegram", "1"))
        state = {"topic": "proteccion/violencia", "kept": {"medico": ["a"]}, "trail": ["a/proteccion/violencia"]}
        await work.people.remember(recalled.person.id, state, recalled.version)
    round_.clock.advance(31 * DAY)
    await round_.post(until="2027-02-01")
    assert await round_.tell() == 1
    async with round_.storage.view() as work:
        recalled = await work.people.look(Address("telegram", "1"))
    assert recalled.state.keys() == {"kept", "offered"}


async def test_fairs_and_vacancies_together_are_two_a_day(round_, storage, clock):
    office = NewsOffice(storage, clock)
    await round_.person(channel="telegram")
    fair = await office.desk.draft_fair("2026-12-05-comas", "Ana")
    await office.sent(fair.id)
    assert len(await office.deliver()) == 1
    await round_.post("Uno")
    assert await round_.tell() == 1
    await round_.post("Dos")
    assert await round_.tell() == 0
    text = await office.desk.draft_text({"es": "Otra feria."}, "Ana")
    with pytest.raises(Exception, match="nobody") as refused:
        await office.desk.plan(text.id)
    assert wording().text("news.why.capped") in office.desk.explain(refused.value)
    clock.advance(DAY)
    assert await round_.tell() == 1
    assert "Dos" in round_.owed[-1].text


async def test_a_plan_names_the_cap_for_those_who_had_two_digests(round_, storage, clock):
    office = NewsOffice(storage, clock)
    await round_.person("1", channel="telegram")
    await round_.person("2", channel="telegram", alerts=False)
    for title in ("Uno", "Dos"):
        await round_.post(title)
        assert await round_.tell() == 1
        clock.advance(1)
    fair = await office.desk.draft_fair("2026-12-05-comas", "Ana")
    plan = await office.desk.plan(fair.id)
    assert (plan["eligible"], plan["excluded"]) == (1, [{"reason": "capped", "count": 1}])


async def test_what_does_not_fit_the_changed_wish_is_not_told(round_):
    someone = await round_.person(frequency="daily", regions=("15",))
    await round_.post("En Lima", "Breña, Lima")
    await round_.post("En los dos", "Lima y Arequipa")
    wish = Wish(frequency="daily", regions=("04",))
    async with round_.storage.work() as work:
        await work.people.subscribe(someone, wish)
        await round_.desk.digests.wish_changed(work, someone, wish, round_.clock())
    await round_.post("En Arequipa", "Cayma, Arequipa")
    round_.clock.advance(DAY)
    await round_.tell(APPROVED)
    assert "En Arequipa" in round_.owed[0].text
    assert "En Lima" not in round_.owed[0].text


async def test_only_mondays_and_the_end_of_a_pause_move_what_waits(round_):
    someone = await round_.person(channel="telegram", frequency="daily")
    await round_.post()

    async def changes(**wish):
        async with round_.storage.work() as work:
            await work.people.subscribe(someone, Wish(**wish))
            await round_.desk.digests.wish_changed(work, someone, Wish(**wish), round_.clock())

    await changes(frequency="weekly", weekday=3)  # it is Monday, ten in the morning
    for expected in (0, 0, 1):
        round_.clock.advance(DAY)
        assert await round_.tell() == expected
    await round_.post()
    await changes(frequency="now", paused_until=round_.clock() + timedelta(days=14))
    assert await round_.tell() == 0
    await changes(frequency="now")
    assert await round_.tell() == 1


async def test_a_digest_of_nothing_is_not_a_message_of_the_day(round_):
    someone = await round_.person(channel="telegram")
    for _ in range(2):
        made = await round_.post()
        await round_.desk.receive(
            "bolsa", f"x{round_.posted}", {"type": "vacancy.closed", "data": {"identifier": made["identifier"]}}
        )
        assert await round_.tell() == 0
        round_.clock.advance(1)
    async with round_.storage.view() as work:
        assert await Matching(work.line).times_told(someone, round_.clock() - timedelta(hours=1)) == 0


async def test_a_digest_by_template_enters_the_ledger_as_marketing(round_, storage):
    await round_.person("1")
    round_.clock.advance(2 * DAY)
    await round_.person("2")
    await round_.post()
    assert await round_.tell(APPROVED) == 2
    await round_.record(await round_.claim())
    month = await Ledger(storage, country, rates).book(round_.clock())
    assert (month.templates, month.replies, month.news) == (1, 1, 0)
    assert month.to_json()["templates"] == 1


async def test_failures_that_twilio_tells_later_pause_the_rest_of_an_announcement(
    storage, clock, new_id, mind, tmp_path
):
    news = News(Settings(_env_file=None, content=HOME / "content", var=tmp_path), storage, mind, clock, new_id)
    receipts = Receipts(storage, clock, news)
    office = NewsOffice(storage, clock)
    office.desk = office.open(chunk=60)
    people = [await office.person("whatsapp") for _ in range(100)]
    fair = await office.desk.draft_fair("2026-12-05-comas", "Ana")
    await office.sent(fair.id)
    assert len(await office.deliver()) == 60

    async def told(person, status, error=""):
        reference = f"{fair.id}-{person}"
        await receipts.note(Receipt(f"SM{person}", status, error=error, left=error == "63014", reference=reference))

    for person in people[:25]:
        await told(person, DeliveryStatus.DELIVERED)
    for person in people[25:45]:
        await told(person, DeliveryStatus.FAILED, "63014")  # they blocked us: no fault of ours
    for _ in range(5):
        for person in people[45:51]:
            await told(person, DeliveryStatus.FAILED, "63024")  # told again and again, counted once
    assert (await office.desk.get(fair.id)).state == "sending"
    await told(people[51], DeliveryStatus.FAILED, "63024")
    one = await office.desk.get(fair.id)
    assert (one.state, one.why) == ("paused", "failures")


async def test_a_digest_that_failed_later_does_not_count_as_an_announcement(
    round_, storage, clock, new_id, mind, tmp_path
):
    news = News(Settings(_env_file=None, content=HOME / "content", var=tmp_path), storage, mind, clock, new_id)
    await round_.person()
    await round_.post()
    await round_.tell()
    claimed = await round_.claim()
    await round_.record(claimed)
    receipt = Receipt("SMx", DeliveryStatus.FAILED, error="63016", reference=str(claimed[0].ref))
    await Receipts(storage, clock, news).note(receipt)
    assert await round_.desk.digests.waiting() == {"es": {"people": 1, "vacancies": 1}}


@asynccontextmanager
async def sending(round_, channel, noted):
    kit = Kit(round_.storage, MemoryLimiter(round_.clock), LocalWake(), round_.clock, "me", noted=noted)
    sender = Sender([channel], kit)
    async with asyncio.TaskGroup() as group:
        group.create_task(sender.run())
        yield
        sender.stop(2.0)


async def test_a_window_that_closed_while_a_digest_was_on_its_way_loses_nothing(round_):
    await round_.person()
    round_.clock.advance(DAY - 700)  # ten seconds before we count the window as closed
    await round_.post()
    assert await round_.tell() == 1
    round_.clock.advance(3600)
    asked, results = [], asyncio.Queue()
    transport = httpx.MockTransport(lambda request: asked.append(request) or httpx.Response(201, json={"sid": "SM1"}))
    async with httpx.AsyncClient(transport=transport) as client:
        channel = WhatsApp(
            account_sid="AC1", auth_tokens=("t",), sender="+51900000000", client=client, pace=Pace(80.0, 80.0)
        )
        async with asyncio.timeout(20), sending(round_, channel, lambda _, result: results.put_nowait(result)):
            outcome = await results.get()
    assert (outcome.state, outcome.error) == (State.FAILED, "needs_template")
    assert not asked
    assert await round_.desk.digests.waiting() == {"es": {"people": 1, "vacancies": 1}}


@pytest.mark.timeout(180)  # each command is a program of its own
async def test_the_commands_show_feeds_and_who_waits(tmp_path):
    env = environment_of(VAR=tmp_path, ENCODER="off")

    async def rumbo(*words):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *words, cwd=tmp_path, env=env, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await process.communicate()
        return process.returncode, out.decode()

    code, out = await rumbo("feeds", "add", "http://127.0.0.1:9/feed", "--partner", "bolsa", "--every", "1d", "--json")
    (feed,) = json.loads(out)
    assert (code, feed["partner"], feed["every"], feed["failures"]) == (1, "bolsa", "1d", 1)
    assert feed["error"] == "the address is not a public one"
    assert (await rumbo("feeds", "remove", "1"))[0] == 0
    assert (await rumbo("feeds", "list", "--json")) == (0, "[]\n")
    assert (await rumbo("vacancies", "waiting", "--json")) == (0, '{"template": "rumbo_vacantes", "waiting": {}}\n')


async def test_an_approved_template_really_goes_out_and_its_button_opens_the_vacancies(round_, mind):
    await round_.person(NUMBER)
    round_.clock.advance(2 * DAY)
    await round_.post("Cocinero")
    async with FakeTwilio().running() as server, httpx.AsyncClient(transport=AiohttpTransport()) as client:
        api = ContentApi(account_sid=ACCOUNT, token=AUTH_TOKEN, client=client, api_url=server.url)
        for made in await api.templates(template_texts(wording())):
            server.approve(made.sid)
        contents = await api.contents({}, template_texts(wording()))
        assert await round_.tell(frozenset(contents.templates)) == 1
        channel, results = whatsapp(client, server.url, contents), asyncio.Queue()
        round_.clock.advance(5)
        async with asyncio.timeout(20), sending(round_, channel, lambda _, result: results.put_nowait(result)):
            outcome = await results.get()
    assert outcome.state is State.SENT
    (sent,) = server.messages
    shape = server.contents[sent["ContentSid"]]["types"]["twilio/quick-reply"]
    assert shape["actions"] == [{"title": "Ver vacantes", "id": "alerts/more"}]
    assert json.loads(sent["ContentVariables"]) == {"1": "1"}
    await round_.writes(NUMBER)
    async with round_.storage.view() as work:
        recalled = await work.people.look(Address("whatsapp", NUMBER))
        alerts = await round_.desk.sent_to(work, recalled.person)
    ctx = Context(recalled.person, round_.clock(), mind.library, mind.wording, alerts=alerts)
    tap = Inbound("tap", recalled.person.address, round_.clock(), Kind.CHOICE, choice="alerts/more")
    turn = advance(Talk.from_json(recalled.state), tap, ctx, ALL)
    assert "**Cocinero**" in turn.replies[0].text
