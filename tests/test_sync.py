"""Sync, on a real database: what is stored, and that a second run changes nothing."""

from __future__ import annotations

import os
import threading
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_totals import NOBODY, READINGS, day, outcomes, steady

import config
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from ingest.dates import to_number
from ingest.flags import LEFT_OUT_OF_MEANS, Flag
from usecases import sync as module
from usecases.sync import sync

ROOT = Path(__file__).resolve().parent.parent
REAL = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data") / "cmdata_real"


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
