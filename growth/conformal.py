"""Intervals from the errors of past forecasts: split conformal prediction, pooled by age and horizon.

A score is the log of what came over what was forecast, ``log((1 + actual) / (1 + forecast))``, divided by the
series' own spread (`growth._smoothing.spread`), so that calm and restless series can share their errors (normalised
conformal scores, Papadopoulos et al. 2008). Scores of daily gains and of sums of the first h days are kept apart: a
sum is not as uncertain as its days added up, nor are its days independent. Quantiles of both sides are taken
separately, since gains leap up and fade down.

With n independent forecasts behind them, quantiles move outwards by ``(n + 1) / n`` (Lei et al. 2018). A weak prior,
Student's t with 4 degrees of freedom growing with the square root of the horizon, stands for `PRIOR_ROWS` forecasts:
alone with few errors, an interval is wide and finite. Days further ahead than any forecast was tested widen by the
square root of the horizon.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from growth.backtest import AGE_GROUPS, COMBINATION

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ANCHORS = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 150, 180)
"""Days ahead at which quantiles are kept; between them they are interpolated over the log of the days."""
GRID = np.arange(1, 100) / 100.0
"""Probabilities at which quantiles of scores are kept."""
KINDS = ("daily", "sums")
ENOUGH_ROWS = 8
"""Forecasts an anchor needs to speak for itself."""
PRIOR_ROWS = 8.0
"""Independent forecasts the prior stands for."""
SHARED_ROWS = 20.0
"""Forecasts of other age groups that count at most in a group short of its own."""
PRIOR_SIZE = (0.7, 0.5)
"""Standard size of the prior's scores one week ahead over sqrt(2), for daily gains and for sums."""
SPREAD_FLOOR = 0.25
"""Least spread of a series, as a share of its group's median: a series that stood still may still move."""
SPREAD_DEFAULT = 0.1
"""Spread where nothing at all is known of it."""
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Calibration:
    """What past forecasts teach about intervals and methods; g age groups, a anchors, q probabilities.

    Attributes
    ----------
    scores : ndarray, shape (2, g, a, q)
        Quantiles of scores at `GRID`, for daily gains and for sums; NaN where there are no errors.
    rows : ndarray, shape (2, g, a)
        Forecasts behind them: one for each series and origin.
    effective : ndarray, shape (2, g, a)
        How many independent forecasts these are worth, since series move together (`_independent`).
    tested : ndarray of int, shape (g,)
        Days ahead up to which there were errors; further anchors are widened from there.
    spreads : ndarray, shape (g,)
        Median spread of the series.
    method_errors : ndarray, shape (g, m + 1)
        Mean log error of the methods and of their combination, relative to the methods' mean.
    method_rows : ndarray, shape (g,)
        Forecasts behind them.
    """

    scores: Floats
    rows: Floats
    effective: Floats
    tested: Ints
    spreads: Floats
    method_errors: Floats
    method_rows: Floats

    def to_dict(self) -> dict[str, Any]:
        """Return the calibration as what JSON can hold."""
        def plain(values: NDArray[Any]) -> Any:
            return [plain(each) for each in values] if values.ndim > 1 else [
                None if np.isnan(each) else round(float(each), 6) for each in values]
        return {"format": FORMAT, "scores": plain(self.scores), "rows": plain(self.rows),
                "effective": plain(self.effective), "tested": self.tested.tolist(), "spreads": plain(self.spreads),
                "method_errors": plain(self.method_errors), "method_rows": plain(self.method_rows)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Calibration:
        """Return a calibration from what `to_dict` gave.

        Raises
        ------
        ValueError
            If it was stored by another version or its shapes are not those of this one.
        """
        if stored.get("format") != FORMAT:
            raise ValueError(f"calibration has format {stored.get('format')!r}, {FORMAT} is accepted; calibrate again")
        def array(name: str) -> Floats:
            return np.array(stored[name], dtype=np.float64)
        found = cls(array("scores"), array("rows"), array("effective"), np.array(stored["tested"], dtype=np.int64),
                    array("spreads"), array("method_errors"), array("method_rows"))
        wanted = nothing_known()
        for name in cls.__dataclass_fields__:
            shape, expected = getattr(found, name).shape, getattr(wanted, name).shape
            if shape != expected:
                raise ValueError(f"calibration's {name} has shape {shape}, {expected} is accepted; calibrate again")
        return found


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of the forecasts of one origin, NaN where nothing came: daily and sums of shape (n, h), groups (n,)."""

    offset: int
    daily: Floats
    sums: Floats
    groups: Ints


def nothing_known() -> Calibration:
    """Return a calibration without any errors."""
    groups = len(AGE_GROUPS)
    rows = np.zeros((2, groups, len(ANCHORS)))
    return Calibration(np.full((2, groups, len(ANCHORS), GRID.size), np.nan), rows, rows.copy(),
                       np.zeros(groups, np.int64), np.full(groups, np.nan), np.zeros((groups, COMBINATION + 1)),
                       np.zeros(groups))


def scores_of(forecast: Floats, actual: Floats, spread: Floats) -> Floats:
    """Return ``log((1 + actual) / (1 + forecast)) / spread`` of the rows, NaN where `actual` is."""
    return (np.log1p(np.maximum(actual, 0.0)) - np.log1p(forecast)) / spread[:, None]


def settled_spread(spread: Floats, groups: Ints, known: Floats) -> Floats:
    """Return spreads with a floor from their group, and the group's where a series shows none, shape (n,).

    `known` are the groups' medians, shape (g,); a group without one takes that of all.
    """
    anything = np.nanmedian(known) if np.isfinite(known).any() else np.nan
    typical = np.where(np.isfinite(known), known, anything)[groups]
    typical = np.where(np.isfinite(typical) & (typical > 0), typical, SPREAD_DEFAULT)
    return np.maximum(np.where(np.isfinite(spread), spread, typical), SPREAD_FLOOR * typical)


def group_medians(spread: Floats, groups: Ints) -> Floats:
    """Return the median spread of each age group, NaN where no series has one."""
    usable = np.isfinite(spread) & (spread > 0)
    return np.array([np.median(spread[usable & (groups == each)]) if (usable & (groups == each)).any() else np.nan
                     for each in range(len(AGE_GROUPS))])


def calibrate(scored: list[Scored], now: int, other: Calibration) -> Calibration:
    """Return what was known `now` days before the last reading; `other` has what scores do not tell.

    Of an origin `k` days before `now` only the first k days count.
    """
    found = nothing_known()
    for anchor, (low, high) in enumerate(_spans()):
        day = ANCHORS[anchor]
        over = [(each, min(each.daily.shape[1], each.offset - now)) for each in scored]
        over = [(each, known) for each, known in over if known >= day]
        for group in range(len(AGE_GROUPS)):
            daily = [each.daily[each.groups == group, low - 1:min(high, known)] for each, known in over]
            sums = [each.sums[each.groups == group, day - 1:day] for each, _ in over]
            for kind, parts in enumerate((daily, sums)):
                if _fill(found, (kind, group, anchor), parts):
                    found.tested[group] = max(found.tested[group], day)
    for at in np.ndindex(2, len(AGE_GROUPS)):
        _widen(found.scores[at], found.rows[at], found.effective[at])
    return Calibration(found.scores, found.rows, found.effective, found.tested, other.spreads, other.method_errors,
                       other.method_rows)


def _fill(found: Calibration, at: tuple[int, int, int], parts: list[Floats]) -> bool:
    """Fill in one anchor from the scores of each origin; return whether there are enough."""
    parts = [part[np.isfinite(part).any(axis=1)] for part in parts]
    rows = sum(len(part) for part in parts)
    if rows < ENOUGH_ROWS:
        return False
    values = np.concatenate([part[np.isfinite(part)] for part in parts])
    found.scores[at], found.rows[at] = np.quantile(values, GRID), rows
    found.effective[at] = _independent([part for part in parts if len(part)], np.sort(values))
    return True


def _independent(parts: list[Floats], ordered: Floats) -> float:
    """Return how many independent forecasts the rows of several origins are worth.

    ``n / (1 + (m - 1) * r)`` with m rows an origin and r the share of the variance of the scores' ranks that lies
    between origins (Kish's design effect): in a month in which all series were overestimated, each of them teaches
    little that the others did not. One origin alone cannot tell, and counts as if r were a half.
    """
    rows = sum(len(part) for part in parts)
    size = rows / len(parts)
    if size <= 1:
        return float(rows)
    means = np.array([np.nanmean(np.searchsorted(ordered, part[np.isfinite(part)]) / ordered.size) for part in parts])
    # ranks are uniform: variance 1/12, of which the rows of an origin leave 1/12 / m in its mean by chance
    share = 0.5 if len(parts) < 2 else float(np.clip(12 * means.var(ddof=1) - 1 / size, 0.0, 1.0))
    return rows / (1.0 + (size - 1.0) * share)


def _spans() -> list[tuple[int, int]]:
    """Return for each anchor the first and last day ahead whose daily scores it stands for."""
    edges = [1, *(int(np.sqrt(a * b)) + 1 for a, b in zip(ANCHORS[:-1], ANCHORS[1:], strict=True)), ANCHORS[-1] + 1]
    return [(min(low, anchor), max(high - 1, anchor))
            for low, high, anchor in zip(edges[:-1], edges[1:], ANCHORS, strict=True)]


def _widen(scores: Floats, rows: Floats, effective: Floats) -> None:
    """Fill anchors without scores, in place, from the last one before, by the square root of the days."""
    for anchor in range(1, len(ANCHORS)):
        if np.isnan(scores[anchor, 0]) and not np.isnan(scores[anchor - 1, 0]):
            scores[anchor] = scores[anchor - 1] * np.sqrt(ANCHORS[anchor] / ANCHORS[anchor - 1])
            rows[anchor], effective[anchor] = rows[anchor - 1], effective[anchor - 1]


def merged(first: Calibration, second: Calibration) -> Calibration:
    """Return what two calibrations know together; quantiles are of the mixture, weighted by forecasts."""
    scores, rows = np.full_like(first.scores, np.nan), first.rows + second.rows
    for at in np.ndindex(first.rows.shape):
        scores[at] = _mixture([(first.scores[at], float(first.rows[at])), (second.scores[at], float(second.rows[at]))],
                              GRID)
    weights = np.stack([first.method_rows, second.method_rows])
    total = weights.sum(axis=0)
    errors = (first.method_errors * weights[0][:, None] + second.method_errors * weights[1][:, None])
    spreads = np.where(np.isfinite(second.spreads), second.spreads, first.spreads)
    return Calibration(scores, rows, first.effective + second.effective, np.maximum(first.tested, second.tested),
                       spreads, errors / np.maximum(total, 1e-9)[:, None], total)


def _mixture(parts: list[tuple[Floats, float]], probabilities: Floats) -> Floats:
    """Return quantiles of a mixture of samples known by their quantiles at `GRID`; NaN if there is none."""
    known = [(values, weight) for values, weight in parts if weight > 0 and np.isfinite(values).all()]
    if not known:
        return np.full(probabilities.shape, np.nan)
    values = np.concatenate([one for one, _ in known])
    weights = np.concatenate([np.full(one.size, weight / one.size) for one, weight in known])
    order = np.argsort(values, kind="stable")
    middle = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    # GRID leaves out a hundredth: with one sample alone this gives its quantiles back
    return np.interp(probabilities, GRID[0] / 2 + GRID[-1] * middle, values[order])


class Quantiles:
    """Quantiles of scores with prior and finite-sample correction, looked up by group, days ahead and probability."""

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration
        self.prior = _prior()

    def at(self, kind: str, group: int, days: Floats, probabilities: Floats) -> Floats:
        """Return scores, shape (p, h), for days ahead (1 and more) and probabilities strictly between 0 and 1."""
        number = KINDS.index(kind)
        table = np.stack([self._scores(number, group, anchor, probabilities) for anchor in range(len(ANCHORS))], axis=1)
        beyond = np.sqrt(np.maximum(days / ANCHORS[-1], 1.0))
        spans = np.log(np.array(ANCHORS, dtype=np.float64))
        return np.stack([np.interp(np.log(days), spans, column) * beyond for column in table])

    def _scores(self, kind: int, group: int, anchor: int, probabilities: Floats) -> Floats:
        """Return scores at one anchor, shape (p,): of the group, of others where it is short of its own, and prior."""
        found = self.calibration
        own = float(found.rows[kind, group, anchor])
        parts = [(found.scores[kind, group, anchor], own), (self.prior[kind, anchor], PRIOR_ROWS)]
        others = float(found.rows[kind, :, anchor].sum()) - own
        if others > 0 and own < SHARED_ROWS:
            share = min(SHARED_ROWS - own, others) / others
            parts += [(found.scores[kind, each, anchor], share * float(found.rows[kind, each, anchor]))
                      for each in range(len(AGE_GROUPS)) if each != group]
        worth = float(found.effective[kind, group, anchor]) + PRIOR_ROWS
        return _mixture(parts, np.clip(0.5 + (probabilities - 0.5) * (worth + 1) / worth, 0.0, 1.0))


def _prior() -> Floats:
    """Return the prior's quantiles at `GRID` for both kinds and all anchors, shape (2, a, q)."""
    from scipy.special import stdtrit

    growth = np.sqrt(1.0 + np.array(ANCHORS) / 7.0)
    return np.array(PRIOR_SIZE)[:, None, None] * growth[:, None] * stdtrit(4.0, GRID)
