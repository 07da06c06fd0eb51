"""Sync, on a real database: what is stored, that a second run changes nothing, and what the operator can undo."""

from __future__ import annotations

import os
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import config
import db
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from ingest.dates import to_number
from ingest.flags import LEFT_OUT_OF_MEANS, Flag
from queries import sync as statements
from support.errors import AppError, Busy, Cancelled, NotAllowed
from usecases import sync as module
from usecases.sync import sync

ROOT = Path(__file__).resolve().parent.parent
REAL = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data") / "cmdata_real"
VIEWER = Actor(2, "viewer", "guest")
FIRST = date(2026, 1, 1)
NOBODY = "A_B_YouTube_views.csv"


def day(index):
    return FIRST + timedelta(days=index)


def steady(n, seed=1, least=900, most=1100):
    """Return totals of a counter that grows by a little more or less every day."""
    return (100_000 + np.cumsum(np.random.default_rng(seed).integers(least, most, n))).tolist()


def outcomes(report):
    return {file.name: (file.outcome, file.reason) for file in report.files}


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


READINGS = """SELECT a.key, s.key, p.key, d.day, d.total, d.gain, d.flags
              FROM daily_metrics d JOIN songs s ON s.id = d.song_id JOIN artists a ON a.id = s.artist_id
                   JOIN platforms p ON p.id = d.platform ORDER BY 1, 2, 3, 4"""


# --- what is stored -----------------------------------------------------------------------------------------------


def test_rows_and_values_are_those_of_the_files(export, query):
    export("Ann_One_YouTube_views.csv", [100, 150, 130 + 100])
    export("Ann_One_sp_streams.csv", [10, 10.5])
    export("Ann_One_sc_plays.csv", [7])
    export("Ann_Two_yt_view.csv", [1000, 3000])
    report = sync(ADMIN)
    assert query(READINGS) == [
        ("Ann", "One", "soundcloud", day(0), 7.0, None, 0),
        ("Ann", "One", "spotify", day(0), 10.0, None, 0), ("Ann", "One", "spotify", day(1), 10.5, 0.5, 0),
        ("Ann", "One", "youtube", day(0), 100.0, None, 0), ("Ann", "One", "youtube", day(1), 150.0, 50.0, 0),
        ("Ann", "One", "youtube", day(2), 230.0, 80.0, 0),
        ("Ann", "Two", "youtube", day(0), 1000.0, None, 0), ("Ann", "Two", "youtube", day(1), 3000.0, 2000.0, 0)]
    assert report.state == "done" and report.totals["files"] == report.totals["imported"] == 4
    assert report.totals["accepted"] == report.totals["lines_read"] == 8
    assert query("SELECT count(*) FROM artists") == [(1,)] and query("SELECT count(*) FROM songs") == [(2,)]
    assert query("SELECT state, totals ->> 'accepted' FROM sync_runs") == [("done", "8")]


def test_a_gain_over_a_gap_is_divided_and_a_repeated_day_keeps_the_last(export, query):
    export(NOBODY, [(day(0), 100), (day(1), 999), (day(1), 200), (day(4), 500)])
    report = sync(ADMIN)
    assert [row[3:] for row in query(READINGS)] == [
        (day(0), 100.0, None, 0), (day(1), 200.0, 100.0, 0), (day(4), 500.0, 100.0, int(Flag.GAP))]
    assert (report.totals["lines_read"], report.totals["accepted"], report.totals["repeated"]) == (4, 3, 1)
    audit = query("SELECT audit FROM sync_files")[0][0]
    assert audit["missing_days"]["count"] == 2 and audit["repeated_days"]["items"][0]["kept_line"] == 4


