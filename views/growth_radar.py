"""Growth Radar: growth on every platform, alone or side by side; the readings behind it, and their faults."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

import services
from views import _cache, _dossier_add, _radar_compare, _radar_health, _radar_inputs, _shared
from views._radar_inputs import Choice
from views._radar_tiles import TILES, block
from views._shared import day, number, plain, text


def page() -> None:
    """Draw the page."""
    st.title(text("growth.title"))
    st.caption(text("growth.intro"))
    with _shared.errors_shown():
        artists = _cache.artists(_shared.frame().actor)
        if not artists:
            _shared.nothing_imported("growth_sync")
            return
        choice = _radar_inputs.draw(artists)
        if not choice.artists:
            _shared.empty_state("growth.nobody", "person_search")
            return
        _draw(choice, [_growth(choice, artist) for artist in choice.artists])


def _growth(choice: Choice, artist: services.ArtistSummary) -> services.ArtistGrowth:
    frame = _shared.frame()
    return _cache.growth(frame.actor, artist.id, choice.song_id, frame.window_days, frame.threshold,
                         choice.include_flagged)


def _files(choice: Choice) -> list[services.FileRecord]:
    """Return the files of the chosen artists, song and platforms."""
    title = choice.song.title if choice.song else None
    return [file for artist in choice.artists for file in _cache.files(_shared.frame().actor, artist.id)
            if title in (None, file.song) and (file.platform is None or file.platform in choice.platforms)]


def _draw(choice: Choice, growths: list[services.ArtistGrowth]) -> None:
    parts = {"trends": lambda: _trends(choice, growths), "raw": lambda: _raw(choice, growths),
             "health": lambda: _radar_health.draw(_files(choice), several=choice.compares)}
    for name, tab in _shared.tabs("growth", tuple(parts)).items():
        if tab.open:
            with tab, _shared.errors_shown():
                parts[name]()


# trends ------------------------------------------------------------


def _trends(choice: Choice, growths: list[services.ArtistGrowth]) -> None:
    if not any(growth.metrics for growth in growths):
        _nothing_above(growths)
        return
    if choice.compares:
        _radar_compare.draw(choice, growths)
        return
    growth = growths[0]
    platforms = [key for key in choice.platforms if key in growth.metrics]
    st.caption(_window_note(growth))
    if not platforms:
        st.info(text("growth.no_platform"), icon=":material/filter_alt:")
    else:
        _single(choice, growth, platforms)
    _under_threshold(growth)


def _single(choice: Choice, growth: services.ArtistGrowth, platforms: list[str]) -> None:
    """Draw one artist: a block of tiles a platform, then the charts."""
    if _too_little(growth):
        cause = "window" if growth.window.days == growth.window.requested else _singular("data", growth.window.days)
        st.info(text(f"growth.too_little.{cause}", days=number(growth.window.days)), icon=":material/hourglass_empty:")
    frame = _shared.frame()
    sparks = _cache.sparks(frame.actor, growth.artist.id, choice.song_id, frame.window_days, frame.threshold,
                           choice.include_flagged)
    for place, key in zip(st.columns(len(platforms)), platforms, strict=True):
        with place.container(border=True, height="stretch"):
            block(growth, key, sparks[key])
    _dossier_add.link(choice.song_id)
    log = _radar_inputs.drawing(compares=False).log
    for key in platforms:
        _chart(choice, growth, key, log)


def _window_note(growth: services.ArtistGrowth) -> str:
    window = growth.window
    note = text(f"growth.{_singular('window_note', window.days)}", days=number(window.days), end=day(window.end))
    if window.requested and window.days < window.requested:
        note += " · " + text("growth.window_short", requested=number(window.requested))
    return note


def _singular(key: str, days: int) -> str:
    """Return the key of the text for one day, or for any other number."""
    return f"{key}_one" if days == 1 else key


def _nothing_above(growths: list[services.ArtistGrowth]) -> None:
    """Say that no platform is above the threshold, and offer to lower it."""
    totals = {growth.artist.name: max(growth.under_threshold.values()) for growth in growths if growth.under_threshold}
    if not totals:
        _shared.empty_state("growth.no_readings", "inbox")
        return
    name = max(totals, key=totals.__getitem__)
    lower = _below(totals[name])
    box = _shared.empty_state("growth.under", "filter_alt", artist=plain(name),
                              threshold=number(growths[0].threshold), best=number(totals[name]))
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


def _under_threshold(growth: services.ArtistGrowth) -> None:
    for key in _shared.PLATFORMS:
        if key in growth.under_threshold:
            st.caption(text("growth.hidden", platform=_shared.platform(key),
                            total=number(growth.under_threshold[key]), threshold=number(growth.threshold)))


def _chart(choice: Choice, growth: services.ArtistGrowth, platform: str, log: bool) -> None:
    """Draw the totals and gains of one platform."""
    st.markdown(f"#### {text('growth.chart.title', platform=_shared.platform_head(platform))}")
    frame = _shared.frame()
    figure = _cache.figure(frame.actor, growth.artist.id, choice.song_id, frame.window_days, frame.threshold,
                           choice.include_flagged, platform, log, _shared.lang())
    st.plotly_chart(figure, key=f"growth_chart_{platform}", config={"displayModeBar": False})


# raw data ------------------------------------------------------------


def _raw(choice: Choice, growths: list[services.ArtistGrowth]) -> None:
    """Draw the readings of the window, newest first, and their downloads."""
    rows = raw_rows(growths, choice.platforms)
    if rows.empty:
        st.info(text("growth.raw.none"), icon=":material/inbox:")
        return
    export = raw_export(rows)
    left, right = st.columns(2, vertical_alignment="center")
    left.caption(text("growth.raw.note", rows=number(len(rows)), start=day(rows["day"].min()),
                      end=day(rows["day"].max())))
    with right.container(horizontal=True, horizontal_alignment="right"):
        _shared.csv_download(export, raw_name(growths), "growth_raw_csv")
        _shared.parquet_download(export, raw_name(growths), "growth_raw_parquet")
    st.dataframe(raw_table(rows, artists=choice.compares), hide_index=True, height=560, placeholder="–", column_config={
        text("growth.raw.day"): st.column_config.DateColumn(format="YYYY-MM-DD", width=100),
        text("growth.raw.total"): st.column_config.NumberColumn(format="%,d"),
        text("growth.raw.gain"): st.column_config.NumberColumn(format="%,d", help=text("growth.raw.gain_help")),
        text("growth.raw.flags"): st.column_config.TextColumn(width=140)})


def raw_rows(growths: list[services.ArtistGrowth], platforms: tuple[str, ...]) -> pd.DataFrame:
    """Return the readings of all artists on the given platforms, newest first."""
    rows = pd.concat([growth.raw.assign(artist=growth.artist.name) for growth in growths], ignore_index=True)
    rows = rows[rows["platform"].isin(platforms)]
    return rows if len(growths) == 1 else rows.sort_values("day", ascending=False, kind="stable")


def raw_table(rows: pd.DataFrame, *, artists: bool) -> pd.DataFrame:
    """Return the readings with headers and names in the user's language, whole numbers; with a column of artists."""
    columns = {"day": rows["day"], "artist": rows["artist"], "platform": rows["platform"].map(_shared.platform),
               "song": rows["song"], "total": rows["total"].round().astype("Int64"),
               "gain": rows["gain"].round().astype("Int64"), "flags": rows["flag_names"].map(_shared.flags),
               "file": rows["file"]}
    return pd.DataFrame({text(f"growth.raw.{name}"): column for name, column in columns.items()
                         if artists or name != "artist"})


def raw_export(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the readings for other programs: exact values, and names that do not change with the language."""
    export = rows[["day", "artist", "song", "platform", "total", "gain"]].copy()
    for name in ("total", "gain"):  # whole numbers without ".0"
        if (export[name].dropna() % 1 == 0).all():
            export[name] = export[name].astype("Int64")
    return export.assign(flags=rows["flag_names"].map("|".join), file=rows["file"])


def raw_name(growths: list[services.ArtistGrowth]) -> str:
    """Return the downloads' name: artists, song where chosen, and the window."""
    song, window = growths[0].song, growths[0].window
    parts = [*(growth.artist.name for growth in growths), song.title if song else "", window.start, window.end]
    return "_".join(str(part) for part in parts if part)


if __name__ == "__main__":
    page()
