"""Sync and its operator: options, levels, deletion, one run at a time, what is refused, uploads."""

from __future__ import annotations

import threading
import time
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from made_totals import FIRST, NOBODY, READINGS, day, outcomes, steady

import config
import db
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from ingest.dates import to_number
from ingest.flags import Flag
from queries import sync as statements
from support.errors import AppError, Busy, Cancelled, NotAllowed
from usecases import sync as module
from usecases.sync import sync

VIEWER = Actor(2, "viewer", "guest")


def finished(job):
    """Wait for a job and return it as it ended."""
    deadline = time.monotonic() + 20
    while job.active and time.monotonic() < deadline:
        time.sleep(0.02)
        job = services.get_job(ADMIN, job.id)
    assert job.state == "done", (job.state, job.error_code, job.error_values)
    return job


def file_id(query, name=NOBODY):
    return query("SELECT id FROM sync_files WHERE name = :name", name=name)[0][0]


# --- the operator's word ------------------------------------------------------------------------------------------


def test_the_kind_can_be_overridden_and_taken_back(export, query, sums):
    values = steady(30)
    export(NOBODY, values)
    sync(ADMIN)
    before = sums()
    finished(services.set_file_options(ADMIN, file_id(query), kind="daily", date_order=None))
    assert query("SELECT kind, rows FROM series") == [("daily", 30)]
    assert query("SELECT gain, total FROM daily_metrics ORDER BY day LIMIT 2") == [
        (values[0], values[0]), (values[1], values[0] + values[1])]
    finished(services.set_file_options(ADMIN, file_id(query), kind=None, date_order=None))
    assert sums() == before
    with pytest.raises(AppError, match="weekly"):
        services.set_file_options(ADMIN, file_id(query), kind="weekly", date_order=None)


def test_an_option_whose_job_never_ran_is_heeded_by_the_next_sync(export, query):
    export(NOBODY, steady(30))
    sync(ADMIN)
    with db.begin() as connection:
        statements.set_options(connection, file_id(query), "daily", None)
    sync(ADMIN)
    assert query("SELECT kind FROM series") == [("daily",)]


def test_ambiguous_dates_are_refused_until_the_order_is_chosen(export, query):
    export(NOBODY, [("01/02/2026", 100), ("02/02/2026", 200), ("03/02/2026", 300)])
    assert outcomes(sync(ADMIN)) == {NOBODY: ("refused", "file.date_order")}
    assert query("SELECT count(*) FROM daily_metrics") == [(0,)]
    finished(services.set_file_options(ADMIN, file_id(query), kind=None, date_order="dmy"))
    assert [row[3:5] for row in query(READINGS)] == [
        (date(2026, 2, 1), 100.0), (date(2026, 2, 2), 200.0), (date(2026, 2, 3), 300.0)]
    assert query("SELECT state, reason, date_format FROM sync_files") == [("imported", None, "dmy")]


def leaping(n=60, at=30):
    gains = np.random.default_rng(4).integers(900, 1100, n)
    gains[at] = 50_000_000
    return (10_000 + np.cumsum(gains)).tolist()


def test_a_level_is_accepted_and_the_acceptance_withdrawn(export, query, sums):
    totals = leaping()
    export(NOBODY, totals)
    sync(ADMIN)
    before = sums()
    assert query("SELECT total FROM series") == [(totals[29],)]
    finished(services.accept_level(ADMIN, file_id(query), day(30)))
    assert query("SELECT total FROM series") == [(totals[59],)]
    assert query("SELECT day, gain, flags FROM daily_metrics WHERE flags <> 0") == [
        (day(30), None, int(Flag.JUMP | Flag.ACCEPTED))]
    assert services.list_files(ADMIN)[0].accepted_days == (day(30),)
    assert query("SELECT sum(gain) FROM daily_metrics") == [(totals[59] - totals[0] - 50_000_000,)]
    finished(services.withdraw_level(ADMIN, file_id(query), day(30)))
    assert sums() == before


