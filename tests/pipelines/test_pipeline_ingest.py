"""Exports on Spark: the database holds what the sync of one process puts there, row by row, and a second run changes nothing."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from conftest import NATURAL, TABLES, run_query, write_export
from spark_session import spark_here  # noqa: F401

import config
import services
from accounts import LOCAL_ADMINISTRATOR, Actor
from pipelines import ingest
from support.errors import Busy, NotAllowed
from usecases import sync as usecase

SERIES = 1_000
READINGS = """SELECT a.norm_key, s.norm_title, d.platform, d.day, d.flags, f.name, d.total, d.gain FROM daily_metrics d
              JOIN songs s ON s.id = d.song_id JOIN artists a ON a.id = s.artist_id JOIN sync_files f ON f.id = d.source
              ORDER BY 1, 2, 3, 4"""


def odd_files(folder):
    """Write what the reader meets outside of made-up data."""
    write_export(folder, "아이유_밤편지_YouTube_views.csv", [100.5, 200.25, "", 400, 9_000_000, 9_000_100])
    write_export(folder, "IU_Palette_Spotify_streams.csv", [10, 20, 30], encoding="cp949")
    write_export(folder, "iu_palette_Spotify_streams (1).csv", [40, 50, 60], start=date(2026, 1, 4))
    write_export(folder, "sub/IU_Palette_YouTube_views.csv", [(date(2026, 1, 1), "n/a"), (date(2026, 1, 2), 5), (date(2026, 1, 2), 7)])
    write_export(folder, "nothing.csv", [1, 2])
    write_export(folder, "A_B_Nowhere_views.csv", [1, 2])
    write_export(folder, ".hidden/X_Y_YouTube_views.csv", [1, 2])
    write_export(folder, "__pycache__/X_Y_YouTube_views.csv", [1, 2])
    (folder / "Empty_Song_YouTube_views.csv").write_bytes(b"")
    write_export(folder, "_Under_Score_YouTube_views.csv", [5, 6])
    (folder / "notes.pdf").write_bytes(b"%PDF")
    (folder / "README.md").write_text("of nobody")


def many_files(folder, count):
    rng = np.random.default_rng(7)
    first = date(2026, 1, 1)
    for index in range(count):
        totals = rng.integers(1_000, 9_000_000) + rng.integers(0, 5_000, 12).cumsum() + rng.random()
        name = f"Artist{index // 7}_Song{index // 2}_{('YouTube_views', 'Spotify_streams')[index % 2]}.csv"
        write_export(folder, name, [(first + timedelta(days=day), round(float(total), 2)) for day, total in enumerate(totals)])


def files_of(report):
    return [(each.name, each.outcome, each.lines_read, each.accepted, each.rejected, each.repeated, each.flagged, each.reason)
            for each in report.files]


def test_a_thousand_series_are_as_the_sync_has_them(spark, clean, empty, sums):
    many_files(clean, SERIES)
    odd_files(clean)
    one = usecase.sync(LOCAL_ADMINISTRATOR, clean)
    expected, rows, manifest = sums(), run_query(READINGS), run_query(NATURAL["sync_files"] + " ORDER BY 1")
    empty()
    many = ingest.ingest(spark, LOCAL_ADMINISTRATOR, str(clean))
    found = run_query(READINGS)
    assert [row[:6] for row in found] == [row[:6] for row in rows] and len(rows) > 12 * SERIES
    for mine, theirs in zip(found, rows, strict=True):
        assert math.isclose(mine[6], theirs[6], rel_tol=0, abs_tol=1e-9)
        assert mine[7] == theirs[7] or math.isclose(mine[7], theirs[7], rel_tol=0, abs_tol=1e-9)
    assert run_query(NATURAL["sync_files"] + " ORDER BY 1") == manifest
    assert sums() == expected and set(expected) == set(TABLES)
    assert files_of(many) == files_of(one) and many.totals == one.totals
    assert many.totals["refused"] == 5 and many.totals["ignored"] == 1

    rows_of_it = sums(physical=True)
    again = ingest.ingest(spark, LOCAL_ADMINISTRATOR, str(clean))
    forced = ingest.ingest(spark, LOCAL_ADMINISTRATOR, str(clean), force=True, parts=3)
    assert again.totals["imported"] == forced.totals["imported"] == 0
    assert again.totals["skipped"] == forced.totals["unchanged"] == one.totals["imported"] > SERIES
    # the third run read every file again and wrote no row but the log's own
    assert {name: kept for name, kept in sums(physical=True).items() if name != "sync_files"} == {
        name: kept for name, kept in rows_of_it.items() if name != "sync_files"}
    assert sums() == expected
    assert services.sync(LOCAL_ADMINISTRATOR, clean).totals["skipped"] == one.totals["imported"]


def test_new_days_and_changed_values_join_what_is_there(spark, clean, empty, sums):
    def first():
        write_export(clean, "A_One_YouTube_views.csv", [10, 20, 30, 40])
        write_export(clean, "A_Two_YouTube_views.csv", [1, 2, 3, 4])

    def second():
        write_export(clean, "A_One_YouTube_views.csv", [40, 60, 90], start=date(2026, 1, 4))
        write_export(clean, "A_Two_YouTube_views.csv", [1, 2, 3, 5])

    for write in (first, second):
        write()
        usecase.sync(LOCAL_ADMINISTRATOR, clean)
    expected = sums()
    empty()
    for write, days in ((first, 4), (second, 6)):
        write()
        ingest.ingest(spark, LOCAL_ADMINISTRATOR, str(clean))
        assert run_query("SELECT max(rows) FROM series") == [(days,)]
    assert sums() == expected


def test_who_may_and_one_at_a_time(spark, clean, monkeypatch):
    with pytest.raises(NotAllowed):
        ingest.ingest(spark, Actor(2, "viewer", "v"), str(clean))
    write_export(clean, "A_One_YouTube_views.csv", [10, 20])
    monkeypatch.setenv("MIS_SYNC_WAIT_S", "0.2")
    config.reload()
    with usecase.exclusive(), pytest.raises(Busy):
        ingest.ingest(spark, LOCAL_ADMINISTRATOR, str(clean))


def test_a_part_that_fails_fails_the_run_and_the_next_mends_it(spark, clean, query):
    write_export(clean, "A_One_YouTube_views.csv", [10, 20])
    query("ALTER TABLE series ADD CONSTRAINT no_more CHECK (rows < 2)")
    try:
        with pytest.raises(Exception, match="no_more"):
            ingest.ingest(spark, LOCAL_ADMINISTRATOR, str(clean))
    finally:
        query("ALTER TABLE series DROP CONSTRAINT no_more")
    assert query("SELECT state FROM sync_runs ORDER BY id DESC LIMIT 1") == [("failed",)]
    assert query("SELECT count(*) FROM daily_metrics") == [(0,)]
    assert ingest.ingest(spark, LOCAL_ADMINISTRATOR, str(clean)).totals["imported"] == 1


@pytest.mark.parametrize(("path", "name"), [
    ("file:/data/x/A_b.csv", "A_b.csv"), ("dbfs:/Volumes/m/x/sub/A b.csv", None), ("file:///data/x/.h/A.csv", None),
    ("file:/data/x/__h/A.csv", None), ("file:/data/x/~$A.csv", None), ("s3a://bucket/data/x/s/A.csv", "s/A.csv")])
def test_names_are_relative_whatever_the_store(path, name):
    folder = "s3a://bucket/data/x" if path.startswith("s3a") else "/data/x"
    if path.startswith("dbfs"):
        assert ingest._name_under("/Volumes/m/x")(path) == "sub/A b.csv"
    else:
        assert ingest._name_under(folder)(path) == name
