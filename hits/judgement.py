"""What one part of the hit model says about one track, in a form that every part shares.

Task: each part (measured features, audio network, transfer head, lyrics network, sentences) says how much a track
looks like those that were hits where the part was trained, and why.

Conventions: log-odds are natural logarithms, calibrated at the part's own base rate (the share of hits in what it was
calibrated on): an answer above ``logit(base_rate)`` is evidence for, one below it evidence against. Percentiles run
from 0 to 100. A part that has nothing to say gives no judgement at all; there is no neutral number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

REST = "rest"
"""Name of what the named inputs of a judgement do not account for."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one part says about one track.

    Attributes
    ----------
    part : str
        ``features``, ``audio``, ``transfer``, ``lyrics`` or ``sentences``.
    log_odds : float
        Calibrated: the logit of the probability at `base_rate`.
    base_rate : float
        Share of hits in what the part was calibrated on.
    low, high : float
        80 % interval of `log_odds`.
    percentile : float
        0 to 100: share of the tracks kept apart in training that score lower.
    strange : float or None
        Distance from the training data as a percentile of the tracks kept apart (0 to 1); None where it is not known.
    contributions : tuple of (str, float)
        Log-odds by named input, largest first; they sum, with a named rest, to `evidence`.
    facts : mapping
        Name, date, data and kind of the model, for the page.
    percentile_low, percentile_high : float or None
        Percentiles of `low` and `high`; None where a part does not tell.
    """

    part: str
    log_odds: float
    base_rate: float
    low: float
    high: float
    percentile: float
    strange: float | None = None
    contributions: tuple[tuple[str, float], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    percentile_low: float | None = None
    percentile_high: float | None = None

    @property
    def evidence(self) -> float:
        """Log-odds relative to the base rate: what the track itself adds."""
        return self.log_odds - logit(self.base_rate)

    @property
    def probability(self) -> float:
        """Probability at the part's own base rate."""
        return sigmoid(self.log_odds)


class Watch(Protocol):
    """How a training tells how far it is and asks whether to stop."""

    def report(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is."""

    def check(self) -> None:
        """Raise `support.errors.Cancelled` if the work is to stop."""


class Quiet:
    """A watch nobody looks at."""

    def report(self, done: int, total: int, note: str = "") -> None:
        """Say nothing."""

    def check(self) -> None:
        """Go on."""


def logit(probability: float) -> float:
    """Return log-odds; 0 and 1 give minus and plus infinity."""
    if probability <= 0 or probability >= 1:
        return math.inf if probability >= 1 else -math.inf
    return math.log(probability) - math.log1p(-probability)


def sigmoid(log_odds: float) -> float:
    """Return the probability of log-odds, without overflow."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    grown = math.exp(log_odds)
    return grown / (1 + grown)


def ranked(contributions: Mapping[str, float], total: float) -> tuple[tuple[str, float], ...]:
    """Return contributions by size, with a `REST` so that they sum to `total`; a rest of nothing is left out."""
    rest = total - math.fsum(contributions.values())
    named = dict(contributions) | ({REST: contributions.get(REST, 0) + rest} if abs(rest) > 1e-9 else {})
    return tuple(sorted(named.items(), key=lambda item: (-abs(item[1]), item[0])))
