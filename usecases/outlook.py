"""What is derived from readings after a sync: figures and forecasts of the artists touched, then the alerts."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd

import analytics
import db
from accounts import Actor, require
from queries import growth as growth_queries
from queries import outlook as queries
from queries import people
from support.errors import AppError
from usecases import alerts
from usecases.analysis_results import AnalyseReport
from usecases.sync import Progress, Silent, exclusive

log = logging.getLogger(__name__)

ARTISTS_AT_ONCE = 100
"""Artists in one transaction: some 300 series, a few seconds of work that a kill would lose."""
NEAR_DAYS, FAR_DAYS = 30, 180
"""Days ahead: those kept and watched, and those milestones are looked for in, for which fewer past forecasts tell."""
Errors = dict[int, analytics.Calibration]
FIGURES = ("mean_7", "mean_30", "mean_60", "momentum", "volatility", "acceleration", "stability", "growth_7",
           "growth_28", "growth_90")
"""Figures kept as they are in `analytics.PanelMetrics`."""


def analyse(actor: Actor, *, progress: Progress | None = None, today: date | None = None) -> AnalyseReport:
    """Bring figures and forecasts up to the readings, then check and post the alerts.

    Parameters
    ----------
    today : date, optional
        Day that silence is counted to; by default the server's, in UTC.

    Raises
    ------
    NotAllowed
    """
    require(actor, "sync")
    start = time.monotonic()
    artists, series, forecasts = refresh(progress or Silent())
    events, (sent, failed) = alerts.evaluate(today or datetime.now(UTC).date()), alerts.deliver()
    with db.begin() as connection:
        if artists or events:
            people.record_act(connection, actor.id, "analyse", str(artists), series=series, events=events)
    return AnalyseReport(artists, series, forecasts, events, sent, failed, time.monotonic() - start)


def after_sync(actor: Actor, progress: Progress) -> AnalyseReport:
    """Do as `analyse`; what goes wrong is told in the report: the sync before it has done its work."""
    try:
        return analyse(actor, progress=progress)
    except AppError as error:
        log.warning("The analysis after a sync ended early: %s", error)
        return AnalyseReport(0, 0, 0, 0, 0, 0, 0.0, error.code)


def refresh(progress: Progress) -> tuple[int, int, int]:
    """Derive the outlook of every artist whose readings have changed; return artists, series and forecasts."""
    with db.begin() as connection:
        stale, every = queries.stale_artists(connection), growth_queries.count_artists(connection)
    # the errors of most series are found anew: what is stored would count them twice
    renew = 2 * len(stale) > every
    prior: Errors = {} if renew else stored_errors()
    series = forecasts = 0
    for start in range(0, len(stale), ARTISTS_AT_ONCE):
        progress.check()
        progress.report(start, len(stale))
        found, errors = _refresh_some(stale[start:start + ARTISTS_AT_ONCE], prior)
        prior = errors if renew else prior
        series, forecasts = series + found[0], forecasts + found[1]
    if renew and prior:
        with db.begin() as connection:
            queries.save_calibration(connection, {str(days): one.to_dict() for days, one in prior.items()}, series)
    progress.report(len(stale), len(stale))
    return len(stale), series, forecasts


def stored_errors() -> Errors:
    """Return the errors of all series' past forecasts by days ahead; nothing where none are kept, or of old form."""
    with db.begin() as connection:
        stored = queries.calibration(connection) or {}
    try:
        return {int(days): analytics.Calibration.from_dict(one) for days, one in stored.items()}
    except ValueError as error:
        log.info("Errors of past forecasts are not used: %s", error)
        return {}


