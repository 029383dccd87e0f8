"""Who of the people is talking with the team, and in which topic of its group."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handover",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("thread", sa.BigInteger(), nullable=True),
        sa.Column("waiting", sa.LargeBinary(), nullable=True),
        sa.Column("claimed_until", sa.BigInteger(), nullable=True),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_handover_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_handover")),
    )
    op.create_index(op.f("ix_handover_thread"), "handover", ["thread"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_handover_thread"), table_name="handover")
    op.drop_table("handover")
