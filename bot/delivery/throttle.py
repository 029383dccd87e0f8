"""How fast: a leaky bucket that books a place and tells how long to wait for it (GCRA).

Nobody polls: each message asks once and waits as told. In any stretch of time at most `rate` times its length plus
`burst` messages go, over all processes that share a limiter. The arithmetic stands twice, here and in Lua; the same
tests run on both. Losing Redis makes us slower, never faster, however many processes there are: each then takes the
share of one among those that live, and of one more, who may be starting just now. (Who alone cannot reach it adds that
share to what the others send.)
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

T = TypeVar("T")


class Want(NamedTuple):
    """So many places under this key."""

    key: str
    n: int
    burst: float


class Limiter(Protocol):
    """Who may send when."""

    async def reserve(self, key: str, rate: float, n: int = 1, burst: float = 1, at_most: float = math.inf) -> float:
        """Book `n` places; gives the seconds to wait for the last, the one before it may go 1/rate earlier.

        A wait longer than `at_most` books nothing: come again.
        """

    async def reserve_each(self, wanted: Sequence[Want], rate: float) -> list[float]:
        """Book places under many keys in one go, each if it need not wait; gives how long each would have to."""

    async def freeze(self, key: str, seconds: float) -> None:
        """Nobody goes for so long: the provider said so."""

    async def frozen(self, key: str) -> float:
        """Seconds until the freeze ends, 0 when there is none."""

    def among(self, processes: int) -> None:
        """So many processes send at the moment, this one among them."""


class MemoryLimiter:
    """For one process. Starts with empty buckets."""

    _TIDY_EVERY = 10_000

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._booked: dict[str, float] = {}  # until when places are given away
        self._frozen: dict[str, float] = {}
        self._asked = 0

    async def reserve(self, key: str, rate: float, n: int = 1, burst: float = 1, at_most: float = math.inf) -> float:
        """See `Limiter`."""
        return self._book(self._now(), key, rate, n, burst, at_most)

    async def reserve_each(self, wanted: Sequence[Want], rate: float) -> list[float]:
        """See `Limiter`."""
        now = self._now()
        return [self._book(now, key, rate, n, burst, 0.0) for key, n, burst in wanted]

    def _book(self, now: float, key: str, rate: float, n: int, burst: float, at_most: float) -> float:
        self._tidy(now)
        start = max(now, self._frozen.get(key, 0.0))
        booked = max(start, self._booked.get(key, 0.0)) + n / rate
        wait = _at_once(start - now + max(0.0, booked - start - burst / rate))
        if wait <= at_most:
            self._booked[key] = booked
        return wait

    async def freeze(self, key: str, seconds: float) -> None:
        """See `Limiter`."""
        self._frozen[key] = max(self._frozen.get(key, 0.0), self._now() + seconds)

    async def frozen(self, key: str) -> float:
        """See `Limiter`."""
        return max(0.0, self._frozen.get(key, 0.0) - self._now())

    def among(self, processes: int) -> None:
        """See `Limiter`. This one is alone by its nature."""

    @property
    def remembered(self) -> int:
        """How many keys are remembered."""
        return len(self._booked)

    def _now(self) -> float:
        return self._clock().timestamp()

    def _tidy(self, now: float) -> None:
        self._asked += 1
        if self._asked % self._TIDY_EVERY == 0:
            self._booked = {key: until for key, until in self._booked.items() if until > now}
            self._frozen = {key: until for key, until in self._frozen.items() if until > now}


def _at_once(wait: float) -> float:
    """A microsecond is a rounding error, not a wait."""
    return 0.0 if wait < 1e-6 else wait


_CLOCK = "local t = redis.call('TIME') local now = t[1] + t[2] / 1000000 "
_RESERVE = (
    _CLOCK
    + """
