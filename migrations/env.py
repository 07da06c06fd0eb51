"""Alembic's entry: runs the migrations on the connection that `db.init_db` hands over, or on the configured one."""

from __future__ import annotations

from alembic import context

import db


def run() -> None:
    """Migrate on the connection given, else on one of our own."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _migrate(connection)
        return
    with db.engine().begin() as own:
        _migrate(own)


def _migrate(connection) -> None:  # type: ignore[no-untyped-def]
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()


run()