def _refresh_some(artists: Sequence[int], prior: Errors) -> tuple[tuple[int, int], Errors]:
    """Derive and store the outlook of some artists in one transaction; return series and forecasts, and the errors."""
    with exclusive(), db.begin() as connection:
        queries.mark_fresh(connection, artists)  # before reading: what comes meanwhile makes them stale again
        daily = {artist: analytics.combine_songs(growth_queries.readings(connection, artist)) for artist in artists}
        frame = pd.concat([rows.assign(artist_id=artist) for artist, rows in daily.items()], ignore_index=True)
        if frame.empty:
            queries.save(connection, artists, [])
            queries.save_forecasts(connection, artists, [])
            return (0, 0), prior
        panel, keys = analytics.panel_of(frame, ("artist_id", "platform"))
        found, far = (analytics.forecast(panel, days, calibration=prior.get(days)) for days in (NEAR_DAYS, FAR_DAYS))
        rows = _figures(panel, keys, found, _milestones(panel, far))
        queries.save(connection, artists, [row for row in rows if row["last_day"] is not None])
        made = _forecasts(keys, found)
        queries.save_forecasts(connection, artists, made)
    return (len(keys), len(made)), {NEAR_DAYS: found.calibration, FAR_DAYS: far.calibration}


def _figures(panel: analytics.Panel, keys: list[tuple[Any, ...]], found: analytics.Forecasts,
             targets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row of `artist_outlook` a series. Spans end at the artist's last day, as the tiles' do."""
    last_days = found.first_day - np.timedelta64(1, "D")
    artist = np.array([key[0] for key in keys])
    rows: list[dict[str, Any]] = [{} for _ in keys]
    ends = {one: last_days[artist == one].max() for one in np.unique(artist[~np.isnat(last_days)])}
    for end in sorted(set(ends.values())):
        chosen = np.flatnonzero([ends.get(one) == end for one in artist])
        metrics = analytics.panel_metrics(panel.take(chosen), end=end.item())
        for place, row in enumerate(chosen.tolist()):
            rows[row] = {name: _known(getattr(metrics, name).value[place]) for name in FIGURES}
    sums = analytics.total_quantiles(found, np.array([0.1, 0.5, 0.9]))[:, :, -1]
    for number, (artist_id, platform) in enumerate(keys):
        rows[number] = dict.fromkeys(FIGURES) | rows[number] | targets[number] | {
            "artist_id": int(artist_id), "platform": platform,
            "last_day": None if np.isnat(last_days[number]) else last_days[number].item(),
            "total": _known(found.last_total[number]),
            "sum_30": _known(sums[number, 1]), "sum_30_low": _known(sums[number, 0]),
            "sum_30_high": _known(sums[number, 2])}
    return rows


def _milestones(panel: analytics.Panel, far: analytics.Forecasts) -> list[dict[str, Any]]:
    """Return the next round total of each series, and when it may be reached."""
    rows = []
    for number, total in enumerate(far.last_total.tolist()):
        row: dict[str, Any] = {"target": None, "target_day": None, "target_90": None}
        if math.isfinite(total):
            row["target"] = analytics.next_target(total)
            found = analytics.milestone(panel.days, panel.totals[number], far, number, row["target"])
            row |= {"target_day": found.median, "target_90": found.chance_90}
        rows.append(row)
    return rows


def _forecasts(keys: list[tuple[Any, ...]], found: analytics.Forecasts) -> list[dict[str, Any]]:
    """Return one row of `forecasts` for every series that has one."""
    bands = {level: found.gain_bands[:, place] for place, level in enumerate(analytics.LEVELS)}
    rows = []
    for number in np.flatnonzero(found.chosen >= 0).tolist():
        row = {"artist_id": int(keys[number][0]), "platform": keys[number][1],
               "last_day": (found.first_day[number] - np.timedelta64(1, "D")).item(),
               "method": found.methods[found.chosen[number]], "gains": found.gains[number].tolist()}
        for name, level in (("80", 0.8), ("95", 0.95)):
            row |= {f"low_{name}": bands[level][number, 0].tolist(), f"high_{name}": bands[level][number, 1].tolist()}
        rows.append(row)
    return rows


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
