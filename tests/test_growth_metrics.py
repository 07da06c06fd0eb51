"""Known answers for the figures of many series at once, and the same answers as the tiles on random data."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from growth.figures import REASONS
from growth.metrics import panel_metrics, shares
from growth.panel import NO_ROW, Panel, panel_of
from growth.tiles import Metric, platform_metrics, window_of
from ingest.flags import Flag

FIRST = date(2025, 1, 6)  # a Monday
NAN = float("nan")


def panel(*rows, start=FIRST, **options):
    gains = np.array(rows, dtype=float)
    days = np.datetime64(start, "D") + np.arange(gains.shape[1])
    totals = np.where(np.isnan(gains), np.nan, 1000.0 + np.nancumsum(gains, axis=1))
    return Panel(days, gains, totals, **options)


def measure(*rows, **options):
    return panel_metrics(panel(*rows), **options)


def frame_of(rng, platforms=("melon", "spotify", "youtube"), days=120):
    parts = []
    for name in platforms:
        size = int(rng.integers(1, days))
        offset = int(rng.integers(0, days - size + 1)) if rng.random() < 0.5 else days - size
        gain = np.round(rng.gamma(2.0, 100.0, size))
        flags = np.where(rng.random(size) < 0.1, 2 ** rng.integers(0, 9, size), 0)
        gain[(rng.random(size) < 0.05) | ((flags & 48) != 0)] = np.nan
        gain[0] = np.nan
        parts.append(pd.DataFrame({
            "platform": name, "day": pd.date_range(FIRST, periods=size) + pd.Timedelta(days=offset),
            "total": 500.0 + np.nancumsum(gain), "gain": gain * rng.choice([1, 1, 1, 0, -1]), "flags": flags,
        }).sample(frac=0.9, random_state=int(rng.integers(1 << 30))))
    return pd.concat(parts, ignore_index=True)


# panel


def test_a_panel_is_calendar_days_side_by_side():
    frame = pd.DataFrame({"platform": ["b", "a", "a"], "day": pd.to_datetime(["2025-01-09", "2025-01-06", "2025-01-08"]),
                          "total": [5.0, 10.0, 12.0], "gain": [NAN, 4.0, 2.0],
                          "flags": [int(Flag.JUMP), int(Flag.GAP), int(Flag.INTERPOLATED)]})
    found, keys = panel_of(frame)
    assert keys == [("a",), ("b",)]
    assert found.days.tolist() == [FIRST + timedelta(days=day) for day in range(4)]
    np.testing.assert_array_equal(found.gains, [[NAN, NAN, 2, NAN], [NAN] * 4])
    np.testing.assert_array_equal(found.totals, [[10, NAN, 12, NAN], [NAN] * 4])
    assert found.flags.tolist() == [[1, NO_ROW, 8, NO_ROW], [NO_ROW, NO_ROW, NO_ROW, 32]]
    kept, _ = panel_of(frame, include_flagged=True)
    assert kept.gains[0, 0] == 4.0


def test_a_panel_of_several_keys_and_counted_totals():
    frame = pd.DataFrame({"artist": [2, 1, 1], "platform": ["x", "y", "x"], "day": pd.to_datetime(["2025-01-06"] * 3),
                          "total": [1.0, 2.0, 3.0], "gain": 1.0, "flags": int(Flag.JUMP), "counts": [True, False, True]})
    found, keys = panel_of(frame, ("artist", "platform"))
    assert keys == [(1, "x"), (1, "y"), (2, "x")]
    np.testing.assert_array_equal(found.totals[:, 0], [3.0, NAN, 1.0])


def test_a_panel_refuses_two_rows_a_day_and_missing_columns():
    frame = pd.DataFrame({"platform": "a", "day": pd.to_datetime(["2025-01-06"] * 2), "total": 1.0, "gain": 1.0, "flags": 0})
    with pytest.raises(ValueError, match="a has two rows for 2025-01-06"):
        panel_of(frame)
    with pytest.raises(ValueError, match="lacks gain"):
        panel_of(frame.drop(columns="gain"))
    with pytest.raises(ValueError, match="no day"):
        panel_of(frame.assign(day=pd.NaT))


def test_some_series_of_a_panel():
    flags = np.arange(8, dtype=np.int16).reshape(4, 2)
    whole = panel([1, 2], [3, 4], [5, 6], [7, 8], flags=flags, include_flagged=True)
    some = whole.take([2, 0])
    assert (some.gains.tolist(), some.flags.tolist()) == ([[5, 6], [1, 2]], [[4, 5], [0, 1]])
    assert some.totals.tolist() == whole.totals[[2, 0]].tolist()
    assert some.include_flagged and some.days is whole.days
    assert panel([1, 2], [3, 4]).take(slice(1, 2)).gains.tolist() == [[3, 4]]
    assert whole.take([]).gains.shape == (0, 2)


def test_an_empty_panel_has_no_figures():
    frame = pd.DataFrame({"platform": [], "day": pd.to_datetime([]), "total": [], "gain": [], "flags": []})
    found, keys = panel_of(frame)
    assert keys == []
    assert panel_metrics(found).momentum.value.shape == (0,)
    assert panel_metrics(found).weekdays.ratio.shape == (0, 7)


# the same as the tiles


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("days", [7, 30, None])
def test_figures_are_those_of_the_tiles(days, keep):
    rng = np.random.default_rng(5)
    seen = set()
    for _ in range(25):
        frame = frame_of(rng)
        window = window_of(frame["day"].min().date(), frame["day"].max().date(), days)
        tiles = platform_metrics(frame, window, include_flagged=keep)
        series, keys = panel_of(frame, include_flagged=keep)
        found = panel_metrics(series, window_days=days)
        share = shares(found.window_gain, np.zeros(len(keys), int))
        for number, (platform,) in enumerate(keys):
            for name in ("momentum", "acceleration", "stability", "total", "last_week_gain"):
                expected, one = getattr(tiles[platform], name), found.metric(name, number)
                assert same(one, expected), (name, one, expected)
                seen.add(expected.reason)
            assert same(share.metric(number), tiles[platform].share)
    assert seen == {None, "no_data", "too_few_days", "all_flagged", "no_base", "zero_mean"} or keep


def same(one: Metric, other: Metric) -> bool:
    value = one.value is None if other.value is None else one.value == pytest.approx(other.value, rel=1e-9)
    return bool(value) and (one.reason, one.used, one.left_out, one.needed) == (
        other.reason, other.used, other.left_out, other.needed)


def test_blocks_of_series_do_not_change_a_figure():
    rows = np.random.default_rng(1).gamma(2, 50, (1030, 40))
    many, one = measure(*rows), measure(rows[1029])
    assert many.metric("momentum", 1029) == one.metric("momentum", 0)
    assert len(many.volatility.value) == len(many.weekdays.reason) == 1030


# known answers


def test_volatility_is_the_relative_spread_of_the_last_30_days():
    found = measure([9_999] * 10 + [50, 150] * 15, [100] * 40, [0] * 40)
    assert found.metric("volatility", 0) == Metric(50.0, None, 30, 0, 14)
    assert found.metric("volatility", 1).value == 0.0
    assert found.metric("volatility", 2) == Metric(None, "zero_mean", 30, 0, 14)


def test_volatility_needs_two_weeks():
    assert measure([NAN] * 27 + [5] * 13).metric("volatility", 0) == Metric(None, "too_few_days", 13, 0, 14)


@pytest.mark.parametrize(("name", "days"), [("growth_7", 7), ("growth_28", 28), ("growth_90", 90)])
def test_growth_compares_a_span_with_the_one_before(name, days):
    found = measure([9_999] * (180 - 2 * days) + [100] * days + [130] * days)
    assert found.metric(name, 0).value == pytest.approx(30.0)


def test_growth_of_a_linear_slope():
    # gains 1..14: the last week averages 11, the one before 4
    assert measure(np.arange(1, 15)).metric("growth_7", 0).value == pytest.approx(100 * (11 / 4 - 1))


def test_growth_is_not_pulled_down_by_a_missing_day():
    found = measure([100] * 7 + [130] * 3 + [NAN] + [130] * 3).metric("growth_7", 0)
    assert (found.value, found.used, found.needed) == (pytest.approx(30.0), 13, 8)


def test_growth_without_enough_days_or_a_base():
    found = measure([NAN] * 4 + [5] * 10, [0] * 7 + [5] * 7)
    assert found.metric("growth_7", 0) == Metric(None, "too_few_days", 3, 0, 4)
    assert found.metric("growth_7", 1) == Metric(None, "no_base", 14, 0, 8)
    assert found.metric("growth_28", 0).reason == "too_few_days"


def test_means_of_recent_days():
    found = measure([100] * 30 + [200] * 30)
    assert [found.metric(name, 0).value for name in ("mean_7", "mean_30", "mean_60")] == [200, 200, 150]
    assert measure([1] * 29).metric("mean_60", 0) == Metric(None, "too_few_days", 29, 0, 30)


def test_days_since_the_best_week():
    found = measure([10] * 20 + [100] * 7 + [10] * 13, [5] * 40, [0] * 40, [NAN] * 37 + [1] * 3)
    assert found.metric("days_since_peak", 0).value == 13
    assert found.metric("days_since_peak", 1).value == 0  # of equal weeks the latest
    assert found.metric("days_since_peak", 2).reason == "zero_mean"
    assert found.metric("days_since_peak", 3) == Metric(None, "too_few_days", 3, 0, 4)


def test_equal_weeks_of_fractions_stay_equal():
    assert measure(0.1 * np.array(([1, 2, 3, 4, 5, 6, 7] * 20)[:131])).metric("days_since_peak", 0).value == 0


def test_half_life_of_a_spike():
    # excess 900, 600, 400, 100: at most half of 900 on the second day after
    rows = [100] * 30 + [1000, 700, 500, 200] + [100] * 10
    found = measure(rows, [100] * 44, [100] * 30 + [1000] * 14, [NAN] * 35 + [10] * 9)
    assert found.metric("half_life", 0) == Metric(2.0, None, 44, 0, 15)
    assert found.metric("half_life", 1).reason == "no_spike"
    assert found.metric("half_life", 2).reason == "not_yet"
    assert found.metric("half_life", 3).reason == "too_few_days"


def test_half_life_counts_from_the_peak_of_the_latest_spike_and_over_gaps():
    rows = [100] * 30 + [5000] + [100] * 40 + [300, 1000, NAN, NAN, 400] + [100] * 5
    assert measure(rows).metric("half_life", 0).value == 3


def test_a_launch_and_weekdays_are_no_spike():
    launch = 1e6 / np.arange(1, 101)
    assert measure(launch).metric("half_life", 0).reason == "no_spike"
    assert measure(([100] * 5 + [260] * 2) * 15).metric("half_life", 0).reason == "no_spike"


def test_weekday_profile_is_found_on_a_slope():
    profile = np.array([0.8, 0.9, 1.0, 1.0, 1.1, 1.3, 0.9])
    days = np.arange(140)
    rows = [1000 * np.resize(profile, 140), (1000 + 5 * days) * np.resize(profile, 140)]
    found = measure(*rows).weekdays
    np.testing.assert_allclose(found.ratio[0], profile, rtol=1e-12)
    np.testing.assert_allclose(found.ratio[1], profile, rtol=0.01)
    assert found.used.tolist() == [[12] * 7] * 2


def test_weekday_profile_starts_on_monday_whatever_the_first_day():
    profile = np.array([0.8, 0.9, 1.0, 1.0, 1.1, 1.3, 0.9])
    for shift in range(7):
        series = panel(100 * np.resize(np.roll(profile, -shift), 60), start=FIRST + timedelta(days=shift))
        np.testing.assert_allclose(panel_metrics(series).weekdays.ratio[0], profile)


def test_weekday_profile_keeps_its_shape_through_a_spike_and_a_reset():
    rows = 100 * np.resize([0.8, 0.9, 1.0, 1.0, 1.1, 1.3, 0.9], 84)
    rows[30], rows[50] = 50_000, NAN
    np.testing.assert_allclose(measure(rows).weekdays.ratio[0], [0.8, 0.9, 1.0, 1.0, 1.1, 1.3, 0.9], rtol=0.02)


def test_absent_weekday_profiles():
    found = measure([5] * 20 + [NAN] * 20, [NAN] * 40, [0] * 40).weekdays
    assert [REASONS[code] for code in found.reason] == ["too_few_days", "no_data", "zero_mean"]
    assert np.isnan(found.ratio).all()


def test_shares_are_within_the_artist():
    found = measure([30] * 30, [10] * 30, [7] * 30, [0] * 30)
    share = shares(found.window_gain, np.array(["a", "a", "b", "c"]))
    assert share.value[:3].tolist() == [75.0, 25.0, 100.0]
    assert share.metric(3).reason == "no_base"


def test_the_end_moves_all_spans():
    rows = np.random.default_rng(2).gamma(3, 100, (3, 150))
    cut, whole = panel(*rows[:, :120]), panel(*rows)
    then = panel_metrics(whole, end=FIRST + timedelta(days=119))
    now = panel_metrics(cut)
    for name in ("momentum", "total", "volatility", "growth_28", "days_since_peak", "half_life"):
        np.testing.assert_array_equal(getattr(then, name).value, getattr(now, name).value)
    np.testing.assert_array_equal(then.weekdays.ratio, now.weekdays.ratio)
    later = panel_metrics(cut, end=FIRST + timedelta(days=125))
    assert later.metric("last_week_gain", 0).used == 1
    assert (later.days_since_peak.value - now.days_since_peak.value).tolist() == [6] * 3


def test_a_window_below_one_day_is_refused():
    with pytest.raises(ValueError, match="window_days is 0"):
        measure([1.0], window_days=0)


def test_extreme_gains_stay_finite():
    found = measure(np.full(100, 1e15), np.full(100, 1e-9))
    assert found.growth_28.value.tolist() == [0.0, 0.0]
    assert found.volatility.value == pytest.approx([0.0, 0.0], abs=1e-9)
    assert found.metric("half_life", 0).reason == "no_spike"
