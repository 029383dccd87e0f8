"""One lane: everything that leaves over one channel, replies before crowds.

Claim a few, ask the limit of each chat, book places in the overall limit, save `sending`, send side by side, save what
became of them. A slow call holds up nobody but its own chat. No network call happens inside a transaction; a message
is handed to the provider only after `sending` was saved under our name.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Protocol

from bot.channels.base import Channel
from bot.delivery.recorder import Recorder, Result
from bot.delivery.throttle import Limiter
from bot.delivery.verdict import verdict
from bot.delivery.wake import CROWD, Wake
from bot.errors import OutcomeUnknown, SendFailed, Throttled, Unreachable
from bot.messages import Outgoing, Payload, Reply
from bot.person import PersonId
from bot.storage.outbox import Again, Claimed, Kinds, Outcome
from bot.storage.tables import State
from bot.storage.work import Storage

log = logging.getLogger(__name__)

_LOOK_EVERY = 1.0
_PATIENCE = 15.0  # seconds that a claimed message waits for its place before it goes back into the queue
_CHUNK = 0.1  # a micro-batch is what may go in this many seconds: the most that a kill can leave unknown
_CATCH_UP = 0.95  # of the distance between two messages: so much a crowd hurries after a delay
_CROWD_SHARE = 0.75  # of what may be in flight


class Contents(Protocol):
    """What a broadcast says to a person."""

    async def reply_for(self, batch_id: int, person: Claimed) -> Reply | None:
        """The words for this person, or None when it need not be sent to them any more."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What all lanes of a process share."""

    storage: Storage
    limiter: Limiter
    wake: Wake
    clock: Callable[[], datetime]
    owner: str
    contents: Contents | None = None
    noted: Callable[[str, Result], None] | None = None  # told of every outcome, for the measures
    timeout: float = 15.0  # seconds for one call
    lease: timedelta = timedelta(seconds=40)  # longer than any wait for a place and any call together
    reply_burst: int = 2
    chat_burst: int = 3


@dataclass(frozen=True, slots=True)
class Ready:
    """A claimed message and the calls that show it."""

    claimed: Claimed
    payloads: Sequence[Payload]


