"""The choices of the Growth Radar: artists, song, platforms, and how charts are drawn; all of them in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

import services
from views import _shared
from views._shared import number, text

ALL_SONGS = "all"
"""What the URL says when no song is chosen."""
MOST_ARTISTS = 5
"""Artists in a comparison: more lines in one chart cannot be told apart."""
SCALES = ("linear", "log")
VIEWS = ("total", "gain")


@dataclass(frozen=True, slots=True)
class Choice:
    """What to show: the artists, the main one first, and which of their data."""

    artists: tuple[services.ArtistSummary, ...]
    song: services.SongSummary | None
    platforms: tuple[str, ...]
    include_flagged: bool

    @property
    def compares(self) -> bool:
        """Whether several artists are shown side by side."""
        return len(self.artists) > 1

    @property
    def song_id(self) -> int | None:
        """Id of the chosen song, None for all."""
        return self.song.id if self.song else None


@dataclass(frozen=True, slots=True)
class Drawing:
    """How the charts are drawn; `view` and `indexed` are of comparisons only."""

    log: bool
    view: str = "total"
    indexed: bool = False


def draw(artists: list[services.ArtistSummary]) -> Choice:
    """Draw the pickers and return what is chosen; without any artist the choice is empty."""
    left, right = st.columns([7, 4], vertical_alignment="top")
    chosen = _artists(artists, left)
    song = _song(chosen[0], right) if len(chosen) == 1 else None
    if song is None and len(chosen) != 1:
        _shared.not_in_url("song")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        platforms = _platforms()
        include_flagged = _shared.switch_in_url("flagged", "growth_flagged")
        st.toggle(text("growth.include_flagged"), key="growth_flagged", help=text("growth.include_flagged_help"))
    return Choice(chosen, song, platforms, include_flagged)


def _artists(artists: list[services.ArtistSummary], place: Any) -> tuple[services.ArtistSummary, ...]:
    by_key = {artist.key: artist for artist in artists}
    threshold = _shared.frame().threshold
    first = next((artist for artist in artists if artist.passes(threshold)), artists[0])
    keys = _shared.list_in_url("artist", "growth_artist", tuple(by_key), [first.key], empty=True)[:MOST_ARTISTS]
    names = {key: artist.name for key, artist in by_key.items()}
    st.session_state["growth_artist"] = keys
    place.multiselect(text("growth.artist"), list(names), key="growth_artist", format_func=names.__getitem__,
                      max_selections=MOST_ARTISTS, wrap=True, placeholder=text("growth.artist_placeholder"),
                      help=text("growth.artist_help", most=number(MOST_ARTISTS)))
    return tuple(by_key[key] for key in keys)


def _song(artist: services.ArtistSummary, place: Any) -> services.SongSummary | None:
    by_key = {song.key: song for song in artist.songs}
    key = _shared.in_url("song", "growth_song", _shared.one_of((ALL_SONGS, *by_key)), ALL_SONGS)
    names = {ALL_SONGS: text("growth.all_songs", count=number(len(by_key)))}
    names |= {key: song.title for key, song in by_key.items()}
    place.selectbox(text("growth.song"), list(names), key="growth_song", format_func=names.__getitem__,
                    help=text("growth.song_help"))
    return by_key.get(key)


def _platforms() -> tuple[str, ...]:
    chosen = _shared.list_in_url("platform", "growth_platforms", _shared.PLATFORMS, _shared.PLATFORMS, quiet=True)
    names = {key: _shared.platform(key) for key in _shared.PLATFORMS}
    st.pills(text("growth.platforms"), _shared.PLATFORMS, key="growth_platforms", selection_mode="multi",
             format_func=names.__getitem__, label_visibility="collapsed")
    return tuple(key for key in _shared.PLATFORMS if key in chosen)


def drawing(compares: bool) -> Drawing:
    """Draw the choices of the charts and return them."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        view = _one_of("view", VIEWS) if compares else "total"
        scale = _one_of("scale", SCALES)
        indexed = _shared.switch_in_url("index", "growth_index") if compares else False
        if compares:
            st.toggle(text("growth.index"), key="growth_index", help=text("growth.index_help"))
        else:
            _shared.not_in_url("view", "index")
    return Drawing(scale == "log", view, indexed)


def _one_of(name: str, options: tuple[str, ...]) -> str:
    value = _shared.in_url(name, f"growth_{name}", _shared.one_of(options), options[0], quiet=True)
    names = {option: text(f"growth.{name}.{option}") for option in options}
    st.segmented_control(text(f"growth.{name}.label"), options, key=f"growth_{name}", required=True,
                         format_func=names.__getitem__, help=text(f"growth.{name}.help"))
    return value
