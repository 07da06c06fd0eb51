"""The standing tab: stage and growth class of an artist among all, with the arithmetic behind them, and its peers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

import services
from support import charts
from views import _cache, _shared
from views._analysis_choice import ALL_SONGS, Choice
from views._analysis_forecast import CHART, nothing_above
from views._shared import number, plain, text

PEERS_SHOWN = 25
"""Peers in the table; the chosen artist follows where it is further down."""
NUMERALS = "①②③④⑤⑥⑦⑧⑨"
"""Before the names of stages and classes in tables: these sort by their text."""
FORMATS = {"mean_30": "compact", "difference": "compact", "total": "compact", "sum_30": "compact", "target": "compact",
           "z": "%.2f", "momentum": "×%.2f", "volatility": "%.1f%%", "growth_28": "%+.1f%%", "target_90": "%.0f%%",
           "place": "%d", "rank": "%d", "alerts": "%d"}
"""How tables write a number."""
WIDTHS = {"platform": 105, "stage": 130, "growth": 130, "target_day": 110, "last_day": 105}
"""Pixels of columns whose longest text the table would cut."""
TILE_WIDTHS = {"stage": 188, "rank": 155, "percentile": 128, "growth": 178, "z": 95}
"""Pixels. All five in a row on a laptop; fit the longest name in either language."""
HIGHLIGHT = "background-color: rgba(132, 94, 247, 0.28)"
"""The chosen artist's row; either theme's text is legible on it."""
NEEDED = services.MIN_OTHERS + 1
"""Artists for a z-score."""


def draw_standing(choice: Choice) -> None:
    """Draw the tab."""
    if choice.platform is None:
        nothing_above(choice)
        return
    found = _cache.standings(_shared.frame().actor)
    own = found.standings.get((choice.artist.id, choice.platform))
    if own is None:
        nothing_yet()
        return
    st.markdown(f"#### {text('analysis.standing.title', platform=_shared.platform_head(choice.platform))}",
                help=text("analysis.standing.help"))
    if choice.song:
        st.caption(text("analysis.standing.all_songs"))
    if own.rank is None:
        st.info(text("analysis.standing.no_recent_gain", platform=_shared.platform(choice.platform)),
                icon=":material/info:")
    else:
        _summary(own)
        left, right = st.columns(2)
        with left.container(border=True, height="stretch"):
            _stage_steps(own, choice.platform)
        with right.container(border=True, height="stretch"):
            _growth_steps(own, choice.platform)
    _platforms(choice, found)
    if own.rank is not None:
        _peers(choice, found, own)


def nothing_yet() -> None:
    """Say that figures are made by the next sync, and offer one."""
    box = _shared.empty_state("analysis.standing.refreshing", "hourglass_top")
    with box:
        _shared.sync_button("analysis_standing_sync", icon=":material/sync:")


def stage_name(key: str | None, *, numeral: bool = False) -> str | None:
    """Return a stage's name, None where there is none; with its place before it in tables."""
    return _name("stage", services.STAGES, key, numeral)


def class_name(key: str | None, *, numeral: bool = False) -> str | None:
    """Return a growth class's name, None where there is none; with its place before it in tables."""
    return _name("class", services.CLASSES, key, numeral)


def _name(group: str, keys: tuple[str, ...], key: str | None, numeral: bool) -> str | None:
    if key is None:
        return None
    return (f"{NUMERALS[keys.index(key)]} " if numeral else "") + text(f"analysis.standing.{group}.{key}")


def columns(*names: str) -> dict[str, Any]:
    """Return the configuration of a table's columns, by their stable names."""
    return {name: _column(name) for name in names}


