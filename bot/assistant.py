"""Road 1: one message, one turn, from end to end. The only place where the pure middle meets the database.

State change, replies, effects and deduplication key are written in one transaction; nothing is sent from here.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.alerts.trust import Offer, Verdict
from bot.conversation import (
    CallHuman,
    ChooseLanguage,
    Context,
    DecideNews,
    Effect,
    Forget,
    Missed,
    PrepareNews,
    Rated,
    Reachable,
    RegisterFair,
    ReportVacancy,
    State,
    Subscribe,
    Turn,
    Unsubscribe,
    advance,
)
from bot.errors import StaleState
from bot.flows import ALL
from bot.flows.genuine import code_in
from bot.library.library import Library
from bot.messages import Inbound, Kind, Reply
from bot.person import Address, Consent, Language, Person, PersonId, Wish
from bot.storage.work import Storage, Work
from bot.understanding.reader import NOTHING_HEARD, Reader, Understanding
from bot.understanding.scrub import scrub
from bot.wording import Wording

log = logging.getLogger(__name__)

TRIES = 5
"""Turns that are run again because another process wrote the same person first."""
GATHERED = frozenset({Kind.TEXT})
"""What may be the first half of a thought; a tap or a photo is answered alone."""
FLOOD = 20
"""Messages a minute that one person is answered; then once "un momento", then silence until the minute is over."""


class Judge(Protocol):
    """The trust gate."""

    def judge(self, offer: Offer) -> Verdict:
        """What is wrong with an offer."""
        ...


class News(Protocol):
    """What the other road knows that a conversation may ask about."""

    async def sent_to(self, work: Work, person: Person) -> Sequence[Mapping[str, Any]]:
        """The vacancies that this person was sent lately: id, title, employer."""
        ...

    async def known(self, work: Work, code: str) -> Mapping[str, str]:
        """The announcement that carries this code: code to title; empty when it is none of ours."""
        ...

    async def reported(self, work: Work, person_id: PersonId, vacancy: str, now: datetime) -> None:
        """This person says that a vacancy is not honest."""
        ...

    async def requested(self, work: Work, person: Person, effect: PrepareNews | DecideNews, now: datetime) -> None:
        """Somebody of the team asked for an announcement."""
        ...


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
        tell_team: Callable[[Work, Person, str], Awaitable[None]] | None = None,
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
        self._tell_team = tell_team
        self._public_url = public_url
        self._demo = demo
        self._lately: dict[Address, list[datetime]] = {}

    async def receive(self, said: Inbound, *, at_once: bool = False) -> Sequence[Reply]:
        """Answer one message, once, however often the platform delivers it. `at_once`: do not wait for more of it."""
        wait = self._gather.get(said.sender.channel, 0.0)
        if wait and not at_once and said.kind in GATHERED:
            await self._hold(said, wait)
            return ()
        return await self._answer(said, (said.event,))

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
            await work.inbox.hold(recalled.person.id, said.event, _to_json(said), said.at, due)

    async def _answer_held(self, person_id: PersonId) -> None:
        """One turn of all that was held for a person; taking it and answering it is one transaction."""
        async with self._storage.view() as work:
            held = [_from_json(one) for one in await work.inbox.peek(person_id)]
        if not held:
            return
        said = replace(held[-1], text="\n".join(one.text for one in held))
        try:
            await self._answer(said, (), taking=(person_id, len(held)))
        except StaleState:
            log.info("still_writing")  # more came meanwhile: it stays held and is taken up when they have finished

    async def _answer(
        self, said: Inbound, events: Sequence[str], taking: tuple[PersonId, int] | None = None
    ) -> Sequence[Reply]:
        heard = await self._reader().understand(said.text) if said.kind is Kind.TEXT else NOTHING_HEARD
        for _ in range(TRIES):
            try:
                return await self._turn(said, events, heard, taking)
            except StaleState:
                continue
        raise StaleState(f"another process kept writing the same conversation, {TRIES} times")

    def _weigh(self, text: str) -> Mapping[str, Any]:
        """What the trust gate says of a pasted offer; nothing of it is kept."""
        verdict = self._gate().judge(Offer(text))
        return {"hold": verdict.hold, "signals": verdict.signals}

    async def _turn(
        self,
        said: Inbound,
        events: Sequence[str],
        heard: Understanding,
        taking: tuple[PersonId, int] | None,
    ) -> Sequence[Reply]:
        async with self._storage.work() as work:
            for event in events:
                if not await work.inbox.first_time(said.sender.channel, event, said.at):
                    return ()
            if taking is not None and len(await work.inbox.take(taking[0])) != taking[1]:
                raise StaleState("more was written meanwhile")
            recalled = await work.people.recall(said.sender, said.aliases, said.hint, said.at)
            person = recalled.person
            flood = self._flood(said)
            if flood > FLOOD:
                replies = self._moment(person) if flood == FLOOD + 1 else ()
                await self._post(work, person, replies)
                turn = Turn(State.from_json(recalled.state), replies)
            else:
                state = State.from_json(recalled.state)
                ctx = await self._context(work, person, said, heard)
                turn = advance(state, said, ctx, ALL)
                await self._write(work, person, said, turn, recalled.version)
        return turn.replies

    def _flood(self, said: Inbound) -> int:
        now = said.at
        if len(self._lately) > 10_000:
            self._lately.clear()
        times = [at for at in self._lately.get(said.sender, ()) if now - at < timedelta(minutes=1)]
        times.append(now)
        self._lately[said.sender] = times[-FLOOD - 2 :]
        return len(times) if not said.sender.value.startswith("sim:") else 0

    def _moment(self, person: Person) -> tuple[Reply, ...]:
        return (Reply(self._wording.text("flood", str(person.language))),)

    async def _context(self, work: Work, person: Person, said: Inbound, heard: Understanding) -> Context:
        code = code_in(said.text) if said.kind is Kind.TEXT else None
        return Context(
            person=person,
            now=self._clock(),
            library=self._library(),
            wording=self._wording,
            heard=heard,
            demo=self._demo and said.sender.value.startswith("sim:"),
            staffed=self._tell_team is not None,
            public_url=self._public_url,
            alerts=await self._news.sent_to(work, person) if person.wish is not None else (),
            known_codes=await self._news.known(work, code) if code else {},
            weigh=self._weigh,
        )

    async def _write(self, work: Work, person: Person, said: Inbound, turn: Turn, version: int) -> None:
        for effect in turn.effects:
            await self._do(work, person, said, effect)
        if any(isinstance(effect, Forget) for effect in turn.effects):
            return await self._farewell(work, person, turn.replies)
        await work.people.remember(person.id, turn.state.to_json(), version)
        return await self._post(work, person, turn.replies)

    async def _post(self, work: Work, person: Person, replies: Sequence[Reply]) -> None:
        for reply in replies:
            await work.outbox.add(person.id, person.address.channel, reply, self._clock())

    async def _farewell(self, work: Work, person: Person, replies: Sequence[Reply]) -> None:
        """The last words reach an address that we no longer keep: it goes with the message and is gone with it."""
        await work.feedback.say_goodbye(person.id, self._clock())
        await self._post(work, person, replies)

    async def _do(self, work: Work, person: Person, said: Inbound, effect: Effect) -> None:
        now = self._clock()
        match effect:
            case Subscribe() | Unsubscribe():
                await self._consent(work, person, said, effect)
            case ChooseLanguage(language, chosen):
                await work.people.choose_language(person.id, Language(language), chosen=chosen)
            case Reachable(reachable):
                await work.people.set_reachable(person.id, reachable)
            case CallHuman(topic):
                if self._tell_team is not None:
                    await self._tell_team(work, person, topic)
            case ReportVacancy(vacancy):
                await self._news.reported(work, person.id, vacancy, now)
            case PrepareNews() | DecideNews():
                await self._news.requested(work, person, effect, now)
            case Missed() | Rated() | RegisterFair():
                await self._note(work, person, effect)
            case Forget():
                pass  # done last, by `_farewell`

    async def _note(self, work: Work, person: Person, effect: Missed | Rated | RegisterFair) -> None:
        """What a conversation leaves behind without naming anybody, and reminders that were asked for."""
        now = self._clock()
        match effect:
            case Missed(text):
                await work.feedback.missed(person.address.channel, str(person.language), scrub(text), now)
            case Rated(article, helped):
                await work.feedback.count("helped" if helped else "not_helped", article, now.date())
            case RegisterFair(fair):
                await work.feedback.register(person.id, fair, now)

    async def _consent(self, work: Work, person: Person, said: Inbound, effect: Subscribe | Unsubscribe) -> None:
        """Write down what news are wanted, and the proof of the consent or of its end."""
        now, channel = self._clock(), said.sender.channel
        if isinstance(effect, Subscribe):
            await work.people.subscribe(person.id, effect.wish)
            for topic in _newly(person, effect.wish):
                await work.people.consent(person.id, Consent(topic, True, now, channel, effect.words))
            return
        for topic in ("alerts", "fairs") if effect.scope == "all" else (effect.scope,):
            await work.people.end(person.id, topic)
            await work.people.consent(person.id, Consent(topic, False, now, channel, effect.words))


def _newly(person: Person, wish: Wish) -> list[str]:
    """What this wish consents to and the one before did not: a change of region is no new consent."""
    before = person.wish
    return [
        topic
        for topic, now, then in (
            ("alerts", wish.alerts, before is not None and before.alerts),
            ("fairs", wish.fairs, before is not None and before.fairs),
        )
        if now and not then
    ]


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


def _to_json(said: Inbound) -> dict[str, Any]:
    """What must survive until the turn is made."""
    return {
        "event": said.event,
        "channel": said.sender.channel,
        "address": said.sender.value,
        "at": said.at.isoformat(),
        "text": said.text,
        "hint": said.hint,
    }


def _from_json(data: Mapping[str, Any]) -> Inbound:
    return Inbound(
        event=data["event"],
        sender=Address(data["channel"], data["address"]),
        at=datetime.fromisoformat(data["at"]),
        text=data["text"],
        hint=data["hint"],
    )
