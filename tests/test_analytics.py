"""Known answers for the growth metrics: ramps of known slope, steps of known ratio, gaps, flags."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import analytics
from analytics import (
    DAILY_COLUMNS,
    MIN_BASE_DAYS,
    MIN_HALF_DAYS,
    MIN_RECENT_DAYS,
    MIN_SPREAD_DAYS,
    Metric,
    PlatformMetrics,
    Window,
    combine_songs,
    platform_metrics,
    window_of,
)
from ingest.flags import Flag

FIRST = date(2025, 1, 1)
NAN = float("nan")


def daily(gains, *, start=FIRST, platform="youtube", flags=None, skip=()):
    """Make one platform's rows from gains by day; the days whose position is in `skip` have no row."""
    gains = np.asarray(gains, dtype=float)
    marks = np.zeros(gains.size, dtype=np.int64)
    for position, bits in (flags or {}).items():
        marks[position] = int(bits)
    frame = pd.DataFrame({"platform": platform, "day": pd.date_range(start, periods=gains.size, freq="D"),
                          "total": 1000.0 + np.nancumsum(gains), "gain": gains, "flags": marks})
    return frame.drop(index=list(skip)).reset_index(drop=True)


def last_days(frame, days=None):
    return window_of(frame["day"].min().date(), frame["day"].max().date(), days)


def measure(frame, days=None, *, window=None, include_flagged=False, platform="youtube") -> PlatformMetrics:
    window = window or last_days(frame, days)
    return platform_metrics(frame, window, include_flagged=include_flagged)[platform]


# window_of


@pytest.mark.parametrize(("days", "start", "length"), [
    (None, date(2025, 1, 1), 31),
    (7, date(2025, 1, 25), 7),
    (1, date(2025, 1, 31), 1),
    (31, date(2025, 1, 1), 31),
    (365, date(2025, 1, 1), 31),
])
def test_window_ends_at_the_last_day_and_never_starts_before_the_first(days, start, length):
    last = date(2025, 1, 31)
    assert window_of(FIRST, last, days) == Window(start, last, length, days)


def test_window_of_a_single_day():
    assert window_of(FIRST, FIRST, None) == Window(FIRST, FIRST, 1, None)


@pytest.mark.parametrize(("first", "last", "days", "named"), [
    (date(2025, 1, 2), date(2025, 1, 1), None, "2025-01-01"),
    (FIRST, FIRST, 0, "days is 0"),
    (FIRST, FIRST, -3, "-3"),
])
def test_window_refuses_what_is_no_interval(first, last, days, named):
    with pytest.raises(ValueError, match=named):
        window_of(first, last, days)


# momentum


def test_momentum_of_a_step_is_its_ratio():
    assert measure(daily([100] * 28 + [150] * 7)).momentum == Metric(1.5, None, 35, 0, 18)


def test_momentum_of_a_ramp():
    # gains 1..35: the last 7 average 32, the 28 before 14.5
    assert measure(daily(np.arange(1, 36))).momentum.value == pytest.approx(32 / 14.5)


def test_momentum_looks_no_further_back_than_35_days():
    assert measure(daily([9_999] * 40 + [100] * 28 + [150] * 7)).momentum == Metric(1.5, None, 35, 0, 18)


def test_momentum_reaches_before_the_windows_start():
    assert measure(daily([100] * 28 + [150] * 7), 7).momentum.value == 1.5


def test_momentum_counts_calendar_days_not_rows():
    # three days of the last week are missing: its four rows at 150 are all, the rows before are the base
    frame = daily([100] * 28 + [150] * 7, skip=(28, 29, 30))
    assert measure(frame).momentum == Metric(1.5, None, 32, 0, 18)


def test_momentum_needs_four_of_the_last_seven_days():
    frame = daily([100] * 28 + [150] * 7, skip=(28, 29, 30, 31))
    assert measure(frame).momentum == Metric(None, "too_few_days", 3, 0, MIN_RECENT_DAYS)


@pytest.mark.parametrize(("base", "value", "reason"), [(14, 1.5, None), (13, None, "too_few_days")])
def test_momentum_needs_fourteen_days_of_base(base, value, reason):
    found = measure(daily([100] * base + [150] * 7)).momentum
    assert (found.value, found.reason) == (value, reason)
    assert found.needed == (18 if value else MIN_BASE_DAYS)


def test_momentum_without_a_base_to_divide_by():
    assert measure(daily([0] * 28 + [150] * 7)).momentum == Metric(None, "no_base", 35, 0, 18)
    assert measure(daily([-5] * 28 + [150] * 7)).momentum.reason == "no_base"


