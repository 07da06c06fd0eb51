"""The Advanced Analysis of one artist, and where every artist stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import analytics
import db
from accounts import Actor
from queries import alerts as alert_queries
from queries import outlook as queries
from usecases.alerts import owner_seen
from usecases.analysis_results import Outlook
from usecases.growth import artist_growth
from usecases.outlook import FAR_DAYS, NEAR_DAYS, stored_errors
from usecases.results import ArtistData, ArtistGrowth

RECENT_DAYS = 30
"""Days behind the newest reading of a platform after which an artist has no recent gain there."""
PORTFOLIO_FIGURES = ("mean_30", "momentum", "volatility", "growth_28", "total", "sum_30", "sum_30_low", "sum_30_high",
                     "target", "target_90")
"""Figures of an `Outlook` that the portfolio shows as they are."""


@dataclass(frozen=True, slots=True)
class ArtistAnalysis:
    """An artist, or one song, on all platforms above the threshold; read-only.

    Attributes
    ----------
    growth : ArtistGrowth
        Artist, song, window and what is below the threshold.
    platforms : tuple of str
        Keys, in the order of the rows of everything below.
    panel : Panel
    metrics : PanelMetrics
    shares : Figures
        Percent of the window's gains.
    forecasts : Forecasts
    correlations : tuple of Correlation
        Every pair of platforms once.
    anomalies : tuple of Anomalies
        One a platform.
    """

    growth: ArtistGrowth
    platforms: tuple[str, ...]
    panel: analytics.Panel
    metrics: analytics.PanelMetrics
    shares: analytics.Figures
    forecasts: analytics.Forecasts
    correlations: tuple[analytics.Correlation, ...]
    anomalies: tuple[analytics.Anomalies, ...]


@dataclass(frozen=True, slots=True)
class Standings:
    """Where every artist stands on every platform.

    Attributes
    ----------
    outlooks : tuple of Outlook
        One an artist and platform, by name.
    standings : dict of (int, str) to Standing
        By artist id and platform.
    alerts : dict of int to int
        New alerts by artist id.
    """

    outlooks: tuple[Outlook, ...]
    standings: dict[tuple[int, str], analytics.Standing]
    alerts: dict[int, int]


@dataclass(frozen=True, slots=True)
class Peer:
    """An artist among those it is compared with; `place` 1 grows fastest."""

    place: int
    outlook: Outlook
    standing: analytics.Standing


def artist_analysis(actor: Actor, artist_id: int, *, horizon: int, window_days: int | None, threshold: float,
                    song_id: int | None = None, data: ArtistData | None = None,
                    known: Sequence[ArtistAnalysis] = ()) -> ArtistAnalysis:
    """Return figures, forecasts, correlations and anomalies of an artist or one song.

    Parameters
    ----------
    horizon : int
        Days ahead, 7 to 180.
    window_days : int or None
        Days that acceleration, stability and share look at; None is all.
    threshold : float
        Platforms whose total is not above it are left out.
    data : ArtistData, optional
        The artist's data where it is at hand.
    known : sequence of ArtistAnalysis
        Analyses of the same data and song over other windows, thresholds or days ahead: what does not depend on them
        is taken from there.

    Raises
    ------
    NotFound
        If the artist, or the song of this artist, is not there.
    """
    growth = artist_growth(actor, artist_id, window_days=window_days, threshold=threshold, song_id=song_id, data=data)
    return analysed(growth, horizon, stored_errors().get(NEAR_DAYS if horizon <= NEAR_DAYS else FAR_DAYS), known)


def analysed(growth: ArtistGrowth, horizon: int, errors: analytics.Calibration | None,
             known: Sequence[ArtistAnalysis] = ()) -> ArtistAnalysis:
    """Return the analysis of a growth; `errors` are those of all series' past forecasts, `known` as above."""
    panel, keys = analytics.panel_of(growth.daily, ("platform",))
    metrics = analytics.panel_metrics(panel, window_days=growth.window.days, end=growth.window.end)
    platforms = tuple(platform for platform, in keys)
    same = [one for one in known if one.platforms == platforms]
    forecasts = next((one.forecasts for one in same if one.forecasts.gains.shape[1] == horizon), None)
    return ArtistAnalysis(
        growth, platforms, panel, metrics, analytics.shares(metrics.window_gain, np.zeros(len(keys))),
        analytics.forecast(panel, horizon, calibration=errors) if forecasts is None else forecasts,
        same[0].correlations if same else tuple(analytics.correlations(panel)),
        same[0].anomalies if same else tuple(analytics.anomalies(panel, row) for row in range(len(keys))))


def standings(actor: Actor) -> Standings:
    """Return the stored outlook of every artist and platform, with stage and growth class among all of them."""
    with db.begin() as connection:
        outlooks = tuple(Outlook(**row) for row in queries.outlooks(connection))
        alerts = alert_queries.unseen_counts(connection, owner_seen(actor))
    return standings_of(outlooks, alerts)


