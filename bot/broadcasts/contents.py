"""What a broadcast says to one person, asked by the sender for every message of a crowd.

The words are those that were approved; they are read once. For a person who must not get it any more it gives None.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from bot.broadcasts import compose
from bot.broadcasts.audience import Kind, Topic
from bot.errors import NeedsTemplate, Unreachable
from bot.messages import Reply
from bot.storage.broadcasts import Announcement, Broadcasts
from bot.storage.crowd import Crowd, Some
from bot.storage.outbox import Claimed
from bot.storage.templates import Templates
from bot.storage.work import Storage
from bot.wording import Wording

_KEPT = 64

Approved = Callable[[], Collection[tuple[str, str]]]
"""The WhatsApp templates, (name, language), that may be used now."""

Learn = Callable[[Mapping[tuple[str, str], str]], None]
"""Told which template stands where at Twilio, by (name, language), when some process has heard of it."""

_NOT_YET = 60.0  # seconds


@dataclass(slots=True)
class _Known:
    """An announcement, and the bubbles that were made of it: the same for thousands."""

    one: Announcement
    body: compose.Body
    bubbles: dict[tuple[str, str], Reply] = field(default_factory=dict)

    def bubble(self, channel: str, language: str, wording: Wording) -> Reply:
        """What is said over this channel in this language."""
        made = self.bubbles.get((channel, language))
        if made is None:
            made = compose.bubble(self.body, Kind(self.one.kind), channel, language, self.one.code, wording)
            self.bubbles[channel, language] = made
        return made


class Contents:
    """The words of announcements; a number that is not one of an announcement has none."""

    def __init__(self, storage: Storage, wording: Wording, approved: Approved, learn: Learn | None = None) -> None:
        self._storage = storage
        self._wording = wording
        self._approved = approved
        self._learn = learn
        self._known: OrderedDict[int, _Known] = OrderedDict()

    async def reply_for(self, batch_id: int, person: Claimed) -> Reply | None:
        """The words for this person, or None when they must not be told any more.

        Raises NeedsTemplate when their window is closed and no process knows of an approved template, and Unreachable
        when one was approved but nobody has told yet where it stands.
        """
        known = self._known.get(batch_id) or await self._look_up(batch_id)
        if known is None:
            return None
        one = known.one
        if one.topic == Topic.ASKED and not await self._still_asked(one, person):
            return None
        reply = known.bubble(person.to.channel, str(person.language), self._wording)
        if person.to.channel == "whatsapp" and not person.window_open:
            await self._be_sure_of_template(reply)
            if one.kind == Kind.REMINDER and not await self._asked(one, person):
                raise NeedsTemplate("the template says that they asked for it, and they did not")
        return reply

    async def refresh(self) -> None:
        """Take over what any process was told of the templates since."""
        if self._learn is None:
            return
        async with self._storage.view() as work:
            contents = await Templates(work.line).contents()
        if contents is not None:
            old = compose.in_other_words(contents, self._wording)
            self._learn({name: content.sid for name, content in contents.items() if name not in old})

    async def _be_sure_of_template(self, reply: Reply) -> None:
        if self._usable(reply):
            return
        await self.refresh()
        if self._usable(reply):
            return
        async with self._storage.view() as work:
            told = Templates(work.line)
            untold = await told.contents() is None and self._named(reply) in await told.categories()
        if untold and self._learn is not None:
            raise Unreachable("the template was approved, but nobody told where it stands", after=_NOT_YET)
        raise NeedsTemplate("the window is closed and there is no approved template")

    @staticmethod
    def _named(reply: Reply) -> tuple[str, str] | None:
        return (reply.template.name, reply.template.language) if reply.template else None

    def _usable(self, reply: Reply) -> bool:
        return self._named(reply) in set(self._approved())

    async def _look_up(self, batch_id: int) -> _Known | None:
        async with self._storage.view() as work:
            one = await Broadcasts(work.line, work.vault).get(batch_id)
        if one is None:
            return None
        self._known[batch_id] = _Known(one, compose.read(one.body))
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return self._known[batch_id]

    async def _asked(self, one: Announcement, person: Claimed) -> bool:
        async with self._storage.view() as work:
            return bool(await Crowd(work.line).asked(one.subject, Some(ids=[person.ref.person_id])))

    async def _still_asked(self, one: Announcement, person: Claimed) -> bool:
        async with self._storage.view() as work:
            return await Crowd(work.line).may_remind(one.subject, person.ref.person_id)
