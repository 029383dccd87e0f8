"""The tables, as SQLAlchemy knows them. The migrations make them; a test holds the two together.

Moments are `Instant` numbers. What could name a person is sealed (`bot.storage.vault`) or a keyed hash.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.storage.instants import Instant


class State(IntEnum):
    """How far a delivery came."""

    QUEUED = 0
    LEASED = 1
    SENDING = 2
    SENT = 3
    UNKNOWN = 4
    FAILED = 5
    SKIPPED = 6
    DELIVERED = 7
    READ = 8


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Big = BigInteger().with_variant(Integer, "sqlite")
"""A key that counts up on both engines."""


def _person(*, primary_key: bool = False, index: bool | None = None) -> Column[int]:
    erased_with = ForeignKey("person.id", ondelete="CASCADE")
    return Column("person_id", Big, erased_with, nullable=False, primary_key=primary_key, index=index)


person = Table(
    "person",
    metadata,
    Column("id", Big, Identity(), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("address_hash", LargeBinary, nullable=False),
    Column("address", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("language_chosen", Boolean, nullable=False),
    Column("reachable", Boolean, nullable=False),
    Column("staff", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("staff_name", LargeBinary),  # sealed; only of the team
    UniqueConstraint("address_hash"),
)

alias = Table(
    "alias",
    metadata,
    Column("address_hash", LargeBinary, primary_key=True),
    _person(index=True),
)

conversation = Table(
    "conversation",
    metadata,
    _person(primary_key=True),
    Column("state", LargeBinary),  # sealed; NULL: nothing is remembered
    Column("version", Integer, nullable=False),
    Column("last_inbound_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

consent = Table(
    "consent",
    metadata,
    Column("id", Big, Identity(), primary_key=True),
    _person(index=True),
    Column("topic", String(16), nullable=False),
    Column("given", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("words", Text, nullable=False),
)

subscription = Table(
    "subscription",
    metadata,
    _person(primary_key=True),
    Column("alerts", Boolean, nullable=False),
    Column("fairs", Boolean, nullable=False),
    Column("regions", Text, nullable=False),  # JSON lists; empty: any
    Column("sectors", Text, nullable=False),
    Column("modes", Text, nullable=False),
    Column("languages", Text, nullable=False),
    Column("min_pay", Integer),
    Column("frequency", String(8), nullable=False),
    Column("weekday", SmallInteger),
    Column("paused_until", Instant),
)

cell = Table(  # derived from subscription in the same transaction; one index range answers "who wants this, and when?"
    "cell",
    metadata,
    Column("region", String(2), primary_key=True),  # "" stands for any
    Column("sector", String(40), primary_key=True),
    Column("min_pay", Integer, primary_key=True),
    _person(primary_key=True, index=True),
    Column("modes", SmallInteger, nullable=False),  # bits of `MODES`
    Column("languages", Text, nullable=False, server_default="[]"),  # as in subscription
    Column("rhythm", SmallInteger, nullable=False, server_default="8"),  # `RHYTHMS`, or the day of the week
    Column("paused_until", Instant),
    PrimaryKeyConstraint(
        "region",
        "sector",
        "min_pay",
        "person_id",
        postgresql_include=["modes", "languages", "rhythm", "paused_until"],
    ),
    sqlite_with_rowid=False,
    postgresql_with={"autovacuum_vacuum_scale_factor": 0.02, "autovacuum_vacuum_insert_scale_factor": 0.02},
)

MODES = {"presencial": 1, "remoto": 2, "hibrido": 4}
"""Bits of `cell.modes`; 7 is any."""

RHYTHMS = {"now": 7, "daily": 8}
"""What stands in `cell.rhythm` for those who are not told weekly; 0 to 6 is a weekday, 0 is Monday."""

inbox = Table(
    "inbox",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("event", LargeBinary, primary_key=True),  # keyed hash of the platform's id
    Column("received_at", Instant, nullable=False, index=True),
    sqlite_with_rowid=False,
)

held = Table(  # messages that wait until the person has finished writing
    "held",
    metadata,
    Column("id", Big, Identity(), primary_key=True),
    _person(index=True),
    Column("event", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("held_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
)

handover = Table(  # who is talking with the team; closing deletes the row
    "handover",
    metadata,
    _person(primary_key=True),
    Column("topic", String(120), nullable=False),  # article that it began with
    Column("thread", BigInteger, index=True, unique=True),  # topic of the team's group; NULL: not made yet
    Column("waiting", LargeBinary),  # sealed: what must be said there first
    Column("claimed_until", Instant),  # somebody is making the topic
    Column("last_at", Instant, nullable=False),
)

broadcast = Table(
    "broadcast",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),  # alert, fair, text
    Column("topic", String(16), nullable=False),  # alerts, fairs: what must be consented to
    Column("body", Text, nullable=False),  # JSON, by language
    Column("audience", Text, nullable=False),  # JSON
    Column("state", String(16), nullable=False, index=True),
    Column("cursor_person_id", BigInteger, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("priority", SmallInteger, nullable=False, server_default="5"),
    Column("on_unknown", String(8), nullable=False, server_default="skip"),
    Column("created_at", Instant, nullable=False),
    Column("scheduled_at", Instant),
    Column("expires_at", Instant),
)

_REPLY = text("priority = 0")
_OPEN_REPLY = text("state = 0 AND priority = 0")
_OPEN_CROWD = text("state = 0 AND priority > 0")
_IN_FLIGHT = text("state IN (1, 2)")
_NAMED = text("provider_id IS NOT NULL")

delivery = Table(
    "delivery",
    metadata,
    Column("batch_id", BigInteger, primary_key=True),  # a broadcast, or a number of its own for one reply
    Column("person_id", BigInteger, primary_key=True),  # no foreign key: a million rows are made at once
    Column("lane", String(16), nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("next_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("lease_until", Instant),
    Column("owner", Text),
    Column("provider_id", Text),
    Column("error", Text),
    Column("body", LargeBinary),  # sealed Reply; NULL for a broadcast and once it was sent
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Index("ix_delivery_reply", "lane", "next_at", "batch_id", postgresql_where=_OPEN_REPLY, sqlite_where=_OPEN_REPLY),
    Index("ix_delivery_person", "person_id", "state", postgresql_where=_REPLY, sqlite_where=_REPLY),
    Index("ix_delivery_crowd", "lane", "batch_id", "next_at", postgresql_where=_OPEN_CROWD, sqlite_where=_OPEN_CROWD),
    Index("ix_delivery_flight", "person_id", postgresql_where=_IN_FLIGHT, sqlite_where=_IN_FLIGHT),
    Index("ix_delivery_provider", "provider_id", postgresql_where=_NAMED, sqlite_where=_NAMED),
    sqlite_with_rowid=False,
    postgresql_with={"fillfactor": 80, "autovacuum_vacuum_scale_factor": 0.01},
)

early_receipt = Table(  # a status that overtook the provider's own answer
    "early_receipt",
    metadata,
    Column("provider_id", Text, primary_key=True),
    Column("state", SmallInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("left_us", Boolean, nullable=False),
    Column("received_at", Instant, nullable=False),
)

unanswered = Table(
    "unanswered",
    metadata,
    Column("id", Big, Identity(), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("language", String(8), nullable=False),
    Column("text", Text, nullable=False),  # scrubbed of numbers and names
    Column("at", Instant, nullable=False, index=True),
)

tally = Table(  # nameless counts: answers given, helpful or not, messages a day
    "tally",
    metadata,
    Column("day", Date, primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("subject", String(120), primary_key=True),
    Column("count", Integer, nullable=False),
)

partner_event = Table(
    "partner_event",
    metadata,
    Column("partner", String(40), primary_key=True),
    Column("webhook_id", String(200), primary_key=True),
    Column("received_at", Instant, nullable=False, index=True),
    Column("answer", Text, nullable=False),
)

registration = Table(
    "registration",
    metadata,
    Column("fair", String(120), primary_key=True),
    _person(primary_key=True, index=True),
    Column("at", Instant, nullable=False),
)

note = Table(  # small facts of the machinery by name, see `bot.storage.notes`; also the queue of `matching`
    "note",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("value", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

spend = Table(
    "spend",
    metadata,
    Column("day", Date, primary_key=True),
    Column("channel", String(16), primary_key=True),
    Column("category", String(24), primary_key=True),
    Column("messages", Integer, nullable=False),
    Column("cost", Float, nullable=False),
)
