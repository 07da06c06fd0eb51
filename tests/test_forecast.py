"""Forecasts: known answers of each method, intervals, honesty about little data, and what may never happen."""

from __future__ import annotations

import json

import numpy as np
import pytest

from growth import _smoothing as smooth
from growth import backtest as past
from growth import conformal, rolling
from growth.forecast import LEVELS, METHODS, PLAIN, Calibration, forecast, total_quantiles
from growth.panel import Panel
from growth.scenarios import scenarios
from ingest.flags import Flag

FIRST = np.datetime64("2025-01-01")
SPREAD = np.array([10.0, 12, 11, 13, 15, 14, 13, 16, 18, 17])
WEEK = np.array([1.0, 1.1, 0.9, 1.0, 1.3, 1.4, 0.8])


def panel_from(gains, start: float = 1e6) -> Panel:
    gains = np.atleast_2d(np.asarray(gains, dtype=np.float64))
    totals = start + np.cumsum(np.nan_to_num(gains), axis=1)
    return Panel(FIRST + np.arange(gains.shape[1]), gains, np.where(np.isnan(gains), np.nan, totals))


def noisy(series: int, days: int, seed: int = 0, noise: float = 0.08, drift: float = 0.03):
    rng = np.random.default_rng(seed)
    level = rng.normal(8, 1, (series, 1)) + np.cumsum(rng.normal(0, drift, (series, days)), axis=1)
    return np.exp(level + rng.normal(0, noise, (series, days)))


# Methods, against statsmodels 0.15 (SimpleExpSmoothing and Holt with known starts and fixed weights) ----------------


@pytest.mark.parametrize(("weight", "level"), [(0.3, 15.6761042), (0.7, 17.04766084)])
def test_smoothing_is_that_of_statsmodels(weight, level):
    now, _ = smooth.ses(SPREAD[None], np.array([weight]), np.array([10.0]))
    assert now[0, 0] == pytest.approx(level, abs=1e-7)


@pytest.mark.parametrize(("setting", "ahead"), [
    ((0.5, 0.2, 0.9), [18.03002565, 18.63782451, 19.18484349, 19.67716056, 20.12024593]),
    ((0.3, 0.1, 0.8), [17.07637596, 17.46865325, 17.78247507, 18.03353254, 18.23437851])])
def test_damped_trend_is_that_of_statsmodels(setting, ahead):
    now, trend, _ = smooth.damped_trend(SPREAD[None], np.array([setting]), np.array([10.0]))
    found = now[0, 0] + trend[0, 0] * np.cumsum(setting[2] ** np.arange(1, 6))
    assert found == pytest.approx(ahead, abs=1e-7)


def test_an_unknown_day_changes_nothing():
    gap = np.insert(SPREAD, 4, np.nan)
    plain, gapped = (smooth.ses(each[None], np.array([0.3]), np.array([10.0]))[0] for each in (SPREAD, gap))
    assert gapped == pytest.approx(plain)


def test_the_weekday_profile_of_a_pure_week():
    log = np.log(np.tile(WEEK, 26))[None]
    profile = smooth.weekday_profile(log, np.array([0]))
    assert profile[0] == pytest.approx(np.log(WEEK) - np.log(WEEK).mean(), abs=1e-9)


def test_noise_without_weekdays_leaves_next_to_no_profile():
    log = np.random.default_rng(3).normal(0, 0.1, (200, 182))
    found = smooth.weekday_profile(log, np.zeros(200, np.int64))
    assert np.abs(found).mean() < 0.01


def test_a_short_series_takes_the_profile_of_the_others():
    log = np.log(np.tile(WEEK, 26))[None] + np.random.default_rng(5).normal(0, 0.02, (30, 182))
    log[0, :-16] = np.nan
    log[0, -16:] += np.random.default_rng(6).normal(0, 0.5, 16)
    found = smooth.weekday_profile(log, np.zeros(30, np.int64))
    assert found[0] == pytest.approx(np.log(WEEK) - np.log(WEEK).mean(), abs=0.1)


