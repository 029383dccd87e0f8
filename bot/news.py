"""Road 2, joined: the vacancy desk and the announcements, as the conversation, the chores and the commands need them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from bot import digests
from bot.alerts.postings import Reader
from bot.broadcast import Broadcaster
from bot.broadcasts import compose
from bot.broadcasts.contents import Contents, Learn
from bot.broadcasts.desk import NewsDesk
from bot.broadcasts.runner import EARLY
from bot.broadcasts.spend import Ledger, Month
from bot.channels.whatsapp_content import TemplateText
from bot.chores import Chore
from bot.conversation import DecideNews, PrepareNews
from bot.feed_desk import FeedDesk
from bot.fetching import fetch
from bot.library.library import Library
from bot.messages import DeliveryStatus, Receipt, Reply
from bot.mind import Mind
from bot.person import Person, PersonId, Wish
from bot.settings import Settings
from bot.storage.outbox import Ref
from bot.storage.templates import Content, Templates
from bot.storage.work import Storage, Work
from bot.vacancies import Office, VacancyDesk
from bot.wording import Wording


def minimum_wage(library: Library) -> float:
    """Soles a month, from `datos.yaml`; 0 when it is not known."""
    datum = library.datos.get(library.country.minimum_wage)
    return float(datum.value) if datum is not None and datum.value is not None else 0.0


def reader_of(mind: Mind) -> Reader:
    """Who reads vacancies of this country, with the words and places in service."""
    country = mind.library.country
    sectors = {sector.id: sector.words for sector in country.sectors}
    words, wage = mind.words, minimum_wage(mind.library)
    return Reader.of(words.vacancies, words.gazetteer, wage, country.time_zone, sectors)


def template_texts(wording: Wording) -> list[TemplateText]:
    """Every WhatsApp template that news need, to be handed in for approval."""
    return [*compose.template_texts(wording), *digests.template_texts(wording)]


def contents_of(sids: Mapping[tuple[str, str], str], wording: Wording) -> dict[tuple[str, str], Content]:
    """These templates with the words that they have now; `sids` by (name, language), just asked for by their words."""
    names = {(text.name, text.language): text.full_name for text in template_texts(wording)}
    return {name: Content(sid, names[name]) for name, sid in sids.items() if name in names}


def feed_desk(storage: Storage, desk: VacancyDesk, http: httpx.AsyncClient, clock: Callable[[], datetime]) -> FeedDesk:
    """Who follows feeds over this client."""
    return FeedDesk(storage, desk, lambda url, *, etag, modified: fetch(url, http, etag, modified), clock)


class News:
    """Vacancies and announcements of one process."""

    def __init__(
        self,
        chosen: Settings,
        storage: Storage,
        mind: Mind,
        clock: Callable[[], datetime],
        new_id: Callable[[], int],
        approved: Callable[[], Collection[tuple[str, str]]] = frozenset,
        http: httpx.AsyncClient | None = None,
        learn: Learn | None = None,
    ) -> None:
        """`approved`: the WhatsApp templates, (name, language), that may be used now. `http`: how feeds are fetched.

        `learn`: told where the templates stand when another process has asked Twilio.
        """
        self._mind = mind
        self._storage = storage
        self._clock = clock
        country = mind.library.country
        self.zone = country.zone
        office = Office(self.reader, lambda: mind.gate, self.minimum_wage, country.zone)
        self.desk = VacancyDesk(storage, office, clock, new_id)
        self.feeds = feed_desk(storage, self.desk, http, clock) if http is not None else None
        self.broadcaster = Broadcaster(
            storage=storage,
            library=lambda: mind.library,
            wording=mind.wording,
            rates=lambda: mind.words.rates,
            paces={"telegram": chosen.telegram_rate, "whatsapp": chosen.whatsapp_rate},
            clock=clock,
            approval_above=chosen.approval_above,
            templates=approved,
        )
        self.office = NewsDesk(storage, self.broadcaster, mind.wording)
        self._ledger = Ledger(storage, lambda: mind.library.country, lambda: mind.words.rates, self._run_out)
        self.tell_team: Callable[[Work, str], Awaitable[None]] | None = None
        """How the team's group is told something; None: there is no group."""
        self.contents = Contents(storage, mind.wording, approved, learn)
        self._approved = approved
        self._read: tuple[object, Reader] | None = None

    def minimum_wage(self) -> float:
        """Soles a month, from `datos.yaml`."""
        return minimum_wage(self._mind.library)

    def reader(self) -> Reader:
        """Who reads vacancies with the present content."""
        words, country = self._mind.words, self._mind.library.country
        made_from = (words.vacancies, words.gazetteer, country, self.minimum_wage())
        if self._read is None or self._read[0] != made_from:
            self._read = (made_from, reader_of(self._mind))
        return self._read[1]

    def chores(self) -> Sequence[Chore]:
        """What must be done now and then for news to go out."""
        return (
            Chore("announcements", 1.0, self._announce),
            Chore("requests", 1.0, self._answer),
            Chore("alerts", 5.0, self._tell),
            Chore("waiting", 15.0, self._wake),
            Chore("spend", 600.0, self._book),
            Chore("partners", 3600.0, self.desk.purge),
            *([Chore("feeds", 30.0, self.feeds.look_at_due)] if self.feeds is not None else []),
        )

    async def _announce(self) -> None:
        if await self.broadcaster.advance(self._clock()):
            await self._book()

    async def _answer(self) -> None:
        await self.office.answer(self._clock())

    async def _book(self) -> None:
        await self._ledger.book(self._clock())

    async def _run_out(self, work: Work, month: Month) -> None:
        """Few free messages are left."""
        if self.tell_team is not None:
            await self.tell_team(work, self._mind.wording.text("team.spend", **month.to_json()))

    async def _tell(self) -> None:
        """Hand out the digests that are due; nobody is woken for one."""
        await self.desk.match()
        now, country = self._clock(), self._mind.library.country
        if not country.quiet(now) and not country.quiet(now + EARLY):
            await self.desk.tell(self._mind.wording, self._owe, templates=self._approved())

    async def _wake(self) -> None:
        """Whose window opened meanwhile, or whose language has a template by now, is told what waited."""
        await self.contents.refresh()
        await self.desk.digests.wake(self._approved())

    async def _owe(self, work: Work, person: Person, reply: Reply) -> int:
        return await work.outbox.add(person.id, person.address.channel, reply, self._clock(), urgent=False, once=True)

    async def know_templates(
        self, categories: Mapping[tuple[str, str], str], sids: Mapping[tuple[str, str], str] | None = None
    ) -> None:
        """These templates, (name, language), are approved now, each in the category that Meta decided, under this SID."""
        contents = None if sids is None else contents_of(sids, self._mind.wording)
        async with self._storage.work() as work:
            await Templates(work.line).know(categories, self._clock(), contents)

    async def month(self) -> Month:
        """The billed messages of this month, by the books."""
        return await self._ledger.month(self._clock())

    async def spend(self) -> Mapping[str, int]:
        """The same as operators watch it."""
        month = await self.month()
        return {"used": month.used, "free": month.free, "forecast": month.forecast, "templates": month.templates}

    async def requested(self, work: Work, person: Person, effect: PrepareNews | DecideNews, now: datetime) -> None:
        """Somebody of the team asked for an announcement by chat."""
        await self.office.take(work, person, effect, now)

    async def wish_changed(self, work: Work, person_id: PersonId, wish: Wish, now: datetime) -> None:
        """This person wants something else, or at other times, from now on."""
        await self.desk.digests.wish_changed(work, person_id, wish, now)

    async def offer(self, work: Work, person_id: PersonId, wish: Wish, now: datetime) -> int:
        """What is open now and fits this wish counts as shown to this person; gives how many jobs that are."""
        return await self.desk.digests.offer(work, person_id, wish, now)

    async def told_later(self, work: Work, ref: Ref, receipt: Receipt) -> None:
        """A provider told whether a message arrived. Who left us is no failure."""
        failed = receipt.status is DeliveryStatus.FAILED
        if failed and not receipt.left:
            await self.desk.digests.undelivered(work, ref.person_id, ref.batch_id, receipt.error)
        if (failed and not receipt.left) or receipt.status in {DeliveryStatus.DELIVERED, DeliveryStatus.READ}:
            await self.broadcaster.told_later(work, ref, failed=failed)

    async def sent_to(self, work: Work, person: Person) -> Sequence[Mapping[str, Any]]:
        """The vacancies that this person was sent lately: id, title, employer."""
        return await self.desk.sent_to(work, person)

    async def known(self, work: Work, code: str) -> Mapping[str, str]:
        """The announcement that carries this code: code to title; empty when it is none of ours."""
        return await self.broadcaster.known(work, code)

    async def reported(self, work: Work, person_id: PersonId, vacancy: str, now: datetime) -> None:
        """This person says that a vacancy is not honest."""
        await self.desk.reported(work, person_id, vacancy, now)
