"""From the outbox to the platform: order, failures, receipts, dying workers; on both engines."""

import asyncio
import itertools
import logging
import math
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from bot.channels import twilio_codes
from bot.channels.base import Pace
from bot.delivery.sender import Kit, Sender
from bot.delivery.throttle import MemoryLimiter
from bot.delivery.wake import LocalWake
from bot.errors import NeedsTemplate, OutcomeUnknown, PersonLeft, Refused, Throttled, Unreachable
from bot.messages import DeliveryStatus, Receipt, Reply
from bot.person import Address, Wish
from bot.storage import tables
from bot.storage.outbox import CROWD, Again, Kinds, Outcome, Ref
from bot.storage.tables import State

LANE = "telegram"
FUTURE = timedelta(seconds=60)


class Post:
    """A provider that does as it is told: `says` holds what it answers to each message of an address, in turn."""

    name = LANE
    pace = Pace(overall=1000.0, chat=1000.0)

    def __init__(self) -> None:
        self.says = {}
        self.got = []
        self.at_once = {}
        self.most_at_once = {}
        self.numbers = itertools.count(1)
        self.arrived = asyncio.Event()

    def render(self, message):
        parts = message.reply.text.split("|")
        return [{"to": message.to.value, "text": part, "window": message.window_open} for part in parts]

    async def send(self, payload):
        to = payload["to"]
        self.at_once[to] = self.at_once.get(to, 0) + 1
        self.most_at_once[to] = max(self.at_once[to], self.most_at_once.get(to, 0))
        self.arrived.set()
        try:
            answers = self.says.get(to) or [None]
            answer = answers.pop(0)
            if isinstance(answer, asyncio.Event):
                await answer.wait()
            elif answer is not None:
                raise answer
        finally:
            self.at_once[to] -= 1
        self.got.append((to, payload["text"]))
        return f"id{next(self.numbers)}"


class Meddling(MemoryLimiter):
    """A limiter during whose first overall reservation something happens."""

    def __init__(self, clock, what) -> None:
        super().__init__(clock)
        self.what = what

    async def reserve(self, key, *args, **options):
        if key == LANE and self.what:
            what, self.what = self.what, None
            if isinstance(what, Exception):
                raise what
            await what()
        return await super().reserve(key, *args, **options)


class Heard(logging.Handler):
    """Waits for what the log tells."""

    def __init__(self, events) -> None:
        super().__init__()
        self.events = events
        self.count = 0
        self.more = asyncio.Event()

    def emit(self, record):
        if record.getMessage() in self.events:
            self.count += 1
            self.more.set()

    @contextmanager
    def listening(self):
        logging.getLogger("bot.delivery").addHandler(self)
        yield
        logging.getLogger("bot.delivery").removeHandler(self)

    async def times(self, n):
        async with asyncio.timeout(20):
            while self.count < n:
                self.more.clear()
                await self.more.wait()


REFUSE_SQLITE = [
    "CREATE TRIGGER no_room BEFORE UPDATE ON delivery WHEN new.state = 3 BEGIN SELECT RAISE(ABORT, 'no room'); END"
]
AGREE_SQLITE = ["DROP TRIGGER no_room"]
REFUSE_POSTGRES = [
    "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$",
    "CREATE TRIGGER no_room BEFORE UPDATE ON delivery FOR EACH ROW WHEN (new.state = 3) EXECUTE FUNCTION no_room()",
]
AGREE_POSTGRES = ["DROP TRIGGER no_room ON delivery", "DROP FUNCTION no_room"]


async def obey(office, statements):
    async with office.storage.work() as work:
        for statement in statements:
            await work.line.run(text(statement))


class Noting(MemoryLimiter):
    """A limiter that keeps the moments of all places that it gives away in the overall limit."""

    def __init__(self, clock) -> None:
        super().__init__(self.read)
        self.real, self.last = clock, None
        self.places = []

    def read(self):
        self.last = self.real()
        return self.last

    async def reserve(self, key, rate, n=1, burst=1, at_most=math.inf):
        wait = await super().reserve(key, rate, n, burst, at_most)
        if key == LANE and wait <= at_most:
            now = self.last.timestamp()
            self.places += [now + max(0.0, wait - later / rate) for later in range(n)]
        return wait


