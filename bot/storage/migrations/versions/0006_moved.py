"""Whoever may have come into the circle of an announcement since it was planned is marked, by the database itself.

Whatever statement changes a person, a wish or a registration, the trigger sees it. `render_as_batch` would make these
tables anew on SQLite and lose their triggers: a migration that changes a column there has to make them again.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PERSON = "channel, language, reachable"
TRIGGERS: Sequence[tuple[str, str, str]] = (
    ("person", "INSERT", "NEW.id"),
    ("person", f"UPDATE OF {PERSON}", "NEW.id"),
    ("subscription", "INSERT", "NEW.person_id"),
    ("subscription", "UPDATE", "NEW.person_id"),
    ("subscription", "DELETE", "OLD.person_id"),
    ("registration", "INSERT", "NEW.person_id"),
    ("registration", "UPDATE", "NEW.person_id"),
)
_SQLITE = """
CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN
    INSERT INTO moved (person_id, mark)
    SELECT {person}, COALESCE((SELECT CAST(value AS INTEGER) FROM note WHERE name = 'plans'), 0)
    WHERE EXISTS (SELECT 1 FROM person WHERE id = {person})
    ON CONFLICT (person_id) DO UPDATE SET mark = excluded.mark WHERE mark <> excluded.mark;
END
"""
_FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO moved (person_id, mark)
    SELECT {person}, CAST(CAST(pg_current_xact_id() AS text) AS bigint)
    WHERE EXISTS (SELECT 1 FROM person WHERE id = {person})
    ON CONFLICT (person_id) DO UPDATE SET mark = excluded.mark WHERE moved.mark <> excluded.mark;
    RETURN NULL;
END $$
"""
_POSTGRES = "CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"


def upgrade() -> None:
    op.create_table(
        "moved",
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_moved_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_moved")),
    )
    op.create_index(op.f("ix_moved_mark"), "moved", ["mark"], unique=False)
    for table, event, person in TRIGGERS:
        for statement in (_FUNCTION, _POSTGRES) if _on_postgres() else (_SQLITE,):
            op.execute(statement.format(name=_name(table, event), table=table, event=event, person=person))


def downgrade() -> None:
    for table, event, _ in TRIGGERS:
        name = _name(table, event)
        if _on_postgres():
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}")
        else:
            op.execute(f"DROP TRIGGER {name}")
    op.drop_table("moved")


def _on_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _name(table: str, event: str) -> str:
    return f"moved_{table}_{event.split(' ', 1)[0].lower()}"