def test_the_common_profile_follows_the_calendar_and_not_the_end_of_a_series():
    phase = np.arange(28) % 7
    # every series has the same calendar weekdays, but ends on another one
    log = np.stack([np.log(WEEK[(np.arange(-181, 1) + end) % 7]) for end in phase])
    common = smooth._common_profile(smooth.weekday_profile(log, phase), np.full(28, 20), phase)
    for row in (0, 3, 6):
        expected = np.log(WEEK[(phase[row] + 1 + np.arange(7)) % 7])
        assert common[row] == pytest.approx(expected - expected.mean(), abs=1e-9)


def test_one_odd_day_is_drawn_in_and_a_new_level_is_followed():
    level = np.full((3, 100), 8.0)
    level[0, -1] = 0.0
    level[1, -3] = 12.0
    level[2, -12:] = 10.0
    found = smooth.tamed(level, np.full(3, 0.1))
    assert found[0, -1] == pytest.approx(8.0 - 0.7) and found[1, -3] == pytest.approx(8.7)
    assert (found[2, -5:] == 10.0).all() and (found[:, :40] == 8.0).all()


def test_a_day_of_nothing_at_the_end_hardly_moves_the_forecast():
    gains = noisy(30, 200, seed=21)
    other = gains.copy()
    other[:, -1] = 0.0
    plain, stalled = forecast(panel_from(gains), 30).gains.sum(axis=1), forecast(panel_from(other), 30).gains.sum(axis=1)
    # a smoothed logarithm would fall by several units
    assert np.median(np.abs(np.log(stalled / plain))) < 0.5


def test_a_power_law_is_continued():
    age = np.arange(40.0, 140.0)
    level = np.log(1e6 * age ** -0.8)[None]
    found = smooth.power_law(level, np.array([139.0]), np.arange(1.0, 31.0))
    assert np.exp(found[0]) == pytest.approx(1e6 * np.arange(140.0, 170.0) ** -0.8, rel=0.03)


def test_a_power_law_never_rises():
    level = np.linspace(5, 8, 100)[None]
    found = smooth.power_law(level, np.array([100.0]), np.arange(1.0, 31.0))
    assert (np.diff(found[0]) <= 0).all()


def test_theta_adds_half_the_slope():
    level = 5.0 + 0.01 * np.arange(182.0)[None]
    drift = smooth.theta_drift(level, np.array([0.5]), np.array([1.0, 2.0]))
    # the lag of a level smoothed by a half is one day; the day after is damped by 0.99
    assert drift[0] == pytest.approx([0.005 * (1 + 0.99), 0.005 * (1 + 0.99 + 0.99 ** 2)])


def test_repeat_week_takes_the_last_known_of_each_weekday():
    level = np.arange(21.0)[None].copy()
    level[0, -1] = np.nan
    assert smooth.repeat_week(level, 8)[0].tolist() == [14, 15, 16, 17, 18, 19, 13, 14]


# What comes out -----------------------------------------------------------------------------------------------------


def test_a_weekly_rhythm_without_noise_is_repeated():
    found = forecast(panel_from(1000.0 * np.tile(WEEK, 52)), 14)
    assert found.gains[0] == pytest.approx(1000.0 * np.tile(WEEK, 2), rel=0.01)
    assert found.totals[0, -1] == pytest.approx(found.last_total[0] + found.gains[0].sum())
    assert found.first_day[0] == FIRST + 364


def test_the_line_is_a_straight_line():
    found = forecast(panel_from(np.full(400, 50.0), start=0.0), 10)
    assert found.line[0] == pytest.approx(50.0 * np.arange(401, 411))


