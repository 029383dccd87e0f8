"""Erasing a person: every row that hangs on them, in this transaction, whatever else is going on.

A test walks over all tables to see that none with a `person_id` was left out. Hashed deduplication keys of the inbox
name nobody and live 48 hours.
"""

from __future__ import annotations

from bot.person import PersonId
from bot.storage.line import Line, Query

_STEPS = (
    Query("DELETE FROM delivery WHERE person_id = $1 AND priority = 0"),
    Query("DELETE FROM delivery WHERE person_id = $1 AND batch_id IN (SELECT id FROM broadcast)"),
    Query("DELETE FROM delivery WHERE person_id = $1 AND state IN (1, 2)"),
    Query("DELETE FROM held WHERE person_id = $1"),
    Query("DELETE FROM handover WHERE person_id = $1"),
    Query("DELETE FROM registration WHERE person_id = $1"),
    Query("DELETE FROM alert WHERE person_id = $1"),
    Query("DELETE FROM vacancy_report WHERE person_id = $1"),
    Query("DELETE FROM cell WHERE person_id = $1"),
    Query("DELETE FROM subscription WHERE person_id = $1"),
    Query("DELETE FROM consent WHERE person_id = $1"),
    Query("DELETE FROM conversation WHERE person_id = $1"),
    Query("DELETE FROM alias WHERE person_id = $1"),
    Query("DELETE FROM person WHERE id = $1"),
)


async def erase(line: Line, person_id: PersonId) -> None:
    """Leave nothing of this person."""
    for step in _STEPS:
        await line.rows(step, person_id)


_CONTENT = (*_STEPS[:10], Query("UPDATE conversation SET state = NULL, version = version + 1 WHERE person_id = $1"))


async def erase_content(line: Line, person_id: PersonId) -> None:
    """Leave nothing but the way to reach this person once more, for the last words."""
    for step in _CONTENT:
        await line.rows(step, person_id)
    await line.rows(Query("DELETE FROM consent WHERE person_id = $1"), person_id)
    await line.rows(Query("UPDATE person SET staff = FALSE, staff_name = NULL WHERE id = $1"), person_id)
