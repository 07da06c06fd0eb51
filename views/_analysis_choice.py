"""What the Advanced Analysis looks at: artist, song, platform and days ahead; all of them in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

import services
from views import _cache, _shared
from views._shared import number, text

ALL_SONGS = "all"
"""What the URL says when no song is chosen."""
HORIZONS = ("7", "14", "30", "60", "90", "180")
"""Days ahead that can be chosen."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to show; `platform` None where artist or song has none above the threshold, whose highest is then `best`."""

    artist: services.ArtistSummary
    song: services.SongSummary | None
    horizon: int
    platform: str | None
    best: float

    @property
    def song_id(self) -> int | None:
        """Id of the chosen song, None for all."""
        return self.song.id if self.song else None

    def analysis(self, horizon: int | None = None) -> services.ArtistAnalysis:
        """Return the analysis of what is chosen, or over other days ahead."""
        frame = _shared.frame()
        return _cache.analysis(frame.actor, self.artist.id, self.song_id, horizon or self.horizon, frame.window_days,
                               frame.threshold)

    def figure(self, name: str, *, horizon: int | None = None, **options: Any) -> Any:
        """Return a figure of the analysis (`services.analysis_figure`)."""
        frame = _shared.frame()
        return _cache.analysis_figure(frame.actor, self.artist.id, self.song_id, horizon or self.horizon,
                                      frame.window_days, frame.threshold, self.platform or "", _shared.lang(), name,
                                      **options)


def choose(artists: list[services.ArtistSummary]) -> Choice:
    """Draw the pickers and return what is chosen."""
    left, middle, right = st.columns([4, 4, 3])
    artist = _artist(artists, left)
    song = _song(artist, middle)
    horizon = _horizon(right)
    there, best = _above(artist, song)
    return Choice(artist, song, horizon, _platform(artist, there), best)


def _artist(artists: list[services.ArtistSummary], place: Any) -> services.ArtistSummary:
    by_key = {artist.key: artist for artist in artists}
    threshold = _shared.frame().threshold
    first = next((artist for artist in artists if artist.passes(threshold)), artists[0])
    key = _shared.in_url("artist", "analysis_artist", _shared.one_of(tuple(by_key)), first.key)
    names = {key: artist.name for key, artist in by_key.items()}
    place.selectbox(text("analysis.artist"), list(names), key="analysis_artist", format_func=names.__getitem__)
    return by_key[key]


def _song(artist: services.ArtistSummary, place: Any) -> services.SongSummary | None:
    by_key = {song.key: song for song in artist.songs}
    key = _shared.in_url("song", "analysis_song", _shared.one_of((ALL_SONGS, *by_key)), ALL_SONGS)
    names = {ALL_SONGS: text("growth.all_songs", count=number(len(by_key)))}
    names |= {key: song.title for key, song in by_key.items()}
    place.selectbox(text("growth.song"), list(names), key="analysis_song", format_func=names.__getitem__)
    return by_key.get(key)


def _horizon(place: Any) -> int:
    chosen = _shared.in_url("horizon", "analysis_horizon", _shared.one_of(HORIZONS), "30", quiet=True)
    names = {days: text("analysis.days_ahead", days=days) for days in HORIZONS}
    place.selectbox(text("analysis.horizon"), HORIZONS, key="analysis_horizon", format_func=names.__getitem__,
                    help=text("analysis.horizon_help"))
    return int(chosen)


def _above(artist: services.ArtistSummary, song: services.SongSummary | None) -> tuple[tuple[str, ...], float]:
    """Return the platforms on which artist or song is above the threshold, and the highest total where it is not."""
    frame = _shared.frame()
    if song is None:
        there = {key for key, total in artist.totals.items() if total > frame.threshold}
        below = [total for key, total in artist.totals.items() if key not in there]
    else:  # a song can be below where its artist is above
        growth = _cache.growth(frame.actor, artist.id, song.id, frame.window_days, frame.threshold, False)
        there, below = set(growth.metrics), list(growth.under_threshold.values())
    return tuple(key for key in _shared.PLATFORMS if key in there), max(below, default=0.0)


def _platform(artist: services.ArtistSummary, there: tuple[str, ...]) -> str | None:
    """Draw the platforms above the threshold; the artist's biggest is chosen first."""
    if not there:
        _shared.not_in_url("platform")
        return None
    chosen = _shared.in_url("platform", "analysis_platform", _shared.one_of(there),
                            max(there, key=lambda key: artist.totals.get(key, 0.0)))
    names = {key: _shared.platform(key) for key in there}
    st.segmented_control(text("analysis.platform"), there, key="analysis_platform", required=True,
                         format_func=names.__getitem__, label_visibility="collapsed")
    return chosen