class Office:
    """A storage, a provider and a sender between them."""

    def __init__(self, storage, clock) -> None:
        self.storage = storage
        self.clock = clock
        self.post = Post()
        self.wake = storage.mail = LocalWake()
        self.results = asyncio.Queue()
        self.says = {}

    async def reply_for(self, batch_id, person):
        return Reply(self.says[batch_id]) if self.says.get(batch_id) else None

    @asynccontextmanager
    async def open(self, within=5.0, embedded=False, limiter=None, **kit):
        limiter = limiter or MemoryLimiter(self.clock)
        kit = {"reply_burst": 1000, "chat_burst": 1000, "contents": self} | kit
        noted = lambda _, result: self.results.put_nowait(result)  # noqa: E731
        shared = Kit(self.storage, limiter, self.wake, self.clock, "me", noted=noted, **kit)
        sender = Sender([self.post], shared, embedded=embedded)
        async with asyncio.TaskGroup() as group:
            group.create_task(sender.run())
            yield sender
            sender.stop(within)

    async def done(self, n=1):
        async with asyncio.timeout(20):
            return [await self.results.get() for _ in range(n)]

    async def later(self, seconds):
        self.clock.advance(seconds)
        self.wake.notify(LANE)
        self.wake.notify(LANE + CROWD)

    async def owe(self, who, *texts):
        async with self.storage.work() as work:
            person = (await work.people.recall(Address(LANE, who), (), "", self.clock())).person
            batches = [await work.outbox.add(person.id, LANE, Reply(text), self.clock()) for text in texts]
        return [Ref(batch, person.id) for batch in batches]

    async def announce(self, batch_id, *whom, text="feria", topic="fairs", state="sending", wish=Wish()):  # noqa: B008
        self.says[batch_id] = text
        refs = []
        async with self.storage.work() as work:
            row = {"kind": "text", "topic": topic, "body": "{}", "audience": "{}", "state": state}
            await work.line.run(tables.broadcast.insert(), {"id": batch_id, **row, "created_at": self.clock()})
            for who in whom:
                person = (await work.people.recall(Address(LANE, who), (), "", self.clock())).person
                if wish:
                    await work.people.subscribe(person.id, wish)
                due = {"lane": LANE, "priority": 5, "state": 0, "next_at": self.clock(), "created_at": self.clock()}
                await work.line.run(tables.delivery.insert(), {"batch_id": batch_id, "person_id": person.id, **due})
                refs.append(Ref(batch_id, person.id))
        self.wake.notify(LANE + CROWD)
        return refs

    async def row(self, ref):
        mine = (tables.delivery.c.batch_id == ref.batch_id) & (tables.delivery.c.person_id == ref.person_id)
        async with self.storage.view() as work:
            return (await work.line.run(select(tables.delivery).where(mine))).one()

    async def states(self):
        async with self.storage.view() as work:
            found = (await work.line.run(select(tables.delivery))).all()
        return {Ref(row.batch_id, row.person_id): State(row.state) for row in found}


@pytest.fixture
def office(storage, clock):
    return Office(storage, clock)


async def claim(office, owner="w1", n=10, kinds=Kinds.ALL):
    async with office.storage.work() as work:
        return await work.outbox.claim(LANE, owner, n, office.clock(), office.clock() + FUTURE, kinds)


async def begin(office, refs, owner="w1"):
    async with office.storage.work() as work:
        return await work.outbox.begin(refs, owner, office.clock() + FUTURE)


async def record(office, *outcomes, owner="w1"):
    async with office.storage.work() as work:
        return await work.outbox.record(outcomes, owner)


async def sent(office, who="ana", provider_id="SM1"):
    """A message that the provider took."""
    [ref] = await office.owe(who, "hola")
    await claim(office)
    await begin(office, [ref])
    await record(office, Outcome(ref, State.SENT, office.clock(), provider_id))
    return ref


