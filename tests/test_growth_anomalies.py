"""Known answers for spikes, drops and new levels, and how seldom noise is taken for one."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from growth.anomalies import anomalies
from growth.panel import Panel
from ingest.flags import Flag

FIRST = date(2025, 1, 6)
WEEK = np.array([0.8, 0.9, 1.0, 1.0, 1.1, 1.4, 0.8])
REAL = Path(os.environ.get("MIS_REAL_DATA") or Path(__file__).resolve().parent.parent.parent / "shared" / "data")
TRACKS = REAL / "daily_series" / "taylor_swift_spotify_daily_streams_2024_2025.csv.gz"


def panel(gains, **options):
    gains = np.atleast_2d(np.asarray(gains, dtype=float))
    return Panel(np.datetime64(FIRST, "D") + np.arange(gains.shape[1]), gains, np.nancumsum(gains, axis=1), **options)


def series(seed, days=365, size=0.1, level=1000.0):
    return level * np.resize(WEEK, days) * np.exp(size * np.random.default_rng(seed).standard_normal(days))


def found_in(gains, **options):
    return anomalies(panel(gains, **options)).found


def day(number):
    return FIRST + timedelta(days=number)


# planted


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("factor", "kind"), [(5.0, "spike"), (0.2, "drop"), (0.0, "drop")])
def test_a_planted_day_is_found_on_its_day_with_its_size(factor, kind, seed):
    gains, at = series(seed), 50 + 40 * seed
    plain = gains[at]
    gains[at] *= factor
    [found] = found_in(gains)
    assert (found.kind, found.day, found.last_day, found.days) == (kind, day(at), day(at), 1)
    assert found.observed == factor * plain
    assert found.expected == pytest.approx(1000 * WEEK[at % 7], rel=0.15)
    assert found.multiple == pytest.approx(factor, rel=0.35)
    assert found.excess == found.observed - found.expected
    assert np.sign(found.score) == np.sign(factor - 1)


def test_exact_arithmetic_without_noise():
    gains = 1000 * np.resize(WEEK, 120)
    gains[60:63] *= 3.0
    [found] = found_in(gains)
    expected = float(1000 * np.resize(WEEK, 120)[60:63].sum())
    assert (found.kind, found.day, found.days) == ("spike", day(60), 3)
    assert found.expected == pytest.approx(expected)
    assert found.multiple == pytest.approx(3.0)
    assert found.excess == pytest.approx(2 * expected)


@pytest.mark.parametrize("days", [2, 5, 7])
def test_a_burst_of_days_is_one_spike_and_no_level(days):
    gains = series(3)
    gains[200:200 + days] *= 5
    [found] = found_in(gains)
    assert (found.kind, found.day, found.days) == ("spike", day(200), days)


@pytest.mark.parametrize("days", [1, 6])
def test_the_newest_days_are_judged(days):
    gains = series(4)
    gains[-days:] *= 5
    [found] = found_in(gains)
    assert (found.kind, found.day, found.last_day) == ("spike", day(365 - days), day(364))


@pytest.mark.parametrize("factor", [1.6, 2.5, 1 / 1.6])
@pytest.mark.parametrize("seed", range(5))
def test_a_new_level_is_found_on_its_day(seed, factor):
    gains, at = series(seed), 100 + 30 * seed
    gains[at:] *= factor
    [found] = found_in(gains)
    assert found.kind == "new_level"
    assert abs((found.day - day(at)).days) <= 3
    assert found.last_day == day(364)
    assert found.multiple == pytest.approx(factor, rel=0.15)
    assert (found.expected, found.observed) == (pytest.approx(1000, rel=0.15), pytest.approx(1000 * factor, rel=0.15))


def test_a_level_there_and_back_is_two_levels():
    gains = series(5)
    gains[150:200] *= 2
    up, down = found_in(gains)
    assert [up.kind, down.kind] == ["new_level"] * 2
    assert (up.day, up.last_day, down.day) == (day(150), day(199), day(200))
    assert (up.multiple, down.multiple) == (pytest.approx(2, rel=0.15), pytest.approx(0.5, rel=0.15))


def test_spikes_are_measured_from_the_new_level():
    gains = series(6)
    gains[150:] *= 3
    gains[160] *= 5
    level, spike = found_in(gains)
    assert (level.kind, spike.kind, spike.day) == ("new_level", "spike", day(160))
    assert spike.multiple == pytest.approx(5, rel=0.35)


def test_a_step_less_than_two_weeks_old_is_no_level_yet():
    gains = series(7)
    gains[-13:] *= 2
    assert "new_level" not in {each.kind for each in found_in(gains)}
    gains[-14] *= 2
    assert "new_level" in {each.kind for each in found_in(gains)}


def test_a_relaunch_during_a_decay_is_one_level():
    gains = series(8) * 1000 * np.arange(1, 366.0) ** -0.7
    gains[180:] *= 1.8
    assert [(each.kind, abs((each.day - day(180)).days) <= 3) for each in found_in(gains)] == [("new_level", True)]


# bursts: levels that do not stay


def burst(seed, at=200, peak=5.1, days=10.0, left=1.0, length=365, level=47_000.0):
    """Give a series whose gains leap to `peak` times and decay to `left` times, by a factor e in `days`."""
    course = np.ones(length)
    course[at:] = left + (peak - left) * np.exp(-np.arange(length - at) / days)
    return series(seed, length, 0.05, level) * course


def kinds_of(found):
    return [each.kind for each in found]


@pytest.mark.parametrize("seed", range(8))
def test_a_burst_of_weeks_is_one_spike_until_half_of_it_is_gone(seed):
    at = 60 + 30 * seed
    gains = burst(seed, at)
    result = anomalies(panel(gains))
    [found] = result.found
    assert (found.kind, found.day) == ("spike", day(at))
    # median of the first two weeks: 1 + 4.1 exp(-0.65) = 3.14 times; half of that, sqrt(3.14), is left after 16.7 days
    assert abs((found.last_day - day(at + 16)).days) <= 3
    assert found.days == (found.last_day - found.day).days + 1
    within = slice(at, at + found.days)
    old = 47_000 * np.resize(WEEK, 365)
    assert found.observed == gains[within].sum()
    assert found.expected == pytest.approx(old[within].sum(), rel=0.05)
    assert found.expected == pytest.approx(result.expected[within].sum())
    assert found.multiple == found.observed / found.expected
    assert found.excess == found.observed - found.expected
    assert found.score > 15
    np.testing.assert_allclose(result.expected[14:], old[14:], rtol=0.15)


def test_exact_arithmetic_of_a_burst():
    old = 1000 * np.resize(WEEK, 200)
    gains = old.copy()
    gains[100:120] *= 4
    [found] = found_in(gains)
    assert (found.kind, found.day, found.last_day, found.days) == ("spike", day(100), day(119), 20)
    assert found.observed == pytest.approx(4 * old[100:120].sum())
    assert found.expected == pytest.approx(old[100:120].sum())
    assert (found.multiple, found.excess) == (pytest.approx(4), pytest.approx(3 * old[100:120].sum()))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("factor", [0.3, 0.1, 0.0])
def test_a_dip_of_four_weeks_that_recovers_is_a_drop(seed, factor):
    gains, at = series(seed), 80 + 50 * seed
    gains[at:at + 28] *= factor
    [found] = found_in(gains)
    assert (found.kind, found.day, found.last_day, found.days) == ("drop", day(at), day(at + 27), 28)
    assert found.multiple == pytest.approx(factor, rel=0.15)
    assert found.score < 0 and found.excess < 0


@pytest.mark.parametrize("seed", range(5))
def test_a_step_that_fades_halfway_only_stays_a_level(seed):
    # four times, median of the first two weeks 3.3; 2.5 times is 0.77 of that as a logarithm
    found = found_in(burst(seed, peak=4.0, left=2.5))
    assert [(each.kind, each.day, each.last_day) for each in found] == [("new_level", day(200), day(364))]


@pytest.mark.parametrize("seed", range(5))
def test_a_step_that_stays_is_a_level_at_every_age(seed):
    gains = series(seed, size=0.05)
    gains[200:] *= 3
    for age in (14, 20, 21, 28, 42, 60, 165):
        [found] = found_in(gains[:200 + age])
        assert (found.kind, found.day, found.last_day) == ("new_level", day(200), day(199 + age))


@pytest.mark.parametrize("seed", range(5))
def test_a_burst_is_a_level_for_the_time_being_until_a_week_after_its_first_two(seed):
    gains = burst(seed)
    for age, kind in ((14, "new_level"), (20, "new_level"), (25, "spike"), (35, "spike"), (50, "spike")):
        found = found_in(gains[:200 + age])
        assert [(each.kind, each.day) for each in found] == [(kind, day(200))]


@pytest.mark.parametrize("seed", range(5))
def test_a_burst_that_leaves_a_lasting_rise_is_a_spike_and_a_level(seed):
    spike, level = found_in(burst(seed, peak=9.0, left=1.8))
    assert (spike.kind, spike.day, level.kind, level.last_day) == ("spike", day(200), "new_level", day(364))
    assert spike.last_day < level.day <= day(242)
    assert (level.expected, level.multiple) == (pytest.approx(47_000, rel=0.1), pytest.approx(1.8, rel=0.15))


def test_bursts_one_after_another_are_each_measured_from_the_old_level():
    gains = burst(1, 100) * burst(2, 180, peak=3.0, level=1.0) / np.resize(WEEK, 365)
    first, second = found_in(gains)
    assert (first.kind, first.day, second.kind, second.day) == ("spike", day(100), "spike", day(180))
    old = 47_000 * np.resize(WEEK, 365)[180:180 + second.days].sum()
    assert second.expected == pytest.approx(old, rel=0.1)


@pytest.mark.parametrize("rate", [1 / 150, -1 / 200])
def test_a_burst_on_a_growing_or_falling_catalogue_is_a_spike(rate):
    for seed in range(5):
        [found] = found_in(burst(seed) * np.exp(rate * np.arange(365)))
        assert (found.kind, found.day) == ("spike", day(200))
        old = 47_000 * (np.resize(WEEK, 365) * np.exp(rate * np.arange(365)))[200:200 + found.days].sum()
        assert found.expected == pytest.approx(old, rel=0.1)


def test_a_level_that_ends_after_six_weeks_stays_a_level():
    gains = series(14, size=0.05)
    gains[100:142] *= 3
    assert [(each.kind, each.day) for each in found_in(gains)] == [("new_level", day(100)), ("new_level", day(142))]


def test_days_of_a_burst_have_no_marks_of_their_own_and_those_after_it_do():
    gains = burst(3)
    gains[206] *= 4
    gains[210] *= 0.2
    assert kinds_of(found_in(gains)) == ["spike"]
    gains[260] *= 4
    assert [(each.kind, each.day) for each in found_in(gains)] == [("spike", day(200)), ("spike", day(260))]


def test_no_day_is_in_two_spikes_or_drops():
    long = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        gains = series(seed, 400, 0.05) * np.exp(np.cumsum(0.1 * rng.standard_normal(400)))
        for at in rng.integers(30, 350, 6):
            gains[at:] *= 1 + 3 * np.exp(-np.arange(400 - at) / 10)
        marks = [each for each in found_in(gains) if each.kind != "new_level"]
        long += sum(each.days >= 14 for each in marks)
        assert all(first.last_day < second.day for first, second in zip(marks, marks[1:], strict=False))
    assert long >= 20


def test_unknown_days_of_a_burst_are_left_out_of_its_sums():
    gains = burst(4)
    gains[[203, 204, 210]] = np.nan
    [found] = found_in(gains)
    assert (found.kind, found.day) == ("spike", day(200))
    known = [each for each in range(200, 200 + found.days) if each not in {203, 204, 210}]
    assert found.observed == pytest.approx(gains[known].sum())
    assert found.expected == pytest.approx(47_000 * np.resize(WEEK, 365)[known].sum(), rel=0.05)


# nothing there


@pytest.mark.parametrize(("size", "seeds"), [(0.05, 15), (0.2, 15), (0.4, 15)])
def test_noise_with_weekdays_is_seldom_marked(size, seeds):
    marks = sum(len(found_in(series(seed, 400, size))) for seed in range(seeds))
    assert marks <= seeds * 400 / 200 * 0.25


def test_counting_noise_and_skewed_noise_are_seldom_marked():
    rng = np.random.default_rng(1)
    rows = [rng.poisson(mean * np.resize(WEEK, 400)) for mean in (1, 5, 50) for _ in range(5)]
    rows += [np.resize(WEEK, 400) * rng.gamma(4, 250, 400) for _ in range(5)]
    rows += [1000 * np.resize(WEEK, 400) * np.maximum(0, 1 + 0.2 * rng.standard_normal(400)) for _ in range(5)]
    assert sum(len(found_in(row)) for row in rows) <= len(rows) * 2 * 0.25


@pytest.mark.parametrize("power", [0.5, 0.7, 1.2])
def test_a_decay_is_no_chain_of_levels(power):
    kinds = Counter(each.kind for seed in range(10)
                    for each in found_in(1000 * series(seed, 300, 0.08) * np.arange(1, 301.0) ** -power))
    assert kinds["new_level"] == 0
    assert kinds.total() <= 2


def test_steady_growth_is_no_chain_of_levels():
    assert found_in(series(9) * np.exp(np.arange(365) / 60)) == ()


def test_a_strong_weekly_season_is_no_anomaly():
    gains = 1000 * np.resize([1, 1, 1, 1, 1, 8, 0.2], 365) * np.exp(0.05 * np.random.default_rng(2).standard_normal(365))
    assert found_in(gains) == ()


def test_a_constant_is_no_anomaly():
    assert found_in(np.full(200, 7.0)) == ()
    assert found_in(np.full(200, 1e15)) == ()


def test_gains_counted_late_are_no_anomaly_but_are_counted():
    gains = series(10, size=0.05)
    gains[203] += gains[201]
    gains[201] = 0
    result = anomalies(panel(gains))
    assert (result.found, result.late_reports) == ((), 1)
    gains[203] *= 3
    result = anomalies(panel(gains))
    assert ([each.kind for each in result.found], result.late_reports) == (["drop", "spike"], 0)


# what is known and what is not


def test_expectation_follows_weekdays_and_starts_after_two_weeks():
    expected = anomalies(panel(1000 * np.resize(WEEK, 100))).expected
    assert np.isnan(expected[:14]).all()
    np.testing.assert_allclose(expected[14:], 1000 * np.resize(WEEK, 100)[14:])


def test_missing_days_are_calendar_days():
    gains = series(11)
    gains[200] *= 5
    gains[np.random.default_rng(3).random(365) < 0.2] = np.nan
    gains[200] = 5000 if np.isnan(gains[200]) else gains[200]
    gains[300:330] = np.nan
    [found] = found_in(gains)
    assert (found.kind, found.day) == ("spike", day(200))


def test_a_level_after_a_long_gap_is_found_after_it():
    gains = series(12)
    gains[200:] *= 2
    gains[190:200] = np.nan
    [found] = found_in(gains)
    assert found.kind == "new_level"
    assert abs((found.day - day(200)).days) <= 3


def test_interpolated_days_and_days_outside_the_series_are_unknown():
    gains = series(13)
    gains[:30], gains[350:] = np.nan, np.nan
    flags = np.zeros((1, 365), np.int16)
    gains[200:203] *= 5
    flags[0, 200:203] = int(Flag.INTERPOLATED)
    assert found_in(gains, flags=flags) == ()
    assert [each.kind for each in found_in(gains, flags=flags, include_flagged=True)] == ["spike"]
    expected = anomalies(panel(gains)).expected
    assert np.isnan(expected[:44]).all() and np.isnan(expected[350:]).all() and not np.isnan(expected[44:350]).any()


@pytest.mark.parametrize(("gains", "reason"), [
    ([5.0] * 27, "too_few_days"), ([np.nan] * 100, "too_few_days"), ([0.0] * 100, "no_base"), ([5.0] * 28, None),
])
def test_series_that_cannot_be_judged_say_why(gains, reason):
    result = anomalies(panel(gains))
    assert (result.reason, result.found) == (reason, ())


def test_a_row_of_many_is_the_same_as_the_row_alone():
    rows = np.stack([series(seed) for seed in range(3)])
    rows[1, 100] *= 6
    assert anomalies(panel(rows), 1).found == found_in(rows[1])
    assert anomalies(panel(rows), 1).found[0].day == day(100)


@pytest.mark.skipif(not TRACKS.is_file(), reason=f"real series are not in {TRACKS} (MIS_REAL_DATA)")
def test_real_tracks_have_few_marks_and_share_a_known_event():
    frame = pd.read_csv(TRACKS, usecols=["date", "TRACK_ID", "DAILY_STREAM"], parse_dates=["date"])
    table = frame.pivot_table(index="TRACK_ID", columns="date", values="DAILY_STREAM")
    table = table.reindex(columns=pd.date_range(table.columns[0], table.columns[-1]))
    table = table[table.notna().sum(axis=1) > 400].iloc[:80]
    whole = Panel(table.columns.to_numpy().astype("datetime64[D]"), table.to_numpy(float), np.full(table.shape, np.nan))
    found = [each for row in range(len(table)) for each in anomalies(whole, row).found]
    assert len(found) / float(table.notna().to_numpy().sum()) * 200 < 2
    # the artist bought her early recordings on 2025-05-30; those days brought new levels and spikes to many of them
    days = Counter(each.day for each in found if each.kind == "new_level" and each.multiple > 1)
    assert days.most_common(1)[0][0] in {date(2025, 5, 31), date(2025, 6, 1), date(2025, 8, 14), date(2025, 8, 13)}
