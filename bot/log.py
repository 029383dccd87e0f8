"""Logs: one JSON line an event, ids bound once. Never a text, a name, a phone number or a token.

The words of an exception may quote what somebody wrote (SQLAlchemy's parameters, pydantic's input), so of each one
only its kind and where it came from are told, never what it says.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType

_STANDARD = frozenset(vars(logging.makeLogRecord({})))
_QUIET = ("httpx", "httpcore", "telegram", "asyncio", "uvicorn.access", "alembic")
"""Libraries that would write addresses (and with them the bot's token) at their usual level."""

_MOST_ERRORS = 8
_MOST_FRAMES = 8

log = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """Event name and facts, one line each."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object; extra facts of the record stand beside the event."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "event": record.getMessage().partition("\n")[0],  # asyncio shows a failed task, and its error, below
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD and key != "taskName"}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = type(record.exc_info[1]).__name__
            line["trace"] = list(trace(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False, default=_plain)


def trace(error: BaseException) -> Iterator[str]:
    """The kinds of this error and of those behind it, each followed by the places it came through; no words of it."""
    ahead, seen = [("", error)], 0
    while ahead and seen < _MOST_ERRORS:  # a chain may lead back to itself
        how, one = ahead.pop(0)
        seen += 1
        yield f"{how}{type(one).__module__}.{type(one).__qualname__}"
        frames = traceback.StackSummary.extract(
            traceback.walk_tb(one.__traceback__), limit=-_MOST_FRAMES, lookup_lines=False
        )
        for frame in frames:
            yield f"{'/'.join(frame.filename.split('/')[-3:])}:{frame.lineno} {frame.name}"
        if one.__cause__ is not None:
            ahead.append(("from ", one.__cause__))
        elif one.__context__ is not None and not one.__suppress_context__:
            ahead.append(("after ", one.__context__))
        if isinstance(one, BaseExceptionGroup):
            ahead += [("with ", part) for part in one.exceptions]


def start(level: int = logging.INFO) -> None:
    """Write every event to standard error from now on, and what ends the program as well."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.raiseExceptions = False  # a line that cannot be written would be shown with all that it holds
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _ended


def _ended(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    log.critical("ended_by_an_error", exc_info=(kind, error, at))


def _plain(value: object) -> str:
    return type(value).__name__ if isinstance(value, BaseException) else str(value)
