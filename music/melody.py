"""Melodies: a motif, its repetitions and variations in phrases of four units, ends on chord tones, room to breathe.

A unit is a motif long. Four units are a phrase (``aaba``, ``abac``, ...); its second unit pauses, its last one closes
on a long chord tone and a rest. Heights follow an arch over the phrase; each note is bent to the chord below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from music.comping import weight
from music.score import Chord, Meter, Note
from music.theory import GUGAK, SCALES, chord_scale, ladder, nearest, pitch_classes

FORMS = ("aaba", "abac", "aabc", "abab")
ARCHES = ((0, 1, 3, 0), (0, 2, 1, -1), (1, 0, 3, 0), (0, 1, 2, 1))
"""Steps of the scale each unit of a phrase lies above the first."""
LIFTS = {"a": 0, "b": 3, "c": -2}
"""Semitones the material of a kind of section lies above the middle of the part."""
REACH = 10
"""Semitones a melody strays from its middle."""
PULL = {0: 1.3, 3: 1.6, 4: 1.6, 7: 0.3}
"""Semitones by which the tonic, its third and fifth seem nearer than they are, so that the key stays plain."""
FIVE = {"major": "pentatonic_major", "mixolydian": "pentatonic_major", "lydian": "pentatonic_major",
        "minor": "pentatonic_minor", "dorian": "pentatonic_minor", "harmonic_minor": "pentatonic_minor",
        "phrygian": "minor"}
FEW = 4
"""A motif of so many notes is a slow one."""
AGAIN = 1.3
"""Semitones of distance that a heavy note pays for being the one before it."""
Cells = tuple[tuple[float, tuple[tuple[float, float], ...], float], ...]


@dataclass(frozen=True, slots=True)
class Manner:
    """How to sing: shares from 0 to 1 as in `music.style.MelodyStyle`, the middle pitch, and the range.

    ``five`` keeps to the five-note scale where no chord asks for more; ``blue`` uses the blues scale; ``snap`` is the
    share of heavy notes that take a chord tone.
    """

    density: float
    leap: float
    rest: float
    ornament: float
    syncopation: float
    centre: float
    low: int
    high: int
    five: bool = False
    blue: bool = False
    snap: float = 1.0


@dataclass(frozen=True, slots=True)
class Motif:
    """A short idea: notes as start and length in quarters, and their steps of the scale from the first."""

    notes: tuple[tuple[float, float], ...]
    steps: tuple[int, ...]


def cells(meter: Meter, manner: Manner) -> Cells:
    """Return rhythms to build motifs of: length in quarters, notes, and how likely each is."""
    d, sync, rest = manner.density, manner.syncopation, manner.rest
    if meter.beat > 1:
        return ((1.5, ((0, 1.5),), 1.2 * (1 - d) + 0.2), (1.5, ((0, 1), (1, 0.5)), 1.2),
                (1.5, ((0, 0.5), (0.5, 0.5), (1, 0.5)), 1.8 * d), (1.5, ((0, 0.5), (0.5, 1)), 0.7 * sync),
                (1.5, ((0, 0.75), (0.75, 0.25), (1, 0.5)), 0.6 * d), (3.0, ((0, 2.5), (2.5, 0.5)), 1.0 - d),
                (3.0, ((0, 3),), 0.8 * (1 - d)), (1.5, ((0.5, 0.5), (1, 0.5)), 0.4 * rest))
    return ((1.0, ((0, 1),), 0.9), (1.0, ((0, 0.5), (0.5, 0.5)), 2.0 * d), (2.0, ((0, 2),), 1.5 * (1 - d) ** 1.5),
            (3.0, ((0, 3),), 0.5 * (1 - d) ** 2), (2.0, ((0, 1.5), (1.5, 0.5)), 0.9),
            (2.0, ((0, 0.5), (0.5, 1), (1.5, 0.5)), 1.4 * sync), (1.0, ((0, 0.75), (0.75, 0.25)), 0.4 * d * sync),
            (1.0, ((0, 0.5), (0.5, 0.25), (0.75, 0.25)), 0.9 * max(d - 0.5, 0)),
            (1.0, ((0.5, 0.5),), 0.7 * sync + 0.2 * rest), (1.0, (), 0.35 * rest))


def motif(meter: Meter, quarters: float, manner: Manner, rng: np.random.Generator) -> Motif:
    """Make up a motif of a length: a rhythm of cells on the beats, and a contour of steps."""
    pool = cells(meter, manner)
    notes: list[tuple[float, float]] = []
    at = 0.0
    while at < quarters - 1e-6:
        fitting = [cell for cell in pool if cell[0] <= quarters - at + 1e-6]
        weights = np.array([cell[2] + 1e-6 for cell in fitting])
        length, inner, _ = fitting[int(rng.choice(len(fitting), p=weights / weights.sum()))]
        notes += [(at + start, held) for start, held in inner]
        at += length
    if len(notes) < 2:
        notes = [(0.0, meter.beat), (meter.beat, quarters - meter.beat)]
    return Motif(tuple(notes), contour(len(notes), manner.leap, rng))


def contour(count: int, leap: float, rng: np.random.Generator) -> tuple[int, ...]:
    """Return steps of the scale from the first note: mostly steps, a leap is followed by steps back.

    Few notes are long ones that take chord tones: they move in thirds, or they would stand still.
    """
    steps, lean = [0], float(rng.choice((-0.25, 0.0, 0.3)))
    move = 0
    for _ in range(count - 1):
        if abs(move) > 1:
            move = -int(np.sign(move))
        elif rng.random() < leap * 0.55:
            move = int(rng.choice((2, 3, 4), p=(0.6, 0.25, 0.15))) * (1 if rng.random() < 0.5 + lean else -1)
        else:
            move = int(rng.choice((-1, 0, 1), p=(0.42 - lean / 3, 0.16, 0.42 + lean / 3)))
        if not -4 <= steps[-1] + move <= 5:
            move = -move
        steps.append(steps[-1] + move)
    return tuple(2 * step for step in steps) if count <= FEW else tuple(steps)


def answered(first: Motif, rng: np.random.Generator) -> Motif:
    """Return an answer to a motif: its rhythm with the contour upside down, or with its end led elsewhere."""
    if rng.random() < 0.5:
        return Motif(first.notes, tuple(-step for step in first.steps))
    half = len(first.steps) // 2
    turn = int(rng.choice((-2, -1, 1, 2)))
    return Motif(first.notes, tuple(step + turn * (index >= half) for index, step in enumerate(first.steps)))


class Singer:
    """Sings one section: knows its chords, key and manner, and where the line stands."""

    def __init__(self, chords: Sequence[Chord], meter: Meter, key: tuple[int, str], manner: Manner) -> None:
        self.chords, self.meter, self.key, self.manner = chords, meter, key, manner
        tonic, mode = key
        name = "blues" if manner.blue and mode in ("minor", "dorian") else FIVE.get(mode, mode) if manner.five else mode
        classes = tuple(sorted((tonic + step) % 12 for step in SCALES[name]))
        self.scale = ladder(classes, 0, 127)
        self.line = manner.centre

    def chord(self, start: float) -> Chord:
        """Return the chord at a time."""
        return next((one for one in reversed(self.chords) if one.start <= start + 1e-6), self.chords[0])

    def tones(self, start: float) -> tuple[int, ...]:
        """Return the pitches of the chord at a time within reach: its first four tones, of the tonic's chord three."""
        chord = self.chord(start)
        classes = pitch_classes(chord.root, chord.intervals[:3 if chord.root == self.key[0] else 4])
        if len(classes) == 2 and self.key[1] not in GUGAK:  # a power chord leaves the third to the melody
            own = {(self.key[0] + step) % 12 for step in SCALES[self.key[1]]}
            classes |= {(chord.root + step) % 12 for step in (3, 4)} & own
        return self._reach(tuple(sorted(classes)))

    def pull(self, pitch: int) -> float:
        """Return how much nearer a pitch seems for being at home in the key."""
        step = (pitch - self.key[0]) % 12
        return PULL.get(step, 0.0) if step in SCALES[self.key[1]] else 0.0

    def _reach(self, classes: tuple[int, ...]) -> tuple[int, ...]:
        low = max(self.manner.low, round(self.manner.centre) - REACH)
        high = min(self.manner.high, round(self.manner.centre) + REACH + 1)
        return ladder(classes, low, high) or ladder(classes, round(self.manner.centre) - 6,
                                                    round(self.manner.centre) + 6)

    def open(self, start: float, height: float) -> int:
        """Return where a unit begins: a chord tone near a height and not far from the line."""
        tones = self.tones(start)
        return min(tones, key=lambda pitch: (abs(pitch - height) + 0.45 * abs(pitch - self.line)
                                             - self.pull(pitch), pitch))

    def sing(self, start: float, length: float, wanted: int, heavy: bool, rng: np.random.Generator) -> int:
        """Return the pitch of a note that would like to be at ``wanted``."""
        chord = self.chord(start)
        classes = chord_scale(*self.key, pitch_classes(chord.root, chord.intervals))
        if heavy and rng.random() < self.manner.snap:
            return min(self.tones(start), key=lambda pitch: (abs(pitch - wanted) + 0.1 * abs(pitch - self.line)
                                                             + AGAIN * (pitch == self.line)
                                                             - self.pull(pitch), pitch))
        reach = self._reach(classes)
        inside = [pitch for pitch in reach if pitch in self.scale or pitch in self.tones(start)]
        return nearest(inside or reach, wanted)

    def shifted(self, pitch: int, steps: int) -> int:
        """Return the pitch some steps of the scale away."""
        place = min(range(len(self.scale)), key=lambda index: abs(self.scale[index] - pitch))
        return self.scale[min(max(place + steps, 0), len(self.scale) - 1)]

    def home(self, start: float, final: bool) -> int:
        """Return the note a phrase closes on: a plain chord tone near by, one at home rather; at the end the tonic."""
        chord = self.chord(start)
        plain = [self.key[0]] if final else [(chord.root + step) % 12 for step in chord.intervals[:3]]
        aim = 0.7 * self.line + 0.3 * self.manner.centre
        options = self._reach(tuple(sorted(plain)))
        return min(options, key=lambda pitch: (abs(pitch - aim) - 2 * self.pull(pitch), pitch))

    def unit(self, idea: Motif, start: float, end: float, height: float, rng: np.random.Generator,
             close: str = "") -> list[Note]:
        """Sing a motif from a time on, at a height.

        Parameters
        ----------
        close : str
            "" goes on, ``pause`` shortens the last note, ``phrase`` ends on a chord tone, ``final`` on the tonic.
        """
        closing = self.closing(start, end, close == "final") if close in ("phrase", "final") else end
        found: list[Note] = []
        first = self.open(start + idea.notes[0][0], height)
        for (at, length), step in zip(idea.notes, idea.steps, strict=True):
            if start + at >= closing - 0.2:
                break
            heavy = length >= self.meter.beat or weight(start + at, self.meter) > 0.9
            pitch = self.sing(start + at, length, self.shifted(first, step), heavy, rng)
            found.append(Note(start + at, min(length, closing - start - at), pitch, 100))
            self.line = pitch
        if close in ("phrase", "final"):
            pitch = self.home(closing, close == "final")
            held = end - closing if close == "final" else max(min((end - closing) * 0.75, end - closing - 0.5), 0.5)
            found.append(Note(closing, held, pitch, 100))
            self.line = pitch
        elif close == "pause" and found:
            last = found[-1]
            found[-1] = Note(last.start, max(min(last.length, end - last.start - 0.5 * self.meter.beat), 0.25),
                             last.pitch, last.velocity)
        return found

    def closing(self, start: float, end: float, final: bool) -> float:
        """Return where the last note of a phrase begins: with the last bar, or in the middle of a single one."""
        bar = self.meter.quarters
        if final or end - start > bar + 1e-6:
            return end - bar
        beats = self.meter.beats
        return end - (beats - beats // 2) * self.meter.beat if beats > 1 else start


def section(singer: Singer, bars: int, motif_bars: int, material: np.random.Generator, touch: np.random.Generator,
            final: bool) -> list[Note]:
    """Sing a section.

    Parameters
    ----------
    material : numpy.random.Generator
        Makes the motifs and the form: the same for sections of a kind.
    touch : numpy.random.Generator
        Makes the small variations of this one.
    final : bool
        Whether its last note is the tonic that ends the piece.

    Returns
    -------
    list of Note
        In time from the section's start; velocity 100 is the part's own.
    """
    meter, manner = singer.meter, singer.manner
    long = motif_bars * meter.quarters
    first = motif(meter, long, manner, material)
    ideas = {"a": first, "b": answered(first, material), "c": motif(meter, long, manner, material)}
    form, arch = str(material.choice(FORMS)), ARCHES[int(material.integers(len(ARCHES)))]
    silent = int(material.choice((1, 2))) if material.random() < 0.4 * manner.rest else -1
    units = -(-bars // motif_bars)
    found: list[Note] = []
    for number in range(units):
        start, end = number * long, min((number + 1) * long, bars * meter.quarters)
        place = number % 4
        if place == silent and number + 1 < units:
            continue
        close = "final" if final and number == units - 1 else "phrase" if place == 3 or number == units - 1 else (
            "pause" if place == 1 else "")
        height = manner.centre + 1.7 * arch[place]
        sung = singer.unit(ideas[form[place]], start, end, height, material, close)
        found += varied(sung, singer, touch) if number >= 4 and place in (0, 2) else sung
    return found


def varied(notes: Sequence[Note], singer: Singer, rng: np.random.Generator) -> list[Note]:
    """Return a repetition with one long note divided: out to the neighbouring step and on."""
    long = [index for index, note in enumerate(notes[:-1]) if note.length >= 1.0]
    if not long or rng.random() < 0.4:
        return list(notes)
    index = int(rng.choice(long))
    note = notes[index]
    half = note.length - 0.5
    side = singer.shifted(note.pitch, 1 if rng.random() < 0.6 else -1)
    return [*notes[:index], Note(note.start, half, note.pitch, 100),
            Note(note.start + half, 0.5, side, 92), *notes[index + 1:]]


def pickup(notes: list[Note], singer: Singer, end: float, rng: np.random.Generator) -> list[Note]:
    """Add a run of two or three eighths before the next section where the melody has left room."""
    count = int(rng.choice((2, 3)))
    start = end - count * 0.5
    if not notes or notes[-1].start + 0.5 > start or rng.random() < 0.45:
        return notes
    last = notes[-1]
    kept = [*notes[:-1], Note(last.start, min(last.length, start - last.start), last.pitch, last.velocity)]
    way = -1 if last.pitch > singer.manner.centre else 1
    run = []
    for step in range(count):
        pitch = singer.sing(start, 0.5, singer.shifted(last.pitch, way * (step - count)), False, rng)
        run.append(Note(start + step * 0.5, 0.47, pitch, 88))
    return kept + run


def ornamented(notes: Sequence[Note], singer: Singer, share: float, rng: np.random.Generator) -> list[Note]:
    """Add grace notes from a step away to some longer notes; Korean modes have ornaments of their own."""
    found: list[Note] = []
    for note in notes:
        if note.length < 0.7 or rng.random() >= share:
            found.append(note)
        elif singer.key[1] in GUGAK:
            found += sigimsae(note, singer, rng)
        else:
            side = note.pitch - 1 if singer.manner.blue else singer.shifted(note.pitch, 1 if rng.random() < 0.5 else -1)
            found += [Note(note.start, 0.12, side, 84), Note(note.start + 0.12, note.length - 0.12, note.pitch, 100)]
    return found


def sigimsae(note: Note, singer: Singer, rng: np.random.Generator) -> list[Note]:
    """Return a note with one of the ornaments of Korean singing, in short notes.

    Yoseong, a slow shake, falls below the note and back; toeseong slides down at the end; chuseong pushes up; jeonseong
    rolls round it at the start; in gyemyeonjo the third is broken down to the tone below (kkeongneunmok).
    """
    up, down = singer.shifted(note.pitch, 1), singer.shifted(note.pitch, -1)
    if singer.key[1] == "gyemyeonjo" and (note.pitch - singer.key[0]) % 12 == 3:
        return _strung(note, ((0.16, note.pitch + 1), (0.0, note.pitch), (0.22, note.pitch - 1)))
    kind = rng.choice(("yoseong", "toeseong", "chuseong", "jeonseong") if note.length >= 1.4 else
                      ("chuseong", "jeonseong"))
    if kind == "yoseong":
        return _strung(note, ((0.0, note.pitch), (0.12, down), (0.24, note.pitch), (0.12, down), (0.3, note.pitch)))
    if kind == "toeseong":
        return _strung(note, ((0.0, note.pitch), (0.3, down)))
    if kind == "chuseong":
        return _strung(note, ((0.14, down), (0.0, note.pitch)))
    return _strung(note, ((0.1, up), (0.1, note.pitch), (0.1, down), (0.0, note.pitch)))


def _strung(note: Note, parts: Sequence[tuple[float, int]]) -> list[Note]:
    """Return short notes in a row over a note's time; the one of length 0 takes what is left."""
    left = note.length - sum(length for length, _ in parts)
    found, at = [], note.start
    for length, pitch in parts:
        held = length or left
        found.append(Note(at, held, pitch, note.velocity if not length else round(note.velocity * 0.86)))
        at += held
    return found
