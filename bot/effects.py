"""What a turn asks the world to do, done inside the turn's own unit of work. Nothing is sent from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bot.conversation import (
    CallHuman,
    ChooseLanguage,
    DecideNews,
    Effect,
    Forget,
    LeaveHuman,
    Missed,
    PrepareNews,
    Rated,
    Reachable,
    RegisterFair,
    Relay,
    ReportVacancy,
    Subscribe,
    Unsubscribe,
)
from bot.messages import Inbound
from bot.person import Consent, Language, Person, PersonId, Wish
from bot.storage.work import Work
from bot.understanding.scrub import scrub

RATINGS_KEPT = 20
"""Articles of which we remember that this person has rated them already."""


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

    async def wish_changed(self, work: Work, person_id: PersonId, wish: Wish, now: datetime) -> None:
        """This person wants something else, or at other times, from now on."""
        ...

    async def offer(self, work: Work, person_id: PersonId, wish: Wish, now: datetime) -> int:
        """What is open now and fits this wish is offered by the answer; gives how many jobs that are."""
        ...

    async def requested(self, work: Work, person: Person, effect: PrepareNews | DecideNews, now: datetime) -> None:
        """Somebody of the team asked for an announcement."""
        ...


class Team(Protocol):
    """The people of the organisation who read along."""

    async def is_open(self, work: Work, person_id: PersonId) -> bool:
        """Whether somebody of the team is talking with this person."""
        ...

    async def call(self, work: Work, person: Person, topic: str) -> None:
        """This person asks for a person."""
        ...

    async def relay(self, work: Work, person: Person, text: str) -> None:
        """This person says something to the team."""
        ...

    async def leave(self, work: Work, person: Person) -> None:
        """This person has ended the conversation with the team, or is about to be erased."""
        ...

    async def heard(self, said: Inbound) -> None:
        """Somebody of the team wrote in their group."""
        ...


class Effects:
    """Does what turns ask for."""

    def __init__(self, news: News, team: Team | None, clock: Callable[[], datetime]) -> None:
        self._news = news
        self._team = team
        self._clock = clock

    async def do(self, work: Work, person: Person, said: Inbound, effect: Effect) -> None:
        """Do one of them; `Forget` is done last, by the caller."""
        now = self._clock()
        match effect:
            case Subscribe() | Unsubscribe():
                await self._consent(work, person, said, effect)
            case ChooseLanguage(language, chosen):
                await work.people.choose_language(person.id, Language(language), chosen=chosen)
            case Reachable(reachable):
                await work.people.set_reachable(person.id, reachable)
            case ReportVacancy(vacancy):
                await self._news.reported(work, person.id, vacancy, now)
            case PrepareNews() | DecideNews():
                await self._news.requested(work, person, effect, now)
            case CallHuman() | Relay() | LeaveHuman() | Forget():
                await self._human(work, person, effect)
            case Missed() | Rated() | RegisterFair():
                await self._note(work, person, effect)

    async def _human(self, work: Work, person: Person, effect: CallHuman | Relay | LeaveHuman | Forget) -> None:
        if self._team is None:
            return
        match effect:
            case CallHuman(topic):
                await self._team.call(work, person, topic)
            case Relay(text):
                await self._team.relay(work, person, text)
            case LeaveHuman() | Forget():
                await self._team.leave(work, person)

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
            await self._news.wish_changed(work, person.id, effect.wish, now)
            for topic in _newly(person, effect.wish):
                await work.people.consent(person.id, Consent(topic, True, now, channel, effect.words))
            return
        for topic in ("alerts", "fairs") if effect.scope == "all" else (effect.scope,):
            await work.people.end(person.id, topic)
            if topic == "fairs":
                await work.feedback.forget_reminders(person.id)
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


def once_each(effects: Sequence[Effect], remembered: Mapping[str, Any]) -> tuple[Sequence[Effect], list[str]]:
    """The effects without ratings of articles that this person has rated before, and the articles rated by now."""
    rated = [str(article) for article in remembered.get("rated", ())]
    kept: list[Effect] = []
    for effect in effects:
        if isinstance(effect, Rated):
            if effect.article in rated:
                continue
            rated.append(effect.article)
        kept.append(effect)
    return kept, rated[-RATINGS_KEPT:]
