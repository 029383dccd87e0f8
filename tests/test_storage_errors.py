"""Which errors of the database mean "not now, try again", on both engines, and that workers do not lock each other out but see each other."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.errors import StorageGone
from bot.messages import Reply
from bot.person import Address
from bot.storage.line import Query
from bot.storage.outbox import Ref
from bot.storage.tables import State

PASSING = ["40P01", "40001", "53100", "53200", "53300", "57014", "57P03", "08006", "58030"]


def only_postgres(database_url):
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time and no such codes")


@pytest.mark.parametrize("hot", [True, False])
@pytest.mark.parametrize("code", PASSING)
async def test_what_the_database_cannot_do_now_is_told_as_such(storage, database_url, code, hot):
    only_postgres(database_url)
    trouble = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$"

    with pytest.raises(StorageGone):
        async with storage.work() as work:
            await (work.line.rows(Query(trouble)) if hot else work.line.run(text(trouble)))
    with pytest.raises(StorageGone):
        async with storage.view() as work:
            await work.line.rows(Query(trouble))
    await storage.ping()


async def test_a_wrong_statement_is_nothing_to_be_tried_again(storage, clock):
    async def twice() -> None:
        async with storage.work() as work:
            for _ in range(2):
                await work.line.run(text("INSERT INTO note (name, value, updated_at) VALUES ('x', '', 0)"))

    with pytest.raises(DBAPIError):
        await twice()


async def test_a_file_that_cannot_be_read_is_told_as_such(storage, database_url):
    if not database_url.startswith("sqlite"):
        pytest.skip("see above")
    with pytest.raises(StorageGone):
        async with storage.view() as work:
            await work.line.run(text("SELECT * FROM nowhere"))


async def test_of_two_who_wait_for_each_other_one_is_told_to_try_again(storage, database_url):
    only_postgres(database_url)
    met = asyncio.Barrier(2)
    change = Query("UPDATE note SET value = value || 'x' WHERE name = $1")
    async with storage.work() as work:
        await work.line.run(text("INSERT INTO note (name, value, updated_at) VALUES ('a', '', 0), ('b', '', 0)"))

    async def both(first, second):
        async with storage.work() as work:
            await work.line.run(text("SET LOCAL deadlock_timeout = '20ms'"))
            await work.line.rows(change, first)
            await met.wait()
            await work.line.rows(change, second)

    done = await asyncio.gather(both("a", "b"), both("b", "a"), return_exceptions=True)

    assert sorted(type(one) for one in done if one) == [StorageGone]
    async with storage.view() as work:
        assert {row[0] for row in await work.line.rows(Query("SELECT value FROM note"))} == {"x"}


@pytest.fixture
async def flying(storage, clock):
    """Messages of many people that one worker is sending."""
    refs = []
    async with storage.work() as work:
        for number in range(150):
            person = (await work.people.recall(Address("telegram", str(number)), (), "", clock())).person
            refs.append(Ref(await work.outbox.add(person.id, "telegram", Reply("hola"), clock()), person.id))
        until = clock() + timedelta(seconds=40)
        await work.outbox.claim("telegram", "me", 200, clock(), until)
        assert await work.outbox.begin(refs, "me", until) == set(refs)
    return refs


async def test_who_changes_the_same_messages_in_another_order_waits_and_does_not_fail(storage, clock, flying):
    async def renew(refs):
        async with storage.work(single=True) as work:
            await work.outbox.renew(refs, "me", clock() + timedelta(seconds=60))

    for _ in range(10):
        await asyncio.gather(renew(flying), renew(flying[::-1]), renew(flying[::2] + flying[1::2]))


async def test_a_sweep_leaves_what_is_being_written_down_at_this_moment(storage, clock, flying, database_url):
    only_postgres(database_url)
    clock.advance(41)
    async with storage.work() as recording:
        await recording.outbox.renew(flying[:10], "me", clock() + timedelta(seconds=40))
        async with storage.work() as work:
            swept = await work.outbox.sweep(clock())
    async with storage.view() as work:
        counts = await work.outbox.counts()

    assert set(swept.unknown) == set(flying[10:])
    assert counts == {("telegram", State.SENDING): 10}


async def test_everybody_who_is_there_is_counted(storage, database_url, clock, new_id):
    here, there = storage.presence("here"), storage.presence("there")
    assert await here.living() == 1
    await here.keep()
    assert await here.living() == 1
    await there.keep()
    both = await here.living(), await there.living()
    await there.end()
    assert both == ((1, 1) if database_url.startswith("sqlite") else (2, 2))
    async with asyncio.timeout(5):
        while await here.living() > 1:  # the server drops it a moment later
            continue
    await here.end()


async def asked(mark, times):
    for _ in range(times):
        await mark.living()


async def test_a_mark_whose_line_was_cut_is_told_and_set_again(storage, database_url):
    only_postgres(database_url)
    mark = storage.presence("here")
    await mark.keep()
    async with storage.work() as work:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        await work.line.run(text(others + " AND datname = current_database()"))
    with pytest.raises(StorageGone):
        await asked(mark, 1000)
    await mark.keep()
    async with asyncio.timeout(5):
        while await mark.living() > 1:  # until the line that was cut is gone
            continue
    await mark.end()
