"""What every part of Text to BGM shows: sounds, keys, sections, makers, stored errors, and one figure a track."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import cachetools
import streamlit as st

import services
from locales import texts
from support.errors import describe
from support.figures import bgm as figures
from views import _bgm_state as states
from views import _cache, _shared
from views._shared import number, text

CHART = {"displayModeBar": False}
KEYS_MAJOR = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
KEYS_MINOR = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
BRIGHT = ("major", "lydian", "mixolydian", "pyeongjo", "pentatonic_major")
ROUND = """<script>(function round(tries) {
const sound = document.querySelector(".st-key-bgm_player_%d audio");
if (sound) sound.loop = %s; else if (tries) setTimeout(round, 300, tries - 1);
})(40)</script>"""
"""Has the browser itself go round: Streamlit waits for the end and starts anew, which leaves a gap that is heard."""
KEPT_SOUNDS = 24
"""OGG files kept in memory, about 1 MB a minute; whoever gets a track from a service may hear it."""
KEPT_FIGURES = 64
_sounds: cachetools.LRUCache[tuple[int, int], bytes] = cachetools.LRUCache(KEPT_SOUNDS)
_drawn: cachetools.LRUCache[tuple[int, str], Any] = cachetools.LRUCache(KEPT_FIGURES)
_lock = threading.Lock()


# sound and figure ------------------------------------------------------------


def sound(actor: services.Actor, track_id: int) -> bytes:
    """Return a track as OGG; an id is never used for another track, so it is kept for who may hear it."""
    key = (actor.id, track_id)
    with _lock:
        if key in _sounds:
            return _sounds[key]
    found = services.bgm_file(actor, track_id, "ogg")
    with _lock:
        _sounds[key] = found
    return found


def forget(track_id: int) -> None:
    """Drop what is kept of a track that was deleted."""
    with _lock:
        for key in [key for key in _sounds if key[1] == track_id]:
            del _sounds[key]
        for lang in ("ko", "en"):
            _drawn.pop((track_id, lang), None)


def player(track: services.BgmTrack) -> None:
    """Draw a track's player with its switch for playing round and round; a loop starts with it on."""
    actor, key = _shared.frame().actor, f"bgm_round_{track.id}"
    looped = st.session_state.setdefault(key, track.plan is not None and track.plan.loop)
    with _shared.errors_shown(), st.container(key=f"bgm_player_{track.id}", gap="small"):
        st.audio(sound(actor, track.id), format="audio/ogg", loop=bool(looped), alt=track.title)
        st.toggle(text("bgm.track.round"), key=key)
        st.html(ROUND % (track.id, str(bool(looped)).lower()), unsafe_allow_javascript=True)


def piece(track: services.BgmTrack) -> None:
    """Draw waveform, piano roll and sections of a track."""
    figure = _figure(track)
    if figure is None:
        return
    st.plotly_chart(_cache.Drawn(figure), key=f"bgm_piece_{track.id}", config=CHART,
                    alt=text("bgm.chart.piece_alt", title=track.title))


def _figure(track: services.BgmTrack) -> Any:
    key = (track.id, _shared.lang())
    with _lock:
        if key in _drawn:
            return _drawn[key]
    labels = {name: text(f"bgm.chart.{name}") for name in ("wave", "roll", "energy", "section", "chord")}
    spans = tuple((each, section(name), start, end, energy) for each, name, start, end, energy in track.spans)
    names = {part: instrument(part, role) for role, part, _ in track.roll}
    figure = figures.piece_figure(track.seconds, peaks=track.peaks, roll=track.roll, spans=spans, chords=track.chords,
                                  labels=labels, names=names)
    with _lock:
        _drawn[key] = figure
    return figure


# words ------------------------------------------------------------


def _known(key: str, otherwise: str) -> str:
    return text(key) if key in texts(_shared.lang()) else otherwise


def section(name: str) -> str:
    """Return a section's name in words."""
    return _known(f"bgm.section.{name}", name.replace("_", " "))


def mode(name: str) -> str:
    """Return a mode in words."""
    return _known(f"bgm.mode.{name}", name.replace("_", " "))


def maker(name: str) -> str:
    """Return who makes music in words."""
    return _known(f"bgm.maker.{name}", name)


def role(name: str) -> str:
    """Return the role of a part in words."""
    return _known(f"bgm.role.{name}", name)


def instrument(name: str, role_name: str = "") -> str:
    """Return an instrument or a background sound in words; what is on no list by its role."""
    found = states.names("instruments").get(name) or states.names("textures").get(name)
    return found or (role(role_name) if role_name else name.replace("_", " "))


def key(tonic: int, mode_name: str) -> str:
    """Return a key in words: C major, Eb minor; spelt with the fewer signs."""
    names = KEYS_MAJOR if mode_name in BRIGHT else KEYS_MINOR
    return text("bgm.fact.key_is", tonic=names[tonic % 12], mode=mode(mode_name))


def bpm(value: float) -> str:
    """Return a tempo with as many digits as it has, at most two."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def worded(code: str, values: Mapping[str, Any] | None = None) -> str:
    """Return the text of a code, for markdown: an error's or any other."""
    if code in texts(_shared.lang()):
        return _shared.plain_text(text(code, **dict(values or {})))
    return failure(code, values)


def failure(code: str | None, values: Mapping[str, Any] | None) -> str:
    """Return a stored error in words, for markdown; its values may be texts themselves."""
    return _shared.plain_text(describe(_shared.lang(), code or "unexpected", {"kind": "–"} | dict(values or {})))


def told_value(value: Any) -> Any:
    """Return a value of a note for a reader: in their language, ids as names, a text of its own in words."""
    if isinstance(value, str):
        for kind in states.KINDS:
            if value in (names := states.names(kind)):
                return names[value]
        return mode(value) if value in services.BGM_MODES else value
    if isinstance(value, (list, tuple)):
        return ", ".join(str(told_value(each)) for each in value)
    if isinstance(value, Mapping):
        return text(value["key"], **value.get("values", {})) if "key" in value else value[_shared.lang()]
    return value


def length(seconds: float) -> str:
    """Return a length in seconds with two digits."""
    return text("bgm.fact.seconds", seconds=number(seconds, 2))
