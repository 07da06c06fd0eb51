"""Going through the past: forecasts and intervals as of each origin, and how they fared.

The oldest origin comes first; each is forecast with the weights, and given the intervals, that were known on its day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from growth import backtest as past
from growth import conformal
from growth._smoothing import known_median
from growth.conformal import Calibration, Quantiles

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVELS = (0.5, 0.8, 0.95)
"""Shares of future days an interval is meant to hold."""
PLAIN = ("naive", "seasonal_naive", "line", "mean28")
"""What a forecast is compared with: last gain, last week, slope of a line through the totals, mean of 28 days."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """Past forecasts of s series as of o origins, h days each, by what was known then.

    Attributes
    ----------
    offsets : ndarray of int, shape (o,)
        Days between an origin and the series' last reading, falling.
    origins : ndarray of datetime64[D], shape (s, o)
        Last day known to each forecast; NaT where there was none.
    points, actuals : ndarray, shape (s, o, h)
        Gains forecast and gains that came; NaN where there is none.
    bands : ndarray, shape (s, o, 2, h)
        80 % intervals of the gains.
    mase : dict of str to ndarray, shape (s,)
        Mean absolute scaled error of ``forecast`` and of each of `PLAIN`, mean over the origins; NaN without one.
    line_error, sum_error : ndarray, shape (s,)
        Median over origins of the relative error of the sum of all h days: of the line's slope, and of the forecast.
    coverage, sum_coverage : ndarray, shape (s, 3)
        Share of days, and of sums up to each day, within the intervals of `LEVELS`.
    count : ndarray of int, shape (s,)
        Origins behind ``mase``.
    """

    offsets: Ints
    origins: NDArray[np.datetime64]
    points: Floats
    actuals: Floats
    bands: Floats
    mase: dict[str, Floats]
    line_error: Floats
    sum_error: Floats
    coverage: Floats
    sum_coverage: Floats
    count: Ints


# The backtest -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Run:
    """One origin of n series: what was tried, what was forecast then, and the scores it leaves.

    Attributes
    ----------
    tested : Tested
        Without the candidates' forecasts, which are large and no longer needed.
    points : ndarray, shape (n, h)
    combined_error : ndarray, shape (n,)
        Log error of the combination, as ``tested.errors``.
    plain_scores : ndarray, shape (n, h)
        Scores by the plain spread, from which the size of a series' own errors is learnt.
    scored : Scored
    bands : ndarray, shape (n, 2, h)
        80 % intervals.
    within, sums_within : ndarray, shape (n, 3)
        Share of days, and of sums, within the intervals of `LEVELS`.
    """

    tested: past.Tested
    points: Floats
    combined_error: Floats
    plain_scores: Floats
    scored: conformal.Scored
    bands: Floats
    within: Floats
    sums_within: Floats


@dataclass(slots=True)
class Runs:
    """All origins tried, the oldest first, and what they teach about methods."""

    runs: list[Run]
    evidence: past.Evidence


def run_backtest(ends: past.Ends, horizon: int, prior: Calibration) -> Runs:
    """Try all origins, the oldest first, each with the weights and intervals that were known on its day."""
    scales = past.seasonal_scales(ends)
    new_evidence = partial(past.Evidence, len(ends.last), prior.method_errors, prior.method_rows)
    runs: list[Run] = []
    for offset in sorted(past.offsets_for(ends, horizon), reverse=True):
        tested = past.backtest_origin(ends, scales, offset, horizon)
        if tested is None:
            continue
        known = [run for run in runs if run.tested.offset - offset >= min(past.JUDGED_DAYS, horizon)]
        evidence = _evidence(new_evidence(), known, horizon)
        runs.append(_tried(tested, evidence, runs, prior))
    return Runs(runs, _evidence(new_evidence(), runs, horizon))


def _evidence(evidence: past.Evidence, runs: list[Run], horizon: int) -> past.Evidence:
    for run in runs:
        evidence.add(run.tested, run.combined_error, horizon)
        evidence.add_sizes(run.tested, run.plain_scores)
    return evidence


def _tried(tested: past.Tested, evidence: past.Evidence, before: list[Run], prior: Calibration) -> Run:
    groups = past.age_groups(tested.age)
    weights, chosen = evidence.choose(tested.rows, tested.age)
    points, combined = past.mix(tested.logs, weights, chosen)
    medians = conformal.group_medians(tested.spread, groups)
    spread = conformal.settled_spread(tested.spread, groups, np.where(np.isfinite(medians), medians, prior.spreads))
    plain_scores = conformal.scores_of(points, tested.actual, spread)
    spread = spread * evidence.own_size(tested.rows)
    sums = np.cumsum(points, axis=1)
    # by the same rule as errors of methods: a stretch of which little is known is no error
    known = np.isfinite(tested.errors).all(axis=1, keepdims=True)
    scored = conformal.Scored(
        tested.offset, np.where(known, conformal.scores_of(points, tested.actual, spread), np.nan),
        np.where(known, conformal.scores_of(sums, tested.sums, spread), np.nan), groups)
    own = conformal.calibrate([run.scored for run in before], tested.offset, conformal.nothing_known())
    quantiles = Quantiles(conformal.merged(prior, own))
    bands = bands_of(points, spread, groups, quantiles, "daily")
    sum_bands = bands_of(sums, spread, groups, quantiles, "sums")
    return Run(replace(tested, logs=tested.logs[:0]), points, past.relative_error(tested, combined, points.shape[1]),
               plain_scores, scored, bands[:, LEVELS.index(0.8)].copy(), _share_within(bands, tested.actual),
               _share_within(sum_bands, tested.sums))


def calibration_of(runs: Runs, prior: Calibration) -> Calibration:
    """Return what the panel's own backtest teaches."""
    newest = runs.runs[-1] if runs.runs else None
    medians = prior.spreads if newest is None else conformal.group_medians(
        newest.tested.spread, past.age_groups(newest.tested.age))
    group_rows = runs.evidence.group_rows - prior.method_rows
    errors = runs.evidence.group - prior.method_errors * prior.method_rows[:, None]
    known = conformal.nothing_known()
    rest = Calibration(known.scores, known.rows, known.effective, known.tested, medians,
                       errors / np.maximum(group_rows, 1e-9)[:, None], group_rows)
    return conformal.calibrate([run.scored for run in runs.runs], 0, rest)


