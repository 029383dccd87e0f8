"""Vacancies, whom they concern and who reported them; fairs of partners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SAME_JOB = sa.text("same_job IS NOT NULL")
UNSENT = sa.text("sent_at IS NULL")


def upgrade() -> None:
    _vacancy()
    _alert()
    _report()
    _fair()


def downgrade() -> None:
    for table in ("partner_fair", "vacancy_report", "alert", "vacancy"):
        op.drop_table(table)


def _vacancy() -> None:
    op.create_table(
        "vacancy",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("identifier", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("same_job", sa.String(length=64), nullable=True),
        sa.Column("duplicate_of", sa.BigInteger(), nullable=True),
        sa.Column("valid_through", sa.BigInteger(), nullable=True),
        sa.Column("event_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("announced_at", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.String(length=12), server_default="", nullable=False),
        sa.Column("decided_by", sa.String(length=80), server_default="", nullable=False),
        sa.Column("decided_content", sa.String(length=64), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vacancy")),
        sa.UniqueConstraint("partner", "identifier", name=op.f("uq_vacancy_partner")),
    )
    op.create_index(op.f("ix_vacancy_state"), "vacancy", ["state"])
    op.create_index(op.f("ix_vacancy_duplicate_of"), "vacancy", ["duplicate_of"])
    op.create_index("ix_vacancy_same_job", "vacancy", ["same_job"], postgresql_where=SAME_JOB, sqlite_where=SAME_JOB)


def _alert() -> None:
    op.create_table(
        "alert",
        sa.Column("vacancy_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_alert_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("vacancy_id", "person_id", name=op.f("pk_alert")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_alert_person_id", "alert", ["person_id", "sent_at"])
    op.create_index("ix_alert_due_at", "alert", ["due_at", "person_id"], postgresql_where=UNSENT, sqlite_where=UNSENT)


def _report() -> None:
    op.create_table(
        "vacancy_report",
        sa.Column("vacancy_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_vacancy_report_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("vacancy_id", "person_id", name=op.f("pk_vacancy_report")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_vacancy_report_person_id"), "vacancy_report", ["person_id"])


def _fair() -> None:
    op.create_table(
        "partner_fair",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("partner", sa.String(length=40), nullable=False),
        sa.Column("identifier", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("event_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_fair")),
        sa.UniqueConstraint("partner", "identifier", name=op.f("uq_partner_fair_partner")),
    )
    op.create_index(op.f("ix_partner_fair_state"), "partner_fair", ["state"])