def test_momentum_of_a_platform_that_ended_long_before_the_window():
    frame = pd.concat([daily([100] * 40), daily([5] * 120, platform="spotify")])
    assert measure(frame).momentum == Metric(None, "no_data", 0, 0, 18)


def test_momentum_of_a_platform_that_ended_a_week_before_the_window():
    frame = pd.concat([daily([100] * 40), daily([5] * 47, platform="spotify")])
    assert measure(frame).momentum == Metric(None, "too_few_days", 0, 0, MIN_RECENT_DAYS)


def test_flagged_days_leave_momentum_and_are_counted():
    frame = daily([100] * 28 + [150] * 6 + [9_000], flags={3: Flag.STALE, 34: Flag.AVERAGED})
    assert measure(frame).momentum == Metric(1.5, None, 33, 2, 18)


def test_included_flagged_days_count_with_their_gain():
    frame = daily([100] * 28 + [150] * 6 + [850], flags={34: Flag.AVERAGED})
    assert measure(frame, include_flagged=True).momentum == Metric(2.5, None, 35, 0, 18)


def test_included_flagged_days_count_in_the_base_too():
    frame = daily([100] * 27 + [2_900] + [150] * 7, flags={27: Flag.GAP})
    assert measure(frame).momentum == Metric(1.5, None, 34, 1, 18)
    assert measure(frame, include_flagged=True).momentum == Metric(0.75, None, 35, 0, 18)


def test_interpolated_days_stay_in_means():
    frame = daily([100] * 28 + [150] * 7, flags={day: Flag.INTERPOLATED for day in range(20, 33)})
    assert measure(frame).momentum == Metric(1.5, None, 35, 0, 18)


def test_flags_that_leave_too_few_days_are_named_as_the_reason():
    frame = daily([100] * 28 + [150] * 7, flags={day: Flag.STALE for day in range(28, 32)})
    assert measure(frame).momentum == Metric(None, "all_flagged", 3, 4, MIN_RECENT_DAYS)
    assert measure(frame, include_flagged=True).momentum.value == 1.5


def test_missing_days_outweigh_flagged_ones_in_the_reason():
    # the recent week is short because of flags, the base because its days do not exist
    frame = daily([100] * 10 + [150] * 7, flags={day: Flag.STALE for day in range(10, 17)})
    assert measure(frame).momentum == Metric(None, "too_few_days", 10, 0, MIN_BASE_DAYS)


def test_unknown_gain_of_a_flag_is_left_out_even_when_flagged_days_are_included():
    frame = daily([100] * 28 + [NAN] + [150] * 6, flags={28: Flag.DECREASE})
    assert measure(frame).momentum == Metric(1.5, None, 34, 1, 18)
    assert measure(frame, include_flagged=True).momentum == Metric(1.5, None, 34, 1, 18)


def test_unknown_gain_without_a_flag_is_not_left_out():
    assert measure(daily([NAN] + [100] * 27 + [150] * 7)).momentum == Metric(1.5, None, 34, 0, 18)


# acceleration


def test_acceleration_of_a_step_is_its_percentage():
    assert measure(daily([100] * 14 + [125] * 14)).acceleration == Metric(25.0, None, 28, 0, 6)
    assert measure(daily([100] * 14 + [50] * 14)).acceleration.value == -50.0


def test_acceleration_of_a_ramp():
    # gains 1..10: halves average 3 and 8
    assert measure(daily(np.arange(1, 11))).acceleration.value == pytest.approx(100 * (8 / 3 - 1))


def test_the_middle_day_of_an_odd_window_is_in_the_second_half():
    # (800 + 3 * 100) / 4 = 275 against 100; in the first half it would be negative
    assert measure(daily([100] * 3 + [800] + [100] * 3)).acceleration.value == pytest.approx(175.0)


def test_acceleration_splits_the_calendar_not_the_rows():
    # window of 12 days whose first half lost three days: by rows day 6 would belong to the first half
    frame = daily([100] * 6 + [200] * 6, skip=(1, 2, 3))
    assert measure(frame).acceleration == Metric(100.0, None, 9, 0, 6)


def test_acceleration_stays_within_the_window():
    assert measure(daily([9_999] * 50 + [100] * 5 + [110] * 5), 10).acceleration.value == pytest.approx(10.0)