class TestQueue:
    """The outbox as the queue."""

    async def test_what_is_owed_is_claimed_with_everything_needed_to_send_it(self, office):
        [ref] = await office.owe("ana", "hola")
        [claimed] = await claim(office)

        assert (claimed.ref, claimed.to, claimed.reply) == (ref, Address(LANE, "ana"), Reply("hola"))
        assert (claimed.window_open, claimed.attempts, claimed.crowd) == (True, 0, False)
        assert await claim(office, "w2") == []

    async def test_claimers_at_once_never_get_the_same_row(self, office):
        refs = [ref for n in range(60) for ref in await office.owe(f"p{n}", "hola")]
        got = await asyncio.gather(*(claim(office, f"w{n}", 7) for n in range(12)))

        claimed = [one.ref for some in got for one in some]
        assert len(claimed) == len(set(claimed))
        assert set(claimed) <= set(refs)

    async def test_only_the_first_of_a_persons_messages_is_given_out(self, office):
        first, second = await office.owe("ana", "uno", "dos")
        got = await asyncio.gather(*(claim(office, f"w{n}") for n in range(4)))
        assert [one.ref for some in got for one in some] == [first]
        owner = f"w{[bool(some) for some in got].index(True)}"

        await begin(office, [first], owner)
        assert await claim(office) == []
        assert await record(office, Outcome(first, State.SENT, office.clock(), "x"), owner=owner), "there is more"
        assert [one.ref for one in await claim(office)] == [second]

    async def test_the_window_closes_a_little_before_24_hours(self, office):
        await office.owe("ana", "hola")
        office.clock.advance(23.9 * 3600)

        assert not (await claim(office))[0].window_open

    async def test_a_reply_that_is_a_day_late_answers_nothing_any_more(self, office):
        [ref] = await office.owe("ana", "hola")
        office.clock.advance(25 * 3600)

        assert await claim(office) == []
        assert (await office.row(ref)).state == State.SKIPPED

    async def test_what_nobody_waits_for_lets_replies_go_first(self, office):
        async with office.storage.work() as work:
            ana = (await work.people.recall(Address(LANE, "ana"), (), "", office.clock())).person
            await work.outbox.add(ana.id, LANE, Reply("recordatorio"), office.clock(), urgent=False)
        [reply] = await office.owe("bob", "hola")

        assert [one.ref for one in await claim(office)] == [reply]
        office.clock.advance(3)
        assert len(await claim(office)) == 1

    async def test_replies_are_claimed_before_a_crowd(self, office):
        await office.announce(7, *(f"p{n}" for n in range(5)))
        [reply] = await office.owe("ana", "hola")

        assert [one.ref for one in await claim(office, n=1)] == [reply]
        assert len(await claim(office, n=10)) == 5

    async def test_one_who_does_not_own_a_row_may_not_send_it(self, office):
        [ref] = await office.owe("ana", "hola")
        await claim(office, "w1")

        assert await begin(office, [ref], "w2") == set()
        assert await begin(office, [ref], "w1") == {ref}
        assert await begin(office, [ref], "w1") == set()

    async def test_what_a_dead_worker_had_leased_is_queued_again_and_what_it_was_sending_is_unknown(self, office):
        [leased] = await office.owe("ana", "hola")
        [sending] = await office.owe("bob", "hola")
        await claim(office)
        await begin(office, [sending])
        async with office.storage.work() as work:
            assert (await work.outbox.sweep(office.clock())).queued == ()
        office.clock.advance(61)
        async with office.storage.work() as work:
            swept = await work.outbox.sweep(office.clock())

        assert (swept.queued, swept.unknown) == ((leased,), (sending,))
        assert [one.ref for one in await claim(office, "w2")] == [leased]

    async def test_after_a_restart_the_same_is_done_at_once(self, office):
        [leased] = await office.owe("ana", "hola")
        [sending] = await office.owe("bob", "hola")
        await claim(office, "host-a:1")
        await begin(office, [sending], "host-a:1")
        async with office.storage.work() as work:
            assert (await work.outbox.recover("host-b")).queued == ()
            swept = await work.outbox.recover("host-a")

        assert (swept.queued, swept.unknown) == ((leased,), (sending,))

    async def test_an_outcome_that_comes_after_the_lease_still_counts(self, office):
        [ref] = await office.owe("ana", "hola")
        await claim(office)
        await begin(office, [ref])
        office.clock.advance(61)
        async with office.storage.work() as work:
            await work.outbox.sweep(office.clock())
        await record(office, Outcome(ref, State.SENT, office.clock(), "SM1"))

        assert (await office.row(ref)).state == State.SENT

    async def test_a_paused_or_cancelled_broadcast_is_not_claimed(self, office):
        await office.announce(7, "ana", state="paused")
        await office.announce(8, "bob", state="cancelled")
        [third] = await office.announce(9, "eva")

        assert [one.ref for one in await claim(office)] == [third]
        async with office.storage.work() as work:
            assert await work.outbox.drop(8, "cancelled") == 1
            assert (await work.outbox.counts(8)) == {("", State.SKIPPED): 1}

    async def test_a_broadcast_that_waits_does_not_hold_up_the_next_one(self, office):
        await office.announce(7, "ana")
        await office.announce(8, "ana", "bob")
        first = await claim(office, n=10, kinds=Kinds.CROWD)
        async with office.storage.work() as work:
            await work.outbox.postpone([Again(first[0].ref, office.clock() + FUTURE)], "w1")
        second = await claim(office, n=10, kinds=Kinds.CROWD)

        assert {one.ref.batch_id for one in first} == {7}
        assert {one.ref.batch_id for one in second} == {8}

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda people, ana, now: people.end(ana, "fairs"), "no_consent"),
            (lambda people, ana, now: people.end(ana), "no_consent"),
            (lambda people, ana, now: people.set_reachable(ana, False), "unreachable"),
            (lambda people, ana, now: people.subscribe(ana, Wish(paused_until=now + FUTURE)), "paused"),
        ],
    )
    async def test_consent_is_asked_again_at_the_last_moment(self, office, change, reason):
        [ref] = await office.announce(7, "ana")
        async with office.storage.work() as work:
            await change(work.people, ref.person_id, office.clock())

        assert await claim(office) == []
        row = await office.row(ref)
        assert (State(row.state), row.error) == (State.SKIPPED, reason)

    async def test_who_was_erased_gets_nothing_any_more(self, office):
        [ref] = await office.announce(7, "ana")
        async with office.storage.work() as work:
            await work.people.forget(ref.person_id)

        assert await claim(office) == []

    async def test_a_broadcast_is_not_sent_after_its_last_moment(self, office):
        [ref] = await office.announce(7, "ana")
        async with office.storage.work() as work:
            await work.line.run(update(tables.broadcast).values(expires_at=office.clock() + FUTURE))
        office.clock.advance(120)

        assert await claim(office) == []
        assert (await office.row(ref)).error == "too_late"

    async def test_health_knows_how_long_the_oldest_reply_waits(self, office):
        async with office.storage.work() as work:
            assert await work.outbox.oldest_due(office.clock()) is None
        since = office.clock()
        await office.owe("ana", "hola")
        office.clock.advance(30)
        async with office.storage.work() as work:
            assert await work.outbox.oldest_due(office.clock()) == since
            assert await work.outbox.counts() == {(LANE, State.QUEUED): 1}

    async def test_old_replies_are_dropped_but_not_what_is_still_owed(self, office):
        done = await sent(office, "ana")
        [owed] = await office.owe("bob", "hola")
        async with office.storage.work() as work:
            await work.outbox.purge(office.clock() + FUTURE)

        assert set(await office.states()) == {owed}
        assert done not in await office.states()


