"""Every cached call of the pages: services and figures, keyed by the version of the data.

The caches are shared by all users of the server, so the actor is part of every key; what is the same for everybody is
read as a guest and kept once. `version` changes whenever a
sync or a deletion has changed the data, in this process or in another; `clear` is called where this process knows.
An exception is never cached. What is kept is handed out as it is, not copied: it is read-only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import cachetools
import pandas as pd
import plotly.graph_objects as go

import services
from locales import t
from support import charts

VERSION_SECONDS = 2
"""How long the version is trusted: other processes' changes are seen after that."""
CAPABILITY_SECONDS = 60
"""How long the state of database, keys and packages is trusted."""
KEEP_SECONDS = 3600
"""How long an unused answer is kept."""

_analyses: cachetools.TTLCache[Any, services.ArtistAnalysis] = cachetools.TTLCache(200, KEEP_SECONDS)
"""The last analysis of an artist or song, also by days ahead."""
_lock = threading.Lock()
_clears: list[Callable[[], None]] = []


def _kept(seconds: float, entries: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Keep a function's answers by its arguments; one thread works one out while others wait for it.

    Streamlit's own caches hash all arguments anew at each call, which took a fifth of a warm rerun.
    """
    def kept(function: Callable[..., Any]) -> Callable[..., Any]:
        found = cachetools.cached(cachetools.TTLCache(entries, seconds), condition=threading.Condition())(function)
        _clears.append(found.cache_clear)
        return found

    return kept


class Drawn(go.Figure):
    """A finished figure: handed to the page as it is, neither copied nor checked again at each rerun."""

    def __init__(self, spec: dict[str, Any]) -> None:
        object.__setattr__(self, "_spec", spec)

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as plain data."""
        return self._spec


def version(actor: services.Actor) -> str:
    """Return a text that differs whenever the data does, at most `VERSION_SECONDS` old."""
    return _version(services.GUEST)


@_kept(VERSION_SECONDS, 1)
def _version(actor: services.Actor) -> str:
    return services.data_version(actor)


@_kept(VERSION_SECONDS, 500)
def active_sync(actor: services.Actor) -> services.JobView | None:
    """Return the sync that runs, whoever started it, as it was at most `VERSION_SECONDS` ago."""
    return services.active_job(actor, "sync")


def status(actor: services.Actor) -> services.DataStatus:
    """Return counts and last sync."""
    return _status(services.GUEST, version(actor))


@_kept(KEEP_SECONDS, 20)
def _status(actor: services.Actor, version: str) -> services.DataStatus:
    return services.data_status(actor)


def clear() -> None:
    """Forget everything cached, for everybody: after a sync, a deletion or a changed option."""
    for forget in _clears:
        forget()
    with _lock:
        _analyses.clear()


def artists(actor: services.Actor) -> list[services.ArtistSummary]:
    """Return all artists, by name."""
    return _artists(services.GUEST, version(actor))


@_kept(KEEP_SECONDS, 20)
def _artists(actor: services.Actor, version: str) -> list[services.ArtistSummary]:
    return services.list_artists(actor)


def growth(actor: services.Actor, artist_id: int, song_id: int | None, window_days: int | None, threshold: float,
           include_flagged: bool) -> services.ArtistGrowth:
    """Return an artist's growth; shared by all sessions, so its frames are read-only."""
    return _growth(services.GUEST, version(actor), artist_id, song_id, window_days, threshold, include_flagged)


@_kept(KEEP_SECONDS, 1000)
def _growth(actor: services.Actor, version: str, artist_id: int, song_id: int | None, window_days: int | None,
            threshold: float, include_flagged: bool) -> services.ArtistGrowth:
    return services.artist_growth(actor, artist_id, window_days=window_days, threshold=threshold, song_id=song_id,
                                  include_flagged=include_flagged, data=_data(actor, version, artist_id))


@_kept(KEEP_SECONDS, 500)
def _data(actor: services.Actor, version: str, artist_id: int) -> services.ArtistData:
    return services.artist_data(actor, artist_id)


def files(actor: services.Actor, artist_id: int | None = None) -> list[services.FileRecord]:
    """Return the files of one artist, or all; shared by all sessions, so it is read-only."""
    return _files(services.GUEST, version(actor), artist_id)


@_kept(KEEP_SECONDS, 50)
def _files(actor: services.Actor, version: str, artist_id: int | None) -> list[services.FileRecord]:
    return services.list_files(actor, artist_id)


def figure(actor: services.Actor, artist_id: int, song_id: int | None, window_days: int | None, threshold: float,
           include_flagged: bool, platform: str, log: bool, lang: str) -> Any:
    """Return the figure of one platform's totals and gains; shared by all sessions, so it is read-only."""
    return _figure(services.GUEST, version(actor), artist_id, song_id, window_days, threshold, include_flagged,
                   platform, log, lang)


@_kept(KEEP_SECONDS, 1500)
def _figure(actor: services.Actor, version: str, artist_id: int, song_id: int | None, window_days: int | None,
            threshold: float, include_flagged: bool, platform: str, log: bool, lang: str) -> Any:
    growth = _growth(actor, version, artist_id, song_id, window_days, threshold, include_flagged)
    labels = {name: t(lang, f"growth.chart.{name}", unit=t(lang, f"platform.{platform}.unit"))
              for name in ("total", "gain", "mean", "flagged")}
    return Drawn(charts.gain_figure(_explained(growth, platform, lang), platform, lang=lang, labels=labels,
                                    window=growth.window, log=log))


def _explained(growth: services.ArtistGrowth, platform: str, lang: str) -> dict[str, Any]:
    """Return one platform's days as columns, as charts take them, flags as text."""
    own = (growth.daily["platform"] == platform).to_numpy()
    columns = {name: growth.daily[name].to_numpy()[own]
               for name in ("day", "total", "gain", "flags", "flag_names", "in_mean", "counts")}
    reasons = [", ".join(t(lang, f"flags.{name}") for name in names) for names in columns.pop("flag_names")]
    return columns | {"reasons": reasons, "in_total": columns.pop("counts")}


def comparison(actor: services.Actor, artist_ids: tuple[int, ...], window_days: int | None, threshold: float,
               include_flagged: bool, platform: str, view: str, log: bool, indexed: bool, lang: str) -> Any:
    """Return the figure of one platform with a line for each artist that has it; read-only."""
    return _comparison(services.GUEST, version(actor), artist_ids, window_days, threshold, include_flagged, platform,
                       view, log, indexed, lang)


@_kept(KEEP_SECONDS, 1500)
def _comparison(actor: services.Actor, version: str, artist_ids: tuple[int, ...], window_days: int | None,
                threshold: float, include_flagged: bool, platform: str, view: str, log: bool, indexed: bool,
                lang: str) -> Any:
    growths = [_growth(actor, version, artist_id, None, window_days, threshold, include_flagged)
               for artist_id in artist_ids]
    labels = {"axis": t(lang, f"growth.compare.axis.{view}", unit=t(lang, f"platform.{platform}.unit")),
              "flagged": t(lang, "growth.chart.flagged"), "index": t(lang, "growth.compare.index_unit")}
    if indexed:
        labels["axis"] += t(lang, "growth.compare.axis.indexed")
    lines = {growth.artist.name: _explained(growth, platform, lang) if platform in growth.metrics else None
             for growth in growths}
    window = charts.common_span([growth.window for growth in growths], window_days)
    return Drawn(charts.compare_figure(lines, platform, lang=lang, labels=labels, log=log, indexed=indexed, view=view,
                                       window=window))


def sparks(actor: services.Actor, artist_id: int, song_id: int | None, window_days: int | None, threshold: float,
           include_flagged: bool) -> dict[str, dict[str, list[float]]]:
    """Return the tiny lines of the tiles: by platform and tile, the series the tile is computed from."""
    return _sparks(services.GUEST, version(actor), artist_id, song_id, window_days, threshold, include_flagged)


@_kept(KEEP_SECONDS, 1000)
def _sparks(actor: services.Actor, version: str, artist_id: int, song_id: int | None, window_days: int | None,
            threshold: float, include_flagged: bool) -> dict[str, dict[str, list[float]]]:
    growth = _growth(actor, version, artist_id, song_id, window_days, threshold, include_flagged)
    return {platform: charts.tile_lines(growth.daily, platform, growth.window) for platform in growth.metrics}


def analysis(actor: services.Actor, artist_id: int, song_id: int | None, horizon: int, window_days: int | None,
             threshold: float) -> services.ArtistAnalysis:
    """Return an artist's figures, forecasts, correlations and anomalies; shared by all sessions, read-only."""
    return _analysis(services.GUEST, version(actor), artist_id, song_id, horizon, window_days, threshold)


@_kept(KEEP_SECONDS, 200)
def _analysis(actor: services.Actor, version: str, artist_id: int, song_id: int | None, horizon: int,
              window_days: int | None, threshold: float) -> services.ArtistAnalysis:
    of = version, artist_id, song_id
    with _lock:  # another window changes neither the forecasts nor what the days themselves tell
        known = [found for key in (horizon, None) if (found := _analyses.get((*of, key))) is not None]
    found = services.artist_analysis(actor, artist_id, horizon=horizon, window_days=window_days, threshold=threshold,
                                     song_id=song_id, data=_data(actor, version, artist_id), known=known)
    with _lock:
        _analyses[*of, horizon] = _analyses[*of, None] = found
    return found


def analysis_figure(actor: services.Actor, artist_id: int, song_id: int | None, horizon: int, window_days: int | None,
                    threshold: float, platform: str, lang: str, name: str, **options: Any) -> Drawn:
    """Return a figure of an analysis (`services.analysis_figure`); shared by all sessions, read-only."""
    return _analysis_figure(services.GUEST, version(actor), artist_id, song_id, horizon, window_days, threshold,
                            platform, lang, name, tuple(sorted(options.items())))


@_kept(KEEP_SECONDS, 600)
def _analysis_figure(actor: services.Actor, version: str, artist_id: int, song_id: int | None, horizon: int,
                     window_days: int | None, threshold: float, platform: str, lang: str, name: str,
                     options: tuple[tuple[str, Any], ...]) -> Drawn:
    found = _analysis(actor, version, artist_id, song_id, horizon, window_days, threshold)
    return Drawn(services.analysis_figure(found, name, platform, lang=lang, **dict(options)))


def standings(actor: services.Actor) -> services.Standings:
    """Return where every artist stands on every platform; read-only."""
    return _standings(actor, version(actor))


@_kept(KEEP_SECONDS, 500)
def _standings(actor: services.Actor, version: str) -> services.Standings:
    return services.standings(actor)


def portfolio(actor: services.Actor, threshold: float) -> pd.DataFrame:
    """Return the portfolio (`services.portfolio_table`); read-only."""
    return _portfolio(actor, version(actor), threshold)


@_kept(KEEP_SECONDS, 500)
def _portfolio(actor: services.Actor, version: str, threshold: float) -> pd.DataFrame:
    return services.portfolio_table(_standings(actor, version), threshold)


def alert_rules(actor: services.Actor) -> list[services.AlertRule]:
    """Return the actor's rules of alerts; read-only."""
    return _alert_rules(actor, version(actor))


@_kept(KEEP_SECONDS, 500)
def _alert_rules(actor: services.Actor, version: str) -> list[services.AlertRule]:
    return services.list_rules(actor)


def alert_events(actor: services.Actor, artist_id: int | None, limit: int) -> list[services.AlertEvent]:
    """Return the newest alerts, at most `VERSION_SECONDS` old: posting them does not change the version."""
    return _alert_events(actor, version(actor), artist_id, limit)


@_kept(VERSION_SECONDS, 200)
def _alert_events(actor: services.Actor, version: str, artist_id: int | None,
                  limit: int) -> list[services.AlertEvent]:
    return services.list_events(actor, limit=limit, artist_id=artist_id)


def new_alerts(actor: services.Actor) -> list[services.AlertEvent]:
    """Return the alerts nobody has seen, newest first, at most `VERSION_SECONDS` old."""
    return _new_alerts(actor, version(actor))


@_kept(VERSION_SECONDS, 500)
def _new_alerts(actor: services.Actor, version: str) -> list[services.AlertEvent]:
    return services.list_events(actor, unseen=True)


def pipeline(actor: services.Actor) -> services.PipelineState:
    """Return how much there is of everything that a sync leaves behind; read-only."""
    return _pipeline(actor, version(actor))


@_kept(VERSION_SECONDS, 500)
def _pipeline(actor: services.Actor, version: str) -> services.PipelineState:
    return services.pipeline(actor)


def home(actor: services.Actor, threshold: float) -> services.HomeSummary:
    """Return what changed, who rises and what waits; read-only."""
    return _home(actor, version(actor), threshold)


@_kept(KEEP_SECONDS, 500)
def _home(actor: services.Actor, version: str, threshold: float) -> services.HomeSummary:
    return services.home(actor, threshold)


def news(actor: services.Actor, since: datetime | None) -> services.News:
    """Return what is new to the actor since a moment, at most `VERSION_SECONDS` old; read-only."""
    return _news(actor, version(actor), since)


@_kept(VERSION_SECONDS, 200)
def _news(actor: services.Actor, version: str, since: datetime | None) -> services.News:
    return services.news(actor, since)


@_kept(CAPABILITY_SECONDS, 500)
def capabilities(actor: services.Actor) -> list[services.Capability]:
    """Return what is there and what is missing, at most `CAPABILITY_SECONDS` old."""
    return services.capabilities(actor)
