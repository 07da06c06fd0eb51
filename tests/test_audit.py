"""The quality audit on series whose right answer is known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_processing import LEFT_OUT_OF_TOTALS, Flag, build, flag_names
from ingest.dates import to_number

FIRST = to_number(date(2025, 1, 1))
TODAY = FIRST + 5000


def audited(gains, *, start=1_000_000.0, days=None, reported=None, kind="cumulative", accepted=(), today=TODAY, at=None):
    """Build a series whose first total is `start`, followed by one reading a gain; `at` overrides totals by index."""
    totals = start + np.concatenate(([0.0], np.cumsum(np.asarray(gains, dtype=float))))
    for index, total in (at or {}).items():
        totals[index] = total
    days = np.arange(len(totals)) + FIRST if days is None else np.asarray(days) + FIRST
    return build(days, totals, kind, reported=reported, accepted=[day(index) for index in accepted], today=today)


def day(index: int) -> date:
    return date(2025, 1, 1) + timedelta(index)


def flagged(series) -> dict[int, list[str]]:
    return {int(index): flag_names(int(series.audited.flags[index])) for index in np.flatnonzero(series.audited.flags)}


def counts(series) -> dict[str, int]:
    return {name: entry["count"] for name, entry in series.audited.findings.items()}


def wave(n: int, level: float = 5000.0) -> np.ndarray:
    """Gains with a weekday rhythm and no two neighbours alike."""
    index = np.arange(n)
    return np.round(level * (1 + 0.15 * np.sin(2 * np.pi * index / 7) + 0.03 * np.cos(1.7 * index)))


# --- clean --------------------------------------------------------------------------------------------------------

def test_a_clean_series_has_its_differences_and_no_flag():
    gains = wave(60)
    series = audited(gains)
    assert flagged(series) == {} and counts(series) == {}
    assert np.isnan(series.audited.gains[0]) and series.audited.gains[1:].tolist() == gains.tolist()
    assert series.totals[0] + np.nansum(series.audited.gains) == series.totals[-1]
    assert series.audited.recheck is None


@pytest.mark.parametrize("n", [0, 1, 2])
def test_tiny_series(n):
    series = build(np.arange(n) + FIRST, np.arange(n) * 10.0, "cumulative", today=TODAY)
    assert len(series.audited.gains) == len(series.audited.flags) == n
    assert series.audited.gains[1:].tolist() == [10.0] * max(0, n - 1) and not series.audited.flags.any()


@pytest.mark.parametrize(("name", "gains"), [
    ("launch", 2_000_000 * 0.93 ** np.arange(90) + wave(90, 900)),
    ("slow start", np.concatenate((wave(30, 40), 3000 * 0.95 ** np.arange(40) + wave(40, 900)))),
    ("viral day with decay", wave(80, 20_000) + np.r_[np.zeros(40), 900_000 * 0.8 ** np.arange(40)]),
    ("viral day thirtyfold with decay", wave(80, 20_000) + np.r_[np.zeros(40), 700_000 * 0.85 ** np.arange(40)]),
    ("viral day at the end, tenfold", np.r_[wave(60, 20_000), 200_000]),
    ("growth", 1000 * 1.07 ** np.arange(100)),
    ("slow death", 50_000 * 0.97 ** np.arange(200) + 3),
    ("small counter", np.tile([0, 3, 1, 0, 2], 20)),
    ("small counter leaps", np.r_[np.tile([1, 2, 3], 20), 900, 2, 1]),
])
def test_ordinary_life_is_not_flagged(name, gains):
    assert flagged(audited(np.asarray(gains), start=10.0)) == {}


# --- gaps ---------------------------------------------------------------------------------------------------------

def test_a_gap_is_divided_by_its_days_and_flagged():
    series = audited([100, 110, 600, 120], days=[0, 1, 2, 7, 8])
    assert series.audited.gains[1:].tolist() == [100, 110, 120, 120]
    assert flagged(series) == {3: ["gap"]}
    assert series.audited.findings["missing_days"] == {
        "count": 4, "items": [{"start": "2025-01-04", "end": "2025-01-07"}]}


def test_several_gaps_are_counted_by_day():
    series = audited([700] * 5, days=[0, 7, 14, 21, 28, 35])
    assert counts(series) == {"missing_days": 30, "interpolated_days": 5}
    assert series.audited.gains[1:].tolist() == [100] * 5
    assert all("gap" in names for names in flagged(series).values()) and len(flagged(series)) == 5


# --- frozen days --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("first", "second"), [(0, 9_800), (9_800, 0)])
def test_a_zero_beside_a_doubled_day_is_averaged(first, second):
    gains = wave(40)
    gains[19:21] = first, second
    series = audited(gains)
    assert series.audited.gains[20:22].tolist() == [4900, 4900]
    assert flagged(series) == {20: ["averaged"], 21: ["averaged"]}
    assert counts(series) == {"averaged_days": 2}
    assert series.totals[0] + np.nansum(series.audited.gains) == series.totals[-1]


@pytest.mark.parametrize(("first", "second"), [(0, 5000), (0, 60_000), (5000, 0)])
def test_a_zero_without_a_doubled_neighbour_is_left_alone(first, second):
    gains = wave(40)
    gains[19:21] = first, second
    series = audited(gains)
    assert series.audited.gains[20:22].tolist() == [first, second] and "averaged_days" not in counts(series)


def test_a_zero_and_a_gap_are_not_shared_out():
    gains = wave(40)
    gains[19:21] = 0, 10_000
    days = np.arange(41)
    days[21:] += 1
    assert "averaged_days" not in counts(audited(gains, days=days))


def test_a_stale_run_with_its_catch_up_is_shared_out():
    gains = wave(40)
    gains[15:20] = 0, 0, 0, 0, 25_000
    series = audited(gains)
    assert series.audited.gains[16:21].tolist() == [5000] * 5
    assert flagged(series) == {i: ["averaged", "stale"] for i in range(16, 20)} | {20: ["averaged"]}
    assert series.audited.findings["stale_days"] == {
        "count": 4, "items": [{"start": day(16).isoformat(), "end": day(19).isoformat(), "repaired": True}]}


def test_a_stale_run_without_catch_up_is_flagged_and_stays_zero():
    gains = wave(40)
    gains[15:20] = 0
    series = audited(gains)
    assert series.audited.gains[16:21].tolist() == [0] * 5
    assert flagged(series) == {i: ["stale"] for i in range(16, 21)}
    assert series.audited.findings["stale_days"]["items"][0]["repaired"] is False


def test_a_stale_end_is_flagged():
    assert flagged(audited(np.r_[wave(30), [0] * 4])) == {i: ["stale"] for i in range(31, 35)}


def test_a_counter_updated_once_a_week_is_shared_out_over_the_week():
    gains = np.zeros(70)
    gains[6::7] = 35_000 + 70 * np.arange(10)
    series = audited(gains)
    shared = series.audited.gains[8:64]
    assert (shared > 0).all() and np.ptp(shared) < 200
    assert series.totals[0] + np.nansum(series.audited.gains) == pytest.approx(series.totals[-1])
    assert "jumps" not in counts(series) and "decreases" not in counts(series)


def test_zeros_of_a_small_counter_are_ordinary():
    assert flagged(audited(np.tile([5, 0, 0, 0, 9], 10), start=100)) == {}


# --- interpolated runs --------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("run", "hit"), [
    ([4200.0] * 14, True), ([4200.0, 4201.0] * 7, True), ([3265.957] * 14, True), ([60.0] * 14, True),
    ([4200.0] * 5, True), ([4200.0] * 4, False), ([4200.0, 4203.0] * 7, False), ([60.0, 61.0] * 7, False),
    ([20.0] * 14, False)])
def test_interpolated_runs(run, hit):
    level = 4000 if run[0] > 1000 else run[0]
    gains = np.r_[wave(20, level) + np.tile([0, 7], 10), run, wave(20, level) + np.tile([9, 2], 10)]
    series = audited(gains)
    expected = set(range(21, 21 + len(run))) if hit else set()
    assert {index for index, names in flagged(series).items() if "interpolated" in names} == expected
    if hit:
        assert counts(series) == {"interpolated_days": len(run)}
        assert series.audited.gains[21:21 + len(run)] == pytest.approx(run, abs=1e-6)


# --- decreases ----------------------------------------------------------------------------------------------------

def test_a_reset_counts_on_from_the_lower_level():
    gains = wave(40)
    totals = 1_000_000 + np.r_[0, np.cumsum(gains)]
    totals[20:] -= 600_000
    series = audited(gains, at=dict(enumerate(totals)))
    assert flagged(series) == {20: ["decrease"]} and np.isnan(series.audited.gains[20])
    assert series.audited.gains[21:] == pytest.approx(gains[20:])
    item = series.audited.findings["decreases"]["items"][0]
    assert (item["day"], item["dip"], item["from"], item["to"]) == (day(20).isoformat(), False, totals[19], totals[20])


@pytest.mark.parametrize("length", [1, 3])
def test_a_dip_that_returns_has_no_gain_and_the_way_back_is_divided(length):
    gains = wave(40)
    totals = 1_000_000 + np.r_[0, np.cumsum(gains)]
    dip = {20 + i: 500_000 + i for i in range(length)}
    series = audited(gains, at=dip)
    back = 20 + length
    assert flagged(series) == {i: ["decrease"] for i in dip} | {back: ["gap"]}
    assert np.isnan(series.audited.gains[20:back]).all()
    assert series.audited.gains[back] == pytest.approx((totals[back] - totals[19]) / (length + 1))
    assert series.audited.findings["decreases"]["items"][0]["dip"] is True


def test_a_small_correction_is_a_decrease_without_a_negative_gain():
    series = audited(np.r_[wave(20), -10, wave(20)])
    assert "decrease" in flagged(series)[21] and not (series.audited.gains < 0).any()


def test_two_falling_readings():
    series = build(np.array([FIRST, FIRST + 1]), np.array([100.0, 90.0]), "cumulative", today=TODAY)
    assert flagged(series) == {1: ["decrease"]} and np.isnan(series.audited.gains).all()


# --- jumps --------------------------------------------------------------------------------------------------------

LEAP = 543_000_000


def test_a_jump_at_the_tail_has_no_gain_and_totals_stay():
    series = audited(np.r_[wave(40), LEAP])
    assert flagged(series) == {41: ["jump"]} and np.isnan(series.audited.gains[41])
    item = series.audited.findings["jumps"]["items"][0]
    assert (item["from"], item["to"], item["accepted"]) == (series.totals[40], series.totals[41], False)
    good = (series.audited.flags & LEFT_OUT_OF_TOTALS) == 0
    assert series.totals[good][-1] == series.totals[40]


def test_readings_on_a_level_nobody_accepted_are_flagged():
    series = audited(np.r_[wave(40), LEAP, wave(10)])
    assert flagged(series) == {41: ["jump"]} | {i: ["new_level"] for i in range(42, 52)}
    assert counts(series) == {"jumps": 1, "new_level_days": 10}
    assert np.isnan(series.audited.gains[41:]).all()


@pytest.mark.parametrize("length", [1, 3])
def test_a_jump_that_returns(length):
    gains = wave(40)
    totals = 1_000_000 + np.r_[0, np.cumsum(gains)]
    series = audited(gains, at={20 + i: totals[20 + i] + LEAP for i in range(length)})
    back = 20 + length
    assert flagged(series) == {20: ["jump"]} | {i: ["new_level"] for i in range(21, back)} | {back: ["gap"]}
    assert series.audited.gains[back] == pytest.approx((totals[back] - totals[19]) / (length + 1))
    assert series.audited.gains[back + 1:] == pytest.approx(gains[back:])


def test_an_accepted_level_re_anchors_totals_and_adds_no_gain():
    gains = np.r_[wave(40), LEAP, wave(10)]
    series = audited(gains, accepted=[41])
    assert flagged(series) == {41: ["jump", "accepted"]} and np.isnan(series.audited.gains[41])
    assert series.audited.gains[42:].tolist() == gains[41:].tolist()
    assert np.nansum(series.audited.gains) == gains.sum() - LEAP
    assert series.audited.findings["jumps"]["items"][0]["accepted"] is True


def test_two_jumps_are_two_questions():
    gains = np.r_[wave(30), LEAP, wave(30), 20 * LEAP, wave(10)]
    neither = audited(gains)
    assert flagged(neither)[31] == ["jump"] and set(flagged(neither)) == set(range(31, 73))
    first = audited(gains, accepted=[31])
    assert flagged(first) == {31: ["jump", "accepted"], 62: ["jump"]} | {i: ["new_level"] for i in range(63, 73)}
    both = audited(gains, accepted=[31, 62])
    assert flagged(both) == {31: ["jump", "accepted"], 62: ["jump", "accepted"]}
    assert np.nansum(both.audited.gains) == gains.sum() - 21 * LEAP


def test_an_accepted_day_without_a_reading_changes_nothing():
    assert flagged(audited(wave(40), accepted=[400])) == {}


@pytest.mark.parametrize(("change", "hit"), [(0.0, True), (3000.0, True), (np.nan, False), (70_000.0, False)])
def test_the_exports_own_change_column_contradicts_a_leap(change, hit):
    gains = np.r_[wave(40), 70_000, wave(5)]
    reported = np.r_[0.0, gains]
    reported[41] = change
    assert ("jumps" in counts(audited(gains, reported=reported))) is hit


def test_a_leap_too_early_to_judge_is_not_called_a_jump():
    assert "jumps" not in counts(audited(np.r_[wave(5), LEAP, wave(5)]))


# --- future -------------------------------------------------------------------------------------------------------

def test_future_days_are_flagged_and_checked_again_on_the_first_of_them():
    series = audited(wave(20), today=FIRST + 17)
    assert flagged(series) == {18: ["future"], 19: ["future"], 20: ["future"]}
    assert series.audited.recheck == day(18) and counts(series) == {"future_days": 3}
    assert flagged(audited(wave(20), today=FIRST + 20)) == {}


def test_a_stray_date_far_ahead_adds_no_missing_days():
    series = audited(wave(20), days=[*range(20), 27_000], today=FIRST + 30)
    assert counts(series) == {"future_days": 1} and flagged(series)[20] == ["gap", "future"]


# --- daily amounts ------------------------------------------------------------------------------------------------

def test_daily_amounts_keep_their_gaps_and_their_first_day():
    amounts = wave(30)
    days = np.r_[np.arange(10), np.arange(12, 32)] + FIRST
    series = build(days, amounts, "daily", today=TODAY)
    assert series.audited.gains.tolist() == amounts.tolist() and not series.audited.flags.any()
    assert counts(series) == {"missing_days": 2}


@pytest.mark.parametrize("accepted", [False, True])
def test_a_leaping_daily_amount(accepted):
    amounts = wave(40)
    amounts[20] = LEAP
    series = build(np.arange(40) + FIRST, amounts, "daily", accepted=[day(20)] if accepted else [], today=TODAY)
    assert flagged(series) == {20: ["jump", "accepted"] if accepted else ["jump"]}
    assert bool(np.isnan(series.audited.gains[20])) is not accepted


def test_two_leaping_daily_amounts_are_told_from_the_usual_amount():
    amounts = wave(60)
    amounts[20], amounts[45] = LEAP, 2 * LEAP
    items = build(np.arange(60) + FIRST, amounts, "daily", today=TODAY).audited.findings["jumps"]["items"]
    assert [item["to"] for item in items] == [LEAP, 2 * LEAP]
    assert all(4000 < item["from"] < 6000 for item in items)


# --- always -------------------------------------------------------------------------------------------------------

totals_of_any_kind = st.lists(st.one_of(st.integers(0, 10**9), st.floats(0, 1e9), st.integers(0, 40)),
                              min_size=0, max_size=60)


@settings(max_examples=150, deadline=None)
@given(totals_of_any_kind, st.data())
def test_whatever_comes_the_result_is_sound(values, data):
    n = len(values)
    steps = data.draw(st.lists(st.sampled_from([1, 1, 1, 1, 2, 9]), min_size=n, max_size=n))
    days = FIRST + np.cumsum(np.array(steps, dtype=np.int64)) if n else np.empty(0, dtype=np.int64)
    kind = data.draw(st.sampled_from(["cumulative", "daily"]))
    accepted = [date.fromordinal(int(each) + 719163) for each in days[:: max(1, n // 2)]] if data.draw(
        st.booleans()) else []
    reported = np.array(values) if data.draw(st.booleans()) else None
    before = np.array(values, dtype=float)
    series = build(days, np.array(values, dtype=float), kind, reported=reported, accepted=accepted, today=FIRST + 60)
    gains, flags = series.audited.gains, series.audited.flags
    assert len(gains) == len(flags) == len(series.totals) == len(series.days) == n
    assert not (gains < 0).any() and not np.isinf(gains).any()
    assert ((flags & ~int(sum(Flag))) == 0).all()
    unknown = np.isnan(gains)
    assert all(flags[index] or index == 0 for index in np.flatnonzero(unknown))
    assert kind == "daily" or np.array_equal(series.totals, before)
    assert all(entry["count"] >= len(entry["items"]) for entry in series.audited.findings.values())


@settings(max_examples=150, deadline=None)
@given(st.integers(10, 10**6), st.lists(st.floats(0.7, 1.3), min_size=1, max_size=120))
def test_a_rising_series_without_oddities_has_no_flag(level, factors):
    gains = np.round(level * np.array(factors)) + 1 + 3 * (np.arange(len(factors)) % 2)
    gains += np.where(np.r_[False, np.abs(np.diff(gains)) <= 2], 5, 0)
    series = audited(gains)
    assert set(counts(series)) <= {"interpolated_days"}
    if level > 100 and np.abs(np.diff(gains)).min(initial=9) > 2:
        assert flagged(series) == {}
    assert series.totals[0] + np.nansum(series.audited.gains) == series.totals[-1]
