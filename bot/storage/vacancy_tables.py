"""The tables of the vacancies: what partners sent, whom it concerns, who reported it; their fairs and feeds.

Bodies are JSON as `Vacancy.to_json` writes it; what is asked by the database stands in columns of its own.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.storage.instants import Instant
from bot.storage.tables import Big, metadata

vacancy = Table(
    "vacancy",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("partner", String(40), nullable=False),
    Column("identifier", String(500), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("content", String(64), nullable=False),  # hash of what the partner sent
    Column("same_job", String(64)),  # hash of employer, title and places; NULL without an employer
    Column("duplicate_of", BigInteger, index=True),
    Column("valid_through", Instant),
    Column("event_at", Instant, nullable=False),  # what the partner says; an older event changes nothing
    Column("updated_at", Instant, nullable=False),
    Column("announced_at", Instant),
    Column("decision", String(12), nullable=False, server_default=""),  # approved, rejected: by a person
    Column("decided_by", String(80), nullable=False, server_default=""),
    Column("decided_content", String(64), nullable=False, server_default=""),
    Column("body", Text, nullable=False),
    UniqueConstraint("partner", "identifier"),
    Index(
        "ix_vacancy_same_job",
        "same_job",
        postgresql_where=text("same_job IS NOT NULL"),
        sqlite_where=text("same_job IS NOT NULL"),
    ),
)

_UNSENT = text("sent_at IS NULL")

alert = Table(  # whom a vacancy concerns: one row for ever, so nobody is told twice
    "alert",
    metadata,
    Column("vacancy_id", BigInteger, primary_key=True),
    Column("person_id", Big, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("due_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("batch_id", BigInteger),  # the delivery that told it
    Column("by_template", Boolean, nullable=False, server_default=text("FALSE")),  # on WhatsApp, outside the window
    Index("ix_alert_person_id", "person_id", "sent_at"),
    Index("ix_alert_due_at", "due_at", "person_id", postgresql_where=_UNSENT, sqlite_where=_UNSENT),
    sqlite_with_rowid=False,
)

vacancy_report = Table(
    "vacancy_report",
    metadata,
    Column("vacancy_id", BigInteger, primary_key=True),
    Column("person_id", Big, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

partner_fair = Table(
    "partner_fair",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("partner", String(40), nullable=False),
    Column("identifier", String(500), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("content", String(64), nullable=False),
    Column("event_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("body", Text, nullable=False),
    UniqueConstraint("partner", "identifier"),
)

feed = Table(  # addresses that are fetched again and again; whoever holds the lease fetches
    "feed",
    metadata,
    Column("id", Big, Identity(), primary_key=True),
    Column("url", String(1000), nullable=False, unique=True),
    Column("partner", String(40), nullable=False),
    Column("seconds", Integer, nullable=False),  # between two looks
    Column("complete", Boolean, nullable=False),  # what is not in it any more is not offered any more
    Column("next_at", Instant, nullable=False, index=True),
    Column("lease_until", Instant),
    Column("etag", Text, nullable=False, server_default=""),
    Column("modified", Text, nullable=False, server_default=""),
    Column("content", String(64), nullable=False, server_default=""),  # hash of the last document
    Column("listed", Text, nullable=False, server_default="{}"),  # JSON: code -> how often it was missing since
    Column("looked_at", Instant),
    Column("changed_at", Instant),
    Column("outcome", Text, nullable=False, server_default=""),  # JSON: what became of the last document
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("error", Text, nullable=False, server_default=""),
)
