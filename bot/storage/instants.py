"""Moments as whole microseconds since 1970 in UTC.

Both engines then compare, index and store them alike, and no time zone can slip in. Never holds local time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_START = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """What is stored for an aware moment."""
    return (moment - _START) // _TICK


def moment(stored: int) -> datetime:
    """The aware moment that was stored."""
    return _START + timedelta(microseconds=stored)


class Instant(TypeDecorator[datetime]):
    """A column that reads and writes aware datetimes."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Datetime to number."""
        del dialect
        return None if value is None else micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Number to datetime."""
        del dialect
        return None if value is None else moment(value)
