"""Hands out the digests of vacancies that are due, each person in a unit of work of their own. Sends nothing itself.

Nothing is lost: people who may not be told now (paused, enough news for a day, WhatsApp's window closed and no template)
are told later, and a digest that the closed window kept back waits again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.alerts.digest import MORE, Words, count_lines, digest
from bot.alerts.matching import meets, why
from bot.broadcasts.plan import MOST_A_DAY
from bot.channels.whatsapp_content import Category, TemplateText
from bot.errors import StaleState
from bot.messages import Choice, Reply, Template
from bot.offered import offer
from bot.person import Person, PersonId, Wish
from bot.storage.crowd import Crowd
from bot.storage.matching import Due, Matching
from bot.storage.outbox import WINDOW
from bot.storage.work import Storage, Work
from bot.wording import LANGUAGES, Wording

SHOWN = 60
"""The most vacancies, told lately or open now, that the conversation shows."""
TOLD_AT = time(9)
"""When daily and weekly digests are due, at home."""
TEMPLATE = "rumbo_vacantes"
"""The WhatsApp template that says how many there are; its button, or any message, opens the window."""
WITHHELD = frozenset({"63049", "63032"})
"""Codes of Twilio for a message that WhatsApp kept back today: another day it may pass."""
NO_WINDOW = "63016"
"""Twilio's code for free text outside the window."""

Send = Callable[[Work, Person, Reply], Awaitable[int | None]]
"""Owes a person an alert, in the unit of work that marks it as told; gives the number of the delivery."""


