"""Second lines: guide tones that answer the melody's phrase ends, a sparkle above, and heterophony for Korean modes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from music.melody import Singer
from music.score import Chord, Meter, Note
from music.theory import ladder, nearest, pitch_classes


def guide(chords: Sequence[Chord], meter: Meter, bars: int, singer: Singer, rng: np.random.Generator) -> list[Note]:
    """Return a slow line of thirds, sevenths and ninths, with a run of steps where phrases end."""
    found: list[Note] = []
    line = singer.manner.centre
    for chord in chords:
        pitch = _guide_tone(chord, singer, line)
        line = pitch
        if found and found[-1].pitch == pitch and rng.random() < 0.5:
            last = found.pop()
            found.append(Note(last.start, chord.start + chord.length - last.start, pitch, 100))
            continue
        found.append(Note(chord.start, chord.length, pitch, 100))
    return _answers([_breathing(note, meter) for note in found], meter, bars, singer, rng)


def _breathing(note: Note, meter: Meter) -> Note:
    return Note(note.start, max(note.length - 0.25 * meter.beat, 0.5), note.pitch, note.velocity)


def _guide_tone(chord: Chord, singer: Singer, line: float) -> int:
    guides = (3, 4, 0) if chord.root == singer.key[0] else (3, 4, 10, 11, 2)
    wanted = [step for step in chord.intervals if step % 12 in guides] or list(chord.intervals)
    classes = tuple(sorted({(chord.root + step) % 12 for step in wanted}))
    pool = ladder(classes, max(singer.manner.low, round(singer.manner.centre) - 8), round(singer.manner.centre) + 8)
    return nearest(pool or singer.tones(chord.start), line)


def _answers(notes: Sequence[Note], meter: Meter, bars: int, singer: Singer, rng: np.random.Generator) -> list[Note]:
    """Break the line into steps in the last bar of every four, where the melody holds its closing note."""
    found: list[Note] = []
    for note in notes:
        bar = int(note.start // meter.quarters + 1e-6)
        if bar % 4 != 3 or note.length < 2 * meter.beat - 0.5 or bar == bars - 1:
            found.append(note)
            continue
        way = 1 if rng.random() < 0.6 else -1
        pitch, at, end = note.pitch, note.start, note.start + note.length
        while at < end - 0.3:
            found.append(Note(at, min(meter.beat, end - at) * 0.95, pitch, 100))
            pitch, at = singer.sing(at, meter.beat, singer.shifted(pitch, way), False, rng), at + meter.beat
    return found


def sparkle(chords: Sequence[Chord], meter: Meter, bars: int, low: int, rng: np.random.Generator) -> list[Note]:
    """Return high chord tones, a few a bar, in a figure that comes back every two bars."""
    step = 0.5
    places = [index * step for index in range(round(meter.quarters / step))]
    figures = [sorted(rng.choice(len(places), size=min(3, len(places)), replace=False)) for _ in range(2)]
    order = rng.permutation(6)
    found: list[Note] = []
    for bar in range(bars):
        for number, place in enumerate(figures[bar % 2]):
            start = bar * meter.quarters + places[place]
            chord = next(one for one in reversed(chords) if one.start <= start + 1e-6)
            pool = ladder(tuple(sorted(pitch_classes(chord.root, chord.intervals[:4]))), low, low + 19)
            found.append(Note(start, 0.9, pool[int(order[(bar % 2) * 3 + number]) % len(pool)], 100))
    return found


def heterophony(notes: Sequence[Note], meter: Meter, shift: int, rng: np.random.Generator) -> list[Note]:
    """Return a melody as a second player has it: its main notes, some left out, some struck again, others early."""
    found: list[Note] = []
    for note in notes:
        if note.length < 0.45:
            continue
        draw = rng.random()
        if draw < 0.15 and found:
            last = found[-1]
            found[-1] = Note(last.start, note.start + note.length - last.start, last.pitch, last.velocity)
        elif draw < 0.45 and note.length >= meter.beat:
            half = note.length / 2
            found += [Note(note.start, half, note.pitch + shift, 100), Note(note.start + half, half,
                                                                           note.pitch + shift, 84)]
        else:
            found.append(Note(note.start, note.length, note.pitch + shift, 100))
    return found
