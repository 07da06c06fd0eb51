"""Growth Radar: one artist's growth on every platform, the readings behind it, and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

import services
from views import _cache, _shared
from views._shared import day, number, plain, text

ALL_SONGS = "all"
"""What the URL says when no song is chosen."""
TILES = ("momentum", "acceleration", "stability", "total", "last_day_gain", "last_week_gain", "share")
"""The metrics of a platform's block, in their order."""
TILE_WIDTH = 106
"""Pixels. Two in a row on a laptop, three on a phone; fits the longest label and value."""


def page() -> None:
    """Draw the page."""
    st.title(text("growth.title"))
    st.caption(text("growth.intro"))
    with _shared.errors_shown():
        artists = _cache.artists(_shared.frame().actor)
        if not artists:
            _nothing_imported()
            return
        artist, song_id, include_flagged = _inputs(artists)
        frame = _shared.frame()
        growth = _cache.growth(frame.actor, artist.id, song_id, frame.window_days, frame.threshold, include_flagged)
        _draw(growth, _files(artist, song_id), include_flagged)


def _nothing_imported() -> None:
    box = _shared.empty_state("growth.empty", "inbox", folder=services.settings().cmdata_dir.name)
    with box:
        _shared.sync_button("growth_sync", type="primary", icon=":material/sync:")
        st.page_link("views/data.py", label=text("growth.empty.upload"), icon=":material/upload_file:")


# inputs ------------------------------------------------------------


def _inputs(artists: list[services.ArtistSummary]) -> tuple[services.ArtistSummary, int | None, bool]:
    """Draw the pickers; return the artist, the song's id (None: all songs) and whether flagged days count."""
    left, middle, right = st.columns([5, 5, 4], vertical_alignment="bottom")
    artist = _artist(artists, left)
    song_id = _song(artist, middle)
    include_flagged = right.toggle(text("growth.include_flagged"), key="growth_flagged",
                                   help=text("growth.include_flagged_help"))
    return artist, song_id, include_flagged


def _artist(artists: list[services.ArtistSummary], place: Any) -> services.ArtistSummary:
    by_key = {artist.key: artist for artist in artists}
    threshold = _shared.frame().threshold
    first = next((artist for artist in artists if artist.passes(threshold)), artists[0])
    key = _shared.in_url("artist", "growth_artist", _shared.one_of(tuple(by_key)), first.key)
    names = {key: artist.name for key, artist in by_key.items()}
    place.selectbox(text("growth.artist"), list(names), key="growth_artist", format_func=names.__getitem__)
    return by_key[key]


def _song(artist: services.ArtistSummary, place: Any) -> int | None:
    by_key = {song.key: song for song in artist.songs}
    key = _shared.in_url("song", "growth_song", _shared.one_of((ALL_SONGS, *by_key)), ALL_SONGS)
    names = {ALL_SONGS: text("growth.all_songs", count=number(len(by_key)))}
    names |= {key: song.title for key, song in by_key.items()}
    place.selectbox(text("growth.song"), list(names), key="growth_song", format_func=names.__getitem__)
    return by_key[key].id if key in by_key else None


def _files(artist: services.ArtistSummary, song_id: int | None) -> list[services.FileRecord]:
    """Return the artist's files, or those of the chosen song."""
    title = next((song.title for song in artist.songs if song.id == song_id), None)
    return [file for file in _cache.files(_shared.frame().actor, artist.id) if title in (None, file.song)]


# trends ------------------------------------------------------------


def _draw(growth: services.ArtistGrowth, files: list[services.FileRecord], include_flagged: bool) -> None:
    parts = {"trends": lambda: _trends(growth, include_flagged), "raw": lambda: _raw(growth),
             "health": lambda: _health(files)}
    for name, tab in _shared.tabs("growth", tuple(parts)).items():
        if tab.open:
            with tab, _shared.errors_shown():
                parts[name]()


def _trends(growth: services.ArtistGrowth, include_flagged: bool) -> None:
    if not growth.metrics:
        _nothing_above(growth)
        return
    st.caption(_window_note(growth))
    if _too_little(growth):
        cause = "window" if growth.window.days == growth.window.requested else "data"
        st.info(text(f"growth.too_little.{cause}", days=number(growth.window.days)), icon=":material/hourglass_empty:")
    platforms = [key for key in _shared.PLATFORMS if key in growth.metrics]
    for place, key in zip(st.columns(len(platforms)), platforms, strict=True):
        with place.container(border=True, height="stretch"):
            _block(growth, key)
    _under_threshold(growth)
    for key in platforms:
        _chart(growth, key, include_flagged)


