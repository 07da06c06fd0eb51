"""Daily series for the bench of forecasts, read and audited by the product's own import.

Three forms are read, each as CSV or CSV.GZ, or a folder of them:

* a table of one row a track and day: a day (``date`` or ``day``), a running total (``TOTAL_STREAM``, ``total`` ...) and
  whatever names the series (``TRACK_ID``, ``country`` and ``artist_title``, ``platform`` ...); optional
  ``TRACK_RELEASE_DATE`` or ``days`` (since release) tell the age;
* the same with daily amounts only (``streams`` ...);
* an export of one series, ``Artist_Song_Platform_Metric.csv``.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from _machine import ROOT

from data_processing import Series, build, parse_name, read_file
from growth.panel import Panel, panel_of
from ingest.dates import to_number
from support.errors import AppError

DATA = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data")
"""Where the real series are; they are no part of the project."""
TODAY = to_number(pd.Timestamp("2100-01-01").date())
"""Nothing in a file of the past is dated in the future."""
DAY = ("date", "day", "datum", "streams_date", "chart_date")
TOTAL = ("total_stream", "total_streams", "total", "total_views", "total_plays", "cumulative", "streams_total")
AMOUNT = ("daily_stream", "daily_streams", "streams", "views", "plays", "gain")
NAMES = ("country", "region", "platform", "track_id", "song_id", "artist_title", "artist", "song", "title", "metric")
RELEASE = ("track_release_date", "release_date")


@dataclass(frozen=True)
class Set:
    """Series of one source: panel, names, and the day of release of each (days since 1970-01-01, NaN unknown)."""

    name: str
    panel: Panel
    keys: list[str]
    released: np.ndarray


def load(path: Path) -> list[Set]:
    """Return the sets in a file or a folder; exports of one series each make up one set together."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    tables, exports = [], []
    for file in files:
        if not file.name.lower().endswith((".csv", ".csv.gz")):
            continue
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        table = _table(file, data)
        if table is not None:
            tables.append(table)
        else:
            exports += _export(file, data)
    return tables + ([_set("exports", exports)] if exports else [])


def _table(file: Path, data: bytes) -> Set | None:
    """Return the series of a table; None if the file is no such table."""
    header = data[:4096].decode("utf-8-sig", errors="replace").splitlines()[:1]
    columns = {name.strip().strip('"').lower(): index for index, name in enumerate((header or [""])[0].split(","))}
    day = next((name for name in DAY if name in columns), None)
    value = next((name for name in TOTAL + AMOUNT if name in columns), None)
    names = [name for name in NAMES if name in columns]
    if day is None or value is None or not names:
        return None
    frame = pd.read_csv(pd.io.common.BytesIO(data))
    frame.columns = [str(name).strip().lower() for name in frame.columns]
    frame = frame.dropna(subset=[day, value, *names])
    frame["at"] = pd.to_datetime(frame[day]).to_numpy().astype("datetime64[D]").astype(np.int64)
    kind = "cumulative" if value in TOTAL else "daily"
    found = []
    for key, rows in frame.groupby(names, sort=True):
        rows = rows.drop_duplicates("at", keep="last").sort_values("at")
        series = build(rows["at"].to_numpy(), rows[value].to_numpy(np.float64), kind, today=TODAY)
        found.append(("|".join(map(str, key)), series, _released(rows)))
    return _set(file.name.split(".")[0], found)


def _released(rows: pd.DataFrame) -> float:
    release = next((name for name in RELEASE if name in rows), None)
    if release is not None:
        known = pd.to_datetime(rows[release], errors="coerce").dropna()
        return float(known.iloc[0].to_datetime64().astype("datetime64[D]").astype(np.int64)) if len(known) else np.nan
    if "days" in rows:
        return float((rows["at"] - pd.to_numeric(rows["days"], errors="coerce")).min())
    return np.nan


def _export(file: Path, data: bytes) -> list[tuple[str, Series, float]]:
    try:
        parse_name(file.name.removesuffix(".gz"))
        readings = read_file(data)
    except AppError:
        return []
    if not readings.accepted:
        return []
    series = build(readings.days, readings.values, readings.kind, reported=readings.reported, today=TODAY)
    return [(file.name.split(".")[0], series, np.nan)]


def _set(name: str, found: list[tuple[str, Series, float]]) -> Set:
    """Lay audited series side by side as the product does."""
    found = [each for each in found if len(each[1].days) > 1]
    parts = [pd.DataFrame({"key": index, "day": series.days.astype("datetime64[D]").astype("datetime64[ns]"),
                           "total": series.totals, "gain": series.audited.gains, "flags": series.audited.flags})
             for index, (_, series, _) in enumerate(found)]
    panel, keys = panel_of(pd.concat(parts, ignore_index=True), ("key",))
    order = [int(key[0]) for key in keys]
    return Set(name, panel, [found[index][0] for index in order], np.array([found[index][2] for index in order]))
