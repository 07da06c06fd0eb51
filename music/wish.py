"""What somebody asks for: categories or words, and what is to be exact. `validate` is the one door.

Ids of genres, instruments and moods are those of `music.vocabulary`.
"""

from __future__ import annotations

from dataclasses import dataclass

TEMPOS = ("auto", "slow", "medium", "fast")
BPM = (40.0, 220.0)
"""Beats a minute that may be asked for."""
SECONDS = (5.0, 300.0)
"""Lengths that may be asked for."""
METERS_ASKED = ("4/4", "3/4", "6/8")
MODES = ("major", "minor", "dorian", "mixolydian", "lydian", "phrygian", "harmonic_minor", "pyeongjo", "gyemyeonjo")
CURVES = ("auto", "flat", "rising", "falling", "wave", "arch")
LOCKS = ("bpm", "length")
LOUDNESS = (-14.0, -16.0, -23.0)
"""Presets in LUFS: streaming, podcasts, broadcast (EBU R 128)."""
MOST_VARIANTS = 8
MOST_CHOSEN = 8
"""Terms of one category."""


@dataclass(frozen=True, slots=True)
class Feel:
    """How it should feel, each from -1 to 1: valence (sad to happy), arousal (calm to excited), and what follows.

    ``density`` is notes in a beat, ``register`` low to high, ``dynamics`` soft to loud. 0 is a style's own middle.
    """

    valence: float = 0.0
    arousal: float = 0.0
    density: float = 0.0
    register: float = 0.0
    dynamics: float = 0.0


@dataclass(frozen=True, slots=True)
class Wish:
    """A request as a user makes it.

    ``tempo`` is one of `TEMPOS` or beats a minute; ``tonic`` a pitch class (0 is C) or None for free; ``mode`` one of
    `MODES` or None; ``meter`` one of `METERS_ASKED` or None; ``energy`` one of `CURVES` or values from 0 to 1 spread
    over the piece; ``locks`` what a loop keeps exactly (`LOCKS`); ``feel`` what a text's emotion asks for, on top of
    the moods, or None. ``textures`` are background sounds such as rain.
    """

    genres: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    textures: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    seconds: float = 30.0
    tempo: str | float = "auto"
    tonic: int | None = None
    mode: str | None = None
    meter: str | None = None
    energy: str | tuple[float, ...] = "auto"
    loop: bool = False
    locks: str = "bpm"
    loudness: float = -14.0
    variants: int = 4
    seed: int = 1
    feel: Feel | None = None
