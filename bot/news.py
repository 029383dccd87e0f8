"""Road 2, joined: the vacancy desk and the announcements, as the conversation, the chores and the commands need them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.alerts.postings import Reader
from bot.broadcast import Broadcaster, rates_of
from bot.broadcasts.contents import Contents
from bot.broadcasts.desk import NewsDesk
from bot.broadcasts.spend import Ledger
from bot.chores import Chore
from bot.conversation import DecideNews, PrepareNews
from bot.library.library import Library
from bot.messages import Reply
from bot.mind import Mind
from bot.person import Person, PersonId
from bot.settings import Settings
from bot.storage.work import Storage, Work
from bot.vacancies import Office, VacancyDesk


def minimum_wage(library: Library) -> float:
    """Soles a month, from `datos.yaml`; 0 when it is not known."""
    datum = library.datos.get(library.country.minimum_wage)
    return float(datum.value) if datum is not None and datum.value is not None else 0.0


def reader_of(mind: Mind, content: Path) -> Reader:
    """Who reads vacancies of this country, with the words and places of the content folder."""
    country = mind.library.country
    return Reader.of(
        (content / "vacantes.yaml").read_text(encoding="utf-8"),
        (content / "lugares-peru.yaml").read_text(encoding="utf-8"),
        minimum_wage(mind.library),
        country.time_zone,
        {sector.id: sector.words for sector in country.sectors},
    )


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
    ) -> None:
        """`approved`: the WhatsApp templates, (name, language), that may be used now."""
        self._mind = mind
        self._clock = clock
        country = mind.library.country
        office = Office(self.reader, lambda: mind.gate, self.minimum_wage, country.zone)
        self.desk = VacancyDesk(storage, office, clock, new_id)
        self.broadcaster = Broadcaster(
            storage=storage,
            library=lambda: mind.library,
            wording=mind.wording,
            rates=lambda: rates_of(chosen.content),
            paces={"telegram": chosen.telegram_rate, "whatsapp": chosen.whatsapp_rate},
            clock=clock,
            approval_above=chosen.approval_above,
            templates=approved,
        )
        self.office = NewsDesk(storage, self.broadcaster, mind.wording)
        self._ledger = Ledger(storage, lambda: mind.library.country, lambda: rates_of(chosen.content))
        self.contents = Contents(storage, mind.wording, approved)
        self._content = chosen.content
        self._read: tuple[str, Reader] | None = None

    def minimum_wage(self) -> float:
        """Soles a month, from `datos.yaml`."""
        return minimum_wage(self._mind.library)

    def reader(self) -> Reader:
        """Who reads vacancies with the present content."""
        version = self._mind.library.version
        if self._read is None or self._read[0] != version:
            self._read = (version, reader_of(self._mind, self._content))
        return self._read[1]

    def chores(self) -> Sequence[Chore]:
        """What must be done now and then for news to go out."""
        return (
            Chore("announcements", 1.0, self._announce),
            Chore("requests", 1.0, self._answer),
            Chore("alerts", 5.0, self._tell),
            Chore("spend", 600.0, self._book),
            Chore("partners", 3600.0, self.desk.purge),
        )

    async def _announce(self) -> None:
        await self.broadcaster.advance(self._clock())

    async def _answer(self) -> None:
        await self.office.answer(self._clock())

    async def _book(self) -> None:
        await self._ledger.book(self._clock())

    async def _tell(self) -> None:
        """Hand out the digests that are due; nobody is woken for one."""
        if not self._mind.library.country.quiet(self._clock()):
            await self.desk.tell(self._mind.wording, self._owe)

    async def _owe(self, work: Work, person: Person, reply: Reply) -> None:
        await work.outbox.add(person.id, person.address.channel, reply, self._clock(), urgent=False, once=True)

    async def requested(self, work: Work, person: Person, effect: PrepareNews | DecideNews, now: datetime) -> None:
        """Somebody of the team asked for an announcement by chat."""
        await self.office.take(work, person, effect, now)

    async def sent_to(self, work: Work, person: Person) -> Sequence[Mapping[str, Any]]:
        """The vacancies that this person was sent lately: id, title, employer."""
        return await self.desk.sent_to(work, person)

    async def known(self, work: Work, code: str) -> Mapping[str, str]:
        """The announcement that carries this code: code to title; empty when it is none of ours."""
        return await self.broadcaster.known(work, code)

    async def reported(self, work: Work, person_id: PersonId, vacancy: str, now: datetime) -> None:
        """This person says that a vacancy is not honest."""
        await self.desk.reported(work, person_id, vacancy, now)
