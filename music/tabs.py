"""Drum patterns written as tablature in ``grooves/*.toml``: what is struck on which step of a bar, and how hard.

A lane's text is one bar, or bars parted by ``|``; blanks are for the eye. The number of signs divides the bar: 16 in
4/4 are sixteenths, 12 are triplets. Signs: ``.`` nothing, ``g`` ghost note, ``o`` soft, ``x`` plain, ``X`` accent,
``?`` a ghost note every other time. Times are quarters from the bar's start.

A groove lists its bar for 4/4, 3/4 and 6/8 at least; 12/8 is else two bars of 6/8, 12/4 four of 3/4. A fill replaces
the last felt beats of a section: ``simple`` divides quarters, ``compound`` dotted quarters.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from music.score import METERS

FOLDER = Path(__file__).with_name("grooves")
STRENGTHS = {"g": 0.3, "?": 0.3, "o": 0.5, "x": 0.74, "X": 0.95}
COMPOUND = ("6/8", "12/8")
LANES = {
    "kick": 36, "rim": 37, "snare": 38, "clap": 39, "slap": 39, "floor": 41, "hat": 42, "tom_l": 45, "pedal": 44,
    "open": 46, "tom_m": 47, "crash": 49, "tom_h": 50, "ride": 51, "bell": 53, "tamb": 54, "splash": 55, "cowbell": 56,
    "cymbal": 57, "bongo_h": 60, "bongo_l": 61, "conga_m": 62, "conga_h": 63, "conga_l": 64, "cabasa": 69,
    "maracas": 70, "guiro": 73, "claves": 75, "block_h": 76, "block_l": 77, "tri_mute": 80, "tri_open": 81,
    "shaker": 82, "sleigh": 83, "castanets": 85, "taiko": 86, "taiko_l": 87,
    "kung": 36, "gideok": 37, "deok": 38, "buk": 41, "jing": 49, "kkwaeng": 56,
}
"""Pitches of the lanes: General MIDI drums, and those of the janggu ensemble (`synth:gugak`)."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One stroke: time in quarters, lane, strength from 0 to 1, how likely it is, the step it stands on (quarters)."""

    at: float
    lane: str
    strength: float
    chance: float
    step: float


@dataclass(frozen=True, slots=True)
class Groove:
    """A drum pattern in one meter.

    Attributes
    ----------
    name : str
    bars : tuple of tuple of Hit
        Strokes of each bar of the pattern.
    stretch : bool
        Whether the bars are stages spread over the section (a build), rather than repeated.
    late : mapping of str to float
        Lanes that lie back, and by how many seconds.
    """

    name: str
    bars: tuple[tuple[Hit, ...], ...]
    stretch: bool
    late: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Fill:
    """A fill: its length in quarters, its strokes from its own start, and the lanes of the groove that go on."""

    name: str
    length: float
    hits: tuple[Hit, ...]
    keep: tuple[str, ...]


@cache
def _tables() -> Mapping[str, dict[str, Any]]:
    """Return every groove and fill as it was written, by name."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        if not path.name.startswith("_"):
            found |= tomllib.loads(path.read_text("utf-8"))
    return found


@cache
def genre_grooves() -> Mapping[str, tuple[str, ...]]:
    """Return the grooves, quiet to loud, of genres that keep another beat than their style."""
    return {genre: tuple(names) for genre, names in _read("_genres").items()}


@cache
def percussion() -> Mapping[str, Mapping[str, Any]]:
    """Return how each percussion instrument is struck: lanes that stand for it, or the pitches of a tuned one."""
    return _read("_percussion")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def grooves() -> tuple[str, ...]:
    """Return the names of all grooves."""
    return tuple(name for name, table in _tables().items() if "4/4" in table)


def fills() -> tuple[str, ...]:
    """Return the names of all fills."""
    return tuple(name for name, table in _tables().items() if "simple" in table)


def at_tempo(name: str, bpm: float) -> str:
    """Return the groove that stands for another from a tempo on (trap for boom bap), or the same."""
    other = _tables()[name].get("fast")
    return other["use"] if other and bpm >= other["bpm"] else name


@cache
def groove(name: str, meter: str) -> Groove:
    """Return a groove in a meter.

    Raises
    ------
    KeyError
        No such groove or meter.
    """
    table = _tables()[name]
    return Groove(name, _bars(table, meter), table.get("stretch", False), table.get("late", {}))


@cache
def fill(name: str, meter: str) -> Fill:
    """Return a fill in a meter.

    Raises
    ------
    KeyError
        No such fill.
    """
    table, beat = _tables()[name], METERS[meter].beat
    lanes = table["compound" if meter in COMPOUND else "simple"]
    length = table["beats"] * beat
    hits = [hit for lane, text in lanes.items() for hit in _strokes(lane, text, length)]
    return Fill(name, length, _sorted(hits), tuple(table.get("keep", ())))


def _bars(table: Mapping[str, Any], meter: str) -> tuple[tuple[Hit, ...], ...]:
    """Return the bars of a groove, made of its bars in 6/8 or 3/4 where it has none in 12/8 or 12/4."""
    if meter in table:
        return _written(table[meter], METERS[meter].quarters)
    short, times = {"12/8": ("6/8", 2), "12/4": ("3/4", 4)}[meter]
    bars, length = _written(table[short], METERS[short].quarters), METERS[short].quarters
    whole = max(1, -(-len(bars) // times))
    return tuple(tuple(replace(hit, at=hit.at + part * length) for part in range(times)
                       for hit in bars[(first * times + part) % len(bars)]) for first in range(whole))


def _written(lanes: Mapping[str, str], quarters: float) -> tuple[tuple[Hit, ...], ...]:
    """Return the bars that lanes of one or more bars make together; shorter lanes repeat."""
    split = {lane: text.split("|") for lane, text in lanes.items()}
    count = max(len(bars) for bars in split.values())
    return tuple(_sorted([hit for lane, bars in split.items()
                          for hit in _strokes(lane, bars[bar % len(bars)], quarters)]) for bar in range(count))


def _strokes(lane: str, text: str, quarters: float) -> list[Hit]:
    signs = "".join(text.split())
    step = quarters / len(signs)
    return [Hit(index * step, lane, STRENGTHS[sign], 0.5 if sign == "?" else 1.0, step)
            for index, sign in enumerate(signs) if sign != "."]


def _sorted(hits: list[Hit]) -> tuple[Hit, ...]:
    return tuple(sorted(hits, key=lambda hit: (hit.at, hit.lane)))


def swung(at: float, swing: float, unit: float, meter: str) -> float:
    """Return where a straight place in a bar falls when pairs of a note value swing.

    The second of two notes of ``unit`` quarters moves from a half to two thirds of the pair as ``swing`` goes from 0
    to 1; what lies between follows in proportion. Compound meters are triplets already, so their eighths stay.

    Parameters
    ----------
    at : float
        Quarters from the bar's start.
    swing : float
        0 to 1.
    unit : float
        0.5 for eighths, 0.25 for sixteenths.
    meter : str
        Of `music.score.METERS`.
    """
    if not swing or meter in COMPOUND and unit > 0.25:
        return at
    pair = 2 * unit
    start = at - at % pair
    place, late = at - start, unit * (1 + swing / 3)
    if place <= unit + 1e-9:
        return start + place * late / unit
    return start + late + (place - unit) * (pair - late) / (pair - unit)
