"""Logs: one JSON line an event, ids bound once. Never a text, a name, a phone number or a token."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({})))
_QUIET = ("httpx", "httpcore", "telegram", "asyncio", "uvicorn.access", "alembic")
"""Libraries that would write addresses (and with them the bot's token) at their usual level."""


class JsonLines(logging.Formatter):
    """Event name and facts, one line each."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object; extra facts of the record stand beside the event."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "event": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD and key != "taskName"}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["trace"] = self.formatException(record.exc_info).splitlines()[-8:-1]  # the last line may quote a text
        return json.dumps(line, ensure_ascii=False, default=str)


def start(level: int = logging.INFO) -> None:
    """Write every event to standard error from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