def test_an_accepted_level_outlives_the_name_of_its_file(export, clean, query):
    totals = leaping()
    export(NOBODY, totals)
    sync(ADMIN)
    finished(services.accept_level(ADMIN, file_id(query), day(30)))
    (clean / NOBODY).unlink()
    export("A_B_yt_views.csv", [(day(index), totals[index]) for index in range(40, 60)])
    sync(ADMIN)
    assert query("SELECT total FROM series") == [(totals[59],)]
    finished(services.withdraw_level(ADMIN, file_id(query, "A_B_yt_views.csv"), day(30)))
    assert query("SELECT total FROM series") == [(totals[29],)]


def test_a_file_whose_name_is_not_printable_can_be_managed(export, query):
    export("A\u3000B_C_yt_views.csv", steady(30))
    sync(ADMIN)
    number = query("SELECT id FROM sync_files")[0][0]
    finished(services.set_file_options(ADMIN, number, kind="daily", date_order=None))
    assert query("SELECT kind FROM series") == [("daily",)]


def test_an_artist_is_deleted_and_restored(export, clean, query, sums):
    for name, seed in (("Ann_One_yt_views.csv", 1), ("Ann_Two_sp_streams.csv", 2), ("Bob_One_yt_views.csv", 3)):
        export(name, steady(40, seed=seed))
    (clean / "Ann_One_yt_views.csv").write_text((clean / "Ann_One_yt_views.csv").read_text() + "never,1\n")
    sync(ADMIN)
    before = sums()
    ann = next(artist for artist in services.list_artists(ADMIN) if artist.name == "Ann")
    preview = services.preview_delete(ADMIN, ann.id)
    assert (preview.songs, preview.rows) == (2, 80)
    assert preview.files == ("Ann_One_yt_views.csv", "Ann_Two_sp_streams.csv")
    assert services.delete_artist(ADMIN, ann.id) == preview
    counted = [f"(SELECT count(*) FROM {table})" for table in ("artists", "songs", "series", "daily_metrics",
                                                               "artist_growth_data", "rejected_rows")]
    assert query(f"SELECT {', '.join(counted)}") == [(1, 1, 1, 40, 40, 0)]
    assert {file.name: file.state for file in services.list_files(ADMIN)} == {
        "Ann_One_yt_views.csv": "deleted", "Ann_Two_sp_streams.csv": "deleted", "Bob_One_yt_views.csv": "imported"}
    for force in (False, True):
        found = outcomes(sync(ADMIN, force=force))
        assert found["Ann_One_yt_views.csv"] == found["Ann_Two_sp_streams.csv"] == ("deleted", None)
    assert query("SELECT count(*) FROM artists") == [(1,)]
    finished(services.restore_files(ADMIN, preview.files))
    assert sums() == before
    acts = [row[0] for row in query("SELECT action FROM audit_log ORDER BY id")]
    assert acts == ["sync", "delete_artist", "sync", "sync", "restore_files", "sync", "analyse"]
    assert query("SELECT detail ->> 'rows', actor_id FROM audit_log WHERE action = 'delete_artist'") == [("80", 1)]


def test_a_changed_file_of_a_deleted_artist_is_read_again(export, query):
    export(NOBODY, steady(30))
    sync(ADMIN)
    services.delete_artist(ADMIN, services.list_artists(ADMIN)[0].id)
    export(NOBODY, steady(31))
    assert outcomes(sync(ADMIN)) == {NOBODY: ("imported", None)}
    assert query("SELECT count(*) FROM daily_metrics") == [(31,)]


