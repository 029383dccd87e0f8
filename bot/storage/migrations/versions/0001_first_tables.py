"""The first tables: people and their wishes, messages in and out, nameless counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for make in (
        _person,
        _alias,
        _conversation,
        _consent,
        _subscription,
        _cell,
        _inbox,
        _held,
        _broadcast,
        _delivery,
        _early_receipt,
        _unanswered,
        _tally,
        _partner_event,
        _registration,
        _note,
        _spend,
    ):
        make()


def downgrade() -> None:
    for table in (
        "spend",
        "note",
        "registration",
        "partner_event",
        "tally",
        "unanswered",
        "early_receipt",
        "delivery",
        "broadcast",
        "held",
        "inbox",
        "cell",
        "subscription",
        "consent",
        "conversation",
        "alias",
        "person",
    ):
        op.drop_table(table)


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("language_chosen", sa.Boolean(), nullable=False),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("staff", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("address_hash", name=op.f("uq_person_address_hash")),
    )


def _alias() -> None:
    op.create_table(
        "alias",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_alias_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_alias")),
    )
    op.create_index(op.f("ix_alias_person_id"), "alias", ["person_id"], unique=False)


def _conversation() -> None:
    op.create_table(
        "conversation",
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_inbound_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_conversation_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_conversation")),
    )


def _consent() -> None:
    op.create_table(
        "consent",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("topic", sa.String(length=16), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_consent_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_person_id"), "consent", ["person_id"], unique=False)


def _subscription() -> None:
    op.create_table(
        "subscription",
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("alerts", sa.Boolean(), nullable=False),
        sa.Column("fairs", sa.Boolean(), nullable=False),
        sa.Column("regions", sa.Text(), nullable=False),
        sa.Column("sectors", sa.Text(), nullable=False),
        sa.Column("modes", sa.Text(), nullable=False),
        sa.Column("languages", sa.Text(), nullable=False),
        sa.Column("min_pay", sa.Integer(), nullable=True),
        sa.Column("frequency", sa.String(length=8), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=True),
        sa.Column("paused_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_subscription_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_subscription")),
    )


def _cell() -> None:
    op.create_table(
        "cell",
        sa.Column("region", sa.String(length=2), nullable=False),
        sa.Column("sector", sa.String(length=40), nullable=False),
        sa.Column("min_pay", sa.Integer(), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("modes", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_cell_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("region", "sector", "min_pay", "person_id", name=op.f("pk_cell")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_cell_person_id"), "cell", ["person_id"], unique=False)


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("event", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "event", name=op.f("pk_inbox")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_inbox_received_at"), "inbox", ["received_at"], unique=False)


def _held() -> None:
    op.create_table(
        "held",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("event", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("held_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_held_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held")),
    )
    op.create_index(op.f("ix_held_person_id"), "held", ["person_id"], unique=False)


def _broadcast() -> None:
    op.create_table(
        "broadcast",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("topic", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("cursor_person_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="5", nullable=False),
        sa.Column("on_unknown", sa.String(length=8), server_default="skip", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("scheduled_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast")),
    )
    op.create_index(op.f("ix_broadcast_state"), "broadcast", ["state"], unique=False)


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("batch_id", "person_id", name=op.f("pk_delivery")),
        postgresql_with={"fillfactor": 80, "autovacuum_vacuum_scale_factor": 0.01},
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_delivery_crowd",
        "delivery",
        ["lane", "batch_id", "next_at"],
        unique=False,
        postgresql_where=sa.text("state = 0 AND priority > 0"),
        sqlite_where=sa.text("state = 0 AND priority > 0"),
    )
    op.create_index(
        "ix_delivery_flight",
        "delivery",
        ["person_id"],
        unique=False,
        postgresql_where=sa.text("state IN (1, 2)"),
        sqlite_where=sa.text("state IN (1, 2)"),
    )
    op.create_index(
        "ix_delivery_person",
        "delivery",
        ["person_id", "state"],
        unique=False,
        postgresql_where=sa.text("priority = 0"),
        sqlite_where=sa.text("priority = 0"),
    )
    op.create_index(
        "ix_delivery_provider",
        "delivery",
        ["provider_id"],
        unique=False,
        postgresql_where=sa.text("provider_id IS NOT NULL"),
        sqlite_where=sa.text("provider_id IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_reply",
        "delivery",
        ["lane", "next_at", "batch_id"],
        unique=False,
        postgresql_where=sa.text("state = 0 AND priority = 0"),
        sqlite_where=sa.text("state = 0 AND priority = 0"),
    )


def _early_receipt() -> None:
    op.create_table(
        "early_receipt",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("left_us", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_early_receipt")),
    )


def _unanswered() -> None:
    op.create_table(
        "unanswered",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unanswered")),
    )
    op.create_index(op.f("ix_unanswered_at"), "unanswered", ["at"], unique=False)


def _tally() -> None:
    op.create_table(
        "tally",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "name", "subject", name=op.f("pk_tally")),
    )


def _partner_event() -> None:
    op.create_table(
        "partner_event",
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("webhook_id", sa.String(length=200), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partner", "webhook_id", name=op.f("pk_partner_event")),
    )
    op.create_index(op.f("ix_partner_event_received_at"), "partner_event", ["received_at"], unique=False)


def _registration() -> None:
    op.create_table(
        "registration",
        sa.Column("fair", sa.String(length=120), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_registration_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("fair", "person_id", name=op.f("pk_registration")),
    )
    op.create_index(op.f("ix_registration_person_id"), "registration", ["person_id"], unique=False)


def _note() -> None:
    op.create_table(
        "note",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_note")),
    )


def _spend() -> None:
    op.create_table(
        "spend",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=24), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("day", "channel", "category", name=op.f("pk_spend")),
    )
