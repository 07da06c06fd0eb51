"""Scales, roman numerals and chord scales: pitch classes count from 0 (C), pitches are MIDI numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10), "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10), "lydian": (0, 2, 4, 6, 7, 9, 11), "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "harmonic_minor": (0, 2, 3, 5, 7, 8, 11), "pyeongjo": (0, 2, 5, 7, 9), "gyemyeonjo": (0, 3, 5, 7, 10),
    "pentatonic_major": (0, 2, 4, 7, 9), "pentatonic_minor": (0, 3, 5, 7, 10), "blues": (0, 3, 5, 6, 7, 10),
}
"""Semitones above the tonic. Pyeongjo is the sol mode, gyemyeonjo the la mode of Korean music."""
GUGAK = ("pyeongjo", "gyemyeonjo")
MINOR_LIKE = ("minor", "dorian", "phrygian", "harmonic_minor", "gyemyeonjo", "pentatonic_minor")
SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
FLAT_MAJORS, FLAT_MINORS = (0, 1, 3, 5, 6, 8, 10), (0, 2, 3, 5, 7, 10)
DEGREES = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}
SHAPES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7), "m": (0, 3, 7), "5": (0, 7), "dim": (0, 3, 6), "aug": (0, 4, 8), "sus2": (0, 2, 7),
    "sus4": (0, 5, 7), "6": (0, 4, 7, 9), "m6": (0, 3, 7, 9), "69": (0, 4, 7, 9, 14), "m69": (0, 3, 7, 9, 14),
    "add9": (0, 4, 7, 14), "madd9": (0, 3, 7, 14), "7": (0, 4, 7, 10), "m7": (0, 3, 7, 10), "maj7": (0, 4, 7, 11),
    "mmaj7": (0, 3, 7, 11), "dim7": (0, 3, 6, 9), "m7b5": (0, 3, 6, 10), "9": (0, 4, 7, 10, 14),
    "m9": (0, 3, 7, 10, 14), "maj9": (0, 4, 7, 11, 14), "11": (0, 5, 7, 10, 14), "m11": (0, 3, 7, 10, 17),
    "13": (0, 4, 10, 14, 21), "m13": (0, 3, 10, 14, 21), "maj13": (0, 4, 11, 14, 21), "7sus4": (0, 5, 7, 10),
    "9sus4": (0, 5, 7, 10, 14), "7b9": (0, 4, 7, 10, 13), "7#9": (0, 4, 7, 10, 15), "7b5": (0, 4, 6, 10),
    "7#5": (0, 4, 8, 10), "7alt": (0, 4, 8, 10, 15), "maj7#11": (0, 4, 7, 11, 18),
}
"""Intervals above the root by chord suffix."""
SAME = {"o": "dim", "°": "dim", "o7": "dim7", "°7": "dim7", "ø": "m7b5", "ø7": "m7b5", "+": "aug", "sus": "sus4",
        "M7": "maj7", "Δ": "maj7", "M9": "maj9", "6/9": "69", "-": "m", "min": "m", "min7": "m7", "alt": "7alt",
        "maj": "", "7sus": "7sus4"}
NUMERAL = re.compile(r"^([b#]*)(vii|vi|iv|v|iii|ii|i|VII|VI|IV|V|III|II|I)(.*)$")


def note_name(pitch_class: int, tonic: int = 0, mode: str = "major") -> str:
    """Return a pitch class's name, spelt with flats in flat keys."""
    flats = tonic % 12 in (FLAT_MINORS if mode in MINOR_LIKE else FLAT_MAJORS)
    return (FLATS if flats else SHARPS)[pitch_class % 12]


def _shape(suffix: str, minor: bool, numeral: str) -> str:
    """Return the suffix of `SHAPES` that a numeral's suffix means under an upper or lower case numeral."""
    name = SAME.get(suffix, suffix)
    if minor and f"m{name}" in SHAPES and not name.startswith("m") or minor and name in ("maj7",):
        name = f"m{name}"
    if name not in SHAPES:
        raise ValueError(f"{numeral!r} ends in no known chord; known are {', '.join(SHAPES)}")
    return name


