"""Road 2: an announcement from the draft to the last person. The one face of `bot.broadcasts` for everybody else.

Nothing is sent from here: whom it concerns is written into the outbox, in chunks, by `advance`. What is approved is
what is sent: a plan that changed after it was approved is refused; who left meanwhile is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from bot.broadcasts import compose, plan
from bot.broadcasts.audience import Audience, Kind, Topic, chosen
from bot.broadcasts.rates import Rates, read_rates
from bot.broadcasts.runner import Runner
from bot.broadcasts.states import Act, NotPossible, State, after
from bot.broadcasts.survey import Means, Survey, survey
from bot.broadcasts.watch import Watch
from bot.errors import BadContent
from bot.library.library import Library
from bot.messages import LONGEST_REPLY
from bot.person import Address
from bot.storage.broadcasts import Announcement, Broadcasts, Draft
from bot.storage.crowd import Crowd
from bot.storage.tables import State as Delivery
from bot.storage.work import Storage, Work
from bot.wording import MAIN, Wording

PRIORITIES = {Kind.CORRECTION: 3, Kind.REMINDER: 4}
REMIND_AT = time(9)
"""When a reminder leaves on the day before, where people live."""

__all__ = ["Broadcaster", "Choosing", "NotPossible", "rates_of"]


@dataclass(frozen=True, slots=True)
class Choosing:
    """The audience as somebody names it: codes or names, empty for any."""

    regions: Sequence[str] = ()
    sectors: Sequence[str] = ()
    languages: Sequence[str] = ()
    channels: Sequence[str] = ()
    registered: str = ""  # only people registered for this fair


def rates_of(content: Path) -> Rates:
    """The price list of a content folder; raises BadContent."""
    path = content / "tarifas.yaml"
    try:
        return read_rates(path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
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
    ) -> None:
        """`paces`: messages a second by channel. `templates`: the approved (name, language) that this process knows."""
        self._storage = storage
        self._library = library
        self._wording = wording
        self._rates = rates
        self._paces = paces
        self._clock = clock
        self._approval_above = approval_above
        self._templates = templates
        self.watch = watch or Watch()
        self._runner = Runner(storage, library, self._recomposed, self.watch)

    def explain(self, error: NotPossible, language: str = MAIN) -> str:
        """The refusal in words."""
        values = dict(error.values)
        for name in ("state", "act", "what"):
            if name in values and self._wording.has(f"news.{name}.{values[name]}", language):
                values[name] = self._wording.text(f"news.{name}.{values[name]}", language)
        return self._wording.text(f"news.no.{error.code}", language, **values)

    async def draft_fair(
        self, fair_id: str, by: str, choosing: Choosing | None = None, kind: Kind = Kind.FAIR, on_unknown: str = "skip"
    ) -> Announcement:
        """An announcement, reminder or correction made from a fair's file; by default for the fair's region."""
        library, now, by = self._library(), self._clock(), _name(by)
        fair = library.fair(fair_id)
        if fair is None:
            raise NotPossible("fair", name=fair_id, known=", ".join(f.id for f in library.upcoming(now)) or "-")
        if fair.end <= now or (kind is Kind.REMINDER and fair.start <= now):
            raise NotPossible("fair_past", title=fair.title, date=self._wording.date(fair.start))
        if fair.status == "draft" or (kind is not Kind.CORRECTION and not fair.announced):
            raise NotPossible("fair_status", title=fair.title, status=fair.status)
        choosing = choosing or Choosing()
        if kind is Kind.FAIR and not choosing.regions and not choosing.registered:
            choosing = replace(choosing, regions=(fair.region,))
        topic = Topic.ASKED if kind is Kind.REMINDER else Topic.FAIRS
        body = compose.of_fair(kind, fair.id, library, self._wording)
        return await self._draft(kind, topic, body, self._audience(choosing), fair.id, by, on_unknown)

    async def draft_text(
        self,
        texts: Mapping[str, str],
        by: str,
        choosing: Choosing | None = None,
        topic: Topic = Topic.FAIRS,
        on_unknown: str = "skip",
    ) -> Announcement:
        """An announcement of somebody's own words, by language."""
        by = _name(by)
        body = compose.of_text(texts, topic, self._wording)
        return await self._draft(Kind.TEXT, topic, body, self._audience(choosing or Choosing()), "", by, on_unknown)

    async def plan(self, number: int, *, people: bool = False) -> dict[str, Any]:
        """Who gets it, who not and why, how long it takes and costs; this is what can be approved then."""
        now = self._clock()
        one = await self.get(number)
        after(State(one.state), Act.PLAN)
        one = self._up_to_date(one, now)
        found = await survey(self._storage, one, await self._means(), now, people=people)
        if not found.census.eligible:
            reasons = ", ".join(
                f"{self._wording.text('news.why.' + why.value)}: {n}" for why, n in sorted(found.census.excluded.items())
            )
            raise NotPossible("nobody", reasons=reasons or "0")
        async with self._storage.work() as work:
            known = Broadcasts(work.line, work.vault)
            if not await known.move(one.id, one.state, after(State(one.state), Act.PLAN)):
                raise NotPossible("meanwhile")
            roster = {True: found.census.eligible, False: found.census.waiting}
            await known.planned(one, found.summary, roster, now)
        return {**found.summary, **({"people": plan.people_of(found.census)} if people else {})}

    async def approve(self, number: int, by: str, plan_hash: str = "") -> Announcement:
        """Agree to the plan as it was shown; above a number of people somebody else than the author must."""
        by = _name(by)
        async with self._storage.work() as work:
            known = Broadcasts(work.line, work.vault)
            one = await self._get(work, number)
            after(State(one.state), Act.APPROVE)
            if plan_hash and plan_hash != one.plan_hash:
                raise NotPossible("other_plan")
            eligible = int(one.plan["eligible"])
            if eligible > self._approval_above and _same(by, one.author):
                raise NotPossible("author", name=one.author, n=eligible, most=self._approval_above)
            if not await known.move(number, one.state, State.APPROVED):
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
        one = self._up_to_date(one, now)
        at, latest = self._times(one, at, latest, now)
        await self._unchanged(one, now, as_approved=as_approved)
        act = Act.SCHEDULE if at is not None else Act.SEND
        async with self._storage.work() as work:
            known = Broadcasts(work.line, work.vault)
            if not await known.move(number, State.APPROVED, after(State.APPROVED, act)):
                self._refuse_send(await self._get(work, number))
            unknown = on_unknown or one.on_unknown
            await known.send(one, by or one.author, int(one.plan["eligible"]), at, latest, unknown)
            if at is None:
                await self._runner.begin(work, await self._get(work, number), now)
        self.watch.forget(number)
        return await self.get(number)

    async def pause(self, number: int, why: str | None = None) -> Announcement:
        """Send no more of it until it is resumed; what is on its way arrives."""
        return await self._move(number, Act.PAUSE, why)

    async def resume(self, number: int) -> Announcement:
        """Go on where it was."""
        now = self._clock()
        one = await self.get(number)
        if one.expires_at is not None and one.expires_at <= now:
            raise NotPossible("late", latest=self._moment(one.expires_at))
        self.watch.forget(number)
        waits = one.started_at is None and one.scheduled_at is not None and one.scheduled_at > now
        if waits or one.started_at is not None:
            return await self._move(number, Act.WAIT if waits else Act.RESUME)
        await self._move(number, Act.WAIT)
        await self.advance(now)
        return await self.get(number)

    async def cancel(self, number: int) -> Announcement:
        """End it; who is not reached yet will not be."""
        return await self._move(number, Act.CANCEL)

    async def show(self, number: int, *, unknown: int = 20) -> dict[str, Any]:
        """How far it is."""
        one = await self.get(number)
        async with self._storage.view() as work:
            found = await work.outbox.counts(number)
            approvals = await Broadcasts(work.line, work.vault).approvals(number)
            lost = await Crowd(work.line).unknown(number, unknown)
        counts = {state: sum(n for (_, s), n in found.items() if s is state) for state in Delivery}
        written = sum(counts.values())
        open_ = counts[Delivery.QUEUED] + counts[Delivery.LEASED] + counts[Delivery.SENDING]
        eligible = one.eligible or int(one.plan.get("eligible", 0))
        rest = max(0, eligible - written)
        running = State(one.state) in {State.SENDING, State.PAUSED, State.SCHEDULED}
        return {
            "id": one.id,
            "state": one.state,
            "eligible": eligible,
            "queued": open_ + (rest if running else 0),
            "sent": counts[Delivery.SENT],
            "delivered": counts[Delivery.DELIVERED],
            "read": counts[Delivery.READ],
            "unknown": counts[Delivery.UNKNOWN],
            "failed": counts[Delivery.FAILED],
            "skipped": counts[Delivery.SKIPPED] + (0 if running or not one.started_at else rest),
            **self.facts(one),
            "approved_by": [approval.name for approval in approvals if approval.plan_hash == one.plan_hash],
            "unknown_people": lost,
        }

    async def newest(self) -> list[dict[str, Any]]:
        """The newest announcements."""
        async with self._storage.view() as work:
            found = await Broadcasts(work.line, work.vault).newest()
        return [{"id": one.id, "state": one.state, **self.facts(one)} for one in found]

    async def test(self, number: int, to: Address) -> None:
        """Send it to one person of the team, as it will look."""
        now = self._clock()
        async with self._storage.work() as work:
            one = await self._get(work, number)
            person = await work.people.find(to)
            if person is None:
                raise NotPossible("stranger")
            language = str(person.language)
            words = compose.read(self._up_to_date(one, now).body)
            reply = compose.bubble(words, Kind(one.kind), to.channel, language, one.code, self._wording)
            marked = replace(reply, text=self._wording.text("news.test", language) + "\n\n" + reply.text, template=None)
            await work.outbox.add(person.id, to.channel, marked, now)

    async def known(self, work: Work, code: str) -> Mapping[str, str]:
        """Code to title, if an announcement with this code went out: for `verificar CODE`."""
        title = await Broadcasts(work.line, work.vault).title_of(code.upper())
        return {code.upper(): title} if title else {}

    async def advance(self, now: datetime) -> None:
        """Everything that time does: start, write the next chunk, rest at night, end. Any process, as often as it likes."""
        await self._runner.advance(now)

    async def get(self, number: int) -> Announcement:
        """The announcement; raises NotPossible when there is none."""
        async with self._storage.view() as work:
            return await self._get(work, number)

    def facts(self, one: Announcement) -> dict[str, Any]:
        """What it is, for lists."""
        return {
            "kind": one.kind,
            "title": one.title,
            "code": one.code,
            "author": one.author,
            "audience": dict(one.audience),
            "topic": one.topic,
            "on_unknown": one.on_unknown,
            "resting": one.resting,
            "at": one.scheduled_at.isoformat() if one.scheduled_at else None,
            "latest": one.expires_at.isoformat() if one.expires_at else None,
            "sent_by": one.sent_by or None,
            "why": one.why or None,
            "hash": one.plan_hash or None,
        }