def _window_note(growth: services.ArtistGrowth) -> str:
    window = growth.window
    note = text("growth.window_note", days=number(window.days), end=day(window.end))
    if window.requested and window.days < window.requested:
        note += " · " + text("growth.window_short", requested=number(window.requested))
    return note


def _nothing_above(growth: services.ArtistGrowth) -> None:
    """Say that no platform is above the threshold, and offer to lower it."""
    if not growth.under_threshold:
        _shared.empty_state("growth.no_readings", "inbox")
        return
    best = max(growth.under_threshold.values())
    lower = _below(best)
    box = _shared.empty_state("growth.under", "filter_alt", artist=plain(growth.artist.name),
                              threshold=number(growth.threshold), best=number(best))
    with box:
        st.button(text("growth.under.lower", threshold=number(lower)), type="primary", key="growth_lower",
                  on_click=_lower_threshold, args=(lower,), icon=":material/filter_alt:")


def _below(total: float) -> int:
    """Return the largest power of ten below a total, so that the total is above it; 0 for totals up to 1."""
    return 10 ** max(math.ceil(math.log10(total)) - 1, 0) if total > 1 else 0


def _lower_threshold(value: int) -> None:
    st.session_state[_shared.THRESHOLD_KEY] = value


def _too_little(growth: services.ArtistGrowth) -> bool:
    """Return whether the three trend metrics are absent everywhere for want of days."""
    trends = [getattr(metrics, name) for metrics in growth.metrics.values() for name in TILES[:3]]
    return all(metric.value is None and metric.reason in ("too_few_days", "no_data") for metric in trends)


def _block(growth: services.ArtistGrowth, platform: str) -> None:
    """Draw one platform's tiles, as many in a row as fit."""
    st.markdown(f"#### {_shared.platform(platform)}")
    with st.container(horizontal=True, gap="xxsmall"):
        for name in TILES:
            _tile(name, getattr(growth.metrics[platform], name))


def _tile(name: str, metric: Any) -> None:
    """Draw one metric with its formula, and the reason where it is absent."""
    explained = text(f"growth.formula.{name}")
    if metric.value is None:
        explained += "\n\n" + text("growth.absent", reason=_absence(metric))
    elif name in ("total", "last_day_gain", "last_week_gain"):
        explained += "\n\n" + text("growth.exact", value=number(metric.value))
    left_out = None
    if metric.left_out:
        left_out = text("growth.left_out", count=number(metric.left_out))
        explained += "\n\n" + text("growth.left_out_help", count=number(metric.left_out))
    st.metric(text(f"growth.tile.{name}"), _value(name, metric.value), left_out, delta_color="off",
              delta_arrow="off", help=explained, width=TILE_WIDTH)


def _absence(metric: Any) -> str:
    return text(f"absent.{metric.reason}", used=number(metric.used), needed=number(metric.needed),
                left_out=number(metric.left_out))


def _value(name: str, value: float | None) -> str:
    """Return a metric as its tile shows it."""
    if value is None:
        return "–"
    forms: dict[str, Callable[[float], str]] = {
        "momentum": lambda ratio: f"×{number(ratio, 2)}",
        "acceleration": lambda percent: f"{percent:+,.1f}%",
        "stability": lambda points: text("growth.points", points=number(points, 1)),
        "total": _shared.compact,
        "share": lambda percent: f"{number(percent, 1)}%",
    }
    return forms.get(name, lambda gain: ("+" if gain > 0 else "") + _shared.compact(gain))(value)


def _under_threshold(growth: services.ArtistGrowth) -> None:
    for key in _shared.PLATFORMS:
        if key in growth.under_threshold:
            st.caption(text("growth.hidden", platform=_shared.platform(key),
                            total=number(growth.under_threshold[key]), threshold=number(growth.threshold)))


def _chart(growth: services.ArtistGrowth, platform: str, include_flagged: bool) -> None:
    """Draw the totals and gains of one platform."""
    st.markdown(f"#### {text('growth.chart.title', platform=_shared.platform(platform))}")
    frame, song_id = _shared.frame(), growth.song.id if growth.song else None
    figure = _cache.figure(frame.actor, growth.artist.id, song_id, frame.window_days, frame.threshold,
                           include_flagged, platform, _shared.lang())
    st.plotly_chart(figure, key=f"growth_chart_{platform}", config={"displayModeBar": False})


# raw data ------------------------------------------------------------


