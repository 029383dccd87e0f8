"""What providers tell about messages they took: sent, failed, delivered, read; in any order, twice, or too early.

A status only moves forward in that order, so any order of arrival ends the same. A status that overtakes the answer
to our own call is kept for a day and applied once the call is recorded.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.messages import DeliveryStatus, Receipt
from bot.person import PersonId
from bot.storage.instants import micros
from bot.storage.line import Line, Query, Row
from bot.storage.people import People
from bot.storage.tables import State

_STATES = {
    DeliveryStatus.SENT: State.SENT,
    DeliveryStatus.FAILED: State.FAILED,
    DeliveryStatus.DELIVERED: State.DELIVERED,
    DeliveryStatus.READ: State.READ,
}
_KEPT = timedelta(days=1)

_FORWARD = (
    "UPDATE delivery SET state = $1, error = CASE WHEN $1 = 5 THEN $2 ELSE NULL END, lease_until = NULL, body = NULL,"
    " provider_id = COALESCE(NULLIF($3, ''), provider_id)"
    " WHERE {key} AND state <> 6 AND (state < $1 OR state = 4) RETURNING batch_id, person_id"
)
_BY_PROVIDER = Query(_FORWARD.format(key="provider_id = $3").replace("COALESCE(NULLIF($3, ''), provider_id)", "$3"))
_BY_REFERENCE = Query(_FORWARD.format(key="batch_id = $4 AND person_id = $5"))
_KNOWN = Query("SELECT batch_id, person_id FROM delivery WHERE provider_id = $1")
_KEEP = Query(
    "INSERT INTO early_receipt (provider_id, state, error, left_us, received_at) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (provider_id) DO UPDATE SET state = excluded.state, error = excluded.error,"
    " left_us = excluded.left_us WHERE excluded.state > early_receipt.state"
)
_SETTLED = Query(
    "DELETE FROM early_receipt WHERE provider_id IN (SELECT d.provider_id FROM delivery d JOIN early_receipt e"
    " ON d.provider_id = e.provider_id) RETURNING provider_id, state, error, left_us"
)
_OLD = Query("DELETE FROM early_receipt WHERE received_at < $1")


class Receipts:
    """Statuses, inside one unit of work."""

    def __init__(self, line: Line, people: People) -> None:
        self._line = line
        self._people = people

    async def note(self, receipt: Receipt, at: datetime) -> Row | None:
        """Apply a receipt or keep it; gives the key of the delivery that it is about."""
        state = _STATES.get(receipt.status)
        if state is None:
            return None
        found = await self._by_reference(receipt, state) or await self._apply(receipt.provider_id, state, receipt.error)
        if found is None and receipt.provider_id:
            kept = (receipt.provider_id, state, receipt.error, receipt.left, micros(at))
            await self._line.rows(_KEEP, *kept)
        elif found is not None and receipt.left:
            await self._people.left(PersonId(found[1]))
        return found

    async def settle_early(self, now: datetime) -> None:
        """Apply what came too early to messages that are recorded by now; drop what belongs to none."""
        for provider_id, state, error, left in await self._line.rows(_SETTLED):
            found = await self._apply(provider_id, State(state), error)
            if found is not None and left:
                await self._people.left(PersonId(found[1]))
        await self._line.rows(_OLD, micros(now - _KEPT))

    async def _apply(self, provider_id: str, state: State, error: str) -> Row | None:
        if not provider_id:
            return None
        rows = await self._line.rows(_BY_PROVIDER, state, error, provider_id)
        rows = rows or await self._line.rows(_KNOWN, provider_id)
        return rows[0] if rows else None

    async def _by_reference(self, receipt: Receipt, state: State) -> Row | None:
        batch, _, person = receipt.reference.partition("-")
        if not (batch.isdecimal() and person.isdecimal()):
            return None
        rows = await self._line.rows(_BY_REFERENCE, state, receipt.error, receipt.provider_id, int(batch), int(person))
        return rows[0] if rows else None
