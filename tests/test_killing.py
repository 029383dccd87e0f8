"""Killed at any moment, nobody gets a message twice and nobody is lost without being listed; on both engines."""

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from bot.messages import Reply
from bot.person import Address, Wish
from bot.storage import tables
from bot.storage.tables import State
from tests.conftest import KEY

CROWD, REPLIES = 80, 20
KILLS = {25: "before the answer", 60: "after the answer"}
BEGUN = 15
"""A kill can leave so many unknown though the provider never heard of them: what may go in a twentieth of a second, of
the replies and twice of the crowd (`bot/delivery/lane.py`), at 100 a second.
"""


class Provider:
    """Takes messages over a socket and kills whoever sends at the appointed ones."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.got = Counter()
        self.kills = dict(KILLS)
        self.process = None

    async def take(self, reader, writer):
        line = await reader.readline()
        if not line:  # killed between connecting and speaking
            writer.close()
            return
        self.got[line.decode().strip()] += 1
        number = self.got.total()
        due = next((at for at in self.kills if at <= number), None)
        if due and self.kills[due] == "before the answer":
            self.kill(due)
        writer.write(f"id{number}\n".encode())
        if due in self.kills:
            self.kill(due)
        writer.close()

    def kill(self, due):
        del self.kills[due]
        self.process.kill()


@pytest.mark.timeout(180)  # three programs are started, one after another
async def test_killed_twice_while_sending_nobody_gets_it_twice_and_nobody_is_lost(
    storage, database_url, tmp_path_factory
):
    people = await owe(storage)
    provider = Provider(str(tmp_path_factory.mktemp("p") / "s"))
    server = await asyncio.start_unix_server(provider.take, provider.path)
    ends = []
    async with server:
        while 0 not in ends:
            told = (database_url, KEY, provider.path, f"me:{len(ends)}")
            command = (sys.executable, "-m", "tests.sending_process", *told)
            provider.process = await asyncio.create_subprocess_exec(*command)
            try:
                ends.append(await provider.process.wait())
            finally:
                if provider.process.returncode is None:
                    provider.process.kill()
                    await provider.process.wait()

    async with storage.view() as work:
        rows = (await work.line.run(select(tables.delivery.c.person_id, tables.delivery.c.state))).all()
    states = {people[person_id]: State(state) for person_id, state in rows}
    assert ends == [-9, -9, 0]
    assert [who for who, times in provider.got.items() if times > 1] == []
    assert {who for who, state in states.items() if state is State.SENT} <= set(provider.got)
    assert {who for who in states if who not in provider.got} <= {
        who for who, state in states.items() if state is State.UNKNOWN
    }
    assert set(states.values()) <= {State.SENT, State.UNKNOWN}
    never_heard = {who for who, state in states.items() if state is State.UNKNOWN} - set(provider.got)
    assert len(never_heard) <= len(KILLS) * BEGUN


async def owe(storage):
    """A broadcast to some and a reply to others; gives the people by id."""
    people = {}
    now = datetime.now(UTC)
    async with storage.work() as work:
        row = {"id": 7, "kind": "text", "topic": "fairs", "body": "{}", "audience": "{}", "state": "sending"}
        await work.line.run(tables.broadcast.insert(), row | {"created_at": now})
        for number in range(CROWD + REPLIES):
            person = (await work.people.recall(Address("telegram", f"p{number}"), (), "", now)).person
            people[person.id] = person.address.value
            if number < REPLIES:
                await work.outbox.add(person.id, "telegram", Reply("hola"), now)
                continue
            await work.people.subscribe(person.id, Wish())
            due = {"batch_id": 7, "lane": "telegram", "priority": 5, "state": 0, "next_at": now}
            await work.line.run(tables.delivery.insert(), due | {"person_id": person.id, "created_at": now})
    return people