def test_a_reading_of_the_future_is_looked_at_again_when_its_day_has_come(export, query, monkeypatch):
    export(NOBODY, steady(30))
    monkeypatch.setattr(module, "today_number", lambda: to_number(day(25)))
    sync(ADMIN)
    assert query("SELECT count(*), min(day) FROM daily_metrics WHERE flags & 256 <> 0") == [(4, day(26))]
    assert query("SELECT recheck_on FROM sync_files") == [(day(26),)]
    assert query("SELECT last_day, total FROM series") == [(day(25), steady(30)[25])]
    assert outcomes(sync(ADMIN)) == {NOBODY: ("skipped", None)}
    monkeypatch.setattr(module, "today_number", lambda: to_number(day(27)))
    assert outcomes(sync(ADMIN)) == {NOBODY: ("imported", None)}
    assert query("SELECT count(*) FROM daily_metrics WHERE flags & 256 <> 0") == [(2,)]
    monkeypatch.setattr(module, "today_number", lambda: to_number(day(40)))
    sync(ADMIN)
    assert query("SELECT count(*) FROM daily_metrics WHERE flags <> 0") == [(0,)]
    assert query("SELECT recheck_on FROM sync_files") == [(None,)]


# --- one at a time, stopped, refused ------------------------------------------------------------------------------


class StopAt:
    """Progress that asks to stop after a number of files."""

    def __init__(self, files):
        self.files, self.done = files, 0

    def report(self, done, total, note=""):
        self.done = done

    def check(self):
        if self.done >= self.files:
            raise Cancelled("cancelled")


def test_a_stopped_run_keeps_whole_files_only(export, query, sums, monkeypatch):
    for number in range(12):
        export(f"Artist{number:02}_Song_yt_views.csv", steady(40, seed=number))
    monkeypatch.setenv("MIS_SYNC_BATCH_ROWS", "100")
    config.reload()
    with pytest.raises(Cancelled):
        sync(ADMIN, progress=StopAt(7))
    assert query("SELECT state, totals ->> 'imported' FROM sync_runs") == [("cancelled", "8")]
    assert query("SELECT count(*), min(rows), max(rows) FROM series") == [(8, 40, 40)]
    assert query("SELECT count(*) FROM daily_metrics") == [(320,)]
    report = sync(ADMIN)
    assert (report.totals["imported"], report.totals["skipped"]) == (4, 8)
    assert query("SELECT count(*) FROM artists WHERE growth_stale") == [(0,)]
    stopped = sums()
    sync(ADMIN, force=True)
    assert sums() == stopped


def test_a_second_sync_says_so_or_waits(export, monkeypatch):
    export(NOBODY, steady(10))
    monkeypatch.setenv("MIS_SYNC_WAIT_S", "0.2")
    config.reload()
    with db.engine().connect() as other:
        assert statements.try_lock(other)
        with pytest.raises(Busy):
            sync(ADMIN)
        monkeypatch.setenv("MIS_SYNC_WAIT_S", "20")
        config.reload()
        threading.Timer(0.4, lambda: statements.unlock(other)).start()
        started = time.monotonic()
        assert sync(ADMIN).state == "done"
        assert 0.3 < time.monotonic() - started < 10


def test_the_lock_goes_with_the_connection_that_held_it(export):
    export(NOBODY, steady(10))
    with db.engine().connect() as other:
        assert statements.try_lock(other)
        other.invalidate()
    assert sync(ADMIN).state == "done"


def test_an_interrupted_run_is_marked_by_the_next(export, query):
    query("INSERT INTO sync_runs (folder, actor_id, state) VALUES ('x', 1, 'running')")
    export(NOBODY, steady(10))
    sync(ADMIN)
    assert query("SELECT state FROM sync_runs ORDER BY id") == [("interrupted",), ("done",)]


@pytest.mark.parametrize("act", [
    lambda: sync(VIEWER), lambda: services.submit_sync(VIEWER), lambda: services.delete_artist(VIEWER, 1),
    lambda: services.preview_delete(VIEWER, 1), lambda: services.save_uploads(VIEWER, [(NOBODY, b"x")]),
    lambda: services.set_file_options(VIEWER, 1, kind="daily", date_order=None),
    lambda: services.accept_level(VIEWER, 1, FIRST), lambda: services.withdraw_level(VIEWER, 1, FIRST),
    lambda: services.restore_files(VIEWER, [NOBODY])],
    ids=["sync", "submit", "delete", "preview", "upload", "options", "accept", "withdraw", "restore"])
