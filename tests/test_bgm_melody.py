"""Melodies: motifs, phrases, ends, range, and Korean ornaments."""

from __future__ import annotations

import numpy as np
import pytest

from music import counter, melody
from music.comping import weight
from music.melody import Manner, Motif, Singer
from music.score import METERS, Chord, Note
from music.theory import SCALES, chord_scale, pitch_classes, roman

PLAIN = Manner(0.5, 0.35, 0.3, 0.0, 0.3, 72, 55, 96)


def row(numerals: str, length: float, tonic: int = 0, mode: str = "major") -> list[Chord]:
    made = []
    for place, numeral in enumerate(numerals.split()):
        root, bass, intervals, name = roman(numeral, tonic, mode)
        made.append(Chord(place * length, length, root, bass, intervals, name))
    return made


def sung(seed: int = 1, meter: str = "4/4", bars: int = 8, manner: Manner = PLAIN, final: bool = True,
         mode: str = "major", numerals: str = "I vi IV V I IV V7 I") -> tuple[list[Note], Singer]:
    measure = METERS[meter]
    singer = Singer(row(numerals, measure.quarters, 0, mode), measure, (0, mode), manner)
    notes = melody.section(singer, bars, 2, np.random.default_rng(seed), np.random.default_rng(seed + 100), final)
    return notes, singer


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("seed", range(5))
def test_notes_stand_in_order_inside_their_section_and_range(meter, seed):
    notes, singer = sung(seed, meter)
    end = 8 * METERS[meter].quarters
    for one, other in zip(notes, notes[1:], strict=False):
        assert one.start + one.length <= other.start + 1e-6
    assert all(0 <= note.start < end and note.start + note.length <= end + 1e-6 for note in notes)
    assert all(singer.manner.centre - melody.REACH - 1 <= note.pitch <= singer.manner.centre + melody.REACH + 1
               for note in notes)


@pytest.mark.parametrize("seed", range(8))
def test_heavy_notes_are_chord_tones_and_all_fit_the_chord_scale(seed):
    notes, singer = sung(seed)
    heavy = [note for note in notes if weight(note.start, singer.meter) > 0.9]
    inside = [note.pitch % 12 in pitch_classes(singer.chord(note.start).root, singer.chord(note.start).intervals)
              for note in heavy]
    assert sum(inside) / len(inside) >= 0.9
    for note in notes:
        chord = singer.chord(note.start)
        assert note.pitch % 12 in chord_scale(0, "major", pitch_classes(chord.root, chord.intervals))


@pytest.mark.parametrize("seed", range(8))
def test_the_last_note_is_the_tonic_and_long(seed):
    notes, singer = sung(seed)
    assert notes[-1].pitch % 12 == 0 and notes[-1].length == singer.meter.quarters


@pytest.mark.parametrize("seed", range(8))
def test_a_phrase_ends_on_a_chord_tone_and_takes_a_breath(seed):
    notes, singer = sung(seed, bars=16, final=False, numerals="I vi IV V I IV V7 I I vi IV V I IV V7 I")
    closing = [note for note in notes if note.start < 32][-1]
    chord = singer.chord(closing.start)
    assert closing.pitch % 12 in pitch_classes(chord.root, chord.intervals)
    following = next(note for note in notes if note.start >= 32)
    assert following.start - (closing.start + closing.length) >= 0.5


def test_the_idea_comes_back():
    shares = []
    for seed in range(12):
        notes, _ = sung(seed, manner=Manner(0.5, 0.3, 0.0, 0.0, 0.3, 72, 55, 96), final=False)
        bars = [[round(note.start % 8, 3) for note in notes if 8 * unit <= note.start < 8 * unit + 4] for unit in range(4)]
        shares.append(max(bars.count(bar) for bar in bars if bar) >= 2)
    assert sum(shares) >= 11, "a rhythm is heard at least twice in a phrase"


def test_melodies_of_different_seeds_differ():
    tunes = {tuple((note.start, note.pitch) for note in sung(seed)[0]) for seed in range(10)}
    assert len(tunes) == 10


def test_leaps_are_followed_by_steps_back():
    for seed in range(50):
        steps = melody.contour(12, 0.8, np.random.default_rng(seed))
        moves = np.diff(steps)
        for move, then in zip(moves, moves[1:], strict=False):
            if abs(move) > 1:
                assert abs(then) == 1
        assert min(steps) >= -4 and max(steps) <= 5


