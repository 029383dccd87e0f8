"""Road 1: one message, one turn, from end to end. The only place where the pure middle meets the database.

State change, replies, effects and deduplication key are written in one transaction; nothing is sent from here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot import quick, reactions
from bot.alerts.trust import Offer, Verdict
from bot.conversation import Context, Forget, State, Subscribe, Turn, advance
from bot.effects import Effects, News, Team, once_each
from bot.errors import StaleState
from bot.flows import ALL
from bot.flows.genuine import code_in
from bot.library.library import Library
from bot.messages import Inbound, Kind, Reply
from bot.person import Address, Person, PersonId, Wish
from bot.storage.halves import KEY, Half
from bot.storage.people import Recalled
from bot.storage.work import Storage, Work
from bot.understanding.reader import NOTHING_HEARD, Reader, Understanding
from bot.wording import Wording

log = logging.getLogger(__name__)

TRIES = 5
"""Turns that are run again because another process wrote the same person first."""
GATHERED = frozenset({Kind.TEXT})
"""What may be the first half of a thought; a tap or a photo is answered alone."""
HEARD = frozenset({Kind.TEXT, Kind.REACTION})
"""What has words to be understood."""
FLOOD = 20
"""Messages a minute that one person is answered; then once "un momento", then silence until the minute is over."""


class Judge(Protocol):
    """The trust gate."""

    def judge(self, offer: Offer) -> Verdict:
        """What is wrong with an offer."""
        ...


@dataclass(frozen=True, slots=True)
class _Thought:
    """What is to be answered in one turn."""

    said: Inbound
    heard: Understanding
    events: Sequence[str] = ()  # that must be new
    held: tuple[PersonId, int] | None = None  # whose held messages it is, and how many
    half: Half | None = None  # what it goes on from: an answer to be taken back
    alone: bool = False  # it waits for nothing and takes nothing back


class _GoesOn(StaleState):
    """This is the second half of a thought whose first answer has not left."""

    def __init__(self, half: Half) -> None:
        super().__init__("the first half has not been answered yet")
        self.half = half


class Assistant:
    """Answers people."""

    def __init__(
        self,
        *,
        storage: Storage,
        reader: Callable[[], Reader],
        library: Callable[[], Library],
        wording: Wording,
        gate: Callable[[], Judge],
        clock: Callable[[], datetime],
        news: News,
        gather: Mapping[str, float],
        joins: Collection[str] = (),
        team: Team | None = None,
        public_url: str = "",
        demo: bool = False,
    ) -> None:
        self._storage = storage
        self._reader = reader
        self._library = library
        self._wording = wording
        self._gate = gate
        self._clock = clock
        self._news = news
        self._gather = gather
        self._joins = joins
        self._team = team
        self._effects = Effects(news, team, clock)
        self._public_url = public_url
        self._demo = demo
        self._lately: dict[Address, dict[str, datetime]] = {}  # who wrote what when: the last minute's events

    async def receive(self, said: Inbound, *, at_once: bool = False) -> Sequence[Reply]:
        """Answer one message, once, however often the platform delivers it. `at_once`: do not wait for more of it."""
        if said.kind is Kind.TEAM:
            if self._team is not None:
                await self._team.heard(said)
            return ()
        wait = self._gather.get(said.sender.channel, 0.0)
        if wait and not at_once and said.kind in GATHERED:
            await self._hold(said, wait)
            return ()
        return await self._answer(_Thought(said, NOTHING_HEARD, (said.event,), alone=at_once))

    async def gathered(self) -> int:
        """Answer everybody who has finished writing; gives how many turns that made."""
        now = self._clock()
        async with self._storage.work() as work:
            ready = await work.inbox.due(now)
        for person_id in ready:
            await self._answer_held(person_id)
        return len(ready)

    async def inspect(self, address: Address) -> dict[str, Any]:
        """Everything that is stored of a person, for the simulator's inspector."""
        async with self._storage.view() as work:
            recalled = await work.people.look(address)
        if recalled is None:
            return {"state": {}, "stored": {}}
        person = recalled.person
        stored = {
            "channel": person.address.channel,
            "language": str(person.language),
            "since": person.since.isoformat() if person.since else None,
            "wish": _wish_json(person),
            "consents": [
                {"topic": c.topic, "given": c.given, "at": c.at.isoformat(), "words": c.words} for c in person.consents
            ],
        }
        return {"state": dict(recalled.state), "stored": stored}

    async def _hold(self, said: Inbound, wait: float) -> None:
        async with self._storage.work() as work:
            if not await work.inbox.first_time(said.sender.channel, said.event, said.at):
                return
            recalled = await work.people.recall(said.sender, said.aliases, said.hint, said.at)
            due = said.at + timedelta(seconds=wait)
            await work.inbox.hold(recalled.person.id, said.event, quick.to_json(said), said.at, due)

    async def _answer_held(self, person_id: PersonId) -> None:
        """One turn of all that was held for a person; taking it and answering it is one transaction."""
        async with self._storage.view() as work:
            held = [quick.from_json(one) for one in await work.inbox.peek(person_id)]
        if not held:
            return
        said = replace(held[-1], text="\n".join(one.text for one in held))
        try:
            await self._answer(_Thought(said, NOTHING_HEARD, held=(person_id, len(held)), alone=True))
        except StaleState:
            log.info("still_writing")  # more came meanwhile: it stays held and is taken up when they have finished

    async def _answer(self, asked: _Thought) -> Sequence[Reply]:
        plain = thought = replace(asked, heard=await self._understood(asked.said))
        for _ in range(TRIES):
            try:
                return await self._turn(thought)
            except _GoesOn as found:
                thought = await self._together(plain, found.half)
            except StaleState:
                thought = plain
        raise StaleState(f"another process kept writing the same conversation, {TRIES} times")

    async def _understood(self, said: Inbound) -> Understanding:
        return await self._reader().understand(said.text) if said.kind in HEARD else NOTHING_HEARD

    async def _together(self, second: _Thought, half: Half) -> _Thought:
        said = replace(second.said, text=quick.joined(half.text, second.said.text))
        return replace(second, said=said, heard=await self._understood(said), half=half)

    def _weigh(self, text: str) -> Mapping[str, Any]:
        """What the trust gate says of a pasted offer; nothing of it is kept."""
        verdict = self._gate().judge(Offer(text))
        return {"hold": verdict.hold, "signals": verdict.signals}

    async def _turn(self, thought: _Thought) -> Sequence[Reply]:
        said = thought.said
        async with self._storage.work() as work:
            for event in thought.events:
                if not await work.inbox.first_time(said.sender.channel, event, said.at):
                    return ()
            if thought.held is not None and len(await work.inbox.take(thought.held[0])) != thought.held[1]:
                raise StaleState("more was written meanwhile")
            if said.kind is Kind.REACTION:
                if await reactions.count(work, said, self._clock()) or said.choice:
                    return ()
                said = replace(said, kind=Kind.TEXT)  # a thumb that stands for nothing we showed: just words
            recalled = await work.people.recall(said.sender, said.aliases, said.hint, said.at)
            person = recalled.person
            staffed = self._team is not None and await self._team.is_open(work, person.id)
            if not staffed:
                await self._look_back(work, thought, recalled)
            flood = self._flood(said)
            if flood > FLOOD:
                replies = self._moment(person) if flood == FLOOD + 1 else ()
                await self._post(work, person, replies)
                return replies
            before = State.from_json(thought.half.before if thought.half else recalled.state)
            ctx = await self._context(work, person, said, thought.heard)
            ctx = replace(ctx, handed=staffed)
            turn = advance(before, said, ctx, ALL)
            if open_now := await self._open_now(work, person, turn):
                turn = advance(before, said, replace(ctx, open_now=open_now), ALL)
            await self._write(work, recalled, thought, before, turn)
        return turn.replies

    async def _open_now(self, work: Work, person: Person, turn: Turn) -> int:
        """How many jobs are open now for somebody who wants other ones by this turn; another rhythm is no reason."""
        wish = next((effect.wish for effect in turn.effects if isinstance(effect, Subscribe)), None)
        if wish is None or (person.wish is not None and _wanted(person.wish) == _wanted(wish)):
            return 0
        return await self._news.offer(work, person.id, wish, self._clock())

    async def _look_back(self, work: Work, thought: _Thought, recalled: Recalled) -> None:
        """Take back the answer to the first half of this thought; raises StaleState when the turn must be made anew."""
        person, said = recalled.person, thought.said
        if thought.half is not None:
            if not await work.halves.take_back(person.id, thought.half):
                raise StaleState("the first answer has left meanwhile")
            return
        last = person.last_inbound
        if thought.alone or said.sender.channel not in self._joins or last is None or said.at - last > quick.LATELY:
            return
        if recalled.new or not quick.goes_on(said, thought.heard, State.from_json(recalled.state)):
            return
        half = await work.halves.waiting(person.id)
        if half is not None and quick.joined(half.text, said.text):
            raise _GoesOn(half)

    def _flood(self, said: Inbound) -> int:
        """Which message of this person's last minute it is; the same, however often its turn has to be run."""
        if len(self._lately) > 10_000:
            self._lately.clear()
        events = {e: at for e, at in self._lately.get(said.sender, {}).items() if said.at - at < timedelta(minutes=1)}
        events.setdefault(said.event, said.at)
        self._lately[said.sender] = dict(list(events.items())[-FLOOD - 2 :])
        return list(events).index(said.event) + 1 if not said.sender.value.startswith("sim:") else 0

    def _moment(self, person: Person) -> tuple[Reply, ...]:
        return (Reply(self._wording.text("flood", str(person.language))),)

    async def _context(self, work: Work, person: Person, said: Inbound, heard: Understanding) -> Context:
        code = code_in(said.text) if said.kind is Kind.TEXT else None
        if said.choice == "data" or str(heard.control) == "my_data":
            person = replace(person, extras=await work.feedback.beside(person.id))
        return Context(
            person=person,
            now=self._clock(),
            library=self._library(),
            wording=self._wording,
            heard=heard,
            demo=self._demo and said.sender.value.startswith("sim:"),
            staffed=self._team is not None,
            public_url=self._public_url,
            alerts=await self._news.sent_to(work, person) if person.wish is not None else (),
            known_codes=await self._news.known(work, code) if code else {},
            weigh=self._weigh,
        )

    async def _write(self, work: Work, recalled: Recalled, thought: _Thought, before: State, turn: Turn) -> None:
        person, said = recalled.person, thought.said
        effects, rated = once_each(turn.effects, recalled.state)
        for effect in effects:
            await self._effects.do(work, person, said, effect)
        if any(isinstance(effect, Forget) for effect in effects):
            return await self._farewell(work, person, turn.replies)
        open_end = said.sender.channel in self._joins and quick.begins(said, thought.heard, before, turn)
        half = {KEY: {"text": said.text, "before": before.to_json()}} if open_end and not thought.alone else None
        shown = await self._post(work, person, turn.replies, half)
        kept = reactions.kept(recalled.state, shown, rated)
        return await work.people.remember(person.id, turn.state.to_json() | kept, recalled.version)

    async def _post(
        self, work: Work, person: Person, replies: Sequence[Reply], beside: Mapping[str, Any] | None = None
    ) -> list[tuple[int, str]]:
        """Owe these replies; gives the number of each one that shows an article, and the article."""
        shown = []
        for reply in replies:
            number = await work.outbox.add(person.id, person.address.channel, reply, self._clock(), beside=beside)
            if reply.article:
                shown.append((number, reply.article))
        return shown

    async def _farewell(self, work: Work, person: Person, replies: Sequence[Reply]) -> None:
        """The last words reach an address that we no longer keep: it goes with the message and is gone with it."""
        await work.feedback.say_goodbye(person.id, self._clock())
        await self._post(work, person, replies)


def _wanted(wish: Wish) -> tuple[object, ...]:
    """What decides which jobs somebody is told of."""
    return wish.alerts, wish.regions, wish.sectors, wish.modes, wish.min_pay, wish.paused_until


def _wish_json(person: Person) -> dict[str, Any] | None:
    wish = person.wish
    if wish is None:
        return None
    return {
        "regions": wish.regions,
        "sectors": wish.sectors,
        "modes": wish.modes,
        "min_pay": wish.min_pay,
        "frequency": wish.frequency,
        "alerts": wish.alerts,
        "fairs": wish.fairs,
    }
