"""Daily series side by side: one row a series, one column a calendar day.

What works on all series at once takes a `Panel`. Its columns are consecutive calendar days, so a span of n columns is
a span of n days; a day without a reading is NaN there and does not stretch anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ingest.flags import LEFT_OUT_OF_MEANS, LEFT_OUT_OF_TOTALS, Flag

NO_ROW = -1
"""In `Panel.flags`: the day has no row at all."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Panel:
    """Daily series side by side, of s series and d days.

    Attributes
    ----------
    days : ndarray of datetime64[D], shape (d,)
        Consecutive calendar days.
    gains : ndarray of float, shape (s, d)
        Views, streams or plays per day. NaN where unknown, left out because of a flag, or without a reading.
        INTERPOLATED days are known: they count in means and not in spreads.
    totals : ndarray of float, shape (s, d)
        The reading where it counts as the total, NaN elsewhere.
    flags : ndarray of int16, shape (s, d), or None
        Bits of `ingest.flags.Flag`, `NO_ROW` on days without a row. None where no flags are known: a day then has
        a row if its gain or total is known.
    include_flagged : bool
        Whether flagged days whose gain is known were kept in `gains`.
    """

    days: NDArray[np.datetime64]
    gains: Floats
    totals: Floats
    flags: NDArray[np.int16] | None = None
    include_flagged: bool = False

    def take(self, series: Sequence[int] | NDArray[Any] | slice) -> Panel:
        """Return the panel of some series, by number or as a slice; the days stay."""
        rows = series if isinstance(series, slice) else np.asarray(series, np.int64)
        return Panel(self.days, self.gains[rows], self.totals[rows],
                     None if self.flags is None else self.flags[rows], self.include_flagged)


def panel_of(frame: pd.DataFrame, keys: Sequence[str] = ("platform",), *,
             include_flagged: bool = False) -> tuple[Panel, list[tuple[Any, ...]]]:
    """Return the rows of a daily frame as a panel, and the key of each of its series.

    Parameters
    ----------
    frame : DataFrame, shape (n, >= 4 + keys)
        One row a key and day, in any order: the columns `keys`, ``day`` (datetime64, midnight), ``total`` and
        ``gain`` (float, NaN unknown) and ``flags`` (int, bits of `ingest.flags.Flag`). Optional ``counts`` (bool):
        whether a day's total counts; by default its flags tell. The panel ends with the last day that is not in
        the future: one of 2099 would make every series end there.
    keys : sequence of str
        Columns that name a series.
    include_flagged : bool
        Keep flagged days whose gain is known. A GAP day then holds the gap's average gain per day, once.

    Returns
    -------
    tuple of Panel and list of tuple
        From the first to the last day of all series; the keys, one tuple a series, sorted. An empty frame gives a
        panel of shape (0, 0).

    Raises
    ------
    ValueError
        If a column is missing, a day is unknown, or a key has two rows for one day.
    """
    validate_columns(frame, (*keys, "day", "total", "gain", "flags"))
    present = (frame["flags"].to_numpy(np.int64) & int(Flag.FUTURE)) == 0
    if not present.all():
        frame = frame[frame["day"] <= frame["day"][present].max()]
    row, names = _series_numbers(frame, keys)
    # through datetime64[D]: the frame's own unit differs between pandas 2 (ns) and 3 (us, s)
    day = frame["day"].to_numpy().astype("datetime64[D]")
    if np.isnat(day).any():
        raise ValueError(f"{int(np.isnat(day).sum())} rows have no day; leave them out")
    if not day.size:
        nothing = np.empty((0, 0))
        return Panel(day, nothing, nothing.copy(), np.empty((0, 0), np.int16), include_flagged), []
    days = np.arange(day.min(), day.max() + 1)
    at = row * days.size + (day - days[0]).astype(np.int64)
    _refuse_twice(at, days, names)
    flags = frame["flags"].to_numpy(np.int64)
    total, gain = frame["total"].to_numpy(np.float64), frame["gain"].to_numpy(np.float64)
    counts = frame["counts"].to_numpy(bool) if "counts" in frame else counts_as_total(flags)
    usable = np.full(flags.shape, True) if include_flagged else (flags & LEFT_OUT_OF_MEANS) == 0
    shape = len(names), days.size
    return Panel(days, _placed(at, np.where(usable, gain, np.nan), shape, np.nan),
                 _placed(at, np.where(counts, total, np.nan), shape, np.nan),
                 _placed(at, flags.astype(np.int16), shape, NO_ROW), include_flagged), names


def validate_columns(frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Raise ValueError, naming them, if some of `columns` are missing."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ValueError(f"the frame lacks {', '.join(missing)}; it needs the columns {', '.join(columns)}")


def counts_as_total(flags: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Return for each reading whether it counts as a total, by its flags alone."""
    return ((flags & LEFT_OUT_OF_TOTALS) == 0) | ((flags & int(Flag.ACCEPTED)) != 0)


def _series_numbers(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[Ints, list[tuple[Any, ...]]]:
    """Return the number of each row's series, and the keys in that order."""
    groups = frame.groupby(list(keys), sort=True, observed=True, dropna=False)
    names = [key if isinstance(key, tuple) else (key,) for key in groups.size().index]
    return groups.ngroup().to_numpy().astype(np.int64), names


def _refuse_twice(at: Ints, days: NDArray[np.datetime64], names: list[tuple[Any, ...]]) -> None:
    ordered = np.sort(at)
    twice = np.flatnonzero(np.diff(ordered) == 0)
    if twice.size:
        row, column = divmod(int(ordered[twice[0]]), days.size)
        name = ", ".join(map(str, names[row]))
        raise ValueError(f"{name} has two rows for {days[column]}, one is accepted; add songs up with combine_songs")


def _placed(at: Ints, values: NDArray[Any], shape: tuple[int, int], fill: float) -> NDArray[Any]:
    out = np.full(shape[0] * shape[1], fill, dtype=values.dtype)
    out[at] = values
    return out.reshape(shape)