def _degree(accidentals: str, numeral: str, mode: str) -> int:
    """Return a numeral's semitones above the tonic.

    Degrees are those of the major scale; III, VI and VII of minor modes without an accidental are the mode's own.
    """
    base = DEGREES[numeral.lower()]
    if mode in MINOR_LIKE and not accidentals and numeral in ("III", "VI", "VII"):
        base -= 0 if numeral == "VI" and mode == "dorian" else 1
    return base + accidentals.count("#") - accidentals.count("b")


@lru_cache(maxsize=4096)
def roman(numeral: str, tonic: int, mode: str) -> tuple[int, int, tuple[int, ...], str]:
    """Return the root, the bass (pitch classes), the intervals and the name of a roman numeral in a key.

    ``bVII``, ``ii7``, ``Vsus4``, ``viiø7`` and so on; ``V7/V`` is the dominant of another degree, ``I/3`` and ``I/5``
    put the chord's third or fifth in the bass.

    Raises
    ------
    ValueError
        No such numeral or suffix.
    """
    head, _, over = numeral.partition("/") if "6/9" not in numeral else (numeral, "", "")
    found = NUMERAL.match(head)
    if found is None:
        raise ValueError(f"{numeral!r} is no roman numeral; write such as I, ii7, bVII, V7/V or I/3")
    of = NUMERAL.match(over)
    base = _degree(of[1], of[2], mode) if of else 0
    shape = _shape(found[3], found[2].islower(), numeral)
    root = (tonic + base + _degree(found[1], found[2], "major" if of else mode)) % 12
    intervals = SHAPES[shape]
    bass = root
    if over and not of:
        if over not in ("1", "3", "5", "7"):
            raise ValueError(f"{numeral!r} has no such bass; write I/3, I/5, I7/7 or V7/V")
        bass = (root + intervals[min(int(over) // 2, len(intervals) - 1)]) % 12
    name = note_name(root, tonic, mode) + shape
    return root, bass, intervals, name if bass == root else f"{name}/{note_name(bass, tonic, mode)}"


def pitch_classes(root: int, intervals: Iterable[int]) -> frozenset[int]:
    """Return the pitch classes of a chord."""
    return frozenset((root + step) % 12 for step in intervals)


@lru_cache(maxsize=4096)
def chord_scale(tonic: int, mode: str, tones: frozenset[int]) -> tuple[int, ...]:
    """Return the pitch classes to move in over a chord, from 0 up: the mode's, bent to the chord's altered tones.

    A chord tone outside the mode takes the place of its neighbours a semitone away that are no chord tones: the
    leading note over a minor key's dominant, the seventh of a blues tonic.
    """
    own = {(tonic + step) % 12 for step in SCALES[mode]}
    for tone in sorted(tones - own):
        own -= {(tone + 1) % 12, (tone - 1) % 12} - tones
        own.add(tone)
    return tuple(sorted(own))


@lru_cache(maxsize=4096)
def ladder(classes: tuple[int, ...], low: int, high: int) -> tuple[int, ...]:
    """Return all pitches of the given classes from ``low`` to ``high``, in order."""
    return tuple(pitch for pitch in range(low, high + 1) if pitch % 12 in classes)


def nearest(pitches: Iterable[int], target: float) -> int:
    """Return the pitch nearest to a target; of two, the lower."""
    return min(pitches, key=lambda pitch: (abs(pitch - target), pitch))


def octave_in(pitch_class: int, low: int, high: int, near: float) -> int:
    """Return the pitch of a class in a range nearest to a place; the nearest one at all where none is inside."""
    inside = [pitch for pitch in range(low, high + 1) if pitch % 12 == pitch_class % 12]
    return nearest(inside, near) if inside else nearest(range(pitch_class % 12, 128, 12), (low + high) / 2)
