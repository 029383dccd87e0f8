"""Buttons and templates at Twilio: made once, found again, followed until WhatsApp has decided."""

from __future__ import annotations

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from bot.channels.whatsapp_content import Approval, Category, ContentApi, TemplateText
from bot.errors import BadContent, OutcomeUnknown, Refused, Unreachable
from bot.messages import Choice, Reply, Template
from tests.channel_kit import genuine, offline, outgoing, whatsapp
from tests.fake_twilio import ACCOUNT, AUTH_TOKEN, FakeTwilio

BUTTONS = {"es": "Ver opciones", "en": "See options"}
FAIR = TemplateText(
    "feria_nueva",
    "es",
    Category.MARKETING,
    "Hay una feria en {{1}} el {{2}}. Responde BAJA si no quieres más.",
    {"1": "Lima", "2": "3 dic"},
)


def real_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=AiohttpTransport(trust_env=False))


def api(client: httpx.AsyncClient, server: FakeTwilio, token: str = AUTH_TOKEN) -> ContentApi:
    return ContentApi(account_sid=ACCOUNT, token=token, client=client, api_url=server.url)


async def test_session_contents_are_made_once_and_found_again_over_pages():
    async with FakeTwilio(page_size=7).running() as server, real_client() as client:
        first = await api(client, server).session(BUTTONS)
        second = await api(client, server).session(BUTTONS)

    assert first == second
    assert len(server.contents) == len(first) == 20
    assert {count for kind, count, _ in first if kind == "quick-reply"} == {1, 2, 3}
    assert {count for kind, count, _ in first if kind == "list-picker"} == set(range(4, 11))


async def test_a_question_with_buttons_is_taken_by_twilio():
    async with FakeTwilio().running() as server, real_client() as client:
        contents = await api(client, server).contents(BUTTONS, [])
        sender = whatsapp(client, server.url, contents)
        reply = Reply("¿Corres peligro?", (Choice("yes", "Sí"), Choice("no", "No")))

        assert await sender.send(sender.render(outgoing("whatsapp", reply))[0])

    shape = server.contents[server.messages[0]["ContentSid"]]["types"]["twilio/quick-reply"]
    assert shape["body"] == "{{1}}\n\n1. {{2}}\n2. {{4}}"
    assert shape["actions"] == [{"title": "{{2}}", "id": "{{3}}"}, {"title": "{{4}}", "id": "{{5}}"}]


async def test_a_template_is_made_handed_in_and_followed():
    async with FakeTwilio().running() as server, real_client() as client:
        contents = api(client, server)
        (made,) = await contents.templates([FAIR])
        (again,) = await contents.templates([FAIR])
        server.approve(made.sid, "rejected", "INVALID_FORMAT")
        (refused,) = await contents.templates([FAIR])
        server.approve(made.sid)
        (approved,) = await contents.templates([FAIR])

    assert (made.approval, again.approval) == (Approval.RECEIVED, Approval.RECEIVED)
    assert (refused.approval, refused.reason) == (Approval.REJECTED, "INVALID_FORMAT")
    assert approved.approval is Approval.APPROVED
    assert len(server.contents) == 1
    assert server.approvals[made.sid]["name"] == FAIR.full_name


async def test_a_category_that_meta_decides_otherwise_is_told():
    async with FakeTwilio().running() as server, real_client() as client:
        contents = api(client, server)
        (made,) = await contents.templates([FAIR])
        server.approve(made.sid)
        (asked,) = await contents.templates([FAIR])
        server.approvals[made.sid]["category"] = "MARKETING"
        found = await contents.contents({}, [FAIR])

    assert asked.category == str(FAIR.category)
    assert found.categories == {(FAIR.name, FAIR.language): "MARKETING"}


async def test_looking_changes_nothing():
    async with FakeTwilio().running() as server, real_client() as client:
        (state,) = await api(client, server).templates([FAIR], submit=False)

    assert state.approval is Approval.UNSUBMITTED
    assert not server.contents


async def test_only_an_approved_template_is_used():
    async with FakeTwilio().running() as server, real_client() as client:
        contents = api(client, server)
        (made,) = await contents.templates([FAIR])
        before = await contents.contents({}, [FAIR])
        server.approve(made.sid)
        after = await contents.contents({}, [FAIR])
        sender = whatsapp(client, server.url, after)
        reply = Reply("x", template=Template("feria_nueva", "es", {"1": "Callao", "2": "3 dic"}))

        assert await sender.send(sender.render(outgoing("whatsapp", reply, window_open=False))[0])

    assert before.templates == {}
    assert after.templates == {("feria_nueva", "es"): made.sid}


async def test_changed_words_are_another_template():
    other = TemplateText(FAIR.name, "es", FAIR.category, FAIR.body + " Gracias.", FAIR.samples)

    assert other.full_name != FAIR.full_name


MISTAKES = [
    ("name", TemplateText("Feria nueva", "es", Category.UTILITY, "Hola"), "a-z"),
    ("ends with a variable", TemplateText("f", "es", Category.UTILITY, "Hola {{1}}", {"1": "Ana"}), "begins or ends"),
    (
        "side by side",
        TemplateText("f", "es", Category.UTILITY, "Hola {{1}} {{2}}.", {"1": "a", "2": "b"}),
        "side by side",
    ),
    ("no sample", TemplateText("f", "es", Category.UTILITY, "Hola {{1}}."), "sample"),
    ("numbers", TemplateText("f", "es", Category.UTILITY, "Hola {{2}}.", {"2": "b"}), "from 1"),
    ("long", TemplateText("f", "es", Category.UTILITY, "a" * 1025), "1024"),
]


@pytest.mark.parametrize(("label", "text", "word"), MISTAKES, ids=[row[0] for row in MISTAKES])
async def test_what_whatsapp_would_refuse_is_named_before_anybody_is_asked(label: str, text: TemplateText, word: str):
    contents = ContentApi(account_sid=ACCOUNT, token=AUTH_TOKEN, client=offline())

    with pytest.raises(BadContent, match=word):
        await contents.templates([text])


async def test_a_wrong_account_and_a_dead_network_are_named():
    async with FakeTwilio().running() as server, real_client() as client:
        with pytest.raises(Refused):
            await api(client, server, "wrong").session(BUTTONS)
    with pytest.raises(Unreachable):
        await api(offline(), server).session(BUTTONS)


async def test_an_answer_that_is_no_json_is_told():
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(200, text="<html>")))

    with pytest.raises(OutcomeUnknown):
        await ContentApi(account_sid=ACCOUNT, token=AUTH_TOKEN, client=client).session(BUTTONS)


async def test_a_status_callback_of_the_stand_in_is_genuine():
    """The whole way: send, Twilio tells the status URL, our reader takes it."""
    told = []

    async with FakeTwilio().running() as server, real_client() as client:
        sender = whatsapp(client, server.url)
        await sender.send(sender.render(outgoing("whatsapp", reference="b:9"))[0])
        message = server.messages[0]
        body = f"MessageSid={message['Sid']}&MessageStatus=delivered".encode()
        got = genuine("whatsapp", body, message["StatusCallback"])
        sender.verify(got)
        told += sender.read(got)

    assert [(receipt.provider_id, receipt.reference) for receipt in told] == [(message["Sid"], "b:9")]
