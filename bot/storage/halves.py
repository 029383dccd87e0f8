"""What somebody wrote whose answer has not left yet: the first half of a thought, perhaps.

It lies sealed in the answer's own row of the outbox and goes when the answer has left. Only an answer that nobody has
claimed and nobody has tried to send can be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.person import PersonId
from bot.storage.line import Line, Query
from bot.storage.vault import Vault

KEY = "half"

_NEWEST = Query(
    "SELECT batch_id, body, attempts FROM delivery WHERE person_id = $1 AND priority = 0 AND state < 1"
    " ORDER BY created_at DESC, batch_id DESC LIMIT 1"
)
_TAKE_BACK = Query(
    "DELETE FROM delivery WHERE batch_id = $1 AND person_id = $2 AND state = 0 AND attempts = 0 RETURNING batch_id"
)


@dataclass(frozen=True, slots=True)
class Half:
    """A text, the state of the conversation before it, and the answer that still waits."""

    batch_id: int
    text: str
    before: Mapping[str, Any]


class Halves:
    """First halves, inside one unit of work."""

    def __init__(self, line: Line, vault: Vault) -> None:
        self._line = line
        self._vault = vault

    async def waiting(self, person_id: PersonId) -> Half | None:
        """The newest thing said, if its answer still waits and may be taken back."""
        for batch_id, body, attempts in await self._line.rows(_NEWEST, person_id):
            kept = self._vault.open(body).get(KEY) if body and not attempts else None
            return Half(int(batch_id), str(kept["text"]), kept["before"]) if kept else None
        return None

    async def take_back(self, person_id: PersonId, half: Half) -> bool:
        """Owe this answer no more; False when it is on its way by now."""
        return bool(await self._line.rows(_TAKE_BACK, half.batch_id, person_id))