def standings_of(outlooks: tuple[Outlook, ...], alerts: dict[int, int]) -> Standings:
    """Return stage and growth class of every outlook among those of its platform, with new alerts by artist id."""
    found: dict[tuple[int, str], Any] = {}
    for platform in dict.fromkeys(outlook.platform for outlook in outlooks):
        rows = [outlook for outlook in outlooks if outlook.platform == platform]
        # of those with a mean: a reading dated years ahead has none, and would shut everybody else out
        newest = max((row.last_day for row in rows if row.mean_30 is not None), default=rows[0].last_day)
        means = np.array([[row.mean_30, row.mean_60] if (newest - row.last_day).days <= RECENT_DAYS else [None, None]
                          for row in rows], dtype=np.float64)
        stages = analytics.stages_of(means[:, 0], means[:, 1])
        found |= {(row.artist_id, platform): stages.standing(place) for place, row in enumerate(rows)}
    return Standings(outlooks, found, alerts)


def peers(all_standings: Standings, artist_id: int, platform: str, most: int) -> tuple[Peer, ...]:
    """Return the artists of the same stage on a platform (under 50 artists: all of it), fastest growth first.

    Parameters
    ----------
    most : int
        Artists at most; the artist comes after them where it is not among them.
    """
    own = all_standings.standings.get((artist_id, platform))
    if own is None:
        return ()
    rows = [(outlook, all_standings.standings[outlook.artist_id, platform]) for outlook in all_standings.outlooks
            if outlook.platform == platform]
    same = [(outlook, standing) for outlook, standing in rows if standing.stage == own.stage
            and standing.difference is not None]
    ranked = sorted(same, key=lambda row: (row[1].z is None, -(row[1].z or 0), -(row[1].difference or 0)))
    found = [Peer(place, outlook, standing) for place, (outlook, standing) in enumerate(ranked, 1)]
    return tuple(peer for peer in found if peer.place <= most or peer.outlook.artist_id == artist_id)


def portfolio_table(all_standings: Standings, threshold: float) -> pd.DataFrame:
    """Return one row an artist and platform above the threshold, with every figure of the portfolio.

    Returns
    -------
    DataFrame
        Highest recent gain first, those without one last:
        ``artist_id, artist_key, artist, platform``, the numbers of its `Standing` (``stage, growth, percentile, rank,
        of, difference, z``) and of its `Outlook` (`PORTFOLIO_FIGURES`, ``target_day, last_day``), and ``alerts``, the
        artist's new ones on all platforms. Absent is NaN, NaT or None.
    """
    kept = [outlook for outlook in all_standings.outlooks if (outlook.total or 0) > threshold]
    places = [all_standings.standings[outlook.artist_id, outlook.platform] for outlook in kept]

    def figure(rows: Sequence[Any], name: str) -> pd.Series:
        return pd.Series([getattr(row, name) for row in rows], dtype="float64")

    def label(rows: Sequence[Any], name: str) -> pd.Series:
        return pd.Series([getattr(row, name) for row in rows], dtype="object")

    def day(name: str) -> pd.Series:
        return pd.Series([getattr(row, name) for row in kept], dtype="datetime64[s]")

    rows = pd.DataFrame({
        "artist_id": pd.Series([row.artist_id for row in kept], dtype="int64"), "artist_key": label(kept, "artist_key"),
        "artist": label(kept, "name"), "platform": label(kept, "platform"), "stage": label(places, "stage"),
        "growth": label(places, "growth"), "percentile": figure(places, "percentile"),
        "rank": figure(places, "rank").astype("Int64"), "of": pd.Series([row.of for row in places], dtype="int64"),
        "difference": figure(places, "difference"), "z": figure(places, "z"),
        **{name: figure(kept, name) for name in PORTFOLIO_FIGURES}, "target_day": day("target_day"),
        "alerts": pd.Series([all_standings.alerts.get(row.artist_id, 0) for row in kept], dtype="int64"),
        "last_day": day("last_day")})
    order = pd.DataFrame({"late": rows["rank"].isna(), "gain": -rows["mean_30"]})
    return rows.loc[order.sort_values(["late", "gain"], kind="stable").index].reset_index(drop=True)


def milestone(analysis: ArtistAnalysis, platform: str, target: float) -> analytics.Milestone:
    """Return when the total on a platform reaches a target; an analysis of 180 days tells most."""
    row = analysis.platforms.index(platform)
    return analytics.milestone(analysis.panel.days, analysis.panel.totals[row], analysis.forecasts, row, target)


def scenarios(analysis: ArtistAnalysis, platform: str) -> tuple[analytics.Scenario, ...]:
    """Return the low, base and high scenario of a platform; none where there is no forecast."""
    return analytics.scenarios(analysis.forecasts, analysis.metrics.mean_30.value)[analysis.platforms.index(platform)]


def forecast_table(analysis: ArtistAnalysis, platform: str) -> pd.DataFrame:
    """Return the forecast of a platform for other programs: one row a day, gains and totals with their bounds."""
    found, row = analysis.forecasts, analysis.platforms.index(platform)
    columns: dict[str, Any] = {"day": (found.first_day[row] + np.arange(found.gains.shape[1])).astype("datetime64[s]")}
    for name, middle, bands in (("gain", found.gains, found.gain_bands), ("total", found.totals, found.total_bands)):
        columns[name] = middle[row]
        for place, level in enumerate(analytics.LEVELS):
            for side, word in enumerate(("low", "high")):
                columns[f"{name}_{word}_{level * 100:.0f}"] = bands[row, place, side]
    return pd.DataFrame(columns)
