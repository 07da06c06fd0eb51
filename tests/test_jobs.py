"""Background jobs: progress, cancel, how they end, and what another process or person sees of them."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from support.errors import AppError, Cancelled, DatabaseUnavailable, DataError, Interrupted, NotFound, state_after
from support.jobs import STORE_EVERY_S, Jobs, own_process, process_lives
from usecases import jobs


class Memory:
    """A store that keeps what it is told."""

    def __init__(self):
        self.jobs, self.told, self.ended = {}, [], threading.Event()

    def add(self, kind, owner_id, process, params):
        number = len(self.jobs) + 1
        self.jobs[number] = {"id": number, "kind": kind, "state": "queued", "process": process, "params": params}
        return dict(self.jobs[number])

    def start(self, job_id):
        self.jobs[job_id]["state"] = "running"

    def progress(self, job_id, done, total, note):
        self.told.append((done, total, note))

    def finish(self, job_id, state, result, error_code, error_values):
        self.jobs[job_id] |= {"state": state, "result": result, "code": error_code, "values": error_values}
        self.ended.set()


@pytest.fixture
def store():
    return Memory()


@pytest.fixture
def runner(store):
    made = Jobs(store)
    yield made
    made.close(5)


def waiting(progress):
    """Work until it is told to stop."""
    while True:
        progress.check()
        time.sleep(0.005)


def test_the_id_is_told_before_the_work_begins(store, runner):
    order = []
    runner.submit("lane", 1, lambda progress: order.append("work") or {}, None,
                  lambda job_id: (time.sleep(0.05), order.append(job_id)))
    assert store.ended.wait(5) and order == [1, "work"]


def test_work_whose_id_could_not_be_told_never_begins_and_counts_as_failed(store, runner):
    def fail(job_id):
        raise NotFound("artist_gone")

    with pytest.raises(NotFound):
        runner.submit("lane", 1, waiting, None, fail)
    assert store.jobs[1]["state"] == "failed" and runner.progress(1) is None


def until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()


# --- of one process -----------------------------------------------------------------------------------------------


def test_progress_is_live_and_stored_now_and_then(store, runner):
    went_on = threading.Event()

    def work(progress):
        for done in range(1000):
            progress.report(done, 1000, f"file {done}")
        went_on.wait(10)
        return {"read": 1000}

    job = runner.submit("test", 1, work, {"force": True})
    until(lambda: runner.progress(1) and runner.progress(1).done == 999)
    assert (runner.progress(1).total, runner.progress(1).note) == (1000, "file 999")
    assert store.told[0] == (0, 1000, "file 0") and len(store.told) <= 2 + 10 / STORE_EVERY_S
    went_on.set()
    until(store.ended.is_set)
    assert job == {"id": 1, "kind": "test", "state": "queued", "process": own_process(), "params": {"force": True}}
    assert store.jobs[1]["state"] == "done" and store.jobs[1]["result"] == {"read": 1000}
    until(lambda: runner.progress(1) is None)


def test_cancel(store, runner):
    runner.submit("test", 1, waiting)
    until(lambda: store.jobs[1]["state"] == "running")
    assert runner.cancel(1) and not runner.cancel(99)
    until(store.ended.is_set)
    assert (store.jobs[1]["state"], store.jobs[1]["code"]) == ("cancelled", "cancelled")
    until(lambda: runner.progress(1) is None)
    assert not runner.cancel(1)


def test_a_queued_job_can_be_cancelled_before_it_begins(store):
    runner, ran = Jobs(store, workers=1), []
    runner.submit("test", 1, waiting)
    runner.submit("test", 1, lambda progress: ran.append(1) or {})
    runner.cancel(2)
    runner.cancel(1)
    until(lambda: runner.progress(2) is None)
    assert store.jobs[2]["state"] == "cancelled" and not ran
    runner.close()


@pytest.mark.parametrize(("error", "state", "code", "values"), [
    (NotFound("artist_gone"), "failed", "artist_gone", {}),
    (DatabaseUnavailable("database_start", folder="x", detail="y"), "failed", "database_start",
     {"folder": "x", "detail": "y"}),
    (Cancelled("cancelled"), "cancelled", "cancelled", {}),
    (ZeroDivisionError("sekret"), "failed", "unexpected", {"kind": "ZeroDivisionError"}),
])
def test_how_a_job_ends_that_raises(store, runner, error, state, code, values):
    def work(progress):
        raise error

    runner.submit("test", 1, work)
    until(store.ended.is_set)
    ended = store.jobs[1]
    assert (ended["state"], ended["code"], ended["values"], ended["result"]) == (state, code, values, None)


def test_the_thread_lives_on_after_a_store_that_fails(store, runner):
    store.start = lambda job_id: (_ for _ in ()).throw(DatabaseUnavailable("database_start", folder="x", detail="y"))
    runner.submit("test", 1, lambda progress: {})
    until(lambda: store.jobs[1]["state"] == "failed")
    del store.start
    for _ in range(4):
        runner.submit("test", 1, lambda progress: {})
    until(lambda: store.jobs[5]["state"] == "done")


def away(times, then=None):
    """Stand in for a method of the store while it is away: it answers after so many calls."""
    calls = []

    def method(*args):
        calls.append(args)
        if len(calls) <= times:
            raise DatabaseUnavailable("database_unreachable", where="db", detail="refused")
        return then(*args) if then else None

    method.calls = calls
    return method


@pytest.mark.parametrize(("work", "state", "result"), [
    (lambda progress: {"songs": 3}, "done", {"songs": 3}),
    (lambda progress: [][1], "failed", None)])
def test_how_a_job_ended_is_stored_once_the_store_is_back(store, runner, monkeypatch, work, state, result):
    monkeypatch.setattr("support.jobs.AGAIN_S", 0.01)
    store.finish = away(3, Memory.finish.__get__(store))
    runner.submit("test", 1, work)
    assert store.ended.wait(5) and len(store.finish.calls) == 4
    assert (store.jobs[1]["state"], store.jobs[1]["result"]) == (state, result)
    until(lambda: runner.progress(1) is None)


def test_a_store_that_stays_away_does_not_keep_the_process_from_ending(store):
    runner = Jobs(store)
    store.finish = away(10**9)
    runner.submit("test", 1, lambda progress: {})
    until(lambda: store.finish.calls)
    started = time.monotonic()
    assert runner.close(0.2) == 1 and time.monotonic() - started < 2
    until(lambda: runner.progress(1) is None)


def test_progress_that_cannot_be_stored_ends_no_work(store, runner):
    store.progress = away(1)
    runner.submit("test", 1, lambda progress: progress.report(1, 2) or {"whole": True})
    assert store.ended.wait(5) and store.progress.calls == [(1, 1, 2, "")] and store.jobs[1]["result"] == {"whole": True}


def test_handing_in_does_not_wait_for_a_store_that_is_away(store, runner, monkeypatch):
    monkeypatch.setattr("support.jobs.AGAIN_S", 0.01)
    store.finish = away(3, Memory.finish.__get__(store))
    with pytest.raises(DatabaseUnavailable):
        runner.submit("lane", 1, waiting, None, away(1))
    assert store.ended.wait(5) and store.jobs[1]["state"] == "failed" and store.jobs[1]["code"] == "database_unreachable"


def test_close_stops_what_runs(store):
    runner = Jobs(store)
    runner.submit("test", 1, waiting)
    started = time.monotonic()
    runner.close(5)
    assert time.monotonic() - started < 4 and store.jobs[1]["state"] == "interrupted"


def test_the_end_of_the_process_is_not_a_persons_stop(store):
    """The work sees which of the two it is; who was first counts."""
    runner, ends = Jobs(store), {}

    def work(name):
        def run(progress):
            try:
                waiting(progress)
            except Cancelled as error:
                ends[name] = error
                went_on.wait(5)
                raise
        return run

    went_on = threading.Event()
    runner.submit("test", 1, work("person"))
    runner.submit("test", 1, work("process"))
    until(lambda: [store.jobs[number]["state"] for number in (1, 2)] == ["running"] * 2)
    runner.cancel(1)
    until(lambda: "person" in ends)
    closing = threading.Thread(target=runner.close, args=(5,))
    closing.start()
    until(lambda: "process" in ends)
    runner.cancel(2)
    went_on.set()
    closing.join()
    assert [(type(ends[name]), ends[name].code) for name in ("person", "process")] == [
        (Cancelled, "cancelled"), (Interrupted, "interrupted")]
    assert [(store.jobs[number]["state"], store.jobs[number]["code"]) for number in (1, 2)] == [
        ("cancelled", "cancelled"), ("interrupted", "interrupted")]


@pytest.mark.parametrize(("error", "state"), [
    (Interrupted("interrupted"), "interrupted"), (Cancelled("model.stopped"), "cancelled"),
    (DataError("audition.running"), "failed"), (AppError("cancelled"), "failed"), (KeyboardInterrupt(), "failed")])
def test_the_state_after_an_error(error, state):
    assert state_after(error) == state


def test_processes_are_told_apart():
    assert process_lives(own_process())
    host, _, rest = own_process().partition(":")
    pid = rest.partition("@")[0]
    assert not process_lives(f"{host}:{pid}@1") and not process_lives(f"{host}:nonsense")
    assert not process_lives(f"{host}:{2**22 + 1}@1")
    assert process_lives("another-host:1@1")


# --- in the database ----------------------------------------------------------------------------------------------


@pytest.fixture
def viewer(clean, query):
    number = query("INSERT INTO users (nickname, role) VALUES ('guest', 'viewer') RETURNING id")[0][0]
    return Actor(number, "viewer", "guest")


def ended(job):
    until(lambda: not services.get_job(ADMIN, job.id).active)
    return services.get_job(ADMIN, job.id)


def test_a_job_is_seen_while_it_runs_and_after(clean):
    seen = threading.Event()

    def work(progress):
        progress.report(3, 10, "third")
        progress.report(4, 10, "fourth")  # too soon to be stored; this process sees it
        seen.wait(10)
        return {"what": "한글", "when": time.gmtime(0)}

    job = jobs.submit(ADMIN, "test", work, {"a": 1})
    until(lambda: services.get_job(ADMIN, job.id).note == "fourth")
    live = services.get_job(ADMIN, job.id)
    assert (live.state, live.done, live.total, live.active) == ("running", 4, 10, True)
    assert services.active_job(ADMIN, "test").id == job.id and services.active_job(ADMIN, "sync") is None
    seen.set()
    last = ended(job)
    assert last.state == "done" and last.result["what"] == "한글" and last.finished_at >= last.created_at
    assert services.latest_job(ADMIN, "test").id == job.id and services.active_job(ADMIN, "test") is None
    services.cancel_job(ADMIN, job.id)
    services.cancel_job(ADMIN, 10**9)
    assert services.get_job(ADMIN, job.id).state == "done" and services.get_job(ADMIN, 10**9) is None


def test_failures_are_stored_with_their_code(clean):
    def refused(progress):
        raise NotFound("file_missing", name="x.csv", folder="y")

    failed = ended(jobs.submit(ADMIN, "test", refused))
    assert (failed.state, failed.error_code, failed.error_values) == (
        "failed", "file_missing", {"name": "x.csv", "folder": "y"})
    broken = ended(jobs.submit(ADMIN, "test", lambda progress: {"x": float("nan")}))
    assert (broken.state, broken.error_code) == ("failed", "unexpected")
    unwritable: dict = {}
    unwritable["self"] = unwritable
    assert ended(jobs.submit(ADMIN, "test", lambda progress: unwritable)).error_values == {"kind": "ValueError"}


def test_who_sees_and_who_stops_a_job(viewer):
    private, sync = jobs.submit(ADMIN, "test", waiting), jobs.submit(ADMIN, "sync", waiting)
    assert services.get_job(viewer, private.id) is None and services.latest_job(viewer, "test") is None
    assert services.get_job(viewer, sync.id).id == services.active_job(viewer, "sync").id == sync.id
    until(lambda: services.get_job(ADMIN, sync.id).state == "running")
    for job in (private, sync):
        services.cancel_job(viewer, job.id)
    time.sleep(0.1)
    assert services.get_job(ADMIN, private.id).active and services.get_job(ADMIN, sync.id).active
    own = jobs.submit(viewer, "test", waiting)
    assert services.get_job(viewer, own.id).id == own.id and services.get_job(ADMIN, own.id).id == own.id
    for job in (private, sync):
        services.cancel_job(ADMIN, job.id)
        assert ended(job).state == "cancelled"
    services.cancel_job(viewer, own.id)
    assert ended(own).state == "cancelled"


INSERT = """INSERT INTO jobs (kind, state, owner_id, process, beat_at)
            VALUES ('sync', 'running', 1, :process, now() - make_interval(mins => :silent)) RETURNING id"""


def test_jobs_of_dead_processes_are_interrupted(clean, query):
    """Also those of another host that was not heard of for long: a container that was replaced has a new name."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    host = own_process().partition(":")[0]
    names = {"own": own_process(), "dead": f"{host}:{process.pid}@5", "silent": "elsewhere:1@5", "far": "far:1@5"}
    process.communicate(b"\n")
    ids = {name: query(INSERT, process=text, silent=60 if name == "silent" else 1)[0][0]
           for name, text in names.items()}
    assert jobs.interrupt_dead() == 2 and jobs.interrupt_dead() == 0
    states = {name: services.get_job(ADMIN, number).state for name, number in ids.items()}
    assert states == {"own": "running", "dead": "interrupted", "silent": "interrupted", "far": "running"}
    assert services.get_job(ADMIN, ids["dead"]).error_code == "interrupted"


def test_a_dead_job_does_not_block_the_sync_button(clean, query, export):
    export("A_B_yt_views.csv", [1, 2])
    query(INSERT, process=f"{own_process().partition(':')[0]}:1@5", silent=1)
    job = services.submit_sync(ADMIN)
    assert ended(job).state == "done" and ended(job).result["totals"]["imported"] == 1


def test_one_sync_at_a_time(clean, export, monkeypatch):
    went_on = threading.Event()
    monkeypatch.setattr("usecases.files.sync", lambda *args, **options: went_on.wait(10) and None)
    monkeypatch.setattr("usecases.files.report_as_dict", lambda report: {})
    found = []
    threads = [threading.Thread(target=lambda: found.append(services.submit_sync(ADMIN).id)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    went_on.set()
    assert len(found) == 6 and len(set(found)) == 1