local rate, at_most, waits = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
for i = 1, #KEYS, 2 do
  local n, burst = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local start = math.max(now, tonumber(redis.call('GET', KEYS[i + 1]) or '0'))
  local booked = math.max(start, tonumber(redis.call('GET', KEYS[i]) or '0')) + n / rate
  local wait = start - now + math.max(0, booked - start - burst / rate)
  if wait < 0.000001 then wait = 0 end
  if wait <= at_most then
    redis.call('SET', KEYS[i], string.format('%.6f', booked), 'PX', math.ceil((booked - now) * 1000) + 1000)
  end
  waits[#waits + 1] = string.format('%.6f', wait)
end
return waits
"""
)
_FREEZE = (
    _CLOCK
    + """
local til = math.max(now + tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[1]) or '0'))
redis.call('SET', KEYS[1], string.format('%.6f', til), 'PX', math.ceil((til - now) * 1000) + 1000)
"""
)
_FROZEN = _CLOCK + "return string.format('%.6f', math.max(0, tonumber(redis.call('GET', KEYS[1]) or '0') - now))"


def connect(url: str) -> Redis:
    """A client that waits for a free connection instead of failing, and never waits long for a dead server."""
    pool = BlockingConnectionPool.from_url(
        url, max_connections=32, timeout=2, socket_timeout=1, socket_connect_timeout=1
    )
    return Redis.from_pool(pool)


class RedisLimiter:
    """For all processes on one Redis or Valkey, by its clock."""

    def __init__(self, redis: Redis, prefix: str = "rumbo:rate:") -> None:
        self._prefix = prefix
        self._reserve = redis.register_script(_RESERVE)
        self._freeze = redis.register_script(_FREEZE)
        self._frozen = redis.register_script(_FROZEN)

    async def reserve(self, key: str, rate: float, n: int = 1, burst: float = 1, at_most: float = math.inf) -> float:
        """See `Limiter`."""
        (wait,) = await self._reserve(self._keys(key), [rate, min(at_most, 1e12), n, burst])
        return float(wait)

    async def reserve_each(self, wanted: Sequence[Want], rate: float) -> list[float]:
        """See `Limiter`."""
        keys = [name for want in wanted for name in self._keys(want.key)]
        sizes = [number for want in wanted for number in (want.n, want.burst)]
        return [float(wait) for wait in await self._reserve(keys, [rate, 0, *sizes])] if wanted else []

    async def freeze(self, key: str, seconds: float) -> None:
        """See `Limiter`."""
        await self._freeze(self._keys(key)[1:], [seconds])

    async def frozen(self, key: str) -> float:
        """See `Limiter`."""
        return float(await self._frozen(self._keys(key)[1:]))

    def among(self, processes: int) -> None:
        """See `Limiter`. Redis counts for all of them together."""

    def _keys(self, key: str) -> list[str]:
        return [f"{self._prefix}{key}", f"{self._prefix}{key}:frozen"]


class FallbackLimiter:
    """The shared limiter while it answers; without it each process goes on alone with a share of the rate."""

    _TRY_AGAIN = 5.0

    def __init__(self, shared: Limiter, clock: Callable[[], datetime], share: float = 0.1) -> None:
        """`share`: of the rate, until somebody has counted the processes."""
        self._shared = shared
        self._alone = MemoryLimiter(clock)
        self._clock = clock
        self._share = share
        self._lost_at: datetime | None = None

    @property
    def degraded(self) -> bool:
        """Whether Redis is gone at the moment."""
        return self._lost_at is not None

    async def reserve(self, key: str, rate: float, n: int = 1, burst: float = 1, at_most: float = math.inf) -> float:
        """See `Limiter`."""
        wait = await self._asked(lambda: self._shared.reserve(key, rate, n, burst, at_most))
        return await self._alone.reserve(key, rate * self._share, n, 1, at_most) if wait is None else wait

    async def reserve_each(self, wanted: Sequence[Want], rate: float) -> list[float]:
        """See `Limiter`."""
        waits = await self._asked(lambda: self._shared.reserve_each(wanted, rate))
        alone = [Want(key, n, 1) for key, n, _ in wanted]
        return await self._alone.reserve_each(alone, rate * self._share) if waits is None else waits

    async def freeze(self, key: str, seconds: float) -> None:
        """See `Limiter`."""
        await self._alone.freeze(key, seconds)
        await self._asked(lambda: self._shared.freeze(key, seconds))

    async def frozen(self, key: str) -> float:
        """See `Limiter`."""
        alone = await self._alone.frozen(key)
        return max(alone, await self._asked(lambda: self._shared.frozen(key)) or 0.0)

    def among(self, processes: int) -> None:
        """See `Limiter`."""
        self._share = 1 / (processes + 1)

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """What the shared limiter says, None while it cannot be asked."""
        if not self._worth_trying():
            return None
        try:
            said = await ask()
        except (RedisError, OSError) as error:
            self._lost(error)
            return None
        self._found()
        return said

    def _worth_trying(self) -> bool:
        return self._lost_at is None or (self._clock() - self._lost_at).total_seconds() >= self._TRY_AGAIN

    def _lost(self, error: Exception) -> None:
        if self._lost_at is None:
            log.error("limiter_alone", extra={"error": type(error).__name__, "share": self._share})
        self._lost_at = self._clock()

    def _found(self) -> None:
        if self._lost_at is not None:
            self._lost_at = None
            log.warning("limiter_shared_again")
