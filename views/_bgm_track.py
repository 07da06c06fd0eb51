"""One track: its title, player, picture, measured facts, files, edits that make new versions, rating, song."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

import services
from support.figures.bgm import ROLE_COLOURS
from views import _bgm_shown, _dossier_add, _shared
from views import _bgm_state as states
from views._shared import number, plain, text

LONGEST_TITLE = 120
FILES = {"wav": ("audio/wav", "wav"), "mp3": ("audio/mpeg", "mp3"), "ogg": ("audio/ogg", "ogg"),
         "mid": ("audio/midi", "mid"), "stems": ("application/zip", "zip")}
"""MIME type and ending of each file."""
COMPOSED = ("mid", "stems")
"""Files that only the composer's tracks have."""


def card(track: services.BgmTrack, what: str = "") -> None:
    """Draw a track; `what` says whether it is the version before or after an edit."""
    head(track, what)
    if track.state == "failed":
        st.error(_bgm_shown.failure(track.error_code, track.error_values), icon=":material/error:")
        return
    _bgm_shown.player(track)
    facts(track)
    _bgm_shown.piece(track)
    with st.container(horizontal=True, gap="small", key=f"bgm_acts_{track.id}"):
        downloads(track)
        if track.plan is not None and services.may(_shared.frame().actor, "bgm"):
            with st.popover(text("bgm.edit.label"), icon=":material/tune:", key=f"bgm_edit_{track.id}"):
                _edits(track)
        attach(track)
    rating(track)


def head(track: services.BgmTrack, what: str = "") -> None:
    """Draw a track's title with the way to change it."""
    badge = f" :blue-badge[{text(f'bgm.track.{what}')}]" if what else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"#### {plain(track.title)}{badge}", width="stretch")
        rename(track)


def rename(track: services.BgmTrack) -> None:
    """Draw the way to another title."""
    if not services.may(_shared.frame().actor, "bgm"):
        return
    with st.popover("", icon=":material/edit:", key=f"bgm_rename_{track.id}", help=text("bgm.track.rename")):
        key = f"bgm_title_{track.id}"
        st.text_input(text("bgm.track.title"), value=track.title, key=key, max_chars=LONGEST_TITLE)
        st.button(text("bgm.track.rename"), key=f"bgm_rename_go_{track.id}", type="primary", on_click=_rename,
                  args=(track, key))


def _rename(track: services.BgmTrack, key: str) -> None:
    title = st.session_state[key].strip()
    if title and title != track.title:
        states.told(services.rename_bgm, _shared.frame().actor, track.id, title, done="bgm.track.renamed")


def facts(track: services.BgmTrack) -> None:
    """Draw what was asked and what was measured of the sound."""
    plan, figures = track.plan, track.figures
    found = [("length", _bgm_shown.length(track.seconds))]
    if plan is not None:
        found += [("bpm", _bgm_shown.bpm(plan.bpm)), ("key", _bgm_shown.key(plan.tonic, plan.mode)),
                  ("meter", plan.meter)]
    elif "bpm" in figures:
        found.append(("bpm", _bgm_shown.bpm(figures["bpm"])))
    for name, unit in (("loudness", "LUFS"), ("true_peak", "dBTP")):
        if name in figures:
            found.append((name, f"{number(figures[name], 1).replace('-', '−')} {unit}"))
    st.markdown(" · ".join(f":small[:gray[{text(f'bgm.fact.{name}')}] **{value}**]" for name, value in found))


# files ------------------------------------------------------------


def downloads(track: services.BgmTrack) -> None:
    """Draw the files; each is made when its button is pressed."""
    actor = _shared.frame().actor
    kinds = [kind for kind in FILES if track.plan is not None or kind not in COMPOSED]
    with st.popover(text("bgm.file.label"), icon=":material/download:", key=f"bgm_files_{track.id}"):
        for kind in kinds:
            mime, ending = FILES[kind]
            name = _shared.file_part(track.title) + (f"-{text('bgm.file.stems_name')}" if kind == "stems" else "")
            st.download_button(text(f"bgm.file.{kind}"), partial(services.bgm_file, actor, track.id, kind), mime=mime,
                               file_name=f"{name}.{ending}", key=f"bgm_file_{kind}_{track.id}", on_click="ignore",
                               icon=":material/download:", width="stretch")
        st.caption(text("bgm.file.note"))


# edits ------------------------------------------------------------


