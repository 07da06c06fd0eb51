"""The quality audit: what is odd about a series of daily readings, what was repaired and how.

Task: turn readings of a counter (one a day, days may be missing) into daily gains that can be trusted, and flag every
day that is not an ordinary observation. Conventions: days are day numbers (since 1970-01-01, no time zone), totals
are cumulative counts, a gain is per day, unknown is NaN. Nothing is removed: a flagged day keeps its reading.

Steps, each with its reason:

1. *Jumps*: a day's gain above `JUMP_FACTOR` times the largest of the 28 gains before it, and far above those after it,
   is another source rather than growth. A viral day is kept: the days after it are high as well. Where the export's
   own daily change contradicts the leap, `JUMP_FACTOR_CONTRADICTED` is enough. Until someone accepts the new level,
   the readings on it are flagged and totals stay on the old one.
2. *Decreases*: a dip that comes back within `DIP_DAYS` is a bad reading; any other fall is a reset, and gains go on
   from the lower level. Neither yields a negative gain.
3. *Frozen days*: a day without gain beside a doubled one, or a frozen run and its catch-up, are shared out evenly.
4. *Interpolated runs*: `INTERPOLATED_DAYS` or more identical gains in a row do not happen; they were filled in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from ingest.dates import to_date, to_number
from ingest.flags import Flag

JUMP_FACTOR = 20.0
"""Times the largest gain of the 28 readings before; over 395 real streaming series of 20 months it found two leaps,
both of them counters that had been merged, and no launch or viral day."""
JUMP_FACTOR_CONTRADICTED = 5.0
"""The same where the export's own daily-change column denies the leap."""
JUMP_AFTER = 10.0
"""Times the median gain of the 7 readings after: a true spike decays, it does not vanish overnight."""
JUMP_HISTORY = 28
JUMP_NEEDS = 7
"""Readings before a day without which nothing can be called a jump (a launch is steep)."""
JUMP_LEAST = 1_000.0
"""Counts a day; below it, leaps are small-number noise."""
DIP_DAYS = 7
STALE_DAYS = 3
"""Frozen days in a row from which a run is named stale."""
LIVELY = 10.0
"""Median counts a day from which a frozen day is odd at all."""
DOUBLED = 1.5
"""Times the usual gain from which the neighbour of a frozen day counts as doubled."""
SHARE_BAND = 2.0
"""A shared-out gain must lie within this factor of the usual gain around it."""
AROUND = 10
"""Readings on either side that tell the usual gain."""
INTERPOLATED_DAYS = 5
ITEMS = 50
"""Most items kept a finding; the count is always whole."""


@dataclass(slots=True)
class Audited:
    """Gains and flags of a series, and what was found.

    Attributes
    ----------
    gains : ndarray of float64, shape (n,)
        Gain per day; NaN where unknown.
    flags : ndarray of int16, shape (n,)
    findings : dict
        Finding name to ``{"count": int, "items": [...]}``.
    recheck : date or None
        First day on which a future reading is no longer in the future.
    """

    gains: np.ndarray
    flags: np.ndarray
    findings: dict[str, dict[str, Any]] = field(default_factory=dict)
    recheck: date | None = None


