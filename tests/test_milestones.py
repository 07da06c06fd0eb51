"""Milestones: dates and chances of a target, and totals continued over years."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from growth.forecast import forecast, total_quantiles
from growth.milestones import MAX_DAYS, continued, distribution, milestone, next_target
from growth.panel import Panel

FIRST = np.datetime64("2025-01-01")


def panel_from(gains, start=1e6) -> Panel:
    gains = np.atleast_2d(gains)
    return Panel(FIRST + np.arange(gains.shape[1]), gains, start + np.cumsum(gains, axis=1))


@pytest.fixture(scope="module")
def steady():
    rng = np.random.default_rng(0)
    level = 9 + np.cumsum(rng.normal(0, 0.02, (60, 330)), axis=1)
    panel = panel_from(np.exp(level + rng.normal(0, 0.05, level.shape)))
    return panel, forecast(panel, 60)


@pytest.mark.parametrize(("total", "target"), [
    (0, 1), (0.5, 1), (1, 2), (2, 5), (4.9, 5), (5, 10), (999, 1000), (1000, 2000), (99_999_999, 100_000_000),
    (100_000_000, 200_000_000), (1e15, 2e15)])
def test_the_next_round_number(total, target):
    assert next_target(total) == target


@pytest.mark.parametrize("total", [-1, np.nan, np.inf])
def test_no_next_round_number(total):
    with pytest.raises(ValueError, match="0 or more"):
        next_target(total)


def test_a_reached_target_has_its_day():
    panel = panel_from(np.full(100, 10.0), start=0.0)
    found = milestone(panel.days, panel.totals[0], forecast(panel, 30), 0, 500.0)
    # 50 days of 10: the 50th day is 19 February
    assert found.reached == date(2025, 2, 19) and found.already and found.reason == "reached"
    assert found.median is None and found.chances.size == 0


def test_the_median_date_is_when_the_median_total_gets_there(steady):
    panel, found = steady
    target = float(found.last_total[0] + total_quantiles(found, np.array([0.5]))[0, 0, 39])
    milestone_ = milestone(panel.days, panel.totals[0], found, 0, target)
    last = date(2025, 1, 1) + timedelta(days=329)
    assert milestone_.median == last + timedelta(days=40)
    assert milestone_.earliest < milestone_.median < milestone_.latest
    assert milestone_.chance_30 < 0.5 < milestone_.chance_90 <= milestone_.chance_365 <= 1.0
    assert (np.diff(milestone_.chances) >= 0).all() and len(milestone_.days) == len(milestone_.chances)
    assert milestone_.days[0] == found.first_day[0]


def test_the_range_is_that_of_the_totals_quantiles(steady):
    panel, found = steady
    target = float(found.last_total[3] + found.gains[3, :30].sum())
    result = milestone(panel.days, panel.totals[3], found, 3, target)
    low, high = total_quantiles(found, np.array([0.1, 0.9]))[3]
    first = found.first_day[3]
    assert np.datetime64(result.earliest) == first + np.argmax(high >= target - found.last_total[3])
    assert np.datetime64(result.latest) == first + np.argmax(low >= target - found.last_total[3])


def test_a_target_out_of_reach_is_not_within_ten_years(steady):
    panel, found = steady
    result = milestone(panel.days, panel.totals[0], found, 0, 1e13)
    assert (result.median, result.earliest, result.latest) == (None, None, None)
    assert result.chance_365 == 0.0 and result.chances.size == MAX_DAYS and result.reason is None


def test_a_higher_target_is_never_likelier(steady):
    _, found = steady
    chances = [distribution(found, 5, float(found.last_total[5] * factor), 800) for factor in (1.05, 1.3, 2.0)]
    assert (chances[0] >= chances[1]).all() and (chances[1] >= chances[2]).all() and chances[1][-1] > 0


def test_without_forecast_the_reason_is_kept():
    gains = np.full((1, 100), np.nan)
    gains[0, -5:] = 10.0
    panel = Panel(FIRST + np.arange(100), gains, np.where(np.isnan(gains), np.nan, 100.0))
    found = milestone(panel.days, panel.totals[0], forecast(panel, 30), 0, 1e6)
    assert found.reason == "too_few_days" and found.chance_30 is None


def test_gains_without_a_total_have_no_milestone():
    panel = Panel(FIRST + np.arange(100), np.full((1, 100), 5.0), np.full((1, 100), np.nan))
    found = milestone(panel.days, panel.totals[0], forecast(panel, 30), 0, 1e6)
    assert found.reason == "no_total" and not found.already


@pytest.mark.parametrize("target", [0.0, -5.0, np.nan, np.inf])
def test_targets_that_are_refused(steady, target):
    panel, found = steady
    with pytest.raises(ValueError, match="above 0"):
        milestone(panel.days, panel.totals[0], found, 0, target)


def test_a_decay_is_continued_and_never_turns():
    age = np.arange(101.0, 131.0)
    found = continued(1e5 * age ** -0.6, 100.0, 400)
    assert found == pytest.approx(1e5 * np.arange(101.0, 501.0) ** -0.6, rel=0.03)
    rising = continued(np.linspace(10.0, 20.0, 30), 100.0, 400)
    assert rising[30:] == pytest.approx(np.tile(np.linspace(10.0, 20.0, 30)[-7:], 53)[:370])
    assert continued(np.zeros(30), 5.0, 100).tolist() == [0.0] * 100


def test_weekdays_go_on_in_step():
    week = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    assert continued(np.tile(week, 5), 1000.0, 70) == pytest.approx(np.tile(week, 10))


def test_chances_are_kept():
    """Of series whose milestone was given 80 % within a range, about that many reach it within that range."""
    rng = np.random.default_rng(1)
    level = 9 + np.cumsum(rng.normal(0, 0.02, (150, 450)), axis=1)
    gains = np.exp(level + rng.normal(0, 0.05, level.shape))
    panel = panel_from(gains[:, :350])
    found = forecast(panel, 60)
    later = np.cumsum(gains[:, 350:], axis=1)
    target = found.last_total + found.gains[:, :30].sum(axis=1)
    within, near = [], []
    for row in range(150):
        result = milestone(panel.days, panel.totals[row], found, row, float(target[row]))
        reached = found.first_day[row] + np.argmax(later[row] >= target[row] - found.last_total[row])
        within.append(np.datetime64(result.earliest) <= reached <= np.datetime64(result.latest))
        near.append((result.chance_30, later[row, 29] >= target[row] - found.last_total[row]))
    # dates are whole days, so that a range of a few days holds a little more
    assert 0.72 <= np.mean(within) <= 0.92
    assert np.mean([chance for chance, _ in near]) == pytest.approx(np.mean([came for _, came in near]), abs=0.08)
