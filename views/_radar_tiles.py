"""The tiles of the Growth Radar: a metric's value, its formula, why it is absent, and the series behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

import services
from views import _shared
from views._shared import number, text

TILES = ("momentum", "acceleration", "stability", "total", "last_day_gain", "last_week_gain", "share")
"""The metrics of a platform's block, in their order."""
BARS = ("last_week_gain",)
"""Tiles whose tiny line is bars: single days are what they are about."""
TILE_WIDTH = 105
"""Pixels. Two in a row on a laptop, three on a phone, all seven for one platform alone; fits the longest label and
value."""


def block(growth: services.ArtistGrowth, platform: str, lines: dict[str, list[float]]) -> None:
    """Draw one platform's tiles, as many in a row as fit; `lines` are their sparklines."""
    st.markdown(f"#### {_shared.platform_head(platform)}")
    with st.container(horizontal=True, gap="xsmall"):
        for name in TILES:
            _tile(name, getattr(growth.metrics[platform], name), lines[name])


def _tile(name: str, metric: Any, line: list[float]) -> None:
    """Draw one metric with its formula, and the reason where it is absent."""
    explained = text(f"growth.formula.{name}")
    if metric.value is None:
        explained += "\n\n" + text("growth.absent", reason=services.absence_text(metric, _shared.lang()))
    elif name in ("total", "last_day_gain", "last_week_gain"):
        explained += "\n\n" + text("growth.exact", value=number(metric.value))
    left_out = None
    if metric.left_out:
        left_out = text("growth.left_out", count=number(metric.left_out))
        explained += "\n\n" + text("growth.left_out_help", count=number(metric.left_out))
    st.metric(text(f"growth.tile.{name}"), _value(name, metric.value), left_out, delta_color="off",
              delta_arrow="off", help=explained, width=TILE_WIDTH,
              chart_data=line if metric.value is not None else None,
              chart_type="bar" if name in BARS else "line")


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