@pytest.mark.parametrize(("skip", "reason"), [((1, 2), None), ((1, 2, 3), "too_few_days")])
def test_acceleration_needs_three_days_in_each_half(skip, reason):
    found = measure(daily([100] * 5 + [200] * 5, skip=skip)).acceleration
    assert found.reason == reason
    assert found.value == (100.0 if reason is None else None)


def test_acceleration_all_flagged_and_no_base():
    frame = daily([100] * 10, flags={day: Flag.GAP for day in range(5, 9)})
    assert measure(frame).acceleration == Metric(None, "all_flagged", 1, 4, MIN_HALF_DAYS)
    assert measure(daily([0] * 5 + [10] * 5)).acceleration == Metric(None, "no_base", 10, 0, 6)
    assert measure(daily([-1] * 5 + [10] * 5)).acceleration.reason == "no_base"


# stability


def test_stability_of_a_constant_is_100():
    assert measure(daily([100] * 7)).stability == Metric(100.0, None, 7, 0, MIN_SPREAD_DAYS)


def test_stability_uses_the_population_standard_deviation():
    # half 50, half 150: mean 100, population std exactly 50
    assert measure(daily([50, 150] * 4)).stability.value == pytest.approx(90.0)


def test_stability_is_clipped_at_zero():
    # one gain in 36 days: std / mean = sqrt(35) = 5.9, which would give a negative score
    assert measure(daily([0] * 35 + [360])).stability.value == 0.0


@pytest.mark.parametrize(("count", "reason"), [(7, None), (6, "too_few_days")])
def test_stability_needs_seven_days(count, reason):
    assert measure(daily([100] * count)).stability.reason == reason


def test_interpolated_days_leave_the_spread():
    frame = daily([50, 150] * 4 + [100] * 8, flags={day: Flag.INTERPOLATED for day in range(8, 16)})
    assert measure(frame).stability == Metric(pytest.approx(90.0), None, 8, 8, 7)
    # all sixteen: std = 50 / sqrt(2)
    expected = 100 - 20 * 0.5 / np.sqrt(2)
    assert measure(frame, include_flagged=True).stability == Metric(pytest.approx(expected), None, 16, 0, 7)


def test_stability_all_flagged():
    frame = daily([100] * 10, flags={day: Flag.INTERPOLATED for day in range(5)})
    assert measure(frame).stability == Metric(None, "all_flagged", 5, 5, 7)


@pytest.mark.parametrize("gain", [0, -3])
def test_stability_without_a_positive_mean(gain):
    assert measure(daily([gain] * 8)).stability == Metric(None, "zero_mean", 8, 0, 7)


# total


def test_total_is_the_last_reading():
    assert measure(daily([10] * 5)).total == Metric(1050.0, None, 1, 0, 1)


@pytest.mark.parametrize("flag", [Flag.JUMP, Flag.NEW_LEVEL, Flag.FUTURE])
def test_readings_of_another_level_are_no_total(flag):
    frame = daily([10] * 5, flags={3: flag, 4: flag})
    assert measure(frame).total == Metric(1030.0, None, 1, 2, 1)
    assert measure(frame, include_flagged=True).total.value == 1030.0


def test_only_readings_after_the_total_count_as_left_out():
    assert measure(daily([10] * 5, flags={1: Flag.JUMP, 4: Flag.JUMP})).total == Metric(1040.0, None, 1, 1, 1)


@pytest.mark.parametrize("flag", [Flag.GAP, Flag.AVERAGED, Flag.STALE, Flag.INTERPOLATED, Flag.DECREASE])
def test_other_flags_leave_the_total_alone(flag):
    assert measure(daily([10] * 5, flags={4: flag})).total == Metric(1050.0, None, 1, 0, 1)


def test_an_accepted_level_is_the_total():
    frame = daily([10] * 5, flags={4: Flag.JUMP | Flag.ACCEPTED})
    assert measure(frame).total.value == 1050.0


def test_total_follows_the_window_and_may_be_older_than_it():
    frame = daily([10] * 20)
    assert measure(frame, window=window_of(FIRST, FIRST + timedelta(days=4), 3)).total.value == 1050.0
    later = Window(date(2025, 3, 1), date(2025, 3, 7), 7, 7)
    assert measure(frame, window=later).total.value == 1200.0


def test_absent_totals():
    before = Window(date(2024, 12, 1), date(2024, 12, 31), 31, None)
    assert measure(daily([10] * 5), window=before).total == Metric(None, "no_data", 0, 0, 1)
    assert measure(daily([10], flags={0: Flag.JUMP})).total == Metric(None, "all_flagged", 0, 1, 1)
    assert measure(daily([10]).assign(total=NAN)).total == Metric(None, "too_few_days", 0, 0, 1)


