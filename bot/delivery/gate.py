"""When the messages of one lane may leave: places in the overall limit, and the distance between two of a crowd.

A crowd books so little ahead that a reply goes at once, and replies may go a little before their turn; together they
never exceed what the account is allowed. Nothing is sent from here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from bot.delivery.throttle import Limiter

PATIENCE = 15.0
"""Seconds that a claimed message waits for its place before it goes back into the queue."""

_AHEAD = 0.025  # seconds before its moment that a crowd books: covers a busy loop, and is all that a reply waits
_LATE = 0.02  # seconds of the rate that a crowd may make up for at once; less than one message at Telegram's 30/s
_TICK = 0.004  # seconds that a message may go early: a timer costs more than it, and is no more exact
_CATCH_UP = 0.95  # of the distance between two messages: so much a crowd hurries after a delay


class Gate:
    """The way out of one lane of this process; the limit is shared by all processes."""

    def __init__(
        self,
        name: str,
        rate: float,
        limiter: Limiter,
        *,
        reply_burst: int,
        sleep: Callable[[float], Awaitable[None]],
        closed: Callable[[], bool],
    ) -> None:
        """`sleep`: how to wait. `closed`: nothing more may leave, so that nobody need wait."""
        self._name = name
        self._rate = rate
        self._limiter = limiter
        self._reply_burst = max(reply_burst, 2 * _LATE * rate)
        self._crowd_burst = max(1.0, _LATE * rate)
        self._sleep = sleep
        self._closed = closed
        self._frozen_until = 0.0
        self._most = int(rate) + 1
        self._left: deque[float] = deque()  # when those of the last second left
        self._next = 0.0  # when the next crowd message may leave

    @property
    def frozen(self) -> bool:
        """The provider has told us to wait."""
        return asyncio.get_running_loop().time() < self._frozen_until

    def freeze(self, seconds: float) -> None:
        """Let nothing leave this process for so long; the limiter tells the others."""
        self._frozen_until = max(self._frozen_until, asyncio.get_running_loop().time() + seconds)

    async def thaw(self) -> None:
        """Wait until the freeze of this process has ended, or nothing may leave any more."""
        while self.frozen and not self._closed():
            await self._sleep(min(self._frozen_until - asyncio.get_running_loop().time(), 0.5))

    async def moments(self, sizes: Sequence[int], *, crowd: bool) -> list[float] | None:
        """Book places for messages of so many calls and wait for the first; gives when each may go, None: it takes
        too long, give them back.
        """
        left = sum(sizes)
        wait = await self._places(left, crowd=crowd)
        if wait is None:
            return None
        booked, moments = asyncio.get_running_loop().time(), []
        for size in sizes:
            left -= size
            moments.append(booked + max(0.0, wait - left / self._rate))
        await self._sleep(moments[0] - booked)
        return moments

    async def leave(self, moment: float, n: int, *, crowd: bool) -> None:
        """Wait for the moment, and for what booking cannot know: a busy machine makes several messages late, and they
        would go together. Call it for one message after another.

        A crowd keeps its distance from one to the next, and in no second does more leave than the account is allowed.
        """
        clock = asyncio.get_running_loop().time
        if crowd:
            moment = max(moment, clock(), self._next)
            self._next = moment + _CATCH_UP * n / self._rate
        if (early := moment - clock()) > _TICK:
            await asyncio.sleep(early)
        while (wait := self._full(n, clock())) > 0:  # noqa: ASYNC110 - nobody tells when a second is over
            await asyncio.sleep(wait)
        self._left.extend([clock()] * n)

    def _full(self, n: int, now: float) -> float:
        """Seconds until this second has room for so many."""
        while self._left and self._left[0] <= now - 1:
            self._left.popleft()
        too_many = len(self._left) + n - max(n, self._most)
        return self._left[too_many - 1] + 1 - now if too_many > 0 else 0.0

    async def _places(self, n: int, *, crowd: bool) -> float | None:
        """Book places in the overall limit; gives the seconds to the last one, None when it takes too long."""
        burst, at_most = self._reply_burst, PATIENCE / 3
        if crowd:
            burst, at_most = self._crowd_burst, max(0.0, n - self._crowd_burst) / self._rate + _AHEAD
        give_up = asyncio.get_running_loop().time() + PATIENCE
        while True:
            wait = await self._limiter.reserve(self._name, self._rate, n, burst, at_most)
            if wait <= at_most:
                return wait
            if self._closed() or asyncio.get_running_loop().time() > give_up:
                return None
            await self._sleep(min(wait - at_most, 1.0))
