"""Scores of forecasts made at rolling origins, each from nothing but what was known on its day.

At an origin the panel is cut after that day and handed to `growth.forecast.forecast` as it is: without ages, without
a calibration. Its own backtest, weights and intervals therefore rest on days before the origin. What came afterwards
is compared.

A forecast is scored if the series' last reading lies at most 3 days before the origin, at least 60 % of the days since
its first reading are known (not flagged, not missing), at least half of the 30 days that came are known, and gains
differed from week to week before. MASE is the mean absolute error over the known days divided by the mean absolute
difference of gains to a week before, over all known days before the origin. Sums are differences of readings.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np
from _forecast_data import Set

from growth import backtest as past
from growth.forecast import PLAIN, Forecasts, forecast
from growth.milestones import milestone
from growth.panel import Panel

HORIZON = 30
FRESH = 3
KNOWN = 0.6
COMING = 15


@dataclass
class Scores:
    """One entry a forecast; by name for what is measured of each method."""

    mase: dict[str, list[np.ndarray]] = field(default_factory=dict)
    sums: dict[str, list[np.ndarray]] = field(default_factory=dict)
    daily: list[np.ndarray] = field(default_factory=list)
    total: list[np.ndarray] = field(default_factory=list)
    half: list[np.ndarray] = field(default_factory=list)
    origin: list[np.ndarray] = field(default_factory=list)
    series: list[np.ndarray] = field(default_factory=list)
    milestones: list[tuple[bool, float, bool]] = field(default_factory=list)

    def joined(self, kept: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Return all arrays, of the forecasts `kept`."""
        names = ("daily", "total", "half", "origin", "series")
        arrays = {name: np.concatenate(getattr(self, name)) for name in names}
        for group in ("mase", "sums"):
            arrays |= {f"{group}_{name}": np.concatenate(parts) for name, parts in getattr(self, group).items()}
        return arrays if kept is None else {name: each[kept] for name, each in arrays.items()}


@dataclass(frozen=True)
class Kind:
    """Which series are scored: days since the first reading, and days since release where that is asked."""

    name: str
    history: int
    ages: tuple[float, float] | None


SETTLED = Kind("of 200 days and more", 200, None)
YOUNG = Kind("60 to 200 days after release", 40, (60.0, 200.0))
CHART = Kind("of 60 days and more", 60, None)


def origins(data: Set, kind: Kind, step: int) -> list[int]:
    """Return the columns after which the panel is cut, the last full month backwards."""
    last = len(data.panel.days) - HORIZON
    return list(range(last, min(kind.history, 60 if kind.ages else kind.history) - 1, -step))[::-1]


def score(data: Set, kinds: tuple[Kind, ...], step: int) -> dict[str, Scores]:
    """Return the scores of each kind of series over all origins."""
    found = {kind.name: Scores() for kind in kinds}
    halves = np.array([zlib.crc32(key.encode()) % 2 for key in data.keys])
    for cut in sorted({each for kind in kinds for each in origins(data, kind, step)}):
        _score_origin(found, kinds, data, cut, halves)
    return {name: scores for name, scores in found.items() if scores.series}