def audit(days: np.ndarray, totals: np.ndarray, *, reported: np.ndarray | None = None, amounts: bool = False,
          accepted: frozenset[int] = frozenset(), today: int) -> Audited:
    """Return gains and flags of one series.

    Parameters
    ----------
    days : ndarray of int, shape (n,)
        Strictly increasing day numbers.
    totals : ndarray of float64, shape (n,)
        Cumulative counts.
    reported : ndarray of float64, shape (n,), optional
        The export's own daily change, NaN where it has none.
    amounts : bool
        The file holds daily amounts: the first day has a gain, a gain over a gap is that day's own, and the level
        cannot leap or fall.
    accepted : frozenset of int
        Days from which an analyst accepted a new level.
    today : int
        Readings dated later are flagged.

    Returns
    -------
    Audited
        With empty arrays for an empty series.
    """
    n = len(days)
    flags = np.zeros(n, dtype=np.int16)
    gains = np.full(n, np.nan)
    result = Audited(gains, flags)
    if n == 0:
        return result
    spans = np.diff(days).astype(np.float64)
    steps = np.diff(totals)
    gains[1:] = steps / (1.0 if amounts else spans)
    if amounts:
        gains[0] = totals[0]
    else:
        flags[1:][spans > 1] |= Flag.GAP
    if n > 2 or (n == 2 and steps[0] < 0):
        _levels(result, days, totals, steps, reported, amounts, accepted)
        _frozen(result, days)
        _interpolated(result, days)
    _missing(result, days, today)
    _future(result, days, today)
    return result


def _note(result: Audited, finding: str, count: int, **item: Any) -> None:
    entry = result.findings.setdefault(finding, {"count": 0, "items": []})
    entry["count"] += count
    if item and len(entry["items"]) < ITEMS:
        entry["items"].append(item)


def _iso(day: Any) -> str:
    return to_date(day).isoformat()


# --- 1 and 2: jumps, new levels, decreases ------------------------------------------------------------------------


def _levels(result: Audited, days: np.ndarray, totals: np.ndarray, steps: np.ndarray, reported: np.ndarray | None,
            amounts: bool, accepted: frozenset[int]) -> None:
    """Walk through the readings only where a quick look finds a fall, a leap or an accepted level."""
    rates = result.gains[1:]
    falls = bool((steps < 0).any())
    highest = rates.max()
    moved = rates[rates > 0]
    leaps = highest > JUMP_LEAST and moved.size > JUMP_NEEDS and highest > JUMP_FACTOR_CONTRADICTED * np.median(moved)
    if not (falls or leaps or accepted):
        return
    if amounts:
        _leaping_amounts(result, days, totals, accepted)
    else:
        _Walk(result, days, totals, reported, accepted).run()


def _leaping_amounts(result: Audited, days: np.ndarray, totals: np.ndarray, accepted: frozenset[int]) -> None:
    gains = result.gains
    rates = gains.copy()
    for index in np.flatnonzero(rates > JUMP_LEAST):
        if _leapt(rates[index], rates[:index], rates[index + 1:index + 8], JUMP_FACTOR):
            taken = int(days[index]) in accepted
            result.flags[index] |= Flag.JUMP | (Flag.ACCEPTED if taken else 0)
            _note(result, "jumps", 1, day=_iso(days[index]), **{"from": float(np.nanmedian(rates[:index])),
                                                               "to": float(rates[index]), "accepted": taken})
            if not taken:
                gains[index] = np.nan
                rates[index] = np.nan


def _leapt(rate: float, before: np.ndarray, after: np.ndarray, factor: float) -> bool:
    before = before[np.isfinite(before) & (before > 0)][-JUMP_HISTORY:]
    if rate < JUMP_LEAST or len(before) < JUMP_NEEDS or rate <= factor * before.max():
        return False
    after = after[np.isfinite(after) & (after >= 0)]
    return len(after) == 0 or rate > JUMP_AFTER * np.median(after)


