"""Figures of background music: a piece over its seconds, its energy before it is made, and what a text feels like.

Plain data in plotly's shape, as `support.figures.axes` says. Numbers are rounded to what a screen can show: a minute of
eight busy parts stays under 150 kB.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from support.figures.axes import GREY, GRID_COLOUR, Figure, Trace, bar, fade, note, plain_layout, scatter
from support.figures.hits import TIME_STEPS, clock
from support.figures.patterns import ACCENT

ROLE_COLOURS = {"melody": "#d6336c", "counter": "#b5530b", "chords": "#7048e8", "pad": "#1c7ed6", "bass": "#2b8a3e",
                "drums": "#7d858c", "percussion": "#937a12", "texture": "#0b8494"}
"""A colour a part; at least 3:1 on white and on the dark theme."""
OTHER_COLOUR = GREY
STRUCK = ("drums", "percussion")
"""Parts whose pitches name what is struck: drawn as lanes below the notes."""
COLUMNS = 400
"""Of a waveform: about one a pixel on a phone."""
PANELS = {"wave": 80, "roll": 170, "energy": 90}
"""Heights in pixels."""
AIR = 26
LEGEND = 46
LANE = 1.6
"""Semitones between the lanes of drums."""
LETTER_ROOM = 0.021
"""Share of the width that a letter of a chord's name takes at 390 px."""
SECTION_ROOM = 0.13
MOST_LANES = 8

Peaks = Sequence[tuple[float, float]]
Roll = Sequence[tuple[str, str, Sequence[tuple[float, float, int, int]]]]
Spans = Sequence[tuple[int, str, float, float, float]]
Chords = Sequence[tuple[float, float, str]]


def piece_figure(seconds: float, *, peaks: Peaks = (), roll: Roll = (), spans: Spans = (), chords: Chords = (),
                 labels: Mapping[str, str], names: Mapping[str, str]) -> Figure | None:
    """Draw waveform, piano roll, and energy with chords, one above the other over the same seconds.

    Parameters
    ----------
    seconds : float
        Of the whole piece.
    peaks : sequence of (float, float)
        Least and greatest sample of equal stretches.
    roll : sequence of (str, str, notes)
        Role, instrument and notes (start s, length s, MIDI pitch, velocity) of every part.
    spans : sequence of (int, str, float, float, float)
        Sections: id, name in words, start s, end s, energy 0 to 1.
    chords : sequence of (float, float, str)
        Start s, length s, name.
    labels : mapping of str to str
        ``wave``, ``roll``, ``energy``: headings; ``section``: hover with ``{name}``, ``{start}``, ``{end}``,
        ``{energy}``; ``chord``: hover with ``{name}``, ``{at}``.
    names : mapping of str to str
        Instruments in words by id.

    Returns
    -------
    Figure or None
        Panels of what there is; None where there is nothing or no length.
    """
    panels = [name for name, there in (("wave", peaks), ("roll", roll), ("energy", spans)) if there]
    if not panels or seconds <= 0:
        return None
    legend = LEGEND if roll else 0
    height = sum(PANELS[name] + AIR for name in panels) + 24 + legend
    inner = height - AIR - 24 - legend
    layout = plain_layout(height) | {"hovermode": "closest", "margin": {"l": 34, "r": 8, "t": AIR, "b": 24 + legend}}
    data: list[Trace] = []
    notes: list[dict[str, Any]] = []
    top = 1.0
    for place, name in enumerate(panels, 1):
        number = "" if place == 1 else str(place)
        bottom = max(0.0, top - PANELS[name] / inner)
        axis, traces, extra = _panel(name, f"y{number}", seconds, peaks, roll, spans, chords, labels, names)
        layout[f"yaxis{number}"] = axis | {"domain": [bottom, top], "anchor": "x", "fixedrange": True}
        data, notes = data + traces, notes + extra
        if name != "wave" or not spans:
            notes.append(note(labels[name], xref="paper", yref="paper", x=0, xanchor="left", y=top, yanchor="bottom",
                              font={"size": 12}))
        top = bottom - AIR / inner
    last = "" if len(panels) == 1 else str(len(panels))
    layout["xaxis"] = _time_axis(seconds) | {"anchor": f"y{last}"}
    if roll:
        # below the seconds of the lowest panel
        layout |= {"showlegend": True, "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -24 / inner,
                                                  "yanchor": "top", "font": {"size": 11}, "itemwidth": 30,
                                                  "itemclick": False, "itemdoubleclick": False}}
    return {"data": data, "layout": layout | {"annotations": notes, "shapes": _bands(spans)}}


