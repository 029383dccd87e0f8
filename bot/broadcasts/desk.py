"""The desk that the team reaches by chat: what somebody asked for is kept with the turn, done here, answered in the chat.

A request is taken before it is done: if this process dies in between, the person asks again; nothing is done twice.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.broadcast import Broadcaster, Choosing
from bot.broadcasts.audience import Kind
from bot.broadcasts.states import NotPossible
from bot.broadcasts.telling import plan_text, show_text, state_text
from bot.conversation import DecideNews, PrepareNews
from bot.messages import Choice, Reply
from bot.person import Person
from bot.storage.broadcasts import Announcement, Asked, Broadcasts
from bot.storage.work import Storage, Work
from bot.wording import Wording

log = logging.getLogger(__name__)

WAYS: Mapping[str, tuple[str, ...]] = {
    "draft": ("plan", "cancel"),
    "planned": ("test", "approve", "cancel"),
    "approved": ("send", "plan", "cancel"),
    "scheduled": ("show", "pause", "cancel"),
    "sending": ("show", "pause", "cancel"),
    "paused": ("resume", "cancel"),
    "done": ("show", "plan"),
    "cancelled": (),
}
"""What can be done with an announcement in each state, in the order of the buttons."""

OF_A_FAIR: Mapping[str, Kind] = {"remind": Kind.REMINDER, "correct": Kind.CORRECTION}
"""What can be made of a fair's announcement once it went out."""

_LISTED = 6


class NewsDesk:
    """Does for the team what they ask for by chat."""

    def __init__(self, storage: Storage, broadcaster: Broadcaster, wording: Wording) -> None:
        self._storage = storage
        self._broadcaster = broadcaster
        self._wording = wording

    async def take(self, work: Work, person: Person, effect: PrepareNews | DecideNews, now: datetime) -> None:
        """Keep a request with the turn that made it. People who are not of the team have none."""
        if not person.staff:
            return
        if isinstance(effect, PrepareNews):
            body = {"fair": effect.fair, "text": effect.text, "regions": list(effect.regions)}
            asked = Asked(0, person.id, None, "prepare", body)
        else:
            asked = Asked(0, person.id, effect.broadcast, effect.act, {})
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
            reply = Reply(
                self._broadcaster.explain(error, language), (self._way(asked.broadcast_id or 0, "list", language),)
            )
        async with self._storage.work() as work:
            await work.outbox.add(person.id, person.address.channel, reply, now)

    async def _do(self, person: Person, asked: Asked, language: str) -> Reply:
        by, number, desk = f"equipo-{person.id}", asked.broadcast_id or 0, self._broadcaster
        match asked.act:
            case "prepare":
                return await self._prepared(asked.body, by, language)
            case "plan":
                return self._plan(await desk.plan(number), language)
            case "list":
                return await self._list(language)
            case "approve":
                await desk.approve(number, by)
            case "send":
                await desk.send(number, by=by)
            case "pause" | "resume" | "cancel":
                await {"pause": desk.pause, "resume": desk.resume, "cancel": desk.cancel}[asked.act](number)
            case "remind" | "correct":
                return await self._follow_up(await desk.get(number), OF_A_FAIR[asked.act], by, language)
            case "test":
                await desk.test(number, person.address)
            case _:
                pass
        return self._shown(await desk.show(number), language)

    async def _prepared(self, body: Mapping[str, Any], by: str, language: str) -> Reply:
        choosing = Choosing(regions=tuple(body["regions"]))
        if body["fair"]:
            one = await self._broadcaster.draft_fair(body["fair"], by, choosing)
        else:
            one = await self._broadcaster.draft_text({"es": body["text"]}, by, choosing)
        return self._plan(await self._broadcaster.plan(one.id), language)

    async def _follow_up(self, one: Announcement, kind: Kind, by: str, language: str) -> Reply:
        draft = await self._broadcaster.draft_fair(one.subject, by, kind=kind)
        return self._plan(await self._broadcaster.plan(draft.id), language)

    async def _list(self, language: str) -> Reply:
        found = [one for one in await self._broadcaster.newest() if one["state"] != "cancelled"][:_LISTED]
        if not found:
            return Reply(self._wording.text("staff.none", language))
        lines = [f"- {one['id']}: {one['title']} ({state_text(one, self._wording, language)})" for one in found]
        choices = tuple(Choice(f"news/{one['id']}/show", f"{one['id']} {one['title']}"[:20].strip()) for one in found)
        return Reply("\n".join(lines), choices)

    def _plan(self, plan: Mapping[str, Any], language: str) -> Reply:
        return Reply(plan_text(plan, self._wording, language), self._ways(plan["id"], "planned", language))

    def _shown(self, shown: Mapping[str, Any], language: str) -> Reply:
        ways = self._ways(shown["id"], shown["state"], language)
        if shown["kind"] == Kind.FAIR and shown["state"] in {"sending", "done"}:
            ways += tuple(self._way(shown["id"], act, language) for act in OF_A_FAIR)
        return Reply(show_text(shown, self._wording, language), ways)

    def _ways(self, number: int, state: str, language: str) -> tuple[Choice, ...]:
        return tuple(self._way(number, act, language) for act in WAYS[state])

    def _way(self, number: int, act: str, language: str) -> Choice:
        return Choice(f"news/{number}/{act}", self._wording.text(f"staff.do.{act}", language))
