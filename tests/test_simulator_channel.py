"""The simulator: what a person at our page says and sees, with the limits of the platform that it imitates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

import pytest

from bot.channels.simulator import Simulator
from bot.errors import Malformed, NeedsTemplate, NotGenuine, Refused
from bot.messages import Choice, DeliveryStatus, Kind, Outgoing, Reply
from tests.channel_kit import NOW, answering, genuine, outgoing, payload, telegram, whatsapp
from tests.fake_telegram import FakeTelegram

REPLY = Reply("**¿Qué necesitas?**", (Choice("jobs", "Trabajo"), Choice("papers", "Papeles")), article="empleo/cv")


def ids() -> Callable[[], int]:
    numbers = count(1)
    return lambda: next(numbers)


def on(channel: str, *, live: bool = False, receipts: bool = False, imitated=None) -> Simulator:
    imitated = imitated or (telegram() if channel == "telegram" else whatsapp())
    return Simulator(imitated, live=live, clock=lambda: NOW, new_id=ids(), receipts=receipts)


async def show(simulator: Simulator, person: str, reply: Reply = REPLY, **more: object) -> str:
    message = Outgoing(simulator.address(person), reply, reference="5", **more)
    (call,) = simulator.render(message)
    return await simulator.send(call)


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
async def test_a_person_sees_the_bubble_with_its_choices(channel: str):
    simulator = on(channel)

    await show(simulator, "ana")

    (bubble,) = simulator.shown("ana")
    assert bubble.reply == REPLY
    assert not simulator.shown("luis")
    assert not simulator.shown("ana", after=bubble.id)


async def test_the_bubble_is_dressed_as_on_the_platform():
    telegrams, whatsapps = on("telegram"), on("whatsapp")
    await show(telegrams, "ana")
    await show(whatsapps, "ana")

    assert telegrams.shown("ana")[0].calls[0]["text"] == "<b>¿Qué necesitas?</b>"
    assert whatsapps.shown("ana")[0].calls[0]["Body"] == "*¿Qué necesitas?*\n\n1. Trabajo\n2. Papeles"


async def test_the_platforms_rules_hold_in_the_simulator():
    with pytest.raises(NeedsTemplate):
        await show(on("whatsapp"), "ana", window_open=False)


SAID = [
    ({"text": "hola"}, Kind.TEXT),
    ({"text": "/start feria"}, Kind.START),
    ({"choice": "jobs"}, Kind.CHOICE),
    ({"kind": "voice"}, Kind.VOICE),
    ({"kind": "photo"}, Kind.PHOTO),
    ({"kind": "sticker"}, Kind.STICKER),
    ({"kind": "location"}, Kind.LOCATION),
    ({"kind": "document"}, Kind.DOCUMENT),
]


@pytest.mark.parametrize(("given", "kind"), SAID, ids=[kind for _, kind in SAID])
def test_what_a_person_does_arrives_as_on_the_platform(given: dict[str, str], kind: Kind):
    simulator = on("telegram")

    said = simulator.said("ana", at=NOW, **given)

    assert said.kind is kind
    assert said.sender == simulator.address("ana")
    assert said.text == {"hola": "hola", "/start feria": "feria"}.get(given.get("text", ""), "")
    assert (said.latitude is not None) is (kind is Kind.LOCATION)
    assert said.event != simulator.said("ana", at=NOW, **given).event


@pytest.mark.parametrize("given", [{"kind": "hologram"}, {"kind": "left"}, {"person": ""}, {"person": "a" * 65}])
def test_what_cannot_be_is_refused(given: dict[str, str]):
    with pytest.raises(Malformed):
        on("telegram").said(given.pop("person", "ana"), at=NOW, **given)


async def test_the_page_waits_until_something_is_shown():
    simulator = on("telegram")

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        waiting = group.create_task(simulator.wait("ana", 0))
        await asyncio.sleep(0)
        group.create_task(show(simulator, "luis"))
        group.create_task(show(simulator, "ana"))

    assert [bubble.reply for bubble in waiting.result()] == [REPLY]


async def test_ticks_go_from_sent_to_read():
    simulator = on("whatsapp", receipts=True)

    shown = await show(simulator, "ana")
    first = simulator.receipts()
    simulator.said("ana", text="hola", at=NOW)
    second = simulator.receipts()

    assert [(receipt.provider_id, receipt.status) for receipt in first] == [
        (shown, DeliveryStatus.SENT),
        (shown, DeliveryStatus.DELIVERED),
    ]
    assert [receipt.status for receipt in second] == [DeliveryStatus.READ]
    assert simulator.shown("ana")[0].status is DeliveryStatus.READ
    assert simulator.receipts() == []


async def test_a_real_person_is_served_by_the_real_channel_beside_the_simulator():
    async with FakeTelegram().running() as server:
        import httpx

        async with httpx.AsyncClient(trust_env=False) as client:
            simulator = on("telegram", live=True, imitated=telegram(client, server.url))
            (call,) = simulator.render(outgoing("telegram"))
            await simulator.send(call)
            got = genuine("telegram", payload("telegram", "callback"))
            simulator.verify(got)
            (tap,) = simulator.read(got)
            await simulator.acknowledge(tap)

    assert [made.method for made in server.calls] == ["sendMessage", "answerCallbackQuery"]


async def test_without_an_account_nothing_leaves_the_machine():
    simulator = on("telegram", imitated=telegram(answering(lambda request: pytest.fail("something left"))))

    with pytest.raises(Refused):
        await simulator.send(simulator.render(outgoing("telegram"))[0])
    with pytest.raises(NotGenuine):
        simulator.verify(genuine("telegram", payload("telegram", "text")))
    await simulator.acknowledge(telegram().read(genuine("telegram", payload("telegram", "callback")))[0])


async def test_the_memory_of_the_simulator_is_bounded():
    simulator = on("telegram")
    for number in range(1005):
        await show(simulator, f"p{number}")
    for _ in range(205):
        await show(simulator, "ana")

    assert not simulator.shown("p0")
    assert len(simulator.shown("ana")) == 200
