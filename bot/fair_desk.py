"""The fairs that partners announce: read, stored once, held until a person of the team has looked.

Who is told of a fair, and when, the team decides by an announcement; nothing is sent from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from bot.alerts.events import KINDS, PartnerFair, read_fair, read_fair_identifier
from bot.alerts.fair_files import read_fair_file
from bot.alerts.postings import Problems, Reader, read_event
from bot.storage.vacancies import StoredFair, VacancyStore


@dataclass(frozen=True, slots=True)
class ImportedFairs:
    """What became of a file."""

    accepted: tuple[tuple[int, PartnerFair], ...]
    rejected: tuple[Mapping[str, Any], ...]
    unchanged: int

    def to_json(self) -> dict[str, Any]:
        """As `rumbo import fairs --json` shows it."""
        accepted = [{"row": row, **fair.to_json()} for row, fair in self.accepted]
        return {"accepted": accepted, "rejected": list(self.rejected), "unchanged": self.unchanged}


class FairDesk:
    """Takes in fairs, inside the unit of work of the caller."""

    def __init__(self, reader: Callable[[], Reader], clock: Callable[[], datetime], new_id: Callable[[], int]) -> None:
        self._reader = reader
        self._clock = clock
        self._new_id = new_id

    async def event(self, store: VacancyStore, partner: str, body: object) -> Mapping[str, Any]:
        """One request of a partner; gives the fair. Raises Malformed."""
        now, reader = self._clock(), self._reader()
        event = read_event(body, reader, now, "fair", KINDS)
        if event.kind in {"closed", "cancelled"}:
            return (await self._cancel(store, partner, read_fair_identifier(event.data, reader), event.at)).to_json()
        fair = read_fair(event.data, partner, reader, now)
        return (await self._take(store, fair, event.at))[0].to_json()

    async def file(self, store: VacancyStore, partner: str, raw: bytes) -> ImportedFairs:
        """A file of fairs; repeating it changes nothing. Raises Malformed when nothing of it can be read."""
        now = self._clock()
        intake = read_fair_file(raw, partner, self._reader(), now)
        changed: list[tuple[int, PartnerFair]] = []
        for row, fair in intake.accepted:
            stored, fresh = await self._take(store, fair, now)
            changed += [(row, stored)] if fresh else []
        rejected = tuple(wrong.to_json() for wrong in intake.rejected)
        return ImportedFairs(tuple(changed), rejected, len(intake.accepted) - len(changed))

    async def _take(self, store: VacancyStore, fair: PartnerFair, at: datetime) -> tuple[PartnerFair, bool]:
        """Store a fair that was read; a change puts it before the team again. Gives whether anything changed."""
        known = await store.fair(fair.partner, fair.identifier)
        bare = replace(fair, id="", state="").to_json()
        content = sha256(orjson.dumps(bare, option=orjson.OPT_SORT_KEYS)).hexdigest()
        if known:
            same = known.content == content and (known.fair.state == "cancelled") == (fair.state == "cancelled")
            if same or at < known.event_at:
                return known.fair, False
        fair = replace(fair, id=known.fair.id if known else str(self._new_id()))
        await store.save_fair(StoredFair(fair, content, at), self._clock())
        return fair, True

    async def _cancel(self, store: VacancyStore, partner: str, identifier: str, at: datetime) -> PartnerFair:
        known = await store.fair(partner, identifier)
        if known is None:
            problems = Problems(self._reader().lexicon.reasons)
            problems.add("identifier", "unknown_fair")
            problems.stop()
        assert known is not None
        fair = replace(known.fair, state="cancelled")
        await store.save_fair(StoredFair(fair, known.content, max(at, known.event_at)), self._clock())
        return fair
