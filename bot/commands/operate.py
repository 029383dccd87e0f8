"""`rumbo vacancies | import | broadcast`."""

from __future__ import annotations

from typing import Any


def add_to(commands: Any) -> None:
    """Add the commands for news."""
