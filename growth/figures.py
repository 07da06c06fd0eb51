"""One figure of many series, with the evidence behind it: `growth.tiles.Metric` as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from growth.panel import Floats
from growth.tiles import Metric

REASONS = (None, "no_data", "too_few_days", "all_flagged", "no_base", "zero_mean", "no_spike", "not_yet")
"""Meaning of the codes in `Figures.reason`: None is "it is there", the rest are keys below ``absent.``."""
NO_DATA, TOO_FEW_DAYS, ALL_FLAGGED, NO_BASE, ZERO_MEAN, NO_SPIKE, NOT_YET = range(1, len(REASONS))

Counts = NDArray[np.int32]
Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Figures:
    """One figure of s series; the fields are those of `Metric`, each an array of shape (s,).

    Attributes
    ----------
    value : ndarray of float
        The figure; NaN when absent.
    reason : ndarray of uint8
        Why it is absent, an index into `REASONS`; 0 when it is there.
    used, left_out, needed : ndarray of int32
        Days used, left out because of their flags, and needed at least.
    """

    value: Floats
    reason: Codes
    used: Counts
    left_out: Counts
    needed: Counts

    def metric(self, series: int) -> Metric:
        """Return the figure of one series."""
        reason = REASONS[self.reason[series]]
        return Metric(None if reason else float(self.value[series]), reason, int(self.used[series]),
                      int(self.left_out[series]), int(self.needed[series]))


@dataclass(frozen=True, slots=True)
class Span:
    """What one span of days offers a figure, of s series.

    Attributes
    ----------
    total : ndarray of float, shape (s,)
        Sum of the usable gains, 0 without any.
    used, left_out, rows : ndarray of int32, shape (s,)
        Days whose gain is usable, days left out because of their flags, days with a row.
    needed : int
        Usable days the figure needs.
    """

    total: Floats
    used: Counts
    left_out: Counts
    rows: Counts
    needed: int

    @property
    def mean(self) -> Floats:
        """Mean gain per usable day; NaN without any."""
        return self.total / np.where(self.used, self.used, np.nan)


def figures_of(value: Floats, code: int, *spans: Span) -> Figures:
    """Return a figure over `spans`, absent with `code` where `value` is NaN though all spans have enough days.

    The rules are those of one tile: no row in any span is no_data; a span that is short is named first when even its
    flagged days would not suffice (too_few_days), then when they would (all_flagged).
    """
    used = np.add.reduce([span.used for span in spans])
    left_out = np.add.reduce([span.left_out for span in spans])
    needed = np.full(used.shape, sum(span.needed for span in spans), np.int32)
    reason = np.where(np.isnan(value), code, 0).astype(np.uint8)

    def say(at: NDArray[np.bool_], why: int, span: Span) -> None:
        reason[at], used[at], left_out[at], needed[at] = why, span.used[at], span.left_out[at], span.needed

    for span in reversed(spans):  # the first short span is the one that is named: written last
        say(span.used < span.needed, ALL_FLAGGED, span)
    for span in reversed(spans):
        say(span.used + span.left_out < span.needed, TOO_FEW_DAYS, span)
    empty = np.add.reduce([span.rows for span in spans]) == 0
    reason[empty], used[empty], left_out[empty] = NO_DATA, 0, 0
    needed[empty] = sum(span.needed for span in spans)
    return Figures(np.where(reason == 0, value, np.nan), reason, used, left_out, needed)
