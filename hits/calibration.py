"""Calibrators: from a raw score in log-odds to calibrated log-odds, as plain numbers, fitted on a split of its own.

Three forms, all of them rising, so that the order of tracks stays (isotonic: equal where it is flat):

- `Platt`: ``slope * x + intercept`` (Platt 1999, with his smoothed targets).
- `Beta`: ``a ln p - b ln(1 - p) + c`` of the raw probability p, a and b at least 0 (Kull, Silva Filho & Flach 2017);
  Platt is its case a = b.
- `Isotonic`: a rising line through the pooled means (Zadrozny & Elkan 2002), for thousands of tracks.

Conventions: natural log-odds, arrays of any shape; raw scores beyond ±`LARGEST` count as that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from support.errors import DataError

Floats = NDArray[np.float64]
LARGEST = 20.0
"""Log-odds that count as certain: a probability of 2e-9."""
FEWEST = 10
"""Hits and others a calibrator is fitted on at least."""
STEPS = 100


class Calibrator(Protocol):
    """A rising function of log-odds that knows its own numbers."""

    def __call__(self, raw: Any) -> Floats:
        """Return calibrated log-odds."""

    def numbers(self) -> dict[str, Any]:
        """Return what `restore` needs, as JSON can hold it."""


@dataclass(frozen=True, slots=True)
class Platt:
    """A straight line."""

    slope: float
    intercept: float

    def __call__(self, raw: Any) -> Floats:
        """Return calibrated log-odds."""
        return self.slope * _bounded(raw) + self.intercept

    def numbers(self) -> dict[str, Any]:
        """Return kind and numbers."""
        return {"kind": "platt", "slope": self.slope, "intercept": self.intercept}


@dataclass(frozen=True, slots=True)
class Beta:
    """A line whose slope differs between the unlikely and the likely end."""

    a: float
    b: float
    c: float

    def __call__(self, raw: Any) -> Floats:
        """Return calibrated log-odds."""
        x = _bounded(raw)
        return -self.a * np.logaddexp(0, -x) + self.b * np.logaddexp(0, x) + self.c

    def numbers(self) -> dict[str, Any]:
        """Return kind and numbers."""
        return {"kind": "beta", "a": self.a, "b": self.b, "c": self.c}


@dataclass(frozen=True, slots=True)
class Isotonic:
    """Straight lines between points; level beyond the first and the last."""

    raw: tuple[float, ...]
    log_odds: tuple[float, ...]

    def __call__(self, raw: Any) -> Floats:
        """Return calibrated log-odds."""
        return np.asarray(np.interp(_bounded(raw), self.raw, self.log_odds), float)

    def numbers(self) -> dict[str, Any]:
        """Return kind and numbers."""
        return {"kind": "isotonic", "raw": list(self.raw), "log_odds": list(self.log_odds)}


def fit(kind: str, raw: Any, labels: Any) -> Calibrator:
    """Fit a calibrator by name.

    Parameters
    ----------
    kind : {"platt", "beta", "isotonic"}
    raw, labels : array_like, (n,)
        Raw log-odds and 0 or 1 of tracks that neither training nor test has.

    Raises
    ------
    DataError
        ``hit_calibration.few``: under ten hits or under ten others.
    """
    x, y = _bounded(raw).ravel(), np.asarray(labels, float).ravel()
    hits, others = int(y.sum()), int(len(y) - y.sum())
    if min(hits, others) < FEWEST:
        raise DataError("hit_calibration.few", hits=hits, others=others, least=FEWEST)
    return {"platt": _platt, "beta": _beta, "isotonic": _isotonic}[kind](x, y)


def restore(numbers: Mapping[str, Any]) -> Calibrator:
    """Return the calibrator that gave these `numbers`.

    Raises
    ------
    DataError
        ``hit_calibration.kind``: no calibrator of ours gives such numbers.
    """
    kinds: dict[Any, Any] = {"platt": Platt, "beta": Beta, "isotonic": Isotonic}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in numbers.items()}
    try:
        calibrator: Calibrator = kinds[values.pop("kind")](**values)
    except (KeyError, TypeError) as error:
        raise DataError("hit_calibration.kind", kind=str(numbers.get("kind")), known=", ".join(kinds)) from error
    return calibrator


def _platt(x: Floats, y: Floats) -> Platt:
    weights = _logistic(np.stack([x, np.ones_like(x)], axis=1), _smoothed(y))
    # A score that goes the wrong way says nothing: level at the base rate, never turned round.
    return Platt(*map(float, weights)) if weights[0] > 0 else Platt(0.0, float(_logit(_smoothed(y).mean())))


def _beta(x: Floats, y: Floats) -> Beta | Platt:
    columns = np.stack([-np.logaddexp(0, -x), np.logaddexp(0, x), np.ones_like(x)], axis=1)
    weights = _logistic(columns, _smoothed(y))
    return Beta(*map(float, weights)) if weights[:2].min() >= 0 else _platt(x, y)


def _isotonic(x: Floats, y: Floats) -> Isotonic:
    order = np.argsort(x, kind="stable")
    blocks: list[list[float]] = []  # weight, sum of x, sum of y
    for value, label in zip(x[order], y[order], strict=True):
        blocks.append([1.0, value, label])
        while len(blocks) > 1 and blocks[-2][2] * blocks[-1][0] >= blocks[-1][2] * blocks[-2][0]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    weight, raw, hits = np.array(blocks).T
    share = (hits + y.mean()) / (weight + 1)  # one track at the base rate: a pure block is not certain
    return Isotonic(tuple(map(float, raw / weight)), tuple(map(float, np.maximum.accumulate(_logit(share)))))


def _smoothed(y: Floats) -> Floats:
    """Return Platt's targets: (n + 1) / (n + 2) for hits, 1 / (n + 2) for others."""
    hits, others = y.sum(), len(y) - y.sum()
    return np.where(y > 0.5, (hits + 1) / (hits + 2), 1 / (others + 2))


def _logistic(columns: Floats, target: Floats) -> Floats:
    """Return weights of a logistic regression on soft targets, by Newton's method with halved steps."""
    weights = np.zeros(columns.shape[1])
    loss = _loss(columns @ weights, target)
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-columns @ weights))
        slope = columns.T @ (likely - target)
        bend = (columns * (likely * (1 - likely))[:, None]).T @ columns + 1e-9 * np.eye(len(weights))
        step = np.linalg.solve(bend, slope)
        while (fresh := _loss(columns @ (weights - step), target)) > loss and np.abs(step).max() > 1e-12:
            step = step / 2
        weights, gained, loss = weights - step, loss - fresh, fresh
        if gained < 1e-12:
            break
    return weights


def _loss(log_odds: Floats, target: Floats) -> float:
    return float((np.logaddexp(0, log_odds) - target * log_odds).mean())


def _logit(share: Any) -> Floats:
    return np.asarray(np.log(share) - np.log1p(-np.asarray(share)))


def _bounded(raw: Any) -> Floats:
    return np.clip(np.asarray(raw, float), -LARGEST, LARGEST)
