"""Drafts: made from a fair's file or from somebody's text, and made again when the file has changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.broadcasts import compose
from bot.broadcasts.audience import Audience, Kind, Topic, chosen
from bot.broadcasts.states import NotPossible
from bot.choosing import fold
from bot.library.fairs import Fair
from bot.library.library import Library
from bot.messages import LONGEST_REPLY
from bot.person import Person
from bot.storage.broadcasts import Announcement, Broadcasts, Draft
from bot.storage.work import Storage
from bot.wording import Wording

PRIORITIES = {Kind.CORRECTION: 3, Kind.REMINDER: 4}
ON_UNKNOWN = ("skip", "resend")
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Choosing:
    """The audience as somebody names it: codes or names, empty for any."""

    regions: Sequence[str] = ()
    sectors: Sequence[str] = ()
    languages: Sequence[str] = ()
    channels: Sequence[str] = ()
    registered: str = ""  # only people registered for this fair


class Drafts:
    """Makes drafts."""

    def __init__(
        self, storage: Storage, library: Callable[[], Library], wording: Wording, clock: Callable[[], datetime]
    ) -> None:
        self._storage = storage
        self._library = library
        self._wording = wording
        self._clock = clock

    async def fair(self, fair_id: str, by: str, choosing: Choosing, kind: Kind, on_unknown: str) -> int:
        """From a fair's file; gives the number."""
        by, fair = name_of(by), self._fair(fair_id, kind, self._clock())
        if kind is Kind.FAIR and not choosing.regions and not choosing.registered:
            choosing = replace(choosing, regions=(fair.region,))
        topic = Topic.ASKED if kind is Kind.REMINDER else Topic.FAIRS
        body = compose.of_fair(kind, fair.id, self._library(), self._wording)
        return await self._draft(kind, topic, body, choosing, fair.id, by, on_unknown)

    async def text(self, texts: Mapping[str, str], by: str, choosing: Choosing, topic: Topic, on_unknown: str) -> int:
        """From somebody's words; gives the number."""
        body = compose.of_text(texts, topic, self._wording)
        if not body:
            raise NotPossible("empty")
        return await self._draft(Kind.TEXT, topic, body, choosing, "", name_of(by), on_unknown)

    def up_to_date(self, one: Announcement, now: datetime) -> Announcement:
        """The draft with the words that its fair's file has now. Once it went out to somebody no word may change."""
        if Kind(one.kind) is Kind.TEXT:
            return one
        self._fair(one.subject, Kind(one.kind), now)
        fresh = compose.of_fair(Kind(one.kind), one.subject, self._library(), self._wording)
        self._refuse_long(fresh, Kind(one.kind))
        body = compose.stored(fresh)
        if body == one.body:
            return one
        if one.total:
            raise NotPossible("changed_fair")
        return replace(one, body=body, body_hash=compose.fingerprint(one.kind, one.topic, body))

    def fair_of(self, one: Announcement) -> Fair | None:
        """The fair that it is about."""
        return self._library().fair(one.subject) if one.subject else None

    def is_example(self, one: Announcement) -> bool:
        """Whether it is about a fair that was invented to show how things work; the people it would go to are real."""
        fair = self.fair_of(one)
        return fair is not None and fair.example

    def _fair(self, fair_id: str, kind: Kind, now: datetime) -> Fair:
        library = self._library()
        fair = library.fair(fair_id)
        if fair is None:
            raise NotPossible("fair", name=fair_id, known=", ".join(f.id for f in library.upcoming(now)) or "-")
        if (fair.start if kind is Kind.REMINDER else fair.end) <= now:
            raise NotPossible("fair_past", title=fair.title, date=self._wording.date(fair.start))
        if fair.status == "draft" or (kind is not Kind.CORRECTION and not fair.announced):
            raise NotPossible("fair_status", title=fair.title, status=fair.status)
        return fair

    async def _draft(
        self, kind: Kind, topic: Topic, body: compose.Body, choosing: Choosing, subject: str, by: str, on_unknown: str
    ) -> int:
        audience = self._audience(choosing)
        if on_unknown not in ON_UNKNOWN:
            raise NotPossible("on_unknown", name=on_unknown)
        self._refuse_long(body, kind)
        words, data = next(iter(body.values())), compose.stored(body)
        mark = compose.fingerprint(kind, topic, data)
        new = Draft(
            kind, topic, data, audience.to_json(), PRIORITIES.get(kind, 5), on_unknown, subject, words.title, by, mark
        )
        async with self._storage.work() as work:
            return await Broadcasts(work.line, work.vault).draft(new, self._clock())

    def _audience(self, choosing: Choosing) -> Audience:
        library = self._library()
        if choosing.registered and library.fair(choosing.registered) is None:
            raise NotPossible("fair", name=choosing.registered, known="-")
        return chosen(
            library.country,
            choosing.regions,
            choosing.sectors,
            choosing.languages,
            choosing.channels,
            choosing.registered,
        )

    def _refuse_long(self, body: compose.Body, kind: Kind) -> None:
        long = compose.too_long(body, kind, self._wording)
        if long:
            channel, language, length = max(long, key=lambda each: each[2])
            raise NotPossible("long", channel=channel, language=language, n=length, most=LONGEST_REPLY)


def name_of(by: str) -> str:
    """Somebody's name as it is kept; raises NotPossible without one."""
    name = " ".join(by.split())[:_LONGEST_NAME]
    if not name:
        raise NotPossible("no_name")
    return name


def identity(person: Person) -> str:
    """The name that somebody of the team has by the chat; a link to the console made for them carries it too."""
    return person.staff_name or f"equipo-{person.id}"


def same_person(one: str, other: str) -> bool:
    """Two names mean the same person, however they are typed: capitals, accents and spaces do not count."""
    return (fold(one) or name_of(one)) == (fold(other) or name_of(other))


def refuse_other(one: Announcement, plan_hash: str) -> None:
    """Raise NotPossible when this is not the plan that was seen, of which this is the hash or how it begins."""
    if plan_hash and not one.plan_hash.startswith(plan_hash):
        raise NotPossible("other_plan")
