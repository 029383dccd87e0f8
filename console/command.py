"""`rumbo staff link`: a link with which one person of the team enters the console once."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from bot.secret_key import secret_keys
from bot.settings import Settings
from console.access import LINK_LASTS, Access, address_of_link


def staff_link(chosen: Settings, name: str, clock: Callable[[], datetime]) -> str:
    """The words to print: the link, how long it lasts, that it works once. Raises BadSettings for an unfit name."""
    host = "127.0.0.1" if chosen.host in {"0.0.0.0", "::", ""} else chosen.host  # noqa: S104 - compared, not bound
    root = chosen.public_url or f"http://{host}:{chosen.port}"
    code = Access(secret_keys(chosen)).link(name, clock(), secrets.token_urlsafe(12))
    minutes = int(LINK_LASTS.total_seconds() // 60)
    return f"{address_of_link(root, code)}\nIt works once, within {minutes} minutes. Give it to nobody else."
