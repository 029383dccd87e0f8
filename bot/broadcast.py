"""Road 2: an announcement from the draft to the last person. The one face of `bot.broadcasts` for everybody else.

Nothing is sent from here: whom it concerns is written into the outbox, in chunks, by `advance`. What is approved is
what is sent: a plan that changed after it was approved is refused; who left meanwhile is skipped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Never

from bot.broadcasts import compose, plan
from bot.broadcasts.audience import Kind, Topic
from bot.broadcasts.drafts import Choosing, Drafts, name_of, same_person
from bot.broadcasts.progress import facts, progress
from bot.broadcasts.rates import Rates, read_rates
from bot.broadcasts.runner import EARLY, Runner
from bot.broadcasts.states import SPECIAL, Act, NotPossible, State, after
from bot.broadcasts.survey import Means, anybody, fixed, joined, survey
from bot.broadcasts.watch import Watch
from bot.errors import BadContent
from bot.library.library import Library
from bot.person import Address
from bot.storage.broadcasts import CHUNK, Announcement, Broadcasts
from bot.storage.crowd import Crowd
from bot.storage.outbox import Ref
from bot.storage.work import Storage, Work
from bot.wording import MAIN, Wording

log = logging.getLogger(__name__)

REMIND_AT = time(9)
"""When a reminder leaves on the day before, where people live."""

__all__ = ["Broadcaster", "Choosing", "NotPossible", "rates_of"]

_LATE = timedelta(minutes=1)

EVERYBODY = Choosing()


def rates_of(content: Path) -> Rates:
    """The price list of a content folder; raises BadContent."""
    path = content / "tarifas.yaml"
    try:
        return read_rates(path.read_text(encoding="utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadContent(f"{path}: cannot be read") from error


class Broadcaster:
    """Announcements. Every method raises NotPossible when what is asked for cannot be done, and then changes nothing."""

    def __init__(
        self,
        *,
        storage: Storage,
        library: Callable[[], Library],
        wording: Wording,
        rates: Callable[[], Rates],
        paces: Mapping[str, float],
        clock: Callable[[], datetime],
        approval_above: int = 200,
        templates: Callable[[], Collection[tuple[str, str]]] = frozenset,
        watch: Watch | None = None,
        chunk: int = CHUNK,
    ) -> None:
        """`paces`: messages a second by channel. `templates`: the approved (name, language) that this process knows.

        `chunk`: how many deliveries are written in one transaction.
        """
        self._storage = storage
        self._library = library
        self._wording = wording
        self._rates = rates
        self._paces = paces
        self._clock = clock
        self._approval_above = approval_above
        self._templates = templates
        self.watch = watch or Watch()
        self._chunk = chunk
        self._drafts = Drafts(storage, library, wording, clock)
        self._runner = Runner(storage, library, self._drafts, self.watch)

    def explain(self, error: NotPossible, language: str = MAIN) -> str:
        """The refusal in words."""
        values = dict(error.values)
        for name in ("state", "act", "what"):
            key = f"news.{name}.{values.get(name)}"
            if self._wording.has(key, language):
                values[name] = self._wording.text(key, language)
        return self._wording.text(f"news.no.{error.code}", language, **values)

    async def draft_fair(
        self,
        fair_id: str,
        by: str,
        choosing: Choosing = EVERYBODY,
        kind: Kind = Kind.FAIR,
        on_unknown: str = "skip",
    ) -> Announcement:
        """An announcement, reminder or correction made from a fair's file; the first by default for the fair's region."""
        return await self.get(await self._drafts.fair(fair_id, by, choosing, kind, on_unknown))

    async def draft_text(
        self,
        texts: Mapping[str, str],
        by: str,
        choosing: Choosing = EVERYBODY,
        topic: Topic = Topic.FAIRS,
        on_unknown: str = "skip",
    ) -> Announcement:
        """An announcement of somebody's own words, by language."""
        return await self.get(await self._drafts.text(texts, by, choosing, topic, on_unknown))

    async def plan(self, number: int, *, people: bool = False) -> dict[str, Any]:
        """Who gets it, who not and why, how long it takes and costs; this is what can be approved then.

        For one that is done: those who are still missing. One that was stopped before anything of it went out is
        planned anew.
        """
        now = self._clock()
        one = await self.get(number)
        then = after(State(one.state), Act.PLAN)
        if State(one.state) is State.PAUSED and one.started_at is not None:
            raise NotPossible("plan_paused")
        one = self._drafts.up_to_date(one, now)
        found = await survey(self._storage, one, await self._means(), now, people=people)
        if not found.census.eligible:
            raise NotPossible("nobody", reasons=self._reasons(found.summary))
        async with self._storage.work() as work:
            known = Broadcasts(work.line, work.vault)
            if not await known.move(one.id, one.state, then):
                raise NotPossible("meanwhile")
            roster = {True: found.census.eligible, False: found.census.waiting}
            await known.planned(one, {**found.summary, "mark": found.mark}, roster, now, self._chunk)
        return {**found.summary, **({"people": plan.people_of(found.census)} if people else {})}

    async def approve(self, number: int, by: str, plan_hash: str = "") -> Announcement:
        """Agree to the plan as it was shown; above a number of people somebody else than the author must."""
        by = name_of(by)
        async with self._storage.work() as work:
            known, one = Broadcasts(work.line, work.vault), await self._get(work, number)
            then = after(State(one.state), Act.APPROVE)
            if plan_hash and plan_hash != one.plan_hash:
                raise NotPossible("other_plan")
            eligible = int(one.plan["eligible"])
            if eligible > self._approval_above and same_person(by, one.author):
                raise NotPossible("author", name=one.author, n=eligible, most=self._approval_above)
            if not await known.move(number, one.state, then):
                raise NotPossible("meanwhile")
            await known.approve(number, by, one.plan_hash, self._clock())
        return await self.get(number)

    async def send(
        self,
        number: int,
        *,
        by: str = "",
        at: datetime | None = None,
        latest: datetime | None = None,
        as_approved: bool = False,
        on_unknown: str = "",
    ) -> Announcement:
        """Send it now or at a time. Pressed twice, or by two people, it has one effect.

        `as_approved`: people who have joined since the approval are left out instead of being a reason to plan again.
        """
        now = self._clock()
        one = await self.get(number)
        if State(one.state) is not State.APPROVED:
            self._refuse_send(one)
        fresh = self._drafts.up_to_date(one, now)
        at, latest = self._times(one, at, latest, now)
        await self._unchanged(fresh, now, as_approved=as_approved)
        async with self._storage.work() as work:
            known = Broadcasts(work.line, work.vault)
            if not await known.move(number, State.APPROVED, after(State.APPROVED, Act.SCHEDULE if at else Act.SEND)):
                self._refuse_send(await self._get(work, number))
            unknown = on_unknown or one.on_unknown
            await known.send(one, by or one.author, int(one.plan["eligible"]), at, latest, unknown)
            if at is None:
                await self._runner.begin(work, await self._get(work, number), now)
        self.watch.forget(number)
        return await self.get(number)

    async def pause(self, number: int) -> Announcement:
        """Send no more of it until it is resumed; what is on its way arrives."""
        return await self._move(number, Act.PAUSE)

    async def resume(self, number: int) -> Announcement:
        """Go on where it was; one whose time has not come waits for it again."""
        now, one = self._clock(), await self.get(number)
        if one.expires_at is not None and one.expires_at <= now:
            raise NotPossible("late", latest=self._moment(one.expires_at))
        self.watch.forget(number)
        if one.started_at is not None:
            return await self._move(number, Act.RESUME)
        await self._move(number, Act.WAIT)
        await self.advance(now)
        return await self.get(number)

    async def cancel(self, number: int) -> Announcement:
        """End it; who is not reached yet will not be."""
        return await self._move(number, Act.CANCEL)

    async def show(self, number: int, *, unknown: int = 20) -> dict[str, Any]:
        """How far it is."""
        async with self._storage.view() as work:
            return await progress(work, await self._get(work, number), unknown)

    async def newest(self) -> list[dict[str, Any]]:
        """The newest announcements."""
        async with self._storage.view() as work:
            found = await Broadcasts(work.line, work.vault).newest()
        return [{"id": one.id, "state": one.state, **facts(one)} for one in found]

    async def test(self, number: int, to: Address) -> None:
        """Send it to one person, as it will look, marked as a test."""
        now = self._clock()
        one = self._drafts.up_to_date(await self.get(number), now)
        async with self._storage.work() as work:
            person = await work.people.find(to)
            if person is None:
                raise NotPossible("stranger")
            language = str(person.language)
            body = compose.read(one.body)
            reply = compose.bubble(body, Kind(one.kind), to.channel, language, one.code, self._wording)
            text = self._wording.text("news.test", language) + "\n\n" + reply.text
            await work.outbox.add(person.id, to.channel, replace(reply, text=text, template=None), now)

    async def known(self, work: Work, code: str) -> Mapping[str, str]:
        """Code to title, if an announcement with this code went out: for `verificar CODE`."""
        title = await Broadcasts(work.line, work.vault).title_of(code.upper())
        return {code.upper(): title} if title else {}

    async def advance(self, now: datetime) -> None:
        """What time does: start, write the next chunk, rest at night, end. Any process, as often as it likes."""
        await self._runner.advance(now)

    async def told_later(self, work: Work, ref: Ref, *, failed: bool) -> None:
        """A provider told whether a message arrived; when too many did not, the rest is paused at once.

        The process that hears of it need not be the one that sends, so it pauses by itself.
        """
        self.watch.told_later(ref, failed=failed)
        if failed and self.watch.alarming(ref.batch_id):
            self.watch.forget(ref.batch_id)
            if await Broadcasts(work.line, work.vault).move(ref.batch_id, State.SENDING, State.PAUSED, "failures"):
                log.error("announcement_paused", extra={"broadcast": ref.batch_id})

    async def get(self, number: int) -> Announcement:
        """The announcement; raises NotPossible when there is none."""
        async with self._storage.view() as work:
            return await self._get(work, number)

    async def _get(self, work: Work, number: int) -> Announcement:
        one = await Broadcasts(work.line, work.vault).get(number)
        if one is None:
            raise NotPossible("unknown", id=number)
        return one

    async def _move(self, number: int, act: Act) -> Announcement:
        async with self._storage.work() as work:
            one, ended = await self._get(work, number), self._clock() if act is Act.CANCEL else None
            then = after(State(one.state), act)
            if not await Broadcasts(work.line, work.vault).move(number, one.state, then, ended=ended):
                raise NotPossible("meanwhile")
            if act is Act.RESUME:
                now = self._clock()
                if any(self._library().country.quiet(at) for at in (now, now + EARLY)):
                    await Crowd(work.line).rest()  # nobody is woken in the second until `advance` looks
                work.outbox.lanes.update(f"{channel}:crowd" for channel in one.plan.get("channels", ()))
        return await self.get(number)

    async def _means(self) -> Means:
        async with self._storage.view() as work:
            kept = await Broadcasts(work.line, work.vault).templates()
        known = {*kept, *self._templates()}
        return Means(self._wording, self._library().country, self._rates(), self._paces, known, kept)

    async def _unchanged(self, one: Announcement, now: datetime, *, as_approved: bool) -> None:
        """Raise NotPossible unless what would be sent now is what was approved, but for people who left.

        Nobody outside the plan can be reached at all, so only those who came since are looked at: it takes the same
        time for a thousand and for a million.
        """
        means = await self._means()
        for part, is_now in fixed(one, means).items():
            if is_now != one.plan["parts"].get(part):
                raise NotPossible("changed", what=part)
        if not as_approved:
            new = await joined(self._storage, one, means, now)
            if new:
                raise NotPossible("joined", n=new)
        if not await anybody(self._storage, one, means, now):
            meanwhile = await self.get(one.id)
            if State(meanwhile.state) is not State.APPROVED:
                self._refuse_send(meanwhile)  # it is owed to everybody because somebody else was quicker
            raise NotPossible("nobody", reasons=await self._why_nobody(one, means, now))

    async def _why_nobody(self, one: Announcement, means: Means, now: datetime) -> str:
        return self._reasons((await survey(self._storage, one, means, now)).summary)

    def _times(
        self, one: Announcement, at: datetime | None, latest: datetime | None, now: datetime
    ) -> tuple[datetime | None, datetime | None]:
        """When it goes out (None: now) and until when; raises NotPossible for times that make no sense."""
        country, fair = self._library().country, self._drafts.fair_of(one)
        if at is None and fair is not None and one.kind == Kind.REMINDER:
            day = fair.start.astimezone(country.zone).date() - timedelta(days=1)
            at = datetime.combine(day, REMIND_AT, country.zone)
            at = at if at > now else None
        if at is not None and at < now - _LATE:
            raise NotPossible("past", at=self._moment(at))
        at = at if at is not None and at > now else None
        start = country.end_of_quiet(at or now)
        if fair is not None:
            ends = fair.end if one.kind == Kind.CORRECTION else fair.start
            latest = min(latest, ends) if latest is not None else ends
        if latest is not None and latest <= start:
            raise NotPossible("late" if latest <= (at or now) else "night", latest=self._moment(latest))
        return at, latest

    def _refuse_send(self, one: Announcement) -> Never:
        state = State(one.state)
        if (Act.SEND, state) in SPECIAL:
            at = self._moment(one.scheduled_at or one.started_at) if one.scheduled_at or one.started_at else ""
            raise NotPossible(f"send_{state}", by=one.sent_by or one.author, at=at, id=one.id)
        raise NotPossible("state", act="send", state=one.state)

    def _reasons(self, summary: Mapping[str, Any]) -> str:
        say = self._wording.text
        reasons = [f"{say('news.why.' + each['reason'])}: {each['count']}" for each in summary["excluded"]]
        return ", ".join(reasons) or say("news.why.nobody_there")

    def _moment(self, at: datetime | None) -> str:
        return f"{self._wording.date(at)}, {self._wording.hour(at)}" if at else ""
