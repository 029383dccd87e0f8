"""What a bubble offers that was not the answer to a turn: its digits and words count as if it had been."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.conversation import State
from bot.messages import Choice
from bot.person import Person
from bot.storage.work import Work

FORGOTTEN = timedelta(days=30)
"""How long after a person's last message the conversation is remembered."""


async def offer(work: Work, person: Person, choices: Sequence[Choice], now: datetime) -> None:
    """A digit that is written now means one of these choices, which stand in the last bubble. Raises StaleState.

    A conversation that is too old to keep is not prolonged by this: only the new choices and what was to be kept stay.
    """
    recalled = await work.people.look(person.address)
    if recalled is None:
        return
    old = person.last_inbound is None or now - person.last_inbound >= FORGOTTEN
    kept = {name: value for name, value in recalled.state.items() if not old or name in {"kept", "greeted"}}
    kept.pop("offered", None)
    await work.people.remember(person.id, kept | State(offered=tuple(choices)).to_json(), recalled.version)
