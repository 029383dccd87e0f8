"""The clock and the ids: the only place, beside the composition root, that asks the machine for the time or for chance."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The time, always aware UTC. The simulator moves it forward for the whole program."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """Now."""
        return datetime.now(UTC) + self._ahead

    def advance(self, by: timedelta) -> None:
        """From now on it is later."""
        self._ahead += by


class Ids:
    """Numbers that count up, above 2**50, and differ between processes: milliseconds, process, counter."""

    def __init__(self) -> None:
        self._process = secrets.randbelow(64)
        self._last = 0

    def __call__(self) -> int:
        """The next one."""
        fresh = (time.time_ns() // 1_000_000) << 12 | self._process << 6
        self._last = max(fresh, self._last + 1)
        return self._last
