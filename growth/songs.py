"""Readings of one series as arrays, and the readings of several songs added up to their artist's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from growth.panel import Floats, Ints, counts_as_total, validate_columns

DAILY_COLUMNS = ("platform", "day", "total", "gain", "flags")
"""Columns of a daily frame, in the order in which `combine_songs` returns them."""


def combine_songs(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the daily rows of several songs up to one row a platform and day.

    Parameters
    ----------
    frame : DataFrame, shape (n, >= 6)
        One row a song, platform and day, in any order: ``song_id`` and the columns of `platform_metrics`.

    Returns
    -------
    DataFrame, shape (m, 6)
        Columns ``platform``, ``day`` (datetime64[ns]), ``total``, ``gain``, ``flags`` and ``counts``, sorted by
        platform and day. A day appears when at least one song has a reading on it.

        * total: sum of each song's latest total at or before the day, carried forward from the song's first
          reading. An unaccepted JUMP, NEW_LEVEL or FUTURE reading does not move the carried total. NaN while
          no song has one.
        * gain: sum of the songs' known gains of that day; NaN when none is known.
        * flags: union of the songs' flags of that day.
        * counts: whether the total is known, whatever the flags say of single songs' readings.

        An empty frame gives an empty frame with these columns.

    Raises
    ------
    ValueError
        If a column is missing or a song has two rows for one day on one platform.
    """
    validate_columns(frame, ("song_id", *DAILY_COLUMNS))
    parts = [_combine_platform(str(key), rows)
             for key, rows in frame.groupby("platform", sort=True, observed=True)]
    if parts:
        return pd.concat(parts, ignore_index=True)
    return pd.DataFrame({"platform": pd.Series(dtype="str"), "day": pd.Series(dtype="datetime64[ns]"),
                         "total": pd.Series(dtype="float64"), "gain": pd.Series(dtype="float64"),
                         "flags": pd.Series(dtype="int64"), "counts": pd.Series(dtype="bool")})


@dataclass(frozen=True, slots=True)
class Readings:
    """One platform's rows as arrays of shape (n,), ordered by day (days since 1970-01-01)."""

    days: Ints
    total: Floats
    gain: Floats
    flags: Ints
    counts: NDArray[np.bool_]


def readings_of(rows: pd.DataFrame, name: str) -> Readings:
    """Return the rows of one platform or song in order of day; a second row of a day is refused as `name`'s."""
    # through datetime64[D]: the frame's own unit differs between pandas 2 (ns) and 3 (us, s)
    days = rows["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    order = np.argsort(days, kind="stable")
    days = days[order]
    twice = np.flatnonzero(np.diff(days) == 0)
    if twice.size:
        day = np.datetime64(int(days[twice[0]]), "D")
        raise ValueError(f"{name} has two rows for {day}, one is accepted; add songs up with combine_songs")
    total, flags = rows["total"].to_numpy(np.float64)[order], rows["flags"].to_numpy(np.int64)[order]
    counts = rows["counts"].to_numpy(bool)[order] if "counts" in rows else counts_as_total(flags)
    return Readings(days, total, rows["gain"].to_numpy(np.float64)[order], flags, counts & ~np.isnan(total))


def _combine_platform(platform: str, rows: pd.DataFrame) -> pd.DataFrame:
    songs = [readings_of(part, f"song {song} on {platform}")
             for song, part in rows.groupby("song_id", observed=True)]
    days = np.unique(np.concatenate([song.days for song in songs]))
    totals = _known_sum(np.stack([_carried_total(song, days) for song in songs]))
    return pd.DataFrame({
        "platform": platform,
        "day": days.astype("datetime64[D]").astype("datetime64[ns]"),
        "total": totals,
        "gain": _known_sum(np.stack([_placed(song.days, song.gain, days, np.nan) for song in songs])),
        "flags": np.bitwise_or.reduce([_placed(song.days, song.flags, days, 0) for song in songs]),
        "counts": ~np.isnan(totals),
    })


def _carried_total(song: Readings, days: Ints) -> Floats:
    """Return the song's latest counting total at each of `days`, NaN before its first."""
    latest = np.searchsorted(song.days[song.counts], days, side="right")
    return np.concatenate([[np.nan], song.total[song.counts]])[latest]


def _placed(at: Ints, values: NDArray[Any], days: Ints, fill: float) -> NDArray[Any]:
    """Return an array over `days` with `values` at the days `at` and `fill` elsewhere."""
    out = np.full(days.shape, fill, dtype=values.dtype)
    out[np.searchsorted(days, at)] = values
    return out


def _known_sum(parts: Floats) -> Floats:
    """Sum over axis 0 of what is known; NaN where nothing is."""
    unknown = np.isnan(parts)
    return np.where(unknown.all(axis=0), np.nan, np.where(unknown, 0.0, parts).sum(axis=0))