def test_plain_forecasts():
    history = np.arange(1.0, 36.0)[None]
    found = past.plain_forecasts(history, np.cumsum(history, axis=1), 8)
    assert found["naive"][0].tolist() == [35.0] * 8
    assert found["seasonal_naive"][0].tolist() == [29, 30, 31, 32, 33, 34, 35, 29]
    assert found["mean28"][0] == pytest.approx(np.full(8, np.arange(8, 36).mean()))
    days = np.arange(35.0)
    assert found["line"][0] == pytest.approx(np.full(8, np.polyfit(days, np.cumsum(history[0]), 1)[0]))


@pytest.mark.parametrize("horizon", [7, 30, 180])
def test_gains_are_never_negative_totals_never_fall_and_bands_lie_within_each_other(horizon):
    rng = np.random.default_rng(1)
    gains = noisy(12, 150, seed=1)
    gains[3] = 0.0
    gains[4] = rng.poisson(0.4, 150)
    gains[5] *= np.linspace(1.0, 0.001, 150)
    gains[6, rng.random(150) < 0.3] = np.nan
    gains[7] = 1e15 * rng.uniform(0.5, 1.5, 150)
    gains[8] = np.exp(np.linspace(0, 20, 150))
    found = forecast(panel_from(gains), horizon)
    assert (found.chosen >= 0).all() and found.gains.shape == (12, horizon)
    for values in (found.gains, found.gain_bands, found.totals, found.total_bands):
        assert np.isfinite(values).all() and (values >= 0).all()
    assert (np.diff(found.totals, axis=1) >= 0).all()
    assert (np.diff(found.total_bands, axis=3) >= 0).all()
    assert (found.total_bands >= found.last_total[:, None, None, None]).all()
    for points, bands in ((found.gains, found.gain_bands), (found.totals, found.total_bands)):
        low, high = bands[:, :, 0], bands[:, :, 1]
        assert (np.diff(low, axis=1) <= 0).all() and (np.diff(high, axis=1) >= 0).all()
        assert (low <= points[:, None]).all() and (high >= points[:, None]).all()


def test_all_zero_is_forecast_as_zero_with_a_band():
    gains = noisy(10, 120, seed=2)
    gains[0] = 0.0
    found = forecast(panel_from(gains), 30)
    assert (found.gains[0] == 0).all() and (found.gain_bands[0, :, 1] > 0).all()


def test_gaps_are_skipped_and_not_zero():
    gains = np.full(200, 1000.0)
    gains[::3] = np.nan
    found = forecast(panel_from(gains), 30)
    assert found.gains[0] == pytest.approx(np.full(30, 1000.0), rel=1e-6)


def test_a_young_songs_decay_is_continued_and_not_held_flat():
    age = np.arange(1.0, 91.0)
    found = forecast(panel_from(1e6 * age ** -0.7, start=0.0), 30)
    future = 1e6 * np.arange(91.0, 121.0) ** -0.7
    assert found.gains[0].sum() == pytest.approx(future.sum(), rel=0.04)
    flat = 30 * 1e6 * 87.0 ** -0.7
    assert abs(found.gains[0].sum() - future.sum()) < 0.4 * abs(flat - future.sum())


def test_why_there_is_no_forecast():
    gains = np.full((4, 120), np.nan)
    gains[1, -13:] = 100.0
    gains[2, :60] = 100.0
    gains[3, -14:] = 100.0
    panel = panel_from(gains)
    totals = panel.totals.copy()
    totals[2, -1] = 7e6
    found = forecast(Panel(panel.days, gains, totals), 30)
    assert found.reasons == ["no_data", "too_few_days", "too_few_recent_days", None]
    assert found.chosen[:3].tolist() == [-1, -1, -1] and np.isnan(found.gains[:3]).all()
    assert np.isnat(found.first_day[0]) and found.first_day[1] == FIRST + 120
    assert np.isnan(found.total_bands[:3]).all() and np.isfinite(found.total_bands[3]).all()


@pytest.mark.parametrize("series", [0, 2])
def test_a_panel_without_days(series):
    found = forecast(Panel(np.empty(0, "datetime64[D]"), np.empty((series, 0)), np.empty((series, 0))))
    assert found.gains.shape == (series, 30) and found.reasons == ["no_data"] * series
    assert np.isnan(found.last_total).all() and np.isnat(found.first_day).all()


