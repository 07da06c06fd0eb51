"""Background jobs: their state outlives the process that ran them."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, text

_COLUMNS = """id, kind, state, owner_id, done, total, note, result, error_code, error_values, created_at, finished_at,
              process"""


def add(connection: Connection, kind: str, owner_id: int, process: str, params: dict[str, Any]) -> dict[str, Any]:
    """Store a queued job and return it."""
    row = connection.execute(
        text(f"""INSERT INTO jobs (kind, state, owner_id, process, params)
                 VALUES (:kind, 'queued', :owner, :process, :params) RETURNING {_COLUMNS}"""),
        {"kind": kind, "owner": owner_id, "process": process, "params": json.dumps(params)}).one()
    return dict(row._mapping)


def start(connection: Connection, job_id: int) -> None:
    """Mark a job as running."""
    connection.execute(text("UPDATE jobs SET state = 'running', started_at = now(), beat_at = now() WHERE id = :id"),
                       {"id": job_id})


def progress(connection: Connection, job_id: int, done: int, total: int, note: str) -> None:
    """Store how far a job is."""
    connection.execute(
        text("UPDATE jobs SET done = :done, total = :total, note = :note, beat_at = now() WHERE id = :id"),
        {"id": job_id, "done": done, "total": total, "note": note})


def finish(connection: Connection, job_id: int, state: str, result: dict[str, Any] | None, error_code: str | None,
           error_values: dict[str, Any]) -> None:
    """Store how a job ended."""
    connection.execute(
        text("""UPDATE jobs SET state = :state, result = :result, error_code = :code, error_values = :values,
                                note = '', finished_at = now(), beat_at = now() WHERE id = :id"""),
        {"id": job_id, "state": state, "result": None if result is None else json.dumps(result, default=str),
         "code": error_code, "values": json.dumps(error_values, default=str)})


def get(connection: Connection, job_id: int) -> dict[str, Any] | None:
    """Return a job, None if there is none."""
    row = connection.execute(text(f"SELECT {_COLUMNS} FROM jobs WHERE id = :id"), {"id": job_id}).first()
    return dict(row._mapping) if row else None


def latest(connection: Connection, kind: str, *, active: bool) -> dict[str, Any] | None:
    """Return the newest job of a kind, or the newest that is still to do something."""
    only = "AND state IN ('queued', 'running')" if active else ""
    row = connection.execute(text(f"SELECT {_COLUMNS} FROM jobs WHERE kind = :kind {only} ORDER BY id DESC LIMIT 1"),
                             {"kind": kind}).first()
    return dict(row._mapping) if row else None


def interrupt(connection: Connection, processes: list[str]) -> int:
    """Mark the active jobs of processes that are gone; return how many there were."""
    return connection.execute(
        text("""UPDATE jobs SET state = 'interrupted', error_code = 'interrupted', note = '', finished_at = now()
                WHERE state IN ('queued', 'running') AND process = ANY(:processes)"""),
        {"processes": processes}).rowcount


def interrupt_work(connection: Connection, job_id: int) -> None:
    """Mark what a job has left under way."""
    for table in ("auditions", "predictions", "bgm_batches"):
        connection.execute(text(f"""UPDATE {table} SET state = 'interrupted', finished_at = now()
                                    WHERE job_id = :id AND state IN ('queued', 'running')"""), {"id": job_id})
    connection.execute(
        text("""UPDATE audition_judges SET state = 'interrupted', error_code = 'interrupted'
                WHERE state IN ('waiting', 'running') AND audition_id IN (
                    SELECT id FROM auditions WHERE job_id = :id AND state = 'interrupted')"""), {"id": job_id})


def active_processes(connection: Connection) -> dict[str, float]:
    """Return the processes that have active jobs, and the seconds since each was last heard of."""
    rows = connection.execute(
        text("""SELECT process, extract(epoch FROM now() - max(beat_at))::float8 FROM jobs
                WHERE state IN ('queued', 'running') GROUP BY process"""))
    return {process: silent for process, silent in rows}


def ahead(connection: Connection, kind: str, job_id: int) -> int:
    """Return how many jobs of a kind are queued or running before a job."""
    return connection.execute(
        text("SELECT count(*) FROM jobs WHERE kind = :kind AND state IN ('queued', 'running') AND id < :id"),
        {"kind": kind, "id": job_id}).scalar_one()