class TestReceipts:
    """What providers tell afterwards."""

    STATUSES = (DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.READ, DeliveryStatus.FAILED)

    async def test_in_any_order_and_twice_they_end_the_same(self, office):
        ends = set()
        for number, order in enumerate(itertools.permutations(self.STATUSES)):
            ref = await sent(office, f"p{number}", f"SM{number}")
            for status in (*order, order[0]):
                async with office.storage.work() as work:
                    assert await work.outbox.receipt(Receipt(f"SM{number}", status), office.clock()) == ref
            ends.add((await office.row(ref)).state)

        assert ends == {State.READ}

    @pytest.mark.parametrize("order", list(itertools.permutations(STATUSES[:2])))
    async def test_those_that_overtake_the_answer_are_kept_and_applied(self, office, order):
        [ref] = await office.owe("ana", "hola")
        await claim(office)
        await begin(office, [ref])
        for status in order:
            async with office.storage.work() as work:
                assert await work.outbox.receipt(Receipt("SM1", status), office.clock()) is None
        await record(office, Outcome(ref, State.SENT, office.clock(), "SM1"))
        async with office.storage.work() as work:
            await work.outbox.sweep(office.clock())

        assert (await office.row(ref)).state == State.DELIVERED

    async def test_our_own_reference_finds_a_message_whose_outcome_was_unknown(self, office):
        [ref] = await office.owe("ana", "hola")
        await claim(office)
        await begin(office, [ref])
        await record(office, Outcome(ref, State.UNKNOWN, office.clock(), error="timeout"))
        told = Receipt("SM9", DeliveryStatus.DELIVERED, reference=str(ref))
        async with office.storage.work() as work:
            assert await work.outbox.receipt(told, office.clock()) == ref

        row = await office.row(ref)
        assert (State(row.state), row.provider_id, row.error, row.body) == (State.DELIVERED, "SM9", None, None)

    async def test_a_failure_keeps_the_providers_code(self, office):
        ref = await sent(office)
        async with office.storage.work() as work:
            await work.outbox.receipt(Receipt("SM1", DeliveryStatus.FAILED, error="63016"), office.clock())

        row = await office.row(ref)
        assert (State(row.state), row.error) == (State.FAILED, "63016")

    async def test_who_opted_out_gets_no_more_news(self, office):
        ref = await sent(office)
        async with office.storage.work() as work:
            await work.people.subscribe(ref.person_id, Wish())
            told = Receipt("SM1", DeliveryStatus.FAILED, error="63014", left=True)
            await work.outbox.receipt(told, office.clock())
            person = await work.people.by_id(ref.person_id)

        assert (person.reachable, person.wish) == (False, None)

    @pytest.mark.parametrize("reference", ["", "x", "1-", "1-x", "99-99"])
    async def test_a_receipt_for_nothing_we_know_changes_nothing(self, office, reference):
        async with office.storage.work() as work:
            told = Receipt("SM404", DeliveryStatus.SENT, reference=reference)
            assert await work.outbox.receipt(told, office.clock()) is None
            assert await work.outbox.receipt(Receipt("SM1", DeliveryStatus.UNKNOWN), office.clock()) is None
        office.clock.advance(2 * 86400)
        async with office.storage.work() as work:
            await work.outbox.sweep(office.clock())
            assert (await work.line.run(select(tables.early_receipt))).all() == []


