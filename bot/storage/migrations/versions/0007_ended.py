"""When an announcement ended: only those that run or ended today can be news that somebody got today."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("announcement", sa.Column("ended_at", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE announcement SET ended_at = COALESCE(resent_at, started_at, planned_at) WHERE EXISTS"
        " (SELECT 1 FROM broadcast b WHERE b.id = broadcast_id AND b.total > 0)"
    )


def downgrade() -> None:
    op.drop_column("announcement", "ended_at")