def test_refused_and_ignored_files_say_why_and_leave_nothing(export, clean, query):
    export("Ann_One_Spotify_plays.csv", [1, 2])
    export("OnlyAnn.csv", [1, 2])
    export("Ann_One_yt_views.csv", [])
    export("Ann_Two_yt_views.csv", [(day(0), "x"), ("soon", 5)])
    (clean / "Ann_Three_yt_views.csv").write_bytes(b"PK\x03\x04\0\0\0")
    (clean / "Ann_Four_yt_views.csv").write_bytes(b"")
    (clean / "notes.txt").write_text("not data")
    (clean / ".hidden_x_yt_views.csv").write_text("d,v\n2026-01-01,5\n")
    found = outcomes(sync(ADMIN))
    assert found["Ann_One_Spotify_plays.csv"] == ("refused", "name.metric")
    assert found["OnlyAnn.csv"] == ("refused", "name.parts")
    assert found["Ann_One_yt_views.csv"][0] == "refused"
    assert found["Ann_Two_yt_views.csv"] == ("refused", "file.no_rows")
    assert found["Ann_Three_yt_views.csv"] == ("refused", "file.binary")
    assert found["Ann_Four_yt_views.csv"] == ("refused", "file.empty")
    assert found["notes.txt"] == ("ignored", None)
    assert set(found) == {*(path.name for path in clean.iterdir() if not path.name.startswith("."))}
    assert query("SELECT (SELECT count(*) FROM daily_metrics), (SELECT count(*) FROM artists)") == [(0, 0)]
    assert query("SELECT count(*), min(state) FROM sync_files") == [(6, "refused")]
    assert outcomes(sync(ADMIN)) == found


def test_rejected_lines_are_kept_with_line_text_and_reason(export, query):
    export(NOBODY, [(day(0), 100), ("yesterday", 150), (day(2), "n/a"), (day(3), -5), (day(4), 300), ("only", "")])
    report = sync(ADMIN)
    assert query("SELECT line, raw, reason, cell FROM rejected_rows ORDER BY line") == [
        (3, "yesterday,150", "date", "yesterday"), (4, "2026-01-03,n/a", "value", "n/a"),
        (5, "2026-01-04,-5", "value_negative", "-5"), (7, "only,", "date", "only")]
    assert (report.totals["lines_read"], report.totals["accepted"], report.totals["rejected"]) == (6, 2, 4)
    frame = services.rejected_rows(ADMIN)
    assert frame["line"].tolist() == [3, 4, 5, 7] and set(frame["file"]) == {NOBODY}
    assert frame["values"][0]["cell"] == "yesterday"
    export(NOBODY, [(day(0), 100), (day(1), 150)])
    sync(ADMIN)
    assert query("SELECT count(*) FROM rejected_rows") == [(0,)]


def test_the_first_spelling_of_a_name_counts(export, query):
    export("BTS_Dynamite_Spotify_streams.csv", [1, 2])
    export("bts_DYNAMITE_yt_views.csv", [1, 2])
    sync(ADMIN)
    assert query("SELECT key, display_name FROM artists") == [("BTS", "BTS")]
    assert query("SELECT key FROM songs") == [("Dynamite",)]