class TestSender:
    """The sender at work."""

    async def test_a_reply_is_sent_recorded_and_its_words_dropped(self, office):
        async with office.open():
            [ref] = await office.owe("ana", "hola")
            await office.done()

        row = await office.row(ref)
        assert office.post.got == [("ana", "hola")]
        assert (State(row.state), row.provider_id, row.attempts, row.body) == (State.SENT, "id1", 1, None)

    async def test_replies_of_a_person_arrive_in_order_and_one_at_a_time(self, office):
        async with office.open():
            for n in range(4):
                await office.owe("ana", f"{n}a", f"{n}b")
                await office.owe("bob", f"{n}a")
            await office.done(12)

        assert [text for to, text in office.post.got if to == "ana"] == [f"{n}{c}" for n in range(4) for c in "ab"]
        assert office.post.most_at_once == {"ana": 1, "bob": 1}

    async def test_a_slow_chat_holds_nobody_up(self, office):
        slow = asyncio.Event()
        office.post.says = {"ana": [slow]}
        async with office.open():
            await office.owe("ana", "uno", "dos")
            for n in range(30):
                await office.owe(f"p{n}", "hola")
            await office.done(30)
            assert "ana" not in dict(office.post.got)
            slow.set()
            await office.done(2)

        assert [text for to, text in office.post.got if to == "ana"] == ["uno", "dos"]

    async def test_a_reply_overtakes_a_crowd(self, office):
        office.post.pace, office.clock = Pace(overall=10.0, chat=1000.0), real_time
        await office.announce(7, *(f"p{n}" for n in range(60)))
        async with office.open():
            await office.done(3)
            [reply] = await office.owe("ana", "hola")
            before = len(office.post.got)
            while (await office.done())[0].ref != reply:
                pass

        overtook = [to for to, _ in office.post.got].index("ana") - before
        assert overtook < 15, "not even the twenty that were claimed already go first"

    async def test_a_crowd_gets_what_the_broadcast_says(self, office):
        refs = await office.announce(7, "ana", "bob", text="feria en Comas")
        async with office.open():
            await office.done(2)

        assert sorted(office.post.got) == [("ana", "feria en Comas"), ("bob", "feria en Comas")]
        assert set((await office.states()).values()) == {State.SENT}
        assert len(refs) == 2

    async def test_whom_the_broadcast_has_nothing_to_say_to_is_skipped(self, office):
        [ref] = await office.announce(7, "ana", text="")
        async with office.open():
            await office.done()

        row = await office.row(ref)
        assert (State(row.state), row.error) == (State.SKIPPED, "nothing_to_say")

    @pytest.mark.parametrize(
        ("failure", "state", "error"),
        [
            (Refused("no", "400"), State.FAILED, "refused:400"),
            (NeedsTemplate("no", "63016"), State.FAILED, "needs_template"),
            (PersonLeft("no", "403"), State.FAILED, "left:403"),
            (RuntimeError("a bug"), State.QUEUED, "unknown"),
            (OutcomeUnknown("?", "502"), State.QUEUED, "unknown:502"),
            (Unreachable("no", "dns"), State.QUEUED, "unreachable:dns"),
            (Throttled("slow", 3.0), State.QUEUED, "throttled:429"),
        ],
    )
    async def test_what_a_failure_means_for_a_reply(self, office, failure, state, error):
        office.post.says = {"ana": [failure]}
        async with office.open():
            [ref] = await office.owe("ana", "hola")
            await office.done()
            row = await office.row(ref)

        assert (State(row.state), row.error) == (state, error)
        assert row.attempts == (0 if isinstance(failure, Throttled) else 1)
        assert (row.next_at > office.clock()) == (state is State.QUEUED)

    async def test_what_may_go_only_after_hours_waits_for_them_and_holds_up_no_later_reply(self, office):
        held = twilio_codes.meaning(63049)
        office.post.says = {"ana": [held]}
        async with office.open():
            [ref] = await office.owe("ana", "plantilla")
            [again] = await office.done()
            await office.owe("ana", "hola")
            await office.done()
            assert office.post.got == [("ana", "hola")]
            await office.later(6 * 3600)
            await office.done()

        assert again.at - office.clock() == timedelta(0)
        assert office.post.got == [("ana", "hola"), ("ana", "plantilla")]
        assert (await office.row(ref)).state == State.SENT

    async def test_a_reply_that_may_go_only_after_a_day_answers_nothing_any_more(self, office):
        office.post.says = {"ana": [twilio_codes.meaning(63032)]}
        async with office.open():
            [ref] = await office.owe("ana", "hola")
            await office.done()
            await office.later(24 * 3600 + 1)
            await office.owe("bob", "hola")
            await office.done()

        row = await office.row(ref)
        assert (State(row.state), row.error) == (State.SKIPPED, "too_late")

    async def test_a_crowd_message_with_unknown_outcome_is_never_sent_again(self, office):
        office.post.says = {"ana": [OutcomeUnknown("?", "502")]}
        async with office.open():
            [ref] = await office.announce(7, "ana")
            await office.done()
            await office.later(3600)

        assert (await office.row(ref)).state == State.UNKNOWN
        assert office.post.got == []

    async def test_a_reply_with_unknown_outcome_is_sent_again_three_times_and_then_listed(self, office):
        office.post.says = {"ana": [OutcomeUnknown("?", "502") for _ in range(9)]}
        async with office.open():
            [ref] = await office.owe("ana", "hola")
            for _ in range(4):
                await office.done()
                await office.later(60)

        row = await office.row(ref)
        assert (State(row.state), row.attempts) == (State.UNKNOWN, 4)
        assert len(office.post.says["ana"]) == 5

    async def test_an_unreachable_provider_is_tried_longer_and_longer_and_not_for_ever(self, office):
        office.post.says = {"ana": [Unreachable("no") for _ in range(20)]}
        waits = []
        async with office.open():
            [ref] = await office.owe("ana", "hola")
            for _ in range(8):
                [result] = await office.done()
                if isinstance(result, Again):
                    waits.append((result.at - office.clock()).total_seconds())
                    await office.later(waits[-1])

        assert waits == [2, 2, 4, 8, 16, 32, 64]
        assert (await office.row(ref)).state == State.FAILED

    async def test_told_to_slow_down_everybody_waits_as_long_as_told(self, office):
        office.post.says = {"ana": [Throttled("slow", 3.0)]}
        async with office.open():
            [ref] = await office.owe("ana", "hola")
            [again] = await office.done()
            assert again == Again(ref, office.clock() + timedelta(seconds=3), error="throttled:429")
            assert office.post.got == []

    async def test_a_throttled_chat_waits_alone(self, office):
        office.post.says = {"ana": [Throttled("slow", 3.0, whole=False)]}
        async with office.open():
            await office.owe("ana", "hola")
            await office.done()
            await office.owe("bob", "hola")
            await office.done()
            assert office.post.got == [("bob", "hola")]
            await office.later(3)
            await office.done()

        assert office.post.got == [("bob", "hola"), ("ana", "hola")]

    async def test_a_chat_gets_no_more_than_its_own_rate(self, office):
        office.post.pace = Pace(overall=1000.0, chat=1.0)
        async with office.open(chat_burst=1):
            await office.owe("ana", "uno")
            await office.done()
            await office.owe("ana", "dos")
            [again] = await office.done()
            assert again.at - office.clock() == timedelta(seconds=1)
            await office.later(1)
            await office.done()

        assert [text for _, text in office.post.got] == ["uno", "dos"]

    async def test_who_blocked_us_gets_no_more_news(self, office):
        office.post.says = {"ana": [PersonLeft("blocked", "403")]}
        async with office.open():
            [ref] = await office.announce(7, "ana")
            await office.done()
        async with office.storage.work() as work:
            person = await work.people.by_id(ref.person_id)

        assert (person.reachable, person.wish) == (False, None)

    async def test_when_the_second_part_fails_the_first_is_not_sent_again(self, office):
        office.post.says = {"ana": [None, Refused("no", "413")]}
        async with office.open():
            [ref] = await office.owe("ana", "texto|archivo")
            await office.done()

        row = await office.row(ref)
        assert (State(row.state), row.error, row.provider_id) == (State.SENT, "part:413", "id1")
        assert office.post.got == [("ana", "texto")]

    async def test_a_second_part_that_was_throttled_goes_a_moment_later(self, office):
        office.post.says = {"ana": [None, Throttled("slow", 0.01)]}
        async with office.open():
            [ref] = await office.owe("ana", "texto|archivo")
            await office.done()

        assert office.post.got == [("ana", "texto"), ("ana", "archivo")]
        assert (await office.row(ref)).error is None

    async def test_a_message_that_cannot_be_shown_is_put_aside_and_the_next_one_goes(self, office):
        class Broken(Post):
            def render(self, message):
                if message.reply.text == "roto":
                    raise ValueError
                return super().render(message)

        office.post = Broken()
        async with office.open():
            [broken] = await office.owe("ana", "roto")
            await office.done()
            await office.owe("ana", "hola")
            await office.done()

        assert (await office.row(broken)).error == "cannot_render"
        assert office.post.got == [("ana", "hola")]

    async def test_a_call_without_answer_ends_in_time(self, office):
        office.post.says = {"ana": [asyncio.Event()]}
        async with office.open(timeout=0.05):
            [ref] = await office.owe("ana", "hola")
            [again] = await office.done()

        assert (again.ref, again.error) == (ref, "unknown:timeout")

    async def test_an_orderly_stop_lets_what_flies_land_and_gives_back_the_rest(self, office):
        slow = asyncio.Event()
        office.post.says = {"ana": [slow]}
        async with office.open() as sender:
            [flying] = await office.owe("ana", "hola")
            await office.post.arrived.wait()
            sender.stop(within=5)
            await office.owe("bob", "hola")
            slow.set()

        states = await office.states()
        assert states.pop(flying) == State.SENT
        assert set(states.values()) == {State.QUEUED}

    async def test_what_does_not_land_in_time_is_cut_and_written_down(self, office):
        office.post.says = {"ana": [asyncio.Event()], "bob": [asyncio.Event()]}
        async with office.open(within=0.05):
            [reply] = await office.owe("ana", "hola")
            [crowd] = await office.announce(7, "bob")
            while len(office.post.at_once) < 2:
                office.post.arrived.clear()
                await office.post.arrived.wait()

        states = await office.states()
        assert states == {reply: State.QUEUED, crowd: State.UNKNOWN}

    async def test_whatever_goes_wrong_in_between_the_lane_goes_on(self, office, caplog):
        limiter = Meddling(office.clock, RuntimeError("once"))
        async with office.open(limiter=limiter):
            [ref] = await office.owe("ana", "hola")
            assert isinstance((await office.done())[0], Again)
            await office.done()

        assert (await office.row(ref)).state == State.SENT
        assert [record.message for record in caplog.records if record.exc_info] == ["lane_stumbled"]

    async def test_who_is_erased_while_waiting_for_a_place_gets_nothing(self, office):
        async def erase():
            async with office.storage.work() as work:
                ana = await work.people.find(Address(LANE, "ana"))
                await work.people.forget(ana.id)

        async with office.open(limiter=Meddling(office.clock, erase)):
            await office.owe("ana", "hola")
            await office.owe("bob", "hola")
            await office.done()

        assert office.post.got == [("bob", "hola")]

    async def test_what_waits_for_its_moment_when_the_freeze_comes_is_not_sent(self, office):
        crowd = ("p0", "p1", "p2")  # two claims may each hold some of them: any can be the first
        office.post.says = {who: [Throttled("slow", 30.0)] for who in crowd}
        office.post.pace, office.clock = Pace(overall=20.0, chat=1000.0), real_time
        async with office.open():
            refs = await office.announce(7, *crowd)
            [result] = await office.done(1)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.3):
                    await office.results.get()

        assert len(office.post.most_at_once) == 1
        assert result.ref in refs
        assert set((await office.states()).values()) == {State.QUEUED}

    async def test_after_a_restart_what_was_in_hand_is_taken_up_at_once(self, office):
        [ref] = await office.owe("ana", "hola")
        await claim(office, "dead")
        async with office.open(embedded=True):
            await office.done()

        assert (await office.row(ref)).state == State.SENT

    async def test_what_another_process_left_is_taken_up_when_its_lease_ends(self, office):
        [ref] = await office.owe("ana", "hola")
        [unknown] = await office.owe("bob", "hola")
        await claim(office, "dead")
        await begin(office, [unknown], "dead")
        office.clock.advance(61)
        async with office.open():
            await office.done()

        assert await office.states() == {ref: State.SENT, unknown: State.UNKNOWN}

    async def test_what_a_dead_process_left_is_taken_up_at_once_and_what_a_living_one_has_is_not(
        self, office, database_url
    ):
        if database_url.startswith("sqlite"):
            pytest.skip("an embedded program is alone")
        [lost], [kept] = await office.owe("ana", "hola"), await office.owe("eva", "hola")
        [unknown] = await office.owe("bob", "hola")
        living = office.storage.presence("living")
        await living.keep()
        await claim(office, "dead", 1)
        await claim(office, "living", 1)
        await claim(office, "dead", 1)
        await begin(office, [unknown], "dead")
        async with office.open():
            await office.done()
        states = await office.states()
        await living.end()
        async with office.open():
            await office.done()

        assert states == {lost: State.SENT, kept: State.LEASED, unknown: State.UNKNOWN}
        assert await office.states() == {lost: State.SENT, kept: State.SENT, unknown: State.UNKNOWN}

    async def test_an_outcome_waits_until_the_database_is_back(self, office, database_url):
        slow = asyncio.Event()
        office.post.says = {"ana": [slow]}
        async with office.open():
            [ref] = await office.owe("ana", "hola")
            await office.post.arrived.wait()
            if database_url.startswith("postgresql"):
                async with office.storage.work() as work:
                    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                    await work.line.run(text(cut + " AND datname = current_database()"))
            slow.set()
            await office.done()

        assert (await office.row(ref)).state == State.SENT

    async def test_an_outcome_waits_until_the_database_takes_it(self, office, database_url, caplog):
        """Whatever it says meanwhile: on PostgreSQL no room is left, on SQLite something that nobody thought of."""
        slow, refused = asyncio.Event(), Heard({"storage_gone", "outcomes_refused"})
        office.post.says = {"ana": [slow]}
        async with office.open(pause=0.01):
            [ref] = await office.owe("ana", "hola")
            await office.post.arrived.wait()
            await obey(office, REFUSE_SQLITE if database_url.startswith("sqlite") else REFUSE_POSTGRES)
            try:
                with refused.listening():
                    slow.set()
                    await refused.times(2)
            finally:
                await obey(office, AGREE_SQLITE if database_url.startswith("sqlite") else AGREE_POSTGRES)
            await office.done()

        assert (await office.row(ref)).state == State.SENT
        assert office.post.got == [("ana", "hola")]

    async def test_an_outcome_that_can_never_be_saved_holds_up_no_other_and_no_stop(self, office, caplog):
        class Strange(Post):
            async def send(self, payload):
                found = await super().send(payload)
                return "\ud800" if payload["to"] == "eva" else found

        office.post = Strange()
        async with office.open(pause=0.01):
            [never] = await office.owe("eva", "hola")
            others = [ref for n in range(5) for ref in await office.owe(f"p{n}", "hola")]
            await office.done(5)

        states = await office.states()
        assert states.pop(never) == State.SENDING, "the sweep lists it as unknown"
        assert states == dict.fromkeys(others, State.SENT)
        assert [r.delivery for r in caplog.records if r.message == "outcome_lost"] == [str(never)]

    async def test_a_message_that_takes_longer_than_a_lease_is_not_taken_for_a_dead_workers(self, office):
        slow = asyncio.Event()
        office.post.says = {"ana": [None, slow]}
        async with office.open(sweep_every=0.01):
            [ref] = await office.owe("ana", "texto|archivo")
            while not office.post.got or not office.post.at_once["ana"]:
                office.post.arrived.clear()
                await office.post.arrived.wait()
            for _ in range(4):
                office.clock.advance(25)
                async with asyncio.timeout(5):
                    while (await office.row(ref)).lease_until < office.clock() + timedelta(seconds=30):
                        assert (await office.row(ref)).state == State.SENDING
            slow.set()
            await office.done()

        assert (await office.row(ref)).state == State.SENT

    async def test_what_a_worker_has_lost_from_sight_is_not_held_for_ever(self, office):
        office.post.says = {"ana": [asyncio.Event()]}
        swept = Heard({"outcome_unknown"})
        async with office.open(within=0.0, sweep_every=0.01, timeout=600.0):
            [ref] = await office.owe("ana", "hola")
            await office.post.arrived.wait()
            office.clock.advance(400)
            with swept.listening():
                await swept.times(1)
            state = (await office.row(ref)).state

        assert state == State.UNKNOWN

    async def test_a_crowd_keeps_the_rate_of_the_account(self, office):
        """Every message has a place in the limit and none leaves before it, however late a busy machine makes some."""
        office.post.pace, office.clock = Pace(overall=100.0, chat=1000.0), real_time
        left, limiter = [], Noting(real_time)
        send = office.post.send

        async def timed(payload):
            left.append(real_time().timestamp())
            return await send(payload)

        office.post.send = timed
        async with office.open(limiter=limiter):
            await office.announce(7, *(f"p{n}" for n in range(60)))
            await office.done(60)

        places = sorted(limiter.places)
        assert len(places) == len(left) == 60
        for first, last in itertools.combinations(range(60), 2):
            assert last - first + 1 <= 100.0 * (places[last] - places[first]) + 2 + 0.001
        timer = 0.005  # so early may a timer end
        assert all(at >= place - timer for at, place in zip(sorted(left), places, strict=True))


def real_time():
    from datetime import UTC, datetime

    return datetime.now(UTC)
