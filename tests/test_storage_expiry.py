"""What is kept for a time only is gone when that time is over, however many people there are; on both engines."""

from sqlalchemy import func, select

from bot.person import Address
from bot.storage import tables
from bot.storage.expiry import STATES_KEPT, expire
from bot.storage.people import CHUNK

CROWD = 2 * CHUNK + 7


async def with_states(storage, clock):
    async with storage.work() as work:
        for number in range(CROWD):
            person = (await work.people.recall(Address("telegram", str(number)), (), "", clock())).person
            state = {"flow": "x"} | ({"kept": {"lista": [number]}} if number % 100 == 0 else {})
            await work.people.remember(person.id, state, 0)


async def states(storage):
    kept = select(func.count()).select_from(tables.conversation).where(tables.conversation.c.state.is_not(None))
    async with storage.view() as work:
        return (await work.line.run(kept)).scalar_one()


async def test_all_old_states_go_at_once_and_not_only_the_first_few(storage, clock):
    await with_states(storage, clock)
    clock.advance(STATES_KEPT.total_seconds() - 60)
    await expire(storage, clock())
    assert await states(storage) == CROWD

    clock.advance(120)
    await expire(storage, clock())

    assert await states(storage) == CROWD // 100 + 1, "what people asked to keep"
    async with storage.work() as work:
        first = await work.people.recall(Address("telegram", "0"), (), "", clock())
        assert first.state == {"kept": {"lista": [0]}}


async def test_who_wrote_meanwhile_keeps_the_new_state(storage, clock):
    await with_states(storage, clock)
    clock.advance(2 * STATES_KEPT.total_seconds())
    async with storage.work() as work:
        person = (await work.people.recall(Address("telegram", "1000"), (), "", clock())).person
        recalled = await work.people.look(Address("telegram", "1000"))
        await work.people.remember(person.id, {"flow": "new"}, recalled.version)
    await expire(storage, clock())

    async with storage.view() as work:
        assert (await work.people.look(Address("telegram", "1000"))).state == {"flow": "new"}
