"""The vacancy desk: what partners send is read, stored once, held when in doubt, and matched when it is open.

Everything about one request happens in one unit of work, so it happened or it did not. Nothing is sent from here: whom a
vacancy concerns is written down, and the digests are handed to whoever sends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from bot.alerts.feeds import continues, read_document
from bot.alerts.judging import (
    COPY_DOUBTED,
    REJECTED_BEFORE,
    REPORTED,
    content_hash,
    held_for,
    judged,
    placed,
    same_job,
)
from bot.alerts.postings import Problems, read_event, read_identifier, read_posting
from bot.alerts.vacancy import State, Vacancy
from bot.digests import Digests
from bot.fair_desk import FairDesk, ImportedFairs
from bot.person import PersonId
from bot.storage.matching import AT_ONCE, Matching
from bot.storage.vacancies import Stored, VacancyStore
from bot.storage.work import Storage, Work
from bot.vacancy_office import Imported, Office, together

__all__ = ["KEPT", "Imported", "Office", "VacancyDesk"]

KEPT = timedelta(days=14)
"""How long a partner's repetition is recognised; Standard Webhooks senders give up after days."""
_AT_ONCE = 200  # rows of a file in one unit of work


class VacancyDesk:
    """Takes in, holds, decides, matches. One for the process."""

    def __init__(
        self, storage: Storage, office: Office, clock: Callable[[], datetime], new_id: Callable[[], int]
    ) -> None:
        self._storage = storage
        self._office = office
        self._clock = clock
        self._new_id = new_id
        self._matching = asyncio.Lock()
        self.digests = Digests(storage, office.zone, self._region, clock)
        self.tell = self.digests.tell
        self.sent_to = self.digests.sent_to
        self._fairs = FairDesk(office.reader, clock, new_id)

    def _region(self, code: str) -> str:
        return self._office.reader().places.name(code)

    async def receive(self, partner: str, webhook_id: str, body: object) -> Mapping[str, Any]:
        """One genuine request of a partner; gives the vacancy. A repeated id changes nothing. Raises Malformed."""
        async with self._storage.work() as work:
            done = await self._once(work, partner, webhook_id, lambda store: self._event(work, store, partner, body))
        await self.match()
        return done

    async def receive_fair(self, partner: str, webhook_id: str, body: object) -> Mapping[str, Any]:
        """The same for a fair; gives the fair."""
        async with self._storage.work() as work:
            return await self._once(
                work, partner, f"fair:{webhook_id}", lambda store: self._fairs.event(store, partner, body)
            )

    async def take_fairs(self, partner: str, raw: bytes) -> ImportedFairs:
        """Take in a file of fairs; repeating it changes nothing. Raises Malformed when nothing of it can be read."""
        async with self._storage.work() as work:
            store = VacancyStore(work.line)
            await store.alone()
            return await self._fairs.file(store, partner, raw)

    async def take_file(self, partner: str, raw: bytes) -> Imported:
        """Take in a file or a feed; repeating it changes nothing. Raises Malformed when nothing of it can be read."""
        now = self._clock()
        intake = read_document(raw, partner, self._office.reader(), now)
        changed: list[tuple[int, Vacancy]] = []
        for start in range(0, len(intake.accepted), _AT_ONCE):
            async with self._storage.work() as work:
                store = VacancyStore(work.line)
                await store.alone()
                for row, vacancy in intake.accepted[start : start + _AT_ONCE]:
                    stored, fresh = await self._take(work, store, vacancy, now)
                    changed += [(row, stored)] if fresh else []
            await self.match()
        unchanged = len(intake.accepted) - len(changed) + len(intake.duplicates)
        return Imported(
            tuple(changed),
            tuple(wrong.to_json() for wrong in intake.rejected),
            tuple(intake.duplicates),
            unchanged,
            intake.codes,
            whole=not intake.nameless and not continues(raw),
        )

    async def withdraw(self, partner: str, identifiers: Iterable[str]) -> int:
        """The partner offers these no longer; gives how many were still open, held or duplicates."""
        now = self._clock()
        closed = 0
        async with self._storage.work() as work:
            store = VacancyStore(work.line)
            await store.alone()
            for identifier in sorted(identifiers):
                known = await store.find(partner, identifier)
                if known is not None and known.vacancy.state is not State.CLOSED:
                    await self._close(work, store, partner, identifier, now)
                    closed += 1
        await self.match()
        return closed

    async def match(self) -> None:
        """Write down whom new vacancies concern, where that is done piece by piece; also what a dead process left."""
        async with self._matching:
            while await self._match_some():
                pass

    async def _match_some(self) -> bool:
        due = self.digests.due(self._clock())
        pieces: list[tuple[Vacancy, datetime, list[int]]] = []
        async with self._storage.view() as work:
            matching = Matching(work.line)
            owed = await matching.owed()
            for vacancy in (one.vacancy for one in owed if one.vacancy.state is State.OPEN):
                for at, people in (await matching.concerned(vacancy, due)).items():
                    pieces += [(vacancy, at, people[n : n + AT_ONCE]) for n in range(0, len(people), AT_ONCE)]
        for bunch in together(pieces):
            async with self._storage.work() as work:
                for vacancy, at, people in bunch:
                    await Matching(work.line).note_some(vacancy, people, at)
        if owed:
            async with self._storage.work() as work:
                for one in owed:
                    await Matching(work.line).settled(one)
        return bool(owed)

    async def list(self, state: str = "", limit: int = 200) -> list[Vacancy]:
        """The newest vacancies, all or those of a state."""
        async with self._storage.view() as work:
            return [stored.vacancy for stored in await VacancyStore(work.line).list(state, limit)]

    async def show(self, vacancy_id: str) -> Vacancy | None:
        """One vacancy, None when there is none of that number."""
        async with self._storage.view() as work:
            stored = await VacancyStore(work.line).by_id(int(vacancy_id)) if vacancy_id.isdecimal() else None
            return stored.vacancy if stored else None

    async def count(self, state: str = "") -> int:
        """How many vacancies there are, all or those of a state."""
        async with self._storage.view() as work:
            return await VacancyStore(work.line).count(state)

    async def report_counts(self) -> dict[str, int]:
        """Number of a vacancy to how many people reported it since the team last decided on it."""
        async with self._storage.view() as work:
            return await VacancyStore(work.line).report_counts()

    async def reported_open(self) -> Sequence[tuple[Vacancy, int]]:
        """Vacancies that are still told though somebody reported them, most reports first."""
        async with self._storage.view() as work:
            return [
                (stored.vacancy, reports)
                for stored, reports in await VacancyStore(work.line).reported_open(self._clock())
            ]

    async def decide(self, vacancy_id: str, by: str, *, approve: bool) -> Vacancy | None:
        """A person of the team lets a vacancy out, also one turned down by mistake, or turns it down.

        The same content is not asked about again. What its partner has closed stays closed.
        """
        now = self._clock()
        async with self._storage.work() as work:
            store = VacancyStore(work.line)
            await store.alone()
            stored = await store.by_id(int(vacancy_id)) if vacancy_id.isdecimal() else None
            if stored is None:
                return None
            vacancy = stored.vacancy
            if not approve:
                vacancy = replace(vacancy, state=State.CLOSED)
            elif vacancy.state is State.HELD or stored.decision == "rejected":
                vacancy = await self._let_out(store, vacancy, now)
            elif vacancy.state is State.CLOSED:
                return vacancy
            decision = "approved" if approve else "rejected"
            done = replace(stored, vacancy=vacancy, decision=decision, decided_content=stored.content)
            await store.forget_reports(int(vacancy_id))
            done = await self._keep(work, store, done, now, doubted=True)
            await store.decided(int(vacancy_id), by)
        await self.match()
        return done.vacancy

    async def reported(self, work: Work, person_id: PersonId, vacancy: str, now: datetime) -> bool:
        """Somebody who received it says that it is not honest. Gives whether it is held because of that now."""
        if not vacancy.isdecimal():
            return False
        store = VacancyStore(work.line)
        stored = await store.by_id(int(vacancy))
        if stored is None or await store.report(int(vacancy), person_id, now) <= self._office.reports_above:
            return False
        if stored.vacancy.state is not State.OPEN:
            return stored.vacancy.state is State.HELD
        held = held_for(stored.vacancy, REPORTED)
        await self._keep(work, store, replace(stored, vacancy=held, decision="", decided_content=""), now)
        return True

    async def purge(self) -> None:
        """Forget partners' requests that nobody repeats any more."""
        async with self._storage.work() as work:
            await VacancyStore(work.line).purge(self._clock() - KEPT)

    async def _once(
        self, work: Work, partner: str, webhook_id: str, act: Callable[[VacancyStore], Awaitable[Mapping[str, Any]]]
    ) -> Mapping[str, Any]:
        store = VacancyStore(work.line)
        await store.alone()
        key = webhook_id if len(webhook_id) <= 180 else sha256(webhook_id.encode()).hexdigest()
        if not await store.first_time(partner, key, self._clock()):
            known: Mapping[str, Any] = orjson.loads(await store.answer(partner, key))
            return known
        answer = await act(store)
        await store.answered(partner, key, orjson.dumps(answer).decode())
        return answer

    async def _event(self, work: Work, store: VacancyStore, partner: str, body: object) -> Mapping[str, Any]:
        now, reader = self._clock(), self._office.reader()
        event = read_event(body, reader, now)
        if event.kind == "closed":
            return (await self._close(work, store, partner, read_identifier(event.data, reader), event.at)).to_json()
        vacancy = read_posting(event.data, partner, reader, now)
        return (await self._take(work, store, vacancy, event.at))[0].to_json()

    async def _take(self, work: Work, store: VacancyStore, vacancy: Vacancy, at: datetime) -> tuple[Vacancy, bool]:
        """Store a vacancy that was read; gives it as it is now, and whether anything changed."""
        now, office = self._clock(), self._office
        known = await store.find(vacancy.partner, vacancy.identifier)
        content = content_hash(vacancy)
        if known and (
            at < known.event_at
            or (known.content == content and (known.vacancy.state is not State.CLOSED or known.decision == "rejected"))
        ):
            return known.vacancy, False
        signals = judged(vacancy, office.gate(), office.minimum_wage())
        key = self._same_job(vacancy)
        original = await store.same(key, vacancy.partner, now) if key else None
        cleared = known is not None and known.decision == "approved" and known.decided_content == content
        vacancy = placed(
            replace(vacancy, id=known.vacancy.id if known else str(self._new_id())), signals, original, cleared=cleared
        )
        if known and known.decision == "rejected" and vacancy.state is not State.DUPLICATE:
            vacancy = held_for(vacancy, REJECTED_BEFORE)
        elif original is None and await self._doubted(store, vacancy, known):
            vacancy = held_for(vacancy, COPY_DOUBTED)
        stored = Stored(
            vacancy,
            content,
            at,
            known.announced_at if known else None,
            known.decision if known else "",
            known.decided_content if known else "",
        )
        return (await self._keep(work, store, stored, now)).vacancy, True

    async def _doubted(self, store: VacancyStore, vacancy: Vacancy, known: Stored | None) -> bool:
        """Whether the team has turned this job down in another copy; not asked of one that people know or a person let out."""
        key = self._same_job(vacancy)
        trusted = known is not None and (known.vacancy.state is State.OPEN or known.decision == "approved")
        if key is None or (trusted and known is not None and self._same_job(known.vacancy) == key):
            return False
        return await store.turned_down(key, vacancy)

    async def _let_out(self, store: VacancyStore, vacancy: Vacancy, now: datetime) -> Vacancy:
        """A person has let it out: open, or a duplicate of what is open meanwhile."""
        key = self._same_job(vacancy)
        original = await store.same(key, vacancy.partner, now) if key else None
        if original is not None:
            await store.point(int(vacancy.id), int(original))
        return placed(vacancy, vacancy.signals, original, cleared=True)

    def _same_job(self, vacancy: Vacancy) -> str | None:
        return same_job(vacancy, self._office.reader().lexicon)

    async def _keep(
        self, work: Work, store: VacancyStore, stored: Stored, now: datetime, *, doubted: bool = False
    ) -> Stored:
        """Write it down; whoever an open one concerns is written down with it. `doubted`: if it ends, so are its copies."""
        if stored.vacancy.state is State.OPEN:
            stored = replace(stored, announced_at=stored.announced_at or now)
        await store.save(stored, self._same_job(stored.vacancy), now)
        if stored.vacancy.state is State.OPEN:
            matching = Matching(work.line)
            if work.line.sqlite:
                await matching.owe(stored.vacancy, now)
            else:
                await matching.note(stored.vacancy, self.digests.due(now))
        elif stored.vacancy.state is State.CLOSED:
            await self._succeed(work, store, stored, now, doubted=doubted)
        return stored

    async def _succeed(self, work: Work, store: VacancyStore, gone: Stored, now: datetime, *, doubted: bool) -> None:
        """A vacancy that ended leaves its place to its duplicate; nobody is told twice, nor of a copy of what was doubted."""
        old = int(gone.vacancy.id)
        heir = next(
            (
                copy
                for copy in await store.copies(old)
                if copy.vacancy.valid_through is None or copy.vacancy.valid_through >= now
            ),
            None,
        )
        if heir is None:
            return
        await store.point(old, int(heir.vacancy.id))
        await Matching(work.line).inherit(old, int(heir.vacancy.id))
        opened = replace(heir.vacancy, state=State.OPEN, duplicate_of=None)
        if doubted and heir.decision != "approved":
            opened = held_for(opened, COPY_DOUBTED)
        await self._keep(work, store, replace(heir, vacancy=opened, announced_at=gone.announced_at), now)

    async def _close(self, work: Work, store: VacancyStore, partner: str, identifier: str, at: datetime) -> Vacancy:
        known = await store.find(partner, identifier)
        if known is None:
            problems = Problems(self._office.reader().lexicon.reasons)
            problems.add("identifier", "unknown_vacancy")
            problems.stop()
        assert known is not None
        if at < known.event_at or known.vacancy.state is State.CLOSED:
            return known.vacancy
        closed = replace(known, vacancy=replace(known.vacancy, state=State.CLOSED), event_at=at)
        doubted = known.vacancy.state is State.HELD
        return (await self._keep(work, store, closed, self._clock(), doubted=doubted)).vacancy
