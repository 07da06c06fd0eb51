"""Career stage and growth class of artists, on one platform, among all artists in the database.

Stage
-----
The percentile of an artist's recent gain (mean gain per day of the last 30 days) among all artists with one, those
without left out: 100 * (artists below + half of those equal, the artist included) / artists, the mid-rank percentile.
Bounds are lower bounds: 50 developing, 85 mid_level, 95 mainstream, 99 superstar, undiscovered below. With fewer than
50 artists a percentile of 99 cannot be told from one of 95, so only the rank is given.

Growth
------
Mean gain of the last 30 days less that of the last 60, which contain them, as a z-score among the artists of the same
stage: (difference - mean of the stage) / standard deviation of the stage (ddof=0), the artist included. Under 50
artists all of the platform take the stage's place. Classes: explosive from 8, high from 3, growth from 1, steady from
-1, decline below -1. A z-score among n artists cannot exceed sqrt(n - 1) (Samuelson 1968, Journal of the American
Statistical Association 63, 1522-1525), so explosive takes a stage of 65 at least: `highest_z` says how far it can go.

Every number of this arithmetic is kept in the result, so that a screen can show it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from growth.panel import Floats, Ints

MIN_ARTISTS = 50
"""Artists for a percentile: with fewer, one artist is more than two of its points."""
MIN_OTHERS = 10
"""Other artists in the stage for a z-score: with fewer, one of them decides the spread."""
STAGES = ("undiscovered", "developing", "mid_level", "mainstream", "superstar")
"""From the lowest percentile to the highest; indices of `Stages.stage`."""
STAGE_BOUNDS = (50.0, 85.0, 95.0, 99.0)
"""Lowest percentile of each stage but the first."""
CLASSES = ("decline", "steady", "growth", "high", "explosive")
"""From the lowest z to the highest; indices of `Stages.growth`."""
CLASS_BOUNDS = (-1.0, 1.0, 3.0, 8.0)
"""Lowest z of each class but the first."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One artist's stage and growth class on one platform; None where absent. See `Stages`."""

    mean_30: float | None
    mean_60: float | None
    rank: int | None
    of: int
    percentile: float | None
    stage: str | None
    stage_reason: str | None
    difference: float | None
    stage_mean: float | None
    stage_std: float | None
    stage_n: int
    highest_z: float | None
    z: float | None
    growth: str | None
    growth_reason: str | None


@dataclass(frozen=True, slots=True)
class Stages:
    """Stages and growth classes of a artists on one platform.

    Attributes
    ----------
    mean_30, mean_60 : ndarray of float, shape (a,)
        Mean gain per day of the last 30 and 60 days, as handed in.
    rank : ndarray of int64, shape (a,)
        Place by `mean_30`, 1 the highest, equal ones share the best; 0 without a mean.
    of : int
        Artists with a mean.
    percentile : ndarray of float, shape (a,)
        Mid-rank percentile, 0 to 100; NaN under 50 artists.
    stage : ndarray of int64, shape (a,)
        Index into `STAGES`, -1 without.
    stage_reason : tuple of (str or None), length a
        no_recent_gain (no mean of 30 days) or too_few_artists.
    difference : ndarray of float, shape (a,)
        ``mean_30 - mean_60``.
    stage_mean, stage_std : ndarray of float, shape (a,)
        Mean and population standard deviation of the differences among the artists compared with.
    stage_n : ndarray of int64, shape (a,)
        Number of these artists, the artist included.
    z : ndarray of float, shape (a,)
        ``(difference - stage_mean) / stage_std``.
    growth : ndarray of int64, shape (a,)
        Index into `CLASSES`, -1 without.
    growth_reason : tuple of (str or None), length a
        no_recent_gain (no mean of 30 or 60 days), too_few_in_stage (fewer than 10 others) or no_spread.
    """

    mean_30: Floats
    mean_60: Floats
    rank: Ints
    of: int
    percentile: Floats
    stage: Ints
    stage_reason: tuple[str | None, ...]
    difference: Floats
    stage_mean: Floats
    stage_std: Floats
    stage_n: Ints
    z: Floats
    growth: Ints
    growth_reason: tuple[str | None, ...]

    def standing(self, artist: int) -> Standing:
        """Return one artist's numbers as a screen shows them."""
        n = int(self.stage_n[artist])
        stage, growth = int(self.stage[artist]), int(self.growth[artist])
        return Standing(
            _known(self.mean_30[artist]), _known(self.mean_60[artist]), int(self.rank[artist]) or None, self.of,
            _known(self.percentile[artist]), STAGES[stage] if stage >= 0 else None, self.stage_reason[artist],
            _known(self.difference[artist]), _known(self.stage_mean[artist]), _known(self.stage_std[artist]), n,
            float(np.sqrt(n - 1)) if n else None, _known(self.z[artist]),
            CLASSES[growth] if growth >= 0 else None, self.growth_reason[artist])


