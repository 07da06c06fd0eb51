"""What an operator looks at: counts over jobs, syncs, outside services and users, and how large everything is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

SYNCED = ("lines_read", "accepted", "rejected", "repeated")


def jobs(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many jobs there are, by kind and state."""
    rows = connection.execute(text("SELECT kind, state, count(*) FROM jobs GROUP BY kind, state ORDER BY 1, 2"))
    return {(kind, state): count for kind, state, count in rows}


def active_jobs(connection: Connection) -> list[dict[str, Any]]:
    """Return the jobs that are still to do something: id, kind, state, done, total, seconds since their last sign."""
    rows = connection.execute(text("""
        SELECT id, kind, state, done, total, extract(epoch FROM now() - beat_at)::float8 AS silent_s
        FROM jobs WHERE state IN ('queued', 'running') ORDER BY id"""))
    return [dict(row._mapping) for row in rows]


def use(connection: Connection) -> list[dict[str, Any]]:
    """Return what each model was called for in all: provider, model, calls, input and output tokens, US dollars."""
    rows = connection.execute(text("""
        SELECT provider, model, sum(calls) AS calls, sum(input_tokens) AS input_tokens,
               sum(output_tokens) AS output_tokens, sum(cost_usd) AS cost_usd
        FROM provider_usage GROUP BY provider, model ORDER BY 1, 2"""))
    return [dict(row._mapping) for row in rows]


def synced(connection: Connection) -> dict[str, int]:
    """Return the lines all syncs have read, by what became of them."""
    summed = ", ".join(f"coalesce(sum((totals ->> '{name}')::bigint), 0) AS {name}" for name in SYNCED)
    row = connection.execute(text(f"SELECT {summed} FROM sync_runs")).one()
    return {name: int(value) for name, value in row._mapping.items()}


def runs(connection: Connection) -> dict[str, int]:
    """Return how many syncs there were, by state."""
    return {state: count for state, count in connection.execute(
        text("SELECT state, count(*) FROM sync_runs GROUP BY state ORDER BY 1"))}


def last_sync(connection: Connection) -> tuple[str, datetime, datetime | None] | None:
    """Return state, start and end of the newest sync, None before the first."""
    row = connection.execute(
        text("SELECT state, started_at, finished_at FROM sync_runs ORDER BY id DESC LIMIT 1")).first()
    return None if row is None else (row[0], row[1], row[2])


def users(connection: Connection) -> dict[str, int]:
    """Return how many users there are that may sign in, by role."""
    return {role: count for role, count in connection.execute(
        text("SELECT role, count(*) FROM users WHERE disabled_at IS NULL GROUP BY role ORDER BY 1"))}


def size(connection: Connection) -> int:
    """Return the bytes the database takes on its disk."""
    return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def largest(connection: Connection, limit: int) -> dict[str, int]:
    """Return the largest tables with their indexes, in bytes."""
    rows = connection.execute(text("""
        SELECT relname, pg_total_relation_size(oid) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 2 DESC, 1 LIMIT :limit"""),
        {"limit": limit})
    return {name: int(size) for name, size in rows}


def clock(connection: Connection) -> datetime:
    """Return the server's time."""
    return connection.execute(text("SELECT clock_timestamp()")).scalar_one()


def facts(connection: Connection) -> dict[str, Any]:
    """Return ``version`` (as a number: 150004), ``encoding``, and ``connections`` and the ``most`` there may be."""
    row = connection.execute(text("""
        SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
               (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
               current_setting('max_connections')::int AS most""")).one()
    return dict(row._mapping)
