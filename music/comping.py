"""How chords are played: patterns on a grid, in every meter.

A pattern is a text of equal steps a bar. ``.`` lets the last note ring, ``-`` stops it. ``A`` strikes the whole chord,
``a`` softly; ``D``, ``d`` and ``U`` strum it down, softly, and up; digits pick its notes from below, going on an octave
higher; ``R F O T`` are the root, fifth, octave and tenth of a left hand and ``B`` the root with the chord's top note;
``P`` and ``S`` are the fifth and the sixth over the root of a shuffle; ``G`` and ``g`` root and fifth of a drone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from music.score import METERS, Chord, Meter, Note
from music.theory import octave_in

SOFT, STRUM = 0.74, 0.028
"""Touch of soft strokes, and quarters between two strings."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Steps in quadruple, triple and compound bars (a row of bars each), and the share of its length a note sounds."""

    four: tuple[str, ...]
    three: tuple[str, ...]
    six: tuple[str, ...]
    gate: float = 0.95


PATTERNS: dict[str, Pattern] = {
    "block": Pattern(("A.......A.......",), ("A...........",), ("A..A..",)),
    "sustained": Pattern(("A...............",), ("A...........",), ("A.....",), 1.0),
    "pad": Pattern(("A...............",), ("A...........",), ("A.....",), 1.0),
    "pulse8": Pattern(("A.a.A.a.A.a.A.a.",), ("A.a.A.a.A.a.",), ("AaaAaa",), 0.8),
    "pulse16": Pattern(("AaaaAaaaAaaaAaaa",), ("AaaaAaaaAaaa",), ("A.aaaaA.aaaa",), 0.7),
    "offbeat": Pattern(("..A...A...A...A.",), ("..A...A...A.",), ("..A..A",), 0.55),
    "stab": Pattern(("A.....A.....A...", "A.....A...A.A..."), ("A.....A.A...",), ("A.AA..",), 0.5),
    "strum": Pattern(("D...D.U.d.U.D.U.",), ("D...D.U.D.U.",), ("D.UD.U",), 0.9),
    "strum16": Pattern(("D.dUD.dUD.dUD.dU",), ("D.dUD.dUD.dU",), ("D.d.U.D.d.U.",), 0.85),
    "fingerpick": Pattern(("B.1.F.T.R.2.F.T.", "B.2.T.1.R.2.F.T."), ("B.1.T.2.T.1.",), ("B1T2T1",), 1.6),
    "arpeggio_up": Pattern(("0.1.2.3.0.1.2.3.",), ("0.1.2.3.2.1.",), ("012123",), 1.5),
    "arpeggio_wave": Pattern(("0.1.2.3.4.3.2.1.",), ("0.1.2.3.2.1.",), ("012321",), 1.5),
    "alberti": Pattern(("0.2.1.2.0.2.1.2.",), ("0.2.1.2.1.2.",), ("021021",), 1.0),
    "broken10": Pattern(("R.F.O.T.F.O.T.O.",), ("R.F.O.T.O.F.",), ("RFOTOF",), 2.0),
    "swing_comp": Pattern(("A.....A.........", "......A.....a...", "A.....A.....A...", "..A.......A....."),
                          ("A.....A.....", "....A.....a."), ("A..a..", "A....a"), 0.6),
    "charleston": Pattern(("A.....A.........",), ("A.....A.....",), ("A.A...",), 0.6),
    "oompah": Pattern(("R...A...F...A...",), ("R...A...A...",), ("RaaFaa",), 0.6),
    "boom_chick": Pattern(("R...D.U.F...D.U.",), ("R...D...D.U.",), ("R.DF.D",), 0.8),
    "shuffle": Pattern(("P.P.S.S.P.P.S.S.",), ("P.P.S.S.P.P.",), ("PPSPPS",), 0.8),
    "skank": Pattern(("....A.......A...",), ("....A...A...",), ("..A..A",), 0.35),
    "disco_chop": Pattern(("a.Aaa.Aaa.Aaa.Aa",), ("a.Aaa.Aaa.Aa",), (".aA.aA",), 0.45),
    "tremolo": Pattern(("AaaaAaaaAaaaAaaa",), ("AaaaAaaaAaaa",), ("AaaaaaAaaaaa",), 1.0),
    "ostinato": Pattern(("0.2.1.2.3.2.1.2.",), ("0.2.1.2.1.2.",), ("021312",), 0.8),
    "gugak_drone": Pattern(("G.......g.......",), ("G...........",), ("G.....", "g....."), 1.0),
    "gugak_pluck": Pattern(("0...2.1.0...3...",), ("0...1...2.1.", "0...2...3..."), ("0..2.1", "0..3.."), 1.6),
}
HELD = ("sustained", "pad", "block")
"""Patterns that leave the pulse to others."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One stroke: start and length in quarters, what is struck, and its weight from 0 to 1."""

    start: float
    length: float
    pick: str
    weight: float


def weight(position: float, meter: Meter) -> float:
    """Return how heavy a place in the bar is: 1 on the first beat, less on others, least between beats."""
    place = position % meter.quarters
    beat = place / meter.beat
    if abs(beat - round(beat)) > 0.02:
        return 0.66 if abs(place * 2 - round(place * 2)) < 0.02 else 0.58
    number = round(beat)
    group = 3 if meter.beats == 12 else 2 if meter.beats == 4 else meter.beats
    return 1.0 if number == 0 else 0.92 if number % group == 0 else 0.86


def rows(pattern: Pattern, meter: Meter) -> tuple[str, ...]:
    """Return a pattern's bars in a meter; long bars are several short ones."""
    if meter.beat > 1.0:
        return pattern.six if meter.beats == 2 else _paired(pattern.six)
    if meter.beats == 12:
        return ("".join((pattern.three * 4)[:4]),)
    return pattern.four if meter.beats == 4 else pattern.three


