"""After a second and a third round every person of an announcement still stands in exactly one of its numbers."""

import pytest

from bot.broadcasts.telling import show_text
from bot.person import Wish
from bot.storage.tables import State as Delivery
from tests.news_kit import Office, wording

PARTS = ("queued", "sent", "delivered", "read", "unknown", "failed", "skipped")


@pytest.fixture
def office(storage, clock):
    return Office(storage, clock)


async def finish(office):
    for _ in range(4):
        await office.desk.advance(office.clock())


async def shown(office, number):
    found = await office.desk.show(number)
    assert sum(found[part] for part in PARTS) == found["eligible"]
    assert sum(each["count"] for each in found["reasons"]) == found["failed"] + found["skipped"]
    return found


async def test_rounds_for_those_still_missing_count_nobody_twice(office):
    people = [await office.person() for _ in range(9)]
    unlucky = set(people[:3])
    one = await office.desk.draft_text({"es": "Mañana hay charla."}, "Rosa")
    for _ in range(2):
        await office.sent(one.id)
        await office.deliver(lambda person: Delivery.FAILED if person in unlucky else Delivery.SENT)
        await finish(office)
        found = await shown(office, one.id)
        assert (found["eligible"], found["sent"], found["failed"]) == (9, 6, 3)
    await office.person()
    await office.sent(one.id)
    await office.deliver()
    await finish(office)

    found = await shown(office, one.id)
    assert (found["eligible"], found["sent"], found["failed"]) == (10, 10, 0)
    assert "10 personas" in show_text(found, wording())


async def test_who_is_left_over_stands_there_with_the_reason(office, storage):
    people = [await office.person() for _ in range(6)]
    desk = office.open(chunk=2)
    one = await desk.draft_text({"es": "Mañana hay charla."}, "Rosa")
    await desk.plan(one.id)
    await desk.approve(one.id, "Ana")
    await desk.send(one.id)  # two of six are written down
    await desk.cancel(one.id)
    other = await office.desk.draft_text({"es": "Otra charla."}, "Rosa")
    await office.desk.plan(other.id)
    await office.desk.approve(other.id, "Ana")
    async with storage.work() as work:
        await work.people.forget(people[0])
        await work.people.subscribe(people[1], Wish())
    await office.desk.send(other.id)
    await office.deliver()
    await finish(office)

    cancelled, done = await shown(office, one.id), await shown(office, other.id)
    assert cancelled["reasons"] == [{"state": "skipped", "reason": "cancelled", "count": cancelled["skipped"]}]
    assert done["reasons"] == [{"state": "skipped", "reason": "erased", "count": 1}]
