"""On the embedded engine a vacancy that concerns thousands is written down piece by piece: nobody's reply waits for it."""

import asyncio
import shutil
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.person import Address, Wish
from bot.storage.line import Query
from bot.storage.matching import AT_ONCE, Matching
from bot.storage.work import Storage
from tests.conftest import KEY
from tests.test_digests import Round

PEOPLE = 5 * AT_ONCE
COUNT = Query("SELECT count(*) FROM alert")


@pytest.fixture
async def embedded(migrated_file, tmp_path, clock, new_id):
    path = tmp_path / "rumbo.db"
    shutil.copy(migrated_file, path)
    opened = await Storage.open(f"sqlite:///{path}", [KEY], clock, new_id)
    yield opened
    await opened.close()


@pytest.fixture
async def crowd(embedded, clock, new_id):
    round_ = Round(embedded, clock, new_id)
    async with embedded.work() as work:
        for number in range(PEOPLE):
            found = await work.people.recall(Address("telegram", str(number)), (), "es", clock())
            rhythm = ("now", "daily", "weekly")[number % 3]
            await work.people.subscribe(
                found.person.id, Wish(frequency=rhythm, weekday=2 if rhythm == "weekly" else None)
            )
    return round_


async def written(storage):
    async with storage.work() as work:
        return (await work.line.rows(COUNT))[0][0]


async def seen_meanwhile(storage, doing):
    """What everybody else finds written down, each in a turn of their own, until it is done."""
    seen = [0]
    while not doing.done():
        seen.append(await written(storage))
    return seen


async def test_others_have_their_turn_while_a_vacancy_for_many_is_written_down(crowd, embedded):
    posting = asyncio.ensure_future(crowd.post())
    seen = await seen_meanwhile(embedded, posting)
    await posting

    assert await written(embedded) == PEOPLE
    assert max(after - before for before, after in pairwise(seen)) <= AT_ONCE
    assert len(set(seen)) >= 4


async def test_each_is_told_when_they_asked_to_be(crowd, embedded, clock):
    await crowd.post()
    morning = clock() + timedelta(hours=23)
    async with embedded.view() as work:
        at_once = await Matching(work.line).due(clock(), 0, PEOPLE)
        tomorrow = await Matching(work.line).due(morning, 0, PEOPLE)
        in_a_week = await Matching(work.line).due(clock() + timedelta(days=8), 0, PEOPLE)

    assert len(at_once) == -(-PEOPLE // 3)
    assert len(tomorrow) in {-(-PEOPLE * 2 // 3), PEOPLE * 2 // 3}
    assert len(in_a_week) == PEOPLE


async def test_what_a_process_left_half_written_is_finished_by_the_next(crowd, embedded, clock, new_id):
    posting = asyncio.ensure_future(crowd.post())
    while not 0 < await written(embedded) < PEOPLE:
        assert not posting.done()
    posting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await posting
    left = await written(embedded)

    next_one = Round(embedded, clock, new_id)
    await next_one.desk.match()
    assert left < PEOPLE
    assert await written(embedded) == PEOPLE
    async with embedded.view() as work:
        assert await Matching(work.line).owed() == []


async def test_a_file_of_vacancies_is_written_down_together(crowd, embedded):
    rows = "\n".join(f"f-{number};Cocinero {number};Picantería {number};Breña, Lima" for number in range(3))
    taken = await crowd.desk.take_file("ong", f"codigo;puesto;empresa;lugar\n{rows}\n".encode())

    assert len(taken.accepted) == 3
    assert await written(embedded) == 3 * PEOPLE
