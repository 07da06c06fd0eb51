"""Some series of a panel, ready for sums: what every figure over spans of days starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from growth.figures import Span
from growth.panel import NO_ROW, Floats, Ints, Panel, counts_as_total
from ingest.flags import LEFT_OUT_OF_MEANS, LEFT_OUT_OF_SPREADS

Bools = NDArray[np.bool_]
_PLACES, _FIELD = (0, 20, 40), (1 << 20) - 1
"""Where each kind of day is counted in one number of 64 bits: three counts of up to a million days."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some series up to the last day: gains with 0 for what is not usable, and which days are what.

    `even` are days usable in spreads as well, `plain` rows that would count as a total by their flags alone, `tally`
    how many usable, left out and known days come before each column (and one beyond the last), in one number.
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
    tally: Ints

    @classmethod
    def of(cls, panel: Panel, series: slice, last: int) -> Block:
        """Return the given series up to the column `last`, which may lie beyond the panel."""
        until = slice(0, max(0, last + 1))
        gains, totals = panel.gains[series, until], panel.totals[series, until]
        usable = ~np.isnan(gains)
        if panel.flags is None:
            rows, none = usable | ~np.isnan(totals), np.zeros(gains.shape, bool)
            even, left_out, uneven, plain = usable, none, none, rows
        else:
            flags = panel.flags[series, until]
            rows = flags != NO_ROW
            uneven = rows & ((flags & LEFT_OUT_OF_SPREADS) != 0)
            even = usable if panel.include_flagged else usable & ~uneven
            left_out, uneven = rows & ((flags & LEFT_OUT_OF_MEANS) != 0) & ~usable, uneven & ~even
            plain = rows & counts_as_total(flags)
        return cls(panel.days[until], np.where(usable, gains, 0.0), usable, even, left_out, uneven, rows, totals,
                   plain, _tally(usable, left_out, rows))

    def span(self, first: int, last: int, needed: int) -> Span:
        """Return what the days from column `first` to `last`, both within, offer; columns may lie outside."""
        low, high = (min(max(column, 0), self.days.size) for column in (first, last + 1))
        tally = self.tally[:, high] - self.tally[:, low] if high > low else np.zeros(len(self.gains), np.int64)
        used, left_out, rows = (((tally >> place) & _FIELD).astype(np.int32) for place in _PLACES)
        return Span(self.gains[:, low:high].sum(axis=1), used, left_out, rows, needed)

    def spread(self, first: int, last: int, needed: int) -> tuple[Span, Floats]:
        """Return the same for a standard deviation, and that deviation (ddof=0)."""
        at = slice(max(first, 0), max(last + 1, 0))
        even = self.even[:, at]
        gains = np.where(even, self.gains[:, at], 0.0)
        span = Span(gains.sum(axis=1), count(even), count(self.left_out_of_spreads[:, at]),
                    count(self.rows[:, at]), needed)
        away = np.where(even, gains - span.mean[:, None], 0.0)
        return span, np.sqrt((away * away).sum(axis=1) / np.where(span.used, span.used, np.nan))


def _tally(*marks: Bools) -> Ints:
    """Return the running numbers of marked days, of each kind in a field of its own."""
    total = np.zeros((marks[0].shape[0], marks[0].shape[1] + 1), np.int64)
    for kind, place in zip(marks, _PLACES, strict=True):
        total[:, 1:] |= kind.astype(np.int64) << place
    return np.cumsum(total, axis=1, out=total)


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
