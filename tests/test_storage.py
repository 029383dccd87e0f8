"""What is remembered of people, and that everything of one unit of work is saved together; on both engines."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, text

from bot.errors import BadSettings, StaleState, StorageGone
from bot.messages import Reply
from bot.person import Address, Consent, Language, Wish
from bot.storage import tables
from bot.storage.postgres import driver_url
from bot.storage.vault import Vault
from bot.storage.work import Storage
from tests.conftest import KEY

ANA = Address("telegram", "100200300")
NUMBER = Address("whatsapp", "whatsapp:+51999888777")
BSUID = Address("whatsapp", "whatsapp:PE.abc123")
WISH = Wish(regions=("15", "07"), sectors=("cocina",), modes=("remoto",), min_pay=1200, frequency="now")


@pytest.fixture
async def ana(storage, clock):
    async with storage.work() as work:
        return (await work.people.recall(ANA, (), "es-PE", clock())).person


async def recall(storage, clock, address, *aliases, hint=""):
    async with storage.work() as work:
        return await work.people.recall(address, aliases, hint, clock())


async def rows(storage, table):
    async with storage.view() as work:
        return (await work.line.run(select(table))).all()


async def test_a_stranger_becomes_a_person_and_is_known_from_then_on(storage, clock):
    first = await recall(storage, clock, ANA, hint="es-PE")
    clock.advance(60)
    second = await recall(storage, clock, ANA)

    assert (first.new, first.state, first.version) == (True, {}, 0)
    assert first.person.language is Language.SPANISH
    assert second.person.id == first.person.id
    assert not second.new
    assert second.person.since == first.person.since
    assert (await recall(storage, clock, ANA)).person.last_inbound == clock()


async def test_the_platforms_hint_gives_the_first_language(storage, clock):
    assert (await recall(storage, clock, ANA, hint="en-GB")).person.language is Language.ENGLISH


async def test_the_state_comes_back_and_the_slower_of_two_turns_has_to_run_again(storage, clock, ana):
    async with storage.work() as work:
        await work.people.remember(ana.id, {"flow": "language", "data": {"n": 1}}, 0)
    again = await recall(storage, clock, ANA)

    assert (again.state, again.version) == ({"flow": "language", "data": {"n": 1}}, 1)
    with pytest.raises(StaleState):
        async with storage.work() as work:
            await work.people.remember(ana.id, {"flow": "late"}, 0)


async def test_what_was_done_before_an_error_is_undone(storage, clock, ana):
    async def turn() -> None:
        async with storage.work() as work:
            await work.inbox.first_time("telegram", "7", clock())
            await work.outbox.add(ana.id, "telegram", Reply("nunca"), clock())
            await work.people.remember(ana.id, {}, 99)

    with pytest.raises(StaleState):
        await turn()

    assert await rows(storage, tables.inbox) == []
    assert await rows(storage, tables.delivery) == []


async def test_of_five_copies_at_once_one_is_new(storage, clock):
    async def receive() -> bool:
        async with storage.work() as work:
            new = await work.inbox.first_time("telegram", "77", clock())
            if new:
                person = (await work.people.recall(ANA, (), "", clock())).person
                await work.outbox.add(person.id, "telegram", Reply("hola"), clock())
            return new

    assert sorted(await asyncio.gather(*(receive() for _ in range(5)))) == [False] * 4 + [True]
    assert len(await rows(storage, tables.delivery)) == 1


async def test_the_same_event_number_on_another_channel_is_another_event(storage, clock):
    async with storage.work() as work:
        assert await work.inbox.first_time("telegram", "1", clock())
        assert await work.inbox.first_time("whatsapp", "1", clock())


async def test_events_are_forgotten_after_48_hours(storage, clock):
    async with storage.work() as work:
        await work.inbox.first_time("telegram", "1", clock())
    clock.advance(47 * 3600)
    async with storage.work() as work:
        await work.inbox.purge(clock())
        assert not await work.inbox.first_time("telegram", "1", clock())
    clock.advance(2 * 3600)
    async with storage.work() as work:
        await work.inbox.purge(clock())
        assert await work.inbox.first_time("telegram", "1", clock())


async def test_two_strangers_at_once_with_one_address_are_one_person(storage, clock):
    found = await asyncio.gather(*(recall(storage, clock, ANA) for _ in range(5)))

    assert len({one.person.id for one in found}) == 1


async def test_many_turns_at_once_are_all_saved_and_a_failing_one_spoils_no_other(storage, clock):
    async def turn(number: int) -> None:
        async with storage.work() as work:
            await work.people.recall(Address("telegram", str(number)), (), "", clock())
            if number % 10 == 3:
                raise ValueError(number)

    done = await asyncio.gather(*(turn(number) for number in range(100)), return_exceptions=True)

    assert sum(isinstance(one, ValueError) for one in done) == 10
    assert len(await rows(storage, tables.person)) == 90


async def test_a_cancelled_turn_leaves_nothing_and_blocks_nobody(storage, clock):
    entered = asyncio.Event()

    async def turn() -> None:
        async with storage.work() as work:
            await work.people.recall(ANA, (), "", clock())
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(turn())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await rows(storage, tables.person) == []
    assert (await recall(storage, clock, NUMBER)).new


async def test_lazy_work_is_there_for_the_next_one_and_safe_after_settle(storage, clock, database_url, new_id):
    async with storage.work(lazy=True) as work:
        await work.people.recall(ANA, (), "", clock())
    async with storage.work(lazy=True) as work:
        assert await work.people.find(ANA)
    await storage.settle()

    other = await Storage.open(database_url, [KEY], clock, new_id)
    async with other.view() as work:
        assert await work.people.find(ANA)
    await other.close()


async def test_a_command_line_beside_the_running_program_can_write(storage, clock, database_url, new_id):
    other = await Storage.open(database_url, [KEY], clock, new_id)
    await asyncio.gather(
        *(recall(storage, clock, Address("telegram", f"a{n}")) for n in range(20)),
        *(recall(other, clock, Address("telegram", f"b{n}")) for n in range(20)),
    )
    await other.close()

    assert len(await rows(storage, tables.person)) == 40


async def test_any_statement_runs_in_the_same_transaction(storage, clock, ana):
    async def turn() -> None:
        async with storage.work() as work:
            await work.line.run(tables.note.insert(), {"name": "x", "value": "1", "updated_at": clock()})
            assert (await work.line.run(select(tables.note.c.updated_at))).scalar_one() == clock()
            await work.people.remember(ana.id, {}, 99)

    with pytest.raises(StaleState):
        await turn()
    assert await rows(storage, tables.note) == []


async def test_a_number_and_a_username_of_one_message_are_one_person(storage, clock):
    first = await recall(storage, clock, NUMBER, BSUID)
    without_number = await recall(storage, clock, BSUID)

    assert without_number.person.id == first.person.id
    assert without_number.person.address == NUMBER


async def test_a_new_number_with_a_known_username_is_the_same_person_and_answered_there(storage, clock):
    first = await recall(storage, clock, NUMBER, BSUID)
    moved = Address("whatsapp", "whatsapp:+51911222333")
    second = await recall(storage, clock, moved, BSUID)

    assert second.person.id == first.person.id
    assert second.person.address == moved
    assert (await recall(storage, clock, NUMBER)).new, "the old number may belong to a stranger by now"


async def test_a_wish_comes_back_as_it_was_given(storage, clock, ana):
    paused = replace(WISH, paused_until=clock() + timedelta(days=3), weekday=2)
    async with storage.work() as work:
        await work.people.subscribe(ana.id, WISH)
        await work.people.subscribe(ana.id, paused)

    assert (await recall(storage, clock, ANA)).person.wish == paused
    cells = {(cell.region, cell.sector, cell.min_pay, cell.modes) for cell in await rows(storage, tables.cell)}
    assert cells == {("15", "cocina", 1200, 2), ("07", "cocina", 1200, 2)}


async def test_a_wish_for_anything_is_one_cell_of_all_modes(storage, ana):
    async with storage.work() as work:
        await work.people.subscribe(ana.id, Wish())

    [cell] = await rows(storage, tables.cell)
    assert (cell.region, cell.sector, cell.min_pay, cell.modes) == ("", "", 0, 7)


async def test_one_can_end_alerts_and_keep_fairs_then_end_both(storage, clock, ana):
    async with storage.work() as work:
        await work.people.subscribe(ana.id, WISH)
        await work.people.end(ana.id, "alerts")
    kept = (await recall(storage, clock, ANA)).person.wish
    async with storage.work() as work:
        await work.people.end(ana.id)

    assert (kept.alerts, kept.fairs) == (False, True)
    assert (await recall(storage, clock, ANA)).person.wish is None
    assert await rows(storage, tables.cell) == []


async def test_the_proof_of_consent_is_kept_in_order(storage, clock, ana):
    yes = Consent("alerts", True, clock(), "telegram", "¿Quieres avisos? Sí")
    clock.advance(10)
    no = Consent("alerts", False, clock(), "telegram", "baja")
    async with storage.work() as work:
        await work.people.consent(ana.id, yes)
        await work.people.consent(ana.id, no)

    assert (await recall(storage, clock, ANA)).person.consents == (yes, no)


async def test_who_left_is_not_reachable_until_they_write_again(storage, clock, ana):
    async with storage.work() as work:
        await work.people.subscribe(ana.id, WISH)
        await work.people.left(ana.id)
        gone = await work.people.by_id(ana.id)
    await recall(storage, clock, ANA)
    async with storage.work() as work:
        back = await work.people.by_id(ana.id)

    assert (gone.reachable, gone.wish) == (False, None)
    assert back.reachable


async def test_a_chosen_language_stays_chosen(storage, clock, ana):
    async with storage.work() as work:
        await work.people.choose_language(ana.id, Language.ENGLISH)
        await work.people.set_staff(ana.id, True)
    again = (await recall(storage, clock, ANA, hint="es")).person

    assert (again.language, again.language_chosen, again.staff) == (Language.ENGLISH, True, True)


async def test_forgetting_leaves_no_row_of_the_person_in_any_table(storage, clock, ana):
    bob = (await recall(storage, clock, BSUID)).person
    async with storage.work() as work:
        for person in (ana, bob):
            await work.people.subscribe(person.id, WISH)
            await work.people.consent(person.id, Consent("alerts", True, clock(), "x", "sí"))
            await work.inbox.hold(person.id, f"e{person.id}", {"text": "hola"}, clock(), clock())
            await work.outbox.add(person.id, "telegram", Reply("hola"), clock())
            alias, seat = (
                {"address_hash": person.id.to_bytes(8, "big"), "person_id": person.id},
                {"fair": "f", "at": clock()},
            )
            await work.line.run(tables.alias.insert(), alias)
            await work.line.run(tables.registration.insert(), {**seat, "person_id": person.id})
    async with storage.work() as work:
        await work.people.forget(ana.id)

    for table in tables.metadata.sorted_tables:
        column = "id" if table is tables.person else "person_id"
        if column in table.c:
            assert ana.id not in {row._mapping[column] for row in await rows(storage, table)}, table.name
    async with storage.work() as work:
        assert await work.people.find(ANA) is None


async def test_old_states_expire_but_not_what_the_person_asked_to_keep(storage, clock, ana):
    bob = (await recall(storage, clock, BSUID)).person
    async with storage.work() as work:
        await work.people.remember(ana.id, {"flow": "x", "kept": {"lista": [1]}}, 0)
        await work.people.remember(bob.id, {"flow": "y"}, 0)
    clock.advance(31 * 86400)
    async with storage.work() as work:
        assert await work.people.expire_states(clock() - timedelta(days=30)) == 2
        assert await work.people.expire_states(clock() - timedelta(days=30)) == 0

    assert (await recall(storage, clock, ANA)).state == {"kept": {"lista": [1]}}
    assert (await recall(storage, clock, BSUID)).state == {}


async def test_the_team_sees_how_many_people_there_are(storage, clock, ana):
    await recall(storage, clock, NUMBER)
    async with storage.work() as work:
        await work.people.subscribe(ana.id, replace(WISH, fairs=False))
        counts = {count.channel: count for count in await work.people.counts()}

    assert (counts["telegram"].people, counts["telegram"].alerts, counts["telegram"].fairs) == (1, 1, 0)
    assert (counts["whatsapp"].reachable, counts["whatsapp"].alerts) == (1, 0)


async def test_quick_messages_wait_until_the_person_has_finished_writing(storage, clock, ana):
    async def hold(text: str) -> None:
        async with storage.work() as work:
            await work.inbox.hold(ana.id, text, {"text": text}, clock(), clock() + timedelta(seconds=1))

    async def due() -> list:
        async with storage.work() as work:
            return list(await work.inbox.due(clock()))

    await hold("busco")
    clock.advance(0.8)
    await hold("trabajo")
    clock.advance(0.8)
    assert await due() == []
    clock.advance(0.3)
    assert await due() == [ana.id]

    async with storage.work() as work:
        assert [message["text"] for message in await work.inbox.take(ana.id)] == ["busco", "trabajo"]
        assert await work.inbox.take(ana.id) == []


async def test_somebody_who_never_stops_writing_is_answered_all_the_same(storage, clock, ana):
    for number in range(12):
        async with storage.work() as work:
            await work.inbox.hold(ana.id, str(number), {}, clock(), clock() + timedelta(seconds=1))
        clock.advance(0.8)

    async with storage.work() as work:
        assert await work.inbox.due(clock()) == [ana.id]


async def test_of_two_workers_one_gets_the_held_messages(storage, clock, ana):
    async with storage.work() as work:
        await work.inbox.hold(ana.id, "1", {"text": "a"}, clock(), clock())

    async def take() -> int:
        async with storage.work() as work:
            return len(await work.inbox.take(ana.id))

    assert sorted(await asyncio.gather(*(take() for _ in range(4)))) == [0, 0, 0, 1]


async def test_keys_can_be_changed_without_losing_anybody(storage, clock, database_url, new_id, ana):
    async with storage.work() as work:
        await work.people.remember(ana.id, {"flow": "x"}, 0)
    renewed = await Storage.open(database_url, [Fernet.generate_key().decode(), KEY], clock, new_id)
    first = await recall(renewed, clock, ANA)
    second = await recall(renewed, clock, ANA)
    await renewed.close()

    assert first.person.id == second.person.id == ana.id
    assert second.state == {"flow": "x"}


async def test_with_a_wrong_key_nothing_is_read_and_the_message_says_why(storage, clock, database_url, new_id, ana):
    async with storage.work() as work:
        await work.people.remember(ana.id, {"flow": "x"}, 0)
    wrong = await Storage.open(database_url, [Fernet.generate_key().decode()], clock, new_id)
    with pytest.raises(BadSettings, match="SECRET_KEYS"):
        async with wrong.work() as work:
            await work.people.by_id(ana.id)
    await wrong.close()


async def test_neither_addresses_nor_words_can_be_read_in_the_database(storage, clock, database_url):
    async with storage.work() as work:
        person = (await work.people.recall(NUMBER, (BSUID,), "", clock())).person
        await work.inbox.first_time("whatsapp", "SM0123456789", clock())
        await work.people.remember(person.id, {"topic": "refugio-secreto"}, 0)
        await work.inbox.hold(person.id, "SM0123456789", {"text": "me-pegan"}, clock(), clock())
        await work.outbox.add(person.id, "whatsapp", Reply("linea-cien"), clock())
    written = await everything_written(storage, database_url)

    assert b"whatsapp" in written, "what is not locked can be read there"
    for secret in ("51999888777", "PE.abc123", "SM0123456789", "refugio-secreto", "me-pegan", "linea-cien"):
        assert secret.encode() not in written
        assert secret.encode().hex().encode() not in written


async def everything_written(storage, database_url):
    """The bytes of the files, or every row of every table as PostgreSQL shows it (raw bytes in hexadecimal)."""
    if database_url.startswith("sqlite"):
        path = Path(database_url.removeprefix("sqlite:///"))
        return b"".join(file.read_bytes() for file in path.parent.glob(path.name + "*"))
    async with storage.view() as work:
        tables_ = [table.name for table in tables.metadata.sorted_tables]
        found = [(await work.line.run(text(f"SELECT t::text FROM {name} t"))).scalars().all() for name in tables_]
    return "\n".join(row for rows_ in found for row in rows_).encode()


async def test_ready_only_when_the_database_answers(storage, tmp_path, clock, new_id):
    await storage.ping()

    empty = await Storage.open(f"sqlite:///{tmp_path}/other/new.db", [KEY], clock, new_id)
    with pytest.raises(StorageGone):
        await empty.ping()
    await empty.close()


async def test_a_database_that_cannot_be_reached_is_told_apart(tmp_path, clock, new_id):
    storage = await Storage.open(f"postgresql://rumbo@/x?host={tmp_path}", [KEY], clock, new_id)
    with pytest.raises(StorageGone):
        async with storage.work():
            pass
    await storage.close()
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StorageGone):
        await Storage.open(f"sqlite:///{tmp_path}/folder.db", [KEY], clock, new_id)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # a file has no lines to cut
async def test_after_the_server_cut_the_lines_the_next_turn_works(storage, clock):
    with pytest.raises(StorageGone):
        async with storage.work() as work:
            await work.line.run(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    assert (await recall(storage, clock, ANA)).new


async def test_a_turn_cancelled_at_any_moment_is_saved_whole_or_not_at_all(storage, clock):
    async def turn(number: int) -> None:
        async with storage.work() as work:
            person = (await work.people.recall(Address("telegram", str(number)), (), "", clock())).person
            await work.outbox.add(person.id, "telegram", Reply("hola"), clock())

    async def cancelled_after(steps: int) -> None:
        task = asyncio.create_task(turn(steps))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    for steps in range(25):
        await cancelled_after(steps)
    await turn(1000)

    people = {row.id for row in await rows(storage, tables.person)}
    assert people == {row.person_id for row in await rows(storage, tables.delivery)}
    async with storage.work() as work:
        assert await work.people.find(Address("telegram", "1000"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL cannot be told that its disk is full
async def test_a_full_disk_is_told_and_over_when_there_is_room_again(storage, clock):
    async def limit(pages: int) -> None:
        async with storage.work() as work:
            await work.line.run(text(f"PRAGMA max_page_count = {pages}"))

    async def fill() -> None:
        async with storage.work() as work:
            for n in range(100):
                await work.line.run(tables.note.insert(), {"name": f"{n}", "value": "x" * 4000, "updated_at": clock()})

    async def fill_hot() -> None:
        async with storage.work() as work:
            for n in range(300):
                await work.inbox.hold(1, str(n), {"text": "x" * 2000}, clock(), clock())

    await recall(storage, clock, ANA)
    await limit(1)  # no page more than there are
    with pytest.raises(StorageGone):
        await fill()
    with pytest.raises(StorageGone):
        await fill_hot()
    await limit(100_000)
    await fill()

    assert len(await rows(storage, tables.note)) == 100
    assert await rows(storage, tables.held) == []


def test_a_url_as_libpq_writes_it_is_understood():
    url = driver_url("postgresql://rumbo:s%40cret@db.example:5433/rumbo?sslmode=require")

    assert url.render_as_string(hide_password=False) == (
        "postgresql+asyncpg://rumbo:s%40cret@db.example:5433/rumbo?ssl=require"
    )
    assert driver_url("postgresql://rumbo@/rumbo?host=/run/postgresql").query == {"host": "/run/postgresql"}


def test_without_a_key_nothing_is_opened():
    with pytest.raises(BadSettings):
        Vault([])


def test_an_address_can_be_locked_anew_under_the_newest_key():
    newest = Fernet.generate_key().decode()
    old, both, new = Vault([KEY]), Vault([newest, KEY]), Vault([newest])

    assert new.address("telegram", both.rotated(old.lock_address(ANA))) == ANA
