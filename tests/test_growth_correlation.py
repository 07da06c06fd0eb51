"""Known answers for correlation and lead: shifted copies, shared trends, independent series, gaps."""

from __future__ import annotations

import numpy as np
import pytest

from growth.correlation import MAX_LAG, SIGNIFICANT, correlations, departures_of, effective_days, lag_threshold
from growth.panel import Panel
from ingest.flags import Flag

WEEK = np.array([0.8, 0.9, 1.0, 1.0, 1.1, 1.4, 0.8])


def panel(*rows, **options):
    gains = np.array(rows, dtype=float)
    return Panel(np.datetime64("2025-01-06") + np.arange(gains.shape[1]), gains, np.nancumsum(gains, axis=1), **options)


def gains(noise, level=1000.0, profile=WEEK):
    return level * np.resize(profile, len(noise)) * np.exp(noise)


def noise(seed, days=200, size=0.2):
    return size * np.random.default_rng(seed).standard_normal(days)


def one(*rows, **options):
    return correlations(panel(*rows, **options))[0]


@pytest.mark.parametrize("days", [3, -5, 14])
def test_a_shifted_copy_leads_by_its_shift(days):
    whole = noise(1, 240)
    first, second = whole[20:220], whole[20 - days:220 - days]
    found = one(gains(first), gains(second, 50, WEEK[::-1]))
    assert found.lead_days == days
    assert found.lead_reason is None
    assert found.lead_p < 1e-6
    assert found.lags[np.nanargmax(found.lag_pearson)] == days
    assert found.lag_pearson.max() > 0.9


def test_the_lead_survives_noise_of_its_own():
    whole = noise(2, 240)
    found = one(gains(whole[20:220] + noise(3)), gains(whole[17:217] + noise(4)))
    assert found.lead_days == 3


def test_a_copy_correlates_fully_on_the_same_day():
    found = one(gains(noise(5)), gains(noise(5), 7.0))
    assert found.pearson == pytest.approx(1.0)
    assert found.spearman == pytest.approx(1.0)
    assert found.pearson_p < 1e-9
    assert (found.n, found.lead_days, found.lead_reason) == (200, None, "same_day")


def test_the_opposite_correlates_negatively_and_leads_nowhere():
    found = one(gains(noise(5)), gains(-noise(5)))
    assert found.pearson == pytest.approx(-1.0, abs=0.01)
    assert found.lead_days is None


def test_a_shared_weekday_profile_is_no_correlation():
    found = one(gains(noise(6)), gains(noise(7)))
    raw = np.corrcoef(gains(noise(6)), gains(noise(7)))[0, 1]
    assert raw > 0.3
    assert abs(found.pearson) < 0.15


def test_a_shared_trend_is_no_correlation():
    trend = np.log(np.linspace(1, 5, 200))
    first, second = gains(trend + noise(8)), gains(trend + noise(9))
    assert np.corrcoef(first, second)[0, 1] > 0.7
    found = one(first, second)
    assert abs(found.pearson) < 0.15
    assert found.pearson_p > 0.05


def test_a_shared_launch_is_left_out():
    decay = -0.7 * np.log(np.arange(1, 201))
    found = one(gains(decay + noise(10, size=0.1)), gains(decay + noise(11, size=0.1)))
    assert 150 < found.n < 195
    assert found.pearson_p > 0.05


def test_a_smooth_slope_has_nothing_to_correlate():
    found = one(np.linspace(100, 300, 100), np.linspace(5, 90, 100))
    assert (found.pearson, found.reason, found.lead_reason) == (None, "no_variation", "no_variation")


@pytest.mark.parametrize(("walk", "days"), [(False, 120), (True, 120), (True, 40)])
def test_independent_series_are_seldom_significant(walk, days):
    # the gains of a random walk of totals are independent days; with `walk` even the gains wander
    pairs = 200
    rng = np.random.default_rng(12)
    steps = (0.08 if walk else 0.2) * rng.standard_normal((2 * pairs, days))
    rows = [gains(np.cumsum(row) if walk else row) for row in steps]
    found = correlations(panel(*rows), [(2 * pair, 2 * pair + 1) for pair in range(pairs)])
    known = [each for each in found if each.reason is None]
    assert len(known) > pairs / 2
    assert np.mean([each.pearson_p < 0.05 for each in known]) < 0.09
    assert np.mean([each.spearman_p < 0.05 for each in known]) < 0.09
    assert np.mean([each.lead_days is not None for each in known]) < 0.06