class _Walk:
    """One pass over the readings, holding the last trusted one."""

    def __init__(self, result: Audited, days: np.ndarray, totals: np.ndarray, reported: np.ndarray | None,
                 accepted: frozenset[int]) -> None:
        self.result, self.days, self.totals, self.accepted = result, days, totals, accepted
        self.reported = reported
        self.rates: list[float] = []
        self.trusted = 0
        self.moved_at = 0
        self.leapt_at: int | None = None

    def run(self) -> None:
        for index in range(1, len(self.days)):
            if int(self.days[index]) in self.accepted:
                self._accept(index)
            elif self.leapt_at is not None and self._still_up(index):
                self._flag(index, Flag.NEW_LEVEL)
                _note(self.result, "new_level_days", 1)
            elif self.totals[index] < self.totals[self.trusted]:
                self._fall(index)
            else:
                self._step(index)

    def _flag(self, index: int, flag: int) -> None:
        self.result.flags[index] = (int(self.result.flags[index]) & Flag.GAP) | flag
        self.result.gains[index] = np.nan

    def _accept(self, index: int) -> None:
        self._flag(index, Flag.JUMP | Flag.ACCEPTED)
        self._note_jump(index, accepted=True)
        self.leapt_at = None
        self._trust(index)
        self.moved_at = index

    def _note_jump(self, index: int, *, accepted: bool) -> None:
        _note(self.result, "jumps", 1, day=_iso(self.days[index]), accepted=accepted,
              **{"from": float(self.totals[self.trusted]), "to": float(self.totals[index])})

    def _trust(self, index: int) -> None:
        self.trusted = index

    def _still_up(self, index: int) -> bool:
        """Whether a reading after a leap is nearer the new level than the old one."""
        assert self.leapt_at is not None
        return bool(self.totals[index] > (self.totals[self.leapt_at] + self.totals[self.trusted]) / 2)

    def _fall(self, index: int) -> None:
        level = self.totals[self.trusted]
        ahead = self.totals[index + 1:index + 1 + DIP_DAYS]
        span = self.days[index + 1:index + 1 + DIP_DAYS] - self.days[self.trusted]
        usual = max(self.rates[-JUMP_HISTORY:], default=0.0)
        back = (ahead >= level) & ((ahead - level) <= np.maximum(usual, 1.0) * 3.0 * span)
        dip = bool(back.any())
        self._flag(index, Flag.DECREASE)
        _note(self.result, "decreases", 1, day=_iso(self.days[index]), dip=dip,
              **{"from": float(level), "to": float(self.totals[index])})
        self.leapt_at = None
        if not dip:
            self._trust(index)
            self.moved_at = index

    def _step(self, index: int) -> None:
        self.leapt_at = None
        rise = self.totals[index] - self.totals[self.trusted]
        rate = rise / (self.days[index] - self.days[self.moved_at])
        if rise > 0 and self._leaps(index, rise, rate):
            self.leapt_at = index
            self._note_jump(index, accepted=False)
            self._flag(index, Flag.JUMP)
            return
        span = self.days[index] - self.days[self.trusted]
        self.result.gains[index] = rise / span
        if span > 1:
            self.result.flags[index] |= Flag.GAP
        self._trust(index)
        if rise > 0:
            self.rates.append(rate)
            self.moved_at = index

    def _leaps(self, index: int, rise: float, rate: float) -> bool:
        denied = self.reported is not None and bool(abs(self.reported[index] - rise) > 0.5 * rise)
        factor = JUMP_FACTOR_CONTRADICTED if denied else JUMP_FACTOR
        after = np.diff(self.totals[index:index + 8]) / np.diff(self.days[index:index + 8])
        return _leapt(rate, np.array(self.rates), after, factor)


# --- 3: frozen days -----------------------------------------------------------------------------------------------


def _frozen(result: Audited, days: np.ndarray) -> None:
    gains = result.gains
    zero = gains == 0
    if not zero.any():
        return
    positive = gains[gains > 0]
    if not positive.size or np.median(positive) < LIVELY:
        return
    rates = _moved_rates(gains, zero)
    for start, end in _runs(zero):
        _share_out(result, days, rates, start, end)


def _moved_rates(gains: np.ndarray, zero: np.ndarray) -> np.ndarray:
    """Return each positive gain divided by its days since the counter last moved; elsewhere 0.

    A counter that is only updated once a week so has a usual gain a day, not a week.
    """
    moved = np.flatnonzero(~zero)
    rates = np.zeros(len(gains))
    rates[moved] = np.nan_to_num(gains[moved]) / np.diff(moved, prepend=moved[0] - 1 if len(moved) else 0)
    return rates


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return the half-open index ranges in which `mask` holds."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.view(np.int8), [0]))))
    return list(zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True))


