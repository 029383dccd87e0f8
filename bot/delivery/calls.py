"""The calls of one message, one after another, each with a limit of time.

Once the first is out the message counts as sent: the others are tried again here, never all anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from bot.channels.base import Channel
from bot.errors import OutcomeUnknown, SendFailed, Throttled, Unreachable
from bot.messages import Payload
from bot.storage.outbox import Outcome, Ref
from bot.storage.tables import State


class Calls:
    """Makes the calls over one channel."""

    def __init__(self, channel: Channel, timeout: float, clock: Callable[[], datetime]) -> None:
        self._channel = channel
        self._timeout = timeout
        self._clock = clock

    async def make(self, ref: Ref, payloads: Sequence[Payload]) -> Outcome:
        """Send the whole message; raises SendFailed when its first call failed."""
        provider_id, trouble = await self._call(payloads[0]), ""
        for payload in payloads[1:]:
            try:
                await self._call(payload)
            except SendFailed as failure:
                trouble = await self._once_more(payload, failure)
        return Outcome(ref, State.SENT, self._clock(), provider_id, trouble)

    async def _once_more(self, payload: Payload, failure: SendFailed) -> str:
        if isinstance(failure, Throttled | Unreachable) and failure.after <= self._timeout:
            await asyncio.sleep(failure.after)
            try:
                await self._call(payload)
            except SendFailed as again:
                return f"part:{again.code}"
            return ""
        return f"part:{failure.code}"

    async def _call(self, payload: Payload) -> str:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._channel.send(payload)
        except TimeoutError as error:
            raise OutcomeUnknown("no answer in time", "timeout") from error
