"""Bass lines: patterns on a grid as in `music.comping`, with a walking line and approach notes.

Steps: ``R`` root (or the bass a chord asks for), ``F`` fifth, ``O`` octave, ``T`` third, ``S`` sixth, ``t`` the key's
tonic as a pedal, ``w`` a step of a walking line, ``n`` a step that leads into the next chord, ``x`` a short dead root.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from music.comping import Hit, Pattern, hits, over_chords
from music.score import METERS, Chord, Meter, Note
from music.theory import chord_scale, ladder, nearest, octave_in, pitch_classes

PATTERNS: dict[str, Pattern] = {
    "root": Pattern(("R...............",), ("R...........",), ("R.....",), 0.97),
    "arco": Pattern(("R...............",), ("R...........",), ("R.....",), 1.0),
    "reese": Pattern(("R...............",), ("R...........",), ("R.....",), 0.98),
    "pedal": Pattern(("t.......t.......",), ("t...........",), ("t..t..",), 0.97),
    "root_fifth": Pattern(("R.......F.......",), ("R.......F...",), ("R..F..",), 0.92),
    "eighths": Pattern(("R.R.R.R.R.R.R.R.",), ("R.R.R.R.R.R.",), ("R.RR.R",), 0.88),
    "pulse": Pattern(("R...R...R...R...",), ("R...R...R...",), ("R..R..",), 0.85),
    "octaves": Pattern(("R...O...R...O...",), ("R...O...O...",), ("R.OR.O",), 0.8),
    "disco": Pattern(("R.O.R.O.R.O.R.O.",), ("R.O.R.O.R.O.",), ("R.OR.O",), 0.7),
    "walking": Pattern(("w...w...w...w...",), ("w...w...w...",), ("w..w.w",), 0.9),
    "two_feel": Pattern(("R.......F.....n.", "R.......F......."), ("R.......F...", "R.......n..."), ("R..F..",), 0.9),
    "shuffle": Pattern(("R.R.T.T.F.F.S.S.",), ("R.R.T.T.F.F.",), ("R.RF.F",), 0.8),
    "syncopated": Pattern(("R.....R.R...F.n.", "R.....R.R.....F."), ("R.....R.F.n.",), ("R..F.n",), 0.85),
    "sub808": Pattern(("R.........R.R...", "R.....R.....R..."), ("R.......R...",), ("R....R",), 0.95),
    "offbeat_edm": Pattern(("..R...R...R...R.",), ("..R...R...R.",), ("..R..R",), 0.7),
    "boom": Pattern(("R.......F.......",), ("R...........",), ("R..F..",), 0.55),
    "gugak_drone": Pattern(("t...............",), ("t...........",), ("t.....", "t....."), 1.0),
}
STILL = ("root", "arco", "reese", "pedal", "gugak_drone", "sub808", "boom")
"""Lines that run into no fill."""


def play(name: str, chords: Sequence[Chord], meter_name: str, bars: int, key: tuple[int, str], span: tuple[int, int],
         velocity: int, rng: np.random.Generator, fill: bool = False) -> list[Note]:
    """Play a bass line.

    Parameters
    ----------
    name : str
        Of `PATTERNS`.
    chords : sequence of Chord
        In time from the section's start.
    key : tuple
        Tonic and mode.
    span : tuple of int
        Lowest and highest pitch.
    velocity : int
        Touch on the first beat.
    rng : numpy.random.Generator
        Chooses between walks, octaves and fills.
    fill : bool
        Whether the last beats run home to the tonic.

    Raises
    ------
    ValueError
        No such pattern.
    """
    if name not in PATTERNS:
        raise ValueError(f"no bass pattern {name!r}; known are {', '.join(PATTERNS)}")
    meter = METERS[meter_name]
    line = Line(chords, key, span, rng)
    strokes = hits(PATTERNS[name], meter, bars)
    if fill and name not in STILL:
        strokes = _with_fill(strokes, meter, bars)
    return [line.note(hit, index, velocity) for hit, index in over_chords(strokes, chords)]


def _with_fill(strokes: Sequence[Hit], meter: Meter, bars: int) -> list[Hit]:
    """Put a run of eighths into the last beats of the last bar."""
    end = bars * meter.quarters
    start = end - (1.5 if meter.beat > 1 else 1.0)
    run = [Hit(start + step * 0.5, 0.42, "n", 0.8) for step in range(round((end - start) * 2))]
    return [hit for hit in strokes if hit.start < start - 1e-6] + run


class Line:
    """A bass line on its way: where it stands, and where it may go."""

    def __init__(self, chords: Sequence[Chord], key: tuple[int, str], span: tuple[int, int],
                 rng: np.random.Generator) -> None:
        self.chords, self.key, self.rng = chords, key, rng
        self.low, self.high = span[0], max(span[1], span[0] + 12)
        self.home = octave_in(key[0], self.low, self.low + 11, self.low + 6)
        self.last, self.at = float(self.home), -1

    def root(self, index: int) -> int:
        """Return the root of a chord near the line and not far from its middle."""
        return octave_in(self.chords[index].bass, self.low, min(self.low + 14, self.high),
                         0.45 * self.last + 0.55 * (self.low + 6))

    def note(self, hit: Hit, index: int, velocity: int) -> Note:
        """Return the note of one stroke."""
        pitch = self._pitch(hit, index)
        self.last, self.at = pitch, index
        return Note(hit.start, hit.length, pitch, round(velocity * (0.35 + 0.65 * hit.weight)
                                                        * (0.9 if hit.pick == "F" else 1.0)))

    def _pitch(self, hit: Hit, index: int) -> int:
        if hit.pick == "t":
            return self.home
        if hit.pick in "wn":
            return self._walk(hit, index)
        chord, root = self.chords[index], self.root(index)
        fifth = next((step for step in chord.intervals if step in (6, 7, 8)), 7)
        third = next((step for step in chord.intervals if step in (3, 4)), 7)
        up = {"R": 0, "x": 0, "F": fifth, "O": 12, "T": third, "S": 9 if third == 4 else 10}[hit.pick]
        if hit.pick == "F" and third == 3 and chord.root == self.key[0]:
            return root + third  # the third says minor, where the overtones of root and fifth say major
        if hit.pick == "F" and root + fifth > self.low + 17 and root + fifth - 12 >= self.low:
            up -= 12
        return root + up if root + up <= self.high else root + up - 12

    def _walk(self, hit: Hit, index: int) -> int:
        """Return the root where a chord begins, a step to the next root before it changes, else a step on."""
        chord = self.chords[index]
        if self.at != index and hit.pick == "w":
            return self.root(index)
        target = self._next_root(index)
        left = chord.start + chord.length - hit.start
        steps = ladder(chord_scale(*self.key, pitch_classes(chord.root, chord.intervals)), self.low, self.high)
        if left <= 1.51 and hit.length + 0.3 >= left or hit.pick == "n" and left <= 0.51:
            options = [pitch for pitch in (target - 1, target + 1, target - 2, target + 2, target + 7, target - 5)
                       if self.low <= pitch <= self.high and pitch != self.last]
            scale = [pitch for pitch in options if pitch in steps]
            return nearest(scale or options or [target], self.last + self.rng.uniform(-1, 1))
        tones = [pitch for pitch in steps if (pitch - chord.root) % 12 in {step % 12 for step in chord.intervals}]
        pool = tones if self.rng.random() < 0.75 else list(steps)
        aim = self.last + (2.5 if target > self.last else -2.5) * (1 if self.rng.random() < 0.75 else -1)
        return nearest([pitch for pitch in pool if pitch != self.last], aim)

    def _next_root(self, index: int) -> int:
        """Return the next chord's root near the line; after the section's last chord, the tonic."""
        if index + 1 < len(self.chords):
            return octave_in(self.chords[index + 1].bass, self.low, self.low + 14, self.last)
        return self.home
