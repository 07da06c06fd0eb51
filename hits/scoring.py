"""How good probabilities are: order, precision, error and calibration, with intervals that know of artists.

Source of the metrics: ROC area as the Mann-Whitney statistic (Hanley & McNeil 1982); average precision; Brier (1950);
expected calibration error over bins of equal width (Naeini et al. 2015). Conventions: labels are 0 or 1,
probabilities 0 to 1, both (n,); weights count rows. What is undefined (no row, one class) is NaN, never a guess.

Metrics: `auc`, `pr_auc`, `brier`, `ece`; `scores` gives them all; `reliability` the bins behind `ece`;
`interval` a bootstrap over whole artists, because tracks of one artist resemble each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Metric = Callable[[Any, Any, Any], float]
BINS = 10
REPEATS = 400
"""Bootstrap samples: the ends of a 95 % interval move by about a tenth of its width from one seed to the next."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Tracks whose probability lies in a range: how many, what was said, what was so."""

    low: float
    high: float
    n: int
    said: float
    observed: float


def auc(labels: Any, said: Any, weights: Any = None) -> float:
    """Return the share of pairs of a hit and another in which the hit scores higher; ties count half.

    Parameters
    ----------
    labels, said, weights : array_like, (n,)
        0 or 1; any score; how often each row counts (default once).
    """
    hit, score, weight = _columns(labels, said, weights)
    _, place = np.unique(score, return_inverse=True)
    hits, others = np.bincount(place, weight * hit), np.bincount(place, weight * (1 - hit))
    pairs = hits.sum() * others.sum()
    lower = np.cumsum(others) - others
    return float((hits * (lower + others / 2)).sum() / pairs) if pairs else float("nan")


def pr_auc(labels: Any, said: Any, weights: Any = None) -> float:
    """Return average precision: precision at each threshold, weighted by the recall it adds."""
    hit, score, weight = _columns(labels, said, weights)
    _, place = np.unique(-score, return_inverse=True)
    hits, all_ = np.bincount(place, weight * hit), np.bincount(place, weight)
    if not hits.sum():
        return float("nan")
    reached = np.maximum(np.cumsum(all_), np.finfo(float).tiny)
    return float((hits * np.cumsum(hits) / reached).sum() / hits.sum())


def brier(labels: Any, said: Any, weights: Any = None) -> float:
    """Return the mean squared difference of probability and label."""
    hit, score, weight = _columns(labels, said, weights)
    return float((weight * (score - hit) ** 2).sum() / weight.sum()) if weight.sum() else float("nan")


def ece(labels: Any, said: Any, weights: Any = None) -> float:
    """Return the mean distance of said and observed share over ten bins of equal width, weighted by their size."""
    hit, score, weight = _columns(labels, said, weights)
    place = np.minimum((score * BINS).astype(int), BINS - 1)
    gaps = np.abs(np.bincount(place, weight * (score - hit), BINS))
    return float(gaps.sum() / weight.sum()) if weight.sum() else float("nan")


METRICS: dict[str, Metric] = {"auc": auc, "pr_auc": pr_auc, "brier": brier, "ece": ece}


def scores(labels: Any, said: Any) -> dict[str, float]:
    """Return ``auc``, ``pr_auc``, ``brier``, ``ece``, ``base_rate`` and ``n``; NaN where one is undefined."""
    hit, score, _ = _columns(labels, said, None)
    rate = float(hit.mean()) if len(hit) else float("nan")
    return {name: metric(hit, score, None) for name, metric in METRICS.items()} | {"base_rate": rate, "n": len(hit)}


def reliability(labels: Any, said: Any, *, equal_counts: bool = False, bins: int = BINS) -> tuple[Bin, ...]:
    """Return what was said and what was observed by range of probability; empty ranges are left out.

    Parameters
    ----------
    labels, said : array_like, (n,)
    equal_counts : bool
        Bins of equally many tracks instead of equal width.
    """
    hit, score, _ = _columns(labels, said, None)
    if not len(hit):
        return ()
    edges = np.quantile(score, np.linspace(0, 1, bins + 1)) if equal_counts else np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, bins - 1)
    chosen = [(number, place == number) for number in range(bins) if (place == number).any()]
    return tuple(Bin(float(edges[number]), float(edges[number + 1]), int(mask.sum()), float(score[mask].mean()),
                     float(hit[mask].mean())) for number, mask in chosen)


def worst_gap(bins: Sequence[Bin], least: int = 100) -> float:
    """Return the largest distance of said and observed among bins of at least `least` tracks; NaN without any."""
    return max((abs(each.said - each.observed) for each in bins if each.n >= least), default=float("nan"))


def interval(labels: Any, said: Any, artists: Sequence[str], metric: Metric = auc, *, repeats: int = REPEATS,
             seed: int = 0, share: float = 0.95) -> tuple[float, float]:
    """Return a percentile bootstrap interval of a metric, artists drawn with all their tracks.

    Source: Efron & Tibshirani 1993, chapter 13; whole clusters as in Davison & Hinkley 1997, section 3.8. Samples in
    which the metric is undefined are left out; NaN if it always is.
    """
    hit, score, _ = _columns(labels, said, None)
    names, owner = np.unique(np.asarray(artists, dtype=str), return_inverse=True)
    random = np.random.default_rng(seed)
    drawn = (random.multinomial(len(names), np.full(len(names), 1 / len(names))) for _ in range(repeats))
    found = np.array([metric(hit, score, times[owner].astype(float)) for times in drawn]) if len(names) else np.empty(0)
    found = found[~np.isnan(found)]
    low, high = np.quantile(found, ((1 - share) / 2, (1 + share) / 2)) if len(found) else (float("nan"), float("nan"))
    return float(low), float(high)


def percentile(reference: Any, value: float) -> float:
    """Return the share, 0 to 100, of an ascending reference that lies lower; ties count half."""
    below, upto = np.searchsorted(reference, value, "left"), np.searchsorted(reference, value, "right")
    return float(50 * (below + upto) / len(reference)) if len(reference) else float("nan")


def _columns(labels: Any, said: Any, weights: Any) -> tuple[Floats, Floats, Floats]:
    hit, score = np.asarray(labels, float).ravel(), np.asarray(said, float).ravel()
    weight = np.ones(len(hit)) if weights is None else np.asarray(weights, float).ravel()
    if not len(hit) == len(score) == len(weight):
        raise ValueError(f"{len(hit)} labels, {len(score)} scores, {len(weight)} weights: they must be as many")
    return hit, score, weight
