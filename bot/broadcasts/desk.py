"""The desk that the team reaches by chat: a request is stored with the turn, done here, answered in the chat.

A request is taken before it is done: if this process dies in between, the person asks again; nothing is done twice.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from bot.broadcast import Broadcaster, Choosing
from bot.broadcasts.audience import Kind
from bot.broadcasts.drafts import identity
from bot.broadcasts.progress import about
from bot.broadcasts.states import NotPossible, State
from bot.broadcasts.telling import kind_text, moment_text, plan_text, show_text, state_text
from bot.conversation import DecideNews, PrepareNews
from bot.errors import StaleState
from bot.messages import Choice, Reply
from bot.offered import offer
from bot.person import Person
from bot.storage.broadcasts import Announcement, Asked, Broadcasts
from bot.storage.work import Storage, Work
from bot.wording import Wording

log = logging.getLogger(__name__)

LOOKS: Mapping[State, tuple[str, ...]] = {
    State.PLANNED: ("test",),
    State.SCHEDULED: ("show",),
    State.SENDING: ("show",),
    State.DONE: ("show",),
}
"""What the chat offers before the acts that change something: to see the message, or how far it is."""

OF_A_FAIR: Mapping[str, Kind] = {"remind": Kind.REMINDER, "correct": Kind.CORRECTION}
"""What can be made of a fair's announcement once it went out."""

REMEDIES: Mapping[str, str] = {"other_plan": "see"} | dict.fromkeys(
    ("changed", "changed_category", "joined", "other_day"), "plan"
)
"""What is offered first with a refusal: to look at the plan, or to make it again."""

AGREES = frozenset({"approve", "send"})
"""What is only done with the plan that was seen."""

FOLLOW_UPS = frozenset(OF_A_FAIR.values())

_LISTED = 6
_CHANGED = 3
_TRIES = 3
_MARK = 8  # letters of a plan's hash


