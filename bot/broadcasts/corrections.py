"""Fairs that changed after people were told of them: whoever announces has to know, because the people told do not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.broadcasts import compose
from bot.broadcasts.audience import Kind
from bot.library.fairs import Fair
from bot.library.library import Library
from bot.storage.broadcasts import Announcement, Broadcasts
from bot.storage.tables import State
from bot.storage.work import Work
from bot.wording import Wording

_TOLD = (State.SENT, State.UNKNOWN, State.DELIVERED, State.READ)


async def uncorrected(work: Work, library: Library, wording: Wording, now: datetime) -> list[dict[str, Any]]:
    """Each announcement of a fair to come that says something else than the fair's file does now.

    What a correction said since then counts. `people`: how many were told.
    """
    newest: dict[str, Announcement] = {}
    first: dict[str, Announcement] = {}
    people: dict[str, int] = {}
    for one in await Broadcasts(work.line, work.vault).went_out(Kind.FAIR, Kind.CORRECTION):
        fair = library.fair(one.subject)
        if fair is None or fair.end <= now or fair.status == "draft":
            continue
        newest[one.subject] = one
        if one.kind == Kind.FAIR:
            first[one.subject] = one
            told = await work.outbox.counts(one.id)
            people[one.subject] = people.get(one.subject, 0) + sum(told.get(("", state), 0) for state in _TOLD)
    return [
        {"id": one.id, "title": one.title, "subject": subject, "people": people[subject]}
        for subject, one in first.items()
        if people[subject] and _differs(newest[subject], library, wording)
    ]


def _differs(one: Announcement, library: Library, wording: Wording) -> bool:
    fair = library.fair(one.subject)
    if one.kind == Kind.FAIR and fair is not None and not fair.announced:
        return True
    fresh = compose.of_fair(Kind(one.kind), one.subject, library, wording)
    return _facts(fresh, library, one) != _facts(compose.read(one.body), library, one)


def _facts(body: compose.Body, library: Library, one: Announcement) -> Mapping[str, Any]:
    """What people must know: all of it but the source line, whose date changes with every look at the source."""
    return {
        language: (_without_source(words.text, library.fairs.get((language, one.subject))), dict(words.variables))
        for language, words in body.items()
    }


def _without_source(text: str, fair: Fair | None) -> str:
    return text.rpartition("\n\n")[0] if fair is not None and fair.sources else text
