"""Work that outlasts a database which is away for a while."""

from __future__ import annotations

from contextlib import suppress

import pytest
from test_jobs import ended

import config
import db
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from queries import jobs as job_queries
from support.errors import Cancelled, DatabaseUnavailable, DataError
from usecases import hits, jobs, outages, sync
from usecases.sync import Silent


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(outages, "LOOK_EVERY_S", 0.01)


def breaking(times, error=None):
    """Return work that fails so many times, and the list of its runs."""
    runs = []

    def work():
        runs.append(1)
        if len(runs) <= times:
            raise error or DatabaseUnavailable("database_unreachable", where="db", detail="refused")
        return "whole"
    return work, runs


def test_it_goes_on_once_the_database_is_back(monkeypatch):
    looks = iter([False, False, True, True])
    monkeypatch.setattr(db, "ready", lambda: (next(looks), ""))
    work, runs = breaking(2)
    assert outages.outlast(work, Silent()) == "whole" and len(runs) == 3 and next(looks, None) is None


def test_what_breaks_it_each_time_is_raised(monkeypatch):
    monkeypatch.setattr(db, "ready", lambda: (True, ""))
    work, runs = breaking(99)
    with pytest.raises(DatabaseUnavailable):
        outages.outlast(work, Silent())
    assert len(runs) == 1 + outages.OUTAGES
    work, runs = breaking(99, DataError("audition.running"))
    with pytest.raises(DataError):
        outages.outlast(work, Silent())
    assert len(runs) == 1


def test_it_gives_up_in_the_end_and_can_be_stopped(monkeypatch):
    monkeypatch.setattr(db, "ready", lambda: (False, "refused"))
    monkeypatch.setattr(outages, "AWAY_S", 0.05)
    work, runs = breaking(99)
    with pytest.raises(DatabaseUnavailable):
        outages.outlast(work, Silent())
    assert len(runs) == 1

    class Stopped:
        def check(self):
            raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        outages.outlast(breaking(99)[0], Stopped())


def ended_in_spite(job, cuts):
    """Wait for the end of a job whose cuts may hit the connection that looks for it as well."""
    for _ in range(cuts):
        with suppress(DatabaseUnavailable):
            return ended(job)
    return ended(job)


def test_a_sync_goes_on_after_its_connections_were_cut(export, query, monkeypatch):
    """The server ends every connection in the middle; the job ends with all files read."""
    for number in range(12):
        export(f"Artist{number}_Song_yt_views.csv", [10, 20, 40])
    monkeypatch.setenv("MIS_SYNC_BATCH_ROWS", "3")
    config.reload()
    put = sync.queries.put_readings
    cuts: list[int] = []

    def cut(connection, *args):
        if len(cuts) < 2 and query("SELECT count(*) FROM sync_files")[0][0] > 3:
            cuts.append(1)
            query("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                  "WHERE application_name = :name AND pid <> pg_backend_pid()", name=db.APPLICATION)
        return put(connection, *args)

    monkeypatch.setattr(sync.queries, "put_readings", cut)
    last = ended_in_spite(services.submit_sync(ADMIN), 2)
    assert (last.state, last.error_code) == ("done", None) and len(cuts) == 2
    assert query("SELECT count(*) FROM sync_files WHERE state = 'imported'") == [(12,)]
    assert query("SELECT count(*) FROM daily_metrics") == [(36,)]
    assert query("SELECT state, count(*) FROM sync_runs GROUP BY state ORDER BY state") in (
        [("done", 1), ("failed", 2)], [("done", 1), ("interrupted", 2)], [("done", 1), ("failed", 1), ("interrupted", 1)])


def test_what_a_job_left_under_way_ends_with_it(clean, query):
    with db.begin() as connection:
        job = job_queries.add(connection, "bgm", ADMIN.id, jobs.own_process(), {})["id"]
    hits.add(ADMIN, b"RIFF", name="a.wav", title="Song", genre="POP")
    query("UPDATE predictions SET state = 'running', job_id = :job", job=job)
    jobs.DatabaseStore().finish(job, "failed", None, "hit.genre", {})
    assert query("SELECT state FROM predictions") == [("running",)]
    jobs.DatabaseStore().finish(job, "failed", None, "database_unreachable", {})
    assert query("SELECT state FROM predictions") == [("interrupted",)]
