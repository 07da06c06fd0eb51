"""Auditions that wait, are cancelled, or whose process ends: nothing hangs, nothing is lost, all can be taken up."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from made_auditions import (  # noqa: F401
    HOWIE,
    MELB,
    SIMON,
    ended,
    hasty_stage,
    held,
    judge,
    server_of_judges,
    song_to_judge,
    stage_of_judges,
    until,
)
from sqlalchemy import text

import config
import db
import services
import usecases.sync as sync_module
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from queries import auditions as queries
from support.errors import DataError
from tests.providers.llm_server import Act
from usecases import jobs

ROOT = Path(__file__).resolve().parent.parent


# --- queue and cancel ----------------------------------------------------------------------------------------------


def test_two_at_once_and_the_third_is_told_its_place(stage, song):
    stage.default = Act(first_s=0.3)
    started = [services.start_audition(ADMIN, song, lang="en") for _ in range(4)]
    until(lambda: sum(services.get_audition(ADMIN, each).row.state == "running" for each in started) == 2)
    assert [services.get_audition(ADMIN, each).ahead for each in started] == [0, 0, 0, 1]
    assert [ended(each).row.total for each in started] == [180] * 4
    assert stage.most <= 6


def test_a_batch_takes_a_seat_like_any_other(stage, song, monkeypatch):
    monkeypatch.setenv("MIS_AUDITIONS_AT_ONCE", "1")
    config.reload()
    jobs.close()
    stage.default = Act(first_s=0.5)
    batch = services.start_batch(ADMIN, lyrics_ids=[song], lang="en")
    until(lambda: len(stage.asked) == 3)
    one = services.start_audition(ADMIN, song, lang="en")
    until(lambda: services.get_job(ADMIN, services.get_audition(ADMIN, one).row.job_id).state == "running")
    assert ended(one).row.total == 180
    until(lambda: services.list_batches(ADMIN, batch)[0].state == "done")
    assert stage.most == 3


def test_cancel_ends_within_a_second_and_keeps_what_was_said(stage, song):
    stage.plan(Act(), model=SIMON)
    stage.default = Act("stall", after=8)
    audition_id = services.start_audition(ADMIN, song, lang="en")
    until(lambda: all(one.review for one in services.get_audition(ADMIN, audition_id).judges)
          and judge(services.get_audition(ADMIN, audition_id), 0).state == "done")
    services.cancel_audition(ADMIN, audition_id)
    view = until(lambda: (found := services.get_audition(ADMIN, audition_id)).row.active is False and found, 1.0)
    assert view.row.state == "cancelled" and view.row.scaled_300 is None
    assert [one.state for one in view.judges] == ["done", "cancelled", "cancelled"]
    assert judge(view, 0).total == 60 and judge(view, 1).review and judge(view, 1).total is None
    stage.default = Act()
    services.retry_judge(ADMIN, audition_id, 0, 1)
    again = ended(audition_id)
    assert (again.row.state, again.row.total, again.row.out_of, again.row.provisional) == ("done", 120, 200, True)


def test_a_queued_audition_can_be_cancelled_and_never_begins(stage, song):
    stage.default = Act("stall")
    first = [services.start_audition(ADMIN, song) for _ in range(2)]
    third = services.start_audition(ADMIN, song)
    services.cancel_audition(ADMIN, third)
    assert services.get_audition(ADMIN, third).row.state == "cancelled"
    for each in first:
        services.cancel_audition(ADMIN, each)
        assert ended(each).row.state == "cancelled"
    until(lambda: services.get_job(ADMIN, services.get_audition(ADMIN, third).row.job_id).state == "cancelled")
    assert services.get_audition(ADMIN, third).row.state == "cancelled" and len(stage.asked) <= 6


def test_a_cancelled_retry_leaves_the_former_verdict(stage, song):
    stage.plan(Act("status", status=401), model=HOWIE)
    view = held(song)
    stage.default = Act("stall", after=8)
    services.retry_judge(ADMIN, view.row.id, 0, 1)
    with pytest.raises(DataError) as caught:
        services.retry_judge(ADMIN, view.row.id, 0, 1)
    assert caught.value.code == "audition.running"
    until(lambda: judge(services.get_audition(ADMIN, view.row.id), 1).review)
    services.cancel_audition(ADMIN, view.row.id)
    after = ended(view.row.id)
    assert (after.row.state, after.row.total, after.row.out_of) == ("done", 120, 200)
    assert judge(after, 1).state == "cancelled"


def test_no_thread_is_left_behind(hasty, song):
    held(song)
    before = set(threading.enumerate())
    hasty.plan(Act("mute"), Act("mute"), model=HOWIE)
    hasty.plan(Act("cut"), model=MELB)
    for _ in range(3):
        held(song)
    until(lambda: not [each for each in set(threading.enumerate()) - before if each.name.startswith("judge")])
    left = [each.name for each in set(threading.enumerate()) - before if not each.name.startswith("job-audition")]
    assert left == []


# --- processes that die ---------------------------------------------------------------------------------------------

DIES = """
import os, sys, time
sys.path.insert(0, {root!r})
import config
config._values = lambda: {{name: value for name, value in os.environ.items() if value}}
import db, services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
started = services.start_audition(ADMIN, {song}, lang="en")
while sum(bool(one.review) for one in services.get_audition(ADMIN, started).judges) < 3:
    time.sleep(0.01)