def reported(ends: past.Ends, runs: Runs, horizon: int) -> Backtest:
    """Lay the origins side by side and average their errors."""
    count, origins = len(ends.last), len(runs.runs)
    offsets = np.array([run.tested.offset for run in runs.runs], dtype=np.int64)
    shape = count, origins, horizon
    points, actuals = np.full(shape, np.nan), np.full(shape, np.nan)
    bands = np.full((count, origins, 2, horizon), np.nan)
    mase = {name: np.full((count, origins), np.nan) for name in ("forecast", *PLAIN)}
    sums = {name: np.full((count, origins), np.nan) for name in ("forecast", "line")}
    within = np.full((2, count, origins, len(LEVELS)), np.nan)
    for at, run in enumerate(runs.runs):
        rows, tested = run.tested.rows, run.tested
        points[rows, at], actuals[rows, at], bands[rows, at] = run.points, tested.actual, run.bands
        within[0, rows, at] = run.within
        within[1, rows, at] = run.sums_within
        if tested.offset < min(horizon, past.JUDGED_DAYS):
            continue
        plain = past.rows_at(ends, tested.offset)
        all_points = past.plain_forecasts(plain.history[rows], plain.totals[rows], horizon) | {"forecast": run.points}
        scale = np.where(tested.scale > 0, tested.scale, np.nan)
        for name, each in all_points.items():
            mase[name][rows, at] = past.mean_errors(each, tested.actual) / scale
            if name in sums:
                came = np.where(tested.sums[:, -1] > 0, tested.sums[:, -1], np.nan)
                sums[name][rows, at] = np.abs(each.sum(axis=1) - came) / came
    days = ends.day[:, None] - offsets
    return Backtest(
        offsets=offsets, points=points, actuals=actuals, bands=bands,
        origins=np.where(np.isfinite(points).any(axis=2), days.astype("datetime64[D]"), np.datetime64("NaT", "D")),
        mase={name: _mean(values) for name, values in mase.items()}, line_error=_median(sums["line"]),
        sum_error=_median(sums["forecast"]), coverage=_mean(within[0]), sum_coverage=_mean(within[1]),
        count=np.isfinite(mase["forecast"]).sum(axis=1))


def _share_within(bands: Floats, actual: Floats) -> Floats:
    """Return the share of known values within bounds, shape (n, 3)."""
    known = np.isfinite(actual)
    inside = (actual[:, None] >= bands[:, :, 0]) & (actual[:, None] <= bands[:, :, 1])
    count = known.sum(axis=1)[:, None]
    return np.where(count > 0, inside.sum(axis=2) / np.maximum(count, 1), np.nan)


def _mean(values: Floats) -> Floats:
    """Return the mean over axis 1 of what is known, NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _median(values: Floats) -> Floats:
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    return known_median(values, np.full(len(values), np.nan))


# Intervals -----------------------------------------------------------------------------------------------------------


def quantiles_of(points: Floats, spread: Floats, groups: Ints, quantiles: Quantiles, kind: str,
                 probabilities: Floats) -> Floats:
    """Return quantiles around points of shape (s, h): shape (s, p, h), rising with p, sums also with the day."""
    days = np.arange(1.0, points.shape[1] + 1)
    out = np.full((len(points), probabilities.size, points.shape[1]), np.nan)
    for group in np.unique(groups):
        rows = groups == group
        scores = np.sort(quantiles.at(kind, int(group), days, probabilities), axis=0)
        logs = np.log1p(points[rows])[:, None] + spread[rows][:, None, None] * scores
        out[rows] = np.maximum(np.expm1(np.minimum(logs, 700.0)), 0.0)
    return np.maximum.accumulate(out, axis=2) if kind == "sums" else out


def bands_of(points: Floats, spread: Floats, groups: Ints, quantiles: Quantiles, kind: str) -> Floats:
    """Return bounds by `LEVELS` around points, shape (s, 3, 2, h); the point is always within."""
    sides = np.array([(1 - level) / 2 for level in LEVELS] + [(1 + level) / 2 for level in LEVELS])
    order = np.argsort(sides)
    found = np.empty((len(points), sides.size, points.shape[1]))
    found[:, order] = quantiles_of(points, spread, groups, quantiles, kind, sides[order])
    low, high = found[:, :len(LEVELS)], found[:, len(LEVELS):]
    return np.stack([np.minimum(low, points[:, None]), np.maximum(high, points[:, None])], axis=2)