def test_over_power_chords_the_melody_has_the_third():
    chords = row("i5 i5", 4.0, 0, "minor")
    singer = Singer(chords, METERS["4/4"], (0, "minor"), PLAIN)
    assert {pitch % 12 for pitch in singer.tones(0.0)} == {0, 3, 7}


def test_few_long_notes_move_in_thirds():
    for seed in range(20):
        assert all(step % 2 == 0 for step in melody.contour(3, 0.3, np.random.default_rng(seed)))
    pitches = [note.pitch for note in sung(5, manner=Manner(0.1, 0.3, 0.0, 0.0, 0.0, 72, 55, 96))[0]]
    assert len(set(pitches)) >= 4, "a slow melody moves"


def test_density_makes_more_notes():
    few = sum(len(sung(seed, manner=Manner(0.1, 0.3, 0.3, 0, 0.1, 72, 55, 96))[0]) for seed in range(10))
    many = sum(len(sung(seed, manner=Manner(0.9, 0.3, 0.3, 0, 0.1, 72, 55, 96))[0]) for seed in range(10))
    assert many > 1.5 * few


def test_an_answer_keeps_the_rhythm():
    first = Motif(((0, 1), (1, 0.5), (1.5, 0.5)), (0, 1, -1))
    for seed in range(6):
        other = melody.answered(first, np.random.default_rng(seed))
        assert other.notes == first.notes and other.steps != first.steps


@pytest.mark.parametrize("mode", ["pyeongjo", "gyemyeonjo"])
def test_korean_melodies_keep_to_five_notes(mode):
    numerals = "I5 I5 IV5 I5" if mode == "pyeongjo" else "i5 i5 iv5 i5"
    notes, _ = sung(3, "12/8", 4, Manner(0.5, 0.3, 0.2, 0.8, 0.2, 72, 55, 96, snap=0.5), True, mode, numerals)
    assert {note.pitch % 12 for note in notes} <= set(SCALES[mode])


@pytest.mark.parametrize("seed", range(12))
def test_korean_ornaments_keep_a_notes_time(seed):
    _, singer = sung(1, "12/8", 4, PLAIN, True, "gyemyeonjo", "i5 i5 iv5 i5")
    parts = melody.sigimsae(Note(3.0, 2.0, 72 if seed % 2 else 75, 90), singer, np.random.default_rng(seed))
    assert len(parts) >= 2
    assert parts[0].start == 3.0 and parts[-1].start + parts[-1].length == pytest.approx(5.0)
    assert all(one.start + one.length == pytest.approx(other.start) for one, other in zip(parts, parts[1:], strict=False))


def test_the_third_of_gyemyeonjo_is_broken_downwards():
    _, singer = sung(1, "12/8", 4, PLAIN, True, "gyemyeonjo", "i5 i5 iv5 i5")
    parts = melody.sigimsae(Note(0.0, 1.5, 75, 90), singer, np.random.default_rng(1))
    assert [part.pitch for part in parts] == [76, 75, 74]


def test_grace_notes_are_short_and_steps_away():
    notes, singer = sung(2)
    graced = melody.ornamented(notes, singer, 1.0, np.random.default_rng(2))
    assert len(graced) > len(notes)
    for one, other in zip(graced, graced[1:], strict=False):
        if one.length == 0.12:
            assert 0 < abs(one.pitch - other.pitch) <= 4


def test_a_counter_line_moves_in_guide_tones():
    chords = row("I vi IV V", 4.0)
    singer = Singer(chords, METERS["4/4"], (0, "major"), PLAIN)
    notes = counter.guide(chords, METERS["4/4"], 4, singer, np.random.default_rng(1))
    assert notes and all(note.pitch % 12 in (0, 2, 4, 5, 7, 9, 11) for note in notes)
    assert all(one.start + one.length <= other.start + 1e-6 for one, other in zip(notes, notes[1:], strict=False))


def test_a_sparkle_is_high_chord_tones():
    chords = row("I IV", 4.0)
    notes = counter.sparkle(chords, METERS["4/4"], 2, 77, np.random.default_rng(1))
    assert notes and all(note.pitch >= 77 for note in notes)
    assert {note.pitch % 12 for note in notes if note.start < 4} <= {0, 4, 7}
