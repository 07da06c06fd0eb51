"""Background jobs as services see them: the store in the database, and live progress where this process runs them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import config
import db
from accounts import Actor
from queries import jobs as queries
from support.jobs import Jobs, Work, own_process, process_lives
from usecases.results import JobView

SILENT_S = 900.0
"""Seconds without a sign of life after which a job on another host is given up: a container that was replaced has
another host name, and its pid says nothing here. Much longer than any step between two reports takes."""
_lock = threading.Lock()
_jobs: Jobs | None = None


class DatabaseStore:
    """Keeps jobs in the database (see `support.jobs.Store`)."""

    def add(self, kind: str, owner_id: int, process: str, params: dict[str, Any]) -> dict[str, Any]:
        """Store a queued job and return it."""
        with db.begin() as connection:
            return queries.add(connection, kind, owner_id, process, params)

    def start(self, job_id: int) -> None:
        """Mark a job as running."""
        with db.begin() as connection:
            queries.start(connection, job_id)

    def progress(self, job_id: int, done: int, total: int, note: str) -> None:
        """Store how far a job is."""
        with db.begin() as connection:
            queries.progress(connection, job_id, done, total, note)

    def finish(self, job_id: int, state: str, result: dict[str, Any] | None, error_code: str | None,
               error_values: dict[str, Any]) -> None:
        """Store how a job ended."""
        with db.begin() as connection:
            queries.finish(connection, job_id, state, result, error_code, error_values)
            if (error_code or "").startswith("database_"):  # it could not even say how its work ended
                queries.interrupt_work(connection, job_id)


def runner() -> Jobs:
    """Return the one runner of this process."""
    global _jobs
    with _lock:
        if _jobs is None:
            _jobs = Jobs(DatabaseStore(), lanes={"audition": config.load().auditions_at_once, "audition_batch": 1,
                                                  "catalogue": 1, "picture": 2, "thumbnail": 1, "painting": 1,
                                                  "prediction": 1, "prediction_batch": 1, "hit_training": 1, "bgm": 1,
                                                  "bgm_provider": 1, "remote": 4, "my_data": 1})
        return _jobs


def close(wait_s: float = 10.0) -> int:
    """Stop this process's jobs and forget the runner; return how many had not stopped after `wait_s` seconds."""
    global _jobs
    with _lock:
        running, _jobs = _jobs, None
    return 0 if running is None else running.close(wait_s)


def interrupt_dead() -> int:
    """Mark jobs whose process is gone, or was not heard of for `SILENT_S` on another host; return how many."""
    here = own_process().partition(":")[0]
    with db.begin() as connection:
        dead = [process for process, silent in queries.active_processes(connection).items()
                if not process_lives(process) or (silent > SILENT_S and process.partition(":")[0] != here)]
        return queries.interrupt(connection, dead) if dead else 0


def submit(actor: Actor, kind: str, work: Work, params: dict[str, Any] | None = None,
           stored: Callable[[int], None] | None = None) -> JobView:
    """Queue work on behalf of `actor`; `stored` gets the job's id before the work can begin."""
    return _view(runner().submit(kind, actor.id, work, params, stored))


def get_job(actor: Actor, job_id: int) -> JobView | None:
    """Return a job of the actor (an administrator sees all), with its live progress; None if there is none."""
    with db.begin() as connection:
        row = queries.get(connection, job_id)
    return None if row is None or not _sees(actor, row) else _view(row)


def active_job(actor: Actor, kind: str) -> JobView | None:
    """Return the newest job of a kind that is still to do something."""
    return _newest(actor, kind, active=True)


def latest_job(actor: Actor, kind: str) -> JobView | None:
    """Return the newest job of a kind."""
    return _newest(actor, kind, active=False)


def _newest(actor: Actor, kind: str, *, active: bool) -> JobView | None:
    with db.begin() as connection:
        row = queries.latest(connection, kind, active=active)
    return None if row is None or not _sees(actor, row) else _view(row)


def cancel_job(actor: Actor, job_id: int) -> None:
    """Ask a job of the actor (an administrator: any job) to stop; one that has ended is left alone."""
    with db.begin() as connection:
        row = queries.get(connection, job_id)
    if row is not None and (actor.role == "administrator" or row["owner_id"] == actor.id):
        runner().cancel(job_id)


def _sees(actor: Actor, row: dict[str, Any]) -> bool:
    return actor.role == "administrator" or row["owner_id"] == actor.id or row["kind"] == "sync"


def _view(row: dict[str, Any]) -> JobView:
    view = JobView(**{name: row[name] for name in JobView.__dataclass_fields__})
    live = runner().progress(view.id) if view.active else None
    return replace(view, done=live.done, total=live.total, note=live.note) if live else view