# last day, last week


def test_last_day_gain_is_of_the_platforms_own_last_day():
    frame = pd.concat([daily([1, 2, 3]), daily([5] * 10, platform="spotify")])
    assert measure(frame).last_day_gain == Metric(3.0, None, 1, 0, 1)
    assert measure(frame, platform="spotify").last_day_gain.value == 5.0


def test_last_day_gain_never_falls_back_to_an_older_day():
    frame = daily([1, 2, 3], flags={2: Flag.AVERAGED})
    assert measure(frame).last_day_gain == Metric(None, "all_flagged", 0, 1, 1)
    assert measure(frame, include_flagged=True).last_day_gain == Metric(3.0, None, 1, 0, 1)


def test_last_day_gain_of_a_first_reading_or_outside_the_window():
    assert measure(daily([NAN])).last_day_gain == Metric(None, "too_few_days", 0, 0, 1)
    later = Window(date(2025, 3, 1), date(2025, 3, 7), 7, 7)
    assert measure(daily([1, 2, 3]), window=later).last_day_gain == Metric(None, "no_data", 0, 0, 1)


def test_last_day_gain_ignores_what_lies_after_the_window():
    window = Window(FIRST, FIRST + timedelta(days=1), 2, 2)
    assert measure(daily([1, 2, 3]), window=window).last_day_gain.value == 2.0


def test_last_week_gain_sums_seven_calendar_days():
    assert measure(daily([1_000] * 5 + [1, 2, 3, 4, 5, 6, 7])).last_week_gain == Metric(28.0, None, 7, 0, 1)
    # four missing days are not replaced by older ones
    frame = daily([1_000] * 5 + [1, 2, 3, 4, 5, 6, 7], skip=(5, 6, 7, 8))
    assert measure(frame).last_week_gain == Metric(18.0, None, 3, 0, 1)


def test_last_week_gain_leaves_flagged_days_out_and_counts_them():
    frame = daily([10] * 7, flags={0: Flag.GAP, 6: Flag.INTERPOLATED})
    assert measure(frame).last_week_gain == Metric(60.0, None, 6, 1, 1)
    assert measure(frame, include_flagged=True).last_week_gain == Metric(70.0, None, 7, 0, 1)


def test_last_week_gain_ends_at_the_windows_end_not_at_the_platforms():
    frame = pd.concat([daily([10] * 10), daily([5] * 14, platform="spotify")])
    assert measure(frame).last_week_gain == Metric(30.0, None, 3, 0, 1)


def test_absent_last_week():
    frame = pd.concat([daily([10] * 7), daily([5] * 14, platform="spotify")])
    assert measure(frame).last_week_gain == Metric(None, "no_data", 0, 0, 1)
    all_flagged = daily([10] * 7, flags={day: Flag.STALE for day in range(7)})
    assert measure(all_flagged).last_week_gain == Metric(None, "all_flagged", 0, 7, 1)


# share


def test_shares_are_of_the_windows_gains_and_make_100():
    frame = pd.concat([daily([9_999] * 3 + [30] * 4), daily([0] * 3 + [10] * 4, platform="spotify")])
    found = platform_metrics(frame, last_days(frame, 4))
    assert found["youtube"].share == Metric(75.0, None, 4, 0, 1)
    assert found["spotify"].share == Metric(25.0, None, 4, 0, 1)


def test_flagged_gains_are_in_no_share():
    flagged = daily([30, 30, 900], flags={2: Flag.AVERAGED})
    frame = pd.concat([flagged, daily([10, 10, 0], platform="spotify")])
    assert measure(frame).share == Metric(75.0, None, 2, 1, 1)
    assert measure(frame, include_flagged=True).share.value == pytest.approx(100 * 960 / 980)


def test_absent_shares():
    frame = pd.concat([daily([30], flags={0: Flag.STALE}), daily([10], platform="spotify")])
    assert measure(frame).share == Metric(None, "all_flagged", 0, 1, 1)
    assert measure(daily([0] * 5)).share == Metric(None, "no_base", 5, 0, 1)


# the whole


def test_an_empty_frame_gives_no_platform():
    assert platform_metrics(daily([1]).iloc[:0], Window(FIRST, FIRST, 1, None)) == {}


