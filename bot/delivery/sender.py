"""The sender: one lane a channel, and the sweep that takes up what dead workers left.

Any number of processes may run one on the same PostgreSQL. It never decides what is said or to whom.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from bot.channels.base import Channel
from bot.delivery.lane import Contents, Kit, Lane
from bot.errors import StorageGone
from bot.storage.line import Presence
from bot.storage.outbox import Swept

log = logging.getLogger(__name__)

__all__ = ["Contents", "Kit", "Sender"]


class Sender:
    """Sends what is in the outbox until it is stopped."""

    def __init__(self, channels: Iterable[Channel], kit: Kit, *, embedded: bool = False) -> None:
        """`kit.owner` must be new with every start. `embedded`: nobody else sends, so what is in hand is ours."""
        self._kit = kit
        self._lanes = [Lane(channel, kit) for channel in channels]
        self._embedded = embedded
        self._stopped = asyncio.Event()
        self._grace = 0.0

    async def run(self) -> None:
        """Send until `stop`. Returns when everything is saved."""
        if self._embedded:
            await self._recover()
        presence = self._kit.storage.presence(self._kit.owner)
        try:
            await self._tend(presence)
            async with asyncio.TaskGroup() as group:
                sweeping = group.create_task(self._sweep(presence))
                async with asyncio.TaskGroup() as lanes:
                    for lane in self._lanes:
                        lanes.create_task(lane.run(lambda: self._grace))
                self._stopped.set()
                await sweeping
        finally:
            await presence.end()

    def stop(self, within: float = 10.0) -> None:
        """Claim nothing more, let what flies finish within so many seconds, give the rest back."""
        self._grace = within
        self._stopped.set()
        for lane in self._lanes:
            lane.stop()

    async def _recover(self) -> None:
        async with self._kit.storage.work() as work:
            swept = await work.outbox.recover()
        _tell(swept)

    async def _sweep(self, presence: Presence) -> None:
        while not self._stopped.is_set():
            try:
                async with asyncio.timeout(self._kit.sweep_every):
                    await self._stopped.wait()
            except TimeoutError:
                await self._tend(presence)

    async def _tend(self, presence: Presence) -> None:
        """Show that we are alive, and take up what others left who are not, or whose lease ran out."""
        try:
            await presence.keep()
            self._kit.limiter.among(await presence.living())
            for lane in self._lanes:
                await lane.hold.renew()
            async with self._kit.storage.work() as work:
                swept = [await work.outbox.sweep(self._kit.clock())]
                swept += [await work.outbox.recover(owner) for owner in await work.outbox.dead(self._kit.owner)]
        except StorageGone:
            log.warning("sweep_failed")
            return
        except Exception:  # whatever it is, sending goes on, and the next look is soon
            log.exception("sweep_failed")
            return
        for each in swept:
            _tell(each)


def _tell(swept: Swept) -> None:
    if swept.queued:
        log.warning("taken_up_again", extra={"count": len(swept.queued)})
    for ref in swept.unknown:
        log.error("outcome_unknown", extra={"delivery": str(ref)})