class Lane:
    """The way out over one channel."""

    def __init__(self, channel: Channel, kit: Kit) -> None:
        self.name = channel.name
        self._channel = channel
        self._kit = kit
        self._stopping = False
        self._recorder = Recorder(self.name, kit.storage, kit.owner, self._recorded, kit.noted)
        self._in_hand = 0
        self._talking_to: dict[PersonId, Claimed] = {}
        self._most = min(max(int(channel.pace.overall * kit.timeout), 32), 400)
        self._frozen_until = 0.0
        self._gate = 0.0  # when the next crowd message may leave
        self._due_again: list[datetime] = []
        self._flights: asyncio.TaskGroup
        self._flying: set[asyncio.Task[None]] = set()

    async def run(self, grace: Callable[[], float]) -> None:
        """Send until `stop`; what flies then gets `grace` seconds, the rest goes back into the queue."""
        async with asyncio.TaskGroup() as outer:
            recording = outer.create_task(self._recorder.run())
            async with asyncio.TaskGroup() as self._flights:
                async with asyncio.TaskGroup() as feeders:
                    feeders.create_task(self._feed(Kinds.REPLIES))
                    feeders.create_task(self._feed(Kinds.CROWD))
                if self._flying:
                    await asyncio.wait(self._flying, timeout=grace())
                for task in self._flying:
                    task.cancel()
            self._recorder.finish()
            await recording

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping = True
        self._kit.wake.nudge(self.name)
        self._kit.wake.nudge(self.name + CROWD)

    async def _feed(self, kinds: Kinds) -> None:
        topic = self.name + (CROWD if kinds is Kinds.CROWD else "")
        while not self._stopping:
            try:
                more = await self._round(kinds)
            except Exception:  # whatever it is, the lane goes on when it is over
                log.exception("lane_stumbled", extra={"lane": self.name})
                more = False
            if not more and not self._stopping:
                await self._kit.wake.wait(topic, self._idle_seconds())

    async def _round(self, kinds: Kinds) -> bool:
        """Claim and send one batch; gives whether there may be more to claim."""
        wanted = min(self._room(kinds), max(10, int(self._channel.pace.overall / 2)), 100)
        if wanted <= 0:
            return False  # the recorder calls us when there is room
        now = self._kit.clock()
        lazy = (
            kinds is Kinds.REPLIES
        )  # a claim that is lost in a crash was never made; a crowd's waits long, so save it
        async with self._kit.storage.work(lazy=lazy, single=True) as work:
            claimed = await work.outbox.claim(self.name, self._kit.owner, wanted, now, now + self._kit.lease, kinds)
        self._in_hand += len(claimed)
        ready = [item for one in claimed if (item := await self._prepared(one)) is not None]
        waiting = list(self._chunks(ready))
        try:
            while waiting:
                await self._launch(waiting[0], kinds)
                del waiting[0]
        except BaseException:
            self._give_back(item for chunk in waiting for item in chunk)
            raise
        return len(claimed) == wanted

    async def _prepared(self, claimed: Claimed) -> Ready | None:
        """The calls to make now, or None: it is too early for this chat, or there is nothing to say."""
        talking = self._talking_to.get(claimed.ref.person_id)
        if talking is not None and talking.crowd != claimed.crowd:
            self._give_back([Ready(claimed, ())])  # a reply and a broadcast, claimed in the same instant
            return None
        try:
            reply = claimed.reply or await self._words(claimed)
            payloads = self._channel.render(self._outgoing(claimed, reply)) if reply else ()
        except Exception:
            log.exception("cannot_render", extra={"lane": self.name, "delivery": str(claimed.ref)})
            self._settle(claimed, Outcome(claimed.ref, State.FAILED, self._kit.clock(), error="cannot_render"))
            return None
        if not payloads:
            self._settle(claimed, Outcome(claimed.ref, State.SKIPPED, self._kit.clock(), error="nothing_to_say"))
            return None
        burst = 1 if claimed.crowd else max(self._kit.chat_burst, len(payloads))
        wait = await self._kit.limiter.reserve(
            self._chat(claimed), self._channel.pace.chat, len(payloads), burst, at_most=0.0
        )
        if wait > 0:
            self._settle(claimed, Again(claimed.ref, self._kit.clock() + timedelta(seconds=wait)))
            return None
        self._talking_to[claimed.ref.person_id] = claimed
        return Ready(claimed, payloads)

    async def _words(self, claimed: Claimed) -> Reply | None:
        return await self._kit.contents.reply_for(claimed.ref.batch_id, claimed) if self._kit.contents else None

    async def _launch(self, chunk: Sequence[Ready], kinds: Kinds) -> None:
        """Wait for the places of these messages, save `sending`, and let them go at their moments."""
        loop = asyncio.get_running_loop()
        wait = await self._places(sum(len(item.payloads) for item in chunk), kinds)
        if wait is None:
            self._give_back(chunk)
            return
        booked, moments, left = loop.time(), [], sum(len(item.payloads) for item in chunk)
        for item in chunk:
            left -= len(item.payloads)
            moments.append(booked + max(0.0, wait - left / self._channel.pace.overall))
        await self._sleep(moments[0] - booked)
        lease_until = self._kit.clock() + self._kit.lease
        async with self._kit.storage.work(single=True) as work:
            ours = await work.outbox.begin([item.claimed.ref for item in chunk], self._kit.owner, lease_until)
        for item, moment in zip(chunk, moments, strict=True):
            if item.claimed.ref in ours:
                task = self._flights.create_task(self._fly(item, moment))
                self._flying.add(task)
                task.add_done_callback(self._flying.discard)
            else:  # erased, or taken from us: nothing to write
                self._let_go(item.claimed)

    async def _places(self, n: int, kinds: Kinds) -> float | None:
        """Book places in the overall limit; gives the seconds to the last one, None when it takes too long.

        A crowd books a tenth of a second ahead at most: so long a reply may have to wait behind it.
        """
        rate, crowd = self._channel.pace.overall, kinds is Kinds.CROWD
        burst, at_most = (1, max(_CHUNK, n / rate)) if crowd else (self._kit.reply_burst, _PATIENCE / 3)
        give_up = asyncio.get_running_loop().time() + _PATIENCE
        while True:
            wait = await self._kit.limiter.reserve(self.name, rate, n, burst, at_most)
            if wait <= at_most:
                return wait
            if self._stopping or asyncio.get_running_loop().time() > give_up:
                return None
            await self._sleep(min(wait - at_most, 1.0))

    async def _fly(self, item: Ready, moment: float) -> None:
        result: Result = Again(item.claimed.ref, self._kit.clock())
        try:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, moment - loop.time()))
            if item.claimed.crowd:
                await self._gap(len(item.payloads))
            if loop.time() >= self._frozen_until:
                result = self._judged(OutcomeUnknown("stopped while sending"), item.claimed)
                result = await self._sent(item)
        except SendFailed as failure:
            await self._slow_down(failure, item.claimed)
            result = self._judged(failure, item.claimed)
        except Exception:  # a bug in the channel: the message may be out
            log.exception("send_broke", extra={"lane": self.name, "delivery": str(item.claimed.ref)})
            result = self._judged(OutcomeUnknown("broke"), item.claimed)
        finally:
            self._settle(item.claimed, result)

    async def _gap(self, n: int) -> None:
        """Keep a distance to the crowd message before, also when a busy machine made several late."""
        now = asyncio.get_running_loop().time()
        leaves = max(now, self._gate)
        self._gate = leaves + _CATCH_UP * n / self._channel.pace.overall
        if leaves > now:
            await asyncio.sleep(leaves - now)

    async def _sent(self, item: Ready) -> Result:
        """Make the calls one after another. Once the first is out, the others are tried again here, not all anew."""
        provider_id, trouble = "", ""
        for payload in item.payloads:
            try:
                provider_id = provider_id or await self._call(payload)
                if payload is not item.payloads[0]:
                    await self._call(payload)
            except SendFailed as failure:
                if payload is item.payloads[0]:
                    raise
                trouble = await self._once_more(payload, failure)
        return Outcome(item.claimed.ref, State.SENT, self._kit.clock(), provider_id, trouble)

    async def _once_more(self, payload: Payload, failure: SendFailed) -> str:
        if isinstance(failure, Throttled | Unreachable) and failure.after <= self._kit.timeout:
            await asyncio.sleep(failure.after)
            try:
                await self._call(payload)
            except SendFailed as again:
                return f"part:{again.code}"
            return ""
        return f"part:{failure.code}"

    async def _call(self, payload: Payload) -> str:
        try:
            async with asyncio.timeout(self._kit.timeout):
                return await self._channel.send(payload)
        except TimeoutError as error:
            raise OutcomeUnknown("no answer in time", "timeout") from error

    async def _slow_down(self, failure: SendFailed, claimed: Claimed) -> None:
        if not isinstance(failure, Throttled):
            return
        if failure.whole:
            self._frozen_until = max(self._frozen_until, asyncio.get_running_loop().time() + failure.after)
            log.warning("lane_frozen", extra={"lane": self.name, "seconds": failure.after})
        await self._kit.limiter.freeze(self.name if failure.whole else self._chat(claimed), failure.after)

    def _judged(self, failure: SendFailed, claimed: Claimed) -> Result:
        return verdict(failure, claimed, self._kit.clock())

    def _give_back(self, items: Iterable[Ready]) -> None:
        """Not sent after all; at once due again."""
        for item in items:
            self._settle(item.claimed, Again(item.claimed.ref, self._kit.clock()))

    def _settle(self, claimed: Claimed, result: Result) -> None:
        if isinstance(result, Again):
            heappush(self._due_again, result.at)
        self._recorder.add(claimed, result)

    def _recorded(self, done: Iterable[Claimed], more: bool) -> None:
        """The recorder has saved these: there is room, and perhaps the next message of the same people."""
        full = {kinds for kinds in (Kinds.REPLIES, Kinds.CROWD) if self._room(kinds) <= 0}
        for claimed in done:
            self._let_go(claimed)
        if more or Kinds.REPLIES in full:
            self._kit.wake.nudge(self.name)
        if Kinds.CROWD in full:
            self._kit.wake.nudge(self.name + CROWD)

    def _let_go(self, claimed: Claimed) -> None:
        self._in_hand -= 1
        if self._talking_to.get(claimed.ref.person_id) is claimed:
            del self._talking_to[claimed.ref.person_id]

    def _room(self, kinds: Kinds) -> int:
        share = _CROWD_SHARE if kinds is Kinds.CROWD else 1.0
        return int(self._most * share) - self._in_hand

    def _chunks(self, ready: Sequence[Ready]) -> Iterable[Sequence[Ready]]:
        size = max(1, int(self._channel.pace.overall * _CHUNK))
        return (ready[at : at + size] for at in range(0, len(ready), size))

    def _idle_seconds(self) -> float:
        """Until the next look: a second, or less when a message is due again sooner."""
        now = self._kit.clock()
        while self._due_again and self._due_again[0] <= now:
            heappop(self._due_again)
        soonest = (self._due_again[0] - now).total_seconds() if self._due_again else _LOOK_EVERY
        return min(soonest + 0.001, _LOOK_EVERY)

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            await self._kit.storage.settle()
            await asyncio.sleep(seconds)

    def _chat(self, claimed: Claimed) -> str:
        return f"{self.name}:{claimed.ref.person_id}"

    def _outgoing(self, claimed: Claimed, reply: Reply) -> Outgoing:
        reference = str(claimed.ref)
        return Outgoing(claimed.to, reply, reference, claimed.window_open, claimed.crowd, claimed.language)
