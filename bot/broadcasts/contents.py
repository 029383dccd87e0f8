"""What a broadcast says to one person, asked by the sender for every message of a crowd.

The words are those that were approved; they are read once. Whoever must not get it any more gets None.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from bot.broadcasts import compose
from bot.broadcasts.audience import Kind, Topic
from bot.messages import Reply
from bot.storage.broadcasts import Announcement, Broadcasts
from bot.storage.crowd import Crowd
from bot.storage.outbox import Claimed
from bot.storage.work import Storage
from bot.wording import Wording

_KEPT = 64

Approved = Callable[[], Collection[tuple[str, str]]]
"""The WhatsApp templates, (name, language), that may be used now."""


class Others(Protocol):
    """Whoever knows what other broadcasts say."""

    async def reply_for(self, batch_id: int, person: Claimed) -> Reply | None:
        """The words for this person."""
        ...


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
    """The words of announcements. `others` is asked for broadcasts that are none."""

    def __init__(self, storage: Storage, wording: Wording, approved: Approved, others: Others | None = None) -> None:
        self._storage = storage
        self._wording = wording
        self._approved = approved
        self._others = others
        self._known: OrderedDict[int, _Known] = OrderedDict()

    async def reply_for(self, batch_id: int, person: Claimed) -> Reply | None:
        """The words for this person, or None when they must not be told any more."""
        known = self._known.get(batch_id) or await self._look_up(batch_id)
        if known is None:
            return await self._others.reply_for(batch_id, person) if self._others else None
        one = known.one
        if one.topic == Topic.ASKED and not await self._still_asked(one, person):
            return None
        reply = known.bubble(person.to.channel, str(person.language), self._wording)
        return reply if person.to.channel != "whatsapp" or person.window_open or self._usable(reply) else None

    def _usable(self, reply: Reply) -> bool:
        template = reply.template
        return template is not None and (template.name, template.language) in set(self._approved())

    async def _look_up(self, batch_id: int) -> _Known | None:
        async with self._storage.view() as work:
            one = await Broadcasts(work.line, work.vault).get(batch_id)
        if one is None:
            return None
        self._known[batch_id] = _Known(one, compose.read(one.body))
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return self._known[batch_id]

    async def _still_asked(self, one: Announcement, person: Claimed) -> bool:
        async with self._storage.view() as work:
            return await Crowd(work.line).may_remind(one.subject, person.ref.person_id)
