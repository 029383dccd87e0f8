"""Road 2: an announcement from the draft to the last person. The one face of `bot.broadcasts` for everybody else.

Nothing is sent from here: `advance` writes a delivery for each person into the outbox, in chunks. What is approved is
what is sent: a plan that changed after the approval is refused; people who left meanwhile are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Never

from bot.broadcasts import compose, plan, times
from bot.broadcasts.audience import Kind, Topic
from bot.broadcasts.corrections import uncorrected
from bot.broadcasts.drafts import Choosing, Drafts, name_of, refuse_other, same_person
from bot.broadcasts.progress import about, facts, progress
from bot.broadcasts.rates import Rates, rates_of
from bot.broadcasts.runner import EARLY, Runner
from bot.broadcasts.states import SPECIAL, Act, NotPossible, State, after
from bot.broadcasts.summary import Means, fixed
from bot.broadcasts.survey import anybody, joined, silent, survey
from bot.broadcasts.telling import excluded_text, refusal_text
from bot.broadcasts.watch import Watch
from bot.library.library import Library
from bot.person import Address
from bot.storage.broadcasts import CHUNK, Announcement, Broadcasts
from bot.storage.crowd import Crowd
from bot.storage.outbox import CROWD, Ref
from bot.storage.roster import Roster
from bot.storage.templates import Templates
from bot.storage.work import Storage, Work
from bot.wording import MAIN, Wording

__all__ = ["Broadcaster", "Choosing", "NotPossible", "rates_of"]

EVERYBODY = Choosing()


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
        return refusal_text(error, self._wording, language)

    async def draft_fair(
        self,
        fair_id: str,
        by: str,
        choosing: Choosing = EVERYBODY,
        kind: Kind = Kind.FAIR,
        on_unknown: str = "skip",
    ) -> Announcement:
        """Made from a fair's file: an announcement (for the fair's region by default), a reminder or a correction."""
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

    async def plan(self, number: int, *, people: bool = False, at: datetime | None = None) -> dict[str, Any]:
        """Who gets it, who not and why, how long it takes and costs; this is what can be approved then.

        `at`: made for that time, at which it leaves then; None: for now, of a reminder for the day before the fair.

        For one that is done, the plan has the people who are still missing. A paused one can be planned anew as long as
        nothing of it went out.
        """
        now = self._clock()
        one = await self.get(number)
        then = after(State(one.state), Act.PLAN, begun=one.started_at is not None)
        one = self._drafts.up_to_date(one, now)
        kind, fair, country = Kind(one.kind), self._drafts.fair_of(one), self._library().country
        given, at = at, times.leaves(kind, fair, country, at, now)
        if given is not None:
            times.until(kind, fair, country, at, None, now)
        found = await survey(self._storage, one, await self._means(), now, at=at, people=people)
        if not found.census.eligible:
            raise NotPossible("nobody", reasons=excluded_text(found.summary, self._wording))
        summary = {**found.summary, **about(one), "example": self._drafts.is_example(one)}
        async with self._storage.work() as work:
            known = Broadcasts(work.line, work.vault)
            if not await known.move(one.id, one.state, then):
                raise NotPossible("meanwhile")
            roster = {True: found.census.eligible, False: found.census.waiting}
            kept = {**summary, "mark": found.mark, "born": await Crowd(work.line).newest()}
            await known.planned(one, kept, roster, now, self._chunk)
        return {**summary, **({"people": plan.people_of(found.census)} if people else {})}

    async def approve(self, number: int, by: str, plan_hash: str = "") -> Announcement:
        """Agree to the plan as it was shown; above a number of people somebody else than the author must.

        `plan_hash`: of the plan that was shown, or how it begins.
        """
        by = name_of(by)
        async with self._storage.work() as work:
            known, one = Broadcasts(work.line, work.vault), await self._get(work, number)
            then = after(State(one.state), Act.APPROVE)
            refuse_other(one, plan_hash)
            eligible = int(one.plan["eligible"])
            if eligible > self._approval_above and same_person(by, one.author):
                raise NotPossible("author", name=one.author, n=eligible, most=self._approval_above)
            if not await known.move(number, one.state, then):
                raise NotPossible("meanwhile")
            refuse_other(await self._get(work, number), one.plan_hash)
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
        plan_hash: str = "",
    ) -> Announcement:
        """Send it now or at a time. Asked for twice, or by two people, it has one effect.

        `as_approved`: people who have joined since the approval are left out instead of being a reason to plan again.
        `plan_hash`: of the plan that whoever sends it has seen, or how it begins.
        """
        now = self._clock()
        one = await self.approved(number, plan_hash)
        fresh = self._drafts.up_to_date(one, now)
        at, latest = self._times(one, at, latest, now)
        await self._unchanged(fresh, at or now, as_approved=as_approved)
        async with self._storage.work() as work:
            known = Broadcasts(work.line, work.vault)
            if not await known.move(number, State.APPROVED, after(State.APPROVED, Act.SCHEDULE if at else Act.SEND)):
                self._refuse_send(await self._get(work, number))
            refuse_other(await self._get(work, number), one.plan_hash)
            unknown = on_unknown or one.on_unknown
            everybody = await Roster(work.line).everybody(number, int(one.plan["eligible"]))
            await known.send(one, by, everybody, at, latest, unknown)
            if at is None:
                await self._runner.begin(work, await self._get(work, number), now)
        self.watch.forget(number)
        return await self.get(number)

    async def approved(self, number: int, plan_hash: str = "") -> Announcement:
        """The announcement, if it could be sent; raises NotPossible as `send` does, also for another plan."""
        one = await self.get(number)
        if State(one.state) is not State.APPROVED:
            self._refuse_send(one)
        refuse_other(one, plan_hash)
        return one

    def leaves(self, one: Announcement) -> datetime | None:
        """When it would go out if it were sent now; None: at once. Raises NotPossible for one that is too late."""
        now = self._clock()
        at, _ = self._times(one, None, None, now)
        start = self._library().country.end_of_quiet(at or now)
        return start if start > now else None

    @property
    def places(self) -> dict[str, str]:
        """The regions by code."""
        return {region.code: region.name for region in self._library().country.regions}

    async def pause(self, number: int) -> Announcement:
        """Send no more of it until it is resumed; what is on its way arrives."""
        return await self._move(number, Act.PAUSE)

    async def resume(self, number: int) -> Announcement:
        """Go on where it was; if its time has not come yet, it waits for that again."""
        now, one = self._clock(), await self.get(number)
        if one.expires_at is not None and one.expires_at <= now:
            raise NotPossible("late", latest=one.expires_at)
        self.watch.forget(number)
        if one.started_at is not None:
            return await self._move(number, Act.RESUME)
        await self._move(number, Act.WAIT)
        await self.advance(now)
        return await self.get(number)

    async def cancel(self, number: int) -> Announcement:
        """End it: people who were not reached yet do not get it."""
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

    async def uncorrected(self) -> list[dict[str, Any]]:
        """Fairs that changed after people were told of them: the announcement's id, title, subject; how many people."""
        async with self._storage.view() as work:
            return await uncorrected(work, self._library(), self._wording, self._clock())

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

    async def advance(self, now: datetime) -> list[int]:
        """What time does: start, write the next chunk, rest at night, end. Any process may call it; gives what ended."""
        await self._runner.advance(now)
        ended, self._runner.ended = self._runner.ended, []
        return ended

    async def told_later(self, work: Work, ref: Ref, *, failed: bool) -> None:
        """A provider told whether a message arrived; when too many did not, the rest is paused at once.

        The process that hears of it need not be the one that sends, so it pauses by itself.
        """
        self.watch.told_later(ref, failed=failed)
        if failed and self.watch.alarming(ref.batch_id):
            await self._runner.pause_failing(work, ref.batch_id)

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
                work.outbox.lanes.update(channel + CROWD for channel in one.plan.get("channels", ()))
        return await self.get(number)

    async def _means(self) -> Means:
        async with self._storage.view() as work:
            told = Templates(work.line)
            kept, contents = await told.categories(), await told.contents() or {}
        known = {*kept, *self._templates()} - compose.in_other_words(contents, self._wording)
        return Means(self._wording, self._library().country, self._rates(), self._paces, known, kept)

    async def _unchanged(self, one: Announcement, at: datetime, *, as_approved: bool) -> None:
        """Raise NotPossible unless what would be sent at that time is what was approved, but for people who left.

        Nobody outside the plan can be reached at all, so it looks only at people who came since, and takes the same
        time for a thousand and for a million.
        """
        means, now = await self._means(), self._clock()
        for part, is_now in fixed(one, means).items():
            if is_now != one.plan["parts"].get(part, is_now):  # one of an older version has not all of them
                raise NotPossible("changed", what=part)
        more = await silent(self._storage, one, means, at)
        if more:
            raise NotPossible("other_day", n=more, day=self._wording.date(at), id=one.id)
        if not as_approved:
            new = await joined(self._storage, one, means, at, now)
            if new:
                raise NotPossible("joined", n=new)
        if not await anybody(self._storage, one, means, at, now):
            meanwhile = await self.get(one.id)
            if State(meanwhile.state) is not State.APPROVED:
                self._refuse_send(meanwhile)  # it is owed to everybody because somebody else was quicker
            raise NotPossible("nobody", reasons=await self._why_nobody(one, means, at))

    async def _why_nobody(self, one: Announcement, means: Means, at: datetime) -> str:
        found = await survey(self._storage, one, means, self._clock(), at=at)
        return excluded_text(found.summary, self._wording)

    def _times(
        self, one: Announcement, at: datetime | None, latest: datetime | None, now: datetime
    ) -> tuple[datetime | None, datetime | None]:
        """When it goes out (None: now) and until when; raises NotPossible for times that make no sense."""
        country, fair = self._library().country, self._drafts.fair_of(one)
        kind, planned = Kind(one.kind), one.plan.get("at")
        if at is None and planned and datetime.fromisoformat(planned) > now:
            at = datetime.fromisoformat(planned)
        at = times.leaves(kind, fair, country, at, now)
        return at, times.until(kind, fair, country, at, latest, now)

    def _refuse_send(self, one: Announcement) -> Never:
        state = State(one.state)
        if (Act.SEND, state) in SPECIAL:
            at = one.scheduled_at or one.started_at or ""
            raise NotPossible(f"send_{state}", by=one.sent_by, at=at, id=one.id)
        raise NotPossible("state", act="send", state=one.state)
