"""Tracks that weights never saw: what a raw score is calibrated by and an answer is compared with.

Task: turn a trained model's raw log-odds and distance into a `Judgement`: calibrated, with an interval, a percentile
and how strange the track is. Used alike by every part that is trained on an operator's own tracks.

Conventions: the interval is of the calibration alone: the middle 80 % of `REPEATS` calibrations, each fitted on as many
artists drawn with replacement; how else the weights might have come out is not in it. Percentiles and strangeness are
ranks among the tracks kept apart, ties count half.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hits import calibration
from hits.judgement import Judgement, logit, ranked
from hits.scoring import percentile
from support.errors import DataError

Floats = NDArray[np.float64]
REPEATS = 60
NEIGHBOURS = 5
MIDDLE = (10, 90)
"""Percentiles that bound an 80 % interval."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of the tracks kept apart.

    Attributes
    ----------
    lines : ndarray, (1 + repeats, 2)
        Slope and intercept of the calibration, then those of drawn artists.
    base_rate : float
        Share of hits in what it was fitted on.
    scores, distances : ndarray, (n,)
        Calibrated log-odds and distances of the tracks kept apart, ascending.
    """

    lines: Floats
    base_rate: float
    scores: Floats
    distances: Floats

    def calibrated(self, raw: Any) -> Floats:
        """Return calibrated log-odds of raw ones."""
        return calibration.Platt(*map(float, self.lines[0]))(raw)

    def evidence(self, raw: float) -> float:
        """Return calibrated log-odds relative to the base rate."""
        return float(self.calibrated(raw)) - logit(self.base_rate)

    def judgement(self, part: str, raw: float, distance: float | None, facts: Mapping[str, Any],
                  contributions: Mapping[str, float] | None = None) -> Judgement:
        """Return what a part says of one track; a distance of None leaves strangeness unknown."""
        every = [float(calibration.Platt(*map(float, line))(raw)) for line in self.lines]
        found, (low, high) = every[0], np.percentile(every, MIDDLE)
        low, high = min(float(low), found), max(float(high), found)
        named = ranked(contributions, found - logit(self.base_rate)) if contributions is not None else ()
        return Judgement(part, found, self.base_rate, low, high, percentile(self.scores, found), self.strange(distance),
                         named, dict(facts), percentile_low=percentile(self.scores, low),
                         percentile_high=percentile(self.scores, high))

    def strange(self, distance: float | None) -> float | None:
        """Return the share, 0 to 1, of the tracks kept apart that are nearer to the training data; None if unknown."""
        return None if distance is None or not len(self.distances) else percentile(self.distances, distance) / 100

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `of_arrays` needs."""
        return {"kept_lines": self.lines, "kept_rate": np.array([self.base_rate]), "kept_scores": self.scores,
                "kept_distances": self.distances}


def of_arrays(arrays: Mapping[str, NDArray[Any]]) -> Kept:
    """Return what `Kept.arrays` gave.

    Raises
    ------
    ValueError
        If something is missing, of another shape or no number.
    """
    names = ("kept_lines", "kept_rate", "kept_scores", "kept_distances")
    if any(name not in arrays or not np.isfinite(arrays[name]).all() for name in names):
        raise ValueError("kept")
    lines, rate, scores, distances = (np.asarray(arrays[name], float) for name in names)
    if lines.ndim != 2 or lines.shape[1] != 2 or not len(lines) or rate.shape != (1,) or scores.ndim != 1:
        raise ValueError("kept")
    return Kept(lines, float(rate[0]), scores, distances)


def keep(raw: Any, labels: Any, artists: Any, *, others: Any = (), distances: Any = (),
         seed: int = 0) -> Kept:
    """Calibrate and remember.

    Parameters
    ----------
    raw, labels : array_like, (n,)
        Raw log-odds and labels of tracks whose artists the weights never saw; for the calibration.
    artists : array_like, (n,)
        What is drawn together.
    others : array_like, (m,)
        Raw log-odds of further such tracks (the test side), for percentiles only.
    distances : array_like
        Distances of all of them from the training data.

    Raises
    ------
    DataError
        ``hit_calibration.few``.
    """
    raw, labels = np.asarray(raw, float), np.asarray(labels, float)
    line = _line(raw, labels)
    _, owner = np.unique(np.asarray(artists, dtype=str), return_inverse=True)
    random = np.random.default_rng(seed)
    drawn = [_drawn(raw, labels, owner, random) for _ in range(REPEATS)]
    lines = np.array([line, *(each for each in drawn if each is not None)])
    scores = calibration.Platt(*line)(np.concatenate([raw, np.asarray(others, float)]))
    return Kept(lines, float(labels.mean()), np.sort(scores), np.sort(np.asarray(distances, float)))


def distances(found: NDArray[Any], known: NDArray[Any]) -> Floats:
    """Return the mean distance of each row to its `NEIGHBOURS` nearest known ones, (n,)."""
    nearest = min(NEIGHBOURS, len(known))
    return np.array([np.sqrt(np.partition(np.square(known - row).sum(axis=1), nearest - 1)[:nearest]).mean()
                     for row in found], np.float64)


def _line(raw: Floats, labels: Floats) -> tuple[float, float]:
    found = calibration.fit("platt", raw, labels)
    assert isinstance(found, calibration.Platt)
    return found.slope, found.intercept


def _drawn(raw: Floats, labels: Floats, owner: NDArray[Any], random: np.random.Generator) -> tuple[float, float] | None:
    """Return the calibration of artists drawn with replacement; None where too few of a class came up."""
    picked = random.integers(0, owner.max() + 1, owner.max() + 1)
    rows = np.concatenate([np.flatnonzero(owner == each) for each in picked])
    try:
        return _line(raw[rows], labels[rows])
    except DataError:
        return None