print(started, flush=True)
os._exit(9)
"""


def test_a_killed_process_leaves_an_interrupted_audition(stage, song):
    stage.default = Act("stall", after=8)
    url = db.engine().url.render_as_string(hide_password=False)
    done = subprocess.run([sys.executable, "-c", DIES.format(root=str(ROOT), song=song)], capture_output=True,
                          text=True, timeout=30, env=os.environ | {"DATABASE_URL": url})
    assert done.returncode == 9, done.stderr
    audition_id = int(done.stdout)
    rows, _ = services.list_auditions(ADMIN)
    assert [(row.id, row.state) for row in rows] == [(audition_id, "running")]
    view = services.get_audition(ADMIN, audition_id)
    assert (view.row.state, view.row.error_code, view.row.active) == ("interrupted", "interrupted", False)
    assert services.get_job(ADMIN, view.row.job_id).state == "interrupted"
    assert [(one.state, one.error_code, one.total) for one in view.judges] == [("interrupted", "interrupted", None)] * 3
    stage.default = Act()
    services.retry_judge(ADMIN, audition_id, 0, 0)
    assert (ended(audition_id).row.out_of, judge(ended(audition_id), 0).total) == (100, 60)


def test_start_marks_what_a_dead_process_left_and_nothing_else(stage, song):
    stage.default = Act("stall")
    alive = services.start_audition(ADMIN, song)
    until(lambda: services.get_audition(ADMIN, alive).row.state == "running")
    dead = held_by_nobody(song)
    assert jobs.interrupt_dead() + services.interrupt_auditions() == 2
    assert services.get_audition(ADMIN, dead).row.state == "interrupted"
    assert services.get_audition(ADMIN, alive).row.state == "running"
    services.cancel_audition(ADMIN, alive)
    ended(alive)


def test_a_clean_stop_is_nobodys_cancel_and_all_of_it_can_be_taken_up(stage, song, export, query, monkeypatch):
    """An audition, one that waits, a batch and a sync: stopped with the server, looked at, started, taken up."""
    for number in range(12):
        export(f"Artist{number:02}_Song_yt_views.csv", [100 * day for day in range(1, 31)])
    read = sync_module._Run._read_group
    monkeypatch.setattr(sync_module._Run, "_read_group", lambda run, names: time.sleep(0.1) or read(run, names))
    stage.plan(Act(), Act(), model=SIMON)
    stage.default = Act("stall", after=8)
    one, batch = services.start_audition(ADMIN, song, lang="en"), services.start_batch(ADMIN, lyrics_ids=[song], lang="en")
    until(lambda: len([each for each in services.list_auditions(ADMIN)[0] if each.state == "running"]) == 2)
    queued = services.start_audition(ADMIN, song, lang="en")
    sync_job = services.submit_sync(ADMIN).id
    until(lambda: judge(services.get_audition(ADMIN, one), 0).state == "done"
          and all(each.review for each in services.get_audition(ADMIN, one).judges)
          and services.get_job(ADMIN, sync_job).done > 1)
    services.stop()
    assert set(query("SELECT state, error_code FROM jobs")) == {("interrupted", "interrupted")}
    assert query("SELECT state FROM sync_runs") == [("interrupted",)]
    assert set(query("SELECT state, error_code FROM auditions WHERE id <> :id", id=queued)) == {
        ("interrupted", "interrupted")}
    assert query("""SELECT state, error_code FROM audition_judges WHERE audition_id = :id ORDER BY place""", id=one) == [
        ("done", None), ("interrupted", "interrupted"), ("interrupted", "interrupted")]
    services.start(sample=False)
    assert services.get_audition(ADMIN, queued).row.state == "interrupted"
    stage.default = Act()
    for audition_id, places in ((one, (1, 2)), (queued, (0, 1, 2))):
        for place in places:
            services.retry_judge(ADMIN, audition_id, 0, place)
            whole = ended(audition_id)
        assert (whole.row.state, whole.row.total, whole.row.out_of, whole.row.provisional) == ("done", 180, 300, False)
    services.resume_batch(ADMIN, batch)
    assert until(lambda: services.list_batches(ADMIN, batch)[0].state == "done" and services.list_batches(ADMIN, batch))[0].done == 1
    monkeypatch.setattr(sync_module._Run, "_read_group", read)
    services.submit_sync(ADMIN)
    until(lambda: services.latest_job(ADMIN, "sync").state == "done")
    assert query("SELECT state FROM sync_runs ORDER BY id") == [("interrupted",), ("done",)]
    assert query("SELECT count(*), min(rows), max(rows) FROM series") == [(12, 30, 30)]


def held_by_nobody(song):
    """Store an audition whose job belongs to a process that is gone."""
    audition_id = audition_of(song)
    here = jobs.own_process().partition(":")[0]
    with db.begin() as connection:
        job = connection.execute(
            text("""INSERT INTO jobs (kind, state, owner_id, process, params)
                    VALUES ('audition', 'running', 1, :process, '{}') RETURNING id"""),
            {"process": f"{here}:999999@1"}).scalar_one()
        queries.set_job(connection, audition_id, job)
    return audition_id


def audition_of(song):
    from usecases import auditions

    return auditions._add(ADMIN, song, "default", "en", 1, None)