def _share_out(result: Audited, days: np.ndarray, rates: np.ndarray, start: int, end: int) -> None:
    """Share the gain of a doubled neighbour with the frozen days from `start` to `end`."""
    gains, flags = result.gains, result.flags
    usual = _usual(rates, start, end)
    length = end - start
    options = []
    if end < len(gains) and _joined(days, start, end + 1):
        options.append((start, end + 1, gains[end]))
    if length < STALE_DAYS and start > 0 and _joined(days, start - 1, end):
        options.append((start - 1, end, gains[start - 1]))
    fitting = [(abs(np.log(gain / (b - a) / usual)), a, b, gain) for a, b, gain in options
               if gain > DOUBLED * usual > 0 and 1 / SHARE_BAND <= gain / (b - a) / usual <= SHARE_BAND]
    if length >= STALE_DAYS:
        flags[start:end] |= Flag.STALE
        _note(result, "stale_days", length, start=_iso(days[start]), end=_iso(days[end - 1]), repaired=bool(fitting))
    if fitting:
        _, first, last, gain = min(fitting)
        gains[first:last] = gain / (last - first)
        flags[first:last] |= Flag.AVERAGED
        _note(result, "averaged_days", last - first, start=_iso(days[first]), end=_iso(days[last - 1]),
              gain=float(gain / (last - first)))


def _joined(days: np.ndarray, first: int, last: int) -> bool:
    return bool(days[last - 1] - days[first] == last - 1 - first)


def _usual(rates: np.ndarray, start: int, end: int) -> float:
    """Return the median positive gain a day around a frozen run, its two neighbours aside."""
    around = np.concatenate((rates[max(0, start - 1 - AROUND):max(0, start - 1)], rates[end + 1:end + 1 + AROUND]))
    around = around[around > 0]
    return float(np.median(around)) if around.size else 0.0


# --- 4: interpolated runs -----------------------------------------------------------------------------------------


def _interpolated(result: Audited, days: np.ndarray) -> None:
    gains, flags = result.gains, result.flags
    with np.errstate(invalid="ignore"):
        apart = np.abs(np.diff(gains))
        same = ((gains[1:] >= 50) & (apart <= 1e-3)) | ((gains[1:] >= 1000) & (apart <= 1.01))
    same &= (flags[1:] & Flag.AVERAGED == 0) & (flags[:-1] & Flag.AVERAGED == 0)
    if not same.any():
        return
    for start, end in _runs(same):
        first = start + 1 if np.isnan(gains[start]) else start
        if end + 1 - first >= INTERPOLATED_DAYS:
            flags[first:end + 1] |= Flag.INTERPOLATED
            _note(result, "interpolated_days", end + 1 - first, start=_iso(days[first]), end=_iso(days[end]),
                  gain=float(np.median(gains[first:end + 1])))


# --- the rest -----------------------------------------------------------------------------------------------------


def _missing(result: Audited, days: np.ndarray, today: int) -> None:
    known = days[days <= today]
    absent = np.diff(known) - 1
    for index in np.flatnonzero(absent > 0):
        _note(result, "missing_days", int(absent[index]), start=_iso(known[index] + 1), end=_iso(known[index + 1] - 1))


def _future(result: Audited, days: np.ndarray, today: int) -> None:
    later = np.flatnonzero(days > today)
    if not later.size:
        return
    result.flags[later] |= Flag.FUTURE
    for index in later:
        _note(result, "future_days", 1, day=_iso(days[index]))
    result.recheck = to_date(days[later[0]])


def day_numbers(days: tuple[date, ...]) -> frozenset[int]:
    """Return the day numbers of dates."""
    return frozenset(map(to_number, days))
