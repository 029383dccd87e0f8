"""How alembic runs here: on the connection that `bot.storage.migrate` hands over."""

from __future__ import annotations

from alembic import context

from bot.storage import broadcast_tables, vacancy_tables
from bot.storage.tables import metadata

assert vacancy_tables.vacancy.metadata is broadcast_tables.roster.metadata is metadata  # imported for their tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
