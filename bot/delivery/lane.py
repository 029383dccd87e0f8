"""One lane: everything that leaves over one channel, replies before crowds.

Claim a few, ask the limit of each chat, book places in the overall limit, save `sending`, send side by side, save what
became of them. A slow call holds up nobody but its own chat; a crowd books so little ahead that a reply goes at once.
No network call happens inside a transaction; a message is handed to the provider only after `sending` was saved under
our name.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Container, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Protocol

from bot.channels.base import Channel
from bot.delivery.calls import Calls
from bot.delivery.gate import Gate
from bot.delivery.hold import Hold
from bot.delivery.recorder import Recorder, Result
from bot.delivery.throttle import Limiter, Want
from bot.delivery.verdict import kept_back, verdict
from bot.delivery.wake import Wake
from bot.errors import OutcomeUnknown, SendFailed, Throttled
from bot.messages import Outgoing, Payload, Reply
from bot.person import PersonId
from bot.storage.outbox import CROWD, Again, Claimed, Kinds, Outcome, Ref
from bot.storage.tables import State
from bot.storage.work import Storage

log = logging.getLogger(__name__)

_LOOK_EVERY = {Kinds.REPLIES: 1.0, Kinds.CROWD: 0.4}  # a `send` from the command line calls nobody
_CHUNK = 0.05
"""A micro-batch is what may go in this many seconds. A kill can leave two of them unknown, and what flies or just did."""
_STEP = 0.02  # of a micro-batch a crowd books what may go in this many seconds, at least one message
_CLAIM = 10, 100  # a micro-batch is claimed at once, but not fewer nor more: nobody else is served meanwhile
_CROWD_FEEDERS = 2  # one claims the next batch while the other one's goes out
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
    lease: timedelta = timedelta(seconds=40)  # after so long a host that vanished is noticed; see `bot.delivery.hold`
    sweep_every: float = 2.0  # seconds between two looks for what dead workers left
    pause: float = 1.0  # seconds before an outcome that could not be saved is tried again
    reply_burst: int = 1
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
        self._calls = Calls(channel, kit.timeout, kit.clock)
        self.hold = Hold(kit.storage, kit.owner, kit.lease, kit.clock)
        self._recorder = Recorder(self.name, kit.storage, kit.owner, self._recorded, kit.noted, kit.pause)
        self._in_hand = 0
        self._talking_to: dict[PersonId, Claimed] = {}
        self._most = min(max(int(channel.pace.overall * kit.timeout), 32), max(400, int(channel.pace.overall)))
        self._gate = Gate(
            self.name,
            channel.pace.overall,
            kit.limiter,
            reply_burst=kit.reply_burst,
            sleep=self._sleep,
            closed=lambda: self._stopping,
        )
        self._due_again: list[datetime] = []
        self._turns = {kinds: asyncio.Lock() for kinds in _LOOK_EVERY}  # to claim, or to wait for something to claim
        self._nothing_more: set[Kinds] = set()
        self._crowd_goes = asyncio.Lock()  # one micro-batch of a crowd after another
        self._flights: asyncio.TaskGroup
        self._flying: set[asyncio.Task[None]] = set()

    async def run(self, grace: Callable[[], float]) -> None:
        """Send until `stop`; what flies then gets `grace` seconds, the rest goes back into the queue."""
        async with asyncio.TaskGroup() as outer:
            recording = outer.create_task(self._recorder.run())
            async with asyncio.TaskGroup() as self._flights:
                async with asyncio.TaskGroup() as feeders:
                    feeders.create_task(self._feed(Kinds.REPLIES))
                    for _ in range(_CROWD_FEEDERS):
                        feeders.create_task(self._feed(Kinds.CROWD))
                await self._landed(grace())
            self._recorder.finish()
            await recording

    async def _landed(self, within: float) -> None:
        """Wait for what flies, then cut it; who is about to leave still does."""
        give_up = asyncio.get_running_loop().time() + within
        while self._flying and (left := give_up - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self._flying, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        for task in self._flying:
            task.cancel()

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping = True
        self._kit.wake.nudge(self.name)
        self._kit.wake.nudge(self.name + CROWD)

    async def _feed(self, kinds: Kinds) -> None:
        topic = self.name + (CROWD if kinds is Kinds.CROWD else "")
        while not self._stopping:
            try:
                async with self._turns[kinds]:
                    if kinds in self._nothing_more:
                        self._nothing_more.discard(kinds)
                        await self._kit.wake.wait(topic, self._idle_seconds(kinds))
                    claimed = [] if self._stopping else await self._claimed(kinds)
                await self._send_out(claimed, kinds)
            except Exception:  # whatever it is, the lane goes on when it is over
                log.exception("lane_stumbled", extra={"lane": self.name})
                self._nothing_more.add(kinds)

    async def _claimed(self, kinds: Kinds) -> list[Claimed]:
        fewest, most = _CLAIM
        wanted = min(self._room(kinds), max(fewest, int(self._channel.pace.overall * _CHUNK)), most)
        claimed: list[Claimed] = []
        if wanted > 0:  # else the recorder calls us when there is room
            now = self._kit.clock()
            lazy = kinds is Kinds.REPLIES  # a claim lost in a crash was never made; a crowd's waits long, so save it
            async with self._kit.storage.work(lazy=lazy, single=True) as work:
                claimed = await work.outbox.claim(self.name, self._kit.owner, wanted, now, now + self._kit.lease, kinds)
            self._in_hand += len(claimed)
        if len(claimed) < max(wanted, 1):
            self._nothing_more.add(kinds)
        return claimed

    async def _send_out(self, claimed: Sequence[Claimed], kinds: Kinds) -> None:
        shown = [item for one in claimed if (item := await self._shown(one)) is not None]
        waiting = list(_cut(await self._allowed(shown), self._channel.pace.overall * _CHUNK))
        try:
            while waiting:
                await (self._reply if kinds is Kinds.REPLIES else self._tell)(waiting.pop(0))
        finally:
            self._give_back(item for chunk in waiting for item in chunk)

    async def _shown(self, claimed: Claimed) -> Ready | None:
        """The calls to make, or None: there is nothing to say, or not now."""
        talking = self._talking_to.get(claimed.ref.person_id)
        if talking is not None and talking.crowd != claimed.crowd:
            self._give_back([Ready(claimed, ())])  # a reply and a broadcast, claimed in the same instant
            return None
        try:
            reply = claimed.reply or await self._words(claimed)
            payloads = self._channel.render(self._outgoing(claimed, reply)) if reply else ()
        except SendFailed as failure:  # nobody was asked for it: WhatsApp's window closed while it waited
            self._settle(claimed, kept_back(failure, claimed, self._kit.clock()))
            return None
        except Exception:
            log.exception("cannot_render", extra={"lane": self.name, "delivery": str(claimed.ref)})
            self._settle(claimed, Outcome(claimed.ref, State.FAILED, self._kit.clock(), error="cannot_render"))
            return None
        if not payloads:
            self._settle(claimed, Outcome(claimed.ref, State.SKIPPED, self._kit.clock(), error="nothing_to_say"))
            return None
        self._talking_to[claimed.ref.person_id] = claimed
        return Ready(claimed, payloads)

    async def _allowed(self, items: Sequence[Ready]) -> Sequence[Ready]:
        """Those whose chat may be told now; the others come back when it may."""
        wanted = [self._want(item) for item in items]
        try:
            waits = await self._kit.limiter.reserve_each(wanted, self._channel.pace.chat)
        except BaseException:
            self._give_back(items)
            raise
        for item, wait in zip(items, waits, strict=True):
            if wait > 0:
                self._settle(item.claimed, Again(item.claimed.ref, self._kit.clock() + timedelta(seconds=wait)))
        return [item for item, wait in zip(items, waits, strict=True) if wait <= 0]

    def _want(self, item: Ready) -> Want:
        n = len(item.payloads)
        return Want(self._chat(item.claimed), n, 1 if item.claimed.crowd else max(self._kit.chat_burst, n))

    async def _words(self, claimed: Claimed) -> Reply | None:
        return await self._kit.contents.reply_for(claimed.ref.batch_id, claimed) if self._kit.contents else None

    async def _reply(self, chunk: Sequence[Ready]) -> None:
        """Wait for the places of these, save `sending`, let them go: a kill while they wait loses no answer."""
        waiting = list(chunk)
        try:
            moments = await self._gate.moments(_sizes(chunk), crowd=False)
            if moments is not None:
                ours = await self.hold.begin(_refs(chunk))
                waiting.clear()
                self._start(self._depart(chunk, moments, ours))
        finally:
            self._give_back(waiting)

    async def _tell(self, chunk: Sequence[Ready]) -> None:
        """Save `sending` while those before are leaving, then let these go, step by step, each at its moment."""
        waiting = list(_cut(chunk, self._channel.pace.overall * _STEP))
        try:
            await self._gate.thaw()
            ours = await self.hold.begin(_refs(chunk))
            async with self._crowd_goes:
                while waiting and (moments := await self._gate.moments(_sizes(waiting[0]), crowd=True)) is not None:
                    self._start(self._depart(waiting.pop(0), moments, ours))
        finally:
            self._give_back(item for step in waiting for item in step)

    def _start(self, flight: Coroutine[None, None, None]) -> None:
        task = self._flights.create_task(flight)
        self._flying.add(task)
        task.add_done_callback(self._flying.discard)

    async def _depart(self, step: Sequence[Ready], moments: Sequence[float], ours: Container[Ref]) -> None:
        """Let these go, each at its moment, without waiting for any to arrive."""
        waiting = list(zip(reversed(step), reversed(moments), strict=True))
        try:
            while waiting:
                item, moment = waiting[-1]
                if item.claimed.ref in ours:
                    await self._gate.leave(moment, len(item.payloads), crowd=item.claimed.crowd)
                    if self._gate.frozen:
                        return
                    self._start(self._fly(item))
                else:  # erased, or taken from us: nothing to write
                    self._let_go(item.claimed)
                waiting.pop()
        finally:
            self._give_back(item for item, _ in waiting)

    async def _fly(self, item: Ready) -> None:
        claimed = item.claimed
        result: Result
        try:
            result = await self._calls.make(claimed.ref, item.payloads)
        except SendFailed as failure:
            await self._slow_down(failure, claimed)
            result = self._judged(failure, claimed)
        except Exception:  # a bug in the channel: the message may be out
            log.exception("send_broke", extra={"lane": self.name, "delivery": str(claimed.ref)})
            result = self._judged(OutcomeUnknown("broke"), claimed)
        except asyncio.CancelledError:
            self._settle(claimed, self._judged(OutcomeUnknown("stopped while sending"), claimed))
            raise
        self._settle(claimed, result)

    async def _slow_down(self, failure: SendFailed, claimed: Claimed) -> None:
        if not isinstance(failure, Throttled):
            return
        if failure.whole:
            self._gate.freeze(failure.after)
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
        self.hold.end(claimed.ref)
        if self._talking_to.get(claimed.ref.person_id) is claimed:
            del self._talking_to[claimed.ref.person_id]

    def _room(self, kinds: Kinds) -> int:
        share = _CROWD_SHARE if kinds is Kinds.CROWD else 1.0
        return int(self._most * share) - self._in_hand

    def _idle_seconds(self, kinds: Kinds) -> float:
        """Until the next look, or less when a message is due again sooner."""
        now = self._kit.clock()
        while self._due_again and self._due_again[0] <= now:
            heappop(self._due_again)
        soonest = (self._due_again[0] - now).total_seconds() if self._due_again else math.inf
        return min(soonest + 0.001, _LOOK_EVERY[kinds])

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            await self._kit.storage.settle()
            await asyncio.sleep(seconds)

    def _chat(self, claimed: Claimed) -> str:
        return f"{self.name}:{claimed.ref.person_id}"

    def _outgoing(self, claimed: Claimed, reply: Reply) -> Outgoing:
        reference = str(claimed.ref)
        return Outgoing(claimed.to, reply, reference, claimed.window_open, claimed.crowd, claimed.language)


def _refs(items: Sequence[Ready]) -> list[Ref]:
    return [item.claimed.ref for item in items]


def _sizes(items: Sequence[Ready]) -> list[int]:
    return [len(item.payloads) for item in items]


def _cut(items: Sequence[Ready], size: float) -> Iterable[Sequence[Ready]]:
    """In pieces of that size, at least of one."""
    n = max(1, int(size))
    return (items[at : at + n] for at in range(0, len(items), n))
