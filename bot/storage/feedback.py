"""What conversations leave behind without naming anybody: open questions, counts, reminders asked for, farewells.

A farewell: somebody asked to be erased. Everything goes at once but the sealed address, which goes as soon as the last
words have left (or can never leave).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from bot.person import Person, PersonId
from bot.storage import erasure
from bot.storage.instants import micros
from bot.storage.line import Line, Query
from bot.storage.notes import Notes
from bot.storage.people import People

UNANSWERED_KEPT = timedelta(days=60)

_MISSED = Query("INSERT INTO unanswered (channel, language, text, at) VALUES ($1, $2, $3, $4)")
_MISSED_ALL = Query("SELECT id, language, text, at FROM unanswered ORDER BY id DESC LIMIT $1")
_MISSED_OLD = Query("DELETE FROM unanswered WHERE at < $1")
_COUNT = Query(
    "INSERT INTO tally (day, name, subject, count) VALUES ($1, $2, $3, 1)"
    " ON CONFLICT (day, name, subject) DO UPDATE SET count = tally.count + 1"
)
_COUNTS = Query("SELECT name, subject, sum(count) FROM tally WHERE day >= $1 GROUP BY name, subject ORDER BY 3 DESC")
_REMINDERS = Query("SELECT fair FROM registration WHERE person_id = $1 ORDER BY fair")
_REMINDERS_OFF = Query(
    "SELECT r.fair FROM registration r LEFT JOIN subscription s ON s.person_id = r.person_id WHERE r.person_id = $1"
    " AND NOT COALESCE(s.fairs, FALSE) AND EXISTS (SELECT 1 FROM consent e WHERE e.person_id = r.person_id"
    " AND e.topic = 'fairs' AND NOT e.given AND e.at >= r.at)"
)
_REGISTER = Query(
    "INSERT INTO registration (fair, person_id, at) VALUES ($1, $2, $3)"
    " ON CONFLICT (fair, person_id) DO UPDATE SET at = excluded.at"
)
_FORGET_REMINDERS = Query("DELETE FROM registration WHERE person_id = $1")
_REPORTS = Query("SELECT count(*) FROM vacancy_report WHERE person_id = $1")
_OPEN = Query("SELECT 1 FROM delivery WHERE person_id = $1 AND state IN (0, 1, 2) LIMIT 1")
_BUBBLE = Query("SELECT batch_id FROM delivery WHERE provider_id = $1 AND person_id = $2")
_STAFF = Query("SELECT id FROM person WHERE staff ORDER BY id")
_FAREWELL = "farewell"


class Feedback:
    """Open questions, counts, reminders and farewells, inside one unit of work."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def missed(self, channel: str, language: str, scrubbed: str, at: datetime) -> None:
        """Keep a question that we had no answer to. The text must be scrubbed already."""
        await self._line.rows(_MISSED, channel, language, scrubbed, micros(at))

    async def unanswered(self, limit: int = 2_000) -> Sequence[tuple[int, str, str]]:
        """The newest open questions: id, language, text."""
        return [(int(row[0]), str(row[1]), str(row[2])) for row in await self._line.rows(_MISSED_ALL, limit)]

    async def count(self, name: str, subject: str, day: date) -> None:
        """One more of something on that day; nobody is named."""
        await self._line.rows(_COUNT, day, name, subject[:120])

    async def bubble(self, person_id: PersonId, provider_id: str) -> int | None:
        """Our number of a message that this person was sent; None when it is not known (any more)."""
        rows = await self._line.rows(_BUBBLE, provider_id, person_id)
        return int(rows[0][0]) if rows else None

    async def counts(self, since: date) -> Sequence[tuple[str, str, int]]:
        """What was counted since then, most first."""
        return [(str(row[0]), str(row[1]), int(row[2])) for row in await self._line.rows(_COUNTS, since)]

    async def beside(self, person_id: PersonId) -> dict[str, Any]:
        """What `mis datos` shows besides the person: reminders asked for, which of them will not come, reports."""
        return {
            "reminders": await self.reminders(person_id),
            "reminders_off": await self.reminders_off(person_id),
            "reports": await self.reports(person_id),
        }

    async def reminders(self, person_id: PersonId) -> list[str]:
        """The fairs that this person asked to be reminded of."""
        return [str(row[0]) for row in await self._line.rows(_REMINDERS, person_id)]

    async def reminders_off(self, person_id: PersonId) -> list[str]:
        """Those of them that will not come, because this person left the news of fairs since."""
        return [str(row[0]) for row in await self._line.rows(_REMINDERS_OFF, person_id)]

    async def reports(self, person_id: PersonId) -> int:
        """How many vacancies this person has reported that the team has not decided on yet."""
        return int((await self._line.rows(_REPORTS, person_id))[0][0])

    async def register(self, person_id: PersonId, fair: str, at: datetime) -> None:
        """Remind this person of a fair."""
        await self._line.rows(_REGISTER, fair, person_id, micros(at))

    async def forget_reminders(self, person_id: PersonId) -> None:
        """This person wants to hear of no fair any more, nor of those that they asked to be reminded of."""
        await self._line.rows(_FORGET_REMINDERS, person_id)

    async def say_goodbye(self, person_id: PersonId, at: datetime) -> None:
        """Erase everything now but the sealed address, which the last words still need."""
        await erasure.erase_content(self._line, person_id)
        await Notes(self._line).keep(f"{_FAREWELL}:{person_id}", at)

    async def finish_goodbyes(self) -> int:
        """Erase those whose last words have left; gives how many are still waiting."""
        waiting, notes = 0, Notes(self._line)
        for number in await notes.about(_FAREWELL):
            person_id = PersonId(int(number))
            if await self._line.rows(_OPEN, person_id):
                waiting += 1
                continue
            await erasure.erase(self._line, person_id)
            await notes.end(f"{_FAREWELL}:{number}")
        return waiting

    async def staff(self, people: People) -> list[Person]:
        """Everybody of the team."""
        found = [await people.by_id(PersonId(int(row[0]))) for row in await self._line.rows(_STAFF)]
        return [person for person in found if person is not None]

    async def purge(self, now: datetime) -> None:
        """Drop open questions older than 60 days."""
        await self._line.rows(_MISSED_OLD, micros(now - UNANSWERED_KEPT))