def test_a_window_without_any_row_gives_no_data_everywhere():
    found = measure(daily([1] * 5, start=date(2026, 1, 1)), window=Window(FIRST, FIRST, 1, None))
    metrics = [found.momentum, found.acceleration, found.stability, found.total, found.last_day_gain,
               found.last_week_gain, found.share]
    assert {(metric.value, metric.reason, metric.used) for metric in metrics} == {(None, "no_data", 0)}


def test_the_order_of_rows_and_the_unit_of_days_do_not_matter():
    frame = pd.concat([daily(np.arange(1, 41)), daily(np.arange(40, 0, -1), platform="spotify")])
    expected = platform_metrics(frame, last_days(frame))
    assert list(expected) == ["spotify", "youtube"]
    assert [one.platform for one in expected.values()] == ["spotify", "youtube"]
    shuffled = frame.sample(frac=1, random_state=1)
    for unit in ("s", "us", "ns"):
        changed = shuffled.assign(day=shuffled["day"].astype(f"datetime64[{unit}]"))
        assert platform_metrics(changed, last_days(changed)) == expected


def test_the_frame_is_left_as_it_was():
    frame = daily(np.arange(1, 41)).sample(frac=1, random_state=1)
    before = frame.copy(deep=True)
    measure(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_a_second_row_of_a_day_is_refused():
    frame = pd.concat([daily([1, 2, 3]), daily([5])])
    with pytest.raises(ValueError, match="youtube has two rows for 2025-01-01.*combine_songs"):
        measure(frame)


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="lacks gain"):
        platform_metrics(daily([1]).drop(columns="gain"), Window(FIRST, FIRST, 1, None))


GAINS = st.lists(st.one_of(st.integers(1, 10**7).map(float), st.just(NAN)), min_size=20, max_size=90)


@given(gains=GAINS, power=st.integers(-4, 8), days=st.sampled_from([None, 7, 28]),
       marks=st.dictionaries(st.integers(0, 19), st.sampled_from(list(Flag)), max_size=6), keep=st.booleans())
def test_scaling_the_gains_leaves_the_relative_metrics_unchanged(gains, power, days, marks, keep):
    frame = daily(gains, flags=marks)
    # a power of two scales floats exactly
    scaled = frame.assign(gain=frame["gain"] * 2.0**power)
    one, other = (measure(each, days, include_flagged=keep) for each in (frame, scaled))
    for name in ("momentum", "acceleration", "stability", "share"):
        assert getattr(one, name) == getattr(other, name), name
    if one.last_week_gain.value is not None:
        assert other.last_week_gain.value == one.last_week_gain.value * 2.0**power


@given(gains=GAINS, marks=st.dictionaries(st.integers(0, 19), st.sampled_from(list(Flag)), max_size=15))
def test_every_metric_is_either_there_or_says_why(gains, marks):
    found = measure(daily(gains, flags=marks))
    for name in PlatformMetrics.__slots__[1:]:
        metric = getattr(found, name)
        assert (metric.value is None) != (metric.reason is None), name
        assert metric.value is None or (np.isfinite(metric.value) and metric.used >= metric.needed), name
    if found.stability.value is not None:
        assert 0 <= found.stability.value <= 100


# combine_songs


def song(name, gains, **options):
    return daily(gains, **options).assign(song_id=name)


def test_songs_add_up_per_platform_and_day():
    frame = pd.concat([song(1, [10, 20]), song(2, [1, 2]), song(1, [5, 5], platform="spotify")])
    expected = pd.DataFrame({
        "platform": ["spotify", "spotify", "youtube", "youtube"],
        "day": pd.to_datetime(["2025-01-01", "2025-01-02"] * 2).astype("datetime64[ns]"),
        "total": [1005.0, 1010.0, 2011.0, 2033.0], "gain": [5.0, 5.0, 11.0, 22.0], "flags": [0, 0, 0, 0],
        "counts": [True] * 4,
    })
    pd.testing.assert_frame_equal(combine_songs(frame.sample(frac=1, random_state=2)), expected)


def test_a_song_counts_from_its_first_reading_and_is_carried_over_its_gaps():
    # song 2 starts on day 3, misses day 4 and ends before day 6
    frame = pd.concat([song(1, [10] * 6), song(2, [1, 1, 1], start=date(2025, 1, 3), skip=(1,))])
    found = combine_songs(frame)
    assert found["total"].tolist() == [1010, 1020, 1030 + 1001, 1040 + 1001, 1050 + 1003, 1060 + 1003]
    assert found["gain"].tolist() == [10, 10, 11, 10, 11, 10]


