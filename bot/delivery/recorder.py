"""Writing down what became of messages: one at a time when it is calm, many in one transaction under load.

Nothing is dropped when the database is gone for a while, or refuses; the outcomes wait here. One that it refuses for
itself holds up no other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from bot.errors import StorageGone
from bot.storage.matching import Matching
from bot.storage.outbox import Again, Claimed, Outcome
from bot.storage.tables import State
from bot.storage.work import Storage, Work

log = logging.getLogger(__name__)

Result = Outcome | Again

_MOST = 200
_GATHER = 0.03  # seconds that the outcome of a crowd message waits for others, and that a kill leaves unknown
_LAST_TRIES = 3
"""When we are to end: so often what the database refuses is tried again, then it is left to the sweep as unknown."""


class Recorder:
    """The outcomes of one lane, saved in the order they come."""

    def __init__(
        self,
        lane: str,
        storage: Storage,
        owner: str,
        recorded: Callable[[Sequence[Claimed], bool], None],
        noted: Callable[[str, Result], None] | None,
        pause: float = 1.0,
    ) -> None:
        """`pause`: seconds before another try to save what could not be saved."""
        self._lane = lane
        self._storage = storage
        self._owner = owner
        self._recorded = recorded
        self._noted = noted
        self._unsaved: list[tuple[Claimed, Result]] = []
        self._something = asyncio.Event()
        self._hurry = asyncio.Event()
        self._finishing = False
        self._pause = pause
        self._together = _MOST
        self._refused = 0  # times in a row

    def add(self, claimed: Claimed, result: Result) -> None:
        """Save this soon."""
        self._unsaved.append((claimed, result))
        self._something.set()
        if not claimed.crowd:  # the same person's next message waits for this
            self._hurry.set()

    def finish(self) -> None:
        """Save what is left, then end."""
        self._finishing = True
        self._something.set()
        self._hurry.set()

    async def run(self) -> None:
        """Save until `finish`."""
        while not (self._finishing and not self._unsaved):
            await self._something.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(_GATHER):
                    await self._hurry.wait()
            self._something.clear()
            self._hurry.clear()
            await self._save_some()
            if self._unsaved:
                self._something.set()

    async def _save_some(self) -> None:
        some = self._unsaved[: self._together]
        try:
            more = await self._save([result for _, result in some])
        except StorageGone:
            log.exception("storage_gone", extra={"lane": self._lane, "unsaved": len(self._unsaved)})
            await asyncio.sleep(self._pause)
            return
        except Exception:  # whatever it is, what became of these is kept
            log.exception("outcomes_refused", extra={"lane": self._lane, "unsaved": len(self._unsaved)})
            self._set_apart(len(some))
            await asyncio.sleep(self._pause)
            return
        self._together, self._refused = min(2 * self._together, _MOST), 0
        del self._unsaved[: len(some)]
        self._recorded([claimed for claimed, _ in some], more)
        if self._noted:
            for _, result in some:
                self._noted(self._lane, result)

    def _set_apart(self, n: int) -> None:
        """One of these cannot be saved: save one at a time, and that one after all others."""
        self._together = 1
        self._refused += 1
        if n > 1:
            return
        claimed, result = self._unsaved.pop(0)
        if self._finishing and self._refused > _LAST_TRIES:
            log.error("outcome_lost", extra={"lane": self._lane, "delivery": str(claimed.ref)})
            self._recorded([claimed], False)
        else:
            self._unsaved.append((claimed, result))

    async def _save(self, results: Sequence[Result]) -> bool:
        outcomes = [result for result in results if isinstance(result, Outcome)]
        again = [result for result in results if isinstance(result, Again)]
        left = [o for o in outcomes if o.state is State.FAILED and o.error.startswith("left")]
        closed = [o for o in outcomes if o.state is State.FAILED and o.error.startswith("needs_template")]
        async with self._storage.work(single=not again and not left and not closed) as work:
            more = await work.outbox.record(outcomes, self._owner)
            await work.outbox.postpone(again, self._owner)
            await _end_news(work, left)
            for outcome in closed:  # a digest waits for the window, or for a template
                await Matching(work.line).untold(outcome.ref.person_id, outcome.ref.batch_id)
        return more or bool(again)


async def _end_news(work: Work, left: Sequence[Outcome]) -> None:
    for outcome in left:
        await work.people.left(outcome.ref.person_id)
