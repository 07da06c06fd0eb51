"""Known facts of real exports; the files are not part of the project, and without them these tests are skipped."""

from __future__ import annotations

import csv
import gzip
import os
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from data_processing import LEFT_OUT_OF_TOTALS, Flag, build, display_name, flag_names, normalise, parse_name, read_file
from ingest.dates import to_date, to_number

REAL = Path(os.environ.get("MIS_REAL_DATA") or Path(__file__).resolve().parent.parent.parent / "shared" / "data")
TODAY = to_number(date(2026, 11, 1))
EXPORTS = REAL / "cmdata_real"
DAILY = REAL / "daily_series"

needs_exports = pytest.mark.skipif(not EXPORTS.is_dir(), reason=f"real exports are not in {EXPORTS} (MIS_REAL_DATA)")
needs_daily = pytest.mark.skipif(not DAILY.is_dir(), reason=f"real series are not in {DAILY} (MIS_REAL_DATA)")

FACTS = [
    ("AlexWarren_Ordinary_SoundCloud_plays", 178, "2025-07-27", 4120405.234, "2026-01-20", 7771555.0),
    ("AlexWarren_Ordinary_Spotify_streams", 185, "2025-07-27", 785334317.0, "2026-01-27", 1543585408.0),
    ("AlexWarren_Ordinary_Youtube_views", 97, "2025-10-22", 2380624.0, "2026-01-27", 546052218.0),
    ("TaylorSwift_TheFateofOphelia_SoundCloud_plays", 116, "2025-10-04", 9946.0, "2026-01-27", 1413707.0),
    ("TaylorSwift_TheFateofOphelia_Spotify_streams", 114, "2025-10-05", 31476177.0, "2026-01-26", 926154812.0),
    ("TaylorSwift_TheFateofOphelia_Youtube_views", 98, "2025-10-22", 75163477.0, "2026-01-27", 346593401.0),
]


def load(stem: str):
    readings = read_file((EXPORTS / f"{stem}.csv").read_bytes())
    return readings, build(readings.days, readings.values, readings.kind, reported=readings.reported, today=TODAY)


def flagged(series, flag: Flag) -> list[str]:
    return [to_date(day).isoformat() for day in series.days[(series.audited.flags & flag) != 0]]


def gain(series, day: str) -> float:
    return float(series.audited.gains[series.days == to_number(date.fromisoformat(day))][0])


@needs_exports
@pytest.mark.parametrize(("stem", "rows", "first", "first_value", "last", "last_value"), FACTS)
def test_every_line_of_the_exports(stem, rows, first, first_value, last, last_value):
    readings, series = load(stem)
    assert (readings.lines_read, readings.accepted, readings.rejected, readings.repeated) == (rows, rows, 0, 0)
    assert (to_date(readings.days[0]).isoformat(), readings.values[0]) == (first, first_value)
    assert (to_date(readings.days[-1]).isoformat(), readings.values[-1]) == (last, last_value)
    assert (readings.kind, readings.encoding, readings.separator) == ("cumulative", "utf-8-sig", ",")
    assert readings.date_format == "korean" and readings.reported is not None
    assert not (series.audited.gains < 0).any() and not flagged(series, Flag.DECREASE)


@needs_exports
def test_the_names_of_the_exports():
    names = {path.name: parse_name(path.name) for path in EXPORTS.glob("*.csv")}
    assert len(names) == 6
    assert {display_name(each.artist) for each in names.values()} == {"Alex Warren", "Taylor Swift"}
    assert {display_name(each.song) for each in names.values()} == {"Ordinary", "The Fate of Ophelia"}


@needs_exports
def test_the_interpolated_soundcloud_file():
    readings, series = load("AlexWarren_Ordinary_SoundCloud_plays")
    found = series.audited.findings
    assert set(found) == {"interpolated_days"} and found["interpolated_days"]["count"] == 168
    assert [(item["start"], item["end"]) for item in found["interpolated_days"]["items"]] == [
        ("2025-07-28", "2025-10-17"), ("2025-10-27", "2025-12-01"), ("2025-12-02", "2025-12-18"),
        ("2025-12-19", "2026-01-03"), ("2026-01-04", "2026-01-20")]
    assert found["interpolated_days"]["items"][0]["gain"] == pytest.approx(27871.802)
    assert readings.values[0] + np.nansum(series.audited.gains) == pytest.approx(readings.values[-1])


@needs_exports
@pytest.mark.parametrize(("stem", "before", "after"), [
    ("AlexWarren_Ordinary_Youtube_views", 2707621.0, 546052218.0),
    ("TaylorSwift_TheFateofOphelia_Youtube_views", 244948329.0, 346593401.0)])
