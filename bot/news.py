"""Road 2 seen from the conversation: which news a person got, whether a code is ours, and the chores of sending news."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.chores import Chore
from bot.delivery.sender import Contents
from bot.delivery.wake import Wake
from bot.mind import Mind
from bot.person import PersonId
from bot.settings import Settings
from bot.storage.work import Storage, Work


class News:
    """Vacancies and announcements, as far as people talk about them."""

    def __init__(
        self,
        chosen: Settings,
        storage: Storage,
        mind: Mind,
        clock: Callable[[], datetime],
        new_id: Callable[[], int],
        wake: Wake,
    ) -> None:
        self.contents: Contents | None = None

    def chores(self) -> Sequence[Chore]:
        """What must be done now and then for news to go out."""
        return ()

    async def sent_to(self, work: Work, person_id: PersonId) -> Sequence[Mapping[str, Any]]:
        """The vacancies that this person was sent lately: id, title, employer."""
        return ()

    async def known(self, work: Work, code: str) -> Mapping[str, str]:
        """The announcement that carries this code: code to title; empty when it is none of ours."""
        return {}

    async def reported(self, work: Work, person_id: PersonId, vacancy: str, now: datetime) -> None:
        """This person says that a vacancy is not honest."""
