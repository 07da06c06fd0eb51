"""The fifteen styles: what each plays, on what and in which form, as ``styles/*.toml`` lists it.

Energy runs from 0 to 1; lists of pattern names go from quiet to loud and `at` picks one. Tempi are felt beats a minute
(dotted quarters in 6/8 and 12/8). A progression is chords split by spaces, one a bar; ``I,V`` share a bar. Chords are
roman numerals as `music.theory.roman` reads them, with flats counted from the major scale in every mode (``bVI``).
Sources: general practice of the styles as textbooks describe it; values by ear and by eye.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from support.errors import DataError

FOLDER = Path(__file__).with_name("styles")
STYLES = ("acoustic", "blues", "dance", "disco", "edm", "folk", "hip_hop", "jazz", "gugak", "lofi", "children",
          "new_age", "orchestral", "pop", "rock")
"""Ids of the styles, which are the popular genres."""
BRIGHT = ("major", "mixolydian", "lydian", "pyeongjo")
"""Modes whose progressions may stand in for each other where a style lists none of its own; the rest are dark."""


@dataclass(frozen=True, slots=True)
class MelodyStyle:
    """How a style's melody moves.

    Attributes
    ----------
    density, leap, rest, ornament, syncopation : float
        Notes in a beat (0 few, 1 two and more), steps or jumps, silence between phrases, grace notes, notes off the
        beat; each from 0 to 1.
    register : int
        Centre of its range, MIDI pitch.
    motif_bars : int
        Bars of the idea that is repeated.
    """

    density: float
    leap: float
    rest: float
    register: int
    ornament: float
    syncopation: float
    motif_bars: int


@dataclass(frozen=True, slots=True)
class FormPart:
    """One part of a style's form: name, length relative to the others, energy from 0 to 1."""

    name: str
    weight: float
    energy: float


@dataclass(frozen=True, slots=True)
class Humanise:
    """Spread of a player's timing (standard deviation, seconds) and touch (as a share of the velocity)."""

    timing: float
    velocity: float


@dataclass(frozen=True, slots=True)
class Style:
    """A style of music.

    Attributes
    ----------
    meters : tuple of str
        Of `music.score.METERS`, the usual one first. Every style plays in 4/4, 3/4 and 6/8 if asked.
    swing, swing_unit : float
        0 straight to 1 triplets, and the note that swings, in quarters (0.5 eighths, 0.25 sixteenths).
    modes : mapping of str to float
        How likely a mode is.
    progressions : mapping of str to tuple of str
        By mode; `progressions_of` finds one for any mode.
    extensions : float
        0 for triads, 1 for ninths.
    comping, bass, pad, drums, fills : tuple of str
        Names of patterns from quiet to loud; no drums where empty.
    moments : mapping of str to str
        Grooves that sections of a name play whatever their energy, such as a build.
    crash : str
        What is struck where a lively section begins, a lane of `music.tabs`, or "".
    melody : MelodyStyle
    kit, bass_voice : str
        Voices as `music.score.Track` names them.
    palette : mapping of str to tuple of str
        Instruments of a role, the usual one first.
    layers : mapping of str to float
        Energy from which a role plays.
    form : tuple of FormPart
    sidechain, reverb, width : float
        Ducking by the kick, room and stereo width, 0 to 1.
    humanise : Humanise
    tonal : bool
        Whether it stands in a major or minor key that a key profile can tell.
    level : mapping of str to float
        Loudness of a role in dB against the drums.
    """

    id: str
    meters: tuple[str, ...]
    swing: float
    swing_unit: float
    modes: Mapping[str, float]
    progressions: Mapping[str, tuple[str, ...]]
    extensions: float
    comping: tuple[str, ...]
    bass: tuple[str, ...]
    pad: tuple[str, ...]
    drums: tuple[str, ...]
    fills: tuple[str, ...]
    moments: Mapping[str, str]
    crash: str
    melody: MelodyStyle
    kit: str
    bass_voice: str
    palette: Mapping[str, tuple[str, ...]]
    layers: Mapping[str, float]
    form: tuple[FormPart, ...]
    sidechain: float
    reverb: float
    width: float
    humanise: Humanise
    tonal: bool
    level: Mapping[str, float]

    def progressions_of(self, mode: str) -> tuple[str, ...]:
        """Return progressions for a mode: the style's own, else those every style may play."""
        return self.progressions.get(mode) or _modal()[mode]


def at(names: Sequence[str], energy: float) -> str:
    """Return the name for an energy from 0 (first) to 1 (last), or "" where there is none."""
    return names[min(max(int(energy * len(names)), 0), len(names) - 1)] if names else ""


@cache
def styles() -> Mapping[str, Style]:
    """Return every style by its id, in the order of `STYLES`."""
    return {name: _style(name, _read(name)) for name in STYLES}


def style(name: str) -> Style:
    """Return a style.

    Raises
    ------
    DataError
        ``bgm_styles.unknown``: no such style.
    """
    if name not in STYLES:
        raise DataError("bgm_styles.unknown", style=name, accepted=", ".join(STYLES))
    return styles()[name]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


@cache
def _modal() -> Mapping[str, tuple[str, ...]]:
    return {mode: tuple(rows) for mode, rows in _read("_modal")["progressions"].items()}


def _style(name: str, data: dict[str, Any]) -> Style:
    read: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    for key in ("progressions", "palette"):
        read[key] = {inner: tuple(rows) for inner, rows in data[key].items()}
    return Style(**{**read, "id": name, "melody": MelodyStyle(**data["melody"]),
                    "humanise": Humanise(**data["humanise"]), "form": tuple(FormPart(*row) for row in data["form"])})