def _raw(growth: services.ArtistGrowth) -> None:
    """Draw the readings of the window, newest first, and their download."""
    if growth.raw.empty:
        st.info(text("growth.raw.none"), icon=":material/inbox:")
        return
    table = raw_table(growth.raw)
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.caption(text("growth.raw.note", rows=number(len(table)), start=day(growth.window.start),
                      end=day(growth.window.end)))
    with right.container(horizontal=True, horizontal_alignment="right"):
        _shared.csv_download(table, raw_name(growth), "growth_raw_csv")
    total, gain = text("growth.raw.total"), text("growth.raw.gain")
    st.dataframe(table, hide_index=True, height=560, column_config={
        text("growth.raw.day"): st.column_config.DateColumn(format="YYYY-MM-DD", width=100),
        total: st.column_config.NumberColumn(format="%,d"),
        gain: st.column_config.NumberColumn(format="%,d", help=text("growth.raw.gain_help")),
        text("growth.raw.flags"): st.column_config.TextColumn(width=140)})


def raw_table(raw: pd.DataFrame) -> pd.DataFrame:
    """Return the readings with headers and names in the user's language."""
    columns = {"day": raw["day"], "platform": raw["platform"].map(_shared.platform), "song": raw["song"],
               "total": raw["total"].round().astype("Int64"), "gain": raw["gain"].round().astype("Int64"),
               "flags": raw["flag_names"].map(_shared.flags), "file": raw["file"]}
    return pd.DataFrame({text(f"growth.raw.{name}"): column for name, column in columns.items()})


def raw_name(growth: services.ArtistGrowth) -> str:
    """Return the download's name: artist, song where chosen, and the window."""
    parts = [growth.artist.name, growth.song.title if growth.song else "", growth.window.start, growth.window.end]
    return "_".join(str(part) for part in parts if part)


# data health ------------------------------------------------------------


def _health(files: list[services.FileRecord]) -> None:
    """Draw what each file's audit found, and what can be done about it."""
    if not files:
        st.info(text("growth.health.none"), icon=":material/inbox:")
        return
    st.caption(text("growth.health.intro"))
    for file in sorted(files, key=lambda file: (not _waits(file), -_shared.findings(file.audit))):
        _file(file)
    _rejected(files)


def _file(file: services.FileRecord) -> None:
    """Draw one file, unfolded where it waits for a decision."""
    count = _shared.findings(file.audit)
    waits = _waits(file)
    state = text("growth.health.count", count=number(count)) if count else text("audit.clean")
    if file.state == "refused":
        state = text("file.state.refused")
    icon = "error" if waits else "info" if count else "check_circle"
    with st.expander(f"**{plain(file.song)} · {_shared.platform(file.platform)}**  ·  {state}", expanded=waits,
                     icon=f":material/{icon}:"):
        _shared.file_report(file)
        _levels(file)


def _waits(file: services.FileRecord) -> bool:
    """Return whether somebody has to decide about a file."""
    return file.state == "refused" or bool(_open_leaps(file))


def _leaps(file: services.FileRecord) -> list[date]:
    return [date.fromisoformat(item["day"][:10]) for item in file.audit.get("jumps", {}).get("items", [])]


def _open_leaps(file: services.FileRecord) -> list[date]:
    """Return the leaps whose new level nobody has accepted."""
    return [leap for leap in _leaps(file) if leap not in file.accepted_days]


def _levels(file: services.FileRecord) -> None:
    """Draw the buttons that accept a new level from a leap on, or withdraw that."""
    actor = _shared.frame().actor
    allowed = services.may(actor, "settings")
    for leap in _open_leaps(file):
        st.caption(text("growth.health.accept_note", day=day(leap)))
        if st.button(text("growth.health.accept", day=day(leap)), key=f"growth_accept_{file.id}_{leap}",
                     icon=":material/check:", disabled=not allowed):
            with _shared.errors_shown():
                _shared.watch(services.accept_level(actor, file.id, leap))
    for accepted in file.accepted_days:
        st.caption(text("growth.health.accepted", day=day(accepted)))
        if st.button(text("growth.health.withdraw", day=day(accepted)), key=f"growth_withdraw_{file.id}_{accepted}",
                     icon=":material/undo:", disabled=not allowed):
            with _shared.errors_shown():
                _shared.watch(services.withdraw_level(actor, file.id, accepted))


def _rejected(files: list[services.FileRecord]) -> None:
    """Draw the rejected rows of the files."""
    parts = [services.rejected_rows(_shared.frame().actor, file.id) for file in files if file.rejected]
    if not parts:
        return
    st.markdown(f"#### {text('growth.health.rejected')}")
    _shared.rejected_table(pd.concat(parts, ignore_index=True), "growth_rejected")


if __name__ == "__main__":
    page()