def _paired(bars: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(bars[index] + bars[(index + 1) % len(bars)] for index in range(0, max(len(bars), 2), 2))


@lru_cache(maxsize=512)
def bar_hits(text: str, meter: Meter, gate: float) -> tuple[Hit, ...]:
    """Return the strokes of one bar of steps; each lasts to the next stroke or stop, times the gate."""
    step = meter.quarters / len(text)
    marks = [(index, sign) for index, sign in enumerate(text) if sign != "."]
    ends = [index for index, _ in marks[1:]] + [len(text)]
    return tuple(Hit(index * step, (end - index) * step * gate, sign, weight(index * step, meter))
                 for (index, sign), end in zip(marks, ends, strict=True) if sign != "-")


def hits(pattern: Pattern, meter: Meter, bars: int) -> list[Hit]:
    """Return the strokes of a number of bars, in time from the first bar's start."""
    texts = rows(pattern, meter)
    return [replace(hit, start=hit.start + bar * meter.quarters) for bar in range(bars)
            for hit in bar_hits(texts[bar % len(texts)], meter, pattern.gate)]


def over_chords(strokes: Sequence[Hit], chords: Sequence[Chord]) -> list[tuple[Hit, int]]:
    """Cut strokes where the chord changes and strike again there; returns them with the number of their chord."""
    found: list[tuple[Hit, int]] = []
    index = 0
    for hit in strokes:
        while index + 1 < len(chords) and hit.start >= chords[index].start + chords[index].length - 1e-6:
            index += 1
        start, left, at = hit.start, hit.length, index
        while at + 1 < len(chords) and start + left > chords[at + 1].start + 1e-6 and hit.pick.upper() in "AGDURPO":
            cut = chords[at + 1].start - start
            found.append((Hit(start, cut, hit.pick, hit.weight), at))
            start, left, at = start + cut, left - cut, at + 1
            if left < 0.45:
                left = 0.0
        if left > 0:
            end = chords[at].start + chords[at].length - start
            found.append((Hit(start, min(left, max(end, 0.2)), hit.pick, hit.weight), at))
    return found


def play(name: str, chords: Sequence[Chord], voicings: Sequence[tuple[int, ...]], meter_name: str, bars: int,
         low: int, velocity: int) -> list[Note]:
    """Play chords in a pattern.

    Parameters
    ----------
    name : str
        Of `PATTERNS`.
    chords, voicings : sequence
        Chords in time from the section's start, and the pitches of each.
    bars : int
        Bars of the section.
    low : int
        Lowest pitch of the left hand's notes.
    velocity : int
        Touch of a full stroke.

    Raises
    ------
    ValueError
        No such pattern.
    """
    if name not in PATTERNS:
        raise ValueError(f"no comping pattern {name!r}; known are {', '.join(PATTERNS)}")
    meter = METERS[meter_name]
    if name == "pad":
        return _tied(chords, voicings, velocity)
    found: list[Note] = []
    for hit, index in over_chords(hits(PATTERNS[name], meter, bars), chords):
        found += _struck(hit, chords[index], voicings[index], low, velocity)
    return found


def _struck(hit: Hit, chord: Chord, voicing: tuple[int, ...], low: int, velocity: int) -> list[Note]:
    """Return the notes of one stroke."""
    touch = round(velocity * hit.weight * (SOFT if hit.pick in "adgF" else 0.85 if hit.pick == "U" else 1.0))
    pitches = _picked(hit.pick, chord, voicing, low)
    delay = STRUM if hit.pick in "DdU" else 0.0
    if hit.pick == "U":
        pitches = tuple(reversed(pitches))
    return [Note(hit.start + number * delay, max(hit.length - number * delay, 0.05), pitch, touch)
            for number, pitch in enumerate(pitches)]


def _picked(pick: str, chord: Chord, voicing: tuple[int, ...], low: int) -> tuple[int, ...]:
    """Return the pitches a sign of a pattern means."""
    if pick.isdigit():
        octave, place = divmod(int(pick), len(voicing))
        return (voicing[place] + 12 * octave,)
    if pick in "AaDdU":
        return voicing
    root = octave_in(chord.bass if pick in "RB" else chord.root, low, low + 11, low + 5)
    third = next((step for step in chord.intervals if step in (3, 4, 2, 5)), 7)
    fifth = next((step for step in chord.intervals if step in (6, 7, 8)), 7)
    return {"R": (root,), "F": (root + fifth,), "O": (root + 12,), "T": (root + 12 + third,), "B": (root, voicing[-1]),
            "P": (root, root + 7), "S": (root, root + 9), "G": (root, root + 7), "g": (root, root + 7)}[pick]


def _tied(chords: Sequence[Chord], voicings: Sequence[tuple[int, ...]], velocity: int) -> list[Note]:
    """Hold every chord; a note that the next chord has too goes on sounding."""
    found: list[Note] = []
    open_: dict[int, tuple[float, float]] = {}
    for chord, voicing in zip(chords, voicings, strict=True):
        for pitch in [pitch for pitch in open_ if pitch not in voicing]:
            start, end = open_.pop(pitch)
            found.append(Note(start, end - start, pitch, velocity))
        for pitch in voicing:
            start, _ = open_.get(pitch, (chord.start, 0.0))
            open_[pitch] = (start, chord.start + chord.length)
    found += [Note(start, end - start, pitch, velocity) for pitch, (start, end) in open_.items()]
    return sorted(found, key=lambda note: (note.start, note.pitch))