def _score_origin(found: dict[str, Scores], kinds: tuple[Kind, ...], data: Set, cut: int, halves: np.ndarray) -> None:
    panel = data.panel
    known = Panel(panel.days[:cut], panel.gains[:, :cut], panel.totals[:, :cut],
                  None if panel.flags is None else panel.flags[:, :cut])
    made = forecast(known, HORIZON)
    ends = past.ends_of(known)
    # the same series, seen to the end: the origin lies 30 days before column last + 30
    later = past.Ends(panel.gains, panel.totals, ends.observed, ends.last + HORIZON, ends.first, ends.age, ends.day)
    actual, sums = _came(later, panel.gains.shape[1])
    share = np.isfinite(known.gains).sum(axis=1) / np.maximum(ends.last - ends.first + 1, 1)
    scale = past.seasonal_scales(ends)[np.arange(len(share)), np.maximum(ends.last, 0)]
    fit = ((made.chosen >= 0) & (ends.last >= cut - FRESH) & (share >= KNOWN) & (scale > 0)
           & (np.isfinite(actual).sum(axis=1) >= COMING))
    age = panel.days[cut - 1].astype(np.int64) - data.released
    rows = past.rows_at(ends, 0)
    for kind in kinds:
        kept = fit & (ends.last - ends.first + 1 >= kind.history)
        if kind.ages is not None:
            kept &= (age >= kind.ages[0]) & (age <= kind.ages[1])
        at = np.flatnonzero(kept)
        if not at.size:
            continue
        scores = found[kind.name]
        points = past.plain_forecasts(rows.history[at], rows.totals[at], HORIZON) | {"forecast": made.gains[at]}
        came = np.where(sums[at, -1] > 0, sums[at, -1], np.nan)
        for name, each in points.items():
            scores.mase.setdefault(name, []).append(past.mean_errors(each, actual[at]) / scale[at])
            scores.sums.setdefault(name, []).append(np.abs(each.sum(axis=1) - came) / came)
        scores.daily.append(_held(made.gain_bands[at], actual[at]))
        of_sums = made.total_bands[at] - made.last_total[at][:, None, None, None]
        scores.total.append(_held(of_sums[..., -1:], sums[at][:, -1:]))
        scores.half.append(halves[at])
        scores.origin.append(np.full(at.size, cut))
        scores.series.append(at)
        _milestones(scores, known, made, at, sums)


def _came(later: past.Ends, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return gains and sums after each series' last reading; days after the data's end are unknown."""
    wide = past.Ends(np.pad(later.gains, ((0, 0), (0, HORIZON)), constant_values=np.nan),
                     np.pad(later.totals, ((0, 0), (0, HORIZON)), constant_values=np.nan),
                     later.observed, np.minimum(later.last, width + HORIZON - 1), later.first, later.age, later.day)
    return past.future(wide, HORIZON, HORIZON)


def _held(bands: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """Return the share of known values within the bounds of each level, shape (n, 3)."""
    known = np.isfinite(actual)[:, None]
    with np.errstate(invalid="ignore"):
        inside = (actual[:, None] >= bands[:, :, 0]) & (actual[:, None] <= bands[:, :, 1]) & known
    count = known.sum(axis=2)
    return np.where(count > 0, inside.sum(axis=2) / np.maximum(count, 1), np.nan)


def _milestones(scores: Scores, panel: Panel, made: Forecasts, at: np.ndarray, sums: np.ndarray) -> None:
    """Take targets of every tenth series and see when they were reached.

    What is expected in two weeks tells whether the day fell in its 80 % range; what is expected in 30 days is as
    likely as not to be reached by then, and tells whether chances come true.
    """
    for row in at[::10]:
        if not np.isfinite(sums[row, -1]):
            continue
        near, far = (float(made.last_total[row] + made.gains[row, :days].sum()) for days in (14, HORIZON))
        result = milestone(panel.days, panel.totals[row], made, int(row), near)
        if result.reason is not None:
            continue
        came = np.flatnonzero(np.nan_to_num(sums[row]) >= near - made.last_total[row])
        day = made.first_day[row] + (came[0] if came.size else HORIZON)
        early, late = result.earliest, result.latest
        inside = early is not None and np.datetime64(early) <= day and (late is None or day <= np.datetime64(late))
        chance = milestone(panel.days, panel.totals[row], made, int(row), far).chance_30
        scores.milestones.append((bool(inside), float(chance or 0.0),
                                  bool(sums[row, -1] >= far - made.last_total[row])))


def ratio_to_best(arrays: dict[str, np.ndarray]) -> tuple[float, str]:
    """Return the forecast's median MASE over the best plain one's, and that one's name."""
    middle = {name: float(np.nanmedian(arrays[f"mase_{name}"])) for name in PLAIN}
    best = min(middle, key=middle.__getitem__)
    return float(np.nanmedian(arrays["mase_forecast"])) / middle[best], best
