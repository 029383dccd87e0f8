"""The WhatsApp templates that Meta approved, kept for all processes: whoever asks Twilio tells the others here.

Two notes: the categories, which a plan is priced by, and the contents with the words they were approved in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from bot.storage.line import Line
from bot.storage.notes import Notes

_CATEGORIES, _CONTENTS = "whatsapp_templates", "whatsapp_sids"

Name = tuple[str, str]
"""(name, language)."""


class Content(NamedTuple):
    """Where an approved template stands at Twilio, and in which words: its full name changes with them."""

    sid: str
    full_name: str


class Templates:
    """The approved templates, inside one unit of work."""

    def __init__(self, line: Line) -> None:
        self._notes = Notes(line)

    async def know(
        self, categories: Mapping[Name, str], at: datetime, contents: Mapping[Name, Content] | None = None
    ) -> None:
        """Replace what is known: each approved template's category as Meta decided it, and its content."""
        await self._write(_CATEGORIES, [[*name, category] for name, category in categories.items()], at)
        if contents is not None:
            await self._write(_CONTENTS, [[*name, *content] for name, content in contents.items()], at)

    async def categories(self) -> dict[Name, str]:
        """The approved templates as last told, each with its category, "" when that was not told."""
        kept = await self._read(_CATEGORIES) or ()
        return {(name, language): "".join(category) for name, language, *category in kept}

    async def contents(self) -> dict[Name, Content] | None:
        """The same with the contents; None when nobody has ever told."""
        kept = await self._read(_CONTENTS)
        return None if kept is None else {(name, language): Content(*rest) for name, language, *rest in kept}

    async def _write(self, note: str, rows: list[list[str]], at: datetime) -> None:
        await self._notes.keep(note, at, orjson.dumps(sorted(rows)).decode())

    async def _read(self, note: str) -> Any:
        kept = await self._notes.read(note)
        return None if kept is None else orjson.loads(kept)