class NewsDesk:
    """Does for the team what they ask for by chat."""

    def __init__(self, storage: Storage, broadcaster: Broadcaster, wording: Wording) -> None:
        self._storage = storage
        self._broadcaster = broadcaster
        self._wording = wording

    async def take(self, work: Work, person: Person, effect: PrepareNews | DecideNews, now: datetime) -> None:
        """Keep a request with the turn that made it. What people outside the team ask for is dropped."""
        if not person.staff:
            return
        if isinstance(effect, PrepareNews):
            body = {"fair": effect.fair, "text": effect.text, "regions": list(effect.regions)}
            asked = Asked(0, person.id, None, "prepare", body)
        else:
            asked = Asked(0, person.id, effect.broadcast, effect.act, {"mark": effect.mark})
        await Broadcasts(work.line, work.vault).ask(asked, now)

    async def answer(self, now: datetime) -> int:
        """Do what waits and answer it; gives how many. Any number of processes may call it."""
        async with self._storage.view() as work:
            waiting = await Broadcasts(work.line, work.vault).asked()
        done = 0
        for asked in waiting:
            async with self._storage.work() as work:
                mine = await Broadcasts(work.line, work.vault).answered(asked.id)
                person = await work.people.by_id(asked.person_id) if mine else None
            if person is not None and person.staff:
                await self._serve(person, asked, now)
                done += 1
        return done

    async def _serve(self, person: Person, asked: Asked, now: datetime) -> None:
        language = str(person.language)
        try:
            reply = await self._do(person, asked, language)
        except NotPossible as error:
            reply = self._refused(error, asked.broadcast_id or 0, language)
        for _ in range(_TRIES):
            try:
                async with self._storage.work() as work:
                    await work.outbox.add(person.id, person.address.channel, reply, now)
                    await offer(work, person, reply.choices, now)
            except StaleState:  # they are writing just now
                continue
            return
        async with self._storage.work() as work:
            await work.outbox.add(person.id, person.address.channel, reply, now)

    async def _do(self, person: Person, asked: Asked, language: str) -> Reply:
        by, number, desk = identity(person), asked.broadcast_id or 0, self._broadcaster
        match asked.act:
            case "prepare":
                number = await self._prepared(asked.body, by)
            case "remind" | "correct":
                number = await self._follow_up(await desk.get(number), OF_A_FAIR[asked.act], by)
            case "list":
                return await self._list(language)
            case "ask":
                return self._sure(await desk.approved(number, _seen(asked)), language)
            case "approve":
                await desk.approve(number, by, _seen(asked))
            case "send":
                await desk.send(number, by=by, plan_hash=_seen(asked))
            case "plan" | "pause" | "resume" | "cancel":
                change: dict[str, Callable[[int], Awaitable[object]]] = {
                    "plan": desk.plan,
                    "pause": desk.pause,
                    "resume": desk.resume,
                    "cancel": desk.cancel,
                }
                await change[asked.act](number)
            case "test":
                await desk.test(number, person.address)
        return await self._shown(number, language)

    async def _prepared(self, body: Mapping[str, Any], by: str) -> int:
        choosing = Choosing(regions=tuple(body["regions"]))
        if body["fair"]:
            one = await self._broadcaster.draft_fair(body["fair"], by, choosing)
        else:
            one = await self._broadcaster.draft_text({"es": body["text"]}, by, choosing)
        await self._broadcaster.plan(one.id)
        return one.id

    async def _follow_up(self, one: Announcement, kind: Kind, by: str) -> int:
        draft = await self._broadcaster.draft_fair(one.subject, by, kind=kind)
        await self._broadcaster.plan(draft.id)
        return draft.id

    async def _list(self, language: str) -> Reply:
        found = [one for one in await self._broadcaster.newest() if one["state"] != "cancelled"][:_LISTED]
        if not found:
            return Reply(self._wording.text("staff.none", language))
        say = self._wording.text
        changed = (await self._broadcaster.uncorrected())[:_CHANGED]
        lines = [say("news.uncorrected", language, n=each["people"], **each) for each in changed]
        choices = [Choice(f"news/{each['id']}/correct", say("staff.correct", language, **each)) for each in changed]
        for one in found:
            kind, state = kind_text(one, self._wording, language), state_text(one, self._wording, language)
            lines.append(say("staff.listed", language, kind=kind, state=state, id=one["id"], title=one["title"]))
            short = kind if one["kind"] in FOLLOW_UPS else one["title"]
            choices.append(Choice(f"news/{one['id']}/show", f"{one['id']} {short}"[:20].strip()))
        return Reply("\n".join(lines), tuple(choices))

    def _sure(self, one: Announcement, language: str) -> Reply:
        """Asks whether it is to be sent, with the time at which it would leave."""
        at = self._broadcaster.leaves(one)
        act = "schedule" if at else "send"
        when = {"at": moment_text(at, self._wording, language), "n": one.plan["eligible"]} if at else {}
        text = self._wording.text(f"staff.sure.{act}", language, id=one.id, **when)
        yes = Choice(f"news/{one.id}/send/{_mark(one.plan_hash)}/yes", self._wording.text(f"staff.yes.{act}", language))
        return Reply(text, (yes, Choice(f"news/{one.id}/show", self._wording.text("staff.no", language))))

    async def _shown(self, number: int, language: str) -> Reply:
        """Where it stands: the plan that waits to be approved or sent, or how far it is."""
        shown, one = await self._broadcaster.show(number), await self._broadcaster.get(number)
        state, places = State(shown["state"]), self._broadcaster.places
        acts = (*LOOKS.get(state, ()), *shown["acts"])
        if shown["kind"] == Kind.FAIR and state in {State.SENDING, State.DONE}:
            acts += tuple(OF_A_FAIR)
        ways = tuple(self._way(number, act, language, one.plan_hash) for act in acts)
        if state not in {State.PLANNED, State.APPROVED}:
            return Reply(show_text(shown, self._wording, language, places), ways)
        text = plan_text({**one.plan, **about(one)}, self._wording, language, places)
        if shown["approved_by"]:
            names = ", ".join(shown["approved_by"])
            text = self._wording.text("news.approved_by", language, names=names) + "\n" + text
        return Reply(text, ways)

    def _refused(self, error: NotPossible, number: int, language: str) -> Reply:
        """Why it cannot be done, and what to do instead."""
        acts = (REMEDIES[error.code], "list") if number and error.code in REMEDIES else ("list",)
        ways = tuple(self._way(number, act, language) for act in acts)
        return Reply(self._broadcaster.explain(error, language), ways)

    def _way(self, number: int, act: str, language: str, plan_hash: str = "") -> Choice:
        """A button. One that agrees to a plan carries the mark of this plan, so an old one agrees to no other."""
        way = f"news/{number}/{act}" + (f"/{_mark(plan_hash)}" if act in AGREES else "")
        return Choice(way, self._wording.text(f"staff.do.{act}", language))


def _mark(plan_hash: str) -> str:
    return plan_hash[:_MARK]


def _seen(asked: Asked) -> str:
    """The mark of the plan that they saw; of an old button something that no plan begins with."""
    mark = str(asked.body.get("mark", ""))
    return mark if len(mark) == _MARK else "-"
