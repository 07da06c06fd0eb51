"""Why a prediction is as it is: over the song's time, by measurement, by lyric line; tags; tracks like it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

import services
from locales import texts
from support.figures import hits as figures
from views import _cache, _hit_shown, _shared
from views._hit_shown import CHART
from views._shared import number, plain, text

KEYS = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
NOTICED = 0.01
"""Log-odds below which a line is left without a mark."""
LINES_HEIGHT = 380
"""Pixels, beyond which lyrics scroll."""
MOST_BARS = 12
NEAR = 5
TAGS = 5


def draw(view: services.PredictionView, token: str | None) -> None:
    """Draw the evidence."""
    st.markdown(f"### {text('hit.why.heading')}")
    with st.container(border=True, key="hit_time"):
        _time(view, token)
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, key="hit_features"):
        _features(view)
    with right.container(border=True, key="hit_lines"):
        _lyrics(view)
    if view.state == "done" and token is None:
        _near(view)


# over time ------------------------------------------------------------


def _time(view: services.PredictionView, token: str | None) -> None:
    st.markdown(f"#### {text('hit.why.time')}")
    _tags(view)
    picture = None
    with _shared.errors_shown():
        picture = services.prediction_picture(_shared.frame().actor, view.id, token) if view.has_picture else None
    labels = {name: text(f"hit.chart.{name}") for name in ("wave", "mel", "curve")} | {
        name: text(f"hit.chart.time_{name}") for name in ("adds", "takes")}
    figure = figures.time_figure(view.seconds or 0.0, waveform=view.waveform, picture=picture, span=None,
                                 occlusion=view.occlusion, labels=labels)
    if not view.occlusion:
        st.caption(text("hit.why.no_time"))
    else:
        st.markdown(_best(view))
    if figure is not None:
        st.plotly_chart(_cache.Drawn(figure), key="hit_time_chart", config=CHART, alt=text("hit.chart.time_alt"))
    notes = []
    if view.occlusion and view.occlusion_by:
        notes.append(text("hit.why.time_by", part=text(f"hit.part.{view.occlusion_by}")))
    if view.clip and any(part.part == "audio" and part.state == "used" for part in view.parts):
        notes.append(text("hit.why.clip_note", start=figures.clock(view.clip[0]), end=figures.clock(view.clip[1])))
    if notes:
        st.caption(" ".join(notes))


def _best(view: services.PredictionView) -> str:
    """Return which seconds lift the answer most, and which pull it back."""
    said = []
    for name, (start, end, change) in (("best", max(view.occlusion, key=lambda each: each[2])),
                                       ("worst", min(view.occlusion, key=lambda each: each[2]))):
        if (change > 0) == (name == "best") and abs(change) >= NOTICED / 2:
            said.append(text(f"hit.why.time_{name}", start=figures.clock(start), end=figures.clock(end),
                             value=figures.signed(change)))
    return " ".join(said)


def _tags(view: services.PredictionView) -> None:
    """Draw the tags a listening network gives."""
    known = texts(_shared.lang())
    shown = [f":violet-badge[{plain(known.get(f'music_tags.{name}', name))} {number(100 * likelihood)}%]"
             for name, likelihood in view.tags[:TAGS]]
    said = " ".join(shown) or f":gray[{text('hit.why.tags_none')}]"
    st.markdown(f"**{text('hit.why.tags')}** {said}", help=text("hit.why.tags_note"))


# measurements ------------------------------------------------------------


def _features(view: services.PredictionView) -> None:
    st.markdown(f"#### {text('hit.why.features')}")
    part = next((each for each in view.parts if each.part == "features" and each.state == "used"), None)
    if part is not None and part.contributions:
        shown = [(_with_value(name, view.measures), share) for name, share in part.contributions[:MOST_BARS]]
        _hit_shown.shares_chart(shown, "hit_features_chart")
        st.caption(text("hit.why.features_note", part=text("hit.part.features")))
    if view.left_out:
        names = ", ".join(name_of(each) for each in view.left_out)
        said_so = [text("hit.why.left_out" if _is_clip(view) else "hit.why.missing", names=names)]
        if "duration_ms" in view.left_out:
            said_so.append(text("hit.why.left_out_length"))
        st.caption(f":material/content_cut: {' '.join(said_so)}")
    with st.expander(text("hit.why.measures"), icon=":material/straighten:", key="hit_measures"):
        _table(view)


def _is_clip(view: services.PredictionView) -> bool:
    """Return whether the file is too short for what a whole song has, or shorter than the song is said to be."""
    length = view.measures.get("duration_ms")
    return view.seconds is not None and (length is None or length / 1000 > view.seconds + 1)


def name_of(measure: str) -> str:
    """Return what a measure is called."""
    known = f"hit.measure.{measure}"
    return text(known) if known in texts(_shared.lang()) else measure


def _with_value(name: str, measures: Mapping[str, float | None]) -> str:
    value = measures.get(name)
    return name_of(name) if value is None else f"{name_of(name)} {said(name, value)}"


def said(name: str, value: float) -> str:
    """Return a measured value in words."""
    if name in ("duration_ms", "chorus_hit"):
        return figures.clock(value / 1000 if name == "duration_ms" else value)
    if name == "key":
        return KEYS[int(value) % 12]
    if name == "mode":
        return text("hit.measured.mode_major" if value >= 0.5 else "hit.measured.mode_minor")
    if name in ("tempo", "time_signature"):
        return text(f"hit.measured.{name}", value=number(value))
    if name == "loudness":
        return text("hit.measured.loudness", value=number(value, 1))
    return number(value) if name == "sections" else number(value, 2)


def _table(view: services.PredictionView) -> None:
    rows = [(name_of(name), "–" if value is None else said(name, value)) for name, value in view.measures.items()]
    for name, amount in (("lufs", view.loudness), ("peak", view.peak)):
        if amount is not None:
            rows.append((text(f"hit.measured.{name}"), text(f"hit.measured.{name}_value", value=number(amount, 1))))
    if view.format:
        rows.append((text("hit.measured.format"), view.format))
    columns = [text("hit.measure.name"), text("hit.measure.value")]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, height="content", key="hit_measures_table")


# lyrics ------------------------------------------------------------


def _lyrics(view: services.PredictionView) -> None:
    st.markdown(f"#### {text('hit.why.lines' if view.lines else 'hit.why.lyrics')}")
    if view.lines:
        st.caption(text("hit.why.lines_note"))
        with st.container(height=LINES_HEIGHT if len(view.lines) > 12 else "content", border=False):
            st.markdown("  \n".join(_line(line, change) for line, change in view.lines))
    elif view.lyrics:
        st.caption(text("hit.why.lines_none"))
        with st.expander(text("hit.why.lyrics"), icon=":material/lyrics:", key="hit_lyrics"):
            st.text(view.lyrics)
    else:
        st.caption(text("hit.why.no_lyrics"))


def _line(line: str, change: float) -> str:
    """Return a line of lyrics with its mark: a sign, an arrow and a colour say the same."""
    if abs(change) < NOTICED:
        return plain(line)
    colour, arrow = ("blue", "▲") if change > 0 else ("orange", "▼")
    return f":{colour}-background[{plain(line)}] :{colour}[{arrow} {figures.signed(change)}]"


# tracks like it ------------------------------------------------------------


def _near(view: services.PredictionView) -> None:
    """Draw the tracks that sound most alike, and those of a score close by."""
    actor = _shared.frame().actor
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, key="hit_nearest"), _shared.errors_shown():
        st.markdown(f"#### {text('hit.near.nearest')}")
        _rows(services.nearest_predictions(actor, view.id, limit=NEAR), "nearest")
    with right.container(border=True, key="hit_reference"), _shared.errors_shown():
        st.markdown(f"#### {text('hit.near.reference')}", help=text("hit.near.reference_note"))
        _rows(services.reference_predictions(actor, view.id, limit=NEAR), "reference")


def _rows(found: tuple[services.Near, ...], name: str) -> None:
    if not found:
        st.caption(text(f"hit.near.{name}_none"))
    for near in found:
        with st.container(gap="xsmall", key=f"hit_{name}_{near.id}"):
            _row(near, f"{name}_{near.id}")


def _row(near: services.Near, key: str) -> None:
    facts = [text("hit.near.no_score") if near.score is None else text("hit.near.score", score=number(near.score)),
             text("hit.near.alike", percent=number(near.similarity)), text(f"hit.genre.{near.genre}")]
    artist = f" · {plain(near.artist)}" if near.artist else ""
    own = f" :violet-badge[{text('hit.near.own')}]" if near.own else ""
    st.markdown(f"**{plain(near.title)}**{artist}{own}  \n:small[:gray[{' · '.join(facts)}]]")
    playing = st.session_state.get("hit_near_playing") == key
    with st.container(horizontal=True, gap="small"):
        st.button(text("hit.near.stop" if playing else "hit.near.play"), key=f"hit_hear_{key}", type="tertiary",
                  icon=f":material/{'stop_circle' if playing else 'play_circle'}:", on_click=_play,
                  args=("" if playing else key,))
        if near.has_lyrics and st.button(text("hit.near.lyrics"), key=f"hit_read_{key}", type="tertiary",
                                         icon=":material/lyrics:"):
            st.dialog(plain(near.title))(_words)(near.id)
        st.button(text("hit.near.open"), key=f"hit_near_open_{key}", type="tertiary", icon=":material/open_in_full:",
                  on_click=_open, args=(near.id,))
    if playing:
        _hit_shown.player(near.id)


def _play(key: str) -> None:
    st.session_state["hit_near_playing"] = key


def _open(prediction_id: int) -> None:
    st.session_state["hit_id"] = prediction_id


def _words(prediction_id: int) -> None:
    with _shared.errors_shown():
        st.text(services.get_prediction(_shared.frame().actor, prediction_id).lyrics or "–")