def _edits(track: services.BgmTrack) -> None:
    """Draw the edits; each makes a new version and leaves the rest as it is."""
    st.caption(text("bgm.edit.note"))
    _section_edit(track)
    _instrument_edit(track)
    st.markdown(f"**{text('bgm.edit.energy')}**")
    with st.container(horizontal=True, gap="small"):
        _go(track, "lower", text("bgm.edit.lower"), "trending_down", "energy", lambda: {"by": -0.25})
        _go(track, "raise", text("bgm.edit.raise"), "trending_up", "energy", lambda: {"by": 0.25})
    _length_edit(track)


def _section_edit(track: services.BgmTrack) -> None:
    sections = {each: text("bgm.edit.section_is", place=place, name=_bgm_shown.section(name), start=f"{start:.0f}",
                           end=f"{end:.0f}") for place, (each, name, start, end, _) in enumerate(track.spans, 1)}
    if not sections:
        return
    key = f"bgm_edit_section_{track.id}"
    st.selectbox(text("bgm.edit.section"), list(sections), key=key, format_func=sections.__getitem__)
    _go(track, "section", text("bgm.edit.again"), "refresh", "section",
        lambda: {"section_id": st.session_state[key]})


def _instrument_edit(track: services.BgmTrack) -> None:
    plan = track.plan
    order = list(ROLE_COLOURS)  # the melody first, as it is drawn
    parts = {part.role: part.instrument for part in sorted(plan.parts, key=lambda part: order.index(part.role))
             } if plan else {}
    if not parts:
        return
    role_key = f"bgm_edit_role_{track.id}"
    now = {role: f"{_bgm_shown.role(role)}: {_bgm_shown.instrument(name, role)}" for role, name in parts.items()}
    role = st.selectbox(text("bgm.edit.part"), list(now), key=role_key, format_func=now.__getitem__)
    others = {term.id: states.name_of(term) for term in services.bgm_terms("instruments")
              if role in term.roles and term.id != parts.get(role or "")}
    if not others:
        st.caption(text("bgm.edit.no_other"))
        return
    key = f"bgm_edit_to_{track.id}_{role}"
    st.selectbox(text("bgm.edit.to"), list(others), key=key, format_func=others.__getitem__)
    _go(track, "instrument", text("bgm.edit.swap"), "swap_horiz", "instrument",
        lambda: {"role": role, "instrument": st.session_state[key]})


def _length_edit(track: services.BgmTrack) -> None:
    most = services.BGM_SECONDS[1]
    if track.seconds >= most - 1:
        return
    key = f"bgm_edit_seconds_{track.id}"
    least = float(int(track.seconds) + 1)
    st.number_input(text("bgm.edit.length"), least, most, min(most, float(round(track.seconds * 1.5))), step=1.0,
                    format="%g", key=key)
    _go(track, "length", text("bgm.edit.lengthen"), "expand", "length", lambda: {"seconds": st.session_state[key]})


def _go(track: services.BgmTrack, name: str, label: str, icon: str, act: str,
        values: Callable[[], dict[str, Any]]) -> None:
    st.button(label, key=f"bgm_do_{name}_{track.id}", icon=f":material/{icon}:", on_click=_edit,
              args=(track.id, act, values))


def _edit(track_id: int, act: str, values: Callable[[], dict[str, Any]]) -> None:
    made = states.told(services.edit_bgm, _shared.frame().actor, track_id, act, **values())
    if made is not None:
        states.open_batch(made.id)


# song and rating ------------------------------------------------------------


def attach(track: services.BgmTrack) -> None:
    """Draw the way to put a track to a song, or to take it back."""
    actor = _shared.frame().actor
    if not services.may(actor, "bgm"):
        return
    def put(song_id: int | None) -> None:
        states.told(services.attach_bgm, actor, track.id, song_id,
                    done="dossier_add.done" if song_id else "dossier_add.undone")

    _dossier_add.attach(f"bgm_song_{track.id}", track.song_id, put)
    _dossier_add.post("bgm", track.id)


def rating(track: services.BgmTrack) -> None:
    """Draw the stars; pressing the same one again takes the rating back."""
    key = f"bgm_stars_{track.id}"
    if key not in st.session_state:
        st.session_state[key] = None if track.rating is None else track.rating - 1
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":small[:gray[{text('bgm.track.rate')}]]", width="content")
        st.feedback("stars", key=key, on_change=_rate, args=(track.id, key),
                    disabled=not services.may(_shared.frame().actor, "bgm"))


def _rate(track_id: int, key: str) -> None:
    stars = st.session_state[key]
    states.told(services.rate_bgm, _shared.frame().actor, track_id, None if stars is None else stars + 1)