def test_a_panel_without_series():
    found = forecast(Panel(FIRST + np.arange(5), np.empty((0, 5)), np.empty((0, 5))), 7)
    assert found.total_bands.shape == (0, 3, 2, 7) and total_quantiles(found, np.array([0.5])).shape == (0, 1, 7)


@pytest.mark.parametrize(("call", "words"), [
    (lambda panel: forecast(panel, 6), "horizon is 6"), (lambda panel: forecast(panel, 181), "7 to 180"),
    (lambda panel: forecast(panel, 30, age_days=np.ones(3)), "one age for each of the 1 series"),
    (lambda panel: total_quantiles(forecast(panel, 7), np.array([0.001])), "0.01 to 0.99")])
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(panel_from(np.full(50, 10.0)))


def test_the_same_panel_gives_the_same_forecast_and_order_does_not_matter():
    gains = noisy(15, 160, seed=4)
    first, second = forecast(panel_from(gains), 30), forecast(panel_from(gains[::-1]), 30)
    assert first.gains == pytest.approx(second.gains[::-1])
    assert first.total_bands == pytest.approx(second.total_bands[::-1])


# Honesty of the past ------------------------------------------------------------------------------------------------


def test_a_past_forecast_knows_nothing_of_its_future():
    gains = noisy(25, 300, seed=7)
    found = forecast(panel_from(gains), 30)
    changed = gains.copy()
    changed[:, -50:] *= np.random.default_rng(8).uniform(0.1, 10.0, (25, 50))
    other = forecast(panel_from(changed), 30)
    early = found.backtest.offsets >= 50
    assert early.sum() >= 8
    assert other.backtest.points[:, early] == pytest.approx(found.backtest.points[:, early], nan_ok=True)
    assert other.backtest.bands[:, early] == pytest.approx(found.backtest.bands[:, early], nan_ok=True)
    late = found.backtest.offsets < 50
    assert not np.allclose(other.backtest.points[:, late], found.backtest.points[:, late], equal_nan=True)


def test_a_past_forecast_is_the_forecast_made_then():
    gains = noisy(25, 400, seed=9)
    found = forecast(panel_from(gains), 30)
    at = int(np.flatnonzero(found.backtest.offsets == 30)[0])
    then = past.ends_of(panel_from(gains))
    tested = past.backtest_origin(then, past.seasonal_scales(then), 30, 30)
    now = past.ends_of(panel_from(gains[:, :370]))
    today = past.backtest_origin(now, past.seasonal_scales(now), 0, 30)
    assert tested.logs == pytest.approx(today.logs)
    assert found.backtest.origins[0, at] == FIRST + 369
    assert found.backtest.actuals[:, at] == pytest.approx(gains[:, 370:])


def test_mase_is_scaled_by_the_weekly_difference():
    gains = np.tile([100.0, 110.0], 100)[:200]
    found = past.seasonal_scales(past.ends_of(panel_from(gains)))
    # an odd number of days apart, the two values differ by 10
    assert np.isnan(found[0, :7]).all() and found[0, 7:] == pytest.approx(np.full(193, 10.0))


def test_sums_use_readings_over_a_gap_and_refuse_a_leap():
    gains = np.full((3, 60), 100.0)
    totals = 1000.0 + np.cumsum(gains, axis=1)
    gains[:, 40:43] = np.nan
    totals[:, 40:42] = np.nan
    totals[1, 42:] += 1e6
    totals[2, 42:] -= 500.0
    ends = past.ends_of(Panel(FIRST + np.arange(60), gains, totals))
    _, sums = past.future(ends, 30, 30)
    assert sums[0, -1] == pytest.approx(3000.0) and sums[0, 9] == pytest.approx(1000.0)
    assert np.isnan(sums[0, 10]) and np.isnan(sums[1:, 12:]).all()


