"""The name of somebody of the team, sealed: the same in the chat and in the console, so that four eyes are four eyes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("staff_name", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("person", "staff_name")
