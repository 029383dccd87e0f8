"""The index of wishes answers alone, with pauses, languages and rhythms in it; feeds that are fetched on a schedule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_RHYTHM = "CASE s.frequency WHEN 'now' THEN 7 WHEN 'daily' THEN 8 ELSE COALESCE(s.weekday, 0) END"


def upgrade() -> None:
    _wishes()
    _told()
    _feed()


def _wishes() -> None:
    op.add_column("cell", sa.Column("languages", sa.Text(), server_default="[]", nullable=False))
    op.add_column("cell", sa.Column("rhythm", sa.SmallInteger(), server_default="8", nullable=False))
    op.add_column("cell", sa.Column("paused_until", sa.BigInteger(), nullable=True))
    op.execute(
        f"UPDATE cell SET languages = s.languages, rhythm = {_RHYTHM}, paused_until = s.paused_until"
        " FROM subscription s WHERE s.person_id = cell.person_id"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE cell DROP CONSTRAINT pk_cell")
        op.execute(
            "ALTER TABLE cell ADD CONSTRAINT pk_cell PRIMARY KEY (region, sector, min_pay, person_id)"
            " INCLUDE (modes, languages, rhythm, paused_until)"
        )
        # an index-only scan needs pages that are known to be visible to all
        op.execute(
            "ALTER TABLE cell SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02)"
        )


def _told() -> None:
    op.add_column("alert", sa.Column("batch_id", sa.BigInteger(), nullable=True))
    op.add_column("alert", sa.Column("by_template", sa.Boolean(), server_default=sa.text("FALSE"), nullable=False))


def _feed() -> None:
    op.create_table(
        "feed",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("etag", sa.Text(), server_default="", nullable=False),
        sa.Column("modified", sa.Text(), server_default="", nullable=False),
        sa.Column("content", sa.String(length=64), server_default="", nullable=False),
        sa.Column("listed", sa.Text(), server_default="{}", nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
        sa.UniqueConstraint("url", name=op.f("uq_feed_url")),
    )
    op.create_index(op.f("ix_feed_next_at"), "feed", ["next_at"], unique=False)


def downgrade() -> None:
    op.drop_table("feed")
    for column in ("by_template", "batch_id"):
        op.drop_column("alert", column)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE cell RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor)")
        op.execute("ALTER TABLE cell DROP CONSTRAINT pk_cell")
        op.execute("ALTER TABLE cell ADD CONSTRAINT pk_cell PRIMARY KEY (region, sector, min_pay, person_id)")
    for column in ("paused_until", "rhythm", "languages"):
        op.drop_column("cell", column)
