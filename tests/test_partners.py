"""What partners may do to us, and what happens exactly once however often they do it."""

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI

from bot.person import Address, Wish
from bot.storage.matching import Matching
from bot.vacancies import Office, VacancyDesk
from tests.test_matching import words
from tests.vacancy_kit import MINIMUM_WAGE, gate, reader
from webhooks import partners

SECRETS = {
    "bolsa": ("whsec_" + base64.b64encode(b"new" * 9).decode(), "whsec_" + base64.b64encode(b"old" * 9).decode()),
    "red": ("whsec_cmVkcmVkcmVkcmVk",),
}


@dataclass
class Door:
    """The partners' way in, with a desk behind it."""

    http: httpx.AsyncClient
    desk: VacancyDesk
    storage: Any
    clock: Any
    sent: int = 0

    def signed(self, partner, body, webhook_id=None, secret=0, age=0):
        self.sent += 1
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        name, stamp = webhook_id or f"msg_{self.sent}", str(int(self.clock().timestamp()) - age)
        key = base64.b64decode(SECRETS[partner][secret].removeprefix("whsec_"))
        mark = base64.b64encode(hmac.new(key, f"{name}.{stamp}.".encode() + raw, hashlib.sha256).digest()).decode()
        return raw, {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": f"v1a,eA== v1 v1,{mark}"}

    async def post(self, body, partner="bolsa", subject="vacancies", headers=None, **signing):
        raw, signs = self.signed(partner, body, **signing)
        return await self.http.post(f"/webhooks/{subject}/{partner}", content=raw, headers=signs | (headers or {}))


@pytest.fixture
async def door(storage, clock, new_id):
    office = Office(reader, gate, lambda: MINIMUM_WAGE, ZoneInfo("America/Lima"))
    desk = VacancyDesk(storage, office, clock, new_id)
    web = FastAPI()
    app = SimpleNamespace(settings=SimpleNamespace(partner_secrets=SECRETS), clock=clock, vacancies=desk)
    web.include_router(partners.router(app))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://test") as http:
        yield Door(http, desk, storage, clock)


def event(kind="published", **given):
    data = {
        "@type": "JobPosting", "title": "Cocinero", "description": "Carta criolla.", "identifier": "c-1", "hiringOrganization": "Picantería Tía Juana S.A.C.",
        "jobLocation": "Breña, Lima", "validThrough": "2026-12-20",
    }  # fmt: skip
    return {"type": f"vacancy.{kind}", "timestamp": "2026-11-23T14:59:00Z", "data": data | given}


async def subscriber(storage, clock, number, **wish):
    async with storage.work() as work:
        recalled = await work.people.recall(Address("telegram", str(number)), (), "es", clock())
        await work.people.subscribe(recalled.person.id, Wish(**({"frequency": "now"} | wish)))
        return recalled.person


async def test_a_vacancy_is_published_changed_and_closed(door):
    first = (await door.post(event())).json()
    assert (first["state"], first["title"], first["partner"]) == ("open", "Cocinero", "bolsa")
    second = (await door.post(event("updated", title="Cocinera"))).json()
    assert (second["id"], second["title"]) == (first["id"], "Cocinera")
    closed = await door.post({"type": "vacancy.closed", "data": {"identifier": {"value": "c-1"}}})
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    assert [found.state for found in await door.desk.list()] == ["closed"]


async def test_a_repeated_request_gets_the_same_answer_and_changes_nothing(door):
    first = await door.post(event(), webhook_id="m1")
    again = await door.post(event(title="Otra cosa"), webhook_id="m1")
    assert (again.status_code, again.json()) == (200, first.json())
    assert [found.title for found in await door.desk.list()] == ["Cocinero"]


async def test_five_copies_at_once_are_one(door):
    answers = await asyncio.gather(*(door.post(event(), webhook_id="m1") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(await door.desk.list()) == 1


async def test_a_refused_request_may_be_mended_under_the_same_id(door):
    assert (await door.post(event(title=5), webhook_id="m1")).status_code == 422
    assert (await door.post(event(), webhook_id="m1")).status_code == 200


async def test_an_older_event_does_not_undo_a_newer_one(door):
    await door.post(event(title="Nuevo"))
    late = event(title="Viejo") | {"timestamp": "2026-11-23T13:00:00Z"}
    assert (await door.post(late)).json()["title"] == "Nuevo"


async def test_every_secret_of_the_partner_is_good_and_no_other(door):
    assert (await door.post(event(), secret=1)).status_code == 200
    raw, signs = door.signed("red", event())
    forged = await door.http.post("/webhooks/vacancies/bolsa", content=raw, headers=signs)
    stranger = await door.http.post("/webhooks/vacancies/nadie", content=raw, headers=signs)
    assert (forged.status_code, stranger.status_code) == (401, 401)
    assert forged.json() == stranger.json()


@pytest.mark.parametrize("mark", ["", "v1", "v1,", "v1,%%%", "v2,eA==", "v1 v1, v1,=", "," * 50, "v1,eA=="])
async def test_a_broken_signature_is_refused_and_no_accident(door, mark):
    answer = await door.post(event(), headers={"webhook-signature": mark})
    assert answer.status_code == 401


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
async def test_a_missing_header_is_refused(door, name):
    raw, signs = door.signed("bolsa", event())
    del signs[name]
    assert (await door.http.post("/webhooks/vacancies/bolsa", content=raw, headers=signs)).status_code == 401


@pytest.mark.parametrize(("age", "status"), [(0, 200), (299, 200), (-299, 200), (301, 401), (-301, 401), (10**9, 401)])
async def test_a_stale_request_is_refused_by_the_clock_of_the_program(door, age, status):
    assert (await door.post(event(), age=age)).status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"\xff\xfe", 400), (b"", 400), (b"[]", 422), (b"null", 422), (b"[" * 50_000, 400)],
)
async def test_a_body_that_is_none_is_refused_with_its_status(door, body, status):
    answer = await door.post(body)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