def test_a_viewer_changes_nothing(clean, query, act):
    with pytest.raises(NotAllowed):
        act()
    assert query("SELECT (SELECT count(*) FROM audit_log), (SELECT count(*) FROM jobs)") == [(0, 0)]
    assert list(clean.iterdir()) == []


def test_a_missing_folder_is_an_error_with_its_path(clean):
    with pytest.raises(AppError, match="nowhere"):
        sync(ADMIN, clean / "nowhere")


def test_a_single_file_is_taken_as_itself(export, tmp_path):
    export("A_B_yt_views.csv", steady(10), folder=tmp_path / "else")
    export("A_C_yt_views.csv", steady(10), folder=tmp_path / "else")
    report = sync(ADMIN, tmp_path / "else" / "A_B_yt_views.csv")
    assert outcomes(report) == {"A_B_yt_views.csv": ("imported", None)}


# --- uploads ------------------------------------------------------------------------------------------------------


GOOD = b"date,value\n2026-01-01,5\n"


def test_uploads_are_saved_replaced_and_read(clean, query):
    first, = services.save_uploads(ADMIN, [(NOBODY, GOOD)])
    assert (first.saved, first.replaced, first.reason) == (True, False, None)
    second, = services.save_uploads(ADMIN, [(NOBODY, GOOD.replace(b",5", b",6"))])
    assert (second.saved, second.replaced) == (True, True)
    sync(ADMIN)
    assert query("SELECT total FROM daily_metrics") == [(6.0,)]
    assert query("SELECT detail -> 'files' ->> 0 FROM audit_log WHERE action = 'upload'") == [(NOBODY,)] * 2


@pytest.mark.parametrize("name", [
    "../A_B_yt_views.csv", "..\\A_B_yt_views.csv", "/tmp/A_B_yt_views.csv", "A_B_yt_views.csv\0.png",
    "A\0_B_yt_views.csv",
    "A/../../../B_C_yt_views.csv", "A_B_yt_views.csv\n", ".A_B_yt_views.csv", "", ".csv", "A_B_yt_views.exe", "A_B.csv",
    "A_B_yt_plays.csv", "x" * 300 + "_B_yt_views.csv", "가" * 200 + "_B_yt_views.csv", "C:\\A_B_yt_views.csv",
    "\udcff_B_yt_views.csv", "\u2028_B_yt_views.csv"])
def test_uploads_never_leave_the_folder(clean, name):
    around = {path for path in clean.parent.rglob("*")}
    outcome, good = services.save_uploads(ADMIN, [(name, GOOD), (NOBODY, GOOD)])
    assert not outcome.saved and outcome.reason and good.saved
    assert {path for path in clean.parent.rglob("*")} - around == {clean / NOBODY}
    assert not Path("/tmp/A_B_yt_views.csv").exists()


def test_an_upload_that_is_too_large_or_in_the_way_is_refused(clean, monkeypatch):
    monkeypatch.setenv("MIS_UPLOAD_LIMIT_MB", "1")
    config.reload()
    outcome, = services.save_uploads(ADMIN, [(NOBODY, b"x" * 1_000_001)])
    assert (outcome.saved, outcome.reason) == (False, "file.large") and list(clean.iterdir()) == []
    (clean / NOBODY).mkdir()
    outcome, = services.save_uploads(ADMIN, [(NOBODY, GOOD)])
    assert not outcome.saved and [path.name for path in clean.iterdir()] == [NOBODY]


def test_an_upload_folder_that_cannot_be_made_is_an_outcome(clean, monkeypatch):
    (clean / "file").write_text("")
    monkeypatch.setenv("MIS_CMDATA_DIR", str(clean / "file" / "below"))
    config.reload()
    outcome, = services.save_uploads(ADMIN, [(NOBODY, GOOD)])
    assert not outcome.saved and outcome.reason == "not_saved"