def test_intervals_of_independent_series_hold_what_they_say():
    gains = noisy(240, 430, seed=11)
    found = forecast(panel_from(gains[:, :400]), 30)
    held = rolling._share_within(found.gain_bands, gains[:, 400:]).mean(axis=0)
    sums = rolling._share_within(found.total_bands - found.last_total[:, None, None, None],
                                 np.cumsum(gains[:, 400:], axis=1)).mean(axis=0)
    for share, wanted in zip(np.concatenate([held, sums]), LEVELS * 2, strict=True):
        assert share == pytest.approx(wanted, abs=0.06)
    assert found.errors_behind[0] > 2000 and found.tested_days[0] == 30


def test_days_filled_in_by_the_source_do_not_make_a_series_look_calm():
    gains = noisy(1, 200, seed=20)
    filled = np.repeat(gains[:, ::20], 20, axis=1)
    panel = panel_from(filled)
    flags = np.where(np.arange(200) % 20 < 19, int(Flag.INTERPOLATED), 0).astype(np.int16)[None]
    blind, told = forecast(panel, 30), forecast(Panel(panel.days, panel.gains, panel.totals, flags), 30)
    assert blind.spread[0] < 0.5 * told.spread[0] and told.gains == pytest.approx(blind.gains, rel=0.2)


def test_bands_of_totals_are_not_added_up_daily_bands():
    found = forecast(panel_from(noisy(40, 300, seed=12, noise=0.3, drift=0.01)), 30)
    added = (found.gain_bands[:, 1, 1] - found.gain_bands[:, 1, 0]).sum(axis=1)
    of_total = found.total_bands[:, 1, 1, -1] - found.total_bands[:, 1, 0, -1]
    assert (of_total < 0.6 * added).all()


def test_one_series_alone_has_wider_bands_than_with_a_handed_in_calibration():
    gains = noisy(200, 300, seed=13)
    pool = forecast(panel_from(gains[1:]), 30)
    alone, helped = (forecast(panel_from(gains[:1]), 30, calibration=each) for each in (None, pool.calibration))
    width = [float(each.total_bands[0, 2, 1, -1] - each.total_bands[0, 2, 0, -1]) for each in (alone, helped)]
    assert width[0] > 1.1 * width[1]
    assert 5 <= alone.errors_behind[0] <= 14 and helped.errors_behind[0] > 1000


def test_days_never_tested_are_wider_by_the_root_of_their_number():
    found = forecast(panel_from(noisy(30, 75, seed=14)), 180)
    assert 30 <= found.tested_days[0] <= 60
    scores = found.calibration.scores[1, 2]
    at = {day: index for index, day in enumerate(conformal.ANCHORS)}
    assert scores[at[180]] == pytest.approx(scores[at[90]] * np.sqrt(2))


def test_series_that_move_together_count_less():
    rng = np.random.default_rng(15)
    apart = [rng.normal(size=(50, 1)) for _ in range(8)]
    together = [part * 0.1 + shift for part, shift in zip(apart, rng.normal(size=8), strict=True)]
    counts = [conformal._independent(parts, np.sort(np.concatenate(parts).ravel())) for parts in (apart, together)]
    assert counts[0] > 200 and 8 <= counts[1] < 20


def test_a_calibration_survives_json():
    found = forecast(panel_from(noisy(30, 200, seed=16)), 30).calibration
    back = Calibration.from_dict(json.loads(json.dumps(found.to_dict())))
    for name in Calibration.__dataclass_fields__:
        assert getattr(back, name) == pytest.approx(getattr(found, name), abs=1e-6, nan_ok=True)
    with pytest.raises(ValueError, match="format 0"):
        Calibration.from_dict(found.to_dict() | {"format": 0})
    with pytest.raises(ValueError, match="shape"):
        Calibration.from_dict(found.to_dict() | {"spreads": [0.1]})