def stages_of(mean_30: Floats, mean_60: Floats) -> Stages:
    """Return stage and growth class of all artists of one platform.

    Parameters
    ----------
    mean_30, mean_60 : array-like of float, shape (a,)
        Mean gain per day of the last 30 and 60 days; NaN where absent, as `growth.metrics.panel_metrics` gives them
        for a panel of one series an artist.

    Raises
    ------
    ValueError
        If the two differ in length.
    """
    mean_30, mean_60 = np.asarray(mean_30, np.float64), np.asarray(mean_60, np.float64)
    if mean_30.shape != mean_60.shape or mean_30.ndim != 1:
        raise ValueError(f"mean_30 has shape {mean_30.shape}, mean_60 {mean_60.shape}; give a value an artist in each")
    known = ~np.isnan(mean_30)
    rank, percentile = _placed(mean_30, known)
    of = int(known.sum())
    enough = of >= MIN_ARTISTS
    percentile = percentile if enough else np.full(mean_30.shape, np.nan)
    stage = np.where(known & enough, np.searchsorted(STAGE_BOUNDS, percentile, side="right"), -1)
    difference = mean_30 - mean_60
    mean, std, n = _among(difference, stage, known)
    # equal differences leave rounding, not a spread
    flat = ~(std > 1e-12 * np.maximum(np.abs(mean_30), np.abs(mean)))
    absent = [np.isnan(difference), n <= MIN_OTHERS, flat]
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(np.logical_or.reduce(absent), np.nan, (difference - mean) / std)
    growth = np.where(np.isnan(z), -1, np.searchsorted(CLASS_BOUNDS, z, side="right"))
    return Stages(mean_30, mean_60, rank, of, percentile, stage,
                  _named([~known, known & (not enough)], ["no_recent_gain", "too_few_artists"]),
                  difference, mean, std, n, z, growth,
                  _named(absent, ["no_recent_gain", "too_few_in_stage", "no_spread"]))


def _placed(values: Floats, known: NDArray[np.bool_]) -> tuple[Ints, Floats]:
    """Return rank (1 the highest, 0 unknown) and mid-rank percentile (NaN unknown)."""
    ordered = np.sort(values[known])
    below, until = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    percentile = np.full(values.shape, np.nan)
    percentile[known] = 50.0 * (below[known] + until[known]) / max(1, ordered.size)
    return np.where(known, ordered.size - until + 1, 0), percentile


def _among(difference: Floats, stage: Ints, known: NDArray[np.bool_]) -> tuple[Floats, Floats, Ints]:
    """Return mean, population standard deviation and number of the differences of each artist's stage."""
    mean, std = np.full(stage.shape, np.nan), np.full(stage.shape, np.nan)
    n = np.zeros(stage.shape, np.int64)
    for each in np.unique(stage[known]):  # -1 under 50 artists: all of the platform
        here = known & (stage == each)
        values = difference[here & ~np.isnan(difference)]
        n[here] = values.size
        if values.size:
            mean[here], std[here] = values.mean(), values.std()
    return mean, std, n


def _named(conditions: list[NDArray[np.bool_]], names: list[str]) -> tuple[str | None, ...]:
    """Return for each artist the name of the first condition that holds."""
    index = np.select(conditions, list(range(1, len(names) + 1)), 0)
    return tuple((None, *names)[place] for place in index)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
