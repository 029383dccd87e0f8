"""A secret key can be changed, and the old one taken away: everything still opens, nobody is lost; on both engines."""

import asyncio
import json
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from bot.commands import keys as command
from bot.errors import BadSettings
from bot.messages import Reply
from bot.person import Address
from bot.storage.line import Query
from bot.storage.rekey import reseal
from bot.storage.vault import Vault
from bot.storage.work import Storage
from tests.conftest import KEY

NEW = Fernet.generate_key().decode()
PEOPLE = 450
NUMBER, USERNAME = Address("whatsapp", "whatsapp:+51999888777"), Address("whatsapp", "whatsapp:PE.abc")


@pytest.fixture
def opened(database_url, clock, new_id):
    return lambda *keys: Storage.open(database_url, keys, clock, new_id)


@pytest.fixture
async def filled(storage, clock):
    """Some of everything that is sealed, under the old key."""
    async with storage.work() as work:
        for number in range(PEOPLE):
            person = (await work.people.recall(Address("telegram", str(number)), (), "", clock())).person
            await work.people.remember(person.id, {"flow": "x", "data": {"n": number}}, 0)
            await work.outbox.add(person.id, "telegram", Reply(f"hola {number}"), clock())
        ana = (await work.people.recall(NUMBER, (USERNAME,), "", clock())).person
        await work.inbox.hold(ana.id, "1", {"text": "busco"}, clock(), clock() + timedelta(seconds=1))
        await work.handovers.open(ana.id, "carnet", "ayuda", clock())
    return ana


async def everything(storage, clock):
    """Who is known and what is kept of them, as the program reads it."""
    found = {}
    async with storage.work() as work:
        for number in range(PEOPLE):
            recalled = await work.people.recall(Address("telegram", str(number)), (), "", clock())
            found[number] = (recalled.new, recalled.state["data"]["n"])
        ana = await work.people.find(NUMBER)
        found["held"] = await work.inbox.peek(ana.id)
        found["owed"] = sorted(
            one.reply.text
            for one in await work.outbox.claim("telegram", "w", 1000, clock(), clock() + timedelta(seconds=1))
        )
    return found


async def test_after_it_the_old_key_can_go_and_everything_still_opens(filled, opened, clock):
    both = await opened(NEW, KEY)
    first, second = await reseal(both), await reseal(both)
    await both.close()
    new = await opened(NEW)
    found = await everything(new, clock)
    await new.close()

    assert {table.name: table.changed for table in first} == {
        "person": PEOPLE + 1,
        "conversation": PEOPLE,
        "held": 1,
        "handover": 1,
        "delivery": PEOPLE,
    }
    assert not any(table.changed for table in second)
    assert [found[number] for number in range(PEOPLE)] == [(False, number) for number in range(PEOPLE)]
    assert found["held"] == [{"text": "busco"}]
    assert found["owed"] == sorted(f"hola {number}" for number in range(PEOPLE))


async def test_without_it_the_old_key_is_still_needed(filled, opened, clock):
    new = await opened(NEW)
    with pytest.raises(BadSettings, match="SECRET_KEYS"):
        await reseal(new)
    await new.close()


async def test_cut_short_it_has_lost_nothing_and_the_next_run_does_the_rest(filled, opened, clock):
    both = await opened(NEW, KEY)
    task = asyncio.create_task(reseal(both))
    while not await somebody_found(both):
        assert not task.done()
    task.cancel()
    await asyncio.wait([task])
    found = await everything(both, clock)
    again = await reseal(both)
    await both.close()
    new = await opened(NEW)
    assert (await everything_but_owed(new, clock)) == {**found, "owed": []}
    await new.close()

    assert 0 < sum(table.changed for table in again) < 3 * PEOPLE + 3


async def somebody_found(storage):
    """Somebody stands under the new key."""
    under = Query("SELECT 1 FROM person WHERE address_hash = $1")
    async with storage.view() as work:
        return await work.line.rows(under, Vault([NEW]).hash("telegram", "0"))


async def everything_but_owed(storage, clock):
    return {**(await everything(storage, clock)), "owed": []}


async def test_a_turn_that_was_made_meanwhile_is_not_undone(filled, opened, clock):
    both = await opened(NEW, KEY)

    async def turn(number):
        async with both.work() as work:
            recalled = await work.people.recall(Address("telegram", str(number)), (), "", clock())
            await work.people.remember(recalled.person.id, {"data": {"n": -number}}, recalled.version)

    await asyncio.gather(reseal(both), *(turn(number) for number in range(0, PEOPLE, 7)))
    await both.close()
    new = await opened(NEW)
    found = await everything(new, clock)
    await new.close()

    assert [found[n][1] for n in range(PEOPLE)] == [n if n % 7 else -n for n in range(PEOPLE)]


async def test_the_command_says_when_the_old_key_may_go(filled, opened, capsys):
    asked = command_line("rotate")
    assert await command.act(asked, None, lambda _: opened(NEW, KEY)) == 0
    told = json.loads(capsys.readouterr().out)
    assert await command.act(asked, None, lambda _: opened(NEW)) == 0
    asked.json = False
    assert await command.act(asked, None, lambda _: opened(NEW)) == 0

    assert told["done"]
    assert told["sealed_anew"]["person"] == told["found"]["person"] == PEOPLE + 1
    assert told["second_addresses"] == 1
    shown = capsys.readouterr().out
    assert f"person: {PEOPLE + 1} looked at, 0 sealed anew" in shown
    assert "can be taken out of RUMBO_SECRET_KEYS" in shown


def command_line(what):
    import argparse

    parser = argparse.ArgumentParser()
    command.add_to(parser.add_subparsers(), lambda act: act)
    return parser.parse_args(["keys", what, "--json"])


async def test_a_new_key_is_one_that_can_be_used(capsys, clock, opened):
    assert await command.act(command_line("new"), None, None) == 0
    key = capsys.readouterr().out.strip()

    storage = await opened(key, KEY)
    await storage.ping()
    await storage.close()
