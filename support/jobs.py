"""Background jobs: long work outside the script run, with progress, cancel and a stored result.

A page submits a function, keeps the job's id, and polls. The function gets a `Progress`; it reports through it and
asks it whether to stop. Threads never touch the user interface. The store is handed in by the services, so that this
module knows nothing of the database.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import psutil

from support import logs, metrics
from support.errors import AppError, Cancelled, DatabaseUnavailable, Interrupted

log = logging.getLogger(__name__)
STORE_EVERY_S = 0.5
"""Seconds between two stored progress reports; pages of this process see every one."""
AGAIN_S = 1.0
"""Seconds between two tries to store how a job ended, where the store is away."""


class Store(Protocol):
    """Where jobs are kept."""

    def add(self, kind: str, owner_id: int, process: str, params: dict[str, Any]) -> dict[str, Any]:
        """Store a queued job and return it."""

    def start(self, job_id: int) -> None:
        """Mark a job as running."""

    def progress(self, job_id: int, done: int, total: int, note: str) -> None:
        """Store how far a job is."""

    def finish(self, job_id: int, state: str, result: dict[str, Any] | None, error_code: str | None,
               error_values: dict[str, Any]) -> None:
        """Store how a job ended."""


class Progress:
    """What a job's function gets: `report` how far it is, `check` whether to stop."""

    def __init__(self, job_id: int, store: Store) -> None:
        self.done, self.total, self.note = 0, 0, ""
        self._job_id, self._store = job_id, store
        self._stop = threading.Event()
        self._interrupted = False
        self._stored_at = 0.0

    def report(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is; stored at most every `STORE_EVERY_S` seconds, and not where the store is away."""
        self.done, self.total, self.note = done, total, note
        now = time.monotonic()
        if now - self._stored_at >= STORE_EVERY_S:
            self._stored_at = now
            try:
                self._store.progress(self._job_id, done, total, note)
            except DatabaseUnavailable as error:  # whether the work can go on, it finds out by itself
                log.warning("the progress of job %s could not be stored: %s", self._job_id, error)

    def cancel(self) -> None:
        """Ask the work to stop."""
        self._stop.set()

    def interrupt(self) -> None:
        """Have the work stop because the process ends; one that a person has stopped before stays stopped by them."""
        self._interrupted = not self._stop.is_set()
        self._stop.set()

    @property
    def interrupted(self) -> bool:
        """Whether the work is to stop because the process ends, not because a person asked for it."""
        return self._interrupted

    @property
    def cancelled(self) -> bool:
        """Whether the work is asked to stop, by whom ever."""
        return self._stop.is_set()

    def check(self) -> None:
        """Stop the work here if that was asked for.

        Raises
        ------
        Cancelled
            `Interrupted` where the process ends.
        """
        if self.interrupted:
            raise Interrupted("interrupted")
        if self.cancelled:
            raise Cancelled("cancelled")


Work = Callable[[Progress], dict[str, Any]]


class Jobs:
    """Runs jobs on a few threads of this process.

    Parameters
    ----------
    store : Store
    workers : int
        Jobs at once, of all kinds without a lane.
    lanes : mapping of str to int, optional
        Kinds with threads of their own, and how many of each run at once: a long queue of one kind does not hold up
        the others.
    """

    def __init__(self, store: Store, workers: int = 2, lanes: Mapping[str, int] | None = None) -> None:
        self.process = own_process()
        self._store = store
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="job")
        self._lanes = {kind: ThreadPoolExecutor(count, thread_name_prefix=f"job-{kind}")
                       for kind, count in (lanes or {}).items()}
        self._running: dict[int, Progress] = {}
        self._closing = False
        self._closed = threading.Event()
        self._lock = threading.Lock()

    def submit(self, kind: str, owner_id: int, work: Work, params: dict[str, Any] | None = None,
               stored: Callable[[int], None] | None = None) -> dict[str, Any]:
        """Queue `work` and return the stored job; `stored` gets its id before the work can begin."""
        job = self._store.add(kind, owner_id, self.process, params or {})
        if stored is not None:
            self._tell(job["id"], stored)
        progress = Progress(job["id"], self._store)
        with self._lock:
            self._running[job["id"]] = progress
            if self._closing:  # handed in after the others were told
                progress.interrupt()
        self._lanes.get(kind, self._pool).submit(self._run, job["id"], kind, progress, work, logs.current())
        return job

    def _tell(self, job_id: int, stored: Callable[[int], None]) -> None:
        try:
            stored(job_id)
        except Exception as error:
            if isinstance(error, DatabaseUnavailable):  # who hands work in need not wait until it is back
                self._pool.submit(self._end, job_id, "failed", error.code, error.values)
            else:
                self._end(job_id, "failed", "unexpected", {"kind": type(error).__name__})
            raise

    def progress(self, job_id: int) -> Progress | None:
        """Return the live progress of a job of this process, None once it has ended."""
        with self._lock:
            return self._running.get(job_id)

    def cancel(self, job_id: int) -> bool:
        """Ask a job to stop; return whether this process runs it."""
        progress = self.progress(job_id)
        if progress is not None:
            progress.cancel()
        return progress is not None

    def close(self, wait_s: float = 10.0) -> int:
        """Ask all jobs to stop, wait for them a while, and return how many go on; all are stored as interrupted."""
        with self._lock:
            self._closing = True
            running = list(self._running.values())
        for progress in running:
            progress.interrupt()
        deadline = time.monotonic() + wait_s
        while self._running and time.monotonic() < deadline:
            time.sleep(0.05)
        self._closed.set()
        for pool in (self._pool, *self._lanes.values()):
            pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            left = list(self._running)  # still at work, or never begun
        for job_id in left:
            self._end(job_id, "interrupted", "interrupted", {})
        return len(left)

    def _run(self, job_id: int, kind: str, progress: Progress, work: Work, bound: dict[str, Any]) -> None:
        with logs.bound(**{**bound, "job": job_id, "kind": kind}), metrics.job(kind):
            self._work(job_id, kind, progress, work)

    def _work(self, job_id: int, kind: str, progress: Progress, work: Work) -> None:
        state = "failed"
        try:
            self._store.start(job_id)
            progress.check()
            self._finish(job_id, "done", work(progress), None, {})
            state = "done"
        except Cancelled as error:
            state = "interrupted" if progress.interrupted else "cancelled"
            self._end(job_id, state, *(("interrupted", {}) if progress.interrupted else (error.code, error.values)))
        except AppError as error:
            log.warning("job %s failed: %s", job_id, error)
            self._end(job_id, "failed", error.code, error.values)
        except Exception as error:
            log.exception("job %s failed", job_id)
            self._end(job_id, "failed", "unexpected", {"kind": type(error).__name__})
        finally:
            metrics.JOBS.labels(kind, state).inc()
            with self._lock:
                self._running.pop(job_id, None)

    def _end(self, job_id: int, state: str, code: str, values: dict[str, Any]) -> None:
        try:
            self._finish(job_id, state, None, code, values)
        except AppError:
            log.exception("the end of job %s (%s) could not be stored", job_id, state)

    def _finish(self, job_id: int, state: str, result: dict[str, Any] | None, code: str | None,
                values: dict[str, Any]) -> None:
        """Store how a job ended; where the store is away, as soon as it is back, or else the job would run for ever.

        Raises
        ------
        DatabaseUnavailable
            If this runner is closed before: the next start finds the job without its process.
        """
        told = False
        while True:
            try:
                return self._store.finish(job_id, state, result, code, values)
            except DatabaseUnavailable as error:
                if self._closed.is_set():
                    raise
                if not told:
                    log.warning("the end of job %s (%s) waits for its store: %s", job_id, state, error)
                told = True
                self._closed.wait(AGAIN_S)


def own_process() -> str:
    """Return a name for this process that no later one will bear: host, pid and time of start."""
    return _name_of(os.getpid())


def _name_of(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}@{psutil.Process(pid).create_time():.0f}"


def process_lives(process: str) -> bool:
    """Return whether the process that runs a job is still there; one on another host is taken to live."""
    host, _, rest = process.partition(":")
    if host != socket.gethostname():
        return True
    try:
        return _name_of(int(rest.partition("@")[0])) == process
    except (ValueError, psutil.NoSuchProcess):
        return False
