"""The people of the organisation in their Telegram group: one topic for each person who asked for them.

The group learns an opaque name, the channel and the subject, never who it is. What is said goes through the outbox, so
nothing is lost with a process; only the topic itself is made in a call of its own, and at worst an empty one remains.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.errors import SendFailed
from bot.messages import Choice, Inbound, Reply
from bot.person import Address, Person, PersonId
from bot.storage.handovers import Handover
from bot.storage.outbox import WINDOW
from bot.storage.work import Storage, Work
from bot.wording import Wording

log = logging.getLogger(__name__)

CHANNEL = "staff"
LANE = "telegram"
CLOSE = "/cerrar"
SILENCE = timedelta(hours=24)
"""After so long without a word the person is answered by the assistant again."""
_OURS = timedelta(seconds=60)
_PATIENCE = 15.0

OpenTopic = Callable[[str, str], Awaitable[str]]
"""Makes a topic of that name in that group; gives its number. Raises SendFailed."""


class StaffTeam:
    """Passes words between people and the team."""

    def __init__(
        self, *, storage: Storage, wording: Wording, clock: Callable[[], datetime], chat: str, open_topic: OpenTopic
    ) -> None:
        self._storage = storage
        self._wording = wording
        self._clock = clock
        self._group = Address(CHANNEL, chat)
        self._open_topic = open_topic

    async def is_open(self, work: Work, person_id: PersonId) -> bool:
        """Whether somebody of the team is talking with this person."""
        return await work.handovers.find(person_id) is not None

    async def call(self, work: Work, person: Person, topic: str) -> None:
        """This person asks for a person: a topic for them, or a sign in the one that there is."""
        first = self._wording.text(
            "team.asks",
            name=self._name(work, person.id),
            channel=person.address.channel.capitalize(),
            language=self._wording.text(f"language.{person.language}"),
            topic=topic or "-",
        )
        if not await work.handovers.open(person.id, topic, first, self._clock()):
            await self.relay(work, person, self._wording.text("team.again"))

    async def relay(self, work: Work, person: Person, text: str) -> None:
        """This person says something to the team."""
        said = f"👤 {text}"
        found = await work.handovers.say(person.id, said, self._clock())
        if found is not None:
            await self._tell(work, found, said)

    async def leave(self, work: Work, person: Person) -> None:
        """This person has ended the conversation, or is about to be erased."""
        found = await work.handovers.close(person.id)
        if found is not None:
            await self._tell(work, found, self._wording.text("team.left"))

    async def notice(self, work: Work, text: str) -> None:
        """Say something to the whole group that is about nobody."""
        group = (await work.people.recall(self._group, (), "", self._clock())).person
        await work.outbox.add(group.id, LANE, Reply(text), self._clock())

    async def heard(self, said: Inbound) -> None:
        """Somebody of the team wrote in a topic: their words go to the person, `/cerrar` ends it."""
        async with self._storage.work() as work:
            if not await work.inbox.first_time(said.sender.channel, said.event, said.at):
                return
            person_id = await work.handovers.of_thread(int(said.choice), said.at)
            person = await work.people.by_id(person_id) if person_id is not None else None
            if person is None:
                return  # a topic of their own
            here = Handover(person.id, "", int(said.choice))
            if said.text.partition("@")[0].split(maxsplit=1)[:1] == [CLOSE]:
                await work.handovers.close(person.id)
                await self._say(work, person, Reply(self._words("human.closed", person), (self._menu(person),)))
                await self._tell(work, here, self._wording.text("team.closed"))
            elif obstacle := self._obstacle(said, person):
                await self._tell(work, here, self._wording.text(obstacle))
            else:
                await self._say(work, person, Reply(self._words("human.says", person, text=said.text)))

    async def tend(self) -> None:
        """Make the topics that are missing, and end conversations that have fallen silent."""
        async with self._storage.work() as work:
            for silent in await work.handovers.close_silent(self._clock() - SILENCE):
                await self._tell(work, silent, self._wording.text("team.silent"))
        while await self._open_one():
            pass

    async def reopen(self, thread: int) -> int | None:
        """That topic was deleted: make it anew for the person whom it belongs to. Raises SendFailed.

        Gives the number of the new topic; None when the conversation has ended, or goes on elsewhere.
        """
        async with self._storage.view() as work:
            found = await work.handovers.in_thread(thread)
            name = self._name(work, found.person_id) if found else ""
        if found is None:
            return None
        new = int(await self._open_topic(self._group.value, name))
        async with self._storage.work() as work:
            if await work.handovers.follows(thread, new):
                here = Handover(found.person_id, found.topic, new)
                await self._tell(work, here, self._wording.text("team.reopened", name=name))
        return new

    async def _open_one(self) -> bool:
        now = self._clock()
        async with self._storage.work() as work:
            found = await work.handovers.unopened(now, now + _OURS)
            name = self._name(work, found.person_id) if found else ""
        if found is None:
            return False
        try:
            async with asyncio.timeout(_PATIENCE):
                thread = int(await self._open_topic(self._group.value, name))
        except (SendFailed, TimeoutError, ValueError) as error:
            log.error("no_topic_in_staff_chat", extra={"code": getattr(error, "code", type(error).__name__)})  # noqa: TRY400
            return False
        async with self._storage.work() as work:
            for text in await work.handovers.opened(found.person_id, thread, now):
                await self._tell(work, Handover(found.person_id, found.topic, thread), text)
        return True

    def _obstacle(self, said: Inbound, person: Person) -> str:
        """Why this cannot be passed on: a key of what the team is told; "" when nothing is in the way."""
        if not said.text.strip():
            return "team.only_text"
        if not person.reachable:
            return "team.unreachable"
        last = person.last_inbound
        closed = person.address.channel == "whatsapp" and (last is None or self._clock() - last >= WINDOW)
        return "team.window" if closed else ""

    async def _say(self, work: Work, person: Person, reply: Reply) -> None:
        """Say it to the person. What an older bubble offered counts no more: a digit now answers the team."""
        await work.outbox.add(person.id, person.address.channel, reply, self._clock())
        recalled = await work.people.look(person.address)
        if recalled is not None and (recalled.state.get("offered") or reply.choices):
            kept = {name: value for name, value in recalled.state.items() if name != "offered"}
            offered = {"offered": [[choice.id, choice.title] for choice in reply.choices]} if reply.choices else {}
            await work.people.remember(person.id, kept | offered, recalled.version)

    async def _tell(self, work: Work, where: Handover, text: str) -> None:
        """Say it to the team; without a topic it waits until there is one."""
        if where.thread is None:
            return
        group = (await work.people.recall(self._group, (), "", self._clock())).person
        await work.outbox.add(group.id, LANE, Reply(text, thread=str(where.thread)), self._clock())

    def _name(self, work: Work, person_id: PersonId) -> str:
        """What the team calls somebody: always the same for one person, and nothing can be read from it."""
        return self._wording.text("team.name", id=work.vault.hash("team", str(person_id)).hex()[:6].upper())

    def _words(self, key: str, person: Person, **values: object) -> str:
        return self._wording.text(key, str(person.language), **values)

    def _menu(self, person: Person) -> Choice:
        return Choice("menu", self._words("menu.label", person))