def test_fewer_than_two_weeks_are_too_few():
    first, second = gains(noise(13, 60)), gains(noise(13, 60))
    second[:46] = np.nan
    assert one(first, second).n == 14
    assert one(first, second).pearson == pytest.approx(1.0, abs=0.2)
    second[46] = np.nan
    found = one(first, second)
    assert (found.n, found.pearson, found.spearman, found.lead_days) == (13, None, None, None)
    assert (found.reason, found.lead_reason) == ("too_few_days", "too_few_days")


def test_lags_count_calendar_days_over_gaps():
    whole = noise(14, 240)
    first, second = gains(whole[20:220]), gains(whole[17:217])
    rng = np.random.default_rng(15)
    first[rng.random(200) < 0.2], second[rng.random(200) < 0.2] = np.nan, np.nan
    found = one(first, second)
    assert found.lead_days == 3
    assert found.n < 150
    assert found.lags.tolist() == list(range(-MAX_LAG, MAX_LAG + 1))
    shifted = ~np.isnan(first[:-3]) & ~np.isnan(second[3:])
    assert found.lag_n[found.lags == 3][0] == shifted.sum()


def test_an_empty_day_of_each_makes_no_lead():
    first, second = gains(noise(30, 100)), gains(noise(31, 100))
    first[60], second[67] = 0, 0
    found = one(first, second)
    assert found.lead_days is None
    assert abs(found.lag_pearson[found.lags == 7][0]) < 0.4


def test_interpolated_days_are_left_out():
    flags = np.zeros((2, 200), np.int16)
    flags[0, 50:80] = int(Flag.INTERPOLATED)
    rows = gains(noise(16)), gains(noise(16))
    assert one(*rows, flags=flags).n == 170
    assert one(*rows, flags=flags, include_flagged=True).n == 200


def test_effective_days_of_alternating_and_of_smooth_series():
    rng = np.random.default_rng(17)
    white, other = rng.standard_normal((2, 400))
    assert effective_days(white, other, 400) > 350
    walk = np.zeros((2, 4000))
    for day in range(1, 4000):
        walk[:, day] = 0.8 * walk[:, day - 1] + rng.standard_normal(2)
    # AR(1) of 0.8 twice: (1 - 0.64) / (1 + 0.64) of the days
    assert effective_days(*walk, 4000) == pytest.approx(4000 * 0.36 / 1.64, rel=0.2)


def test_departures_of_empty_and_of_zero_series():
    assert departures_of(panel(np.zeros(30), np.full(30, np.nan))).shape == (2, 30)
    assert one(np.zeros(30), np.ones(30)).reason == "too_few_days"
    assert correlations(panel(np.ones(30))) == []


def test_all_pairs_in_order():
    found = correlations(panel(*(gains(noise(seed)) for seed in (20, 21, 22))))
    assert [(each.first, each.second) for each in found] == [(0, 1), (0, 2), (1, 2)]


def test_the_threshold_of_a_lag_is_where_its_corrected_p_is_five_percent():
    whole = noise(23, 240)
    found = one(gains(whole[20:220] + noise(24, size=0.5)), gains(whole[17:217] + noise(25, size=0.5)))
    limit, best = lag_threshold(found), int(np.nanargmax(found.lag_pearson))
    assert limit.shape == found.lags.shape
    assert limit[0] > limit[MAX_LAG]  # fewer paired days
    assert (found.lag_pearson[best] > limit[best]) == (found.lead_p < SIGNIFICANT)
    # 200 independent days less 8: r = t / sqrt(192 + t^2) with t of 1 - 0.05 / 58, which is 3.18
    assert limit[MAX_LAG] == pytest.approx(3.18 / np.sqrt(192 + 3.18**2), rel=0.06)


def test_the_threshold_of_absent_correlations_is_absent():
    assert np.isnan(lag_threshold(one(np.full(30, np.nan), np.ones(30)))).all()