async def test_too_much_is_refused_before_anything_is_read(door):
    answer = await door.http.post("/webhooks/vacancies/bolsa", content=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413


async def test_everything_that_is_wrong_is_told_at_once(door):
    answer = await door.post(event(title=None, validThrough="ayer", jobLocation=7))
    assert answer.status_code == 422
    assert {wrong["field"] for wrong in answer.json()["errors"]} == {"title", "validThrough", "jobLocation"}
    assert not await door.desk.list()


async def test_closing_what_nobody_knows_is_told(door):
    answer = await door.post({"type": "vacancy.closed", "data": {"identifier": "?"}})
    assert [wrong["field"] for wrong in answer.json()["errors"]] == ["identifier"]


async def test_the_same_job_of_another_partner_is_one_vacancy_and_one_alert(door):
    ana = await subscriber(door.storage, door.clock, 1)
    first = (await door.post(event())).json()
    copy = (
        await door.post(event(identifier="z", hiringOrganization="PICANTERIA TIA JUANA", title="COCINERO"), "red")
    ).json()
    other = (await door.post(event(identifier="y", jobLocation="Comas, Lima"), "red")).json()
    assert (copy["state"], copy["duplicate_of"]) == ("duplicate", first["id"])
    assert (other["state"], other["duplicate_of"]) == ("open", None)
    async with door.storage.view() as work:
        assert len(await Matching(work.line).waiting(ana.id, door.clock())) == 2


async def test_when_the_first_ends_its_duplicate_stands_in_and_nobody_is_told_twice(door):
    sent = []
    await subscriber(door.storage, door.clock, 1)
    await door.post(event())
    copy = (await door.post(event(identifier="z"), "red")).json()

    async def send(_work, person, reply):
        sent.append((person.id, reply))

    assert await door.desk.tell(words(), send) == 1
    await door.post({"type": "vacancy.closed", "data": {"identifier": "c-1"}})
    assert (await door.desk.show(copy["id"])).state == "open"
    assert await door.desk.tell(words(), send) == 0
    assert len(sent) == 1


async def test_a_doubtful_vacancy_reaches_nobody_until_a_person_lets_it_out(door):
    await subscriber(door.storage, door.clock, 1)
    held = (await door.post(event(hiringOrganization="Confidencial"))).json()
    assert (held["state"], held["signals"]) == ("held", ["no_employer"])
    async with door.storage.view() as work:
        assert not await Matching(work.line).due(door.clock())
    assert (await door.desk.decide(held["id"], "Rosa", approve=True)).state == "open"
    async with door.storage.view() as work:
        assert len(await Matching(work.line).due(door.clock())) == 1
    assert (await door.post(event(hiringOrganization="Confidencial"))).json()["state"] == "open"
    assert (await door.post(event(hiringOrganization="Confidencial", title="Chef"))).json()["state"] == "held"


async def test_what_was_turned_down_stays_down(door):
    held = (await door.post(event(hiringOrganization="Confidencial"))).json()
    await door.desk.decide(held["id"], "Rosa", approve=False)
    assert (await door.post(event(hiringOrganization="Confidencial"))).json()["state"] == "closed"
    assert (await door.post(event(title="Chef"))).json()["state"] == "held"


async def test_enough_reports_of_those_who_received_it_hold_a_vacancy(door):
    people = [await subscriber(door.storage, door.clock, number) for number in range(4)]
    found = (await door.post(event())).json()

    async def send(*_):
        return None

    async def report(person):
        async with door.storage.work() as work:
            return await door.desk.reported(work, person.id, found["id"], door.clock())

    assert not any([await report(person) for person in people])
    await door.desk.tell(words(), send)
    assert [await report(person) for person in (people[0], people[0], people[1], people[2])] == [
        False,
        False,
        False,
        True,
    ]
    shown = await door.desk.show(found["id"])
    assert (shown.state, shown.signals) == ("held", ("reported",))


async def test_at_most_two_alert_messages_a_day_and_nothing_is_lost(door):
    sent = []
    await subscriber(door.storage, door.clock, 1)

    async def send(_work, _person, reply):
        sent.append(reply)

    for number in range(4):
        await door.post(event(identifier=str(number), title=f"Cocinero {number}"))
        await door.desk.tell(words(), send)
        door.clock.advance(60)
    assert len(sent) == 2
    door.clock.advance(24 * 3600)
    assert await door.desk.tell(words(), send) == 1
    assert "Cocinero 2" in sent[-1].text
    assert "Cocinero 3" in sent[-1].text


async def test_nobody_is_told_who_blocked_us_left_or_paused_meanwhile(door):
    people = [await subscriber(door.storage, door.clock, number) for number in range(3)]
    await door.post(event())
    async with door.storage.work() as work:
        await work.people.set_reachable(people[0].id, False)
        await work.people.end(people[1].id)
        await work.people.subscribe(people[2].id, Wish(paused_until=door.clock() + timedelta(days=1)))
    sent = []

    async def send(_work, person, _reply):
        sent.append(person.id)

    assert await door.desk.tell(words(), send) == 0
    door.clock.advance(2 * 24 * 3600)
    assert await door.desk.tell(words(), send) == 1
    assert sent == [people[2].id]


async def test_one_can_ask_what_was_sent_and_why(door):
    await subscriber(door.storage, door.clock, 1, regions=("15",))
    await door.post(event())

    async def send(*_):
        return None

    await door.desk.tell(words(), send)
    async with door.storage.view() as work:
        person = await work.people.find(Address("telegram", "1"))
        assert [(told["title"], told["why"]) for told in await door.desk.sent_to(work, person)] == [
            ("Cocinero", (("region", "15"),))
        ]


async def test_a_file_lands_once_however_often_it_is_taken(door):
    sheet = (
        "Código;Puesto;Empresa;Lugar\n1;Mozo;Bar;Lince\n1;Mozo;Bar;Lince\n2;Peón;Obras;Narnia\n3;Chef;-;Ica\n".encode()
    )
    first = (await door.desk.take_file("ong", sheet)).to_json()
    assert [(taken["row"], taken["state"]) for taken in first["accepted"]] == [(2, "open"), (5, "held")]
    assert [(wrong["row"], wrong["field"]) for wrong in first["rejected"]] == [(4, "Lugar")]
    assert (first["unchanged"], first["duplicates"]) == (1, [{"row": 3, "of": 2}])
    again = (await door.desk.take_file("ong", sheet)).to_json()
    assert (again["accepted"], again["unchanged"]) == ([], 3)


FAIR = {
    "type": "fair.published", "timestamp": "2026-11-23T14:59:00Z",
    "data": {
        "@type": "BusinessEvent", "name": "Feria &amp; Empleo 🎪", "startDate": "2026-12-05T09:00", "endDate": "2026-12-05", "identifier": "f1",
        "url": "https://muni.example/feria", "organizer": {"name": "Municipalidad de Comas"},
        "location": {
            "@type": "Place", "name": "Coliseo", "geo": {"latitude": "-11.94", "longitude": -77.05},
            "address": {"streetAddress": "Av. Los Incas 200", "addressLocality": "Comas", "addressRegion": "Lima"},
        },
    },
}  # fmt: skip


async def test_a_fair_is_announced_changed_and_cancelled(door):
    fair = (await door.post(FAIR, subject="fairs")).json()
    assert (fair["name"], fair["state"], fair["region"], fair["district"], fair["lat"]) == (
        "Feria & Empleo",
        "held",
        "15",
        "Comas",
        -11.94,
    )
    assert (fair["start"], fair["end"]) == ("2026-12-05T14:00:00+00:00", "2026-12-06T04:59:59+00:00")
    off = (
        await door.post(
            FAIR | {"data": FAIR["data"] | {"eventStatus": "https://schema.org/EventCancelled"}}, subject="fairs"
        )
    ).json()
    assert (off["id"], off["state"]) == (fair["id"], "cancelled")


async def test_a_fair_in_the_past_or_without_a_place_is_refused(door):
    data = FAIR["data"] | {"startDate": "2026-11-01", "endDate": "2026-11-02", "location": "Narnia", "name": ""}
    answer = await door.post(FAIR | {"data": data}, subject="fairs")
    assert {wrong["field"] for wrong in answer.json()["errors"]} == {"name", "endDate", "location"}
    assert (await door.post(FAIR, partner="red", webhook_id="v1")).status_code == 422


async def test_fairs_of_a_file_land_once(door):
    sheet = (
        "Código;Feria;Inicio;Fin;Lugar;Dirección;Distrito;Departamento;Organiza;Estado\n"
        "F1;Feria del Norte;05/12/2026 09:00;05/12/26;Coliseo;Av. Perú 1;Comas;Lima;Municipalidad;\n"
        "F2;;ayer;;;;Narnia;;;\n"
        "F3;Feria Sur;06/12/2026;;Parque;;Cayma;Arequipa;GRA;Cancelada\n"
    ).encode("cp1252")
    first = (await door.desk.take_fairs("muni", sheet)).to_json()
    taken = [
        (fair["row"], fair["identifier"], fair["region"], fair["district"], fair["state"]) for fair in first["accepted"]
    ]
    assert taken == [(2, "F1", "15", "Comas", "held"), (4, "F3", "04", "Cayma", "cancelled")]
    assert {(wrong["row"], wrong["field"]) for wrong in first["rejected"]} == {
        (3, "Feria"),
        (3, "Inicio"),
        (3, "Lugar"),
    }
    again = (await door.desk.take_fairs("muni", json.dumps([FAIR["data"], FAIR["data"]]).encode())).to_json()
    assert (len(again["accepted"]), again["unchanged"]) == (1, 1)
    assert (await door.desk.take_fairs("muni", sheet)).to_json()["accepted"] == []
