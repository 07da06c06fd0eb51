"""What is played: notes of every part on one time line, with the chords and sections they follow.

Time is counted in quarter notes from the start of the piece. `Score.bpm` counts felt beats: quarters in 4/4, 3/4 and
12/4, dotted quarters in 6/8 and 12/8. Pitches are MIDI numbers (60 is middle C), velocities 1 to 127.
"""

from __future__ import annotations

from dataclasses import dataclass

ROLES = ("drums", "percussion", "bass", "chords", "pad", "melody", "counter", "texture")
"""Parts of an arrangement; at most one instrument each."""
SAMPLE_RATE = 48_000


@dataclass(frozen=True, slots=True)
class Meter:
    """A time signature: quarters in a bar, felt beats in a bar, and quarters in a beat."""

    quarters: float
    beats: int
    beat: float


METERS = {"4/4": Meter(4.0, 4, 1.0), "3/4": Meter(3.0, 3, 1.0), "6/8": Meter(3.0, 2, 1.5), "12/8": Meter(6.0, 4, 1.5),
          "12/4": Meter(12.0, 12, 1.0)}
"""12/8 and 12/4 are those of jangdan (gutgeori and jajinmori; jungmori) and of slow blues."""


@dataclass(frozen=True, slots=True)
class Note:
    """One note: start and length in quarters, pitch, velocity."""

    start: float
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Chord:
    """One chord: start and length in quarters, root and bass as pitch classes, intervals above the root, its name."""

    start: float
    length: float
    root: int
    bass: int
    intervals: tuple[int, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Span:
    """A section as it was placed: its id and name, first bar (from 0), bars, and energy from 0 to 1."""

    id: int
    name: str
    first_bar: int
    bars: int
    energy: float


@dataclass(frozen=True, slots=True)
class Track:
    """One part: its role, the instrument's id, the voice that sounds it, and its notes in order.

    ``voice`` is ``gm:PROGRAM`` (a General MIDI program of the soundfont, 0 to 127), ``drums:PROGRAM`` (a drum kit of
    the soundfont) or ``synth:NAME`` (a voice of `music.synths`). Notes of drum voices have General MIDI drum pitches.
    """

    role: str
    instrument: str
    voice: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """A whole piece.

    ``bpm`` is exact (not rounded), ``seconds`` the length to the sample at 48 kHz. A loop ends exactly at its last
    bar; a piece with an ending may have less than a bar left after the last bar, in which the last notes ring out.
    """

    bpm: float
    meter: str
    tonic: int
    mode: str
    seconds: float
    loop: bool
    chords: tuple[Chord, ...]
    sections: tuple[Span, ...]
    tracks: tuple[Track, ...]

    @property
    def quarter_s(self) -> float:
        """Seconds of one quarter note."""
        return 60.0 / self.bpm / METERS[self.meter].beat

    @property
    def bar_s(self) -> float:
        """Seconds of one bar."""
        return self.quarter_s * METERS[self.meter].quarters

    @property
    def bars(self) -> int:
        """Whole bars of all sections."""
        return sum(span.bars for span in self.sections)