def test_a_gain_of_nan_in_a_finding_does_not_stop_the_run(export, query):
    """Two leaps of daily amounts: the second has no known level before it."""
    amounts = np.random.default_rng(3).integers(900, 1100, 60)
    amounts[[30, 45]] = 900_000
    export(NOBODY, amounts.tolist())
    assert outcomes(sync(ADMIN)) == {NOBODY: ("imported", None)}
    assert query("SELECT audit -> 'jumps' ->> 'count', kind FROM sync_files") == [("2", "daily")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_is_not_a_file_is_refused_and_not_waited_for(export, clean):
    os.mkfifo(clean / NOBODY)
    (clean / "A_C_yt_views.csv").symlink_to(clean / "nowhere")
    (clean / "A_D_yt_views.csv").mkdir()
    export("A\\x01_B_yt_views.csv", [1])
    export("A\x01_B_yt_views.csv", [1, 2])
    export("Fine_B_yt_views.csv", [1, 2])
    done = []
    thread = threading.Thread(target=lambda: done.append(sync(ADMIN)), daemon=True)
    thread.start()
    thread.join(20)
    found = outcomes(done[0])
    assert found[NOBODY] == found["A_C_yt_views.csv"] == ("refused", "file.unreadable")
    assert found["A\\x01_B_yt_views.csv"] == ("refused", "name.characters")
    assert found["Fine_B_yt_views.csv"] == ("imported", None)


# --- again --------------------------------------------------------------------------------------------------------


@pytest.fixture
def sample(clean, monkeypatch):
    """Sync the shipped sample as of the day after its last one."""
    monkeypatch.setenv("MIS_CMDATA_DIR", str(ROOT / "cmdata"))
    config.reload()
    monkeypatch.setattr(module, "today_number", lambda: to_number(date(2026, 11, 1)))
    return sync(ADMIN)


def test_the_shipped_sample_and_a_second_run_that_changes_nothing(sample, query, sums):
    assert (sample.totals["files"], sample.totals["imported"], sample.totals["refused"]) == (36, 36, 0)
    assert query("SELECT count(*) FROM artists") == [(8,)] and query("SELECT count(*) FROM songs") == [(12,)]
    assert sample.totals["accepted"] + sample.totals["rejected"] + sample.totals["repeated"] == (
        sample.totals["lines_read"])
    assert query("SELECT count(*) FROM daily_metrics") == [(sample.totals["accepted"],)]
    before = sums(physical=True)
    again = sync(ADMIN, force=True)
    assert sums(physical=True) == before
    assert again.totals["unchanged"] == 36 and again.totals["accepted"] == sample.totals["accepted"]
    third = sync(ADMIN)
    assert third.totals["skipped"] == 36 and third.totals["lines_read"] == sample.totals["lines_read"]
    assert sums(physical=True) == before


def test_the_derived_growth_is_what_pandas_says(sample, query):
    metrics = pd.DataFrame(query("""SELECT s.artist_id, d.platform, d.day, d.gain, d.flags
                                    FROM daily_metrics d JOIN songs s ON s.id = d.song_id"""),
                           columns=["artist", "platform", "day", "gain", "flags"])
    metrics["day"] = pd.to_datetime(metrics["day"])
    derived = pd.DataFrame(query("""SELECT artist_id, platform, day, flags, songs, gain, mean_7, mean_28, growth_rate
                                    FROM artist_growth_data"""),
                           columns=["artist", "platform", "day", "flags", "songs", "gain", "mean_7", "mean_28",
                                    "growth_rate"])
    derived["day"] = pd.to_datetime(derived["day"])
    derived = derived.set_index(["artist", "platform", "day"]).sort_index()
    assert len(derived) == len(metrics.groupby(["artist", "platform", "day"]))
    for (artist, platform), rows in metrics.groupby(["artist", "platform"]):
        days = rows.groupby("day")
        flags = days["flags"].agg(np.bitwise_or.reduce)
        gain = days["gain"].sum(min_count=1)
        known = gain.where((flags & LEFT_OUT_OF_MEANS) == 0).asfreq("D")
        base = known.shift(7, freq="D").rolling("28D", min_periods=1).mean()
        want = pd.DataFrame({"flags": flags, "songs": days.size(), "gain": gain}).assign(
            mean_7=known.rolling("7D", min_periods=1).mean(), mean_28=known.rolling("28D", min_periods=1).mean())
        want["growth_rate"] = want["mean_7"] / base.where(base > 0) - 1
        have = derived.loc[(artist, platform)].astype("float64")
        pd.testing.assert_frame_equal(have, want.astype("float64"), check_names=False, check_freq=False, rtol=1e-9)


def test_a_changed_value_updates_that_row_alone(export, query):
    totals = steady(50)
    export(NOBODY, totals)
    export("Other_B_YouTube_views.csv", steady(50, seed=9))
    sync(ADMIN)
    versions = dict(query("SELECT (song_id, day)::text, xmin::text FROM daily_metrics"))
    totals[20] += 7
    export(NOBODY, totals)
    report = sync(ADMIN)
    assert outcomes(report) == {NOBODY: ("imported", None), "Other_B_YouTube_views.csv": ("skipped", None)}
    later = dict(query("SELECT (song_id, day)::text, xmin::text FROM daily_metrics"))
    changed = sorted(key.split(",")[1].rstrip(")") for key in versions if later[key] != versions[key])
    assert changed == [str(day(20)), str(day(21))]  # the reading, and the gain of the day after
    assert query("SELECT total FROM daily_metrics WHERE day = :day AND total = :total", day=day(20), total=totals[20])


@pytest.mark.parametrize("kind", ["cumulative", "daily"])
def test_a_newer_export_without_the_old_days_keeps_them(export, sums, query, kind):
    """The result, gains across the seam included, is that of one file with all days."""
    values = steady(200) if kind == "cumulative" else np.round(
        np.random.default_rng(2).uniform(0.1, 900, 200), 3).tolist()
    rows = [(day(index), value) for index, value in enumerate(values) if index != 101]
    header = "date,value" if kind == "cumulative" else "date,daily"
    export(NOBODY, rows, header=header)
    sync(ADMIN)
    whole = query(READINGS)
    services.delete_artist(ADMIN, services.list_artists(ADMIN)[0].id)
    export(NOBODY, rows[:101], header=header)
    sync(ADMIN)
    export(NOBODY, rows[90:150], header=header)
    sync(ADMIN)
    export(NOBODY, rows[150:], header=header)
    sync(ADMIN)
    assert query(READINGS) == whole
    assert query("SELECT kind, rows, last_day FROM series") == [(kind, 199, day(199))]
    before = sums(physical=True)
    sync(ADMIN, force=True)
    assert sums(physical=True) == before


def test_a_leap_the_export_itself_denied_stays_denied(export, query):
    """The change column of a file that is gone has to count still: the later file does not hold that day."""
    gains = np.random.default_rng(5).integers(900, 1100, 80)
    gains[40] = 15_000
    change = gains.copy()
    change[40] = 1000
    rows = [(day(i), f"{total},{told}") for i, (total, told) in enumerate(zip(np.cumsum(gains), change, strict=True))]
    export(NOBODY, rows[:60], header="date,total,change")
    sync(ADMIN)
    assert query("SELECT day FROM daily_metrics WHERE flags & 32 <> 0") == [(day(40),)]
    export(NOBODY, rows[50:], header="date,total,change")
    sync(ADMIN)
    assert query("SELECT day FROM daily_metrics WHERE flags & 32 <> 0") == [(day(40),)]
    assert query("SELECT count(*) FROM daily_metrics WHERE flags & 64 <> 0") == [(39,)]


def test_files_of_one_series_are_merged_and_the_later_name_wins(export, query, sums):
    first, second = "A_B_YouTube_views.csv", "a_b_yt_view.csv"
    export(first, [(day(index), 1000 + index * 10) for index in range(20)])
    export(second, [(day(index), 1001 + index * 10) for index in range(15, 30)])
    sync(ADMIN)
    rows = query("SELECT d.day, d.total, f.name FROM daily_metrics d JOIN sync_files f ON f.id = d.source ORDER BY 1")
    assert rows == [*((day(index), 1000.0 + index * 10, first) for index in range(15)),
                    *((day(index), 1001.0 + index * 10, second) for index in range(15, 30))]
    assert query("SELECT count(*), min(rows) FROM series") == [(1, 30)]
    before = sums(physical=True)
    sync(ADMIN, force=True)
    assert sums(physical=True) == before
    export(second, [(day(index), 1001 + index * 10) for index in range(15, 31)])
    assert outcomes(sync(ADMIN)) == {first: ("imported", None), second: ("imported", None)}
    assert query("SELECT rows FROM series") == [(31,)]


def test_files_of_one_series_with_unlike_kinds_are_not_mixed(export, query):
    export("A_B_YouTube_views.csv", steady(30))
    export("A_B_yt_views.csv", [(day(index), 500 + 200 * (index % 2)) for index in range(30, 60)])
    found = outcomes(sync(ADMIN))
    assert found == {"A_B_YouTube_views.csv": ("imported", None), "A_B_yt_views.csv": ("refused", "file.kinds_differ")}
    assert query("SELECT kind, rows FROM series") == [("cumulative", 30)]


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


# --- real exports -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not REAL.is_dir(), reason="the real exports are not here (MIS_REAL_DATA)")
def test_real_exports(clean, monkeypatch, query, sums):
    monkeypatch.setenv("MIS_CMDATA_DIR", str(REAL))
    config.reload()
    report = sync(ADMIN)
    assert report.totals["imported"] == len(list(REAL.glob("*.csv"))) and report.totals["refused"] == 0
    assert query("SELECT count(*) FROM daily_metrics") == [(788,)]
    assert [artist.name for artist in services.list_artists(ADMIN)] == ["Alex Warren", "Taylor Swift"]
    before = sums(physical=True)
    sync(ADMIN, force=True)
    assert sums(physical=True) == before