def _column(name: str) -> Any:
    label, key = text(f"analysis.standing.column.{name}"), f"analysis.standing.column_help.{name}"
    explained = text(key) if name not in ("artist", "platform") else None
    if name == "percentile":
        return st.column_config.ProgressColumn(label, help=explained, format="%.1f", min_value=0, max_value=100)
    if name in ("target_day", "last_day"):
        form = text("analysis.standing.month_format") if name == "target_day" else "YYYY-MM-DD"
        return st.column_config.DateColumn(label, help=explained, format=form, width=WIDTHS[name])
    if name in FORMATS:
        return st.column_config.NumberColumn(label, help=explained, format=FORMATS[name])
    return st.column_config.TextColumn(label, help=explained, pinned=name == "artist", width=WIDTHS.get(name))


def opener(widget: str, rows: pd.DataFrame, tab: str | None = None) -> Callable[[], None]:
    """Return what ticking a row of a table does: choose its artist and platform, and go to a tab.

    Cells are not to be chosen: a table that takes the focus, by a click on a header or the Tab key, chooses its first.

    Parameters
    ----------
    widget : str
        Key of the table.
    rows : DataFrame
        ``artist_key`` and ``platform`` of the rows as they are handed to the table.
    """
    def opened() -> None:
        places = st.session_state[widget].selection.rows
        if places:
            artist, platform = rows.iloc[places[0]][["artist_key", "platform"]]
            state = st.session_state
            state["analysis_artist"], state["analysis_song"], state["analysis_platform"] = artist, ALL_SONGS, platform
            if tab:
                state["analysis_tab"] = tab
    return opened


# summary ------------------------------------------------------------


def _summary(own: Any) -> None:
    """Draw stage, rank and growth class as tiles, and the stages as a band."""
    with st.container(horizontal=True, gap="small"):
        _tile("stage", stage_name(own.stage))
        _tile("rank", _rank(own))
        if own.percentile is not None:
            _tile("percentile", floored(own.percentile, 1))
        _tile("growth", class_name(own.growth))
        if own.z is not None:
            _tile("z", floored(own.z, 2))
    if own.percentile is not None:
        names = [text(f"analysis.standing.stage.{key}") for key in services.STAGES]
        labels = {"mark": text("analysis.standing.mark", percentile="{percentile}", rank=number(own.rank),
                               of=number(own.of)),
                  "absent": "–", "stage": text("analysis.standing.stage_hover", stage="{stage}", low="{low}",
                                               high="{high}")}
        st.plotly_chart(_cache.Drawn(charts.standing_figure(own.percentile, services.STAGE_BOUNDS, names,
                                                            labels=labels)), key="analysis_standing", config=CHART)


def _rank(standing: Any) -> str | None:
    return None if standing.rank is None else f"{number(standing.rank)} / {number(standing.of)}"


def _tile(name: str, value: str | None) -> None:
    st.metric(text(f"analysis.standing.column.{name}"), value or "–", border=True, width=TILE_WIDTHS[name],
              help=text(f"analysis.standing.column_help.{name}"))


def floored(value: float | None, digits: int) -> str | None:
    """Return a number rounded down, so that it never shows a bound that is not reached."""
    scale = 10 ** digits
    return None if value is None else number(math.floor(value * scale + 1e-9) / scale, digits).replace("-", "−")


def floored_column(values: pd.Series, digits: int) -> pd.Series:
    """Return numbers rounded down as `floored` does, for a table that rounds."""
    return np.floor(values * 10 ** digits + 1e-9) / 10 ** digits


# arithmetic ------------------------------------------------------------


def _stage_steps(own: Any, platform: str) -> None:
    """Write out how the stage comes about, with the artist's own numbers."""
    st.markdown(f"#### {text('analysis.standing.stage_title')}")
    steps = [text("analysis.standing.steps.mean_30", mean=exact(own.mean_30)),
             text("analysis.standing.steps.rank", rank=number(own.rank), of=number(own.of),
                  platform=_shared.platform(platform))]
    if own.percentile is None:
        _steps(steps)
        st.info(text("analysis.standing.too_few_artists", of=number(own.of), needed=number(services.MIN_ARTISTS)),
                icon=":material/info:")
        return
    until = own.of - own.rank + 1
    below = round(own.percentile * own.of / 50) - until
    steps.append(text("analysis.standing.steps.percentile", below=number(below), equal=number(until - below),
                      of=number(own.of), percentile=floored(own.percentile, 1)))
    _steps(steps)
    _bounds(services.STAGES, services.STAGE_BOUNDS, own.stage, stage_name)


