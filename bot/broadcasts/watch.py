"""Counts the outcomes that this process sees, to tell when so much of a broadcast fails that it must be paused. Pure.

A person who blocked the bot is not counted as a failure.
"""

from __future__ import annotations

from collections import deque

from bot.storage.outbox import Again, Outcome, Ref
from bot.storage.tables import State

LAST = 100
FEWEST = 20
TOO_MANY = 0.2
REPLIES_FROM = 2**40
"""Batches from this number on are single replies."""


class Watch:
    """The last outcomes of each broadcast."""

    def __init__(self) -> None:
        self._last: dict[int, deque[bool]] = {}
        self._arrived: dict[int, deque[bool]] = {}
        self._heard: set[Ref] = set()

    def noted(self, lane: str, result: Outcome | Again) -> None:
        """Count an outcome of the sender, which calls this for each."""
        del lane
        if isinstance(result, Outcome) and result.state in {State.SENT, State.FAILED, State.UNKNOWN}:
            if result.state is State.FAILED and result.error.startswith("left"):
                return
            self.count(result.ref.batch_id, failed=result.state is not State.SENT)

    def count(self, batch_id: int, *, failed: bool) -> None:
        """One more outcome, also one that came later by a receipt."""
        if len(self._last) > 10_000:  # replies have numbers of their own
            self._last = {key: last for key, last in self._last.items() if len(last) > 1}
        self._last.setdefault(batch_id, deque(maxlen=LAST)).append(failed)

    def told_later(self, ref: Ref, *, failed: bool) -> None:
        """A provider told whether a message arrived; told twice, it counts once.

        Kept apart from what was noted when sending: the process that hears of it need not be the one that sent.
        """
        if ref.batch_id >= REPLIES_FROM or ref in self._heard:
            return
        if len(self._heard) > 10_000:
            self._heard.clear()
        self._heard.add(ref)
        self._arrived.setdefault(ref.batch_id, deque(maxlen=LAST)).append(failed)

    def alarming(self, batch_id: int) -> bool:
        """More than a fifth of the last hundred failed (of at least twenty), when sending or later."""
        return any(
            len(last) >= FEWEST and sum(last) > TOO_MANY * len(last)
            for last in (self._last.get(batch_id, ()), self._arrived.get(batch_id, ()))
        )

    def forget(self, batch_id: int) -> None:
        """Count anew from here, as after a pause."""
        self._last.pop(batch_id, None)
        self._arrived.pop(batch_id, None)
