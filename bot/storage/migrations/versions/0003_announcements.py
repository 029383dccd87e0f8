"""Announcements: who wrote them, what was planned and approved, to whom exactly, and what staff asked for by chat."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for make in (_announcement, _approval, _roster, _news_request):
        make()


def downgrade() -> None:
    for table in ("news_request", "roster", "approval", "announcement"):
        op.drop_table(table)


def _of_a_broadcast(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_broadcast_id")
    return sa.ForeignKeyConstraint(["broadcast_id"], ["broadcast.id"], name=name, ondelete="CASCADE")


def _announcement() -> None:
    op.create_table(
        "announcement",
        sa.Column("broadcast_id", BIG, autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("eligible", sa.Integer(), server_default="0", nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("planned_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_by", sa.String(length=80), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("resent_at", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.String(length=40), nullable=True),
        _of_a_broadcast("announcement"),
        sa.PrimaryKeyConstraint("broadcast_id", name=op.f("pk_announcement")),
        sa.UniqueConstraint("code", name=op.f("uq_announcement_code")),
    )
    op.create_index(op.f("ix_announcement_subject"), "announcement", ["subject"], unique=False)


def _approval() -> None:
    op.create_table(
        "approval",
        sa.Column("broadcast_id", BIG, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        _of_a_broadcast("approval"),
        sa.PrimaryKeyConstraint("broadcast_id", "name", name=op.f("pk_approval")),
    )


def _roster() -> None:
    op.create_table(
        "roster",
        sa.Column("broadcast_id", BIG, autoincrement=False, nullable=False),
        sa.Column("eligible", sa.Boolean(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ids", sa.Text(), nullable=False),
        _of_a_broadcast("roster"),
        sa.PrimaryKeyConstraint("broadcast_id", "eligible", "last_id", name=op.f("pk_roster")),
        sqlite_with_rowid=False,
    )


def _news_request() -> None:
    op.create_table(
        "news_request",
        sa.Column("id", BIG, sa.Identity(always=False), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("broadcast_id", BIG, nullable=True),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_news_request_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news_request")),
    )
    op.create_index(op.f("ix_news_request_person_id"), "news_request", ["person_id"], unique=False)
