"""Forecasts of daily gains and totals, with intervals and the evidence behind them.

Task: from daily gains of any number of series at once to the next 7 to 180 days' gains and totals, each with 50, 80
and 95 % intervals, and the accuracy the same procedure had on the series' own past.

Every series is forecast by six methods (`growth._smoothing`), whose combination is weighted by how far off each was
in the past: the series' own backtest, drawn to that of all series of its age (`growth.backtest`). A single method is
taken alone only where it was clearly better than the combination. Intervals come from the errors of these past
forecasts (`growth.conformal`), those of totals from the errors of sums.

Conventions: calendar days without time zone; gains per day, never negative; totals start from the last reading that
counts and never fall; unknown is NaN, and a series without a forecast says why in ``reasons``. Pure: same panel in,
same forecast out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from growth import backtest as past
from growth import conformal, rolling
from growth._smoothing import METHODS as SINGLE
from growth._smoothing import candidates
from growth.conformal import Calibration, Quantiles
from growth.panel import Panel
from growth.rolling import LEVELS, PLAIN, Backtest, bands_of, quantiles_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

METHODS = (*SINGLE, "combination")
HORIZON = 30
HORIZONS = (7, 180)
"""Fewest and most days ahead."""
__all__ = ["HORIZON", "HORIZONS", "LEVELS", "METHODS", "PLAIN", "Backtest", "Calibration", "Forecasts", "forecast",
           "total_quantiles"]


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts of s series, h days.

    Attributes
    ----------
    first_day : ndarray of datetime64[D], shape (s,)
        Day after the last reading; NaT where the series has no reading.
    methods : tuple of str
        All methods' names.
    chosen : ndarray of int, shape (s,)
        Index into `methods`; -1: no forecast.
    weights : ndarray, shape (s, m)
        What each single method has in the forecast.
    reasons : list of str or None
        Why there is no forecast: ``no_data``, ``too_few_days``, ``too_few_recent_days``.
    gains : ndarray, shape (s, h)
        Views, streams or plays per day.
    gain_bands : ndarray, shape (s, 3, 2, h)
        Lower and upper bound by `LEVELS`.
    totals : ndarray, shape (s, h)
        NaN where no total is known.
    total_bands : ndarray, shape (s, 3, 2, h)
    line : ndarray, shape (s, h)
        The straight line through the last year's totals, continued; for comparison only.
    last_total, spread, age : ndarray, shape (s,)
        Last reading that counts; spread by which scores are scaled; days since release.
    errors_behind : ndarray of int, shape (s,)
        Past forecasts behind the interval of the last day.
    tested_days : ndarray of int, shape (s,)
        Days ahead up to which past forecasts could be compared; further bounds are widened from there.
    backtest : Backtest
    calibration : Calibration
        Of this panel and of what was handed in; can be stored and handed in again.
    """

    first_day: NDArray[np.datetime64]
    methods: tuple[str, ...]
    chosen: Ints
    weights: Floats
    reasons: list[str | None]
    gains: Floats
    gain_bands: Floats
    totals: Floats
    total_bands: Floats
    line: Floats
    last_total: Floats
    spread: Floats
    age: Floats
    errors_behind: Ints
    tested_days: Ints
    backtest: Backtest
    calibration: Calibration


def forecast(panel: Panel, horizon: int = HORIZON, *, age_days: Floats | None = None,
             calibration: Calibration | None = None) -> Forecasts:
    """Forecast every series of a panel.

    Parameters
    ----------
    panel : Panel
        s series; gains NaN where unknown or left out.
    horizon : int
        Days ahead, 7 to 180.
    age_days : ndarray, shape (s,), optional
        Days since release on the day of each series' last reading, NaN unknown. Without it the age is estimated from
        the first reading (`growth.backtest.ends_of`).
    calibration : Calibration, optional
        Errors of other series' past forecasts, as a large panel returned them; counted beside the panel's own. Worth
        having for a panel of few series. It must not come from the panel's own series, or they count twice.

    Returns
    -------
    Forecasts
        A series with fewer than 14 known days in the last half year has none, with the reason.

    Raises
    ------
    ValueError
        If the horizon is out of range or `age_days` has another length than the panel.
    """
    _validate(panel, horizon, age_days)
    if not panel.days.size:
        panel = _one_unknown_day(panel)
    ends = past.ends_of(panel, age_days)
    prior = calibration if calibration is not None else conformal.nothing_known()
    runs = rolling.run_backtest(ends, horizon, prior)
    found = conformal.merged(prior, rolling.calibration_of(runs, prior))
    points, chosen, weights, spread = _points(ends, runs.evidence, horizon)
    groups = past.age_groups(ends.age)
    spread = conformal.settled_spread(spread, groups, found.spreads) * runs.evidence.own_size(np.arange(len(groups)))
    with np.errstate(invalid="ignore"):
        gain_bands = bands_of(points, spread, groups, Quantiles(found), "daily")
        sums = np.cumsum(points, axis=1)
        sum_bands = bands_of(sums, spread, groups, Quantiles(found), "sums")
    last_total = np.where(ends.last >= 0, ends.totals[np.arange(len(ends.last)), ends.last], np.nan)
    anchor = int(np.searchsorted(conformal.ANCHORS, horizon))
    return Forecasts(
        first_day=np.where(ends.last >= 0, (ends.day + 1).astype("datetime64[D]"), np.datetime64("NaT", "D")),
        methods=METHODS, chosen=chosen, weights=weights, reasons=_reasons(ends, chosen),
        gains=points, gain_bands=gain_bands, totals=last_total[:, None] + sums,
        total_bands=last_total[:, None, None, None] + sum_bands, line=_line(ends, chosen, horizon),
        last_total=last_total, spread=spread, age=ends.age,
        errors_behind=found.rows[1, groups, anchor].astype(np.int64), tested_days=found.tested[groups],
        backtest=rolling.reported(ends, runs, horizon), calibration=found)