def _growth_steps(own: Any, platform: str) -> None:
    """Write out how the growth class comes about, with the artist's own numbers."""
    st.markdown(f"#### {text('analysis.standing.growth_title')}")
    name = _shared.platform(platform)
    if own.difference is None:
        st.info(text("analysis.standing.no_recent_gain", platform=name), icon=":material/info:")
        return
    group = "all" if own.stage is None else "stage"
    steps = [text("analysis.standing.steps.difference", mean_30=exact(own.mean_30), mean_60=exact(own.mean_60),
                  difference=exact(own.difference)),
             text(f"analysis.standing.steps.among_{group}", n=number(own.stage_n), stage=stage_name(own.stage),
                  platform=name, mean=exact(own.stage_mean), std=exact(own.stage_std))]
    if own.z is None:
        _steps(steps)
        st.info(text(f"analysis.standing.{own.growth_reason}", n=number(own.stage_n), needed=number(NEEDED)),
                icon=":material/info:")
        return
    steps.append(text("analysis.standing.steps.z", difference=exact(own.difference), mean=_in_brackets(own.stage_mean),
                      std=exact(own.stage_std), z=floored(own.z, 2)))
    _steps(steps)
    _bounds(services.CLASSES, services.CLASS_BOUNDS, own.growth, class_name)
    _reach(own)


def exact(value: float | None) -> str:
    """Return a gain per day with as many digits as say something."""
    if value is None:
        return "–"
    return number(value, 0 if abs(value) >= 100_000 else 1 if abs(value) >= 100 else 3).replace("-", "−")


def _in_brackets(value: float) -> str:
    return f"({exact(value)})" if value < 0 else exact(value)


def _steps(steps: list[str]) -> None:
    st.markdown("\n".join(f"{place}. {step}" for place, step in enumerate(steps, 1)))


def _bounds(keys: tuple[str, ...], bounds: tuple[float, ...], own: str | None,
            name: Callable[[str], str | None]) -> None:
    """Write the bounds of stages or classes from the highest on, the artist's own in bold."""
    parts = [text("analysis.standing.bound.below", name=name(keys[0]), bound=f"{bounds[0]:g}".replace("-", "−"))]
    parts += [text("analysis.standing.bound.from", name=name(key), bound=f"{bound:g}".replace("-", "−"))
              for key, bound in zip(keys[1:], bounds, strict=True)]
    marked = [f"**{part}**" if key == own else part for key, part in zip(keys, parts, strict=True)]
    st.caption(" · ".join(reversed(marked)))


def _reach(own: Any) -> None:
    """Say how far a z-score can go among so many, and which classes that leaves out of reach."""
    lines = [text("analysis.standing.highest_z", n=number(own.stage_n), highest=number(own.highest_z, 2))]
    far = [(key, bound) for key, bound in zip(services.CLASSES[1:], services.CLASS_BOUNDS, strict=True)
           if bound > own.highest_z]
    lines += [text("analysis.standing.out_of_reach", name=class_name(key), bound=f"{bound:g}",
                   needed=number(math.ceil(bound ** 2) + 1)) for key, bound in far]
    st.caption(" ".join(lines))


# platforms ------------------------------------------------------------


