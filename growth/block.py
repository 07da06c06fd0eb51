"""Some series of a panel, ready for sums: what every figure over spans of days starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from growth.figures import Span
from growth.panel import NO_ROW, Floats, Ints, Panel, counts_as_total
from ingest.flags import LEFT_OUT_OF_MEANS, LEFT_OUT_OF_SPREADS

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Block:
    """Some series up to the last day: gains with 0 for what is not usable, and which days are what.

    `even` are days usable in spreads as well, `plain` rows that would count as a total by their flags alone.
    """

    days: NDArray[np.datetime64]
    gains: Floats
    usable: Bools
    even: Bools
    left_out: Bools
    left_out_of_spreads: Bools
    rows: Bools
    totals: Floats
    plain: Bools

    @classmethod
    def of(cls, panel: Panel, series: slice, last: int) -> Block:
        """Return the given series up to the column `last`, which may lie beyond the panel."""
        until = slice(0, max(0, last + 1))
        gains, totals = panel.gains[series, until], panel.totals[series, until]
        usable = ~np.isnan(gains)
        if panel.flags is None:
            rows, none = usable | ~np.isnan(totals), np.zeros(gains.shape, bool)
            return cls(panel.days[until], np.where(usable, gains, 0.0), usable, usable, none, none, rows, totals, rows)
        flags = panel.flags[series, until]
        rows = flags != NO_ROW
        flagged, uneven = rows & ((flags & LEFT_OUT_OF_MEANS) != 0), rows & ((flags & LEFT_OUT_OF_SPREADS) != 0)
        even = usable if panel.include_flagged else usable & ~uneven
        return cls(panel.days[until], np.where(usable, gains, 0.0), usable, even, flagged & ~usable, uneven & ~even,
                   rows, totals, rows & counts_as_total(flags))

    def span(self, first: int, last: int, needed: int) -> Span:
        """Return what the days from column `first` to `last`, both within, offer; columns may lie outside."""
        at = slice(max(first, 0), max(last + 1, 0))
        return Span(self.gains[:, at].sum(axis=1), count(self.usable[:, at]), count(self.left_out[:, at]),
                    count(self.rows[:, at]), needed)

    def spread(self, first: int, last: int, needed: int) -> tuple[Span, Floats]:
        """Return the same for a standard deviation, and that deviation (ddof=0)."""
        at = slice(max(first, 0), max(last + 1, 0))
        even = self.even[:, at]
        gains = np.where(even, self.gains[:, at], 0.0)
        span = Span(gains.sum(axis=1), count(even), count(self.left_out_of_spreads[:, at]),
                    count(self.rows[:, at]), needed)
        away = np.where(even, gains - span.mean[:, None], 0.0)
        return span, np.sqrt((away * away).sum(axis=1) / np.where(span.used, span.used, np.nan))


def count(marks: Bools) -> NDArray[np.int32]:
    """Return the number of marked days of each series."""
    return np.count_nonzero(marks, axis=1).astype(np.int32)


def last_of(marks: Bools) -> tuple[Bools, Ints]:
    """Return whether any column is marked, and the last one that is (0 where none)."""
    if not marks.shape[1]:
        return np.zeros(len(marks), bool), np.zeros(len(marks), np.int64)
    found: Bools = np.asarray(marks.any(axis=1))
    return found, np.where(found, marks.shape[1] - 1 - marks[:, ::-1].argmax(axis=1), 0)


def value_at(values: Floats, column: Ints) -> Floats:
    """Return one value a series; NaN where there is no column at all."""
    return values[np.arange(len(values)), column] if values.shape[1] else np.full(len(values), np.nan)
