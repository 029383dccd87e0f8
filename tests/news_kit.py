"""What the tests of announcements need: a fair, people of every kind, the desk that coordinators work at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from bot.broadcast import Broadcaster, rates_of
from bot.broadcasts.contents import Contents
from bot.errors import NeedsTemplate
from bot.library.article import Source
from bot.library.country import Country
from bot.library.fairs import Fair
from bot.library.library import Library
from bot.library.load import load
from bot.person import Address, Consent, Language, PersonId, Wish
from bot.storage.outbox import Kinds, Outcome
from bot.storage.tables import State
from bot.storage.work import Storage
from bot.wording import Wording

CONTENT = Path(__file__).parent.parent / "content"
PACES = {"telegram": 28.5, "whatsapp": 80.0}
ANYTHING = Wish()


@cache
def country() -> Country:
    return load(CONTENT).library.country


@cache
def wording() -> Wording:
    return Wording.read(CONTENT)


@cache
def rates():
    return rates_of(CONTENT)


def fair(name: str = "2026-12-05-comas", language: str = "es", **changes) -> Fair:
    """A fair twelve days after the clock of the tests."""
    zone = country().zone
    given = Fair(
        id=name,
        language=language,
        title="Feria de empleo de Comas" if language == "es" else "Comas job fair",
        label="Feria de Comas",
        start=datetime(2026, 12, 5, 9, tzinfo=zone),
        end=datetime(2026, 12, 5, 16, tzinfo=zone),
        place="Parque Sinchi Roca",
        address="Av. Universitaria 100",
        district="Comas",
        region="15",
        lat=None,
        lon=None,
        organiser="ONG",
        register="",
        bring=("Tu documento",),
        sources=(Source("ONG", "https://ong.example", "2026-11-01"),),
        status="confirmed",
        example=False,
        text="Entrada gratis.",
        path="x",
        hash="x",
    )
    return replace(given, **changes)


@dataclass
class Office:
    """A content folder that can be changed, and the desk."""

    storage: Storage
    clock: Callable[[], datetime]
    fairs: dict = field(default_factory=dict)
    templates: set = field(default_factory=set)
    approval_above: int = 200
    numbers: int = 0

    def __post_init__(self) -> None:
        self.announce(fair())
        self.desk = self.open()
        self.contents = Contents(self.storage, wording(), lambda: self.templates)

    def open(self, **given) -> Broadcaster:
        """The desk of one coordinator or worker."""
        return Broadcaster(
            storage=self.storage,
            library=lambda: Library(fairs=self.fairs, country=country()),
            wording=wording(),
            rates=given.pop("rates", rates),
            paces=PACES,
            clock=self.clock,
            approval_above=self.approval_above,
            templates=lambda: self.templates,
            **given,
        )

    def announce(self, one: Fair) -> None:
        self.fairs[one.language, one.id] = one

    async def person(
        self,
        channel: str = "telegram",
        *,
        wish: Wish | None = ANYTHING,
        language: str = "es",
        wrote: timedelta = timedelta(hours=1),
        reachable: bool = True,
        left: bool = False,
        registered: str = "",
    ) -> PersonId:
        """Somebody who wrote `wrote` ago and wants what `wish` says."""
        self.numbers += 1
        at = self.clock() - wrote
        async with self.storage.work() as work:
            found = await work.people.recall(Address(channel, f"{channel}-{self.numbers}"), (), language, at)
            someone = found.person.id
            await work.people.choose_language(someone, Language(language))
            if wish is not None:
                await work.people.subscribe(someone, wish)
                await work.people.consent(someone, Consent("fairs", wish.fairs, at, channel, "sí"))
            if left:
                await work.people.end(someone)
                await work.people.consent(someone, Consent("fairs", False, self.clock(), channel, "baja"))
            if registered:
                await work.feedback.register(someone, registered, at)
            if not reachable:
                await work.people.set_reachable(someone, False)
        return someone

    async def deliver(self, fate: Callable[[PersonId], State] = lambda _: State.SENT, most: int = 10_000) -> dict:
        """Send what is due as the lanes do; gives person to what was said."""
        told: dict = {}
        for lane in PACES:
            while len(told) < most:
                now = self.clock()
                async with self.storage.work() as work:
                    claimed = await work.outbox.claim(
                        lane, "w1", min(500, most), now, now + timedelta(minutes=1), Kinds.CROWD
                    )
                if not claimed:
                    break
                await self._send(claimed, told, fate)
        return told

    async def _send(self, claimed, told, fate) -> None:
        now = self.clock()
        outcomes = []
        async with self.storage.work() as work:
            ours = await work.outbox.begin([one.ref for one in claimed], "w1", now + timedelta(minutes=1))
        for one in (one for one in claimed if one.ref in ours):
            try:
                reply = await self.contents.reply_for(one.ref.batch_id, one)
            except NeedsTemplate:
                reply = None
            state = State.SKIPPED if reply is None else fate(one.ref.person_id)
            if state is State.SENT:
                assert one.ref.person_id not in told
                told[one.ref.person_id] = reply
            outcomes.append(Outcome(one.ref, state, now, error="" if state is State.SENT else "x"))
        async with self.storage.work() as work:
            await work.outbox.record(outcomes, "w1")

    async def sent(self, number: int, by: str = "Ana", **given):
        """Plan, approve and send."""
        await self.desk.plan(number)
        await self.desk.approve(number, by)
        return await self.desk.send(number, by=by, **given)