def _platforms(choice: Choice, found: services.Standings) -> None:
    """Draw the standing on every platform side by side."""
    keys = [key for key in _shared.PLATFORMS if (choice.artist.id, key) in found.standings]
    if len(keys) < 2:
        return
    st.markdown(f"#### {text('analysis.standing.platforms')}")
    rows = [found.standings[choice.artist.id, key] for key in keys]
    shown = pd.DataFrame({
        "platform": [_shared.platform(key) for key in keys],
        "stage": [stage_name(row.stage, numeral=True) for row in rows],
        "percentile": floored_column(_numbers(rows, "percentile"), 1),
        "rank_of": [_rank(row) for row in rows],
        "growth": [class_name(row.growth, numeral=True) for row in rows],
        "z": floored_column(_numbers(rows, "z"), 2), "mean_30": _numbers(rows, "mean_30"),
        "difference": _numbers(rows, "difference")})
    shown = without_empty(shown, ("stage", "percentile", "growth", "z"))
    st.dataframe(shown, hide_index=True, placeholder="–", height="content", column_config=columns(*shown.columns),
                 key="analysis_standing_platforms")


def _numbers(rows: list[Any], name: str) -> pd.Series:
    return pd.Series([getattr(row, name) for row in rows], dtype="float64")


def without_empty(shown: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Return a table without those of the named columns that say nothing."""
    return shown.drop(columns=[name for name in names if shown[name].isna().all()])


# peers ------------------------------------------------------------


def _peers(choice: Choice, found: services.Standings, own: Any) -> None:
    """Draw the artists of the same stage by growth; ticking one opens it."""
    platform = choice.platform or ""
    group = "all" if own.stage is None else "stage"
    st.markdown("#### " + text(f"analysis.standing.peers.{group}", stage=stage_name(own.stage),
                               platform=_shared.platform_head(platform)))
    rows = peers_table(services.peers(found, choice.artist.id, platform, PEERS_SHOWN))
    if rows.empty:
        st.info(text("analysis.standing.peers.none"), icon=":material/info:")
        return
    mine = (rows["artist_key"] == choice.artist.key).to_numpy()
    place = number(int(rows["place"][mine].iloc[0])) if mine.any() else "–"
    st.caption(text("analysis.standing.peers.note", artist=plain(choice.artist.name), shown=number(len(rows)),
                    all=number(own.stage_n), place=place))
    widget = f"analysis_peers_{choice.artist.id}_{platform}"
    shown = rows.drop(columns=["artist_key", "platform", "stage", "last_day"]).assign(z=floored_column(rows["z"], 2))
    shown["growth"] = pd.Series([class_name(key, numeral=True) for key in rows["growth"]], dtype="object")
    shown = without_empty(shown, ("growth", "z"))
    styled = shown.style.apply(lambda row: [HIGHLIGHT if mine[row.name] else ""] * len(row), axis=1)
    st.dataframe(styled, hide_index=True, placeholder="–", height="content" if len(rows) < 12 else 440, key=widget,
                 on_select=opener(widget, rows), selection_mode="single-row",
                 column_config=columns(*shown.columns))
    name = "_".join((choice.artist.name, platform, "peers"))
    with st.container(horizontal=True, horizontal_alignment="right"):
        _shared.csv_download(rows, name, "analysis_peers_csv")
        _shared.parquet_download(rows, name, "analysis_peers_parquet")


def peers_table(peers: tuple[services.Peer, ...]) -> pd.DataFrame:
    """Return peers for other programs: exact values, and names that do not change with the language."""
    names = ("place", "artist", "artist_key", "platform", "stage", "growth", "z", "difference", "mean_30", "momentum",
             "last_day")
    rows = pd.DataFrame([(peer.place, peer.outlook.name, peer.outlook.artist_key, peer.outlook.platform,
                          peer.standing.stage, peer.standing.growth, peer.standing.z, peer.standing.difference,
                          peer.standing.mean_30, peer.outlook.momentum, peer.outlook.last_day) for peer in peers],
                        columns=names)
    numbers = dict.fromkeys(("z", "difference", "mean_30", "momentum"), "float64")
    return rows.astype(numbers | {"last_day": "datetime64[s]"})
