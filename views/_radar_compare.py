"""The trends of several artists side by side: a table of the tiles, and a chart a platform."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import services
from views import _cache, _radar_inputs, _shared
from views._radar_inputs import Choice, Drawing
from views._radar_tiles import TILES
from views._shared import day, number, plain, text

FORMATS = {"momentum": "×%.2f", "acceleration": "%+.1f%%", "stability": "%.1f", "share": "%.1f%%"}
"""How the table writes a metric; counts are grouped whole numbers."""


def draw(choice: Choice, growths: list[services.ArtistGrowth]) -> None:
    """Draw the table and the charts."""
    platforms = [key for key in choice.platforms if any(key in growth.metrics for growth in growths)]
    st.caption(_note(growths))
    if not platforms:
        st.info(text("growth.no_platform"), icon=":material/filter_alt:")
        return
    _table(growths, platforms)
    _missing(growths)
    drawing = _radar_inputs.drawing(compares=True)
    for platform in platforms:
        _chart(choice, platform, drawing)


def _note(growths: list[services.ArtistGrowth]) -> str:
    """Say up to which day each artist's figures reach: one day for all where it is the same."""
    ends = {growth.window.end for growth in growths}
    requested = growths[0].window.requested
    days = text("growth.compare.days", days=number(requested)) if requested else text("growth.compare.all_days")
    if len(ends) == 1:
        return text("growth.compare.note", days=days, end=day(ends.pop()))
    return text("growth.compare.note_differs", days=days)


def _table(growths: list[services.ArtistGrowth], platforms: list[str]) -> None:
    table = tiles_table(growths, platforms)
    artist, platform, absent = (text(f"growth.compare.{name}") for name in ("artist", "platform", "absent"))
    config: dict[str, Any] = {
        text(f"growth.tile.{name}"): st.column_config.NumberColumn(
            format=FORMATS.get(name, "%,d"), help=text(f"growth.formula.{name}")) for name in TILES}
    config[artist] = st.column_config.TextColumn(pinned=True)
    config[text("growth.compare.left_out")] = st.column_config.NumberColumn(help=text("growth.compare.left_out_help"))
    same_end = len({growth.window.end for growth in growths}) == 1
    hidden = [absent, *([text("growth.compare.end")] if same_end else [])]
    st.dataframe(table.drop(columns=hidden), hide_index=True, column_config=config, height="content", placeholder="–")
    reasons = table[table[absent] != ""]
    if len(reasons):
        with st.expander(text("growth.compare.absent_count", count=number(len(reasons))), icon=":material/info:"):
            st.markdown("\n".join(f"- **{plain(row[artist])} · {row[platform]}**: {row[absent]}"
                                  for _, row in reasons.iterrows()))
    _shared.csv_download(table, "_".join(growth.artist.name for growth in growths), "growth_tiles_csv")


def tiles_table(growths: list[services.ArtistGrowth], platforms: list[str]) -> pd.DataFrame:
    """Return one row an artist and platform with the tiles' values, days left out, and why a value is absent."""
    rows = [_row(growth, platform) for platform in platforms for growth in growths if platform in growth.metrics]
    table = pd.DataFrame(rows).astype(dict.fromkeys(TILES, "float64"))
    names = {name: text(f"growth.tile.{name}") for name in TILES}
    names |= {name: text(f"growth.compare.{name}") for name in ("artist", "platform", "end", "left_out", "absent")}
    return table.rename(columns=names)


def _row(growth: services.ArtistGrowth, platform: str) -> dict[str, Any]:
    metrics = {name: getattr(growth.metrics[platform], name) for name in TILES}
    lang = _shared.lang()
    reasons = [f"{text(f'growth.tile.{name}')}: {services.absence_text(metric, lang)}"
               for name, metric in metrics.items() if metric.value is None]
    return {"platform": _shared.platform(platform), "artist": growth.artist.name,
            **{name: metric.value for name, metric in metrics.items()}, "end": growth.window.end.isoformat(),
            "left_out": max(metric.left_out for metric in metrics.values()), "absent": " ".join(reasons)}


def _missing(growths: list[services.ArtistGrowth]) -> None:
    """Name what is not in the table because its total is not above the threshold."""
    for growth in growths:
        for platform in _shared.PLATFORMS:
            if platform in growth.under_threshold:
                st.caption(text("growth.compare.hidden", artist=plain(growth.artist.name),
                                platform=_shared.platform(platform), threshold=number(growth.threshold),
                                total=number(growth.under_threshold[platform])))


def _chart(choice: Choice, platform: str, drawing: Drawing) -> None:
    st.markdown(f"#### {text('growth.compare.title', platform=_shared.platform_head(platform))}")
    frame = _shared.frame()
    figure = _cache.comparison(frame.actor, tuple(artist.id for artist in choice.artists), frame.window_days,
                               frame.threshold, choice.include_flagged, platform, drawing.view, drawing.log,
                               drawing.indexed, _shared.lang())
    st.plotly_chart(figure, key=f"growth_compare_{platform}", config={"displayModeBar": False})
