"""Every cached call of the pages: `st.cache_*` around services, keyed by the version of the data.

The caches are shared by all users of the server, so the actor is part of every key. `version` changes whenever a
sync or a deletion has changed the data, in this process or in another; `clear` is called where this process knows.
An exception is never cached.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

import services
from locales import t
from support import charts

STATUS_SECONDS = 2
"""How long the status is trusted: other processes' changes are seen after that."""
KEEP_SECONDS = 3600
"""How long an unused answer is kept."""


@st.cache_data(ttl=STATUS_SECONDS, max_entries=50, show_spinner=False)
def status(actor: services.Actor) -> services.DataStatus:
    """Return counts and last sync, at most `STATUS_SECONDS` old."""
    return services.data_status(actor)


@st.cache_data(ttl=STATUS_SECONDS, max_entries=50, show_spinner=False)
def version(actor: services.Actor) -> str:
    """Return a text that differs whenever the data does, at most `STATUS_SECONDS` old."""
    return services.data_version(actor)


def clear() -> None:
    """Forget everything cached, for everybody: after a sync, a deletion or a changed option."""
    st.cache_data.clear()
    st.cache_resource.clear()


def artists(actor: services.Actor) -> list[services.ArtistSummary]:
    """Return all artists, by name."""
    return _artists(actor, version(actor))


@st.cache_resource(ttl=KEEP_SECONDS, max_entries=20, show_spinner=False)
def _artists(actor: services.Actor, version: str) -> list[services.ArtistSummary]:
    return services.list_artists(actor)


def growth(actor: services.Actor, artist_id: int, song_id: int | None, window_days: int | None, threshold: float,
           include_flagged: bool) -> services.ArtistGrowth:
    """Return an artist's growth; shared by all sessions, so its frames are read-only."""
    return _growth(actor, version(actor), artist_id, song_id, window_days, threshold, include_flagged)


@st.cache_resource(ttl=KEEP_SECONDS, max_entries=200, show_spinner=False)
def _growth(actor: services.Actor, version: str, artist_id: int, song_id: int | None, window_days: int | None,
            threshold: float, include_flagged: bool) -> services.ArtistGrowth:
    return services.artist_growth(actor, artist_id, window_days=window_days, threshold=threshold, song_id=song_id,
                                  include_flagged=include_flagged)


def files(actor: services.Actor, artist_id: int | None = None) -> list[services.FileRecord]:
    """Return the files of one artist, or all; shared by all sessions, so it is read-only."""
    return _files(actor, version(actor), artist_id)


@st.cache_resource(ttl=KEEP_SECONDS, max_entries=50, show_spinner=False)
def _files(actor: services.Actor, version: str, artist_id: int | None) -> list[services.FileRecord]:
    return services.list_files(actor, artist_id)


def figure(actor: services.Actor, artist_id: int, song_id: int | None, window_days: int | None, threshold: float,
           include_flagged: bool, platform: str, lang: str) -> Any:
    """Return the figure of one platform's totals and gains; shared by all sessions, so it is read-only."""
    return _figure(actor, version(actor), artist_id, song_id, window_days, threshold, include_flagged, platform, lang)


@st.cache_resource(ttl=KEEP_SECONDS, max_entries=300, show_spinner=False)
def _figure(actor: services.Actor, version: str, artist_id: int, song_id: int | None, window_days: int | None,
            threshold: float, include_flagged: bool, platform: str, lang: str) -> Any:
    growth = _growth(actor, version, artist_id, song_id, window_days, threshold, include_flagged)
    daily = growth.daily[growth.daily["platform"] == platform]
    reasons = [", ".join(t(lang, f"flags.{name}") for name in names) for names in daily["flag_names"]]
    frame = daily.assign(reasons=reasons, in_total=daily["counts"])
    labels = {name: t(lang, f"growth.chart.{name}", unit=t(lang, f"platform.{platform}.unit"))
              for name in ("total", "gain", "mean", "flagged")}
    return charts.gain_figure(frame, platform, lang=lang, labels=labels, window=growth.window)