def total_quantiles(forecasts: Forecasts, probabilities: Floats) -> Floats:
    """Return quantiles of the sum of gains after the last reading, shape (s, p, h), never falling with the day.

    Parameters
    ----------
    forecasts : Forecasts
    probabilities : ndarray, shape (p,)
        Rising, within 0.01 to 0.99.

    Raises
    ------
    ValueError
        If a probability lies outside.
    """
    wanted = np.asarray(probabilities, dtype=np.float64)
    if wanted.size and not (0.01 <= wanted.min() and wanted.max() <= 0.99):
        raise ValueError(f"probabilities are {wanted.min():g} to {wanted.max():g}; 0.01 to 0.99 are accepted")
    return quantiles_of(np.cumsum(forecasts.gains, axis=1), forecasts.spread, past.age_groups(forecasts.age),
                        Quantiles(forecasts.calibration), "sums", wanted)


def _validate(panel: Panel, horizon: int, age_days: Floats | None) -> None:
    low, high = HORIZONS
    if not low <= horizon <= high:
        raise ValueError(f"horizon is {horizon} days; {low} to {high} are accepted")
    if age_days is not None and np.shape(age_days) != (len(panel.gains),):
        raise ValueError(f"age_days has shape {np.shape(age_days)}; one age for each of the {len(panel.gains)} series "
                         "is accepted, NaN where unknown")


def _one_unknown_day(panel: Panel) -> Panel:
    """Return a panel without days as one with a day of which nothing is known."""
    unknown = np.full((len(panel.gains), 1), np.nan)
    return Panel(np.array(["1970-01-01"], dtype="datetime64[D]"), unknown, unknown.copy())


def _points(ends: past.Ends, evidence: past.Evidence, horizon: int) -> tuple[Floats, Ints, Floats, Floats]:
    """Return today's forecasts, the method chosen, the methods' weights, and the spreads."""
    rows = past.rows_at(ends, 0, past.WINDOW)
    count = len(ends.last)
    points, weights = np.full((count, horizon), np.nan), np.full((count, len(SINGLE)), np.nan)
    chosen, spread = np.full(count, -1), np.full(count, np.nan)
    kept = np.flatnonzero(rows.usable)
    if kept.size:
        logs, spread[kept] = candidates(rows.history[kept], rows.observed[kept], rows.age[kept], horizon,
                                        rows.phase[kept])
        mixed, chosen[kept] = evidence.choose(kept, rows.age[kept])
        points[kept], _ = past.mix(logs, mixed, chosen[kept])
        alone = chosen[kept] != past.COMBINATION
        mixed[alone] = np.eye(len(SINGLE))[chosen[kept][alone]]
        weights[kept] = mixed
    return points, chosen, weights, spread


def _reasons(ends: past.Ends, chosen: Ints) -> list[str | None]:
    known = np.isfinite(past.rows_at(ends, 0, past.WINDOW).history)
    few = known.sum(axis=1) < past.MIN_DAYS
    return [None if method >= 0 else "no_data" if last < 0 else "too_few_days" if short else "too_few_recent_days"
            for method, last, short in zip(chosen.tolist(), ends.last.tolist(), few.tolist(), strict=True)]


def _line(ends: past.Ends, chosen: Ints, horizon: int) -> Floats:
    value, slope = past.line_of(past.rows_at(ends, 0).totals)
    line = value[:, None] + slope[:, None] * np.arange(1.0, horizon + 1)
    return np.where((chosen >= 0)[:, None], line, np.nan)
