"""The tables of announcements, beside `broadcast` and `delivery`, which they share with vacancy alerts.

`roster` holds who is in the approved plan, in chunks: numbers of persons only, dropped once everybody was written down.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bot.storage.instants import Instant
from bot.storage.tables import Big, metadata


def _broadcast() -> Column[int]:
    ended_with = ForeignKey("broadcast.id", ondelete="CASCADE")
    return Column("broadcast_id", Big, ended_with, primary_key=True, autoincrement=False)


announcement = Table(
    "announcement",
    metadata,
    _broadcast(),
    Column("subject", String(120), nullable=False, index=True),  # the fair's id, "" for a free text
    Column("title", String(200), nullable=False),
    Column("author", String(80), nullable=False),
    Column("code", String(12), nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("eligible", Integer, nullable=False, server_default="0"),  # over all rounds
    Column("plan_hash", String(64)),
    Column("plan", Text),  # JSON: what the coordinator saw
    Column("planned_at", Instant),
    Column("sent_by", String(80)),
    Column("started_at", Instant),
    Column("ended_at", Instant),  # the last time that it was done or cancelled
    Column("resent_at", Instant),  # when those with unknown outcome were queued once more
    Column("why", String(40)),  # why it was paused or cancelled by itself
    UniqueConstraint("code"),
)

approval = Table(
    "approval",
    metadata,
    _broadcast(),
    Column("name", String(80), primary_key=True),
    Column("plan_hash", String(64), nullable=False),
    Column("at", Instant, nullable=False),
)

roster = Table(
    "roster",
    metadata,
    _broadcast(),
    Column("eligible", Boolean, primary_key=True),  # or kept out for a reason that passes
    Column("last_id", BigInteger, primary_key=True, autoincrement=False),
    Column("ids", Text, nullable=False),  # JSON, ascending, the last one is last_id
    sqlite_with_rowid=False,
)

moved = Table(  # who may have come into somebody's circle since; written by triggers alone, whatever changes a person
    "moved",
    metadata,
    Column("person_id", Big, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("mark", BigInteger, nullable=False, index=True),  # as `Crowd.mark` gives them: the later, the higher
)

news_request = Table(  # what somebody of the team asked for by chat; done by the scheduler, answered by chat
    "news_request",
    metadata,
    Column("id", Big, Identity(), primary_key=True),
    Column("person_id", Big, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("broadcast_id", Big),
    Column("act", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