def _time_axis(seconds: float) -> dict[str, Any]:
    step = next((step for step in TIME_STEPS if seconds / step <= 6), TIME_STEPS[-1])
    ticks = [step * place for place in range(int(seconds // step) + 1)]
    return {"range": [0, seconds], "tickvals": ticks, "ticktext": [clock(tick) for tick in ticks], "fixedrange": True,
            "showgrid": True, "gridcolor": GRID_COLOUR, "zeroline": False}


def _bands(spans: Spans) -> list[dict[str, Any]]:
    """Return a faint ground under every other section, through all panels."""
    return [{"type": "rect", "xref": "x", "yref": "paper", "x0": round(start, 2), "x1": round(end, 2), "y0": 0, "y1": 1,
             "line": {"width": 0}, "fillcolor": fade(ACCENT, 0.08), "layer": "below"}
            for place, (_, _, start, end, _) in enumerate(spans) if place % 2 == 0]


def _panel(name: str, axis: str, seconds: float, peaks: Peaks, roll: Roll, spans: Spans, chords: Chords,
           labels: Mapping[str, str], names: Mapping[str, str],
           ) -> tuple[dict[str, Any], list[Trace], list[dict[str, Any]]]:
    """Return the vertical axis, the traces and the notes of one panel."""
    if name == "wave":
        said = [note(title, x=round((start + end) / 2, 2), yref="paper", y=1, yanchor="bottom", font={"size": 11})
                for _, title, start, end, _ in _spread(spans, SECTION_ROOM * seconds)]
        return {"visible": False, "range": [-1.05, 1.05]}, _wave(peaks, seconds, axis), said
    if name == "roll":
        return _roll(roll, axis, names)
    said = [note(chord, x=round(start, 2), xanchor="left", yref=axis, y=1.04, yanchor="bottom", font={"size": 10},
                 captureevents=False) for start, _, chord in shown_chords(chords, seconds)]
    ticks = {"tickvals": [0, 0.5, 1], "ticktext": ["0", "50", "100"], "tickfont": {"size": 9}}
    return ({"range": [0, 1.28], "showgrid": False, "zeroline": False} | ticks,
            [*_energy(spans, axis, labels), _chord_points(chords, axis, labels)], said)


def _spread(spans: Spans, room: float) -> list[tuple[int, str, float, float, float]]:
    """Return the sections whose names have room."""
    return [span for span in spans if span[3] - span[2] >= room * max(1.0, len(span[1]) / 8)]


# waveform ---------------------------------------------------------------------------------------------------------


def _wave(peaks: Peaks, seconds: float, axis: str) -> list[Trace]:
    few = thinned(peaks, COLUMNS)
    step = seconds / len(few)
    places = [round(step * (place + 0.5), 2) for place in range(len(few))]
    line, shared = {"color": ACCENT, "width": 0.6}, {"mode": "lines", "hoverinfo": "skip", "yaxis": axis,
                                                     "showlegend": False}
    return [scatter(x=places, y=[round(low, 2) for low, _ in few], line=line, **shared),
            scatter(x=places, y=[round(high, 2) for _, high in few], line=line, fill="tonexty",
                    fillcolor=fade(ACCENT, 0.55), **shared)]


def thinned(peaks: Peaks, most: int) -> list[tuple[float, float]]:
    """Return at most `most` pairs: the extremes of equal runs of those given."""
    if len(peaks) <= most:
        return list(peaks)
    cuts = [round(place * len(peaks) / most) for place in range(most + 1)]
    return [(min(low for low, _ in peaks[start:end]), max(high for _, high in peaks[start:end]))
            for start, end in zip(cuts, cuts[1:], strict=False)]


# piano roll -------------------------------------------------------------------------------------------------------


def _roll(roll: Roll, axis: str, names: Mapping[str, str],
          ) -> tuple[dict[str, Any], list[Trace], list[dict[str, Any]]]:
    """Return the notes as one line a part with gaps; drums are lanes of their own below the lowest note."""
    pitches = [pitch for role, _, notes in roll if role not in STRUCK for _, _, pitch, _ in notes]
    low, high = (min(pitches) - 2, max(pitches) + 2) if pitches else (48, 72)
    traces, floor = [], float(low)
    for role, instrument, notes in roll:
        if not notes:
            continue
        lanes: Mapping[int, float] = {}
        if role in STRUCK:
            lanes, floor = _lanes([pitch for _, _, pitch, _ in notes], floor)
        traces.append(_part(role, names.get(instrument, instrument), notes, lanes, axis))
    octaves = [pitch for pitch in range(12 * math.ceil(low / 12), high + 1, 12)]
    said = [f"C{pitch // 12 - 1}" for pitch in octaves]
    return ({"range": [floor - 1.5, high], "tickvals": octaves, "ticktext": said, "tickfont": {"size": 10},
             "gridcolor": GRID_COLOUR, "zeroline": False}, traces, [])


def _lanes(pitches: Sequence[int], floor: float) -> tuple[dict[int, float], float]:
    """Return the height of each thing that is struck, and the new floor; the lowest lies lowest, the rest share."""
    known = sorted(set(pitches), reverse=True)
    lanes = {pitch: floor - LANE * (1 + min(place, MOST_LANES - 1)) for place, pitch in enumerate(known)}
    return lanes, min(lanes.values())


def _part(role: str, name: str, notes: Sequence[tuple[float, float, int, int]], lanes: Mapping[int, float],
          axis: str) -> Trace:
    x: list[float | None] = []
    y: list[float | None] = []
    for start, length, pitch, _ in notes:
        # a hit has no length of its own: a short mark
        height, end = lanes.get(pitch, pitch), start + (0.05 if lanes else max(length, 0.05))
        x += [round(start, 2), round(end, 2), None]
        y += [round(height, 1), round(height, 1), None]
    return scatter(x=x, y=y, mode="lines", connectgaps=False, yaxis=axis, name=escape(name), hoverinfo="name",
                   line={"color": ROLE_COLOURS.get(role, OTHER_COLOUR), "width": 3}, showlegend=True)


# energy and chords ------------------------------------------------------------------------------------------------


def _energy(spans: Spans, axis: str, labels: Mapping[str, str]) -> list[Trace]:
    said = [escape(labels["section"].format(name=name, start=clock(start), end=clock(end), energy=round(100 * energy)))
            for _, name, start, end, energy in spans]
    return [bar(x=[round((start + end) / 2, 2) for _, _, start, end, _ in spans], yaxis=axis, showlegend=False,
                y=[round(energy, 2) for *_, energy in spans], hovertext=said,
                width=[round(end - start, 2) for _, _, start, end, _ in spans],
                hovertemplate="%{hovertext}<extra></extra>", marker={"color": fade(ACCENT, 0.35), "line": {
                    "color": ACCENT, "width": 1}})]


def _chord_points(chords: Chords, axis: str, labels: Mapping[str, str]) -> Trace:
    said = [escape(labels["chord"].format(name=name, at=clock(start))) for start, _, name in chords]
    return scatter(x=[round(start + length / 2, 2) for start, length, _ in chords], y=[1.12] * len(chords),
                   mode="markers", marker={"size": 9, "opacity": 0, "color": GREY}, hovertext=said, yaxis=axis,
                   hovertemplate="%{hovertext}<extra></extra>", showlegend=False)


def shown_chords(chords: Chords, seconds: float) -> list[tuple[float, float, str]]:
    """Return the chords whose names have room beside each other; a chord that stays is named once."""
    shown: list[tuple[float, float, str]] = []
    before, free = "", 0.0
    for start, length, name in chords:
        if name != before and start >= free:
            shown.append((start, length, name))
            free = start + LETTER_ROOM * (len(name) + 1) * seconds
        before = name
    return shown


def plan_figure(sections: Sequence[tuple[str, float, float]], *, points: Sequence[float] = (),
                labels: Mapping[str, str]) -> Figure | None:
    """Draw the energy of a piece that is still to be made: its sections, and the curve that was drawn by hand.

    Parameters
    ----------
    sections : sequence of (str, float, float)
        Name in words, bars, energy 0 to 1.
    points : sequence of float
        Wished values from 0 to 1, spread evenly from the start to the end; may be empty.
    labels : mapping of str to str
        ``section``: hover with ``{name}``, ``{bars}``, ``{energy}``.

    Returns
    -------
    Figure or None
        None without sections.
    """
    if not sections:
        return None
    total = sum(bars for _, bars, _ in sections)
    ends = [sum(bars for _, bars, _ in sections[:place]) for place in range(len(sections) + 1)]
    said = [escape(labels["section"].format(name=name, bars=f"{bars:g}", energy=round(100 * energy)))
            for name, bars, energy in sections]
    data = [bar(x=[(start + end) / 2 for start, end in zip(ends, ends[1:], strict=False)],
                y=[round(energy, 2) for *_, energy in sections], width=[bars * 0.98 for _, bars, _ in sections],
                hovertext=said, hovertemplate="%{hovertext}<extra></extra>",
                marker={"color": fade(ACCENT, 0.35), "line": {"color": ACCENT, "width": 1}})]
    if len(points) > 1:
        data.append(scatter(x=[total * place / (len(points) - 1) for place in range(len(points))],
                            y=[round(value, 2) for value in points], mode="lines+markers", hoverinfo="skip",
                            line={"color": ROLE_COLOURS["melody"], "width": 2, "dash": "dot"}, cliponaxis=False))
    names = [note(name, x=(start + end) / 2, y=0, yanchor="bottom", font={"size": 10})
             for (name, bars, _), start, end in zip(sections, ends, ends[1:], strict=False)
             if bars / total >= 0.13 * max(1.0, len(name) / 8)]
    return {"data": data, "layout": plain_layout(96) | {
        "hovermode": "closest", "margin": {"l": 4, "r": 4, "t": 6, "b": 4}, "annotations": names,
        "xaxis": {"visible": False, "range": [0, total], "fixedrange": True},
        "yaxis": {"visible": False, "range": [0, 1.05], "fixedrange": True}}}


# what a text feels like -------------------------------------------------------------------------------------------


def emotions_figure(emotions: Sequence[tuple[str, float]], *, labels: Mapping[str, str]) -> Figure:
    """Draw emotions as lying bars, in the order they come from top to bottom.

    Parameters
    ----------
    emotions : sequence of (str, float)
        Names in words and probabilities, 0 to 1; at least one.
    labels : mapping of str to str
        ``hover``: with ``{name}`` and ``{percent}``.

    Raises
    ------
    ValueError
        If there is none, or a probability is none.
    """
    if not emotions or not all(0 <= value <= 1 for _, value in emotions):
        raise ValueError(f"{len(emotions)} emotions; drawn are probabilities from 0 to 1: {dict(emotions)}")
    rows = list(range(0, -len(emotions), -1))
    most = max(value for _, value in emotions)
    percents = [f"{100 * value:.0f}%" for _, value in emotions]
    said = [escape(labels["hover"].format(name=name, percent=percent))
            for (name, _), percent in zip(emotions, percents, strict=True)]
    return {"data": [bar(orientation="h", x=[round(value, 3) for _, value in emotions], y=rows, text=percents,
                         textposition="outside", textfont={"size": 12}, cliponaxis=False, width=0.66, hovertext=said,
                         hovertemplate="%{hovertext}<extra></extra>",
                         marker={"color": [ACCENT if value == most else fade(ACCENT, 0.5) for _, value in emotions]})],
            "layout": plain_layout(24 * len(emotions) + 12) | {
                "hovermode": "closest", "margin": {"l": 4, "r": 34, "t": 4, "b": 4},
                "xaxis": {"visible": False, "range": [0, max(1.02 * most, 0.2)], "fixedrange": True},
                "yaxis": {"tickvals": rows, "ticktext": [escape(name) for name, _ in emotions], "automargin": True,
                          "range": [rows[-1] - 0.5, 0.5], "fixedrange": True, "showgrid": False, "zeroline": False}}}


def circumplex_figure(valence: float, arousal: float, *, labels: Mapping[str, str]) -> Figure:
    """Draw a feeling as a point: sad to happy from left to right, calm to excited from below to above.

    After Russell, "A circumplex model of affect" (1980).

    Parameters
    ----------
    valence, arousal : float
        -1 to 1.
    labels : mapping of str to str
        ``left``, ``right``, ``top``, ``bottom``: the ends of the axes; ``excited`` (right above), ``tense`` (left
        above), ``low`` (left below), ``content`` (right below): the quarters; ``hover`` with ``{valence}`` and
        ``{arousal}``.

    Raises
    ------
    ValueError
        If a number is outside -1 to 1.
    """
    if not (abs(valence) <= 1 and abs(arousal) <= 1):
        raise ValueError(f"the point is ({valence:g}, {arousal:g}), drawn is -1 to 1")
    ends = (("left", -1.02, 0, "left", "bottom"), ("right", 1.02, 0, "right", "bottom"),
            ("top", 0.03, 1.0, "left", "top"), ("bottom", 0.03, -1.0, "left", "bottom"))
    quarters = (("excited", 0.55, 0.6), ("tense", -0.55, 0.6), ("low", -0.55, -0.6), ("content", 0.55, -0.6))
    said = escape(labels["hover"].format(valence=f"{valence:+.2f}", arousal=f"{arousal:+.2f}"))
    axis = {"range": [-1.08, 1.08], "showticklabels": False, "showgrid": False, "zeroline": True, "fixedrange": True,
            "zerolinecolor": GREY, "zerolinewidth": 1}
    return {"data": [
        scatter(x=[0, valence], y=[0, arousal], mode="lines", line={"color": fade(ACCENT, 0.5), "width": 2},
                hoverinfo="skip"),
        scatter(x=[valence], y=[arousal], mode="markers", marker={"size": 16, "color": ACCENT}, cliponaxis=False,
                hovertext=[said], hovertemplate="%{hovertext}<extra></extra>")],
        "layout": plain_layout(240) | {
            "hovermode": "closest", "margin": {"l": 4, "r": 4, "t": 4, "b": 4},
            "annotations": [note(labels[name], x=x, y=y, xanchor=across, yanchor=up, font={"size": 11})
                            for name, x, y, across, up in ends]
            + [note(labels[name], x=x, y=y, font={"size": 11, "color": GREY}) for name, x, y in quarters],
            "shapes": [{"type": "circle", "xref": "x", "yref": "y", "x0": -1, "x1": 1, "y0": -1, "y1": 1,
                        "line": {"color": GRID_COLOUR, "width": 1}}],
            # a circle stays round whatever the width
            "xaxis": axis | {"constrain": "domain"}, "yaxis": axis | {"scaleanchor": "x", "constrain": "domain"}}}