def test_two_calibrations_together_are_their_mixture():
    nothing, found = conformal.nothing_known(), forecast(panel_from(noisy(30, 200, seed=17)), 30).calibration
    both = conformal.merged(nothing, found)
    assert both.scores == pytest.approx(found.scores, abs=1e-9, nan_ok=True)
    assert conformal.merged(found, found).rows == pytest.approx(2 * found.rows)


# Choosing -----------------------------------------------------------------------------------------------------------


def evidence_with(errors, origins: int, series: int = 1):
    """Return evidence of `origins` months in which the methods were off by `errors` (log), the combination by 0."""
    nothing = conformal.nothing_known()
    evidence = past.Evidence(series, nothing.method_errors, nothing.method_rows)
    rows, count = np.arange(series), len(errors)
    for _ in range(origins):
        tested = past.Tested(30, rows, np.zeros((count, series, 30)), np.ones(series), np.full(series, 900.0),
                             np.ones(series), np.ones((series, 30)), np.ones((series, 30)),
                             np.tile(errors, (series, 1)))
        evidence.add(tested, np.zeros(series), 30)
    return evidence


def test_a_single_method_is_taken_only_where_it_was_clearly_better():
    errors = np.array([0.3, 0.3, 0.3, -1.5, 0.3, 0.3])
    series, age = np.array([0]), np.array([900.0])
    for origins, name in ((0, "combination"), (5, "combination"), (12, "repeat_week")):
        weights, chosen = evidence_with(errors, origins).choose(series, age)
        assert METHODS[chosen[0]] == name and weights.sum() == pytest.approx(1.0)
    slightly = evidence_with(errors / 15, 12).choose(series, age)[1]
    assert METHODS[slightly[0]] == "combination"


def test_weights_follow_the_errors_of_the_others():
    errors = np.array([0.2, 0.2, 0.2, -0.6, 0.2, 0.2])
    evidence = evidence_with(errors, 10, series=40)
    before, after = past.PRIOR_ERRORS[2].argmin(), evidence.choose(np.array([0]), np.array([900.0]))[0][0]
    assert before == METHODS.index("power_law") and after.argmax() == METHODS.index("repeat_week")


def test_ages_are_taken_from_the_first_total_where_not_given():
    gains = np.full((2, 100), 50.0)
    totals = np.cumsum(gains, axis=1)
    totals[1] += 50.0 * 1000
    ends = past.ends_of(Panel(FIRST + np.arange(100), gains, totals), np.array([np.nan, np.nan]))
    assert ends.age == pytest.approx([101, 1101])
    given = past.ends_of(Panel(FIRST + np.arange(100), gains, totals), np.array([70.0, np.nan]))
    assert given.age == pytest.approx([70, 1101])


# The reported accuracy and the scenarios ----------------------------------------------------------------------------


def test_the_backtest_reports_every_comparison():
    found = forecast(panel_from(noisy(20, 365, seed=18)), 30)
    assert set(found.backtest.mase) == {"forecast", *PLAIN}
    assert (found.backtest.count == 12).all() and (np.diff(found.backtest.offsets) < 0).all()
    assert np.median(found.backtest.mase["forecast"]) < np.median(found.backtest.mase["line"])
    assert ((found.backtest.coverage >= 0) & (found.backtest.coverage <= 1)).all()
    assert found.backtest.points.shape == found.backtest.actuals.shape == (20, found.backtest.offsets.size, 30)


def test_scenarios_are_percentiles_of_the_total():
    found = forecast(panel_from(noisy(20, 365, seed=19)), 30)
    low, base, high = scenarios(found, np.full(20, 1000.0))[3]
    assert (low.name, base.name, high.name) == ("low", "base", "high")
    assert low.gain < base.gain < high.gain and base.daily_gain == pytest.approx(base.gain / 30)
    assert high.change == pytest.approx(100 * (high.gain / 30 / 1000 - 1))
    assert low.totals == pytest.approx(np.minimum(found.total_bands[3, 1, 0], low.totals))
    assert (np.diff(base.totals) >= 0).all()
    with pytest.raises(ValueError, match="one value for each of 20"):
        scenarios(found, np.ones(3))
