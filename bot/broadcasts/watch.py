"""Keeps an eye on the outcomes of this process: a broadcast of which too much fails is to be paused. Pure arithmetic.

Somebody who blocked the bot is no failure of ours and is not counted.
"""

from __future__ import annotations

from collections import deque

from bot.storage.outbox import Again, Outcome
from bot.storage.tables import State

LAST = 100
FEWEST = 20
TOO_MANY = 0.2


class Watch:
    """The last outcomes of each broadcast."""

    def __init__(self) -> None:
        self._last: dict[int, deque[bool]] = {}

    def noted(self, lane: str, result: Outcome | Again) -> None:
        """One more outcome; give this to the sender's kit."""
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

    def alarming(self, batch_id: int) -> bool:
        """More than a fifth of the last hundred failed (of at least twenty)."""
        last = self._last.get(batch_id, ())
        return len(last) >= FEWEST and sum(last) > TOO_MANY * len(last)

    def forget(self, batch_id: int) -> None:
        """Begin anew."""
        self._last.pop(batch_id, None)