def test_only_days_with_a_reading_appear():
    frame = pd.concat([song(1, [10] * 6, skip=(1, 2, 4)), song(2, [1] * 6, skip=(0, 2, 5))])
    assert combine_songs(frame)["day"].dt.day.tolist() == [1, 2, 4, 5, 6]


def test_an_unknown_gain_does_not_hide_the_other_songs_gain():
    frame = pd.concat([song(1, [NAN, NAN]), song(2, [NAN, 3])])
    found = combine_songs(frame)["gain"]
    assert np.isnan(found[0])
    assert found[1] == 3


@pytest.mark.parametrize("flag", [Flag.JUMP, Flag.NEW_LEVEL, Flag.FUTURE])
def test_another_level_does_not_move_the_carried_total(flag):
    frame = pd.concat([song(1, [10, 10**6, 10], flags={1: flag, 2: flag}), song(2, [1, 1, 1])])
    assert combine_songs(frame)["total"].tolist() == [1010 + 1001, 1010 + 1002, 1010 + 1003]
    accepted = pd.concat([song(1, [10, 10**6, 10], flags={1: flag | Flag.ACCEPTED}), song(2, [1, 1, 1])])
    assert combine_songs(accepted)["total"].tolist() == [2011, 1_001_010 + 1002, 1_001_020 + 1003]


def test_a_total_nobody_knows_is_missing_not_zero():
    found = combine_songs(song(1, [10, 10], flags={0: Flag.JUMP}))["total"]
    assert np.isnan(found[0])
    assert found[1] == 1020


def test_an_unknown_total_does_not_move_the_carried_total():
    frame = song(1, [10, 10, 10])
    frame.loc[1, "total"] = NAN
    assert combine_songs(frame)["total"].tolist() == [1010, 1010, 1030]


def test_flags_are_united():
    both = Flag.STALE | Flag.GAP
    frame = pd.concat([song(1, [1, 1], flags={0: Flag.GAP}), song(2, [1, 1], flags={0: both})])
    assert combine_songs(frame)["flags"].tolist() == [int(both), 0]


def test_no_songs_give_an_empty_frame_with_all_columns():
    found = combine_songs(song(1, [1]).iloc[:0])
    assert found.empty
    assert tuple(found.columns) == (*DAILY_COLUMNS, "counts")
    assert found["day"].dtype == "datetime64[ns]"
    assert platform_metrics(found, Window(FIRST, FIRST, 1, None)) == {}


def test_a_song_with_two_rows_a_day_is_refused():
    with pytest.raises(ValueError, match="song 7 on youtube has two rows for 2025-01-01"):
        combine_songs(pd.concat([song(7, [1]), song(7, [2])]))


def test_one_song_combined_measures_as_itself():
    frame = song(1, np.arange(1.0, 60.0), flags={4: Flag.GAP, 50: Flag.STALE})
    assert measure(combine_songs(frame)) == measure(frame)


def test_one_song_on_a_leapt_level_does_not_hold_the_artists_total_back():
    calm, leapt = song(1, [10.0] * 6), song(2, [10.0] * 6)
    leapt.loc[leapt.index[2], ["total", "flags"]] = [9e8, int(Flag.JUMP)]
    leapt.loc[leapt.index[3:], "total"] = 9e8
    leapt.loc[leapt.index[3:], "flags"] = int(Flag.NEW_LEVEL)
    combined = combine_songs(pd.concat([calm, leapt]))
    last = calm["total"].iloc[-1] + leapt["total"].iloc[1]
    assert combined["total"].iloc[-1] == last
    window = window_of(date(2025, 1, 1), date(2025, 1, 6), None)
    total = platform_metrics(combined, window)["youtube"].total
    assert (total.value, total.left_out) == (last, 4)


# the module


def test_every_name_of_the_module_is_there():
    missing = [name for name in analytics.__all__ if not hasattr(analytics, name)]
    assert missing == []
    assert len(set(analytics.__all__)) == len(analytics.__all__)


def test_loading_the_module_loads_no_heavy_library():
    # the page imports it at each start: what takes a second is loaded where it is used
    found = subprocess.run([sys.executable, "-c", "import analytics, sys; print(*sys.modules)"], check=True, text=True,
                           capture_output=True, cwd=Path(analytics.__file__).parent).stdout.split()
    assert "growth.metrics" in found or "growth.tiles" in found
    assert not {"scipy", "ruptures", "numba", "statsmodels", "sklearn", "streamlit"} & set(found)