class Digests:
    """Who is told when, and of what. One for the process."""

    def __init__(
        self, storage: Storage, zone: ZoneInfo, region: Callable[[str], str], clock: Callable[[], datetime]
    ) -> None:
        """`region` names a department."""
        self._storage = storage
        self._zone = zone
        self._region = region
        self._clock = clock

    def due(self, now: datetime) -> Due:
        """When a vacancy that opens now is due, for each rhythm of digests."""
        local = now.astimezone(self._zone)
        first = datetime.combine(local.date(), TOLD_AT, self._zone)
        first = first if first >= local else first + timedelta(days=1)
        weekly = {(first + timedelta(days=ahead)).weekday(): first + timedelta(days=ahead) for ahead in range(7)}
        return Due(now, first, weekly)

    async def tell(
        self, words: Words, send: Send, limit: int = 200, templates: Collection[tuple[str, str]] = frozenset()
    ) -> int:
        """Hand out what is due; gives how many messages that made. `templates`: the approved (name, language)."""
        now = self._clock()
        made = 0
        async with self._storage.view() as work:
            people = await Matching(work.line).due(now, 0, limit)
        for person_id in people:
            try:
                async with self._storage.work() as work:
                    made += await self._tell(work, person_id, words, send, templates)
            except StaleState:
                continue  # they are writing just now; the next round takes them
        return made

    async def wake(self, templates: Collection[tuple[str, str]]) -> None:
        """Make digests due again for people whose window has opened or whose template was approved."""
        async with self._storage.view() as work:
            if not await Matching(work.line).anybody_waits():
                return
        now = self._clock()
        languages = sorted(language for name, language in templates if name == TEMPLATE)
        async with self._storage.work() as work:
            await Matching(work.line).wake(now, now - WINDOW, languages)

    async def wish_changed(self, work: Work, person_id: PersonId, wish: Wish, now: datetime) -> None:
        """Move what waits to the new rhythm or the end of the pause; vacancies that no longer fit are dropped when telling."""
        due = self.due(now)
        at = {"now": due.now, "daily": due.daily}.get(wish.frequency, due.weekly[wish.weekday or 0])
        at = max(at, wish.paused_until) if wish.paused_until else at
        await Matching(work.line).reschedule(person_id, at)

    async def offer(self, work: Work, person_id: PersonId, wish: Wish, now: datetime) -> int:
        """Offer in an answer what is open now and fits; gives how many jobs. It is not sent again by itself."""
        matching = Matching(work.line)
        found = await matching.open_for(person_id, wish, now, SHOWN)
        await matching.offered(person_id, found, now)
        return count_lines(found)

    async def undelivered(self, work: Work, person_id: PersonId, batch_id: int, error: str) -> bool:
        """A delivery failed: if it was a digest that the window or WhatsApp kept back, it waits for another time."""
        if error not in WITHHELD and NO_WINDOW not in error:
            return False
        until = self.due(self._clock()).daily if error in WITHHELD else None
        return await Matching(work.line).untold(person_id, batch_id, until)

    async def waiting(self) -> Mapping[str, Mapping[str, int]]:
        """How many people and vacancies wait for a window or a template, by language."""
        async with self._storage.view() as work:
            rows = await Matching(work.line).count_waiting(self._clock())
        return {language: {"people": people, "vacancies": vacancies} for language, people, vacancies in rows}

    async def sent_to(self, work: Work, person: Person, limit: int = SHOWN) -> Sequence[Mapping[str, Any]]:
        """What this person was told of lately, newest first: the vacancy as JSON, when (`at`) and `why` as (what, value).

        `past`: it was only offered in an answer, and they want something else now.
        """
        now, wish = self._clock(), person.wish
        return [
            {
                **vacancy.to_json(),
                "at": at,
                "why": why(wish, vacancy) if wish else (),
                "past": offered and (wish is None or meets(wish, vacancy, now) is not None),
            }
            for vacancy, at, offered in await Matching(work.line).lately(person.id, limit)
        ]

    async def _tell(
        self, work: Work, person_id: PersonId, words: Words, send: Send, templates: Collection[tuple[str, str]]
    ) -> int:
        matching, now = Matching(work.line), self._clock()
        person = await work.people.by_id(person_id)
        wish = person.wish if person is not None and person.reachable else None
        if person is None or wish is None or not wish.alerts:
            await matching.drop(person_id, now)
            return 0
        if wish.paused_until and wish.paused_until > now:
            await matching.postpone(person_id, now, wish.paused_until)
            return 0
        await Crowd(work.line).beside_writing()
        if await matching.times_told(person_id, self._today(now)) >= MOST_A_DAY:
            await matching.postpone(person_id, now, self._tomorrow(now))
            return 0
        vacancies = [one for one in await matching.waiting(person_id, now) if meets(wish, one, now) is None]
        language = str(person.language)
        closed = person.address.channel == "whatsapp" and not _window(person, now)
        if vacancies and closed and (TEMPLATE, language) not in templates:
            await matching.postpone(person_id, now, None)
            return 0
        if vacancies:
            reply = digest(vacancies, words, language, self._region).reply
            reply = Reply(reply.text, reply.choices, template=_template(len(vacancies), language))
            batch_id = await send(work, person, reply)
            shown = (Choice(MORE, words.text("digest.open", language)),) if closed else reply.choices
            await offer(work, person, shown, now)
            told = [one.id for one in vacancies]
            await matching.told(person_id, told, now, batch_id, by_template=closed)
        await matching.drop(person_id, now)
        return int(bool(vacancies))

    def _today(self, now: datetime) -> datetime:
        local = now.astimezone(self._zone)
        return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(now.tzinfo)

    def _tomorrow(self, now: datetime) -> datetime:
        day = now.astimezone(self._zone).date() + timedelta(days=1)
        return datetime.combine(day, TOLD_AT, self._zone)


def template_texts(wording: Wording) -> list[TemplateText]:
    """The template of digests in every language, to be handed in for approval."""
    return [
        TemplateText(
            TEMPLATE,
            language,
            Category.MARKETING,
            wording.text("template.vacancies", language, count="{{1}}"),
            {"1": "3"},
            (Choice(MORE, wording.text("digest.open", language)),),
        )
        for language in LANGUAGES
    ]


def _window(person: Person, now: datetime) -> bool:
    return person.last_inbound is not None and now - person.last_inbound < WINDOW


def _template(count: int, language: str) -> Template:
    return Template(TEMPLATE, language, {"1": str(count)})