def test_the_jump_at_the_tail_of_the_youtube_files(stem, before, after):
    readings, series = load(stem)
    assert flagged(series, Flag.JUMP) == ["2026-01-27"] and np.isnan(series.audited.gains[-1])
    assert series.audited.findings["jumps"]["items"] == [
        {"day": "2026-01-27", "accepted": False, "from": before, "to": after}]
    counted = series.totals[(series.audited.flags & LEFT_OUT_OF_TOTALS) == 0]
    assert counted[-1] == before
    accepted = build(readings.days, readings.values, readings.kind, reported=readings.reported, today=TODAY,
                     accepted=[date(2026, 1, 27)])
    assert flag_names(int(accepted.audited.flags[-1]))[-2:] == ["jump", "accepted"]
    assert np.nansum(accepted.audited.gains) == pytest.approx(before - readings.values[0])


@needs_exports
def test_the_missing_day_before_the_jump():
    _, series = load("AlexWarren_Ordinary_Youtube_views")
    assert series.audited.findings["missing_days"] == {
        "count": 1, "items": [{"start": "2026-01-26", "end": "2026-01-26"}]}


@needs_exports
@pytest.mark.parametrize(("stem", "runs"), [
    ("TaylorSwift_TheFateofOphelia_Spotify_streams", {
        ("2025-10-06", "2025-10-07"): 34046036 / 2, ("2025-12-28", "2025-12-29"): 6044321.5,
        ("2026-01-13", "2026-01-14"): 6304913.5, ("2026-01-24", "2026-01-25"): 11913163 / 2}),
    ("AlexWarren_Ordinary_Spotify_streams", {("2025-09-07", "2025-09-09"): 13911491 / 3})])
def test_spotifys_zeros_beside_doubled_days_are_averaged(stem, runs):
    readings, series = load(stem)
    items = series.audited.findings["averaged_days"]["items"]
    assert {(item["start"], item["end"]): item["gain"] for item in items} == pytest.approx(runs)
    for (start, end), value in runs.items():
        assert gain(series, start) == gain(series, end) == pytest.approx(value)
    assert len(flagged(series, Flag.AVERAGED)) == series.audited.findings["averaged_days"]["count"]
    assert readings.values[0] + np.nansum(series.audited.gains) == pytest.approx(readings.values[-1])


@needs_exports
def test_the_clean_launch_on_soundcloud_has_no_flag():
    _, series = load("TaylorSwift_TheFateofOphelia_SoundCloud_plays")
    assert series.audited.findings == {} and not series.audited.flags.any()


def tracks(name: str, key, total: str) -> dict[str, list[tuple[int, float]]]:
    found = defaultdict(dict)
    with gzip.open(DAILY / name, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row[total]:
                found[key(row)][to_number(date.fromisoformat(row["date"]))] = float(row[total])
    return {track: sorted(days.items()) for track, days in found.items()}


def series_of(readings: list[tuple[int, float]]):
    days, totals = np.array([day for day, _ in readings]), np.array([total for _, total in readings])
    return build(days, totals, "cumulative", today=TODAY)


@needs_daily
def test_395_real_streaming_series_have_two_jumps_and_no_launch_among_them():
    found = tracks("taylor_swift_spotify_daily_streams_2024_2025.csv.gz",
                   lambda row: f"{row['TRACK_NAME']}|{row['TRACK_ID']}", "TOTAL_STREAM")
    jumps, falls, steep = [], 0, 0
    for track, readings in found.items():
        series = series_of(readings)
        jumps += [(track.split("|")[0], item["day"]) for item in series.audited.findings.get("jumps", {}).get("items", [])]
        falls += series.audited.findings.get("decreases", {}).get("count", 0)
        assert not (series.audited.gains < 0).any()
        early = series.audited.flags[:JUMPS_OF_A_LAUNCH]
        steep += int(((early & Flag.JUMP) != 0).sum())
    assert len(found) == 395 and steep == 0 and falls < 50
    assert sorted(jumps) == [("Love Story - Instrumental with BGV", "2025-07-31"),
                             ("You Belong With Me - Instrumental with BGV", "2025-07-31")]


JUMPS_OF_A_LAUNCH = 60
"""Readings after a track's first that belong to its launch."""


@needs_daily
def test_charts_of_four_countries():
    """Tracks leave and enter the chart again: long gaps, many small series, no crash and no negative gain."""
    found = tracks("kworb_asia7_spotify_daily_top50_2026.csv.gz",
                   lambda row: (row["country"], *row["artist_title"].partition(" - ")[::2]), "total")
    keys = set()
    for (country, artist, title), readings in found.items():
        series = series_of(readings)
        assert len(series.audited.gains) == len(readings) and not (series.audited.gains < 0).any()
        assert normalise(artist) and normalise(title), (artist, title)
        assert all_shown(display_name(artist), display_name(title))
        keys.add((country, normalise(artist), normalise(title)))
    assert len(found) > 300 and len(keys) > 0.98 * len(found)


def all_shown(*names: str) -> bool:
    return all(name.strip() for name in names)
